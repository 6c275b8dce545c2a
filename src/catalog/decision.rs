//! What the user can decide, in words that outlive the tables: people by number, faces by the hash of their photo and their box.
//!
//! # Adding a kind of decision
//!
//! 1. Add a variant to [`Decision`]. What is in the journal is never rewritten, so a field that is added later needs
//!    `#[serde(default)]`.
//! 2. The compiler asks for the rest: what it says of faces (`Decision::words`), the people that it is about
//!    (`Decision::people`), what it makes of them (`People::hear` in `person_state.rs`), and its description, in English
//!    (`describe.rs`) and Chinese (`web/text/decisions.rs`).
//!    Where it changes a table of its own, do that in `Writer::carry_out_elsewhere` (`carry_out.rs`), and list the table in
//!    `RECORDED` (`changes.rs`), with a table `before_...` of the same columns in a migration: then it is undone like the rest.
//! 3. Build it in a function of `Deciding` (`people/decide.rs` has what it offers), which checks what can be wrong, and calls
//!    `append`. The command line and the page call that function inside `people::decide`.
//! 4. Add it to the steps of `tests/decisions.rs`, with what must hold after it.
//!
//! Undo, redo, `scan --rebuild` and photos that come back need no more than that.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::imported::ImportedPerson;

use super::photos::{hash_of, hex};
use super::word::Word;
use super::{CircleId, Hash, LineId, PersonId};
use crate::face::{BoundingBox, Landmarks};
use crate::metadata::When;

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Decision {
    /// A group gets a name; the faces in it are confirmed.
    Name { person: PersonId, name: String, faces: Vec<FaceRef> },
    /// A person gets another name.
    Rename { person: PersonId, from: String, to: String },
    /// All of one group or person are of another; the faces moved are confirmed.
    /// `cover` is the face to show them by, where the chosen one of `into` shows neither of them any more.
    Merge {
        from: PersonId,
        from_name: Option<String>,
        into: PersonId,
        faces: Vec<FaceRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cover: Option<FaceRef>,
    },
    /// A group or person is no longer shown, or is again; the faces in it are confirmed.
    Hide { person: PersonId, hidden: bool, faces: Vec<FaceRef> },
    /// A group is of a stranger, whom nobody asks about, or is not; the faces in it are confirmed.
    Ignore { person: PersonId, ignored: bool, faces: Vec<FaceRef> },
    /// A person is listed before others, or no longer is.
    Favourite { person: PersonId, favourite: bool },
    /// A person was born on this day; `None` takes that back.
    Born { person: PersonId, date: Option<Date> },
    /// These faces are of this person, who has a name where they are new.
    Confirm {
        person: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        faces: Vec<FaceRef>,
    },
    /// These faces are not of this person or group. Of a group that the user had said nothing of, the faces in `group` are
    /// confirmed: it must keep the meaning it had when they decided.
    Reject {
        person: PersonId,
        faces: Vec<FaceRef>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        group: Vec<FaceRef>,
    },
    /// These faces are of one person, and not of the one that they were taken for. As with [`Decision::Reject`], `group` are
    /// the faces that stay in a group without a name.
    Split {
        from: PersonId,
        into: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        faces: Vec<FaceRef>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        group: Vec<FaceRef>,
    },
    /// There is a face that no detector saw.
    Draw {
        face: FaceRef,
        landmarks: Landmarks,
        quality: f32,
        person: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Names of other programs, or of another library: all of one import.
    Import { from: String, people: Vec<ImportedPerson> },
    /// This face is to show a person by.
    Cover { person: PersonId, face: FaceRef },
    /// These people under one name; without people there is no such circle any more.
    Circle { circle: CircleId, name: String, people: Vec<PersonId> },
    /// These photos, by BLAKE3 in hexadecimal, were taken then; `None` takes back what was decided of their date.
    Date { photos: Vec<String>, date: Option<When> },
    /// These are no faces.
    Remove { faces: Vec<FaceRef> },
    /// A photo was edited in place, as a scan saw: each first face is the second face now. Not said by the user; without it
    /// what they said before of the photo would be lost to the new one.
    /// `dated`: the second photo is the first one, edited, and was taken at the same time.
    Edited {
        faces: Vec<(FaceRef, FaceRef)>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dated: Option<(String, String)>,
    },
    /// A line is taken back: a decision, or a [`Decision::Redo`].
    Undo { line: LineId },
    /// A [`Decision::Undo`] is taken back.
    Redo { line: LineId },
}

/// A line of the journal with its number and time (UTC, RFC 3339).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub id: LineId,
    pub at: String,
    #[serde(flatten)]
    pub decision: Decision,
}

impl Line {
    /// When it was said, as the user's clock showed it.
    pub fn said_at(&self) -> Option<DateTime> {
        let at: Timestamp = self.at.parse().ok()?;
        Some(at.to_zoned_datetime(TimeZone::system()).datetime())
    }
}

/// A face in words that outlive the tables: the content of its photo, and where it is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceRef {
    /// BLAKE3, in hexadecimal.
    pub photo: String,
    #[serde(rename = "box")]
    pub bounds: BoundingBox,
}

/// Two boxes in one photo that overlap at least so much (intersection over union) are one face.
pub(super) const SAME_BOX: f32 = 0.5;

impl FaceRef {
    pub fn new(photo: &Hash, bounds: BoundingBox) -> Self {
        Self { photo: hex(photo), bounds }
    }

    pub(super) fn hash(&self) -> Option<Hash> {
        hash_of(&self.photo)
    }

    /// Whether the two are one face.
    pub fn is(&self, other: &Self) -> bool {
        self.photo == other.photo && is_same_box(&self.bounds, &other.bounds)
    }
}

/// Whether two boxes in one photo are of one face: they overlap by half of what they cover together.
pub fn is_same_box(one: &BoundingBox, other: &BoundingBox) -> bool {
    one.iou(other) >= SAME_BOX
}

impl Decision {
    /// What it says of faces. Where it says two things of one face, the later one is the newer.
    pub(super) fn words(&self) -> Vec<(Word, &[FaceRef])> {
        match self {
            Self::Name { person, faces, .. }
            | Self::Merge { into: person, faces, .. }
            | Self::Hide { person, faces, .. }
            | Self::Ignore { person, faces, .. }
            | Self::Confirm { person, faces, .. } => vec![(Word::Is(*person), faces)],
            Self::Reject { person, faces, group } => vec![(Word::Is(*person), group), (Word::IsNot(*person), faces)],
            Self::Split { from, into, faces, group, .. } => {
                vec![(Word::Is(*from), group), (Word::IsNot(*from), faces), (Word::Is(*into), faces)]
            }
            Self::Draw { person, face, .. } => vec![(Word::Drawn(*person), std::slice::from_ref(face))],
            Self::Import { people, .. } => people.iter().flat_map(ImportedPerson::words).collect(),
            Self::Remove { faces } => vec![(Word::NoFace, faces)],
            Self::Rename { .. }
            | Self::Favourite { .. }
            | Self::Born { .. }
            | Self::Cover { .. }
            | Self::Circle { .. }
            | Self::Date { .. }
            | Self::Edited { .. }
            | Self::Undo { .. }
            | Self::Redo { .. } => Vec::new(),
        }
    }

    /// The people that it is about.
    pub fn people(&self) -> Vec<PersonId> {
        match self {
            Self::Name { person, .. }
            | Self::Rename { person, .. }
            | Self::Hide { person, .. }
            | Self::Ignore { person, .. }
            | Self::Favourite { person, .. }
            | Self::Born { person, .. }
            | Self::Confirm { person, .. }
            | Self::Reject { person, .. }
            | Self::Draw { person, .. }
            | Self::Cover { person, .. } => vec![*person],
            Self::Merge { from, into, .. } | Self::Split { from, into, .. } => vec![*from, *into],
            Self::Import { people, .. } => people.iter().map(|person| person.person).collect(),
            Self::Circle { people, .. } => people.clone(),
            Self::Date { .. } | Self::Remove { .. } | Self::Edited { .. } | Self::Undo { .. } | Self::Redo { .. } => {
                Vec::new()
            }
        }
    }

    /// Who is merged into whom.
    pub(super) fn merge(&self) -> Option<(PersonId, PersonId)> {
        if let Self::Merge { from, into, .. } = self { Some((*from, *into)) } else { None }
    }

    /// The faces that it names one by one; not those of a group that it names as a whole.
    pub fn faces(&self) -> Vec<&FaceRef> {
        match self {
            Self::Cover { face, .. } => vec![face],
            Self::Import { .. } => self.words().into_iter().flat_map(|(_, faces)| faces).collect(),
            _ => self.words().last().map_or_else(Vec::new, |(_, faces)| faces.iter().collect()),
        }
    }

    /// Whether it may change with whom scans put a face.
    pub(super) fn bears_on_grouping(&self) -> bool {
        !matches!(
            self,
            Self::Rename { .. } | Self::Favourite { .. } | Self::Cover { .. } | Self::Circle { .. } | Self::Date { .. }
        )
    }

    /// The people whose faces it made more, or other ones: those who may have more faces in the library now.
    pub fn reaches(&self) -> Vec<PersonId> {
        match self {
            Self::Name { person, .. } | Self::Confirm { person, .. } | Self::Draw { person, .. } => vec![*person],
            Self::Merge { into, .. } => vec![*into],
            Self::Import { people, .. } => people.iter().map(|person| person.person).collect(),
            Self::Split { from, into, .. } => vec![*from, *into],
            _ => Vec::new(),
        }
    }
}
