//! Toolchains of usher's own: installed, verified, repaired, removed.
//!
//! ```text
//! Release ─▶ InstallLocation ─▶ Assembly (in staging) ─▶ publish: its final name
//! ```
//!
//! | what | file |
//! |---|---|
//! | installing a release | [`install`] |
//! | removing a version | [`uninstall`](mod@uninstall) |
//! | restoring a version to what was installed | [`repair`](mod@repair), [`preserve_packages`] |
//! | where a version is, and what else is in the store | [`location`], [`contents`] |
//! | folders that the user linked | [`links`] |
//! | the store itself: locks, staging, what killed processes left | [`own`] |
//! | the moment at which a version comes to exist | [`publish`] |
//! | what is recorded about an install | [`receipt`] |
//! | what accounts request from the machine | [`requests`] |
//! | comparing a version with what was installed | [`verify`](mod@verify) |
//! | which paths belong to package managers | [`package_paths`] |
//! | which versions can be removed | [`prune`] |
//! | what all accounts of the machine use | [`account_use`] |
//! | virtual environments, and the versions that they need | [`venvs`] |
//! | installing the runtime that a version needs | [`runtime`] |

pub mod account_use;
pub mod contents;
pub mod install;
pub mod links;
pub mod location;
pub mod own;
pub mod package_paths;
mod preserve_packages;
pub mod prune;
mod publish;
pub mod receipt;
pub mod repair;
pub mod requests;
pub mod runtime;
pub mod uninstall;
pub(crate) mod usage;
pub mod venvs;
pub mod verify;
