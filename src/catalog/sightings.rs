//! One person or group over time: where they are seen, and with whom.

use super::engine::{self, Optional, Row};
use super::listing::{Listing, Seen};
use super::{Catalog, FaceId, PersonId, PhotoId, Result, State};

/// A face of somebody, and when its photo was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub face: FaceId,
    pub photo: PhotoId,
    /// Local time.
    pub taken: Option<String>,
    /// Pixels of the photo, upright.
    pub width: u32,
    /// Pixels of the photo, upright.
    pub height: u32,
    pub state: Option<State>,
}

/// A place on the globe, and how many photos of somebody were taken there.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Degrees, north is positive.
    pub latitude: f64,
    /// Degrees, east is positive.
    pub longitude: f64,
    pub city: String,
    pub photos: u64,
}

/// What the user said of a person or group beside the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub hidden: bool,
    /// A stranger.
    pub ignored: bool,
    /// Listed before others.
    pub favourite: bool,
    /// `YYYY-MM-DD`
    pub born: Option<String>,
}

const SIGHTING: &str = "faces.id, photo_id, taken, photos.width, photos.height, state
     FROM seen_faces AS faces JOIN photos ON photos.id = photo_id";

fn sighting(row: &Row) -> engine::Result<Sighting> {
    Ok(Sighting {
        face: row.get(0)?,
        photo: row.get(1)?,
        taken: row.get(2)?,
        width: row.get(3)?,
        height: row.get(4)?,
        state: row.get(5)?,
    })
}

impl Catalog {
    /// The faces of a person or group, those of the newest photo first, those without a date last.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn sightings(&self, person: PersonId) -> Result<Vec<Sighting>> {
        let sql = format!("SELECT {SIGHTING} WHERE person_id = ?1 ORDER BY taken DESC NULLS LAST, photo_id, faces.id");
        Ok(self.connection.query_all(&sql, [person], sighting)?)
    }

    /// The faces of a person or group in the order of [`Catalog::sightings`], with what `listing` knows of their photos: in a small part of
    /// the time, as the index has them all.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn seen(&self, listing: &Listing, person: PersonId) -> Result<Vec<Seen>> {
        let sql = "SELECT id, photo_id, coalesce(state = 'auto', FALSE) FROM faces WHERE person_id = ?1";
        let faces = self.connection.query_all(sql, [person], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(listing.by_date(faces))
    }

    /// Some of the faces of a person or group, in the order in which they are given; those that are gone are left out.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn sightings_of(&self, faces: impl Iterator<Item = FaceId>) -> Result<Vec<Sighting>> {
        let sql = format!("SELECT {SIGHTING} WHERE faces.id = ?1");
        let found = faces.map(|face| Ok(self.connection.prepare(&sql)?.query_row([face], sighting).optional()?));
        found.filter_map(Result::transpose).collect()
    }

    /// What the user said of a person or group beside the name; `None` where there is nobody of this number.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn profile(&self, person: PersonId) -> Result<Option<Profile>> {
        let sql = "SELECT hidden, ignored, favourite, born FROM people WHERE id = ?1";
        let profile = self.connection.prepare(sql)?.query_row([person], |row| {
            Ok(Profile { hidden: row.get(0)?, ignored: row.get(1)?, favourite: row.get(2)?, born: row.get(3)? })
        });
        Ok(profile.optional()?)
    }
}
