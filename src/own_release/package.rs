//! Packages of other managers that usher comes in: those replace it themselves.
//!
//! A package has a file `lib/usher/package.toml` beside the folder of its program: `/usr/bin/use` and
//! `/usr/lib/usher/package.toml`. A home that such a program made has a file that names the program.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::world::{World, read_optional};

use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;

/// The file of a package, from the folder above the program's.
const FILE: &str = "lib/usher/package.toml";

/// The file in the data folder that names the packaged program which made the home.
const RECORD: &str = "packaged-by";

/// A package of another manager.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What it is: `the Debian package usher`.
    pub name: String,
    /// The command that updates it.
    pub update: String,
    /// The command that removes it.
    pub remove: String,
}

impl Package {
    /// The package that a program is in, if it is in one.
    pub fn of_program(world: &impl World, program: &Path) -> Result<Option<Self>> {
        let physical = world.physical(program).unwrap_or_else(|_| program.to_path_buf());
        let Some(prefix) = physical.parent().and_then(Path::parent) else { return Ok(None) };
        let file = prefix.join(FILE);
        let content =
            read_optional(world, &file).map_err(|error| Error::io("read", &file, error))?;
        let Some(content) = content else { return Ok(None) };
        let text = String::from_utf8_lossy(&content.bytes);
        let package = toml::from_str(&text).map_err(|error| {
            let what = format!("invalid {}", Shown(&file));
            Error::new(ErrorKind::BadFile, what).because(error.message().to_owned())
        })?;
        Ok(Some(package))
    }

    /// The package of a home: the running program's, else the one of the program that made the home, if
    /// that is still there.
    pub fn of_home(world: &impl World, folders: &Folders, program: &Path) -> Result<Option<Self>> {
        if let Some(package) = Self::of_program(world, program)? {
            return Ok(Some(package));
        }
        let file = folders.data.join(RECORD);
        let content =
            read_optional(world, &file).map_err(|error| Error::io("read", &file, error))?;
        let Some(content) = content else { return Ok(None) };
        let maker = PathBuf::from(OsStr::from_bytes(content.bytes.trim_ascii_end()));
        match maker.is_absolute() && world.is_program(&maker) {
            true => Self::of_program(world, &maker),
            false => Ok(None),
        }
    }

    /// Records which packaged program made a home, or that none did.
    pub fn record(
        world: &impl World,
        folders: &Folders,
        program: &Path,
        _: &WriteAccess,
    ) -> Result<()> {
        let file = folders.data.join(RECORD);
        if Self::of_program(world, program)?.is_none() {
            return match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(Error::io("remove", &file, error))
                }
                Ok(()) | Err(_) => Ok(()),
            };
        }
        let replacement = FileReplacement {
            target: &file,
            staging: &folders.data,
            prefix: ".packaged-by-",
            mode: FileMode::Masked(0o644),
            durability: Durability::Synced,
        };
        replacement.write(program.as_os_str().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;

    const PACKAGE: &str = "name = 'the Debian package usher'\nupdate = 'apt-get upgrade'\nremove = 'apt-get remove'\n";

    #[test]
    fn a_program_or_a_home_is_of_a_package() {
        let world = MemoryWorld::at("/p")
            .file("/usr/bin/use", "")
            .file("/usr/lib/usher/package.toml", PACKAGE)
            .file("/home/u/usher/shims/use", "")
            .file("/made/packaged-by", "/usr/bin/use\n")
            .file("/orphan/packaged-by", "/gone/bin/use");
        let of = |home: &str, program: &str| {
            let folders = Folders::under(Path::new(home), None);
            let package = Package::of_home(&world, &folders, Path::new(program)).unwrap();
            package.map(|package| package.update)
        };
        let apt = Some("apt-get upgrade".to_owned());
        assert_eq!(of("/home/u/usher", "/usr/bin/use"), apt);
        assert_eq!(of("/home/u/usher", "/home/u/usher/shims/use"), None);
        assert_eq!(of("/made", "/made/shims/use"), apt);
        assert_eq!(of("/orphan", "/orphan/shims/use"), None);
        let broken = world.file("/usr/lib/usher/package.toml", "name = 1");
        let error = Package::of_program(&broken, Path::new("/usr/bin/use")).unwrap_err();
        assert_eq!(error.what, "invalid /usr/lib/usher/package.toml");
    }
}
