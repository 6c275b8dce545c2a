//! Decisions in English.

use std::collections::HashMap;

use super::{Decision, FaceRef, PersonId, Who};

impl Decision {
    /// A decision in words, people by the names that they have now, with their numbers, which commands take.
    pub fn describe(&self, names: &HashMap<PersonId, String>) -> String {
        self.told(names, |name, id| format!("{name} ({id})"))
    }

    /// The same without the numbers of people who have a name.
    pub fn describe_by_name(&self, names: &HashMap<PersonId, String>) -> String {
        self.told(names, |name, _| name.to_owned())
    }

    fn told(&self, names: &HashMap<PersonId, String>, named: impl Fn(&str, &PersonId) -> String) -> String {
        let of = |faces: &[FaceRef]| count(faces.len() as u64, "face");
        // Somebody new, or gone since: by the name that they had then.
        let then = |id: &PersonId, name: &Option<String>| match name {
            Some(name) => named(name, id),
            None => Who { id: *id, name: None }.to_string(),
        };
        let who = |id: &PersonId| then(id, &names.get(id).cloned());
        let then = |id: &PersonId, name: &Option<String>| if name.is_some() { then(id, name) } else { who(id) };
        match self {
            Self::Name { person, name, faces } => format!("group {person} named {name}, {}", of(faces)),
            Self::Rename { person, from, to } => format!("{} renamed {to}", named(from, person)),
            Self::Merge { from, from_name, into, .. } => {
                format!("{} merged into {}", then(from, from_name), who(into))
            }
            Self::Hide { person, hidden: true, .. } => format!("{} hidden", who(person)),
            Self::Hide { person, .. } => format!("{} shown again", who(person)),
            Self::Ignore { person, ignored: true, .. } => format!("{} ignored as a stranger", who(person)),
            Self::Ignore { person, .. } => format!("{} no longer ignored", who(person)),
            Self::Favourite { person, favourite: true } => format!("{} made a favourite", who(person)),
            Self::Favourite { person, .. } => format!("{} no longer a favourite", who(person)),
            Self::Born { person, date: Some(date) } => format!("{} born on {date}", who(person)),
            Self::Born { person, date: None } => format!("birth date of {} cleared", who(person)),
            Self::Confirm { person, name, faces } => format!("{} confirmed as {}", of(faces), then(person, name)),
            Self::Reject { person, faces, .. } => format!("{} marked as not {}", of(faces), who(person)),
            Self::Split { from, into, name, faces, .. } => {
                format!("{} split from {}, now {}", of(faces), who(from), then(into, name))
            }
            Self::Draw { person, name, .. } => format!("a face drawn for {}", then(person, name)),
            Self::Import { from, people } => {
                let faces = people.iter().map(|person| person.faces.len() + person.drawn.len()).sum::<usize>();
                format!("{} imported from {from}, {}", count(faces as u64, "face"), count_people(people.len()))
            }
            Self::Cover { person, .. } => format!("cover of {} changed", who(person)),
            Self::Circle { name, people, .. } if people.is_empty() => format!("circle {name} deleted"),
            Self::Circle { name, people, .. } => {
                format!("circle {name}: {}", people.iter().map(who).collect::<Vec<_>>().join(", "))
            }
            Self::Remove { faces } => format!("{} removed", of(faces)),
            Self::Date { photos, date } => {
                let photos = count(photos.len() as u64, "photo");
                date.map_or_else(
                    || format!("{photos} dated by the files again"),
                    |date| format!("{photos} dated {date}"),
                )
            }
            Self::Edited { dated: Some(_), .. } => "a photo edited, with a date that you gave it".to_owned(),
            Self::Edited { faces, .. } => format!("a photo edited, with {}", count(faces.len() as u64, "known face")),
            Self::Undo { line } => format!("line {line} taken back"),
            Self::Redo { line } => format!("line {line} undone, so its decision stands again"),
        }
    }
}

fn count_people(number: usize) -> String {
    if number == 1 { "1 person".to_owned() } else { format!("{number} people") }
}

/// "1 photo", "2 photos".
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
