//! `facetag models`: packs are listed, added with their licence accepted, and changed without losing a name.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Library, text};
use serde_json::{Value, json};

#[test]
fn the_open_pack_is_there_and_in_use() {
    let library = Library::new();
    let packs = library.facetag(["models", "list", "--json"]).well().json();
    let packs = packs.as_array().unwrap();
    assert_eq!(packs.len(), 1);
    assert_eq!(
        (&packs[0]["name"], &packs[0]["active"], &packs[0]["dimension"]),
        (&"open".into(), &true.into(), &128.into())
    );
    let licence = packs[0]["licence"].as_str().unwrap();
    assert!(licence.contains("MIT") && licence.contains("Apache-2.0"), "{licence}");
    for args in [&["models"][..], &["models", "list"]] {
        let told = library.facetag(args).well().stdout;
        assert!(told.contains("open") && told.contains("128") && told.contains(licence), "{told}");
    }
    let used = library.facetag(["models", "use", "open"]).well().stdout;
    assert!(used.contains("in use already"), "{used}");
}

#[test]
fn what_is_no_pack_is_named_and_refused() {
    let library = Library::new();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(library.folder().join(name), bytes).unwrap();
        library.folder().join(name)
    };
    let half: PathBuf = library.folder().join("half");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("scrfd_500m_bnkps.onnx"), "no graph").unwrap();
    let nonsense = library.folder().join("nonsense");
    fs::create_dir(&nonsense).unwrap();
    for name in ["scrfd_500m_bnkps.onnx", "w600k_mbf.onnx"] {
        fs::write(nonsense.join(name), "no graph").unwrap();
    }
    for source in [
        file("broken.zip", b"PK\x03\x04 and then nothing of a zip"),
        file("text.whl", b"not a zip at all"),
        file("empty.zip", b""),
        // A zip without anything in it.
        file("hollow.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        library.folder().join("nowhere.zip"),
        library.photos(),
        half,
    ] {
        library.facetag(["models", "add", "--accept-license", text(&source)]).fails_saying(&[text(&source)]);
    }
    // Files of the right names that are no models: which of them is wrong need not be told, but it is no panic.
    library.facetag(["models", "add", "--accept-license", text(&nonsense)]).fails_saying(&["facetag: "]);
    assert_eq!(library.facetag(["models", "list", "--json"]).well().json().as_array().unwrap().len(), 1);
    library.facetag(["models", "use", "insightface"]).fails_saying(&["insightface", "open"]);
}

#[test]
fn insightface_is_added_with_its_licence_accepted_and_used_without_losing_a_name() {
    let Some(models) = insightface() else { return };
    let photos = ["metadata/obama-2010.jpg", "metadata/obama-2012.jpg", "metadata/biden-2010.jpg", "metadata/none.jpg"];
    let library = Library::scanned(&photos);
    library.name("obama-2010.jpg", "Barack");
    library.name("biden-2010.jpg", "Joe");
    let named = library.export();
    let models = text(models.path()).to_owned();

    // Nobody is there to say yes: standard input is no terminal.
    let refused = library.facetag(["models", "add", &models]).fails_saying(&["non-commercial", "--accept-license"]);
    assert_eq!(refused.stdout, "");
    assert_eq!(packs(&library), json!([["open", true, 128]]));

    let added = library.facetag(["models", "add", "--accept-license", &models]).well();
    assert!(added.stderr.contains("non-commercial"), "what it allows is said all the same: {}", added.stderr);
    assert_eq!(packs(&library), json!([["open", true, 128], ["insightface-mbf", false, 512]]));
    assert_eq!(library.export(), named, "adding is not using");

    library.facetag(["models", "use", "insightface"]).well();
    assert_eq!(packs(&library), json!([["open", false, 128], ["insightface-mbf", true, 512]]));
    let lengths = |library: &Library| -> Vec<usize> {
        let export = library.facetag(["export", "--embeddings"]).well().json();
        let faces = export["photos"].as_array().unwrap().iter().map(|photo| photo["faces"][0].clone());
        faces.map(|face| face["embedding"].as_array().unwrap().len()).collect()
    };
    assert_eq!(lengths(&library), [512; 4]);
    assert_eq!(library.facetag(["export"]).well().json()["pack"], "insightface-mbf");
    assert_eq!(people_in(&library), people(&named), "every name is kept");

    // A new photo is found, embedded and tagged with the new pack.
    library.put("metadata/obama-2009.jpg");
    assert_eq!(library.scan()["tagged"], 1);
    assert_eq!(library.face("obama-2009.jpg")["person"]["name"], "Barack");

    // And back: what was embedded before is there, the new photo is embedded now.
    library.facetag(["models", "use", "open"]).well();
    assert_eq!(lengths(&library), [128; 5]);
    let mut now = people_in(&library);
    assert_eq!(now.remove("obama-2009.jpg"), Some("Barack".into()));
    assert_eq!(now, people(&named));
    assert_eq!(library.journal().len(), 2, "a change of models decides nothing in the user's name");
}

#[test]
fn a_photo_that_is_away_is_embedded_when_it_is_back() {
    let Some(models) = insightface() else { return };
    let library = Library::scanned(&["metadata/obama-2010.jpg", "metadata/biden-2010.jpg"]);
    library.name("biden-2010.jpg", "Joe");
    library.facetag(["models", "add", "--accept-license", text(models.path())]).well();
    let (photo, away) = (library.photo("biden-2010.jpg"), library.folder().join("away.jpg"));
    fs::rename(&photo, &away).unwrap();
    let run = library.facetag(["models", "use", "insightface"]).ends(1);
    assert!(run.stderr.contains("biden-2010.jpg"), "{}", run.stderr);
    assert_eq!(library.person("Joe")["faces"], 1, "the name needs no embedding");

    fs::rename(&away, &photo).unwrap();
    library.scan();
    assert_eq!(library.find(&["Joe"]), ["biden-2010.jpg"]);
    let embeddings = "embeddings WHERE pack = 'insightface-mbf'";
    assert_eq!(library.number_of(embeddings), 2, "the next scan tries again, as `use` promised");
}

type Names = std::collections::BTreeMap<String, Value>;

fn people(export: &Names) -> Names {
    let name = |photo: &Value| photo["faces"][0]["person"]["name"].clone();
    export.iter().map(|(file, photo)| (file.clone(), name(photo))).collect()
}

fn people_in(library: &Library) -> Names {
    people(&library.export())
}

/// Name, in use, dimension.
fn packs(library: &Library) -> Value {
    let packs = library.facetag(["models", "list", "--json"]).well().json();
    packs.as_array().unwrap().iter().map(|pack| json!([pack["name"], pack["active"], pack["dimension"]])).collect()
}

/// InsightFace's files under the names they have in its packs. They may not be shipped: the tests run where
/// `FACETAG_INSIGHTFACE` names the folder that has them.
fn insightface() -> Option<tempfile::TempDir> {
    let Some(folder) = std::env::var_os("FACETAG_INSIGHTFACE").map(PathBuf::from) else {
        eprintln!("left out: InsightFace's models, as FACETAG_INSIGHTFACE does not name a folder with them");
        return None;
    };
    let models = tempfile::tempdir().unwrap();
    for (file, name) in
        [("insightface-scrfd-500m.onnx", "scrfd_500m_bnkps.onnx"), ("insightface-w600k-mbf.onnx", "w600k_mbf.onnx")]
    {
        fs::copy(folder.join(file), models.path().join(name)).unwrap();
    }
    Some(models)
}
