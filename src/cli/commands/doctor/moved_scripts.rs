//! Scripts of installed versions that name an interpreter where the version was before its home was
//! moved or copied: package managers write its path into the first line of what they install.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use usher_shims::error::Shown;
use usher_shims::exec::interpreter;
use usher_shims::store::all_toolchains;
use usher_shims::toolchain::{Store, Toolchain};

use crate::files::walk::{OpenTree, Visitor, Walk, WalkEntry};
use crate::registry::KnownTool;
use crate::session::Session;
use crate::text::some_names;

/// How many bytes of a file are read: a kernel takes no longer first line.
const FIRST_LINE: u64 = 256;

/// What is told of a version's scripts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ScriptNotice {
    /// The tool.
    pub tool: &'static str,
    /// The folder of the scripts.
    pub path: PathBuf,
    /// The scripts, and where they lead.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// The notices, at most one for a version in usher's own store.
pub(super) fn moved_scripts(session: &Session) -> Vec<ScriptNotice> {
    let of_tool = |known: KnownTool<'_>| -> Vec<ScriptNotice> {
        let all = all_toolchains(&session.world, &session.index, known.tool).ok().flatten();
        let own = all.unwrap_or_default().into_iter().filter(|one| one.store == Store::Own);
        own.filter_map(|toolchain| notice(known.tool.name, &toolchain)).collect()
    };
    session.registry.all().flat_map(of_tool).collect()
}

fn notice(tool: &'static str, toolchain: &Toolchain) -> Option<ScriptNotice> {
    let version = toolchain.version.as_ref()?;
    let mut moved = MovedScripts { root: &toolchain.root, found: BTreeMap::new() };
    OpenTree::open(&toolchain.programs()).ok()?.walk(&mut moved);
    let (_, before) = moved.found.first_key_value()?;
    let names: Vec<&str> = moved.found.keys().map(String::as_str).collect();
    let names = some_names(&names);
    let what = format!("programs of {tool} {version} that run {}: {names}", Shown(before));
    let hint = format!("{tool} {version} was moved: install these packages again");
    Some(ScriptNotice { tool, path: toolchain.programs(), what, hint })
}

/// The scripts in a folder of programs that name an interpreter of their version at another place.
struct MovedScripts<'a> {
    /// The version's folder.
    root: &'a Path,
    /// Their names and interpreters.
    found: BTreeMap<String, PathBuf>,
}

impl Visitor for MovedScripts<'_> {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        let is_file = FileType::from_raw_mode(found.stat.st_mode) == FileType::RegularFile;
        if let Some(before) = is_file.then(|| interpreter_before(found, self.root)).flatten() {
            self.found.insert(found.manifest_path.clone(), before);
        }
        Walk::Skip
    }

    fn unreadable(&mut self, _: &Path, _: &io::Error) {}
}

/// The interpreter of a script, if it is one that the version had at another place.
fn interpreter_before(script: &WalkEntry<'_>, root: &Path) -> Option<PathBuf> {
    let mut start = Vec::new();
    script.open().ok()?.take(FIRST_LINE).read_to_end(&mut start).ok()?;
    let interpreter = interpreter(&start)?;
    // The folders that a version has in any store: toolchains/TOOL/VERSION.
    let parts: Vec<&OsStr> = root.iter().rev().take(3).collect();
    let is_before = |folder: &&Path| folder.iter().rev().take(3).eq(parts.iter().copied());
    let before = interpreter.ancestors().find(is_before)?;
    (before != root).then(|| interpreter.to_path_buf())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_scripts_of_the_version_at_another_place_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("toolchains/python/3.12.3");
        let bin = root.join("bin");
        fs::create_dir_all(&bin).unwrap();
        let script = |name: &str, line: &str| fs::write(bin.join(name), line).unwrap();
        script("flask", "#!/old/toolchains/python/3.12.3/bin/python3\nimport flask\n");
        script("pip", "#! /old/toolchains/python/3.12.3/bin/python3.12 -I\n");
        script("own", &format!("#!{}/python3\n", bin.display()));
        script("other", "#!/old/toolchains/python/3.11.1/bin/python3\n");
        script("shell", "#!/bin/sh\n");
        script("binary", "\x7fELF");
        script("empty", "");
        let toolchain = Toolchain {
            version: usher_shims::version::Version::parse("3.12.3"),
            root,
            store: Store::Own,
        };
        let found = notice("python", &toolchain).unwrap();
        assert_eq!(
            found.what,
            "programs of python 3.12.3 that run /old/toolchains/python/3.12.3/bin/python3: flask pip"
        );
        fs::remove_file(bin.join("flask")).unwrap();
        fs::remove_file(bin.join("pip")).unwrap();
        assert_eq!(notice("python", &toolchain), None);
    }
}
