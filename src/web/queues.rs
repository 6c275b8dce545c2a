//! The questions that wait, about everybody and about single people.

use std::collections::HashMap;

use crate::catalog::PersonId;
use crate::people::Queue;

/// What is asked about everybody, and about each person who was asked about alone: what was skipped of one is still so
/// when the user comes back to it, or has both in two windows.
#[derive(Default)]
pub(super) struct Queues(HashMap<Option<PersonId>, Queue>);

impl Queues {
    pub fn about(&mut self, who: Option<PersonId>) -> &mut Queue {
        self.0.entry(who).or_insert_with(|| Queue::about(who.into_iter().collect()))
    }
}
