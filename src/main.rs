//! `use`: says which version is wanted, and gets it. Also installed as `usher`.
//!
//! Entered through a C `main`, since it becomes other programs too, and the start-up of `std`
//! changes signals and descriptors that they are to inherit. All that it does is in the library.
#![no_main]

use std::ffi::{c_char, c_int};

use usher_shims::exec::ProcessArgs;

/// The entry, called by the C library's start-up.
///
/// # Safety
///
/// Only the C library calls it, with what the system gave the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(
    _: c_int,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    // SAFETY: the C library passes on what the system gave.
    let given = unsafe { ProcessArgs::from_main(arguments, environment) };
    usher::run(given)
}
