//! `use` as it is where releases are built, but for the settings of the build: the variables
//! `TEST_RELEASES` and `TEST_RELEASE_KEY` have them. Not part of usher.
#![no_main]

use std::ffi::{c_char, c_int};

use usher::BuildSettings;
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
    let value = |name: &str| -> &'static str {
        let entries = given.environment.iter().filter_map(|entry| entry.to_str().ok());
        let mut values = entries.filter_map(|entry| entry.strip_prefix(name)?.strip_prefix('='));
        values.next().unwrap_or_default()
    };
    let build =
        BuildSettings { releases: value("TEST_RELEASES"), release_key: value("TEST_RELEASE_KEY") };
    usher::run(given, build)
}
