//! What decisions make of people: their names, births, covers, and whether they are shown.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::decision::{Decision, FaceRef};
use super::engine::{Optional, params};
use super::photos::Writer;
use super::text::tidy;
use super::{PersonId, Result, now};

/// A group or person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PersonState {
    /// `None` for a group.
    pub name: Option<String>,
    pub hidden: bool,
    /// A stranger.
    pub ignored: bool,
    /// Listed before others.
    pub favourite: bool,
    pub born: Option<Date>,
    /// The face that the user chose to show them by.
    pub cover: Option<FaceRef>,
}

/// Some groups and persons, by number.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct People(pub BTreeMap<PersonId, PersonState>);

impl People {
    /// What they are after a decision.
    pub fn hear(&mut self, decision: &Decision) {
        match decision {
            Decision::Name { person: id, name, .. } => {
                // Whoever gets a name is wanted, whatever was said of the group.
                let person = self.person(id);
                (person.name, person.hidden, person.ignored) = (Some(tidy(name)), false, false);
            }
            Decision::Rename { person: id, to, .. } => self.person(id).name = Some(tidy(to)),
            Decision::Confirm { person: id, name, .. } | Decision::Draw { person: id, name, .. } => {
                let person = self.person(id);
                person.name = name.as_deref().map(tidy).or(person.name.take());
            }
            Decision::Split { from, into, name, .. } => {
                self.person(from);
                let into = self.person(into);
                into.name = name.as_deref().map(tidy).or(into.name.take());
            }
            Decision::Import { people, .. } => {
                for imported in people {
                    let person = self.person(&imported.person);
                    person.name = imported.name.as_deref().map(tidy).or(person.name.take());
                }
            }
            Decision::Merge { from, into, cover, .. } => {
                let from = self.0.remove(from).unwrap_or_default();
                let into = self.0.entry(*into).or_default();
                into.favourite |= from.favourite;
                into.born = into.born.or(from.born);
                into.cover = cover.clone().or(into.cover.take()).or(from.cover);
            }
            Decision::Hide { person: id, hidden, .. } => self.person(id).hidden = *hidden,
            Decision::Ignore { person: id, ignored, .. } => self.person(id).ignored = *ignored,
            Decision::Favourite { person: id, favourite } => self.person(id).favourite = *favourite,
            Decision::Born { person: id, date } => self.person(id).born = *date,
            Decision::Cover { person: id, face } => self.person(id).cover = Some(face.clone()),
            Decision::Reject { person: id, .. } => drop(self.person(id)),
            Decision::Circle { .. }
            | Decision::Date { .. }
            | Decision::Remove { .. }
            | Decision::Edited { .. }
            | Decision::Undo { .. }
            | Decision::Redo { .. } => {}
        }
    }

    fn person(&mut self, id: &PersonId) -> &mut PersonState {
        self.0.entry(*id).or_default()
    }
}

impl Writer<'_> {
    /// These people, as far as they exist.
    pub(super) fn people(&self, ids: &[PersonId]) -> Result<People> {
        let sql = "SELECT name, hidden, ignored, born, cover, favourite FROM people WHERE id = ?1";
        let mut statement = self.connection.prepare(sql)?;
        let mut people = People::default();
        for &id in ids {
            let row = statement.query_row([id], |row| {
                let texts: (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(5)?, texts))
            });
            if let Some((name, hidden, ignored, favourite, (born, cover))) = row.optional()? {
                let cover = cover.map(|cover| serde_json::from_str(&cover)).transpose()?;
                let born = born.and_then(|born| born.parse().ok());
                people.0.insert(id, PersonState { name, hidden, ignored, favourite, born, cover });
            }
        }
        Ok(people)
    }

    /// Stores what these people are now; those who are not in `after` no longer exist.
    pub(super) fn store_people(&mut self, before: &People, after: &People) -> Result<()> {
        for id in before.0.keys().filter(|id| !after.0.contains_key(id)) {
            self.connection.prepare("DELETE FROM people WHERE id = ?1")?.execute([id])?;
        }
        let changed = |(id, person): &(&PersonId, &PersonState)| before.0.get(id) != Some(person);
        for (id, PersonState { name, hidden, ignored, favourite, born, cover }) in after.0.iter().filter(changed) {
            let key = name.as_deref().map(|name| self.key(*id, name)).transpose()?;
            let sql = "INSERT INTO people (id, created_at, name, key, hidden, ignored, born, cover, favourite)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                       ON CONFLICT (id) DO UPDATE SET name = excluded.name, key = excluded.key, hidden = excluded.hidden,
                           ignored = excluded.ignored, born = excluded.born, cover = excluded.cover,
                           favourite = excluded.favourite";
            self.connection.prepare(sql)?.execute(params![
                id,
                now(),
                name,
                key,
                hidden,
                ignored,
                born.map(|born| born.to_string()),
                cover.as_ref().map(serde_json::to_string).transpose()?,
                favourite,
            ])?;
        }
        Ok(())
    }
}
