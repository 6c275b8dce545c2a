//! Colour: what a file's profile makes of its numbers -> sRGB, through moxcms.

use image::RgbImage;
use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, ToneReprCurve,
    TransferCharacteristics, Transform8BitExecutor, TransformOptions,
};

/// The largest ICC profile that is read, in bytes; those of printers take 2 MB, and no photo needs more.
pub(super) const MAX_PROFILE: usize = 4 << 20;

/// What says how a file's numbers are meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Colour {
    /// An ICC profile.
    Icc(Vec<u8>),
    /// Primaries and transfer characteristics as code points of ITU-T H.273.
    Coded { primaries: u8, transfer: u8 },
}

/// Pixels in sRGB. A profile that is damaged, or not for pixels of this kind, is left out, as other programs do.
pub(super) fn to_srgb(mut pixels: RgbImage, colour: Option<&Colour>) -> RgbImage {
    let Some(profile) = colour.and_then(profile) else { return pixels };
    match profile.color_space {
        DataColorSpace::Gray => {
            if let Some(shown) = greys(&profile) {
                pixels.pixels_mut().for_each(|pixel| pixel.0 = shown[usize::from(pixel.0[0])]);
            }
        }
        DataColorSpace::Rgb => {
            let Some(transform) = transform(&profile, Layout::Rgb) else { return pixels };
            if !changes_colours(transform.as_ref()) {
                return pixels;
            }
            let across = 3 * pixels.width() as usize;
            let mut stored = vec![0; across];
            for row in pixels.chunks_exact_mut(across) {
                stored.copy_from_slice(row);
                if transform.transform(&stored, row).is_err() {
                    row.copy_from_slice(&stored);
                }
            }
        }
        _ => {}
    }
    pixels
}

/// Inks as rows of cyan, magenta, yellow and black, 255 being all of an ink -> sRGB. Without a profile, or with one that is
/// not for inks, each ink takes its share of the light.
pub(super) fn inks_to_srgb(row: &[u8], shown: &mut [u8], transform: Option<&InkTransform>) {
    if transform.is_some_and(|transform| transform.transform(row, shown).is_ok()) {
        return;
    }
    let (inks, _) = row.as_chunks::<4>();
    let (pixels, _) = shown.as_chunks_mut::<3>();
    for (pixel, &[cyan, magenta, yellow, black]) in pixels.iter_mut().zip(inks) {
        let light = |ink: u8| ((255 - u16::from(ink)) * (255 - u16::from(black)) / 255) as u8;
        *pixel = [cyan, magenta, yellow].map(light);
    }
}

pub(super) type InkTransform = Transform8BitExecutor;

/// The transform of a profile for inks.
pub(super) fn ink_transform(colour: Option<&Colour>) -> Option<std::sync::Arc<InkTransform>> {
    let profile = colour.and_then(profile).filter(|profile| profile.color_space == DataColorSpace::Cmyk)?;
    // moxcms takes four inks in the layout of four channels.
    transform(&profile, Layout::Rgba)
}

fn transform(profile: &ColorProfile, layout: Layout) -> Option<std::sync::Arc<InkTransform>> {
    let srgb = ColorProfile::new_srgb();
    profile.create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default()).ok()
}

/// What each of the 256 greys of a profile for greys looks like.
fn greys(profile: &ColorProfile) -> Option<Vec<[u8; 3]>> {
    let transform = transform(profile, Layout::Gray)?;
    let stored: Vec<u8> = (0..=255).collect();
    let mut shown = vec![0; 3 * 256];
    transform.transform(&stored, &mut shown).ok()?;
    Some(shown.as_chunks::<3>().0.to_vec())
}

/// Whether a transform does more than rounding: most profiles are sRGB by some name.
fn changes_colours(transform: &InkTransform) -> bool {
    let steps = || (0..=255).step_by(51);
    let colours = steps().flat_map(|red| steps().flat_map(move |green| steps().map(move |blue| [red, green, blue])));
    let stored: Vec<u8> = colours.flatten().collect();
    let mut shown = vec![0; stored.len()];
    transform.transform(&stored, &mut shown).is_ok() && stored.iter().zip(&shown).any(|(a, b)| a.abs_diff(*b) > 2)
}

fn profile(colour: &Colour) -> Option<ColorProfile> {
    match colour {
        Colour::Icc(icc) if icc.len() <= MAX_PROFILE => ColorProfile::new_from_slice(icc).ok(),
        Colour::Icc(_) => None,
        &Colour::Coded { primaries, transfer } => coded(primaries, transfer),
    }
}

/// The profile of code points, or `None` where they mean sRGB or nothing.
fn coded(primaries: u8, transfer: u8) -> Option<ColorProfile> {
    let curve = match transfer {
        // The curves of television are shown as they are, as if they were sRGB's.
        0..=3 | 6 | 7 | 11..=15 => None,
        4 => Some(curve(|value| value.powf(2.2))),
        5 => Some(curve(|value| value.powf(2.8))),
        8 => Some(curve(|value| value)),
        16 => Some(curve(perceptual_quantizer)),
        18 => Some(curve(hybrid_log_gamma)),
        _ => None,
    };
    let wide = !matches!(primaries, 0..=2);
    if !wide && curve.is_none() {
        return None;
    }
    let color_primaries = if wide { primaries.try_into().ok()? } else { CicpColorPrimaries::Bt709 };
    let mut profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries,
        transfer_characteristics: TransferCharacteristics::Srgb,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    if let Some(curve) = curve {
        profile.cicp = None;
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    }
    Some(profile)
}

/// A transfer curve, from the stored value to light, both 0 to 1.
fn curve(light: impl Fn(f32) -> f32) -> ToneReprCurve {
    let steps = 1023_u16;
    let entry = |step| (light(f32::from(step) / f32::from(steps)).clamp(0.0, 1.0) * 65535.0).round() as u16;
    ToneReprCurve::Lut((0..=steps).map(entry).collect())
}

/// The light of a sheet of white paper in HDR, in nits (ITU-R BT.2408).
const PAPER: f32 = 203.0;

/// SMPTE ST 2084, brought into the range of a screen.
fn perceptual_quantizer(value: f32) -> f32 {
    let power = value.powf(1.0 / 78.84375);
    let nits = 10_000.0 * ((power - 0.835_937_5).max(0.0) / (18.851_562 - 18.6875 * power)).powf(1.0 / 0.159_301_76);
    on_screen(nits / PAPER)
}

/// ITU-R BT.2100 hybrid log-gamma as on a screen of 1,000 nits, brought into the range of a screen.
fn hybrid_log_gamma(value: f32) -> f32 {
    let scene = if value <= 0.5 {
        value * value / 3.0
    } else {
        (((value - 0.559_910_7) / 0.178_832_77).exp() + 0.284_668_92) / 12.0
    };
    on_screen(scene.powf(1.2) * 1000.0 / PAPER)
}

/// Light in which paper is 1 and lamps are more, pressed into 0 to 1; what is darker than half of paper stays as it is.
fn on_screen(light: f32) -> f32 {
    if light <= 0.5 { light } else { 0.5 + 0.5 * (1.0 - (-(light - 0.5) / 0.5).exp()) }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn shown(pixel: [u8; 3], profile: &ColorProfile) -> [u8; 3] {
        let colour = Colour::Icc(profile.encode().unwrap());
        to_srgb(RgbImage::from_pixel(2, 2, Rgb(pixel)), Some(&colour)).get_pixel(1, 1).0
    }

    fn near(a: [u8; 3], b: [u8; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 2)
    }

    #[test]
    fn wide_gamuts_become_srgb() {
        // What littlecms 2.19 makes of it.
        assert!(near(shown([200, 120, 90], &ColorProfile::new_display_p3()), [213, 115, 83]));
        assert!(near(shown([128, 128, 128], &ColorProfile::new_adobe_rgb()), [127, 127, 127]));
        let adobe = shown([180, 120, 90], &ColorProfile::new_adobe_rgb());
        assert!(adobe[0] > 190 && adobe[2] < 92, "{adobe:?}");
        assert_eq!(shown([200, 120, 90], &ColorProfile::new_srgb()), [200, 120, 90]);
    }

    #[test]
    fn code_points_mean_the_same_as_the_profile() {
        let photo = RgbImage::from_pixel(2, 2, Rgb([200, 120, 90]));
        let p3 = to_srgb(photo.clone(), Some(&Colour::Coded { primaries: 12, transfer: 13 })).get_pixel(0, 0).0;
        assert!(near(p3, shown([200, 120, 90], &ColorProfile::new_display_p3())), "{p3:?}");
        let srgb = to_srgb(photo.clone(), Some(&Colour::Coded { primaries: 1, transfer: 13 }));
        assert_eq!(srgb, photo);
    }

    #[test]
    fn high_dynamic_range_is_neither_dark_nor_burnt_out() {
        // White paper is 58 % of PQ and 75 % of HLG.
        for (white, transfer) in [(148, 16), (191, 18)] {
            let pixels = RgbImage::from_pixel(1, 1, Rgb([white; 3]));
            let [red, green, blue] = to_srgb(pixels, Some(&Colour::Coded { primaries: 9, transfer })).get_pixel(0, 0).0;
            assert!(
                red > 200 && red < 245 && red.abs_diff(green) < 3 && red.abs_diff(blue) < 3,
                "{red} {green} {blue}"
            );
        }
    }

    #[test]
    fn a_damaged_profile_is_left_out() {
        let photo = RgbImage::from_pixel(2, 2, Rgb([200, 120, 90]));
        let mut icc = ColorProfile::new_display_p3().encode().unwrap();
        icc.truncate(140);
        for colour in [Colour::Icc(icc), Colour::Icc(Vec::new()), Colour::Icc(vec![7; 5000])] {
            assert_eq!(to_srgb(photo.clone(), Some(&colour)), photo);
        }
    }

    #[test]
    fn inks_without_a_profile_take_their_share_of_the_light() {
        let mut shown = [0; 6];
        inks_to_srgb(&[0, 127, 255, 0, 0, 0, 0, 127], &mut shown, None);
        assert_eq!(shown, [255, 128, 0, 128, 128, 128]);
    }
}
