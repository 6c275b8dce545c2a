//! Why a face has its name: who it is like, and how likely.

use serde::Serialize;

use super::faces::Faces;
use crate::catalog::{Catalog, CatalogError, FaceId, FaceRow, Line, PersonId, State, Who};
use crate::face::{PackInfo, dot};

/// Why a face has its name, or none.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    pub face: FaceId,
    pub path: Option<String>,
    pub person: Option<Who>,
    pub state: Option<State>,
    /// The decision that says whose it is.
    pub decision: Option<Line>,
    pub resembles: Vec<Resemblance>,
}

/// So many persons are told of.
const TOLD: usize = 5;

/// Why a face has its name, or none.
///
/// # Errors
/// Those of the catalog.
pub fn explain(catalog: &Catalog, pack: &PackInfo, face: &FaceRow) -> Result<Explanation, CatalogError> {
    Ok(Explanation {
        face: face.id,
        path: catalog.path_of(face.photo)?.map(|path| path.display().to_string()),
        person: face.person.map(|person| catalog.person(person)).transpose()?.flatten(),
        state: face.state,
        decision: catalog.reason_for(face)?,
        resembles: resemblances(catalog, pack, face.id, TOLD)?,
    })
}

/// How like a person a face is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resemblance {
    pub person: PersonId,
    /// To all of their other faces, see [`crate::face::Thresholds`].
    pub similarity: f32,
    /// That they are one person, 0 to 1.
    pub probability: f32,
    /// Their face that is most like it; of those that the user confirmed where there are any.
    pub nearest: Option<FaceId>,
    /// Of that face and this.
    pub cosine: f32,
    /// The user said that it is not theirs.
    pub rejected: bool,
}

/// The persons and groups that a face is most like, at most `limit`, the likeliest first; its own always among them.
///
/// # Errors
/// Those of the catalog.
pub fn resemblances(
    catalog: &Catalog,
    pack: &PackInfo,
    face: FaceId,
    limit: usize,
) -> Result<Vec<Resemblance>, CatalogError> {
    let faces = Faces::load(catalog, pack)?;
    let Some(index) = faces.id.iter().position(|&id| id == face) else { return Ok(Vec::new()) };
    let (clusters, cluster_of) = faces.clusters();
    let alone = faces.alone(index);
    let mut found = Vec::new();
    for (cluster, &person) in clusters.iter().zip(&faces.existing) {
        let own = faces.person[index] == Some(person);
        if own && cluster.faces == 1 {
            continue;
        }
        let similarity = match own {
            true => pack.thresholds.similarity(&faces.without(cluster, index), &alone),
            false => pack.thresholds.similarity(cluster, &alone),
        };
        let probability = pack.calibration.probability(similarity, faces.existing.len());
        let rejected = alone.rejected.contains(&person);
        found.push(Resemblance { person, similarity, probability, nearest: None, cosine: 0.0, rejected });
    }
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    let own = found.iter().position(|one| faces.person[index] == Some(one.person));
    if let Some(own) = own.filter(|&own| own >= limit) {
        found.swap(own, limit - 1);
    }
    found.truncate(limit);
    for one in &mut found {
        let theirs = |other: &usize| *other != index && faces.person[*other] == Some(one.person);
        let cosine = |other: usize| dot(faces.embedding(other), faces.embedding(index));
        let said = |other: usize| matches!(faces.state[other], Some(State::Confirmed | State::Manual));
        let nearest = (0..cluster_of.len()).filter(theirs).max_by(|&a, &b| {
            (said(a), cosine(a)).partial_cmp(&(said(b), cosine(b))).unwrap_or(std::cmp::Ordering::Equal)
        });
        if let Some(nearest) = nearest {
            (one.nearest, one.cosine) = (Some(faces.id[nearest]), cosine(nearest));
        }
    }
    Ok(found)
}
