//! The state of a home and a project, in units that must be complete: a toolchain, a shim, the index,
//! a settings file, a version file. Staging, locks and the cache don't count.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::support::Sandbox;

/// Larger files are programs that cargo built. They are hard-linked, smaller ones are copied.
pub(super) const LARGE: u64 = 100_000;

/// Every unit with its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State(pub(super) BTreeMap<String, String>);

impl State {
    /// Reads the state of a sandbox's home and project.
    pub(super) fn of(sandbox: &Sandbox) -> Self {
        let mut state = Self::default();
        state.add(&sandbox.home(), "");
        state.add(&sandbox.project(), "/project");
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

    /// The units that equal neither `before` nor `after`, and those that are missing.
    pub(super) fn faults(&self, before: &Self, after: &Self) -> Vec<String> {
        let mut faults: Vec<String> = Vec::new();
        for (name, content) in &self.0 {
            let known = [before.0.get(name), after.0.get(name)];
            let is_stray = known == [None, None];
            let is_expected = known.contains(&Some(content)) || is_stray && is_temporary(name);
            if !is_expected {
                let how = if is_stray { "stray" } else { "damaged" };
                faults.push(format!("{name} is {how}: {content}; known: {known:#?}"));
            }
        }
        let lasting = before.0.keys().filter(|name| after.0.contains_key(*name));
        let lost = lasting.filter(|name| !self.0.contains_key(*name));
        faults.extend(lost.map(|name| format!("{name} is lost")));
        faults
    }

    /// The state without temporary files outside of usher's data folder, unless `other` has them too:
    /// usher doesn't look for those that a killed process left there.
    pub(super) fn without_abandoned(&self, other: &Self) -> Self {
        let mut remaining = self.clone();
        remaining.0.retain(|name, _| {
            let is_outside = !name.starts_with("/.local/share/usher/");
            !(is_outside && is_temporary(name)) || other.0.contains_key(name)
        });
        remaining
    }

    /// The state without temporary files, unless `other` has them too.
    pub(super) fn without_temporary(&self, other: &Self) -> Self {
        let is_lasting = |name: &str| !is_temporary(name) || other.0.contains_key(name);
        let remaining = self.0.iter().filter(|(name, _)| is_lasting(name));
        Self(remaining.map(|(name, content)| (name.clone(), content.clone())).collect())
    }
}

/// Whether this may be a shim, an index or another file before its final rename.
pub(super) fn is_temporary(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or_default();
    own.starts_with('.') && own != ".usher" && own != ".local" && own != ".config"
}

/// The whole content of a file or folder.
pub(super) fn whole(path: &Path) -> String {
    let seen = fs::symlink_metadata(path).expect("read the metadata of an entry of the home");
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

/// The hash of a file's content. A receipt is hashed without its time, and without the seal, which
/// depends on the time.
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

/// Replaces `to` by a copy of `from`. Large files are hard links.
pub(super) fn restore(from: &Path, to: &Path) {
    if to.symlink_metadata().is_ok() {
        usher::files::remove::remove_tree(to).expect("clear a folder");
    }
    copy(from, to);
}

fn copy(from: &Path, to: &Path) {
    let seen = fs::symlink_metadata(from).expect("read the metadata of a saved entry");
    if seen.is_symlink() {
        symlink(fs::read_link(from).expect("read a link"), to).expect("make a link");
    } else if seen.is_dir() {
        fs::create_dir(to).expect("create a folder");
        for entry in fs::read_dir(from).expect("list a saved folder") {
            let entry = entry.expect("a saved entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
        let mode = fs::Permissions::from_mode(seen.mode() & 0o7777);
        fs::set_permissions(to, mode).expect("set a folder's mode");
    } else if seen.len() > LARGE {
        fs::hard_link(from, to).expect("link a saved file");
    } else {
        crate::support::executables::copy(from, to);
    }
}
