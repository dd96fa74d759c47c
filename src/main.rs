//! The command `use`, also installed as `usher`. Everything it does is in the library.
//!
//! Entered through a C `main`, since it also becomes other programs (`execve`): the start-up of `std`
//! changes signals and descriptors that those must inherit unchanged.
#![no_main]

use std::ffi::{c_char, c_int};

use usher_shims::exec::ProcessArgs;

/// The entry point, called by the C library.
///
/// # Safety
///
/// Only the C library may call it, with the arguments and the environment of the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(
    _: c_int,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    // SAFETY: the C library passes the arguments and the environment of the process.
    let given = unsafe { ProcessArgs::from_main(arguments, environment) };
    usher::run(given)
}
