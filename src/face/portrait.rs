//! A face as people look at it: with some of what is around it.

use image::RgbImage;

use super::BoundingBox;
use crate::photo::{encode_jpeg, thumbnail};

/// Pixels along a side, enough for a wall of faces.
pub const SIDE: u32 = 160;

/// Of 100. About 6 KB a face.
const QUALITY: u8 = 75;

/// How much of the face's size is shown on each side of it.
const AROUND: f32 = 0.25;

/// A square JPEG of a face in an upright photo.
pub fn portrait(photo: &RgbImage, bounds: &BoundingBox) -> Vec<u8> {
    let (across, down) = (photo.width() as f32, photo.height() as f32);
    let [x, y, width, height] = [bounds.x * across, bounds.y * down, bounds.width * across, bounds.height * down];
    let around = AROUND * width.max(height);
    let region = [x - around, y - around, width + 2.0 * around, height + 2.0 * around];
    encode_jpeg(&thumbnail(photo, region, SIDE), QUALITY)
}
