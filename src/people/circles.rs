//! Circles of people, made and changed.

use super::decide::{DecideError, Deciding};
use super::naming::check_name;
use crate::catalog::{Circle, CircleId, Decision, Who};

impl Deciding<'_> {
    /// The circle of this name.
    ///
    /// # Errors
    /// [`DecideError::NoCircle`]; those of the catalog.
    pub fn circle(&self, name: &str) -> Result<Circle, DecideError> {
        self.circle_called(name)?.ok_or_else(|| DecideError::NoCircle(name.to_owned()))
    }

    /// Makes a circle of these people.
    ///
    /// # Errors
    /// Those of [`Deciding::change_circle`].
    pub fn new_circle(&mut self, name: &str, people: &[Who]) -> Result<(), DecideError> {
        self.check_circle_name(name, None)?;
        let circle = self.next_circle()?;
        self.append_circle(circle, name, people)
    }

    /// Gives a circle this name and these members.
    ///
    /// # Errors
    /// [`DecideError::Name`]; [`DecideError::NameInUse`] where a person or another circle has it;
    /// [`DecideError::Nameless`] for a group; [`DecideError::EmptyCircle`]; those of the catalog.
    pub fn change_circle(&mut self, circle: &Circle, name: &str, people: &[Who]) -> Result<(), DecideError> {
        if circle.name != name {
            self.check_circle_name(name, Some(circle.id))?;
        }
        self.append_circle(circle.id, name, people)
    }

    /// Removes a circle; its people stay.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn remove_circle(&mut self, circle: &Circle) -> Result<(), DecideError> {
        self.append(&Decision::Circle { circle: circle.id, name: circle.name.clone(), people: Vec::new() })?;
        Ok(())
    }

    fn append_circle(&mut self, circle: CircleId, name: &str, people: &[Who]) -> Result<(), DecideError> {
        if let Some(group) = people.iter().find(|who| who.name.is_none()) {
            return Err(DecideError::Nameless(group.clone()));
        }
        if people.is_empty() {
            return Err(DecideError::EmptyCircle(name.to_owned()));
        }
        let people = people.iter().map(|who| who.id).collect();
        self.append(&Decision::Circle { circle, name: crate::catalog::tidy(name), people })?;
        Ok(())
    }

    /// Whether a circle may be called so: a name must say whom it means.
    fn check_circle_name(&self, name: &str, circle: Option<CircleId>) -> Result<(), DecideError> {
        check_name(name)?;
        let other = self.circle_called(name)?.filter(|other| Some(other.id) != circle);
        if other.is_some() || self.person_called(name)?.is_some() {
            return Err(DecideError::NameInUse(name.to_owned()));
        }
        Ok(())
    }
}
