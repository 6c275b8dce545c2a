//! `facetag circle`: people under one name.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::Exit;
use super::args::Circle as Wanted;
use super::output::{decided, json, say, table};
use crate::catalog::{Circle, Library, Who};
use crate::people::{decide, open};

pub(super) fn run(library: &Library, args: &Wanted) -> Result<Exit> {
    let (mut catalog, pack) = open(library)?;
    let Some(name) = &args.name else {
        let circles = catalog.circles()?;
        if args.json {
            json(&circles)?;
            return Ok(Exit::Well);
        }
        if circles.is_empty() {
            say("There are no circles yet: `facetag circle Family Anna Ben` makes one.")?;
            return Ok(Exit::Partly);
        }
        let rows: Vec<_> = circles.iter().map(|circle| vec![circle.name.clone(), members(circle)]).collect();
        table(&mut std::io::stdout().lock(), &["CIRCLE", "PEOPLE"], &[], &rows)?;
        return Ok(Exit::Well);
    };
    let changes = args.delete || args.rename.is_some() || !args.who.is_empty() || !args.remove.is_empty();
    if !changes {
        match catalog.circle_called(name)? {
            Some(circle) if args.json => json(&circle)?,
            Some(circle) => say(&format!("{}: {}.", circle.name, members(&circle)))?,
            None => bail!(
                "there is no circle {name:?}: `facetag circle` lists them, `facetag circle {name:?} WHO...` makes one"
            ),
        }
        return Ok(Exit::Well);
    }
    let (name, done) = decide(&mut catalog, &pack, |deciding| -> Result<_> {
        let known = deciding.circle_called(name)?;
        if args.delete {
            let circle = deciding.circle(name)?;
            deciding.remove_circle(&circle)?;
            return Ok(circle.name);
        }
        let Some(circle) = known else {
            if args.who.is_empty() {
                deciding.circle(name)?;
            }
            let people = deciding.everybody(&args.who)?;
            deciding.new_circle(name, &people)?;
            return Ok(name.clone());
        };
        let mut people: Vec<Who> = circle.people.clone();
        let new = deciding.everybody(&args.who)?;
        people.extend(new.into_iter().filter(|who| !circle.people.contains(who)));
        let gone: BTreeSet<_> = deciding.everybody(&args.remove)?.into_iter().map(|who| who.id).collect();
        if let Some(nobody) = gone.iter().find(|id| !people.iter().any(|who| who.id == **id)) {
            let who = deciding.person(*nobody)?.map_or_else(|| nobody.to_string(), |who| who.to_string());
            bail!("{who} is not in {}: `facetag circle {:?}` lists who is", circle.name, circle.name);
        }
        people.retain(|who| !gone.contains(&who.id));
        let name = args.rename.as_ref().unwrap_or(&circle.name);
        deciding.change_circle(&circle, name, &people)?;
        Ok(name.clone())
    })?;
    if args.json {
        return decided(&catalog, &[done]);
    }
    match catalog.circle_called(&name)? {
        Some(circle) => say(&format!("{}: {}.", circle.name, members(&circle)))?,
        None => say(&format!("The circle {name} is deleted; its people stay as they are."))?,
    }
    Ok(Exit::Well)
}

fn members(circle: &Circle) -> String {
    circle.people.iter().map(Who::to_string).collect::<Vec<_>>().join(", ")
}
