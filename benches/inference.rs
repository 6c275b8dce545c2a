//! How long the models take, one thread, and how long in onnxruntime, in turns: `cargo bench --bench inference`.
//!
//! With `FACETAG_INSIGHTFACE` naming a folder that has InsightFace's `scrfd_500m_bnkps.onnx` as `insightface-scrfd-500m.onnx` and
//! `w600k_mbf.onnx` as `insightface-w600k-mbf.onnx`, these too.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use facetag::network::{Graph, Network};

const ROUNDS: usize = 20;

/// Runs in a round, of which the fastest counts.
const RUNS: usize = 5;

const SHIPPED: [(&str, usize, usize); 6] = [
    ("centerface.onnx", 640, 480),
    ("centerface.onnx", 1024, 768),
    ("retinaface_mnet025.onnx", 128, 128),
    ("retinaface_mnet025.onnx", 160, 160),
    ("retinaface_mnet025.onnx", 224, 224),
    ("sface.onnx", 112, 112),
];

const INSIGHTFACE: [(&str, usize, usize); 4] = [
    ("insightface-scrfd-500m.onnx", 640, 480),
    ("insightface-scrfd-500m.onnx", 640, 640),
    ("insightface-scrfd-500m.onnx", 1024, 768),
    ("insightface-w600k-mbf.onnx", 112, 112),
];

/// A model at one input size.
struct Case {
    file: PathBuf,
    width: usize,
    height: usize,
    network: Network,
    /// Milliseconds until the first network of this file was ready.
    ready: f64,
    input: Vec<f32>,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Case {
    fn new(file: PathBuf, width: usize, height: usize) -> Self {
        let bytes = std::fs::read(&file).unwrap();
        let start = Instant::now();
        let network = Graph::parse(&bytes).unwrap().network(width, height).unwrap();
        let ready = milliseconds(start.elapsed());
        let input = (0..3 * width * height).map(|index| (index % 251) as f32 / 125.0 - 1.0).collect();
        Self { file, width, height, network, ready, input, ours: Vec::new(), theirs: Vec::new() }
    }

    /// Milliseconds of the fastest of some runs.
    fn time(&self) -> f64 {
        let run = |_| {
            let start = Instant::now();
            self.network.run(&self.input).unwrap();
            milliseconds(start.elapsed())
        };
        (0..RUNS).map(run).fold(f64::INFINITY, f64::min)
    }
}

fn main() {
    let shipped = tempfile::tempdir().unwrap();
    let put = |name: &str, model: &[u8]| std::fs::write(shipped.path().join(name), model).unwrap();
    put("centerface.onnx", facetag_weights_detectors::CENTERFACE);
    put("retinaface_mnet025.onnx", facetag_weights_detectors::RETINAFACE);
    put("sface.onnx", &facetag_weights_sface::sface());
    let mut cases: Vec<Case> =
        SHIPPED.map(|(file, width, height)| Case::new(shipped.path().join(file), width, height)).into();
    if let Some(folder) = std::env::var_os("FACETAG_INSIGHTFACE").map(PathBuf::from) {
        cases.extend(INSIGHTFACE.map(|(file, width, height)| Case::new(folder.join(file), width, height)));
    }
    let mut peer = Peer::start();
    for _ in 0..ROUNDS {
        for case in &mut cases {
            case.ours.push(case.time());
            if let Some(peer) = &mut peer {
                case.theirs.push(peer.time(case));
            }
        }
    }

    println!("milliseconds, the median (and the least) of {ROUNDS} rounds, each the fastest of {RUNS} runs\n");
    println!("{:28} {:>9}  {:>15}  {:>15}  {:>5}  {:>5}", "", "", "facetag", "onnxruntime", "ratio", "ready");
    for case in &mut cases {
        let Case { file, width, height, ready, ours, theirs, .. } = case;
        let name = file.file_stem().unwrap().to_string_lossy();
        let (ours, theirs) = (Times::of(ours), Times::of(theirs));
        let ratio = ours.median / theirs.median;
        println!("{name:28} {width:4}x{height:<4}  {ours:>15}  {theirs:>15}  {ratio:5.2}  {ready:5.0}");
    }
}

/// onnxruntime in a process of its own.
struct Peer {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// `None` where onnxruntime is not installed, which is told.
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/ort_inference.py");
        let process = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let peer = process.ok().and_then(|mut process| {
            let mut peer = Self { questions: process.stdin.take()?, answers: BufReader::new(process.stdout.take()?) };
            let version = peer.answer()?;
            println!("against {version}");
            Some(peer)
        });
        if peer.is_none() {
            println!("Without onnxruntime to compare with: `pip install onnxruntime` brings it.");
        }
        peer
    }

    fn time(&mut self, case: &Case) -> f64 {
        writeln!(self.questions, "{}\t{}\t{}", case.file.display(), case.width, case.height).unwrap();
        self.answer().expect("onnxruntime ended").parse().unwrap()
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.answers.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim().to_owned())
    }
}

struct Times {
    median: f64,
    least: f64,
}

impl Times {
    fn of(times: &mut [f64]) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |index: usize| times.get(index).copied().unwrap_or(f64::NAN);
        Self { median: at(times.len() / 2), least: at(0) }
    }
}

/// `MEDIAN (LEAST)`
impl std::fmt::Display for Times {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(&format!("{:.2} ({:.2})", self.median, self.least))
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
