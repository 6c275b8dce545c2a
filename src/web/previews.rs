//! Photos made smaller, kept on disk as far as there is room for them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use image::RgbImage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::catalog::{Hash, Library};
use crate::face::{BoundingBox, scene, scene_reduction};
use crate::photo::{encode_jpeg, resized, size_within};
use crate::scan::{Budget, ReadError, with_photo};

/// Where a preview is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Size {
    /// Among others.
    Grid,
    /// Alone.
    Screen,
    /// Alone, pixel for pixel, where a browser could not show the file itself.
    Full,
    /// In a question: this face, and what is around it.
    Scene(BoundingBox),
}

/// The smaller pictures of photos, a file each.
pub(super) struct Previews {
    folder: PathBuf,
    /// Bytes on disk, once it was looked.
    used: Arc<Mutex<Option<u64>>>,
    turns: Arc<Semaphore>,
    /// For photos that are decoded, in bytes.
    pub memory: Arc<Budget>,
}

/// A preview, or why there is none.
#[derive(Debug)]
pub(super) enum Preview {
    /// A JPEG.
    Made(Vec<u8>),
    /// It would take too much memory.
    TooLarge,
    /// The photo can be read nowhere.
    Away,
}

/// Bytes that previews may take on disk. 25,000 for a grid are about as many for a screen.
const MOST: u64 = 1 << 30;

/// Photos that are decoded at once: one while another is read from disk.
const AT_ONCE: usize = 2;

/// Bytes for photos that are decoded at once: enough for one of 24 megapixels in any format, and for larger ones that can be reduced.
const MEMORY: u64 = 192 << 20;

/// Pixels along the longer side.
const GRID: u32 = 400;
const SCREEN: u32 = 1600;

const QUALITY: u8 = 80;
const FULL_QUALITY: u8 = 90;

impl Size {
    /// What its file is called by, beside the photo.
    fn key(self) -> String {
        match self {
            Self::Grid => "grid".to_owned(),
            Self::Screen => "screen".to_owned(),
            Self::Full => "full".to_owned(),
            Self::Scene(BoundingBox { x, y, width, height }) => format!("{x:.4}-{y:.4}-{width:.4}-{height:.4}"),
        }
    }

    /// By how much the sides of a photo of so many pixels may be reduced for it.
    fn reduction(self, (width, height): (u32, u32)) -> f32 {
        let to = |pixels: u32| width.max(height) as f32 / pixels as f32;
        match self {
            Self::Grid => to(GRID),
            // A tenth less is not seen, and decoding all of four times as many pixels would be waited for.
            Self::Screen => to(SCREEN) * 1.1,
            Self::Full => 1.0,
            Self::Scene(bounds) => scene_reduction(&bounds, (width, height)),
        }
    }

    fn of(self, photo: &RgbImage) -> Vec<u8> {
        match self {
            Self::Grid => smaller(photo, GRID),
            Self::Screen => smaller(photo, SCREEN),
            Self::Full => encode_jpeg(photo, FULL_QUALITY),
            Self::Scene(bounds) => scene(photo, &bounds),
        }
    }
}

impl Previews {
    pub fn new(folder: PathBuf) -> Self {
        crate::scan::give_memory_back();
        crate::scan::share_memory();
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { folder, used: Arc::default(), turns, memory: Arc::new(Budget::new(MEMORY)) }
    }

    /// Waits until a photo may be decoded; those who wait take no thread.
    pub async fn turn(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.turns).acquire_owned().await.expect("nobody closes it")
    }

    fn file(&self, hash: &Hash, size: Size) -> PathBuf {
        let hash = blake3::Hash::from(*hash).to_hex();
        self.folder.join(&hash[..2]).join(format!("{hash}-{}.jpg", size.key()))
    }

    /// The preview of a photo, if it is kept.
    pub async fn kept(&self, hash: &Hash, size: Size) -> Option<Vec<u8>> {
        let file = self.file(hash, size);
        tokio::task::spawn_blocking(move || {
            let jpeg = std::fs::read(&file).ok()?;
            // Used just now: among the last to go.
            let touched = std::fs::File::options().append(true).open(&file);
            let _ = touched.and_then(|file| file.set_modified(SystemTime::now()));
            Some(jpeg)
        })
        .await
        .ok()?
    }

    /// The preview of a photo, made now from the first of `paths` and kept.
    pub async fn make(&self, hash: Hash, paths: Vec<PathBuf>, size: Size) -> Preview {
        let turn = self.turn().await;
        let (folder, file) = (self.folder.clone(), self.file(&hash, size));
        let (used, memory) = (Arc::clone(&self.used), Arc::clone(&self.memory));
        let made = tokio::task::spawn_blocking(move || {
            // Until it is decoded, even if the browser waits for it no more.
            let _turn = turn;
            let reduction = |pixels| size.reduction(pixels);
            match with_photo(&paths, &hash, &memory, reduction, |photo| size.of(photo)) {
                Ok(jpeg) => {
                    // One that cannot be kept, as on a full disk, can be shown all the same.
                    let _ = keep(&folder, &file, &jpeg, &used);
                    Preview::Made(jpeg)
                }
                Err(ReadError::TooMuchMemory { .. }) => Preview::TooLarge,
                Err(_) => Preview::Away,
            }
        });
        made.await.unwrap_or(Preview::Away)
    }
}

/// So many pixels along the longer side, at most.
fn smaller(photo: &RgbImage, pixels: u32) -> Vec<u8> {
    let (width, height) = size_within(photo.width(), photo.height(), pixels);
    encode_jpeg(&resized(photo, width, height), QUALITY)
}

/// Writes a preview, whole or not at all, and makes room where there are too many.
fn keep(folder: &Path, file: &Path, jpeg: &[u8], used: &Mutex<Option<u64>>) -> std::io::Result<()> {
    let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
    Library::private_folder(file.parent().unwrap_or(folder))?;
    let half = file.with_extension("part");
    std::fs::write(&half, jpeg)?;
    std::fs::rename(&half, file)?;
    let total = match *used {
        Some(used) => used + jpeg.len() as u64,
        None => files(folder).iter().map(|(_, _, size)| size).sum(),
    };
    *used = Some(if total > MOST { make_room(folder, MOST / 10 * 9) } else { total });
    Ok(())
}

/// Removes the previews that were not used for longest, until they take at most so many bytes. Returns how many they take.
fn make_room(folder: &Path, most: u64) -> u64 {
    let mut files = files(folder);
    files.sort();
    let mut total: u64 = files.iter().map(|(_, _, size)| size).sum();
    for (_, path, size) in files {
        if total <= most {
            break;
        }
        if std::fs::remove_file(path).is_ok() {
            total -= size;
        }
    }
    total
}

/// When each file below a folder was used, with its path and size.
fn files(folder: &Path) -> Vec<(SystemTime, PathBuf, u64)> {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter_map(|entry| {
        let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((about.modified().ok()?, entry.into_path(), about.len()))
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::yield_now;

    use super::*;

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (age, name) in [(3, "old.jpg"), (1, "new.jpg"), (2, "middle.jpg")] {
            std::fs::write(path(name), [0; 100]).unwrap();
            let file = std::fs::File::options().append(true).open(path(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age)).unwrap();
        }
        assert_eq!(make_room(folder.path(), 250), 200);
        assert!(!path("old.jpg").exists() && path("middle.jpg").exists() && path("new.jpg").exists());
    }

    #[test]
    fn a_turn_lasts_as_long_as_the_work_even_if_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let photo = folder.path().join("photo.png");
        RgbImage::new(8, 8).save(&photo).unwrap();
        let hash = *blake3::hash(&std::fs::read(&photo).unwrap()).as_bytes();
        let previews = Arc::new(Previews::new(folder.path().join("previews")));
        // It is decoded only once the test lets go of the memory for it.
        let memory = previews.memory.take(MEMORY);
        let (shared, paths) = (Arc::clone(&previews), vec![photo.clone()]);
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let request = tokio::spawn(async move { shared.make(hash, paths, Size::Grid).await });
            while previews.turns.available_permits() == AT_ONCE {
                yield_now().await;
            }
            request.abort();
            assert!(request.await.unwrap_err().is_cancelled());
            let left = previews.turns.available_permits();
            drop(memory);
            assert_eq!(left, AT_ONCE - 1);
            while previews.turns.available_permits() < AT_ONCE {
                yield_now().await;
            }
        });
    }
}
