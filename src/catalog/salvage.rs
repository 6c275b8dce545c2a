//! Lines of the journal, settings and the folders scanned, out of the bytes of a damaged SQLite file: page by page, whatever its trees
//! still hold together (<https://www.sqlite.org/fileformat2.html>).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::PersonId;
use super::decision::Decision;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Salvaged {
    /// By number: time, and decision as JSON.
    pub lines: BTreeMap<i64, (String, String)>,
    pub roots: Vec<Root>,
    /// Those that a user can miss, by key.
    pub settings: BTreeMap<String, String>,
}

/// A folder that was scanned.
#[derive(Debug, PartialEq)]
pub(super) struct Root {
    pub path: String,
    pub added_at: String,
    /// Patterns, as JSON.
    pub excluded: String,
    pub follow_links: bool,
}

/// The settings that are looked for.
const SETTINGS: [&str; 5] = ["albums", "backups_elsewhere", "import_from", "imported_at", "pack"];

/// A value of a row, as far as one of these tables has it.
#[derive(Debug, PartialEq)]
enum Value {
    Null,
    Integer(bool),
    Text(String),
    Other,
}

/// Pages by number, from 1.
type Pages<'a> = HashMap<u32, &'a [u8]>;

/// The first bytes of a leaf of a table, and of one of a table without row numbers.
const LEAF: u8 = 0x0d;
const KEYED_LEAF: u8 = 0x0a;

impl Salvaged {
    /// Looks through a SQLite file and its write-ahead log, as far as they are there.
    pub fn read(file: &Path, log: Option<&PathBuf>) -> Self {
        let file = std::fs::read(file).unwrap_or_default();
        let log = log.and_then(|log| std::fs::read(log).ok()).unwrap_or_default();
        let size =
            page_size(&file).or_else(|| Some(be(&log, 8, 4)? as usize)).filter(|size| *size >= 512).unwrap_or(4096);
        let mut pages: Pages = (1..).zip(file.chunks(size)).collect();
        let mut found = Self::default();
        found.take(&pages, size);
        pages.extend(logged(&log, size));
        found.take(&pages, size);
        found
    }

    /// Whether a file that SQLite cannot read was a library: something of one is left in it, or its head was overwritten by zeros.
    pub fn is_ours(file: &Path) -> bool {
        let found = Self::read(file, None);
        let head = std::fs::read(file).unwrap_or_default();
        !found.lines.is_empty()
            || !found.roots.is_empty()
            || head.starts_with(&[0; 100])
            || head.starts_with(b"SQLite format 3\0")
    }

    /// The people whom its lines are about.
    pub fn people(&self) -> BTreeSet<PersonId> {
        let decisions = self.lines.values().filter_map(|(_, decision)| serde_json::from_str::<Decision>(decision).ok());
        decisions.flat_map(|decision| decision.people()).collect()
    }

    fn take(&mut self, pages: &Pages, size: usize) {
        for (&number, page) in pages {
            for (id, row) in rows(pages, number, page, size) {
                match row.as_slice() {
                    [Value::Null, Value::Text(at), Value::Text(decision)] if is_time(at) && is_decision(decision) => {
                        self.lines.insert(id, (at.clone(), decision.clone()));
                    }
                    [Value::Null, Value::Text(path), Value::Text(at), scanned, Value::Integer(_), rules @ ..]
                        if is_time(at)
                            && Path::new(path).is_absolute()
                            && (*scanned == Value::Null || matches!(scanned, Value::Text(at) if is_time(at))) =>
                    {
                        let (excluded, follow_links) = match rules {
                            [Value::Text(excluded), Value::Integer(follows), ..] => (excluded.as_str(), *follows),
                            _ => ("[]", false),
                        };
                        let (path, added_at, excluded) = (path.clone(), at.clone(), excluded.to_owned());
                        // What is in the log comes later, and is newer.
                        self.roots.retain(|root| root.path != path);
                        self.roots.push(Root { path, added_at, excluded, follow_links });
                    }
                    _ => {}
                }
            }
            for row in keyed_rows(pages, number, page, size) {
                if let [Value::Text(key), Value::Text(value)] = row.as_slice()
                    && SETTINGS.contains(&key.as_str())
                {
                    self.settings.insert(key.clone(), value.clone());
                }
            }
        }
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}

fn is_decision(text: &str) -> bool {
    serde_json::from_str::<Decision>(text).is_ok()
}

fn be(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    Some(bytes.get(at..at + length)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

fn page_size(file: &[u8]) -> Option<usize> {
    let size = be(file, 16, 2).filter(|_| file.starts_with(b"SQLite format 3\0"))?;
    Some(if size == 1 { 65536 } else { size as usize })
}

/// The pages of a write-ahead log up to its last commit.
fn logged(log: &[u8], size: usize) -> Pages<'_> {
    let (mut pages, mut since) = (Pages::new(), Vec::new());
    let Some(salts) = log.get(16..24) else { return pages };
    for frame in log[32.min(log.len())..].chunks_exact(24 + size) {
        if &frame[8..16] != salts {
            break;
        }
        since.push((be(frame, 0, 4).unwrap_or(0) as u32, &frame[24..]));
        if be(frame, 4, 4) != Some(0) {
            pages.extend(since.drain(..));
        }
    }
    pages
}

/// Where the rows of a page begin, if it is a leaf of this kind.
fn cells(number: u32, page: &[u8], leaf: u8) -> Vec<usize> {
    let head = if number == 1 { 100 } else { 0 };
    if page.get(head) != Some(&leaf) {
        return Vec::new();
    }
    let cells = be(page, head + 3, 2).unwrap_or(0) as usize;
    (0..cells).filter_map(|index| Some(be(page, head + 8 + 2 * index, 2)? as usize)).collect()
}

/// The rows of a page, where it is a leaf of a table.
fn rows(pages: &Pages, number: u32, page: &[u8], size: usize) -> Vec<(i64, Vec<Value>)> {
    let row = |at: usize| {
        let (length, at) = varint(page, at)?;
        let (id, at) = varint(page, at)?;
        Some((id as i64, record(&payload(pages, page, (at, size - 35), length as usize, size)?)?))
    };
    cells(number, page, LEAF).into_iter().filter_map(row).collect()
}

/// The rows of a page, where it is a leaf of a table without row numbers.
fn keyed_rows(pages: &Pages, number: u32, page: &[u8], size: usize) -> Vec<Vec<Value>> {
    let row = |at: usize| {
        let (length, at) = varint(page, at)?;
        record(&payload(pages, page, (at, (size - 12) * 64 / 255 - 23), length as usize, size)?)
    };
    cells(number, page, KEYED_LEAF).into_iter().filter_map(row).collect()
}

/// The bytes of a row, of which at most so many are here; the others are in other pages.
fn payload(pages: &Pages, page: &[u8], (at, most): (usize, usize), length: usize, size: usize) -> Option<Vec<u8>> {
    let here = if length <= most {
        length
    } else {
        let least = (size - 12) * 32 / 255 - 23;
        let rest = least + (length - least) % (size - 4);
        if rest <= most { rest } else { least }
    };
    let mut bytes = page.get(at..at + here)?.to_vec();
    let mut next = if here < length { be(page, at + here, 4)? as u32 } else { 0 };
    while bytes.len() < length {
        let page = pages.get(&next)?;
        let part = (length - bytes.len()).min(size - 4);
        bytes.extend(page.get(4..4 + part)?);
        next = be(page, 0, 4)? as u32;
    }
    Some(bytes)
}

fn record(bytes: &[u8]) -> Option<Vec<Value>> {
    let (head, mut at) = varint(bytes, 0)?;
    let mut body = head as usize;
    let mut values = Vec::new();
    while at < head as usize {
        let (kind, next) = varint(bytes, at)?;
        at = next;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            kind => ((kind - 12) / 2) as usize,
        };
        let value = bytes.get(body..body.checked_add(length)?)?;
        body += length;
        values.push(match kind {
            0 => Value::Null,
            1..=6 => Value::Integer(value.iter().any(|byte| *byte != 0)),
            8 | 9 => Value::Integer(kind == 9),
            kind if kind >= 13 && kind % 2 == 1 => Value::Text(String::from_utf8(value.to_vec()).ok()?),
            _ => Value::Other,
        });
    }
    Some(values)
}

fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0;
    for index in 0..9 {
        let byte = *bytes.get(at + index)?;
        if index == 8 {
            return Some((number << 8 | u64::from(byte), at + 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((number, at + index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of all lengths, in a file of which parts are overwritten.
    #[test]
    fn lines_that_are_not_damaged_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("library.sqlite");
        let sqlite = rusqlite::Connection::open(&file).unwrap();
        sqlite.execute_batch("CREATE TABLE journal (id INTEGER PRIMARY KEY, at TEXT, decision TEXT)").unwrap();
        let decision = |line: usize| {
            let faces = vec![
                serde_json::json!({"photo": "ab".repeat(32), "box": {"x": 0, "y": 0, "width": 1, "height": 1}});
                line * 3
            ];
            serde_json::json!({"do": "name", "person": line, "name": format!("Anna {line}"), "faces": faces})
                .to_string()
        };
        for line in 1..=60 {
            let sql = "INSERT INTO journal VALUES (?1, '2026-11-28T12:00:00Z', ?2)";
            sqlite.execute(sql, rusqlite::params![line as i64, decision(line)]).unwrap();
        }
        sqlite
            .execute_batch("CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
            .unwrap();
        let albums = "album ".repeat(2000);
        for (key, value) in [("pack", "open"), ("albums", &albums), ("writes", "1")] {
            sqlite.execute("INSERT INTO settings VALUES (?1, ?2)", [key, value]).unwrap();
        }
        sqlite.close().unwrap();
        let found = Salvaged::read(&file, None);
        assert_eq!(
            found.settings,
            BTreeMap::from([("albums".to_owned(), albums), ("pack".to_owned(), "open".to_owned())])
        );
        assert_eq!(found.lines.len(), 60);
        assert!((1..=60).all(|line| found.lines[&(line as i64)].1 == decision(line)));

        let mut bytes = std::fs::read(&file).unwrap();
        bytes[..4096].fill(0);
        bytes.truncate(bytes.len() / 2);
        std::fs::write(&file, bytes).unwrap();
        let found = Salvaged::read(&file, None);
        assert!((10..60).contains(&found.lines.len()), "{}", found.lines.len());
        assert!(found.lines.iter().all(|(line, (_, found))| *found == decision(*line as usize)));
    }
}
