//! `facetag scan`

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::Exit;
use super::args::Scan;
use super::output::{count, json, note, plain};
use crate::catalog::Library;
use crate::scan::{Event, Options, Summary, scan_folders};

pub(super) fn run(library: &Library, args: &Scan) -> Result<Exit> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
    }
    let started = Instant::now();
    let since = Timestamp::now();
    let mut progress = if args.quiet { Progress::silent() } else { Progress::new() };
    let options = Options {
        retry_failed: args.retry_failed,
        rebuild: args.rebuild,
        reread: args.reread,
        exclude: args.exclude.clone(),
        no_exclude: args.no_exclude,
        follow_links: args.follow_links.then_some(true).or(args.no_follow_links.then_some(false)),
    };
    let summary = shown(library, &args.folders, options, &mut progress)?;
    if args.json {
        json(&summary)?;
    } else if !args.quiet {
        tell(&summary, started.elapsed())?;
        if args.rebuild && !summary.interrupted {
            writeln!(std::io::stdout(), "Your decisions were re-applied to what was found: `facetag log` lists them.")?;
        }
    }
    if !summary.interrupted {
        super::import::after_scan(library, since, (summary.photos > 0, !args.json && !args.quiet))?;
    }
    Ok(match &summary {
        Summary { interrupted: true, .. } => Exit::Interrupted,
        Summary { unreadable, offline, .. } if *unreadable > 0 || !offline.is_empty() => Exit::Partly,
        _ => Exit::Well,
    })
}

/// Scans, shows how it goes on, and ends it at Ctrl-C.
pub(super) fn shown(
    library: &Library,
    folders: &[PathBuf],
    options: Options,
    progress: &mut Progress,
) -> Result<Summary> {
    let interrupted = interruption()?;
    let summary = scan_folders(library, folders, options, &interrupted, |event| progress.show(&event))?;
    progress.finish();
    Ok(summary)
}

/// Set by the first Ctrl-C (or a polite kill), upon which a scan ends tidily; the second ends facetag at once, which
/// loses no more than the photos being read.
pub(super) fn interruption() -> Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    on_interruption(move || flag.store(true, Ordering::Relaxed))?;
    Ok(interrupted)
}

/// So long facetag may take to end after the first Ctrl-C: a disk may not answer, or a large photo be in work. Whatever it does
/// then is found again by the next scan.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does something at the first Ctrl-C (or a polite kill); the second ends facetag at once, and so does a long time.
pub(super) fn on_interruption(stop: impl Fn() + Send + 'static) -> Result<()> {
    let again = AtomicBool::new(false);
    let end = || std::process::exit(Exit::Interrupted as i32);
    ctrlc::set_handler(move || {
        if again.swap(true, Ordering::Relaxed) {
            end();
        }
        std::thread::spawn(move || {
            std::thread::sleep(PATIENCE);
            end();
        });
        stop();
    })?;
    Ok(())
}

/// What a scan shows while it goes on, on standard error: a bar in a terminal, plain lines elsewhere.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// Where there is no terminal: when the last line was written.
    plain_since: Option<Instant>,
    /// When the first photo was begun.
    started: Instant,
    to_read: u64,
    read: u64,
    faces: u64,
}

/// Between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    pub fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal { ProgressBar::no_length() } else { ProgressBar::hidden() };
        let template = "{bar:30} {pos}/{len} photos · {per_sec} · {eta} left · {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let per_second = |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{:.1} photos/s", state.per_sec());
            };
            bar.set_style(style.with_key("per_sec", per_second));
        }
        let plain_since = (!terminal).then(Instant::now);
        Self { bar, quiet: false, plain_since, started: Instant::now(), to_read: 0, read: 0, faces: 0 }
    }

    pub fn silent() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            quiet: true,
            plain_since: None,
            started: Instant::now(),
            to_read: 0,
            read: 0,
            faces: 0,
        }
    }

    pub fn show(&mut self, event: &Event) {
        match event {
            Event::Planned { to_read } => {
                (self.to_read, self.started) = (*to_read, Instant::now());
                self.bar.set_length(*to_read);
            }
            Event::Read { faces } => {
                self.read += 1;
                self.faces += faces;
                self.bar.set_message(count(self.faces, "face"));
                self.bar.inc(1);
                if self.plain_since.is_some_and(|since| since.elapsed() >= PLAIN_EVERY) {
                    self.plain_since = Some(Instant::now());
                    let left = HumanDuration(time_left(self.started.elapsed(), self.read, self.to_read));
                    let faces = count(self.faces, "face");
                    note(&format!("{} of {} photos, {faces}, about {left} left", self.read, self.to_read));
                }
            }
            Event::Unreadable { path, problem } => self.warn(&format!("{}: {problem}", plain(path))),
            Event::Offline { path } => {
                self.warn(&format!("{}: not there now; its photos and names are kept", plain(path)));
            }
            Event::CutOff { problem } => self
                .warn(&format!("{problem}: waiting for the server of the library, and going on then (Ctrl-C ends it)")),
            Event::Grouping => self.bar.set_message(format!("{}, grouping", count(self.faces, "face"))),
        }
    }

    /// A line above the bar.
    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| note(&format!("warning: {text}")));
    }

    pub fn finish(&self) {
        if !self.quiet {
            self.bar.finish_and_clear();
        }
    }
}

/// What is left, at the speed measured so far.
fn time_left(elapsed: Duration, read: u64, to_read: u64) -> Duration {
    elapsed.mul_f64(to_read.saturating_sub(read) as f64 / read.max(1) as f64)
}

/// What was found, and what to do next.
fn tell(summary: &Summary, time: Duration) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mut rest = Vec::new();
    let mut add = |number: u64, what: &str| {
        if number > 0 {
            rest.push(format!("{number} {what}"));
        }
    };
    add(summary.unchanged, "unchanged");
    add(summary.copies, if summary.copies == 1 { "copy of a known photo" } else { "copies of known photos" });
    add(summary.moved, "moved");
    add(summary.missing, "gone since the last scan (their tags are kept)");
    add(summary.unreadable, "that could not be read (`facetag scan --retry-failed` tries them again)");
    let rest = rest.join(", ");
    let rate = summary.photos as f64 / time.as_secs_f64();
    match summary.photos {
        0 if rest.is_empty() => writeln!(out, "No new photos.")?,
        // In one line with what follows.
        0 => write!(out, "No new photos. ")?,
        photos => writeln!(
            out,
            "{} read, {} found, in {} ({rate:.1} photos/s).",
            count(photos, "photo"),
            count(summary.faces, "face"),
            HumanDuration(time),
        )?,
    }
    if !rest.is_empty() {
        writeln!(out, "Files: {rest}.")?;
    }
    if summary.reread > 0 {
        writeln!(out, "Metadata read again: {}.", count(summary.reread, "file"))?;
    }
    if summary.live_videos > 0 {
        writeln!(out, "Live Photos: {} beside them.", count(summary.live_videos, "video"))?;
    }
    if summary.motion_photos > 0 {
        writeln!(out, "Motion photos: {} inside them.", count(summary.motion_photos, "video"))?;
    }
    for (format, number) in &summary.not_yet {
        writeln!(out, "Skipped: {number} {format}, which this build of facetag does not read.")?;
    }
    for line in summary.skipped.lines() {
        writeln!(out, "Skipped: {line}.")?;
    }
    if summary.new_groups + summary.tagged > 0 {
        writeln!(
            out,
            "{} of one face and more; {} tagged by similarity with a name you gave before.",
            count(summary.new_groups, "new group"),
            count(summary.tagged, "face"),
        )?;
    }
    if summary.interrupted {
        writeln!(out, "\nInterrupted. What was read is kept: the same command goes on from here.")?;
    } else if summary.photos > 0 {
        writeln!(out, "\nNext: `facetag people` shows who is there, `facetag name NUMBER NAME` names a group.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_comes_from_the_speed_so_far() {
        let seconds = Duration::from_secs;
        assert_eq!(time_left(seconds(10), 100, 1000), seconds(90));
        assert_eq!(time_left(seconds(10), 1000, 1000), seconds(0));
        assert_eq!(time_left(seconds(10), 0, 0), seconds(0));
    }
}
