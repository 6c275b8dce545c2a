//! Golden tests: what tract makes of each model, against the numbers that onnxruntime gave for the same input.

use std::fs;
use std::path::{Path, PathBuf};

use facetag::network::{Graph, Output};
use serde_json::Value;

/// Of numbers of 32 bits.
const TOLERANCE: f32 = 1e-4;

/// And where numbers of 16 bits are multiplied, on processors that are faster at that; what that costs is told in models/README.md.
const FAST_TOLERANCE: f32 = 0.02;

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden").join(file)
}

fn check(name: &str, model: &[u8]) {
    let all: Value = serde_json::from_slice(&fs::read(golden("golden.json")).unwrap()).unwrap();
    let case = &all[name];
    let input = &case["input"];
    let size = |axis: usize| input["shape"][axis].as_u64().unwrap() as usize;
    let (height, width) = (size(2), size(3));
    let pixels = fs::read(golden(input["file"].as_str().unwrap())).unwrap();
    let divisor = input["divisor"].as_f64().unwrap() as f32;
    let mean: Vec<f32> = input["mean"].as_array().unwrap().iter().map(|mean| mean.as_f64().unwrap() as f32).collect();
    let order: Vec<usize> =
        input["order"].as_str().unwrap().chars().map(|channel| "RGB".find(channel).unwrap()).collect();
    let normalised = |pixel: &[u8; 3]| {
        let pixel = *pixel;
        (0..3).map(|index| (f32::from(pixel[order[index]]) - mean[index]) / divisor).collect::<Vec<_>>()
    };
    let numbers: Vec<f32> = pixels.as_chunks().0.iter().flat_map(normalised).collect();

    let graphs = [(Graph::parse_exact(model).unwrap(), TOLERANCE), (Graph::parse(model).unwrap(), FAST_TOLERANCE)];
    for (graph, tolerance) in graphs {
        let outputs = graph.network(width, height).unwrap().run(&numbers).unwrap();
        compare(name, &outputs, case["outputs"].as_array().unwrap(), tolerance);
    }
}

fn compare(name: &str, outputs: &[Output], expected: &[Value], tolerance: f32) {
    assert_eq!(outputs.len(), expected.len());
    for (output, expected) in outputs.iter().zip(expected) {
        let bytes = fs::read(golden(expected["file"].as_str().unwrap())).unwrap();
        let numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        assert_eq!(output.values.len(), numbers.len(), "{name} {}", expected["name"]);
        // Relative to the scale of the output: embeddings go up to 8, logarithms of sizes are near 1.
        let scale = numbers.iter().fold(1.0f32, |scale, number| scale.max(number.abs()));
        let off = output.values.iter().zip(&numbers).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off <= tolerance * scale, "{name} {}: off by {off}, scale {scale}", expected["name"]);
    }
}

#[test]
fn centerface() {
    check("centerface", facetag_weights_detectors::CENTERFACE);
}

#[test]
fn retinaface() {
    check("retinaface_mnet025", facetag_weights_detectors::RETINAFACE);
}

#[test]
fn sface() {
    check("sface", &facetag_weights_sface::sface());
}

/// InsightFace's weights may not be shipped: the test runs where `FACETAG_INSIGHTFACE` names the folder that has them.
fn insightface(name: &str, file: &str) {
    match std::env::var_os("FACETAG_INSIGHTFACE") {
        Some(folder) => check(name, &fs::read(Path::new(&folder).join(file)).unwrap()),
        None => eprintln!("left out: {name}, as FACETAG_INSIGHTFACE does not name a folder with {file}"),
    }
}

#[test]
fn scrfd() {
    insightface("scrfd_500m", "insightface-scrfd-500m.onnx");
}

#[test]
fn w600k_mbf() {
    insightface("w600k_mbf", "insightface-w600k-mbf.onnx");
}
