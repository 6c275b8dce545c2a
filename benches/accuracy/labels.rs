//! Who is on the photos: the truth that groups are judged by.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use facetag::catalog::FaceRow;
use facetag::face::BoundingBox;
use serde::Deserialize;

/// The overlap (intersection over union) from which on a face found is the face labelled.
const SAME: f32 = 0.5;

/// The persons on each photo.
pub enum Labels {
    /// A folder a person: the face nearest the photo's centre is theirs.
    Folders,
    /// Boxes with names, by path relative to the folder.
    Boxes(HashMap<PathBuf, Vec<(BoundingBox, String)>>),
}

impl Labels {
    /// From a file like `{"photos": [{"path": "a.jpg", "faces": [{"box": [x, y, w, h], "person": "Ann"}]}]}`.
    ///
    /// # Errors
    /// It cannot be read, or is not like that.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let file: LabelFile = serde_json::from_slice(&bytes).with_context(|| file.display().to_string())?;
        let boxes = |faces: Vec<LabelledFace>| {
            let face = |face: LabelledFace| {
                let [x, y, width, height] = face.bounds;
                (BoundingBox { x, y, width, height }, face.person)
            };
            faces.into_iter().map(face).collect()
        };
        Ok(Self::Boxes(file.photos.into_iter().map(|photo| (photo.path, boxes(photo.faces))).collect()))
    }

    /// How many labels a photo has.
    pub fn count(&self, path: &Path) -> usize {
        match self {
            Self::Folders => 1,
            Self::Boxes(photos) => photos.get(path).map_or(0, Vec::len),
        }
    }

    /// The person of each of `faces`, all of one photo of `size` pixels at `path`, as far as there is a label.
    pub fn of(&self, path: &Path, (width, height): (u32, u32), faces: &[FaceRow]) -> Vec<Option<String>> {
        let mut persons = vec![None; faces.len()];
        match self {
            Self::Folders => {
                let from_centre = |face: &FaceRow| {
                    let x = (face.bounds.x + face.bounds.width / 2.0 - 0.5) * width as f32;
                    let y = (face.bounds.y + face.bounds.height / 2.0 - 0.5) * height as f32;
                    x.hypot(y)
                };
                let nearest =
                    (0..faces.len()).min_by(|&a, &b| from_centre(&faces[a]).total_cmp(&from_centre(&faces[b])));
                let folder = path.components().next().filter(|_| path.components().count() > 1);
                if let (Some(nearest), Some(folder)) = (nearest, folder) {
                    persons[nearest] = Some(folder.as_os_str().to_string_lossy().into_owned());
                }
            }
            Self::Boxes(photos) => {
                for (bounds, person) in photos.get(path).into_iter().flatten() {
                    let free = (0..faces.len()).filter(|&face| persons[face].is_none());
                    let overlap = |face: usize| faces[face].bounds.iou(bounds);
                    let best = free.max_by(|&a, &b| overlap(a).total_cmp(&overlap(b)));
                    if let Some(face) = best.filter(|&face| overlap(face) >= SAME) {
                        persons[face] = Some(person.clone());
                    }
                }
            }
        }
        persons
    }
}

#[derive(Deserialize)]
struct LabelFile {
    photos: Vec<LabelledPhoto>,
}

#[derive(Deserialize)]
struct LabelledPhoto {
    path: PathBuf,
    faces: Vec<LabelledFace>,
}

#[derive(Deserialize)]
struct LabelledFace {
    #[serde(rename = "box")]
    bounds: [f32; 4],
    person: String,
}
