//! Faces -> people: which faces are of one person.
//!
//! | file | what |
//! |---|---|
//! | `neighbours` | pairs of faces that are alike, exactly and in blocks |
//! | `faces` | the faces of a library, and the clusters they are in |
//! | `linkage` | groups from these pairs, by average linkage |
//! | `regroup` | the same on a library: new faces join, what the user said stays |
//! | `decide` | a decision of the user, and what follows from it |

mod decide;
mod faces;
mod linkage;
mod neighbours;
mod regroup;

pub use decide::decide;
pub use linkage::{Cluster, link};
pub use neighbours::{Pair, neighbours};
pub use regroup::{Regrouped, has_ungrouped, regroup};
