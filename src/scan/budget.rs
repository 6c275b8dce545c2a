//! How much may be in memory at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// An amount, of pixels or bytes, that threads share. What is more than all of it waits until it is alone.
#[derive(Debug)]
pub struct Budget {
    total: u64,
    /// Held by the one who waits next: a large one would wait for ever while smaller ones overtake it.
    turn: Mutex<()>,
    free: Mutex<u64>,
    returned: Condvar,
}

/// A part of the budget; it returns when this is dropped.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a Budget,
    amount: u64,
}

impl Budget {
    pub fn new(total: u64) -> Self {
        Self { total, turn: Mutex::default(), free: Mutex::new(total), returned: Condvar::new() }
    }

    /// All there is.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Takes so much, or all there is, waiting until it is free.
    pub fn take(&self, amount: u64) -> Share<'_> {
        let amount = amount.min(self.total);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.returned.wait_while(free, |free| *free < amount).unwrap_or_else(PoisonError::into_inner);
        *free -= amount;
        Share { budget: self, amount }
    }
}

impl Share<'_> {
    pub fn amount(&self) -> u64 {
        self.amount
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.amount;
        self.budget.returned.notify_all();
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
