//! Memory of pictures that are done with, for the next ones: the system takes longer to give new memory, page by page, than to fill it
//! with zeros. On an album of 1 to 12 megapixels it was a seventh of a scan's time with `insightface-mbf`.

use std::sync::{Mutex, PoisonError};

use image::RgbImage;

/// Larger pictures are rare, and theirs would be in the way of what reads other formats.
const LARGEST: usize = 16_000_000 * 3;

/// No more are kept, however many threads read photos.
const MOST: usize = 4;

static SPARE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// So many zeros.
pub(super) fn zeros(length: usize) -> Vec<u8> {
    let spare = if length <= LARGEST { SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop() } else { None };
    match spare {
        Some(mut spare) if spare.capacity() >= length => {
            spare.clear();
            spare.resize(length, 0);
            spare
        }
        // One that is too small goes, so that those of larger photos take its place.
        _ => vec![0; length],
    }
}

/// Keeps the memory of a picture for the next one.
pub fn recycle(picture: RgbImage) {
    let pixels = picture.into_raw();
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if pixels.capacity() <= LARGEST && spare.len() < MOST {
        spare.push(pixels);
    }
}

/// Gives back to the system what is kept.
pub fn release_memory() {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_picture_is_left_in_the_next_one() {
        recycle(RgbImage::from_pixel(40, 30, image::Rgb([200; 3])));
        assert_eq!(zeros(3000), vec![0; 3000]);
        assert_eq!(zeros(30_000), vec![0; 30_000]);
    }
}
