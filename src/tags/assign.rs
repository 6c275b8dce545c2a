//! Names without boxes -> faces: who of the people in a photo is which face, by who is seen with whom in the whole library.
//!
//! Whoever is named in several photos has a face in each of them that is like those in the others, and in no photo without them.
//! From that first guess on, each name is compared with the faces that it was given elsewhere, and each photo is solved again as
//! a whole, until nothing changes. A result is certain where nobody else comes near it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::matching::assigned;
use crate::catalog::{Catalog, CatalogError, Embedded, FaceId, PersonId, PhotoId, State, fold};
use crate::face::{PackInfo, dot};

/// A name and the photos that it is in.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoName {
    pub photo: PhotoId,
    pub name: String,
}

/// A face that may be of a name.
#[derive(Debug, Clone, PartialEq)]
pub struct AssignedName {
    pub photo: PhotoId,
    pub name: String,
    pub face: FaceId,
    /// Nobody else comes near; the others are worth a question.
    pub is_certain: bool,
    /// Why, in words.
    pub why: String,
}

/// A photo that names people, without saying where they are.
#[derive(Debug, Clone)]
struct Photo {
    names: Vec<usize>,
    faces: Vec<usize>,
}

/// All that is needed to solve it.
struct Puzzle {
    /// One for each face.
    embeddings: Vec<Vec<f32>>,
    photos: Vec<Photo>,
    /// Faces that are known to be of a name.
    known: Vec<Vec<usize>>,
    /// Faces that are not of a name.
    excluded: HashSet<(usize, usize)>,
    slope: f32,
    offset: f32,
    normalisation: f32,
}

/// A pair of a photo that was solved.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    name: usize,
    face: usize,
    /// Faces elsewhere that have the name.
    others: usize,
    is_certain: bool,
}

/// So many other photos are looked at for the first guess.
const SAMPLE: usize = 30;

/// Rounds, if it does not come to rest before.
const ROUNDS: usize = 20;

/// Below these odds (natural logarithm) a face is not of a name, even where no other is.
const LEAST: f32 = -1.0;

/// From these odds on it is certain, where others are less likely by [`AHEAD`].
const CERTAIN: f32 = 1.5;
const AHEAD: f32 = 3.0;

/// Finds the faces of names. `tagged` are faces that get a name at the same time.
///
/// # Errors
/// Those of the catalog.
pub fn assign_names(
    catalog: &Catalog,
    pack: &PackInfo,
    wanted: &[PhotoName],
    tagged: &[(FaceId, String)],
) -> Result<Vec<AssignedName>, CatalogError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut spelled = Vec::new();
    let mut of_photo: BTreeMap<PhotoId, Vec<usize>> = BTreeMap::new();
    for PhotoName { photo, name } in wanted {
        let number = *numbers.entry(fold(name)).or_insert_with(|| {
            spelled.push(name.clone());
            spelled.len() - 1
        });
        of_photo.entry(*photo).or_default().push(number);
    }
    let names = catalog.names()?;
    let number_of = |person: PersonId| names.get(&person).and_then(|name| numbers.get(&fold(name))).copied();
    let given: HashMap<FaceId, Option<usize>> =
        tagged.iter().map(|(face, name)| (*face, numbers.get(&fold(name)).copied())).collect();
    let rejections: HashSet<(FaceId, PersonId)> = catalog.rejections()?.into_iter().collect();
    let people_of: BTreeMap<usize, PersonId> =
        names.keys().filter_map(|&person| Some((number_of(person)?, person))).collect();

    let (slope, offset) = (pack.calibration.slope, pack.calibration.offset);
    let normalisation = pack.thresholds.normalisation;
    let mut ids = Vec::new();
    let mut open: HashMap<PhotoId, Vec<usize>> = HashMap::new();
    let mut puzzle = Puzzle {
        embeddings: Vec::new(),
        photos: Vec::new(),
        known: vec![Vec::new(); spelled.len()],
        excluded: HashSet::new(),
        slope,
        offset,
        normalisation,
    };
    // Names of which the photo shows the face already.
    let mut shown: HashSet<(PhotoId, usize)> = HashSet::new();
    catalog.each_embedded_face(&pack.name, Embedded::All, |face, _, embedding| {
        let is_decided = matches!(face.state, Some(State::Confirmed | State::Manual));
        let known = match given.get(&face.id) {
            Some(name) => Some(*name),
            None => is_decided.then(|| face.person.and_then(number_of)),
        };
        if known.is_none() && !of_photo.contains_key(&face.photo) {
            return;
        }
        let index = ids.len();
        match known {
            Some(Some(name)) => {
                puzzle.known[name].push(index);
                shown.insert((face.photo, name));
            }
            Some(None) => return,
            None => {
                open.entry(face.photo).or_default().push(index);
                for (&name, &person) in &people_of {
                    if rejections.contains(&(face.id, person)) {
                        puzzle.excluded.insert((index, name));
                    }
                }
            }
        }
        ids.push(face.id);
        puzzle.embeddings.push(embedding.to_vec());
    })?;
    let mut photo_ids = Vec::new();
    for (photo, names) in of_photo {
        let names: BTreeSet<usize> = names.into_iter().filter(|name| !shown.contains(&(photo, *name))).collect();
        let faces = open.remove(&photo).unwrap_or_default();
        if !names.is_empty() && !faces.is_empty() {
            puzzle.photos.push(Photo { names: names.into_iter().collect(), faces });
            photo_ids.push(photo);
        }
    }
    let solved = puzzle.solve();
    let mut found = Vec::new();
    for ((photo, pairs), Photo { names, .. }) in photo_ids.into_iter().zip(solved).zip(&puzzle.photos) {
        let listed: Vec<&str> = names.iter().map(|&name| spelled[name].as_str()).collect();
        for Pair { name, face, others, is_certain } in pairs {
            let like = match others {
                0 => "the other names belong to the other faces".to_owned(),
                1 => format!("it is like the face of {} in another photo", spelled[name]),
                others => format!("it is like the faces of {} in {others} other photos", spelled[name]),
            };
            let why = format!("the photo names {} without saying where they are, and {like}", listed.join(", "));
            found.push(AssignedName { photo, name: spelled[name].clone(), face: ids[face], is_certain, why });
        }
    }
    Ok(found)
}

/// The sum of the embeddings of some faces, and how many they are.
#[derive(Clone)]
struct Sum {
    sum: Vec<f32>,
    count: usize,
}

impl Puzzle {
    /// The pairs in each photo.
    fn solve(&self) -> Vec<Vec<Pair>> {
        let mut assignment: Vec<Vec<Option<usize>>> =
            (0..self.photos.len()).map(|photo| self.first_guess(photo)).collect();
        for _ in 0..ROUNDS {
            let sums = self.sums(&assignment);
            let next: Vec<_> =
                (0..self.photos.len()).map(|photo| self.solve_photo(photo, &sums, &assignment[photo])).collect();
            if next == assignment {
                break;
            }
            assignment = next;
        }
        let sums = self.sums(&assignment);
        let photos_of = self.photos_of();
        (0..self.photos.len()).map(|photo| self.judge(photo, &sums, &assignment[photo], &photos_of)).collect()
    }

    /// The photos of each name.
    fn photos_of(&self) -> Vec<Vec<usize>> {
        let mut photos_of = vec![Vec::new(); self.known.len()];
        for (index, photo) in self.photos.iter().enumerate() {
            photo.names.iter().for_each(|&name| photos_of[name].push(index));
        }
        photos_of
    }

    /// The name of each face by who is seen where: a face is in all photos of its name, and in few others.
    fn first_guess(&self, index: usize) -> Vec<Option<usize>> {
        let photo = &self.photos[index];
        let nearest = |face: usize, faces: &[usize]| {
            let cosine = |&other: &usize| dot(&self.embeddings[face], &self.embeddings[other]);
            faces.iter().map(cosine).fold(-1.0, f32::max)
        };
        let mean = |values: Vec<f32>| {
            let count = values.len();
            (count > 0).then(|| values.iter().sum::<f32>() / count as f32)
        };
        let gain = |face: usize, name: usize| -> f64 {
            if self.excluded.contains(&(face, name)) {
                return 0.0;
            }
            // Evenly out of all.
            let sample = |has_name: bool| -> Vec<f32> {
                let fits = |other: &usize| *other != index && self.photos[*other].names.contains(&name) == has_name;
                let others: Vec<usize> = (0..self.photos.len()).filter(fits).collect();
                let step = others.len().div_ceil(SAMPLE).max(1);
                others.iter().step_by(step).map(|&other| nearest(face, &self.photos[other].faces)).collect()
            };
            let mut with = sample(true);
            let known = &self.known[name];
            with.extend(known.iter().take(SAMPLE).map(|&other| nearest(face, &[other])));
            let without = mean(sample(false)).unwrap_or(0.0);
            f64::from(1.0 + mean(with).map_or(0.0, |with| with - without))
        };
        self.best(photo, gain)
    }

    /// The name of each face so that the sum of the gains is the greatest.
    fn best(&self, photo: &Photo, gain: impl Fn(usize, usize) -> f64) -> Vec<Option<usize>> {
        let gains: Vec<Vec<f64>> =
            photo.faces.iter().map(|&face| photo.names.iter().map(|&name| gain(face, name)).collect()).collect();
        let assigned = assigned(&gains, photo.names.len());
        let names = assigned.into_iter().zip(&gains);
        names.map(|(name, gains)| name.filter(|&name| gains[name] > 0.0).map(|name| photo.names[name])).collect()
    }

    /// Of each name the faces that have it.
    fn sums(&self, assignment: &[Vec<Option<usize>>]) -> Vec<Sum> {
        let dimension = self.embeddings.first().map_or(0, Vec::len);
        let mut sums = vec![Sum { sum: vec![0.0; dimension], count: 0 }; self.known.len()];
        let mut add = |name: usize, face: usize| {
            let sum = &mut sums[name];
            sum.sum.iter_mut().zip(&self.embeddings[face]).for_each(|(sum, number)| *sum += number);
            sum.count += 1;
        };
        for (name, faces) in self.known.iter().enumerate() {
            faces.iter().for_each(|&face| add(name, face));
        }
        for (photo, names) in self.photos.iter().zip(assignment) {
            for (&face, name) in photo.faces.iter().zip(names) {
                if let Some(name) = *name {
                    add(name, face);
                }
            }
        }
        sums
    }

    /// The odds (natural logarithm) that a face is of a name, by the faces that have it elsewhere; `None` where there are none.
    fn odds(&self, photo: &Photo, names: &[Option<usize>], face: usize, name: usize, sums: &[Sum]) -> Option<f32> {
        let Sum { mut sum, mut count } = sums[name].clone();
        for (&other, _) in photo.faces.iter().zip(names).filter(|(_, other)| **other == Some(name)) {
            sum.iter_mut().zip(&self.embeddings[other]).for_each(|(sum, number)| *sum -= number);
            count -= 1;
        }
        if count == 0 {
            return None;
        }
        let length = dot(&sum, &sum).sqrt() / count as f32;
        let cosine = dot(&sum, &self.embeddings[face]) / count as f32;
        // As groups are compared: in between the mean cosine and that with the mean direction.
        let similarity = cosine / length.max(0.1).powf(self.normalisation);
        Some((self.slope * similarity - self.offset).clamp(-12.0, 12.0))
    }

    fn solve_photo(&self, index: usize, sums: &[Sum], before: &[Option<usize>]) -> Vec<Option<usize>> {
        let photo = &self.photos[index];
        self.best(photo, |face, name| {
            let is_excluded = self.excluded.contains(&(face, name));
            let odds = if is_excluded { LEAST } else { self.odds(photo, before, face, name, sums).unwrap_or(0.0) };
            f64::from(odds - LEAST)
        })
    }

    /// Which pairs of a photo are certain.
    fn judge(&self, index: usize, sums: &[Sum], names: &[Option<usize>], photos_of: &[Vec<usize>]) -> Vec<Pair> {
        let photo = &self.photos[index];
        let odds = |face: usize, name: usize| self.odds(photo, names, face, name, sums);
        let mut pairs = Vec::new();
        for (&face, name) in photo.faces.iter().zip(names) {
            let Some(name) = *name else { continue };
            let others = sums[name].count - names.iter().filter(|other| **other == Some(name)).count();
            let rivals = photo.names.iter().filter(|&&other| other != name).map(|&other| odds(face, other));
            let other_faces = photo.faces.iter().filter(|&&other| other != face).map(|&other| odds(other, name));
            let rival = rivals.chain(other_faces).flatten().fold(f32::NEG_INFINITY, f32::max);
            // Two people who are always named together cannot be distinguished.
            let is_twin = |other: usize| {
                other != name
                    && photos_of[other] == photos_of[name]
                    && self.known[other].is_empty()
                    && self.known[name].is_empty()
            };
            let has_twin = photo.names.iter().any(|&other| is_twin(other));
            let is_like = odds(face, name).is_some_and(|odds| odds >= CERTAIN && odds - rival >= AHEAD);
            pairs.push(Pair { name, face, others, is_certain: is_like && !has_twin });
        }
        // Where as many names as faces are in a photo, the last of them are each other's, unless that is unlikely.
        let open: Vec<usize> = (0..pairs.len()).filter(|&pair| !pairs[pair].is_certain).collect();
        if let &[last] = open.as_slice()
            && photo.names.len() == photo.faces.len()
            && pairs.len() == photo.names.len()
        {
            let Pair { name, face, .. } = pairs[last];
            let is_unlike = odds(face, name).is_some_and(|odds| odds < 0.0);
            // Somebody else whom the photo does not name.
            let own = odds(face, name).unwrap_or(0.0);
            let is_other = (0..sums.len())
                .filter(|&other| other != name && sums[other].count > 0)
                .filter_map(|other| self.odds(photo, names, face, other, sums))
                .any(|other| other > own.max(CERTAIN));
            pairs[last].is_certain = !is_unlike && !is_other;
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Faces of a few people, each a direction with some noise.
    fn puzzle(photos: &[(&[usize], &[usize])]) -> (Puzzle, Vec<usize>) {
        let mut seed = 1u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let (mut embeddings, mut truth, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (names, people) in photos {
            let mut faces = Vec::new();
            for &person in *people {
                let mut embedding: Vec<f32> = (0..32).map(|_| 0.2 * noise()).collect();
                embedding[person] += 1.0;
                let length = dot(&embedding, &embedding).sqrt();
                embedding.iter_mut().for_each(|number| *number /= length);
                faces.push(embeddings.len());
                embeddings.push(embedding);
                truth.push(person);
            }
            all.push(Photo { names: names.to_vec(), faces });
        }
        let puzzle = Puzzle {
            embeddings,
            photos: all,
            known: vec![Vec::new(); 8],
            excluded: HashSet::new(),
            slope: 40.0,
            offset: 16.0,
            normalisation: 0.75,
        };
        (puzzle, truth)
    }

    #[test]
    fn who_is_seen_with_whom_tells_who_is_who() {
        let (puzzle, truth) = puzzle(&[
            (&[0, 1], &[1, 0]),
            (&[0, 2], &[0, 2]),
            (&[1, 2], &[1, 2]),
            (&[0, 1, 2], &[2, 1, 0]),
            // A stranger in the background, and somebody whose face was not detected.
            (&[0, 3], &[0, 5]),
            (&[3, 1], &[3, 1]),
            (&[3], &[3]),
        ]);
        let solved = puzzle.solve();
        for pair in solved.iter().flatten().filter(|pair| pair.is_certain) {
            assert_eq!(pair.name, truth[pair.face], "{solved:?}");
        }
        assert_eq!(solved.iter().flatten().filter(|pair| pair.is_certain).count(), 13, "{solved:?}");
    }

    #[test]
    fn who_is_only_ever_seen_together_is_a_question() {
        let (mut puzzle, _) = puzzle(&[(&[0, 1], &[0, 1]), (&[0, 1], &[1, 0])]);
        assert!(puzzle.solve().iter().flatten().all(|pair| !pair.is_certain));
        // Until one of them is known elsewhere.
        let known = puzzle.embeddings[0].clone();
        puzzle.embeddings.push(known);
        puzzle.known[0].push(4);
        let solved = puzzle.solve();
        assert!(solved.iter().flatten().all(|pair| pair.is_certain), "{solved:?}");
        let of_known = |face: usize| solved.iter().flatten().any(|pair| pair.face == face && pair.name == 0);
        assert!(of_known(0) && of_known(3));
    }
}
