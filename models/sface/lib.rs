#![doc = include_str!("README.md")]

/// SFace, an ONNX file.
pub fn sface() -> Vec<u8> {
    [include_bytes!("sface.onnx.1"), facetag_weights_sface_end::SFACE_END].concat()
}
