//! Taking back: while a decision is carried out, triggers keep every row that it changes as it was before. An undo restores
//! these rows; a redo restores those that the undo changed.

use super::engine::{self, Connection, Optional, params};
use super::faces::EMBEDDED;
use super::photos::Writer;
use super::{CatalogError, LineId, PersonId, Result};

/// A table whose rows are kept. Where there is a column that decisions or groupings change, or that a row cannot do without, it is
/// listed, and `before_TABLE` has it too.
struct Recorded {
    table: &'static str,
    key: &'static [&'static str],
    /// Columns that are written once.
    fixed: &'static [&'static str],
    /// Columns that decisions and groupings change.
    changing: &'static [&'static str],
    /// Decisions neither make nor remove rows of it.
    stays: bool,
}

const RECORDED: [Recorded; 7] = [
    Recorded {
        table: "people",
        key: &["id"],
        fixed: &[],
        // Somebody of whom faces are left may be made again under their number.
        changing: &["name", "key", "hidden", "ignored", "born", "cover", "favourite", "created_at"],
        stays: false,
    },
    Recorded {
        table: "faces",
        key: &["id"],
        fixed: &["photo_id", "x", "y", "width", "height", "landmarks", "score", "quality", "recognisability"],
        changing: &["person_id", "state", "removed", "origin"],
        stays: false,
    },
    Recorded { table: "rejections", key: &["face_id", "person_id"], fixed: &[], changing: &[], stays: false },
    Recorded { table: "embeddings", key: &["face_id", "pack"], fixed: &["vector"], changing: &[], stays: false },
    Recorded {
        table: "photos",
        key: &["id"],
        fixed: &[],
        changing: &["taken", "taken_offset", "taken_source"],
        stays: true,
    },
    Recorded { table: "circles", key: &["id"], fixed: &[], changing: &["name", "key"], stays: false },
    Recorded { table: "circle_members", key: &["circle", "person"], fixed: &[], changing: &[], stays: false },
];

impl Recorded {
    /// `alias.column` of each, with commas.
    fn list(columns: &[&str], alias: &str) -> String {
        columns.iter().map(|column| format!("{alias}{column}")).collect::<Vec<_>>().join(", ")
    }

    /// `one.column = other.column AND ...` of the key.
    fn same(&self, one: &str, other: &str) -> String {
        self.key.iter().map(|column| format!("{one}.{column} = {other}.{column}")).collect::<Vec<_>>().join(" AND ")
    }

    /// The triggers that keep this table's rows as they were before the line in `recording` changes them for the first time.
    fn triggers(&self) -> String {
        let Self { table, key, fixed, changing, stays } = self;
        let all: Vec<&str> = [*key, *fixed, *changing].concat();
        let keep = |row: &str, existed: u8, columns: &[&str]| {
            // Without WHERE, SQLite takes ON for that of a join.
            format!(
                "INSERT INTO main.before_{table} (line, existed, {}) SELECT line, {existed}, {} FROM temp.recording WHERE TRUE
                 ON CONFLICT DO NOTHING;",
                Self::list(columns, ""),
                Self::list(columns, &format!("{row}.")),
            )
        };
        let differ: Vec<String> = changing.iter().map(|column| format!("old.{column} IS NOT new.{column}")).collect();
        let differ = if differ.is_empty() { "0".to_owned() } else { differ.join(" OR ") };
        let triggers = [
            ("update", &*differ, keep("old", 1, &all)),
            ("insert", "TRUE", keep("new", 0, key)),
            ("delete", "TRUE", keep("old", 1, &all)),
        ];
        let triggers = triggers.into_iter().take(if *stays { 1 } else { 3 });
        triggers
            .map(|(event, when, keep)| {
                format!(
                    "CREATE TEMP TRIGGER IF NOT EXISTS record_{table}_{event} AFTER {event} ON main.{table} WHEN {when}
                 BEGIN {keep} END;"
                )
            })
            .collect()
    }

    #[cfg(feature = "postgres")]
    fn lasting_triggers(&self) -> String {
        let Self { table, key, fixed, changing, stays } = self;
        let all: Vec<&str> = [*key, *fixed, *changing].concat();
        let keep = |row: &str, existed: bool, columns: &[&str]| {
            format!(
                "INSERT INTO before_{table} (line, existed, {}) VALUES (CAST(current_setting('facetag.line') AS BIGINT), {existed}, {})
                 ON CONFLICT DO NOTHING;",
                Self::list(columns, ""),
                Self::list(columns, &format!("{row}.")),
            )
        };
        let differ: Vec<String> =
            changing.iter().map(|column| format!("old.{column} IS DISTINCT FROM new.{column}")).collect();
        let recording = "coalesce(current_setting('facetag.line', TRUE), '') <> ''";
        let mut triggers = vec![];
        if !differ.is_empty() {
            triggers.push(("update", format!("({}) AND {recording}", differ.join(" OR ")), keep("old", true, &all)));
        }
        if !stays {
            triggers.push(("insert", recording.to_owned(), keep("new", false, key)));
            triggers.push(("delete", recording.to_owned(), keep("old", true, &all)));
        }
        let trigger = |(event, when, keep): (&str, String, String)| {
            format!(
                "CREATE OR REPLACE FUNCTION record_{table}_{event}() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN {keep} RETURN NULL; END $$;
                 CREATE OR REPLACE TRIGGER record_{table}_{event} AFTER {event} ON {table}
                 FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION record_{table}_{event}();"
            )
        };
        triggers.into_iter().map(trigger).collect()
    }

    /// Restores the rows that were there before `?1` and still are. Only the columns that decisions change: SQLite writes every index
    /// that has a column named here, even if its value stays.
    fn change_back(&self) -> Option<String> {
        let Self { table, changing, .. } = self;
        let set: Vec<String> = changing.iter().map(|column| format!("{column} = kept.{column}")).collect();
        let (set, same) = (set.join(", "), self.same("kept", table));
        (!changing.is_empty()).then(|| {
            format!("UPDATE {table} SET {set} FROM before_{table} AS kept WHERE line = ?1 AND existed AND {same}")
        })
    }

    /// Restores the rows that have gone, and were there before `?1`.
    fn bring_back(&self) -> Option<String> {
        let Self { table, key, fixed, changing, stays } = self;
        // What was forgotten for good in the meantime does not come back.
        let still = match *table {
            "faces" => "AND photo_id IN (SELECT id FROM photos)",
            "rejections" | "embeddings" => "AND face_id IN (SELECT id FROM faces)",
            _ => "",
        };
        let columns = Self::list(&[*key, *fixed, *changing].concat(), "");
        let same = self.same("there", "kept");
        (!stays).then(|| {
            format!(
                "INSERT INTO {table} ({columns}) SELECT {columns} FROM before_{table} AS kept WHERE line = ?1 AND existed {still}
                 AND NOT EXISTS (SELECT 1 FROM {table} AS there WHERE {same})"
            )
        })
    }

    /// Deletes the rows that did not exist before `?1`.
    fn delete(&self) -> String {
        let (table, key) = (self.table, Self::list(self.key, ""));
        format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM before_{table} WHERE line = ?1 AND NOT existed)"
        )
    }
}

/// Carries out `work`, and keeps what it changes, as it was before, under a line of the journal. The caller has begun a
/// transaction, which takes the recording back too where `work` fails. Also tells whether anything has changed.
pub(super) fn recorded<T, E: From<CatalogError>>(
    catalog: &mut super::Catalog,
    line: LineId,
    work: impl FnOnce(&mut super::Catalog) -> std::result::Result<T, E>,
) -> std::result::Result<(T, bool), E> {
    record(&catalog.connection, Some(line)).map_err(CatalogError::from)?;
    let result = work(catalog)?;
    record(&catalog.connection, None).map_err(CatalogError::from)?;
    let kept = |table: &Recorded| format!("EXISTS (SELECT 1 FROM before_{} WHERE line = ?1)", table.table);
    let sql = format!("SELECT {}", RECORDED.iter().map(kept).collect::<Vec<_>>().join(" OR "));
    let changed = catalog.connection.query_row(&sql, [line], |row| row.get(0)).map_err(CatalogError::from)?;
    Ok((result, changed))
}

/// Begins to keep, under a line, what is changed, or ends it.
fn record(connection: &Connection, line: Option<LineId>) -> engine::Result<()> {
    if connection.sqlite().is_none() {
        let line = line.map_or_else(String::new, |line| line.to_string());
        return connection.execute_batch(&format!("SET LOCAL facetag.line = '{line}'"));
    }
    connection.execute_batch("CREATE TEMP TABLE IF NOT EXISTS recording (line INTEGER NOT NULL)")?;
    connection.execute_batch(&RECORDED.iter().map(Recorded::triggers).collect::<String>())?;
    connection.execute_batch("DELETE FROM temp.recording")?;
    match line {
        Some(line) => connection.execute_batch(&format!("INSERT INTO temp.recording VALUES ({line})")),
        None => Ok(()),
    }
}

/// The triggers that record changes in a PostgreSQL database, where they stay.
#[cfg(feature = "postgres")]
pub(super) fn lasting_triggers() -> String {
    RECORDED.iter().map(Recorded::lasting_triggers).collect()
}

impl Writer<'_> {
    /// Restores the rows that a line changed, as they were before it. `false` where none were kept, as for a decision made
    /// before the tables were rebuilt.
    pub(super) fn revert(&mut self, line: LineId) -> Result<bool> {
        // A face that is brought back has the embeddings that it had, and maybe none of the pack of now.
        self.connection.execute("DELETE FROM settings WHERE key = ?1", [EMBEDDED])?;
        let kept = |table: &Recorded| format!("EXISTS (SELECT 1 FROM before_{} WHERE line = ?1)", table.table);
        let sql = format!("SELECT {}", RECORDED.iter().map(kept).collect::<Vec<_>>().join(" OR "));
        if !self.connection.query_row(&sql, [line], |row| row.get(0))? {
            return Ok(false);
        }
        self.connection.defer_foreign_keys()?;
        // Rows that belong to a deleted face: embeddings of other packs may have been added since.
        for table in ["embeddings", "rejections"] {
            let sql = format!(
                "DELETE FROM {table} WHERE face_id IN (SELECT id FROM before_faces WHERE line = ?1 AND NOT existed)"
            );
            self.connection.execute(&sql, [line])?;
        }
        for table in &RECORDED {
            let changed = table.change_back().map_or(Ok(0), |sql| self.connection.execute(&sql, [line]))?;
            let Some(bring_back) = table.bring_back() else { continue };
            // Most often none has gone, and to count takes less than to look for each.
            let sql = format!("SELECT count(*) FROM before_{} WHERE line = ?1 AND existed", table.table);
            let existed: i64 = self.connection.query_row(&sql, [line], |row| row.get(0))?;
            if existed as usize > changed {
                self.connection.execute(&bring_back, [line])?;
            }
        }
        for table in RECORDED.iter().rev() {
            self.connection.execute(&table.delete(), [line])?;
        }
        for person in self.people_before(line)? {
            self.untag_before_birth(person)?;
            self.mend(person)?;
        }
        Ok(true)
    }

    /// The people to whom the rows kept for a line refer.
    pub(super) fn people_before(&self, line: LineId) -> Result<Vec<PersonId>> {
        let sql = "SELECT id FROM before_people WHERE line = ?1
                   UNION SELECT person_id FROM before_faces WHERE line = ?1 AND person_id IS NOT NULL
                   UNION SELECT person_id FROM before_rejections WHERE line = ?1";
        Ok(self.connection.query_all(sql, [line], |row| row.get(0))?)
    }

    /// Forgets how rows were before the decisions made so far, where something else has changed them that no decision recorded: then
    /// they are derived from the journal instead.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn forget_changes(&mut self) -> Result<()> {
        self.forget_changes_since(LineId::BEFORE_ALL)
    }

    /// The same of what was taken back and can be done again: it says nothing of faces that have come to somebody since.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn forget_undone_changes(&mut self) -> Result<()> {
        let last = "SELECT line FROM lines WHERE role = 'decision' ORDER BY line DESC LIMIT 1";
        let last = self.connection.query_row(last, [], |row| row.get(0)).optional()?;
        self.forget_changes_since(last.unwrap_or(LineId::BEFORE_ALL))
    }

    fn forget_changes_since(&mut self, line: LineId) -> Result<()> {
        for Recorded { table, .. } in &RECORDED {
            self.connection.execute(&format!("DELETE FROM before_{table} WHERE line > ?1"), [line])?;
        }
        // What is derived from the journal may be other faces than those that came.
        self.connection.execute("DELETE FROM gained_clusters WHERE line > ?1", [line])?;
        Ok(())
    }

    /// Corrects what later scans did with a person: a face whose group no longer exists is compared again, unless the user said
    /// that it is theirs, which restores the group.
    pub(super) fn mend(&mut self, person: PersonId) -> Result<()> {
        let sql = "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?1)";
        if !self.connection.prepare(sql)?.query_row([person], |row| row.get(0))? {
            let sql = "UPDATE faces SET person_id = NULL, state = NULL WHERE person_id = ?1 AND coalesce(state, 'auto') = 'auto'";
            self.connection.prepare(sql)?.execute([person])?;
            let sql = "INSERT INTO people (id, created_at) SELECT CAST(?1 AS BIGINT), CAST(?2 AS TEXT)
                       WHERE EXISTS (SELECT 1 FROM faces WHERE person_id = ?1)
                       OR EXISTS (SELECT 1 FROM rejections WHERE person_id = ?1)";
            self.connection.prepare(sql)?.execute(params![person, super::now()])?;
        }
        self.untag(person)
    }

    /// Only a person with a name, or a hidden or ignored one, has automatic tags; in another group the face is just a member. And
    /// no automatic tag stays where the user rejected it.
    pub(super) fn untag(&mut self, person: PersonId) -> Result<()> {
        // Asked first, as otherwise all faces of a person would be looked at.
        let sql = "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?1 AND name IS NULL AND NOT hidden AND NOT ignored)";
        if self.connection.prepare(sql)?.query_row([person], |row| row.get(0))? {
            let sql = "UPDATE faces SET state = NULL WHERE person_id = ?1 AND state = 'auto'";
            self.connection.prepare(sql)?.execute([person])?;
        }
        // The plus has SQLite look at the faces that the person was rejected for, not at all of theirs.
        let sql = "UPDATE faces SET person_id = NULL, state = NULL FROM rejections
                   WHERE rejections.person_id = ?1 AND face_id = faces.id AND +faces.person_id = ?1
                   AND coalesce(state, 'auto') = 'auto'";
        self.connection.prepare(sql)?.execute([person])?;
        Ok(())
    }
}
