//! A project's pins: where each is, and changing it there, in that file's dialect.
//!
//! ```text
//! tool ─▶ PinTarget (which file, and what in it) ─▶ text in that dialect ─▶ the file, replaced as a whole
//! ```
//!
//! Which versions the requests mean, a lockfile says (`lockfile.rs`).
//!
//! How a file's text is changed is [`crate::project::edit`]'s.
//!
//! A project's files are someone else's: what is written stays in the project's folder, whatever links
//! and other processes there do ([`crate::files::confined`]), and only a version file is changed.

pub mod edit;
mod locate;
pub mod lockfile;
pub mod notices;
mod spelling;
pub mod unread;
mod version_text;
mod write;

use std::path::PathBuf;

use usher_shims::pin::FileLocation;
use usher_shims::tool::{VersionField, VersionFile};

pub use locate::{ProjectPin, marked_root, pin_target, project_pin, project_root, repository};
pub use write::{
    InvalidText, PinRemoval, WrittenPin, change_config_file, check_target, planned_removal,
    remove_pin, write_pin,
};

/// The file that is created in a project that has none.
const OWN_FILE: &str = ".tool-versions";

/// Where a pin is written.
#[derive(Debug, Clone)]
pub enum PinTarget {
    /// In the project: the file that pins the tool already.
    Existing(PinLocation),
    /// In the project: this `.tool-versions`, which may not exist yet.
    NewFile {
        /// The file.
        path: PathBuf,
        /// The folder that isn't left.
        project: PathBuf,
    },
    /// The user's default.
    Default,
    /// The default that root sets for an account or a group.
    Assigned(AssignedDefault),
}

/// A default that root sets for an account or a group, in the machine's configuration folder.
#[derive(Debug, Clone)]
pub struct AssignedDefault {
    /// The folder of its file.
    pub folder: PathBuf,
    /// The number of the account or the group, which is the file's name: a shim can't look up names.
    pub number: u32,
    /// What it is for, in the file's first line: `account alice`.
    pub label: String,
}

/// A pin in a project's file.
#[derive(Debug, Clone)]
pub struct PinLocation {
    /// The file and the line or field.
    pub place: FileLocation,
    /// The folder that isn't left.
    pub project: PathBuf,
    /// The kind of file.
    pub file: &'static VersionFile,
    /// The field that pins; none in files without fields, and if it is unknown.
    pub field: Option<&'static VersionField>,
}
