//! A face as people look at it: with some of what is around it.

use image::RgbImage;

use super::BoundingBox;
use crate::photo::{encode_jpeg, square, thumbnail};

/// Pixels along a side of a portrait, enough for a wall of faces.
pub const SIDE: u32 = 160;

/// Pixels along a side of a scene.
pub const SCENE_SIDE: u32 = 480;

/// Of 100. About 6 KB a portrait.
const QUALITY: u8 = 75;

/// How much of the face's size a portrait shows on each side of it.
const AROUND: f32 = 0.25;

/// And a scene: hair, clothes, and who stands beside.
const AROUND_IN_SCENE: f32 = 1.0;

/// A square JPEG of a face in an upright photo.
pub fn portrait(photo: &RgbImage, bounds: &BoundingBox) -> Vec<u8> {
    cut(photo, bounds, AROUND, SIDE)
}

/// A square JPEG of a face in an upright photo with enough around it to tell where and with whom it was.
pub fn scene(photo: &RgbImage, bounds: &BoundingBox) -> Vec<u8> {
    cut(photo, bounds, AROUND_IN_SCENE, SCENE_SIDE)
}

/// Where in its scene a face is, in fractions of it; the photo is so many pixels wide and high.
pub fn place_in_scene(bounds: &BoundingBox, width: u32, height: u32) -> BoundingBox {
    let [left, top, side, _] = square(region(bounds, width, height, AROUND_IN_SCENE), width, height);
    let fraction = |start: f32, pixels: u32, from: f64| ((f64::from(start * pixels as f32) - from) / side) as f32;
    BoundingBox {
        x: fraction(bounds.x, width, left),
        y: fraction(bounds.y, height, top),
        width: fraction(bounds.width, width, 0.0),
        height: fraction(bounds.height, height, 0.0),
    }
}

/// By how much the sides of a photo of so many pixels may be reduced before the portrait of a face is cut out of it.
pub fn portrait_reduction(bounds: &BoundingBox, size: (u32, u32)) -> f32 {
    reduction(bounds, size, AROUND, SIDE)
}

/// The same for a scene.
pub fn scene_reduction(bounds: &BoundingBox, size: (u32, u32)) -> f32 {
    reduction(bounds, size, AROUND_IN_SCENE, SCENE_SIDE)
}

fn reduction(bounds: &BoundingBox, (width, height): (u32, u32), around: f32, side: u32) -> f32 {
    let [.., across, _] = square(region(bounds, width, height, around), width, height);
    across as f32 / side as f32
}

fn cut(photo: &RgbImage, bounds: &BoundingBox, around: f32, side: u32) -> Vec<u8> {
    let region = region(bounds, photo.width(), photo.height(), around);
    encode_jpeg(&thumbnail(photo, region, side), QUALITY)
}

/// A face and so much of its size on each side of it, in pixels of the photo.
fn region(bounds: &BoundingBox, width: u32, height: u32, around: f32) -> [f32; 4] {
    let (across, down) = (width as f32, height as f32);
    let [x, y, width, height] = [bounds.x * across, bounds.y * down, bounds.width * across, bounds.height * down];
    let around = around * width.max(height);
    [x - around, y - around, width + 2.0 * around, height + 2.0 * around]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_is_in_the_middle_of_its_scene_unless_the_photo_ends() {
        let bounds = BoundingBox { x: 0.4, y: 0.4, width: 0.1, height: 0.2 };
        let place = place_in_scene(&bounds, 1000, 1000);
        let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
        assert!(near(place.height, 1.0 / 3.0) && near(place.y, 1.0 / 3.0), "{place:?}");
        assert!(near(place.width, 1.0 / 6.0) && near(place.x, 5.0 / 12.0), "{place:?}");

        let bounds = BoundingBox { x: 0.0, y: 0.0, width: 0.2, height: 0.2 };
        let place = place_in_scene(&bounds, 1000, 1000);
        assert!(near(place.x, 0.0) && near(place.y, 0.0) && near(place.width, 1.0 / 3.0), "{place:?}");
    }
}
