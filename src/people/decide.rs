//! Deciding: names are resolved, checked, written down and carried out in one transaction, with all that follows from it.
//! The command line and the page both decide through [`decide`], and share its errors and notes.

use std::ops::{Deref, RangeInclusive};

use jiff::civil::Date;

use super::index::Before;
use super::naming::NameError;
use super::regroup::{Regrouped, has_ungrouped, regroup};
use super::settle::release_regrouped_since;
use crate::catalog::{Catalog, CatalogError, Decision, FaceId, FaceRow, Line, LineId, PersonId, Who, WhoError, count};
use crate::face::PackInfo;

/// The library while the user decides: nobody else writes, so what is read here still holds when it is acted on. What
/// reads the catalog can be asked of it too.
pub struct Deciding<'a> {
    catalog: &'a mut Catalog,
    pack: &'a PackInfo,
    tagged: usize,
    notes: Vec<Note>,
}

/// What came of decisions.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The lines of the journal; empty where everything had been decided so before.
    pub lines: RangeInclusive<LineId>,
    /// Faces that were tagged by similarity because of it.
    pub tagged: usize,
    pub notes: Vec<Note>,
}

/// What the user should know of a decision, which was made all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The two, who are one person now, are seen together in so many photos.
    Together { one: Who, other: Who, photos: u64 },
    /// The photo of this face shows the person twice.
    Twice { face: FaceId, person: Who },
    /// The user tagged the person in so many photos from before their birth.
    BeforeBirth { person: Who, photos: u64 },
    /// Somebody who was named, or merged with others, is hidden or ignored, and stays so.
    Unlisted(Who),
}

impl std::fmt::Display for Note {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Together { one, other, photos } => {
                write!(out, "{one} and {other} are seen together in {}", count(*photos, "photo"))
            }
            Self::Twice { face, person } => write!(out, "{person} is in the photo of face {face} already"),
            Self::BeforeBirth { person, photos } => write!(
                out,
                "in {} from before you said that it is {person}; `facetag show {}` lists them",
                count(*photos, "photo"),
                person.id
            ),
            Self::Unlisted(person) => write!(
                out,
                "{person} is hidden or ignored, so not listed: `facetag hide --undo {id}` and `facetag ignore --undo {id}` list \
                 them again",
                id = person.id
            ),
        }
    }
}

/// Why something cannot be decided. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Who(#[from] WhoError),
    #[error("{who} has a name: `facetag rename {} {name:?}` changes it from {:?}", .who.id, .who.name.as_deref().unwrap_or_default())]
    HasName { who: Who, name: String },
    #[error("{who} has no name yet: `facetag name {} {name:?}` gives it one", .who.id)]
    HasNone { who: Who, name: String },
    #[error("{other} has that name already: `facetag merge {} {}` makes the two one", .other.id, .who.id)]
    Taken { who: Who, other: Who },
    #[error("{0} has no name yet: `facetag name {id} NAME` gives it one", id = .0.id)]
    Nameless(Who),
    #[error("{0} is yet to come: give a day, month or year that has been")]
    YetToCome(Date),
    #[error(
        "{who} was born on {born} and {other} on {other_born}: give both the same date first, as with `facetag born {} {born}`, or \
         forget one with `facetag born {} --unknown`", .other.id, .other.id
    )]
    BirthsDiffer { who: Who, born: Date, other: Who, other_born: Date },
    #[error("{0} is named twice: give different people")]
    Twice(Who),
    #[error("there is no face {0}: `facetag show WHO` lists the faces of a person with their numbers")]
    NoSuchFace(FaceId),
    #[error("there is face {0} already")]
    FaceThere(FaceId),
    #[error("no face was tagged {0} automatically: give the numbers of the faces to confirm")]
    NoneByItself(Who),
    #[error("face {face} is not of {who}: `facetag show {}` lists who is", .who.id)]
    NotTheirs { face: FaceId, who: Who },
    #[error("these are all the faces of {0}: there is nothing to split off")]
    AllOfThem(Who),
    #[error("they are {0} already: give another name")]
    TheirsAlready(Who),
    #[error("there is no circle {0:?}: `facetag circle` lists them")]
    NoCircle(String),
    #[error("a circle has members: `facetag circle {0:?} --delete` removes it")]
    EmptyCircle(String),
    #[error("{0:?} is the name of a person or circle already: give another name")]
    NameInUse(String),
    #[error("something else was decided since: `facetag log` shows it")]
    NotTheNewest,
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Runs `work`, which decides, while nobody else writes: all of it is kept, or nothing.
///
/// # Errors
/// Those of SQLite and of `work`; then nothing has changed.
pub fn decide<T, E: From<CatalogError>>(
    catalog: &mut Catalog,
    pack: &PackInfo,
    work: impl FnOnce(&mut Deciding) -> Result<T, E>,
) -> Result<(T, Decided), E> {
    catalog.exclusively(|catalog| {
        let before = catalog.last_line()?;
        let mut deciding = Deciding { catalog, pack, tagged: 0, notes: Vec::new() };
        let done = work(&mut deciding)?;
        let Deciding { catalog, tagged, notes, .. } = deciding;
        let lines = before.next()..=catalog.last_line()?;
        if lines.start() < lines.end() {
            catalog.note_command(*lines.start(), *lines.end())?;
        }
        Ok((done, Decided { lines, tagged, notes }))
    })
}

impl Deref for Deciding<'_> {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        self.catalog
    }
}

impl Deciding<'_> {
    /// The pack in use.
    pub fn pack(&self) -> &PackInfo {
        self.pack
    }

    /// Appends a decision to the journal and carries it out, and reaches at once for every face that is surely of the people it
    /// is about. Undoing it takes back both. What was decided so before is not decided again.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn append(&mut self, decision: &Decision) -> Result<Regrouped, CatalogError> {
        self.append_with(decision, |_| Ok(()))
    }

    /// The same, where `then` stores more that belongs to it.
    ///
    /// # Errors
    /// Those of the catalog and of `then`.
    pub fn append_with(
        &mut self,
        decision: &Decision,
        then: impl FnOnce(&mut Catalog) -> Result<(), CatalogError>,
    ) -> Result<Regrouped, CatalogError> {
        let (reaches, pack) = (decision.reaches(), self.pack);
        let before = match decision {
            Decision::Name { .. }
            | Decision::Merge { .. }
            | Decision::Confirm { .. }
            | Decision::Reject { .. }
            | Decision::Split { .. } => Some(Before::of(self.catalog, &decision.people())?),
            // Others change faces themselves, or next to none.
            _ => None,
        };
        let done = self.catalog.decide(decision, |catalog| {
            then(catalog)?;
            if let Some(before) = before {
                before.carry(catalog, pack, catalog.last_line()?)?;
            }
            // A face that was taken from somebody looks for another group.
            if reaches.is_empty() && !has_ungrouped(catalog, pack)? {
                return Ok::<_, CatalogError>(Regrouped::default());
            }
            regroup(catalog, pack, &reaches)
        })?;
        self.tagged += done.tagged;
        Ok(done)
    }

    /// Faces that were tagged by similarity so far.
    pub fn tagged(&self) -> usize {
        self.tagged
    }

    /// Tells the user something of what is decided.
    pub(super) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// The faces with these numbers, each once.
    ///
    /// # Errors
    /// [`DecideError::NoSuchFace`].
    pub fn faces_called(&self, faces: &[FaceId]) -> Result<Vec<FaceRow>, DecideError> {
        let once: std::collections::BTreeSet<FaceId> = faces.iter().copied().collect();
        once.into_iter().map(|face| self.face_if_seen(face)?.ok_or(DecideError::NoSuchFace(face))).collect()
    }

    /// Takes back the newest decision; where `line` is given, only if that is the newest. Returns it, or `None` where there
    /// is none.
    ///
    /// # Errors
    /// [`DecideError::NotTheNewest`]; those of the catalog.
    pub fn undo(&mut self, line: Option<LineId>) -> Result<Option<Line>, DecideError> {
        let newest = self.newest_line()?;
        self.step(line, newest, |catalog, then| catalog.undo(then))
    }

    /// Does again what was taken back last, unless something else was decided since; where `line` is given, only if that is the
    /// newest undo. Returns the decision.
    ///
    /// # Errors
    /// [`DecideError::NotTheNewest`]; those of the catalog.
    pub fn redo(&mut self, line: Option<LineId>) -> Result<Option<Line>, DecideError> {
        let newest = self.newest_undone()?;
        self.step(line, newest, |catalog, then| catalog.redo(then))
    }

    /// Takes back all decisions of the newest command. Returns them, the newest first.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn undo_command(&mut self) -> Result<Vec<Line>, DecideError> {
        self.all_of_command(|deciding| deciding.newest_line(), |deciding| deciding.undo(None))
    }

    /// Redoes all decisions of the command that was taken back last, unless something else was decided since. Returns them.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn redo_command(&mut self) -> Result<Vec<Line>, DecideError> {
        self.all_of_command(|deciding| deciding.newest_undone(), |deciding| deciding.redo(None))
    }

    fn all_of_command(
        &mut self,
        newest: fn(&Catalog) -> Result<Option<LineId>, CatalogError>,
        step: fn(&mut Self) -> Result<Option<Line>, DecideError>,
    ) -> Result<Vec<Line>, DecideError> {
        let mut lines: Vec<Line> = Vec::new();
        let mut command = None;
        while let Some(next) = newest(self)? {
            let Some(next) = self.decision_of(next)? else { break };
            let (first, last) = command.unwrap_or(self.command_of(next.id)?);
            if !(first..=last).contains(&next.id) {
                break;
            }
            command = Some((first, last));
            lines.extend(step(self)?);
        }
        Ok(lines)
    }

    fn step(
        &mut self,
        wanted: Option<LineId>,
        newest: Option<LineId>,
        step: impl FnOnce(&mut Catalog, Then) -> Result<Option<Line>, CatalogError>,
    ) -> Result<Option<Line>, DecideError> {
        if wanted.is_some() && wanted != newest {
            return Err(DecideError::NotTheNewest);
        }
        let pack = self.pack;
        let decision = newest.map(|newest| self.decision_of(newest)).transpose()?.flatten();
        let people = decision.map(|line| line.decision.people()).unwrap_or_default();
        let since = newest.unwrap_or(LineId::BEFORE_ALL);
        let before = Before::of_undo(self.catalog, &people, since)?;
        let then = |catalog: &mut Catalog, touched: &[PersonId]| {
            before.carry(catalog, pack, catalog.last_line()?)?;
            if !touched.is_empty() {
                release_regrouped_since(catalog, pack, since, touched)?;
            }
            // Tags that nobody decided may have gone with it: these are made again.
            if !touched.is_empty() || has_ungrouped(catalog, pack)? {
                regroup(catalog, pack, &[])?;
            }
            Ok(())
        };
        Ok(step(self.catalog, Box::new(then))?)
    }
}

/// What follows when a decision is taken back, see [`Catalog::undo`].
type Then<'a> = Box<dyn FnOnce(&mut Catalog, &[PersonId]) -> Result<(), CatalogError> + 'a>;
