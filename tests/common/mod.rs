//! A library of its own for each test, driven through the real binary.

#![allow(dead_code, reason = "each test file uses its part of this")]

pub mod mutants;
#[cfg(target_os = "linux")]
pub mod network_disk;
#[cfg(feature = "postgres")]
pub mod postgres_server;
pub mod server;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use image::imageops::FilterType;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with photos, a library beside it, and a home in which nothing of the user's is touched.
pub struct Library {
    /// Removed at the end of the test.
    _folder: TempDir,
    path: PathBuf,
}

/// What a command said, and its exit code (-1 after a signal).
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// As it was written, for paths of any bytes.
    pub raw: Vec<u8>,
}

impl Library {
    /// Without a photo, and not yet made.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // On macOS the folder for temporary files is a link, and the library keeps true paths.
        let path = folder.path().canonicalize().unwrap();
        fs::create_dir(path.join("photos")).unwrap();
        Self { _folder: folder, path }
    }

    /// With these fixtures (`metadata/tokyo.jpg`) in its folder, not yet scanned.
    pub fn with(fixtures: &[&str]) -> Self {
        let library = Self::new();
        for name in fixtures {
            library.put(name);
        }
        library
    }

    /// The same, scanned. The scan itself is done once in each test file: the library is then copied, and taken to where
    /// the copies of the photos lie.
    pub fn scanned(fixtures: &[&str]) -> Self {
        Self::scanned_and_blurred(fixtures, &[])
    }

    /// The same with [`Library::put_blurred`] of some fixtures beside the others.
    pub fn scanned_and_blurred(fixtures: &[&str], blurred: &[(&str, &str, u32)]) -> Self {
        static SCANNED: Mutex<BTreeMap<String, (PathBuf, Vec<u8>)>> = Mutex::new(BTreeMap::new());
        let key = format!("{fixtures:?} {blurred:?}");
        let put = |library: &Self| {
            fixtures.iter().for_each(|name| drop(library.put(name)));
            blurred.iter().for_each(|(name, to, side)| drop(library.put_blurred(name, to, *side)));
        };
        let mut scanned = SCANNED.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, bytes) = scanned.entry(key).or_insert_with(|| {
            let library = Self::new();
            put(&library);
            library.scan();
            (library.photos(), library.bytes())
        });
        let library = Self::from_elsewhere(bytes, then);
        put(&library);
        library
    }

    /// A copy of a library whose photos lay in the folder `then`, and lie in this one's.
    pub fn from_elsewhere(bytes: &[u8], then: &Path) -> Self {
        let library = Self::from(bytes);
        let sqlite = rusqlite::Connection::open(library.file()).unwrap();
        for table in ["files", "roots"] {
            let sql = format!("UPDATE {table} SET path = replace(path, ?1, ?2)");
            sqlite.execute(&sql, [text(then), text(&library.photos())]).unwrap();
        }
        drop(sqlite);
        library
    }

    /// A copy of a library that another test scanned, see [`Library::bytes`]. Its photos lie where they lay then.
    pub fn from(bytes: &[u8]) -> Self {
        let library = Self::new();
        fs::create_dir(library.home()).unwrap();
        fs::write(library.file(), bytes).unwrap();
        library
    }

    /// The SQLite file, which is whole while nobody has it open: not even this test, as to close it here would drop the locks of
    /// every connection of this process.
    pub fn bytes(&self) -> Vec<u8> {
        assert!(!self.home().join("library.sqlite-wal").exists(), "the last command left its log behind");
        fs::read(self.file()).unwrap()
    }

    /// Where a test may keep what it likes.
    pub fn folder(&self) -> &Path {
        &self.path
    }

    pub fn photos(&self) -> PathBuf {
        self.path.join("photos")
    }

    pub fn photo(&self, name: &str) -> PathBuf {
        self.photos().join(name)
    }

    /// The folder that `FACETAG_LIBRARY` names.
    pub fn home(&self) -> PathBuf {
        self.path.join("library")
    }

    pub fn file(&self) -> PathBuf {
        self.home().join("library.sqlite")
    }

    /// Copies a fixture into the folder of photos, under its own name.
    pub fn put(&self, name: &str) -> PathBuf {
        let from = fixture(name);
        self.put_as(name, from.file_name().unwrap().to_str().unwrap())
    }

    pub fn put_as(&self, name: &str, to: &str) -> PathBuf {
        let to = self.photo(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(&to, fs::read(fixture(name)).unwrap()).unwrap();
        set_times(&to, FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)));
        to
    }

    /// Puts a fixture there as a bad lens sees it, with no more detail than a photo of `side` pixels: its face is like the sharp
    /// one, and not surely the same.
    pub fn put_blurred(&self, name: &str, to: &str, side: u32) -> PathBuf {
        let (photo, to) = (image::open(fixture(name)).unwrap(), self.photo(to));
        let small = photo.resize(side, side, FilterType::Triangle);
        small.resize_exact(photo.width(), photo.height(), FilterType::Triangle).save(&to).unwrap();
        set_times(&to, FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)));
        to
    }

    /// The command, ready to be run or started.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_facetag"));
        command.args(args).env("FACETAG_LIBRARY", self.home()).env("HOME", self.path.join("home"));
        command.env_remove("XDG_DATA_HOME").current_dir(&self.path);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn facetag<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// The same with these lines typed, and then the end of the input.
    pub fn typing<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, lines: &str) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // One that asks for less than is typed closes its end.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        Run::of(child.wait_with_output().unwrap())
    }

    /// Scans the folder of photos, which must go well, and gives the summary.
    pub fn scan(&self) -> Value {
        self.scan_to_end(0)
    }

    /// Scans the folder of photos to this exit code, and gives the summary.
    pub fn scan_to_end(&self, code: i32) -> Value {
        self.facetag(["scan", "--json", text(&self.photos())]).ends(code).json()
    }

    /// Changes to another pack of the same models, under a name of its own.
    pub fn use_another_pack(&self) {
        let pack = self.home().join("packs/twin");
        fs::create_dir_all(&pack).unwrap();
        fs::write(pack.join("detector.onnx"), facetag_weights_detectors::CENTERFACE).unwrap();
        fs::write(pack.join("recogniser.onnx"), facetag_weights_sface::sface()).unwrap();
        let info = json!({
            "name": "twin", "licence": "as the open one", "dimension": 128, "detector": "centerface",
            "detector_threshold": 0.3, "detector_side": 1024, "recogniser_scale": 128.0,
            "thresholds": {"group": 0.52, "auto_tag": 0.54, "auto_tag_single": 0.04, "margin": 0.1, "normalisation": 0.75},
            "calibration": {"slope": 28.4, "offset": 7.1},
        });
        fs::write(pack.join("pack.json"), info.to_string()).unwrap();
        self.facetag(["models", "use", "twin"]).well();
        assert!(self.facetag(["export"]).well().stdout.contains("twin"));
    }

    /// The photos of `export`, by the name of their file.
    pub fn export(&self) -> BTreeMap<String, Value> {
        let export = self.facetag(["export"]).well().json();
        let photos = export["photos"].as_array().unwrap().iter();
        photos.map(|photo| (file_name(photo["path"].as_str().unwrap()), photo.clone())).collect()
    }

    /// The one face in a photo, as exported.
    pub fn face(&self, photo: &str) -> Value {
        let export = self.export();
        let faces = export.get(photo).unwrap_or_else(|| panic!("{photo} is not exported"))["faces"].clone();
        assert_eq!(faces.as_array().unwrap().len(), 1, "faces in {photo}: {faces}");
        faces[0].clone()
    }

    /// The number of the group or person whose face is the only one in a photo.
    pub fn number(&self, photo: &str) -> String {
        self.face(photo)["group"].to_string()
    }

    /// The largest face in a photo, as exported.
    pub fn main_face(&self, photo: &str) -> Value {
        let faces = self.export()[photo]["faces"].as_array().unwrap().clone();
        let area = |face: &Value| face["box"][2].as_f64().unwrap() * face["box"][3].as_f64().unwrap();
        faces.into_iter().max_by(|a, b| area(a).total_cmp(&area(b))).unwrap()
    }

    /// The number of the largest face in a photo.
    pub fn face_id(&self, photo: &str) -> String {
        self.main_face(photo)["id"].to_string()
    }

    /// Names whoever is in a photo alone.
    pub fn name(&self, photo: &str, name: &str) -> String {
        let number = self.number(photo);
        self.facetag(["name", &number, name]).well();
        number
    }

    /// What `find` prints, as file names in the order printed; nothing found is an empty list.
    pub fn find(&self, args: &[&str]) -> Vec<String> {
        let run = self.facetag(["find"].iter().chain(args));
        let found: Vec<String> = run.stdout.lines().map(file_name).collect();
        assert_eq!(run.code, i32::from(found.is_empty()), "find {args:?}: {}", run.stderr);
        found
    }

    /// The same for somebody who may not be known at all.
    pub fn find_if_known(&self, who: &str) -> Vec<String> {
        let run = self.facetag(["find", who]);
        if run.code == 2 { Vec::new() } else { run.stdout.lines().map(file_name).collect() }
    }

    /// `people --all --json`
    pub fn people(&self) -> Vec<Value> {
        let run = self.facetag(["people", "--all", "--json"]);
        assert!(run.code < 2, "{}", run.stderr);
        run.json().as_array().unwrap().clone()
    }

    pub fn person(&self, name: &str) -> Value {
        let people = self.people();
        people.iter().find(|person| person["name"] == name).unwrap_or_else(|| panic!("no {name} in {people:?}")).clone()
    }

    /// How many have a name.
    pub fn person_count(&self) -> usize {
        self.people().iter().filter(|person| !person["name"].is_null()).count()
    }

    /// The library as other programs can read it, which must not change it.
    pub fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open_with_flags(self.file(), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    /// Keeps everybody else from writing into the library, until it is dropped: a scan that has begun stands still.
    pub fn hold(&self) -> rusqlite::Connection {
        let sqlite = rusqlite::Connection::open(self.file()).unwrap();
        sqlite.execute_batch("BEGIN IMMEDIATE").unwrap();
        sqlite
    }

    /// A number out of the library.
    pub fn number_of(&self, what: &str) -> i64 {
        self.sqlite().query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
    }

    /// All that decisions change, row for row: people, faces, rejections.
    pub fn state(&self) -> Vec<String> {
        let rows_of = |what: &str| -> Vec<String> {
            let sqlite = self.sqlite();
            let mut statement = sqlite.prepare(what).unwrap();
            let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
            let rows = statement.query_map([], |row| {
                let cells = columns.iter().enumerate().map(|(index, column)| {
                    let value: rusqlite::types::Value = row.get(index).unwrap();
                    format!("{column} {value:?}")
                });
                Ok(cells.collect::<Vec<_>>().join(", "))
            });
            rows.unwrap().map(Result::unwrap).collect()
        };
        [
            "SELECT id AS person, * FROM people ORDER BY id",
            "SELECT id AS face, photo_id, x, y, width, height, person_id, state, removed FROM faces ORDER BY id",
            "SELECT face_id AS rejected, person_id FROM rejections ORDER BY face_id, person_id",
            "SELECT name AS circle, person FROM circles LEFT JOIN circle_members ON circle = id ORDER BY id, person",
            "SELECT id AS photo, taken, taken_offset, taken_source FROM photos ORDER BY id",
        ]
        .iter()
        .flat_map(|what| rows_of(what))
        .collect()
    }

    /// The decisions in the journal.
    pub fn journal(&self) -> Vec<Value> {
        let sqlite = self.sqlite();
        let mut statement = sqlite.prepare("SELECT decision FROM journal ORDER BY id").unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    }
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            raw: output.stdout,
        }
    }

    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn well(self) -> Self {
        self.ends(0)
    }

    /// It failed, and each of `words` is in what it said of that.
    #[track_caller]
    pub fn fails_saying(self, words: &[&str]) -> Self {
        let run = self.ends(2);
        for word in words {
            assert!(run.stderr.contains(word), "no {word:?} in: {}", run.stderr);
        }
        // An error of ours is a sentence, and a panic is none.
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

pub const BIDEN: &str = "metadata/biden-2010.jpg";
pub const HOPPER: &str = "metadata/none.jpg";
/// A face in doubt: like Obama's, and not surely his. The name of the file dates it.
pub const OBAMA_BLURRED: &str = "2009-09-09 blurred.png";

/// Obama twice and once in doubt, Biden and Hopper sharp and blurred. How much detail is left decides the matter: with a little
/// more the face joins the sharp one, with a little less nothing can be recognised by it.
pub fn people() -> Library {
    Library::scanned_and_blurred(
        &["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", BIDEN, HOPPER],
        &[
            ("metadata/obama-2009.jpg", OBAMA_BLURRED, 28),
            ("metadata/biden-2011.jpg", "biden-blurred.png", 48),
            (HOPPER, "hopper-blurred.png", 34),
        ],
    )
}

/// `metadata/tokyo.jpg` and the like in tests/fixtures, `demo/...` in demo.
pub fn fixture(name: &str) -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    if name.starts_with("demo") { crate_folder.join(name) } else { crate_folder.join("tests/fixtures").join(name) }
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap().to_str().unwrap().to_owned()
}

/// The names of the files of a fixtures folder, sorted.
pub fn fixtures(folder: &str) -> Vec<String> {
    let names = fs::read_dir(fixture(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".md")).collect();
    names.sort();
    names
}

/// Every file below a folder: its content's hash, its time of change.
pub fn fingerprint(folder: &Path) -> BTreeMap<PathBuf, (blake3::Hash, SystemTime)> {
    let files =
        walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files
        .map(|file| {
            let content = blake3::hash(&fs::read(file.path()).unwrap());
            (file.path().to_owned(), (content, file.metadata().unwrap().modified().unwrap()))
        })
        .collect()
}

/// Writes a file that only its owner may read, such as one with a password.
pub fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

pub fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

pub fn set_times(path: &Path, times: FileTimes) {
    File::options().write(true).open(path).unwrap().set_times(times).unwrap();
}

/// Appends bytes that no decoder looks at: another content, the same picture. The time of change moves on for certain,
/// however coarse the clock of the file system.
pub fn touch_up(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes.extend(b"edited");
    let later = modified(path) + Duration::from_secs(5);
    fs::write(path, bytes).unwrap();
    set_times(path, FileTimes::new().set_modified(later));
}

/// How much two boxes `[x, y, w, h]` overlap, 0 to 1.
pub fn overlap(a: &Value, b: &Value) -> f64 {
    let [a, b] = [a, b].map(|bounds| [0, 1, 2, 3].map(|index| bounds[index].as_f64().unwrap()));
    let shared = |axis: usize| {
        let end = (a[axis] + a[axis + 2]).min(b[axis] + b[axis + 2]);
        (end - a[axis].max(b[axis])).max(0.0)
    };
    let both = shared(0) * shared(1);
    both / (a[2] * a[3] + b[2] * b[3] - both)
}

/// Sends a signal, by its name for `kill`. Returns whether the process was there.
pub fn signal(process: u32, name: &str) -> bool {
    // The shell's own: a clean Debian has no other.
    Command::new("sh").args(["-c", "kill $0 $1", name, &process.to_string()]).status().unwrap().success()
}

/// A JPEG of so many pixels, all of them grey, baseline or progressive: every block is two zeros, or one where only the mean of it is there.
pub fn grey_jpeg(width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        bytes.extend([0xff, marker]);
        bytes.extend((content.len() as u16 + 2).to_be_bytes());
        bytes.extend(content);
    };
    segment(0xdb, &[&[0][..], &[16; 64]].concat());
    let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
    let frame = [8, h[0], h[1], w[0], w[1], 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];
    segment(if progressive { 0xc2 } else { 0xc0 }, &frame);
    // One code each, of one bit: no difference, and nothing more in this block.
    for table in [0x00, 0x10] {
        segment(0xc4, &[&[table, 1][..], &[0; 15], &[0]].concat());
    }
    segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, if progressive { 0 } else { 63 }, 0]);
    let blocks = 6 * usize::from(width).div_ceil(16) * usize::from(height).div_ceil(16);
    bytes.resize(bytes.len() + if progressive { blocks } else { 2 * blocks }.div_ceil(8), 0);
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// A sidecar with regions of MWG: name, left, top, width and height of the stored photo; `extra` is XMP beside them.
pub fn sidecar(extra: &str, regions: &[(&str, [f64; 4])]) -> String {
    let region = |(name, [x, y, width, height]): &(&str, [f64; 4])| {
        format!(
            "<rdf:li><rdf:Description mwg-rs:Name='{name}' mwg-rs:Type='Face'><mwg-rs:Area stArea:x='{}' stArea:y='{}' \
             stArea:w='{width}' stArea:h='{height}' stArea:unit='normalized'/></rdf:Description></rdf:li>",
            x + width / 2.0,
            y + height / 2.0
        )
    };
    let regions: String = regions.iter().map(region).collect();
    format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
         <rdf:Description rdf:about='' xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/'
         xmlns:stArea='http://ns.adobe.com/xmp/sType/Area#' xmlns:xmp='http://ns.adobe.com/xap/1.0/'
         xmlns:iptc='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' xmp:Rating='4'>{extra}
         <mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:RegionList><rdf:Bag>{regions}</rdf:Bag></mwg-rs:RegionList>
         </mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
}

/// Says that this test is left out, and which programs are not there.
pub fn left_out(missing: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    #[expect(clippy::explicit_write, reason = "what `eprintln!` prints is kept back where a test passes")]
    writeln!(std::io::stderr(), "left out: {test}: no {missing}").unwrap();
}
