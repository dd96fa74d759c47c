//! Who uses the versions of a store for all accounts: every account of the machine, as root sees it.
//!
//! ```text
//! accounts (inventory) ─▶ each home: defaults, `use shim`, global packages, environments ┐
//! --projects DIR ─▶ pins, homes of usher's, environments ─────────────────────────────────┼─▶ AccountUses
//! /proc ─▶ running processes ─────────────────────────────────────────────────────────────┘
//! ```
//!
//! What an account has is hostile input ([`account_world`](crate::inventory::account_world)). What can't be read may use any version: it
//! is kept as [`UnreadUse`], and stops what removes versions.

mod find;
mod homes;

use std::path::PathBuf;

use usher_shims::error::Error;

pub use find::{AccountUses, is_for_all};

/// How an account uses a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UseKind {
    /// A project's file requests it.
    Pin,
    /// The account's default requests it.
    Default,
    /// The account has a versioned shim for it.
    Shim,
    /// The account has global packages for it.
    Packages,
    /// A virtual environment needs it.
    Environment,
    /// A process runs from it.
    Process,
}

impl UseKind {
    /// The word for it, in tables and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Default => "default",
            Self::Shim => "shim",
            Self::Packages => "packages",
            Self::Environment => "environment",
            Self::Process => "process",
        }
    }
}

/// A use of a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountUse {
    /// The account's name, or its number if it has none.
    pub account: String,
    /// How it uses the version.
    pub kind: UseKind,
    /// Where: a file with its line, a folder, `process 17`.
    pub origin: String,
    /// That file or folder; none for a process.
    pub path: Option<PathBuf>,
}

/// What can't be read, so that it may use any version.
#[derive(Debug, Clone)]
pub struct UnreadUse {
    /// The account's name, if one is known.
    pub account: Option<String>,
    /// What can't be read, and why.
    pub error: Error,
}
