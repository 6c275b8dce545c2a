//! How long the models of a pack take, one thread: `cargo bench --bench inference`.
//!
//! With `FACETAG_INSIGHTFACE` naming a folder that has the InsightFace models of DESIGN.md, these too.

use std::path::{Path, PathBuf};

use divan::Bencher;
use facetag::network::Graph;

fn main() {
    divan::main();
}

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(file)
}

/// Runs a model on the same numbers again and again.
fn run(bencher: Bencher, model: &Path, width: usize, height: usize) {
    let graph = Graph::parse(&std::fs::read(model).unwrap()).unwrap();
    let network = graph.network(width, height).unwrap();
    let input: Vec<f32> = (0..3 * width * height).map(|index| (index % 251) as f32 / 125.0 - 1.0).collect();
    bencher.bench_local(|| network.run(width, height, &input).unwrap());
}

#[divan::bench(args = [(640, 480), (1024, 768)], sample_count = 20)]
fn centerface(bencher: Bencher, (width, height): (usize, usize)) {
    run(bencher, &shipped("centerface.onnx"), width, height);
}

#[divan::bench(args = [(128, 128), (160, 160), (224, 224), (1024, 768)], sample_count = 20)]
fn retinaface(bencher: Bencher, (width, height): (usize, usize)) {
    run(bencher, &shipped("retinaface_mnet025.onnx"), width, height);
}

#[divan::bench]
fn mobilefacenet(bencher: Bencher) {
    run(bencher, &shipped("mobilefacenet.onnx"), 112, 112);
}

#[divan::bench(args = [("insightface-scrfd-500m.onnx", 640, 480), ("insightface-w600k-mbf.onnx", 112, 112)])]
fn insightface(bencher: Bencher, (file, width, height): (&str, usize, usize)) {
    if let Some(folder) = std::env::var_os("FACETAG_INSIGHTFACE") {
        run(bencher, &Path::new(&folder).join(file), width, height);
    }
}

/// What making a network ready costs, once for each shape.
#[divan::bench(sample_count = 5)]
fn prepare_centerface(bencher: Bencher) {
    let graph = Graph::parse(&std::fs::read(shipped("centerface.onnx")).unwrap()).unwrap();
    bencher.bench_local(|| graph.network(1024, 768).unwrap());
}
