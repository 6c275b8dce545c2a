//! Faces in a photo: found, cut out, and turned into embeddings that are near for one person and far for two.
//!
//! | file | what |
//! |---|---|
//! | `pack` | a detector and a recogniser that belong together, and where their weights come from |
//! | `detect` | an upright photo -> faces with boxes and landmarks |
//! | `detection` | a face as a detector found it |
//! | `centerface`, `retinaface`, `scrfd`, `anchors` | what each detector's outputs mean |
//! | `refine` | each face inspected closer, for better landmarks |
//! | `turn` | faces that lie on their side or upside down |
//! | `cohort` | how alike a face is to people in general |
//! | `align` | a face -> 112x112 pixels, eyes and mouth where the recogniser expects them |
//! | `embed` | 112x112 pixels -> an embedding of length one |
//! | `portrait` | a face as people look at it |
//! | `quality` | how far a face can be trusted |

mod align;
mod anchors;
mod centerface;
mod cohort;
mod detect;
mod detection;
mod embed;
mod pack;
mod portrait;
pub mod quality;
mod refine;
mod retinaface;
mod scrfd;
mod turn;

use serde::{Deserialize, Serialize};

use crate::network::NetworkError;

pub use align::align;
pub use cohort::Cohort;
pub use detect::{Architecture, Detector};
pub use detection::DetectedFace;
pub use embed::{Recogniser, dot, normalised};
pub use pack::{Calibration, FoundPack, OPEN, Pack, PackInfo, Thresholds};
pub use portrait::{
    SCENE_SIDE, SIDE as PORTRAIT_SIDE, place_in_scene, portrait, portrait_reduction, scene, scene_reduction,
};

/// Where a face is, in fractions of the upright photo's width and height; the origin is the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoundingBox {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// Left eye, right eye, nose tip, left and right corner of the mouth, as the viewer sees them:
/// x and y in fractions of the upright photo.
pub type Landmarks = [[f32; 2]; 5];

/// A embedding of length one; the dot product of two (their cosine) tells how much two faces are alike.
pub type Embedding = Vec<f32>;

impl BoundingBox {
    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let overlap = |a: f32, a_len: f32, b: f32, b_len: f32| ((a + a_len).min(b + b_len) - a.max(b)).max(0.0);
        let both =
            overlap(self.x, self.width, other.x, other.width) * overlap(self.y, self.height, other.y, other.height);
        let union = self.width * self.height + other.width * other.height - both;
        if union > 0.0 { both / union } else { 0.0 }
    }
}

/// From this recognisability on, a face counts as recognisable.
pub const RECOGNISABLE: f32 = 0.5;

/// Why a model could not be made ready or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("the model is no detector: {0}")]
    NoDetector(String),
    #[error("the model has {found} outputs, and a detector of this kind has {wanted}")]
    Outputs { wanted: usize, found: usize },
    #[error("the model gave no embedding for a face")]
    NoEmbedding,
    #[error("{path}: {source}")]
    Io { path: std::path::PathBuf, source: std::io::Error },
    #[error("{path}: {reason}")]
    Pack { path: std::path::PathBuf, reason: String },
    #[error("there is no pack {name:?}: there are {}; `facetag models add FILE` adds one", .known.join(", "))]
    NoSuchPack { name: String, known: Vec<String> },
}
