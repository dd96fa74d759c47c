//! A project's pin: where it stands, and changing it there, in that file's dialect.
//!
//! ```text
//! tool ─▶ Target (which file, and what in it) ─▶ text in that dialect ─▶ the file, replaced whole
//! ```
//!
//! How a file's text is changed is [`crate::project::edit`]'s.

pub mod edit;
mod locate;
mod spelling;
mod write;

use std::path::PathBuf;

use usher_shims::pin::FileLocation;
use usher_shims::tool::{Field, VersionFile};

pub use locate::{root, target};
pub use write::{WrittenPin, replace, write};

/// The file that is made where a project has none.
const OWN_FILE: &str = ".tool-versions";

/// Where a pin is to be written.
#[derive(Debug, Clone)]
pub enum PinTarget {
    /// In the project: what pins the tool today.
    Existing(PinLocation),
    /// In the project: this `.tool-versions`.
    NewFile(PathBuf),
    /// There is no project here: the user's default.
    Default,
}

/// What pins a tool in a project's file.
#[derive(Debug, Clone)]
pub struct PinLocation {
    /// Where it stands.
    pub place: FileLocation,
    /// Which of the tool's files that is.
    pub file: &'static VersionFile,
    /// What in it pins; none in files of requests alone, and where that can't be told.
    pub field: Option<&'static Field>,
}
