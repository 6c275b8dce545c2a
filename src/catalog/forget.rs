//! Forgetting: people, folders and missing files removed from the library for good, with every line of the journal that is about them.
//! It is the one thing that rewrites the journal, and it cannot be undone.
//!
//! What stays: which part of which photo is not to be looked at again (`forgotten_faces`), and by a hash, which folders
//! (`forgotten_folders`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::decision::{FaceRef, is_same_box};
use super::engine::{self, FromSql, Optional, Params, ToSql, params};
use super::index::DERIVED;
use super::photos::{HERE, UNDER, Writer, below};
use super::roots::folder_key;
use super::text::SqlPath;
use super::{Catalog, CatalogError, FaceId, Hash, Library, LineId, PersonId, PhotoId, Result, StandingAlbum};

/// The setting that tells after which line of the journal something was forgotten last.
const FORGOT: &str = "forgot";

/// What is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    People(Vec<PersonId>),
    /// Everybody whom the user ignores.
    Strangers,
    /// A folder with all that is below it.
    Folder(PathBuf),
    /// The files that were not there at the last scan.
    Missing,
}

/// What was forgotten, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Forgotten {
    pub people: u64,
    pub faces: u64,
    pub photos: u64,
    pub files: u64,
    /// Lines of the journal that were removed or shortened.
    pub lines: u64,
    /// Folders outside the library with backups that still hold it.
    pub backups_elsewhere: Vec<String>,
    /// Albums with links to photos of these people, which are no longer kept up to date.
    pub albums: Vec<String>,
}

/// The rows that are about what is to be forgotten.
#[derive(Default)]
struct Rows {
    people: BTreeSet<PersonId>,
    faces: BTreeSet<FaceId>,
    photos: BTreeSet<PhotoId>,
    files: BTreeSet<i64>,
    /// The faces as the journal knows them.
    refs: Vec<FaceRef>,
    /// Photos of which nothing may stay, in hexadecimal.
    hashes: BTreeSet<String>,
}

impl Catalog {
    /// Counts what [`Catalog::forget`] would forget.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn would_forget(&mut self, what: &Forget) -> Result<Forgotten> {
        self.unchanging(|catalog| {
            let rows = Writer { connection: &catalog.connection }.rows(what)?;
            catalog.forgotten(&rows)
        })
    }

    /// Forgets, and leaves nothing of it in the library's file, its log, its backups and its previews.
    ///
    /// # Errors
    /// [`CatalogError::Busy`] while a scan runs; those of SQLite and of the file system. Where the second part fails, the first
    /// stands, and the same command goes on.
    pub fn forget(&mut self, library: &Library, what: &Forget) -> Result<Forgotten> {
        let _scan = library.lock_alone()?;
        self.connection.delete_for_good()?;
        let forgotten = self.exclusively(|catalog| {
            let mut writer = Writer { connection: &catalog.connection };
            let rows = writer.rows(what)?;
            let forgotten = catalog.forgotten(&rows)?;
            let mut albums = catalog.standing_albums()?;
            albums.retain(|album| !rows.are_in(album));
            catalog.keep_albums(&albums)?;
            if matches!(what, Forget::People(_) | Forget::Strangers) {
                writer.leave_markers(&rows)?;
            }
            let lines = writer.forget_rows(&rows)?;
            if let Forget::Folder(folder) = what {
                writer.forget_folder(folder)?;
            }
            catalog.set_setting(FORGOT, &catalog.last_line()?.to_string())?;
            Ok::<_, CatalogError>(Forgotten { lines, ..forgotten })
        })?;
        self.connection.wipe()?;
        library.wipe_copies()?;
        if self.last_line()? > LineId::BEFORE_ALL {
            self.back_up(library, None, None)?;
        }
        Ok(forgotten)
    }

    /// Whether something was forgotten after all that was said: whoever takes back what they did last may mean that.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn has_just_forgotten(&self) -> Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM lines WHERE role <> 'edit' AND line > CAST(value AS BIGINT))
                   FROM settings WHERE key = ?1";
        let just = self.connection.query_row(sql, [FORGOT], |row| row.get(0)).optional()?;
        Ok(just.unwrap_or(false))
    }

    fn forgotten(&self, rows: &Rows) -> Result<Forgotten> {
        let albums = self.standing_albums()?.into_iter().filter(|album| rows.are_in(album));
        Ok(Forgotten {
            backups_elsewhere: self.backups_elsewhere()?,
            albums: albums.map(|album| album.folder.to_string_lossy().into_owned()).collect(),
            ..rows.count()
        })
    }
}

impl Library {
    /// Removes what is made from the library: backups, previews, and the links that `find --open` showed.
    fn wipe_copies(&self) -> Result<()> {
        for folder in [self.backups(), self.previews(), self.album()] {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CatalogError::Io { path: folder, source: error });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes the whole library, but for the packs of models that were added.
    ///
    /// # Errors
    /// [`CatalogError::Busy`] while a scan runs; those of the file system.
    pub fn forget_all(&self) -> Result<()> {
        self.must_be_a_folder("forgetting a whole library")?;
        let _scan = self.lock_for_scan()?;
        let _lock = self.lock_for_migration()?;
        self.wipe_copies()?;
        for end in ["-wal", "-shm", "-journal", ""] {
            let path = PathBuf::from(format!("{}{end}", self.file().display()));
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CatalogError::Io { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Rows {
    fn count(&self) -> Forgotten {
        Forgotten {
            people: self.people.len() as u64,
            faces: self.faces.len() as u64,
            photos: self.photos.len() as u64,
            files: self.files.len() as u64,
            ..Forgotten::default()
        }
    }

    /// Whether an album was asked for of somebody who is to be forgotten.
    fn are_in(&self, album: &StandingAlbum) -> bool {
        album.people.iter().any(|person| self.people.contains(person))
    }

    /// Whether a face that the journal knows is to be forgotten.
    fn has(&self, face: &Value) -> bool {
        let Some(face) = reference(face) else { return false };
        self.hashes.contains(&face.photo) || self.refs.iter().any(|other| other.is(&face))
    }
}

impl Rows {
    /// Whether something is said of a photo of which nothing may stay.
    fn is_gone(&self, said: &Value) -> bool {
        said["photo"].as_str().is_some_and(|photo| self.hashes.contains(photo))
    }
}

/// A face in a line of the journal.
fn reference(value: &Value) -> Option<FaceRef> {
    value.get("photo")?;
    serde_json::from_value(value.clone()).ok()
}

impl Writer<'_> {
    fn rows(&self, what: &Forget) -> Result<Rows> {
        let mut rows = Rows::default();
        match what {
            Forget::People(people) => rows.people.extend(people),
            Forget::Strangers => rows.people.extend(self.ids::<PersonId>("SELECT id FROM people WHERE ignored", [])?),
            Forget::Folder(folder) => {
                let (first, end) = below(folder);
                let bounds = [SqlPath(folder.as_path()), SqlPath(first.as_path()), SqlPath(end.as_path())];
                rows.files.extend(self.ids::<i64>(&format!("SELECT id FROM files WHERE {HERE} AND {UNDER}"), bounds)?);
            }
            Forget::Missing => {
                rows.files.extend(self.ids::<i64>("SELECT id FROM files WHERE missing_since IS NOT NULL", [])?);
            }
        }
        self.complete(rows)
    }

    /// Adds what goes with these people and files.
    fn complete(&self, mut rows: Rows) -> Result<Rows> {
        // Those who have become one with them.
        let merges = self.merges()?;
        while let Some(merge) =
            merges.iter().find(|merge| rows.people.contains(&merge.into) && !rows.people.contains(&merge.from))
        {
            rows.people.insert(merge.from);
        }
        for &person in &rows.people {
            rows.faces.extend(self.ids::<FaceId>("SELECT id FROM faces WHERE person_id = ?1", [person])?);
        }
        for &file in &rows.files {
            // A photo that lies elsewhere too stays.
            let sql = "SELECT photo_id FROM files WHERE id = ?1 AND photo_id IS NOT NULL";
            let photo: Option<PhotoId> =
                self.connection.prepare(sql)?.query_row([file], |row| row.get(0)).optional()?;
            let Some(photo) = photo else { continue };
            let others = self.ids::<i64>("SELECT id FROM files WHERE photo_id = ?1", [photo])?;
            if others.iter().all(|file| rows.files.contains(file)) {
                rows.photos.insert(photo);
                rows.hashes.insert(blake3::Hash::from(self.hash(photo)?).to_hex().to_string());
                rows.faces.extend(self.ids::<FaceId>("SELECT id FROM faces WHERE photo_id = ?1", [photo])?);
            }
        }
        for &face in &rows.faces {
            let sql = "SELECT hash, x, y, faces.width, faces.height FROM faces JOIN photos ON photos.id = photo_id
                       WHERE faces.id = ?1";
            rows.refs.push(self.connection.prepare(sql)?.query_row([face], |row| {
                let bounds = crate::face::BoundingBox {
                    x: row.get(1)?,
                    y: row.get(2)?,
                    width: row.get(3)?,
                    height: row.get(4)?,
                };
                Ok(FaceRef::new(&row.get::<Hash>(0)?, bounds))
            })?);
        }
        Ok(rows)
    }

    pub(super) fn ids<T: FromSql>(&self, sql: &str, params: impl Params) -> Result<Vec<T>> {
        Ok(self.connection.query_all(sql, params, |row| row.get(0))?)
    }

    /// Deletes the rows, and whatever belongs to them. Returns how many lines of the journal were changed.
    fn forget_rows(&mut self, rows: &Rows) -> Result<u64> {
        self.connection.defer_foreign_keys()?;
        self.forget_changes()?;
        let lines = self.connection.without_triggers("journal", || self.rewrite_journal(rows))?;
        self.index_journal_anew()?;
        self.derive_circles()?;
        // The next import asks again what is left of this.
        self.connection.execute("DELETE FROM named_faces", [])?;
        for face in &rows.faces {
            self.delete_with("faces", *face)?;
        }
        self.connection.execute("DELETE FROM regrouped_faces WHERE face_id NOT IN (SELECT id FROM faces)", [])?;
        for person in &rows.people {
            self.delete_with("people", *person)?;
        }
        for file in &rows.files {
            let sql = "DELETE FROM originals WHERE (machine, path) = (SELECT machine, path FROM files WHERE id = ?1)";
            self.connection.prepare(sql)?.execute([file])?;
            self.delete_with("files", *file)?;
        }
        for photo in &rows.photos {
            let sql = "DELETE FROM forgotten_faces WHERE photo = (SELECT hash FROM photos WHERE id = ?1)";
            self.connection.prepare(sql)?.execute([photo])?;
            self.delete_with("photos", *photo)?;
        }
        let sql = "DELETE FROM places WHERE id NOT IN (SELECT place_id FROM photos WHERE place_id IS NOT NULL)";
        self.connection.execute(sql, [])?;
        self.drop_empty_groups()?;
        Ok(lines)
    }

    /// Takes the roots in a folder out, and sees to it that neither a scan nor a backup brings it back.
    fn forget_folder(&self, folder: &Path) -> Result<()> {
        let (first, end) = below(folder);
        let sql = format!("DELETE FROM roots WHERE {HERE} AND {UNDER}");
        let bounds = [SqlPath(folder), SqlPath(first.as_path()), SqlPath(end.as_path())];
        let roots = self.connection.execute(&sql, bounds)?;
        // What was a folder of its own comes back only when it is scanned by name; one inside another would come back by itself.
        if roots == 0 || self.is_inside_a_root(folder)? {
            let sql = "INSERT INTO forgotten_folders (path) VALUES (?1) ON CONFLICT DO NOTHING";
            self.connection.execute(sql, [folder_key(folder).as_slice()])?;
        }
        self.root_was_removed(folder, true)
    }

    /// Forgets what a backup brought back of what had been forgotten since it was made. `scanned` are the roots of the library that it
    /// replaces, `named` the people of whom decisions are left in that library. Returns what was forgotten.
    pub(super) fn forget_again(&mut self, scanned: &[PathBuf], named: &BTreeSet<PersonId>) -> Result<Forgotten> {
        let mut rows = Rows::default();
        rows.files.extend(self.remove_roots_again(scanned)?);
        rows.files.extend(self.files_in_forgotten_folders()?);
        let photos: Vec<Hash> = self.connection.query_all(
            "SELECT hash FROM photos WHERE hash IN (SELECT photo FROM forgotten_faces)",
            [],
            |row| row.get(0),
        )?;
        for hash in photos {
            let Some(photo) = self.photo_with(&hash)? else { continue };
            for face in self.faces_known(photo)? {
                if self.is_forgotten(&hash, &face.bounds)? {
                    rows.faces.insert(face.id);
                }
            }
        }
        // Somebody whose faces are all among these was forgotten, unless something was said of them since.
        let people: BTreeSet<PersonId> = self.connection.query_all(
            "SELECT DISTINCT person_id FROM faces WHERE person_id IS NOT NULL",
            [],
            |row| row.get(0),
        )?;
        for person in people.difference(named) {
            let faces = self.ids::<FaceId>("SELECT id FROM faces WHERE person_id = ?1", [*person])?;
            if faces.iter().all(|face| rows.faces.contains(face)) {
                rows.people.insert(*person);
            }
        }
        let rows = self.complete(rows)?;
        if rows.people.is_empty() && rows.faces.is_empty() && rows.files.is_empty() {
            return Ok(Forgotten::default());
        }
        let lines = self.forget_rows(&rows)?;
        Ok(Forgotten { lines, ..rows.count() })
    }

    fn files_in_forgotten_folders(&self) -> Result<Vec<i64>> {
        let folders = ForgottenFolders::of(self.connection)?;
        let roots: Vec<SqlPath<PathBuf>> =
            self.connection.query_all(&format!("SELECT path FROM roots WHERE {HERE}"), [], |row| row.get(0))?;
        let sql = format!("SELECT id, path FROM files WHERE {HERE}");
        let mut files: Vec<(i64, SqlPath<PathBuf>)> =
            self.connection.query_all(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        files.retain(|(_, file)| roots.iter().any(|root| folders.hold(&root.0, &file.0)));
        Ok(files.into_iter().map(|(id, _)| id).collect())
    }

    fn is_inside_a_root(&self, folder: &Path) -> Result<bool> {
        let mut statement = self.connection.prepare(&format!("SELECT path FROM roots WHERE {HERE}"))?;
        let roots = statement.query_map([], |row| Ok(row.get::<SqlPath<PathBuf>>(0)?.0))?;
        Ok(roots.collect::<engine::Result<Vec<_>>>()?.iter().any(|root| folder.starts_with(root)))
    }

    /// So that no scan finds these faces again: where they are, and nothing of whom they show.
    fn leave_markers(&self, rows: &Rows) -> Result<()> {
        let sql = "INSERT INTO forgotten_faces (photo, x, y, width, height) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut statement = self.connection.prepare(sql)?;
        for face in &rows.refs {
            if let Some(hash) = face.hash() {
                let bounds = face.bounds;
                statement.execute(params![hash, bounds.x, bounds.y, bounds.width, bounds.height])?;
            }
        }
        Ok(())
    }

    /// Deletes a row, and the rows of every table that refer to it; the faces of a deleted group or person become nobody's.
    fn delete_with(&self, table: &str, id: impl ToSql + Copy) -> Result<()> {
        for (other, column) in self.connection.references_to(table)? {
            let sql = match other.as_str() {
                "faces" if table == "people" => {
                    "UPDATE faces SET person_id = NULL, state = NULL WHERE person_id = ?1".to_owned()
                }
                "files" => continue,
                other => format!("DELETE FROM {other} WHERE {column} = ?1"),
            };
            self.connection.prepare(&sql)?.execute([id])?;
        }
        self.connection.prepare(&format!("DELETE FROM {table} WHERE id = ?1"))?.execute([id])?;
        Ok(())
    }

    /// Takes out of the journal every line that is about these people, and these faces out of all others.
    fn rewrite_journal(&self, rows: &Rows) -> Result<u64> {
        // The index refers to lines; it is rebuilt afterwards.
        for table in DERIVED {
            self.connection.execute(&format!("DELETE FROM {table}"), [])?;
        }
        let sql = "SELECT id, decision FROM journal ORDER BY id";
        let lines = self
            .connection
            .prepare(sql)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<engine::Result<Vec<(i64, String)>>>()?;
        let (mut deleted, mut changed) = (BTreeSet::new(), 0);
        for (id, text) in lines {
            let line: Value = serde_json::from_str(&text)?;
            match without(line.clone(), rows, &deleted) {
                Some(rest) if rest == line => continue,
                Some(rest) => {
                    let sql = "UPDATE journal SET decision = ?2 WHERE id = ?1";
                    self.connection.prepare(sql)?.execute(params![id, rest.to_string()])?;
                }
                None => {
                    deleted.insert(id);
                    self.connection.prepare("DELETE FROM journal WHERE id = ?1")?.execute([id])?;
                }
            }
            changed += 1;
        }
        Ok(changed)
    }
}

/// A line of the journal without what is to be forgotten; `None` where nothing is left of it.
fn without(mut line: Value, rows: &Rows, deleted: &BTreeSet<i64>) -> Option<Value> {
    let is = |value: &Value, field: &str| value[field].as_i64().is_some_and(|id| rows.people.contains(&PersonId(id)));
    if line["line"].as_i64().is_some_and(|line| deleted.contains(&line)) {
        return None;
    }
    if ["person", "into", "from"].iter().any(|field| is(&line, field)) {
        // What was split off is forgotten; what stayed was confirmed by it, and is somebody else's.
        let stayed: Vec<Value> = match line["group"].as_array() {
            Some(group) if line["do"] == "split" && !is(&line, "from") => {
                group.iter().filter(|face| !rows.has(face)).cloned().collect()
            }
            _ => Vec::new(),
        };
        let person = line["from"].take();
        return (!stayed.is_empty()).then(|| json!({"do": "confirm", "person": person, "faces": stayed}));
    }
    if line["do"] == "circle" {
        let Some(members) = list(&mut line, "people") else { return Some(line) };
        let before = members.len();
        members.retain(|person| !person.as_i64().is_some_and(|id| rows.people.contains(&PersonId(id))));
        // Without people it would delete the circle, which nobody asked for.
        return (before == 0 || !members.is_empty()).then_some(line);
    }
    for field in ["photos", "dated"] {
        if let Some(photos) = list(&mut line, field) {
            let before = photos.len();
            photos.retain(|photo| !photo.as_str().is_some_and(|photo| rows.hashes.contains(photo)));
            if photos.is_empty() || (field == "dated" && photos.len() < before) {
                return None;
            }
        }
    }
    if rows.has(&line["face"]) {
        return None;
    }
    if let Some(people) = list(&mut line, "people") {
        people.retain(|person| !is(person, "person"));
        for person in people.iter_mut() {
            for field in ["faces", "drawn", "claims"] {
                if let Some(said) = list(person, field) {
                    said.retain(|said| !rows.has(said) && !rows.has(&said["face"]) && !rows.is_gone(said));
                }
            }
        }
        people.retain(|person| {
            ["faces", "drawn", "claims"]
                .iter()
                .any(|field| person[*field].as_array().is_some_and(|said| !said.is_empty()))
        });
        return (!people.is_empty()).then_some(line);
    }
    let Some(fields) = line.as_object_mut() else { return Some(line) };
    // Somebody who stays is shown by another face.
    if fields.get("cover").is_some_and(|face| rows.has(face)) {
        fields.remove("cover");
    }
    let mut was_about = false;
    for field in ["faces", "group"] {
        if let Some(faces) = fields.get_mut(field).and_then(Value::as_array_mut) {
            let before = faces.len();
            faces.retain(|face| match face.as_array() {
                Some(pair) => !pair.iter().any(|face| rows.has(face)),
                None => !rows.has(face),
            });
            was_about |= faces.len() < before;
        }
    }
    let is_empty = |field: &str| line[field].as_array().is_none_or(Vec::is_empty);
    let only_faces = matches!(line["do"].as_str(), Some("confirm" | "reject" | "remove" | "edited" | "split"));
    (!(was_about && only_faces && line["name"].is_null() && is_empty("faces") && is_empty("group"))).then_some(line)
}

/// A list in a part of a line. To index it with `[]` would put a null where there is none.
fn list<'a>(part: &'a mut Value, field: &str) -> Option<&'a mut Vec<Value>> {
    part.get_mut(field)?.as_array_mut()
}

/// Folders that were forgotten, and are not to be scanned with what is around them.
pub struct ForgottenFolders(BTreeSet<Hash>);

impl ForgottenFolders {
    fn of(connection: &engine::Connection) -> Result<Self> {
        let sql = "SELECT path FROM forgotten_folders";
        Ok(Self(connection.query_all(sql, [], |row| row.get(0))?))
    }

    /// Whether a file lies in one of them, below `root`.
    pub fn hold(&self, root: &Path, file: &Path) -> bool {
        let folders = file.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root));
        !self.0.is_empty() && folders.into_iter().any(|folder| self.0.contains(&folder_key(folder)))
    }
}

impl Catalog {
    /// The folders that were forgotten. One that the user asks to scan, or that holds such a one, is not any more.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn forgotten_folders(&self, scanned: &Path) -> Result<ForgottenFolders> {
        let mut folders = ForgottenFolders::of(&self.connection)?;
        // Mostly there is none, and then a scan that finds nothing new need not wait for whoever writes.
        if folders.0.remove(&folder_key(scanned)) && !self.is_read_only() {
            let sql = "DELETE FROM forgotten_folders WHERE path = ?1";
            self.connection.execute(sql, [folder_key(scanned).as_slice()])?;
        }
        Ok(folders)
    }
}

impl Writer<'_> {
    /// Whether a face that a scan has found was forgotten.
    pub(super) fn is_forgotten(&self, photo: &Hash, bounds: &crate::face::BoundingBox) -> Result<bool> {
        let sql = "SELECT x, y, width, height FROM forgotten_faces WHERE photo = ?1";
        let mut statement = self.connection.prepare(sql)?;
        let boxes = statement.query_map([photo], |row| {
            Ok(crate::face::BoundingBox { x: row.get(0)?, y: row.get(1)?, width: row.get(2)?, height: row.get(3)? })
        })?;
        Ok(boxes.collect::<engine::Result<Vec<_>>>()?.iter().any(|forgotten| is_same_box(forgotten, bounds)))
    }

    /// What was forgotten in a photo is forgotten in what an edit has made of it: `old` was in the file, and `new` is now.
    pub(super) fn carry_forgotten(&mut self, old: PhotoId, new: PhotoId) -> Result<()> {
        let hashes = [self.hash(old)?, self.hash(new)?];
        let sql = "INSERT INTO forgotten_faces (photo, x, y, width, height)
                   SELECT CAST(?2 AS BLOB), x, y, width, height FROM forgotten_faces WHERE photo = ?1
                   AND NOT EXISTS (SELECT 1 FROM forgotten_faces WHERE photo = ?2)";
        if self.connection.prepare(sql)?.execute(hashes)? == 0 {
            return Ok(());
        }
        for face in self.faces_known(new)? {
            if self.is_forgotten(&hashes[1], &face.bounds)? {
                self.delete_with("faces", face.id)?;
            }
        }
        Ok(())
    }
}
