//! Toolchains of usher's own: installed, verified, repaired, removed.
//!
//! | what | file |
//! |---|---|
//! | getting a release into the store, and taking a version out of it | [`install`] |
//! | what was noted of an install | [`receipt`] |
//! | whether a version is as it was installed | [`verify`](mod@verify) |
//! | which versions nobody needs any more | [`prune`] |
//! | getting what a version runs on that is another tool's | [`runtime`] |

pub mod install;
pub mod prune;
pub mod receipt;
pub mod runtime;
pub mod verify;
