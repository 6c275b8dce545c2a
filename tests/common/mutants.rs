//! Damaged copies of a file, the same ones in every run. For the tests and for `benches/formats.rs`.

/// A stream of numbers (xorshift).
pub struct Numbers(u64);

impl Default for Numbers {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Numbers {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// Bytes changed, mostly near the start, where sizes and places stand; a part left out, doubled or zeroed; the tail cut off.
pub fn mutant(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let end = if numbers.below(4) == 0 { bytes.len() } else { bytes.len().min(2048) };
    for _ in 0..1 + numbers.below(8) {
        if bytes.is_empty() {
            break;
        }
        let at = numbers.below(end.min(bytes.len()));
        let length = (1 + numbers.below(32)).min(bytes.len() - at);
        match numbers.below(8) {
            0..=2 => bytes[at] = numbers.below(256) as u8,
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
            4 => bytes[at..at + length].fill([0, 0xff][numbers.below(2)]),
            5 => drop(bytes.drain(at..at + length)),
            6 => {
                let part = bytes[at..at + length].to_vec();
                bytes.splice(at..at, part);
            }
            _ => bytes.truncate(numbers.below(bytes.len()).max(64)),
        }
    }
    bytes
}
