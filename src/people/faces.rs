//! The faces of a library that have an embedding, and the clusters that they are in.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use rayon::prelude::*;

use super::cluster::{Cluster, Era, span};
use crate::catalog::{Catalog, CatalogError, Embedded, FaceId, FaceRow, InPhoto, PersonId, PhotoId, State};
use crate::face::PackInfo;

/// Below this score of the detector's a face is in no group unless it is like one: it may be none. At 0.5, 99.7 % of what
/// CenterFace finds are faces.
pub(super) const DOUBTFUL_SCORE: f32 = 0.5;

/// Below this quality a face draws no other into its group: small, blurred and turned faces look like each other.
const POOR_QUALITY: f32 = 0.1;

/// From this quality on a face shows clearly enough who it is that poor ones may be compared with it.
pub(super) const CLEAR_QUALITY: f32 = 0.3;

/// A poor face with fewer pixels than this along the shorter side of its box is like every other so small. The profiles that
/// are poor in `lfw-devtest` have 75 and more.
const TINY: f32 = 64.0;

/// Faces in columns.
#[derive(Default)]
pub(super) struct Faces {
    pub id: Vec<FaceId>,
    pub photo: Vec<PhotoId>,
    /// The day of the photo.
    pub taken: Vec<Option<Date>>,
    pub person: Vec<Option<PersonId>>,
    pub state: Vec<Option<State>>,
    pub doubtful: Vec<bool>,
    pub poor: Vec<bool>,
    pub tiny: Vec<bool>,
    pub clear: Vec<bool>,
    /// How alike each is to people in general, see [`Cohort`](crate::face::Cohort).
    pub cohort: Vec<f32>,
    /// One behind the other, `dimension` numbers each.
    pub embeddings: Vec<f32>,
    pub dimension: usize,
    /// The groups and persons that have a face, in the order of their numbers.
    pub existing: Vec<PersonId>,
    /// Those about whom the user decided: grouping never merges them into another.
    pub fixed: HashSet<PersonId>,
    /// Those of them that a face is tagged with when it joins.
    pub tagging: HashSet<PersonId>,
    born: HashMap<PersonId, Date>,
    /// Faces that are not among these, who they are, and in which photo.
    elsewhere: Vec<(FaceId, PersonId, PhotoId)>,
    /// Whom the user said a face is not.
    rejected: HashMap<FaceId, Vec<PersonId>>,
}

/// A face, whose it is, and how it came there.
pub(super) type Member = (FaceId, Option<PersonId>, Option<State>);

/// How much a face tells of who it is.
pub(super) struct Clarity {
    pub doubtful: bool,
    pub poor: bool,
    pub tiny: bool,
    pub clear: bool,
}

/// The same of a face whose box has so many pixels along its shorter side.
pub(super) fn clarity(face: &FaceRow, pixels: f32) -> Clarity {
    let doubtful = face.score < DOUBTFUL_SCORE;
    // The user's word makes a face good; but one that was only drawn may show no face at all.
    let is_said = face.state == Some(State::Confirmed);
    let poor = !is_said && (doubtful || face.quality < POOR_QUALITY);
    Clarity { doubtful, poor, tiny: poor && pixels < TINY, clear: is_said || face.quality >= CLEAR_QUALITY }
}

impl Faces {
    /// All faces, and what is known of their people.
    pub fn load(catalog: &Catalog, pack: &PackInfo) -> Result<Self, CatalogError> {
        let mut faces = Self::of(catalog, pack, Embedded::All)?;
        faces.fixed = catalog.decided_about()?;
        faces.tagging = catalog.tagging()?;
        faces.born = catalog.births()?;
        faces.elsewhere.extend(catalog.sightings_without_embedding(&pack.name)?);
        for (face, person) in catalog.rejections()? {
            faces.rejected.entry(face).or_default().push(person);
        }
        let existing: HashSet<PersonId> = faces.person.iter().flatten().copied().collect();
        faces.existing = existing.into_iter().collect();
        faces.existing.sort_unstable();
        Ok(faces)
    }

    /// The faces without a group, with whom the user rejected for them.
    pub fn ungrouped(catalog: &Catalog, pack: &PackInfo) -> Result<Self, CatalogError> {
        let mut faces = Self::of(catalog, pack, Embedded::Ungrouped)?;
        for &face in &faces.id {
            let rejected = catalog.rejections_of(face)?;
            if !rejected.is_empty() {
                faces.rejected.insert(face, rejected);
            }
        }
        Ok(faces)
    }

    /// These faces alone.
    pub fn of(catalog: &Catalog, pack: &PackInfo, which: Embedded) -> Result<Self, CatalogError> {
        let mut faces = Self { dimension: pack.dimension, ..Self::default() };
        catalog.each_embedded_face(&pack.name, which, |face, InPhoto { taken, pixels }, embedding| {
            if !face.is_recognisable() {
                // It says nothing of others, but that its photo has no second face of the same person.
                faces.elsewhere.extend(face.person.map(|person| (face.id, person, face.photo)));
            } else if embedding.len() == pack.dimension {
                let Clarity { doubtful, poor, tiny, clear } = clarity(&face, pixels);
                faces.id.push(face.id);
                faces.photo.push(face.photo);
                faces.taken.push(taken);
                faces.person.push(face.person);
                faces.state.push(face.state);
                faces.doubtful.push(doubtful);
                faces.poor.push(poor);
                faces.tiny.push(tiny);
                faces.clear.push(clear);
                faces.embeddings.extend(embedding);
            }
        })?;
        let embeddings = faces.embeddings.par_chunks_exact(faces.dimension);
        faces.cohort =
            embeddings.map(|embedding| pack.cohort().map_or(0.0, |cohort| cohort.score(embedding))).collect();
        Ok(faces)
    }

    pub fn embedding(&self, face: usize) -> &[f32] {
        &self.embeddings[face * self.dimension..][..self.dimension]
    }

    /// One of them, as groupings are written down.
    pub fn member(&self, face: usize) -> Member {
        (self.id[face], self.person[face], self.state[face])
    }

    pub fn members(&self) -> impl Iterator<Item = Member> {
        (0..self.id.len()).map(|face| self.member(face))
    }

    /// The least of their cohort scores, or 0: by so much at most is a similarity more than the cosine.
    pub fn least_cohort(&self) -> f32 {
        self.cohort.iter().copied().fold(0.0, f32::min)
    }

    /// A cluster for each group and person there is, then one for each face without; and the cluster of each face.
    pub fn clusters(&self) -> (Vec<Cluster<'_>>, Vec<u32>) {
        let empty = |&person: &PersonId| {
            let fixed = self.fixed.contains(&person);
            Cluster {
                sum: vec![0.0; self.dimension].into(),
                people: vec![person],
                born: self.born.get(&person).copied(),
                fixed,
                tagging: self.tagging.contains(&person),
                // One good face makes a cluster good.
                poor: true,
                tiny: true,
                ..Cluster::default()
            }
        };
        let mut clusters: Vec<Cluster> = self.existing.iter().map(empty).collect();
        let index: HashMap<PersonId, usize> = self.existing.iter().copied().zip(0..).collect();
        for (face, person, photo) in &self.elsewhere {
            if let Some(&cluster) = index.get(person) {
                clusters[cluster].photos.insert(*photo);
                clusters[cluster].rejected.extend(self.rejected.get(face).into_iter().flatten());
            }
        }
        let mut cluster_of = Vec::with_capacity(self.id.len());
        for face in 0..self.id.len() {
            if let Some(person) = self.person[face] {
                self.add(&mut clusters[index[&person]], face);
                cluster_of.push(index[&person] as u32);
            } else {
                cluster_of.push(clusters.len() as u32);
                clusters.push(self.alone(face));
            }
        }
        (clusters, cluster_of)
    }

    /// A cluster of one face.
    pub fn alone(&self, face: usize) -> Cluster<'_> {
        Cluster {
            sum: self.embedding(face).into(),
            faces: 1,
            cohort: self.cohort[face],
            photos: [self.photo[face]].into(),
            rejected: self.rejected.get(&self.id[face]).into_iter().flatten().copied().collect(),
            days: self.taken[face].map(|day| (day, day)),
            poor: self.poor[face],
            tiny: self.tiny[face],
            clear: self.clear[face],
            ..Cluster::default()
        }
    }

    /// Adds a face to a cluster that has sums of its own.
    pub fn add(&self, cluster: &mut Cluster, face: usize) {
        let add = |sum: &mut [f32]| sum.iter_mut().zip(self.embedding(face)).for_each(|(sum, number)| *sum += number);
        add(cluster.sum.to_mut());
        cluster.faces += 1;
        cluster.cohort += self.cohort[face];
        cluster.photos.insert(self.photo[face]);
        cluster.rejected.extend(self.rejected.get(&self.id[face]).into_iter().flatten());
        cluster.poor &= self.poor[face];
        cluster.tiny &= self.tiny[face];
        cluster.clear |= self.clear[face];
        let Some(day) = self.taken[face] else { return };
        cluster.days = span(cluster.days, Some((day, day)));
        if cluster.fixed {
            let era = match cluster.eras.iter_mut().position(|era| era.year == day.year()) {
                Some(index) => &mut cluster.eras[index],
                None => {
                    cluster.eras.push(Era { year: day.year(), sum: vec![0.0; self.dimension], faces: 0, cohort: 0.0 });
                    cluster.eras.last_mut().expect("it has just been pushed")
                }
            };
            add(&mut era.sum);
            era.faces += 1;
            era.cohort += self.cohort[face];
        }
    }

    /// A person of just these faces.
    pub fn cluster_of(&self, members: &[usize]) -> Cluster<'_> {
        let empty = Cluster { sum: vec![0.0; self.dimension].into(), fixed: true, tagging: true, ..Cluster::default() };
        members.iter().fold(empty, |mut cluster, &face| {
            self.add(&mut cluster, face);
            cluster
        })
    }

    /// A cluster of two faces and more without one of them; its photos and days are left as they were.
    pub fn without(&self, cluster: &Cluster, face: usize) -> Cluster<'static> {
        let take =
            |sum: &[f32]| sum.iter().zip(self.embedding(face)).map(|(sum, number)| sum - number).collect::<Vec<_>>();
        let mut eras = cluster.eras.clone();
        if let Some(era) = eras.iter_mut().find(|era| self.taken[face].is_some_and(|day| day.year() == era.year)) {
            *era = Era { sum: take(&era.sum), faces: era.faces - 1, cohort: era.cohort - self.cohort[face], ..*era };
        }
        Cluster {
            sum: take(&cluster.sum).into(),
            faces: cluster.faces - 1,
            cohort: cluster.cohort - self.cohort[face],
            photos: cluster.photos.clone(),
            people: cluster.people.clone(),
            rejected: cluster.rejected.clone(),
            eras,
            ..*cluster
        }
    }
}
