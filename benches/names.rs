//! Names without boxes: how many faces get the right name where each photo says who is in it, not which face is whose.
//!
//! `cargo bench --bench names -- FOLDER [PHOTOS]`. FOLDER has a folder for each person, as `lfw-devtest/images` has; people with two
//! photos and more are put side by side, two to four in a picture, with their names in a sidecar. Through the whole program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::RgbImage;
use serde_json::Value;

/// The side of a tile, in pixels.
const SIDE: u32 = 250;

/// Pictures, unless another number is given.
const PICTURES: usize = 200;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let Some(folder) = args.next() else {
        println!("names: left out; give a folder with a folder for each person");
        return;
    };
    let pictures = args.next().and_then(|number| number.parse().ok()).unwrap_or(PICTURES);
    let album = tempfile::tempdir().unwrap();
    let photos = album.path().join("photos");
    fs::create_dir(&photos).unwrap();
    let truth = make_album(Path::new(&folder), &photos, pictures);
    let facetag = |args: &[&str]| -> Vec<u8> {
        let library = album.path().join("library");
        let run =
            Command::new(env!("CARGO_BIN_EXE_facetag")).arg("--library").arg(library).args(args).output().unwrap();
        assert!(run.status.code() < Some(2), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
        run.stdout
    };
    facetag(&["scan", "--quiet", photos.to_str().unwrap()]);
    let found: Value = serde_json::from_slice(&facetag(&["import", "--dry-run", "--json"])).unwrap();
    let export: Value = serde_json::from_slice(&facetag(&["export"])).unwrap();

    let named: BTreeMap<i64, (&str, bool)> = found["without_box"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["face"].as_i64().unwrap(), (one["name"].as_str().unwrap(), one["certain"].as_bool().unwrap())))
        .collect();
    let (mut all, mut right, mut wrong, mut likely, mut undetected) = (0, 0, 0, 0, 0);
    for photo in export["photos"].as_array().unwrap() {
        let name = Path::new(photo["path"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
        let people = &truth[&name];
        let centre = |face: &Value| {
            let number = |index: usize| face["box"][index].as_f64().unwrap();
            (number(0) + number(2) / 2.0, number(1) + number(3) / 2.0)
        };
        // Of each tile the face nearest to its middle.
        let mut main = vec![(None, f64::INFINITY); people.len()];
        for face in photo["faces"].as_array().unwrap() {
            let (x, y) = centre(face);
            let across = x * people.len() as f64;
            let tile = (across as usize).min(people.len() - 1);
            let distance = (across - tile as f64 - 0.5).hypot(y - 0.5);
            if distance < main[tile].1 {
                main[tile] = (face["id"].as_i64(), distance);
            }
        }
        for (person, (face, _)) in people.iter().zip(&main) {
            all += 1;
            match face.map(|face| named.get(&face)) {
                None => undetected += 1,
                Some(Some((name, true))) if name == person => right += 1,
                Some(Some((name, true))) => {
                    wrong += 1;
                    println!("wrong: {name} for {person}");
                }
                Some(Some((name, false))) if name == person => likely += 1,
                Some(_) => {}
            }
        }
        // Whoever stands in the background is nobody's.
        for face in photo["faces"].as_array().unwrap() {
            let id = face["id"].as_i64();
            if !main.iter().any(|(face, _)| *face == id)
                && let Some((name, true)) = id.and_then(|id| named.get(&id))
            {
                wrong += 1;
                println!("wrong: {name} for somebody in the background");
            }
        }
    }
    let share = |number: usize| 100.0 * number as f64 / all as f64;
    println!("{} pictures, {all} people in them, {undetected} without a detected face", truth.len());
    println!("named: {right} right ({:.1} %), {wrong} wrong; asked: {likely} with the right name", share(right));
}

/// Puts people side by side. Returns who is in each picture, from the left.
fn make_album(folder: &Path, photos: &Path, pictures: usize) -> BTreeMap<String, Vec<String>> {
    let mut tiles: Vec<(String, PathBuf)> = Vec::new();
    let mut people: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    people.sort();
    for person in people {
        let mut files: Vec<PathBuf> = fs::read_dir(&person).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let name = person.file_name().unwrap().to_str().unwrap().replace('_', " ");
        if files.len() >= 2 {
            // Nobody has so many photos that the rest is easy.
            tiles.extend(files.into_iter().take(8).map(|file| (name.clone(), file)));
        }
    }
    let mut seed = 1u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    // Of as many people as there is room for, all photos.
    tiles.truncate(pictures * 3);
    for index in (1..tiles.len()).rev() {
        tiles.swap(index, random(index + 1));
    }
    let mut truth = BTreeMap::new();
    while truth.len() < pictures && !tiles.is_empty() {
        let mut picture: Vec<(String, PathBuf)> = Vec::new();
        for _ in 0..2 + random(3) {
            let next = tiles.iter().rposition(|(name, _)| !picture.iter().any(|(other, _)| other == name));
            picture.extend(next.map(|next| tiles.remove(next)));
        }
        let mut canvas = RgbImage::new(SIDE * picture.len() as u32, SIDE);
        for (index, (_, file)) in picture.iter().enumerate() {
            let tile = image::open(file).unwrap().to_rgb8();
            image::imageops::replace(&mut canvas, &tile, i64::from(SIDE) * index as i64, 0);
        }
        let name = format!("{:05}.jpg", truth.len());
        canvas.save(photos.join(&name)).unwrap();
        let names: Vec<String> = picture.into_iter().map(|(name, _)| name).collect();
        let mut sorted = names.clone();
        sorted.sort();
        let items: String = sorted.iter().map(|name| format!("<rdf:li>{name}</rdf:li>")).collect();
        let packet = format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
             xmlns:i='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'><i:PersonInImage><rdf:Bag>{items}</rdf:Bag></i:PersonInImage>\
             </rdf:Description></rdf:RDF>"
        );
        fs::write(photos.join(format!("{name}.xmp")), packet).unwrap();
        truth.insert(name, names);
    }
    truth
}
