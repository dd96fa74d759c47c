//! The tables that the build script makes from `registry/`.

use usher_tool::{IgnoredFolder, Tool};

/// The tools that are compiled in, in the order of their names.
pub static TOOLS: &[Tool] = include!(concat!(env!("OUT_DIR"), "/tools.rs"));

/// Folders that hold other people's code, whatever the tool.
pub static IGNORED_FOLDERS: &[IgnoredFolder] =
    include!(concat!(env!("OUT_DIR"), "/ignored_folders.rs"));

/// The files of the registry as they are, each with its name, in the order of [`TOOLS`]: the cold
/// half reads more of them.
pub static DEFINITIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/definitions.rs"));

/// What holds for every tool, as it is in the registry: the cold half makes own tools by it.
pub static COMMON: &str = include!(concat!(env!("OUT_DIR"), "/common.rs"));
