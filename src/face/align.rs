//! Cutting a face out of a photo so that eyes, nose and mouth lie where the recogniser expects them.

use image::RgbImage;

use super::Landmarks;
use crate::photo::resized_part;

/// Width and height of an aligned face in pixels.
pub const SIDE: u32 = 112;

/// Where the recognisers were taught to find the landmarks, in pixels of the aligned face
/// (ArcFace, <https://arxiv.org/abs/1801.07698>; the numbers are those of its reference implementation).
const TEMPLATE: Landmarks =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// Turning, scaling and moving, without shearing: `(x, y) -> (a x - b y + tx, b x + a y + ty)`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Similarity {
    a: f32,
    b: f32,
    tx: f32,
    ty: f32,
}

impl Similarity {
    /// The one that brings `from` to `to` with the least squared error
    /// (Umeyama 1991, <https://doi.org/10.1109/34.88573>, in closed form for the plane; no reflection).
    /// `None` where all points of `from` fall together.
    fn between(from: &Landmarks, to: &Landmarks) -> Option<Self> {
        let mean = |points: &Landmarks, axis: usize| points.iter().map(|point| point[axis]).sum::<f32>() / 5.0;
        let (from_x, from_y, to_x, to_y) = (mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1));
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py, qx, qy) = (p[0] - from_x, p[1] - from_y, q[0] - to_x, q[1] - to_y);
            dot += px * qx + py * qy;
            cross += px * qy - py * qx;
            spread += px * px + py * py;
        }
        let (a, b) = (dot / spread, cross / spread);
        let found = Self { a, b, tx: to_x - a * from_x + b * from_y, ty: to_y - b * from_x - a * from_y };
        (a.is_finite() && b.is_finite() && a.hypot(b) > f32::EPSILON).then_some(found)
    }

    fn inverse(self) -> Self {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        Self { a, b, tx: -a * self.tx + b * self.ty, ty: -b * self.tx - a * self.ty }
    }

    fn apply(self, x: f32, y: f32) -> (f32, f32) {
        (self.a * x - self.b * y + self.tx, self.b * x + self.a * y + self.ty)
    }
}

/// The most pixels of the photo, along a line, for one of the aligned face: a larger face is reduced first.
const FINEST: f32 = 2.0;

/// Cuts the face with these landmarks out of an upright photo: 112 x 112 pixels, RGB.
///
/// Pixels outside the photo are black. `None` where the landmarks fall together in one point.
pub fn align(photo: &RgbImage, landmarks: &Landmarks) -> Option<RgbImage> {
    let (width, height) = photo.dimensions();
    let points = landmarks.map(|[x, y]| [x * width as f32, y * height as f32]);
    let back = Similarity::between(&points, &TEMPLATE)?.inverse();
    let scale = back.a.hypot(back.b);
    if scale <= FINEST {
        return Some(cut(photo, scale, |x, y| back.apply(x, y)));
    }
    let Some([left, top, across, down]) = reach(back, width, height) else {
        return Some(RgbImage::new(SIDE, SIDE));
    };
    let reduced = |length: f32| (length * FINEST / scale).ceil().max(1.0);
    let (wide, high) = (reduced(across), reduced(down));
    let part = resized_part(photo, [left, top, across, down], wide as u32, high as u32);
    Some(cut(&part, FINEST, |x, y| {
        let (x, y) = back.apply(x, y);
        // A pixel's middle has its number, its edge half a pixel less.
        ((x + 0.5 - left) * wide / across - 0.5, (y + 0.5 - top) * high / down - 0.5)
    }))
}

/// The part of a photo that an aligned face shows: left, top, width and height in pixels; `None` where that is nothing.
fn reach(back: Similarity, width: u32, height: u32) -> Option<[f32; 4]> {
    let end = SIDE as f32;
    let corners = [(-1.0, -1.0), (end, -1.0), (-1.0, end), (end, end)].map(|(x, y)| back.apply(x, y));
    let span = |values: [f32; 4], length: u32| {
        let from = values.into_iter().fold(f32::INFINITY, f32::min).floor().max(0.0);
        let to = values.into_iter().fold(f32::NEG_INFINITY, f32::max).ceil().min(length as f32);
        (from < to).then_some((from, to - from))
    };
    let (left, across) = span(corners.map(|(x, _)| x), width)?;
    let (top, down) = span(corners.map(|(_, y)| y), height)?;
    Some([left, top, across, down])
}

/// The aligned face from a picture that has `scale` pixels for one of it, and in which its pixel (x, y) lies at `place(x, y)`.
fn cut(picture: &RgbImage, scale: f32, place: impl Fn(f32, f32) -> (f32, f32)) -> RgbImage {
    // Several samples a pixel are averaged: one alone would pick up noise and moire that the recogniser never saw.
    let samples = (scale.round() as u32).max(1);
    let step = 1.0 / samples as f32;
    let first = step / 2.0 - 0.5;
    let share = 1.0 / (samples * samples) as f32;
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let mut sum = [0.0; 3];
        for row in 0..samples {
            for column in 0..samples {
                let (x, y) = place(x as f32 + first + column as f32 * step, y as f32 + first + row as f32 * step);
                let colour = bilinear(picture, x, y);
                sum = std::array::from_fn(|channel| sum[channel] + colour[channel]);
            }
        }
        // As no colour is negative, adding a half rounds it.
        image::Rgb(sum.map(|channel| (channel * share + 0.5) as u8))
    })
}

/// The colour at (x, y), where a pixel's middle has its number; black outside.
fn bilinear(picture: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let is_inside = |place: f32, length: u32| place >= 0.0 && place < length as f32 - 1.0;
    if is_inside(x, picture.width()) && is_inside(y, picture.height()) {
        // So it is nearly always, and then no pixel has to be looked at for whether it lies outside.
        let (left, top) = (x as usize, y as usize);
        let across = 3 * picture.width() as usize;
        let pixels = &picture.as_raw()[top * across + 3 * left..];
        let beside = |start: usize| -> [[f32; 3]; 2] {
            [0, 3].map(|next| std::array::from_fn(|channel| f32::from(pixels[start + next + channel])))
        };
        return between([beside(0), beside(across)], x - left as f32, y - top as f32);
    }
    let (left, top) = (x.floor(), y.floor());
    let pixel = |column: f32, row: f32| -> [f32; 3] {
        let inside = column >= 0.0 && row >= 0.0 && column < picture.width() as f32 && row < picture.height() as f32;
        if inside { picture.get_pixel(column as u32, row as u32).0.map(f32::from) } else { [0.0; 3] }
    };
    let beside = |row: f32| [pixel(left, row), pixel(left + 1.0, row)];
    between([beside(top), beside(top + 1.0)], x - left, y - top)
}

/// The colour between two rows of two pixels, at so much of the way across and down.
fn between([upper, lower]: [[[f32; 3]; 2]; 2], across: f32, down: f32) -> [f32; 3] {
    std::array::from_fn(|channel| {
        let [upper, lower] =
            [upper, lower].map(|[left, right]| left[channel] + across * (right[channel] - left[channel]));
        upper + down * (lower - upper)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_and_scaled_template_is_brought_back() {
        let placed = Similarity { a: 1.5 * 0.8, b: 1.5 * 0.6, tx: 40.0, ty: -7.0 };
        let points = TEMPLATE.map(|[x, y]| placed.apply(x, y).into());
        let back = Similarity::between(&points, &TEMPLATE).unwrap();
        for (point, expected) in points.iter().zip(TEMPLATE) {
            let (x, y) = back.apply(point[0], point[1]);
            assert!((x - expected[0]).abs() < 1e-3 && (y - expected[1]).abs() < 1e-3, "{x} {y} {expected:?}");
        }
        let (x, y) = back.inverse().apply(10.0, 20.0);
        let expected = placed.apply(10.0, 20.0);
        assert!((x - expected.0).abs() < 1e-3 && (y - expected.1).abs() < 1e-3);
    }

    #[test]
    fn a_face_that_lies_as_the_template_is_cut_out_unchanged() {
        let photo = RgbImage::from_fn(SIDE, SIDE, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
        let landmarks = TEMPLATE.map(|[x, y]| [x / SIDE as f32, y / SIDE as f32]);
        let face = align(&photo, &landmarks).unwrap();
        let inside = (1..SIDE - 1).flat_map(|y| (1..SIDE - 1).map(move |x| (x, y)));
        for (x, y) in inside {
            let (was, is) = (photo.get_pixel(x, y), face.get_pixel(x, y));
            assert!((0..2).all(|channel| was[channel].abs_diff(is[channel]) <= 1), "{x},{y}: {was:?} {is:?}");
        }
    }

    #[test]
    fn a_large_face_is_averaged_not_picked() {
        // Black and white columns, ten pixels of the photo a pixel of the template: all must come out grey.
        let photo = RgbImage::from_fn(1120, 1120, |x, _| image::Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
        let landmarks = TEMPLATE.map(|[x, y]| [x / SIDE as f32, y / SIDE as f32]);
        let face = align(&photo, &landmarks).unwrap();
        assert!(
            face.enumerate_pixels()
                .filter(|(x, y, _)| (2..110).contains(x) && (2..110).contains(y))
                .all(|(_, _, pixel)| pixel[0].abs_diff(127) < 40)
        );
    }

    #[test]
    fn landmarks_in_one_point_give_nothing() {
        assert!(align(&RgbImage::new(50, 50), &[[0.5, 0.5]; 5]).is_none());
    }
}
