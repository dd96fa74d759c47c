//! Toolchains of usher's own: installed, verified, repaired, removed.
//!
//! ```text
//! Release ─▶ Place (where it will lie) ─▶ Assembly (in staging) ─▶ publish: its final name
//! ```
//!
//! | what | file |
//! |---|---|
//! | getting a release into the store | [`install`] |
//! | taking a version out of it | [`uninstall`](mod@uninstall) |
//! | making a version as it was installed again | [`repair`](mod@repair), [`preserve_packages`] |
//! | where a version lies, and what else lies there | [`location`], [`contents`] |
//! | the store itself: locks, staging, what was left halfway | [`own`] |
//! | the moment from which a version exists | [`publish`] |
//! | what was noted of an install | [`receipt`] |
//! | whether a version is as it was installed | [`verify`](mod@verify) |
//! | what package managers added | [`package_paths`] |
//! | which versions nobody needs any more | [`prune`] |
//! | getting what a version runs on that is another tool's | [`runtime`] |

pub mod contents;
pub mod install;
pub mod location;
pub mod own;
pub mod package_paths;
mod preserve_packages;
pub mod prune;
mod publish;
pub mod receipt;
pub mod repair;
pub mod runtime;
pub mod uninstall;
pub mod verify;
