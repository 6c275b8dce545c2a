//! Memory that is given back to the system.

/// Gives back what the networks, the table of places and the allocator keep for later, as nothing may come for days.
pub fn trim() {
    crate::network::release_memory();
    crate::metadata::release_memory();
    crate::photo::release_memory();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it touches nothing but memory that is free, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Has the allocator keep what all threads free in few places: each other one would hold on to some of it.
pub fn share_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it sets a number in the allocator, which may be done at any time.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

/// Has the allocator give large blocks back to the system as soon as they are free.
///
/// glibc learns from the first freed photo to keep blocks of its size, and two threads then hold on to gaps that no other
/// photo fits: on 24-megapixel photos 590 MB, where 440 do without taking longer. It also learns to keep twice as much at the end
/// of each thread's memory, which [`trim`] does not reach.
pub fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it sets numbers in the allocator, which may be done at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 4 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 4 << 20);
    }
}
