//! What grouping knows of groups and persons: the sums of their embeddings, kept so that a decision need not read them all. It is derived
//! from the faces, and triggers delete what a change has made outdated (`migrations/2026-11-29-clusters.sql`). `people/index.rs` computes
//! the rows.

use jiff::civil::Date;

use super::engine::{self, Optional, Row, ToSql, params};
use super::faces::{Floats, recognisable};
use super::photos::Writer;
use super::search::marks;
use super::{Catalog, FaceId, LineId, PersonId, PhotoId, Result, State};

/// The setting that tells for which embeddings the rows were computed.
const COMPUTED_FOR: &str = "clusters";

/// The cell of rows that are not compared on their own.
const NO_CELL: i64 = -1;

/// The year of the row of all years.
const ALL_YEARS: i16 = -1;

/// The faces of a group or person, or of one year of them.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRow {
    pub person: PersonId,
    /// Of the photos, 0 where it is not known; `None` for all of them.
    pub year: Option<i16>,
    pub faces: usize,
    /// Of the faces' embeddings.
    pub sum: Vec<f32>,
    /// The sum of their cohort scores, see [`crate::face::Cohort`].
    pub cohort: f32,
    /// The first and the last day, as far as they are known.
    pub days: Option<(Date, Date)>,
    pub poor: bool,
    pub tiny: bool,
    pub clear: bool,
}

/// What was added to somebody's year when all of another's faces of that year came.
#[derive(Debug, Clone, PartialEq)]
pub struct Gained {
    /// To whose year.
    pub into: PersonId,
    /// How many faces came, those without an embedding too.
    pub moved: usize,
    /// The year of the one whose faces they were.
    pub row: ClusterRow,
}

/// A face that a decision changes: whose it was and is, and whether the user said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedFace {
    pub face: FaceId,
    /// Of the photo, 0 where it is not known.
    pub year: i16,
    pub before: Option<(PersonId, bool)>,
    pub after: Option<(PersonId, bool)>,
    /// It was not removed.
    pub is_there: bool,
}

/// What the user decided about a group or person, as far as grouping asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonStatus {
    /// The user decided about them: grouping never merges them into another.
    pub fixed: bool,
    /// Faces that join are tagged with them.
    pub tagging: bool,
    /// Hidden or ignored.
    pub unlisted: bool,
    pub born: Option<Date>,
}

const COLUMNS: &str = "person_id, year, faces, sum, cohort, first_day, last_day, poor, tiny, clear";

impl Catalog {
    /// For which embeddings the clusters were computed, if they were.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn clusters_computed_for(&self) -> Result<Option<String>> {
        self.setting(COMPUTED_FOR)
    }

    /// The centres of the cells, one behind the other.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn cluster_centres(&self) -> Result<Vec<f32>> {
        let mut statement = self.connection.prepare("SELECT centre FROM cluster_cells ORDER BY cell")?;
        let rows = statement.query_map([], |row| row.get::<Floats>(0))?;
        Ok(rows.collect::<engine::Result<Vec<_>>>()?.into_iter().flat_map(|centre| centre.0).collect())
    }

    /// The rows in a cell, those of single years among them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn clusters_in(&self, cell: u32) -> Result<Vec<ClusterRow>> {
        self.clusters("cell = ?1", i64::from(cell))
    }

    /// The rows of a group or person.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn clusters_of(&self, person: PersonId) -> Result<Vec<ClusterRow>> {
        self.clusters("person_id = ?1", person.0)
    }

    fn clusters(&self, which: &str, id: i64) -> Result<Vec<ClusterRow>> {
        let sql = format!("SELECT {COLUMNS} FROM clusters WHERE {which}");
        Ok(self.connection.query_all(&sql, [id], cluster)?)
    }

    /// What a line of the journal added whole to somebody's years, as long as nothing else of such a year has changed.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn gained_clusters(&self, line: LineId) -> Result<Vec<Gained>> {
        let sql = format!("SELECT {COLUMNS}, into_id, moved FROM gained_clusters WHERE line = ?1");
        Ok(self.connection.query_all(&sql, [line], |row| {
            let moved = row.get::<i64>(11)? as usize;
            Ok(Gained { into: row.get(10)?, moved, row: cluster(row)? })
        })?)
    }

    /// Groups and persons of which rows are missing, at most `limit`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn outdated_clusters(&self, limit: usize) -> Result<Vec<PersonId>> {
        Ok(self.connection.query_all(
            "SELECT DISTINCT person_id FROM outdated_clusters ORDER BY person_id LIMIT ?1",
            [limit as i64],
            |row| row.get(0),
        )?)
    }

    /// How many groups and persons there are.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn count_people(&self) -> Result<usize> {
        Ok(self.connection.query_row("SELECT count(*) FROM people", [], |row| row.get::<i64>(0))? as usize)
    }

    /// How many of them have a cluster.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn count_clusters(&self) -> Result<usize> {
        let sql = "SELECT count(*) FROM clusters WHERE year = -1";
        Ok(self.connection.prepare(sql)?.query_row([], |row| row.get::<i64>(0))? as usize)
    }

    /// The groups without a name that have a cluster, at most `limit`: how many faces each has, the largest first.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn largest_groups(&self, limit: usize) -> Result<Vec<(usize, PersonId)>> {
        let sql = "SELECT faces, person_id FROM clusters JOIN people ON people.id = person_id
             WHERE year = -1 AND name IS NULL AND NOT hidden AND NOT ignored ORDER BY faces DESC, person_id LIMIT ?1";
        Ok(self.connection.query_all(sql, [limit as i64], |row| Ok((row.get::<i64>(0)? as usize, row.get(1)?)))?)
    }

    /// The groups and persons that have a face.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn people_with_faces(&self) -> Result<Vec<PersonId>> {
        let sql = "SELECT DISTINCT person_id FROM faces WHERE person_id IS NOT NULL ORDER BY person_id";
        Ok(self.connection.query_all(sql, [], |row| row.get(0))?)
    }

    /// The years of a person's photos, 0 for those of which it is not known; of some, none may lie in a file any more.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn years_of(&self, person: PersonId) -> Result<Vec<i16>> {
        let sql = "SELECT DISTINCT photo_year FROM faces WHERE person_id = ?1";
        Ok(self.connection.query_all(sql, [person], |row| row.get(0))?)
    }

    /// Whether a person has a face in some photo of a year, 0 for those of which it is not known.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn is_seen_in(&self, person: PersonId, year: i16) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM faces WHERE person_id = ?1 AND photo_year = ?2)";
        Ok(self.connection.prepare(sql)?.query_row(params![person, year], |row| row.get(0))?)
    }

    /// How many faces a person has in photos of a year, 0 for those of which it is not known.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn count_faces_in(&self, person: PersonId, year: i16) -> Result<usize> {
        let sql = "SELECT count(*) FROM faces WHERE person_id = ?1 AND photo_year = ?2";
        Ok(self.connection.prepare(sql)?.query_row(params![person, year], |row| row.get::<i64>(0))? as usize)
    }

    /// Whether a person has, in a year, a recognisable face of at least this score and quality with an embedding of `pack`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn has_face_in(&self, person: PersonId, year: i16, pack: &str, score: f32, quality: f32) -> Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {} AND score >= ?4 AND quality >= ?5)", recognisable_in_year());
        Ok(self.connection.prepare(&sql)?.query_row(params![pack, person, year, score, quality], |row| row.get(0))?)
    }

    /// The first and the last day on which a person was photographed in a year, by recognisable faces with an embedding of `pack`.
    /// Those that are `known` from before some faces left are kept where another face is of the same day: all others need not be
    /// read then.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn days_of_year(
        &self,
        person: PersonId,
        year: i16,
        pack: &str,
        known: Option<(Date, Date)>,
    ) -> Result<Option<(Date, Date)>> {
        if year == 0 {
            return Ok(None);
        }
        if let Some((first, last)) = known
            && self.is_seen_on(person, first, pack)?
            && self.is_seen_on(person, last, pack)?
        {
            return Ok(known);
        }
        let sql =
            format!("SELECT min(substr(taken, 1, 10)), max(substr(taken, 1, 10)) FROM {}", recognisable_in_year());
        Ok(self.connection.prepare(&sql)?.query_row(params![pack, person, year], |row| days(row, 0))?)
    }

    /// Whether a recognisable face of a person with an embedding of `pack` is in a photo of that day.
    fn is_seen_on(&self, person: PersonId, day: Date, pack: &str) -> Result<bool> {
        // 'U' follows 'T', which stands between day and time.
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM photos INDEXED BY photos_by_taken
             CROSS JOIN seen_faces ON seen_faces.photo_id = photos.id AND person_id = ?2
             JOIN embeddings ON face_id = seen_faces.id AND pack = ?1
             WHERE taken >= ?3 AND taken < ?4 AND {})",
            recognisable()
        );
        let values = params![pack, person, day.to_string(), format!("{day}U")];
        Ok(self.connection.prepare(&sql)?.query_row(values, |row| row.get(0))?)
    }

    /// The faces that a line of the journal changed so far: whose they were before it, and whose they are. `None` where it changed
    /// embeddings or photos too, or one of these faces is no longer known.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn moved_faces(&self, line: LineId) -> Result<Option<Vec<MovedFace>>> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM before_embeddings WHERE line = ?1)
                   AND NOT EXISTS (SELECT 1 FROM before_photos WHERE line = ?1)";
        if !self.connection.prepare(sql)?.query_row([line], |row| row.get(0))? {
            return Ok(None);
        }
        let sql = "SELECT faces.id, faces.photo_year, kept.person_id, kept.state, kept.existed AND NOT kept.removed, faces.person_id,
                   faces.state, NOT faces.removed FROM before_faces AS kept LEFT JOIN faces ON faces.id = kept.id WHERE line = ?1";
        Ok(self.connection.query_all(sql, [line], |row| {
            let Some(face) = row.get(0)? else { return Ok(None) };
            let whose = |column: usize| -> engine::Result<Option<(PersonId, bool)>> {
                let (person, state, is_there): (Option<PersonId>, Option<State>, Option<bool>) =
                    (row.get(column)?, row.get(column + 1)?, row.get(column + 2)?);
                let is_said = state == Some(State::Confirmed);
                Ok(person.filter(|_| is_there == Some(true)).map(|person| (person, is_said)))
            };
            let is_there = row.get(7)?;
            Ok(Some(MovedFace { face, year: row.get(1)?, before: whose(2)?, after: whose(5)?, is_there }))
        })?)
    }

    /// What the user decided about a group or person.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn status(&self, person: PersonId) -> Result<PersonStatus> {
        let sql = "SELECT name IS NOT NULL, hidden OR ignored, born,
                   EXISTS (SELECT 1 FROM faces WHERE person_id = ?1 AND state IS NOT NULL) FROM people WHERE id = ?1";
        let status = |row: &Row| {
            let (named, unlisted, decided): (bool, bool, bool) = (row.get(0)?, row.get(1)?, row.get(3)?);
            let born: Option<String> = row.get(2)?;
            let tagging = named || unlisted;
            Ok(PersonStatus {
                fixed: tagging || decided,
                tagging,
                unlisted,
                born: born.and_then(|born| born.parse().ok()),
            })
        };
        let status = self.connection.prepare(sql)?.query_row([person], status).optional()?;
        Ok(status.unwrap_or(PersonStatus { fixed: false, tagging: false, unlisted: false, born: None }))
    }

    /// The photos of a person's faces, those without an embedding too.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn photos_with(&self, person: PersonId) -> Result<Vec<PhotoId>> {
        Ok(self
            .connection
            .query_all("SELECT photo_id FROM seen_faces WHERE person_id = ?1", [person], |row| row.get(0))?)
    }

    /// The groups and persons of the faces in a photo.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn people_in(&self, photo: PhotoId) -> Result<Vec<PersonId>> {
        let sql = "SELECT person_id FROM seen_faces WHERE photo_id = ?1 AND person_id IS NOT NULL";
        Ok(self.connection.query_all(sql, [photo], |row| row.get(0))?)
    }

    /// Whom the user said that faces of this person or group are not.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rejected_by(&self, person: PersonId) -> Result<Vec<PersonId>> {
        let sql = "SELECT rejections.person_id FROM seen_faces JOIN rejections ON face_id = id WHERE seen_faces.person_id = ?1";
        Ok(self.connection.query_all(sql, [person], |row| row.get(0))?)
    }

    /// The groups and persons with a face that the user said is not of this person.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rejecting_people(&self, person: PersonId) -> Result<Vec<PersonId>> {
        let sql = "SELECT DISTINCT seen_faces.person_id FROM rejections JOIN seen_faces ON id = face_id
                   WHERE rejections.person_id = ?1 AND seen_faces.person_id IS NOT NULL";
        Ok(self.connection.query_all(sql, [person], |row| row.get(0))?)
    }

    /// Whom the user said that a face is not.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rejections_of(&self, face: FaceId) -> Result<Vec<PersonId>> {
        Ok(self
            .connection
            .query_all("SELECT person_id FROM rejections WHERE face_id = ?1", [face], |row| row.get(0))?)
    }

    /// Whether a face without a group was compared with all others, and nothing of it has changed since.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn was_compared(&self, face: FaceId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM compared_faces WHERE face_id = ?1)";
        Ok(self.connection.prepare(sql)?.query_row([face], |row| row.get(0))?)
    }

    /// How many recognisable faces without a group were not compared with all others yet, at most `limit`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn count_uncompared(&self, pack: &str, limit: usize) -> Result<usize> {
        let sql = format!(
            "SELECT count(*) FROM (
                 SELECT 1 FROM seen_faces JOIN embeddings ON face_id = id AND pack = ?1 WHERE person_id IS NULL AND {}
                 AND NOT EXISTS (SELECT 1 FROM compared_faces WHERE face_id = id) LIMIT ?2) AS uncompared",
            recognisable()
        );
        let count = self.connection.prepare(&sql)?.query_row(params![pack, limit as i64], |row| row.get::<i64>(0))?;
        Ok(count as usize)
    }

    /// One face of about so many groups and persons, drawn evenly.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn sample_of_embeddings(&self, pack: &str, wanted: usize) -> Result<Vec<f32>> {
        let every = (self.count_people()? / wanted.max(1)).max(1) as i64;
        let mut statement = self.connection.prepare(
            "SELECT vector FROM people JOIN embeddings
             ON face_id = (SELECT id FROM faces WHERE person_id = people.id LIMIT 1) AND pack = ?1 WHERE people.id % ?2 = 0",
        )?;
        let rows = statement.query_map(params![pack, every], |row| row.get::<Floats>(0))?;
        Ok(rows.collect::<engine::Result<Vec<_>>>()?.into_iter().flat_map(|vector| vector.0).collect())
    }
}

impl Writer<'_> {
    /// Forgets all clusters: they are to be computed for these embeddings from now on, in cells with these centres, each of
    /// `dimension` numbers.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn restart_clusters(&mut self, computed_for: &str, centres: &[f32], dimension: usize) -> Result<()> {
        self.connection.execute_batch(
            "DELETE FROM clusters; DELETE FROM cluster_cells; DELETE FROM compared_faces; DELETE FROM outdated_clusters;
             DELETE FROM gained_clusters;
             INSERT INTO outdated_clusters SELECT DISTINCT person_id, 0 FROM faces WHERE person_id IS NOT NULL",
        )?;
        let mut statement = self.connection.prepare("INSERT INTO cluster_cells (cell, centre) VALUES (?1, ?2)")?;
        for (cell, centre) in centres.chunks_exact(dimension).enumerate() {
            statement.execute(params![cell as i64, Floats(centre.to_vec())])?;
        }
        let sql =
            "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.connection.execute(sql, [COMPUTED_FOR, computed_for])?;
        Ok(())
    }

    /// Stores a row, in a cell if it can be compared on its own.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn store_cluster(&mut self, cell: Option<u32>, row: &ClusterRow) -> Result<()> {
        self.store_row("clusters", &[("cell", &cell.map_or(NO_CELL, i64::from))], row)
    }

    /// Stores a row in a table that has some columns of its own.
    fn store_row(&mut self, table: &str, own: &[(&str, &dyn ToSql)], row: &ClusterRow) -> Result<()> {
        let columns: Vec<&str> = own.iter().map(|(column, _)| *column).chain([COLUMNS]).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), marks(own.len() + 10));
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        let values = params![
            row.person,
            row.year.unwrap_or(ALL_YEARS),
            row.faces as i64,
            Floats(row.sum.clone()),
            row.cohort,
            day(row.days.map(|days| days.0)),
            day(row.days.map(|days| days.1)),
            row.poor,
            row.tiny,
            row.clear
        ];
        let values: Vec<&dyn ToSql> = own.iter().map(|(_, value)| *value).chain(values.iter().copied()).collect();
        self.connection.prepare(&sql)?.execute(&*values)?;
        Ok(())
    }

    /// Keeps what a line of the journal added whole to somebody's years, in place of what earlier lines did: seldom more than the newest
    /// is taken back.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn keep_gained<'g>(&mut self, line: LineId, gained: impl Iterator<Item = &'g Gained>) -> Result<()> {
        self.connection.execute("DELETE FROM gained_clusters", [])?;
        for Gained { into, moved, row } in gained {
            let moved = *moved as i64;
            self.store_row("gained_clusters", &[("line", &line), ("into_id", into), ("moved", &moved)], row)?;
        }
        Ok(())
    }

    /// Stores the row of a year that was outdated, and is not any more; the person as a whole still is.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn carry_cluster(&mut self, row: &ClusterRow) -> Result<()> {
        let year = row.year.unwrap_or(ALL_YEARS);
        let sql = "INSERT INTO outdated_clusters (person_id, year) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.connection.prepare(sql)?.execute(params![row.person, ALL_YEARS])?;
        let sql = "DELETE FROM outdated_clusters WHERE person_id = ?1 AND year = ?2";
        self.connection.prepare(sql)?.execute(params![row.person, year])?;
        self.store_cluster(None, row)
    }

    /// Deletes the rows of a person, to store them again.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn drop_clusters_of(&mut self, person: PersonId) -> Result<()> {
        self.connection.prepare("DELETE FROM clusters WHERE person_id = ?1")?.execute([person])?;
        Ok(())
    }

    /// All rows of this person are there.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn clusters_are_current(&mut self, person: PersonId) -> Result<()> {
        self.connection.prepare("DELETE FROM outdated_clusters WHERE person_id = ?1")?.execute([person])?;
        Ok(())
    }

    /// Notes the faces without a group that were compared with all others.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn note_compared(&mut self, faces: &[FaceId]) -> Result<()> {
        let sql = "INSERT INTO compared_faces (face_id) VALUES (?1) ON CONFLICT DO NOTHING";
        let mut statement = self.connection.prepare(sql)?;
        for face in faces {
            statement.execute([face])?;
        }
        self.note_regrouped(faces)
    }
}

/// The recognisable faces with an embedding of the pack ?1 that the person ?2 has in the year ?3.
fn recognisable_in_year() -> String {
    format!(
        "seen_faces JOIN embeddings ON face_id = seen_faces.id AND pack = ?1 JOIN photos ON photos.id = photo_id
         WHERE person_id = ?2 AND photo_year = ?3 AND {}",
        recognisable()
    )
}

/// The first and the last day, in two columns.
fn days(row: &Row, first: usize) -> engine::Result<Option<(Date, Date)>> {
    let day = |column: usize| -> engine::Result<Option<Date>> {
        Ok(row.get_ref(column)?.as_str_or_null()?.and_then(|day| day.parse().ok()))
    };
    Ok(day(first)?.zip(day(first + 1)?))
}

fn cluster(row: &Row) -> engine::Result<ClusterRow> {
    let year: i16 = row.get(1)?;
    Ok(ClusterRow {
        person: row.get(0)?,
        year: (year != ALL_YEARS).then_some(year),
        faces: row.get::<i64>(2)? as usize,
        sum: row.get::<Floats>(3)?.0,
        cohort: row.get(4)?,
        days: days(row, 5)?,
        poor: row.get(7)?,
        tiny: row.get(8)?,
        clear: row.get(9)?,
    })
}
