//! Grouping a library: new faces join, groups may grow together, and what the user said stays as it is.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::linkage::{Cluster, link};
use super::neighbours::neighbours;
use crate::catalog::{Catalog, CatalogError, FaceId, PersonId, State, Writer};
use crate::face::PackInfo;

/// Below this score of the detector's a face is in no group unless it is like one: it may be none. At 0.5, 99.7 % of what
/// CenterFace finds are faces.
const DOUBTFUL_SCORE: f32 = 0.5;

/// Below this quality a face draws no other into its group: small, blurred and turned faces look like each other.
const POOR_QUALITY: f32 = 0.1;

/// What a regrouping did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Regrouped {
    /// Groups that are new.
    pub groups: usize,
    /// Faces that were tagged with a name, because they are surely that person's.
    pub tagged: usize,
}

/// Whether some face waits to be grouped, as after a scan that was interrupted.
///
/// # Errors
/// Those of the catalog.
pub fn has_ungrouped(catalog: &Catalog, pack: &PackInfo) -> Result<bool, CatalogError> {
    catalog.has_ungrouped(&pack.name, DOUBTFUL_SCORE)
}

/// Groups the faces that are in no group yet, and looks again who is like the people of `touched`.
///
/// A doubtful face stays in no group until it is like one. Faces that are grouped stay together; a face of a person that
/// the user spoke of never leaves it. Only vectors of the one pack are compared.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn regroup(catalog: &mut Catalog, pack: &PackInfo, touched: &[PersonId]) -> Result<Regrouped, CatalogError> {
    let fixed = catalog.spoken_of()?;
    let faces = Faces::load(catalog, pack)?;
    let fresh: Vec<u32> = (0u32..)
        .zip(&faces.person)
        .filter(|(_, person)| person.is_none_or(|person| touched.contains(&person)))
        .map(|(face, _)| face)
        .collect();
    if fresh.is_empty() {
        return Ok(Regrouped::default());
    }

    let (mut clusters, cluster_of) = faces.clusters(&fixed);
    let least = pack.thresholds.least_cosine();
    let pairs = neighbours(&faces.vectors, faces.dimension, &cluster_of, &clusters, &fresh, least);
    let roots = link(&mut clusters, &pairs, &pack.thresholds);

    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (face, &cluster) in cluster_of.iter().enumerate() {
        members.entry(roots[cluster as usize]).or_default().push(face);
    }
    let mut groups: Vec<(usize, Vec<usize>)> = members.into_iter().collect();
    // The largest new group gets the lowest number.
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));

    catalog.batch(|writer| {
        let mut done = Regrouped::default();
        let in_doubt = |members: &[usize]| matches!(members, [face] if faces.doubtful[*face]);
        for (root, members) in groups.iter().filter(|(_, members)| !in_doubt(members)) {
            faces.write(writer, *root, members, &fixed, &mut done)?;
        }
        writer.mark_tags()?;
        writer.drop_empty_groups()?;
        Ok(done)
    })
}

/// The faces of a library that have a vector, in columns.
struct Faces {
    id: Vec<FaceId>,
    photo: Vec<i64>,
    person: Vec<Option<PersonId>>,
    state: Vec<Option<State>>,
    doubtful: Vec<bool>,
    poor: Vec<bool>,
    /// One behind the other, `dimension` numbers each.
    vectors: Vec<f32>,
    dimension: usize,
    /// The clusters that are there already come first, in the order of their numbers.
    existing: Vec<PersonId>,
}

impl Faces {
    fn load(catalog: &Catalog, pack: &PackInfo) -> Result<Self, CatalogError> {
        let mut faces = Self {
            id: Vec::new(),
            photo: Vec::new(),
            person: Vec::new(),
            state: Vec::new(),
            doubtful: Vec::new(),
            poor: Vec::new(),
            vectors: Vec::new(),
            dimension: pack.dimension,
            existing: Vec::new(),
        };
        catalog.each_embedded_face(&pack.name, |face, vector| {
            if vector.len() == pack.dimension {
                faces.id.push(face.id);
                faces.photo.push(face.photo);
                faces.person.push(face.person);
                faces.state.push(face.state);
                faces.doubtful.push(face.score < DOUBTFUL_SCORE);
                faces.poor.push(face.score < DOUBTFUL_SCORE || face.quality < POOR_QUALITY);
                faces.vectors.extend(vector);
            }
        })?;
        let existing: HashSet<PersonId> = faces.person.iter().flatten().copied().collect();
        faces.existing = existing.into_iter().collect();
        faces.existing.sort_unstable();
        Ok(faces)
    }

    /// A cluster for each group and person there is, then one for each face without; and the cluster of each face.
    fn clusters(&self, fixed: &HashSet<PersonId>) -> (Vec<Cluster<'_>>, Vec<u32>) {
        let empty = |person| {
            let fixed = fixed.contains(person);
            // One good face makes a cluster good, and so does the user's word.
            Cluster { sum: vec![0.0; self.dimension].into(), faces: 0, photos: HashSet::new(), fixed, poor: !fixed }
        };
        let mut clusters: Vec<Cluster> = self.existing.iter().map(empty).collect();
        let index: HashMap<PersonId, usize> = self.existing.iter().copied().zip(0..).collect();
        let mut cluster_of = Vec::with_capacity(self.id.len());
        for (face, vector) in self.vectors.chunks_exact(self.dimension).enumerate() {
            let (photo, poor) = (self.photo[face], self.poor[face]);
            if let Some(person) = self.person[face] {
                let cluster = &mut clusters[index[&person]];
                cluster.sum.to_mut().iter_mut().zip(vector).for_each(|(sum, number)| *sum += number);
                cluster.faces += 1;
                cluster.photos.insert(photo);
                cluster.poor &= poor;
                cluster_of.push(index[&person] as u32);
            } else {
                cluster_of.push(clusters.len() as u32);
                clusters.push(Cluster { sum: vector.into(), faces: 1, photos: [photo].into(), fixed: false, poor });
            }
        }
        (clusters, cluster_of)
    }

    /// Writes down who is in a cluster, where that has changed.
    fn write(
        &self,
        writer: &mut Writer,
        root: usize,
        members: &[usize],
        fixed: &HashSet<PersonId>,
        done: &mut Regrouped,
    ) -> Result<(), CatalogError> {
        let person = match self.existing.get(root) {
            Some(&person) => person,
            None => {
                done.groups += 1;
                writer.new_group()?
            }
        };
        let is_fixed = fixed.contains(&person);
        for &face in members.iter().filter(|face| self.person[**face] != Some(person)) {
            // What the user said of a face goes with it into a larger group.
            let state = self.state[face].or(is_fixed.then_some(State::Auto));
            let assigned = writer.assign(self.id[face], (self.person[face], self.state[face]), (person, state))?;
            done.tagged += usize::from(assigned && is_fixed);
        }
        Ok(())
    }
}
