//! Which files beside a photo are about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::rdf::{Namespace, Properties, Value};
use crate::photo::{Candidate, Format};

const PHOTOSHOP: Namespace = ("photoshop", "http://ns.adobe.com/photoshop/1.0/");
const MEDIA: Namespace = ("xmpMM", "http://ns.adobe.com/xap/1.0/mm/");

/// The files in a folder.
#[derive(Debug, Default)]
pub struct Folder {
    path: PathBuf,
    /// By name in lower case.
    names: BTreeMap<String, Vec<String>>,
}

impl Folder {
    /// Lists a folder; one that cannot be listed is empty.
    pub fn read(path: &Path) -> Self {
        Self::read_only(path, |_| true)
    }

    /// Lists the files of a folder that are wanted.
    pub fn read_only(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> Self {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name()).filter(|name| is_wanted(Path::new(name)));
        Self::of(path, names.filter_map(|name| name.into_string().ok()))
    }

    /// A folder with files of these names.
    pub fn of(path: &Path, files: impl Iterator<Item = String>) -> Self {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in files {
            names.entry(name.to_lowercase()).or_default().push(name);
        }
        Self { path: path.to_owned(), names }
    }

    /// The file of this name, in any case where there is none in the same.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let names = self.names.get(&name.to_lowercase())?;
        let name = names.iter().find(|other| *other == name).or_else(|| names.iter().min())?;
        Some(self.path.join(name))
    }

    /// The sidecars of a photo, the one that counts most first: `IMG.jpg.xmp`, as digiKam and darktable write it, before
    /// Adobe's `IMG.xmp`.
    pub fn sidecars(&self, photo: &str) -> Vec<PathBuf> {
        let stem = photo.rsplit_once('.').map_or(photo, |(stem, _)| stem);
        [format!("{photo}.xmp"), format!("{stem}.xmp")].iter().filter_map(|name| self.find(name)).collect()
    }

    /// Whether a sidecar lies where those of several photos would lie, `IMG.xmp` of `IMG.CR2` and `IMG.jpg`, and does not say that it
    /// is this one's: then it is the RAW's, for which Adobe's programs write them.
    pub fn is_shared(&self, sidecar: &Path, properties: &Properties, photo: &str) -> bool {
        let stem = photo.rsplit_once('.').map_or(photo, |(stem, _)| stem);
        let is_stem = |name: &str| name.to_lowercase() == format!("{stem}.xmp").to_lowercase();
        let is_named =
            properties.get(PHOTOSHOP, "SidecarForExtension").and_then(Value::text).is_some_and(|text| !text.is_empty());
        if is_named || !sidecar.file_name().and_then(|name| name.to_str()).is_some_and(is_stem) {
            return false;
        }
        let format = |name: &str| match Candidate::of(Path::new(name)) {
            Candidate::Photo(format) | Candidate::NotYet(format) => Some(format),
            Candidate::Video | Candidate::Other => None,
        };
        let is_other = |name: &&str| {
            let (other, extension) = name.rsplit_once('.').unwrap_or((name, ""));
            other.eq_ignore_ascii_case(stem)
                && !name.eq_ignore_ascii_case(photo)
                && !extension.eq_ignore_ascii_case("thm")
        };
        let others: Vec<Format> = self.beginning(&format!("{stem}.")).filter(is_other).filter_map(format).collect();
        let is_the_raw = format(photo) == Some(Format::Raw) && !others.contains(&Format::Raw);
        !others.is_empty() && !is_the_raw
    }

    /// The names of the files that begin so, in any case.
    pub fn beginning<'a>(&'a self, start: &str) -> impl Iterator<Item = &'a str> {
        let start = start.to_lowercase();
        let from = self.names.range(start.clone()..);
        from.take_while(move |(name, _)| name.starts_with(&start)).flat_map(|(_, names)| names).map(String::as_str)
    }
}

/// Whether a sidecar that lies where one of the photo would lie is about another file: the video beside a photo, or the
/// photo of which `IMG_01.jpg.xmp` is a second version in darktable.
pub fn is_of_another(sidecar: &Properties, photo: &str) -> bool {
    let extension = |name: &str| match name.rsplit_once('.').map_or(name, |(_, extension)| extension) {
        extension if extension.eq_ignore_ascii_case("jpeg") => "jpg".to_owned(),
        extension => extension.to_lowercase(),
    };
    let text =
        |namespace, property| sidecar.get(namespace, property).and_then(Value::text).filter(|text| !text.is_empty());
    let other_extension =
        text(PHOTOSHOP, "SidecarForExtension").is_some_and(|wanted| extension(wanted) != extension(photo));
    let other_photo = text(MEDIA, "DerivedFrom").is_some_and(|from| {
        // Adobe writes identifiers there, and darktable the name of the file.
        let is_file_name = extension(from) == extension(photo) && from != extension(photo);
        is_file_name && !from.eq_ignore_ascii_case(photo)
    });
    other_extension || other_photo
}

#[cfg(test)]
mod tests {
    use super::super::rdf::RDF;
    use super::*;

    #[test]
    fn a_sidecar_may_be_of_several_photos() {
        let files =
            ["IMG.CR2", "IMG.jpg", "IMG.xmp", "A.jpg", "A.mov", "A.xmp", "B.jpg", "B.png", "B.jpg.xmp", "B.xmp"];
        let folder = Folder::of(Path::new("/p"), files.into_iter().map(str::to_owned));
        for (sidecar, photo, is_shared) in [
            ("/p/IMG.xmp", "IMG.jpg", true),
            ("/p/IMG.xmp", "IMG.CR2", false),
            ("/p/A.xmp", "A.jpg", false),
            ("/p/B.jpg.xmp", "B.jpg", false),
            ("/p/B.xmp", "B.png", true),
        ] {
            let is = folder.is_shared(Path::new(sidecar), &Properties::default(), photo);
            assert_eq!(is, is_shared, "{sidecar} {photo}");
        }
    }

    #[test]
    fn a_sidecar_may_be_of_another_file() {
        let sidecar = |attribute: &str| {
            let packet = format!(
                "<rdf:RDF xmlns:rdf='{}' xmlns:photoshop='{}' xmlns:xmpMM='{}'><rdf:Description {attribute}/></rdf:RDF>",
                RDF.1, PHOTOSHOP.1, MEDIA.1
            );
            Properties::parse(packet.as_bytes()).unwrap()
        };
        for (attribute, photo, is_other) in [
            ("photoshop:SidecarForExtension='MOV'", "IMG.HEIC", true),
            ("photoshop:SidecarForExtension='HEIC'", "IMG.heic", false),
            ("photoshop:SidecarForExtension='JPG'", "IMG.jpeg", false),
            ("xmpMM:DerivedFrom='IMG.jpg'", "IMG_01.jpg", true),
            ("xmpMM:DerivedFrom='IMG.jpg'", "IMG.jpg", false),
            ("xmpMM:DerivedFrom='xmp.did:1'", "IMG.jpg", false),
            ("", "IMG.jpg", false),
        ] {
            assert_eq!(is_of_another(&sidecar(attribute), photo), is_other, "{attribute} {photo}");
        }
    }
}
