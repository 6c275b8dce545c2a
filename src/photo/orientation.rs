use image::RgbImage;

/// How a stored picture must be turned to stand upright: EXIF 2.32, tag 0x0112 `Orientation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// 1: it is upright as stored.
    #[default]
    Normal = 1,
    /// 2: left and right change places.
    MirrorHorizontal,
    /// 3: it is turned by half a turn.
    Rotate180,
    /// 4: top and bottom change places.
    MirrorVertical,
    /// 5: it is mirrored at the diagonal from the top left to the bottom right.
    Transpose,
    /// 6: it is turned clockwise by a quarter turn.
    Rotate90,
    /// 7: it is mirrored at the diagonal from the top right to the bottom left.
    Transverse,
    /// 8: it is turned counter-clockwise by a quarter turn.
    Rotate270,
}

impl Orientation {
    /// The orientation of an EXIF value; what is not 1 to 8 counts as [`Orientation::Normal`].
    pub fn from_exif(value: u16) -> Self {
        match value {
            2 => Self::MirrorHorizontal,
            3 => Self::Rotate180,
            4 => Self::MirrorVertical,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => Self::Normal,
        }
    }

    /// The width and height of the upright picture, from those of the stored one.
    pub fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Self::Normal | Self::MirrorHorizontal | Self::Rotate180 | Self::MirrorVertical => (width, height),
            Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270 => (height, width),
        }
    }

    /// Turns a stored picture upright. Mirrors and half turns are done in place; quarter turns take a second copy.
    pub fn apply(self, mut stored: RgbImage) -> RgbImage {
        let across = stored.width() as usize;
        let (pixels, _) = stored.as_chunks_mut::<3>();
        match self {
            Self::Normal => {}
            Self::MirrorHorizontal => pixels.chunks_exact_mut(across).for_each(<[_]>::reverse),
            Self::Rotate180 => pixels.reverse(),
            Self::MirrorVertical => {
                pixels.reverse();
                pixels.chunks_exact_mut(across).for_each(<[_]>::reverse);
            }
            Self::Transpose => return transpose(&stored, false, false),
            Self::Rotate90 => return transpose(&stored, false, true),
            Self::Transverse => return transpose(&stored, true, true),
            Self::Rotate270 => return transpose(&stored, true, false),
        }
        stored
    }
}

/// Swaps rows and columns, reading the stored columns from the right and the rows from the bottom if so told.
///
/// It goes by square blocks, whose rows and columns both stay in the processor's cache.
fn transpose(stored: &RgbImage, from_right: bool, from_bottom: bool) -> RgbImage {
    const BLOCK: usize = 64;
    let (width, height) = (stored.width() as usize, stored.height() as usize);
    let mut upright = RgbImage::new(stored.height(), stored.width());
    let (source, _) = stored.as_chunks::<3>();
    let (target, _) = upright.as_chunks_mut::<3>();
    for top in (0..width).step_by(BLOCK) {
        for left in (0..height).step_by(BLOCK) {
            let columns = left..(left + BLOCK).min(height);
            for row in top..(top + BLOCK).min(width) {
                let x = if from_right { width - 1 - row } else { row };
                let upright_row = &mut target[row * height..][columns.clone()];
                for (pixel, column) in upright_row.iter_mut().zip(columns.clone()) {
                    let y = if from_bottom { height - 1 - column } else { column };
                    *pixel = source[y * width + x];
                }
            }
        }
    }
    upright
}

#[cfg(test)]
mod tests {
    use image::{Rgb, imageops};

    use super::*;

    #[test]
    fn each_value_does_what_the_standard_says() {
        let stored = RgbImage::from_raw(3, 2, b"aaabbbcccdddeeefff".to_vec()).unwrap();
        for (value, upright) in [
            (0, "abc def"),
            (1, "abc def"),
            (2, "cba fed"),
            (3, "fed cba"),
            (4, "def abc"),
            (5, "ad be cf"),
            (6, "da eb fc"),
            (7, "fc eb da"),
            (8, "cf be ad"),
            (9, "abc def"),
        ] {
            let orientation = Orientation::from_exif(value);
            let turned = orientation.apply(stored.clone());
            let rows = turned.rows().map(|row| row.map(|pixel| char::from(pixel[0])).collect());
            assert_eq!(rows.collect::<Vec<String>>().join(" "), upright, "{value}");
            assert_eq!(turned.dimensions(), orientation.upright_size(3, 2));
        }
    }

    #[test]
    fn a_picture_of_many_blocks_is_turned_like_a_small_one() {
        let stored = RgbImage::from_fn(75, 130, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]));
        let turned = |orientation: Orientation| orientation.apply(stored.clone());
        assert_eq!(turned(Orientation::Rotate90), imageops::rotate90(&stored));
        assert_eq!(turned(Orientation::Rotate180), imageops::rotate180(&stored));
        assert_eq!(turned(Orientation::Rotate270), imageops::rotate270(&stored));
        assert_eq!(turned(Orientation::MirrorVertical), imageops::flip_vertical(&stored));
        let flipped = imageops::flip_horizontal(&stored);
        assert_eq!(turned(Orientation::MirrorHorizontal), flipped);
        assert_eq!(turned(Orientation::Transpose), imageops::rotate270(&flipped));
        assert_eq!(turned(Orientation::Transverse), imageops::rotate90(&flipped));
    }
}
