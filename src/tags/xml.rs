//! XML as it stands in XMP packets: a tree that is written back byte for byte where nothing was changed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, Event};

/// Elements may be nested so deep; what is deeper is no XMP, and would take too much of the stack.
const DEEPEST: usize = 100;

/// The longest packet that is read, in bytes.
const LONGEST: usize = 64 << 20;

/// Why a packet cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error("the XMP is damaged at byte {at}: {reason}")]
    Malformed { at: u64, reason: String },
    #[error("the XMP has {0} MB, and facetag reads at most {max}", max = LONGEST >> 20)]
    TooLong(usize),
    #[error("the XMP is nested more than {DEEPEST} deep")]
    TooDeep,
}

/// A whole packet.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Element(Element),
    /// As it stands in the file, with its entities.
    Text(String),
    /// The text inside, which has no entities.
    CData(String),
    /// A comment, processing instruction or declaration, as it stands in the file.
    Other(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    pub name: Name,
    pub attributes: Vec<(Name, String)>,
    pub children: Vec<Node>,
    /// The start tag as it stands in the file, while it is so.
    raw: Option<String>,
}

/// A name with its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub prefix: Rc<str>,
    /// The URI; empty where there is none.
    pub namespace: Rc<str>,
    pub local: Rc<str>,
}

type Scope = HashMap<Rc<str>, Rc<str>>;

const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl Name {
    pub fn new((prefix, namespace): (&str, &str), local: &str) -> Self {
        Self { prefix: prefix.into(), namespace: namespace.into(), local: local.into() }
    }

    /// Whether it is this name, under whatever prefix. Some programs leave out the last character of a namespace.
    pub fn is(&self, (_, namespace): (&str, &str), local: &str) -> bool {
        *self.local == *local && self.namespace.trim_end_matches('/') == namespace.trim_end_matches('/')
    }

    fn qualified(&self) -> Cow<'_, str> {
        if self.prefix.is_empty() { (&*self.local).into() } else { format!("{}:{}", self.prefix, self.local).into() }
    }

    fn resolved(qualified: &str, scope: &Scope, is_attribute: bool) -> Self {
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        let namespace: Rc<str> = match prefix {
            "xmlns" => XMLNS.into(),
            "" if is_attribute && local == "xmlns" => XMLNS.into(),
            "" if is_attribute => "".into(),
            "xml" => XML.into(),
            _ => scope.get(prefix).cloned().unwrap_or_else(|| "".into()),
        };
        Self { prefix: prefix.into(), namespace, local: local.into() }
    }

    /// Whether an attribute declares a namespace.
    pub fn is_declaration(&self) -> bool {
        &*self.namespace == XMLNS
    }
}

impl Document {
    /// Reads a packet in UTF-8, UTF-16 or Latin-1.
    ///
    /// # Errors
    /// [`XmlError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        if bytes.len() > LONGEST {
            return Err(XmlError::TooLong(bytes.len() >> 20));
        }
        let text = decoded(bytes);
        // Padding of other kinds than blanks is found behind packets.
        let text = text.trim_matches(|letter| matches!(letter, '\0' | '\u{feff}'));
        let mut reader = Reader::from_str(text);
        // The element that is open, and those around it, each with the namespaces in it.
        let mut open: Vec<(Element, Rc<Scope>)> = Vec::new();
        let mut nodes = Vec::new();
        loop {
            let from = reader.buffer_position() as usize;
            let event = reader
                .read_event()
                .map_err(|error| XmlError::Malformed { at: reader.error_position(), reason: error.to_string() })?;
            let raw = &text[from..reader.buffer_position() as usize];
            let outer = open.last().map_or_else(Rc::default, |(_, scope)| Rc::clone(scope));
            let node = match event {
                Event::Start(tag) => {
                    if open.len() >= DEEPEST {
                        return Err(XmlError::TooDeep);
                    }
                    open.push(element(&tag, raw, &outer));
                    continue;
                }
                Event::End(_) => match open.pop() {
                    Some((element, _)) => Node::Element(element),
                    None => continue,
                },
                Event::Empty(tag) => Node::Element(element(&tag, raw, &outer).0),
                Event::Text(_) | Event::GeneralRef(_) => Node::Text(raw.to_owned()),
                Event::CData(_) => {
                    Node::CData(raw.trim_start_matches("<![CDATA[").strip_suffix("]]>").unwrap_or(raw).to_owned())
                }
                Event::Eof => break,
                _ => Node::Other(raw.to_owned()),
            };
            let siblings = open.last_mut().map_or(&mut nodes, |(element, _)| &mut element.children);
            match (siblings.last_mut(), node) {
                (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
                (_, node) => siblings.push(node),
            }
        }
        match open.is_empty() {
            true => Ok(Self { nodes }),
            false => Err(XmlError::Malformed { at: text.len() as u64, reason: "it ends in the middle".into() }),
        }
    }

    /// The packet as it is written: UTF-8.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.nodes.iter().for_each(|node| node.write(&mut out, &Scope::new()));
        out
    }

    /// The first element of this name, at whatever depth.
    pub fn find(&self, namespace: (&str, &str), local: &str) -> Option<&Element> {
        find(&self.nodes, namespace, local)
    }

    /// Shows each element to `see`, at whatever depth.
    pub fn each(&self, see: &mut impl FnMut(&Element)) {
        each(&self.nodes, see);
    }

    /// The first element of this name, at whatever depth.
    pub fn find_mut(&mut self, namespace: (&str, &str), local: &str) -> Option<&mut Element> {
        find_mut(&mut self.nodes, namespace, local)
    }
}

/// Shows each element to `see`.
fn each(nodes: &[Node], see: &mut impl FnMut(&Element)) {
    for node in nodes {
        if let Node::Element(element) = node {
            see(element);
            each(&element.children, see);
        }
    }
}

fn find<'a>(nodes: &'a [Node], namespace: (&str, &str), local: &str) -> Option<&'a Element> {
    nodes.iter().find_map(|node| match node {
        Node::Element(element) if element.name.is(namespace, local) => Some(element),
        Node::Element(element) => find(&element.children, namespace, local),
        _ => None,
    })
}

fn find_mut<'a>(nodes: &'a mut [Node], namespace: (&str, &str), local: &str) -> Option<&'a mut Element> {
    for node in nodes {
        if let Node::Element(element) = node {
            if element.name.is(namespace, local) {
                return Some(element);
            }
            if let Some(found) = find_mut(&mut element.children, namespace, local) {
                return Some(found);
            }
        }
    }
    None
}

fn element(tag: &BytesStart, raw: &str, outer: &Rc<Scope>) -> (Element, Rc<Scope>) {
    let attributes: Vec<(String, String)> = tag
        .attributes()
        .with_checks(false)
        .flatten()
        .map(|attribute| {
            let value = &*attribute.value;
            let value = unescape(value).map_or_else(|_| value.to_owned(), Cow::into_owned);
            (attribute.key.as_ref().to_owned(), value)
        })
        .collect();
    let mut scope = Rc::clone(outer);
    for (name, value) in &attributes {
        let prefix = if name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
        if let Some(prefix) = prefix {
            Rc::make_mut(&mut scope).insert(prefix.into(), value.as_str().into());
        }
    }
    let name = Name::resolved(tag.name().as_ref(), &scope, false);
    let attributes = attributes.into_iter().map(|(name, value)| (Name::resolved(&name, &scope, true), value)).collect();
    (Element { name, attributes, children: Vec::new(), raw: Some(raw.to_owned()) }, scope)
}

impl Element {
    pub fn new(namespace: (&str, &str), local: &str) -> Self {
        Self { name: Name::new(namespace, local), attributes: Vec::new(), children: Vec::new(), raw: None }
    }

    /// The same with a text in it.
    pub fn with_text(mut self, text: &str) -> Self {
        self.children.push(Node::Text(escape(text).into_owned()));
        self
    }

    /// The same with an element in it.
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// The same with an attribute.
    pub fn with_attribute(mut self, namespace: (&str, &str), local: &str, value: &str) -> Self {
        self.attributes.push((Name::new(namespace, local), value.to_owned()));
        self
    }

    pub fn attribute(&self, namespace: (&str, &str), local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name.is(namespace, local)).map(|(_, value)| value.as_str())
    }

    /// Takes an attribute away, and returns its value.
    pub fn take_attribute(&mut self, namespace: (&str, &str), local: &str) -> Option<String> {
        let index = self.attributes.iter().position(|(name, _)| name.is(namespace, local))?;
        self.raw = None;
        Some(self.attributes.remove(index).1)
    }

    /// The elements directly inside.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| if let Node::Element(element) = node { Some(element) } else { None })
    }

    /// The elements directly inside.
    pub fn elements_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        self.children.iter_mut().filter_map(|node| if let Node::Element(element) = node { Some(element) } else { None })
    }

    /// The text inside, without that of elements.
    pub fn text(&self) -> String {
        let part = |node: &Node| match node {
            Node::Text(raw) => unescape(raw).map(Cow::into_owned).unwrap_or_else(|_| raw.clone()),
            Node::CData(text) => text.clone(),
            _ => String::new(),
        };
        self.children.iter().map(part).collect()
    }

    /// Puts an element behind the others, on a line of its own; before those for which `before` holds.
    pub fn insert(&mut self, child: Self, before: impl Fn(&Self) -> bool) {
        let is_next = |node: &Node| matches!(node, Node::Element(element) if before(element));
        let end = self.children.iter().position(is_next);
        let indented = |node: &Node| match node {
            Node::Text(text) if text.trim().is_empty() => Some(text.clone()),
            _ => None,
        };
        // As the others are: the blanks before the first element.
        let indent = self.children.first().and_then(indented);
        match end {
            Some(end) => {
                self.children.insert(end, Node::Element(child));
                if let Some(indent) = indent {
                    self.children.insert(end + 1, Node::Text(indent));
                }
            }
            None => {
                let last = self.children.iter().rposition(|node| matches!(node, Node::Element(_)));
                let at = last.map_or(0, |last| last + 1);
                let indent = indent.unwrap_or_else(|| "\n".to_owned());
                self.children.splice(at..at, [Node::Text(indent), Node::Element(child)]);
                if last.is_none() {
                    self.children.push(Node::Text("\n".to_owned()));
                }
            }
        }
    }

    /// Takes away the elements directly inside for which `is_unwanted` holds, with the blanks before each. Returns how many.
    pub fn remove(&mut self, mut is_unwanted: impl FnMut(&Self) -> bool) -> usize {
        let mut kept: Vec<Node> = Vec::with_capacity(self.children.len());
        let mut removed = 0;
        for node in std::mem::take(&mut self.children) {
            match &node {
                Node::Element(element) if is_unwanted(element) => {
                    removed += 1;
                    if matches!(kept.last(), Some(Node::Text(text)) if text.trim().is_empty()) {
                        kept.pop();
                    }
                }
                _ => kept.push(node),
            }
        }
        self.children = kept;
        removed
    }

    fn write(&self, out: &mut String, outer: &Scope) {
        let mut scope = Cow::Borrowed(outer);
        for (name, value) in self.attributes.iter().filter(|(name, _)| name.is_declaration()) {
            let prefix = if name.prefix.is_empty() { "".into() } else { Rc::clone(&name.local) };
            scope.to_mut().insert(prefix, value.as_str().into());
        }
        // What was put in from elsewhere brings its namespaces.
        let mut missing: Vec<(Rc<str>, Rc<str>)> = Vec::new();
        for name in std::iter::once(&self.name).chain(self.attributes.iter().map(|(name, _)| name)) {
            let is_known = name.namespace.is_empty()
                || name.is_declaration()
                || &*name.namespace == XML
                || scope.get(&name.prefix) == Some(&name.namespace);
            if !is_known {
                scope.to_mut().insert(Rc::clone(&name.prefix), Rc::clone(&name.namespace));
                missing.push((Rc::clone(&name.prefix), Rc::clone(&name.namespace)));
            }
        }
        let name = self.name.qualified();
        match &self.raw {
            Some(raw) if missing.is_empty() && (self.children.is_empty() || !raw.ends_with("/>")) => out.push_str(raw),
            _ => {
                out.push('<');
                out.push_str(&name);
                for (prefix, namespace) in &missing {
                    out.push_str(&format!(" xmlns:{prefix}=\"{}\"", escape(&**namespace)));
                }
                for (name, value) in &self.attributes {
                    let value = escape(value.as_str()).replace('\n', "&#xA;").replace('\t', "&#x9;");
                    out.push_str(&format!(" {}=\"{value}\"", name.qualified()));
                }
                out.push_str(if self.children.is_empty() { "/>" } else { ">" });
            }
        }
        if out.ends_with("/>") && self.children.is_empty() {
            return;
        }
        self.children.iter().for_each(|child| child.write(out, &scope));
        out.push_str(&format!("</{name}>"));
    }
}

impl Node {
    fn write(&self, out: &mut String, scope: &Scope) {
        match self {
            Self::Element(element) => element.write(out, scope),
            Self::Text(raw) | Self::Other(raw) => out.push_str(raw),
            Self::CData(text) => out.push_str(&format!("<![CDATA[{text}]]>")),
        }
    }
}

/// The text of a packet: the XMP specification allows UTF-8 and UTF-16; some sidecars are in Latin-1.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.as_chunks::<2>();
        String::from_utf16_lossy(&pairs.iter().map(|&pair| unit(pair)).collect::<Vec<_>>()).into()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DC: (&str, &str) = ("dc", "http://purl.org/dc/elements/1.1/");

    #[test]
    fn what_was_not_changed_is_written_as_it_was() {
        let text = "<?xpacket begin='\u{feff}' id='W5'?>\n<!-- by hand -->\n<x:xmpmeta xmlns:x='adobe:ns:meta/'  a = \"1 &amp; 2\">\n\
                    <b/><c  /><d>&lt;x&gt; &#233; <![CDATA[<raw>]]></d></x:xmpmeta>\n<?xpacket end='w'?>  ";
        let document = Document::parse(text.as_bytes()).unwrap();
        assert_eq!(document.to_text(), text);
        assert_eq!(document.find(("", ""), "d").unwrap().text(), "<x> é <raw>");
    }

    #[test]
    fn an_added_element_brings_its_namespace_where_it_is_not_known() {
        let mut document = Document::parse(b"<a xmlns:dc='other'><b/></a>").unwrap();
        let added = Element::new(DC, "subject").with(Element::new(DC, "li").with_text("R&D <x>"));
        document.find_mut(("", ""), "b").unwrap().insert(added, |_| false);
        let again = Document::parse(document.to_text().as_bytes()).unwrap();
        assert_eq!(again.find(DC, "li").unwrap().text(), "R&D <x>");
        assert_eq!(document.to_text().matches("http://purl.org").count(), 1);
        document.find_mut(("", ""), "b").unwrap().remove(|_| true);
        assert!(!document.to_text().contains("purl"));
    }

    #[test]
    fn every_encoding_is_understood() {
        let text = "<?xml version='1.0'?><a>Zoë</a>";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let with_bom =
            [&[0xff, 0xfe][..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat();
        let latin1: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
        let utf8 = ["\u{feff}\u{feff}", text].concat().into_bytes();
        for bytes in [utf16, with_bom, latin1, utf8] {
            assert_eq!(Document::parse(&bytes).unwrap().find(("", ""), "a").unwrap().text(), "Zoë");
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        for damaged in ["<a><b></a>", "<a", "<a>", "</a>", &"<a>".repeat(1000)] {
            assert!(Document::parse(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Document::parse(&bytes);
        }

        #[test]
        fn any_text_comes_back(text in "\\PC*") {
            let element = Element::new(("", ""), "a").with_attribute(DC, "t", &text).with_text(&text);
            let document = Document { nodes: vec![Node::Element(element)] };
            let again = Document::parse(document.to_text().as_bytes()).unwrap();
            let a = again.find(("", ""), "a").unwrap();
            prop_assert_eq!(a.text(), text.clone());
            prop_assert_eq!(a.attribute(DC, "t"), Some(text.as_str()));
        }
    }
}
