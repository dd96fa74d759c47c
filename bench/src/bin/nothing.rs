//! The program that all shims become in the benchmark: does nothing, or shows that it ran.
#![no_main]

use std::ffi::{CStr, c_char, c_int};

/// Ends at once; where the last argument is `show` it ends with 42, so that a peer can be seen to
/// have become it.
///
/// # Safety
///
/// Only the C library may call it, with the arguments and environment of the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let Ok(last @ 1..) = usize::try_from(count - 1) else { return 0 };
    // SAFETY: the array is the system's own, and has that many.
    let last = unsafe { CStr::from_ptr(*arguments.add(last)) };
    if last == c"show" { 42 } else { 0 }
}
