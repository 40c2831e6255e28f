//! An allocator that counts, for tests that promise not to allocate. Nothing but tests installs it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // Initialized at compile time and without a destructor: reading it never allocates.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts how often each thread asks it for memory. Install it with
/// `#[global_allocator]`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counting;

/// How often this thread has asked for memory, new or larger, since it began. Always 0 where [`Counting`] is not
/// installed.
pub fn on_this_thread() -> u64 {
    COUNT.with(Cell::get)
}

fn count() {
    // A thread that is ending has no counter any more, and nobody asks for it.
    let _thread_ends = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed on to `System` unchanged, so that its promises are ours; counting neither allocates nor
// panics, and touches nothing but this thread's own cell.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller promises what `System::alloc` asks for: a layout that is not empty.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller promises that `block` came from here, and so from `System`, with this layout, and that
        // `size` is neither zero nor too large.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller promises that `block` came from here, and so from `System`, with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}
