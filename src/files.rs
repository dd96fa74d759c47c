//! Files and folders: hash, list, walk, replace, delete, lock.
//!
//! | what | file |
//! |---|---|
//! | whether usher may write, and as which account | [`write_access`] |
//! | locks between processes | [`lock`] |
//! | unfinished folders, and their removal | [`staging`], [`interrupt`] |
//! | replacing a file in one step | [`replace`] |
//! | walking a tree without following links | [`walk`] |
//! | deleting a tree | [`remove`] |
//! | the manifest of a tree | [`manifest`] |
//! | hashes | [`integrity`] |
//! | dates for messages | [`clock`] |
//! | devices that a container may lack | [`bare`] |
//!
//! The lowest room: it knows no tool, no setting, and none of usher's folders by name.

pub mod bare;
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
