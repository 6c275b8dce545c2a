//! facetag finds the people in folders of photos and keeps their names.
//!
//! A scan is one chain: walk -> fingerprint -> decode -> detect -> align -> embed -> store. The faces stored are then
//! grouped into people, the user names them, and searches by name:
//!
//! | module | from | to |
//! |---|---|---|
//! | [`printable`] | text of others, such as file names | text that may be shown |
//! | [`photo`] | a file's bytes | upright RGB pixels |
//! | [`metadata`] | a file's bytes | time, coordinates, camera; coordinates -> a place's name |
//! | [`network`] | an ONNX file and numbers | the numbers that its graph makes of them |
//! | [`face`] | upright pixels | faces with boxes, landmarks and embeddings |
//! | [`catalog`] | all that was found and said | one SQLite file, and answers from it |
//! | [`people`] | embeddings | groups and tags |
//! | [`tags`] | face names of other programs | names, and back |
//! | [`scan`] | folders | a library that knows them |
//! | [`album`] | photos found | a folder of links or copies |
//! | [`follow`] | photos found | a folder of links that is kept up to date |
//! | [`web`] | a browser's requests | pages that show all of it, and change it |
//! | [`cli`] | the command line | all of the above |
//!
//! A module knows those above it, never those below. `network` is a crate of its own (`network/`), so that tests run it
//! optimised.

pub mod album;
pub mod catalog;
pub mod cli;
pub mod face;
pub mod follow;
pub mod metadata;
pub mod people;
pub mod photo;
pub mod printable;
pub mod scan;
pub mod tags;
pub mod web;

pub use facetag_network as network;
