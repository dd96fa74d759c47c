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
    File(Told),
    /// With its target.
    Symlink(Vec<u8>),
    /// With the name of another member.
    HardLink(Vec<u8>),
}

/// What an archive says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// In bytes; `None` if only its end tells.
    pub(super) size: Option<u64>,
    /// Its owner's execute bit; `None` if only what it holds tells.
    pub(super) executable: Option<bool>,
    /// When it was changed last, in seconds since 1970.
    pub(super) modified: Option<u32>,
}

/// The members of an archive in their order.
pub(super) trait Members {
    /// The next member, `None` at the end.
    fn next(&mut self) -> Checked<Option<Member>>;

    /// What [`Members::piece`] gives next.
    fn peek(&mut self) -> Checked<&[u8]>;

    /// The next bytes of the member that was last given; none at its end, or where the archive is
    /// cut short.
    fn piece(&mut self) -> Checked<&[u8]>;

    /// Reads what comes after the last member, and refuses what shouldn't.
    fn finish(&mut self) -> Checked<()>;
}
