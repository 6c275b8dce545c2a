//! The directories of TIFF files and of what is built like them: EXIF, and most cameras' raw files.
//!
//! Nothing here is believed: what lies outside the file is left out, and there is an end to every walk.

/// A file of directories.
#[derive(Debug, Clone, Copy)]
pub struct Tiff<'a> {
    bytes: &'a [u8],
    pub big_endian: bool,
    /// BigTIFF, whose numbers of places have 64 bits.
    wide: bool,
    /// Where the first directory is.
    pub first: usize,
}

/// One field of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    pub tag: u16,
    /// Its type, as TIFF numbers them.
    pub kind: u16,
    pub count: u32,
    /// `count` values, as they stand in the file.
    pub value: &'a [u8],
    /// Where the value stands in the file.
    pub at: usize,
}

/// A directory: its fields, and where the next one is, or 0.
#[derive(Debug, Clone, Default)]
pub struct Directory<'a> {
    pub entries: Vec<Entry<'a>>,
    pub next: usize,
}

/// Directories that are looked at in one file; one of 500 pages has as many.
const MOST_DIRECTORIES: usize = 64;

const SUB_DIRECTORIES: u16 = 330;

impl<'a> Tiff<'a> {
    /// `None` where the bytes do not begin as TIFF, or as one of the raw formats that only have another number there:
    /// Panasonic's and Leica's (0x55), Olympus's (`RO`, `RS`).
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let (big_endian, wide) = match bytes {
            [b'I', b'I', 42, 0, ..] | [b'I', b'I', 0x55, 0, ..] | [b'I', b'I', b'R', b'O' | b'S', ..] => (false, false),
            [b'M', b'M', 0, 42, ..] | [b'M', b'M', b'O' | b'S', b'R', ..] => (true, false),
            [b'I', b'I', 43, 0, ..] => (false, true),
            [b'M', b'M', 0, 43, ..] => (true, true),
            _ => return None,
        };
        let tiff = Self { bytes, big_endian, wide, first: 0 };
        let first = if wide { tiff.number(bytes.get(8..16)?) } else { tiff.number(bytes.get(4..8)?) };
        Some(Self { first: usize::try_from(first).ok()?, ..tiff })
    }

    /// An unsigned number of up to 8 bytes.
    pub fn number(&self, bytes: &[u8]) -> u64 {
        let add = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        if self.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    /// The directory at a place; empty where there is none.
    pub fn directory(&self, at: usize) -> Directory<'a> {
        self.read(at).unwrap_or_default()
    }

    fn read(&self, at: usize) -> Option<Directory<'a>> {
        if at == 0 {
            return None;
        }
        let (counted, length, place) = if self.wide { (8, 20, 8) } else { (2, 12, 4) };
        let count = usize::try_from(self.number(self.bytes.get(at..at.checked_add(counted)?)?)).ok()?;
        let fields = self.bytes.get(at + counted..)?;
        let entry = |(index, field): (usize, &'a [u8])| {
            let tag = self.number(&field[..2]) as u16;
            let kind = self.number(&field[2..4]) as u16;
            let count = u32::try_from(self.number(&field[4..4 + place])).ok()?;
            let bytes = size_of(kind)?.checked_mul(count as usize)?;
            let at = match bytes <= place {
                true => at + counted + index * length + 4 + place,
                false => usize::try_from(self.number(&field[4 + place..])).ok()?,
            };
            let value = self.bytes.get(at..at.checked_add(bytes)?)?;
            Some(Entry { tag, kind, count, value, at })
        };
        // A directory of more fields than this is nonsense.
        let count = count.min(4096);
        let entries = fields.chunks_exact(length).take(count).enumerate().filter_map(entry).collect();
        let next = fields.get(count * length..).and_then(|rest| rest.get(..place));
        Some(Directory { entries, next: next.map_or(0, |next| self.number(next) as usize) })
    }

    /// The numbers of a field of whole numbers; none of any other.
    pub fn numbers(&self, entry: &Entry<'a>) -> impl Iterator<Item = u64> + use<'a> {
        let (tiff, size) =
            (*self, if matches!(entry.kind, 1 | 3 | 4 | 13 | 16 | 18) { size_of(entry.kind) } else { None });
        size.into_iter().flat_map({
            let value = entry.value;
            move |size| value.chunks_exact(size).map(move |bytes| tiff.number(bytes))
        })
    }

    /// The first number of a field of a directory.
    pub fn field(&self, directory: &Directory<'a>, tag: u16) -> Option<u64> {
        directory.get(tag).and_then(|entry| self.numbers(entry).next())
    }

    /// The directories of the file's pages, and those inside each of them, the first page first.
    pub fn directories(&self) -> Vec<Directory<'a>> {
        let mut waiting = std::collections::VecDeque::from([self.first]);
        let (mut seen, mut found) = (Vec::new(), Vec::new());
        while let Some(at) = waiting.pop_front()
            && found.len() < MOST_DIRECTORIES
        {
            if seen.contains(&at) {
                continue;
            }
            seen.push(at);
            let Some(directory) = self.read(at) else { continue };
            waiting.push_back(directory.next);
            let inner = directory.get(SUB_DIRECTORIES);
            waiting.extend(inner.iter().flat_map(|entry| self.numbers(entry)).take(16).map(|at| at as usize));
            found.push(directory);
        }
        found
    }
}

impl<'a> Directory<'a> {
    pub fn get(&self, tag: u16) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }
}

/// The bytes of one value of a type.
fn size_of(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}
