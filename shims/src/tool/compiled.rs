//! The tables that the build script makes of `registry/`.

use usher_tool::{IgnoredFolder, Tool};

/// The built-in tools, in the order of their names.
pub static TOOLS: &[Tool] = include!(concat!(env!("OUT_DIR"), "/tools.rs"));

/// Folders of other people's code, for all tools.
pub static IGNORED_FOLDERS: &[IgnoredFolder] =
    include!(concat!(env!("OUT_DIR"), "/ignored_folders.rs"));

/// The files of the registry, each with its name, in the order of [`TOOLS`]: the cold half reads
/// the rest of them.
pub static DEFINITIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/definitions.rs"));

/// The text of `common.toml`: the cold half completes custom tools with it.
pub static COMMON: &str = include!(concat!(env!("OUT_DIR"), "/common.rs"));
