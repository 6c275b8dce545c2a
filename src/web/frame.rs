//! What is around every page: its title, the way to the others, and what was just done.

use super::access::Visitor;
use super::error::PageError;
use super::text::Words;
use super::visit::{Reader, Visit};
use crate::catalog::{Catalog, Decision, LineId};

/// The pages that can be gone to from everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    People,
    Questions,
    Search,
    Scan,
    History,
}

/// Decisions that are told one by one.
const TOLD: usize = 20;

/// What `layout.html` shows.
pub(super) struct Frame {
    pub words: &'static Words,
    pub title: String,
    pub done: Option<Done>,
    /// Whoever looks may change the library: otherwise forms that do are not shown.
    pub may_change: bool,
    /// Guests see the search alone.
    pub is_guest: bool,
    /// `None` where there is nowhere to go, as for those who are not let in.
    tab: Option<Tab>,
}

/// What was just done, and how to take it back.
pub(super) struct Done {
    pub text: String,
    /// Where the form goes that takes it back: to `undo`, or to `redo` where it was an undo itself.
    pub back: &'static str,
    pub first: LineId,
    pub last: LineId,
}

impl Frame {
    pub fn new(catalog: &Catalog, visit: &Visit, tab: Tab, title: impl Into<String>) -> Result<Self, PageError> {
        let done = if visit.reader.may_change { done(catalog, visit)? } else { None };
        let Reader { visitor, may_change } = visit.reader;
        let is_guest = visitor == Visitor::Guest;
        Ok(Self { words: visit.words, title: title.into(), done, may_change, is_guest, tab: Some(tab) })
    }

    /// Without the library.
    pub fn bare(words: &'static Words, title: impl Into<String>) -> Self {
        Self { words, title: title.into(), done: None, may_change: true, is_guest: false, tab: None }
    }

    /// The pages to go to: address, name, whether this is it.
    pub fn links(&self) -> Vec<(&'static str, &'static str, bool)> {
        let Some(here) = self.tab else { return Vec::new() };
        let words = &self.words.frame;
        [
            ("/people", words.people, Tab::People),
            ("/questions", words.questions, Tab::Questions),
            ("/search", words.search, Tab::Search),
            ("/scan", words.scan, Tab::Scan),
            ("/history", words.history, Tab::History),
        ]
        .into_iter()
        .filter(|(_, _, tab)| !self.is_guest || *tab == Tab::Search)
        .map(|(path, name, tab)| (path, name, tab == here))
        .collect()
    }
}

/// What the lines say that were just written, unless something was decided since.
fn done(catalog: &Catalog, visit: &Visit) -> Result<Option<Done>, PageError> {
    let Some((first, last)) = visit.done.as_ref().map(|lines| (*lines.start(), *lines.end())) else { return Ok(None) };
    let words = visit.words;
    let newest = (catalog.newest_line()?, catalog.newest_undone()?);
    // Nothing else is read for it: the banner is on every page that was just changed.
    if newest.0 != Some(last) && newest.1 != Some(last) {
        return Ok(None);
    }
    let names = catalog.names()?;
    let mut told = Vec::new();
    let mut undone = false;
    // Whatever the address says.
    let lines = first.0.max(1)..=last.0;
    let count = usize::try_from(lines.end().saturating_sub(*lines.start())).unwrap_or(usize::MAX).saturating_add(1);
    for line in lines.take(TOLD) {
        if let Some(entry) = catalog.entry(LineId(line))? {
            undone |= matches!(entry.line.decision, Decision::Undo { .. });
            told.push((words.describe)(&entry.about.decision, &names));
        }
    }
    if count > TOLD {
        told.push((words.frame.more)(&(count - TOLD)));
    }
    let told = told.join("; ");
    let (newest, back, text) = match undone {
        true => (newest.1, "redo", (words.frame.undone)(&told)),
        false => (newest.0, "undo", (words.frame.done)(&told)),
    };
    Ok((newest == Some(last)).then_some(Done { text, back, first, last }))
}
