//! Where a version is, or will be, in a store with usher's layout.

use std::path::{Path, PathBuf};

use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use crate::registry::KnownTool;

/// The suffix of a toolchain that was renamed to make room for its replacement, where the file system
/// can't exchange the two. Such a name begins with a dot.
const BACKUP: &str = ".replaced";

/// Where a toolchain is, or will be.
#[derive(Debug, Clone)]
pub struct InstallLocation<'a> {
    /// The tool.
    pub known: KnownTool<'a>,
    /// The version.
    pub version: Version,
    /// Its folder.
    pub root: PathBuf,
    /// The store that it is in.
    pub store: Store,
}

impl InstallLocation<'_> {
    /// `node 12.22.12`.
    pub fn name(&self) -> String {
        format!("{} {}", self.known.tool.name, self.version)
    }

    /// `node-12.22.12`, for the names of its lock and its staging folder.
    pub fn file_name(&self) -> String {
        format!("{}-{}", self.known.tool.name, self.version)
    }

    /// The toolchain at this location, whether it exists or not.
    pub fn toolchain(&self) -> Toolchain {
        Toolchain {
            version: Some(self.version.clone()),
            root: self.root.clone(),
            store: self.store.clone(),
        }
    }
}

/// The path of a toolchain while its replacement takes its name. A name that begins with a dot isn't a
/// version, so nothing that lists toolchains sees it.
pub fn backup_path(root: &Path) -> PathBuf {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    root.with_file_name(format!(".{name}{BACKUP}"))
}

/// The version that a folder's name means, also if it is a backup's.
pub fn version_of_folder(name: &str) -> Option<Version> {
    let backup = name.strip_prefix('.').and_then(|name| name.strip_suffix(BACKUP));
    Version::parse(backup.unwrap_or(name)).filter(|version| {
        // Another spelling of the same version is not a folder of ours.
        version.as_str() == backup.unwrap_or(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_its_backup_have_the_same_version() {
        let version = |name: &str| version_of_folder(name).map(|version| version.to_string());
        let backup = backup_path(Path::new("/store/node/12.22.12"));
        assert_eq!(backup, Path::new("/store/node/.12.22.12.replaced"));
        assert_eq!(version(".12.22.12.replaced").as_deref(), Some("12.22.12"));
        assert_eq!(version("12.22.12").as_deref(), Some("12.22.12"));
        for other in ["v12.22.12", "..replaced", ".12.22.12", "12.22.12.replaced", ""] {
            assert_eq!(version(other).as_deref(), None, "{other}");
        }
    }
}
