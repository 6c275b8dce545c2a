use std::fmt::Display;

use super::{Format, MAX_PIXELS, MAX_SIDE};

/// Why a file gives no picture, and what its owner can do about it. The path is for the caller to add.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    #[error("the file is empty; a copy from the camera or a backup may be whole")]
    Empty,

    #[error("this is not a picture facetag knows (its content is {content})")]
    Unknown { content: &'static str },

    #[error(
        "this is {} {format} picture, which this build of facetag cannot read; exported as JPEG it can be read",
        article(format.name())
    )]
    NotYet { format: Format },

    #[error("the picture says that it is {width} x {height} pixels, so there is nothing to see in it")]
    NoPixels { width: u32, height: u32 },

    #[error(
        "the picture is {width} x {height} pixels and facetag reads at most {} million, and {} on a side; a smaller copy can be read",
        MAX_PIXELS / 1_000_000,
        MAX_SIDE
    )]
    TooLarge { width: u32, height: u32 },

    #[error("the {format} is damaged: {reason}; a copy from the camera or a backup may be whole")]
    Damaged { format: Format, reason: String },

    #[error("facetag cannot read this kind of {format}: {reason}; exported as an ordinary JPEG it can be read")]
    Unsupported { format: Format, reason: String },
}

impl PhotoError {
    pub(super) fn damaged(format: Format, reason: impl Display) -> Self {
        Self::Damaged { format, reason: reason.to_string() }
    }

    pub(super) fn unsupported(format: Format, reason: impl Display) -> Self {
        Self::Unsupported { format, reason: reason.to_string() }
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with('A') { "an" } else { "a" }
}
