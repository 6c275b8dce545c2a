#![doc = include_str!("README.md")]
#![no_std]

/// The end of the ONNX file that begins in `facetag-weights-sface`.
pub static SFACE_END: &[u8] = include_bytes!("sface.onnx.2");
