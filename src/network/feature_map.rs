//! Feature maps: the numbers that a network has for each pixel, its channels, side by side.
//!
//! A row has a pixel of zeros at either end, so that kernels of three pixels need no special case at the edges, and a pixel's
//! channels are filled up with zeros to whole vectors.

/// Pixels of zeros at either end of a row.
pub const BORDER: usize = 1;

/// Size of a feature map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

/// Where a feature map's numbers lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub height: usize,
    pub width: usize,
    /// Numbers from pixel to pixel.
    pub pitch: usize,
    /// Numbers from row to row.
    pub row: usize,
    /// Numbers from the start of a row to its first pixel that is no border.
    pub start: usize,
}

/// A feature map to read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub numbers: &'a [f32],
    pub layout: Layout,
    /// At least a row of zeros.
    pub zeros: &'a [f32],
}

/// A feature map to write.
pub struct Target<'a> {
    pub numbers: &'a mut [f32],
    pub layout: Layout,
}

impl Layout {
    pub fn new(size: Size, lanes: usize) -> Self {
        let pitch = size.channels.next_multiple_of(lanes);
        let row = (size.width + 2 * BORDER) * pitch;
        Self { height: size.height, width: size.width, pitch, row, start: BORDER * pitch }
    }

    pub fn length(&self) -> usize {
        self.height * self.row
    }

    /// The same map from `channel` on.
    pub fn from_channel(self, channel: usize) -> Self {
        Self { start: self.start + channel, ..self }
    }

    /// The same numbers as one pixel for every `count` beside each other.
    pub fn grouped(self, count: usize) -> Self {
        Self { width: self.width / count, pitch: self.pitch * count, ..self }
    }
}

impl<'a> Source<'a> {
    /// A row with its border; zeros above and below the map.
    #[inline(always)]
    pub fn row(&self, y: isize) -> &'a [f32] {
        match usize::try_from(y) {
            Ok(y) if y < self.layout.height => &self.numbers[y * self.layout.row..][..self.layout.row],
            _ => &self.zeros[..self.layout.row],
        }
    }
}

impl Target<'_> {
    #[inline(always)]
    pub fn row(&mut self, y: usize) -> &mut [f32] {
        &mut self.numbers[y * self.layout.row..][..self.layout.row]
    }
}
