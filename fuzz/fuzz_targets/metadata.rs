//! Any bytes, read for EXIF and XMP.
#![no_main]

use facetag::metadata::Metadata;
use facetag::metadata::packets::xmp_packets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    Metadata::read(bytes);
    xmp_packets(bytes);
});
