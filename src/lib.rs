//! The cold half of usher: the command `use`, and all that may take its time.
//!
//! ```text
//! use TOOL@REQUEST ─▶ Release (from a source) ─▶ Part (fetched, verified) ─▶ Toolchain (published) ─▶ pin
//! shim, nothing fits ─▶ hand-over ─▶ the same ─▶ execve
//! ```
//!
//! # Code map
//!
//! | what | file |
//! |---|---|
//! | the command line, and one file for each verb | [`cli`], [`commands`] |
//! | what a shim hands over | [`hand_over`], [`additions`], and from version to version: [`carry`] |
//! | what every verb is given | [`usher`] |
//! | folders, settings, and how the network is reached | [`config`] |
//! | tools, with sources and stores | [`registry`], [`platform`] |
//! | what is already on the machine | [`survey`] |
//! | why a version runs | [`why`](mod@why) |
//! | whether there is a newer one by now | [`standing`] |
//! | what a tool runs on that is another one | [`host`] |
//! | what can be had | [`release`], [`network`] |
//! | getting it, and what is noted of it | [`install`], [`receipt`], [`progress`] |
//! | fetching, for any purpose | [`http`] |
//! | unpacking, for any purpose | [`archive`] |
//! | trees, locks, what is half-made, and whether usher may write | [`files`] |
//! | what is kept to save asking for it again | [`cache_folder`] |
//! | whether it is as it was installed | [`verify`](mod@verify) |
//! | which versions nobody needs any more | [`prune`] |
//! | the shims and their index | [`shim_folder`] |
//! | changing a project's pin | [`project`], [`edit`] |
//! | what else in a project names versions | [`check`](mod@check) |
//! | what programs need that ask no shim | [`environment`] |
//! | shells' start-up files | [`shell_setup`] |
//! | what is printed | [`output`] |
//! | what the clock says, and whether that can be | [`clock`] |
//!
//! # Invariants
//!
//! - It depends on the hot half (`usher_shims`), never the reverse; what both decide is decided there.
//! - Only `main` is given the process; only [`output`] prints.
//! - A toolchain exists if and only if its folder stands under its final name.
//! - Nothing is deleted or rewritten in place: a replacement is published by a rename.
//! - No registry's address is written anywhere.

pub mod additions;
pub mod archive;
pub mod cache_folder;
pub mod carry;
pub mod check;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod edit;
pub mod environment;
pub mod files;
pub mod hand_over;
pub mod host;
pub mod http;
pub mod install;
pub mod network;
pub mod output;
pub mod platform;
pub mod progress;
pub mod project;
pub mod prune;
pub mod receipt;
pub mod registry;
pub mod release;
pub mod shell_setup;
pub mod shim_folder;
pub mod standing;
pub mod survey;
pub mod usher;
pub mod verify;
pub mod why;

pub use cli::run;
