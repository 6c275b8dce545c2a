//! A face as a detector found it: in pixels of the network's input, then in fractions of the photo.

use super::{BoundingBox, Landmarks};

/// A face in a photo, before it is embedded.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectedFace {
    pub bounds: BoundingBox,
    pub landmarks: Landmarks,
    /// 0 to 1.
    pub score: f32,
}

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

impl Detection {
    /// As fractions of a picture of `width` x `height` pixels, cut off at its edges; `None` where its centre is
    /// outside.
    pub fn in_fractions(&self, width: f32, height: f32) -> Option<DetectedFace> {
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
}
