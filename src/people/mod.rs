//! Faces -> people: which faces are of one person.
//!
//! | file | what |
//! |---|---|
//! | `neighbours` | pairs of faces that are alike, exactly and in blocks |
//! | `linkage` | groups from these pairs, by average linkage |
//! | `regroup` | the same on a library: new faces join, what the user said stays |

mod linkage;
mod neighbours;
mod regroup;

pub use linkage::{Cluster, link};
pub use neighbours::{Pair, neighbours};
pub use regroup::{Regrouped, has_ungrouped, regroup};
