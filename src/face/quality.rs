//! How far a face can be trusted: a small, blurred or turned face looks like many people.

use image::RgbImage;

use super::{BoundingBox, Landmarks};

/// Quality from 0 (useless) to 1: the product of how sure the detector is, how many pixels the face has, how much it
/// looks into the camera, and how sharp it is.
///
/// - `bounds` and `landmarks`: of a photo of `width` x `height` pixels, in fractions;
/// - `face`: the same face aligned.
pub fn quality(
    score: f32,
    bounds: &BoundingBox,
    landmarks: &Landmarks,
    (width, height): (u32, u32),
    face: &RgbImage,
) -> f32 {
    let pixels = (bounds.width * width as f32).min(bounds.height * height as f32);
    let large = ramp(pixels, 16.0, 64.0);
    let points = landmarks.map(|[x, y]| [x * width as f32, y * height as f32]);
    (score * large * frontal(&points) * ramp(sharpness(face), 2.0, 8.0)).clamp(0.0, 1.0)
}

/// 1 for a face that looks into the camera, 0 for a profile: where the nose lies between the eyes and mouth corners.
fn frontal(points: &Landmarks) -> f32 {
    let [left_eye, right_eye, nose, left_mouth, right_mouth] = *points;
    let left = [(left_eye[0] + left_mouth[0]) / 2.0, (left_eye[1] + left_mouth[1]) / 2.0];
    let right = [(right_eye[0] + right_mouth[0]) / 2.0, (right_eye[1] + right_mouth[1]) / 2.0];
    let across = [right[0] - left[0], right[1] - left[1]];
    let square = across[0] * across[0] + across[1] * across[1];
    let along = ((nose[0] - left[0]) * across[0] + (nose[1] - left[1]) * across[1]) / square;
    // In the middle at 0.5; at 0 or 1 one cheek has turned away.
    if along.is_finite() { ramp(0.5 - (along - 0.5).abs(), 0.0, 0.3) } else { 0.0 }
}

/// Mean step of brightness between neighbours two pixels apart, 0 to 255.
fn sharpness(face: &RgbImage) -> f32 {
    let grey = image::imageops::grayscale(face);
    let (width, height) = grey.dimensions();
    let value = |x: u32, y: u32| f32::from(grey.get_pixel(x, y)[0]);
    let (mut sum, mut count) = (0.0, 0.0f32);
    // The middle only: hair and background say nothing of the face.
    for y in height / 4..height * 3 / 4 {
        for x in width / 4..width * 3 / 4 {
            sum += (value(x + 2, y) - value(x, y)).abs() + (value(x, y + 2) - value(x, y)).abs();
            count += 2.0;
        }
    }
    sum / count.max(1.0)
}

/// 0 up to `from`, 1 from `to` on, straight between.
fn ramp(value: f32, from: f32, to: f32) -> f32 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONTAL: Landmarks = [[0.4, 0.4], [0.6, 0.4], [0.5, 0.5], [0.42, 0.6], [0.58, 0.6]];
    const BOUNDS: BoundingBox = BoundingBox { x: 0.3, y: 0.3, width: 0.4, height: 0.4 };

    fn checks() -> RgbImage {
        RgbImage::from_fn(112, 112, |x, y| image::Rgb([if (x / 2 + y / 2) % 2 == 0 { 40 } else { 200 }; 3]))
    }

    #[test]
    fn small_turned_and_blurred_faces_count_less() {
        let best = quality(0.9, &BOUNDS, &FRONTAL, (1000, 1000), &checks());
        assert!(best > 0.85, "{best}");
        assert!(quality(0.9, &BOUNDS, &FRONTAL, (100, 100), &checks()) < best);
        let turned = [[0.4, 0.4], [0.6, 0.4], [0.61, 0.5], [0.42, 0.6], [0.58, 0.6]];
        assert!(quality(0.9, &BOUNDS, &turned, (1000, 1000), &checks()) < 0.1);
        let flat = RgbImage::from_pixel(112, 112, image::Rgb([90; 3]));
        assert_eq!(quality(0.9, &BOUNDS, &FRONTAL, (1000, 1000), &flat), 0.0);
    }
}
