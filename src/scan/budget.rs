//! How many pixels may be in memory at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// A number of pixels that threads share. A photo larger than all of it waits until it is alone.
#[derive(Debug)]
pub struct Budget {
    total: u64,
    free: Mutex<u64>,
    returned: Condvar,
}

/// Pixels taken from the budget; they return when it is dropped.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a Budget,
    pixels: u64,
}

impl Budget {
    pub fn new(pixels: u64) -> Self {
        Self { total: pixels, free: Mutex::new(pixels), returned: Condvar::new() }
    }

    /// Takes `pixels`, or all there are, waiting until they are free.
    pub fn take(&self, pixels: u64) -> Share<'_> {
        let pixels = pixels.min(self.total);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.returned.wait_while(free, |free| *free < pixels).unwrap_or_else(PoisonError::into_inner);
        *free -= pixels;
        Share { budget: self, pixels }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.pixels;
        self.budget.returned.notify_all();
    }
}

/// Has the allocator give large blocks back to the system as soon as they are free.
///
/// glibc learns from the first freed photo to keep blocks of its size, and two threads then hold on to gaps that no other
/// photo fits: on 24-megapixel photos 590 MB, where 440 do without taking longer.
pub fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it sets a number in the allocator, which may be done at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 4 << 20);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn no_more_is_out_than_there_is() {
        let budget = Budget::new(100);
        let (out, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (budget, out, most) = (&budget, &out, &most);
                scope.spawn(move || {
                    for round in 0..50 {
                        let pixels = 20 + (thread * 13 + round * 7) % 200;
                        let _share = budget.take(pixels);
                        let now = out.fetch_add(pixels.min(100), Ordering::SeqCst) + pixels.min(100);
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        out.fetch_sub(pixels.min(100), Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 100);
    }
}
