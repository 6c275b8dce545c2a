//! Photos of strangers on which all faces have labelled boxes, as in WIDER FACE: which faces are found, what else is, and who shares
//! a group. The photos may be turned, or be put together to large ones by `tools/mosaic.py`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use facetag::face::BoundingBox;
use serde::Deserialize;

use crate::album::Album;

/// The overlap (intersection over union) from which on a face found is the face labelled.
const SAME: f32 = 0.4;

/// Heights of faces in pixels from which on the classes begin.
pub const CLASSES: [f32; 5] = [0.0, 16.0, 32.0, 64.0, 128.0];

/// By how much photos are turned, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Turn {
    #[value(name = "90")]
    Right,
    #[value(name = "180")]
    Half,
    #[value(name = "270")]
    Left,
}

/// The labelled boxes of a photo, in its pixels.
pub type Truth = HashMap<String, Vec<Label>>;

#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// x, y, width, height
    bounds: [f32; 4],
    /// Whether it is to be found, which needs not be so of the tiniest.
    counts: bool,
    /// Neither heavily blurred nor heavily occluded, as far as the labels say.
    clear: bool,
}

/// Labelled faces, and those of them that were found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recall {
    pub labelled: usize,
    pub found: usize,
}

#[derive(Debug, Default)]
pub struct Found {
    pub photos: usize,
    pub faces: usize,
    pub recognisable: usize,
    /// By [`CLASSES`]: all faces that count, and those of them that are clear.
    pub all: [Recall; CLASSES.len()],
    pub clear: [Recall; CLASSES.len()],
    /// Faces that touch no labelled one.
    pub away: usize,
    /// Faces that are in a group with another one.
    pub together: usize,
    pub largest_group: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Labelled {
    Faces(Vec<LabelledFace>),
    Columns { boxes_xywh_px: Vec<[f32; 4]>, invalid: Vec<u8> },
}

#[derive(Deserialize)]
struct LabelledFace {
    #[serde(rename = "box")]
    bounds: [f32; 4],
    invalid: u8,
    blur: u8,
    occlusion: u8,
}

/// A photo in a mosaic: its name, where its upper left corner is, its scale, its width and height.
#[derive(Deserialize)]
#[expect(dead_code, reason = "its width and height are in the file and not needed")]
struct Part(String, f32, f32, f32, f32, f32);

/// The labels in a `ground_truth.json`, by the photo's file name.
///
/// # Errors
/// It cannot be read, or is not like that.
pub fn truth(file: &Path) -> Result<Truth> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    let photos: HashMap<String, Labelled> =
        serde_json::from_slice(&bytes).with_context(|| file.display().to_string())?;
    let labels = |labelled| match labelled {
        Labelled::Faces(faces) => faces
            .into_iter()
            .map(|LabelledFace { bounds, invalid, blur, occlusion }| Label {
                bounds,
                counts: invalid == 0,
                clear: invalid == 0 && blur < 2 && occlusion < 2,
            })
            .collect(),
        Labelled::Columns { boxes_xywh_px, invalid } => boxes_xywh_px
            .into_iter()
            .zip(invalid)
            .map(|(bounds, invalid)| Label { bounds, counts: invalid == 0, clear: invalid == 0 })
            .collect(),
    };
    Ok(photos.into_iter().map(|(photo, labelled)| (photo, labels(labelled))).collect())
}

/// The labels of the large photos that `mosaic.py` made, where `file` says what lies where.
///
/// # Errors
/// It cannot be read, or is not like that.
pub fn of_mosaics(truth: &Truth, file: &Path) -> Result<Truth> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    let mosaics: HashMap<String, Vec<Part>> =
        serde_json::from_slice(&bytes).with_context(|| file.display().to_string())?;
    let mut moved = Truth::new();
    for (mosaic, parts) in mosaics {
        let labels = moved.entry(mosaic).or_default();
        for Part(photo, left, top, scale, ..) in parts {
            let part = truth.get(&photo).with_context(|| format!("{photo} has no labels"))?;
            labels.extend(part.iter().map(|label| {
                let [x, y, width, height] = label.bounds.map(|length| length * scale);
                Label { bounds: [left + x, top + y, width, height], ..*label }
            }));
        }
    }
    Ok(moved)
}

/// Copies of the photos in `folder`, turned, in a folder that is kept, and their labels.
///
/// # Errors
/// A photo cannot be read, or a copy not be written.
pub fn turned(folder: &Path, truth: &Truth, turn: Turn) -> Result<(PathBuf, Truth)> {
    let name = folder.canonicalize()?.display().to_string().replace(['/', '\\', ':'], "-");
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("turned{name}.{turn:?}"));
    fs::create_dir_all(&copies)?;
    let mut labels = Truth::new();
    for path in photos_in(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(of_photo) = truth.get(&name) else { continue };
        let photo = image::open(&path).with_context(|| path.display().to_string())?;
        let (across, down) = (photo.width() as f32, photo.height() as f32);
        let copy = copies.join(&name);
        if !copy.is_file() {
            let turned = match turn {
                Turn::Right => photo.rotate90(),
                Turn::Half => photo.rotate180(),
                Turn::Left => photo.rotate270(),
            };
            let mut bytes = Vec::new();
            turned.to_rgb8().write_with_encoder(image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95))?;
            fs::write(&copy, bytes)?;
        }
        let turned = of_photo.iter().map(|label| {
            let [x, y, width, height] = label.bounds;
            let bounds = match turn {
                Turn::Right => [down - y - height, x, height, width],
                Turn::Half => [across - x - width, down - y - height, width, height],
                Turn::Left => [y, across - x - width, height, width],
            };
            Label { bounds, ..*label }
        });
        labels.insert(name, turned.collect());
    }
    Ok((copies, labels))
}

fn photos_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut photos = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jpg") {
                photos.push(path);
            }
        }
    }
    photos.sort();
    Ok(photos)
}

/// What facetag found in a scanned folder. The height of a face is that of its label, along the face where the photo is `turned`.
///
/// # Errors
/// Those of the catalog.
pub fn found(album: &Album, truth: &Truth, turn: Option<Turn>) -> Result<Found> {
    let mut found = Found::default();
    let mut groups: HashMap<_, usize> = HashMap::new();
    for (path, id) in album.catalog.files_with_photos()? {
        let Some(labels) = path.file_name().and_then(|name| truth.get(&*name.to_string_lossy())) else { continue };
        let (row, faces) = (album.catalog.photo(id)?, album.catalog.faces_in(id)?);
        let (across, down) = (row.width as f32, row.height as f32);
        found.photos += 1;
        found.faces += faces.len();
        found.recognisable += faces.iter().filter(|face| face.is_recognisable()).count();
        for person in faces.iter().filter_map(|face| face.person) {
            *groups.entry(person).or_default() += 1;
        }
        let labels: Vec<(BoundingBox, Label)> = labels
            .iter()
            .map(|label| {
                let [x, y, width, height] = label.bounds;
                let bounds = BoundingBox { x: x / across, y: y / down, width: width / across, height: height / down };
                (bounds, *label)
            })
            .collect();
        let is_away = |bounds: &BoundingBox| labels.iter().all(|(label, _)| label.iou(bounds) == 0.0);
        found.away += faces.iter().filter(|face| is_away(&face.bounds)).count();
        for (bounds, label) in labels.iter().filter(|(_, label)| label.counts) {
            let sideways = matches!(turn, Some(Turn::Right | Turn::Left));
            let height = label.bounds[if sideways { 2 } else { 3 }];
            let class = CLASSES.iter().rposition(|&from| height >= from).unwrap_or(0);
            let is_found = faces.iter().any(|face| face.bounds.iou(bounds) >= SAME);
            for (recall, counts) in [(&mut found.all[class], true), (&mut found.clear[class], label.clear)] {
                recall.labelled += usize::from(counts);
                recall.found += usize::from(counts && is_found);
            }
        }
    }
    found.together = groups.values().filter(|&&count| count > 1).sum();
    found.largest_group = groups.values().copied().max().unwrap_or(0);
    Ok(found)
}
