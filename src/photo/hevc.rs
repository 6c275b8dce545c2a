//! What is left of an HEVC picture (ITU-T H.265) that lost its tail.
//!
//! heifer gives all of a picture or nothing, but its parts are public: here they decode until the damage.

use heifer::color::{ColorParams, frame_to_rgba_as};
use heifer::heifer_hevc_dec::Error;
use heifer::heifer_hevc_dec::nal::{NalUnit, split_annex_b};
use heifer::heifer_hevc_dec::params::{ParameterSets, Sps};
use heifer::heifer_hevc_dec::recon::{Frame, Reconstructor};
use heifer::heifer_hevc_dec::slice::SliceHeader;
use heifer::heifer_hevc_dec::syntax::{Picture, decode_slice_segment};
use image::RgbImage;

use super::MAX_PIXELS;
use super::heif::without_ycgco;
use super::truncated::{grey_below, row_hashes, shared_rows};

/// What is put in the place of missing bytes. Whatever it is looks like pixels to the decoder: those that depend on it are not real.
const FILLERS: [u8; 4] = [0x00, 0xaa, 0xff, 0x55];

/// How many bytes are filled in for missing ones: enough that the pixels differ soon.
const FILLING: usize = 4096;

/// The rows of a picture above the damage, with grey below; `None` where they are less than a tenth of it.
pub(super) fn what_is_left(stream: &[u8], params: impl Fn(&Frame) -> ColorParams) -> Option<RgbImage> {
    let hashes = |frame: &Frame| row_hashes(&frame.planes[0], frame.widths[0] as usize);
    let mut decoded = FILLERS.into_iter().filter_map(|filler| until_damage(stream, filler).ok());
    let (other, other_rows) = decoded.next().map(|(frame, rows)| (hashes(&frame), rows))?;
    let (frame, rows) = decoded.next()?;
    let same = shared_rows(&other, &hashes(&frame));
    // The colour of a row is mixed with that of the row below.
    let same = if same < frame.heights[0] as usize { same.saturating_sub(1) } else { same };
    let params = params(&frame);
    let (frame, params) = without_ycgco(frame, params);
    let shown = frame_to_rgba_as::<u8>(&frame, params);
    let (width, height) = (shown.width, shown.height);
    grey_below(RgbImage::from_raw(width, height, shown.into_rgb8())?, same.min(rows.min(other_rows) as usize))
}

/// The first picture of a stream as it is coded, with what is to be cut off on the right and below: to crop it takes a second one.
/// `None` where it is to be cropped on other sides, or is damaged.
pub(super) fn uncropped(stream: &[u8]) -> Option<(Frame, [u32; 2])> {
    let (frame, sps, rows) = first_picture(stream, None).ok()?;
    let ([left, right, top, bottom], (across, down)) = (sps.conf_win_offsets, sps.chroma_subsampling());
    (left == 0 && top == 0 && rows >= frame.heights[0]).then_some((frame, [right * across, bottom * down]))
}

/// The first picture of a stream as far as it can be decoded, and how many rows of pixels that are.
fn until_damage(stream: &[u8], filler: u8) -> Result<(Frame, u32), Error> {
    let (frame, sps, rows) = first_picture(stream, Some(filler))?;
    Ok((if sps.conf_win_offsets == [0; 4] { frame } else { frame.cropped(&sps) }, rows))
}

/// The first picture of a stream, what it is said to be, and how many rows of it were decoded. With a filler, as far as it can be decoded,
/// and without the filters, which blur across blocks and would need those that are not there.
fn first_picture(stream: &[u8], filler: Option<u8>) -> Result<(Frame, Sps, u32), Error> {
    let nals: Vec<NalUnit> = split_annex_b(stream).map_while(|nal| NalUnit::parse(nal).ok()).collect();
    let mut sets = ParameterSets::default();
    for nal in nals.iter().take_while(|nal| !nal.header.unit_type.is_slice()) {
        sets.add(nal)?;
    }
    let mut state: Option<(Picture, Reconstructor)> = None;
    let mut previous: Option<SliceHeader> = None;
    for nal in nals.iter().filter(|nal| nal.header.unit_type.is_slice()) {
        let is_first = nal.rbsp.first().is_some_and(|bits| bits & 0x80 != 0);
        if is_first == state.is_some() {
            break;
        }
        let header = match SliceHeader::parse(&nal.rbsp, &nal.header, &sets, previous.as_ref()) {
            Ok(header) => header,
            Err(error) if filler.is_none() => return Err(error),
            Err(_) => break,
        };
        let (pps, sps) = sets.get(usize::from(header.slice_pic_parameter_set_id))?;
        if u64::from(sps.pic_width_in_luma_samples) * u64::from(sps.pic_height_in_luma_samples) > MAX_PIXELS {
            return Err(Error::Unimplemented("it is too large"));
        }
        let (picture, pixels) = state.get_or_insert_with(|| (Picture::new(sps, pps), Reconstructor::new(sps, pps)));
        pixels.start_slice(&header);
        let mut data = nal.rbsp.get(header.header_size..).unwrap_or_default().to_vec();
        if let Some(filler) = filler {
            // Zeros stand for the missing bytes of the file.
            data.truncate(data.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
            data.resize(data.len() + FILLING, filler);
        }
        let qp = header.slice_qp_y(&sets)?;
        if decode_slice_segment(picture, &header, qp, &data, pixels).is_err() || pixels.error.is_some() {
            break;
        }
        if !header.dependent_slice_segment_flag {
            previous = Some(header);
        }
    }
    let (picture, pixels) = state.ok_or(Error::Invalid("no slice in bitstream"))?;
    let rows = picture.decoded_ctbs / picture.layout.width.max(1) * picture.sps.ctb_size();
    let sps = picture.sps.clone();
    Ok((pixels.finish(filler.is_some()), sps, rows))
}
