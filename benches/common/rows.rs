//! A large library without photos, of made-up rows: three faces a photo, twenty years, two thousand towns, a folder for each
//! month, and people as large and as small as in real albums: person 1 has the most photos, person `n` an `n`th of them, and a
//! hundred have names. As at an event, two people are in six photos in succession, and in each with somebody else. It has embeddings only
//! after [`embed`]: no search reads them.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::random::Random;

const FACES_A_PHOTO: usize = 3;
const PHOTOS_AN_EVENT: usize = 6;
const FACES_AN_EVENT: usize = 2;
const TOWNS: usize = 2_000;
const MONTHS: usize = 240;

/// Writes them into a library that was just made.
///
/// # Errors
/// What SQLite says.
pub fn fill(library: &Path, photos: usize) -> rusqlite::Result<()> {
    let connection = Connection::open(library)?;
    let mut random = Random::new(1);
    connection
        .execute_batch("PRAGMA synchronous = off; BEGIN; INSERT INTO roots (path, added_at) VALUES ('/photos', '')")?;
    let mut place = connection.prepare("INSERT INTO places VALUES (?1, ?2, '', 'Region', 'Country', 'CC', ?3)")?;
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
         VALUES (?1, ?5, .1, .1, .1, zeroblob(40), .9, ?4, ?2, ?3)",
    )?;
    let mut at_event: Vec<u32> = Vec::new();
    for id in 0..photos {
        let month = id * MONTHS / photos;
        let (year, of_year) = (2005 + month / 12, month % 12 + 1);
        let taken = format!("{year}-{of_year:02}-{:02}T12:{:02}:00", 1 + random.below(28), random.below(60));
        let place = (random.uniform() < 0.7).then(|| 1 + random.below(TOWNS) as i64);
        photo.execute(params![id as i64, blake3::hash(&id.to_le_bytes()).as_bytes(), taken, place])?;
        file.execute(params![format!("/photos/month-{month}/IMG_{id}.jpg"), id as i64])?;
        if id % PHOTOS_AN_EVENT == 0 {
            at_event = (0..FACES_AN_EVENT).map(|_| people[random.below(people.len())]).collect();
        }
        let others = (FACES_AN_EVENT..FACES_A_PHOTO).map(|_| people[random.below(people.len())]);
        // Mostly three, of different people.
        let mut seen: Vec<u32> = at_event.iter().copied().chain(others).collect();
        seen.sort_unstable();
        seen.dedup();
        for (place, person) in seen.into_iter().enumerate() {
            // A decision knows a face by its box: no two of a photo have the same.
            let left = 0.1 + 0.2 * place as f64;
            face.execute(params![id as i64, person, (person <= 100).then_some("auto"), random.uniform(), left])?;
        }
    }
    connection.execute_batch("COMMIT")
}

/// Gives every face an embedding of so many numbers: two faces of one person have a cosine of about .64, two people of about 0.
///
/// # Errors
/// What SQLite says.
#[allow(dead_code, reason = "not every bench compares faces")]
pub fn embed(library: &Path, pack: &str, dimension: usize) -> rusqlite::Result<()> {
    let connection = Connection::open(library)?;
    connection.execute_batch("PRAGMA synchronous = off; BEGIN")?;
    let mut faces = connection.prepare("SELECT id, person_id FROM faces")?;
    let mut embedding = connection.prepare("INSERT INTO embeddings (face_id, pack, vector) VALUES (?1, ?2, ?3)")?;
    let mut random = Random::new(2);
    let mut rows = faces.query([])?;
    while let Some(row) = rows.next()? {
        let (face, person): (i64, u32) = (row.get(0)?, row.get(1)?);
        let (mut theirs, spread) = (Random::new(u64::from(person)), 0.75);
        let numbers = (0..dimension).map(|_| theirs.normal() + spread * random.normal()).collect();
        let numbers = facetag::face::normalised(numbers).expect("it has a direction");
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        embedding.execute(params![face, pack, bytes])?;
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
