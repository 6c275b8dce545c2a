//! A user who names groups, and photos that come bit by bit: what facetag does in the course of time.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use facetag::catalog::{Catalog, Embedded, FaceId, Library, PersonId, State, Who};
use facetag::face::PackInfo;
use facetag::people::{Question, decide, questions, regroup};
use tempfile::TempDir;

use crate::album::{Album, Photo, groups};
use crate::metrics::ENOUGH;
use crate::random::Random;

/// In how many portions photos come.
const PORTIONS: usize = 10;

/// What facetag tagged by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tagged {
    /// Faces with a label that were tagged.
    pub tagged: usize,
    /// Those of them whose label differs from the name.
    pub wrong: usize,
    /// Those of the wrong ones who follow the user: faces of that label were in a group that was given that name.
    pub misled: usize,
    /// Faces with a label, in photos that came later, of persons named before.
    pub possible: usize,
    /// Faces without a label that were tagged: nobody knows whether rightly.
    pub unlabelled: usize,
    /// The questions that are left about faces with a label, by their probability, in [`CLASSES`] classes.
    pub questions: [Asked; CLASSES],
}

/// In how many classes of probability questions are counted.
pub const CLASSES: usize = 5;

/// Questions of about the same probability.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    pub questions: usize,
    /// How many a yes was to be expected of.
    pub expected: f64,
    /// How many a yes is right for.
    pub yes: usize,
}

impl Tagged {
    /// Of the faces that could have been tagged with their name, how many were.
    pub fn recall(&self) -> f64 {
        (self.tagged - self.wrong) as f64 / self.possible.max(1) as f64
    }
}

impl std::ops::AddAssign for Tagged {
    fn add_assign(&mut self, other: Self) {
        self.tagged += other.tagged;
        self.wrong += other.wrong;
        self.misled += other.misled;
        self.possible += other.possible;
        self.unlabelled += other.unlabelled;
        for (asked, other) in self.questions.iter_mut().zip(other.questions) {
            asked.questions += other.questions;
            asked.expected += other.expected;
            asked.yes += other.yes;
        }
    }
}

/// Half of the photos are there, and the user names every group after whom most of its faces show; then the other half
/// comes in portions.
///
/// # Errors
/// Those of the catalog.
pub fn user(album: &Album, seed: u64) -> Result<Tagged> {
    let order = shuffled(album, seed);
    let (first, later) = order.split_at(order.len() / 2);
    let mut library = Growing::new(&album.pack)?;
    library.add(first)?;
    let named = library.name_all(&album.persons)?;
    for portion in portions(later) {
        library.add(portion)?;
    }

    let mut tagged = Tagged::default();
    let later_faces = later.iter().flat_map(|photo| &photo.persons);
    tagged.possible = later_faces.flatten().filter(|person| named.contains_key(person)).count();
    let number: HashMap<&str, usize> = album.persons.iter().map(String::as_str).zip(0..).collect();
    let names = library.catalog.names()?;
    let mut truth = library.persons.iter();
    library.catalog.each_embedded_face(&album.pack.name, Embedded::All, |face, _, _| {
        let truth = truth.next().expect("faces are in the order in which they came");
        if face.state == Some(State::Auto) {
            let name = face.person.and_then(|person| names.get(&person)).expect("only persons are tagged with");
            match truth {
                Some(person) => {
                    tagged.tagged += 1;
                    let said = number[name.as_str()];
                    if said != *person {
                        tagged.wrong += 1;
                        tagged.misled += usize::from(named[&said].contains(person));
                        eprintln!("order {seed}: {} was tagged {name}", album.persons[*person]);
                    }
                }
                None => tagged.unlabelled += 1,
            }
        }
    })?;
    for question in questions(&library.catalog, &album.pack, &[])? {
        if let (Some(this), Some(that)) =
            (library.majority(&question.faces), library.majority(&library.members(question.of)?))
        {
            let class = (question.probability * CLASSES as f32) as usize;
            let asked = &mut tagged.questions[class.min(CLASSES - 1)];
            asked.questions += 1;
            asked.expected += f64::from(question.probability);
            asked.yes += usize::from(this == that);
        }
    }
    assert!(tagged.wrong <= tagged.tagged && tagged.tagged - tagged.wrong <= tagged.possible, "{tagged:?}");
    Ok(tagged)
}

/// What a user said, and what came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answers {
    pub names: usize,
    /// Yes or no.
    pub answers: usize,
    /// Share of the faces with a label that have its name, 0 to 1.
    pub right: f64,
}

/// So many things are said before it is looked again what is worth saying.
const AT_ONCE: usize = 25;

/// Something that a user may say.
enum Say {
    Name(PersonId),
    Answer(Question),
}

/// All photos are there, and the user names groups, and answers questions if they `ask`, whatever settles most faces
/// first, until [`ENOUGH`] of the faces have their right name or nothing is left to say. They know everybody.
///
/// # Errors
/// Those of the catalog.
pub fn answers(album: &Album, ask: bool) -> Result<Answers> {
    let mut library = Growing::new(&album.pack)?;
    library.add(&album.photos.iter().collect::<Vec<_>>())?;
    let mut said = Answers::default();
    let mut tried = HashSet::new();
    loop {
        said.right = library.right(&album.persons)?;
        let mut open: Vec<(f32, Say)> = Vec::new();
        for group in library.catalog.people()?.iter().filter(|group| group.name.is_none() && tried.insert(group.id)) {
            open.push((group.faces as f32, Say::Name(group.id)));
        }
        if ask {
            let questions = questions(&library.catalog, &album.pack, &[])?.into_iter();
            open.extend(
                questions.map(|question| (question.probability * question.photos as f32, Say::Answer(question))),
            );
        }
        if said.right >= ENOUGH || open.is_empty() {
            return Ok(said);
        }
        open.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, say) in open.drain(AT_ONCE.min(open.len())..) {
            if let Say::Name(group) = say {
                tried.remove(&group);
            }
        }
        for (_, say) in open {
            library.say(&say, &album.persons, &mut said)?;
        }
    }
}

/// All photos come in portions: the person and group of each face with a label, at the end.
///
/// # Errors
/// Those of the catalog.
pub fn in_portions(album: &Album, seed: u64) -> Result<Vec<(usize, usize)>> {
    let mut library = Growing::new(&album.pack)?;
    for portion in portions(&shuffled(album, seed)) {
        library.add(portion)?;
    }
    let groups = groups(&library.catalog, &album.pack)?;
    Ok(library.persons.iter().zip(groups).filter_map(|(person, group)| Some(((*person)?, group))).collect())
}

/// The photos in equal parts, as near as it goes.
fn portions<'a, 'b>(photos: &'b [&'a Photo]) -> impl Iterator<Item = &'b [&'a Photo]> {
    (0..PORTIONS).map(|part| &photos[photos.len() * part / PORTIONS..photos.len() * (part + 1) / PORTIONS])
}

fn shuffled(album: &Album, seed: u64) -> Vec<&Photo> {
    let mut order: Vec<&Photo> = album.photos.iter().collect();
    Random::new(seed).shuffle(&mut order);
    order
}

/// A library that photos are added to, in a folder that is removed at the end.
struct Growing<'a> {
    catalog: Catalog,
    folder: TempDir,
    pack: &'a PackInfo,
    /// Who the faces are, in the order of their ids, which is that of their coming.
    persons: Vec<Option<usize>>,
    photos: usize,
}

impl<'a> Growing<'a> {
    fn new(pack: &'a PackInfo) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let catalog = Catalog::open(&Library::at(folder.path()))?;
        Ok(Self { catalog, folder, pack, persons: Vec::new(), photos: 0 })
    }

    fn add(&mut self, photos: &[&Photo]) -> Result<()> {
        self.catalog.batch(|writer| {
            for Photo { content, persons } in photos {
                let photo = writer.photo(content)?;
                self.photos += 1;
                writer.file(&self.folder.path().join(self.photos.to_string()), Default::default(), photo)?;
                self.persons.extend(persons);
            }
            Ok(())
        })?;
        regroup(&mut self.catalog, self.pack, &[])?;
        Ok(())
    }

    /// Names every group after the person of most of its faces, as a user does who knows them all. A group of faces without
    /// a label is left alone. Returns who has a name now, and whose faces have got it.
    fn name_all(&mut self, names: &[String]) -> Result<HashMap<usize, HashSet<usize>>> {
        let mut votes: BTreeMap<PersonId, BTreeMap<usize, usize>> = BTreeMap::new();
        let mut truth = self.persons.iter();
        self.catalog.each_embedded_face(&self.pack.name, Embedded::All, |face, _, _| {
            let person = truth.next().expect("faces are in the order in which they came");
            if let (Some(group), Some(person)) = (face.person, person) {
                *votes.entry(group).or_default().entry(*person).or_default() += 1;
            }
        })?;
        let mut named: HashMap<usize, HashSet<usize>> = HashMap::new();
        for (group, votes) in votes {
            if let Some((&person, _)) = votes.iter().max_by_key(|&(_, count)| count) {
                let decision = self.catalog.naming(&Who { id: group, name: None }, &names[person])?;
                self.catalog.decide(&decision, |_| anyhow::Ok(()))?;
                named.entry(person).or_default().extend(votes.keys());
            }
        }
        Ok(named)
    }

    /// The face's person, by id; faces are numbered in the order in which they came.
    fn truth(&self, face: FaceId) -> Option<usize> {
        self.persons[face.0 as usize - 1]
    }

    fn members(&self, person: PersonId) -> Result<Vec<FaceId>> {
        Ok(self.catalog.faces_of(person)?.iter().map(|face| face.id).collect())
    }

    /// Who most of these faces are, if anybody knows.
    fn majority(&self, faces: &[FaceId]) -> Option<usize> {
        let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
        for person in faces.iter().filter_map(|&face| self.truth(face)) {
            *votes.entry(person).or_default() += 1;
        }
        votes.into_iter().max_by_key(|&(_, count)| count).map(|(person, _)| person)
    }

    /// The share of the faces with a label that have its name.
    fn right(&self, persons: &[String]) -> Result<f64> {
        let names = self.catalog.names()?;
        let mut right = 0;
        self.catalog.each_embedded_face(&self.pack.name, Embedded::All, |face, _, _| {
            let name = face.person.and_then(|person| names.get(&person));
            right += usize::from(self.truth(face.id).is_some_and(|truth| name == Some(&persons[truth])));
        })?;
        Ok(right as f64 / self.persons.iter().flatten().count().max(1) as f64)
    }

    /// The user names a group after most of it, or answers a question, where the group is still as it was. Of faces that
    /// they do not know they say nothing.
    fn say(&mut self, say: &Say, persons: &[String], said: &mut Answers) -> Result<()> {
        let decision = match say {
            Say::Name(group) => {
                let Some(who) = self.catalog.person(*group)?.filter(|who| who.name.is_none()) else { return Ok(()) };
                let Some(person) = self.majority(&self.members(*group)?) else { return Ok(()) };
                said.names += 1;
                self.catalog.naming(&who, &persons[person])?
            }
            Say::Answer(question) => {
                let exists = |person: Option<PersonId>| {
                    person.map_or(Ok(Some(())), |person| Ok::<_, anyhow::Error>(self.catalog.person(person)?.map(drop)))
                };
                if exists(question.group)?.is_none() || exists(Some(question.of))?.is_none() {
                    return Ok(());
                }
                said.answers += 1;
                let (this, that) = (self.majority(&question.faces), self.majority(&self.members(question.of)?));
                if this.is_some() && this == that { question.yes(&self.catalog)? } else { question.no(&self.catalog)? }
            }
        };
        decide(&mut self.catalog, self.pack, |deciding| deciding.append(&decision))?;
        Ok(())
    }
}
