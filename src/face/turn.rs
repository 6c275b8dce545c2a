//! Faces that lie on their side or upside down.
//!
//! CenterFace finds nine of ten of them, with landmarks that lean some way towards upright: of faces turned by 90 degrees, the
//! eyes seem to be turned by 20 to 77. So a face that leans is detected again in the four quarter turns of what is around it.

use image::{RgbImage, imageops};

use super::{BoundingBox, DetectedFace, Landmarks};

/// A quarter turn or several, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    Right,
    Half,
    Left,
}

impl Turn {
    pub const REAL: [Self; 3] = [Self::Right, Self::Left, Self::Half];

    /// The picture turned.
    pub fn apply(self, picture: &RgbImage) -> RgbImage {
        match self {
            Self::None => picture.clone(),
            Self::Right => imageops::rotate90(picture),
            Self::Half => imageops::rotate180(picture),
            Self::Left => imageops::rotate270(picture),
        }
    }

    /// A face of the turned picture, in the picture as it was. The landmarks keep their names: the left eye is the one on the left
    /// where the face is upright.
    pub fn undo(self, face: DetectedFace) -> DetectedFace {
        let back = |[x, y]: [f32; 2]| match self {
            Self::None => [x, y],
            Self::Right => [y, 1.0 - x],
            Self::Half => [1.0 - x, 1.0 - y],
            Self::Left => [1.0 - y, x],
        };
        let BoundingBox { x, y, width, height } = face.bounds;
        let ([ax, ay], [bx, by]) = (back([x, y]), back([x + width, y + height]));
        let bounds = BoundingBox { x: ax.min(bx), y: ay.min(by), width: (ax - bx).abs(), height: (ay - by).abs() };
        DetectedFace { bounds, landmarks: face.landmarks.map(back), ..face }
    }
}

/// By how many degrees a face is turned clockwise, -180 to 180, from its landmarks in fractions of a photo of this size: the
/// direction from the eyes to the mouth, and that from the left to the right.
pub(super) fn roll(landmarks: &Landmarks, (width, height): (u32, u32)) -> f32 {
    let [left_eye, right_eye, _, left_mouth, right_mouth] =
        landmarks.map(|[x, y]| [x * width as f32, y * height as f32]);
    let across = [0, 1].map(|axis| right_eye[axis] - left_eye[axis] + right_mouth[axis] - left_mouth[axis]);
    let down = [0, 1].map(|axis| left_mouth[axis] + right_mouth[axis] - left_eye[axis] - right_eye[axis]);
    // Downwards turned by a quarter is across.
    (across[1] - down[0]).atan2(across[0] + down[1]).to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPRIGHT: Landmarks = [[0.4, 0.4], [0.6, 0.4], [0.5, 0.5], [0.42, 0.6], [0.58, 0.6]];

    #[test]
    fn a_turned_face_is_brought_back_to_where_it_was() {
        // A bright square in the photo, and the same square found in each turned photo.
        let photo = RgbImage::from_fn(40, 20, |x, y| {
            image::Rgb([if (24..32).contains(&x) && (4..8).contains(&y) { 255 } else { 0 }; 3])
        });
        for turn in [Turn::None, Turn::Right, Turn::Half, Turn::Left] {
            let turned = turn.apply(&photo);
            let (width, height) = (turned.width() as f32, turned.height() as f32);
            let bright: Vec<(u32, u32)> =
                turned.enumerate_pixels().filter(|pixel| pixel.2[0] > 0).map(|pixel| (pixel.0, pixel.1)).collect();
            let (first, last) = (bright[0], bright[bright.len() - 1]);
            let bounds = BoundingBox {
                x: first.0 as f32 / width,
                y: first.1 as f32 / height,
                width: (last.0 + 1 - first.0) as f32 / width,
                height: (last.1 + 1 - first.1) as f32 / height,
            };
            let face = turn.undo(DetectedFace { bounds, landmarks: [[bounds.x, bounds.y]; 5], score: 1.0 });
            let BoundingBox { x, y, width, height } = face.bounds;
            for (found, expected) in [(x, 0.6), (y, 0.2), (width, 0.2), (height, 0.2)] {
                assert!((found - expected).abs() < 1e-5, "{turn:?}: {:?}", face.bounds);
            }
        }
    }

    #[test]
    fn the_roll_is_that_of_the_face() {
        let bounds = BoundingBox { x: 0.3, y: 0.3, width: 0.4, height: 0.4 };
        // In a photo that is turned to the right to see them upright, faces lean to the left.
        for (turn, degrees) in [(Turn::None, 0.0), (Turn::Right, -90.0), (Turn::Left, 90.0), (Turn::Half, 180.0f32)] {
            let face = turn.undo(DetectedFace { bounds, landmarks: UPRIGHT, score: 1.0 });
            let found = roll(&face.landmarks, (500, 500));
            let off = (found - degrees).abs();
            assert!(off.min(360.0 - off) < 0.1, "{turn:?}: {found}");
        }
    }
}
