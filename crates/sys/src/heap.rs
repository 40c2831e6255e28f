//! The heap of the C library. Called by `daemon` after work that needed much memory once.

/// Gives what is free in the heap back to the system (malloc_trim(3)). It takes a while; never call it on the way of a
/// request. Where the C library is another, nothing happens.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes no pointers and touches nothing but the allocator's own free memory, under its own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}
