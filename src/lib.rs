//! The cold half of usher: the command `use`, and everything that may be slow.
//!
//! ```text
//! use TOOL@REQUEST ─▶ Release (from a source) ─▶ ReleasePart (fetched, verified) ─▶ Toolchain (published) ─▶ pin
//! shim, no installed version matches ─▶ handoff ─▶ the same ─▶ execve
//! ```
//!
//! # Code map
//!
//! The rooms, from the top. A room uses only those below it (`tests/it/tidy/layers.rs`).
//!
//! | room | what it is for |
//! |---|---|
//! | [`cli`] | the command line: arguments, a file for each command, the handoff from a shim, all output |
//! | [`check`](mod@check) | `use check`: other files of a project that name versions |
//! | [`project`] | which folder is the project; changing its pin |
//! | [`store`] | installing, verifying, repairing and removing versions |
//! | [`shim_folder`] | the shims and their index |
//! | [`releases`] | which releases a source has, and what to fetch for one |
//! | [`own_release`] | releases of usher itself, their signatures, and packages that it comes in |
//! | [`session`] | what a command runs with |
//! | [`inventory`] | scanning the machine for installed versions |
//! | [`registry`] | tools, with their sources and stores |
//! | [`config`] | folders, settings, and the network configuration |
//! | [`http`] | requests and downloads, for any purpose |
//! | [`archive`] | unpacking, for any purpose |
//! | [`files`] | trees, locks, unfinished folders, replacing files, write access |
//! | `sys` | what differs between operating systems |
//! | [`text`] | sizes and durations in messages; suggestions for misspelled words |
//!
//! # Invariants
//!
//! - It depends on the hot half (`usher_shims`), never the reverse. What both need is decided there.
//! - Only `main` reads the process; only [`cli::output`] prints.
//! - A toolchain exists if and only if its folder has its final name.
//! - A function that writes in usher's folders takes a [`files::write_access::WriteAccess`]: a caller
//!   without one doesn't compile.
//! - Nothing is deleted or rewritten in place: a replacement is published by a rename.
//! - No registry's address is written anywhere.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests print paths as they are"))]

pub mod archive;
pub mod check;
pub mod cli;
pub mod config;
pub mod files;
pub mod http;
pub mod inventory;
pub mod own_release;
pub mod project;
pub mod registry;
pub mod releases;
pub mod session;
pub mod shim_folder;
pub mod store;
mod sys;
pub mod text;

pub use cli::run;
pub use own_release::BuildSettings;
