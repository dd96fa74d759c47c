//! What usher is given away as: programs, tarballs, packages, recipes, and their hashes.
//!
//! It makes files of programs that were built already, and starts nothing: `cargo xtask release` builds
//! and signs. The same input gives the same bytes, whatever the folder, the account and the day.
//!
//! | what | file |
//! |---|---|
//! | a release: its files, its folder | [`release`] |
//! | names, and where releases are | [`settings`], from `release.toml` |
//! | which programs there are | [`platform`] |
//! | files and folders, as an archive has them | [`tree`] |
//! | tarballs | [`tarball`] |
//! | wheels, for pip, pipx and uv | [`wheel`] |
//! | npm packages | [`npm`] |
//! | Debian packages | [`deb`] |
//! | templates that name a release: install.sh, recipes | [`template`] |
//! | the list of what was built in | [`sbom`] |

#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]

mod deb;
mod npm;
pub mod platform;
pub mod release;
mod sbom;
pub mod settings;
mod tarball;
mod template;
pub mod tree;
mod wheel;

/// What went wrong, as it is printed.
pub type Result<T> = std::result::Result<T, String>;
