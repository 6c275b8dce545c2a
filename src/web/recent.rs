//! What was found out about those whose pages were asked for last: for somebody with hundreds of thousands of photos it takes most of a
//! second, and people look at one page of them after the other.

use std::sync::{Arc, Mutex, PoisonError};

use super::error::PageError;
use crate::catalog::PersonId;

/// People who are kept.
const PEOPLE: usize = 8;

/// Items that are kept of all of them together, such as their faces of 24 bytes each; but always those of the last one.
const ITEMS: usize = 2_000_000;

/// A list for each of these people.
pub(super) struct Recent<T>(Mutex<State<T>>);

struct State<T> {
    /// Which state of the library all are of.
    edition: u64,
    /// The last one last.
    people: Vec<(PersonId, Arc<Vec<T>>)>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(State { edition: 0, people: Vec::new() }))
    }
}

impl<T> Recent<T> {
    /// The list for somebody in this state of the library; `read` is asked where it is not kept.
    pub fn of(
        &self,
        edition: u64,
        person: PersonId,
        read: impl FnOnce() -> Result<Vec<T>, PageError>,
    ) -> Result<Arc<Vec<T>>, PageError> {
        let state = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = state().kept(edition, person) {
            return Ok(list);
        }
        // Others need not wait for it.
        let list = Arc::new(read()?);
        state().keep(edition, person, &list);
        Ok(list)
    }
}

impl<T> State<T> {
    fn kept(&mut self, edition: u64, person: PersonId) -> Option<Arc<Vec<T>>> {
        if self.edition < edition {
            *self = Self { edition, people: Vec::new() };
        }
        let place = self.people.iter().position(|(known, _)| *known == person)?;
        let last = self.people.remove(place);
        self.people.push(last.clone());
        Some(last.1)
    }

    /// Keeps what was read, unless others are of a newer state by now: it may be older than that.
    fn keep(&mut self, edition: u64, person: PersonId, list: &Arc<Vec<T>>) {
        if self.edition != edition {
            return;
        }
        self.people.retain(|(known, _)| *known != person);
        self.people.push((person, Arc::clone(list)));
        let items = |people: &[(PersonId, Arc<Vec<T>>)]| people.iter().map(|(_, list)| list.len()).sum::<usize>();
        while self.people.len() > PEOPLE || self.people.len() > 1 && items(&self.people) > ITEMS {
            self.people.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_of_the_newest_state_and_not_too_much() {
        let recent = Recent::default();
        let is_read = |edition, person, count| {
            let mut asked = false;
            let list = recent.of(edition, PersonId(person), || {
                asked = true;
                Ok(vec![0u8; count])
            });
            assert!(asked || list.unwrap().len() == count);
            asked
        };
        assert_eq!([1, 1, 2].map(|edition| is_read(edition, 7, 3)), [true, false, true]);
        // Who is still at the state before gets what was read, and it is not kept for others.
        assert_eq!([is_read(1, 8, 2), is_read(2, 8, 2)], [true, true]);
        assert!((10..18).all(|person| is_read(2, person, 1)));
        assert_eq!([is_read(2, 10, 1), is_read(2, 7, 3)], [false, true]);
        assert!(is_read(2, 30, ITEMS) && !is_read(2, 30, ITEMS) && is_read(2, 10, 1));
    }
}
