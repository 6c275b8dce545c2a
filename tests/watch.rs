//! `facetag watch` and `facetag service`: what happens in the folders is in the library soon after.

#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::mutants::Numbers;
use common::{Library, fixture, sidecar, text, touch_up};

/// `facetag watch`, until the end of the test.
struct Watch(Child);

impl Watch {
    fn start(library: &Library, options: &[&str]) -> Self {
        Self(library.command(["watch"].iter().chain(options)).spawn().unwrap())
    }

    fn end(mut self) -> i32 {
        assert!(common::signal(self.0.id(), "-TERM"));
        self.0.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for something that is to happen some time.
#[track_caller]
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !happened() {
        assert!(begin.elapsed() < Duration::from_secs(180), "never: {what}");
        sleep(Duration::from_millis(250));
    }
}

fn photos(library: &Library) -> Vec<String> {
    let mut names: Vec<String> =
        library.facetag(["find", "--in", "photos"]).stdout.lines().map(common::file_name).collect();
    names.sort();
    names
}

#[test]
fn what_happens_in_the_folders_is_in_the_library_soon_after() {
    let library = Library::scanned(&["metadata/obama-2010.jpg", "metadata/biden-2010.jpg"]);
    library.name("obama-2010.jpg", "Barack");
    let out = library.folder().join("told.json");
    let watch = Watch::start(&library, &["--run", &format!("cat >> '{}'", text(&out))]);

    // New, and in a new folder; the command hears of the one whose person is known.
    fs::create_dir(library.photo("new")).unwrap();
    fs::copy(fixture("metadata/obama-2012.jpg"), library.photo("new/b.jpg")).unwrap();
    fs::copy(fixture("metadata/none.jpg"), library.photo("new/n.jpg")).unwrap();
    until("new photos", || photos(&library) == ["b.jpg", "biden-2010.jpg", "n.jpg", "obama-2010.jpg"]);
    until("the command", || {
        out.exists() && serde_json::from_slice::<serde_json::Value>(&fs::read(&out).unwrap()).is_ok()
    });
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(told["photos"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["photos"][0]["people"], serde_json::json!(["Barack"]));
    assert_eq!(told["photos"][0]["path"], text(&library.photo("new/b.jpg")));

    // Moved, deleted, changed.
    fs::rename(library.photo("new"), library.photo("renamed")).unwrap();
    fs::remove_file(library.photo("renamed/n.jpg")).unwrap();
    touch_up(&library.photo("biden-2010.jpg"));
    let hash = |name: &str| library.export()[name]["hash"].clone();
    let before = hash("biden-2010.jpg");
    until("a photo that is gone", || photos(&library) == ["b.jpg", "biden-2010.jpg", "obama-2010.jpg"]);
    until("a changed photo", || hash("biden-2010.jpg") != before);
    until("a moved photo", || {
        let found = library.facetag(["find", "--in", "photos/renamed"]).stdout;
        found.contains("renamed/b.jpg")
    });
    // What is ignored from now on.
    fs::write(library.photo("renamed/.facetagignore"), "*").unwrap();
    until("a pattern", || photos(&library) == ["biden-2010.jpg", "obama-2010.jpg"]);
    assert_eq!(watch.end(), 0);
}

#[test]
fn only_complete_files_are_read() {
    let library = Library::scanned(&["metadata/biden-2010.jpg"]);
    let watch = Watch::start(&library, &[]);
    let bytes = fs::read(fixture("metadata/obama-2010.jpg")).unwrap();
    // Until the first scan is over, as it reads what it finds.
    fs::copy(fixture("metadata/none.jpg"), library.photo("first.jpg")).unwrap();
    until("the first scan", || photos(&library).len() == 2);
    let mut file = fs::File::create(library.photo("slow.jpg")).unwrap();
    file.write_all(&bytes[..bytes.len() / 2]).unwrap();
    fs::copy(fixture("metadata/obama-2012.jpg"), library.photo("quick.jpg")).unwrap();
    until("the complete photo", || photos(&library).len() == 3);
    assert_eq!(library.number_of("files WHERE path LIKE '%slow.jpg'"), 0, "half a photo was read");
    file.write_all(&bytes[bytes.len() / 2..]).unwrap();
    drop(file);
    until("the other one", || photos(&library).len() == 4);
    assert_eq!(library.number_of("photos"), 4, "and only once it was complete");
    assert_eq!(watch.end(), 0);
}

#[test]
fn folders_of_which_the_system_says_nothing_are_looked_at() {
    let library = Library::scanned(&["metadata/biden-2010.jpg"]);
    let watch = Watch::start(&library, &["--poll", "1"]);
    until("the first look", || library.number_of("roots WHERE scanned_at IS NOT NULL") == 1);
    library.put("metadata/obama-2010.jpg");
    until("a new photo", || photos(&library).len() == 2);
    // A disk that is removed, and comes back with a new photo on it.
    let away = library.folder().join("away");
    fs::rename(library.photos(), &away).unwrap();
    until("the disk is missed", || library.number_of("roots WHERE offline") == 1);
    assert_eq!(library.number_of("files WHERE missing_since IS NOT NULL"), 0);
    fs::copy(fixture("metadata/none.jpg"), away.join("none.jpg")).unwrap();
    fs::rename(&away, library.photos()).unwrap();
    until("it is back", || photos(&library).len() == 3);
    assert_eq!(watch.end(), 0);
}

#[test]
fn watching_needs_a_folder() {
    Library::new().facetag(["watch"]).fails_saying(&["facetag scan ~/Pictures"]);
}

#[test]
fn the_service_is_installed_shown_and_removed() {
    let library = Library::scanned(&["metadata/biden-2010.jpg"]);
    // Stands in for systemd, and writes down what it is asked for.
    let (bin, asked) = (library.folder().join("bin"), library.folder().join("asked"));
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("systemctl"), format!("#!/bin/sh\necho \"$@\" >> '{}'\n", text(&asked))).unwrap();
    fs::set_permissions(bin.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let config = library.folder().join("config");
    let service = |action: &str| {
        let path = format!("{}:{}", text(&bin), std::env::var("PATH").unwrap());
        let mut command = library.command(["service", action]);
        command.env("PATH", path).env("XDG_CONFIG_HOME", &config);
        common::Run::of(command.output().unwrap())
    };
    service("status").ends(1);
    service("install").well();
    let unit = config.join("systemd/user/facetag-watch.service");
    let written = fs::read_to_string(&unit).unwrap();
    let command = format!("\"--library\" \"{}\" \"watch\"", text(&library.home()));
    assert!(written.contains(&command), "{written}");
    assert!(service("status").well().stdout.contains("running"));
    service("remove").well();
    assert!(!unit.exists());
    service("remove").well();
    let asked = fs::read_to_string(asked).unwrap();
    for words in [
        "enable facetag-watch.service",
        "restart facetag-watch.service",
        "is-active",
        "disable --now facetag-watch.service",
    ] {
        assert!(asked.contains(words), "no {words:?} in {asked}");
    }
}

#[test]
fn an_album_follows_a_search_and_touches_nothing_else() {
    let library = Library::scanned(&["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", "metadata/biden-2010.jpg"]);
    library.name("obama-2010.jpg", "Barack");
    let folder = library.folder().join("album");
    fs::create_dir(&folder).unwrap();
    let own = folder.join("2010-01-01-mine.jpg");
    fs::write(&own, "mine").unwrap();
    let links = || {
        let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let targets = names.filter_map(|path| fs::read_link(path).ok());
        let mut names: Vec<String> = targets.map(|target| common::file_name(text(&target))).collect();
        names.sort();
        names
    };
    library.facetag(["album", "Barack", "--to", "album", "--follow"]).well();
    assert_eq!(links(), ["obama-2010.jpg", "obama-2012.jpg"]);

    // A decision, and its being undone.
    let face = library.face_id("obama-2012.jpg");
    library.facetag(["reject", "Barack", &face]).well();
    assert_eq!(links(), ["obama-2010.jpg"]);
    library.facetag(["undo"]).well();
    assert_eq!(links(), ["obama-2010.jpg", "obama-2012.jpg"]);

    // A link that the user has turned elsewhere is the user's.
    let turned = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let turned = turned.into_iter().find(|path| text(path).ends_with("obama-2012.jpg")).unwrap();
    fs::remove_file(&turned).unwrap();
    std::os::unix::fs::symlink(&own, &turned).unwrap();
    library.facetag(["reject", "Barack", &face]).well();
    assert_eq!(fs::read_link(&turned).unwrap(), own);

    // A new photo, as it is watched.
    let watch = Watch::start(&library, &[]);
    library.put("metadata/obama-2009.jpg");
    until("the new photo in the album", || links().contains(&"obama-2009.jpg".to_owned()));
    assert_eq!(watch.end(), 0);
    assert_eq!(fs::read(&own).unwrap(), b"mine");

    // Deleted, it does not come back.
    fs::remove_dir_all(&folder).unwrap();
    library.facetag(["undo"]).well();
    assert!(!folder.exists());
    library.facetag(["album", "Barack", "--to", "album", "--count"]).fails_saying(&["facetag find"]);
}

#[test]
fn an_album_follows_people_under_every_name_until_they_are_forgotten() {
    let library = Library::with(&["metadata/obama-2010.jpg", "metadata/biden-2010.jpg", "metadata/none.jpg"]);
    let long = format!("{}.jpg", "ä".repeat(125));
    library.put_as("metadata/obama-2012.jpg", &long);
    library.scan();
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    library.name("none.jpg", "Grace");
    library.facetag(["circle", "Friends", "Joe", "Grace"]).well();
    let links = |album: &str| {
        let names = fs::read_dir(library.folder().join(album)).unwrap().map(|entry| entry.unwrap().path());
        names.filter_map(|path| fs::read_link(path).ok()).count()
    };
    let searches: [(&str, &[&str]); 4] = [
        ("named", &["Barack"]),
        ("text", &["--text", "barack"]),
        ("not", &["--in", "photos", "--not=Barack"]),
        ("circle", &["friends"]),
    ];
    for (album, search) in searches {
        library.facetag([&["album"], search, &["--to", album, "--follow"]].concat()).well();
    }
    let all = || ["named", "text", "not", "circle"].map(links);
    assert_eq!(all(), [2, 2, 2, 2]);
    library.facetag(["rename", "Barack", "President Obama"]).well();
    let other = library.face_id(&long);
    library.facetag(["reject", "President Obama", &other]).well();
    assert_eq!(all(), [1, 1, 3, 2]);
    library.facetag(["undo"]).well();
    // Merged into somebody else, they are that person.
    let told = library.facetag(["merge", "Joe", "President Obama"]).well();
    assert!(!told.stderr.contains("album"), "{}", told.stderr);
    assert_eq!(all(), [3, 3, 1, 4]);
    library.facetag(["undo"]).well();
    assert_eq!(all(), [2, 2, 2, 2]);
    library.facetag(["circle", "Friends", "--remove", "Joe"]).well();
    assert_eq!(links("circle"), 1);

    let forgotten = library.facetag(["forget", "Obama", "--yes", "--json"]).well().json();
    assert_eq!(forgotten["albums"].as_array().unwrap().len(), 3, "{forgotten}");
    assert_eq!(library.number_of("settings WHERE key = 'albums' AND json_array_length(value) = 1"), 1);
    let told = library.facetag(["forget", "Grace", "--yes"]).well();
    assert!(!told.stderr.contains("is as it was"), "{}", told.stderr);
}

/// What another program has written into a photo, beside it, or beside one that has long been here.
#[test]
fn names_of_other_programs_are_imported_as_they_come() {
    for command in [&["watch"][..], &["serve", "--watch"]] {
        let library = Library::scanned(&["metadata/obama-2010.jpg", "metadata/biden-2010.jpg"]);
        let bounds = |photo: &str| {
            let bounds = library.main_face(photo)["box"].clone();
            std::array::from_fn(|index| bounds[index].as_f64().unwrap())
        };
        let names = || {
            let people = library.people().into_iter();
            let mut names: Vec<String> = people.filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect();
            names.sort();
            names
        };
        let obama = bounds("obama-2010.jpg");
        fs::write(library.photo("obama-2010.jpg.xmp"), sidecar("", &[("Barack", obama)])).unwrap();
        library.facetag(["import"]).well();
        assert_eq!(names(), ["Barack"]);
        let watch = Watch(library.command(command).spawn().unwrap());

        // Beside a photo that is known.
        fs::write(library.photo("biden-2010.xmp"), sidecar("", &[("Joe", bounds("biden-2010.jpg"))])).unwrap();
        until("a name beside a known photo", || names() == ["Barack", "Joe"]);
        // In a new photo, with a face that no detector sees.
        fs::write(library.photo("none.jpg.xmp"), sidecar("", &[("Rex", [0.02, 0.9, 0.05, 0.05])])).unwrap();
        library.put("metadata/none.jpg");
        library.put("metadata/regions-digikam.jpg");
        until("names in and beside new photos", || {
            let names = names();
            names.contains(&"Rex".to_owned()) && names.contains(&"Denis McDonough".to_owned())
        });
        // What is taken back stays so.
        library.facetag(["undo"]).well();
        let left = names();
        assert!(!left.contains(&"Rex".to_owned()) || !left.contains(&"Denis McDonough".to_owned()));
        library.put("metadata/obama-2012.jpg");
        until("another photo", || photos(&library).len() == 5);
        assert_eq!(names(), left);
        assert_eq!(watch.end(), 0);
    }
}

/// Names are offered where none were ever imported, and nothing is imported that nobody asked for.
#[test]
fn names_of_other_programs_are_only_told_of_where_none_were_ever_imported() {
    let library = Library::scanned(&["metadata/obama-2010.jpg"]);
    let told = library.folder().join("told");
    let mut command = library.command(["watch"]);
    let watch = Watch(command.stdout(fs::File::create(&told).unwrap()).spawn().unwrap());
    library.put("metadata/regions-digikam.jpg");
    until("the names are told of", || fs::read_to_string(&told).unwrap().contains("`facetag import` imports them"));
    assert!(library.people().iter().all(|person| person["name"].is_null()));
    assert_eq!(watch.end(), 0);
}

/// What runs for weeks makes the backups that are due every week too, and not only when it ends.
#[test]
fn backups_are_made_while_it_runs() {
    for command in ["watch", "serve"] {
        let library = Library::scanned(&["metadata/obama-2010.jpg"]);
        let number = library.number("obama-2010.jpg");
        library.facetag(["name", &number, "Barack"]).well();
        let _ = fs::remove_dir_all(library.home().join("backups"));
        let running = Watch(library.command([command]).spawn().unwrap());
        until("a backup", || {
            fs::read_dir(library.home().join("backups"))
                .is_ok_and(|made| made.flatten().any(|file| text(&file.path()).ends_with(".sqlite")))
        });
        assert_eq!(running.end(), 0);
    }
}

/// What a library says of each file that is there: its path, content and faces.
fn files(library: &Library, home: &Path) -> Vec<String> {
    let sqlite = rusqlite::Connection::open(home.join("library.sqlite")).unwrap();
    let mut rows = sqlite
        .prepare(
            "SELECT path, hex(hash), problem IS NOT NULL,
                 (SELECT group_concat(round(x) || ' ' || round(y), ', ') FROM faces WHERE faces.photo_id = photos.id)
             FROM files LEFT JOIN photos ON photos.id = photo_id WHERE missing_since IS NULL ORDER BY path",
        )
        .unwrap();
    let line = |row: &rusqlite::Row| {
        let path: rusqlite::types::Value = row.get(0)?;
        let (hash, bad, faces): (Option<String>, bool, Option<String>) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(format!("{path:?} {hash:?} {bad} {faces:?}").replace(text(library.folder()), ""))
    };
    rows.query_map([], line).unwrap().map(Result::unwrap).collect()
}

/// Photos come, move, change and go in bursts, each of which ends within a second, with more or less time in between: after it the library
/// is as that of a fresh scan. `FACETAG_TORTURE` is the number of bursts.
#[test]
fn after_bursts_of_events_the_library_is_as_after_a_fresh_scan() {
    let bursts = std::env::var("FACETAG_TORTURE").map_or(6, |rounds| rounds.parse().unwrap());
    let library = Library::scanned(&["metadata/obama-2010.jpg"]);
    library.name("obama-2010.jpg", "Barack");
    let watch = Watch::start(&library, &[]);
    let seeds = ["metadata/obama-2012.jpg", "metadata/none.jpg", "metadata/biden-2010.jpg"]
        .map(|name| fs::read(fixture(name)).unwrap());
    let mut numbers = Numbers::default();
    let mut made: Vec<PathBuf> = Vec::new();
    for burst in 0..bursts {
        for step in 0..1 + numbers.below(6) {
            let folder = library.photo(["", "trip", "trip/day", "other"][numbers.below(4)]);
            fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{burst}-{step}.jpg"));
            let known = numbers.below(made.len());
            match numbers.below(if made.is_empty() { 2 } else { 8 }) {
                0..=2 => {
                    // As many photos as there may be in a burst, alike to the eye and different in their bytes.
                    let mut bytes = seeds[numbers.below(seeds.len())].clone();
                    bytes.extend(path.as_os_str().as_encoded_bytes());
                    fs::write(&path, bytes).unwrap();
                    made.push(path);
                }
                3 => {
                    fs::copy(&made[known], &path).unwrap();
                    made.push(path);
                }
                4 => {
                    fs::rename(&made[known], &path).unwrap();
                    made[known] = path;
                }
                5 => touch_up(&made[known]),
                6 => fs::remove_file(made.swap_remove(known)).unwrap(),
                // A whole folder is moved, under a name that did not exist.
                _ => {
                    let (from, to) =
                        (made[known].parent().unwrap().to_owned(), library.photo(&format!("moved-{burst}-{step}")));
                    if from != library.photos() {
                        fs::rename(&from, &to).unwrap();
                        for path in &mut made {
                            if let Ok(inside) = path.strip_prefix(&from) {
                                *path = to.join(inside);
                            }
                        }
                    }
                }
            }
        }
        sleep(Duration::from_millis(numbers.below(1500) as u64));
    }
    let fresh = library.folder().join("fresh");
    library.facetag(["--library", text(&fresh), "scan", text(&library.photos())]).well();
    let expected = files(&library, &fresh);
    until("the library is as after a fresh scan", || files(&library, &library.home()) == expected);
    assert_eq!(library.find(&["Barack"]).iter().filter(|name| *name == "obama-2010.jpg").count(), 1);
    // What it holds on to until the next photo comes; the last scan may not have ended yet.
    until("memory is given back", || {
        let memory = fs::read_to_string(format!("/proc/{}/status", watch.0.id())).unwrap();
        let line = memory.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() < 64 << 10
    });
    assert_eq!(watch.end(), 0);
}

#[test]
fn a_full_disk_is_told_and_survived() {
    if std::env::var_os("FACETAG_TORTURE").is_none() {
        return eprintln!("left out, as it takes over a minute: `just torture` runs it");
    }
    let library = Library::scanned(&["metadata/biden-2010.jpg"]);
    let disk = library.folder().join("disk");
    fs::create_dir(&disk).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=16m", "tmpfs", text(&disk)]);
    if !mount.status().is_ok_and(|status| status.success()) {
        return eprintln!("left out: nothing may be mounted here");
    }
    let (home, told) = (disk.join("library"), library.folder().join("told"));
    library.facetag(["--library", text(&home), "scan", text(&library.photos())]).well();
    let mut command = library.command(["--library", text(&home), "watch"]);
    let watch = Watch(command.stderr(fs::File::create(&told).unwrap()).spawn().unwrap());
    until("it watches", || fs::read_to_string(&told).unwrap().contains("Watching"));
    let filler = disk.join("filler");
    // To the last byte.
    let mut full = fs::File::create(&filler).unwrap();
    while full.write(&[1; 4096]).is_ok_and(|written| written > 0) {}
    // More than fits into what the library has on the disk already.
    let bytes = fs::read(fixture("metadata/obama-2010.jpg")).unwrap();
    for number in 0..24u8 {
        fs::write(library.photo(&format!("{number}.jpg")), [&bytes[..], &[number]].concat()).unwrap();
    }
    until("the full disk is told", || fs::read_to_string(&told).unwrap().contains("is full"));
    drop(full);
    fs::remove_file(&filler).unwrap();
    let found = || library.facetag(["--library", text(&home), "find", "--in", "photos"]).stdout.lines().count();
    until("the photos are found once there is room", || found() == 25);
    library.facetag(["--library", text(&home), "check"]).well();
    assert_eq!(watch.end(), 0);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
}
