//! Why unpacking stopped, and the message about it.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Escaped, Shown};

/// Why unpacking stopped.
#[derive(Debug)]
pub enum UnpackError {
    /// An entry is refused, for this reason; [`for_entry`](Self::for_entry) adds its name.
    Refused(String),
    /// The entry of this name is refused, for this reason.
    Entry(Vec<u8>, String),
    /// The archive as a whole is refused, for this reason.
    Archive(String),
    /// The archive can't be read, or is invalid.
    Unreadable(io::Error),
    /// An entry can't be written to disk.
    Unwritable(Error),
}

/// The result of a step of unpacking.
pub(super) type UnpackResult<T> = Result<T, UnpackError>;

/// A checked value, or the reason why the entry or the archive is refused.
pub(super) type Validated<T> = Result<T, &'static str>;

impl UnpackError {
    /// Adds the entry's name, if an entry is refused.
    pub(super) fn for_entry(self, name: &[u8]) -> Self {
        match self {
            Self::Refused(why) => Self::Entry(name.to_owned(), why),
            Self::Entry(..) | Self::Archive(_) | Self::Unreadable(_) | Self::Unwritable(_) => self,
        }
    }

    /// The error for users; `archive` is the file that was unpacked.
    pub(super) fn in_archive(self, archive: &Path) -> Error {
        let refused = Error::new(ErrorKind::BadArchive, format!("can't unpack {}", Shown(archive)));
        match self {
            Self::Entry(name, why) => {
                let name = Shown(Path::new(OsStr::from_bytes(&name))).to_string();
                refused.because(format!("it holds “{}”: {why}", Escaped(&name)))
            }
            Self::Archive(why) | Self::Refused(why) => refused.because(why),
            // The system's errors have a number; the others come from a parser.
            Self::Unreadable(error) if error.raw_os_error().is_some() => {
                Error::io("read", archive, error)
            }
            Self::Unreadable(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                refused.because("unpacking it takes more memory than is sensible")
            }
            Self::Unreadable(error) => refused
                .because(format!("it is damaged or cut short: {}", Escaped(&error.to_string()))),
            Self::Unwritable(error) => error,
        }
    }
}
