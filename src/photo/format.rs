use std::fmt;
use std::path::Path;

use super::PhotoError;

/// A picture format that facetag decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Tiff,
    Bmp,
    Gif,
}

impl Format {
    /// Tells the format by the first bytes of the content; a file's name may lie.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if raw(bytes) {
            return None;
        }
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [b'B', b'M', ..] if bytes.len() > 26 => Some(Self::Bmp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::Gif => "GIF",
        })
    }
}

/// What a file promises to be by the extension of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidate {
    /// A picture in one of the formats of [`Format`].
    Photo,
    /// A photo in a format that has no decoder yet, and that format's name.
    NotYet(&'static str),
    /// No photo.
    Other,
}

impl Candidate {
    /// Looks at the extension alone, in upper or lower case; the file is not opened.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" | "png" | "webp" | "tif" | "tiff" | "bmp" | "dib" | "gif" => Self::Photo,
            "heic" | "heif" | "hif" => Self::NotYet("HEIC"),
            "avif" => Self::NotYet("AVIF"),
            "jxl" => Self::NotYet("JPEG XL"),
            "3fr" | "arw" | "cr2" | "cr3" | "crw" | "dcr" | "dng" | "erf" | "fff" | "iiq" | "kdc" | "mef" | "mos"
            | "mrw" | "nef" | "nrw" | "orf" | "pef" | "raf" | "raw" | "rw2" | "rwl" | "sr2" | "srf" | "srw" | "x3f" => {
                Self::NotYet("RAW")
            }
            _ => Self::Other,
        }
    }
}

/// Why bytes that [`Format::sniff`] does not know give no picture, as exactly as can be told.
pub(super) fn refusal(bytes: &[u8]) -> PhotoError {
    let not_yet = |format| PhotoError::NotYet { format };
    let unknown = |content| PhotoError::Unknown { content };
    if raw(bytes) {
        return not_yet("RAW");
    }
    match bytes {
        [] => PhotoError::Empty,
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4) {
            Some(b"avif" | b"avis") => not_yet("AVIF"),
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => not_yet("HEIC"),
            _ => unknown("a video"),
        },
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => not_yet("JPEG XL"),
        [b'8', b'B', b'P', b'S', ..] => unknown("a Photoshop document"),
        [b'%', b'P', b'D', b'F', ..] => unknown("a PDF document"),
        [b'P', b'K', 3, 4, ..] => unknown("a ZIP archive"),
        [b'<', ..] => unknown("a text, such as a web page or an XML file"),
        [0, ..] if bytes.iter().all(|&byte| byte == 0) => unknown("nothing but zeros, as after a failed copy"),
        _ if bytes.iter().take(512).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => {
            unknown("a text")
        }
        _ => unknown("of an unknown kind"),
    }
}

/// Whether this is a camera's raw file, as far as raw files tell: most others are TIFF files in every respect.
fn raw(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [b'I', b'I', 42, 0, _, _, _, _, b'C', b'R', ..]
            | [b'I', b'I', b'R', b'O' | b'S', ..]
            | [b'M', b'M', b'O', b'R', ..]
            | [b'I', b'I', b'U', 0, ..]
            | [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', b'C', b'C', b'D', b'-', b'R', b'A', b'W', ..]
            | [_, _, _, _, b'f', b't', b'y', b'p', b'c', b'r', b'x', b' ', ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_in_either_case() {
        for (name, candidate) in [
            ("a/IMG_1.JPG", Candidate::Photo),
            ("scan.tiff", Candidate::Photo),
            ("a.b.WebP", Candidate::Photo),
            ("IMG_2.HEIC", Candidate::NotYet("HEIC")),
            ("x.avif", Candidate::NotYet("AVIF")),
            ("x.jxl", Candidate::NotYet("JPEG XL")),
            ("DSC1.Nef", Candidate::NotYet("RAW")),
            ("clip.mp4", Candidate::Other),
            ("jpg", Candidate::Other),
            (".jpg", Candidate::Other),
            ("photo.jpg.xmp", Candidate::Other),
        ] {
            assert_eq!(Candidate::of(Path::new(name)), candidate, "{name}");
        }
    }

    #[test]
    fn content_that_is_no_picture_is_named() {
        for (bytes, message) in [
            (&b""[..], "the file is empty"),
            (&[0; 64], "nothing but zeros, as after a failed copy"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "this is a HEIC picture, which facetag cannot read yet"),
            (b"\0\0\0\x18ftypavif\0\0\0\0", "this is an AVIF picture"),
            (b"\0\0\0\x18ftypcrx \0\0\0\0", "this is a RAW picture"),
            (b"II*\0\x10\0\0\0CR\x02\0", "this is a RAW picture"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "its content is a video"),
            (b"\0\0\0\x0cftyp", "its content is a video"),
            (b"<!DOCTYPE html>", "a text, such as a web page"),
            (b"dear diary", "its content is a text"),
            (b"\x80\x02\x03", "of an unknown kind"),
        ] {
            assert_eq!(Format::sniff(bytes), None);
            let refusal = refusal(bytes).to_string();
            assert!(refusal.contains(message), "{refusal}");
        }
    }
}
