//! The registry of photo formats: what each is called, how its files are named and begin, and which decoder reads them.
//!
//! How to add one:
//! 1. Write a file beside this one with a `SPEC`: name, extensions, signature, decoder.
//! 2. Add a variant to [`Format`], to [`Format::ALL`] (before any format whose signature it shares) and to `Format::spec`.
//! 3. If its metadata stands elsewhere than in the others, add it to `metadata/containers.rs` and `metadata/packets.rs`.
//! 4. Put a small photo into `tests/fixtures/formats`, a seed into `fuzz/`, and a line into `docs/formats.md`.

use std::fmt;
use std::path::Path;

use image::RgbImage;

use super::{PhotoError, jpeg, png, raster, raw, tiff};

/// A photo format that facetag knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    /// A camera's raw file, of any make.
    Raw,
    Tiff,
    Bmp,
    Gif,
    Heic,
    Avif,
    JpegXl,
}

/// What facetag knows about a format. Each stands in the file that reads it.
pub(super) struct Spec {
    pub name: &'static str,
    /// What its files' names end with, in lower case and without the dot.
    pub extensions: &'static [&'static str],
    /// Whether these bytes, a file from its start, are of this format.
    pub signature: fn(&[u8]) -> bool,
    /// `None` in a build without it.
    pub decoder: Option<Decoder>,
}

/// What makes something of a file, given whole.
pub(super) type Read<T> = fn(&[u8]) -> Result<T, PhotoError>;

/// Reads the photos of one format. A panic in it means a damaged file.
pub(super) struct Decoder {
    /// The width and height, in pixels, of what `decode` returns. No pixel is decoded for it.
    pub size: Read<(u32, u32)>,
    /// The pixels, in sRGB.
    pub decode: Read<RgbImage>,
    /// Whether `decode` turns this file upright, so that the orientation in its EXIF must not be applied again.
    pub turns_upright: fn(&[u8]) -> bool,
}

impl Format {
    /// Every format, in the order in which signatures are compared: most raw files are TIFF files by their first bytes.
    pub const ALL: [Self; 10] = [
        Self::Jpeg,
        Self::Png,
        Self::WebP,
        Self::Raw,
        Self::Tiff,
        Self::Bmp,
        Self::Gif,
        Self::Heic,
        Self::Avif,
        Self::JpegXl,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    pub(super) fn spec(self) -> &'static Spec {
        match self {
            Self::Jpeg => &jpeg::SPEC,
            Self::Png => &png::SPEC,
            Self::WebP => &raster::WEBP,
            Self::Raw => &raw::SPEC,
            Self::Tiff => &tiff::SPEC,
            Self::Bmp => &raster::BMP,
            Self::Gif => &raster::GIF,
            Self::Heic => &HEIC,
            Self::Avif => &AVIF,
            Self::JpegXl => &JPEG_XL,
        }
    }

    /// The format of a file's content. The file's name does not count: phones and programs often give the wrong one.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|format| (format.spec().signature)(bytes));
        // A server may have put a message of its own before a JPEG.
        let may_be_jpeg = || content(bytes).is_none() || bytes.starts_with(b"<");
        known.or_else(|| (may_be_jpeg() && jpeg::start(bytes).is_some()).then_some(Self::Jpeg))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

// The formats that a build may leave out (features in Cargo.toml): it knows them all the same, to say so.

const HEIC: Spec = Spec {
    name: "HEIC",
    extensions: &["heic", "heif", "hif", "heics", "heifs"],
    signature: |bytes| {
        let is_named = |brand: &[u8; 4]| {
            matches!(brand, b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"mif2" | b"msf1")
        };
        // Some programs say first what is in it, such as `jpeg`, and then that it is a picture.
        let may_be_named = || brands(bytes).skip(2).any(|brand| brand == b"mif1" || brand == b"heic");
        brand(bytes).is_some_and(|brand| is_named(brand) || (brand != b"crx " && may_be_named()))
            && !(AVIF.signature)(bytes)
    },
    #[cfg(feature = "heic")]
    decoder: Some(super::heic::DECODER),
    #[cfg(not(feature = "heic"))]
    decoder: None,
};

const AVIF: Spec = Spec {
    name: "AVIF",
    extensions: &["avif", "avifs"],
    signature: |bytes| {
        matches!(brand(bytes), Some(b"avif" | b"avis"))
            || (matches!(brand(bytes), Some(b"mif1" | b"mif2" | b"msf1")) && names_avif(bytes))
    },
    #[cfg(feature = "avif")]
    decoder: Some(super::avif::DECODER),
    #[cfg(not(feature = "avif"))]
    decoder: None,
};

const JPEG_XL: Spec = Spec {
    name: "JPEG XL",
    extensions: &["jxl"],
    signature: |bytes| matches!(bytes, [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..]),
    #[cfg(feature = "jxl")]
    decoder: Some(super::jxl::DECODER),
    #[cfg(not(feature = "jxl"))]
    decoder: None,
};

/// Whether a file of a general brand says that it may be read as AVIF.
fn names_avif(bytes: &[u8]) -> bool {
    brands(bytes).skip(2).any(|brand| brand == b"avif" || brand == b"avis")
}

/// The major brand of a file, its version, and the brands of what it may be read as.
fn brands(bytes: &[u8]) -> impl Iterator<Item = &[u8; 4]> {
    let (_, brands) = super::segments::boxes(bytes).next().unwrap_or_default();
    brands.as_chunks().0.iter()
}

/// The major brand of an ISO base media file: HEIC, AVIF, CR3 and videos.
pub fn brand(bytes: &[u8]) -> Option<&[u8; 4]> {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => brand.first_chunk(),
        _ => None,
    }
}

/// What a file promises to be by the extension of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidate {
    /// A photo of a format that this build reads; its content may turn out to be of another.
    Photo(Format),
    /// A photo of a format that this build does not read.
    NotYet(Format),
    Video,
    /// Neither.
    Other,
}

const VIDEOS: [&str; 23] = [
    "3g2", "3gp", "avi", "flv", "insv", "lrv", "m2ts", "m4v", "mkv", "mod", "mov", "mp", "mp4", "mpe", "mpeg", "mpg",
    "mts", "mxf", "ogv", "qt", "vob", "webm", "wmv",
];

impl Candidate {
    /// Looks at the extension alone, in upper or lower case; the file is not opened.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let named = |format: &Format| format.spec().extensions.contains(&extension.as_str());
        match Format::ALL.into_iter().find(named) {
            Some(format) if format.spec().decoder.is_some() => Self::Photo(format),
            Some(format) => Self::NotYet(format),
            None if VIDEOS.contains(&extension.as_str()) => Self::Video,
            None => Self::Other,
        }
    }
}

/// What the bytes of a file are that is no photo, as far as facetag knows it.
fn content(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        _ if brand(bytes).is_some() => Some("a video"),
        [_, _, _, _, b'm' | b'w', b'o' | b'd', b'o' | b'a' | b'e', b'v' | b't' | b'f', ..] => Some("a video"),
        [b'R', b'I', b'F', b'F', ..] | [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("a video or sound"),
        [b'8', b'B', b'P', b'S', ..] => Some("a Photoshop document"),
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF document"),
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive"),
        [b'<', ..] => Some("a text, such as a web page or an XML file"),
        [0, ..] if bytes.iter().all(|&byte| byte == 0) => Some("nothing but zeros, as after a failed copy"),
        _ => None,
    }
}

/// Why bytes that [`Format::sniff`] does not know give no picture, as exactly as can be said.
pub(super) fn refusal(bytes: &[u8]) -> PhotoError {
    let text = |&byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match content(bytes) {
        _ if bytes.is_empty() => PhotoError::Empty,
        Some(content) => PhotoError::Unknown { content },
        None if bytes.iter().take(512).all(text) => PhotoError::Unknown { content: "a text" },
        None => PhotoError::Unknown { content: "of an unknown kind" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats_of(extension: &str) -> Vec<Format> {
        Format::ALL.into_iter().filter(|format| format.spec().extensions.contains(&extension)).collect()
    }

    #[test]
    fn every_extension_belongs_to_one_format() {
        for format in Format::ALL {
            for extension in format.spec().extensions {
                assert_eq!(formats_of(extension), [format], "{extension}");
                assert!(!VIDEOS.contains(extension), "{extension}");
            }
        }
    }

    #[test]
    fn the_extension_counts_in_either_case() {
        for (name, formats) in [
            ("a/IMG_1.JPG", Some(Format::Jpeg)),
            ("3d.mpo", Some(Format::Jpeg)),
            ("scan.tiff", Some(Format::Tiff)),
            ("a.b.WebP", Some(Format::WebP)),
            ("IMG_2.HEIC", Some(Format::Heic)),
            ("x.avif", Some(Format::Avif)),
            ("x.jxl", Some(Format::JpegXl)),
            ("DSC1.Nef", Some(Format::Raw)),
            ("jpg", None),
            (".jpg", None),
            ("photo.jpg.xmp", None),
        ] {
            let found = match Candidate::of(Path::new(name)) {
                Candidate::Photo(format) | Candidate::NotYet(format) => Some(format),
                Candidate::Video | Candidate::Other => None,
            };
            assert_eq!(found, formats, "{name}");
        }
        assert_eq!(Candidate::of(Path::new("IMG_1.MOV")), Candidate::Video);
        assert_eq!(Candidate::of(Path::new("notes.txt")), Candidate::Other);
    }

    #[test]
    fn the_content_says_which_format_it_is() {
        for (bytes, format) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], Format::Heic),
            (b"\0\0\0\x18ftypavif\0\0\0\0", Format::Avif),
            (b"\0\0\0\x18ftypjpeg\0\0\0\0mif1jpeg", Format::Heic),
            (b"\0\0\0\x18ftypcrx \0\0\0\0", Format::Raw),
            (b"II*\0\x10\0\0\0CR\x02\0", Format::Raw),
            (b"II*\0\x10\0\0\0", Format::Tiff),
            (b"\xff\x0a", Format::JpegXl),
            (b"\r\n\xff\xd8\xff\xe0\0\x10JFIF\0", Format::Jpeg),
            (b"<br />Warning\n\xff\xd8\xff\xe0\0\x10JFIF\0", Format::Jpeg),
            (b"BM: a warning of thirty letters\n\xff\xd8\xff\xe0\0\x10JFIF\0", Format::Jpeg),
            (b"\x0c\0\0\0\x02\0\x01\0\x01\0\x18\0", Format::Bmp),
        ] {
            assert_eq!(Format::sniff(bytes), Some(format), "{bytes:x?}");
        }
    }

    #[test]
    fn content_that_is_no_picture_is_named() {
        for (bytes, message) in [
            (&b""[..], "the file is empty"),
            (&[0; 64], "nothing but zeros, as after a failed copy"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "its content is a video"),
            (b"<!DOCTYPE html>", "a text, such as a web page"),
            (b"%PDF-1.4 \xff\xd8\xff\xe0\0\x10JFIF\0", "a PDF"),
            (b"dear diary", "its content is a text"),
            (b"\x80\x02\x03", "of an unknown kind"),
        ] {
            assert_eq!(Format::sniff(bytes), None);
            let refusal = refusal(bytes).to_string();
            assert!(refusal.contains(message), "{refusal}");
        }
    }
}
