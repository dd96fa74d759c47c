//! The pipeline: a call, the requests, the matching toolchain, the program to become.
//!
//! Each job is a value of its own, and none knows the ones below it in this table:
//!
//! | job | value |
//! |---|---|
//! | which provider of a program is tried, in which order | [`Resolver`] |
//! | which version of a tool is active | [`Selector`] |
//! | what a lockfile says of the deciding request | `locked` |
//! | the variables that a program needs | [`ProgramEnvironment`] |
//! | where a toolchain has a program | `ToolchainPrograms` |
//! | the system's version, and its programs | [`SystemPrograms`] |
//! | which version a path is in | [`version_folder()`], [`RunningVersion`] |
//! | the guard against a program that calls back | `next_program` |
//! | what a tool's versions run on | [`Runtime`] |

mod environment;
mod fall_through;
mod locked;
mod programs;
mod providers;
mod runtime;
mod select;
mod system;
mod version_folder;

pub use environment::ProgramEnvironment;
pub use programs::versions_with_packages;
pub use providers::{Outcome, Plan, Resolver, without_system};
pub use runtime::{Compatibility, Runtime};
pub use select::{MissingVersion, Selection, Selector};
pub use system::SystemPrograms;
pub use version_folder::{RunningVersion, version_folder};

#[cfg(test)]
mod tests;
