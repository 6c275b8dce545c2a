//! Pairs of faces: of one person or of two, told by their cosine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use facetag::face::dot;
use rayon::prelude::*;

use crate::album::Album;

/// Folds of a pairs file that has none of its own.
const FOLDS: usize = 10;

/// Two faces of one person or of two, and their cosine.
#[derive(Debug, Clone, Copy)]
struct Judged {
    same: bool,
    cosine: f32,
    fold: usize,
}

/// What came of a pairs file.
pub struct Verification {
    pub pairs: usize,
    /// Pairs of which a face was not found: they are like nobody.
    pub incomplete: usize,
    pub folds: usize,
    /// Share of pairs judged rightly, mean over the folds.
    pub accuracy: f64,
    /// Of that mean.
    pub standard_error: f64,
}

/// Reads a pairs file of LFW's form and judges each fold by the threshold that is best on the others.
///
/// The first line counts the pairs of one person, which are followed by as many of two; or it counts folds, and pairs in
/// each. `Ann 1 4` are `Ann/Ann_0001` and `Ann/Ann_0004`.
///
/// # Errors
/// It cannot be read, or is not of that form.
pub fn verify(album: &Album, file: &Path) -> Result<Verification> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let head = lines.next().unwrap_or_default().iter().map(|number| number.parse()).collect::<Result<Vec<usize>, _>>();
    let (folds, count) = match head.with_context(|| file.display().to_string())?[..] {
        [count] => (1, count),
        [folds, count] => (folds, count),
        _ => anyhow::bail!("{}: the first line is not one or two numbers", file.display()),
    };
    let mut pairs = Vec::new();
    let mut incomplete = 0;
    for (index, words) in lines.filter(|words| !words.is_empty()).enumerate() {
        let (a, b) = match words[..] {
            [name, a, b] => ((name, a), (name, b)),
            [name_a, a, name_b, b] => ((name_a, a), (name_b, b)),
            _ => anyhow::bail!("{}: a line has {} words", file.display(), words.len()),
        };
        let face = |(name, number): (&str, &str)| -> Result<Option<usize>> {
            let stem = PathBuf::from(name).join(format!("{name}_{:04}", number.parse::<u32>()?));
            Ok(album.by_stem.get(&stem).copied())
        };
        let cosine = face(a)?.zip(face(b)?).map(|(a, b)| dot(album.embedding(a), album.embedding(b)));
        incomplete += usize::from(cosine.is_none());
        let fold = if folds > 1 { index / (2 * count) } else { index % FOLDS };
        pairs.push(Judged { same: words.len() == 3, cosine: cosine.unwrap_or(-1.0), fold });
    }
    ensure!(pairs.len() == folds * count * 2, "{}: {} pairs", file.display(), pairs.len());
    let folds = if folds > 1 { folds } else { FOLDS };

    let accuracies: Vec<f64> = (0..folds)
        .map(|fold| {
            let (tested, others): (Vec<Judged>, Vec<Judged>) = pairs.iter().partition(|pair| pair.fold == fold);
            accuracy(&tested, best_threshold(others))
        })
        .collect();
    let mean = accuracies.iter().sum::<f64>() / folds as f64;
    let variance = accuracies.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (folds as f64 - 1.0);
    let standard_error = (variance / folds as f64).sqrt();
    Ok(Verification { pairs: pairs.len(), incomplete, folds, accuracy: mean, standard_error })
}

fn accuracy(pairs: &[Judged], threshold: f32) -> f64 {
    let right = pairs.iter().filter(|pair| (pair.cosine >= threshold) == pair.same).count();
    right as f64 / pairs.len() as f64
}

/// The threshold that judges most pairs rightly: in the middle between the cosines around it.
fn best_threshold(mut pairs: Vec<Judged>) -> f32 {
    pairs.sort_by(|a, b| a.cosine.total_cmp(&b.cosine));
    // Against taking all for the same: what is gained by taking those so far for different.
    let (mut gain, mut most, mut best) = (0, 0, -1.0);
    for (index, pair) in pairs.iter().enumerate() {
        gain += if pair.same { -1 } else { 1 };
        let next = pairs.get(index + 1).map_or(1.0, |next| next.cosine);
        if gain > most && next > pair.cosine {
            (most, best) = (gain, f32::midpoint(pair.cosine, next));
        }
    }
    best
}

/// How many of the pairs of one person are found where so few of those of two are taken for one.
pub struct Rates {
    pub same: u64,
    pub different: u64,
    /// False positive rate, true positive rate, and the cosine from which on pairs are taken for one person.
    pub at: Vec<(f64, f64, f32)>,
}

/// The rates over all pairs of faces that have a label.
pub fn rates(album: &Album, false_positive_rates: &[f64]) -> Rates {
    // Cosines in classes, 1 / 16,384 wide.
    const CLASSES: usize = 1 << 15;
    let class = |cosine: f32| (((cosine + 1.0) / 2.0 * CLASSES as f32) as usize).min(CLASSES - 1);
    let faces = album.faces.iter().enumerate();
    let known: Vec<(&[f32], usize)> =
        faces.filter_map(|(face, person)| Some((album.embedding(face), (*person)?))).collect();
    let counts = (0..known.len())
        .into_par_iter()
        .fold(
            || vec![[0u64; 2]; CLASSES],
            |mut counts, first| {
                let (embedding, person) = known[first];
                for &(other, of) in &known[first + 1..] {
                    counts[class(dot(embedding, other))][usize::from(person == of)] += 1;
                }
                counts
            },
        )
        .reduce(
            || vec![[0; 2]; CLASSES],
            |mut counts, more| {
                counts.iter_mut().zip(more).for_each(|(count, more)| (0..2).for_each(|kind| count[kind] += more[kind]));
                counts
            },
        );
    let total = |kind: usize| counts.iter().map(|count| count[kind]).sum::<u64>();
    let (different, same) = (total(0), total(1));
    assert_eq!(different + same, (known.len() * known.len().saturating_sub(1) / 2) as u64);
    let at = false_positive_rates.iter().map(|&rate| {
        let (mut false_positives, mut true_positives, mut least) = (0, 0, CLASSES);
        for (class, [wrong, right]) in counts.iter().enumerate().rev() {
            if (false_positives + wrong) as f64 > rate * different as f64 {
                break;
            }
            (false_positives, true_positives, least) = (false_positives + wrong, true_positives + right, class);
        }
        let cosine = least as f32 / CLASSES as f32 * 2.0 - 1.0;
        (rate, true_positives as f64 / same.max(1) as f64, cosine)
    });
    Rates { same, different, at: at.collect() }
}
