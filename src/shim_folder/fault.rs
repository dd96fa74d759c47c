//! What is wrong with a program of usher's: a shim, the binary that shims are links of, or `use`.
//!
//! A file is compared with the content that it must have, and never with another file in the folder:
//! what damages one damages all that share its inode.

use std::cmp::Ordering;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use usher_shims::error::Escaped;
use usher_shims::process::{build_version, is_shim_binary};
use usher_shims::version::Version;

use crate::inventory::MAX_SHIM_SIZE;
use crate::sys::has_capabilities;

/// The permissions of usher's programs. Nobody may write to one: each is replaced as a whole.
pub const MODE: u32 = 0o555;

/// The bits of a mode that are permissions, set-user-ID and its like among them.
const PERMISSIONS: u32 = 0o7777;

/// The bits that give a program other rights than its caller's.
const SET_ID: u32 = 0o6000;

/// A fault of one of usher's programs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It doesn't exist.
    Missing,
    /// It has no content: a shell runs it as a script that does nothing.
    Empty,
    /// It has the first part of its content only.
    Incomplete,
    /// It has another content.
    Overwritten,
    /// A link that leads to a shim: the shim can't find its home from there.
    Link,
    /// Its bits for set-user-ID or set-group-ID are set.
    SetId(u32),
    /// It has capabilities.
    Capabilities,
    /// It can't be executed by everyone.
    NotExecutable(u32),
    /// Its permissions are others than [`MODE`].
    OtherMode(u32),
    /// It is a shim of another build of usher, with the version if that is known.
    OtherBuild(Option<String>),
}

impl Fault {
    /// Whether the program works in spite of it.
    pub fn is_harmless(&self) -> bool {
        matches!(self, Self::OtherBuild(_))
    }
}

/// What is true of the programs that have the fault, for after "shims that".
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("are missing"),
            Self::Empty => f.write_str("are empty"),
            Self::Incomplete => f.write_str("are incomplete"),
            Self::Overwritten => f.write_str("were overwritten"),
            Self::Link => f.write_str("are links"),
            Self::SetId(mode) => {
                write!(f, "are set-user-ID or set-group-ID (mode {mode:o}) and so ignore variables")
            }
            Self::Capabilities => f.write_str("have capabilities and so ignore variables"),
            Self::NotExecutable(mode) => write!(f, "aren't executable (mode {mode:o})"),
            Self::OtherMode(mode) => write!(f, "have mode {mode:o}, not {MODE:o}"),
            Self::OtherBuild(None) => f.write_str("are of another build of usher"),
            Self::OtherBuild(Some(version)) => {
                let own = env!("CARGO_PKG_VERSION");
                write!(f, "are of usher {}", Escaped(version))?;
                match Version::parse(version).cmp(&Version::parse(own)) {
                    Ordering::Equal => f.write_str(", but of another build"),
                    Ordering::Greater => write!(f, ", newer than this one ({own})"),
                    Ordering::Less => write!(f, ", older than this one ({own})"),
                }
            }
        }
    }
}

/// The fault of a file that should be a program with this content; `None` if it is whole.
pub fn find_fault(path: &Path, content: &[u8]) -> io::Result<Option<Fault>> {
    let seen = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Fault::Missing)),
        seen => seen?,
    };
    match seen.is_file() {
        true => Ok(fault_of_content(&seen, path, content)?.or_else(|| fault_of_mode(&seen, path))),
        false if seen.is_symlink() => Ok(Some(Fault::Link)),
        false => Ok(Some(Fault::Overwritten)),
    }
}

/// The fault of a regular file's permissions and attributes.
pub fn fault_of_mode(seen: &Metadata, path: &Path) -> Option<Fault> {
    let mode = seen.permissions().mode() & PERMISSIONS;
    match mode {
        _ if mode & SET_ID != 0 => Some(Fault::SetId(mode)),
        _ if has_capabilities(path) => Some(Fault::Capabilities),
        _ if mode & 0o111 != 0o111 => Some(Fault::NotExecutable(mode)),
        MODE => None,
        _ => Some(Fault::OtherMode(mode)),
    }
}

fn fault_of_content(seen: &Metadata, path: &Path, content: &[u8]) -> io::Result<Option<Fault>> {
    if seen.size() == 0 {
        return Ok(Some(Fault::Empty));
    }
    let longest = MAX_SHIM_SIZE.max(content.len() as u64);
    let found = match fs::read(path) {
        _ if seen.size() > longest => return Ok(Some(Fault::Overwritten)),
        // Its mode is a fault then, and what it contains isn't known.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        found => found?,
    };
    let version = build_version(&found);
    let is_this_build = found.len() == content.len() && version == build_version(content);
    Ok(match () {
        () if found == content => None,
        () if content.starts_with(&found) => Some(Fault::Incomplete),
        () if is_shim_binary(&found) && !is_this_build => {
            Some(Fault::OtherBuild(version.map(str::to_owned)))
        }
        () => Some(Fault::Overwritten),
    })
}

/// Whether a path leads to a shim of any build.
pub fn is_shim(path: &Path) -> bool {
    let is_readable = |seen: Metadata| seen.is_file() && seen.size() <= MAX_SHIM_SIZE;
    fs::metadata(path).is_ok_and(is_readable)
        && fs::read(path).is_ok_and(|content| is_shim_binary(&content))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::symlink;

    use usher_shims::process::BUILD;

    use super::*;

    #[test]
    fn each_fault_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shim");
        let good = format!("program {BUILD} program").into_bytes();
        let other =
            |version: &str| String::from_utf8(good.clone()).unwrap().replace("0.1.0", version);
        let check = |content: &[u8], mode: u32, expected: Option<&str>| {
            let _ = fs::remove_file(&path);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let fault = find_fault(&path, &good).unwrap();
            assert_eq!(fault.map(|fault| fault.to_string()).as_deref(), expected, "{mode:o}");
        };
        check(&good, 0o555, None);
        check(b"", 0o555, Some("are empty"));
        check(&good[..20], 0o555, Some("are incomplete"));
        check(b"#!/bin/sh\n", 0o555, Some("were overwritten"));
        check(&good.to_ascii_uppercase(), 0o555, Some("were overwritten"));
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        check(&changed, 0o555, Some("were overwritten"));
        check(&good, 0o644, Some("aren't executable (mode 644)"));
        check(&good, 0o500, Some("aren't executable (mode 500)"));
        check(&good, 0o755, Some("have mode 755, not 555"));
        check(
            &good,
            0o4555,
            Some("are set-user-ID or set-group-ID (mode 4555) and so ignore variables"),
        );
        check(
            other("0.2.0").as_bytes(),
            0o555,
            Some("are of usher 0.2.0, newer than this one (0.1.0)"),
        );
        check(
            other("0.0.9").as_bytes(),
            0o555,
            Some("are of usher 0.0.9, older than this one (0.1.0)"),
        );
        check(
            [&good[..], b"and more"].concat().as_slice(),
            0o555,
            Some("are of usher 0.1.0, but of another build"),
        );
        check(b"usher's shim, any build.", 0o555, Some("are of another build of usher"));
        fs::remove_file(&path).unwrap();
        assert_eq!(find_fault(&path, &good).unwrap(), Some(Fault::Missing));
        symlink("elsewhere", &path).unwrap();
        assert_eq!(find_fault(&path, &good).unwrap(), Some(Fault::Link));
    }
}
