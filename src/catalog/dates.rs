//! When and where a photo was taken: the best of what the user decided, what the photo and the files beside it say, and what its
//! files and folders are called.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::engine::{self, Optional, params};
use super::photos::{HERE, Hash, Writer, hash_of, hex};
use super::text::SqlPath;
use super::{Catalog, LineId, PhotoId, Result};
use crate::metadata::{Capture, DateSource, Taken, When, place};

/// What the files beside a photo say of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Of their names, sizes and times: while that stays, they say the same.
    pub stamp: i64,
    #[serde(flatten)]
    pub capture: Capture,
}

impl Catalog {
    /// These photos were taken then; `None` takes back what was decided of their date.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn dating(&self, photos: &[PhotoId], date: Option<When>) -> Result<Decision> {
        let photos = photos.iter().map(|&photo| Ok(hex(&self.photo(photo)?.hash))).collect::<Result<_>>()?;
        Ok(Decision::Date { photos, date })
    }
}

impl Writer<'_> {
    /// Notes what the files beside a file say of its photo; `None` where there are none. `false` where it has no photo.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn beside(&mut self, path: &Path, beside: Option<&Beside>) -> Result<bool> {
        let beside = beside.map(serde_json::to_string).transpose()?;
        let sql = format!("UPDATE files SET beside = ?2 WHERE path = ?1 AND {HERE} RETURNING photo_id");
        let mut statement = self.connection.prepare(&sql)?;
        let photo: Option<PhotoId> =
            statement.query_row(params![SqlPath(path), beside], |row| row.get(0)).optional()?.flatten();
        if let Some(photo) = photo {
            self.settle(photo)?;
        }
        Ok(photo.is_some())
    }

    /// Gives a photo the date and the place that are best known.
    pub(super) fn settle(&mut self, photo: PhotoId) -> Result<()> {
        let sql = "SELECT hash, own, taken, taken_offset, taken_source, latitude, longitude, place_id FROM photos WHERE id = ?1";
        let (hash, own, known_date, known_place) = self.connection.prepare(sql)?.query_row([photo], |row| {
            let date: (Option<String>, Option<i32>, Option<String>) = (row.get(2)?, row.get(3)?, row.get(4)?);
            let place: (Option<f64>, Option<f64>, Option<i64>) = (row.get(5)?, row.get(6)?, row.get(7)?);
            Ok((row.get::<Hash>(0)?, row.get(1)?, date, place))
        })?;
        let sql = "SELECT path, beside FROM files WHERE photo_id = ?1 ORDER BY missing_since IS NOT NULL, path";
        let mut statement = self.connection.prepare(sql)?;
        let files = statement.query_map([photo], |row| Ok((row.get::<SqlPath<PathBuf>>(0)?.0, row.get(1)?)))?;
        let files = files.collect::<engine::Result<Vec<(PathBuf, Option<String>)>>>()?;
        // Of two that are as good, what lies beside a photo counts more than what is in it.
        let mut said: Vec<Capture> = Vec::new();
        for (_, beside) in &files {
            said.extend(read::<Beside>(beside.clone())?.map(|beside| beside.capture));
        }
        let own = read::<Capture>(own)?.unwrap_or_default();
        let decided = self.decided_date(&hash)?;
        let decided = decided.map(|when| Taken { when, offset_minutes: None, source: DateSource::Decided });
        let named = files.iter().filter_map(|(path, _)| Taken::of_path(path));
        let dates = decided.into_iter().chain(said.iter().filter_map(|said| said.taken)).chain(own.taken).chain(named);
        let taken = dates.min_by_key(|taken| taken.source);
        let date = (
            taken.map(|taken| taken.when.to_string()),
            taken.and_then(|taken| taken.offset_minutes),
            taken.map(|taken| taken.source.name().to_owned()),
        );
        if date != known_date {
            let sql = "UPDATE photos SET taken = ?2, taken_offset = ?3, taken_source = ?4 WHERE id = ?1";
            self.connection.prepare(sql)?.execute(params![photo, date.0, date.1, date.2])?;
            // Nobody is tagged automatically in a photo from before their birth.
            let sql =
                "UPDATE faces SET person_id = NULL, state = NULL WHERE photo_id = ?1 AND state = 'auto' AND EXISTS
                           (SELECT 1 FROM photos, people WHERE photos.id = ?1 AND people.id = person_id
                            AND taken < substr(born, 1, length(taken)))";
            self.connection.prepare(sql)?.execute([photo])?;
        }
        let gps = own.gps.or_else(|| said.iter().find_map(|said| said.gps));
        let spot = gps.map(|gps| (gps.latitude, gps.longitude));
        let known_spot = known_place.0.zip(known_place.1);
        if spot != known_spot || (spot.is_some() && known_place.2.is_none()) {
            let place = gps.and_then(place).map(|place| self.place(&place)).transpose()?;
            let sql = "UPDATE photos SET latitude = ?2, longitude = ?3, place_id = ?4 WHERE id = ?1";
            let values = params![photo, spot.map(|spot| spot.0), spot.map(|spot| spot.1), place];
            self.connection.prepare(sql)?.execute(values)?;
        }
        Ok(())
    }

    /// The same for the photos that a decision is about, and those that they have become by edits since.
    pub(super) fn settle_dates_of(&mut self, decision: &Decision) -> Result<()> {
        let Decision::Date { photos, .. } = decision else { return Ok(()) };
        let mut photos: Vec<Hash> = photos.iter().filter_map(|photo| hash_of(photo)).collect();
        let mut next = 0;
        while let Some(hash) = photos.get(next).copied() {
            next += 1;
            if let Some(photo) = self.photo_with(&hash)? {
                self.settle(photo)?;
            }
            let sql = "SELECT new_photo FROM dated_edits WHERE old_photo = ?1";
            let mut statement = self.connection.prepare(sql)?;
            let edited = statement.query_map([hash], |row| row.get(0))?.collect::<engine::Result<Vec<Hash>>>()?;
            for photo in edited {
                if !photos.contains(&photo) {
                    photos.push(photo);
                }
            }
        }
        Ok(())
    }

    /// The same for all photos of which the journal says, or said, a date.
    pub(super) fn settle_decided(&mut self) -> Result<()> {
        let sql = "SELECT id FROM photos WHERE taken_source = ?1 OR hash IN (SELECT photo FROM dates)
                   OR hash IN (SELECT new_photo FROM dated_edits)";
        let mut statement = self.connection.prepare(sql)?;
        let photos = statement.query_map([DateSource::Decided.name()], |row| row.get(0))?;
        photos.collect::<engine::Result<Vec<PhotoId>>>()?.into_iter().try_for_each(|photo| self.settle(photo))
    }

    /// Enters what a line says of dates into the index.
    pub(super) fn index_dates(&mut self, line: LineId, decision: &Decision) -> Result<()> {
        if let Decision::Date { photos, date } = decision {
            let sql = "INSERT INTO dates (line, photo, date) VALUES (?1, ?2, ?3)";
            let mut statement = self.connection.prepare(sql)?;
            for photo in photos.iter().filter_map(|photo| hash_of(photo)) {
                statement.execute(params![line, photo, date.map(|date| date.to_string())])?;
            }
        }
        if let Decision::Edited { dated: Some((old, new)), .. } = decision
            && let (Some(old), Some(new)) = (hash_of(old), hash_of(new))
        {
            let sql = "INSERT INTO dated_edits (line, old_photo, new_photo) VALUES (?1, ?2, ?3)";
            self.connection.prepare(sql)?.execute(params![line, old, new])?;
        }
        Ok(())
    }

    /// What the user decided of the date of a photo.
    fn decided_date(&self, photo: &Hash) -> Result<Option<When>> {
        let said = self.date_said(photo, LineId::AFTER_ALL, &mut HashMap::new())?;
        Ok(said.and_then(|(_, date)| date?.parse().ok()))
    }

    /// The newest of the decisions before `end` that stand and are about the date of a photo, or of one that became this one by an
    /// edit: its line, and the date. A photo that was edited back and forth is looked at once for each edit, by `known`.
    fn date_said(&self, photo: &Hash, end: LineId, known: &mut HashMap<(Hash, LineId), DateSaid>) -> Result<DateSaid> {
        if let Some(said) = known.get(&(*photo, end)) {
            return Ok(said.clone());
        }
        let sql = "SELECT line, date FROM dates WHERE photo = ?1 AND line < ?2 AND EXISTS
                       (SELECT 1 FROM lines WHERE origin = dates.line AND role = 'decision' AND active)
                   ORDER BY line DESC LIMIT 1";
        let mut statement = self.connection.prepare(sql)?;
        let mut said = statement.query_row(params![photo, end], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let sql = "SELECT line, old_photo FROM dated_edits WHERE new_photo = ?1 AND line < ?2";
        let mut statement = self.connection.prepare(sql)?;
        let edits = statement.query_map(params![photo, end], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (edit, old) in edits.collect::<engine::Result<Vec<(LineId, Hash)>>>()? {
            let before = self.date_said(&old, edit, known)?;
            if before.as_ref().map(|(line, _)| line) > said.as_ref().map(|(line, _)| line) {
                said = before;
            }
        }
        known.insert((*photo, end), said.clone());
        Ok(said)
    }

    /// Whether the user decided anything of the date of a photo.
    pub(super) fn has_date_said(&self, photo: &Hash) -> Result<bool> {
        Ok(self.date_said(photo, LineId::AFTER_ALL, &mut HashMap::new())?.is_some())
    }

    /// What the user decided of the date of `old` holds for `new`, which lies in its place now, unless that is clearly another
    /// photo: their own dates differ, or the faces in them.
    pub(super) fn carry_date(&mut self, old: PhotoId, new: PhotoId) -> Result<()> {
        let [old_hash, new_hash] = [self.hash(old)?, self.hash(new)?];
        let said = |writer: &Self, hash| writer.date_said(hash, LineId::AFTER_ALL, &mut HashMap::new());
        let (before, now) = (said(self, &old_hash)?, said(self, &new_hash)?);
        let is_newer = before.as_ref().map(|(line, _)| line) > now.as_ref().map(|(line, _)| line);
        if !is_newer || !self.may_be_one_photo(old, new)? {
            return Ok(());
        }
        let dated = Some((hex(&old_hash), hex(&new_hash)));
        self.append(&Decision::Edited { faces: Vec::new(), dated })?;
        Ok(())
    }

    fn may_be_one_photo(&mut self, old: PhotoId, new: PhotoId) -> Result<bool> {
        match (self.own_date(old)?, self.own_date(new)?) {
            (Some(old), Some(new)) => Ok(old == new),
            _ => self.may_share_faces(old, new),
        }
    }

    /// The date in a photo itself.
    pub(super) fn own_date(&self, photo: PhotoId) -> Result<Option<When>> {
        let sql = "SELECT own FROM photos WHERE id = ?1";
        let own = self.connection.prepare(sql)?.query_row([photo], |row| row.get(0))?;
        Ok(read::<Capture>(own)?.and_then(|own| own.taken).map(|taken| taken.when))
    }
}

/// A line, and the date that it says; `None` as a date where it takes back what was said.
type DateSaid = Option<(LineId, Option<String>)>;

fn read<T: for<'a> Deserialize<'a>>(text: Option<String>) -> Result<Option<T>> {
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}
