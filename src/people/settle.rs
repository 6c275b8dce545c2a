//! Grouping what a decision or a few new faces change: as `regroup` does, but only among those who are similar to them, whom the index
//! of clusters finds.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::prelude::*;

use super::cluster::Cluster;
use super::faces::Faces;
use super::index::{self, Index, Near, Part};
use super::linkage::{WIDEST, link};
use super::neighbours::{PROBED, Pair, STRONGEST};
use super::regroup::{Joined, Regrouped};
use crate::catalog::{Catalog, CatalogError, Embedded, FaceId, LineId, PersonId};
use crate::face::PackInfo;

/// If there are more new faces, each is compared with every other face, see [`super::regroup::regroup_all`].
const FEW: usize = 1000;

/// A person is compared with so many of the most similar groups and faces.
const STRONGEST_OF_PERSON: usize = 512;

/// Groups the few faces that are in no group yet, and compares the people of `touched` again with all who are similar to them. `None`
/// where there are more than a few faces: then nothing is done.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub(super) fn settle(
    catalog: &mut Catalog,
    pack: &PackInfo,
    touched: &[PersonId],
) -> Result<Option<Regrouped>, CatalogError> {
    if catalog.count_uncompared(&pack.name, FEW + 1)? > FEW {
        return Ok(None);
    }
    catalog.batch(|writer| writer.drop_empty_groups())?;
    index::refresh(catalog, pack)?;
    // Read from one consistent snapshot: the user may name somebody while a scan groups.
    let (joined, left) = catalog.unchanging(|catalog| {
        let loose = Faces::ungrouped(catalog, pack)?;
        let fresh = fresh(catalog, &loose, touched)?;
        let joined = if fresh.is_empty() && touched.is_empty() {
            Joined::default()
        } else {
            join(catalog, pack, &loose, &fresh, touched)?
        };
        let grouped: HashSet<FaceId> = joined.faces().collect();
        let left = fresh.iter().map(|&face| loose.id[face]).filter(|face| !grouped.contains(face));
        Ok((joined, left.collect::<Vec<_>>()))
    })?;
    let done = joined.write(catalog)?;
    catalog.batch(|writer| writer.note_compared(&left))?;
    Ok(Some(done))
}

/// Takes the faces that scans put with these people, or with others who are alike, after a line of the journal out again: without
/// that line, they might have come to somebody else.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub(super) fn release_regrouped_since(
    catalog: &mut Catalog,
    pack: &PackInfo,
    since: LineId,
    people: &[PersonId],
) -> Result<(), CatalogError> {
    catalog.batch(|writer| {
        writer.forget_compared_since(since, FEW)?;
        writer.release_regrouped_since(since, people)?;
        writer.drop_empty_groups()
    })?;
    index::refresh(catalog, pack)?;
    let index = Index::of(catalog, pack)?;
    let mut clusters = BTreeMap::new();
    index.add(&mut clusters, people.iter().copied())?;
    let clusters: Vec<&Cluster> = clusters.values().collect();
    let near = index.near(&clusters, least_alike(pack), PROBED)?;
    let alike: BTreeSet<PersonId> = near.iter().flatten().map(|near| near.person).collect();
    catalog.batch(|writer| writer.release_regrouped_since(since, &Vec::from_iter(alike)))
}

/// From here on two may be alike, or become so as they grow.
fn least_alike(pack: &PackInfo) -> f32 {
    pack.thresholds.group.min(pack.thresholds.auto_tag) - pack.thresholds.margin
}

/// The faces without a group that are to be compared with all others.
fn fresh(catalog: &Catalog, loose: &Faces, touched: &[PersonId]) -> Result<Vec<usize>, CatalogError> {
    // After a decision about somebody, doubtful faces that were like nobody before are compared with them alone.
    if !touched.is_empty() && loose.doubtful.iter().all(|&doubtful| doubtful) {
        return Ok(Vec::new());
    }
    let mut fresh = Vec::new();
    for face in 0..loose.id.len() {
        if !loose.doubtful[face] || !catalog.was_compared(loose.id[face])? {
            fresh.push(face);
        }
    }
    Ok(fresh)
}

fn join(
    catalog: &Catalog,
    pack: &PackInfo,
    loose: &Faces,
    fresh: &[usize],
    touched: &[PersonId],
) -> Result<Joined, CatalogError> {
    let thresholds = &pack.thresholds;
    let index = Index::of(catalog, pack)?;
    let tagging = catalog.tagging()?;
    let alone: Vec<Cluster> = (0..loose.id.len()).map(|face| loose.alone(face)).collect();
    let mut people: BTreeMap<PersonId, Cluster> = BTreeMap::new();
    index.add(&mut people, touched.iter().copied())?;

    let least = least_alike(pack);
    let least_of_rival = thresholds.auto_tag - thresholds.margin * WIDEST;
    let mut pairs: BTreeSet<(Part, Part)> = BTreeSet::new();
    // Persons to whom something else may be nearly as similar.
    let mut contested: BTreeSet<Part> = BTreeSet::new();

    let seeds: Vec<(PersonId, &Cluster)> = people.iter().map(|(&person, cluster)| (person, cluster)).collect();
    let clusters: Vec<&Cluster> = seeds.iter().map(|(_, cluster)| *cluster).collect();
    for ((person, cluster), near) in seeds.iter().zip(index.near(&clusters, least, PROBED)?) {
        let faces =
            alone.par_iter().enumerate().map(|(face, alone)| (Part::Face(face), thresholds.similarity(cluster, alone)));
        let mut near: Vec<(Part, f32)> = faces
            .filter(|(_, similarity)| *similarity >= least)
            .collect::<Vec<_>>()
            .into_iter()
            .chain(near.iter().map(|near| (Part::Person(near.person), near.similarity)))
            .collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        near.truncate(STRONGEST_OF_PERSON);
        let is_close = |similarity: f32| cluster.tagging && similarity >= thresholds.auto_tag - thresholds.margin;
        contested.extend(near.iter().filter(|(_, similarity)| is_close(*similarity)).map(|(part, _)| *part));
        pairs.extend(near.iter().map(|&(part, _)| (Part::Person(*person), part)));
    }

    let clusters: Vec<&Cluster> = fresh.iter().map(|&face| &alone[face]).collect();
    let mut rivals: BTreeSet<PersonId> = BTreeSet::new();
    for (&face, near) in fresh.iter().zip(index.near(&clusters, least.min(least_of_rival), PROBED)?) {
        rivals.extend(near.iter().map(|near| near.person).filter(|person| tagging.contains(person)));
        let near = strongest(near, least);
        pairs.extend(near.into_iter().map(|person| (Part::Person(person), Part::Face(face))));
    }
    let similar = fresh.par_iter().flat_map_iter(|&face| {
        let others = (0..alone.len()).filter(move |&other| other != face);
        let alone = &alone;
        let similar = others.filter(move |&other| thresholds.similarity(&alone[face], &alone[other]) >= least);
        similar.map(move |other| (Part::Face(face.min(other)), Part::Face(face.max(other))))
    });
    pairs.extend(similar.collect::<Vec<_>>());

    let parts = || pairs.iter().flat_map(|&(a, b)| [a, b]);
    index.add(&mut people, parts().filter_map(Part::person))?;
    // Those who are nearly as similar keep a group or face from being tagged.
    let clusters: Vec<&Cluster> = contested
        .iter()
        .filter_map(|part| match part {
            Part::Person(person) => people.get(person),
            Part::Face(face) => Some(&alone[*face]),
        })
        .filter(|cluster| !cluster.tagging)
        .collect();
    let near = index.near(&clusters, least_of_rival, PROBED)?;
    rivals.extend(near.iter().flatten().map(|near| near.person).filter(|person| tagging.contains(person)));
    index.add(&mut people, rivals.into_iter())?;
    index.tell_apart(&mut people, parts().filter_map(Part::face).map(|face| &alone[face]))?;

    // In the order in which a whole library is grouped: people by number, then faces.
    let known: Vec<PersonId> = people.keys().copied().collect();
    let place = |part: Part| match part {
        Part::Person(person) => known.binary_search(&person).ok(),
        Part::Face(face) => Some(known.len() + face),
    };
    let pairs: Vec<Pair> = pairs
        .iter()
        .filter_map(|&(a, b)| {
            let (a, b) = (place(a)? as u32, place(b)? as u32);
            Some(Pair { a: a.min(b), b: a.max(b) })
        })
        .collect();
    let mut clusters: Vec<Cluster> = people.into_values().chain(alone).collect();
    let roots = link(&mut clusters, &pairs, thresholds);

    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (cluster, &root) in roots.iter().enumerate() {
        members.entry(root).or_default().push(cluster);
    }
    let mut joined = Joined::default();
    for (root, members) in members {
        let person = known.get(root).map(|&person| (person, tagging.contains(&person)));
        let is_alone = members.len() == 1;
        if is_alone && (person.is_some() || loose.doubtful[root - known.len()]) {
            continue;
        }
        let mut faces = Vec::new();
        for member in members.into_iter().filter(|&member| person.is_none() || member != root) {
            match known.get(member) {
                Some(&group) => faces.extend(Faces::of(catalog, pack, Embedded::Of(group, None))?.members()),
                None => faces.push(loose.member(member - known.len())),
            }
        }
        joined.groups.push((person, faces));
    }
    Ok(joined)
}

/// The most similar of those who are similar enough: as many good ones as poor ones, for blurred faces, all alike, must not crowd out a
/// person.
fn strongest(mut near: Vec<Near>, least: f32) -> Vec<PersonId> {
    near.retain(|near| near.similarity >= least);
    near.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.person.cmp(&b.person)));
    let of = |poor| near.iter().filter(move |near| near.poor == poor).take(STRONGEST).map(|near| near.person);
    of(false).chain(of(true)).collect()
}
