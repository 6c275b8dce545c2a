//! Torture: hostile files, kills at random moments, and disks that fill up, against a run that nobody disturbed; every original is hashed
//! before and after. `just torture` kills 200 times and makes the files large; here it is a short version.

#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use common::mutants::{Numbers, mutant};
use common::{Library, Run, fingerprint, fixture, fixtures, text};
use flate2::Compression;
use flate2::write::ZlibEncoder;

/// How often each is killed and each disk filled.
fn rounds() -> usize {
    std::env::var("FACETAG_TORTURE").map_or(3, |rounds| rounds.parse().expect("FACETAG_TORTURE is a number"))
}

fn is_long() -> bool {
    rounds() >= 50
}

const GOOD: [&str; 4] = ["obama-2010", "obama-2012", "biden-2010", "none"];

fn fill(library: &Library) {
    GOOD.iter().for_each(|name| drop(library.put(&format!("metadata/{name}.jpg"))));
}

/// What the library says of the good photos, without the numbers of rows, which depend on who was read first.
fn contents(library: &Library) -> Vec<String> {
    let mut photos = library.export();
    photos.retain(|name, _| GOOD.iter().any(|good| name == &format!("{good}.jpg")));
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, photo) in &mut photos {
        photo["path"] = name.as_str().into();
        for face in photo["faces"].as_array_mut().unwrap() {
            face["id"] = serde_json::Value::Null;
            let person = format!("{} {}", face["group"].take(), face["person"]["id"].take());
            groups.entry(person).or_default().push(name.clone());
        }
    }
    let mut lines: Vec<String> = photos.values().map(ToString::to_string).collect();
    let mut groups: Vec<String> = groups.values().map(|names| names.join(" ")).collect();
    groups.sort();
    lines.extend(groups);
    lines
}

fn undisturbed() -> Vec<String> {
    let library = Library::new();
    fill(&library);
    library.scan();
    contents(&library)
}

/// A PNG of these sizes in one colour, all of it as short as zlib makes it, and chunks before its pixels.
fn png(width: u32, height: u32, depth: u8, before: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, 2, 0, 0, 0]].concat();
    let row = vec![0; 1 + width as usize * 3 * usize::from(depth / 8)];
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    (0..height).for_each(|_| pixels.write_all(&row).unwrap());
    let before: Vec<u8> = before.iter().flat_map(|(kind, data)| chunk(kind, data)).collect();
    let pixels = chunk(b"IDAT", &pixels.finish().unwrap());
    [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..], &before, &pixels, &chunk(b"IEND", &[])].concat()
}

/// A profile that is nothing but zeros, and as many as these MB.
fn profile(megabytes: usize) -> Vec<u8> {
    let mut data = ZlibEncoder::new(b"zeros\0\0".to_vec(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    (0..megabytes).for_each(|_| data.write_all(&zeros).unwrap());
    data.finish().unwrap()
}

/// A TIFF whose field for the camera's make has so many zeros.
fn tiff_with_make(length: u32) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let fields = [
        entry(256, 3, 1, 1),
        entry(257, 3, 1, 1),
        entry(258, 3, 1, 8),
        entry(259, 3, 1, 1),
        entry(262, 3, 1, 1),
        entry(271, 2, length, 120),
        entry(273, 4, 1, 120),
        entry(279, 4, 1, 1),
    ];
    let mut file = [b"II*\0\x08\0\0\0\x08\0", &fields.concat()[..], &[0; 4]].concat();
    file.resize(120 + length as usize, 0);
    file
}

/// A progressive JPEG with its last scan repeated.
fn scans(times: usize) -> Vec<u8> {
    let seed = fs::read(fixture("formats/progressive.jpg")).unwrap();
    let last = seed.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap();
    let end = seed.windows(2).rposition(|marker| marker == [0xff, 0xd9]).unwrap();
    [&seed[..end], &seed[last..end].repeat(times), &seed[end..]].concat()
}

fn put_hostile(library: &Library) {
    let put = |name: &str, bytes: &[u8]| fs::write(library.photo(name), bytes).unwrap();
    let long = is_long();
    put("make.tif", &tiff_with_make(if long { 250 << 20 } else { 8 << 20 }));
    put("wide.png", &png(if long { 299_000_000 } else { 2_000_000 }, 1, 8, &[]));
    put("wide16.png", &png(if long { 99_000_000 } else { 1_000_000 }, 1, 16, &[]));
    put("profile.png", &png(8, 8, 8, &[(b"iCCP", profile(if long { 1024 } else { 64 }))]));
    if long {
        put("large16.png", &png(9_900, 9_900, 16, &[]));
    }
    put("scans.jpg", &scans(99));
    put("empty.jpg", b"");
    put("zeros.heic", &[0; 4096]);
    put("bell\u{7}\u{202e}gpj.jpg", b"no photo");
    assert!(Command::new("mkfifo").arg(library.photo("pipe.jpg")).status().unwrap().success());
    for name in fixtures("formats") {
        let (seed, mut numbers) = (fs::read(fixture(&format!("formats/{name}"))).unwrap(), Numbers::default());
        for index in 0..if long { 40 } else { 2 } {
            put(&format!("mutant-{index}-{name}"), &mutant(&seed, &mut numbers));
        }
    }
}

/// All but the pipe, which nobody can hash.
fn originals(library: &Library) -> impl PartialEq + std::fmt::Debug + use<> {
    let pipe = library.photo("pipe.jpg");
    let had = pipe.exists();
    drop(fs::remove_file(&pipe));
    let fingerprint = fingerprint(&library.photos());
    if had {
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    fingerprint
}

#[test]
fn hostile_files_cost_neither_the_scan_nor_the_photos_beside_them() {
    let library = Library::new();
    fill(&library);
    put_hostile(&library);
    let before = originals(&library);
    // Two threads with 1 GiB each, the models, and what the system maps for each thread.
    let mut limited = Command::new("sh");
    let scan = library.command(["scan", "--json", "--threads", "2", text(&library.photos())]);
    limited.args(["-c", "ulimit -v 6291456; exec \"$0\" \"$@\""]).arg(scan.get_program()).args(scan.get_args());
    limited.envs(scan.get_envs().filter_map(|(key, value)| Some((key, value?)))).current_dir(library.folder());
    let run = Run::of(limited.output().unwrap()).ends(1);
    for name in ["wide.png", "empty.jpg"].into_iter().chain(cfg!(feature = "heic").then_some("zeros.heic")) {
        assert!(run.stderr.contains(text(&library.photo(name))), "{name} is not named: {}", run.stderr);
    }
    assert!(!run.stderr.contains(['\u{7}', '\u{202e}']), "a name gives orders to the terminal");
    // A line a warning, and now and then how far it is.
    let is_told = |line: &str| line.starts_with("warning: ") || line.ends_with(" left");
    assert!(run.stderr.lines().all(is_told), "{}", run.stderr);
    assert_eq!(contents(&library), undisturbed());
    assert_eq!(originals(&library), before, "a photo was changed");
}

/// A TIFF of 9900x9900 pixels in one tile of a GB.
fn tiff_of_one_tile() -> Vec<u8> {
    let (side, tile) = (9_900_u32, 18_944_u32);
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    let row = vec![0; tile as usize * 3];
    (0..tile).for_each(|_| pixels.write_all(&row).unwrap());
    let pixels = pixels.finish().unwrap();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    // Three colours of 8 bits each, which stand behind the fields.
    let fields = [
        entry(256, 4, 1, side),
        entry(257, 4, 1, side),
        entry(258, 3, 3, 146),
        entry(259, 3, 1, 8),
        entry(262, 3, 1, 2),
        entry(277, 3, 1, 3),
        entry(284, 3, 1, 1),
        entry(322, 4, 1, tile),
        entry(323, 4, 1, tile),
        entry(324, 4, 1, 152),
        entry(325, 4, 1, pixels.len() as u32),
    ];
    [b"II*\0\x08\0\0\0\x0b\0", &fields.concat()[..], &[0; 4], &[8, 0, 8, 0, 8, 0], &pixels].concat()
}

/// The most memory that a scan took, in KB.
fn peak(library: &Library) -> u64 {
    let mut scan = library.command(["scan", "--threads", "2", text(&library.photos())]).spawn().unwrap();
    let status = format!("/proc/{}/status", scan.id());
    let mut most = 0;
    while scan.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        most = most.max(line.map_or(0, |number| number.trim().parse().unwrap()));
        std::thread::sleep(Duration::from_millis(20));
    }
    most
}

/// Up to 100 megapixels, no file takes more than a GiB.
#[test]
fn bombs_take_at_most_a_gib() {
    if !is_long() {
        return eprintln!("left out: it takes minutes");
    }
    let mut bombs: Vec<(String, Vec<u8>)> = fixtures("bombs")
        .into_iter()
        .map(|name| (name.clone(), fs::read(fixture(&format!("bombs/{name}"))).unwrap()))
        .collect();
    bombs.push(("tile.tif".to_owned(), tiff_of_one_tile()));
    bombs.push(("make.tif".to_owned(), tiff_with_make(250 << 20)));
    bombs.push(("16-bit.png".to_owned(), png(9_900, 9_900, 16, &[])));
    bombs.push(("profile.png".to_owned(), png(8, 8, 8, &[(b"iCCP", profile(1024))])));
    for (name, bytes) in bombs {
        let library = Library::new();
        fs::write(library.photo(&name), bytes).unwrap();
        let peak = peak(&library);
        eprintln!("{name}: {} MB", peak >> 10);
        assert!(peak > 0 && peak <= 1 << 20, "{name}: {peak} KB");
        assert_eq!(library.facetag(["stats", "--json"]).well().json()["unreadable"], 0, "{name}");
    }
}

/// A moment within so long, at random.
fn moment(numbers: &mut Numbers, most: Duration) -> Duration {
    most.mul_f64(numbers.below(1000) as f64 / 1000.0)
}

/// Starts a command and kills it at a moment at random; whether it ended before.
fn killed(library: &Library, args: &[&str], numbers: &mut Numbers, most: Duration) -> bool {
    let mut child = library.command(args).spawn().unwrap();
    std::thread::sleep(moment(numbers, most));
    // It may have ended already.
    drop(child.kill());
    child.wait().unwrap().code().is_some()
}

#[test]
fn scans_killed_at_random_moments_lose_nothing() {
    let started = Instant::now();
    let whole = undisturbed();
    // On a busy machine a scan takes longer.
    let most = started.elapsed();
    let library = Library::new();
    fill(&library);
    let before = originals(&library);
    let mut numbers = Numbers::default();
    let (mut kills, mut scans) = (0, 0);
    while kills < rounds() {
        if !killed(&library, &["scan", text(&library.photos())], &mut numbers, most) {
            kills += 1;
            continue;
        }
        // After so many kills the library is complete: the next are of another.
        assert_eq!(contents(&library), whole, "after {kills} kills");
        fs::remove_dir_all(library.home()).unwrap();
        scans += 1;
    }
    library.scan();
    assert_eq!(contents(&library), whole);
    library.facetag(["check", "--quick"]).well();
    assert_eq!(originals(&library), before, "a photo was changed");
    eprintln!("{kills} kills, {scans} scans that came to their end between them");
}

/// A decision that is killed is made or not made, and nothing between.
#[test]
fn decisions_killed_at_random_moments_are_whole_or_not_there() {
    let library = Library::new();
    fill(&library);
    library.scan();
    let before = originals(&library);
    library.name("obama-2010.jpg", "Person 0");
    library.name("biden-2010.jpg", "Joe");
    let (who, joe, face) =
        (library.number("obama-2010.jpg"), library.number("biden-2010.jpg"), library.face_id("obama-2012.jpg"));
    let mut numbers = Numbers::default();
    let (mut made, mut not_made) = (0, 0);
    for round in 1..=rounds() {
        let next = format!("Person {round}");
        let command: &[&str] = match round % 6 {
            0 => &["merge", &joe, &who],
            1 => &["rename", &who, &next],
            2 => &["reject", &who, &face],
            3 => &["confirm", &who, &face],
            _ => &["undo"],
        };
        let was = contents(&library);
        let other = Library::from(&library.bytes());
        let started = Instant::now();
        let well = other.facetag(command).code == 0;
        let took = started.elapsed();
        let expected = contents(&other);
        let ended = killed(&library, command, &mut numbers, took);
        let is = contents(&library);
        assert!(is == expected || (!ended && is == was), "{command:?}, undisturbed {well}: {was:#?}, then {is:#?}");
        if is == was && is != expected {
            not_made += 1;
        } else {
            made += 1;
        }
    }
    library.facetag(["check", "--quick"]).well();
    assert_eq!(originals(&library), before, "a photo was changed");
    eprintln!("{made} decisions were made, {not_made} were not");
}

#[test]
fn disks_that_fill_up_lose_nothing() {
    let library = Library::new();
    fill(&library);
    let (before, whole) = (originals(&library), undisturbed());
    let disk = library.folder().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs", text(&disk)]).status().is_ok_and(|status| status.success())
    };
    let mut numbers = Numbers::default();
    for _ in 0..rounds().div_ceil(4) {
        if !mount("size=64m") {
            return eprintln!("left out: nothing may be mounted here");
        }
        // So much is left for the library that it gets full somewhere.
        let free = 64 * 1024 + numbers.below(512 * 1024);
        let filler = disk.join("filler");
        File::create(&filler).unwrap().write_all(&vec![1; (64 << 20) - free]).unwrap();
        let home = disk.join("library");
        let scan = |args: &[&str]| library.facetag([&["--library", text(&home)], args].concat());
        let full = scan(&["scan", text(&library.photos())]);
        fs::remove_file(filler).unwrap();
        let after = scan(&["scan", "--json", text(&library.photos())]);
        let kept = fs::read(home.join("library.sqlite"));
        assert!(Command::new("umount").arg(&disk).status().unwrap().success());
        if full.code != 0 {
            assert!(full.stderr.contains("is full") && full.stderr.contains(text(&disk)), "{}", full.stderr);
        }
        after.well();
        assert_eq!(contents(&Library::from(&kept.unwrap())), whole);
    }
    assert_eq!(originals(&library), before, "a photo was changed");
}
