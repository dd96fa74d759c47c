//! What a bare machine may lack: a container without devices, a folder that became the root.
//!
//! The standard library takes both for granted: without random numbers it panics, and without a null
//! device the program that is started seems to be missing.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;

use usher_shims::error::{Error, ErrorKind, Result};

use crate::files::shortage::is_shortage;
use crate::sys::read_random_byte;

/// Where random numbers come from if the system call for them is refused.
const RANDOM_DEVICE: &str = "/dev/urandom";

/// Checks that there are random numbers, which names in staging and connections are made of.
pub fn require_random_numbers() -> Result<()> {
    let Err(refused) = read_random_byte() else { return Ok(()) };
    let Err(error) = File::open(RANDOM_DEVICE) else { return Ok(()) };
    if is_shortage(&error) {
        return Err(Error::io("open", Path::new(RANDOM_DEVICE), error));
    }
    Err(Error::new(ErrorKind::Io, "this machine has no random numbers")
        .because(format!("can't open {RANDOM_DEVICE}: {error}"))
        .because(format!("can't call getrandom: {refused}"))
        .hint(format!("make {RANDOM_DEVICE} available here")))
}

/// The null device, as a standard stream of a program. Unlike with [`Stdio::null`], the error names it, if
/// it is missing or can't be used.
pub fn null_device() -> io::Result<Stdio> {
    const NULL: &str = "/dev/null";
    let opened = File::options().read(true).write(true).open(NULL);
    opened.map(Stdio::from).map_err(|error| match is_shortage(&error) {
        true => error,
        false => io::Error::new(error.kind(), format!("can't open {NULL} for it: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_both() {
        require_random_numbers().unwrap();
        null_device().unwrap();
    }
}
