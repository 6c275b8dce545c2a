//! Faces -> people: which faces are of one person.
//!
//! | file | what |
//! |---|---|
//! | `cluster` | faces that belong together, and what is known of them |
//! | `products` | all dot products of two sets of embeddings |
//! | `cells` | faces in cells of similar embeddings |
//! | `neighbours` | pairs of faces that are similar, exactly or in cells |
//! | `faces` | the faces of a library, and the clusters they are in |
//! | `linkage` | groups from these pairs, by average linkage |
//! | `rivals` | persons who could be nearly as similar to a face |
//! | `regroup` | the same on a library: new faces join, what the user said stays |
//! | `index` | who is similar to a face or person, without reading every embedding |
//! | `settle` | the same as `regroup` for a decision or a few faces, by this index |
//! | `questions` | what to ask the user |
//! | `queue` | those in the order in which they are asked, while answers come in |
//! | `explain` | why a face has its name |
//! | `accuracy` | how often that would be right, on what the user confirmed |
//! | `decide` | the one way to decide: resolve, check, write down, carry out; and taking it back |
//! | `naming` | names given, changed and merged, births, whoever is hidden or ignored |
//! | `tagging` | single faces confirmed, rejected, moved to others, chosen to show a person by |
//! | `circles` | people under one name |
//! | `dates` | when photos were taken |
//! | `open` | a library made ready to be asked |

mod accuracy;
mod cells;
mod circles;
mod cluster;
mod dates;
mod decide;
mod explain;
mod faces;
mod index;
mod linkage;
mod naming;
mod neighbours;
mod open;
mod products;
mod questions;
mod queue;
mod regroup;
mod rivals;
mod settle;
mod tagging;

pub use accuracy::{Accuracy, accuracy};
pub use cluster::Cluster;
pub use decide::{DecideError, Decided, Deciding, Note, decide};
pub use explain::{Explanation, Resemblance, explain};
pub use index::wrong_clusters;
pub use linkage::link;
pub use naming::{NameError, check_name, meetings, target};
pub use neighbours::{Pair, neighbours};
pub use open::{OpenError, activate, active, active_pack, open};
pub use questions::{Question, questions};
pub use queue::{Estimate, Queue};
pub use regroup::{Regrouped, has_ungrouped, regroup, regroup_all};
