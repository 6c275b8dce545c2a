#![doc = include_str!("README.md")]
#![no_std]

/// `places.bin.gz`
pub const TOWNS: &[u8] = include_bytes!("places.bin.gz");

/// `regions.txt`
pub const REGIONS: &str = include_str!("regions.txt");

/// `areas.ser.gz`
pub const AREAS: &[u8] = include_bytes!("areas.ser.gz");
