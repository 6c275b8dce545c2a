//! `facetag watch` and `facetag service`: what happens in the folders is in the library soon after.

#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Library, fixture, text, touch_up};

/// `facetag watch`, until the end of the test.
struct Watch(Child);

impl Watch {
    fn start(library: &Library, options: &[&str]) -> Self {
        Self(library.command(["watch"].iter().chain(options)).spawn().unwrap())
    }

    fn end(mut self) -> i32 {
        assert!(Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap().success());
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
    for words in ["enable --now facetag-watch.service", "is-active", "disable --now facetag-watch.service"] {
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
    library.facetag(["album", "Barack", "--to", "album", "--json"]).fails_saying(&["facetag find"]);
}
