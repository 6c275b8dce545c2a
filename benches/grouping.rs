//! How long grouping takes, in how much memory, and how right it is: `cargo bench --bench grouping [-- FACES]`.
//!
//! Libraries of made-up faces, spread as those of `lfw-devtest` are, in people as large and as small as in real albums.
//! Prints a table in Markdown; the peak of memory is read, and set back between rows, on Linux alone.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

use facetag::catalog::{Catalog, CatalogError, Embedded, Library, NewFace, NewPhoto, Who};
use facetag::face::{BoundingBox, PackInfo, normalised};
use facetag::people::{decide, questions, regroup};

#[path = "common/random.rs"]
mod random;

use random::Random;

/// So many faces join a grouped library.
const MORE: usize = 1000;
/// So many groups have names at the end.
const NAMES: usize = 20_000;

fn main() {
    let faces = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(20_000);
    println!("| dimension | faces | largest person | people | groups | seconds | peak MiB | BCubed P / R / F |");
    println!("|---|---|---|---|---|---|---|---|");
    // Under another name it has no cohort, which knows real faces alone.
    let open = PackInfo { name: "made-up".to_owned(), ..PackInfo::open() };
    for (pack, spread) in [(open, OPEN), (PackInfo::insightface("w600k_mbf", 512), W600K_MBF)] {
        // A family's child has one photo in twenty; and the worst there is: half of all are of one person.
        for largest in [faces / 20, 10_000.min(faces / 2)] {
            let mut bench = Bench::new(pack.clone(), spread, faces, largest);
            bench.store(faces);
            bench.regroup();
            bench.store(MORE);
            bench.regroup();
            bench.ask();
            bench.decide();
            // Everybody else has a name, too, so each face has as many rivals as there can be.
            bench.name_groups();
            bench.store(MORE);
            bench.regroup();
            bench.ask();
        }
        // A person whom the user named early, and then all the rest of their photos at once.
        let mut bench = Bench::new(pack, spread, faces, faces / 2);
        bench.store(MORE);
        bench.regroup();
        bench.name_largest();
        bench.store(faces);
        bench.regroup();
    }
}

/// How the embeddings of a pack lie, measured on `lfw-devtest`.
#[derive(Clone, Copy)]
struct Spread {
    /// Mean cosine of two people.
    strangers: f32,
    /// Over how many dimensions people differ: the variance of two people's cosine is one over it.
    dimensions: f32,
    /// Mean cosine of a good face with its person's centre, and its standard deviation.
    centre: (f32, f32),
    /// How much poor faces have in common, whoever they are.
    blur: f32,
}

/// Two people's cosine is .10 +- .09, of two good faces of one person .69 +- .09; poor faces are no more alike than others.
const OPEN: Spread = Spread { strangers: 0.10, dimensions: 250.0, centre: (0.812, 0.074), blur: 0.0 };
/// .01 +- .07, .61 +- .10, .05.
const W600K_MBF: Spread = Spread { strangers: 0.01, dimensions: 168.0, centre: (0.763, 0.082), blur: 0.25 };

/// A library in a folder that goes away, and who its faces really are.
struct Bench {
    pack: PackInfo,
    spread: Spread,
    largest: usize,
    catalog: Catalog,
    _folder: tempfile::TempDir,
    random: Random,
    /// Who is in the photos to come, in random order.
    people: Vec<u64>,
    /// Of each face stored: they are numbered from 1.
    truth: Vec<u64>,
    /// So many of them have been grouped.
    grouped: usize,
}

impl Bench {
    fn new(pack: PackInfo, spread: Spread, faces: usize, largest: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&Library::at(folder.path())).unwrap();
        let mut random = Random::new(1);
        let mut people = album(faces + MORE, largest, &mut random);
        random.shuffle(&mut people);
        // More of the same people.
        people.extend(album(MORE, MORE / 20, &mut random));
        random.shuffle(&mut people[faces + MORE..]);
        Self { pack, spread, largest, catalog, _folder: folder, random, people, truth: Vec::new(), grouped: 0 }
    }

    /// Stores so many more faces, every second photo of two people.
    fn store(&mut self, faces: usize) {
        let Self { catalog, pack, spread, random, people, truth, .. } = self;
        let end = truth.len() + faces;
        let stored = catalog.batch(|writer| {
            while truth.len() < end {
                let first = truth.len();
                let two = random.uniform() < 0.5 && first + 1 < end && people[first] != people[first + 1];
                let seen = &people[first..=first + usize::from(two)];
                let photo = writer.photo(&NewPhoto {
                    hash: *blake3::hash(&first.to_le_bytes()).as_bytes(),
                    width: 4000,
                    height: 3000,
                    taken: None,
                    gps: None,
                    place: None,
                    camera: None,
                    pack: pack.name.clone(),
                    preview: None,
                    faces: seen.iter().map(|&person| face(person, pack.dimension, spread, random)).collect(),
                })?;
                writer.file(&PathBuf::from(format!("/nowhere/{first}.jpg")), Default::default(), photo)?;
                truth.extend(seen);
            }
            Ok(())
        });
        stored.unwrap();
    }

    /// Names the largest group.
    fn name_largest(&mut self) {
        let largest = self.catalog.people().unwrap().into_iter().max_by_key(|group| group.faces).unwrap();
        let naming = self.catalog.naming(&Who { id: largest.id, name: None }, "Anna").unwrap();
        let started = Instant::now();
        decide(&mut self.catalog, &self.pack, |deciding| deciding.append(&naming)).unwrap();
        eprintln!("a group of {} faces named in {:.2} s", largest.faces, started.elapsed().as_secs_f32());
    }

    /// Names the largest groups that have no name, up to [`NAMES`].
    fn name_groups(&mut self) {
        let mut groups = self.catalog.people_counted().unwrap();
        groups.retain(|group| group.label.name.is_none());
        groups.truncate(NAMES);
        let named = self.catalog.exclusively(|catalog| {
            for group in &groups {
                let naming = catalog.naming(&Who { id: group.id, name: None }, &format!("Person {}", group.id))?;
                catalog.decide(&naming, |_| Ok::<_, CatalogError>(()))?;
            }
            Ok::<_, CatalogError>(())
        });
        named.unwrap();
        eprintln!(
            "{} groups named, the smallest of {} faces",
            groups.len(),
            groups.last().map_or(0, |group| group.faces)
        );
    }

    /// Decides what takes longest: about the person of most faces, who may be whoever is not known yet.
    fn decide(&mut self) {
        self.name_largest();
        let mut groups = self.catalog.people().unwrap();
        groups.sort_by_key(|group| std::cmp::Reverse(group.faces));
        let anna = Who { id: groups[0].id, name: Some("Anna".to_owned()) };
        let face = self.catalog.faces_of(groups[1].id).unwrap()[0].id;
        let mut timed = |what: &str, work: &dyn Fn(&mut facetag::people::Deciding)| {
            let started = Instant::now();
            let decided = decide(&mut self.catalog, &self.pack, |deciding| {
                work(deciding);
                Ok::<_, CatalogError>(())
            });
            decided.unwrap();
            eprintln!("{what} in {:.2} s", started.elapsed().as_secs_f32());
        };
        timed("a face confirmed", &|deciding| {
            let decision = deciding.confirming((&anna, false), &[face]).unwrap();
            deciding.append(&decision).unwrap();
        });
        timed("a face rejected", &|deciding| {
            let decision = deciding.rejecting(anna.id, &[face]).unwrap();
            deciding.append(&decision).unwrap();
        });
        timed("a group merged", &|deciding| {
            deciding.merge(&anna, &[Who { id: groups[2].id, name: None }]).unwrap();
        });
        timed("and taken back", &|deciding| drop(deciding.undo(None).unwrap()));
    }

    /// Looks for what to ask, as `facetag review` does.
    fn ask(&self) {
        let started = Instant::now();
        let open = questions(&self.catalog, &self.pack, &[]).unwrap();
        eprintln!("{} questions found in {:.1} s", open.len(), started.elapsed().as_secs_f32());
    }

    /// Groups the faces stored and prints a row of the table.
    fn regroup(&mut self) {
        let fresh = match self.grouped {
            0 => self.truth.len().to_string(),
            grouped => format!("{grouped} + {}", self.truth.len() - grouped),
        };
        self.grouped = self.truth.len();
        forget_peak();
        let start = Instant::now();
        regroup(&mut self.catalog, &self.pack, &[]).unwrap();
        let seconds = start.elapsed().as_secs_f32();
        let peak = peak().map_or("?".to_owned(), |mebibytes| mebibytes.to_string());

        let mut groups = Vec::new();
        self.catalog
            .each_embedded_face(&self.pack.name, Embedded::All, |face, _, _| {
                groups.push(face.person.map_or(-face.id.0, |person| person.0))
            })
            .unwrap();
        let (precision, recall) = bcubed(&groups, &self.truth);
        println!(
            "| {} | {fresh} | {} | {} | {} | {seconds:.1} | {peak} | {precision:.4} / {recall:.4} / {:.4} |",
            self.pack.dimension,
            self.largest,
            counts(&self.truth).len(),
            counts(&groups).len(),
            2.0 * precision * recall / (precision + recall),
        );
    }
}

/// Who is on each of so many faces: one in five a stranger seen once; of the others, the person of rank `r` has
/// `largest / r` faces, down to people with one to three.
fn album(faces: usize, largest: usize, random: &mut Random) -> Vec<u64> {
    let mut people = Vec::new();
    let mut person = 0;
    while people.len() < faces {
        person += 1;
        let ranked = largest / person as usize;
        let few = 1 + random.below(3);
        let count = match people.len() < faces * 4 / 5 {
            true if ranked > 3 => ranked,
            true => few,
            false => 1,
        };
        people.extend(std::iter::repeat_n(person, count.min(faces - people.len())));
    }
    people
}

/// A face of a person: their centre, one of their few looks (turned, laughing, years ago), and noise of its own.
fn face(person: u64, dimension: usize, spread: &Spread, random: &mut Random) -> NewFace {
    const LOOKS: u64 = 6;
    let direction = |seed: u64| {
        let mut random = Random::new(seed);
        let mut embedding = vec![0.0; dimension];
        for (index, number) in embedding.iter_mut().enumerate() {
            // Variances that fall so are those of about so many equal dimensions.
            *number = random.normal() * (-(index as f32) / spread.dimensions).exp();
        }
        normalised(embedding).unwrap()
    };
    let poor = random.uniform() < 0.13;
    let worse = if poor { 0.05 + 0.25 * random.uniform() } else { 0.0 };
    let share = (spread.centre.0 + spread.centre.1 * random.normal() - worse).clamp(0.1, 0.97);
    let rest = (1.0 - share * share).sqrt();
    let centre = direction(person << 8);
    let look = direction((person << 8) + 1 + random.below(LOOKS as usize) as u64);
    let own = direction(random.next());
    let mut embedding = vec![0.0; dimension];
    for (index, number) in embedding.iter_mut().enumerate() {
        let centre = centre[index] * (1.0 - spread.strangers).sqrt();
        *number = share * centre + rest * (0.6 * look[index] + 0.8 * own[index]);
    }
    // What all faces have in common, and what all blurred ones have.
    embedding[0] += share * spread.strangers.sqrt();
    embedding[1] += if poor { spread.blur * rest } else { 0.0 };
    NewFace {
        bounds: BoundingBox { x: random.uniform(), y: 0.3, width: 0.1, height: 0.1 },
        landmarks: [[0.5; 2]; 5],
        score: 0.9,
        quality: if poor { 0.05 } else { 0.7 },
        recognisability: 1.0,
        embedding: normalised(embedding).unwrap(),
        thumbnail: Vec::new(),
    }
}

/// Precision and recall of the groups, a mean over faces: of those grouped with a face, how many are the same person, and
/// of the same person, how many are grouped with it.
fn bcubed(groups: &[i64], truth: &[u64]) -> (f64, f64) {
    let both: Vec<(i64, u64)> = groups.iter().copied().zip(truth.iter().copied()).collect();
    let (in_group, in_truth) = (counts(groups), counts(truth));
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((group, person), count) in counts(&both) {
        precision += (count * count) as f64 / in_group[&group] as f64;
        recall += (count * count) as f64 / in_truth[&person] as f64;
    }
    (precision / truth.len() as f64, recall / truth.len() as f64)
}

fn counts<T: Copy + Eq + std::hash::Hash>(of: &[T]) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for &one in of {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// The most memory that was resident, in MiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

fn forget_peak() {
    // Where this cannot be done, the peak of an earlier row counts too.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
