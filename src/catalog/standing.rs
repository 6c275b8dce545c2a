//! Albums that are kept up to date: in which folder, of whom, and what they were asked for. People are kept by number, so that an
//! album follows them under every name.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Catalog, PersonId, Result};

/// An album that is kept up to date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandingAlbum {
    pub folder: OsString,
    /// Everybody whom the search names, other than as part of a circle.
    pub people: Vec<PersonId>,
    /// The search, as whoever asks for albums writes it down.
    pub search: Value,
}

/// The setting that holds them.
const ALBUMS: &str = "albums";

impl Catalog {
    /// The albums that are kept up to date.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn standing_albums(&self) -> Result<Vec<StandingAlbum>> {
        Ok(self.setting(ALBUMS)?.map(|albums| serde_json::from_str(&albums)).transpose()?.unwrap_or_default())
    }

    /// Replaces them.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn keep_albums(&self, albums: &[StandingAlbum]) -> Result<()> {
        self.set_setting(ALBUMS, &serde_json::to_string(albums)?)
    }
}
