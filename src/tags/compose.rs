//! Our names -> an XMP packet in which all else stays as it was.
//!
//! Entries of other programs are never changed, and none is written that is there already. Which entries are facetag's is known in two
//! ways: the library keeps what was written where, as [`Ours`]; and each packet lists it in a property of its own, `facetag:Written`,
//! for other libraries, and where other programs copy a packet elsewhere.

use std::collections::BTreeSet;

use super::keywords::{DIGIKAM, IPTC, LIGHTROOM};
use super::matching::affinity;
use super::microsoft::{MP, MPREG, MPRI, rectangle};
use super::mwg::{AREA, DIMENSIONS, MWG, area};
use super::rdf::{Namespace, Properties, RDF, Value, X, is_list, value};
use super::xml::{Document, Element, Node, XmlError};
use super::{Region, centred, cut};
use crate::catalog::{fold, tidy};
use crate::face::BoundingBox;

const FACETAG: Namespace = ("facetag", "urn:facetag:1.0/");

/// The keyword above those of people.
const ROOT: &str = "People";

/// What cannot be added to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error(transparent)]
    Xml(#[from] XmlError),
    #[error("it holds XML that is no XMP")]
    NoXmp,
}

/// A face to write.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedFace {
    pub name: String,
    /// In fractions of the stored photo.
    pub bounds: BoundingBox,
    /// Whether it is to be added; otherwise what was written of it before only stays.
    pub add: bool,
}

/// A packet with our names.
#[derive(Debug, Clone, PartialEq)]
pub struct Composed {
    /// `None` where nothing is to be changed.
    pub packet: Option<String>,
    /// Faces of which something was added, be it in one format; renamed ones too.
    pub added: usize,
    /// Faces that were removed or renamed.
    pub removed: usize,
    /// Our name and that of a region of another program, which stays.
    pub conflicts: Vec<(String, String)>,
    /// What of the packet is facetag's then.
    pub ours: Ours,
}

/// A list in which names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Mwg,
    Microsoft,
    Person,
    DigiKam,
    Lightroom,
}

const FIELDS: [Field; 5] = [Field::Mwg, Field::Microsoft, Field::Person, Field::DigiKam, Field::Lightroom];

/// An item that facetag wrote, or is to write.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    field: Field,
    name: String,
    /// Of the stored photo, for regions.
    bounds: Option<BoundingBox>,
}

/// What facetag wrote into a packet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ours(Vec<Mark>);

/// An entry of facetag, by which it is known again: names only as hashes, so that they can be kept of whoever is forgotten.
#[derive(Debug, Clone, PartialEq)]
struct Mark {
    field: Field,
    /// Of the name of a region; of the whole text of anything else.
    text: blake3::Hash,
    /// Of the stored photo, for regions.
    bounds: Option<BoundingBox>,
}

/// Reads what a packet itself lists as written by facetag.
pub fn ours(properties: &Properties) -> Ours {
    let written = properties.get(FACETAG, "Written").map_or(&[][..], Value::items);
    Ours(written.iter().filter_map(Value::text).filter_map(Entry::parse).map(|entry| Mark::of(&entry)).collect())
}

/// The entries of a packet that are facetag's, given those that the library has `recorded`.
pub fn held(packet: Option<&[u8]>, recorded: Ours) -> Ours {
    let document = packet.and_then(|packet| Document::parse(packet).ok());
    let mut held = document.as_ref().map_or_else(Ours::default, |document| known(document, recorded));
    if let Some(rdf) = document.as_ref().and_then(|document| document.find(RDF, "RDF")) {
        held.0.retain(|mark| items(rdf, mark.field).iter().any(|item| mark.is_item(item)));
    }
    held
}

/// What facetag wrote into a packet, as it says itself or, where a program has left that out, as the library knows.
fn known(document: &Document, recorded: Ours) -> Ours {
    let listed = ours(&Properties::of(document));
    match document.find(RDF, "RDF") {
        Some(rdf) if listed.is_empty() => recorded.in_packet(rdf),
        _ => listed,
    }
}

impl Ours {
    /// What [`Ours::texts`] gave.
    pub fn parse(texts: &[String]) -> Self {
        Self(texts.iter().filter_map(|text| Mark::parse(text)).collect())
    }

    /// As the library keeps it.
    pub fn texts(&self) -> Vec<String> {
        // In order, each once.
        self.0.iter().map(Mark::text).collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub fn contains_region(&self, region: &Region) -> bool {
        let text = hash(&region.name);
        self.0.iter().any(|mark| mark.text == text && is_at(mark.bounds.as_ref(), Some(&region.bounds)))
    }

    pub fn contains_name(&self, name: &str) -> bool {
        let is_name = |mark: &Mark| mark.text == hash(&mark.field.text(name));
        self.0.iter().any(|mark| mark.bounds.is_none() && is_name(mark))
    }

    fn contains(&self, entry: &Entry) -> bool {
        self.0.iter().any(|mark| mark.is(entry))
    }

    /// What was written into an earlier form of a packet that another program has changed since; nothing if none of our regions is
    /// left, for then the packet is new, and a keyword in it may be the same as ours by chance.
    fn in_packet(self, rdf: &Element) -> Self {
        let is_there = |mark: &Mark| items(rdf, mark.field).iter().any(|item| mark.is_item(item));
        let mut regions = self.0.iter().filter(|mark| mark.bounds.is_some()).peekable();
        if regions.peek().is_none() || regions.any(is_there) { self } else { Self::default() }
    }
}

impl Mark {
    fn of(entry: &Entry) -> Self {
        let Entry { field, name, bounds } = entry;
        let text = if bounds.is_some() { name.clone() } else { field.text(name) };
        Self { field: *field, text: hash(&text), bounds: *bounds }
    }

    /// `mwg:0.123456,0.2,0.1,0.1:HASH` or `person:HASH`
    fn text(&self) -> String {
        Entry { field: self.field, name: self.text.to_hex().to_string(), bounds: self.bounds }.text()
    }

    fn parse(text: &str) -> Option<Self> {
        let Entry { field, name, bounds } = Entry::parse(text)?;
        Some(Self { field, text: blake3::Hash::from_hex(name).ok()?, bounds })
    }

    fn is(&self, entry: &Entry) -> bool {
        let Self { field, text, bounds } = Self::of(entry);
        self.field == field && self.text == text && is_at(self.bounds.as_ref(), bounds.as_ref())
    }

    fn is_item(&self, item: &Element) -> bool {
        let value = value(item);
        match self.field.read(&value) {
            Some((name, bounds)) if self.field.has_boxes() => {
                self.text == hash(&name) && is_at(self.bounds.as_ref(), bounds.as_ref())
            }
            _ => value.text().is_some_and(|text| self.text == hash(text)),
        }
    }
}

/// Of a text in whatever Unicode form a program has it.
fn hash(text: &str) -> blake3::Hash {
    blake3::hash(tidy(text).as_bytes())
}

/// The same box, but for how programs round it.
fn is_at(one: Option<&BoundingBox>, other: Option<&BoundingBox>) -> bool {
    match (one, other) {
        (Some(a), Some(b)) => {
            let near = |a: f32, b: f32| (a - b).abs() < 0.002;
            near(a.x, b.x) && near(a.y, b.y) && near(a.width, b.width) && near(a.height, b.height)
        }
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// The packet to write into, and what is known of it.
#[derive(Debug, Clone, Default)]
pub struct Packets<'a> {
    /// `None` for a new one.
    pub packet: Option<&'a [u8]>,
    /// What the library knows to have written there.
    pub ours: Ours,
    /// The packet that a sidecar hides, list by list: that in the photo itself.
    pub base: Option<&'a [u8]>,
    /// What the library knows to have written there.
    pub base_ours: Ours,
}

/// Puts names into a packet, or a new one: those of all `faces` in the photo, whose stored size in pixels is `size`. Entries
/// that facetag wrote before and that are no longer so are taken out. A sidecar's packet hides that in the photo itself:
/// a new one begins as a copy of it, and so does each list that it does not have yet and that is to be changed.
///
/// # Errors
/// The packet cannot be read.
pub fn compose(target: Packets, size: (u32, u32), faces: &[NamedFace]) -> Result<Composed, ComposeError> {
    let is_there = |packet: &&[u8]| !packet.iter().all(u8::is_ascii_whitespace);
    // What is damaged in the photo need not be so in its sidecar.
    let base = target.base.filter(is_there).and_then(|base| Document::parse(base).ok());
    let base = base.filter(|base| base.find(RDF, "RDF").is_some());
    let packet = target.packet.filter(is_there);
    let mut document = match (packet, &base) {
        (Some(packet), _) => Document::parse(packet)?,
        (None, Some(base)) => base.clone(),
        (None, None) => empty(),
    };
    let before = document.clone();
    let before_text = document.to_text();
    let base_ours = base.as_ref().map_or_else(Ours::default, |base| known(base, target.base_ours));
    let mut old = known(&document, target.ours);
    if packet.is_none() {
        old = old.and(base_ours.clone());
    }
    let rdf = document.find_mut(RDF, "RDF").ok_or(ComposeError::NoXmp)?;
    let base = base.as_ref().and_then(|base| base.find(RDF, "RDF"));
    let mut composed = Composed { packet: None, added: 0, removed: 0, conflicts: Vec::new(), ours: Ours::default() };
    let mut written = Vec::new();
    let mut added: Vec<&NamedFace> = Vec::new();
    // Of another program, with the same name: the same is not written in another form.
    let mut theirs: Vec<&NamedFace> = Vec::new();
    for field in FIELDS {
        let wanted = entries(field, faces);
        let is_stale = |mark: &&Mark| mark.field == field && !wanted.iter().any(|(wanted, _)| mark.is(wanted));
        let hidden = base.filter(|_| !has_property(rdf, field)).and_then(|base| property_of(base, field));
        if let (Some(hidden), Some(base)) = (hidden, base) {
            let listed = items(base, field);
            let mut stale = base_ours.0.iter().filter(is_stale);
            let is_outdated = stale.any(|mark| listed.iter().any(|item| mark.is_item(item)));
            if is_outdated || wanted.iter().any(|(_, face)| face.add) {
                property(rdf, field.path().0[0], true).expect("it was made").clone_from(hidden);
                old.0.extend(base_ours.0.iter().filter(|mark| mark.field == field).cloned());
            }
        }
        let stale: Vec<&Mark> = old.0.iter().filter(is_stale).collect();
        if !stale.is_empty()
            && let Some(list) = list(rdf, field, None)
        {
            let removed = list.remove(|item| stale.iter().any(|mark| mark.is_item(item)));
            // An empty list still hides the one in the photo, which is not.
            let hides = base.is_some_and(|base| !items(base, field).is_empty());
            if removed > 0 && list.elements().next().is_none() && !hides {
                remove_property(rdf, field);
            }
            composed.removed = composed.removed.max(removed);
        }
        for (entry, face) in &wanted {
            let items = items(rdf, field);
            if items.iter().any(|item| Mark::of(entry).is_item(item)) {
                if old.contains(entry) {
                    written.push(entry.clone());
                } else if field == Field::Mwg {
                    theirs.push(face);
                }
                continue;
            }
            if !face.add {
                continue;
            }
            let there = items.iter().map(value).filter_map(|item| field.read(&item));
            let others: Vec<(String, Option<BoundingBox>)> = there.collect();
            let same = |(name, _): &&(String, Option<BoundingBox>)| fold(name) == fold(&entry.name);
            let fits = |bounds: &Option<BoundingBox>| match (bounds, &entry.bounds) {
                (Some(theirs), Some(ours)) => affinity(theirs, ours) > 0.0,
                (None, None) => true,
                _ => false,
            };
            if others.iter().filter(same).any(|(_, bounds)| fits(bounds)) {
                theirs.push(face);
                continue;
            }
            if field == Field::Microsoft && theirs.contains(face) && others.iter().any(|other| same(&other)) {
                continue;
            }
            if entry.bounds.is_some()
                && let Some((theirs, _)) =
                    others.iter().find(|(name, bounds)| !name.is_empty() && is_one(bounds, &entry.bounds))
            {
                if field == Field::Mwg {
                    composed.conflicts.push((entry.name.clone(), theirs.clone()));
                }
                continue;
            }
            let list = list(rdf, field, Some(size)).expect("it was made where it was not there");
            // Some readers stop at the first region without a name.
            let is_nameless = |item: &Element| field.read(&value(item)).is_none_or(|(name, _)| name.is_empty());
            list.insert(entry.item(), |item| entry.bounds.is_some() && is_nameless(item));
            written.push(entry.clone());
            if !added.contains(face) {
                added.push(face);
            }
        }
    }
    note_written(rdf, &written);
    composed.added = added.len();
    composed.ours = Ours(written.iter().map(Mark::of).collect());
    if document != before && document.to_text() != before_text {
        document.nodes.iter_mut().for_each(declare_utf8);
        composed.packet = Some(document.to_text());
    }
    Ok(composed)
}

/// Two boxes that cannot be of two faces.
fn is_one(theirs: &Option<BoundingBox>, ours: &Option<BoundingBox>) -> bool {
    matches!((theirs, ours), (Some(theirs), Some(ours)) if theirs.iou(ours) >= 0.3)
}

/// What is to be written in a list, and for which face.
fn entries(field: Field, faces: &[NamedFace]) -> Vec<(Entry, &NamedFace)> {
    let mut entries: Vec<(Entry, &NamedFace)> = Vec::new();
    // A name that is to be added for one of two faces is to be added.
    let mut sorted: Vec<&NamedFace> = faces.iter().collect();
    sorted.sort_by_key(|face| !face.add);
    for face in if field.has_boxes() { faces.iter().collect() } else { sorted } {
        let entry = Entry { field, name: face.name.clone(), bounds: field.has_boxes().then_some(face.bounds) };
        if field.has_boxes() || !entries.iter().any(|(other, _)| other.is(&entry)) {
            entries.push((entry, face));
        }
    }
    entries
}

impl Field {
    fn has_boxes(self) -> bool {
        matches!(self, Self::Mwg | Self::Microsoft)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Mwg => "mwg",
            Self::Microsoft => "mp",
            Self::Person => "person",
            Self::DigiKam => "digikam",
            Self::Lightroom => "lightroom",
        }
    }

    /// The properties that lead to the list, and its kind.
    fn path(self) -> (&'static [(Namespace, &'static str)], &'static str) {
        match self {
            Self::Mwg => (&[(MWG, "Regions"), (MWG, "RegionList")], "Bag"),
            Self::Microsoft => (&[(MP, "RegionInfo"), (MPRI, "Regions")], "Bag"),
            Self::Person => (&[(IPTC, "PersonInImage")], "Bag"),
            Self::DigiKam => (&[(DIGIKAM, "TagsList")], "Seq"),
            Self::Lightroom => (&[(LIGHTROOM, "hierarchicalSubject")], "Bag"),
        }
    }

    fn text(self, name: &str) -> String {
        match self {
            Self::DigiKam => format!("{ROOT}/{}", name.replace('/', "\u{2215}")),
            Self::Lightroom => format!("{ROOT}|{}", name.replace('|', "\u{2223}")),
            _ => name.to_owned(),
        }
    }

    /// The name in an item of the list, and its box; an empty name where a region has none.
    fn read(self, item: &Value) -> Option<(String, Option<BoundingBox>)> {
        let text = |namespace, field| item.get(namespace, field).and_then(Value::text).unwrap_or_default().to_owned();
        match self {
            Self::Mwg => Some((text(MWG, "Name"), item.get(MWG, "Area").and_then(area).and_then(centred))),
            Self::Microsoft => {
                Some((text(MPREG, "PersonDisplayName"), item.get(MPREG, "Rectangle").and_then(rectangle).and_then(cut)))
            }
            Self::Person => Some((item.text()?.to_owned(), None)),
            Self::DigiKam | Self::Lightroom => {
                let separator = if self == Self::DigiKam { '/' } else { '|' };
                let (root, name) = item.text()?.split_once(separator)?;
                root.eq_ignore_ascii_case(ROOT).then(|| (name.to_owned(), None))
            }
        }
    }
}

impl Entry {
    /// `mwg:0.123456,0.2,0.1,0.1:Anna` or `person:Anna`
    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(':')?;
        let field = FIELDS.into_iter().find(|field| field.word() == word)?;
        if !field.has_boxes() {
            return Some(Self { field, name: rest.to_owned(), bounds: None });
        }
        let (numbers, name) = rest.split_once(':')?;
        let numbers: Option<Vec<f32>> = numbers.split(',').map(|number| number.parse().ok()).collect();
        let &[x, y, width, height] = numbers?.as_slice() else { return None };
        Some(Self { field, name: name.to_owned(), bounds: Some(BoundingBox { x, y, width, height }) })
    }

    fn text(&self) -> String {
        match &self.bounds {
            Some(BoundingBox { x, y, width, height }) => {
                format!("{}:{x:.6},{y:.6},{width:.6},{height:.6}:{}", self.field.word(), self.name)
            }
            None => format!("{}:{}", self.field.word(), self.name),
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.field == other.field && self.name == other.name && is_at(self.bounds.as_ref(), other.bounds.as_ref())
    }

    fn item(&self) -> Element {
        let item = Element::new(RDF, "li");
        let Some(BoundingBox { x, y, width, height }) = self.bounds else {
            return item.with_text(&self.field.text(&self.name));
        };
        let item = item.with_attribute(RDF, "parseType", "Resource");
        if self.field == Field::Microsoft {
            let rectangle = format!("{x:.6}, {y:.6}, {width:.6}, {height:.6}");
            return item
                .with(Element::new(MPREG, "Rectangle").with_text(&rectangle))
                .with(Element::new(MPREG, "PersonDisplayName").with_text(&self.name));
        }
        let numbers = [("x", x + width / 2.0), ("y", y + height / 2.0), ("w", width), ("h", height)];
        let mut area = Element::new(MWG, "Area").with_attribute(RDF, "parseType", "Resource");
        for (field, number) in numbers {
            area = area.with(Element::new(AREA, field).with_text(&format!("{number:.6}")));
        }
        item.with(Element::new(MWG, "Name").with_text(&self.name))
            .with(Element::new(MWG, "Type").with_text("Face"))
            .with(area.with(Element::new(AREA, "unit").with_text("normalized")))
    }
}

fn empty() -> Document {
    let text = format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"{}\" x:xmptk=\"facetag {}\">\n \
         <rdf:RDF xmlns:rdf=\"{}\">\n  <rdf:Description rdf:about=\"\">\n  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n\
         <?xpacket end=\"w\"?>\n",
        X.1,
        env!("CARGO_PKG_VERSION"),
        RDF.1
    );
    Document::parse(text.as_bytes()).expect("it is XML")
}

/// The list of a field; where `size` is given, it is made if it is not there.
fn list(rdf: &mut Element, field: Field, size: Option<(u32, u32)>) -> Option<&mut Element> {
    let (path, kind) = field.path();
    let make = size.is_some();
    let mut at = property(rdf, path[0], make)?;
    if let Some(inner) = path.get(1) {
        if let (Some((width, height)), Field::Mwg, true) = (size, field, at.children.is_empty()) {
            at.insert(dimensions(width, height), |_| false);
        }
        at = fields(at);
        let has = at.elements().any(|child| child.name.is(inner.0, inner.1));
        if !has && !make {
            return None;
        }
        if !has {
            at.insert(Element::new(inner.0, inner.1), |_| false);
        }
        at = at.elements_mut().find(|child| child.name.is(inner.0, inner.1))?;
    }
    if !at.elements().any(is_list) {
        if !make {
            return None;
        }
        // A single text where a list should be.
        let text = at.text();
        at.children.clear();
        let mut list = Element::new(RDF, kind);
        if !text.trim().is_empty() {
            list.insert(Element::new(RDF, "li").with_text(text.trim()), |_| false);
        }
        at.insert(list, |_| false);
    }
    at.elements_mut().find(|child| is_list(child))
}

/// The element of a field, as it is.
fn property_of(rdf: &Element, field: Field) -> Option<&Element> {
    let (namespace, local) = field.path().0[0];
    rdf.elements().flat_map(Element::elements).find(|child| child.name.is(namespace, local))
}

/// Whether there is anything in a field, be it a text in an attribute.
fn has_property(rdf: &Element, field: Field) -> bool {
    let (namespace, local) = field.path().0[0];
    property_of(rdf, field).is_some() || rdf.elements().any(|child| child.attribute(namespace, local).is_some())
}

/// The items of a field's list.
fn items(rdf: &Element, field: Field) -> Vec<Element> {
    let inner = |element: &'_ Element| -> Option<Element> {
        let Some((namespace, local)) = field.path().0.get(1) else { return Some(element.clone()) };
        let described =
            element.elements().filter(|child| child.name.is(RDF, "Description")).flat_map(Element::elements);
        element.elements().chain(described).find(|child| child.name.is(*namespace, local)).cloned()
    };
    let property = property_of(rdf, field).and_then(inner);
    let list = property.as_ref().and_then(|property| property.elements().find(|child| is_list(child)));
    list.map_or_else(Vec::new, |list| list.elements().cloned().collect())
}

/// The element of a property of the photo.
fn property<'a>(rdf: &'a mut Element, (namespace, local): (Namespace, &str), make: bool) -> Option<&'a mut Element> {
    let has = |description: &Element| description.elements().any(|child| child.name.is(namespace, local));
    if !rdf.elements().any(has) {
        if !make {
            return None;
        }
        if rdf.elements().next().is_none() {
            rdf.insert(Element::new(RDF, "Description").with_attribute(RDF, "about", ""), |_| false);
        }
        // A text in an attribute where a list should be.
        let text = rdf.elements_mut().find_map(|description| description.take_attribute(namespace, local));
        let mut element = Element::new(namespace, local);
        if let Some(text) = text {
            element = element.with_text(&text);
        } else if namespace == MWG || namespace == MP {
            element = element.with_attribute(RDF, "parseType", "Resource");
        }
        rdf.elements_mut().next()?.insert(element, |_| false);
    }
    let description = rdf.elements_mut().find(|description| has(description))?;
    description.elements_mut().find(|child| child.name.is(namespace, local))
}

/// Where the fields of a structure are.
fn fields(structure: &mut Element) -> &mut Element {
    let is_description = |child: &Element| child.name.is(RDF, "Description");
    if structure.elements().any(is_description) {
        return structure.elements_mut().find(|child| is_description(child)).expect("there is one");
    }
    if structure.attribute(RDF, "parseType").is_none() {
        // Fields in attributes allow no others in elements.
        let mut description = Element::new(RDF, "Description");
        let names: Vec<_> = structure.attributes.iter().map(|(name, _)| name.clone()).collect();
        for name in names.iter().filter(|name| !name.is_declaration() && *name.namespace != *RDF.1) {
            let value = structure.take_attribute((&name.prefix, &name.namespace), &name.local).unwrap_or_default();
            description.attributes.push((name.clone(), value));
        }
        description.children = std::mem::take(&mut structure.children);
        structure.children.push(Node::Element(description));
        return structure.elements_mut().next().expect("it was just put in");
    }
    structure
}

fn dimensions(width: u32, height: u32) -> Element {
    let number = |field, number: u32| Element::new(DIMENSIONS, field).with_text(&number.to_string());
    Element::new(MWG, "AppliedToDimensions")
        .with_attribute(RDF, "parseType", "Resource")
        .with(number("w", width))
        .with(number("h", height))
        .with(Element::new(DIMENSIONS, "unit").with_text("pixel"))
}

/// Takes away the property of a list that facetag has emptied.
fn remove_property(rdf: &mut Element, field: Field) {
    let (namespace, local) = field.path().0[0];
    for description in rdf.elements_mut() {
        description.remove(|child| child.name.is(namespace, local));
    }
}

/// Lists what was written.
fn note_written(rdf: &mut Element, written: &[Entry]) {
    if written.is_empty() {
        for description in rdf.elements_mut() {
            description.remove(|child| child.name.is(FACETAG, "Written"));
        }
        return;
    }
    let texts: Vec<String> = written.iter().map(Entry::text).collect();
    let element = property(rdf, (FACETAG, "Written"), true).expect("it was made");
    if value(element).items().iter().filter_map(Value::text).eq(texts.iter().map(String::as_str)) {
        return;
    }
    let mut list = Element::new(RDF, "Bag");
    texts.iter().for_each(|text| list.insert(Element::new(RDF, "li").with_text(text), |_| false));
    element.children = vec![Node::Element(list)];
}

/// What was in another encoding is UTF-8 now.
fn declare_utf8(node: &mut Node) {
    if let Node::Other(text) = node
        && text.starts_with("<?xml ")
    {
        *text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{microsoft, mwg};
    use super::*;

    fn face(name: &str, x: f32) -> NamedFace {
        NamedFace { name: name.into(), bounds: BoundingBox { x, y: 0.2, width: 0.1, height: 0.1 }, add: true }
    }

    fn composed(packet: Option<&str>, faces: &[NamedFace]) -> String {
        let target = Packets { packet: packet.map(str::as_bytes), ..Packets::default() };
        let composed = compose(target, (600, 400), faces).unwrap();
        composed.packet.unwrap_or_else(|| packet.unwrap_or_default().to_owned())
    }

    fn names(packet: &str) -> [Vec<String>; 5] {
        let properties = Properties::parse(packet.as_bytes()).unwrap();
        FIELDS.map(|field| {
            let (path, _) = field.path();
            let mut value = properties.get(path[0].0, path[0].1);
            if let Some(inner) = path.get(1) {
                value = value.and_then(|value| value.get(inner.0, inner.1));
            }
            value.map_or(&[][..], Value::items).iter().filter_map(|item| Some(field.read(item)?.0)).collect()
        })
    }

    const THEIRS: &str = "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
 <rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/'
   xmlns:stArea='http://ns.adobe.com/xmp/sType/Area#' xmlns:digiKam='http://www.digikam.org/ns/1.0/' dc:format='image/jpeg'>
  <digiKam:TagsList><rdf:Seq><rdf:li>Travel</rdf:li><rdf:li>People/Ben</rdf:li></rdf:Seq></digiKam:TagsList>
  <mwg-rs:Regions><rdf:Description><mwg-rs:RegionList><rdf:Bag>
   <rdf:li><rdf:Description mwg-rs:Name='Ben' mwg-rs:Type='Face'><mwg-rs:Area stArea:x='0.85' stArea:y='0.25' stArea:w='0.12' stArea:h='0.12'/></rdf:Description></rdf:li>
   <rdf:li><rdf:Description mwg-rs:Type='Focus'><mwg-rs:Area stArea:x='0.5' stArea:y='0.5' stArea:w='0.1' stArea:h='0.1'/></rdf:Description></rdf:li>
  </rdf:Bag></mwg-rs:RegionList></rdf:Description></mwg-rs:Regions>
 </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>";

    #[test]
    fn a_new_packet_has_every_form() {
        let packet = composed(None, &[face("Anna & Co", 0.1), face("Ben", 0.5)]);
        assert_eq!(names(&packet), [const { ["Anna & Co", "Ben"] }; 5]);
        let properties = Properties::parse(packet.as_bytes()).unwrap();
        let (mwg, _) = mwg::read(&properties).unwrap();
        let (microsoft, _) = microsoft::read(&properties).unwrap();
        for regions in [mwg, microsoft] {
            assert!(regions[0].bounds.iou(&face("", 0.1).bounds) > 0.999);
            assert!(regions.iter().all(|region| ours(&properties).contains_region(region)));
        }
    }

    #[test]
    fn what_others_wrote_stays_and_is_not_written_again() {
        let packet = composed(Some(THEIRS), &[face("Anna", 0.1), face("ben", 0.8)]);
        let [mwg, microsoft, person, digikam, lightroom] = names(&packet);
        assert_eq!(mwg, ["Ben", "Anna", ""]);
        assert_eq!(microsoft, ["Anna", "ben"]);
        assert_eq!(person, ["Anna", "ben"]);
        assert_eq!(digikam, ["Ben", "Anna"]);
        assert_eq!(lightroom, ["Anna", "ben"]);
        assert_eq!(composed(Some(&packet), &[face("Anna", 0.1), face("ben", 0.8)]), packet, "again changes nothing");
        // All of ours is taken back, and nothing of theirs.
        let back = composed(Some(&packet), &[]);
        assert_eq!(Properties::parse(back.as_bytes()), Properties::parse(THEIRS.as_bytes()));
    }

    #[test]
    fn only_our_own_entries_are_renamed() {
        let packet = composed(Some(THEIRS), &[face("Anna", 0.1)]);
        let target = Packets { packet: Some(packet.as_bytes()), ..Packets::default() };
        let renamed = compose(target, (600, 400), &[face("Anne", 0.1), face("Benjamin", 0.8)]).unwrap();
        assert_eq!((renamed.added, renamed.removed), (2, 1), "of Benjamin the keywords are added");
        assert_eq!(renamed.conflicts, [("Benjamin".to_owned(), "Ben".to_owned())]);
        let [mwg, _, person, digikam, _] = names(&renamed.packet.unwrap());
        assert_eq!(mwg, ["Ben", "Anne", ""]);
        assert_eq!(person, ["Anne", "Benjamin"]);
        assert_eq!(digikam, ["Ben", "Anne", "Benjamin"]);
    }

    #[test]
    fn who_is_not_asked_for_is_neither_added_nor_taken_out() {
        let packet = composed(None, &[face("Anna", 0.1)]);
        let kept = NamedFace { add: false, ..face("Anna", 0.1) };
        let other = NamedFace { add: false, ..face("Carl", 0.8) };
        let packet = composed(Some(&packet), &[kept, face("Ben", 0.5), other]);
        assert_eq!(names(&packet), [const { ["Anna", "Ben"] }; 5]);
    }

    #[test]
    fn fields_in_attributes_become_elements() {
        let packet = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
            xmlns:i='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' i:PersonInImage='Zoë'/></rdf:RDF>";
        assert_eq!(names(&composed(Some(packet), &[face("Anna", 0.1)]))[2], ["Zoë", "Anna"]);
        let target = Packets { packet: Some(b"<html/>"), ..Packets::default() };
        assert!(compose(target, (1, 1), &[]).is_err());
    }
}
