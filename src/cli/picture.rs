//! Faces shown in the terminal: by its own graphics (kitty, iTerm, sixel) where it has them, else in half blocks.

use std::io::IsTerminal;

use anyhow::Result;
use image::{DynamicImage, RgbImage};

use crate::catalog::{Catalog, FaceRow};
use crate::face::PORTRAIT_SIDE as SIDE;
use crate::photo::{self, Orientation};
use crate::scan::{Budget, thumbnail};

/// Pixels between two persons.
const GAP: u32 = 40;

/// Lines of the terminal that a face takes.
const LINES: u32 = 9;

/// Shows these faces in a row, a gap between the first ones and the second ones. Photos that are away are left out, and
/// without a terminal nothing is shown.
pub(super) fn show(catalog: &mut Catalog, first: &[FaceRow], second: &[FaceRow]) -> Result<()> {
    let terminal = std::env::var("TERM").unwrap_or_default();
    if !std::io::stdout().is_terminal() || matches!(terminal.as_str(), "" | "dumb") {
        return Ok(());
    }
    let mut pictures = |faces: &[FaceRow]| -> Result<Vec<RgbImage>> {
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
fn picture(catalog: &mut Catalog, face: &FaceRow) -> Result<Option<RgbImage>> {
    let Some(jpeg) = thumbnail(catalog, face, &Budget::new(u64::MAX))? else { return Ok(None) };
    let decoded = photo::header(&jpeg).and_then(|header| photo::decode(&jpeg, &header, Orientation::Normal));
    Ok(decoded.ok())
}
