//! How much one request may ask for.

use super::error::PageError;

/// People who all are to be in a photo, or are not.
pub(super) const SEARCHED: usize = 100;

/// People of whom one is to be in a photo, as of a circle, and so many of them are shown.
pub(super) const CIRCLED: usize = 1000;
pub(super) const CHIPS: usize = 100;

/// People who are merged at once.
pub(super) const MERGED: usize = 100;

/// People, or faces, of whom the same is decided at once.
pub(super) const SELECTED: usize = 2000;

/// Photos that are selected at once.
pub(super) const PHOTOS: usize = 100_000;

/// Letters of a text that is searched for.
pub(super) const TYPED: usize = 400;

/// Letters of a place.
pub(super) const PLACE: usize = 200;

/// Bytes of a path.
pub(super) const PATH: usize = 4096;

/// Whether a list is no longer than it may be.
///
/// # Errors
/// [`PageError::TooMany`].
pub(super) fn at_most<T>(list: &[T], most: usize) -> Result<(), PageError> {
    if list.len() > most { Err(PageError::TooMany(most)) } else { Ok(()) }
}
