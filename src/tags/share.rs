//! Names by photo hash and box, for another library that has some of the same photos: no pictures, no embeddings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, CatalogError, FaceRef, PersonId, State};
use crate::face::BoundingBox;

/// Changed only when a program that reads the old form would go wrong.
pub const VERSION: u32 = 1;

/// What `facetag share` writes. `docs/interchange.md` describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// What this file is: "names".
    pub facetag: String,
    pub version: u32,
    pub people: Vec<SharedPerson>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedPerson {
    pub name: String,
    pub faces: Vec<SharedFace>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedFace {
    /// BLAKE3 of the photo's file, in hexadecimal.
    pub photo: String,
    /// The same of contents that the file had before names were written into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// Left, top, width and height in fractions of the upright photo.
    #[serde(rename = "box")]
    pub bounds: [f32; 4],
    /// When it was decided whose it is: UTC, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Why a file of shared names cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    #[error("this is no file of `facetag share`: {0}")]
    Json(#[from] serde_json::Error),
    #[error("this is no file of `facetag share`, but of {0:?}")]
    Other(String),
    #[error("this file is of version {0}, and this facetag reads up to {VERSION}: install a newer facetag")]
    TooNew(u32),
}

/// The names of these people, or of all, for the faces of which the user has decided whose they are.
///
/// # Errors
/// Those of the catalog.
pub fn share(catalog: &Catalog, who: Option<&[PersonId]>) -> Result<Shared, CatalogError> {
    let mut people: std::collections::BTreeMap<PersonId, SharedPerson> = Default::default();
    for (photo, faces) in catalog.named_faces()? {
        let hash = catalog.photo(photo)?.hash;
        let hex = |hash: &crate::catalog::Hash| blake3::Hash::from(*hash).to_hex().to_string();
        let mut before: Option<Vec<String>> = None;
        for face in faces.into_iter().filter(|face| face.state != Some(State::Auto)) {
            if who.is_some_and(|who| !who.contains(&face.person)) {
                continue;
            }
            if before.is_none() {
                before = Some(catalog.hashes_before(&hash)?.iter().map(hex).collect());
            }
            let BoundingBox { x, y, width, height } = face.bounds;
            let shared = SharedFace {
                photo: hex(&hash),
                before: before.clone().unwrap_or_default(),
                bounds: [x, y, width, height],
                at: catalog.decided_at(&FaceRef::new(&hash, face.bounds))?,
            };
            let person = people.entry(face.person);
            person.or_insert_with(|| SharedPerson { name: face.name, faces: Vec::new() }).faces.push(shared);
        }
    }
    let mut people: Vec<SharedPerson> = people.into_values().collect();
    people.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Shared { facetag: "names".to_owned(), version: VERSION, people })
}

impl Shared {
    /// Reads a file of shared names.
    ///
    /// # Errors
    /// [`ShareError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ShareError> {
        #[derive(Deserialize)]
        struct Head {
            facetag: String,
            version: u32,
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.facetag != "names" {
            return Err(ShareError::Other(head.facetag));
        }
        if head.version > VERSION {
            return Err(ShareError::TooNew(head.version));
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}
