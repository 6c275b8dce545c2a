//! Who is in which photo, in memory: four bytes a face. Who is most often with somebody is asked by every page of a person, and the
//! database would look up each of their photos for it.

use std::collections::{HashMap, HashSet};

use rayon::slice::ParallelSliceMut;

use super::listing::{Listing, Seen, entry};
use super::{Catalog, CatalogError, Label, PersonId, PhotoId, Result, Who};

/// A face of nobody, or none.
const NOBODY: u32 = 0;

/// Faces that are looked at together.
const CHUNK: usize = 16;

/// Who is in which photo.
#[derive(Debug, Clone, Default)]
pub struct Company {
    /// By number of the photo: where its faces begin, and those of the next.
    starts: Vec<u32>,
    /// Whose each face is.
    faces: Vec<u32>,
    /// Photos that have more faces now than there is room for.
    grown: HashMap<PhotoId, Vec<u32>>,
}

/// A photo in which somebody has more or fewer faces than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    pub photo: PhotoId,
    pub before: u64,
    pub now: u64,
}

/// Equal if the same people are in the same photos.
impl PartialEq for Company {
    fn eq(&self, other: &Self) -> bool {
        let last = self.starts.len().max(other.starts.len()) as i64;
        let photos = self.grown.keys().chain(other.grown.keys()).copied().chain((0..last).map(PhotoId));
        photos.into_iter().all(|photo| self.sorted(photo) == other.sorted(photo))
    }
}

impl Company {
    /// Whose the faces in a photo are; [`NOBODY`] between them.
    fn of(&self, photo: PhotoId) -> &[u32] {
        if let Some(faces) = self.grown.get(&photo) {
            return faces;
        }
        let number = usize::try_from(photo.0).unwrap_or(usize::MAX);
        let ends = self.starts.get(number).zip(self.starts.get(number.saturating_add(1)));
        ends.map_or(&[], |(&first, &end)| &self.faces[first as usize..end as usize])
    }

    fn sorted(&self, photo: PhotoId) -> Vec<u32> {
        let mut people: Vec<u32> = self.of(photo).iter().copied().filter(|&person| person != NOBODY).collect();
        people.sort_unstable();
        people
    }

    /// Puts other faces into a photo.
    fn set(&mut self, photo: PhotoId, people: Vec<u32>) {
        let number = usize::try_from(photo.0).unwrap_or(usize::MAX);
        let ends = self.starts.get(number).copied().zip(self.starts.get(number.saturating_add(1)).copied());
        match ends {
            Some((first, end)) if people.len() <= (end - first) as usize => {
                self.grown.remove(&photo);
                let room = &mut self.faces[first as usize..end as usize];
                room.fill(NOBODY);
                room[..people.len()].copy_from_slice(&people);
            }
            _ => drop(self.grown.insert(photo, people)),
        }
    }

    /// Reads the photos again into which faces of these people came, or from which they went. Returns these photos, for each of the
    /// people.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn update(
        &mut self,
        catalog: &Catalog,
        changed: &HashSet<PersonId>,
    ) -> Result<HashMap<PersonId, Vec<Difference>>> {
        // Of each of them the photos as they are known, one for each face.
        let mut before: HashMap<u32, Vec<PhotoId>> =
            changed.iter().map(|&person| (short(person), Vec::new())).collect();
        // Most others are told from them by the last six bits of their number: that takes a tenth of the time of looking into the map.
        let bit = |person: u32| 1u64 << (person % u64::BITS);
        let bits = before.keys().fold(0, |bits, &person| bits | bit(person));
        let mut note = |photo: PhotoId, faces: &[u32]| {
            for person in faces.iter().filter(|&&person| bits & bit(person) != 0 && person != NOBODY) {
                if let Some(photos) = before.get_mut(person) {
                    photos.push(photo);
                }
            }
        };
        for (photo, ends) in (0i64..).map(PhotoId).zip(self.starts.windows(2)) {
            if self.grown.is_empty() || !self.grown.contains_key(&photo) {
                note(photo, &self.faces[ends[0] as usize..ends[1] as usize]);
            }
        }
        self.grown.iter().for_each(|(&photo, faces)| note(photo, faces));
        let mut differences = HashMap::new();
        for &person in changed {
            let mut before = before.remove(&short(person)).unwrap_or_default();
            let sql = "SELECT photo_id FROM faces WHERE person_id = ?1";
            let mut now: Vec<PhotoId> = catalog.connection.query_all(sql, [person], |row| row.get(0))?;
            before.sort_unstable();
            now.sort_unstable();
            differences.insert(person, different(&before, &now));
        }
        let photos: HashSet<PhotoId> = differences.values().flatten().map(|difference| difference.photo).collect();
        for photo in photos {
            let sql = "SELECT person_id FROM faces WHERE photo_id = ?1 AND person_id IS NOT NULL";
            let people: Vec<PersonId> = catalog.connection.query_all(sql, [photo], |row| row.get(0))?;
            self.set(photo, people.into_iter().map(short).collect());
        }
        Ok(differences)
    }

    /// The photos in which somebody is, once each: as fast as memory is read, where the database reads a row for each face.
    pub fn photos_of(&self, person: PersonId) -> Vec<PhotoId> {
        let person = short(person);
        let (mut photos, mut number) = (Vec::new(), 0);
        for (first, chunk) in (0..).step_by(CHUNK).zip(self.faces.chunks(CHUNK)) {
            // Few chunks have any, and to look through one that has none takes a few instructions.
            if !chunk.iter().fold(false, |hit, &face| hit | (face == person)) {
                continue;
            }
            for (face, _) in (first..).zip(chunk).filter(|&(_, &face)| face == person) {
                number = self.photo_with(face, number);
                let photo = PhotoId(number as i64);
                if photos.last() != Some(&photo) && !self.grown.contains_key(&photo) {
                    photos.push(photo);
                }
            }
        }
        let grown = self.grown.iter().filter(|(_, faces)| faces.contains(&person));
        photos.extend(grown.map(|(&photo, _)| photo));
        photos
    }

    /// The number of the photo with a face; it is not before photo `from`.
    fn photo_with(&self, face: usize, mut from: usize) -> usize {
        // In steps that grow: most often it is one of the next photos.
        let (mut end, mut step) = (from + 1, 1);
        while self.starts.get(end).is_some_and(|&start| start as usize <= face) {
            from = end;
            end += step;
            step *= 2;
        }
        let between = &self.starts[from..end.min(self.starts.len())];
        from + between.partition_point(|&start| start as usize <= face) - 1
    }

    /// Whether nobody is in a photo but these people, as their numbers in order.
    pub(super) fn is_only(&self, photo: PhotoId, people: &[PersonId]) -> bool {
        self.of(photo).iter().all(|&person| person == NOBODY || people.binary_search(&PersonId(person.into())).is_ok())
    }

    /// In how many photos of somebody another person is.
    pub fn together(&self, seen: &[Seen], other: PersonId) -> u64 {
        let mut photos: Vec<PhotoId> = seen.iter().map(|seen| seen.photo).collect();
        photos.sort_unstable();
        photos.dedup();
        photos.into_iter().filter(|&photo| self.of(photo).contains(&short(other))).count() as u64
    }

    /// Who is most often in one photo with somebody, and in how many; nobody who is hidden or a stranger, and groups without a name only where
    /// they are more than once. Photos of one shot count once. `photos` are those of that person; one may come several times in succession.
    pub fn most_often_with(
        &self,
        person: PersonId,
        (listing, photos): (&Listing, impl Iterator<Item = PhotoId>),
        labels: &HashMap<PersonId, Label>,
        limit: usize,
    ) -> Vec<(Who, u64)> {
        let mut counts: Vec<u32> = Vec::new();
        let mut counted = Vec::new();
        let mut count = |other: u32| {
            let photos = entry(&mut counts, other);
            if *photos == 0 {
                counted.push(other);
            }
            *photos += 1;
        };
        let (mut of_shots, mut before) = (Vec::new(), None);
        for photo in photos {
            if !listing.is_alone(photo) {
                of_shots.push((listing.shot(photo), photo));
            } else if before.replace(photo) != Some(photo) {
                let faces = self.of(photo);
                let first = faces.iter().enumerate().filter(|&(index, person)| !faces[..index].contains(person));
                first.for_each(|(_, &person)| count(person));
            }
        }
        of_shots.sort_unstable();
        for shot in of_shots.chunk_by(|(one, _), (other, _)| one == other) {
            let mut people: Vec<u32> = shot.iter().flat_map(|&(_, photo)| self.of(photo)).copied().collect();
            people.sort_unstable();
            people.dedup();
            people.into_iter().for_each(&mut count);
        }
        // Most groups are met once, and of these only such as have a label could be shown.
        counted.retain(|&other| counts[other as usize] > 1);
        let is_once = |&&other: &&PersonId| counts.get(short(other) as usize) == Some(&1);
        counted.extend(labels.keys().filter(is_once).map(|&other| short(other)));
        counted.retain(|&other| other != NOBODY && other != short(person));
        let nobody = Label::default();
        let mut found: Vec<(u64, bool, PersonId)> = counted
            .into_iter()
            .map(|other| (PersonId(other.into()), u64::from(counts[other as usize])))
            .filter_map(|(other, photos)| {
                let label = labels.get(&other).unwrap_or(&nobody);
                let is_shown = !label.hidden && !label.ignored && (label.name.is_some() || photos > 1);
                is_shown.then_some((photos, label.name.is_none(), other))
            })
            .collect();
        found.sort_unstable_by_key(|&(photos, is_group, other)| (std::cmp::Reverse(photos), is_group, other));
        found.truncate(limit);
        let who = |id: PersonId| Who { id, name: labels.get(&id).and_then(|label| label.name.clone()) };
        found.into_iter().map(|(photos, _, other)| (who(other), photos)).collect()
    }
}

fn short(person: PersonId) -> u32 {
    u32::try_from(person.0).unwrap_or(NOBODY)
}

/// The photos that two sorted lists have a different number of times.
fn different<'a>(mut before: &'a [PhotoId], mut now: &'a [PhotoId]) -> Vec<Difference> {
    let mut differences = Vec::new();
    while let Some(photo) = before.first().into_iter().chain(now.first()).min().copied() {
        let [faces_before, faces] = [&mut before, &mut now].map(|list| {
            let faces = list.iter().take_while(|&&other| other == photo).count();
            *list = &list[faces..];
            faces as u64
        });
        if faces_before != faces {
            differences.push(Difference { photo, before: faces_before, now: faces });
        }
    }
    differences
}

impl Catalog {
    /// Who is in which photo.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn company(&self) -> Result<Company> {
        // From the index alone, and sorted here.
        let sql = "SELECT photo_id, person_id FROM faces INDEXED BY faces_by_person";
        let mut faces: Vec<(u32, u32)> = Vec::new();
        self.connection.each_row::<CatalogError>(sql, [], |row| {
            let (photo, person): (PhotoId, Option<PersonId>) = (row.get(0)?, row.get(1)?);
            faces.push((u32::try_from(photo.0).unwrap_or_default(), person.map_or(NOBODY, short)));
            Ok(())
        })?;
        faces.par_sort_unstable();
        let mut company = Company { faces: Vec::with_capacity(faces.len()), ..Company::default() };
        for (photo, person) in faces {
            let number = photo as usize;
            // Of those between the one before and this one, which have no faces, too.
            if company.starts.len() <= number {
                company.starts.resize(number + 1, company.faces.len() as u32);
            }
            company.faces.push(person);
        }
        company.starts.push(company.faces.len() as u32);
        Ok(company)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photos(numbers: &[i64]) -> Vec<PhotoId> {
        numbers.iter().copied().map(PhotoId).collect()
    }

    #[test]
    fn what_differs_between_two_lists_is_found() {
        let difference = |(photo, before, now)| Difference { photo: PhotoId(photo), before, now };
        let found = different(&photos(&[1, 2, 2, 5]), &photos(&[1, 2, 3, 5, 5, 7]));
        assert_eq!(found, [(2, 2, 1), (3, 0, 1), (5, 1, 2), (7, 0, 1)].map(difference));
        assert_eq!(different(&photos(&[1]), &[]), [(1, 1, 0)].map(difference));
    }

    #[test]
    fn a_photo_may_get_more_faces_and_fewer() {
        let mut company = Company { starts: vec![0, 0, 2, 3], faces: vec![7, 8, 9], grown: HashMap::new() };
        assert_eq!(
            (company.of(PhotoId(0)).len(), company.of(PhotoId(1)), company.of(PhotoId(3)).len()),
            (0, &[7, 8][..], 0)
        );
        company.set(PhotoId(1), vec![8]);
        assert_eq!((company.sorted(PhotoId(1)), company.sorted(PhotoId(2))), (vec![8], vec![9]));
        company.set(PhotoId(2), vec![1, 2, 3]);
        company.set(PhotoId(40), vec![5]);
        assert_eq!((company.sorted(PhotoId(2)), company.sorted(PhotoId(40))), (vec![1, 2, 3], vec![5]));
        company.set(PhotoId(2), vec![4]);
        assert_eq!(company.sorted(PhotoId(2)), [4]);
        let photos_of = |person| company.photos_of(PersonId(person));
        assert_eq!((photos_of(8), photos_of(4), photos_of(5)), (photos(&[1]), photos(&[2]), photos(&[40])));
        // They were there, and are no longer.
        assert_eq!((photos_of(7), photos_of(9)), (photos(&[]), photos(&[])));
    }
}
