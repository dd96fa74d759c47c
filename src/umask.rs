//! Files of the machine's home are for all accounts to read, and those of no home for all to write,
//! whatever the umask is.

use rustix::fs::Mode;
use rustix::process::umask;

use usher_shims::folders::Folders;

/// Until this is dropped, what is made has the modes that it must have.
#[derive(Debug)]
pub struct Umask {
    before: Mode,
}

impl Umask {
    /// What is the machine's can be read by everyone; what is an account's is as the account
    /// wants, but that nobody else can write it.
    pub fn of(folders: &Folders) -> Self {
        let before = umask(Mode::WGRP | Mode::WOTH);
        if !folders.is_for_all {
            umask(before | Mode::WOTH);
        }
        Self { before }
    }
}

impl Drop for Umask {
    /// The program that comes after is to inherit what we were given.
    fn drop(&mut self) {
        umask(self.before);
    }
}
