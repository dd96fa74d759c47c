//! Getting bytes from elsewhere: fetched, verified, unpacked, in this order and never another.
//!
//! ```text
//! address ─▶ Client ─▶ bytes of an index, if they changed (client.rs, access.rs)
//! address ─▶ Downloads ─▶ a file whose hash is the wanted (download.rs, integrity.rs)
//! file    ─▶ unpack ─▶ a fresh folder                    (archive.rs)
//! ```
//!
//! Everything here takes what was said by a server or an archive for hostile until shown
//! otherwise. It must not know tools, versions, the store or the command line: it is given an
//! address, a file or a folder, and says what came of it.
//!
//! What must stay true:
//! - no byte is parsed as an archive here that its caller hasn't had verified before;
//! - nothing is written outside the file or the folder that was named;
//! - a source that can't be reached ([`Failure::Unreachable`]) is told from one that lied
//!   ([`Failure::Fatal`]): the first is a reason to ask the next, the second to stop.

mod access;
mod address;
mod archive;
mod client;
mod download;
mod failure;
mod integrity;
mod listing;
mod remove;
#[cfg(test)]
mod served;
mod shown;

pub use access::{Access, Credential, Credentials, Patience, Proxies, Roots};
pub use address::without_secrets;
pub use archive::{Shape, unpack};
pub use client::{Client, Newer};
pub use download::{Artifact, Downloaded, Downloads, Progress, Quiet};
pub use failure::Failure;
pub use integrity::{Hasher, Integrity, Mismatch, sha256, sha256_of};
pub use listing::{Item, Listing, Mode};
pub use remove::remove_tree;
pub use shown::{shown, whose};
