//! HDBSCAN (Campello, Moulavi and Sander 2013), of clusters of two and more, by excess of mass.

use facetag::face::dot;
use rayon::prelude::*;

/// A merge of the single-linkage tree: two nodes, and 1 / the distance at which they part. Faces are nodes `0..count`,
/// the merge `m` is the node `count + m`.
struct Merge {
    parts: [usize; 2],
    density: f64,
    faces: usize,
}

/// The group of each face; noise is groups of one.
///
/// The distance of two faces is the largest of their own and those to their second-nearest others: where nothing else is
/// said, that number is the least size of a cluster.
pub fn hdbscan(embeddings: &[f32], dimension: usize) -> Vec<usize> {
    const SAMPLES: usize = 2;
    let count = embeddings.len() / dimension;
    let of = |face: usize| &embeddings[face * dimension..][..dimension];
    let distance = |a: usize, b: usize| (2.0 - 2.0 * dot(of(a), of(b))).max(0.0).sqrt();
    if count <= SAMPLES {
        return (0..count).collect();
    }
    let core: Vec<f32> = (0..count)
        .into_par_iter()
        .map(|face| {
            let mut others: Vec<f32> = (0..count).filter(|&b| b != face).map(|other| distance(face, other)).collect();
            *others.select_nth_unstable_by(SAMPLES - 1, f32::total_cmp).1
        })
        .collect();
    let mut edges = spanning_tree(count, |a, b| distance(a, b).max(core[a]).max(core[b]));
    edges.sort_by(|a, b| a.2.total_cmp(&b.2));
    let merges = merges(count, &edges);
    select(count, &merges)
}

/// Prim's: the edges that join all faces at the least sum of distances.
fn spanning_tree(count: usize, distance: impl Fn(usize, usize) -> f32 + Sync) -> Vec<(usize, usize, f32)> {
    // Of each face not yet reached, the nearest that is, and how far.
    let mut open: Vec<(usize, usize, f32)> = (1..count).map(|face| (face, 0, f32::INFINITY)).collect();
    let mut edges = Vec::with_capacity(count - 1);
    let mut reached = 0;
    while !open.is_empty() {
        open.par_iter_mut().with_min_len(256).for_each(|(face, nearest, least)| {
            let distance = distance(*face, reached);
            if distance < *least {
                (*nearest, *least) = (reached, distance);
            }
        });
        let next = (0..open.len()).min_by(|&a, &b| open[a].2.total_cmp(&open[b].2)).expect("it is not empty");
        let edge = open.swap_remove(next);
        reached = edge.0;
        edges.push(edge);
    }
    edges
}

/// The tree of merges, from the shortest edge to the longest.
fn merges(count: usize, edges: &[(usize, usize, f32)]) -> Vec<Merge> {
    let mut merges: Vec<Merge> = Vec::with_capacity(edges.len());
    let mut parents: Vec<usize> = (0..2 * count - 1).collect();
    for (index, &(a, b, distance)) in edges.iter().enumerate() {
        let parts = [a, b].map(|mut node| {
            while parents[node] != node {
                parents[node] = parents[parents[node]];
                node = parents[node];
            }
            node
        });
        let faces = parts.iter().map(|&node| size(count, &merges, node)).sum();
        parts.iter().for_each(|&node| parents[node] = count + index);
        merges.push(Merge { parts, density: 1.0 / f64::from(distance.max(1e-6)), faces });
    }
    merges
}

fn size(count: usize, merges: &[Merge], node: usize) -> usize {
    if node < count { 1 } else { merges[node - count].faces }
}

/// From below: a cluster stays where it lives longer than its parts, then its faces are one group.
///
/// Of two parts of at least two faces each, both are clusters of their own; a part of one face just falls off. A
/// cluster's life is the sum over its faces of how much denser it gets from its birth until they leave it.
fn select(count: usize, merges: &[Merge]) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..count).collect();
    // Of each merge: the sum of the densities at which faces have left its cluster so far, the most that clusters below
    // it live together, and which these are. A cluster reaches up while single faces fall off.
    let mut mass = vec![0.0f64; merges.len()];
    let mut best = vec![0.0f64; merges.len()];
    let mut leaves: Vec<Vec<usize>> = vec![Vec::new(); merges.len()];
    for (index, merge) in merges.iter().enumerate() {
        let inner = |node: &usize| node.checked_sub(count);
        let parts: Vec<usize> = merge.parts.iter().filter_map(inner).collect();
        match parts[..] {
            // Two clusters part here: each is born at this density, and kept where it beats those below it.
            [a, b] => {
                for part in [a, b] {
                    let born = merges[part].faces as f64 * merge.density;
                    let lived = mass[part] - born;
                    if leaves[part].is_empty() || lived >= best[part] {
                        best[part] = lived;
                        leaves[part] = vec![part];
                    }
                }
                best[index] = best[a] + best[b];
                leaves[index] = [std::mem::take(&mut leaves[a]), std::mem::take(&mut leaves[b])].concat();
                mass[index] = merge.faces as f64 * merge.density;
            }
            // A single face falls off: the cluster goes on.
            [part] => {
                mass[index] = mass[part] + merge.density;
                best[index] = best[part];
                leaves[index] = std::mem::take(&mut leaves[part]);
            }
            _ => mass[index] = 2.0 * merge.density,
        }
    }
    // The whole is no cluster.
    let chosen = leaves.pop().unwrap_or_default();
    for top in chosen {
        let mut open = vec![count + top];
        while let Some(node) = open.pop() {
            match node.checked_sub(count) {
                Some(merge) => open.extend(merges[merge].parts),
                None => groups[node] = count + top,
            }
        }
    }
    groups
}
