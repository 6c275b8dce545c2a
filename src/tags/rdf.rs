//! RDF, the grammar of XMP: properties out of XML, in every way in which they may be written (XMP specification, part 1).

use super::xml::{Document, Element, Name, XML, XmlError};

/// A prefix and the URI it stands for.
pub type Namespace = (&'static str, &'static str);

pub const X: Namespace = ("x", "adobe:ns:meta/");
pub const RDF: Namespace = ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#");

/// A property of the photo, or a field of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    pub name: Name,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Struct(Vec<Property>),
    List(Vec<Value>),
}

/// What a packet says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Properties(Vec<Property>);

impl Properties {
    /// Reads a packet.
    ///
    /// # Errors
    /// It is no XML.
    pub fn parse(packet: &[u8]) -> Result<Self, XmlError> {
        Ok(Self::of(&Document::parse(packet)?))
    }

    pub fn of(document: &Document) -> Self {
        let descriptions = document.find(RDF, "RDF").into_iter().flat_map(Element::elements);
        Self(descriptions.flat_map(fields).collect())
    }

    pub fn get(&self, namespace: Namespace, local: &str) -> Option<&Value> {
        field(&self.0, namespace, local)
    }
}

impl Value {
    /// A field of a structure.
    pub fn get(&self, namespace: Namespace, local: &str) -> Option<&Self> {
        if let Self::Struct(fields) = self { field(fields, namespace, local) } else { None }
    }

    /// A text, without blanks around it; of a list, such as one of languages, the first.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            Self::List(items) => items.first().and_then(Self::text),
            Self::Struct(_) => None,
        }
    }

    /// The items of a list; what is no list is one item.
    pub fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { std::slice::from_ref(self) }
    }

    /// A number, which some programs write with a decimal comma, and some as a fraction.
    pub fn number(&self) -> Option<f32> {
        let text = self.text()?.replace(',', ".");
        let number = match text.split_once('/') {
            Some((top, bottom)) => top.trim().parse::<f32>().ok()? / bottom.trim().parse::<f32>().ok()?,
            None => text.parse().ok()?,
        };
        number.is_finite().then_some(number)
    }
}

fn field<'a>(fields: &'a [Property], namespace: Namespace, local: &str) -> Option<&'a Value> {
    fields.iter().find(|field| field.name.is(namespace, local)).map(|field| &field.value)
}

/// The properties in the attributes and elements of a description.
fn fields(description: &Element) -> Vec<Property> {
    let attributes = description.attributes.iter().filter(|(name, _)| is_property(name));
    let attributes = attributes.map(|(name, value)| (name, Value::Text(value.clone())));
    let elements = description.elements().map(|element| (&element.name, value(element)));
    attributes.chain(elements).map(|(name, value)| Property { name: name.clone(), value }).collect()
}

fn is_property(name: &Name) -> bool {
    !name.is_declaration() && !matches!(&*name.namespace, "" | XML) && &*name.namespace != RDF.1
}

/// The value in an element.
pub fn value(element: &Element) -> Value {
    if let Some(resource) = element.attribute(RDF, "resource") {
        return Value::Text(resource.to_owned());
    }
    let inside: Vec<&Element> = element.elements().collect();
    match (element.attribute(RDF, "parseType"), inside.as_slice()) {
        (Some("Resource"), _) => structure(element),
        (_, []) if element.attributes.iter().any(|(name, _)| is_property(name)) => structure(element),
        (_, []) => Value::Text(element.text()),
        (_, [list]) if is_list(list) => Value::List(list.elements().map(value).collect()),
        (_, [description]) if description.name.is(RDF, "Description") => structure(description),
        _ => structure(element),
    }
}

pub fn is_list(element: &Element) -> bool {
    ["Bag", "Seq", "Alt"].iter().any(|kind| element.name.is(RDF, kind))
}

/// A structure, or a value with qualifiers.
fn structure(description: &Element) -> Value {
    let mut fields = fields(description);
    match fields.iter().position(|field| field.name.is(RDF, "value")) {
        Some(value) => fields.swap_remove(value).value,
        None => Value::Struct(fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: Namespace = ("a", "urn:a");

    #[test]
    fn a_structure_is_the_same_in_every_way_to_write_it() {
        let ways = [
            "<a:S a:x='1' a:y='2'/>",
            "<a:S rdf:parseType='Resource'><a:x>1</a:x><a:y>2</a:y></a:S>",
            "<a:S><rdf:Description a:x='1'><a:y>2</a:y></rdf:Description></a:S>",
            "<a:S><rdf:Description><b:x xmlns:b='urn:a'> 1 </b:x><a:y rdf:parseType='Resource'><rdf:value>2</rdf:value>\
             <a:q>3</a:q></a:y></rdf:Description></a:S>",
        ];
        for way in ways {
            let packet = format!(
                "<rdf:RDF xmlns:rdf='{}' xmlns:a='urn:a'><rdf:Description rdf:about=''>{way}</rdf:Description></rdf:RDF>",
                RDF.1
            );
            let properties = Properties::parse(packet.as_bytes()).unwrap();
            let structure = properties.get(NS, "S").unwrap();
            let number = |field| structure.get(NS, field).and_then(Value::number);
            assert_eq!((number("x"), number("y")), (Some(1.0), Some(2.0)), "{way}");
        }
    }

    #[test]
    fn numbers_are_read_as_programs_write_them() {
        let number = |text: &str| Value::Text(text.to_owned()).number();
        assert_eq!(number(" 0,25 "), Some(0.25));
        assert_eq!(number("1/4"), Some(0.25));
        assert_eq!(number("1/0"), None);
        assert_eq!(number("NaN"), None);
        assert_eq!(number(""), None);
    }
}
