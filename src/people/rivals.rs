//! Which persons could be rivals for a cluster: those similar to it, found without a loop over all where there are many.

use std::borrow::Cow;

use super::cells::Cells;
use super::cluster::Cluster;
use crate::face::normalised;

/// Among fewer persons all are looked at.
const MANY: usize = 5000;

/// A cell has this many directions on average.
const PERSONS_A_CELL: usize = 64;

/// Rivals are looked for in so many cells, those nearest to the cluster: a rival is nearly as similar to it as the person that it joins.
const PROBED: usize = 64;

/// The persons, by index of their clusters.
pub(super) struct Rivals {
    persons: Vec<u32>,
    /// Where there are many.
    sorted: Option<Sorted>,
}

/// Persons sorted by the direction of all their faces, and of each era.
struct Sorted {
    cells: Cells,
    /// Whose each direction is.
    persons: Vec<u32>,
}

impl Rivals {
    /// The persons among these clusters. Those who grow later stay where they are: their direction hardly changes.
    pub fn new(clusters: &[Cluster]) -> Self {
        let persons: Vec<u32> =
            (0..).zip(clusters).filter(|(_, cluster)| cluster.tagging).map(|(index, _)| index).collect();
        let sorted = (persons.len() > MANY).then(|| Sorted::new(&persons, clusters));
        Self { persons, sorted }
    }

    /// Those who may be similar to a cluster, each once.
    pub fn of(&self, cluster: &Cluster) -> Cow<'_, [u32]> {
        let near = self.sorted.as_ref().and_then(|sorted| sorted.near(cluster));
        near.map_or(Cow::Borrowed(&self.persons), Cow::Owned)
    }
}

impl Sorted {
    fn new(persons: &[u32], clusters: &[Cluster]) -> Self {
        let (mut directions, mut whose) = (Vec::new(), Vec::new());
        for &person in persons {
            let cluster = &clusters[person as usize];
            let sums = std::iter::once(&*cluster.sum).chain(cluster.eras.iter().map(|era| &*era.sum));
            for direction in sums.filter_map(|sum| normalised(sum.to_vec())) {
                directions.extend(direction);
                whose.push(person);
            }
        }
        let dimension = persons.first().map_or(1, |&person| clusters[person as usize].sum.len());
        Self { cells: Cells::new(&directions, dimension, whose.len() / PERSONS_A_CELL), persons: whose }
    }

    /// `None` for a cluster without a direction.
    fn near(&self, cluster: &Cluster) -> Option<Vec<u32>> {
        let nearest = self.cells.centres.nearest(&normalised(cluster.sum.to_vec())?, PROBED);
        let directions = nearest.iter().flat_map(|&cell| &self.cells.faces[cell as usize]);
        let mut near: Vec<u32> = directions.map(|&direction| self.persons[direction as usize]).collect();
        near.sort_unstable();
        near.dedup();
        Some(near)
    }
}

#[cfg(test)]
mod tests {
    use super::super::neighbours::tests::embeddings;
    use super::*;
    use crate::face::dot;

    #[test]
    fn among_many_persons_those_nearest_are_found() {
        let (count, dimension) = (3 * MANY, 32);
        let directions = embeddings(count + 200, dimension);
        let (persons, noise) = directions.split_at(count * dimension);
        let person = |sum: &[f32]| Cluster { sum: sum.to_vec().into(), faces: 1, tagging: true, ..Cluster::default() };
        let persons: Vec<Cluster> = persons.chunks_exact(dimension).map(person).collect();
        let rivals = Rivals::new(&persons);
        let (mut looked_at, mut missed, mut near) = (0, 0, 0);
        for noise in noise.chunks_exact(dimension) {
            // A face of one of them, and all who are nearly as similar.
            let person = &persons[near * 7 % count];
            let face: Vec<f32> = person.sum.iter().zip(noise).map(|(sum, noise)| sum + 0.8 * noise).collect();
            let face = Cluster { sum: normalised(face).unwrap().into(), faces: 1, ..Cluster::default() };
            let found = rivals.of(&face);
            looked_at += found.len();
            for (index, person) in (0..).zip(&persons) {
                if dot(&person.sum, &face.sum) > 0.6 {
                    near += 1;
                    missed += usize::from(found.binary_search(&index).is_err());
                }
            }
        }
        assert!(near >= 200 && missed * 50 <= near, "{missed} of {near}");
        assert!(looked_at < 200 * count / 2, "{looked_at}");
        // A few are all looked at.
        assert_eq!(*Rivals::new(&persons[..10]).of(&persons[0]), (0..10).collect::<Vec<_>>());
    }
}
