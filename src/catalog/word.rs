//! What decisions say of a face, and what a face is after them. The newest word wins.

use std::collections::BTreeSet;

use super::engine::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use super::{LineId, PersonId, State};

/// What a decision says of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It is this person's.
    Is(PersonId),
    /// It is not this person's.
    IsNot(PersonId),
    /// The user drew it: it is there, and this person's.
    Drawn(PersonId),
    /// It is no face.
    NoFace,
}

/// Two became one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merged {
    pub line: LineId,
    pub from: PersonId,
    pub into: PersonId,
}

/// Who saw a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Detected,
    /// The user drew it, and no detector sees it.
    Drawn,
    /// The user drew it, and a detector sees it too.
    Both,
}

/// What decisions, and the grouping, have made of a face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FaceState {
    pub person: Option<PersonId>,
    pub state: Option<State>,
    pub removed: bool,
    pub origin: Origin,
    /// Whom it is not, as the user said.
    pub rejected: BTreeSet<PersonId>,
}

impl FaceState {
    /// A face of which nothing is said.
    pub fn new(origin: Origin) -> Self {
        Self { person: None, state: None, removed: false, origin, rejected: BTreeSet::new() }
    }

    /// Whether the user said whose it is.
    pub fn is_decided(&self) -> bool {
        matches!(self.state, Some(State::Confirmed | State::Manual))
    }

    /// What it is after a word.
    pub fn hear(&mut self, word: Word) {
        match word {
            Word::Is(person) => {
                (self.person, self.removed) = (Some(person), false);
                self.state = Some(if self.origin == Origin::Detected { State::Confirmed } else { State::Manual });
                self.rejected.remove(&person);
            }
            Word::IsNot(person) => {
                self.rejected.insert(person);
                if self.person == Some(person) {
                    (self.person, self.state) = (None, None);
                }
            }
            Word::Drawn(person) => {
                if self.origin == Origin::Detected {
                    self.origin = Origin::Both;
                }
                self.hear(Word::Is(person));
            }
            Word::NoFace => (self.person, self.state, self.removed) = (None, None, true),
        }
    }

    /// What holds after two people were merged: every face of either belongs to the merged person, and rejections of either apply
    /// to it.
    pub fn merge(&mut self, Merged { from, into, .. }: Merged) {
        if self.person == Some(from) {
            self.person = Some(into);
        }
        if self.rejected.remove(&from) {
            self.rejected.insert(into);
        }
        if self.person == Some(into) {
            self.rejected.remove(&into);
        }
    }
}

impl Word {
    /// As the index has it: a word, and the person that it is about.
    pub fn columns(self) -> (&'static str, Option<PersonId>) {
        match self {
            Self::Is(person) => ("is", Some(person)),
            Self::IsNot(person) => ("is-not", Some(person)),
            Self::Drawn(person) => ("drawn", Some(person)),
            Self::NoFace => ("no-face", None),
        }
    }

    /// The other way round.
    pub fn of(word: &str, person: Option<PersonId>) -> Option<Self> {
        match (word, person) {
            ("is", Some(person)) => Some(Self::Is(person)),
            ("is-not", Some(person)) => Some(Self::IsNot(person)),
            ("drawn", Some(person)) => Some(Self::Drawn(person)),
            ("no-face", None) => Some(Self::NoFace),
            _ => None,
        }
    }
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Drawn => "drawn",
            Self::Both => "both",
        }
    }
}

impl ToSql for Origin {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Origin {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        [Self::Detected, Self::Drawn, Self::Both]
            .into_iter()
            .find(|origin| origin.name() == text)
            .ok_or(FromSqlError::InvalidType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: PersonId = PersonId(1);
    const BEN: PersonId = PersonId(2);

    fn after(origin: Origin, words: &[Word]) -> FaceState {
        let mut face = FaceState::new(origin);
        words.iter().for_each(|&word| face.hear(word));
        face
    }

    #[test]
    fn the_newest_word_wins() {
        let face = after(Origin::Detected, &[Word::Is(ANNA), Word::IsNot(ANNA), Word::Is(BEN)]);
        assert_eq!((face.person, face.state, &face.rejected), (Some(BEN), Some(State::Confirmed), &[ANNA].into()));
        let face = after(Origin::Detected, &[Word::IsNot(ANNA), Word::Is(ANNA)]);
        assert_eq!((face.person, face.rejected.is_empty()), (Some(ANNA), true));
        let face = after(Origin::Detected, &[Word::Is(ANNA), Word::NoFace]);
        assert_eq!((face.person, face.state, face.removed), (None, None, true));
    }

    #[test]
    fn a_drawn_face_stays_one_that_was_drawn() {
        let words = [Word::Drawn(ANNA), Word::IsNot(ANNA), Word::Is(BEN)];
        for (origin, then) in [(Origin::Drawn, Origin::Drawn), (Origin::Detected, Origin::Both)] {
            let face = after(origin, &words);
            assert_eq!((face.person, face.state, face.origin), (Some(BEN), Some(State::Manual), then));
        }
    }

    #[test]
    fn a_merge_moves_every_face_of_either_and_tells_others_apart_from_both() {
        let merged = Merged { line: LineId(9), from: BEN, into: ANNA };
        let mut split = after(Origin::Detected, &[Word::Is(ANNA), Word::IsNot(ANNA), Word::Is(BEN)]);
        split.merge(merged);
        assert_eq!((split.person, split.rejected.is_empty()), (Some(ANNA), true));
        let mut told_apart = after(Origin::Detected, &[Word::IsNot(BEN), Word::Is(ANNA)]);
        told_apart.merge(merged);
        assert_eq!((told_apart.person, told_apart.rejected.is_empty()), (Some(ANNA), true));
        let mut stranger = after(Origin::Detected, &[Word::IsNot(BEN)]);
        stranger.merge(merged);
        assert_eq!((stranger.person, stranger.rejected), (None, [ANNA].into()));
    }
}
