//! What is in the shim folder, before anything in it is changed: shims, those with faults, and files
//! that aren't usher's.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use usher_shims::error::{Error, Result};
use usher_shims::folders::Folders;
use usher_shims::index::INDEX_FILE;

use super::embedded_shim;
use super::fault::{Fault, find_fault, is_shim};
use super::own_programs::OWN_NAMES;

/// Which file something is: device and inode.
type FileIdentity = (u64, u64);

/// The content of a shim folder.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    /// The shims, each with its fault if it has one.
    pub shims: BTreeMap<String, Option<Fault>>,
    /// The names of files that aren't usher's.
    pub foreign: BTreeSet<String>,
    /// The fault of the binary that shims are links of.
    pub binary: Option<Fault>,
}

impl Inspection {
    /// Looks at all files in the shim folder but the index and `use`, and at the shims' binary.
    pub(super) fn of(folders: &Folders) -> Result<Self> {
        let judge = Judge::of(folders)?;
        let mut found = Self { binary: judge.fault(&folders.shim_binary())?, ..Self::default() };
        let mut known: BTreeMap<FileIdentity, Option<Fault>> = BTreeMap::new();
        let shims = folders.shims();
        for name in names(&shims)? {
            let path = shims.join(&name);
            let Ok(identity) = identity(&path) else { continue };
            // Most are hard links of one file.
            let fault = match known.get(&identity) {
                Some(fault) => fault.clone(),
                None => judge.fault(&path)?,
            };
            known.insert(identity, fault.clone());
            match judge.is_foreign(&path, fault.as_ref()) {
                true => drop(found.foreign.insert(name)),
                false => drop(found.shims.insert(name, fault)),
            }
        }
        Ok(found)
    }
}

/// Whether a file in the shim folder isn't a shim: neither of this build nor of another one, nor what
/// a full disk or a careless command left of one.
pub fn is_foreign(folders: &Folders, path: &Path) -> bool {
    let judge = Judge::of(folders);
    judge.is_ok_and(|judge| {
        let fault = judge.fault(path).ok().flatten();
        judge.is_foreign(path, fault.as_ref())
    })
}

/// What files of the folder are compared with.
struct Judge {
    /// What a shim must contain.
    content: Cow<'static, [u8]>,
    /// The binary that shims are links of.
    binary: Option<FileIdentity>,
}

impl Judge {
    fn of(folders: &Folders) -> Result<Self> {
        let binary = folders.shim_binary();
        let content = embedded_shim::content(&binary)?;
        Ok(Self { content, binary: identity(&binary).ok() })
    }

    fn fault(&self, path: &Path) -> Result<Option<Fault>> {
        find_fault(path, &self.content).map_err(|error| Error::io("read", path, error))
    }

    /// A file with another content is usher's only if it is a shim of some build, or was overwritten
    /// through one of its names.
    fn is_foreign(&self, path: &Path, fault: Option<&Fault>) -> bool {
        match fault {
            Some(Fault::Overwritten) => {
                !is_shim(path) && identity(path).ok().is_none_or(|one| self.binary != Some(one))
            }
            Some(Fault::Link) => !is_shim(path),
            Some(_) | None => false,
        }
    }
}

/// The names in the shim folder, without usher's own and hidden ones.
fn names(shims: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(shims) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| Error::io("list", shims, error))?,
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_ours = |name: &String| {
        !name.starts_with('.') && name != INDEX_FILE && !OWN_NAMES.contains(&name.as_str())
    };
    Ok(names.filter(is_ours).collect())
}

fn identity(path: &Path) -> io::Result<FileIdentity> {
    fs::symlink_metadata(path).map(|seen| (seen.dev(), seen.ino()))
}
