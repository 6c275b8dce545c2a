//! JPEG XL (ISO/IEC 18181), through jxl-rs, which turns pictures upright itself.

use image::RgbImage;
use jxl::api::{
    Event, ExtraChannel, JxlBasicInfo, JxlColorProfile, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions,
    JxlOutputBuffer, JxlPixelFormat, JxlTransferFunction, ProfileLevel,
};

use super::colour::{Colour, to_srgb};
use super::format::Decoder;
use super::raster::over_white;
use super::{Format, MAX_PIXELS, PhotoError};

pub(super) const DECODER: Decoder = Decoder { size, decode, turns_upright: |_| true };

fn open(input: &mut &[u8]) -> Result<(JxlDecoder, JxlBasicInfo), PhotoError> {
    let mut options = JxlDecoderOptions::default();
    // Three colours and what is transparent.
    options.sample_limit = Some(4 * MAX_PIXELS as usize);
    options.max_profile_level = ProfileLevel::Main10;
    let mut decoder = JxlDecoder::new(options);
    loop {
        match decoder.process(input, None, None).map_err(explain)? {
            Event::BasicInfo => break,
            Event::NeedMoreInput { .. } | Event::Complete => return Err(truncated()),
            Event::FrameHeader | Event::FrameComplete { .. } => {}
        }
    }
    let info = decoder.basic_info().ok_or_else(truncated)?.clone();
    Ok((decoder, info))
}

fn size(mut bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let (_, info) = open(&mut bytes)?;
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    Ok((side(info.size.0), side(info.size.1)))
}

fn decode(mut bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let (mut decoder, info) = open(&mut bytes)?;
    if decoder.embedded_color_profile().is_some_and(JxlColorProfile::is_cmyk) {
        return Err(PhotoError::unsupported(Format::JpegXl, "it is made of inks"));
    }
    let (width, height) = info.size;
    let has_alpha = info.extra_channels.iter().any(|channel| channel.ec_type == ExtraChannel::Alpha);
    let (color_type, channels) = if has_alpha { (JxlColorType::Rgba, 4) } else { (JxlColorType::Rgb, 3) };
    let format = JxlPixelFormat {
        color_type,
        color_data_format: Some(JxlDataFormat::U8 { bit_depth: 8 }),
        extra_channel_format: vec![None; info.extra_channels.len()],
    };
    decoder.set_pixel_format(format).map_err(explain)?;
    let colour = decoder.output_color_profile().and_then(colour);

    // Grey, as the decoder of JPEGs leaves what is not there; of an animation the first picture.
    let mut pixels = vec![if has_alpha { 255 } else { 128 }; width * height * channels];
    let mut output = [JxlOutputBuffer::new(&mut pixels, height, width * channels)];
    loop {
        match decoder.process(&mut bytes, Some(&mut output), None) {
            Ok(Event::FrameComplete { .. } | Event::Complete) => break,
            Ok(Event::BasicInfo | Event::FrameHeader) => {}
            Ok(Event::NeedMoreInput { .. }) => {
                let shown = decoder.flush_pixels(&mut output, None).map_err(explain)?;
                if shown { break } else { return Err(truncated()) }
            }
            Err(error) => {
                // What came before the damage.
                let shown = decoder.flush_pixels(&mut output, None).is_ok_and(|shown| shown);
                if shown { break } else { return Err(explain(error)) }
            }
        }
    }
    let (width, height) = (width as u32, height as u32);
    let pixels = if has_alpha {
        over_white(width, height, pixels)
    } else {
        RgbImage::from_raw(width, height, pixels).ok_or_else(truncated)?
    };
    Ok(to_srgb(pixels, colour.as_ref()))
}

fn colour(profile: &JxlColorProfile) -> Option<Colour> {
    let high_range = |transfer| Some(Colour::Coded { primaries: 9, transfer });
    match profile.transfer_function() {
        Some(JxlTransferFunction::PQ) => high_range(16),
        Some(JxlTransferFunction::HLG) => high_range(18),
        _ => profile.try_as_icc().map(|icc| Colour::Icc(icc.into_owned())),
    }
}

fn truncated() -> PhotoError {
    PhotoError::damaged(Format::JpegXl, "it ends before much of its picture has come")
}

fn explain(error: jxl::error::Error) -> PhotoError {
    PhotoError::damaged(Format::JpegXl, error)
}
