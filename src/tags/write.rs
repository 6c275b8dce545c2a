//! The names in the library -> sidecars, or the photos themselves.

use std::collections::HashSet;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Serialize;

use super::compose::{Composed, NamedFace, Ours, Packets, compose, held};
use super::embed::{embed, is_same_picture};
use super::rdf::Properties;
use super::sidecar::{Folder, is_of_another};
use super::to_stored;
use crate::catalog::{Catalog, CatalogError, NamedFaceRow, PersonId, PhotoId, State, WrittenFile, WrittenTo};
use crate::metadata::Metadata;
use crate::metadata::packets::xmp_packets;
use crate::photo::{self, Orientation, header};

/// Where names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Sidecars,
    Files,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    pub target: Target,
    /// Only of these people; of all where there is none.
    pub who: Option<HashSet<PersonId>>,
    /// Not automatic tags.
    pub confirmed_only: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Sidecars and photos that were changed, or would be.
    pub files: Vec<PathBuf>,
    pub added: usize,
    pub removed: usize,
    /// Regions of other programs that have another name, and stay so.
    pub conflicts: Vec<Conflict>,
    /// Photos in whose files names of facetag are that are no longer right, and stay as only sidecars are written.
    pub outdated: Vec<PathBuf>,
    /// Files that could not be written, and why.
    pub problems: Vec<Unwritten>,
}

/// A region of another program at a face that has another name here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    pub path: PathBuf,
    pub name: String,
    pub theirs: String,
}

/// A file that could not be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unwritten {
    pub path: PathBuf,
    pub problem: String,
}

/// Writes names. What is done stays done where another file cannot be written; `go_on` is asked before each photo.
///
/// # Errors
/// Those of the catalog.
pub fn write_names(
    catalog: &mut Catalog,
    options: &WriteOptions,
    mut go_on: impl FnMut() -> bool,
) -> Result<Written, CatalogError> {
    let mut done = Written::default();
    let mut named = catalog.named_faces()?;
    if options.confirmed_only {
        named.values_mut().for_each(|faces| faces.retain(|face| face.state != Some(State::Auto)));
    }
    let is_wanted = |face: &NamedFaceRow| options.who.as_ref().is_none_or(|who| who.contains(&face.person));
    let mut photos = catalog.written()?;
    photos.extend(named.iter().filter(|(_, faces)| faces.iter().any(is_wanted)).map(|(photo, _)| *photo));
    for photo in photos {
        if !go_on() {
            break;
        }
        let faces = named.remove(&photo).unwrap_or_default();
        let faces: Vec<(NamedFaceRow, bool)> = faces.into_iter().map(|face| (face.clone(), is_wanted(&face))).collect();
        match options.target {
            Target::Sidecars => sidecars(catalog, photo, &faces, options.dry_run, &mut done)?,
            Target::Files => files(catalog, photo, &faces, options.dry_run, &mut done)?,
        }
    }
    Ok(done)
}

impl Written {
    fn problem(&mut self, path: &Path, problem: impl ToString) {
        self.problems.push(Unwritten { path: path.to_owned(), problem: problem.to_string() });
    }

    /// Counts what is composed for a file; `false` where there is nothing to write.
    fn count(&mut self, photo: &Path, target: &Path, composed: &Composed) -> bool {
        let conflict = |(name, theirs): &(String, String)| {
            let (name, theirs) = (name.clone(), theirs.clone());
            Conflict { path: photo.to_owned(), name, theirs }
        };
        // A file and its sidecar may both say so.
        for conflict in composed.conflicts.iter().map(conflict) {
            if !self.conflicts.iter().rev().take_while(|known| known.path == photo).any(|known| *known == conflict) {
                self.conflicts.push(conflict);
            }
        }
        if composed.packet.is_some() {
            self.added += composed.added;
            self.removed += composed.removed;
            self.files.push(target.to_owned());
        }
        composed.packet.is_some()
    }

    /// Takes the last file out of the counts, as it could not be written.
    fn take_back(&mut self, added: usize, removed: usize) {
        self.files.pop();
        self.added -= added;
        self.removed -= removed;
    }
}

/// What a photo's file has to say before names are written.
struct Original {
    bytes: Vec<u8>,
    /// The first XMP packet in it.
    packet: Option<Vec<u8>>,
    /// As stored.
    size: (u32, u32),
    faces: Vec<NamedFace>,
}

/// Reads a file of a photo, if it still holds it; what is wrong with it is noted.
fn original(
    catalog: &Catalog,
    photo: PhotoId,
    path: &Path,
    faces: &[(NamedFaceRow, bool)],
    done: &mut Written,
) -> Result<Option<Original>, CatalogError> {
    let hash = catalog.photo(photo)?.hash;
    let read = || {
        let bytes = photo::read(path).map_err(|error| error.to_string())?;
        if blake3::hash(&bytes).as_bytes() != &hash {
            return Err("it has changed since it was scanned; scan it again first".to_owned());
        }
        let header = header(&bytes).map_err(|error| error.to_string())?;
        Ok((bytes, header))
    };
    let (bytes, header) = match read() {
        Ok(read) => read,
        Err(problem) => {
            done.problem(path, problem);
            return Ok(None);
        }
    };
    let orientation = Metadata::read(&bytes).orientation;
    let face = |(face, add): &(NamedFaceRow, bool)| NamedFace {
        name: face.name.clone(),
        bounds: to_stored(face.bounds, orientation),
        add: *add,
    };
    let faces = faces.iter().map(face).collect();
    // Of what its decoder turns upright, the stored size is the other way round.
    let turned = if header.upright { orientation } else { Orientation::Normal };
    let packet = xmp_packets(&bytes).into_iter().next();
    Ok(Some(Original { bytes, packet, size: turned.upright_size(header.width, header.height), faces }))
}

/// What facetag has in a file of a photo and in its sidecar.
struct Known {
    path: PathBuf,
    file: Ours,
    sidecar: Ours,
}

/// What became of it; `None` where it is not known, as something could not be read or written: it may be as it was.
struct Now {
    file: Option<Ours>,
    sidecar: Option<Ours>,
}

impl Known {
    fn of(catalog: &Catalog, photo: PhotoId, path: &Path) -> Result<Self, CatalogError> {
        Ok(Self {
            path: path.to_owned(),
            file: Ours::parse(&catalog.written_entries(photo, path, WrittenTo::File)?),
            sidecar: Ours::parse(&catalog.written_entries(photo, path, WrittenTo::Sidecar)?),
        })
    }

    fn embedded<'a>(&self, original: &'a Original) -> Embedded<'a> {
        Embedded { packet: original.packet.as_deref(), ours: self.file.clone() }
    }
}

/// Notes in the library what became of each file of a photo; `is_all` where no file was passed over.
fn note(catalog: &mut Catalog, photo: PhotoId, files: &[(Known, Now)], is_all: bool) -> Result<(), CatalogError> {
    let is_known = |now: &Now| now.file.is_some() && now.sidecar.is_some();
    let is_uncertain = !is_all || files.iter().any(|(_, now)| !is_known(now));
    let is_any = |ours: &Option<Ours>| ours.as_ref().is_some_and(|ours| !ours.is_empty());
    let has_entries = files.iter().any(|(_, now)| is_any(&now.file) || is_any(&now.sidecar));
    let mut changes = Vec::new();
    for (known, now) in files {
        for (to, before, now) in
            [(WrittenTo::File, &known.file, &now.file), (WrittenTo::Sidecar, &known.sidecar, &now.sidecar)]
        {
            changes
                .extend(now.iter().map(Ours::texts).filter(|now| *now != before.texts()).map(|now| (known, to, now)));
        }
    }
    // Mostly nothing has changed, and then nothing is waited for.
    if changes.is_empty() && has_entries {
        return Ok(());
    }
    catalog.batch(|writer| {
        for (known, to, entries) in &changes {
            writer.note_entries(photo, &known.path, *to, entries)?;
        }
        writer.note_written(photo, is_uncertain)
    })
}

/// What `work` makes of each file that still holds a photo, and whether none was passed over.
fn each_file(
    catalog: &Catalog,
    photo: PhotoId,
    faces: &[(NamedFaceRow, bool)],
    done: &mut Written,
    mut work: impl FnMut(&Original, &Known, &mut Written) -> Now,
) -> Result<(Vec<(Known, Now)>, bool), CatalogError> {
    let paths = catalog.readable_paths(photo)?;
    let mut noted = Vec::new();
    for path in &paths {
        let Some(original) = original(catalog, photo, path, faces, done)? else { continue };
        let known = Known::of(catalog, photo, path)?;
        let now = work(&original, &known, done);
        noted.push((known, now));
    }
    let is_all = !paths.is_empty() && noted.len() == paths.len();
    Ok((noted, is_all))
}

/// Writes the sidecar of each file of a photo.
fn sidecars(
    catalog: &mut Catalog,
    photo: PhotoId,
    faces: &[(NamedFaceRow, bool)],
    dry_run: bool,
    done: &mut Written,
) -> Result<(), CatalogError> {
    let (noted, is_all) = each_file(catalog, photo, faces, done, |original, known, done| {
        let in_file = known.embedded(original);
        if in_file.is_outdated(original) {
            done.outdated.push(known.path.clone());
        }
        let file = Some(held(in_file.packet, in_file.ours.clone()));
        Now { file, sidecar: beside(known, original, in_file, (true, dry_run), done) }
    })?;
    if dry_run { Ok(()) } else { note(catalog, photo, &noted, is_all) }
}

/// The XMP in a photo's file, and what facetag is known to have written there.
struct Embedded<'a> {
    packet: Option<&'a [u8]>,
    ours: Ours,
}

impl Embedded<'_> {
    /// Whether names of facetag are in it that are no longer right.
    fn is_outdated(&self, original: &Original) -> bool {
        let faces: Vec<_> = original.faces.iter().map(|face| NamedFace { add: false, ..face.clone() }).collect();
        let packets = Packets { packet: self.packet, ours: self.ours.clone(), ..Packets::default() };
        compose(packets, original.size, &faces).is_ok_and(|composed| composed.removed > 0)
    }
}

/// Writes one sidecar, see [`sidecar`]; `None` where that is not possible, which is told.
fn beside(
    known: &Known,
    original: &Original,
    embedded: Embedded,
    how: (bool, bool),
    done: &mut Written,
) -> Option<Ours> {
    let written = sidecar(&known.path, original, (embedded, &known.sidecar), how, done);
    written.map_err(|(path, problem)| done.problem(&path, problem)).ok()
}

/// Writes one sidecar: the one that is there or, where `may_be_new`, a new one with all XMP that is in the photo, as some programs look at nothing else
/// then. Returns what of it is facetag's.
fn sidecar(
    path: &Path,
    original: &Original,
    (embedded, known): (Embedded, &Ours),
    (may_be_new, dry_run): (bool, bool),
    done: &mut Written,
) -> Result<Ours, (PathBuf, String)> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err((path.to_owned(), "a sidecar can be found only for names in UTF-8".to_owned()));
    };
    let folder = Folder::read(path.parent().unwrap_or(Path::new("")));
    let (mut target, mut shared) = (None, None);
    for found in folder.sidecars(name) {
        let at = |error: &dyn ToString| (found.clone(), error.to_string());
        let bytes = photo::read(&found).map_err(|error| at(&error))?;
        let properties = match bytes.iter().all(u8::is_ascii_whitespace) {
            true => Properties::default(),
            false => Properties::parse(&bytes).map_err(|error| at(&error))?,
        };
        if folder.is_shared(&found, &properties, name) {
            shared = Some(bytes);
        } else if !is_of_another(&properties, name) {
            target = Some((found, bytes));
            break;
        }
    }
    let new = path.with_file_name(format!("{name}.xmp"));
    if target.is_none() && !may_be_new {
        return Ok(Ours::default());
    }
    if target.is_none() && new.exists() {
        return Err((new, format!("it is the sidecar of another photo than {name}: nothing was written")));
    }
    let (target, old) = match target {
        Some((target, old)) => (target, Some(old)),
        None => (new, None),
    };
    let embedded = match &shared {
        // It is what programs read of this photo so far.
        Some(shared) if old.is_none() => Embedded { packet: Some(shared), ours: Ours::default() },
        _ => embedded,
    };
    let packets = Packets {
        packet: old.as_deref(),
        ours: if old.is_some() { known.clone() } else { Ours::default() },
        base: embedded.packet,
        base_ours: embedded.ours,
    };
    let composed = compose(packets, original.size, &original.faces);
    let composed = composed.map_err(|error| (target.clone(), error.to_string()))?;
    let will_be_written = done.count(path, &target, &composed);
    if will_be_written && !dry_run {
        let packet = composed.packet.unwrap_or_default();
        let written = replace(&target, packet.as_bytes(), old.is_some(), false, |bytes| bytes == packet.as_bytes());
        written.map_err(|error| {
            done.take_back(composed.added, composed.removed);
            (target, error.to_string())
        })?;
    }
    Ok(if will_be_written || old.is_some() { composed.ours } else { Ours::default() })
}

/// Writes into all files of a photo, which hold the same bytes before and after.
fn files(
    catalog: &mut Catalog,
    photo: PhotoId,
    faces: &[(NamedFaceRow, bool)],
    dry_run: bool,
    done: &mut Written,
) -> Result<(), CatalogError> {
    let mut written = Vec::new();
    let mut hash = None;
    let (noted, is_all) = each_file(catalog, photo, faces, done, |original, known, done| {
        let path = &known.path;
        let packets = Packets { packet: original.packet.as_deref(), ours: known.file.clone(), ..Packets::default() };
        let composed = compose(packets, original.size, &original.faces).map_err(|error| error.to_string());
        let put = |composed: Composed| match &composed.packet {
            Some(packet) => match embed(&original.bytes, packet) {
                Ok(bytes) => Ok((composed, Some(bytes))),
                Err(error) => Err(error.to_string()),
            },
            None => Ok((composed, None)),
        };
        let into = composed.and_then(put);
        // A sidecar counts more than the file: it must not say what is no longer so. And what can be written beside a file that
        // cannot hold it is not lost.
        let in_file = match &into {
            Ok((Composed { packet: Some(packet), ours, .. }, _)) => {
                Embedded { packet: Some(packet.as_bytes()), ours: ours.clone() }
            }
            _ => known.embedded(original),
        };
        let beside = beside(known, original, in_file, (into.is_err(), dry_run), done);
        let file = match into {
            Ok((composed, bytes)) => {
                let will_be_written = done.count(path, path, &composed);
                let mut ours = Some(composed.ours);
                if let Some(bytes) = bytes.filter(|_| will_be_written && !dry_run) {
                    let is_right = |read: &[u8]| read == bytes && is_same_picture(&original.bytes, read);
                    match replace(path, &bytes, true, true, is_right).and_then(|()| stat(path)) {
                        Ok((size, modified)) => {
                            hash = Some(*blake3::hash(&bytes).as_bytes());
                            written.push(WrittenFile { path: path.clone(), size, modified });
                        }
                        Err(error) => {
                            done.take_back(composed.added, composed.removed);
                            done.problem(path, error);
                            ours = None;
                        }
                    }
                }
                ours
            }
            Err(error) => {
                if beside.is_some() {
                    let are = if dry_run { "would be" } else { "are" };
                    done.problem(path, format!("{error}; its names {are} in a sidecar instead"));
                }
                Some(held(original.packet.as_deref(), known.file.clone()))
            }
        };
        Now { file, sidecar: beside }
    })?;
    if dry_run {
        return Ok(());
    }
    catalog.exclusively(|catalog| {
        if let Some(hash) = hash {
            catalog.batch(|writer| writer.rewritten(photo, &hash, &written))?;
        }
        note(catalog, photo, &noted, is_all)
    })
}

/// Bytes and nanoseconds since 1970.
fn stat(path: &Path) -> io::Result<(u64, i64)> {
    let metadata = fs::metadata(path)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
    Ok((metadata.len(), modified))
}

/// Writes a file beside another, looks whether it is right, and puts it in its place, with the permissions of the old one, and its
/// time where `keep_time`.
fn replace(
    path: &Path,
    bytes: &[u8],
    is_there: bool,
    keep_time: bool,
    is_right: impl Fn(&[u8]) -> bool,
) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".facetag-{}", std::process::id()));
    let beside = path.with_file_name(name);
    let old = if is_there { Some(fs::metadata(path)?) } else { None };
    if old.as_ref().is_some_and(|old| old.permissions().readonly()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it may not be written: its permissions say so"));
    }
    let write = || {
        let mut file = File::create_new(&beside)?;
        file.write_all(bytes)?;
        if let Some(old) = &old {
            file.set_permissions(old.permissions())?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::MetadataExt;
                // Only root can give a file away, and others need not.
                let _ = std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()));
                file.set_permissions(old.permissions())?;
            }
            if keep_time {
                file.set_times(FileTimes::new().set_accessed(old.accessed()?).set_modified(old.modified()?))?;
            }
        }
        file.sync_all()?;
        if !is_right(&fs::read(&beside)?) {
            return Err(io::Error::other("what was written is not what was to be written: the old file is kept"));
        }
        if keep_time && let Some(old) = &old {
            // Reading it has changed when it was read last.
            let now = fs::metadata(path)?;
            if now.len() != old.len() || now.modified()? != old.modified()? {
                return Err(io::Error::other("another program has changed it meanwhile: it is kept as it is"));
            }
        }
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}
