//! What stands in an archive, of whichever form: a name, and what it is the name of.
//!
//! It must not know where members come from or go.

use super::Checked;

/// The most members of an archive, extensions included.
pub(super) const MOST: usize = 200_000;

/// A member: its name as written, and what it is.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) content: Content,
}

/// What a member is. Devices, pipes, sparse files and the like have no value here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Folder,
    /// With its size in bytes, its owner's execute bit, and its time in seconds since 1970.
    File {
        size: u64,
        executable: bool,
        modified: u32,
    },
    /// With its target.
    Symlink(Vec<u8>),
    /// With the name of another member.
    HardLink(Vec<u8>),
}

/// The members of an archive in their order.
pub(super) trait Members {
    /// The next member, `None` at the end.
    fn next(&mut self) -> Checked<Option<Member>>;

    /// The next bytes of the member that was last given; none at its end, or where the archive is
    /// cut short.
    fn piece(&mut self) -> Checked<&[u8]>;

    /// Reads what comes after the last member, and refuses what shouldn't.
    fn finish(&mut self) -> Checked<()>;
}
