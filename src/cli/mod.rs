//! The command line: `args` says what may be typed, and each command is a file.

mod accuracy;
mod args;
mod demo;
mod export;
mod face;
mod find;
mod graphics;
mod history;
mod import;
mod models;
mod name;
mod output;
mod people;
mod picture;
mod review;
mod scan;
mod serve;
mod service;
mod share;
mod show;
mod stats;
mod tag;
mod watch;
mod why;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::catalog::{Catalog, FaceId, FaceRow, Library};
pub use args::Args;
use args::Command;
pub use output::note;

/// How a command ended, as the shell is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Well = 0,
    /// Some photos could not be read, or nothing was found.
    Partly = 1,
    /// It was used wrongly, or could not be done.
    Failed = 2,
    /// The user stopped it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs a command.
///
/// # Errors
/// What kept it from being done, in words for the user.
pub fn run(args: Args) -> Result<Exit> {
    let library = match args.library {
        Some(folder) => Library::at(std::path::absolute(folder)?),
        None => Library::of_user()?,
    };
    match args.command {
        Command::Scan(args) => scan::run(&library, &args),
        Command::Watch(args) => watch::run(&library, &args),
        Command::Service { action } => service::run(&library, action),
        Command::People(args) => people::run(&library, &args),
        Command::Show(args) => show::run(&library, &args),
        Command::Name { who, name } => name::name(&library, &who, &name),
        Command::Rename { who, name } => name::rename(&library, &who, &name),
        Command::Merge { into, others } => name::merge(&library, &into, &others),
        Command::Hide { who, undo } => name::hide(&library, &who, !undo),
        Command::Ignore { who, undo } => name::ignore(&library, &who, !undo),
        Command::Born { who, date, .. } => name::born(&library, &who, date),
        Command::Review(args) => review::run(&library, &args),
        Command::Confirm { who, faces } => tag::confirm(&library, &who, &faces),
        Command::Reject { who, faces } => tag::reject(&library, &who, &faces),
        Command::Split { who, faces, name } => tag::split(&library, &who, &faces, name.as_deref()),
        Command::Cover { who, face } => tag::cover(&library, &who, face),
        Command::Face { action } => face::run(&library, &action),
        Command::Undo { n } => history::undo(&library, n),
        Command::Redo { n } => history::redo(&library, n),
        Command::Log { limit, json } => history::log(&library, limit, json),
        Command::Why { face, json } => why::run(&library, face, json),
        Command::Accuracy(args) => accuracy::run(&library, &args),
        Command::Find(args) => find::run(&library, &args),
        Command::Export(args) => export::run(&library, &args),
        Command::Import(args) => import::run(&library, &args),
        Command::Share { who } => share::run(&library, &who),
        Command::Write(args) => write::run(&library, &args),
        Command::Models(args) => models::run(&library, args.action),
        Command::Serve(args) => serve::run(&library, &args),
        Command::Stats { json } => stats::run(&library, json),
        Command::Demo => demo::run(&library),
    }
}

/// Whether the reader of our output has gone away.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        cause.downcast_ref().is_some_and(broken)
            || cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind)
                == Some(std::io::ErrorKind::BrokenPipe)
    })
}

/// The face with this number.
fn face_called(catalog: &Catalog, id: FaceId) -> Result<FaceRow> {
    match catalog.face_if_seen(id)? {
        Some(face) => Ok(face),
        None => bail!("there is no face {id}: `facetag show WHO` lists the faces of a person with their numbers"),
    }
}

fn absolute(folder: &std::path::Path) -> Result<PathBuf> {
    crate::scan::absolute(folder).with_context(|| folder.display().to_string())
}
