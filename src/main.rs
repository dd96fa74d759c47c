//! The command `use`, also installed as `usher`. Everything it does is in the library.
//!
//! Entered through a C `main`, since it also becomes other programs (`execve`): the start-up of `std`
//! changes signals and descriptors that those must inherit unchanged.
#![no_main]

use std::ffi::{c_char, c_int};

use usher::BuildSettings;
use usher_shims::exec::ProcessArgs;

/// In place of musl's allocator (`docs/benchmark-static.md`). The shim has one of its own.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is decided where a release is built: where releases are, and which key they are signed with.
const BUILD: BuildSettings = BuildSettings {
    releases: match option_env!("USHER_RELEASES") {
        Some(address) => address,
        None => "",
    },
    release_key: match option_env!("USHER_RELEASE_KEY") {
        Some(key) => key,
        None => "",
    },
};

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
    usher::run(given, BUILD)
}
