//! What the user can say, in words that outlive the tables.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Hash, PersonId};
use crate::face::{BoundingBox, Landmarks};

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Decision {
    /// A group gets a name; the faces in it are confirmed.
    Name { person: PersonId, name: String, faces: Vec<FaceRef> },
    /// A person gets another name.
    Rename { person: PersonId, from: String, to: String },
    /// All of one group or person are of another; the faces moved are confirmed.
    Merge { from: PersonId, from_name: Option<String>, into: PersonId, faces: Vec<FaceRef> },
    /// A group or person is no longer shown, or is again; the faces in it are confirmed.
    Hide { person: PersonId, hidden: bool, faces: Vec<FaceRef> },
    /// A group is of a stranger, whom nobody asks about, or is not; the faces in it are confirmed.
    Ignore { person: PersonId, ignored: bool, faces: Vec<FaceRef> },
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
    /// confirmed: it must stay what they spoke of.
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
    /// This face is to show a person by.
    Cover { person: PersonId, face: FaceRef },
    /// These are no faces.
    Remove { faces: Vec<FaceRef> },
    /// A photo was edited in place, as a scan saw: each first face is the second face now. Not said by the user; without it
    /// what they said before of the photo would be lost to the new one.
    Edited { faces: Vec<(FaceRef, FaceRef)> },
    /// A line is taken back: a decision, or a [`Decision::Redo`].
    Undo { line: LineId },
    /// A [`Decision::Undo`] is taken back.
    Redo { line: LineId },
}

/// The number of a line of the journal, ascending.
pub type LineId = i64;

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
pub(super) const SAME_FACE: f32 = 0.5;

impl FaceRef {
    pub fn new(photo: &Hash, bounds: BoundingBox) -> Self {
        Self { photo: blake3::Hash::from(*photo).to_hex().to_string(), bounds }
    }

    pub(super) fn hash(&self) -> Option<Hash> {
        blake3::Hash::from_hex(&self.photo).ok().map(Into::into)
    }

    /// Whether the two are one face.
    pub fn is(&self, other: &Self) -> bool {
        self.photo == other.photo && self.bounds.iou(&other.bounds) >= SAME_FACE
    }
}

impl Decision {
    /// The faces of which it says whose they are, or are not.
    pub fn faces(&self) -> &[FaceRef] {
        match self {
            Self::Name { faces, .. }
            | Self::Merge { faces, .. }
            | Self::Hide { faces, .. }
            | Self::Ignore { faces, .. }
            | Self::Confirm { faces, .. }
            | Self::Reject { faces, .. }
            | Self::Split { faces, .. }
            | Self::Remove { faces } => faces,
            Self::Draw { face, .. } => std::slice::from_ref(face),
            Self::Rename { .. }
            | Self::Born { .. }
            | Self::Cover { .. }
            | Self::Edited { .. }
            | Self::Undo { .. }
            | Self::Redo { .. } => &[],
        }
    }

    /// The face that it drew.
    pub(super) fn drawn(&self) -> &[FaceRef] {
        if let Self::Draw { face, .. } = self { std::slice::from_ref(face) } else { &[] }
    }

    /// The faces of a group that is spoken of as a whole, beside those of [`Decision::faces`].
    pub(super) fn group(&self) -> &[FaceRef] {
        match self {
            Self::Reject { group, .. } | Self::Split { group, .. } => group,
            _ => &[],
        }
    }

    /// The same, said of the faces that `stands_for` gives for each it speaks of.
    pub(super) fn said_of(&self, stands_for: impl Fn(&FaceRef) -> Vec<FaceRef>) -> Vec<Self> {
        let all = |faces: &[FaceRef]| faces.iter().flat_map(&stands_for).collect();
        let mut said = self.clone();
        match &mut said {
            Self::Name { faces, .. }
            | Self::Merge { faces, .. }
            | Self::Hide { faces, .. }
            | Self::Ignore { faces, .. }
            | Self::Confirm { faces, .. }
            | Self::Remove { faces } => *faces = all(faces),
            Self::Reject { faces, group, .. } | Self::Split { faces, group, .. } => {
                (*faces, *group) = (all(faces), all(group));
            }
            Self::Draw { face, .. } | Self::Cover { face, .. } => {
                let said_of_one = |stands: FaceRef| {
                    let mut said = self.clone();
                    if let Self::Draw { face, .. } | Self::Cover { face, .. } = &mut said {
                        *face = stands;
                    }
                    said
                };
                return stands_for(face).into_iter().map(said_of_one).collect();
            }
            Self::Rename { .. } | Self::Born { .. } | Self::Edited { .. } | Self::Undo { .. } | Self::Redo { .. } => {}
        }
        vec![said]
    }

    /// The people whose faces it made more, or other ones: those who may have more faces in the library now.
    pub fn reaches(&self) -> Vec<PersonId> {
        match self {
            Self::Name { person, .. } | Self::Confirm { person, .. } | Self::Draw { person, .. } => vec![*person],
            Self::Merge { into, .. } => vec![*into],
            Self::Split { from, into, .. } => vec![*from, *into],
            _ => Vec::new(),
        }
    }
}
