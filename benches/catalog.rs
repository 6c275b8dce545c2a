//! How long questions to a large library take: `cargo bench --bench catalog [-- PHOTOS [FOLDER [decisions|replay]]]`.
//!
//! On a library of made-up rows (`common/rows.rs`), a million photos unless another number is given; in FOLDER it is kept for the next
//! run. Prints a table in Markdown; each time is the least of five, except those of decisions, which are made once. `decisions` does
//! these alone; `replay` decides about a face in each photo, and then says all that again of photos that are as a scan finds them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use facetag::catalog::{Catalog, CatalogError, Library, PersonId, PhotoId, Query, Span, Who};
use facetag::face::PackInfo;
use facetag::people::{Deciding, decide, explain, questions, regroup};

#[path = "common/random.rs"]
mod random;
#[path = "common/rows.rs"]
mod rows;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let photos = arguments.next().map_or(1_000_000, |photos| photos.parse().expect("a number of photos"));
    let temporary = tempfile::tempdir().unwrap();
    let folder = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let library = Library::at(&folder);
    if !library.file().exists() {
        fill(&library, photos);
    }
    match arguments.next().as_deref() {
        Some("decisions") => return decisions(&library),
        Some("replay") => return replay(&library, photos),
        _ => {}
    }

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
    let listed = || {
        let people = catalog.people_counted().unwrap().into_iter().filter(|person| person.faces > 1);
        catalog.summaries(people.collect()).unwrap().len()
    };
    let (milliseconds, found) = least(&listed);
    println!("| everybody seen twice, as `people` lists them | {milliseconds:.1} | {found} |");
    let (milliseconds, found) = least(&|| catalog.people_counted().unwrap().len());
    println!("| everybody, as the page counts them | {milliseconds:.1} | {found} |");
    drop(catalog);
    decisions(&library);
}

fn fill(library: &Library, photos: usize) {
    drop(Catalog::open(library).unwrap());
    let started = Instant::now();
    rows::fill(&library.file(), photos).unwrap();
    rows::embed(&library.file(), PACK, PackInfo::open().dimension).unwrap();
    let size = std::fs::metadata(library.file()).unwrap().len() >> 20;
    eprintln!("{photos} photos written in {:.0} s, {size} MiB", started.elapsed().as_secs_f32());
}

/// That of the made-up embeddings.
const PACK: &str = "made-up";

/// What the user decides, with all that follows from it, and what asks for similar faces; each is done once.
fn decisions(library: &Library) {
    let pack = PackInfo { name: PACK.to_owned(), ..PackInfo::open() };
    let mut catalog = Catalog::open(library).unwrap();
    let started = Instant::now();
    regroup(&mut catalog, &pack, &[]).unwrap();
    eprintln!("index of similar faces made in {:.0} s", started.elapsed().as_secs_f32());

    let person = |id: i64, name: Option<&str>| Who { id: PersonId(id), name: name.map(ToOwned::to_owned) };
    let (first, tenth) = (person(1, Some("Person 1")), person(10, Some("Person 10")));
    let face = |catalog: &Catalog, person: i64| catalog.faces_of(PersonId(person)).unwrap()[0].clone();
    let (of_group, of_first) = (face(&catalog, 200), face(&catalog, 1));
    let mut timed = |what: &str, work: &dyn Fn(&mut Deciding)| {
        let started = Instant::now();
        let decided = decide(&mut catalog, &pack, |deciding| {
            work(deciding);
            Ok::<_, CatalogError>(())
        });
        decided.unwrap();
        println!("| {what} | {:.1} | |", started.elapsed().as_secs_f64() * 1e3);
    };
    timed("a group is named", &|deciding| deciding.name(&person(101, None), "Anna").map(drop).unwrap());
    timed("a group becomes the most frequent person", &|deciding| {
        deciding.merge(&first, &[person(102, None)]).unwrap()
    });
    timed("that is taken back", &|deciding| drop(deciding.undo(None).unwrap()));
    timed("a face becomes the most frequent person's", &|deciding| {
        deciding.confirm((&first, false), std::slice::from_ref(&of_group)).unwrap();
    });
    timed("a face is rejected for the most frequent person", &|deciding| {
        deciding.reject(&first, std::slice::from_ref(&of_first)).unwrap();
    });
    timed("the most frequent person and the 10th are one", &|deciding| {
        deciding.merge(&first, std::slice::from_ref(&tenth)).unwrap()
    });
    timed("that is taken back", &|deciding| drop(deciding.undo(None).unwrap()));
    timed("a group and a face are as they were", &|deciding| {
        (0..3).for_each(|_| drop(deciding.undo(None).unwrap()));
    });
    for (what, face) in
        [("why a face of the most frequent person is theirs", of_first), ("why one of a group is", of_group)]
    {
        let started = Instant::now();
        explain(&catalog, &pack, &face).unwrap();
        println!("| {what} | {:.1} | |", started.elapsed().as_secs_f64() * 1e3);
    }
    let started = Instant::now();
    let asked = questions(&catalog, &pack, &[]).unwrap().len();
    println!("| what to ask | {:.1} | {asked} |", started.elapsed().as_secs_f64() * 1e3);
}

fn replay(library: &Library, photos: usize) {
    let mut catalog = Catalog::open(library).unwrap();
    let started = Instant::now();
    let decided = catalog.exclusively(|catalog| {
        for photo in 0..photos {
            let face = catalog.faces_in(PhotoId(photo as i64))?[0].id;
            let person = 1 + photo as i64 % 100;
            let person = Who { id: PersonId(person), name: Some(format!("Person {person}")) };
            let decision = catalog.confirming((&person, false), &[face])?;
            catalog.decide(&decision, |_| Ok::<_, CatalogError>(()))?;
        }
        Ok::<_, CatalogError>(())
    });
    decided.unwrap();
    eprintln!("a face of each of {photos} photos confirmed in {:.0} s", started.elapsed().as_secs_f32());
    let photos: HashSet<_> = (0..photos).map(|id| *blake3::hash(&id.to_le_bytes()).as_bytes()).collect();
    let started = Instant::now();
    catalog.batch(|writer| writer.replay(&photos)).unwrap();
    println!("| {} decisions replayed | {:.1} | |", photos.len(), started.elapsed().as_secs_f64() * 1e3);
}

/// Person 1 has the most photos, person `n` an `n`th of them.
fn queries() -> Vec<(&'static str, Query)> {
    let all = |all: &[i64]| Query { all: all.iter().copied().map(PersonId).collect(), ..Query::default() };
    let span = Span { since: Some("2015-07-01".parse().unwrap()), until: Some("2015-07-31".parse().unwrap()) };
    vec![
        ("the most frequent person", all(&[1])),
        ("the 10th", all(&[10])),
        ("the 100th", all(&[100])),
        ("the first and the second", all(&[1, 2])),
        ("the first and the second without the third", Query { not: vec![PersonId(3)], ..all(&[1, 2]) }),
        ("the second and the third, nobody else", Query { only: true, ..all(&[2, 3]) }),
        ("the 20th, and the first or the second", Query { any: [1, 2].map(PersonId).to_vec(), ..all(&[20]) }),
        ("the first in a month", Query { span, ..all(&[1]) }),
        ("the first in a town", Query { place: Some("Town 7".to_owned()), ..all(&[1]) }),
        ("the first in a folder", Query { folder: Some(PathBuf::from("/photos/month-100")), ..all(&[1]) }),
        ("a month", Query { span, ..Query::default() }),
        ("a town", Query { place: Some("Town 7".to_owned()), ..Query::default() }),
        ("a folder", Query { folder: Some(PathBuf::from("/photos/month-100")), ..Query::default() }),
    ]
}
