//! Faces shown in the terminal.

use std::io::IsTerminal;

use anyhow::Result;
use image::RgbImage;

use super::graphics::Graphics;
use crate::catalog::{Catalog, FaceRow};
use crate::face::PORTRAIT_SIDE as SIDE;
use crate::photo::{self, Orientation};
use crate::scan::{Budget, thumbnail};

/// Pixels between two persons.
const GAP: u32 = 40;

/// Lines of the terminal that a face takes, where there is room.
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
    // A face has as many columns as it has half lines.
    let columns = u64::from(console::Term::stdout().size().1);
    let lines = (columns * u64::from(SIDE) / (2 * u64::from(width))).min(LINES.into()).max(1) as u32;
    // A picture that a terminal cannot show is no reason to stop asking.
    let _ = Graphics::of(|name| std::env::var(name).ok()).show(&row, lines, &mut std::io::stdout().lock());
    Ok(())
}

/// A face with some of what is around it, or `None` where its photo cannot be read now.
fn picture(catalog: &mut Catalog, face: &FaceRow) -> Result<Option<RgbImage>> {
    let Some(jpeg) = thumbnail(catalog, face, &Budget::new(u64::MAX))? else { return Ok(None) };
    let decoded = photo::header(&jpeg).and_then(|header| photo::decode(&jpeg, &header, Orientation::Normal));
    Ok(decoded.ok())
}
