//! Failures that say nothing about the file, the program or the server that was tried: the process has
//! no descriptor left, the machine no memory, the disk doesn't answer.
//!
//! Such a failure must not be taken for the absence or a fault of what was tried.

use std::fs::File;
use std::io;

use rustix::io::Errno;

/// How many descriptors resolving a name and connecting to it need at the same time.
pub const FOR_A_CONNECTION: usize = 4;

/// How many descriptors a program needs to start: a shell wants one above 9, npm about 20.
pub const FOR_A_PROGRAM: usize = 24;

/// Whether a failed call says nothing about what it was called for.
pub fn is_shortage(error: &io::Error) -> bool {
    const SHORTAGES: [Errno; 6] =
        [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::IO, Errno::NOSPC];
    Errno::from_io_error(error).is_some_and(|errno| SHORTAGES.contains(&errno))
}

/// The error, if the process or the machine has fewer descriptors left than these. For a failure that
/// hides it: the C library says that a name doesn't resolve, and a program ends with a code of its own.
pub fn too_few_descriptors(needed: usize) -> Option<io::Error> {
    let opened = (0..needed).map(|_| File::open("/"));
    opened.collect::<io::Result<Vec<_>>>().err().filter(is_shortage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_not_an_absence() {
        let is = |errno: Errno| is_shortage(&errno.into());
        assert_eq!([Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO].map(is), [true; 4]);
        assert_eq!([Errno::NOENT, Errno::ACCESS, Errno::NOTDIR, Errno::LOOP].map(is), [false; 4]);
        assert!(!is_shortage(&io::Error::other("odd")));
        assert!(too_few_descriptors(FOR_A_PROGRAM).is_none());
    }
}
