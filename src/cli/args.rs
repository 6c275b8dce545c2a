//! The command line's arguments.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::catalog::{FaceId, State};
use crate::metadata::Gps;
use crate::tags::Source;

/// Finds the people in your photos, keeps their names, and finds the photos of a person. Nothing leaves this machine.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 success; 1 some photos could not be read, or nothing was found; \
    2 wrong usage or failure; 130 interrupted.")]
pub struct Args {
    /// Folder of the library, a backup to look into, or a PostgreSQL database (postgres://user@host/name)
    /// [default: facetag in the user's data folder]
    #[arg(long, global = true, env = "FACETAG_LIBRARY", value_name = "DIR", hide_env_values = true)]
    pub library: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find photos, faces and people in folders; a later scan reads only what changed
    Scan(Scan),
    /// Scan what is new, changed, moved or deleted in the scanned folders, as it happens
    Watch(Watch),
    /// Watch in the background, from login on
    Service {
        #[command(subcommand)]
        action: ServiceAction,
        #[arg(long, global = true)]
        json: bool,
    },
    /// List the people, named ones first, then the groups by size
    People(People),
    /// List the photos of a person or group
    Show(Show),
    /// Name a group; if a person already has that name, the group joins them
    Name {
        /// Number of the group
        who: String,
        name: String,
        #[arg(long)]
        json: bool,
    },
    /// Rename a person
    Rename {
        /// Number or name
        who: String,
        name: String,
        #[arg(long)]
        json: bool,
    },
    /// Merge groups or persons into one, which keeps the number and name of the first that has a name
    Merge {
        /// Number or name
        into: String,
        /// Numbers or names
        #[arg(required = true)]
        others: Vec<String>,
        #[arg(long)]
        json: bool,
    },
    /// Leave people or groups out of lists
    Hide {
        /// Numbers or names
        #[arg(required = true)]
        who: Vec<String>,
        /// Show it again
        #[arg(long)]
        undo: bool,
        #[arg(long)]
        json: bool,
    },
    /// Mark as strangers: never listed, never asked about, not counted by `find --only`
    Ignore {
        /// Numbers or names
        #[arg(required = true)]
        who: Vec<String>,
        /// They are not strangers after all
        #[arg(long)]
        undo: bool,
        #[arg(long)]
        json: bool,
    },
    /// List a person before others
    Favourite {
        /// Numbers or names
        #[arg(required = true)]
        who: Vec<String>,
        /// They are listed like the others again
        #[arg(long)]
        undo: bool,
        #[arg(long)]
        json: bool,
    },
    /// Set a person's date of birth: photos taken earlier cannot show them
    Born {
        /// Number or name
        who: String,
        /// Year, month or day: 2015, 2015-07, 2015-07-15
        #[arg(value_parser = first_day, required_unless_present = "unknown")]
        date: Option<Date>,
        /// Forget the date
        #[arg(long, conflicts_with = "date")]
        unknown: bool,
        #[arg(long)]
        json: bool,
    },
    /// Tell when photos were taken, where their files do not say, or say it wrongly
    Date(DatePhotos),
    /// Put people under one name, such as "Family", that can be given wherever a person can; list, change and delete such circles
    Circle(Circle),
    /// Answer questions; the one that settles the most photos comes first
    Review(Review),
    /// Confirm that faces belong to a person
    Confirm {
        /// Number or name; a new name makes a new person
        who: String,
        /// Numbers of faces, as `show` lists them [default: all that were tagged automatically]
        #[arg(value_name = "FACE")]
        faces: Vec<FaceId>,
        #[arg(long)]
        json: bool,
    },
    /// Reject faces: they do not belong to this person
    Reject {
        /// Number or name
        who: String,
        /// Numbers of faces, as `show` lists them
        #[arg(value_name = "FACE", required = true)]
        faces: Vec<FaceId>,
        #[arg(long)]
        json: bool,
    },
    /// Move faces of a person or group to somebody else
    Split {
        /// Number or name
        who: String,
        /// Numbers of faces, as `show` lists them
        #[arg(value_name = "FACE", required = true)]
        faces: Vec<FaceId>,
        /// Whose faces they are [default: a new group]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Choose the face that represents a person in lists
    Cover {
        /// Number or name
        who: String,
        /// Number of the face, as `show` lists it
        face: FaceId,
        #[arg(long)]
        json: bool,
    },
    /// Add a face that was not detected, or remove a false detection
    Face {
        #[command(subcommand)]
        action: FaceAction,
        #[arg(long, global = true)]
        json: bool,
    },
    /// Undo the last decision, or the last N
    Undo {
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        n: u32,
        #[arg(long)]
        json: bool,
    },
    /// Redo what was undone, unless something else was decided since
    Redo {
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        n: u32,
        #[arg(long)]
        json: bool,
    },
    /// List your decisions, newest first
    Log {
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
        limit: usize,
        #[arg(long)]
        json: bool,
    },
    /// Explain why a face has its name
    Why {
        /// Number of the face, as `show` lists it
        face: FaceId,
        #[arg(long)]
        json: bool,
    },
    /// Measure on your confirmed faces how often facetag is right
    Accuracy(Accuracy),
    /// Find photos by people, date, place and folder
    Find(Find),
    /// Make an album of links to the photos found, and keep it up to date
    Album(Album),
    /// Serve a web page for viewing, naming and searching
    Serve(Serve),
    /// Export everything as JSON for other programs
    Export(Export),
    /// Import names that other programs gave, or that another library shares
    Import(Import),
    /// Share names with another library that has some of the same photos: as JSON, without pictures or embeddings
    Share {
        /// Only these people: numbers or names [default: all]
        who: Vec<String>,
    },
    /// Write names so that other programs can read them: into sidecars, or into the photos themselves
    Write(Write),
    /// List, add and choose model packs
    Models(Models),
    /// Make a backup of the library, checked and dated; facetag makes one every week anyway
    Backup(Backup),
    /// Go back to a backup, and keep what was decided since as far as it can be read
    Restore(Restore),
    /// Copy a library from a folder into a PostgreSQL database or back, and compare every row
    MoveLibrary {
        /// The library: a folder, or postgres://user@host/name. It stays as it is
        #[arg(value_name = "FROM")]
        from: PathBuf,
        /// Where there is no library yet: a folder, or an empty database
        #[arg(value_name = "TO")]
        to: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Check the library for damage, and photos for other bytes under the same date
    Check(Check),
    /// Remove people, a folder or missing files from the library for good
    Forget(Forget),
    /// Show versions, library, disks and processor, and what is wrong with them
    Doctor {
        #[arg(long)]
        json: bool,
    },
    /// Print the completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Write the man pages into a folder
    #[command(hide = true)]
    Man { folder: PathBuf },
    /// List the machines that use a library in a database: what they do, how fast, when they were last there
    Machines {
        #[arg(long)]
        json: bool,
    },
    /// Show what the library contains
    Stats {
        #[arg(long)]
        json: bool,
    },
    /// Try facetag on a few sample photos, in a library of their own
    Demo {
        /// Print the people as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub struct Scan {
    /// Folders to scan [default: all folders scanned before]
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Retry files that could not be read before
    #[arg(long)]
    pub retry_failed: bool,
    /// Forget what scans found and find it again; your decisions are kept and re-applied. Faces, and groups without a name,
    /// get new numbers
    #[arg(long, alias = "afresh", conflicts_with = "folders")]
    pub rebuild: bool,
    /// Read dates, places and cameras of all photos again, without looking for faces
    #[arg(long, conflicts_with = "rebuild")]
    pub reread: bool,
    /// Do not scan what matches this pattern, in the syntax of .gitignore (repeatable); remembered for these folders. A file
    /// .facetagignore in a folder does the same
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Forget the patterns of --exclude
    #[arg(long)]
    pub no_exclude: bool,
    /// Follow symbolic links; remembered for these folders
    #[arg(long, conflicts_with = "no_follow_links")]
    pub follow_links: bool,
    /// Follow symbolic links no longer
    #[arg(long)]
    pub no_follow_links: bool,
    /// Print only errors and warnings
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    /// Threads that read photos [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
}

#[derive(Debug, clap::Args)]
pub struct Watch {
    #[command(flatten)]
    pub how: WatchHow,
    /// Print only errors and warnings
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Print what each scan has found as a line of JSON
    #[arg(long)]
    pub json: bool,
}

/// How to watch folders.
#[derive(Debug, Clone, clap::Args)]
pub struct WatchHow {
    /// Look at all folders every so many seconds, instead of being told by the system
    #[arg(long, value_name = "SECONDS")]
    pub poll: Option<u64>,
    /// Show a notification for new photos of people with a name
    #[arg(long)]
    pub notify: bool,
    /// Run this command for new photos of people with a name, which it gets as JSON on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub run: Option<String>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ServiceAction {
    /// Start watching now, and after each login (systemd, launchd)
    Install,
    /// Stop watching, and start it no more
    Remove,
    /// Say whether it is installed and running
    Status,
}

#[derive(Debug, clap::Args)]
pub struct People {
    /// Include groups of a single face
    #[arg(long)]
    pub all: bool,
    /// List hidden persons and groups
    #[arg(long, conflicts_with = "ignored")]
    pub hidden: bool,
    /// List strangers
    #[arg(long)]
    pub ignored: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Show {
    /// Number or name
    pub who: String,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
#[command(override_usage = "facetag date <PHOTO|FOLDER>... <DATE>\n       facetag date <PHOTO|FOLDER>... --unknown")]
pub struct DatePhotos {
    /// Photos, or folders with all the photos below them; then the date, as far as you know it: 1955, 1955-06, "June 1955",
    /// 1955-06-03, "1955-06-03 18:30"
    #[arg(value_name = "PHOTO|FOLDER|DATE", required = true)]
    pub photos_and_date: Vec<OsString>,
    /// Forget the dates that you gave them
    #[arg(long)]
    pub unknown: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Circle {
    /// Name of the circle [default: list all circles]
    pub name: Option<String>,
    /// Add these people: numbers, names or circles
    pub who: Vec<String>,
    /// Take this person out of it (repeatable)
    #[arg(long, value_name = "WHO")]
    pub remove: Vec<String>,
    /// Give it another name
    #[arg(long, value_name = "NAME")]
    pub rename: Option<String>,
    /// Delete the circle; its people stay
    #[arg(long, conflicts_with_all = ["who", "remove", "rename"])]
    pub delete: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Review {
    /// Ask only about these: numbers or names [default: everybody]
    pub who: Vec<String>,
    /// Stop after this many answers
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub limit: Option<usize>,
    /// Print the questions as JSON instead of asking them
    #[arg(long)]
    pub json: bool,
    /// Do not show pictures of the faces
    #[arg(long)]
    pub no_pictures: bool,
}

#[derive(Debug, Subcommand)]
pub enum FaceAction {
    /// Add a face that was not detected
    Add {
        photo: PathBuf,
        /// Left, top, width and height in the upright photo: in fractions of it (0 to 1), or in pixels
        #[arg(long = "box", value_name = "X,Y,W,H", value_parser = numbers)]
        bounds: [f32; 4],
        /// Whose face it is: number or name; a new name makes a new person
        #[arg(long, value_name = "WHO")]
        person: String,
    },
    /// Remove what is not a face
    Remove {
        /// Numbers of faces, as `show` lists them
        #[arg(value_name = "FACE", required = true)]
        faces: Vec<FaceId>,
    },
}

#[derive(Debug, clap::Args)]
pub struct Accuracy {
    /// Find the similarity at which at most this share of tags is wrong, such as 0.1% or 0.001
    #[arg(long, value_name = "SHARE", default_value = "0.1%", value_parser = share)]
    pub wrong_at_most: f64,
    #[arg(long)]
    pub json: bool,
}

/// What to look for. An album that is kept up to date is written down as this.
#[derive(Debug, Clone, Default, Serialize, Deserialize, clap::Args)]
#[serde(default)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["names", "any", "not", "since", "until", "place", "folder", "text", "undated", "unrecognisable", "near", "faces", "no_faces",
           "unnamed", "state"]))]
pub struct Find {
    /// All of these people are in the photo
    #[arg(value_name = "WHO")]
    pub names: Vec<String>,
    /// At least one of these is in the photo (repeatable)
    #[arg(long, value_name = "WHO")]
    pub any: Vec<String>,
    /// This person is not in the photo (repeatable)
    #[arg(long, value_name = "WHO")]
    pub not: Vec<String>,
    /// Nobody else is in the photo, named or not
    #[arg(long)]
    pub only: bool,
    /// Photos with a face that is too small, blurred or turned to tell whose it is, and that nobody has named
    #[arg(long)]
    pub unrecognisable: bool,
    /// Taken in or after this year, month or day: 2024, 2024-07, 2024-07-15
    #[arg(long, value_name = "DATE", value_parser = first_day)]
    pub since: Option<Date>,
    /// Taken in or before this year, month or day
    #[arg(long, value_name = "DATE", value_parser = last_day)]
    pub until: Option<Date>,
    /// Photos without a date
    #[arg(long, conflicts_with_all = ["since", "until"])]
    pub undated: bool,
    /// Within some distance of this spot, in degrees: 38.71,-9.14
    #[arg(long, value_name = "LAT,LON", value_parser = spot, allow_hyphen_values = true)]
    pub near: Option<Gps>,
    /// How far from that spot: 500m, 5km, 3mi
    #[arg(long, value_name = "DISTANCE", value_parser = distance, requires = "near", default_value = "1km", allow_hyphen_values = true)]
    pub within: f64,
    /// With so many faces, named or not: 2, 2..5, 3..
    #[arg(long, value_name = "N..M", value_parser = span_of_numbers)]
    pub faces: Option<(u32, u32)>,
    /// Without a face
    #[arg(long, conflicts_with = "faces")]
    pub no_faces: bool,
    /// With a face that has no name
    #[arg(long)]
    pub unnamed: bool,
    /// With a face that was tagged automatically (auto), confirmed, or drawn by hand (manual); one of the people given, if any
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<State>,
    /// People, a place and dates as one text: "Anna Ben -Carl 2024 Lisbon"
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// City, district, region or country: its name in any language, or a code: Lisbon, "Paris, France", Illinois, US-IL, PT
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub place: Option<String>,
    /// In this folder or below it
    #[arg(long = "in", value_name = "FOLDER")]
    #[serde(with = "any_path")]
    pub folder: Option<PathBuf>,
    /// List every copy of a photo, not just the first
    #[arg(long)]
    pub copies: bool,
    /// Separate paths with NUL bytes, for xargs -0
    #[arg(short = '0', long = "null", conflicts_with_all = ["json", "count"])]
    pub null: bool,
    #[arg(long, conflicts_with = "count")]
    pub json: bool,
    /// Print only the number of photos
    #[arg(long)]
    pub count: bool,
    /// Open the result: one photo in its viewer, several as a folder of links
    #[arg(long)]
    pub open: bool,
    /// Create an album of symbolic links in this folder, numbered by date
    #[arg(long, value_name = "DIR", conflicts_with_all = ["copy", "json", "count", "null", "open"])]
    pub link: Option<PathBuf>,
    /// Create an album of copies in this folder, numbered by date
    #[arg(long, value_name = "DIR", conflicts_with_all = ["json", "count", "null", "open"])]
    pub copy: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Album {
    /// Folder for the links; what else lies in it is never touched
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Keep it up to date from now on, until the folder is deleted
    #[arg(long)]
    pub follow: bool,
    #[command(flatten)]
    pub find: Find,
}

#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Port [default: 4711, or a free one near it]
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,
    /// Serve on this address, for other devices too: needs a password, and is not encrypted [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<IpAddr>,
    /// File with a password hash; the page then asks for the password instead of a token
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Show everything, change nothing
    #[arg(long)]
    pub read_only: bool,
    /// Let guests see the photos of these people or circles, and nothing else, at an address of their own; they change nothing
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub guest: Vec<String>,
    /// Folder that may be scanned and written to from the page; may be given more than once [default: scanned folders, home]
    #[arg(long, value_name = "FOLDER")]
    pub allow: Vec<PathBuf>,
    /// Encrypt with the certificate in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate, in a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Print the addresses as JSON
    #[arg(long)]
    pub json: bool,
    /// Watch the scanned folders as well, as `facetag watch` does
    #[arg(long)]
    pub watch: bool,
    #[command(flatten)]
    pub how: WatchHow,
    /// Ask for a password, print its hash for such a file, and exit
    #[arg(long, conflicts_with_all = ["port", "open", "listen", "password_file", "read_only", "guest", "allow", "tls_cert"])]
    pub hash_password: bool,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    #[arg(long, value_enum, default_value = "json")]
    pub format: Format,
    /// Add the embedding of each face
    #[arg(long)]
    pub embeddings: bool,
    /// Write to this file, which must not exist yet [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["who", "all"]))]
pub struct Write {
    /// Write the names of these people: numbers or names
    pub who: Vec<String>,
    /// Write the names of all people
    #[arg(long)]
    pub all: bool,
    /// Write a sidecar beside each photo, such as IMG.jpg.xmp [default]
    #[arg(long, conflicts_with = "into_files")]
    pub sidecar: bool,
    /// Write into the photos themselves, where they are JPEG, PNG or WebP
    #[arg(long)]
    pub into_files: bool,
    /// Leave out automatic tags
    #[arg(long)]
    pub confirmed: bool,
    /// Only say what would be written
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Import {
    /// A file that `facetag share` wrote; or folders to look in [default: all that were scanned]
    #[arg(value_name = "FILE|FOLDER")]
    pub paths: Vec<PathBuf>,
    /// Where to look for names
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHERE", default_values = ["xmp", "picasa", "takeout"])]
    pub from: Vec<Source>,
    /// Picasa's contacts.xml, for folders that have none
    #[arg(long, value_name = "FILE")]
    pub contacts: Option<PathBuf>,
    /// Only say what would be imported
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    Json,
}

#[derive(Debug, clap::Args)]
pub struct Models {
    #[command(subcommand)]
    pub action: Option<ModelsAction>,
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// List the packs
    List,
    /// Add a pack from InsightFace's files: a wheel, a zip such as buffalo_s.zip, or a folder
    Add {
        file: PathBuf,
        /// Accept the licence without being asked, for scripts
        #[arg(long)]
        accept_license: bool,
    },
    /// Switch to a pack: embeds all faces again and keeps every name
    Use { pack: String },
}

#[derive(Debug, clap::Args)]
pub struct Backup {
    /// Folder or file to write to [default: the folder `backups` of the library]
    #[arg(value_name = "TO")]
    pub to: Option<PathBuf>,
    /// Keep the last N backups of that folder, and delete older ones [default: 5 in the library, all elsewhere]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: Option<u16>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The backup [default: the newest good one of the library]
    #[arg(value_name = "FROM")]
    pub from: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Check {
    /// Check the library only, and read no photo
    #[arg(long, conflicts_with = "photos_untouched")]
    pub quick: bool,
    /// Read every photo and prove that it has the content of its first scan, or list those that have not
    #[arg(long)]
    pub photos_untouched: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["who", "strangers", "folder", "missing", "all"]))]
pub struct Forget {
    /// Numbers or names
    #[arg(value_name = "WHO")]
    pub who: Vec<String>,
    /// Everybody whom you ignore
    #[arg(long)]
    pub strangers: bool,
    /// The photos of a folder and of those below it
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// The files that were missing at the last scan; not those of a disk that is away
    #[arg(long)]
    pub missing: bool,
    /// The whole library, with its backups
    #[arg(long)]
    pub all: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[arg(long)]
    pub json: bool,
}

/// A path of any bytes.
mod any_path {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Path::as_os_str).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<OsString>::deserialize(deserializer)?.map(PathBuf::from))
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| format!("{text:?} is no number from 1 on"))
}

/// `x,y,width,height`
fn numbers(text: &str) -> Result<[f32; 4], String> {
    let numbers: Option<Vec<f32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    let four = numbers.and_then(|numbers| <[f32; 4]>::try_from(numbers).ok());
    let valid = four.filter(|[x, y, width, height]| *x >= 0.0 && *y >= 0.0 && *width > 0.0 && *height > 0.0);
    valid.filter(|numbers| numbers.iter().all(|number| number.is_finite())).ok_or_else(|| {
        format!("{text:?} is no box: give left, top, width and height, as 0.44,0.08,0.30,0.18 or 440,80,300,180")
    })
}

/// `0.1%` or `0.001`
fn share(text: &str) -> Result<f64, String> {
    let (number, part) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent, 100.0),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().ok().map(|number| number / part);
    share.filter(|share| (0.0..1.0).contains(share)).ok_or_else(|| format!("{text:?} is no share: give 0.1% or 0.001"))
}

/// `38.71,-9.14`, `38.71 -9.14`, `38,71; -9,14`, `38.71N 9.14W`
fn spot(text: &str) -> Result<Gps, String> {
    let given: Vec<&str> = if text.contains(';') {
        text.split(';').collect()
    } else if text.split(',').count() == 2 {
        text.split(',').collect()
    } else {
        text.split_whitespace().map(|part| part.trim_end_matches(',')).collect()
    };
    let is_no_spot =
        || format!("{text:?} is no spot: give latitude and longitude in degrees, with decimal points, as 38.71,-9.14");
    let [latitude, longitude] = given[..] else { return Err(is_no_spot()) };
    let latitude = degrees(latitude, ['N', 'S']).ok_or_else(is_no_spot)?;
    let longitude = degrees(longitude, ['E', 'W']).ok_or_else(is_no_spot)?;
    for (number, name, most) in [(latitude, "latitude", 90.0), (longitude, "longitude", 180.0)] {
        if number.abs() > most {
            return Err(format!(
                "the {name} {number} is not between -{most} and {most}: latitude is first, as in 38.71,-9.14"
            ));
        }
    }
    Ok(Gps { latitude, longitude })
}

/// Degrees as one decimal number, negative on the second of two sides.
fn degrees(text: &str, sides: [char; 2]) -> Option<f64> {
    let text = text.trim();
    let side = sides.iter().position(|&side| text.ends_with([side, side.to_ascii_lowercase()]));
    let number = decimal(if side.is_some() { &text[..text.len() - 1] } else { text }.trim().trim_end_matches('°'))?;
    match side {
        Some(_) if number < 0.0 => None,
        Some(1) => Some(-number),
        _ => Some(number),
    }
}

/// A number with a decimal point or, as in much of the world, a comma.
fn decimal(text: &str) -> Option<f64> {
    text.trim().replacen(',', ".", 1).parse().ok().filter(|number: &f64| number.is_finite())
}

/// `500m`, `5km`, `3mi` -> km
fn distance(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let unit = text.find(|letter: char| letter.is_alphabetic()).unwrap_or(text.len());
    let km = match text[unit..].to_lowercase().as_str() {
        "" | "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => Some(1.0),
        "m" | "meter" | "meters" | "metre" | "metres" => Some(0.001),
        "mi" | "mile" | "miles" => Some(1.609_344),
        "ft" | "foot" | "feet" => Some(0.000_304_8),
        "yd" | "yard" | "yards" => Some(0.000_914_4),
        _ => None,
    };
    match km.and_then(|km| Some(decimal(&text[..unit])? * km)) {
        None => Err(format!("{text:?} is no distance: give it as 500m, 5km or 3mi")),
        Some(km) if km <= 0.0 => Err(format!("{text:?} is no distance: it must be more than 0, as 500m, 5km or 3mi")),
        Some(km) if km > 1000.0 => Err(format!("{text:?} is too far: at most 1000 km")),
        Some(km) => Ok(km),
    }
}

/// `2`, `2..5`, `3..`, `..4`
fn span_of_numbers(text: &str) -> Result<(u32, u32), String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str, otherwise| if text.is_empty() { Some(otherwise) } else { text.trim().parse().ok() };
    let span = (text != "..").then(|| number(least, 0).zip(number(most.trim_start_matches('='), u32::MAX))).flatten();
    span.filter(|(least, most)| least <= most && !text.is_empty())
        .ok_or_else(|| format!("{text:?} is no number of faces: give it as 2, 2..5 or 3.."))
}

fn state(text: &str) -> Result<State, String> {
    match text {
        "auto" => Ok(State::Auto),
        "confirmed" => Ok(State::Confirmed),
        "manual" => Ok(State::Manual),
        _ => Err("it is auto, confirmed or manual".to_owned()),
    }
}

fn first_day(text: &str) -> Result<Date, String> {
    Ok(period(text)?.0)
}

fn last_day(text: &str) -> Result<Date, String> {
    Ok(period(text)?.1)
}

/// The first and the last day of a year, a month or a day.
fn period(text: &str) -> Result<(Date, Date), String> {
    let wrong = || format!("{text:?} is no date: give a year, a month or a day, as 2024, 2024-07 or 2024-07-15");
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let well_formed = parts.iter().zip([4, 2, 2]).all(|(part, length)| digits(part, length));
    let numbers: Vec<i16> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let date = |month: i16, day: i16| Date::new(numbers[0], month as i8, day as i8).map_err(|_| wrong());
    match (well_formed, numbers.as_slice()) {
        (true, [_]) => Ok((date(1, 1)?, date(12, 31)?)),
        (true, [_, month]) => Ok((date(*month, 1)?, date(*month, 1)?.last_of_month())),
        (true, [_, month, day]) => Ok((date(*month, *day)?, date(*month, *day)?)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_date_is_a_year_a_month_or_a_day() {
        let days = |text| period(text).map(|(first, last)| (first.to_string(), last.to_string()));
        assert_eq!(days("2024"), Ok(("2024-01-01".into(), "2024-12-31".into())));
        assert_eq!(days("2024-02"), Ok(("2024-02-01".into(), "2024-02-29".into())));
        assert_eq!(days("2023-02-28"), Ok(("2023-02-28".into(), "2023-02-28".into())));
        for wrong in ["", "24", "2024-13", "2023-02-29", "2024-7-1", "July", "2024-07-01-02", "-024"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
