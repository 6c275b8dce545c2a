//! Feature maps: the numbers that a network has for each pixel, its channels, side by side.
//!
//! A row has a pixel of zeros at either end, so that kernels of three pixels need no special case at the edges, and a pixel's
//! channels are filled up with zeros to whole vectors.

use std::ops::Range;

use pulp::Simd;

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
    /// How many rows are in memory: `y` lies where `y - rows` was.
    pub rows: usize,
    /// Numbers from pixel to pixel.
    pub pitch: usize,
    /// Numbers from row to row.
    pub row: usize,
    /// Numbers from the start of a row to its first pixel that is no border.
    pub start: usize,
}

/// A feature map to read.
#[derive(Clone, Copy)]
pub struct Source<'a, N = f32> {
    pub numbers: &'a [N],
    pub layout: Layout,
    /// At least a row of zeros.
    pub zeros: &'a [N],
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
        Self { height: size.height, width: size.width, rows: size.height, pitch, row, start: BORDER * pitch }
    }

    /// The same, counted in vectors.
    #[inline(always)]
    pub fn in_vectors<S: Simd>(self) -> Self {
        let [pitch, row, start] = [self.pitch, self.row, self.start].map(|numbers| numbers / S::F32_LANES);
        Self { pitch, row, start, ..self }
    }

    /// The same, counted in pairs of numbers, with so many rows in memory.
    #[cfg(target_arch = "x86_64")]
    pub fn in_pairs(self, rows: usize) -> Self {
        Self { rows, pitch: self.pitch / 2, row: self.row / 2, start: self.start / 2, ..self }
    }

    /// How many numbers are in memory.
    pub fn length(&self) -> usize {
        self.rows * self.row
    }

    /// Where a row with its border lies.
    pub fn place(&self, y: usize) -> Range<usize> {
        let start = y % self.rows * self.row;
        start..start + self.row
    }

    /// The same map from `channel` on.
    pub fn at_channel(self, channel: usize) -> Self {
        Self { start: self.start + channel, ..self }
    }

    /// Only every `count`th row from `first` on, and `count` pixels beside each other as one.
    pub fn every(self, count: usize, first: usize) -> Self {
        Self {
            height: self.height / count,
            width: self.width / count,
            rows: self.rows / count,
            pitch: self.pitch * count,
            row: self.row * count,
            start: self.start + first * self.row,
        }
    }
}

impl<'a, N> Source<'a, N> {
    /// A row with its border; zeros above and below the map.
    #[inline(always)]
    pub fn row(&self, y: isize) -> &'a [N] {
        match usize::try_from(y) {
            Ok(y) if y < self.layout.height => &self.numbers[self.layout.place(y)],
            _ => &self.zeros[..self.layout.row],
        }
    }
}

impl Target<'_> {
    /// A row with its border.
    #[inline(always)]
    pub fn row(&mut self, y: usize) -> &mut [f32] {
        &mut self.numbers[self.layout.place(y)]
    }
}
