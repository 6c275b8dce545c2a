//! How long questions to a large library take: `cargo bench --bench catalog [-- PHOTOS]`.
//!
//! A library of made-up rows, a million photos with three million faces unless another number is given: twenty years, two
//! thousand towns, a folder for each month, and people as large and as small as in real albums. It has no vectors, which no
//! search reads. Prints a table in Markdown; each time is the least of five.

use std::path::PathBuf;
use std::time::Instant;

use facetag::catalog::{Catalog, Library, Query, Span};
use rusqlite::{Connection, params};

#[path = "common/random.rs"]
mod random;

use random::Random;

const FACES_A_PHOTO: usize = 3;
const TOWNS: usize = 2_000;
const MONTHS: usize = 240;

fn main() {
    let photos = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let library = Library::at(folder.path());
    drop(Catalog::open(&library).unwrap());
    let started = Instant::now();
    fill(&Connection::open(library.file()).unwrap(), photos).unwrap();
    let size = std::fs::metadata(library.file()).unwrap().len() >> 20;
    eprintln!("{photos} photos written in {:.0} s, {size} MiB", started.elapsed().as_secs_f32());

    let least = |work: &dyn Fn() -> usize| {
        let timed = || {
            let started = Instant::now();
            let found = work();
            (started.elapsed().as_secs_f64() * 1e3, found)
        };
        (0..5).map(|_| timed()).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
    };
    println!("| {photos} photos | ms | found |\n|---|---|---|");
    let (milliseconds, _) = least(&|| Catalog::open(&library).map(|_| 0).unwrap());
    println!("| opening the library | {milliseconds:.1} | |");
    let catalog = Catalog::open(&library).unwrap();
    for (name, query) in queries() {
        let (milliseconds, found) = least(&|| catalog.find(&query).unwrap().len());
        println!("| {name} | {milliseconds:.1} | {found} |");
    }
    let (milliseconds, found) = least(&|| catalog.people().unwrap().len());
    println!("| everybody, as `people` lists them | {milliseconds:.1} | {found} |");
}

/// Person 1 has the most photos, person `n` an `n`th of them.
fn queries() -> Vec<(&'static str, Query)> {
    let all = |all: &[i64]| Query { all: all.to_vec(), ..Query::default() };
    let span = Span { since: Some("2015-07-01".parse().unwrap()), until: Some("2015-07-31".parse().unwrap()) };
    vec![
        ("the most frequent person", all(&[1])),
        ("the 10th", all(&[10])),
        ("the 100th", all(&[100])),
        ("the first and the second", all(&[1, 2])),
        ("the first and the second without the third", Query { not: vec![3], ..all(&[1, 2]) }),
        ("the second and the third, nobody else", Query { only: true, ..all(&[2, 3]) }),
        ("the 20th, and the first or the second", Query { any: vec![1, 2], ..all(&[20]) }),
        ("the first in a month", Query { span, ..all(&[1]) }),
        ("the first in a town", Query { place: Some("Town 7".to_owned()), ..all(&[1]) }),
        ("the first in a folder", Query { folder: Some(PathBuf::from("/photos/month-100")), ..all(&[1]) }),
        ("a month", Query { span, ..Query::default() }),
        ("a town", Query { place: Some("Town 7".to_owned()), ..Query::default() }),
        ("a folder", Query { folder: Some(PathBuf::from("/photos/month-100")), ..Query::default() }),
    ]
}

fn fill(connection: &Connection, photos: usize) -> rusqlite::Result<()> {
    let mut random = Random::new(1);
    connection
        .execute_batch("PRAGMA synchronous = off; BEGIN; INSERT INTO roots (path, added_at) VALUES ('/photos', '')")?;
    let mut place = connection.prepare("INSERT INTO places VALUES (?1, ?2, 'Region', 'Country', 'CC', ?3)")?;
    for town in 1..=TOWNS {
        place.execute(params![town as i64, format!("Town {town}"), format!("|town {town}|region|country|cc|")])?;
    }
    let people = people(photos * FACES_A_PHOTO);
    let mut person =
        connection.prepare("INSERT INTO people (id, name, key, created_at) VALUES (?1, ?2, lower(?2), '')")?;
    let last = *people.iter().max().unwrap();
    for id in 1..=last {
        // A hundred of them have names.
        person.execute(params![id, (id <= 100).then(|| format!("Person {id}"))])?;
    }

    let mut photo = connection.prepare(
        "INSERT INTO photos (id, hash, width, height, taken, place_id, detector, scanned_at)
         VALUES (?1, ?2, 4000, 3000, ?3, ?4, 'open', '')",
    )?;
    let mut file =
        connection.prepare("INSERT INTO files (path, size, modified, photo_id) VALUES (?1, 4000000, 0, ?2)")?;
    let mut face = connection.prepare(
        "INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, person_id, state)
         VALUES (?1, .1, .1, .1, .1, zeroblob(40), .9, .8, ?2, ?3)",
    )?;
    for id in 0..photos {
        let month = id * MONTHS / photos;
        let (year, of_year) = (2005 + month / 12, month % 12 + 1);
        let taken = format!("{year}-{of_year:02}-{:02}T12:{:02}:00", 1 + random.below(28), random.below(60));
        let place = (random.uniform() < 0.7).then(|| 1 + random.below(TOWNS) as i64);
        photo.execute(params![id as i64, blake3::hash(&id.to_le_bytes()).as_bytes(), taken, place])?;
        file.execute(params![format!("/photos/month-{month}/IMG_{id}.jpg"), id as i64])?;
        // Mostly three, of different people.
        let mut seen: Vec<u32> = (0..FACES_A_PHOTO).map(|_| people[random.below(people.len())]).collect();
        seen.sort_unstable();
        seen.dedup();
        for person in seen {
            face.execute(params![id as i64, person, (person <= 100).then_some("auto")])?;
        }
    }
    connection.execute_batch("COMMIT")
}

/// Whose each face is: of the person of rank `r` an `r`th as many as of the first, who has one in forty.
fn people(faces: usize) -> Vec<u32> {
    let of = |rank: u32| (faces / 40 / rank as usize).max(1);
    let mut people: Vec<u32> = (1..).flat_map(|rank| std::iter::repeat_n(rank, of(rank))).take(faces).collect();
    people.truncate(faces);
    people
}
