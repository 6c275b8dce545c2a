//! Named regions -> detected faces, one to one.

use crate::face::BoundingBox;

/// Of the smaller of two boxes of one face, so much lies in the larger one.
const INSIDE: f32 = 0.4;

/// The smaller of two boxes of one face has so much of the area of the larger one: some programs frame the whole head with its
/// hair, others only the eyes.
const SMALLEST: f32 = 0.06;

/// The face of each region, by index: of all ways to give every region a face of its own, the one with the greatest overlap.
pub fn matched(regions: &[BoundingBox], faces: &[BoundingBox]) -> Vec<Option<usize>> {
    let overlap = |region: &BoundingBox| faces.iter().map(|face| f64::from(affinity(region, face))).collect();
    let affinities: Vec<Vec<f64>> = regions.iter().map(overlap).collect();
    let mut matched = assigned(&affinities, faces.len());
    for (region, face) in matched.iter_mut().enumerate() {
        *face = face.filter(|&face| affinities[region][face] > 0.0);
    }
    matched
}

/// How well two boxes fit one face; 0 where they do not.
pub fn affinity(a: &BoundingBox, b: &BoundingBox) -> f32 {
    let along = |a: f32, a_length: f32, b: f32, b_length: f32| ((a + a_length).min(b + b_length) - a.max(b)).max(0.0);
    let both = along(a.x, a.width, b.x, b.width) * along(a.y, a.height, b.y, b.height);
    let (smaller, larger) = {
        let (a, b) = (a.width * a.height, b.width * b.height);
        (a.min(b), a.max(b))
    };
    let inside = if smaller > 0.0 { both / smaller } else { 0.0 };
    if inside < INSIDE || smaller < SMALLEST * larger {
        return 0.0;
    }
    (inside + both / (smaller + larger - both)) / 2.0
}

/// Gives each row a column of its own so that the sum of `gains` is the greatest (the Hungarian method). Rows are left
/// without one where there are more of them than columns.
pub fn assigned(gains: &[Vec<f64>], columns: usize) -> Vec<Option<usize>> {
    let rows = gains.len();
    let size = rows.max(columns);
    let cost = |row: usize, column: usize| gains.get(row).and_then(|gains| gains.get(column)).map_or(0.0, |gain| -gain);
    // Rows and columns from 1 on; 0 stands for none.
    let (mut of_row, mut of_column) = (vec![0.0; size + 1], vec![0.0; size + 1]);
    let mut row_of = vec![0; size + 1];
    for row in 1..=size {
        let mut least = vec![f64::INFINITY; size + 1];
        let mut before = vec![0; size + 1];
        let mut is_used = vec![false; size + 1];
        row_of[0] = row;
        let mut column = 0;
        while row_of[column] != 0 {
            is_used[column] = true;
            let current = row_of[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for other in (1..=size).filter(|&other| !is_used[other]) {
                let reduced = cost(current - 1, other - 1) - of_row[current] - of_column[other];
                if reduced < least[other] {
                    (least[other], before[other]) = (reduced, column);
                }
                if least[other] < step {
                    (step, next) = (least[other], other);
                }
            }
            for other in 0..=size {
                if is_used[other] {
                    of_row[row_of[other]] += step;
                    of_column[other] -= step;
                } else {
                    least[other] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let mut assigned = vec![None; rows];
    for (column, row) in row_of[1..].iter().take(columns).enumerate() {
        if let Some(slot) = row.checked_sub(1).and_then(|row| assigned.get_mut(row)) {
            *slot = Some(column);
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn square(x: f32, y: f32, side: f32) -> BoundingBox {
        BoundingBox { x, y, width: side, height: side }
    }

    #[test]
    fn whole_heads_and_eyes_are_their_faces() {
        let faces = [square(0.2, 0.3, 0.1), square(0.32, 0.3, 0.1), square(0.8, 0.3, 0.1)];
        let heads = [square(0.29, 0.22, 0.18), square(0.17, 0.22, 0.18)];
        assert_eq!(matched(&heads, &faces), [Some(1), Some(0)]);
        let eyes = BoundingBox { x: 0.33, y: 0.33, width: 0.08, height: 0.02 };
        assert_eq!(matched(&[eyes], &faces), [Some(1)]);
        assert_eq!(matched(&[square(0.5, 0.7, 0.1), square(0.0, 0.0, 1.0)], &faces), [None, None]);
    }

    #[test]
    fn no_face_is_given_twice() {
        let face = square(0.2, 0.3, 0.1);
        assert_eq!(matched(&[square(0.21, 0.3, 0.1), face], &[face]), [None, Some(0)]);
        assert_eq!(matched(&[], &[face]), []);
        assert_eq!(matched(&[face], &[]), [None]);
    }

    proptest! {
        /// Against all permutations.
        #[test]
        fn the_assignment_is_the_best(gains in proptest::collection::vec(proptest::collection::vec(0.0..1.0_f64, 4), 1..5)) {
            fn best(gains: &[Vec<f64>], used: &mut [bool]) -> f64 {
                let Some((first, rest)) = gains.split_first() else { return 0.0 };
                let mut most = f64::NEG_INFINITY;
                for column in 0..used.len() {
                    if !std::mem::replace(&mut used[column], true) {
                        most = most.max(first[column] + best(rest, used));
                        used[column] = false;
                    }
                }
                most
            }
            let assigned = assigned(&gains, 4);
            let sum: f64 = assigned.iter().enumerate().map(|(row, column)| gains[row][column.unwrap()]).sum();
            prop_assert!((sum - best(&gains, &mut [false; 4])).abs() < 1e-9);
        }
    }
}
