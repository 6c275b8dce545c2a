//! Which persons could be rivals for a cluster: those similar to it, found without a loop over all where there are many.

use super::cells::Centres;
use super::cluster::Cluster;
use crate::face::normalised;

/// Among fewer persons all are looked at.
const MANY: usize = 5000;

/// A cell has this many directions on average.
const PERSONS_A_CELL: usize = 64;

/// A cluster's rivals are looked for in so many cells, those nearest to it: a rival is nearly as similar to it as a person whose it surely
/// is.
const PROBED: usize = 64;

/// The persons, by index of their clusters.
pub(super) struct Rivals {
    persons: Vec<u32>,
    /// Where there are many.
    cells: Option<Cells>,
}

struct Cells {
    centres: Centres,
    /// Who is in each cell, by the direction of all their faces or of one era.
    persons: Vec<Vec<u32>>,
}

impl Rivals {
    /// The persons among these clusters. Those who grow later stay where they are: their direction hardly changes.
    pub fn new(clusters: &[Cluster]) -> Self {
        let persons: Vec<u32> =
            (0..).zip(clusters).filter(|(_, cluster)| cluster.tagging).map(|(index, _)| index).collect();
        let cells = (persons.len() > MANY).then(|| Cells::new(&persons, clusters));
        Self { persons, cells }
    }

    /// Those who may be similar to a cluster, each once.
    pub fn of(&self, cluster: &Cluster) -> Vec<u32> {
        match (&self.cells, normalised(cluster.sum.to_vec())) {
            (Some(Cells { centres, persons }), Some(direction)) => {
                let nearest = centres.nearest(&direction, PROBED);
                let mut near: Vec<u32> = nearest.iter().flat_map(|&cell| &persons[cell as usize]).copied().collect();
                near.sort_unstable();
                near.dedup();
                near
            }
            _ => self.persons.clone(),
        }
    }
}

impl Cells {
    fn new(persons: &[u32], clusters: &[Cluster]) -> Self {
        let mut directions = Vec::new();
        let mut whose = Vec::new();
        for &person in persons {
            let cluster = &clusters[person as usize];
            let sums = std::iter::once(&*cluster.sum).chain(cluster.eras.iter().map(|era| &*era.sum));
            for direction in sums.filter_map(|sum| normalised(sum.to_vec())) {
                directions.extend(direction);
                whose.push(person);
            }
        }
        let dimension = persons.first().map_or(1, |&person| clusters[person as usize].sum.len());
        let centres = Centres::of(&directions, dimension, whose.len() / PERSONS_A_CELL);
        let mut persons = vec![Vec::new(); centres.count()];
        for (cell, person) in centres.nearest(&directions, 1).into_iter().zip(whose) {
            persons[cell as usize].push(person);
        }
        Self { centres, persons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::dot;

    #[test]
    fn among_many_persons_those_nearest_are_found() {
        let (count, dimension) = (3 * MANY, 32);
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut direction = || normalised((0..dimension).map(|_| next()).collect()).unwrap();
        let persons: Vec<Cluster> = (0..count)
            .map(|_| Cluster { sum: direction().into(), faces: 1, tagging: true, ..Cluster::default() })
            .collect();
        let rivals = Rivals::new(&persons);
        let (mut looked_at, mut missed, mut near) = (0, 0, 0);
        for _ in 0..200 {
            // A face of one of them, and all who are nearly as similar.
            let person = &persons[near * 7 % count];
            let noise = direction();
            let face: Vec<f32> = person.sum.iter().zip(&noise).map(|(sum, noise)| sum + 0.8 * noise).collect();
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
        assert_eq!(Rivals::new(&persons[..10]).of(&persons[0]), (0..10).collect::<Vec<_>>());
    }
}
