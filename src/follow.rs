//! Albums that follow a search: a folder of links to the photos found, kept up to date.
//!
//! What facetag has made in the folder is written down there. Nothing else in it is ever touched, be it a link that the user has
//! turned to another photo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::album::{link, numbered};
use crate::catalog::Hit;

/// The file in the folder that says which links are facetag's.
const MANIFEST: &str = ".facetag-album.json";

/// What was done to an album.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    pub made: u64,
    pub removed: u64,
    /// Links in the album now.
    pub links: u64,
}

/// Which links are facetag's: the name of each, and where it leads. Paths may be of any bytes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    links: Vec<(OsString, OsString)>,
}

/// Whether a folder is an album that follows a search.
pub fn is_followed(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// Makes links to these photos in a folder, which is made where it is not there, and removes those of facetag's links whose photos
/// are no longer among them.
///
/// # Errors
/// Those of the file system. What was done until then is written down.
pub fn follow(folder: &Path, hits: &[Hit]) -> io::Result<Followed> {
    fs::create_dir_all(folder)?;
    let before = read(folder)?;
    let mut done = Followed::default();
    // The links that are still what facetag made of them.
    let mut ours: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for (name, target) in before {
        if fs::read_link(folder.join(&name)).is_ok_and(|to| to == target) {
            ours.insert(name, target);
        }
    }
    let wanted: BTreeMap<&Path, &Hit> = hits.iter().map(|hit| (hit.path.as_path(), hit)).collect();
    let old: Vec<OsString> = ours
        .iter()
        .filter(|(_, target)| !wanted.contains_key(target.as_path()))
        .map(|(name, _)| name.clone())
        .collect();
    for name in old {
        fs::remove_file(folder.join(&name))?;
        ours.remove(&name);
        done.removed += 1;
    }
    let there: Vec<PathBuf> = ours.values().cloned().collect();
    let mut new: Vec<&Hit> = wanted.into_values().filter(|hit| !there.contains(&hit.path)).collect();
    new.sort_by(|a, b| (&a.taken, &a.path).cmp(&(&b.taken, &b.path)));
    let planned: Vec<(OsString, &Hit)> = {
        let mut taken: BTreeMap<OsString, PathBuf> = ours.clone();
        new.into_iter()
            .map(|hit| {
                let name = free_name(folder, hit, &taken);
                taken.insert(name.clone(), hit.path.clone());
                (name, hit)
            })
            .collect()
    };
    // Written down before it is made: what is made and not written down would stay for ever.
    let all = ours.iter().map(|(name, target)| (name.clone(), target.clone()));
    let all = all.chain(planned.iter().map(|(name, hit)| (name.clone(), hit.path.clone())));
    write(folder, all)?;
    for (name, hit) in planned {
        link(&hit.path, &folder.join(name))?;
        done.made += 1;
    }
    done.links = ours.len() as u64 + done.made;
    Ok(done)
}

/// `2024-07-03-IMG_1234.jpg`, or the next such name that is free.
fn free_name(folder: &Path, hit: &Hit, taken: &BTreeMap<OsString, PathBuf>) -> OsString {
    let mut name = OsString::new();
    if let Some(day) = hit.taken.as_deref().and_then(|taken| taken.split('T').next()) {
        name.push(format!("{day}-"));
    }
    name.push(hit.path.file_name().unwrap_or_default());
    for attempt in 1.. {
        let name = numbered(&name, attempt);
        if !taken.contains_key(&name) && fs::symlink_metadata(folder.join(&name)).is_err() {
            return name;
        }
    }
    unreachable!("some name is free")
}

fn read(folder: &Path) -> io::Result<Vec<(OsString, PathBuf)>> {
    let bytes = match fs::read(folder.join(MANIFEST)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
    Ok(manifest.links.into_iter().map(|(name, target)| (name, target.into())).collect())
}

fn write(folder: &Path, links: impl Iterator<Item = (OsString, PathBuf)>) -> io::Result<()> {
    let links = links.map(|(name, target)| (name, target.into_os_string())).collect();
    let half = folder.join(format!("{MANIFEST}.part"));
    fs::write(&half, serde_json::to_vec(&Manifest { version: 1, links })?)?;
    fs::rename(half, folder.join(MANIFEST))
}
