#![doc = include_str!("README.md")]
#![no_std]

/// `places.bin.br`
pub static TOWNS: &[u8] = include_bytes!("places.bin.br");

/// `regions.txt`
pub const REGIONS: &str = include_str!("regions.txt");

/// `areas.ser.br`
pub static AREAS: &[u8] = include_bytes!("areas.ser.br");
