//! How well groups agree with the truth.

use std::collections::HashMap;

/// Precision, recall and their harmonic mean, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    pub precision: f64,
    pub recall: f64,
    pub f: f64,
}

/// What groups are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// By faces (Amigó et al. 2009): of the others in a face's group, how many are of its person; of its person's faces,
    /// how many are in its group. The face itself counts in both.
    pub bcubed: Score,
    /// By pairs of faces: of those in one group, how many are of one person; of those of one person, how many are in
    /// one group.
    pub pairwise: Score,
    pub groups: usize,
    /// How many groups must be named, the largest first, until [`ENOUGH`] of the faces have their person's name; `None` where
    /// that is never.
    pub names: Option<usize>,
}

/// The share of the faces that must have their right name for the user to be done.
pub const ENOUGH: f64 = 0.99;

impl Agreement {
    /// `faces` are a person and a group each; numbers mean nothing but same and different.
    pub fn of(faces: &[(usize, usize)]) -> Self {
        let persons = counts(faces.iter().map(|(person, _)| person));
        let groups = counts(faces.iter().map(|(_, group)| group));
        let both = counts(faces);

        let mean = |total: f64| if faces.is_empty() { 1.0 } else { total / faces.len() as f64 };
        // All faces of one person in one group have the same share, so they are summed at once: count times share.
        let share_of = |whole: &dyn Fn(usize, usize) -> f64| {
            mean(both.iter().map(|(&&(person, group), &count)| count * count / whole(person, group)).sum())
        };
        let together = pairs_in(both.values());
        let ratio = |all: f64| if all == 0.0 { 1.0 } else { together / all };
        let agreement = Self {
            bcubed: Score::new(share_of(&|_, group| groups[&group]), share_of(&|person, _| persons[&person])),
            pairwise: Score::new(ratio(pairs_in(groups.values())), ratio(pairs_in(persons.values()))),
            groups: groups.len(),
            names: names(faces),
        };
        for Score { precision, recall, f } in [agreement.bcubed, agreement.pairwise] {
            assert!([precision, recall, f].iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)), "{agreement:?}");
        }
        agreement
    }
}

/// Each group named after whom most of it shows, the largest first: how many it takes until enough faces are right.
fn names(faces: &[(usize, usize)]) -> Option<usize> {
    let mut groups: HashMap<usize, HashMap<usize, usize>> = HashMap::new();
    for (person, group) in faces {
        *groups.entry(*group).or_default().entry(*person).or_default() += 1;
    }
    let mut right: Vec<usize> =
        groups.values().map(|persons| *persons.values().max().expect("no group is empty")).collect();
    right.sort_unstable_by(|a, b| b.cmp(a));
    let mut done = 0;
    let enough = right.iter().position(|right| {
        done += right;
        done as f64 >= ENOUGH * faces.len() as f64
    });
    enough.map(|index| index + 1)
}

impl Score {
    fn new(precision: f64, recall: f64) -> Self {
        Self { precision, recall, f: 2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE) }
    }
}

/// `P / R / F`
impl std::fmt::Display for Score {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.4} / {:.4} / {:.4}", self.precision, self.recall, self.f)
    }
}

/// Made-up groups of which the scores are known: a bench has no tests of its own.
pub fn check() {
    // The example in Amigó's paper's spirit: four of one person, one of them with a stranger's face.
    let agreement = Agreement::of(&[(1, 1), (1, 1), (1, 1), (1, 2), (2, 2)]);
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    near(agreement.bcubed.precision, (3.0 + 0.5 + 0.5) / 5.0);
    near(agreement.bcubed.recall, (3.0 * 0.75 + 0.25 + 1.0) / 5.0);
    near(agreement.pairwise.precision, 3.0 / 4.0);
    near(agreement.pairwise.recall, 3.0 / 6.0);
    assert_eq!(agreement.groups, 2);
    let right = Agreement::of(&[(1, 7), (1, 7), (2, 8), (3, 9)]);
    near(right.bcubed.f + right.pairwise.f, 2.0);
}

fn counts<T: std::hash::Hash + Eq>(of: impl IntoIterator<Item = T>) -> HashMap<T, f64> {
    let mut counts = HashMap::new();
    for one in of {
        *counts.entry(one).or_default() += 1.0;
    }
    counts
}

/// How many pairs are the same.
pub fn pairs_together<T: std::hash::Hash + Eq>(of: impl IntoIterator<Item = T>) -> f64 {
    pairs_in(counts(of).values())
}

/// How many there are of the most frequent one.
pub fn largest<T: std::hash::Hash + Eq>(of: impl IntoIterator<Item = T>) -> f64 {
    counts(of).into_values().fold(0.0, f64::max)
}

fn pairs_in<'a>(counts: impl Iterator<Item = &'a f64>) -> f64 {
    counts.map(|count| count * (count - 1.0) / 2.0).sum()
}
