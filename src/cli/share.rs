//! `facetag share`

use anyhow::Result;

use super::Exit;
use super::output::{json, note};
use crate::catalog::Library;
use crate::people::open;
use crate::tags::share;

pub(super) fn run(library: &Library, who: &[String]) -> Result<Exit> {
    let (catalog, _) = open(library)?;
    let people: Vec<_> = catalog.everybody(who)?.iter().map(|who| who.id).collect();
    let shared = share(&catalog, (!who.is_empty()).then_some(people.as_slice()))?;
    json(&shared)?;
    if shared.people.is_empty() {
        note("Nobody has a name yet: `facetag name NUMBER NAME` gives one.");
        return Ok(Exit::Partly);
    }
    Ok(Exit::Well)
}
