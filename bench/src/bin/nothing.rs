//! The program that all shims become in the benchmark: does nothing, or shows that it ran.
#![no_main]

use std::ffi::{c_char, c_int};

/// Ends at once; with an argument it ends with 42, so that a peer can be seen to have become it.
#[unsafe(no_mangle)]
pub extern "C" fn main(count: c_int, _: *const *const c_char) -> c_int {
    if count > 1 { 42 } else { 0 }
}
