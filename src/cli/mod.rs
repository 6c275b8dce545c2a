//! The command line: `args` says what may be typed, and each command is a file.

mod accuracy;
mod album;
mod args;
mod backup;
mod check;
mod circle;
mod completions;
mod date;
mod demo;
mod doctor;
mod export;
mod face;
mod find;
mod forget;
mod graphics;
mod history;
mod import;
mod machines;
mod models;
mod move_library;
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

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::catalog::{Catalog, CatalogError, DatabaseError, FaceId, FaceRow, Library, explain_io};
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
        Some(name) => Library::named(&name)?,
        None => Library::of_user()?,
    };
    let looks_only = matches!(
        args.command,
        Command::Backup(_)
            | Command::Restore(_)
            | Command::MoveLibrary { .. }
            | Command::Check(_)
            | Command::Forget(_)
            | Command::Doctor { .. }
            | Command::Completions { .. }
            | Command::Man { .. }
            | Command::Demo { .. }
    );
    let changes = changes(&args.command);
    let done = carry_out(&library, args.command).and_then(|exit| {
        // Albums that follow a search follow what has changed.
        if changes && library.exists() {
            album::update_all(&Catalog::open(&library)?)?;
        }
        Ok(exit)
    });
    if done.is_ok() && !looks_only {
        backup::weekly(&library);
    }
    done.map_err(|error| explained(error, &library))
}

/// An error of the database or of a disk, with what is to be done about it.
fn explained(error: anyhow::Error, library: &Library) -> anyhow::Error {
    let words = error.chain().find_map(|cause| {
        let database = cause.downcast_ref::<DatabaseError>().and_then(|error| library.explain(error));
        database.or_else(|| match cause.downcast_ref::<CatalogError>() {
            Some(CatalogError::Database(error)) => library.explain(error),
            Some(CatalogError::Io { path, source }) => explain_io(source, path),
            _ => None,
        })
    });
    // Elsewhere the path stands before the error.
    let words = words.or_else(|| {
        let path = error.to_string();
        let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>())?;
        explain_io(io, Path::new(&path))
            .filter(|_| Path::new(&path).is_absolute() || Path::new(&path).parent().is_some())
    });
    words.map_or(error, anyhow::Error::msg)
}

fn carry_out(library: &Library, command: Command) -> Result<Exit> {
    match command {
        Command::Scan(args) => scan::run(library, &args),
        Command::Watch(args) => watch::run(library, &args),
        Command::Service { action, json } => service::run(library, action, json),
        Command::People(args) => people::run(library, &args),
        Command::Show(args) => show::run(library, &args),
        Command::Name { who, name, json } => name::name(library, &who, &name, json),
        Command::Rename { who, name, json } => name::rename(library, &who, &name, json),
        Command::Merge { into, others, json } => name::merge(library, &into, &others, json),
        Command::Hide { who, undo, json } => name::hide(library, &who, !undo, json),
        Command::Ignore { who, undo, json } => name::ignore(library, &who, !undo, json),
        Command::Favourite { who, undo, json } => name::favour(library, &who, !undo, json),
        Command::Born { who, date, json, .. } => name::born(library, &who, date, json),
        Command::Date(args) => date::run(library, &args),
        Command::Circle(args) => circle::run(library, &args),
        Command::Review(args) => review::run(library, &args),
        Command::Confirm { who, faces, json } => tag::confirm(library, &who, &faces, json),
        Command::Reject { who, faces, json } => tag::reject(library, &who, &faces, json),
        Command::Split { who, faces, name, json } => tag::split(library, &who, &faces, name.as_deref(), json),
        Command::Cover { who, face, json } => tag::cover(library, &who, face, json),
        Command::Face { action, json } => face::run(library, &action, json),
        Command::Undo { n, json } => history::undo(library, n, json),
        Command::Redo { n, json } => history::redo(library, n, json),
        Command::Log { limit, json } => history::log(library, limit, json),
        Command::Why { face, json } => why::run(library, face, json),
        Command::Accuracy(args) => accuracy::run(library, &args),
        Command::Album(args) => album::run(library, &args),
        Command::Find(args) => find::run(library, &args),
        Command::Export(args) => export::run(library, &args),
        Command::Import(args) => import::run(library, &args),
        Command::Share { who } => share::run(library, &who),
        Command::Write(args) => write::run(library, &args),
        Command::Models(args) => models::run(library, args),
        Command::Serve(args) => serve::run(library, &args),
        Command::Machines { json } => machines::run(library, json),
        Command::Stats { json } => stats::run(library, json),
        Command::Backup(args) => backup::backup(library, &args),
        Command::Restore(args) => backup::restore(library, &args),
        Command::MoveLibrary { from, to, json } => move_library::run(&from, &to, json),
        Command::Check(args) => check::run(library, &args),
        Command::Forget(args) => forget::run(library, &args),
        Command::Doctor { json } => doctor::run(library, json),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { folder } => completions::man(&folder),
        Command::Demo { json } => demo::run(library, json),
    }
}

/// Whether a command may change which photos a search finds.
fn changes(command: &Command) -> bool {
    matches!(
        command,
        Command::Scan(_)
            | Command::Name { .. }
            | Command::Rename { .. }
            | Command::Merge { .. }
            | Command::Hide { .. }
            | Command::Ignore { .. }
            | Command::Born { .. }
            | Command::Circle(_)
            | Command::Date(_)
            | Command::Review(_)
            | Command::Confirm { .. }
            | Command::Reject { .. }
            | Command::Split { .. }
            | Command::Face { .. }
            | Command::Undo { .. }
            | Command::Redo { .. }
            | Command::Import(_)
            | Command::Forget(_)
            | Command::Restore(_)
    )
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
