//! `facetag doctor`

use anyhow::Result;
use serde::Serialize;

use super::output::{json, say};
use super::{Exit, explained};
use crate::catalog::{Catalog, Library, LineId, SCHEMA, disk_of, free_bytes};
use crate::people::{active, active_pack};

#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// How many migrations of the library it knows.
    schema: usize,
    system: String,
    cores: usize,
    /// What the processor has of what makes the models fast.
    cpu_features: Vec<&'static str>,
    sqlite: &'static str,
    library: String,
    disk: String,
    free_bytes: Option<u64>,
    backups: Vec<String>,
    pack: Option<String>,
    roots: Vec<RootLine>,
    /// What is wrong, each with what to do about it.
    problems: Vec<String>,
}

#[derive(Serialize)]
struct RootLine {
    path: String,
    there: bool,
    disk: String,
}

/// Bytes that a library and its backup may need: with less, the next scan may not end well.
const LITTLE: u64 = 500 << 20;

pub(super) fn run(library: &Library, as_json: bool) -> Result<Exit> {
    let mut problems = Vec::new();
    let folder = library.folder();
    let free = free_bytes(folder);
    if let Some(free) = free.filter(|free| *free < LITTLE) {
        problems.push(format!("only {} MB are free on {}: free some space there", free >> 20, disk_of(folder)));
    }
    let (mut pack, mut roots) = (None, Vec::new());
    // To ask creates nothing.
    if library.has_anything() {
        match Catalog::open(library) {
            Err(error) => problems.push(explained(error.into(), library).to_string()),
            Ok(catalog) => {
                if catalog.is_read_only() {
                    problems
                        .push(format!("{}: it may only be read, so nothing can be named or scanned", folder.display()));
                }
                pack = Some(active(&catalog)?);
                problems.extend(active_pack(&catalog, library).err().map(|error| error.to_string()));
                for root in catalog.roots()? {
                    let there = root.path.is_dir();
                    if !there {
                        problems.push(format!("{}: not there now: connect its disk", root.path.display()));
                    }
                    roots.push(RootLine { disk: disk_of(&root.path), path: root.path.display().to_string(), there });
                }
                if catalog.last_line()? > LineId::BEFORE_ALL && library.backups_made().is_empty() {
                    problems.push("there is no backup yet: `facetag backup` makes one".to_owned());
                }
            }
        }
    }
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        schema: SCHEMA,
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        cpu_features: cpu_features(),
        sqlite: rusqlite::version(),
        library: library.file().display().to_string(),
        disk: disk_of(folder),
        free_bytes: free,
        backups: library.backups_made().iter().map(|backup| backup.display().to_string()).collect(),
        pack,
        roots,
        problems,
    };
    if as_json {
        json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(if report.problems.is_empty() { Exit::Well } else { Exit::Partly })
}

fn print(report: &Report) -> Result<()> {
    say(&format!("facetag   {}, schema {}, SQLite {}", report.version, report.schema, report.sqlite))?;
    say(&format!("Machine   {}, {} cores, {}", report.system, report.cores, report.cpu_features.join(" ")))?;
    let free = report.free_bytes.map_or_else(String::new, |free| format!(", {} MB free", free >> 20));
    say(&format!("Library   {} on {}{free}", report.library, report.disk))?;
    say(&format!("Models    {}", report.pack.as_deref().unwrap_or("open (nothing scanned yet)")))?;
    say(&format!("Backups   {}", report.backups.last().map_or("none", String::as_str)))?;
    for RootLine { path, there, disk } in &report.roots {
        say(&format!("Folder    {path} on {disk}{}", if *there { "" } else { ", not there now" }))?;
    }
    for problem in &report.problems {
        say(&format!("Problem   {problem}"))?;
    }
    if report.problems.is_empty() {
        say("No problems found. `facetag check` looks at the library more closely.")?;
    }
    Ok(())
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<&'static str> {
    let features = [
        ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    features.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

#[cfg(target_arch = "aarch64")]
fn cpu_features() -> Vec<&'static str> {
    vec!["neon"]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn cpu_features() -> Vec<&'static str> {
    Vec::new()
}
