//! A photo that was edited in place: which of its faces are which in the new one.

use super::engine::{self, params};
use super::{FaceId, PhotoId, Result};

use super::decision::{Decision, FaceRef, SAME_BOX};
use super::faces::{COLUMNS, FaceRow, Floats, State, face};
use super::photos::{Hash, Writer};
use crate::face::{Embedding, dot};

/// A face to be found again.
struct Candidate {
    face: FaceRow,
    /// Whether anything is known of it: whose it is or is not, or that it is none.
    is_known: bool,
    /// With the pack of each.
    embeddings: Vec<(String, Embedding)>,
}

impl Writer<'_> {
    /// What is known of the faces of `old` goes over to the same faces in `new`, and the journal keeps which are the same.
    ///
    /// They are where the embeddings are near and the boxes overlap, or, after a crop or a turn, where the embeddings are very
    /// near: another photo put in its place is another photo. Of a face that is known in both, as after a return to the photo
    /// from before the edit, the newer word counts.
    pub(super) fn carry_tags(&mut self, old: PhotoId, new: PhotoId) -> Result<()> {
        let (mut before, mut open) = (self.faces_to_match(old)?, self.faces_to_match(new)?);
        before.retain(|face| face.is_known);
        let [old_hash, new_hash] = [self.hash(old)?, self.hash(new)?];
        let mut same = Vec::new();
        let (mut known, mut drawn) = (Vec::new(), Vec::new());
        for face in before {
            let best = (0..open.len()).max_by(|&a, &b| face.sameness(&open[a]).total_cmp(&face.sameness(&open[b])));
            match best.filter(|&best| face.sameness(&open[best]) > 0.0).map(|best| open.swap_remove(best)) {
                Some(other) if other.is_known => known.push((face.face, other.face)),
                Some(other) => same.push((face.face, other.face)),
                None if face.face.state == Some(State::Manual) => drawn.push(face.face),
                None => {}
            }
        }
        if !known.is_empty() {
            for (face, other) in known {
                let last_word = |hash: &Hash, face: &FaceRow| self.last_word_on(&FaceRef::new(hash, face.bounds));
                if last_word(&old_hash, &face)? > last_word(&new_hash, &other)? {
                    same.push((face, other));
                }
            }
        }
        if !drawn.is_empty() && self.is_same_picture(old, new, &same)? {
            // No detector sees a face that the user drew.
            for face in drawn {
                let edited = self.copy_of(&face, new)?;
                same.push((face, edited));
            }
        }
        if same.is_empty() {
            return Ok(());
        }
        self.forget_undone_changes()?;
        for (face, edited) in &same {
            if let Some(person) = face.person
                && !matches!(face.state, Some(State::Confirmed | State::Manual))
            {
                self.assign(edited.id, (None, None), (person, face.state))?;
            }
        }
        let pair = |(face, edited): (FaceRow, FaceRow)| {
            (FaceRef::new(&old_hash, face.bounds), FaceRef::new(&new_hash, edited.bounds))
        };
        let edited = Decision::Edited { faces: same.into_iter().map(pair).collect(), dated: None };
        self.append(&edited)?;
        self.carry_out(&edited)
    }

    /// Whether some face is in both photos, or one of them has none.
    pub(super) fn may_share_faces(&mut self, old: PhotoId, new: PhotoId) -> Result<bool> {
        let (before, now) = (self.faces_to_match(old)?, self.faces_to_match(new)?);
        let is_in_both = |face: &Candidate| now.iter().any(|other| face.sameness(other) > 0.0);
        Ok(before.is_empty() || now.is_empty() || before.iter().any(is_in_both))
    }

    fn faces_to_match(&mut self, photo: PhotoId) -> Result<Vec<Candidate>> {
        let known = "person_id IS NOT NULL OR removed OR EXISTS (SELECT 1 FROM rejections WHERE face_id = faces.id)";
        let sql = format!("SELECT {COLUMNS}, {known} FROM faces WHERE photo_id = ?1");
        let mut faces = self.connection.prepare(&sql)?;
        let mut embeddings = self.connection.prepare("SELECT pack, vector FROM embeddings WHERE face_id = ?1")?;
        let rows = faces.query_map([photo], |row| Ok((face(row)?, row.get(12)?)))?;
        rows.map(|row| {
            let (face, is_known) = row?;
            let embeddings = embeddings.query_map([face.id], |row| Ok((row.get(0)?, row.get::<Floats>(1)?.0)))?;
            Ok(Candidate { face, is_known, embeddings: embeddings.collect::<engine::Result<_>>()? })
        })
        .collect()
    }

    /// Whether two photos are of one size, and some face is at the same place in both, or they were taken at the same time.
    fn is_same_picture(&self, old: PhotoId, new: PhotoId, same: &[(FaceRow, FaceRow)]) -> Result<bool> {
        let sql = "SELECT old.width = new.width AND old.height = new.height
                   FROM photos AS old JOIN photos AS new ON old.id = ?1 AND new.id = ?2";
        let size: bool = self.connection.query_row(sql, [old, new], |row| row.get(0))?;
        let time = self.own_date(old)?.is_some_and(|date| self.own_date(new).is_ok_and(|new| new == Some(date)));
        Ok(size && (time || same.iter().any(|(face, edited)| face.bounds.iou(&edited.bounds) >= 0.9)))
    }

    /// The same face in another photo, of nobody yet.
    fn copy_of(&mut self, face: &FaceRow, photo: PhotoId) -> Result<FaceRow> {
        let columns = "x, y, width, height, landmarks, score, quality, recognisability, origin";
        let sql = format!(
            "INSERT INTO faces (photo_id, {columns}) SELECT CAST(?2 AS BIGINT), {columns} FROM faces WHERE id = ?1 RETURNING id"
        );
        let id: FaceId = self.connection.query_row(&sql, params![face.id, photo], |row| row.get(0))?;
        let sql = "INSERT INTO embeddings (face_id, pack, vector)
                   SELECT CAST(?2 AS BIGINT), pack, vector FROM embeddings WHERE face_id = ?1";
        self.connection.execute(sql, params![face.id, id])?;
        Ok(FaceRow { id, photo, ..face.clone() })
    }

    pub(super) fn hash(&self, photo: PhotoId) -> Result<Hash> {
        Ok(self.connection.query_row("SELECT hash FROM photos WHERE id = ?1", [photo], |row| row.get(0))?)
    }
}

impl Candidate {
    /// How sure it is that two faces are one before and after an edit; 0 for two.
    fn sameness(&self, edited: &Self) -> f32 {
        let of_pack = |wanted: &str| edited.embeddings.iter().find(|(pack, _)| pack == wanted);
        let near =
            self.embeddings.iter().find_map(|(pack, embedding)| of_pack(pack).map(|(_, other)| dot(embedding, other)));
        let overlap = self.face.bounds.iou(&edited.face.bounds);
        let same = match near {
            Some(near) => near >= 0.8 || (near >= 0.5 && overlap >= SAME_BOX),
            // No pack has seen both; then only the very same place will do.
            None => overlap >= 0.8,
        };
        if same { overlap + near.unwrap_or(0.0) } else { 0.0 }
    }
}
