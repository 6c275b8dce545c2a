//! The parts of a file: segments of JPEG, chunks of PNG and WebP, boxes of HEIC, JPEG XL and CR3.

/// The segments of a JPEG before its pixels: marker, and what is in each.
pub fn jpeg_segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        // Some programs leave bytes between segments.
        at += bytes.get(at..)?.iter().take(64).position(|&byte| byte == 0xff)?;
        while bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        let &[_, marker, high, low] = bytes.get(at..at + 4)? else { return None };
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        // The pixels, or the end.
        if matches!(marker, 0xda | 0xd9) || end < at + 4 {
            return None;
        }
        let data = bytes.get(at + 4..end)?;
        at = end;
        Some((marker, data))
    })
}

/// The chunks of a PNG: type, and what is in each.
pub fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let (&length, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let (&kind, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(length) as usize;
        let data = rest.get(..length)?;
        at += 12 + length;
        Some((kind, data))
    })
}

/// The chunks of a WebP: type, and what is in each.
pub fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 12;
    std::iter::from_fn(move || {
        let (&kind, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let (&length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(length) as usize;
        let data = rest.get(..length)?;
        at += 8 + length + length % 2;
        Some((kind, data))
    })
}

/// The boxes of an ISO base media file, or of one of its boxes: type, and what is in each. The last one may lack its tail.
pub fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (&length, after) = rest.split_first_chunk::<4>()?;
        let (&kind, after) = after.split_first_chunk::<4>()?;
        let (length, header, content) = match u32::from_be_bytes(length) {
            0 => (rest.len(), 8, after),
            1 => {
                let (&length, content) = after.split_first_chunk::<8>()?;
                (usize::try_from(u64::from_be_bytes(length)).ok()?, 16, content)
            }
            length => (length as usize, 8, after),
        };
        let inside = length.checked_sub(header)?;
        let (content, next) = content.split_at_checked(inside).unwrap_or((content, &[]));
        rest = next;
        Some((kind, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_end_where_they_say_or_with_the_file() {
        let long = [&1_u32.to_be_bytes()[..], b"long", &20_u64.to_be_bytes(), b"four"].concat();
        let file = [&12_u32.to_be_bytes()[..], b"ftypheic", &long, &99_u32.to_be_bytes(), b"mdatrest"].concat();
        let found: Vec<_> = boxes(&file).collect();
        assert_eq!(found, [(*b"ftyp", &b"heic"[..]), (*b"long", b"four"), (*b"mdat", b"rest")]);
        assert_eq!(boxes(&[0, 0, 0, 7, b'a', b'b', b'c', b'd']).count(), 0);
    }
}
