//! Cameras' raw files.

use super::format::{Spec, brand};

pub(super) const SPEC: Spec = Spec {
    name: "RAW",
    extensions: &[
        "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "kdc", "mef", "mos", "mrw", "nef", "nrw",
        "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
    ],
    signature,
    decoder: None,
};

/// Whether this is a raw file, as far as its first bytes say.
fn signature(bytes: &[u8]) -> bool {
    brand(bytes) == Some(b"crx ")
        || matches!(
            bytes,
            [b'I', b'I', 42, 0, _, _, _, _, b'C', b'R', ..]
                | [b'I', b'I', b'R', b'O' | b'S', ..]
                | [b'M', b'M', b'O', b'R', ..]
                | [b'I', b'I', b'U', 0, ..]
                | [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', b'C', b'C', b'D', b'-', b'R', b'A', b'W', ..]
        )
}
