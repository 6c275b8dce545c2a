use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// The picture at another size, in pixels; either side may shrink or grow, and a size of 0 counts as 1.
pub fn resized(pixels: &RgbImage, width: u32, height: u32) -> RgbImage {
    let whole = [0.0, 0.0, f64::from(pixels.width()), f64::from(pixels.height())];
    resample(pixels, whole, width, height)
}

/// A part of the picture at another size: `part` is left, top, width and height in pixels of the picture, and lies in it.
pub fn resized_part(pixels: &RgbImage, part: [f32; 4], width: u32, height: u32) -> RgbImage {
    resample(pixels, part.map(f64::from), width, height)
}

/// Width and height of a picture that has so many pixels along its longer side, as they are where it has no more.
pub fn size_within(width: u32, height: u32, longest: u32) -> (u32, u32) {
    let scale = (f64::from(longest) / f64::from(width.max(height))).min(1.0);
    let scaled = |side: u32| (f64::from(side) * scale).round() as u32;
    (scaled(width), scaled(height))
}

/// A square, `side` pixels wide, of the part of the picture around `region`, for a person to look at.
///
/// `region` is x, y, width and height in pixels of the picture. Its longer side gives the square, which is moved and,
/// where the picture is narrower, made smaller so that all of it lies in the picture.
pub fn thumbnail(pixels: &RgbImage, region: [f32; 4], side: u32) -> RgbImage {
    resample(pixels, square(region, pixels.width(), pixels.height()), side, side)
}

/// The square around a region that [`thumbnail`] shows, as left, top, width and height in pixels of the picture.
pub fn square([x, y, width, height]: [f32; 4], picture_width: u32, picture_height: u32) -> [f64; 4] {
    let (picture_width, picture_height) = (f64::from(picture_width), f64::from(picture_height));
    // `max` before `min`: a NaN ends as a number, and the square as a part of the picture.
    let side = f64::from(width.max(height)).max(1.0).min(picture_width).min(picture_height);
    let start = |start: f32, length: f32, end: f64| {
        (f64::from(start) + (f64::from(length) - side) / 2.0).max(0.0).min(end - side)
    };
    [start(x, width, picture_width), start(y, height, picture_height), side, side]
}

/// Convolution with a triangle as wide as the shrinking asks for: every pixel counts, and nothing rings around edges.
fn resample(pixels: &RgbImage, [left, top, across, down]: [f64; 4], width: u32, height: u32) -> RgbImage {
    // Typed pictures: for untyped ones the compiler makes every filter for each of a dozen pixel types.
    let source = TypedImageRef::<U8x3>::from_buffer(pixels.width(), pixels.height(), pixels.as_raw())
        .expect("an RgbImage holds three bytes a pixel");
    let mut target = RgbImage::new(width.max(1), height.max(1));
    let (width, height) = target.dimensions();
    let mut view =
        TypedImage::<U8x3>::from_buffer(width, height, &mut target).expect("an RgbImage holds three bytes a pixel");
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .use_alpha(false)
        // What a caller rounded may reach over the edge by a hair.
        .crop(left, top, across.min(f64::from(pixels.width()) - left), down.min(f64::from(pixels.height()) - top));
    Resizer::new().resize_typed(&source, &mut view, &options).expect("the part lies inside the picture");
    target
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn shrinking_averages_every_pixel() {
        let checks = RgbImage::from_fn(64, 64, |x, y| Rgb([200 * ((x + y) % 2) as u8, 50, 0]));
        let small = resized(&checks, 8, 4);
        assert_eq!(small.dimensions(), (8, 4));
        for pixel in small.pixels() {
            assert!(pixel[0].abs_diff(100) <= 2, "{pixel:?}");
            assert_eq!((pixel[1], pixel[2]), (50, 0));
        }
    }

    #[test]
    fn growing_keeps_the_ends_of_a_slope() {
        let slope = RgbImage::from_fn(2, 1, |x, _| Rgb([255 * x as u8; 3]));
        let large = resized(&slope, 8, 3);
        assert_eq!(large.dimensions(), (8, 3));
        assert_eq!((large.get_pixel(0, 0)[0], large.get_pixel(7, 2)[0]), (0, 255));
        assert_eq!(resized(&slope, 0, 0).dimensions(), (1, 1));
    }

    #[test]
    fn a_thumbnail_shows_its_region_and_nothing_else() {
        let inside = |x, y| (60..80).contains(&x) && (10..30).contains(&y);
        let red = Rgb([220, 20, 20]);
        let photo = RgbImage::from_fn(100, 50, |x, y| if inside(x, y) { red } else { Rgb([0; 3]) });
        let shown = thumbnail(&photo, [60.0, 10.0, 20.0, 20.0], 32);
        assert_eq!(shown.dimensions(), (32, 32));
        // Close to its edge the picture around shines in.
        let inner = (6..26).flat_map(|y| (6..26).map(move |x| (x, y)));
        for (x, y) in inner {
            let off = [0, 1, 2].map(|c| shown.get_pixel(x, y)[c].abs_diff(red[c]));
            assert!(off.iter().all(|&off| off < 12), "{x}, {y}: {off:?}");
        }
    }

    #[test]
    fn a_region_becomes_a_square_inside_the_picture() {
        assert_eq!(square([10.0, 10.0, 20.0, 10.0], 100, 50), [10.0, 5.0, 20.0, 20.0]);
        assert_eq!(square([-5.0, -5.0, 20.0, 20.0], 100, 50), [0.0, 0.0, 20.0, 20.0]);
        assert_eq!(square([90.0, 45.0, 20.0, 20.0], 100, 50), [80.0, 30.0, 20.0, 20.0]);
        assert_eq!(square([20.0, 0.0, 60.0, 90.0], 100, 50), [25.0, 0.0, 50.0, 50.0]);
        assert_eq!(square([f32::NAN, 7.0, f32::NAN, f32::NAN], 100, 50), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(square([f32::INFINITY, 0.0, 9.0, 9.0], 100, 50), [91.0, 0.0, 9.0, 9.0]);
    }
}
