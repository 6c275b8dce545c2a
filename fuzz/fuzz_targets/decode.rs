//! Any bytes, decoded as facetag decodes a photo.
#![no_main]

use facetag::photo::{Orientation, decode, header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = header(bytes)
        // Large pictures are slow to decode, and no other than small ones.
        && u64::from(header.width) * u64::from(header.height) <= 4_000_000
    {
        let _ = decode(bytes, &header, Orientation::Rotate90);
    }
});
