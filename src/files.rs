//! Files and trees, whatever they are for: hashed, listed, walked, removed, locked, half-made.
//!
//! | what | file |
//! |---|---|
//! | whether and as whom we may write | [`write_access`] |
//! | one at a time | [`lock`] |
//! | half-made things, and what becomes of them | [`staging`], [`interrupt`] |
//! | looking at a tree, without following links | [`walk`] |
//! | deleting a tree | [`remove`] |
//! | all that lies in a tree | [`manifest`] |
//! | the hash of a file | [`integrity`] |
//!
//! It is the lowest room: it knows no tool, no setting, and none of usher's folders by name.

pub mod clock;
pub mod integrity;
pub mod interrupt;
pub mod lock;
pub mod manifest;
pub mod remove;
pub mod replace;
pub mod staging;
pub mod walk;
pub mod write_access;
