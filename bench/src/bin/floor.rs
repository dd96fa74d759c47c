//! The floor for any shim: a static program that only calls `execve`.
#![no_main]

use std::ffi::{c_char, c_int};

unsafe extern "C" {
    fn execve(
        path: *const c_char,
        arguments: *const *const c_char,
        environment: *const *const c_char,
    ) -> c_int;
}

/// Becomes its first argument, with the other ones.
///
/// # Safety
///
/// Only the C library may call it, with the arguments and environment of the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(
    count: c_int,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    if count < 2 {
        return 2;
    }
    // SAFETY: the arrays are the system's own, and there is a first argument.
    unsafe {
        execve(*arguments.add(1), arguments.add(1), environment);
    }
    1
}
