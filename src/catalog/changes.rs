//! Taking back: while a decision is carried out, triggers write down how to undo every change of a row, as
//! <https://www.sqlite.org/undoredo.html> describes.

use rusqlite::OptionalExtension;

use super::decision::LineId;
use super::photos::Writer;
use super::{CatalogError, Result};

/// A table whose changes are recorded.
struct Recorded {
    table: &'static str,
    key: &'static [&'static str],
    /// Columns that are written once.
    fixed: &'static [&'static str],
    /// Columns that decisions and groupings change.
    changing: &'static [&'static str],
}

const RECORDED: [Recorded; 4] = [
    Recorded {
        table: "people",
        key: &["id"],
        fixed: &["created_at"],
        changing: &["name", "key", "hidden", "ignored", "born", "cover"],
    },
    Recorded {
        table: "faces",
        key: &["id"],
        fixed: &["photo_id", "x", "y", "width", "height", "landmarks", "score", "quality"],
        changing: &["person_id", "state", "removed"],
    },
    Recorded { table: "rejections", key: &["face_id", "person_id"], fixed: &[], changing: &[] },
    Recorded { table: "embeddings", key: &["face_id", "pack"], fixed: &["vector"], changing: &[] },
];

impl Recorded {
    /// `column = value AND ...`, as SQL that makes that text; `row` is `old` or `new`.
    fn values(columns: &[&str], row: &str) -> String {
        let parts: Vec<String> =
            columns.iter().map(|column| format!("'{column} = ' || quote({row}.{column})")).collect();
        parts.join(" || ' AND ' || ")
    }

    /// The triggers that record this table's changes under a line of the journal, by name.
    fn triggers(&self, line: LineId) -> Vec<(String, String)> {
        let Self { table, key, fixed, changing } = self;
        let all: Vec<&str> = [*key, *fixed, *changing].concat();
        let quoted: Vec<String> = all.iter().map(|column| format!("quote(old.{column})")).collect();
        let excluded: Vec<String> = changing.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        let otherwise =
            if changing.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", excluded.join(", ")) };
        let delete = format!("'DELETE FROM {table} WHERE ' || {}", Self::values(key, "new"));
        // Since then a scan may have dropped a group, and what is brought back is its row with all that is in it.
        let restore = format!(
            "'INSERT INTO {table} ({}) VALUES (' || {} || ') ON CONFLICT ({}) DO {otherwise}'",
            all.join(", "),
            quoted.join(" || ', ' || "),
            key.join(", ")
        );
        let mut undos = vec![("insert", String::new(), delete), ("delete", String::new(), restore.clone())];
        if !changing.is_empty() {
            let differ: Vec<String> =
                changing.iter().map(|column| format!("old.{column} IS NOT new.{column}")).collect();
            undos.push(("update", format!("WHEN {}", differ.join(" OR ")), restore));
        }
        let trigger = |(event, when, undo): (&str, String, String)| {
            let name = format!("record_{table}_{event}");
            let sql = format!(
                "CREATE TEMP TRIGGER {name} AFTER {event} ON main.{table} {when}
                 BEGIN INSERT INTO changes (line, undo) VALUES ({line}, {undo}); END"
            );
            (name, sql)
        };
        undos.into_iter().map(trigger).collect()
    }
}

/// Carries out `work`, and records what it changes as belonging to a line of the journal. The caller has begun a
/// transaction, which takes the recording back too where `work` fails. Also tells whether anything has changed.
pub(super) fn recorded<T, E: From<CatalogError>>(
    catalog: &mut super::Catalog,
    line: LineId,
    work: impl FnOnce(&mut super::Catalog) -> std::result::Result<T, E>,
) -> std::result::Result<(T, bool), E> {
    let triggers: Vec<(String, String)> = RECORDED.iter().flat_map(|table| table.triggers(line)).collect();
    let run = |catalog: &super::Catalog, sql: &str| catalog.connection.execute_batch(sql).map_err(CatalogError::from);
    for (_, sql) in &triggers {
        run(catalog, sql)?;
    }
    let result = work(catalog)?;
    for (name, _) in &triggers {
        run(catalog, &format!("DROP TRIGGER temp.{name}"))?;
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM changes WHERE line = ?1)";
    let changed = catalog.connection.query_row(sql, [line], |row| row.get(0)).map_err(CatalogError::from)?;
    Ok((result, changed))
}

impl Writer<'_> {
    /// Takes back what was recorded under a line, the last change first. `false` where nothing was recorded, as for a
    /// decision from before the tables were made anew.
    pub(super) fn revert(&mut self, line: LineId) -> Result<bool> {
        self.connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
        let mut statement =
            self.connection.prepare_cached("SELECT undo FROM changes WHERE line = ?1 ORDER BY id DESC")?;
        let undos = statement.query_map([line], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        for undo in &undos {
            if let Some(face) = undo.strip_prefix("DELETE FROM faces WHERE id = ") {
                // Embeddings of other packs may have come since.
                self.connection.execute("DELETE FROM embeddings WHERE face_id = ?1", [face])?;
            }
            self.connection.execute_batch(undo)?;
        }
        self.mend()?;
        Ok(!undos.is_empty())
    }

    /// Forgets how to take back what was decided so far, where something else has changed the same rows, that no decision recorded:
    /// then the rest of the journal is said again instead.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn forget_changes(&mut self) -> Result<()> {
        self.forget_changes_since(0)
    }

    /// The same of what was taken back and can be done again: it says nothing of faces that have come to somebody since.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn forget_undone_changes(&mut self) -> Result<()> {
        let last =
            "SELECT id FROM journal WHERE decision ->> 'do' NOT IN ('undo', 'redo', 'edited') ORDER BY id DESC LIMIT 1";
        let last = self.connection.query_row(last, [], |row| row.get(0)).optional()?;
        self.forget_changes_since(last.unwrap_or(0))
    }

    /// Not while they are recorded.
    fn forget_changes_since(&mut self, line: LineId) -> Result<()> {
        let recording = "SELECT 1 FROM temp.sqlite_schema WHERE name = 'record_faces_update'";
        let sql = format!("DELETE FROM changes WHERE line > ?1 AND NOT EXISTS ({recording})");
        self.connection.execute(&sql, [line])?;
        Ok(())
    }

    /// Makes right what scans since then did with what is gone now: a face whose group is no more brings it back, and
    /// only into what the user spoke of is anything tagged by itself.
    pub(super) fn mend(&mut self) -> Result<()> {
        let now = super::now();
        self.connection.execute(
            "INSERT INTO people (id, created_at)
             SELECT person_id, ?1 FROM (SELECT person_id FROM faces UNION SELECT person_id FROM rejections)
             WHERE person_id IS NOT NULL AND person_id NOT IN (SELECT id FROM people)",
            [now],
        )?;
        self.untag()
    }

    /// A face is tagged by itself only with what has a name, or is hidden or ignored; elsewhere it is a face like the rest. And it
    /// does not stay by itself with those whom the user said that it is not.
    pub(super) fn untag(&mut self) -> Result<()> {
        for sql in [
            "UPDATE faces SET state = NULL WHERE state = 'auto'
             AND person_id IN (SELECT id FROM people WHERE name IS NULL AND NOT hidden AND NOT ignored)",
            "UPDATE faces SET person_id = NULL, state = NULL FROM rejections
             WHERE face_id = faces.id AND rejections.person_id = faces.person_id AND coalesce(state, 'auto') = 'auto'",
        ] {
            self.connection.execute(sql, [])?;
        }
        Ok(())
    }
}
