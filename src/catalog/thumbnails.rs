//! Small pictures of faces.

use super::engine::{Optional, params};
use super::photos::Writer;
use super::{Catalog, FaceId, Result};

impl Catalog {
    /// The small picture of a face, JPEG, if there is one.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn thumbnail(&self, face: FaceId) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT jpeg FROM thumbnails WHERE face_id = ?1";
        Ok(self.connection.prepare(sql)?.query_row([face], |row| row.get(0)).optional()?)
    }
}

impl Writer<'_> {
    /// Keeps the small picture of a face, JPEG.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn thumbnail(&mut self, face: FaceId, jpeg: &[u8]) -> Result<()> {
        let sql = "INSERT INTO thumbnails (face_id, jpeg) VALUES (?1, ?2)
                   ON CONFLICT (face_id) DO UPDATE SET jpeg = excluded.jpeg";
        self.connection.prepare(sql)?.execute(params![face, jpeg])?;
        Ok(())
    }
}
