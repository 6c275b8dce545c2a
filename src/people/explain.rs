//! Why a face has its name: who it is like, and how likely.

use serde::Serialize;

use super::faces::Faces;
use super::index::Index;
use super::neighbours::PROBED;
use crate::catalog::{Catalog, CatalogError, Embedded, FaceId, FaceRow, Line, PersonId, State, Who};
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

/// So many of the most similar are compared exactly: the index does not know over which of them years count.
const COMPARED: usize = 50;

/// The most similar face of a person is looked for among so many of theirs.
const SHOWN_FROM: usize = 500;

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
    /// Their face that is most like it; among 500 of them at most, those that the user confirmed where there are any.
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
    let alone = Faces::of(catalog, pack, Embedded::Face(face))?;
    if alone.id.is_empty() {
        return Ok(Vec::new());
    }
    let (cluster, own) = (alone.alone(0), alone.person[0]);
    let rejected = catalog.rejections_of(face)?;
    let index = Index::of(catalog, pack)?;
    let mut near = index.near(&[&cluster], f32::NEG_INFINITY, PROBED)?.pop().unwrap_or_default();
    near.retain(|near| Some(near.person) != own);
    near.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    near.truncate(COMPARED);

    let among = catalog.count_people()?;
    let mut found = Vec::new();
    for person in own.into_iter().chain(near.into_iter().map(|near| near.person)) {
        let Some(mut other) = index.cluster(person)? else { continue };
        if Some(person) == own {
            if other.faces == 1 {
                continue;
            }
            other = alone.without(&other, 0);
        }
        let similarity = pack.thresholds.similarity(&other, &cluster);
        let probability = pack.calibration.probability(similarity, among);
        let rejected = rejected.contains(&person);
        found.push(Resemblance { person, similarity, probability, nearest: None, cosine: 0.0, rejected });
    }
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    if let Some(place) = found.iter().position(|one| Some(one.person) == own).filter(|&place| place >= limit) {
        found.swap(place, limit - 1);
    }
    found.truncate(limit);
    for one in &mut found {
        for other in catalog.telling_faces_of(one.person, SHOWN_FROM)? {
            let embedding = if other == face { None } else { catalog.embedding(other, &pack.name)? };
            let cosine = embedding.filter(|embedding| embedding.len() == pack.dimension);
            let cosine = cosine.map(|embedding| dot(&embedding, alone.embedding(0)));
            if let Some(cosine) = cosine.filter(|&cosine| one.nearest.is_none() || cosine > one.cosine) {
                (one.nearest, one.cosine) = (Some(other), cosine);
            }
        }
    }
    Ok(found)
}
