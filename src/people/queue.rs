//! Questions in the order in which they are asked, while answers come in.

use std::collections::VecDeque;

use super::decide::{DecideError, Deciding};
use super::questions::{Question, questions};
use crate::catalog::{Catalog, CatalogError, FaceId, LineId, PersonId, Who};
use crate::face::PackInfo;

/// So many answers are given before it is looked again what is worth asking: in a large library that takes seconds.
const AT_ONCE: usize = 10;

/// What is asked about some people, or about everybody.
#[derive(Debug, Default)]
pub struct Queue {
    who: Vec<PersonId>,
    open: VecDeque<Question>,
    skipped: Vec<Question>,
    /// With the line of the journal that each answer is.
    answered: Vec<(Question, LineId)>,
    /// The library when it was looked for questions, or as the answers since then have left it.
    known: Option<Known>,
    /// Answers since then.
    since: usize,
}

/// What a library knew: the last line of its journal, the newest face, the pack in use.
type Known = (LineId, Option<FaceId>, String);

/// What the next answers settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    pub answers: usize,
    /// Photos that they settle.
    pub photos: u64,
    /// Questions after them.
    pub more: usize,
}

impl Queue {
    /// Questions about these people; about everybody, where there are none.
    pub fn about(who: Vec<PersonId>) -> Self {
        Self { who, ..Self::default() }
    }

    /// The question to ask now: the last one again, if its answer was taken back, or the one that settles most photos.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn next(&mut self, catalog: &Catalog, pack: &PackInfo) -> Result<Option<&Question>, CatalogError> {
        let now = known(catalog, pack)?;
        let has_changed = self.known.as_ref() != Some(&now);
        if has_changed || self.since >= AT_ONCE || (self.since > 0 && self.open.is_empty()) {
            self.open = questions(catalog, pack, &self.who)?.into();
            self.open.retain(|question| !self.skipped.iter().any(|skipped| skipped.is_about_the_same(question)));
            (self.known, self.since) = (Some(now), 0);
        }
        if let Some((last, line)) = self.answered.pop() {
            if last.is_open(catalog)? {
                self.open.retain(|question| !question.is_about_the_same(&last));
                self.open.push_front(last);
            } else {
                self.answered.push((last, line));
            }
        }
        while let Some(question) = self.open.front()
            && !question.is_open(catalog)?
        {
            self.open.pop_front();
        }
        Ok(self.open.front())
    }

    /// The question that is likely to come after the one of now.
    pub fn following(&self) -> Option<&Question> {
        self.open.get(1)
    }

    /// The open question that asks this of this face.
    pub fn find(&self, of: PersonId, face: FaceId) -> Option<&Question> {
        self.open.iter().find(|question| question.of == of && question.faces.first() == Some(&face))
    }

    /// Answers a question. Returns what was tagged because of it, or `None` where the question is no longer what it was, and
    /// nothing is decided.
    ///
    /// # Errors
    /// [`DecideError::BirthsDiffer`]; those of the catalog.
    pub fn answer(
        &mut self,
        deciding: &mut Deciding,
        question: &Question,
        yes: bool,
    ) -> Result<Option<usize>, DecideError> {
        self.open.retain(|other| other != question);
        // The user may have thought for long, while others named and scanned.
        if !question.is_open(deciding)? {
            return Ok(None);
        }
        let before = deciding.tagged();
        match question.group.filter(|_| yes) {
            Some(group) => {
                let who = |id| Ok::<_, CatalogError>(deciding.person(id)?.unwrap_or(Who { id, name: None }));
                let (of, group) = (who(question.of)?, who(group)?);
                deciding.merge(&of, &[group])?;
            }
            None => {
                let decision = if yes { question.yes(deciding)? } else { question.no(deciding)? };
                deciding.append(&decision)?;
            }
        }
        let now = known(deciding, deciding.pack())?;
        self.answered.push((question.clone(), now.0));
        self.since += 1;
        self.known = Some(now);
        Ok(Some(deciding.tagged() - before))
    }

    /// Asks a question no more, until [`Queue::ask_skipped`].
    pub fn skip(&mut self, question: &Question) {
        self.open.retain(|other| other != question);
        self.skipped.push(question.clone());
    }

    /// How many questions were skipped.
    pub fn skipped(&self) -> usize {
        self.skipped.len()
    }

    /// Asks those again that were skipped.
    pub fn ask_skipped(&mut self) {
        self.skipped.clear();
        self.known = None;
    }

    /// What was answered, and not taken back.
    pub fn answered(&self) -> impl ExactSizeIterator<Item = &Question> {
        self.answered.iter().map(|(question, _)| question)
    }

    /// The line of the journal that the last answer is.
    pub fn last_answer(&self) -> Option<LineId> {
        self.answered.last().map(|(_, line)| *line)
    }

    /// What the next answers settle, of which there will be at most so many.
    pub fn estimate(&self, limit: usize) -> Estimate {
        let answers = self.open.len().min(limit).min(AT_ONCE);
        let photos = self.open.iter().take(answers).map(|question| question.photos).sum();
        Estimate { answers, photos, more: self.open.len() - answers }
    }
}

fn known(catalog: &Catalog, pack: &PackInfo) -> Result<Known, CatalogError> {
    Ok((catalog.last_line()?, catalog.newest_face()?, pack.name.clone()))
}
