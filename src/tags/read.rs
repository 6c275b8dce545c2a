//! What all programs say of one photo, and which of them counts.
//!
//! A field in a sidecar counts more than the same field in the photo, and that of `IMG.jpg.xmp` more than that of `IMG.xmp`.
//! Among regions, MWG's count most, then Microsoft's, ACDSee's and Picasa's: what another adds is kept, what contradicts is not.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use super::picasa::{Contacts, Ini};
use super::rdf::{Namespace, Properties, Value};
use super::sidecar::{Folder, is_of_another};
use super::{Region, acdsee, compose, keywords, matching, microsoft, mwg, takeout, to_upright};
use crate::catalog::fold;
use crate::metadata::packets::xmp_packets;
use crate::photo::{self, Orientation};

/// Where names are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// XMP in photos and sidecars: digiKam, Lightroom, Windows, Immich and others
    Xmp,
    /// .picasa.ini and contacts.xml
    Picasa,
    /// JSON of a Google Takeout
    Takeout,
}

/// Who is in a photo, as other programs have it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tags {
    /// With boxes, in fractions of the upright photo.
    pub regions: Vec<Region>,
    /// Without boxes; nobody of whom there is a region.
    pub people: Vec<String>,
    /// When this was written at the latest.
    pub at: Option<Timestamp>,
    /// Some of it is facetag's own.
    pub is_ours: bool,
}

/// A file that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub path: PathBuf,
    pub problem: String,
}

/// Reads names, and remembers what lies in each folder.
#[derive(Debug)]
pub struct Reader {
    sources: Vec<Source>,
    folders: Mutex<HashMap<PathBuf, Arc<Beside>>>,
    contacts: Contacts,
    problems: Mutex<Vec<Problem>>,
}

/// What lies in a folder beside the photos.
#[derive(Debug)]
struct Beside {
    folder: Folder,
    picasa: Option<(Ini, Contacts, Option<Timestamp>)>,
}

/// What one file says, in boxes of the stored photo.
#[derive(Debug, Clone, Default)]
struct Layer {
    /// In the order in which they count.
    regions: [Option<Vec<Region>>; 4],
    /// By field.
    people: BTreeMap<&'static str, Vec<String>>,
    at: Option<Timestamp>,
    is_ours: bool,
}

const XMP: Namespace = ("xmp", "http://ns.adobe.com/xap/1.0/");

/// Two boxes in one list that overlap so much are one face.
const DOUBLE: f32 = 0.5;

impl Reader {
    /// A reader that looks in `sources`; `contacts` are Picasa's, for photos beside which there are none.
    pub fn new(sources: &[Source], contacts: Contacts) -> Self {
        Self { sources: sources.to_vec(), folders: Mutex::default(), contacts, problems: Mutex::default() }
    }

    /// The names that other programs keep for the photo in `bytes`, which lies at `path` and is turned upright by `orientation`.
    pub fn read(&self, path: &Path, bytes: &[u8], orientation: Orientation) -> Tags {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Tags::default() };
        let beside = self.beside(path.parent().unwrap_or(Path::new("")));
        let mut layer = Layer::default();
        if self.sources.contains(&Source::Xmp) {
            let sidecars = beside.folder.sidecars(name).into_iter().filter_map(|sidecar| self.sidecar(&sidecar, name));
            let embedded = xmp_packets(bytes);
            let embedded = embedded.iter().filter_map(|packet| self.packet(packet, path, written(path)));
            layer = sidecars.chain(embedded.map(|(_, layer)| layer)).fold(layer, Layer::over);
        }
        if self.sources.contains(&Source::Picasa)
            && let Some((ini, contacts, at)) = &beside.picasa
        {
            let mut known = contacts.clone();
            known.add(self.contacts.clone());
            if let Some(regions) = ini.regions(name, &known) {
                layer = layer.over(Layer { regions: [None, None, None, Some(regions)], at: *at, ..Layer::default() });
            }
        }
        if self.sources.contains(&Source::Takeout)
            && let Some(json) = takeout::json_of(name, &beside.folder)
            && let Some(names) = self.contents(&json).and_then(|bytes| self.understood(&json, takeout::read(&bytes)))
        {
            let people = BTreeMap::from([("takeout", names)]);
            layer = layer.over(Layer { people, at: written(&json), ..Layer::default() });
        }
        layer.tags(orientation)
    }

    /// What could not be understood so far, each file once.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        problems.dedup();
        problems
    }

    fn sidecar(&self, sidecar: &Path, photo: &str) -> Option<Layer> {
        let (properties, layer) = self.packet(&self.contents(sidecar)?, sidecar, written(sidecar))?;
        (!is_of_another(&properties, photo)).then_some(layer)
    }

    fn packet(&self, packet: &[u8], path: &Path, written: Option<Timestamp>) -> Option<(Properties, Layer)> {
        let properties = self.understood(path, Properties::parse(packet))?;
        let layer = Layer::of(&properties, written);
        Some((properties, layer))
    }

    fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        self.understood(path, photo::read(path))
    }

    fn understood<T, E: ToString>(&self, path: &Path, result: Result<T, E>) -> Option<T> {
        let problem = match result {
            Ok(value) => return Some(value),
            Err(error) => Problem { path: path.to_owned(), problem: error.to_string() },
        };
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
        None
    }

    fn beside(&self, folder: &Path) -> Arc<Beside> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(beside) = folders.get(folder) {
            return Arc::clone(beside);
        }
        let listed = Folder::read(folder);
        let mut picasa = None;
        if self.sources.contains(&Source::Picasa) {
            let ini = [".picasa.ini", "picasa.ini"].iter().find_map(|name| listed.find(name));
            let ini = ini.and_then(|path| Some((Ini::parse(&self.contents(&path)?), written(&path))));
            let contacts = listed.find("contacts.xml");
            let contacts = contacts.and_then(|path| self.understood(&path, Contacts::parse(&self.contents(&path)?)));
            picasa = ini.map(|(ini, at)| (ini, contacts.unwrap_or_default(), at));
        }
        let beside = Arc::new(Beside { folder: listed, picasa });
        folders.insert(folder.to_owned(), Arc::clone(&beside));
        beside
    }
}

/// When a file was written.
fn written(path: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::now());
    Timestamp::from_second(modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)).ok()
}

impl Layer {
    fn of(properties: &Properties, written: Option<Timestamp>) -> Self {
        let ours = compose::ours(properties);
        let mut people: BTreeMap<_, _> = keywords::read(properties).into_iter().collect();
        let read = [mwg::read(properties), microsoft::read(properties), acdsee::read(properties)];
        let fields = ["mwg-rs:Regions", "MP:RegionInfo", "acdsee-rs:Regions"];
        let mut regions = [const { None }; 4];
        for ((slot, read), field) in regions.iter_mut().zip(read).zip(fields) {
            if let Some((mut found, without_box)) = read {
                found.iter_mut().for_each(|region| region.ours = ours.contains_region(region));
                *slot = Some(found);
                people.insert(field, without_box);
            }
        }
        for names in people.values_mut() {
            names.retain(|name| !ours.contains_name(name));
        }
        // A file that was copied looks newer than it is.
        let stated = properties.get(XMP, "MetadataDate").and_then(Value::text).and_then(|text| text.parse().ok());
        let at = match (stated, written) {
            (Some(stated), Some(written)) => Some(written.min(stated)),
            (stated, written) => stated.or(written),
        };
        Self { regions, people, at, is_ours: !ours.is_empty() }
    }

    /// This layer, with the fields that it lacks from another.
    fn over(self, below: Self) -> Self {
        let mut regions = self.regions;
        for (above, below) in regions.iter_mut().zip(below.regions) {
            *above = above.take().or(below);
        }
        let mut people = below.people;
        people.extend(self.people);
        Self { regions, people, at: self.at.max(below.at), is_ours: self.is_ours || below.is_ours }
    }

    fn tags(self, orientation: Orientation) -> Tags {
        let mut regions: Vec<Region> = Vec::new();
        for mut list in self.regions.into_iter().flatten() {
            let is_same = |a: &Region, b: &Region| fold(&a.name) == fold(&b.name);
            // Boxes of the upright photo, of which some programs write some: none of them can be trusted.
            let contradicts = |region: &Region| {
                let known: Vec<&Region> = regions.iter().filter(|known| is_same(known, region)).collect();
                !known.is_empty() && known.iter().all(|known| matching::affinity(&known.bounds, &region.bounds) == 0.0)
            };
            if list.iter().any(contradicts) {
                continue;
            }
            for region in list.drain(..) {
                let is_double = |known: &Region| known.bounds.iou(&region.bounds) >= DOUBLE;
                let is_known =
                    |known: &Region| matching::affinity(&known.bounds, &region.bounds) > 0.0 && is_same(known, &region);
                if !regions.iter().any(|known| is_double(known) || is_known(known)) {
                    regions.push(region);
                }
            }
        }
        let mut people: Vec<String> = Vec::new();
        for name in self.people.into_values().flatten() {
            let folded = fold(&name);
            let with_box = regions.iter().map(|region| &region.name);
            if !people.iter().chain(with_box).any(|known| fold(known) == folded) {
                people.push(name);
            }
        }
        for region in &mut regions {
            region.bounds = to_upright(region.bounds, orientation);
        }
        Tags { regions, people, at: self.at, is_ours: self.is_ours }
    }
}
