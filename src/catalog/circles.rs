//! Circles: people under one name, such as "Family". A circle can be given wherever a person can.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::decision::Decision;
use super::engine::{self, params};
use super::photos::Writer;
use super::text::{fold, has_joined_words, has_words, tidy};
use super::word::Merged;
use super::{Among, Catalog, CircleId, PersonId, Result, Who, WhoError};

/// People under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Circle {
    pub id: CircleId,
    pub name: String,
    /// By name.
    pub people: Vec<Who>,
}

/// Whom the user means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A person or group.
    One(Who),
    /// Everybody in a circle.
    Circle(Circle),
}

impl Whom {
    pub fn people(self) -> Vec<Who> {
        match self {
            Self::One(who) => vec![who],
            Self::Circle(circle) => circle.people,
        }
    }
}

impl Catalog {
    /// All circles, by name.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn circles(&self) -> Result<Vec<Circle>> {
        let sql = "SELECT circles.id, circles.name, people.id, people.name FROM circles
                   LEFT JOIN circle_members ON circle = circles.id LEFT JOIN people ON people.id = person
                   ORDER BY circles.key, circles.id, people.key NULLS FIRST, people.id";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut circles: Vec<Circle> = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if circles.last().is_none_or(|circle| circle.id != id) {
                circles.push(Circle { id, name: row.get(1)?, people: Vec::new() });
            }
            if let (Some(circle), Some(person)) = (circles.last_mut(), row.get(2)?) {
                circle.people.push(Who { id: person, name: row.get(3)? });
            }
        }
        Ok(circles)
    }

    /// The circle of this name, however it is typed, see [`fold`].
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn circle_called(&self, name: &str) -> Result<Option<Circle>> {
        self.circle_called_among(name, Among::Everybody)
    }

    pub(super) fn circle_called_among(&self, name: &str, among: Among) -> Result<Option<Circle>> {
        let key = fold(name);
        let mut circles = self.circles_among(among)?;
        circles.retain(|circle| fold(&circle.name) == key);
        let exact = circles.iter().position(|circle| circle.name == tidy(name));
        Ok(circles.into_iter().nth(exact.unwrap_or(0)))
    }

    /// The circles of which everybody is among some people.
    fn circles_among(&self, among: Among) -> Result<Vec<Circle>> {
        let mut circles = self.circles()?;
        circles.retain(|circle| match among {
            Among::Everybody => true,
            Among::These(_) => !circle.people.is_empty() && circle.people.iter().all(|who| among.has(who.id)),
        });
        Ok(circles)
    }

    /// The number that the next circle will have.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn next_circle(&self) -> Result<CircleId> {
        Ok(CircleId(self.connection.last_number("circles")? + 1))
    }

    /// Whom the user means: a person or group, as [`Catalog::who`] finds them, or a circle, by its name or whole words of it
    /// that no person has.
    ///
    /// # Errors
    /// Those of [`Catalog::who`]; [`WhoError::Ambiguous`] where a person and a circle have one name.
    pub fn whom(&self, who: &str) -> std::result::Result<Whom, WhoError> {
        self.whom_among(who, Among::Everybody)
    }

    pub(super) fn whom_among(&self, who: &str, among: Among) -> std::result::Result<Whom, WhoError> {
        if let Some(circle) = self.circle_called_among(who, among)? {
            return match self.person_called_among(who, among)? {
                Some(person) => {
                    let candidates = std::iter::once(person).chain(circle.people).collect();
                    Err(WhoError::Ambiguous { who: who.to_owned(), candidates })
                }
                None => Ok(Whom::Circle(circle)),
            };
        }
        match self.who_among(who, among) {
            Err(WhoError::Unknown { who, near }) => {
                let key = fold(&who);
                let mut circles = self.circles_among(among)?;
                circles.retain(|circle| {
                    let name = fold(&circle.name);
                    has_words(&name, &key) || has_joined_words(&name, &key)
                });
                match circles.len() {
                    1 => Ok(Whom::Circle(circles.remove(0))),
                    _ => Err(WhoError::Unknown { who, near }),
                }
            }
            found => found.map(Whom::One),
        }
    }

    /// Everybody whom the user means, each once.
    ///
    /// # Errors
    /// Those of [`Catalog::whom`].
    pub fn everybody(&self, who: &[String]) -> std::result::Result<Vec<Who>, WhoError> {
        let (mut people, mut known) = (Vec::new(), BTreeSet::new());
        for who in who {
            people.extend(self.whom(who)?.people().into_iter().filter(|who| known.insert(who.id)));
        }
        Ok(people)
    }
}

impl Writer<'_> {
    /// Carries a decision out on circles: in each circle, a person who is merged into another is replaced by them.
    pub(super) fn carry_out_on_circles(&mut self, decision: &Decision) -> Result<()> {
        match decision {
            Decision::Circle { circle, name, people } => {
                let members: BTreeSet<PersonId> = people.iter().copied().collect();
                self.store_circle(*circle, name, &members)
            }
            Decision::Merge { from, into, .. } => {
                let sql = "INSERT INTO circle_members (circle, person)
                           SELECT circle, CAST(?2 AS BIGINT) FROM circle_members WHERE person = ?1 ON CONFLICT DO NOTHING";
                self.connection.prepare(sql)?.execute([from, into])?;
                self.connection.prepare("DELETE FROM circle_members WHERE person = ?1")?.execute([from])?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Only what differs is written: an undo is to find what has changed, and no more.
    fn store_circle(&mut self, id: CircleId, name: &str, members: &BTreeSet<PersonId>) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT person FROM circle_members WHERE circle = ?1")?;
        let known: BTreeSet<PersonId> = statement.query_map([id], |row| row.get(0))?.collect::<engine::Result<_>>()?;
        if !members.is_empty() {
            let sql = "INSERT INTO circles (id, name, key) VALUES (?1, ?2, ?3)
                       ON CONFLICT (id) DO UPDATE SET name = excluded.name, key = excluded.key";
            self.connection.prepare(sql)?.execute(params![id, tidy(name), fold(name)])?;
        }
        for person in members.difference(&known) {
            let sql = "INSERT INTO circle_members (circle, person) VALUES (?1, ?2)";
            self.connection.prepare(sql)?.execute(params![id, person])?;
        }
        for person in known.difference(members) {
            let sql = "DELETE FROM circle_members WHERE circle = ?1 AND person = ?2";
            self.connection.prepare(sql)?.execute(params![id, person])?;
        }
        if members.is_empty() {
            self.connection.prepare("DELETE FROM circles WHERE id = ?1")?.execute([id])?;
        }
        Ok(())
    }

    /// Rebuilds all circles from the journal, for decisions whose changes were not recorded.
    pub(super) fn derive_circles(&mut self) -> Result<()> {
        let sql = "SELECT id, decision FROM journal WHERE decision ->> 'do' = 'circle'
                   AND EXISTS (SELECT 1 FROM lines WHERE origin = journal.id AND role = 'decision' AND active) ORDER BY id";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut merges = self.merges()?.into_iter().peekable();
        let mut circles: BTreeMap<CircleId, (String, BTreeSet<PersonId>)> = BTreeMap::new();
        let merge = |circles: &mut BTreeMap<CircleId, (String, BTreeSet<PersonId>)>,
                     Merged { from, into, .. }: Merged| {
            for (_, members) in circles.values_mut() {
                if members.remove(&from) {
                    members.insert(into);
                }
            }
        };
        while let Some(row) = rows.next()? {
            let line = row.get(0)?;
            while let Some(merged) = merges.next_if(|merged| merged.line < line) {
                merge(&mut circles, merged);
            }
            if let Decision::Circle { circle, name, people } =
                serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or(""))?
            {
                circles.insert(circle, (name, people.into_iter().collect()));
            }
        }
        merges.for_each(|merged| merge(&mut circles, merged));
        let mut statement = self.connection.prepare("SELECT id FROM circles")?;
        let known = statement.query_map([], |row| row.get(0))?.collect::<engine::Result<Vec<CircleId>>>()?;
        for id in known {
            circles.entry(id).or_default();
        }
        circles.into_iter().try_for_each(|(id, (name, members))| self.store_circle(id, &name, &members))
    }
}
