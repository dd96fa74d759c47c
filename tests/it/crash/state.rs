//! What lies in a home, in units that must be whole: a toolchain is one, and so is a shim, the
//! index, a settings file. What is half-made, locked or kept to be had again is no state.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::support::Sandbox;

/// Files with more bytes are programs that cargo built: they are linked where others are copied.
const LARGE: u64 = 100_000;

/// Every unit, with all that is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State(pub(super) BTreeMap<String, String>);

impl State {
    /// What lies in a sandbox's home now.
    pub(super) fn of(sandbox: &Sandbox) -> Self {
        let mut state = Self::default();
        state.add(&sandbox.home(), "");
        state
    }

    fn add(&mut self, folder: &Path, name: &str) {
        for entry in fs::read_dir(folder).expect("list a folder of the home") {
            let path = entry.expect("an entry of the home").path();
            let own = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            let name = format!("{name}/{own}");
            let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
            match parts.as_slice() {
                [".local", "share", "usher", "staging" | "locks"] | [".cache"] => {}
                [".local", "share", "usher", "toolchains", _, _] => {
                    self.0.insert(name, whole(&path));
                }
                _ if path.is_dir() && !path.is_symlink() => self.add(&path, &name),
                _ => {
                    self.0.insert(name, whole(&path));
                }
            }
        }
    }

    /// What is here and whole neither as `before` nor as `after`, and what should be here.
    pub(super) fn faults(&self, before: &Self, after: &Self) -> Vec<String> {
        let mut faults: Vec<String> = Vec::new();
        for (name, content) in &self.0 {
            let known = [before.0.get(name), after.0.get(name)];
            if !known.contains(&Some(content)) && !is_temporary(name) {
                let how = if known == [None, None] { "stray" } else { "not whole" };
                faults.push(format!("{name} is {how}: {content}; known: {known:#?}"));
            }
        }
        let lasting = before.0.keys().filter(|name| after.0.contains_key(*name));
        let lost = lasting.filter(|name| !self.0.contains_key(*name));
        faults.extend(lost.map(|name| format!("{name} is lost")));
        faults
    }

    /// Without the units for which `is_meant` holds.
    pub(super) fn without(&self, is_meant: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !is_meant(name));
        Self(kept.map(|(name, content)| (name.clone(), content.clone())).collect())
    }
}

/// A shim or an index that was about to be renamed.
pub(super) fn is_temporary(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or_default();
    own.starts_with('.') && own != ".usher" && own != ".local" && own != ".config"
}

/// All that is in a file or below a folder.
pub(super) fn whole(path: &Path) -> String {
    let seen = fs::symlink_metadata(path).expect("look at an entry of the home");
    let mode = seen.mode() & 0o7777;
    if seen.is_symlink() {
        return format!("link to {}", fs::read_link(path).expect("read a link").display());
    }
    if seen.is_dir() {
        let mut names: Vec<_> = fs::read_dir(path)
            .expect("list a folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        let inside = names.iter().map(|name| {
            let lines = whole(&path.join(name));
            format!("\n{}: {lines}", name.display()).replace('\n', "\n  ")
        });
        return format!("{mode:o} folder{}", inside.collect::<String>());
    }
    format!("{mode:o} {}", content(path, &seen))
}

/// The hash of what is in a file; a receipt without the time when it was written, and the seal that
/// follows from that.
fn content(path: &Path, seen: &Metadata) -> String {
    static KNOWN: Mutex<BTreeMap<(u64, u64, i64, i64), String>> = Mutex::new(BTreeMap::new());
    let key = (seen.ino(), seen.len(), seen.mtime(), seen.mtime_nsec());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hash) = known.get(&key).filter(|_| seen.len() > LARGE) {
        return hash.clone();
    }
    let bytes = fs::read(path).expect("read a file of the home");
    let hash = |bytes: &[u8]| format!("{} {:x?}", bytes.len(), &Sha256::digest(bytes)[..8]);
    if path.ends_with(".usher-receipt.json") {
        let receipt = serde_json::from_slice::<serde_json::Value>(&bytes);
        let Ok(mut receipt) = receipt else { return "no receipt".to_owned() };
        receipt["installed"].take();
        receipt["seal"].take();
        return hash(receipt.to_string().as_bytes());
    }
    let hash = hash(&bytes);
    if seen.len() > LARGE {
        known.insert(key, hash.clone());
    }
    hash
}

/// Makes `to` what `from` is; large files are links to the same.
pub(super) fn restore(from: &Path, to: &Path) {
    if to.symlink_metadata().is_ok() {
        usher::files::remove::remove_tree(to).expect("clear a folder");
    }
    copy(from, to);
}

fn copy(from: &Path, to: &Path) {
    let seen = fs::symlink_metadata(from).expect("look at what is saved");
    if seen.is_symlink() {
        symlink(fs::read_link(from).expect("read a link"), to).expect("make a link");
    } else if seen.is_dir() {
        fs::create_dir(to).expect("make a folder");
        for entry in fs::read_dir(from).expect("list what is saved") {
            let entry = entry.expect("an entry of what is saved");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
        let mode = fs::Permissions::from_mode(seen.mode() & 0o7777);
        fs::set_permissions(to, mode).expect("give a folder its mode");
    } else if seen.len() > LARGE {
        fs::hard_link(from, to).expect("link what is saved");
    } else {
        crate::support::executables::copy(from, to);
    }
}
