#![doc = include_str!("README.md")]
#![no_std]

/// CenterFace, an ONNX file.
pub static CENTERFACE: &[u8] = include_bytes!("centerface.onnx");

/// RetinaFace with MobileNet-0.25, an ONNX file.
pub static RETINAFACE: &[u8] = include_bytes!("retinaface_mnet025.onnx");
