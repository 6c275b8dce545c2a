//! One person or group over time: where they are seen, and with whom.

use super::engine::{Optional, params};
use super::{Catalog, FaceId, PersonId, PhotoId, Result, State, Who};
use crate::metadata::Place;

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

impl Catalog {
    /// The faces of a person or group, those of the newest photo first, those without a date last.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn sightings(&self, person: PersonId) -> Result<Vec<Sighting>> {
        let sql = "SELECT faces.id, photo_id, taken, photos.width, photos.height, state
             FROM seen_faces AS faces JOIN photos ON photos.id = photo_id WHERE person_id = ?1
             ORDER BY taken DESC NULLS LAST, photo_id, faces.id";
        Ok(self.connection.query_all(sql, [person], |row| {
            Ok(Sighting {
                face: row.get(0)?,
                photo: row.get(1)?,
                taken: row.get(2)?,
                width: row.get(3)?,
                height: row.get(4)?,
                state: row.get(5)?,
            })
        })?)
    }

    /// Who is most often in one photo with a person or group, and in how many; nobody who is hidden or a stranger, and groups
    /// without a name only where they are more than once.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn companions(&self, person: PersonId, limit: usize) -> Result<Vec<(Who, u64)>> {
        let sql = "SELECT people.id, name, count(DISTINCT coalesce(shot_of, mine.photo_id)) AS photos
             FROM seen_faces AS mine JOIN photos ON photos.id = mine.photo_id JOIN faces AS other ON other.photo_id = mine.photo_id AND other.person_id <> ?1
             JOIN people ON people.id = other.person_id AND NOT hidden AND NOT ignored
             WHERE mine.person_id = ?1 GROUP BY people.id HAVING name IS NOT NULL OR count(DISTINCT coalesce(shot_of, mine.photo_id)) > 1
             ORDER BY photos DESC, name IS NULL, people.id LIMIT ?2";
        Ok(self.connection.query_all(sql, params![person, limit as i64], |row| {
            Ok((Who { id: row.get(0)?, name: row.get(1)? }, row.get::<i64>(2)? as u64))
        })?)
    }

    /// Where a person or group is seen most often, and in how many photos.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn places_of(&self, person: PersonId, limit: usize) -> Result<Vec<(Place, u64)>> {
        let sql = "SELECT city, min(region), min(country), country_code, count(DISTINCT coalesce(shot_of, photo_id)) AS photos
             FROM seen_faces JOIN photos ON photos.id = photo_id JOIN places ON places.id = place_id
             WHERE person_id = ?1 GROUP BY city, region, country_code ORDER BY photos DESC, city LIMIT ?2";
        Ok(self.connection.query_all(sql, params![person, limit as i64], |row| {
            let place = Place {
                city: row.get(0)?,
                region: row.get(1)?,
                country: row.get(2)?,
                country_code: row.get(3)?,
                ..Place::default()
            };
            Ok((place, row.get::<i64>(4)? as u64))
        })?)
    }

    /// Where on the globe a person or group is seen, the place with most photos first.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn spots_of(&self, person: PersonId, limit: usize) -> Result<Vec<Spot>> {
        let sql = "SELECT avg(latitude), avg(longitude), city, count(DISTINCT coalesce(shot_of, photo_id)) AS photos
             FROM seen_faces JOIN photos ON photos.id = photo_id JOIN places ON places.id = place_id
             WHERE person_id = ?1 AND latitude IS NOT NULL AND longitude IS NOT NULL
             GROUP BY places.id ORDER BY photos DESC, city LIMIT ?2";
        Ok(self.connection.query_all(sql, params![person, limit as i64], |row| {
            Ok(Spot {
                latitude: row.get(0)?,
                longitude: row.get(1)?,
                city: row.get(2)?,
                photos: row.get::<i64>(3)? as u64,
            })
        })?)
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
