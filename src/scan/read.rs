//! One file -> its photo and the faces in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use image::RgbImage;

use super::budget::{Budget, Share};
use super::cut::Cut;
use super::memory::give_memory_back;
use crate::catalog::{CatalogError, FaceId, FaceRow, Hash, NewFace, NewPhoto, Session};
use crate::face::{BoundingBox, DetectedFace, Embedding, ModelError, Pack, align, portrait, quality};
use crate::metadata::{Metadata, has_video, place};
use crate::photo::{self, OpenError, PhotoError, contain, encode_jpeg, resized, size_within};

/// Reads photos on many threads at once.
pub struct PhotoReader<'a> {
    pack: &'a Pack,
    /// Photos that are in the library, or that some thread is reading.
    taken: Mutex<HashSet<Hash>>,
    /// Photos of the library whose metadata is to be read again.
    again: Mutex<HashSet<Hash>>,
    /// Where other machines may read the same photos.
    session: Option<(&'a Session, &'a AtomicBool)>,
    budget: Budget,
    /// How many of the photos read so far have their video in them.
    motion: AtomicU64,
}

/// What a file turned out to be.
#[derive(Debug)]
pub enum Reading {
    Photo(Box<NewPhoto>),
    /// A photo that is known, that another file of this scan holds too, or that another machine reads.
    Copy(Hash),
    /// A photo that is known, with its metadata read again and without its faces.
    Reread(Box<NewPhoto>),
    Unreadable {
        hash: Option<Hash>,
        problem: String,
    },
    /// The file could not be got at: its disk has gone, or it may not be opened. That says nothing of what is in it.
    OutOfReach {
        problem: String,
    },
}

/// Why one photo could not be read. The caller adds its path.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{0}")]
    Open(#[from] OpenError),
    #[error("{0}")]
    Photo(#[from] PhotoError),
    #[error("{0}")]
    Model(#[from] ModelError),
    #[error("{0}")]
    Claim(CatalogError),
    #[error("no file with it is there now")]
    Away,
    #[error("it has changed since it was scanned; the next scan looks at it")]
    Changed,
    #[error("decoding it takes {needed} MB of memory, and {limit} may be taken here")]
    TooMuchMemory { needed: u64, limit: u64 },
    #[error("facetag failed on this photo ({0}); please report it with the file")]
    Panicked(String),
}

/// Pixels in memory at once for each thread: a 24-megapixel photo and what it takes to turn it upright.
const PIXELS_A_THREAD: u64 = 32_000_000;

/// Pixels along the longer side of what other machines see, and the quality of its JPEG: about 40 kB.
const PREVIEW: u32 = 640;
const PREVIEW_QUALITY: u8 = 70;

impl<'a> PhotoReader<'a> {
    /// A reader for photos other than those of `known`.
    pub fn new(pack: &'a Pack, known: HashSet<Hash>) -> Self {
        give_memory_back();
        let budget = Budget::new(PIXELS_A_THREAD * rayon::current_num_threads() as u64);
        Self {
            pack,
            taken: Mutex::new(known),
            again: Mutex::default(),
            session: None,
            budget,
            motion: AtomicU64::new(0),
        }
    }

    /// It reads the metadata of these photos again.
    pub fn rereading(self, photos: HashSet<Hash>) -> Self {
        Self { again: Mutex::new(photos), ..self }
    }

    /// It reads only what no other session has claimed, until it is stopped.
    pub fn claiming(self, session: &'a Session, stop: &'a AtomicBool) -> Self {
        Self { session: Some((session, stop)), ..self }
    }

    /// How many of the photos read so far have their video in them.
    pub fn motion_photos(&self) -> u64 {
        self.motion.load(Ordering::Relaxed)
    }

    /// Reads a photo from the bytes of a file. Nothing in it can end the scan: what goes wrong, even a panic, makes it
    /// unreadable.
    pub fn read(&self, bytes: Result<Vec<u8>, ReadError>) -> Reading {
        let mut hash = None;
        match contained(|| self.try_read(bytes?, &mut hash)) {
            Ok(reading) => reading,
            Err(ReadError::Claim(error)) => Reading::OutOfReach { problem: error.to_string() },
            Err(ReadError::Open(error)) if !matches!(error, OpenError::TooLong(_)) => {
                Reading::OutOfReach { problem: error.to_string() }
            }
            Err(error) => Reading::Unreadable { hash, problem: error.to_string() },
        }
    }

    fn try_read(&self, bytes: Vec<u8>, hash: &mut Option<Hash>) -> Result<Reading, ReadError> {
        let fingerprint = *blake3::hash(&bytes).as_bytes();
        if !self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(fingerprint) {
            if !self.again.lock().unwrap_or_else(PoisonError::into_inner).remove(&fingerprint) {
                return Ok(Reading::Copy(fingerprint));
            }
            let metadata = Metadata::read(&bytes);
            return Ok(Reading::Reread(Box::new(self.photo(fingerprint, (0, 0), metadata, Vec::new()))));
        }
        if let Some((session, stop)) = self.session
            && !session.claim(&fingerprint, stop).map_err(ReadError::Claim)?
        {
            return Ok(Reading::Copy(fingerprint));
        }
        *hash = Some(fingerprint);
        let has_video = has_video(&bytes);
        let (photo, metadata) = upright(bytes, &self.budget, |photo, metadata| {
            let faces = self.pack.detect(photo)?;
            let faces = faces.into_iter().map(|face| self.face(photo, face)).collect::<Result<Vec<_>, _>>()?;
            let preview = self.session.filter(|(session, _)| session.is_shared()).map(|_| preview(photo));
            Ok(((photo.dimensions(), faces, preview), metadata))
        })?;
        self.motion.fetch_add(u64::from(has_video), Ordering::Relaxed);
        let (size, faces, preview) = photo;
        let photo = self.photo(fingerprint, size, metadata, faces.into_iter().flatten().collect());
        Ok(Reading::Photo(Box::new(NewPhoto { preview, ..photo })))
    }

    fn photo(&self, hash: Hash, (width, height): (u32, u32), metadata: Metadata, faces: Vec<NewFace>) -> NewPhoto {
        NewPhoto {
            hash,
            width,
            height,
            taken: metadata.taken,
            gps: metadata.gps,
            place: metadata.gps.and_then(place),
            camera: metadata.camera,
            pack: self.pack.info.name.clone(),
            faces,
            preview: None,
        }
    }

    /// Embeds faces that are known already, in the photo at `path`, with this reader's pack.
    ///
    /// # Errors
    /// In words: the photo cannot be read.
    pub fn embed_again(
        &self,
        path: &Path,
        hash: &Hash,
        faces: &[FaceRow],
    ) -> Result<Vec<(FaceId, Embedding, f32)>, String> {
        let embed = |photo: &RgbImage| -> Result<Vec<_>, ReadError> {
            let aligned = faces.iter().filter_map(|face| Some((face.id, align(photo, &face.landmarks)?)));
            aligned
                .map(|(id, face)| {
                    let (embedding, recognisability) = self.pack.embed(&face)?;
                    Ok((id, embedding, recognisability))
                })
                .collect()
        };
        let embedded = contained(|| upright(unchanged(path, hash)?, &self.budget, |photo, _| embed(photo)));
        embedded.map_err(|error| error.to_string())
    }

    /// The face in a box that is drawn in the photo at `path`.
    ///
    /// # Errors
    /// In words: the photo cannot be read.
    pub fn drawn(&self, path: &Path, hash: &Hash, bounds: BoundingBox) -> Result<NewFace, String> {
        let cut = contained(|| upright(unchanged(path, hash)?, &self.budget, |photo, _| Ok(Cut::of(photo, &bounds))));
        cut.and_then(|cut| self.drawn_in(&cut, bounds)).map_err(|error| error.to_string())
    }

    /// The same in what was cut out of the photo around it.
    ///
    /// # Errors
    /// Those of the models.
    pub fn drawn_in(&self, cut: &Cut, bounds: BoundingBox) -> Result<NewFace, ReadError> {
        contained(|| {
            let (face, seen) = self.pack.look_at(cut.picture(), cut.inside(&bounds))?;
            let face = self.face(cut.picture(), face)?.ok_or(ModelError::NoEmbedding)?;
            // Where no detector sees eyes and mouth, nobody knows how the face lies: it must not draw others.
            let quality = if seen { face.quality } else { 0.0 };
            Ok(NewFace { quality, ..cut.in_photo(face, bounds) })
        })
    }

    fn face(&self, photo: &RgbImage, face: DetectedFace) -> Result<Option<NewFace>, ReadError> {
        let Some(aligned) = align(photo, &face.landmarks) else { return Ok(None) };
        let quality = quality::quality(face.score, &face.bounds, &face.landmarks, photo.dimensions(), &aligned);
        let (embedding, recognisability) = self.pack.embed(&aligned)?;
        let DetectedFace { bounds, landmarks, score } = face;
        let thumbnail = portrait(photo, &bounds);
        Ok(Some(NewFace { bounds, landmarks, score, quality, recognisability, embedding, thumbnail }))
    }
}

/// A photo as other machines see it.
fn preview(photo: &RgbImage) -> Vec<u8> {
    let (width, height) = size_within(photo.width(), photo.height(), PREVIEW);
    encode_jpeg(&resized(photo, width, height), PREVIEW_QUALITY)
}

/// Shows a photo that was scanned before to `then`, upright, from the first of `paths` at which it is still the same.
///
/// `memory` is in bytes, those of the file among them. `reduction` says for the width and height of the upright photo by how much
/// its sides may be reduced: what its format can skip of that is not decoded, and more than that where it would take too much memory.
///
/// # Errors
/// It can be read at none of them.
pub fn with_photo<T>(
    paths: &[PathBuf],
    hash: &Hash,
    memory: &Budget,
    reduction: impl Fn((u32, u32)) -> f32,
    then: impl FnOnce(&RgbImage) -> T,
) -> Result<T, ReadError> {
    contained(|| {
        let mut problem = ReadError::Away;
        for path in paths {
            match reduced(path, hash, memory, &reduction) {
                Ok((photo, _share)) => return Ok(then(&photo)),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    })
}

/// What is taken of the memory at first, beside twice a file's bytes: most photos need no more.
const USUAL_MEMORY: u64 = 40 << 20;

fn reduced<'a>(
    path: &Path,
    hash: &Hash,
    memory: &'a Budget,
    reduction: impl Fn((u32, u32)) -> f32,
) -> Result<(RgbImage, Share<'a>), ReadError> {
    let length = photo::open(path)?.1.len();
    let mut needed = 2 * length + USUAL_MEMORY;
    loop {
        if length > memory.total() {
            return Err(too_much(length, memory));
        }
        let share = memory.take(needed);
        let bytes = unchanged(path, hash)?;
        let header = photo::header(&bytes)?;
        let orientation = Metadata::read(&bytes).orientation;
        let wanted = reduction(header.upright_size(orientation));
        let (reduction, decoding) = photo::affordable(&bytes, &header, orientation, wanted, memory.total());
        if decoding <= share.amount() {
            return Ok((photo::decode_reduced(&bytes, &header, orientation, reduction)?, share));
        }
        if decoding > memory.total() {
            return Err(too_much(decoding, memory));
        }
        // Whoever holds a part and waits for more would keep others who do so waiting for ever.
        needed = decoding;
    }
}

fn too_much(needed: u64, memory: &Budget) -> ReadError {
    ReadError::TooMuchMemory { needed: needed >> 20, limit: memory.total() >> 20 }
}

/// Decodes a photo and hands it on, upright, while it has its share of the memory.
fn upright<T>(
    bytes: Vec<u8>,
    budget: &Budget,
    then: impl FnOnce(&RgbImage, Metadata) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let header = photo::header(&bytes)?;
    let metadata = Metadata::read(&bytes);
    let _share = budget.take(u64::from(header.width) * u64::from(header.height));
    let picture = photo::decode(&bytes, &header, metadata.orientation)?;
    drop(bytes);
    let done = then(&picture, metadata);
    photo::recycle(picture);
    done
}

/// The bytes of a photo that was scanned before: boxes are of that photo, and on the pixels of another they would cut
/// out anything.
fn unchanged(path: &Path, hash: &Hash) -> Result<Vec<u8>, ReadError> {
    let bytes = photo::read(path)?;
    if blake3::hash(&bytes).as_bytes() == hash { Ok(bytes) } else { Err(ReadError::Changed) }
}

fn contained<T>(work: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    contain(work).unwrap_or_else(|panicked| Err(ReadError::Panicked(panicked.to_string())))
}
