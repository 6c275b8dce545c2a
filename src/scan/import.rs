//! Names that other programs keep -> faces of the library.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::Serialize;

use super::read::PhotoReader;
use crate::catalog::{
    Catalog, CatalogError, FaceId, FaceRef, FileRow, Hash, Imported, NewFace, PersonId, PhotoId, Stamp, State, fold,
};
use crate::face::{BoundingBox, Pack};
use crate::metadata::Metadata;
use crate::metadata::packets::jpeg_segments;
use crate::people::{DecideError, Decided, decide};
use crate::photo::{self, Format};
use crate::tags::{
    AssignedName, PhotoName, Problem, Reader, Region, Similar, Source, assign_names, is_beside, is_picasa, matched,
    similar,
};

/// A name that another program, or another library, has for a face or a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    pub photo: PhotoId,
    pub name: String,
    /// In fractions of the upright photo; `None` where only the photo is known.
    pub bounds: Option<BoundingBox>,
    /// When it was written, at the latest.
    pub at: Option<Timestamp>,
    /// facetag wrote it itself.
    pub ours: bool,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    pub claims: Vec<Claim>,
    /// Photos that have entries of facetag itself, perhaps of another library.
    pub written: Vec<PhotoId>,
    pub problems: Vec<Problem>,
}

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The face gets the name.
    Tag,
    /// No face was detected there: one is drawn, with the name.
    Draw,
    /// The face has the name.
    Known,
    /// The user has decided otherwise since.
    Kept,
}

/// A claim to a face, and what becomes of it.
#[derive(Debug, Clone, Serialize)]
pub struct Match {
    #[serde(skip)]
    pub photo: PhotoId,
    pub name: String,
    #[serde(rename = "box")]
    pub bounds: BoundingBox,
    /// The detected face.
    pub face: Option<FaceId>,
    pub outcome: Outcome,
}

/// The part of a JPEG in which its metadata is, as a rule, in bytes.
const HEAD: u64 = 512 << 10;

/// Reads what other programs say of the photos in `files`. Files that have changed since they were scanned are left out: boxes
/// are of the photo that was scanned.
///
/// # Errors
/// Those of the catalog.
pub fn read_names(catalog: &Catalog, reader: &Reader, files: &[FileRow]) -> Result<Claims, CatalogError> {
    let here: Vec<(&FileRow, PhotoId)> = files
        .iter()
        .filter(|file| !file.missing && file.problem.is_none())
        .filter_map(|file| Some((file, file.photo?)))
        .collect();
    let hashes: HashMap<PhotoId, Hash> = {
        let photos: BTreeSet<PhotoId> = here.iter().map(|(_, photo)| *photo).collect();
        photos.into_iter().map(|photo| Ok((photo, catalog.photo(photo)?.hash))).collect::<Result<_, CatalogError>>()?
    };
    let tags: Vec<_> = here
        .par_iter()
        .filter_map(|(file, photo)| {
            let bytes = head(file, &hashes[photo])?;
            let orientation = Metadata::read(&bytes).orientation;
            Some((*photo, reader.read(&file.path, &bytes, orientation)))
        })
        .collect();
    let mut of_photo: BTreeMap<PhotoId, Vec<Claim>> = BTreeMap::new();
    let mut written = Vec::new();
    for (photo, tags) in tags {
        if tags.is_ours {
            written.push(photo);
        }
        // Several files may hold one photo, and each have a sidecar.
        let claims = of_photo.entry(photo).or_default();
        for Region { name, bounds, ours } in tags.regions {
            let is_known = |claim: &Claim| {
                let overlap = claim.bounds.map_or(0.0, |known| known.iou(&bounds));
                overlap > 0.5 || (overlap > 0.1 && fold(&claim.name) == fold(&name))
            };
            if !claims.iter().any(is_known) {
                claims.push(Claim { photo, name, bounds: Some(bounds), at: tags.at, ours });
            }
        }
        for name in tags.people {
            if !claims.iter().any(|claim| fold(&claim.name) == fold(&name)) {
                claims.push(Claim { photo, name, bounds: None, at: tags.at, ours: false });
            }
        }
    }
    let claims = of_photo.into_values().flatten().collect();
    Ok(Claims { claims, written, problems: reader.problems() })
}

/// The bytes of a file that is as it was scanned; of a JPEG those before its pixels are enough.
fn head(file: &FileRow, hash: &Hash) -> Option<Vec<u8>> {
    let (mut reader, metadata) = photo::open(&file.path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos() as i64;
    let is_same = metadata.len() == file.stamp.size && modified == file.stamp.modified;
    let mut bytes = Vec::new();
    if is_same {
        reader.by_ref().take(HEAD).read_to_end(&mut bytes).ok()?;
        let end: usize = 2 + jpeg_segments(&bytes).map(|(_, data)| data.len() + 4).sum::<usize>();
        let is_whole = bytes.get(end..end + 2) == Some(&[0xff, 0xda]);
        if Format::sniff(&bytes) == Some(Format::Jpeg) && is_whole {
            return Some(bytes);
        }
    }
    reader.take(metadata.len()).read_to_end(&mut bytes).ok()?;
    (is_same || blake3::hash(&bytes).as_bytes() == hash).then_some(bytes)
}

/// Finds the face of each claim, and what becomes of it; the names without boxes are left out.
///
/// # Errors
/// Those of the catalog.
pub fn match_names(catalog: &Catalog, claims: &[Claim]) -> Result<Vec<Match>, CatalogError> {
    let mut of_photo: BTreeMap<PhotoId, Vec<(&Claim, BoundingBox)>> = BTreeMap::new();
    for claim in claims {
        if let Some(bounds) = claim.bounds {
            of_photo.entry(claim.photo).or_default().push((claim, bounds));
        }
    }
    let names = catalog.names()?;
    let mut matches = Vec::new();
    for (photo, claims) in of_photo {
        let faces = catalog.all_faces_in(photo)?;
        let boxes: Vec<BoundingBox> = claims.iter().map(|(_, bounds)| *bounds).collect();
        let faces_at: Vec<BoundingBox> = faces.iter().map(|(face, _)| face.bounds).collect();
        let hash = catalog.photo(photo)?.hash;
        for ((claim, bounds), face) in claims.into_iter().zip(matched(&boxes, &faces_at)) {
            let face = face.map(|index| &faces[index]);
            let claimed = FaceRef::new(&hash, face.map_or(bounds, |(face, _)| face.bounds));
            let person = face.and_then(|(face, _)| Some((names.get(&face.person?)?, face.state)));
            let has_name = |name: &str| fold(name) == fold(&claim.name);
            let decided = catalog.decided_at(&claimed)?;
            let outcome = match (face, person) {
                (Some(_), Some((name, state))) if has_name(name) && state != Some(State::Auto) => Outcome::Known,
                // What facetag has written is no news to it, and what it was not sure of is no surer for that.
                (Some(_), Some(_)) if claim.ours => Outcome::Known,
                _ if claim.ours && decided.is_some() => Outcome::Kept,
                _ if catalog.was_imported(&hash, Some(&bounds), &claim.name)? => Outcome::Kept,
                _ if decided.is_some_and(|decided| claim.at.is_none_or(|at| decided >= at)) => Outcome::Kept,
                (Some(_), _) => Outcome::Tag,
                (None, _) => Outcome::Draw,
            };
            let face = face.map(|(face, _)| face.id);
            matches.push(Match { photo, name: claim.name.clone(), bounds, face, outcome });
        }
    }
    Ok(matches)
}

/// Leaves out the names whose import the user took back: nobody wants by the next scan what they have just undone.
///
/// # Errors
/// Those of SQLite.
pub fn not_taken_back(catalog: &Catalog, claims: Vec<Claim>) -> Result<Vec<Claim>, CatalogError> {
    let mut wanted = Vec::new();
    for claim in claims {
        if !catalog.was_taken_back(&catalog.photo(claim.photo)?.hash, claim.bounds.as_ref(), &claim.name)? {
            wanted.push(claim);
        }
    }
    Ok(wanted)
}

/// Finds the faces of the names without boxes, but for those that were imported before.
///
/// # Errors
/// Those of the catalog.
pub fn infer_names(
    catalog: &Catalog,
    pack: &crate::face::PackInfo,
    claims: &[Claim],
    matches: &[Match],
) -> Result<Vec<AssignedName>, CatalogError> {
    let mut wanted = Vec::new();
    for claim in claims.iter().filter(|claim| claim.bounds.is_none() && !claim.ours) {
        if !catalog.was_imported(&catalog.photo(claim.photo)?.hash, None, &claim.name)? {
            wanted.push(PhotoName { photo: claim.photo, name: claim.name.clone() });
        }
    }
    let tagged = matches.iter().filter(|found| matches!(found.outcome, Outcome::Tag | Outcome::Known));
    let tagged: Vec<_> = tagged.filter_map(|found| Some((found.face?, found.name.clone()))).collect();
    assign_names(catalog, pack, &wanted, &tagged)
}

/// A name that is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedName {
    pub name: String,
    /// The person who has it already.
    pub person: Option<PersonId>,
    pub faces: usize,
}

/// The names that are imported, those with most faces first.
///
/// # Errors
/// Those of the catalog.
pub fn imported_names(
    catalog: &Catalog,
    matches: &[Match],
    inferred: &[AssignedName],
) -> Result<Vec<ImportedName>, CatalogError> {
    // Under every spelling the one that is used most.
    let mut spellings: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    let matched = matches.iter().filter(|found| matches!(found.outcome, Outcome::Tag | Outcome::Draw));
    let inferred = inferred.iter().filter(|one| one.is_certain).map(|one| &one.name);
    for name in matched.map(|found| &found.name).chain(inferred) {
        *spellings.entry(fold(name)).or_default().entry(name).or_default() += 1;
    }
    let mut names = Vec::new();
    for spellings in spellings.into_values() {
        let (most, _) = spellings
            .iter()
            .max_by_key(|(name, count)| (**count, is_mixed(name), std::cmp::Reverse(**name)))
            .expect("one at least");
        let person = catalog.person_called(most)?.map(|person| person.id);
        names.push(ImportedName { name: (*most).to_owned(), person, faces: spellings.values().sum() });
    }
    names.sort_by(|a, b| b.faces.cmp(&a.faces).then_with(|| a.name.cmp(&b.name)));
    Ok(names)
}

/// Whether a name is in capital and small letters, as people write it, or in a script that has none.
fn is_mixed(name: &str) -> bool {
    let has_case = |letter: &char| letter.is_uppercase() || letter.is_lowercase();
    let mut letters = name.chars().filter(has_case).peekable();
    letters.peek().is_none() || (name.chars().any(char::is_uppercase) && name.chars().any(char::is_lowercase))
}

/// The pairs of names that may mean one person, of which one at least is new.
///
/// # Errors
/// Those of the catalog.
pub fn similar_names(catalog: &Catalog, names: &[ImportedName]) -> Result<Vec<Similar>, CatalogError> {
    let new: Vec<String> = names.iter().filter(|name| name.person.is_none()).map(|name| name.name.clone()).collect();
    let known: Vec<String> = catalog.names()?.into_values().collect();
    Ok(similar(&new, &known))
}

/// A face that no detector saw, where another program has a name.
pub struct DrawnName {
    photo: PhotoId,
    name: String,
    /// Where the other program has it.
    claimed: BoundingBox,
    face: NewFace,
}

/// Looks at the faces that are to be drawn.
///
/// # Errors
/// Those of the catalog. A photo that cannot be read is a [`Problem`].
pub fn draw_names(
    catalog: &Catalog,
    pack: &Pack,
    matches: &[Match],
) -> Result<(Vec<DrawnName>, Vec<Problem>), CatalogError> {
    let mut wanted = Vec::new();
    for found in matches.iter().filter(|found| found.outcome == Outcome::Draw) {
        if let Some(path) = catalog.readable_paths(found.photo)?.into_iter().next() {
            wanted.push((found, path, catalog.photo(found.photo)?.hash));
        }
    }
    let reader = PhotoReader::new(pack, Default::default());
    let drawn: Vec<Result<DrawnName, Problem>> = wanted
        .into_par_iter()
        .map(|(found, path, hash)| match reader.drawn(&path, &hash, found.bounds) {
            Ok(face) => {
                let (photo, name, claimed) = (found.photo, found.name.clone(), found.bounds);
                Ok(DrawnName { photo, name, claimed, face })
            }
            Err(problem) => Err(Problem { path, problem }),
        })
        .collect();
    let (mut faces, mut problems) = (Vec::new(), Vec::new());
    for one in drawn {
        match one {
            Ok(face) => faces.push(face),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((faces, problems))
}

/// Imports names, as one decision. `same` are pairs of names that mean one person: the first stands for the second.
///
/// # Errors
/// Those of the catalog; then nothing has changed.
pub fn import_names(
    catalog: &mut Catalog,
    pack: &crate::face::PackInfo,
    from: &str,
    (matches, drawn, inferred): (&[Match], &[DrawnName], &[AssignedName]),
    same: &[Similar],
) -> Result<Decided, DecideError> {
    let (_, decided) = decide(catalog, pack, |deciding| -> Result<(), DecideError> {
        let mut imported = Imported::new(from, deciding.new_group_to_be()?.0.id);
        // The library may have changed since it was read.
        let meant = |name: &str| {
            let mut name = name.to_owned();
            for _ in 0..=same.len() {
                match same.iter().find(|pair| fold(&pair.name) == fold(&name)) {
                    Some(pair) => name = pair.like.clone(),
                    None => break,
                }
            }
            name
        };
        let spelled: HashMap<String, String> = imported_names(deciding, matches, inferred)?
            .into_iter()
            .map(|name| (fold(&name.name), name.name))
            .collect();
        for found in matches.iter().filter(|found| found.outcome == Outcome::Tag) {
            let Some(face) = found.face.map(|face| deciding.face_if_seen(face)).transpose()?.flatten() else {
                continue;
            };
            let name = meant(spelled.get(&fold(&found.name)).unwrap_or(&found.name));
            let person = deciding.person_called(&name)?;
            imported.tag(person, &name, (&found.name, found.bounds), deciding.face_ref(&face)?);
        }
        for one in drawn {
            let name = meant(spelled.get(&fold(&one.name)).unwrap_or(&one.name));
            let person = deciding.person_called(&name)?;
            let face = FaceRef::new(&deciding.photo(one.photo)?.hash, one.face.bounds);
            let claimed = (one.name.as_str(), one.claimed);
            imported.draw(person, &name, claimed, face, (one.face.landmarks, one.face.quality));
        }
        for one in inferred.iter().filter(|one| one.is_certain) {
            let Some(face) = deciding.face_if_seen(one.face)? else { continue };
            let name = meant(spelled.get(&fold(&one.name)).unwrap_or(&one.name));
            let person = deciding.person_called(&name)?;
            imported.infer(person, &name, deciding.face_ref(&face)?, &one.why);
        }
        if imported.is_empty() {
            return Ok(());
        }
        let pack = deciding.pack().name.clone();
        deciding.append_with(&imported.decision(), |catalog| {
            catalog.batch(|writer| drawn.iter().try_for_each(|one| writer.embed_drawn(one.photo, &one.face, &pack)))
        })?;
        Ok(())
    })?;
    Ok(decided)
}

/// Notes that these photos have entries of facetag, perhaps of another library, so that later writes correct them.
///
/// # Errors
/// Those of the catalog.
pub fn note_written(catalog: &mut Catalog, photos: &[PhotoId]) -> Result<(), CatalogError> {
    match photos {
        [] => Ok(()),
        photos => catalog.batch(|writer| photos.iter().try_for_each(|&photo| writer.note_written(photo, true))),
    }
}

/// Keeps the names without boxes that may be of several faces, to be asked about.
///
/// # Errors
/// Those of the catalog.
pub fn ask_names(catalog: &mut Catalog, inferred: &[AssignedName]) -> Result<(), CatalogError> {
    if inferred.is_empty() {
        return Ok(());
    }
    catalog.batch(|writer| {
        inferred.iter().try_for_each(|one| writer.ask_name(one.face, None))?;
        let uncertain = inferred.iter().filter(|one| !one.is_certain);
        uncertain.into_iter().try_for_each(|one| writer.ask_name(one.face, Some(&one.name)))
    })
}

/// The files below these folders, or of the whole library.
///
/// # Errors
/// Those of the catalog.
pub fn files_in(catalog: &Catalog, folders: &[PathBuf]) -> Result<Vec<FileRow>, CatalogError> {
    files_where(catalog, folders, |_| true)
}

/// The files that a scan has read since a time.
///
/// # Errors
/// Those of the catalog.
pub fn files_read_since(catalog: &Catalog, since: Timestamp) -> Result<Vec<FileRow>, CatalogError> {
    let new = catalog.photos_since(since)?;
    if new.is_empty() {
        return Ok(Vec::new());
    }
    files_where(catalog, &[], |file| file.photo.is_some_and(|photo| new.contains(&photo)))
}

/// The files that a scan has read since a time, and those beside which names were written since: of these files and folders, with what
/// lies beside them, or of the whole library.
///
/// # Errors
/// Those of the catalog.
pub fn files_since(catalog: &Catalog, since: Timestamp, paths: &[PathBuf]) -> Result<Vec<FileRow>, CatalogError> {
    let touched = Touched::new(paths);
    let new = catalog.photos_since(since)?;
    let mut folders: HashMap<PathBuf, bool> = HashMap::new();
    files_where(catalog, &touched.folders, |file| {
        let Some(folder) = file.path.parent() else { return false };
        if !touched.is_whole(folder) {
            return touched.is_file(&file.path);
        }
        file.photo.is_some_and(|photo| new.contains(&photo))
            || *folders.entry(folder.to_owned()).or_insert_with(|| has_newer_names(folder, since))
    })
}

/// Those of the files below these folders, or of the whole library, that are meant: of millions only these are kept in memory.
fn files_where(
    catalog: &Catalog,
    folders: &[PathBuf],
    mut is_meant: impl FnMut(&FileRow) -> bool,
) -> Result<Vec<FileRow>, CatalogError> {
    let roots: Vec<PathBuf> = match folders {
        [] => catalog.roots()?.into_iter().map(|root| root.path).collect(),
        folders => folders.to_vec(),
    };
    let mut files = Vec::new();
    for root in super::folders::without_inner(&roots) {
        for file in catalog.files_under(root)? {
            let file = file?;
            if is_meant(&file) {
                files.push(file);
            }
        }
    }
    Ok(files)
}

/// Where something has happened.
#[derive(Default)]
struct Touched {
    /// The folders of all paths; none for everywhere.
    folders: Vec<PathBuf>,
    /// Folders, and those of files with names for all photos beside them.
    whole: HashSet<PathBuf>,
    /// By folder, the names of other files.
    files: HashMap<PathBuf, Vec<String>>,
}

impl Touched {
    fn new(paths: &[PathBuf]) -> Self {
        let mut touched = Self::default();
        for path in paths {
            let (folder, name) = match (path.parent(), path.file_name()) {
                (Some(folder), Some(name)) if !path.is_dir() => {
                    (folder.to_owned(), name.to_string_lossy().to_lowercase())
                }
                _ => {
                    touched.whole.insert(path.clone());
                    touched.folders.push(path.clone());
                    continue;
                }
            };
            // Google shortens the names of its files, so which photo they are of is not seen from these.
            if name.ends_with(".json") || is_picasa(path) {
                touched.whole.insert(folder.clone());
            }
            let files = touched.files.entry(folder.clone()).or_default();
            if files.is_empty() {
                touched.folders.push(folder);
            }
            files.push(name);
        }
        touched
    }

    fn is_whole(&self, folder: &Path) -> bool {
        self.folders.is_empty() || folder.ancestors().any(|folder| self.whole.contains(folder))
    }

    /// Whether something has happened to a photo or its sidecar: `IMG.jpg`, `IMG.jpg.xmp` or `IMG.xmp`.
    fn is_file(&self, photo: &Path) -> bool {
        let names = photo.parent().and_then(|folder| self.files.get(folder));
        let stem = photo.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        names.is_some_and(|names| {
            names.iter().any(|name| name.strip_prefix(&stem).is_some_and(|end| end.starts_with('.')))
        })
    }
}

/// Whether another program has written names into a folder since a time.
fn has_newer_names(folder: &Path, since: Timestamp) -> bool {
    let is_newer = |entry: std::fs::DirEntry| {
        let name = PathBuf::from(entry.file_name());
        let is_names = is_beside(&name) || is_picasa(&name);
        // Some programs keep the time of a file's content when they change it.
        let last = |stamp: Stamp| stamp.modified.max(stamp.changed) / 1_000_000_000;
        is_names && entry.metadata().is_ok_and(|about| last(Stamp::of(&about)) >= since.as_second())
    };
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(is_newer)))
}

/// The setting that says from where names are imported after each scan: once the user has imported from there.
const SOURCES: &str = "import_from";

/// The setting that says when names were last looked for.
const IMPORTED: &str = "imported_at";

/// From where names are imported after a scan, and when that was done last.
///
/// # Errors
/// Those of SQLite.
pub fn standing_import(catalog: &Catalog) -> Result<Option<(Vec<Source>, Timestamp)>, CatalogError> {
    // Whoever took it back does not want it again.
    if !catalog.has_imported()? {
        return Ok(None);
    }
    let (sources, at) = (catalog.setting(SOURCES)?, catalog.setting(IMPORTED)?);
    let sources = sources.and_then(|sources| serde_json::from_str(&sources).ok());
    Ok(sources.zip(at.and_then(|at| at.parse().ok())))
}

/// Imports from these sources after each scan from now on.
///
/// # Errors
/// Those of SQLite.
pub fn keep_importing(catalog: &Catalog, sources: &[Source], at: Timestamp) -> Result<(), CatalogError> {
    catalog.set_setting(SOURCES, &serde_json::to_string(sources)?)?;
    catalog.set_setting(IMPORTED, &at.to_string())
}
