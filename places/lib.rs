#![doc = include_str!("README.md")]
#![no_std]

/// `places.bin.br`
pub const TOWNS: &[u8] = include_bytes!("places.bin.br");

/// `regions.txt`
pub const REGIONS: &str = include_str!("regions.txt");

/// `areas.ser.br`
pub const AREAS: &[u8] = include_bytes!("areas.ser.br");
