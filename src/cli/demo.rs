//! `facetag demo`: a few photos that are inside the program, scanned into a library of their own.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result};

use super::args::People;
use super::output::plain;
use super::scan::{Progress, shown};
use super::{Exit, people};
use crate::catalog::Library;
use crate::scan::Options;

macro_rules! photos {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../demo/", $name)).as_slice())),*]
    };
}

/// Names and bytes; where they come from is told in `demo/README.md`.
const PHOTOS: &[(&str, &[u8])] = photos![
    "biden-2010-blue-room.jpg",
    "collins-sts93.jpg",
    "hopper-1984.jpg",
    "obama-2009-congress.jpg",
    "obama-2010-blue-room.jpg",
    "obama-2010-rose-garden.jpg",
    "obama-2012-portrait.jpg",
    "obama-2016-oval-office.jpg",
    "situation-room-2011-left.jpg",
    "situation-room-2011.jpg",
];

pub(super) fn run(library: &Library, as_json: bool) -> Result<Exit> {
    // Beside the user's library, never in it.
    library.create()?;
    let folder = library.folder().join("demo");
    let photos = folder.join("photos");
    fs::create_dir_all(&photos).with_context(|| photos.display().to_string())?;
    for (name, bytes) in PHOTOS {
        let path = photos.join(name);
        if !path.exists() {
            fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        }
    }

    let demo = Library::at(folder.join("library"));
    if shown(&demo, std::slice::from_ref(&photos), Options::default(), &mut Progress::new())?.interrupted {
        return Ok(Exit::Interrupted);
    }
    let everybody = People { all: true, hidden: false, ignored: false, json: as_json };
    if as_json {
        return people::run(&demo, &everybody);
    }
    let at = plain(demo.folder());
    writeln!(std::io::stdout(), "{} photos in {}, and the people in them:\n", PHOTOS.len(), plain(&photos))?;
    people::run(&demo, &everybody)?;
    writeln!(
        std::io::stdout(),
        "\nThis library is the demo's own. To go on with it:\n\n    export FACETAG_LIBRARY=\"{at}\"\n    \
         facetag name 1 \"Barack Obama\"\n    facetag find Barack\n\nFor your own photos: facetag scan ~/Pictures"
    )?;
    Ok(Exit::Well)
}
