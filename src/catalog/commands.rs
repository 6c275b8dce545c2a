//! Decisions that the user made with one command, as `facetag hide A B C`: taken back together.

use super::engine::{Optional, params};
use super::{Catalog, LineId, Result};

impl Catalog {
    /// Notes that the lines from `first` to `last` were one command.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn note_command(&self, first: LineId, last: LineId) -> Result<()> {
        let sql =
            "INSERT INTO commands (first, last) VALUES (?1, ?2) ON CONFLICT (first) DO UPDATE SET last = excluded.last";
        self.connection.prepare(sql)?.execute(params![first, last])?;
        Ok(())
    }

    /// The first and last line of the command that made a decision; twice the decision itself where it made no other.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn command_of(&self, decision: LineId) -> Result<(LineId, LineId)> {
        let sql = "SELECT first, last FROM commands WHERE first <= ?1 ORDER BY first DESC LIMIT 1";
        let found = self.connection.prepare(sql)?.query_row([decision], |row| Ok((row.get(0)?, row.get(1)?)));
        let found: Option<(LineId, LineId)> = found.optional()?;
        Ok(found.filter(|(_, last)| decision <= *last).unwrap_or((decision, decision)))
    }
}
