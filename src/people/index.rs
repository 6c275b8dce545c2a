//! The index of clusters that the library keeps: who is similar to a face or a person, without reading every embedding.
//!
//! Of each group and person the library has the sum of the embeddings, and of those seen over years one of each year, sorted into
//! cells of similar ones. What a change made outdated is computed again by the next who groups; whoever only reads computes it for
//! itself.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use rayon::prelude::*;

use super::cells::Centres;
use super::cluster::{Cluster, Era, span};
use super::faces::{CLEAR_QUALITY, DOUBTFUL_SCORE, Faces};
use super::linkage::LEAST_FACES_OF_ERA;
use super::neighbours::FACES_A_CELL;
use super::products::products;
use crate::catalog::{
    Catalog, CatalogError, ClusterRow, Embedded, FaceId, Gained, LineId, MovedFace, PersonId, PersonStatus, PhotoId,
};
use crate::face::{PackInfo, dot, normalised};

/// Another number where what [`Faces`] tells of a face means something else than before: then all clusters are computed again.
const VERSION: u32 = 1;

/// So many people are computed in one transaction, so that nobody who decides meanwhile waits for long.
const AT_ONCE: usize = 500;

/// The cells are made again once there are so many times the groups that they were made for.
const GROWTH: usize = 3;

/// As many as there are.
const ALL: usize = i64::MAX as usize;

/// By so much the sums of so many numbers may differ, for each face, when they are added up in another order.
const ROUNDING: f32 = 1e-5;

/// The clusters of a library.
pub(super) struct Index<'a> {
    catalog: &'a Catalog,
    pack: &'a PackInfo,
    centres: Centres,
    /// Those that are outdated in the library.
    own: Vec<ClusterRow>,
}

/// Of an era that is so similar to the person as a whole (cosine), the same cells are nearest but for chance.
const AS_EVER: f32 = 0.95;

/// So many are compared with a cell at once, on one core.
const PROBES_AT_ONCE: usize = 64;

/// What others are compared with: a seed, or one era of it.
struct Probe {
    seed: usize,
    era: Option<i16>,
    direction: Vec<f32>,
    /// See [`crate::face::Thresholds::spread`].
    spread: f32,
    /// The mean of its faces.
    cohort: f32,
}

/// A cluster that is similar to a seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    pub person: PersonId,
    pub similarity: f32,
    pub poor: bool,
}

/// What can be one person: people and groups, and faces without a group by their place in [`Faces`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Person(PersonId),
    Face(usize),
}

impl Part {
    pub fn person(self) -> Option<PersonId> {
        if let Self::Person(person) = self { Some(person) } else { None }
    }

    pub fn face(self) -> Option<usize> {
        if let Self::Face(face) = self { Some(face) } else { None }
    }

    /// The two, the lower first.
    pub fn pair(a: Self, b: Self) -> (Self, Self) {
        (a.min(b), a.max(b))
    }
}

/// Computes what is outdated in the library, and sorts it into new cells where it has outgrown them.
///
/// # Errors
/// Those of the catalog.
pub(super) fn maintain(catalog: &mut Catalog, pack: &PackInfo) -> Result<(), CatalogError> {
    catalog.exclusively(|catalog| {
        let cells = catalog.count_people()? / FACES_A_CELL;
        if cells > GROWTH * catalog.cluster_centres()?.len() / pack.dimension {
            restart(catalog, pack, cells)?;
        }
        Ok::<_, CatalogError>(())
    })?;
    refresh(catalog, pack)
}

/// Computes what is outdated in the library; where somebody decides, in their transaction.
///
/// # Errors
/// Those of the catalog.
pub(super) fn refresh(catalog: &mut Catalog, pack: &PackInfo) -> Result<(), CatalogError> {
    while compute_some(catalog, pack)? {}
    Ok(())
}

/// Computes some outdated clusters; returns whether there are more.
fn compute_some(catalog: &mut Catalog, pack: &PackInfo) -> Result<bool, CatalogError> {
    catalog.exclusively(|catalog| {
        if catalog.clusters_computed_for()? != Some(computed_for(pack)) {
            let cells = catalog.count_people()? / FACES_A_CELL;
            restart(catalog, pack, cells)?;
        }
        let outdated = catalog.outdated_clusters(AT_ONCE)?;
        let mut rows = Vec::new();
        for &person in &outdated {
            rows.extend(rows_of(catalog, pack, person)?);
        }
        let centres = Centres { centres: catalog.cluster_centres()?, dimension: pack.dimension };
        let cells = cells_of(&centres, &rows);
        catalog.batch(|writer| {
            for &person in &outdated {
                writer.drop_clusters_of(person)?;
                writer.clusters_are_current(person)?;
            }
            for (row, cell) in rows.iter().zip(cells) {
                writer.store_cluster(Some(cell).filter(|_| is_compared(row)), row)?;
            }
            Ok(())
        })?;
        Ok(outdated.len() == AT_ONCE)
    })
}

/// The years of groups and persons about whom a decision is made, as they were before it.
pub(super) struct Before {
    years: BTreeMap<YearOf, ClusterRow>,
    /// What was added whole to a year by the line that is taken back.
    gained: BTreeMap<YearOf, Gained>,
}

impl Before {
    /// Those of `people` that are not outdated.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn of(catalog: &Catalog, people: &[PersonId]) -> Result<Self, CatalogError> {
        let mut rows = BTreeMap::new();
        for &person in people {
            let of_person = catalog.clusters_of(person)?;
            let years = if of_person.len() == 1 { catalog.years_of(person)? } else { Vec::new() };
            for row in of_person {
                // A single year has no row but that of the whole person.
                let only = years.first().copied().filter(|_| years.len() == 1);
                if let Some(year) = row.year.or(only) {
                    rows.insert((person, year), ClusterRow { year: Some(year), ..row });
                }
            }
        }
        Ok(Self { years: rows, gained: BTreeMap::new() })
    }

    /// The same before a line of the journal is taken back, or done again.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn of_undo(catalog: &Catalog, people: &[PersonId], line: LineId) -> Result<Self, CatalogError> {
        let gained = catalog.gained_clusters(line)?.into_iter();
        let gained = gained.filter_map(|gained| Some((into_year(&gained)?, gained))).collect();
        Ok(Self { gained, ..Self::of(catalog, people)? })
    }

    /// Adds to each year the faces that the line has brought to it, and subtracts those that it has taken, so that the others need not be
    /// read again: most decisions change a few faces of a person of many. Years of which little is left go to [`refresh`].
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn carry(mut self, catalog: &mut Catalog, pack: &PackInfo, line: LineId) -> Result<(), CatalogError> {
        // What is known may be of another pack.
        if catalog.clusters_computed_for()? != Some(computed_for(pack)) {
            return Ok(());
        }
        let Some(moved) = catalog.moved_faces(line)? else { return Ok(()) };
        let Moves { touched, arriving, leaving, mut single } = Moves::of(moved);
        self.years.retain(|year, _| touched.contains(year));
        self.begin_years(catalog, &arriving, pack.dimension)?;
        let mut carried = self.carry_years(catalog, &leaving, &mut single)?;
        if !self.years.is_empty() && !single.is_empty() {
            self.carry_faces(catalog, pack, line, &mut carried, &single)?;
        }
        self.look_at_rest(catalog, pack, carried.days)?;
        catalog.batch(|writer| {
            for row in self.years.values().filter(|row| row.faces > 0) {
                writer.carry_cluster(row)?;
            }
            let is_kept = |gained: &&Gained| {
                let is_carried = into_year(gained).is_some_and(|year| self.years.contains_key(&year));
                is_carried && gained.into != gained.row.person
            };
            writer.keep_gained(line, carried.gained.iter().filter(is_kept))
        })
    }

    /// Adds the years in which somebody has no faces but those that have just come, empty as they were.
    fn begin_years(
        &mut self,
        catalog: &Catalog,
        arriving: &BTreeMap<YearOf, usize>,
        dimension: usize,
    ) -> Result<(), CatalogError> {
        for (&(person, year), &faces) in arriving {
            if let Entry::Vacant(place) = self.years.entry((person, year))
                && catalog.count_faces_in(person, year)? == faces
            {
                place.insert(empty(person, Some(year), dimension));
            }
        }
        Ok(())
    }

    /// Carries years that go to one person whole, and what had come whole and goes again. The other faces are added to `single`: each is
    /// looked at where it arrives.
    fn carry_years(
        &mut self,
        catalog: &Catalog,
        leaving: &BTreeMap<YearOf, Vec<MovedFace>>,
        single: &mut HashMap<FaceId, bool>,
    ) -> Result<Carried, CatalogError> {
        let mut carried = Carried::default();
        for (&(from, year), faces) in leaving {
            let to = |face: &MovedFace| face.after.map(|(to, _)| to);
            let is_as_good = |face: &MovedFace| face.before.map(|(_, said)| said) == face.after.map(|(_, said)| said);
            let together = faces.iter().all(|face| to(face) == to(&faces[0]) && is_as_good(face));
            let goes_whole = together && to(&faces[0]) != Some(from) && !catalog.is_seen_in(from, year)?;
            let came = self
                .gained
                .get(&(from, year))
                .filter(|came| together && to(&faces[0]) == Some(came.row.person) && faces.len() == came.moved);
            match (to(&faces[0]), self.years.get_mut(&(from, year)), came) {
                (Some(into), Some(all), _) if goes_whole => {
                    carried.gained.push(Gained { into, moved: faces.len(), row: all.clone() });
                }
                (Some(into), Some(all), Some(Gained { row, .. })) if 2 * row.faces <= all.faces => {
                    subtract(all, &cluster_of(row));
                    carried.days.insert((from, year), row.days);
                    carried.gained.push(Gained { into, moved: faces.len(), row: row.clone() });
                    continue;
                }
                (_, all, _) => {
                    single.extend(faces.iter().map(|face| (face.face, true)));
                    // Of the sum of many faces that of a few can be taken without a loss.
                    if all.is_some_and(|all| 2 * faces.len() <= all.faces) && faces.iter().all(|face| face.is_there) {
                        carried.left.extend(faces.iter().map(|face| (face.face, (from, year))));
                        continue;
                    }
                }
            }
            self.years.remove(&(from, year));
        }
        for gained in &carried.gained {
            if let Some(known) = into_year(gained).and_then(|year| self.years.get_mut(&year)) {
                add(known, &cluster_of(&gained.row));
            }
        }
        Ok(carried)
    }

    /// Carries on face by face.
    fn carry_faces(
        &mut self,
        catalog: &Catalog,
        pack: &PackInfo,
        line: LineId,
        carried: &mut Carried,
        single: &HashMap<FaceId, bool>,
    ) -> Result<(), CatalogError> {
        let faces = Faces::of(catalog, pack, Embedded::ChangedBy(line))?;
        for (face, person) in (0..).zip(&faces.person) {
            let alone = faces.alone(face);
            if let Some(year) = carried.left.get(&faces.id[face])
                && let Some(row) = self.years.get_mut(year)
            {
                subtract(row, &alone);
                let days = carried.days.entry(*year).or_default();
                *days = span(*days, alone.days);
            }
            let year = faces.taken[face].map_or(0, |day| day.year());
            let row = person.and_then(|person| self.years.get_mut(&(person, year)));
            match (row, single.get(&faces.id[face])) {
                (Some(row), Some(true)) => add(row, &alone),
                (Some(row), Some(false)) => (row.poor, row.tiny, row.clear) = (false, false, true),
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks again at what is left of the years that faces of these days have left.
    fn look_at_rest(
        &mut self,
        catalog: &Catalog,
        pack: &PackInfo,
        days: BTreeMap<YearOf, Option<(Date, Date)>>,
    ) -> Result<(), CatalogError> {
        for (year @ (person, of), left) in days {
            let Some(row) = self.years.get_mut(&year) else { continue };
            let is_at_end = |(first, last): (Date, Date)| row.days.is_none_or(|days| first == days.0 || last == days.1);
            if left.is_some_and(is_at_end) {
                row.days = catalog.days_of_year(person, of, &pack.name, row.days)?;
            }
            // What is left is as good as it was if a clear face is among it.
            if !catalog.has_face_in(person, of, &pack.name, DOUBTFUL_SCORE, CLEAR_QUALITY)? {
                self.years.remove(&year);
            }
        }
        Ok(())
    }
}

/// A group or person, in a year.
type YearOf = (PersonId, i16);

/// The year to which something was added.
fn into_year(gained: &Gained) -> Option<YearOf> {
    Some((gained.into, gained.row.year?))
}

/// How years were carried on.
#[derive(Default)]
struct Carried {
    gained: Vec<Gained>,
    /// Which other faces leave a year that is only reduced.
    left: HashMap<FaceId, YearOf>,
    /// The days of the faces that have left a year.
    days: BTreeMap<YearOf, Option<(Date, Date)>>,
}

/// What a line of the journal has done to years.
#[derive(Default)]
struct Moves {
    touched: BTreeSet<YearOf>,
    /// How many faces come to somebody's year that were not there.
    arriving: BTreeMap<YearOf, usize>,
    /// The faces that leave somebody's year, or count less there.
    leaving: BTreeMap<YearOf, Vec<MovedFace>>,
    /// Those that are looked at each by itself, with whether they are new where they are.
    single: HashMap<FaceId, bool>,
}

impl Moves {
    fn of(faces: Vec<MovedFace>) -> Self {
        let mut moves = Self::default();
        for face in faces {
            let MovedFace { year, before, after, .. } = face;
            let person = |whose: Option<(PersonId, bool)>| whose.map(|(person, _)| person);
            moves.touched.extend(person(before).into_iter().chain(person(after)).map(|person| (person, year)));
            if let Some(into) = person(after).filter(|_| person(before) != person(after)) {
                *moves.arriving.entry((into, year)).or_default() += 1;
            }
            match before {
                _ if before == after => {}
                // The user's word makes a face good.
                Some((person, false)) if after == Some((person, true)) => drop(moves.single.insert(face.face, false)),
                Some((person, _)) => moves.leaving.entry((person, year)).or_default().push(face),
                None => drop(moves.single.insert(face.face, true)),
            }
        }
        moves
    }
}

fn restart(catalog: &mut Catalog, pack: &PackInfo, cells: usize) -> Result<(), CatalogError> {
    let sample = catalog.sample_of_embeddings(&pack.name, Centres::sampled(cells))?;
    let sample = if sample.len() % pack.dimension == 0 { sample } else { Vec::new() };
    let mut centres = Centres::of(&sample, pack.dimension, cells).centres;
    if centres.is_empty() {
        // Nobody has a face yet: one cell takes all.
        centres = std::iter::once(1.0).chain(std::iter::repeat(0.0)).take(pack.dimension).collect();
    }
    catalog.batch(|writer| writer.restart_clusters(&computed_for(pack), &centres, pack.dimension))
}

/// What tells clusters of other embeddings apart.
fn computed_for(pack: &PackInfo) -> String {
    format!("{} {} {VERSION}", pack.name, pack.dimension)
}

/// Whether the row is compared on its own: all of a person, or a year of which enough is known.
fn is_compared(row: &ClusterRow) -> bool {
    row.year.is_none_or(|year| year != 0 && row.faces >= LEAST_FACES_OF_ERA)
}

fn cells_of(centres: &Centres, rows: &[ClusterRow]) -> Vec<u32> {
    centres.nearest(&directions(rows.iter(), centres.dimension), 1)
}

/// One behind the other.
fn directions<'r>(rows: impl ExactSizeIterator<Item = &'r ClusterRow>, dimension: usize) -> Vec<f32> {
    let mut directions = Vec::with_capacity(rows.len() * dimension);
    rows.for_each(|row| directions.extend(direction(&row.sum)));
    directions
}

fn direction(sum: &[f32]) -> Vec<f32> {
    normalised(sum.to_vec()).unwrap_or_else(|| vec![0.0; sum.len()])
}

/// The rows of a person, those of years that the library has still among them.
fn rows_of(catalog: &Catalog, pack: &PackInfo, person: PersonId) -> Result<Vec<ClusterRow>, CatalogError> {
    let years = catalog.years_of(person)?;
    let known = catalog.clusters_of(person)?.into_iter().filter_map(|row| Some((row.year?, row)));
    completed(catalog, pack, person, &years, known.filter(|(year, _)| years.contains(year)).collect())
}

/// The rows of a person whose photos are of these years, some of which are known.
fn completed(
    catalog: &Catalog,
    pack: &PackInfo,
    person: PersonId,
    years: &[i16],
    mut of_years: BTreeMap<i16, ClusterRow>,
) -> Result<Vec<ClusterRow>, CatalogError> {
    let missing: Vec<i16> = years.iter().copied().filter(|year| !of_years.contains_key(year)).collect();
    let parts = match missing.as_slice() {
        // All of them at once.
        missing if missing.len() == years.len() => vec![None],
        missing => missing.iter().copied().map(Some).collect(),
    };
    for part in parts {
        let faces = Faces::of(catalog, pack, Embedded::Of(person, part))?;
        for face in 0..faces.id.len() {
            let year = faces.taken[face].map_or(0, |day| day.year());
            let row = of_years.entry(year).or_insert_with(|| empty(person, Some(year), pack.dimension));
            add(row, &faces.alone(face));
        }
    }
    let whole = of_years.values().fold(empty(person, None, pack.dimension), |mut whole, row| {
        add(&mut whole, &cluster_of(row));
        whole
    });
    if whole.faces == 0 {
        return Ok(Vec::new());
    }
    let is_one_year = of_years.len() == 1;
    Ok(std::iter::once(whole).chain(of_years.into_values().filter(|_| !is_one_year)).collect())
}

/// The groups and persons whose clusters in the library are not what their faces say. There are none, unless another program has written
/// into it.
///
/// # Errors
/// Those of the catalog.
pub fn wrong_clusters(catalog: &Catalog, pack: &PackInfo) -> Result<Vec<PersonId>, CatalogError> {
    let outdated: HashSet<PersonId> = catalog.outdated_clusters(ALL)?.into_iter().collect();
    let mut wrong = Vec::new();
    if catalog.clusters_computed_for()? != Some(computed_for(pack)) {
        return Ok(wrong);
    }
    for person in catalog.people_with_faces()? {
        let mut kept = catalog.clusters_of(person)?;
        let years = catalog.years_of(person)?;
        let mut computed = completed(catalog, pack, person, &years, BTreeMap::new())?;
        if outdated.contains(&person) {
            // Some years may be there still, a single one too.
            if let [whole] = computed.as_mut_slice() {
                whole.year = Some(whole.days.map_or(0, |(day, _)| day.year()));
            }
            computed.retain(|row| kept.iter().any(|kept| kept.year == row.year));
        }
        [&mut kept, &mut computed].iter_mut().for_each(|rows| rows.sort_by_key(|row| row.year));
        let is_same = |(one, other): (&ClusterRow, &ClusterRow)| {
            let sums = one.sum.iter().zip(&other.sum).chain(std::iter::once((&one.cohort, &other.cohort)));
            let differ = sums.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max) > ROUNDING * one.faces as f32;
            let rest = |row: &ClusterRow| (row.year, row.faces, row.days, row.poor, row.tiny, row.clear);
            !differ && rest(one) == rest(other)
        };
        if kept.len() != computed.len() || !kept.iter().zip(&computed).all(is_same) {
            wrong.push(person);
        }
    }
    Ok(wrong)
}

fn empty(person: PersonId, year: Option<i16>, dimension: usize) -> ClusterRow {
    // One good face makes a cluster good.
    let (poor, tiny, clear) = (true, true, false);
    ClusterRow { person, year, faces: 0, sum: vec![0.0; dimension], cohort: 0.0, days: None, poor, tiny, clear }
}

fn add(row: &mut ClusterRow, cluster: &Cluster) {
    row.sum.iter_mut().zip(&*cluster.sum).for_each(|(sum, number)| *sum += number);
    row.faces += cluster.faces;
    row.cohort += cluster.cohort;
    row.days = span(row.days, cluster.days);
    row.poor &= cluster.poor;
    row.tiny &= cluster.tiny;
    row.clear |= cluster.clear;
}

/// What the others show of who it is, and on which days, stays.
fn subtract(row: &mut ClusterRow, cluster: &Cluster) {
    row.sum.iter_mut().zip(&*cluster.sum).for_each(|(sum, number)| *sum -= number);
    row.faces -= cluster.faces;
    row.cohort -= cluster.cohort;
}

fn cluster_of(row: &ClusterRow) -> Cluster<'_> {
    Cluster {
        sum: (&*row.sum).into(),
        faces: row.faces,
        cohort: row.cohort,
        days: row.days,
        poor: row.poor,
        tiny: row.tiny,
        clear: row.clear,
        ..Cluster::default()
    }
}

impl<'a> Index<'a> {
    /// The clusters of a library as it is.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn of(catalog: &'a Catalog, pack: &'a PackInfo) -> Result<Self, CatalogError> {
        let is_ours = catalog.clusters_computed_for()? == Some(computed_for(pack));
        let outdated = if is_ours { catalog.outdated_clusters(ALL)? } else { catalog.people_with_faces()? };
        let mut own = Vec::new();
        for person in outdated {
            own.extend(rows_of(catalog, pack, person)?);
        }
        let centres = if is_ours { catalog.cluster_centres()? } else { Vec::new() };
        Ok(Self { catalog, pack, centres: Centres { centres, dimension: pack.dimension }, own })
    }

    /// A group or person, without photos and rejections. `None` where no recognisable face has an embedding.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn cluster(&self, person: PersonId) -> Result<Option<Cluster<'static>>, CatalogError> {
        let mut rows: Vec<ClusterRow> = self.own.iter().filter(|row| row.person == person).cloned().collect();
        if rows.is_empty() {
            rows = self.catalog.clusters_of(person)?;
        }
        let Some(whole) = rows.iter().position(|row| row.year.is_none()) else { return Ok(None) };
        let whole = rows.swap_remove(whole);
        let PersonStatus { fixed, tagging, born, .. } = self.catalog.status(person)?;
        let era = |year, row: &ClusterRow| Era { year, sum: row.sum.clone(), faces: row.faces, cohort: row.cohort };
        let eras = match (fixed, whole.days) {
            (false, _) => Vec::new(),
            // A person of a single year has no row of it.
            (true, Some((day, _))) if rows.is_empty() => vec![era(day.year(), &whole)],
            (true, _) => rows.iter().filter_map(|row| Some(era(row.year.filter(|&year| year != 0)?, row))).collect(),
        };
        Ok(Some(Cluster {
            sum: whole.sum.into(),
            faces: whole.faces,
            cohort: whole.cohort,
            people: vec![person],
            days: whole.days,
            born,
            eras,
            fixed,
            tagging,
            poor: whole.poor,
            tiny: whole.tiny,
            clear: whole.clear,
            ..Cluster::default()
        }))
    }

    /// Adds those groups and persons that are not there yet.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn add(
        &self,
        people: &mut BTreeMap<PersonId, Cluster<'static>>,
        wanted: impl Iterator<Item = PersonId>,
    ) -> Result<(), CatalogError> {
        for person in wanted {
            if let Entry::Vacant(place) = people.entry(person)
                && let Some(cluster) = self.cluster(person)?
            {
                place.insert(cluster);
            }
        }
        Ok(())
    }

    /// Fills in the photos and rejections that say that two of these are not one person; those of `alone`, faces without a group, are
    /// known. Two with names are never made one, so of such a person only what concerns the others is read.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn tell_apart<'c>(
        &self,
        people: &mut BTreeMap<PersonId, Cluster>,
        alone: impl Iterator<Item = &'c Cluster<'c>>,
    ) -> Result<(), CatalogError> {
        let mut photos: HashSet<PhotoId> = alone.flat_map(|cluster| cluster.photos.iter().copied()).collect();
        let groups: Vec<PersonId> =
            people.iter().filter(|(_, cluster)| !cluster.tagging).map(|(&person, _)| person).collect();
        for &group in &groups {
            let theirs = self.catalog.photos_with(group)?;
            photos.extend(&theirs);
            for rejecting in self.catalog.rejecting_people(group)? {
                if let Some(cluster) = people.get_mut(&rejecting) {
                    cluster.rejected.insert(group);
                }
            }
            let rejected = self.catalog.rejected_by(group)?;
            if let Some(cluster) = people.get_mut(&group) {
                cluster.photos.extend(theirs);
                cluster.rejected.extend(rejected);
            }
        }
        for photo in photos {
            for person in self.catalog.people_in(photo)? {
                if let Some(cluster) = people.get_mut(&person) {
                    cluster.photos.insert(photo);
                }
            }
        }
        Ok(())
    }

    /// How many groups and persons have a recognisable face.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn count(&self) -> Result<usize, CatalogError> {
        let own = self.own.iter().filter(|row| row.year.is_none()).count();
        Ok(own + if self.centres.count() > 0 { self.catalog.count_clusters()? } else { 0 })
    }

    /// The groups without a name that have most faces, so many at most, the largest first.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn largest_groups(&self, limit: usize) -> Result<Vec<PersonId>, CatalogError> {
        let mut groups = Vec::new();
        for row in self.own.iter().filter(|row| row.year.is_none()) {
            if !self.catalog.status(row.person)?.tagging {
                groups.push((row.faces, row.person));
            }
        }
        if self.centres.count() > 0 {
            groups.extend(self.catalog.largest_groups(limit)?);
        }
        groups.sort_by_key(|&(faces, person)| (Reverse(faces), person));
        groups.truncate(limit);
        Ok(groups.into_iter().map(|(_, person)| person).collect())
    }

    /// For each seed the groups and persons, other than its own, whose similarity to it is at least `least`; each once, in no
    /// particular order. A seed, and each year of one that has eras, is compared with what is in the `probed` cells nearest to it;
    /// a year in which somebody looks as ever, in those nearest to the whole.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn near(&self, seeds: &[&Cluster], least: f32, probed: usize) -> Result<Vec<Vec<Near>>, CatalogError> {
        let probes: Vec<Probe> =
            seeds.iter().enumerate().flat_map(|(seed, cluster)| self.probes(seed, cluster)).collect();
        let mut found: Vec<BTreeMap<PersonId, Near>> = vec![BTreeMap::new(); seeds.len()];
        let mut keep = |near: Vec<(usize, Near)>| {
            for (seed, near) in near.into_iter().filter(|(seed, near)| !seeds[*seed].people.contains(&near.person)) {
                let known = found[seed].entry(near.person).or_insert(near);
                known.similarity = known.similarity.max(near.similarity);
            }
        };
        let all: Vec<&Probe> = probes.iter().collect();
        keep(self.compare(&all, &self.own, least));
        if self.centres.count() > 0 && !probes.is_empty() {
            let directions: Vec<f32> = probes.iter().flat_map(|probe| &probe.direction).copied().collect();
            let nearest = self.centres.nearest(&directions, probed);
            let nearest: Vec<&[u32]> = nearest.chunks_exact(probed.min(self.centres.count())).collect();
            let mut probing: BTreeMap<u32, Vec<&Probe>> = BTreeMap::new();
            let mut whole = (&probes[0], nearest[0]);
            for (probe, cells) in probes.iter().zip(nearest) {
                if probe.era.is_none() {
                    whole = (probe, cells);
                }
                let looks_as_ever = dot(&probe.direction, &whole.0.direction) >= AS_EVER;
                let cells = if looks_as_ever { whole.1 } else { cells };
                cells.iter().for_each(|&cell| probing.entry(cell).or_default().push(probe));
            }
            for (cell, probing) in probing {
                keep(self.compare(&probing, &self.catalog.clusters_in(cell)?, least));
            }
        }
        Ok(found.into_iter().map(|near| near.into_values().collect()).collect())
    }

    /// The seed as a whole, and each of its eras.
    fn probes(&self, seed: usize, cluster: &Cluster) -> Vec<Probe> {
        let probe = |era: Option<i16>, sum: &[f32], faces: usize, cohort: f32| Probe {
            seed,
            era,
            direction: direction(sum),
            spread: self.pack.thresholds.spread(sum, faces),
            cohort: cohort / faces as f32,
        };
        let eras = cluster.eras.iter().filter(|era| era.faces >= LEAST_FACES_OF_ERA);
        let eras = eras.map(|era| probe(Some(era.year), &era.sum, era.faces, era.cohort));
        std::iter::once(probe(None, &cluster.sum, cluster.faces, cluster.cohort)).chain(eras).collect()
    }

    /// The similarity of each probe and each row, where it is at least `least`.
    fn compare(&self, probes: &[&Probe], rows: &[ClusterRow], least: f32) -> Vec<(usize, Near)> {
        let rows: Vec<&ClusterRow> = rows.iter().filter(|row| is_compared(row)).collect();
        let directions = directions(rows.iter().copied(), self.pack.dimension);
        let spreads: Vec<f32> = rows.iter().map(|row| self.pack.thresholds.spread(&row.sum, row.faces)).collect();
        let near = probes.par_chunks(PROBES_AT_ONCE).flat_map_iter(|probes| {
            let seeds: Vec<f32> = probes.iter().flat_map(|probe| &probe.direction).copied().collect();
            let mut cosines = vec![0.0; probes.len() * rows.len()];
            products(&seeds, &directions, self.pack.dimension, &mut cosines);
            let mut near = Vec::new();
            for (probe, cosines) in probes.iter().zip(cosines.chunks_exact(rows.len().max(1))) {
                for ((row, &spread), &cosine) in rows.iter().zip(&spreads).zip(cosines) {
                    let general = f32::midpoint(probe.cohort, row.cohort / row.faces as f32);
                    let similarity = cosine * probe.spread * spread - general;
                    let is_of_then = |(first, last): (Date, Date)| {
                        probe.era.is_none_or(|year| (first.year() - 1..=last.year() + 1).contains(&year))
                    };
                    if similarity >= least && row.days.map_or(probe.era.is_none(), is_of_then) {
                        near.push((probe.seed, Near { person: row.person, similarity, poor: row.poor }));
                    }
                }
            }
            near
        });
        near.collect()
    }
}
