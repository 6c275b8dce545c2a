//! Canon's CRW: a heap of records (CIFF 1.0), which say with which camera, when and how turned a photo was taken.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::containers::write;
use crate::photo::ifd::{Directory, Entry};

const CAMERA: u16 = 0x080a;
const TIME: u16 = 0x180e;
const PICTURE: u16 = 0x1810;

/// Heaps in heaps; real files have three.
const DEPTH: usize = 4;

/// Records that are looked at in one heap.
const MOST_RECORDS: usize = 256;

/// What a CRW says, as a TIFF file with the same in EXIF's fields. `None` if it is no CRW.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"II") || bytes.get(6..14)? != b"HEAPCCDR" {
        return None;
    }
    // The heap begins behind the file's header.
    let heap = bytes.get(number(bytes, 2)? as usize..)?;
    let of = |tag| record(heap, tag, DEPTH);

    let mut names = of(CAMERA).unwrap_or_default().split_inclusive(|&byte| byte == 0);
    let (make, model) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    // Seconds since 1970 by the camera's clock, which knows no time zone.
    let time = of(TIME).and_then(|time| Timestamp::from_second(number(time, 0)?.into()).ok());
    let time = time.map(|time| Offset::UTC.to_datetime(time).strftime("%Y:%m:%d %H:%M:%S\0").to_string());
    let time = time.unwrap_or_default();
    // Degrees, clockwise, after width, height and shape of a pixel.
    let orientation: u16 = match of(PICTURE).and_then(|picture| number(picture, 12)) {
        Some(90) => 6,
        Some(180) => 3,
        Some(270) => 8,
        _ => 1,
    };
    let orientation = orientation.to_le_bytes();

    let turned = Entry { tag: 0x112, kind: 3, count: 1, value: &orientation, at: 0 };
    let first = Directory { entries: vec![text(0x10f, make), text(0x110, model), turned], next: 0 };
    let exif = Directory { entries: vec![text(0x9003, time.as_bytes())], next: 0 };
    Some(write(false, &first, &exif, &Directory::default()))
}

fn text(tag: u16, value: &[u8]) -> Entry<'_> {
    Entry { tag, kind: 2, count: value.len() as u32, value, at: 0 }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The first record of a kind in a heap, or in the heaps in it. The heap's last four bytes say where its list of records begins.
fn record<'a>(heap: &'a [u8], wanted: u16, depth: usize) -> Option<&'a [u8]> {
    let (_, list) = heap.split_last_chunk::<4>()?;
    let list = heap.get(u32::from_le_bytes(*list) as usize..)?;
    let (&count, list) = list.split_first_chunk::<2>()?;
    let count = usize::from(u16::from_le_bytes(count)).min(MOST_RECORDS);
    let records = || {
        list.as_chunks::<10>().0.iter().take(count).filter_map(|entry| {
            let tag = u16::from_le_bytes([entry[0], entry[1]]);
            // Short values stand in the list itself.
            let value = match tag & 0xc000 {
                0 => {
                    let (length, start) = (number(entry, 2)? as usize, number(entry, 6)? as usize);
                    heap.get(start..start.checked_add(length)?)?
                }
                _ => &entry[2..],
            };
            Some((tag & 0x3fff, value))
        })
    };
    let inner = |(tag, value): (u16, &'a [u8])| {
        let is_heap = matches!(tag & 0x3800, 0x2800 | 0x3000);
        (is_heap && depth > 0).then(|| record(value, wanted, depth - 1)).flatten()
    };
    records().find(|&(tag, _)| tag == wanted).map(|(_, value)| value).or_else(|| records().find_map(inner))
}

#[cfg(test)]
mod tests {
    use super::super::Metadata;
    use super::*;
    use crate::photo::Orientation;

    fn heap(records: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let (mut heap, mut list) = (Vec::new(), (records.len() as u16).to_le_bytes().to_vec());
        for (tag, value) in records {
            list.extend(tag.to_le_bytes());
            list.extend((value.len() as u32).to_le_bytes());
            list.extend((heap.len() as u32).to_le_bytes());
            heap.extend(value);
        }
        let start = (heap.len() as u32).to_le_bytes();
        [heap, list, start.to_vec()].concat()
    }

    #[test]
    fn a_crw_says_how_it_is_turned() {
        let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let time = heap(&[(TIME, numbers(&[1_720_981_805, 0, 0]))]);
        let picture = numbers(&[3072, 2048, 0, 90, 8, 24, 1]);
        let about = heap(&[(CAMERA, b"Canon\0Canon EOS 10D\0".to_vec()), (PICTURE, picture), (0x300e, time)]);
        let file = [&b"II\x1a\0\0\0HEAPCCDR"[..], &[0; 12], &heap(&[(0x300a, about)])].concat();
        let metadata = Metadata::read(&file);
        assert_eq!(metadata.camera.as_deref(), Some("Canon EOS 10D"));
        assert_eq!(metadata.taken.unwrap().to_string(), "2024-07-14T18:30:05");
        assert_eq!(metadata.orientation, Orientation::Rotate90);
        for end in 0..file.len() {
            Metadata::read(&file[..end]);
        }
    }
}
