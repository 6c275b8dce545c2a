//! What the user decides about single faces.

use super::decide::{DecideError, Deciding, Note};
use super::naming::check_name;
use crate::catalog::{Catalog, FaceId, FaceRow, State, Who, WhoError};

impl Deciding<'_> {
    /// Whom the user means, as [`Catalog::who`] finds them; but who has exactly this name is meant even if no face is left of
    /// them, so that something can be decided about them.
    ///
    /// # Errors
    /// [`DecideError::Who`].
    pub fn who(&self, who: &str) -> Result<Who, DecideError> {
        match self.person_called(who)? {
            Some(person) => Ok(person),
            None => Ok(Catalog::who(self, who)?),
        }
    }

    /// Everybody whom the user means, each once: people as in [`Deciding::who`], and those of circles.
    ///
    /// # Errors
    /// [`DecideError::Who`].
    pub fn everybody(&self, who: &[String]) -> Result<Vec<Who>, DecideError> {
        let mut people: Vec<Who> = Vec::new();
        for who in who {
            let meant = match (self.circle_called(who)?, self.person_called(who)?) {
                (None, Some(person)) => vec![person],
                _ => self.whom(who)?.people(),
            };
            people.extend(meant.into_iter().filter(|who| !people.contains(who)).collect::<Vec<_>>());
        }
        Ok(people)
    }

    /// Whom the user means; a name that nobody has means somebody new. The flag tells which.
    ///
    /// # Errors
    /// [`DecideError::Who`], [`DecideError::Name`].
    pub fn known_or_new(&self, who: &str) -> Result<(Who, bool), DecideError> {
        match self.who(who) {
            Ok(person) => Ok((person, false)),
            Err(DecideError::Who(WhoError::Unknown { .. })) => {
                check_name(who)?;
                Ok(self.person_or_new(who)?)
            }
            Err(error) => Err(error),
        }
    }

    /// The automatic tags of a person.
    ///
    /// # Errors
    /// [`DecideError::NoneByItself`]; those of the catalog.
    pub fn by_itself(&self, person: &Who) -> Result<Vec<FaceRow>, DecideError> {
        let mut faces = self.faces_of(person.id)?;
        faces.retain(|face| face.state == Some(State::Auto));
        if faces.is_empty() { Err(DecideError::NoneByItself(person.clone())) } else { Ok(faces) }
    }

    /// Confirms that these faces are of a person, whoever they were taken for; somebody who `is_new` gets the name with it.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn confirm(&mut self, (person, is_new): (&Who, bool), faces: &[FaceRow]) -> Result<(), DecideError> {
        // One photo seldom shows a person twice.
        for face in faces {
            let double = |other: &FaceRow| other.id != face.id && other.person == Some(person.id);
            if self.faces_in(face.photo)?.iter().any(double) {
                self.note(Note::Twice { face: face.id, person: person.clone() });
            }
        }
        let decision = self.confirming((person, is_new), &ids(faces))?;
        self.append(&decision)?;
        Ok(())
    }

    /// Rejects a person or group for these faces: they are never theirs, unless the user says so later.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn reject(&mut self, person: &Who, faces: &[FaceRow]) -> Result<(), DecideError> {
        let decision = self.rejecting(person.id, &ids(faces))?;
        self.append(&decision)?;
        Ok(())
    }

    /// Makes faces of a person or group somebody else's, who may be new.
    ///
    /// # Errors
    /// [`DecideError::NotTheirs`], [`DecideError::TheirsAlready`], [`DecideError::AllOfThem`]; those of the catalog.
    pub fn split(&mut self, from: &Who, faces: &[FaceRow], (into, is_new): (&Who, bool)) -> Result<(), DecideError> {
        theirs(from, faces)?;
        if into.id == from.id {
            return Err(DecideError::TheirsAlready(from.clone()));
        }
        if faces.len() == self.faces_of(from.id)?.len() {
            return Err(DecideError::AllOfThem(from.clone()));
        }
        let decision = self.splitting(from.id, &ids(faces), (into, is_new))?;
        self.append(&decision)?;
        Ok(())
    }

    /// Says whose a face is, whoever it was taken for before; somebody who `is_new` gets the name with it.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn say_whose(&mut self, face: &FaceRow, person: (&Who, bool)) -> Result<(), DecideError> {
        if let Some(before) = face.person.filter(|&before| before != person.0.id)
            && let Some(before) = self.person(before)?
        {
            match self.split(&before, std::slice::from_ref(face), person) {
                // The group that it was rejected for has no face left.
                Err(DecideError::AllOfThem(_)) => {}
                done => return done,
            }
        }
        let decision = self.confirming(person, &[face.id])?;
        self.append(&decision)?;
        Ok(())
    }

    /// Shows a person by this face from now on.
    ///
    /// # Errors
    /// [`DecideError::Nameless`], [`DecideError::NotTheirs`]; those of the catalog.
    pub fn cover(&mut self, person: &Who, face: &FaceRow) -> Result<(), DecideError> {
        if person.name.is_none() {
            return Err(DecideError::Nameless(person.clone()));
        }
        theirs(person, std::slice::from_ref(face))?;
        let decision = self.covering(person.id, face)?;
        self.append(&decision)?;
        Ok(())
    }

    /// Removes what is no face. No scan brings it back.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn remove(&mut self, faces: &[FaceRow]) -> Result<(), DecideError> {
        let decision = self.removing(&ids(faces))?;
        self.append(&decision)?;
        Ok(())
    }
}

fn theirs(person: &Who, faces: &[FaceRow]) -> Result<(), DecideError> {
    match faces.iter().find(|face| face.person != Some(person.id)) {
        Some(strange) => Err(DecideError::NotTheirs { face: strange.id, who: person.clone() }),
        None => Ok(()),
    }
}

fn ids(faces: &[FaceRow]) -> Vec<FaceId> {
    faces.iter().map(|face| face.id).collect()
}
