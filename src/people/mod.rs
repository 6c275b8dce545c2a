//! Faces -> people: which faces are of one person.
//!
//! | file | what |
//! |---|---|
//! | `neighbours` | pairs of faces that are alike, exactly and in blocks |
//! | `faces` | the faces of a library, and the clusters they are in |
//! | `linkage` | groups from these pairs, by average linkage |
//! | `regroup` | the same on a library: new faces join, what the user said stays |
//! | `questions` | what to ask the user |
//! | `explain` | why a face has its name |
//! | `accuracy` | how often that would be right, on what the user confirmed |
//! | `decide` | a decision of the user, and what follows from it |

mod accuracy;
mod decide;
mod explain;
mod faces;
mod linkage;
mod neighbours;
mod questions;
mod regroup;

pub use accuracy::{Accuracy, accuracy};
pub use decide::decide;
pub use explain::{Resemblance, resemblances};
pub use linkage::{Cluster, link};
pub use neighbours::{Pair, neighbours};
pub use questions::{Question, questions};
pub use regroup::{Regrouped, has_ungrouped, regroup};
