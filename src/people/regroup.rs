//! Grouping a library: new faces join, groups may grow together, and what the user said stays as it is.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::cluster::Cluster;
use super::faces::{DOUBTFUL_SCORE, Faces, Member};
use super::index;
use super::linkage::link;
use super::neighbours::{Pair, neighbours};
use super::settle::settle;
use crate::catalog::{Catalog, CatalogError, FaceId, PersonId, State};
use crate::face::{PackInfo, Thresholds};

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

/// Groups the faces that are in no group yet, and compares the people of `touched` with all others again.
///
/// A face of low detection confidence joins a group, but does not start one. Faces that are grouped stay together; a face of a
/// person about whom the user decided never leaves it. Only embeddings of the one pack are compared.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn regroup(catalog: &mut Catalog, pack: &PackInfo, touched: &[PersonId]) -> Result<Regrouped, CatalogError> {
    match settle(catalog, pack, touched)? {
        Some(done) => Ok(done),
        None => regroup_all(catalog, pack, touched),
    }
}

/// The same by comparing every new face with all others.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn regroup_all(catalog: &mut Catalog, pack: &PackInfo, touched: &[PersonId]) -> Result<Regrouped, CatalogError> {
    // Read from one consistent snapshot: the user may name somebody while a scan groups.
    let faces = catalog.unchanging(|catalog| Faces::load(catalog, pack))?;
    let fresh: Vec<u32> =
        (0u32..).zip(&faces.person).filter(|(_, person)| person.is_none()).map(|(face, _)| face).collect();
    let touched: Vec<u32> =
        (0u32..).zip(&faces.existing).filter(|(_, person)| touched.contains(person)).map(|(index, _)| index).collect();

    let (mut clusters, cluster_of) = faces.clusters();
    let least = pack.thresholds.least_cosine() + faces.least_cohort();
    let mut pairs = neighbours(&faces.embeddings, faces.dimension, &cluster_of, &clusters, &fresh, least);
    pairs.extend(touched.iter().flat_map(|&person| alike(person, &clusters, &pack.thresholds)));
    let roots = link(&mut clusters, &pairs, &pack.thresholds);

    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (face, &cluster) in cluster_of.iter().enumerate() {
        members.entry(roots[cluster as usize]).or_default().push(face);
    }
    members.retain(|_, members| !matches!(members.as_slice(), [face] if faces.doubtful[*face]));
    let groups = members.into_iter().map(|(root, members)| {
        let person = faces.existing.get(root).map(|&person| (person, faces.tagging.contains(&person)));
        let is_new = |&face: &usize| person.is_none_or(|(person, _)| faces.person[face] != Some(person));
        (person, members.into_iter().filter(is_new).map(|face| faces.member(face)).collect::<Vec<_>>())
    });
    let joined = Joined { groups: groups.filter(|(_, faces)| !faces.is_empty()).collect() };
    let grouped: HashSet<FaceId> = joined.faces().collect();
    let done = joined.write(catalog)?;
    let left = fresh.iter().map(|&face| faces.id[face as usize]).filter(|face| !grouped.contains(face));
    let left: Vec<FaceId> = left.collect();
    catalog.batch(|writer| writer.note_compared(&left))?;
    index::maintain(catalog, pack)?;
    Ok(done)
}

/// The pairs of a cluster with all that are like it as a whole, or nearly so: they may become more so as they grow.
fn alike(cluster: u32, clusters: &[Cluster], thresholds: &Thresholds) -> Vec<Pair> {
    let one = &clusters[cluster as usize];
    let least = thresholds.group.min(thresholds.auto_tag) - thresholds.margin;
    let is_alike = |&(index, other): &(usize, &Cluster)| {
        index != cluster as usize && !(one.fixed && other.fixed) && thresholds.similarity(one, other) >= least
    };
    let pair = |(index, _)| Pair { a: cluster.min(index as u32), b: cluster.max(index as u32) };
    clusters.par_iter().enumerate().filter(is_alike).map(pair).collect()
}

/// A group or person, and whether faces are tagged with them; `None` for a new group.
pub(super) type Target = Option<(PersonId, bool)>;

/// What was found to be one: the faces that join each.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub groups: Vec<(Target, Vec<Member>)>,
}

impl Joined {
    /// The faces that join somebody.
    pub fn faces(&self) -> impl Iterator<Item = FaceId> {
        self.groups.iter().flat_map(|(_, members)| members).map(|(face, ..)| *face)
    }

    /// Writes down who has joined whom, except where somebody has decided otherwise since.
    ///
    /// # Errors
    /// Those of the catalog; then nothing has changed.
    pub fn write(mut self, catalog: &mut Catalog) -> Result<Regrouped, CatalogError> {
        // The largest new group gets the lowest number.
        self.groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
        catalog.batch(|writer| {
            let mut done = Regrouped::default();
            let mut regrouped = Vec::new();
            for (person, members) in &self.groups {
                let (person, is_tag) = match *person {
                    Some(known) => known,
                    None => {
                        done.groups += 1;
                        (writer.new_group()?, false)
                    }
                };
                let state = is_tag.then_some(State::Auto);
                for &(face, before, was) in members {
                    let assigned = writer.assign(face, (before, was), (person, state))?;
                    done.tagged += usize::from(assigned && is_tag);
                    regrouped.extend(assigned.then_some(face));
                }
            }
            writer.note_regrouped(&regrouped)?;
            writer.drop_empty_groups()?;
            Ok(done)
        })
    }
}
