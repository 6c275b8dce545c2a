//! The library on disk: one SQLite file that holds photos, faces, people and what the user said of them.
//!
//! | file | what |
//! |---|---|
//! | [`library`](self::Library) | where the file lies, its lock and its backups |
//! | `disk` | whether other machines may have its disk mounted too |
//! | `open` | opening, permissions, migrations |
//! | `open_postgres` | the same of a library in a PostgreSQL database |
//! | `roots`, `photos`, `faces`, `thumbnails` | what scans found |
//! | `covers` | the face to show a person by |
//! | `people` | groups and persons, and finding one by what the user typed |
//! | `circles` | people under one name |
//! | `clusters` | the sums of the embeddings of groups and persons |
//! | `dates` | when and where a photo was taken: the best of all that is known |
//! | `sightings` | one person over time, where and with whom |
//! | `decision` | what the user can decide; how to add another kind |
//! | `ids` | the numbers of photos, faces, people, circles and lines, each a type of its own |
//! | `word` | what decisions say of a face, and what it is after them |
//! | `person_state` | what decisions make of people |
//! | `describe` | that in English |
//! | `journal` | what they decided: appended, taken back, done again |
//! | `commands` | which of them were one command |
//! | `index` | which lines of it stand, and which are about whom |
//! | `carry_out` | a decision -> what it changes |
//! | `changes` | the rows before that, to take it back |
//! | `edited` | which faces of a photo are which after an edit |
//! | `replay` | the journal applied again, to photos found again |
//! | `imported` | names of other programs, one import a decision |
//! | `written` | what facetag has written into files and sidecars |
//! | `engine` | the interface to the database below all of this |
//! | `machines` | who uses a library in a database, and which of them reads what |
//! | `moving` | a library copied from a folder into a database, or back |
//! | `read_only` | opening one that may not be written |
//! | `damage` | whether it is damaged; what errors mean for whoever mends it |
//! | `backup` | copies of it, and going back to one |
//! | `leftover` | what it has beside decisions, for that |
//! | `salvage` | journal lines and settings out of the bytes of a damaged file |
//! | `check` | everything that can be verified |
//! | `forget` | people, folders and files removed for good |
//! | `standing` | albums that are kept up to date |
//! | `search` | photos by person, date, place and folder |
//! | `listing` | the order of all photos in memory, in which the page searches |
//! | `company` | who is in which photo, in memory |
//! | `shots` | RAW and JPEG of one moment as one photo |
//! | `text_query` | a search typed as text |

mod backup;
mod carry_out;
mod changes;
mod check;
mod circles;
mod clusters;
mod commands;
mod company;
mod covers;
mod damage;
mod dates;
mod decision;
mod describe;
mod disk;
mod edited;
mod engine;
mod faces;
mod forget;
mod ids;
mod imported;
mod index;
mod journal;
mod leftover;
mod library;
mod listing;
mod machines;
mod moving;
mod open;
#[cfg(feature = "postgres")]
mod open_postgres;
mod people;
mod person_state;
mod photos;
mod read_only;
mod regrouped;
mod replay;
mod roots;
mod salvage;
mod search;
mod shots;
mod sightings;
mod standing;
mod text;
mod text_query;
mod thumbnails;
mod word;
mod written;

use std::path::PathBuf;

pub use backup::Restored;
pub use check::{Checked, PhotosChecked};
pub use circles::{Circle, Whom};
pub use clusters::{ClusterRow, Gained, MovedFace, PersonStatus};
pub use company::{Company, Difference};
pub use damage::explain_io;
pub use dates::Beside;
pub use decision::{Decision, FaceRef, Line, is_same_box};
pub use describe::count;
pub use disk::shared_file_system;
pub use disk::{disk_of, free_bytes};
pub use engine::Error as DatabaseError;
pub use faces::{Embedded, FaceRow, InPhoto, State};
pub use forget::{Forget, Forgotten};
pub use ids::{CircleId, FaceId, LineId, PersonId, PhotoId};
pub use imported::{ClaimRef, DrawnRef, Imported, ImportedPerson};
pub use index::Entry;
pub use library::{Library, ScanLock};
pub use listing::{Found, Listing, Seen, YearMonth};
pub use machines::{MachineRow, Session, SessionRow, Task, patiently};
pub use moving::{Moved, move_library};
pub use open::SCHEMA;
pub use people::{Among, Label, PersonCount, PersonSummary, Who, WhoError};
pub use photos::{FileRow, Filed, Hash, NamedPhoto, NewFace, NewPhoto, PhotoRow, Stamp, Tally, Writer};
pub use roots::Root;
pub use search::{Hit, Query, ResultPosition, Span, Tile};
pub use sightings::{Profile, Sighting, Spot};
pub use standing::StandingAlbum;
pub use text::{fold, tidy};
pub use text_query::TextQueryError;
pub use written::{NamedFaceRow, WrittenFile, WrittenTo};

/// An open library.
pub struct Catalog {
    connection: engine::Connection,
    /// Of a library in a folder.
    file: Option<open::OpenFile>,
}

/// Why the library could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{path}: this library was written by facetag {theirs}, and this is facetag {ours}: {remedy}")]
    TooNew { path: PathBuf, theirs: String, ours: String, remedy: String },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: this is not a facetag library: {reason}; give another folder with --library")]
    NotALibrary { path: PathBuf, reason: String },
    #[error("{path}: the library is damaged: {reason}; {remedy}")]
    Damaged { path: PathBuf, reason: String, remedy: String },
    #[error("{path}: this backup is no good: {reason}; `facetag restore FILE` takes another one")]
    BadBackup { path: PathBuf, reason: String },
    #[error("another facetag is scanning into {path} now: wait until it ends, or end it with Ctrl-C there")]
    Busy { path: PathBuf },
    #[error(
        "{path}: the library is gone: its folder was deleted or moved while facetag was using it; bring it back, then try again"
    )]
    Gone { path: PathBuf },
    #[error(
        "{path}: the library lies on a network disk ({file_system}), where two machines at once would damage it. Keep the library on \
         a disk of this machine (--library DIR, or FACETAG_LIBRARY); the photos may stay where they are"
    )]
    OnNetwork { path: PathBuf, file_system: String },
    #[error(
        "{path}: this disk cannot lock files, so a library on it would be damaged. Keep the library on a disk of this machine \
         (--library DIR, or FACETAG_LIBRARY); the photos may stay where they are"
    )]
    NoLocks { path: PathBuf },
    #[error("{path}: there is a library already: give a place where there is none, so that none is lost")]
    NotEmpty { path: PathBuf },
    #[error("the copy differs in the table {table}: nothing was kept of it")]
    CopyDiffers { table: &'static str },
    #[error("this facetag was built without PostgreSQL: a released one has it, or build it with `--features postgres`")]
    NoPostgres,
    #[error(
        "{what} is for a library in a folder; `facetag move-library` copies one in a database into a folder, and back"
    )]
    OnlyFolder { what: &'static str },
    #[error(
        "the machine {machine} is using the library with facetag {version}, and this is facetag {ours}: end facetag there, and install the \
         same version on all machines"
    )]
    OtherVersion { machine: String, version: String, ours: &'static str },
    #[error("{whose} has the models {theirs:?}, and this machine has {ours:?}: install the same on all machines")]
    OtherPack { whose: String, theirs: String, ours: String },
    #[error("there is no group or person {0} any more: `facetag people` lists who there is")]
    Nobody(PersonId),
    #[error("the library: {0}")]
    Database(#[from] DatabaseError),
    #[error("the library could not be migrated: {0}")]
    Migration(#[source] rusqlite_migration::Error),
    #[error("the library has a row that cannot be understood: {0}")]
    Row(#[from] serde_json::Error),
}

impl From<rusqlite_migration::Error> for CatalogError {
    fn from(error: rusqlite_migration::Error) -> Self {
        match error {
            // A full disk and the like, which any other statement could have met; an error in its SQL has no code of its own.
            rusqlite_migration::Error::RusqliteError { err, .. }
                if err.sqlite_error_code().is_some_and(|code| code != rusqlite::ErrorCode::Unknown) =>
            {
                err.into()
            }
            error => Self::Migration(error),
        }
    }
}

impl From<rusqlite::Error> for CatalogError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

type Result<T, E = CatalogError> = std::result::Result<T, E>;

/// Now, as the catalog writes it: UTC, RFC 3339, whole seconds.
fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
