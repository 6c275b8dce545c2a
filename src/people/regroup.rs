//! Grouping a library: new faces join, groups may grow together, and what the user said stays as it is.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::cluster::Cluster;
use super::faces::{DOUBTFUL_SCORE, Faces};
use super::linkage::link;
use super::neighbours::{Pair, neighbours};
use crate::catalog::{Catalog, CatalogError, PersonId, State, Writer};
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

/// Groups the faces that are in no group yet, and looks again who is like the people of `touched`.
///
/// A face of low detection confidence joins a group, but does not start one. Faces that are grouped stay together; a face of a
/// person about whom the user decided never leaves it. Only embeddings of the one pack are compared.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn regroup(catalog: &mut Catalog, pack: &PackInfo, touched: &[PersonId]) -> Result<Regrouped, CatalogError> {
    // Read from one consistent snapshot: the user may name somebody while a scan groups.
    let faces = catalog.unchanging(|catalog| Faces::load(catalog, pack))?;
    let loose = || (0u32..).zip(&faces.person).filter(|(_, person)| person.is_none()).map(|(face, _)| face);
    // After a decision about somebody, doubtful faces that were like nobody before are compared with them alone.
    let is_waiting = touched.is_empty() || loose().any(|face| !faces.doubtful[face as usize]);
    let fresh: Vec<u32> = if is_waiting { loose().collect() } else { Vec::new() };
    let touched: Vec<u32> =
        (0u32..).zip(&faces.existing).filter(|(_, person)| touched.contains(person)).map(|(index, _)| index).collect();
    if fresh.is_empty() && touched.is_empty() {
        return Ok(Regrouped::default());
    }

    let (mut clusters, cluster_of) = faces.clusters();
    let least = pack.thresholds.least_cosine() + faces.least_cohort();
    let mut pairs = neighbours(&faces.embeddings, faces.dimension, &cluster_of, &clusters, &fresh, least);
    pairs.extend(touched.iter().flat_map(|&person| alike(person, &clusters, &pack.thresholds)));
    let roots = link(&mut clusters, &pairs, &pack.thresholds);

    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (face, &cluster) in cluster_of.iter().enumerate() {
        members.entry(roots[cluster as usize]).or_default().push(face);
    }
    let mut groups: Vec<(usize, Vec<usize>)> = members.into_iter().collect();
    // The largest new group gets the lowest number.
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    groups.retain(|(_, members)| !matches!(members.as_slice(), [face] if faces.doubtful[*face]));
    catalog.batch(|writer| {
        let mut done = Regrouped::default();
        for (root, members) in &groups {
            faces.write(writer, *root, members, &mut done)?;
        }
        writer.drop_empty_groups()?;
        Ok(done)
    })
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

impl Faces {
    /// Writes down who is in a cluster, where that has changed.
    fn write(
        &self,
        writer: &mut Writer,
        root: usize,
        members: &[usize],
        done: &mut Regrouped,
    ) -> Result<(), CatalogError> {
        let person = match self.existing.get(root) {
            Some(&person) => person,
            None => {
                done.groups += 1;
                writer.new_group()?
            }
        };
        let is_tag = self.tagging.contains(&person);
        for &face in members.iter().filter(|face| self.person[**face] != Some(person)) {
            let state = is_tag.then_some(State::Auto);
            let assigned = writer.assign(self.id[face], (self.person[face], self.state[face]), (person, state))?;
            done.tagged += usize::from(assigned && is_tag);
        }
        Ok(())
    }
}
