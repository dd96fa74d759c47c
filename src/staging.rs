//! Half-made things: a folder of one's own for each, locked by its maker, swept when that is gone.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use usher_shims::error::{Error, Result};

use crate::fetch::remove_tree;
use crate::lock::lock;

/// A folder for something half-made; deleted when it is dropped, or by whoever finds it after its
/// maker was killed.
#[derive(Debug)]
pub struct Staging {
    folder: TempDir,
    /// The lock on the folder that shows its maker is alive.
    _alive: File,
}

impl Staging {
    /// Makes a folder in `staging`, for something of this name, and sweeps what others left there.
    pub fn new(staging: &Path, locks: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(staging)
            .map_err(|error| Error::io("make the folder", staging, &error))?;
        let _guard = lock(locks, "staging", Duration::from_mins(1), &|_| {})?;
        sweep(staging);
        let folder = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(staging)
            .map_err(|error| Error::io("make a folder in", staging, &error))?;
        let alive =
            File::open(folder.path()).map_err(|error| Error::io("open", folder.path(), &error))?;
        // Where folders can't be locked, nothing is swept there either.
        let _ = alive.try_lock();
        Ok(Self { folder, _alive: alive })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Staging {
    /// Read-only folders inside would stop the ordinary way.
    fn drop(&mut self) {
        let _ = remove_tree(self.folder.path());
    }
}

/// Deletes what nobody alive is making any more.
fn sweep(staging: &Path) {
    for entry in fs::read_dir(staging).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(folder) = File::open(&path) else { continue };
        if folder.try_lock().is_ok() {
            let _ = remove_tree(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_left_is_swept_and_the_living_is_not() {
        let home = tempfile::tempdir().unwrap();
        let (staging, locks) = (home.path().join("staging"), home.path().join("locks"));
        let left = staging.join("node-1.0.0-dead/inside");
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("file"), "x").unwrap();
        fs::set_permissions(&left, Permissions::from_mode(0o500)).unwrap();
        let alive = Staging::new(&staging, &locks, "node-2.0.0").unwrap();
        let other = Staging::new(&staging, &locks, "node-2.0.0").unwrap();
        assert!(!staging.join("node-1.0.0-dead").exists());
        assert!(alive.path().exists() && other.path().exists());
        drop((alive, other));
        assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
    }
}
