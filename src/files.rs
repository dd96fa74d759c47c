//! Files and folders: hash, list, walk, replace, delete, lock.
//!
//! | what | file |
//! |---|---|
//! | whether usher may write, and as which account | [`write_access`], [`account`] |
//! | reading in folders that other accounts may write to | [`own_folder`] |
//! | locks between processes | [`lock`] |
//! | unfinished folders, and their removal | [`staging`], [`interrupt`] |
//! | replacing a file in one step | [`replace`] |
//! | appending to a file that another program named | [`append`] |
//! | files of others, read and replaced inside of one folder | [`confined`], [`same_access`] |
//! | names that survive a power cut | [`durable`] |
//! | walking a tree without following links | [`walk`] |
//! | deleting a tree | [`remove`] |
//! | the manifest of a tree | [`manifest`] |
//! | hashes | [`integrity`] |
//! | dates for messages | [`clock`] |
//! | devices that a container may lack | [`bare`] |
//! | failures for want of descriptors or memory | [`shortage`] |
//!
//! The lowest room: it knows no tool, no setting, and none of usher's folders by name.

pub mod account;
pub mod append;
pub mod bare;
pub mod clock;
pub mod confined;
pub mod durable;
pub mod integrity;
pub mod interrupt;
pub mod lock;
pub mod manifest;
pub mod own_folder;
pub mod remove;
pub mod replace;
mod same_access;
pub mod shortage;
pub mod staging;
pub mod walk;
pub mod write_access;

/// Makes a named pipe, for tests. Not every system has the call that makes one in an open folder.
#[cfg(test)]
pub(crate) fn make_fifo(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success(), "mkfifo {}", path.display());
}
