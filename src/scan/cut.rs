//! A box in a photo, cut out with what is around it, so that the photo need not stay in memory while the models look at it.

use image::RgbImage;

use crate::catalog::NewFace;
use crate::face::BoundingBox;
use crate::photo::{resized, size_within};

/// A part of a photo.
pub struct Cut {
    /// At most [`LARGEST`] pixels along the longer side.
    picture: RgbImage,
    /// Where it lies, in fractions of the photo.
    place: BoundingBox,
}

/// How much of the box's longer side is cut out on each side of it: more than any model looks at.
const AROUND: f32 = 2.0;

/// Pixels along the longer side of what is cut out. A face in it has a fifth of them or more, and the recogniser sees 112.
const LARGEST: u32 = 2048;

impl Cut {
    /// The part of an upright photo around a box.
    pub fn of(photo: &RgbImage, bounds: &BoundingBox) -> Self {
        let (across, down) = (photo.width() as f32, photo.height() as f32);
        let around = AROUND * (bounds.width * across).max(bounds.height * down);
        let span = |start: f32, length: f32, pixels: u32| {
            let end = ((start + length + around).ceil() as u32).clamp(1, pixels);
            let from = ((start - around).max(0.0) as u32).min(end - 1);
            (from, end - from)
        };
        let (x, width) = span(bounds.x * across, bounds.width * across, photo.width());
        let (y, height) = span(bounds.y * down, bounds.height * down, photo.height());
        let place = BoundingBox {
            x: x as f32 / across,
            y: y as f32 / down,
            width: width as f32 / across,
            height: height as f32 / down,
        };
        let picture = image::imageops::crop_imm(photo, x, y, width, height).to_image();
        let (across, down) = size_within(width, height, LARGEST);
        let picture = if (across, down) == (width, height) { picture } else { resized(&picture, across, down) };
        Self { picture, place }
    }

    /// By how much the sides of a photo of so many pixels may be reduced before a box is cut out of it.
    pub fn reduction(bounds: &BoundingBox, (width, height): (u32, u32)) -> f32 {
        let longer = (bounds.width * width as f32).max(bounds.height * height as f32);
        let around = ((1.0 + 2.0 * AROUND) * longer).min(width.max(height) as f32);
        around / LARGEST as f32
    }

    pub fn picture(&self) -> &RgbImage {
        &self.picture
    }

    /// A box of the photo, in fractions of the picture.
    pub fn inside(&self, bounds: &BoundingBox) -> BoundingBox {
        let BoundingBox { x, y, width, height } = self.place;
        BoundingBox {
            x: (bounds.x - x) / width,
            y: (bounds.y - y) / height,
            width: bounds.width / width,
            height: bounds.height / height,
        }
    }

    /// A face in the picture as one of the photo.
    pub fn in_photo(&self, face: NewFace, bounds: BoundingBox) -> NewFace {
        let BoundingBox { x, y, width, height } = self.place;
        let landmarks = face.landmarks.map(|[across, down]| [x + across * width, y + down * height]);
        NewFace { bounds, landmarks, ..face }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn a_box_and_what_is_around_it_are_cut_out_where_they_lie() {
        let photo = RgbImage::from_fn(1000, 800, |x, y| Rgb([(x / 4) as u8, (y / 4) as u8, 0]));
        let bounds = BoundingBox { x: 0.4, y: 0.5, width: 0.04, height: 0.05 };
        let cut = Cut::of(&photo, &bounds);
        assert_eq!(cut.picture().dimensions(), (200, 200));
        assert_eq!(cut.picture().get_pixel(0, 0), photo.get_pixel(320, 320));
        let inside = cut.inside(&bounds);
        assert!([inside.x, inside.y].iter().all(|start| (start - 0.4).abs() < 1e-4), "{inside:?}");
        assert!([inside.width, inside.height].iter().all(|side| (side - 0.2).abs() < 1e-4), "{inside:?}");
    }

    #[test]
    fn a_box_over_all_of_a_large_photo_is_reduced_and_one_at_its_edge_ends_with_it() {
        let photo = RgbImage::new(4096, 1000);
        let whole = BoundingBox { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        let cut = Cut::of(&photo, &whole);
        assert_eq!((cut.picture().dimensions(), cut.inside(&whole)), ((2048, 500), whole));
        assert_eq!(Cut::reduction(&whole, (4096, 1000)), 2.0);
        let corner = BoundingBox { x: 0.99, y: 0.99, width: 0.01, height: 0.01 };
        let cut = Cut::of(&photo, &corner);
        assert_eq!(cut.picture().dimensions(), (123, 92));
        assert!(Cut::reduction(&corner, (4096, 1000)) < 1.0);
    }
}
