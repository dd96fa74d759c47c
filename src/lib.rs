//! The cold half of usher: the command `use`, and all that may take its time.
//!
//! ```text
//! use TOOL@REQUEST ─▶ Release (from a source) ─▶ Part (fetched, verified) ─▶ Toolchain (published) ─▶ pin
//! shim, nothing fits ─▶ hand-over ─▶ the same ─▶ execve
//! ```
//!
//! # Code map
//!
//! Rooms from the top; a room knows only those below its own (`tests/it/tidy/layers.rs`).
//!
//! | room | what it is for |
//! |---|---|
//! | [`cli`] | the command line: arguments, a file for each command, what a shim hands over, all that is printed |
//! | [`check`](mod@check) | `use check`: what else in a project names versions |
//! | [`project`] | which folder is the project; changing its pin |
//! | [`store`] | getting versions, verifying, repairing and removing them |
//! | [`shim_folder`] | the shims and their index |
//! | [`releases`] | what can be had, from which source |
//! | [`session`] | what a command runs with |
//! | [`inventory`] | what is already on the machine |
//! | [`registry`] | tools, with their sources and stores |
//! | [`config`] | folders, settings, and how the network is reached |
//! | [`http`] | fetching, for any purpose |
//! | [`archive`] | unpacking, for any purpose |
//! | [`files`] | trees, locks, what is half-made, and whether usher may write |
//! | `sys` | what differs between operating systems |
//! | [`text`] | how amounts are written for people, and which word was probably meant |
//!
//! # Invariants
//!
//! - It depends on the hot half (`usher_shims`), never the reverse; what both decide is decided there.
//! - Only `main` is given the process; only [`cli::output`] prints.
//! - A toolchain exists if and only if its folder stands under its final name.
//! - Whatever writes in usher's folders is given a [`files::write_access::WriteAccess`], which says
//!   as whom: code that has none doesn't compile.
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
pub mod project;
pub mod registry;
pub mod releases;
pub mod session;
pub mod shim_folder;
pub mod store;
mod sys;
pub mod text;

pub use cli::run;
