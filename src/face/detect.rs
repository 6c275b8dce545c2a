//! An upright photo -> the faces in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;

use super::detection::{DetectedFace, Detection, Normalise};
use super::embed::numbers;
use super::{BoundingBox, ModelError, anchors, centerface, retinaface, scrfd};
use crate::network::{Graph, Network, Output};
use crate::photo::resized_part;

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

/// Two boxes that overlap more than this are one face.
const SAME_FACE: f32 = 0.35;

/// Shorter sides of the networks' inputs, in parts of the longer: 16:9, 3:2, 4:3, square. A photo between them gets a
/// black margin, so that a few networks serve all.
const SHAPES: [f32; 4] = [9.0 / 16.0, 2.0 / 3.0, 3.0 / 4.0, 1.0];

/// Longer sides of the networks' inputs for photos smaller than the detector could see.
const SIDES: [usize; 3] = [256, 512, 768];

/// The longer side in pixels of the coarse pass.
const COARSE: usize = 384;

/// And of that over a large photo, where people may be so far away that at [`COARSE`] nothing is left of them.
const COARSE_FOR_LARGE: usize = 512;

/// From this part of the detector's threshold on, what a pass finds is a candidate: reason to look closer.
const CANDIDATE: f32 = 0.25;

/// Faces less high than this part of the photo's longer side are not seen well in the coarse pass.
const SMALL: f32 = 0.125;

/// A candidate less high than this, in pixels of the network's input, is detected better at a finer scale.
const FINE: f32 = 22.0;

/// A face of fewer pixels than this tells nobody who it is: it is not looked for at a finer scale.
const LEAST_PIXELS: f32 = 20.0;

/// How much more than a pass showed a finer one must show to be worth it.
const FINER: f32 = 1.3;

/// How far the tiles of a finer pass reach into each other, in parts of the longer side of what they are tiles of: more than the
/// height of the faces that are looked for in them.
const OVERLAP: f32 = 0.06;

/// A face may be cut off by the edge of a tile, or of a part of a panorama, if it ends nearer to it than this part of its height.
const CUT_OFF: f32 = 0.1;

/// A photo that is this many times as long as it is wide is detected in parts, which overlap by half of their length.
const PANORAMA: f32 = 2.2;

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
    /// A coarse pass finds the large ones. Only where it has a candidate for a small face is there a full pass, at `side` pixels,
    /// and only where a large photo may have faces that are small even then are there finer passes over tiles of it.
    ///
    /// # Errors
    /// Those of the network.
    pub fn detect(&self, photo: &RgbImage) -> Result<Vec<DetectedFace>, ModelError> {
        let mut found = Vec::new();
        for part in Part::whole(photo).of_panorama() {
            found.extend(self.detect_part(photo, part)?.into_iter().filter(|face| part.holds(photo, face)));
        }
        found.retain(|face| face.score >= self.threshold);
        Ok(without_doubles(found))
    }

    fn detect_part(&self, photo: &RgbImage, part: Part) -> Result<Vec<DetectedFace>, ModelError> {
        let large = part.longer() > 2.0 * self.side as f32;
        let coarse = part.input_size(if large { COARSE_FOR_LARGE } else { COARSE });
        let full = part.input_size(self.side);
        if coarse == full {
            return self.detect_at(photo, part, full, self.threshold);
        }
        let seen = self.detect_at(photo, part, coarse, self.threshold * CANDIDATE)?;
        let small = SMALL * part.longer();
        if seen.iter().any(|face| face.bounds.height * (photo.height() as f32) < small) {
            return self.detect_closely(photo, part);
        }
        Ok(seen)
    }

    /// A full pass over a part, and finer ones where it has candidates for faces that are small even so.
    fn detect_closely(&self, photo: &RgbImage, part: Part) -> Result<Vec<DetectedFace>, ModelError> {
        let size = part.input_size(self.side);
        let mut found = self.detect_at(photo, part, size, self.threshold * CANDIDATE)?;
        let scale = part.longer() / size.0.max(size.1) as f32;
        if scale < FINER {
            return Ok(found);
        }
        let height = |face: &DetectedFace| face.bounds.height * photo.height() as f32;
        let is_small = |face: &DetectedFace| height(face) < FINE * scale && height(face) >= LEAST_PIXELS;
        let candidates: Vec<DetectedFace> = found.iter().filter(|face| is_small(face)).cloned().collect();
        for tile in part.tiles() {
            if candidates.iter().any(|face| tile.holds(photo, face)) {
                let finer = self.detect_closely(photo, tile)?;
                // What is cut off at a tile's edge lies whole in the next one, or is larger than what is looked for here.
                let is_new = |face: &DetectedFace| tile.holds(photo, face) && height(face) < 2.0 * FINE * scale;
                found.extend(finer.into_iter().filter(is_new));
            }
        }
        Ok(found)
    }

    /// The faces in an upright photo that is passed over once, with up to `side` pixels along the longer side, the surest first.
    pub(super) fn detect_once(
        &self,
        photo: &RgbImage,
        side: usize,
        threshold: f32,
    ) -> Result<Vec<DetectedFace>, ModelError> {
        let whole = Part::whole(photo);
        self.detect_at(photo, whole, whole.input_size(side), threshold)
    }

    /// The faces that score at least `threshold` in a part of a photo, which is fitted into a network's input of so many pixels
    /// across and down, multiples of 32.
    fn detect_at(
        &self,
        photo: &RgbImage,
        part: Part,
        (width, height): (usize, usize),
        threshold: f32,
    ) -> Result<Vec<DetectedFace>, ModelError> {
        let scale = (width as f32 / part.width).min(height as f32 / part.height);
        let fitted = |length: f32| ((length * scale).round() as u32).max(1);
        let picture = resized_part(
            photo,
            [part.left, part.top, part.width, part.height],
            fitted(part.width).min(width as u32),
            fitted(part.height).min(height as u32),
        );

        let Normalise { mean, scale, order } = self.architecture.input();
        let normalise = |channel: usize, value: u8| (f32::from(value) - mean[channel]) / scale;
        let input = numbers(&picture, width, height, normalise, order);
        let outputs = self.network(width, height)?.run(&input)?;
        let found = self.architecture.decode(&outputs, width, threshold);

        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let found = found.iter().filter_map(|face| face.in_fractions(width, height));
        Ok(without_doubles(found.map(|face| part.in_photo(photo, face)).collect()))
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

/// A part of a photo, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    /// Whether it ends inside the photo, on the left, above, on the right, below.
    inside: [bool; 4],
}

impl Part {
    fn whole(photo: &RgbImage) -> Self {
        let (width, height) = (photo.width() as f32, photo.height() as f32);
        Self { left: 0.0, top: 0.0, width, height, inside: [false; 4] }
    }

    fn longer(&self) -> f32 {
        self.width.max(self.height)
    }

    /// The network's input size: the part's shape, or the next wider one; its size, or the next larger one, but no more than
    /// `side` pixels along the longer side.
    fn input_size(&self, side: usize) -> (usize, usize) {
        let longer = self.longer();
        let shape = self.width.min(self.height) / longer;
        let share = SHAPES.into_iter().find(|share| shape <= share + 0.01).unwrap_or(1.0);
        // Pixels made up by enlarging a small photo show no more faces.
        let long = SIDES.into_iter().find(|&side| side as f32 >= longer).unwrap_or(usize::MAX).min(side);
        let short = ((long as f32 * share) as usize).next_multiple_of(MULTIPLE);
        if self.width >= self.height { (long, short) } else { (short, long) }
    }

    /// Itself, or parts that overlap where it is very long.
    fn of_panorama(self) -> Vec<Self> {
        let (longer, shorter) = (self.longer(), self.width.min(self.height));
        if longer < PANORAMA * shorter || shorter < MULTIPLE as f32 {
            return vec![self];
        }
        let length = (1.5 * shorter).min(longer);
        let count = ((longer - length) / (length / 2.0)).ceil() as usize + 1;
        let step = (longer - length) / (count - 1).max(1) as f32;
        let [left, top, right, bottom] = self.inside;
        let part = |index: usize| {
            let (start, first, last) = (step * index as f32, index == 0, index + 1 == count);
            if self.width >= self.height {
                let inside = [left || !first, top, right || !last, bottom];
                Self { left: self.left + start, width: length, inside, ..self }
            } else {
                let inside = [left, top || !first, right, bottom || !last];
                Self { top: self.top + start, height: length, inside, ..self }
            }
        };
        (0..count).map(part).collect()
    }

    /// Two by two parts that overlap.
    fn tiles(self) -> [Self; 4] {
        let overlap = OVERLAP * self.longer();
        let span = |start: f32, length: f32, second: bool| {
            let reach = (length / 2.0 + overlap / 2.0).min(length);
            (if second { start + length - reach } else { start }, reach)
        };
        let [left, top, right, bottom] = self.inside;
        [(false, false), (true, false), (false, true), (true, true)].map(|(east, south)| {
            let ((x, width), (y, height)) = (span(self.left, self.width, east), span(self.top, self.height, south));
            Self {
                left: x,
                top: y,
                width,
                height,
                inside: [left || east, top || south, right || !east, bottom || !south],
            }
        })
    }

    /// Whether a face lies in it, and is not cut off where the photo goes on. What is seen of a face that is cut off may look like
    /// a smaller one, which ends a little before the edge.
    fn holds(&self, photo: &RgbImage, face: &DetectedFace) -> bool {
        let (width, height) = (photo.width() as f32, photo.height() as f32);
        let BoundingBox { x, y, width: across, height: down } = face.bounds;
        let (across, down) = (across * width, down * height);
        let (left, top) = (x * width - self.left, y * height - self.top);
        let (right, bottom) = (self.width - left - across, self.height - top - down);
        let pixel = self.longer() / 1024.0;
        let least = pixel.max(CUT_OFF * across.max(down));
        let [west, north, east, south] = self.inside;
        [(left, west), (top, north), (right, east), (bottom, south)]
            .into_iter()
            .all(|(room, inside)| room > if inside { least } else { -pixel })
    }

    /// A face in fractions of this part, in fractions of the photo.
    fn in_photo(&self, photo: &RgbImage, face: DetectedFace) -> DetectedFace {
        let (width, height) = (photo.width() as f32, photo.height() as f32);
        let place = |[x, y]: [f32; 2]| [(self.left + x * self.width) / width, (self.top + y * self.height) / height];
        let BoundingBox { x, y, width: across, height: down } = face.bounds;
        let [x, y] = place([x, y]);
        let bounds = BoundingBox { x, y, width: across * self.width / width, height: down * self.height / height };
        DetectedFace { bounds, landmarks: face.landmarks.map(place), ..face }
    }
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

/// Non-maximum suppression: of boxes that overlap, the surest stays.
pub(super) fn without_doubles(mut found: Vec<DetectedFace>) -> Vec<DetectedFace> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<DetectedFace> = Vec::new();
    for face in found {
        if kept.iter().all(|other| other.bounds.iou(&face.bounds) <= SAME_FACE) {
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

    /// The faces in a photo of the demo, and whether the coarse pass was enough.
    fn detected(photo: &str) -> (Detector, RgbImage, Vec<DetectedFace>, bool) {
        let weights = facetag_weights_detectors::CENTERFACE;
        let detector = Detector::new(weights, Architecture::CenterFace, 1024, 0.3).unwrap();
        let photo = image::open(format!("demo/{photo}.jpg")).unwrap().to_rgb8();
        let faces = detector.detect(&photo).unwrap();
        let looks = detector.networks.lock().unwrap().len();
        (detector, photo, faces, looks == 1)
    }

    #[test]
    fn a_coarse_pass_is_enough_for_a_portrait() {
        let (detector, photo, faces, is_enough) = detected("hopper-1984");
        let at_full = detector.detect_once(&photo, 1024, 0.3).unwrap();
        assert!(is_enough);
        assert_eq!((faces.len(), at_full.len()), (1, 1));
        assert!(faces[0].bounds.iou(&at_full[0].bounds) > 0.8);
    }

    #[test]
    fn small_faces_take_a_full_pass() {
        let (detector, photo, faces, is_enough) = detected("situation-room-2011");
        let at_full = detector.detect_once(&photo, 1024, 0.3).unwrap();
        assert!(!is_enough);
        assert!(faces.len() > 8);
        assert_eq!(faces, at_full);
    }

    #[test]
    fn of_doubles_the_surest_stays() {
        let found = [
            detection(0.6, 11.0, 10.0, 20.0, 20.0),
            detection(0.9, 10.0, 10.0, 20.0, 20.0),
            detection(0.7, 60.0, 10.0, 20.0, 20.0),
        ];
        let found = found.iter().filter_map(|face| face.in_fractions(100.0, 100.0)).collect::<Vec<_>>();
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

    #[test]
    fn parts_of_a_panorama_cover_it_and_overlap() {
        for (width, height) in [(12_000, 1_500), (900, 5_000), (4_000, 1_700), (3_000, 2_000)] {
            let whole = Part { left: 0.0, top: 0.0, width: width as f32, height: height as f32, inside: [false; 4] };
            let parts = whole.of_panorama();
            let spans: Vec<(f32, f32)> = parts
                .iter()
                .map(|part| if width > height { (part.left, part.width) } else { (part.top, part.height) })
                .collect();
            let (last, length) = spans[spans.len() - 1];
            assert!(spans[0].0 == 0.0 && (last + length - whole.longer()).abs() < 1.0, "{spans:?}");
            assert!(spans.windows(2).all(|pair| pair[1].0 <= pair[0].0 + 0.51 * pair[0].1), "{spans:?}");
            assert_eq!(parts.len() > 1, whole.longer() > 2.2 * whole.width.min(whole.height));
        }
    }

    #[test]
    fn half_a_face_at_the_edge_of_a_part_is_none() {
        let photo = RgbImage::new(6000, 1500);
        let part = Part::whole(&photo).of_panorama()[0];
        let ending_before_edge = |pixels: f32, width: f32| {
            let left = part.width - pixels - width;
            let bounds = BoundingBox { x: left / 6000.0, y: 0.5, width: width / 6000.0, height: 170.0 / 1500.0 };
            DetectedFace { bounds, landmarks: [[0.0; 2]; 5], score: 0.4 }
        };
        assert!(!part.holds(&photo, &ending_before_edge(3.4, 53.0)));
        assert!(part.holds(&photo, &ending_before_edge(20.0, 120.0)));
        // The photo's own edge cuts off faces for good.
        let at_the_left = DetectedFace {
            bounds: BoundingBox { x: 0.0, ..ending_before_edge(0.0, 53.0).bounds },
            ..ending_before_edge(0.0, 53.0)
        };
        assert!(part.holds(&photo, &at_the_left));
    }

    #[test]
    fn each_place_lies_whole_in_a_tile() {
        let photo = RgbImage::new(600, 400);
        let tiles = Part::whole(&photo).tiles();
        for (x, y) in (0..58).flat_map(|x| (0..38).map(move |y| (x, y))) {
            let (width, height) = (20.0 / 600.0, 20.0 / 400.0);
            let bounds = BoundingBox { x: x as f32 * 10.0 / 600.0, y: y as f32 * 10.0 / 400.0, width, height };
            let face = DetectedFace { bounds, landmarks: [[0.0; 2]; 5], score: 1.0 };
            assert!(tiles.iter().any(|tile| tile.holds(&photo, &face)), "{x} {y}");
        }
    }
}
