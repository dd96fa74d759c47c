//! The standard streams themselves: what programs read is written byte for byte.

use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, fcntl_getfd};
use rustix::stdio;
use usher_shims::error::{Error, ErrorKind, Result};

/// Opens something in place of a standard stream that is closed, so that no other file gets its number
/// and what is printed with it. Programs that this process becomes or starts find it closed.
pub fn reserve_closed_streams() {
    let is_closed = |stream: BorrowedFd<'_>| fcntl_getfd(stream) == Err(Errno::BADF);
    for stream in [stdio::stdin(), stdio::stdout(), stdio::stderr()] {
        if is_closed(stream) {
            // The lowest free number is this one. Nothing can be written to it.
            let opened = open(c"/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
            let _ = opened.map(OwnedFd::into_raw_fd);
        }
    }
}

/// Prints what a program reads to standard output, byte for byte.
pub fn print_exact(text: &[u8]) -> Result<()> {
    match write_out(text) {
        Ok(()) | Err(Errno::PIPE) => Ok(()),
        Err(error) => Err(unwritten(&error.into())),
    }
}

/// Prints a path byte for byte, as a script needs it.
pub fn print_path(path: &Path) -> Result<()> {
    print_exact(&[path.as_os_str().as_bytes(), b"\n"].concat())
}

/// Writes to standard output. The standard library's handle takes a closed one for success.
fn write_out(mut text: &[u8]) -> rustix::io::Result<()> {
    let output = io::stdout().lock();
    while !text.is_empty() {
        match rustix::io::write(&output, text) {
            Ok(written) => text = text.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Another program that has the same terminal or pipe made it return at once.
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(&output, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The error of a command whose output is lost.
pub(super) fn unwritten(error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        _ => ErrorKind::Io,
    };
    Error::new(kind, "can't write to standard output").because(error.to_string())
}
