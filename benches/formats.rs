//! Decoders and readers of metadata against real files and damaged ones.
//!
//! - `cargo bench --bench formats -- decode FILE...`: a line a file: format, size, milliseconds, the process's largest memory so
//!   far in MB, time and camera, or what is wrong. With `OUT=FOLDER` the pixels go there as PPM, to be compared with those of
//!   another decoder.
//! - `cargo bench --bench formats -- mutants COUNT FILE...`: so many damaged copies of each file; says what took longest, what took
//!   most memory, and ends at once where a decoder aborts.
//!
//! `--profile dev` saves an optimised build of facetag itself; the decoders are optimised in either.

#[path = "../tests/common/mutants.rs"]
mod mutants;

use std::path::Path;
use std::time::{Duration, Instant};

use facetag::metadata::Metadata;
use facetag::metadata::packets::xmp_packets;
use facetag::photo::{Format, PhotoError, contain, decode, header};
use image::RgbImage;
use mutants::{Numbers, mutant};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["decode", files @ ..] => files.iter().for_each(|file| report(Path::new(file))),
        ["mutants", count, files @ ..] => damage(count.parse().expect("a number of mutants"), files),
        _ => println!("decode FILE... or mutants COUNT FILE...; without either, nothing is measured"),
    }
}

fn photo(bytes: &[u8]) -> (Metadata, Result<RgbImage, PhotoError>) {
    let metadata = Metadata::read(bytes);
    let pixels = header(bytes).and_then(|header| decode(bytes, &header, metadata.orientation));
    (metadata, pixels)
}

fn report(path: &Path) {
    let bytes = std::fs::read(path).expect("the file can be read");
    let format = Format::sniff(&bytes).map_or("-", Format::name);
    let start = Instant::now();
    let (metadata, pixels) = photo(&bytes);
    let took = start.elapsed().as_millis();
    let about = format!(
        "{}\t{}\t{} XMP",
        metadata.taken.map_or("-".to_owned(), |taken| taken.to_string()),
        metadata.camera.as_deref().unwrap_or("-"),
        xmp_packets(&bytes).len()
    );
    match pixels {
        Ok(pixels) => {
            let (width, height) = pixels.dimensions();
            println!("{}\t{format}\t{width}x{height}\t{took} ms\t{} MB\t{about}", path.display(), peak());
            if let Ok(folder) = std::env::var("OUT") {
                let name = path.to_string_lossy().replace('/', "_");
                let ppm = [format!("P6 {width} {height} 255\n").as_bytes(), pixels.as_raw()].concat();
                std::fs::write(Path::new(&folder).join(name + ".ppm"), ppm).expect("the folder can be written to");
            }
        }
        Err(error) => println!("{}\t{format}\tERROR {error}\t{took} ms\t{} MB\t{about}", path.display(), peak()),
    }
}

/// The most memory that the process has taken, in MB, where the system says so.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn damage(count: usize, files: &[&str]) {
    for file in files {
        let seed = std::fs::read(file).expect("the file can be read");
        let mut numbers = Numbers::default();
        let (mut read, mut panicked, mut longest) = (0, 0, (Duration::ZERO, 0));
        for index in 0..count {
            let bytes = mutant(&seed, &mut numbers);
            // What is running, for the one who must find out what ended the process.
            if let Ok(path) = std::env::var("MUTANT") {
                std::fs::write(path, &bytes).expect("the mutant can be written");
            }
            let start = Instant::now();
            match contain(|| (photo(&bytes).1.is_ok(), xmp_packets(&bytes).len())) {
                Ok((pixels, _)) => read += usize::from(pixels),
                Err(panic) => {
                    panicked += 1;
                    println!("{file}: mutant {index} panicked uncontained: {panic}");
                }
            }
            longest = longest.max((start.elapsed(), index));
        }
        println!(
            "{file}\t{count} mutants\t{read} read\t{panicked} uncontained panics\tlongest {} ms (mutant {})\t{} MB",
            longest.0.as_millis(),
            longest.1,
            peak()
        );
    }
}
