//! `facetag export`: the contract with other programs, described in the README.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::Exit;
use super::args::{self, Format};
use crate::catalog::{Catalog, FaceId, FaceRow, Library, PersonId, PhotoId, State};
use crate::face::{Embedding, PackInfo};
use crate::people::open;
use crate::printable::json_text;

/// Changed only when a program that reads the old form would go wrong.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Photo {
    path: String,
    /// BLAKE3 of the file, hexadecimal.
    hash: String,
    width: u32,
    height: u32,
    taken: Option<String>,
    gps: Option<[f64; 2]>,
    faces: Vec<Face>,
}

#[derive(Serialize)]
struct Face {
    id: FaceId,
    #[serde(rename = "box")]
    bounds: [f32; 4],
    score: f32,
    quality: f32,
    /// The number of its group, which a person keeps.
    group: Option<PersonId>,
    person: Option<Person>,
    state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Embedding>,
}

#[derive(Serialize)]
struct Person {
    id: PersonId,
    name: String,
}

pub(super) fn run(library: &Library, args: &args::Export) -> Result<Exit> {
    let (catalog, pack) = open(library)?;
    let Format::Json = args.format;
    let Some(path) = &args.output else {
        write(BufWriter::new(std::io::stdout().lock()), &catalog, &pack, args.embeddings)?;
        return Ok(Exit::Well);
    };
    let named = || path.display().to_string();
    if path.symlink_metadata().is_ok() {
        bail!("{}: there is a file of that name: give another one", named());
    }
    // Under its name only once it is complete, and readable by its owner alone: there are faces in it.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(folder).with_context(named)?;
    let written = write(BufWriter::new(file.as_file()), &catalog, &pack, args.embeddings);
    written.and_then(|()| Ok(file.as_file().sync_all()?)).with_context(named)?;
    file.persist_noclobber(path).map_err(|error| error.error).with_context(named)?;
    Ok(Exit::Well)
}

fn write(mut out: impl Write, catalog: &Catalog, pack: &PackInfo, embeddings: bool) -> Result<()> {
    // Photo by photo, so that a large library needs no large memory.
    write!(out, "{{\"version\":{VERSION},\"pack\":{},\"photos\":[", serde_json::to_string(&pack.name)?)?;
    let names = catalog.names()?;
    for (index, (path, photo)) in catalog.files_with_photos()?.into_iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        let faces = catalog.faces_in(photo)?.into_iter().map(|face| {
            let embedding = if embeddings { catalog.embedding(face.id, &pack.name)? } else { None };
            Ok(describe(&face, face.person.and_then(|person| names.get(&person)), embedding))
        });
        let faces = faces.collect::<Result<_>>()?;
        let photo = describe_photo(catalog, photo, path.display().to_string(), faces)?;
        out.write_all(json_text(&photo, false)?.as_bytes())?;
    }
    writeln!(out, "\n]}}")?;
    Ok(out.flush()?)
}

fn describe_photo(catalog: &Catalog, photo: PhotoId, path: String, faces: Vec<Face>) -> Result<Photo> {
    let photo = catalog.photo(photo)?;
    Ok(Photo {
        path,
        hash: blake3::Hash::from(photo.hash).to_hex().to_string(),
        width: photo.width,
        height: photo.height,
        taken: photo.taken,
        gps: photo.gps.map(|gps| [gps.latitude, gps.longitude]),
        faces,
    })
}

fn describe(face: &FaceRow, name: Option<&String>, embedding: Option<Embedding>) -> Face {
    let person = face.person.zip(name).map(|(id, name)| Person { id, name: name.clone() });
    Face {
        id: face.id,
        bounds: [face.bounds.x, face.bounds.y, face.bounds.width, face.bounds.height],
        score: face.score,
        quality: face.quality,
        group: face.person,
        // How it came to a name says nothing where there is none.
        state: face.state.filter(|_| person.is_some()),
        person,
        embedding,
    }
}
