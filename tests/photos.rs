//! Photos of every format, turned every way, and files that are none.

mod common;
#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::mutants::{Numbers, mutant};
use common::{Library, fixture, fixtures, overlap, text};
use facetag::metadata::Metadata;
use facetag::metadata::packets::xmp_packets;
use facetag::photo::{Orientation, decode, header};

#[test]
#[cfg_attr(not(all(feature = "avif", feature = "heic", feature = "jxl")), ignore = "needs HEIC, AVIF and JPEG XL")]
fn every_format_is_read_and_its_face_found() {
    let names = fixtures("formats");
    let library = Library::new();
    for name in &names {
        library.put(&format!("formats/{name}"));
    }
    assert_eq!(library.scan()["photos"], names.len());
    let export = library.export();
    let first = &export["rgb8.png"]["faces"][0];
    for name in &names {
        let photo = &export[name];
        let size = if name == "rgb16.png" { (160, 200) } else { (200, 250) };
        assert_eq!((&photo["width"], &photo["height"]), (&size.0.into(), &size.1.into()), "{name}");
        assert_eq!(photo["faces"].as_array().unwrap().len(), 1, "{name}: {photo}");
        let face = &photo["faces"][0];
        assert!(overlap(&face["box"], &first["box"]) > 0.9, "{name}: {face}, not {first}");
        assert_eq!(face["group"], first["group"], "{name} shows the same person");
    }
}

#[test]
#[cfg_attr(not(all(feature = "avif", feature = "heic", feature = "jxl")), ignore = "needs HEIC, AVIF and JPEG XL")]
fn metadata_is_read_from_every_container() {
    for name in ["photo.heic", "photo.avif", "photo.jxl", "ifd-pointer.tif", "turned.heic", "raw.dng"] {
        let bytes = fs::read(fixture(&format!("formats/{name}"))).unwrap();
        let taken = Metadata::read(&bytes).taken.map(|taken| taken.to_string());
        assert_eq!(taken.as_deref(), Some("2024-07-14T18:30:05"), "{name}");
    }
    for name in ["photo.heic", "photo.avif", "photo.jxl"] {
        let packets = xmp_packets(&fs::read(fixture(&format!("formats/{name}"))).unwrap());
        assert!(packets.len() == 1 && text_of(&packets[0]).contains("a packet"), "{name}: {packets:?}");
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
#[cfg_attr(not(all(feature = "avif", feature = "heic", feature = "jxl")), ignore = "needs HEIC, AVIF and JPEG XL")]
fn a_file_that_lost_its_tail_shows_what_is_left_or_says_so() {
    for name in fixtures("formats") {
        let bytes = fs::read(fixture(&format!("formats/{name}"))).unwrap();
        for tenths in [1, 5, 9] {
            let rest = &bytes[..bytes.len() * tenths / 10];
            match header(rest).and_then(|header| decode(rest, &header, Orientation::Normal)) {
                Ok(pixels) => assert!(pixels.width() >= 160, "{name}"),
                Err(error) => assert!(!error.to_string().contains("panic"), "{name}: {error}"),
            }
        }
    }
    // Those that are stored row by row.
    for name in
        ["rgb8.png", "cmyk.jpg", "progressive.jpg", "bytes-before.jpg", "jpeg-named.heic", "rgb.bmp", "photo.heic"]
    {
        let bytes = fs::read(fixture(&format!("formats/{name}"))).unwrap();
        let rest = &bytes[..bytes.len() * 7 / 10];
        header(rest)
            .and_then(|header| decode(rest, &header, Orientation::Normal))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

/// More of them: `cargo bench --bench formats -- mutants 2000 tests/fixtures/formats/*`.
#[test]
fn damaged_photos_neither_end_the_process_nor_keep_it_for_long() {
    for name in fixtures("formats") {
        let seed = fs::read(fixture(&format!("formats/{name}"))).unwrap();
        let mut numbers = Numbers::default();
        for index in 0..50 {
            let bytes = mutant(&seed, &mut numbers);
            let start = Instant::now();
            let metadata = Metadata::read(&bytes);
            let _ = header(&bytes).and_then(|header| decode(&bytes, &header, metadata.orientation));
            let _ = xmp_packets(&bytes);
            assert!(start.elapsed() < Duration::from_secs(60), "{name}: mutant {index} takes for ever");
        }
    }
}

/// The files that a fuzzer found worth keeping, and damaged copies of each.
#[test]
fn the_fuzzers_corpus_neither_ends_the_process_nor_keeps_it_for_long() {
    const MUTANTS: usize = 10;
    for (name, target) in [("decode", targets::decode_photo as fn(&[u8])), ("metadata", targets::read_metadata)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(paths.len() > 40, "{}: {} files", folder.display(), paths.len());
        for path in paths {
            let seed = fs::read(&path).unwrap();
            let mut numbers = Numbers::default();
            for mutants in 0..=MUTANTS {
                let bytes = if mutants == 0 { seed.clone() } else { mutant(&seed, &mut numbers) };
                let start = Instant::now();
                // A panic that is not contained fails the test.
                target(&bytes);
                assert!(
                    start.elapsed() < Duration::from_secs(60),
                    "{}: mutant {mutants} takes for ever",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_content_counts_and_not_the_extension() {
    let library = Library::new();
    library.put_as("metadata/biden-2010.jpg", "biden.png");
    library.put_as("formats/lossy.webp", "HOPPER.JPEG");
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["faces"]), (&2.into(), &2.into()), "{summary}");
}

#[test]
fn a_photo_is_upright_however_it_is_stored() {
    let names = fixtures("orientation");
    assert_eq!(names.len(), 8);
    let library = Library::new();
    for name in &names {
        library.put(&format!("orientation/{name}"));
    }
    library.scan();
    let export = library.export();
    let upright = &export["1.jpg"];
    assert_eq!(upright["faces"].as_array().unwrap().len(), 3, "{upright}");
    for name in &names {
        let photo = &export[name];
        assert_eq!((&photo["width"], &photo["height"]), (&480.into(), &320.into()), "{name}");
        let faces = photo["faces"].as_array().unwrap();
        assert_eq!(faces.len(), 3, "{name}: {photo}");
        for (face, expected) in faces.iter().zip(upright["faces"].as_array().unwrap()) {
            assert!(overlap(&face["box"], &expected["box"]) > 0.9, "{name}: {face}, not {expected}");
            assert_eq!(face["group"], expected["group"], "{name} shows the same people");
        }
    }
}

#[test]
fn a_broken_file_is_told_with_its_path_and_reason_and_remembered() {
    let library = Library::with(&["metadata/biden-2010.jpg"]);
    let reasons = [
        ("empty.jpg", "empty"),
        ("truncated-early.jpg", "the JPEG is damaged"),
        ("noise.jpg", "not a picture"),
        ("text.png", "a text"),
        ("wrong-crc.png", "the PNG is damaged"),
        ("heic-named.jpg", "HEIC"),
        ("bomb.png", "50000 x 50000"),
    ];
    for (name, _) in reasons {
        library.put(&format!("broken/{name}"));
    }
    let first = library.facetag(["scan", "--json", "photos"]).ends(1);
    assert_eq!((&first.json()["photos"], &first.json()["unreadable"]), (&1.into(), &reasons.len().into()));
    let warns = |run: &common::Run, name: &str, reason: &str| {
        let path = text(&library.photo(name)).to_owned();
        run.stderr.lines().any(|line| line.contains(&path) && line.contains(reason))
    };
    for (name, reason) in reasons {
        assert!(warns(&first, name, reason), "no warning of {name} ({reason}) in: {}", first.stderr);
    }
    assert!(!first.stderr.contains("biden"), "{}", first.stderr);
    assert!(!first.stderr.contains("panicked"), "{}", first.stderr);

    // Neither tried again nor forgotten.
    let second = library.facetag(["scan", "--json"]).ends(1);
    assert_eq!((&second.json()["unreadable"], &second.json()["unchanged"]), (&reasons.len().into(), &1.into()));
    assert_eq!(second.stderr, "");
    assert_eq!(library.facetag(["stats", "--json"]).well().json()["unreadable"], reasons.len());

    let retried = library.facetag(["scan", "--json", "--retry-failed"]).ends(1);
    for (name, reason) in reasons {
        assert!(warns(&retried, name, reason), "{name} was not tried again: {}", retried.stderr);
    }
    assert_eq!(library.export().into_keys().collect::<Vec<_>>(), ["biden-2010.jpg"]);
}

#[test]
fn a_file_that_was_mended_is_a_photo() {
    let library = Library::with(&["metadata/none.jpg"]);
    let broken = library.put_as("broken/empty.jpg", "photo.jpg");
    library.scan_to_end(1);
    library.put_as("metadata/biden-2010.jpg", "photo.jpg");
    let summary = library.scan();
    assert_eq!((&summary["photos"], &summary["unreadable"]), (&1.into(), &0.into()));
    assert!(library.export().contains_key("photo.jpg"));

    // One that is gone is no longer a reason to warn.
    fs::write(&broken, "").unwrap();
    library.scan_to_end(1);
    fs::remove_file(&broken).unwrap();
    assert_eq!(library.scan()["unreadable"], 0);
}

#[test]
fn a_photo_that_breaks_gets_its_names_back_when_it_is_restored() {
    let library = Library::scanned(&["metadata/biden-2010.jpg"]);
    library.name("biden-2010.jpg", "Joe");
    let before = library.face("biden-2010.jpg");
    fs::write(library.photo("biden-2010.jpg"), "").unwrap();
    assert_eq!(library.scan_to_end(1)["unreadable"], 1);
    assert!(library.find(&["Joe"]).is_empty(), "a broken photo is not offered");
    assert!(library.export().is_empty(), "nor exported under the hash of what it was");

    library.put("metadata/biden-2010.jpg");
    library.scan();
    assert_eq!(library.face("biden-2010.jpg"), before);
    assert_eq!(library.find(&["Joe"]), ["biden-2010.jpg"]);
}

#[test]
fn half_a_photo_is_read_as_far_as_it_goes_or_refused() {
    let library = Library::with(&["broken/truncated-late.jpg", "formats/rgb8.png"]);
    let run = library.facetag(["scan", "--json", "photos"]);
    // The upper half shows the face: either is right, if it is said.
    let readable = library.export().contains_key("truncated-late.jpg");
    run.ends(if readable { 0 } else { 1 });
    if readable {
        let face = library.face("truncated-late.jpg");
        assert!(overlap(&face["box"], &library.face("rgb8.png")["box"]) > 0.5, "{face}");
    }
}

#[test]
fn the_same_broken_content_twice_is_two_broken_files() {
    let library = Library::new();
    library.put_as("broken/noise.jpg", "a.jpg");
    library.put_as("broken/noise.jpg", "b.jpg");
    let run = library.facetag(["scan", "--json", "photos"]).ends(1);
    assert_eq!(run.json()["unreadable"], 2);
    assert_eq!(library.scan_to_end(1)["unreadable"], 2, "both are remembered");
    assert!(run.stderr.contains("a.jpg") && run.stderr.contains("b.jpg"), "both are told: {}", run.stderr);
}

#[test]
fn raw_and_jpeg_of_one_shot_are_one_photo() {
    let library = Library::new();
    library.put_as("formats/raw.dng", "IMG_1.DNG");
    let jpeg = library.put_as("formats/jpeg-named.heic", "IMG_1.JPG");
    library.put_as("formats/lossy.webp", "IMG_2.webp");
    library.put_as("formats/raw.dng", "elsewhere/IMG_1.DNG");
    library.scan();
    let group = library.facetag(["people", "--json"]).well().json()[0]["id"].to_string();
    library.facetag(["name", &group, "Anna"]).well();
    let counts = |what: &str| {
        let count = |args: &[&str]| library.facetag([&["find", "--count"], args].concat()).stdout.trim().to_owned();
        let people = library.facetag(["people", "--json"]).well().json();
        let stats = library.facetag(["stats", "--json"]).well().json();
        let [anna, all, copies] = [count(&["Anna"]), count(&["--in", "photos"]), count(&["Anna", "--copies"])];
        (
            what.to_owned(),
            anna,
            all,
            copies,
            people[0]["photos"].clone(),
            people[0]["faces"].clone(),
            stats["photos"].clone(),
        )
    };
    let expected = |what: &str, photos: u64, files: u64| {
        let text = photos.to_string();
        (what.to_owned(), text.clone(), text, files.to_string(), photos.into(), photos.into(), photos.into())
    };
    assert_eq!(counts("both"), expected("both", 2, 4));
    let listed = library.facetag(["find", "Anna"]).well().stdout;
    assert!(listed.contains("IMG_1.JPG") && !listed.contains("DNG"), "{listed}");
    let page = library.facetag(["find", "--in", "photos/elsewhere"]).well().stdout;
    assert!(page.contains("IMG_1.DNG"), "where the JPEG is not looked for, the RAW file is found: {page}");

    // Without the JPEG the RAW file stands for itself, and with it no longer.
    let away = library.folder().join("away.jpg");
    fs::rename(&jpeg, &away).unwrap();
    library.scan();
    let listed = library.facetag(["find", "Anna"]).well().stdout;
    assert!(listed.contains("IMG_1.DNG") && !listed.contains("JPG"), "{listed}");
    fs::rename(&away, &jpeg).unwrap();
    library.scan();
    assert_eq!(counts("both again"), expected("both again", 2, 4));
    assert_eq!(library.facetag(["scan", "--rebuild", "--json"]).well().json()["unreadable"], 0);
    assert_eq!(counts("rebuilt"), expected("rebuilt", 2, 4));
}

#[test]
#[cfg_attr(not(all(feature = "avif", feature = "heic", feature = "jxl")), ignore = "needs HEIC, AVIF and JPEG XL")]
fn the_video_of_a_live_or_motion_photo_belongs_to_it() {
    let library = Library::with(&["formats/photo.heic"]);
    for (video, content) in [("photo.MOV", "a"), ("photo_HEVC.mov", "b"), ("clip.MOV", "c")] {
        fs::write(library.photo(video), content).unwrap();
    }
    let jpeg = fs::read(fixture("formats/grey.jpg")).unwrap();
    let packet = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description GCamera:MotionPhoto=\"1\"/></x:xmpmeta>";
    let length = (packet.len() as u16 + 2).to_be_bytes();
    let video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    let motion = [&jpeg[..2], &[0xff, 0xe1], &length, packet, &jpeg[2..], video].concat();
    fs::write(library.photo("motion.jpg"), motion).unwrap();
    let run = library.facetag(["scan", text(&library.photos())]).well();
    for line in
        ["2 photos read", "Live Photos: 2 videos beside them.", "Motion photos: 1 video inside them.", "1 video ("]
    {
        assert!(run.stdout.contains(line), "no {line:?} in: {}", run.stdout);
    }
    let summary = library.scan();
    assert_eq!((&summary["live_videos"], &summary["skipped"]["video"]["count"]), (&2.into(), &1.into()), "{summary}");
}

#[test]
#[cfg_attr(not(all(feature = "avif", feature = "heic", feature = "jxl")), ignore = "needs HEIC, AVIF and JPEG XL")]
fn what_is_transparent_in_a_grid_shows_white() {
    let bytes = fs::read(fixture("avif/grid-alpha.avif")).unwrap();
    let pixels = decode(&bytes, &header(&bytes).unwrap(), Orientation::Normal).unwrap();
    // As Pillow 12 with libavif lays it over white.
    for (x, y, colour) in [(10, 10, [255; 3]), (75, 75, [255; 3]), (39, 30, [112, 194, 31]), (5, 24, [54, 103, 5])] {
        let pixel = pixels.get_pixel(x, y).0;
        assert!(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 8), "{x} {y}: {pixel:?}, not {colour:?}");
    }
}
