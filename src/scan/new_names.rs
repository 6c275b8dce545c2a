//! What is imported of the names that other programs keep, and the names that a scan brings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use super::ScanError;
use super::import::{
    Claim, ImportedName, Match, Outcome, ask_names, draw_names, files_read_since, files_since, import_names,
    imported_names, infer_names, keep_importing, match_names, not_taken_back, note_written, read_names, similar_names,
    standing_import,
};
use crate::catalog::{Catalog, CatalogError, Library, PhotoId, fold};
use crate::face::{Pack, PackInfo};
use crate::people::active_pack;
use crate::tags::{AssignedName, Contacts, Problem, Reader, Similar, Source};

/// What is to be imported.
pub struct ImportPlan {
    pub matches: Vec<Match>,
    /// Faces in photos that name people without saying where.
    pub inferred: Vec<AssignedName>,
    pub names: Vec<ImportedName>,
    /// Names that may mean one person.
    pub similar: Vec<Similar>,
    /// Names that are left out, as circles have them.
    pub circles: BTreeSet<String>,
}

/// What was imported.
#[derive(Debug, Default)]
pub struct ImportDone {
    pub drawn: usize,
    pub by_similarity: usize,
    pub problems: Vec<Problem>,
}

impl ImportPlan {
    /// Finds the faces of these names.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn new(catalog: &Catalog, info: &PackInfo, claims: &[Claim]) -> Result<Self, CatalogError> {
        let known: BTreeMap<String, String> =
            catalog.circles()?.into_iter().map(|circle| (fold(&circle.name), circle.name)).collect();
        let (mut wanted, mut circles) = (Vec::new(), BTreeSet::new());
        for claim in claims {
            match known.get(&fold(&claim.name)) {
                // It would mean either.
                Some(circle) if catalog.person_called(&claim.name)?.is_none() => drop(circles.insert(circle.clone())),
                _ => wanted.push(claim.clone()),
            }
        }
        let claims = wanted.as_slice();
        let matches = match_names(catalog, claims)?;
        let inferred = infer_names(catalog, info, claims, &matches)?;
        let names = imported_names(catalog, &matches, &inferred)?;
        let similar = similar_names(catalog, &names)?;
        Ok(Self { matches, inferred, names, similar, circles })
    }

    pub fn number(&self, outcome: Outcome) -> usize {
        self.matches.iter().filter(|found| found.outcome == outcome).count()
    }

    pub fn certain(&self) -> usize {
        self.inferred.iter().filter(|one| one.is_certain).count()
    }

    /// Faces that would get a name.
    pub fn faces(&self) -> usize {
        self.number(Outcome::Tag) + self.number(Outcome::Draw) + self.certain()
    }

    /// Imports them, `from` there. `same` are pairs of names that mean one person.
    ///
    /// # Errors
    /// The models cannot be loaded; those of the catalog.
    pub fn carry_out(
        &self,
        library: &Library,
        (catalog, info): (&mut Catalog, &PackInfo),
        from: &str,
        same: &[Similar],
    ) -> Result<ImportDone, ScanError> {
        let mut done = ImportDone::default();
        let mut faces = Vec::new();
        if self.number(Outcome::Draw) > 0 {
            let pack = Pack::load(info.clone(), &library.packs())?;
            (faces, done.problems) = draw_names(catalog, &pack, &self.matches)?;
        }
        done.drawn = faces.len();
        if self.number(Outcome::Tag) + faces.len() + self.certain() > 0 {
            let (matches, inferred) = (&self.matches, &self.inferred);
            done.by_similarity = import_names(catalog, info, from, (matches, &faces, inferred), same)?.tagged;
        }
        ask_names(catalog, &self.inferred)?;
        Ok(done)
    }
}

/// The names that other programs keep for what a scan found.
pub struct NewNames {
    pub plan: ImportPlan,
    /// They are imported without being asked for, as the user has imported from there before.
    pub is_wanted: bool,
    /// What was imported, once that is done.
    pub done: Option<ImportDone>,
    sources: Vec<Source>,
    written: Vec<PhotoId>,
    problems: Vec<Problem>,
    /// When they were looked for, if all folders were looked through.
    complete_at: Option<Timestamp>,
}

/// What a scan has done.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    /// When it began.
    pub since: Timestamp,
    /// The files and folders that it was of; none for all.
    pub paths: &'a [PathBuf],
    /// It has read photos whose names are to be found even where the user has never imported any.
    pub offers: bool,
}

impl NewNames {
    /// Looks for the names of what a scan found; `None` where there is nothing to be read.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn find(catalog: &Catalog, info: &PackInfo, scanned: Scanned) -> Result<Option<Self>, CatalogError> {
        let Scanned { since, offers, mut paths } = scanned;
        let standing = standing_import(catalog)?;
        let is_wanted = standing.is_some();
        if !is_wanted && !offers {
            return Ok(None);
        }
        if catalog.roots()?.iter().all(|root| paths.contains(&root.path)) {
            paths = &[];
        }
        let now = Timestamp::now();
        let (sources, files) = match standing {
            Some((sources, from)) => (sources, files_since(catalog, from.min(since), paths)?),
            None => (vec![Source::Xmp, Source::Picasa, Source::Takeout], files_read_since(catalog, since)?),
        };
        if files.is_empty() {
            return Ok(None);
        }
        let mut claims = read_names(catalog, &Reader::new(&sources, Contacts::default()), &files)?;
        claims.claims = not_taken_back(catalog, claims.claims)?;
        Ok(Some(Self {
            plan: ImportPlan::new(catalog, info, &claims.claims)?,
            is_wanted,
            done: None,
            sources,
            written: claims.written,
            problems: claims.problems,
            complete_at: paths.is_empty().then_some(now),
        }))
    }

    /// Imports them, and those of later scans from now on.
    ///
    /// # Errors
    /// Those of [`ImportPlan::carry_out`].
    pub fn import(
        &mut self,
        library: &Library,
        (catalog, info): (&mut Catalog, &PackInfo),
        same: &[Similar],
    ) -> Result<(), ScanError> {
        let mut done = self.plan.carry_out(library, (catalog, info), &self.from(), same)?;
        note_written(catalog, &self.written)?;
        if let Some(at) = self.complete_at {
            keep_importing(catalog, &self.sources, at)?;
        }
        done.problems.splice(..0, self.problems.drain(..));
        self.done = Some(done);
        Ok(())
    }

    /// From where, in words.
    pub fn from(&self) -> String {
        source_names(&self.sources)
    }
}

/// After a scan that nobody watches: imports what is new from where the user has imported before, and finds what they may want
/// to import.
///
/// # Errors
/// Those of the catalog; the models cannot be loaded.
pub fn import_new(library: &Library, scanned: Scanned) -> Result<Option<NewNames>, ScanError> {
    let mut catalog = Catalog::reopen(library)?;
    let info = active_pack(&catalog, library)?;
    let mut new = NewNames::find(&catalog, &info, scanned)?;
    if let Some(new) = new.as_mut().filter(|new| new.is_wanted) {
        new.import(library, (&mut catalog, &info), &[])?;
    }
    Ok(new)
}

/// "XMP, Picasa".
pub fn source_names(sources: &[Source]) -> String {
    let name = |source: &Source| match source {
        Source::Xmp => "XMP",
        Source::Picasa => "Picasa",
        Source::Takeout => "Google Takeout",
    };
    sources.iter().map(name).collect::<Vec<_>>().join(", ")
}
