//! An upright photo -> the faces in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;

use super::embed::numbers;
use super::{BoundingBox, Landmarks, ModelError, anchors, centerface, retinaface, scrfd};
use crate::network::{Graph, Network, Output};
use crate::photo::resized;

/// A face in a photo, before it is embedded.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectedFace {
    pub bounds: BoundingBox,
    pub landmarks: Landmarks,
    /// 0 to 1.
    pub score: f32,
}

/// The detectors whose outputs facetag can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    CenterFace,
    RetinaFace,
    Scrfd,
}

/// Finds faces. Threads share one.
pub struct Detector {
    graph: Graph,
    architecture: Architecture,
    /// The longer side of what the network sees, in pixels.
    side: usize,
    threshold: f32,
    /// Networks by width and height, made when first needed.
    networks: Mutex<HashMap<(usize, usize), Slot>>,
}

/// A network, made by the first thread that needs it while the others wait.
type Slot = Arc<Mutex<Option<Network>>>;

/// A face in pixels of the network's input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Detection {
    pub score: f32,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub landmarks: Landmarks,
}

/// How pixels go in: channels in `order` (0 is red), each as `(value - mean[channel]) / scale`.
pub(super) struct Normalise {
    pub mean: [f32; 3],
    pub scale: f32,
    pub order: [usize; 3],
}

/// Two boxes that overlap more than this are one face.
const SAME_FACE: f32 = 0.35;

/// Shorter sides of the networks' inputs, in parts of the longer: 16:9, 3:2, 4:3, square. A photo between them gets a
/// black margin, so that a few networks serve all.
const SHAPES: [f32; 4] = [9.0 / 16.0, 2.0 / 3.0, 3.0 / 4.0, 1.0];

/// Longer sides of the networks' inputs for photos smaller than the detector could see.
const SIDES: [usize; 3] = [256, 512, 768];

/// The longer side in pixels at which a photo is seen first.
const GLANCE: usize = 384;

/// From which part of the detector's threshold on a glance's candidates are hints.
const HINT: f32 = 0.25;

/// Faces less high than this part of the photo's longer side are not seen well at a glance.
const SMALL: f32 = 0.125;

/// The sizes that the networks take are multiples of this.
const MULTIPLE: usize = 32;

impl Detector {
    /// Makes a detector ready that sees photos with `side` pixels along the longer side, and finds what scores at least `threshold`,
    /// 0 to 1.
    ///
    /// # Errors
    /// The bytes are not a graph with the outputs of `architecture`.
    pub fn new(onnx: &[u8], architecture: Architecture, side: usize, threshold: f32) -> Result<Self, ModelError> {
        let graph = Graph::parse(onnx)?;
        let (wanted, found) = (architecture.outputs(), graph.outputs());
        if wanted != found {
            return Err(ModelError::Outputs { wanted, found });
        }
        Ok(Self { graph, architecture, side, threshold, networks: Mutex::default() })
    }

    /// The faces in an upright photo, the surest first.
    ///
    /// A glance at a reduced photo finds the large ones. Only where it hints at a small face too is the photo looked at again
    /// in full size: one in five holiday photos, at the same recall as when all are (`models/README.md`).
    ///
    /// # Errors
    /// Those of the network.
    pub fn detect(&self, photo: &RgbImage) -> Result<Vec<DetectedFace>, ModelError> {
        let [glance, full] = [GLANCE, self.side].map(|side| input_size(photo.width(), photo.height(), side));
        if glance == full {
            return self.detect_at(photo, full, self.threshold);
        }
        let mut seen = self.detect_at(photo, glance, self.threshold * HINT)?;
        let small = SMALL * photo.width().max(photo.height()) as f32;
        if seen.iter().any(|face| face.bounds.height * (photo.height() as f32) < small) {
            return self.detect_at(photo, full, self.threshold);
        }
        seen.retain(|face| face.score >= self.threshold);
        Ok(seen)
    }

    /// The faces that score at least `threshold` in a photo fitted into a network's input of so many pixels across and down,
    /// multiples of 32.
    pub(super) fn detect_at(
        &self,
        photo: &RgbImage,
        (width, height): (usize, usize),
        threshold: f32,
    ) -> Result<Vec<DetectedFace>, ModelError> {
        let scale = (width as f32 / photo.width() as f32).min(height as f32 / photo.height() as f32);
        let fitted = |length: u32| ((length as f32 * scale).round() as u32).max(1);
        let picture =
            resized(photo, fitted(photo.width()).min(width as u32), fitted(photo.height()).min(height as u32));

        let Normalise { mean, scale, order } = self.architecture.input();
        let normalise = |channel: usize, value: u8| (f32::from(value) - mean[channel]) / scale;
        let input = numbers(&picture, width, height, normalise, order);
        let outputs = self.network(width, height)?.run(&input)?;
        let found = self.architecture.decode(&outputs, width, threshold);

        let (width, height) = (picture.width() as f32, picture.height() as f32);
        Ok(without_doubles(found).iter().filter_map(|face| face.in_fractions(width, height)).collect())
    }

    /// Tries a detector with anchors on a black picture and looks whether its outputs have the lengths that they should.
    ///
    /// # Errors
    /// They have not, or it does not run.
    pub(super) fn try_out(&self) -> Result<(), ModelError> {
        let side = 2 * MULTIPLE;
        let outputs = self.network(side, side)?.run(&vec![0.0; 3 * side * side])?;
        let lengths: Vec<usize> = outputs.iter().map(|output| output.values.len()).collect();
        if lengths == anchors::lengths(side) {
            return Ok(());
        }
        Err(ModelError::NoDetector(format!(
            "its outputs have the lengths {lengths:?}, not {:?}",
            anchors::lengths(side)
        )))
    }

    fn network(&self, width: usize, height: usize) -> Result<Network, ModelError> {
        let slot = {
            let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(networks.entry((width, height)).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(network) => Ok(network.clone()),
            None => Ok(slot.insert(self.graph.network(width, height)?).clone()),
        }
    }
}

/// The network's input size for a photo: its shape, or the next wider one; its size, or the next larger one, but no more than
/// `side` pixels along the longer side.
fn input_size(width: u32, height: u32, side: usize) -> (usize, usize) {
    let longer = width.max(height);
    let shape = width.min(height) as f32 / longer as f32;
    let part = SHAPES.into_iter().find(|part| shape <= part + 0.01).unwrap_or(1.0);
    // Pixels made up by enlarging a small photo show no more faces.
    let long = SIDES.into_iter().find(|&side| side >= longer as usize).unwrap_or(usize::MAX).min(side);
    let short = ((long as f32 * part) as usize).next_multiple_of(MULTIPLE);
    if width >= height { (long, short) } else { (short, long) }
}

impl Architecture {
    fn input(self) -> Normalise {
        match self {
            Self::CenterFace => centerface::INPUT,
            Self::RetinaFace => retinaface::INPUT,
            Self::Scrfd => scrfd::INPUT,
        }
    }

    fn outputs(self) -> usize {
        match self {
            Self::CenterFace => 4,
            Self::RetinaFace | Self::Scrfd => anchors::OUTPUTS,
        }
    }

    fn decode(self, outputs: &[Output], width: usize, threshold: f32) -> Vec<Detection> {
        match self {
            Self::CenterFace => centerface::decode(outputs, threshold),
            Self::RetinaFace => retinaface::decode(outputs, width, threshold),
            Self::Scrfd => scrfd::decode(outputs, width, threshold),
        }
    }
}

impl Detection {
    /// As fractions of a picture of `width` x `height` pixels, cut off at its edges; `None` where its centre is
    /// outside.
    fn in_fractions(&self, width: f32, height: f32) -> Option<DetectedFace> {
        let centre = (self.x + self.width / 2.0, self.y + self.height / 2.0);
        let inside = (0.0..width).contains(&centre.0) && (0.0..height).contains(&centre.1);
        let (left, top) = (self.x.max(0.0), self.y.max(0.0));
        let (right, bottom) = ((self.x + self.width).min(width), (self.y + self.height).min(height));
        inside.then(|| DetectedFace {
            bounds: BoundingBox {
                x: left / width,
                y: top / height,
                width: (right - left) / width,
                height: (bottom - top) / height,
            },
            landmarks: self.landmarks.map(|[x, y]| [x / width, y / height]),
            score: self.score,
        })
    }

    fn bounds(&self) -> BoundingBox {
        BoundingBox { x: self.x, y: self.y, width: self.width, height: self.height }
    }
}

/// Non-maximum suppression: of boxes that overlap, the surest stays.
fn without_doubles(mut found: Vec<Detection>) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for face in found {
        if kept.iter().all(|other| other.bounds().iou(&face.bounds()) <= SAME_FACE) {
            kept.push(face);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detection(score: f32, x: f32, y: f32, width: f32, height: f32) -> Detection {
        Detection { score, x, y, width, height, landmarks: [[x, y]; 5] }
    }

    /// The faces in a photo of the demo, and whether a glance was enough.
    fn detected(photo: &str) -> (Detector, RgbImage, Vec<DetectedFace>, bool) {
        let weights = include_bytes!("../../models/centerface.onnx");
        let detector = Detector::new(weights, Architecture::CenterFace, 1024, 0.3).unwrap();
        let photo = image::open(format!("demo/{photo}.jpg")).unwrap().to_rgb8();
        let faces = detector.detect(&photo).unwrap();
        let looks = detector.networks.lock().unwrap().len();
        (detector, photo, faces, looks == 1)
    }

    #[test]
    fn a_glance_is_enough_for_a_portrait() {
        let (detector, photo, faces, at_a_glance) = detected("hopper-1984");
        let at_full = detector.detect_at(&photo, input_size(photo.width(), photo.height(), 1024), 0.3).unwrap();
        assert!(at_a_glance);
        assert_eq!((faces.len(), at_full.len()), (1, 1));
        assert!(faces[0].bounds.iou(&at_full[0].bounds) > 0.8);
    }

    #[test]
    fn small_faces_are_looked_at_again() {
        let (detector, photo, faces, at_a_glance) = detected("situation-room-2011");
        let at_full = detector.detect_at(&photo, input_size(photo.width(), photo.height(), 1024), 0.3).unwrap();
        assert!(!at_a_glance);
        assert!(faces.len() > 8);
        assert_eq!(faces, at_full);
    }

    #[test]
    fn of_doubles_the_surest_stays() {
        let found = vec![
            detection(0.6, 11.0, 10.0, 20.0, 20.0),
            detection(0.9, 10.0, 10.0, 20.0, 20.0),
            detection(0.7, 60.0, 10.0, 20.0, 20.0),
        ];
        let scores: Vec<f32> = without_doubles(found).iter().map(|face| face.score).collect();
        assert_eq!(scores, [0.9, 0.7]);
    }

    #[test]
    fn boxes_end_at_the_edge_and_faces_outside_are_dropped() {
        let face = detection(0.9, -10.0, 80.0, 40.0, 40.0).in_fractions(200.0, 100.0);
        assert!(face.is_none(), "its centre is below the picture");
        let face = detection(0.9, -10.0, 70.0, 40.0, 40.0).in_fractions(200.0, 100.0).unwrap();
        assert_eq!(face.bounds, BoundingBox { x: 0.0, y: 0.7, width: 0.15, height: 0.3 });
    }
}
