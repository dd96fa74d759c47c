//! Files of the machine's home are for all accounts to read, whatever root's umask is.

use rustix::fs::Mode;
use rustix::process::umask;

use crate::folders::Folders;

/// Until this is dropped, what is made in the machine's home can be read by everyone.
#[derive(Debug)]
pub struct Umask {
    before: Option<Mode>,
}

impl Umask {
    /// Changes the umask where the folders are the machine's; an account's own stays as it is.
    pub fn of(folders: &Folders) -> Self {
        let readable = Mode::WGRP | Mode::WOTH;
        Self { before: folders.is_for_all.then(|| umask(readable)) }
    }
}

impl Drop for Umask {
    /// The program that comes after is to inherit what we were given.
    fn drop(&mut self) {
        if let Some(before) = self.before {
            umask(before);
        }
    }
}
