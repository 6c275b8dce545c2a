//! What is fuzzed. cargo-fuzz looks for inputs that break it (`fuzz_targets/`); `tests/photos.rs` runs those that were kept (`corpus/`).

use facetag::metadata::Metadata;
use facetag::metadata::packets::xmp_packets;
use facetag::photo::{Orientation, decode, header};

/// Any bytes, decoded as facetag decodes a photo.
pub fn decode_photo(bytes: &[u8]) {
    if let Ok(header) = header(bytes)
        // Large pictures are slow to decode, and no other than small ones.
        && u64::from(header.width) * u64::from(header.height) <= 4_000_000
    {
        let _ = decode(bytes, &header, Orientation::Rotate90);
    }
}

/// Any bytes, read for EXIF and XMP.
pub fn read_metadata(bytes: &[u8]) {
    Metadata::read(bytes);
    xmp_packets(bytes);
}
