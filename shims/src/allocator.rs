//! Memory for a process that lives for some microseconds: taken from one block, never given back.
//!
//! The C library's allocator requests a page from the system at nearly every new size: with it
//! the usual call makes ten system calls more, and the shim takes a quarter longer. `docs/exec.md`
//! has the figures. What doesn't fit into the block comes from the system as usual.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// Enough for a call with a version file and hundreds of versions; pages that aren't touched cost
/// nothing.
const SIZE: usize = 256 << 10;

#[global_allocator]
static BLOCK: HeapBlock = HeapBlock { bytes: UnsafeCell::new([0; SIZE]), used: Cell::new(0) };

#[repr(align(16))]
struct HeapBlock {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: Cell<usize>,
}

// SAFETY: the shim has one thread from the first instruction to `execve`.
unsafe impl Sync for HeapBlock {}

impl HeapBlock {
    fn start(&self) -> usize {
        self.bytes.get() as usize
    }

    /// Whether an address is the last thing that was handed out, of this size.
    fn is_last(&self, address: *mut u8, size: usize) -> bool {
        address as usize + size == self.start() + self.used.get()
    }

    fn holds(&self, address: *mut u8) -> bool {
        (self.start()..self.start() + SIZE).contains(&(address as usize))
    }
}

// SAFETY: each piece is in the block or comes from the system, is aligned as the layout states, and
// is handed out once: `used` only grows, but for the last piece being given back or resized.
unsafe impl GlobalAlloc for HeapBlock {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let free = self.start() + self.used.get();
        let begin = free.next_multiple_of(layout.align()) - self.start();
        match begin.checked_add(layout.size()).filter(|end| *end <= SIZE) {
            Some(end) => {
                self.used.set(end);
                // SAFETY: `begin` is within the block.
                unsafe { self.bytes.get().cast::<u8>().add(begin) }
            }
            // SAFETY: the layout is the caller's.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        if !self.holds(address) {
            // SAFETY: what isn't ours is the system's.
            unsafe { System.dealloc(address, layout) }
        } else if self.is_last(address, layout.size()) {
            self.used.set(address as usize - self.start());
        }
    }

    unsafe fn realloc(&self, address: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !self.holds(address) {
            // SAFETY: what isn't ours is the system's.
            return unsafe { System.realloc(address, layout, size) };
        }
        let begin = address as usize - self.start();
        if self.is_last(address, layout.size()) && begin + size <= SIZE {
            self.used.set(begin + size);
            return address;
        }
        // SAFETY: the new piece is another one, and both are at least as long as what is copied.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(address, layout.size().min(size));
            }
            moved
        }
    }
}
