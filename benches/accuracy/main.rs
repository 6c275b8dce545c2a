//! How well facetag tells people apart: `cargo bench --bench accuracy -- DIR`, with `--help` for more.
//!
//! | file | what |
//! |---|---|
//! | `labels` | who is on the photos |
//! | `album` | the photos of a folder, scanned by facetag |
//! | `verify` | pairs of faces, told apart by their cosine |
//! | `metrics` | how well groups agree with the truth |
//! | `rules`, `hdbscan` | how others group |
//! | `strangers` | photos of which all faces are labelled: what is found, and who shares a group |
//! | `simulate` | a user who names groups, and photos that come bit by bit |
//!
//! Each section prints a table in Markdown as it is done.

mod album;
mod hdbscan;
mod labels;
mod metrics;
#[path = "../common/random.rs"]
mod random;
mod rules;
mod simulate;
mod strangers;
mod verify;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use facetag::face::{Thresholds, dot};

use album::Album;
use labels::Labels;
use metrics::Agreement;
use rules::{Embeddings, Rule};
use simulate::Tagged;

/// Measures how well facetag groups the people in labelled photos, and how well others' rules do on the same embeddings
#[derive(Parser)]
#[command(name = "cargo bench --bench accuracy --")]
struct Args {
    /// The photos: a folder a person, in which the face nearest each photo's centre is theirs (see --labels)
    dir: Option<PathBuf>,
    /// Labelled boxes instead, in fractions: {"photos": [{"path": "in/DIR.jpg", "faces": [{"box": [x, y, width,
    /// height], "person": "Ann"}]}]}
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// InsightFace's models in place of those shipped: a folder, wheel or zip that `facetag models add` takes. In it are a
    /// detector, scrfd_*kps.onnx or det_*.onnx, and a recogniser, w600k_*.onnx: those names tell which is which
    #[arg(long, value_name = "PATH")]
    pack: Option<PathBuf>,
    /// Pairs as in LFW's pairs.txt, for the accuracy of verification
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// The same photos as they were before something was done to them, under the same names: measure only how similar the faces still
    /// are, and the pairs
    #[arg(long, value_name = "DIR")]
    original: Option<PathBuf>,
    /// Other thresholds than the pack's own, to try them
    #[arg(long, value_name = "SIMILARITY")]
    group: Option<f32>,
    #[arg(long, value_name = "SIMILARITY")]
    auto_tag: Option<f32>,
    #[arg(long, value_name = "SIMILARITY")]
    auto_tag_single: Option<f32>,
    #[arg(long, value_name = "SIMILARITY")]
    margin: Option<f32>,
    /// Measure only the tags made by itself
    #[arg(long)]
    tags_only: bool,
    /// Measure only how facetag and others group
    #[arg(long)]
    groups_only: bool,
    /// Folders are called FAMILY_MEMBER: measure how much of what is grouped is wrong, and how much of that is of two families
    #[arg(long)]
    families: bool,
    /// The photos are of strangers, and the boxes of all faces are labelled as in WIDER FACE's ground_truth.json: measure what is
    /// found, and who shares a group
    #[arg(long, value_name = "FILE")]
    strangers: Option<PathBuf>,
    /// The photos are put together of those that are labelled, by mosaic.py
    #[arg(long, value_name = "FILE", requires = "strangers")]
    mosaic: Option<PathBuf>,
    /// Turn the photos first, by so many degrees
    #[arg(long, value_name = "DEGREES", requires = "strangers")]
    turned: Option<strangers::Turn>,
    /// Said by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The best threshold is looked for in steps of this, from so far below facetag's own: up to so far above it for facetag,
/// and for others, some of which do well only far above, to this cosine.
const STEP: f32 = 0.01;
const BELOW: f32 = 0.15;
const ABOVE: f32 = 0.15;
const HIGHEST: f32 = 0.9;

fn main() -> Result<()> {
    let args = Args::parse();
    metrics::check();
    let Some(dir) = &args.dir else {
        // As in a plain `cargo bench`: there is nothing to measure on.
        Args::command().print_help()?;
        return Ok(());
    };
    if let Some(truth) = &args.strangers {
        return of_strangers(dir, truth, &args);
    }
    let labels = args.labels.as_deref().map_or(Ok(Labels::Folders), Labels::read)?;
    let mut album = Album::of(dir, args.pack.as_deref(), &labels)?;
    let thresholds = &mut album.pack.thresholds;
    thresholds.group = args.group.unwrap_or(thresholds.group);
    thresholds.auto_tag = args.auto_tag.unwrap_or(thresholds.auto_tag);
    thresholds.auto_tag_single = args.auto_tag_single.unwrap_or(thresholds.auto_tag_single);
    thresholds.margin = args.margin.unwrap_or(thresholds.margin);
    if let Some(original) = &args.original {
        let original = Album::of(original, args.pack.as_deref(), &labels)?;
        to_originals(&album, &original);
        return pairs(&album, args.pairs.as_deref());
    }
    if args.tags_only {
        return tags(&album);
    }
    if args.families {
        return families(&mut album);
    }
    let labelled = album.faces.iter().flatten().count();
    println!(
        "{}: {} photos, {} faces, {labelled} of them labelled with {} persons; {} labels for which no face was found. \
         Pack `{}`.",
        dir.display(),
        album.photos.len(),
        album.faces.len(),
        album.persons.len(),
        album.missed,
        album.pack.name,
    );
    if !args.groups_only {
        pairs(&album, args.pairs.as_deref())?;
    }
    let at_once = grouping(&mut album)?;
    others(&album);
    if !args.groups_only {
        portions(&album, at_once)?;
        tags(&album)?;
        answers(&album)?;
    }
    Ok(())
}

/// What is found on photos of strangers, and who of them share a group.
fn of_strangers(dir: &Path, truth: &Path, args: &Args) -> Result<()> {
    let mut truth = strangers::truth(truth)?;
    if let Some(mosaic) = &args.mosaic {
        truth = strangers::of_mosaics(&truth, mosaic)?;
    }
    let mut dir = dir.to_owned();
    if let Some(turn) = args.turned {
        (dir, truth) = strangers::turned(&dir, &truth, turn)?;
    }
    let album = Album::of(&dir, args.pack.as_deref(), &Labels::Boxes(HashMap::new()))?;
    let found = strangers::found(&album, &truth, args.turned)?;
    println!(
        "{}: {} photos, {} faces found, {} of them recognisable; {} share a group ({:.2} %), the largest has {}; {} touch \
         no labelled face ({:.0} in 1,000 photos).",
        dir.display(),
        found.photos,
        found.faces,
        found.recognisable,
        found.together,
        100.0 * found.together as f64 / found.faces.max(1) as f64,
        found.largest_group,
        found.away,
        1000.0 * found.away as f64 / found.photos.max(1) as f64,
    );
    section("Labelled faces that are found, by their height in pixels", &["from", "all", "recall", "clear", "recall"]);
    for ((from, all), clear) in strangers::CLASSES.iter().zip(found.all).zip(found.clear) {
        let recall = |of: strangers::Recall| format!("{:.3}", of.found as f64 / of.labelled.max(1) as f64);
        row(&[from.to_string(), all.labelled.to_string(), recall(all), clear.labelled.to_string(), recall(clear)]);
    }
    Ok(())
}

/// How much of what is grouped is wrong, where relatives are on the photos.
fn families(album: &mut Album) -> Result<()> {
    section(
        "Families",
        &[
            "threshold",
            "BCubed P / R / F",
            "pairs in groups",
            "wrong",
            "of two families",
            "largest group",
            "largest person",
        ],
    );
    let family = |person: usize| album.persons[person].split('_').next().unwrap_or_default().to_owned();
    let families: Vec<String> = (0..album.persons.len()).map(family).collect();
    let thresholds = album.pack.thresholds;
    for step in -2..=2 {
        let group = thresholds.group + step as f32 * 0.02;
        let groups = album.regrouped(Thresholds { group, ..thresholds })?;
        let judged = album.judged(&groups);
        let pairs = metrics::pairs_together(judged.iter().map(|&(_, group)| group));
        let right = metrics::pairs_together(judged.iter().copied());
        let related = metrics::pairs_together(judged.iter().map(|&(person, group)| (&families[person], group)));
        let share = |part: f64| format!("{:.1} %", 100.0 * part / f64::max(pairs, 1.0));
        row(&[
            format!("{group:.2}"),
            Agreement::of(&judged).bcubed.to_string(),
            pairs.to_string(),
            share(pairs - right),
            share(pairs - related),
            metrics::largest(judged.iter().map(|&(_, group)| group)).to_string(),
            metrics::largest(judged.iter().map(|&(person, _)| person)).to_string(),
        ]);
    }
    Ok(())
}

/// How similar the faces are to those on the photos as they were.
fn to_originals(album: &Album, original: &Album) {
    section("Similarity to the originals", &["faces", "not found any more", "mean", "lowest 1 %", "lowest"]);
    let face = |stem| Some(dot(album.embedding(*album.by_stem.get(stem)?), original.embedding(original.by_stem[stem])));
    let (stems, mut found): (usize, Vec<f32>) =
        (original.by_stem.len(), original.by_stem.keys().filter_map(face).collect());
    found.sort_by(f32::total_cmp);
    let mean = found.iter().sum::<f32>() / found.len().max(1) as f32;
    let lowest = |part: usize| found.get(found.len() / 100 * part).copied().unwrap_or_default();
    row(&[
        stems.to_string(),
        (stems - found.len()).to_string(),
        format!("{mean:.4}"),
        format!("{:.4}", lowest(1)),
        format!("{:.4}", lowest(0)),
    ]);
}

fn pairs(album: &Album, file: Option<&std::path::Path>) -> Result<()> {
    section("Pairs", &["pairs", "measure", "value"]);
    if let Some(file) = file {
        let verification = verify::verify(album, file)?;
        row(&[
            format!("{}, {} with a face not found", verification.pairs, verification.incomplete),
            format!("accuracy, {} folds", verification.folds),
            format!("{:.4} ± {:.4}", verification.accuracy, verification.standard_error),
        ]);
    }
    let rates = verify::rates(album, &[1e-3, 1e-4, 1e-5]);
    for (rate, found, cosine) in rates.at {
        row(&[
            format!("all: {} of one person, {} of two", rates.same, rates.different),
            format!("TPR at FPR {rate:.0e}"),
            format!("{found:.4}, from a cosine of {cosine:.3} on"),
        ]);
    }
    Ok(())
}

const GROUPING: [&str; 6] =
    ["rule", "threshold", "BCubed P / R / F", "pairwise P / R / F", "groups", "names until 99 % are right"];

/// facetag's own groups, with its own threshold and with the one that is best here.
fn grouping(album: &mut Album) -> Result<Agreement> {
    section("Groups of facetag", &GROUPING);
    let thresholds = album.pack.thresholds;
    let started = Instant::now();
    let groups = album.regrouped(thresholds)?;
    let own = Agreement::of(&album.judged(&groups));
    let how = format!("{} (its own)", thresholds.group);
    agreement("facetag", &how, own);
    eprintln!("{} faces grouped in {:.1} s", album.faces.len(), started.elapsed().as_secs_f32());
    let (best, least) = best(sweep(&thresholds, thresholds.group + ABOVE), |group| {
        let groups = album.regrouped(Thresholds { group, ..thresholds })?;
        anyhow::Ok(Agreement::of(&album.judged(&groups)))
    })?;
    agreement("facetag", &format!("{least:.2} (best here)"), best);
    Ok(own)
}

/// The others' groups.
fn others(album: &Album) {
    section("Groups by others' rules, on the same embeddings", &GROUPING);
    let thresholds = album.pack.thresholds;
    let lowest = (thresholds.group - BELOW).min(0.5);
    let embeddings = Embeddings::new(&album.embeddings, album.pack.dimension, lowest);
    for rule in Rule::ALL {
        let judge = |least| Agreement::of(&album.judged(&rule.groups(&embeddings, least)));
        if let Some((least, what)) = rule.published() {
            agreement(rule.name(), what, judge(least));
        }
        if rule.has_threshold() {
            let Ok((best, least)) =
                best(sweep(&thresholds, HIGHEST), |least| Ok::<_, std::convert::Infallible>(judge(least)));
            agreement(rule.name(), &format!("{least:.2} (best here)"), best);
        }
    }
}

/// The agreement of the highest BCubed F, and the threshold that gives it.
fn best<E>(
    thresholds: impl Iterator<Item = f32>,
    mut judge: impl FnMut(f32) -> Result<Agreement, E>,
) -> Result<(Agreement, f32), E> {
    let mut all = Vec::new();
    for threshold in thresholds {
        all.push((judge(threshold)?, threshold));
    }
    let best = all.into_iter().max_by(|a, b| a.0.bcubed.f.total_cmp(&b.0.bcubed.f));
    Ok(best.expect("there are thresholds to try"))
}

fn sweep(thresholds: &Thresholds, to: f32) -> impl Iterator<Item = f32> + use<> {
    let from = thresholds.group - BELOW;
    (0..=((to - from) / STEP).round() as usize).map(move |index| from + index as f32 * STEP)
}

/// What it costs that photos come bit by bit.
fn portions(album: &Album, at_once: Agreement) -> Result<()> {
    section("In ten random portions", &["order", "BCubed P / R / F", "pairwise P / R / F", "groups"]);
    let cells = |what: &str, agreement: Agreement| {
        let Agreement { bcubed, pairwise, groups, .. } = agreement;
        row(&[what.to_owned(), bcubed.to_string(), pairwise.to_string(), groups.to_string()]);
    };
    cells("all at once", at_once);
    for seed in 1..=5 {
        cells(&seed.to_string(), Agreement::of(&simulate::in_portions(album, seed)?));
    }
    Ok(())
}

/// What facetag tags by itself, after a user has named half of the photos' groups.
fn tags(album: &Album) -> Result<()> {
    section(
        "Tags made by itself, after half of the photos were named",
        &[
            "order",
            "tagged",
            "wrong",
            "share of wrong",
            "of them after a mixed group was named",
            "could have been tagged",
            "recall",
            "tagged without a label",
        ],
    );
    let cells = |what: &str, tagged: Tagged| {
        row(&[
            what.to_owned(),
            tagged.tagged.to_string(),
            tagged.wrong.to_string(),
            format!("{:.2} %", 100.0 * tagged.wrong as f64 / tagged.tagged.max(1) as f64),
            tagged.misled.to_string(),
            tagged.possible.to_string(),
            format!("{:.3}", tagged.recall()),
            tagged.unlabelled.to_string(),
        ]);
    };
    let mut all = Tagged::default();
    for seed in 1..=3 {
        let tagged = simulate::user(album, seed)?;
        cells(&seed.to_string(), tagged);
        all += tagged;
    }
    cells("all", all);

    section("The questions left then, by the probability shown", &["probability", "questions", "yes expected", "yes"]);
    for (class, asked) in all.questions.iter().enumerate() {
        let bound = |class: usize| 100 * class / simulate::CLASSES;
        row(&[
            format!("{} to {} %", bound(class), bound(class + 1)),
            asked.questions.to_string(),
            format!("{:.1}", asked.expected),
            asked.yes.to_string(),
        ]);
    }
    Ok(())
}

/// What a user must say until nearly all faces have their right name.
fn answers(album: &Album) -> Result<()> {
    section("Answers until 99 % of the faces have their right name", &["how", "names", "yes or no", "faces right"]);
    for (how, ask) in [("names only", false), ("names and `review`", true)] {
        let simulate::Answers { names, answers, right } = simulate::answers(album, ask)?;
        row(&[how.to_owned(), names.to_string(), answers.to_string(), format!("{:.2} %", 100.0 * right)]);
    }
    Ok(())
}

fn section(title: &str, columns: &[&str]) {
    println!("\n### {title}\n");
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
}

fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

fn agreement(rule: &str, threshold: &str, agreement: Agreement) {
    let Agreement { bcubed, pairwise, groups, names } = agreement;
    let names = names.map_or_else(|| "never".to_owned(), |names| names.to_string());
    row(&[rule.to_owned(), threshold.to_owned(), bcubed.to_string(), pairwise.to_string(), groups.to_string(), names]);
}
