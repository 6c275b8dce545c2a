//! Faces shown in the terminal: by its own graphics (kitty, iTerm, sixel) where it has them, else in half blocks.

use std::io::IsTerminal;

use anyhow::Result;
use image::{DynamicImage, RgbImage};

use crate::catalog::{Catalog, FaceRow};
use crate::metadata::Metadata;
use crate::photo::{self, contain, thumbnail};

/// Pixels along a face, and between two persons.
const SIDE: u32 = 160;
const GAP: u32 = 40;

/// Lines of the terminal that a face takes.
const LINES: u32 = 9;

/// Shows these faces in a row, a gap between the first ones and the second ones. Photos that are away are left out, and
/// without a terminal nothing is shown.
pub(super) fn show(catalog: &Catalog, first: &[FaceRow], second: &[FaceRow]) -> Result<()> {
    let terminal = std::env::var("TERM").unwrap_or_default();
    if !std::io::stdout().is_terminal() || matches!(terminal.as_str(), "" | "dumb") {
        return Ok(());
    }
    let pictures = |faces: &[FaceRow]| -> Result<Vec<RgbImage>> {
        let pictures = faces.iter().map(|face| picture(catalog, face)).collect::<Result<Vec<_>>>()?;
        Ok(pictures.into_iter().flatten().collect())
    };
    let (first, second) = (pictures(first)?, pictures(second)?);
    let gap = if second.is_empty() { 0 } else { GAP };
    let width = (first.len() + second.len()) as u32 * SIDE + gap;
    if first.is_empty() {
        return Ok(());
    }
    let mut row = RgbImage::new(width, SIDE);
    for (index, picture) in first.iter().enumerate() {
        image::imageops::replace(&mut row, picture, i64::from(index as u32 * SIDE), 0);
    }
    for (index, picture) in second.iter().enumerate() {
        let x = (first.len() + index) as u32 * SIDE + gap;
        image::imageops::replace(&mut row, picture, i64::from(x), 0);
    }
    let config = viuer::Config {
        absolute_offset: false,
        height: Some(LINES),
        use_kitty: is_one_of(&["kitty", "ghostty"], &["KITTY_WINDOW_ID"]),
        use_iterm: is_one_of(&["iterm", "wezterm"], &[]),
        use_sixel: is_one_of(&["foot", "mlterm", "contour", "sixel"], &["KONSOLE_VERSION", "WT_SESSION"]),
        ..Default::default()
    };
    // A picture that a terminal cannot show is no reason to stop asking.
    let _ = viuer::print(&DynamicImage::ImageRgb8(row), &config);
    Ok(())
}

/// Whether the terminal is one of these, or sets one of these variables. Terminals could be asked what they can show, but one
/// that does not answer would keep the question waiting for ever.
fn is_one_of(terminals: &[&str], variables: &[&str]) -> bool {
    let of = |variable: &str| std::env::var(variable).unwrap_or_default().to_lowercase();
    let called = [of("TERM"), of("TERM_PROGRAM")];
    terminals.iter().any(|name| called.iter().any(|called| called.contains(name)))
        || variables.iter().any(|variable| std::env::var_os(variable).is_some())
}

/// A face with some of what is around it, or `None` where its photo cannot be read now.
fn picture(catalog: &Catalog, face: &FaceRow) -> Result<Option<RgbImage>> {
    let paths = catalog.readable_paths(face.photo)?;
    let read = || {
        let bytes = paths.iter().find_map(|path| std::fs::read(path).ok())?;
        let header = photo::header(&bytes).ok()?;
        let photo = photo::decode(&bytes, &header, Metadata::read(&bytes).orientation).ok()?;
        let (across, down) = (photo.width() as f32, photo.height() as f32);
        let bounds = face.bounds;
        let region = [bounds.x * across, bounds.y * down, bounds.width * across, bounds.height * down];
        Some(thumbnail(&photo, region, SIDE))
    };
    Ok(contain(read).ok().flatten())
}
