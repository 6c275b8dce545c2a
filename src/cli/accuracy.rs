//! `facetag accuracy`: how often facetag would be right, on the faces that the user confirmed.

use std::io::Write;

use anyhow::Result;

use super::Exit;
use super::args;
use super::output::{count, json, say, table};
use crate::catalog::{Library, PersonId, Who};
use crate::people::{Accuracy, accuracy, open};

pub(super) fn run(library: &Library, args: &args::Accuracy) -> Result<Exit> {
    let (catalog, pack) = open(library)?;
    let measured = accuracy(&catalog, &pack, args.wrong_at_most)?;
    if args.json {
        json(&measured)?;
        return Ok(Exit::Well);
    }
    if measured.faces == 0 {
        say("Nothing to measure yet: name people, or confirm faces, until somebody has two confirmed faces.")?;
        return Ok(Exit::Partly);
    }
    let names = catalog.names()?;
    let name = |id: PersonId| Who { id, name: names.get(&id).cloned() }.to_string();
    print(&measured, args.wrong_at_most, &name)?;
    Ok(Exit::Well)
}

fn print(measured: &Accuracy, budget: f64, name: &dyn Fn(PersonId) -> String) -> Result<()> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let mut out = std::io::stdout().lock();
    writeln!(out, "Each of {} left out in turn:\n", count(measured.faces as u64, "confirmed face"))?;
    let rows: Vec<Vec<String>> = measured
        .persons
        .iter()
        .map(|person| {
            let precision = person.precision.map_or_else(|| "-".to_owned(), percent);
            vec![name(person.person), person.faces.to_string(), precision, percent(person.recall)]
        })
        .collect();
    table(&mut out, &["PERSON", "FACES", "PRECISION", "RECALL"], &[1, 2, 3], &rows)?;
    writeln!(
        out,
        "\n{} would be tagged without asking, {} of them wrongly; the rest would be asked about.",
        count(measured.tagged as u64, "face"),
        measured.wrong
    )?;
    for confusion in measured.confused.iter().take(5) {
        let (person, other) = (name(confusion.person), name(confusion.taken_for));
        writeln!(out, "{} of {person} more like {other}.", count(confusion.times as u64, "face"))?;
    }
    match measured.similarity_needed {
        Some(similarity) => writeln!(
            out,
            "At most {} wrong: from a similarity of {similarity:.2} on, which tags {} of {} (facetag tags from {:.2} on).",
            percent(budget),
            measured.tagged_then,
            measured.faces,
            measured.similarity_now
        )?,
        None => writeln!(out, "No similarity keeps the wrong ones below {}.", percent(budget))?,
    }
    Ok(())
}
