//! The system's version of a tool: what would run without usher. Its main program on PATH decides
//! which version that is, and all its other programs are of that version.

use std::path::{Path, PathBuf};

use super::version_folder::RunningVersion;
use crate::error::{Error, Result};
use crate::index::{Index, SystemProgram, fingerprint};
use crate::path::{Shim, next_on_path, next_on_path_where};
use crate::store::all_toolchains;
use crate::tool::Tool;
use crate::toolchain::{Store, Toolchain};
use crate::version::Version;
use crate::world::World;

/// Looks up the system's version of a tool.
#[derive(Debug)]
pub struct SystemPrograms<'a, W> {
    /// All input.
    pub world: &'a W,
    /// The index.
    pub index: &'a Index,
    /// The running shim.
    pub shim: &'a Shim,
    /// The tool.
    pub tool: &'static Tool,
}

impl<W: World> SystemPrograms<'_, W> {
    /// The main program on PATH outside the folders `passed`.
    pub fn main(&self, passed: &[PathBuf]) -> Option<PathBuf> {
        let mut names = self.tool.main_programs().iter();
        names.find_map(|name| next_on_path(self.world, self.shim, name, passed))
    }

    /// The main program on PATH, if it is the one of this toolchain of the system's.
    pub(super) fn main_of(&self, toolchain: &Toolchain) -> Result<Option<PathBuf>> {
        let Store::System(_) = toolchain.store else { return Ok(None) };
        let main = self.main(&[]);
        let recorded = main.as_deref().map(|main| self.recorded(main)).transpose()?.flatten();
        let is_its =
            recorded.is_some_and(|known| Some(&known.version) == toolchain.version.as_ref());
        Ok(main.filter(|_| is_its))
    }

    /// The version of a main program; `None` if it isn't known.
    pub fn version(&self, main: &Path) -> Result<Option<Version>> {
        if let Some(known) = self.recorded(main)? {
            return Ok(Some(known.version.clone()));
        }
        let Some(main) = self.world.physical(main).ok() else { return Ok(None) };
        let all = all_toolchains(self.world, self.index, self.tool)?.unwrap_or_default();
        let has_main = |one: &Toolchain| {
            let root = self.world.physical(&one.root).ok();
            root.is_some_and(|root| main.starts_with(root))
        };
        let mut roots = all.into_iter().filter(|one| !matches!(one.store, Store::System(_)));
        Ok(roots.find(has_main).and_then(|one| one.version))
    }

    /// What the index recorded of a program.
    fn recorded(&self, program: &Path) -> Result<Option<&SystemProgram>> {
        let seen = self.world.metadata(program);
        let seen = seen.map_err(|error| Error::io("look at", program, error))?;
        let fingerprint = seen.map(|seen| fingerprint(&seen));
        Ok(self.recorded_programs().find(|known| Some(&known.fingerprint) == fingerprint.as_ref()))
    }

    fn recorded_programs(&self) -> impl Iterator<Item = &SystemProgram> {
        self.index.system_programs.iter().filter(|known| known.tool == self.tool.name)
    }

    /// Where the version of a main program has a program; `None` if it lacks it.
    ///
    /// In the main program's folder, else the next on PATH that isn't of another version. Another
    /// name of the main program is the main program.
    pub fn find(&self, main: &Path, name: &str, passed: &[PathBuf]) -> Result<Option<PathBuf>> {
        if main.file_name().is_some_and(|own| own == name) {
            return Ok(Some(main.to_path_buf()));
        }
        let folders = self.folders(main);
        let running = RunningVersion::of_program(self.world, main);
        let fits = |program: &Path| {
            !self.is_of_another(main, &folders, program)
                && !running.excludes(self.world, self.index, self.tool, program)
        };
        let is_program = |program: &PathBuf| {
            self.world.is_program(program) && !self.leads_out_of(&folders, program) && fits(program)
        };
        let daemons = folders.iter().filter_map(|folder| Some(folder.parent()?.join("sbin")));
        let daemons: Vec<PathBuf> = daemons.collect();
        let beside = folders.iter().chain(&daemons);
        let beside = beside.map(|folder| folder.join(name)).find(is_program);
        let next = || next_on_path_where(self.world, self.shim, name, passed, &fits);
        let alias = || self.tool.main_programs().contains(&name).then(|| main.to_path_buf());
        let found = beside.or_else(next).or_else(alias);
        let daemon = || {
            let known = self.recorded(main).ok().flatten()?;
            let root = known.path.parent()?.to_path_buf();
            let store = Store::System(known.suffix.clone());
            let toolchain = Toolchain { version: Some(known.version.clone()), root, store };
            toolchain.daemon(name).filter(|path| self.world.is_program(path))
        };
        Ok(found.or_else(daemon))
    }

    /// The folders of a version's programs: the main program's, and the one that it is a link into.
    fn folders(&self, main: &Path) -> Vec<PathBuf> {
        // Other managers' shims are links to another program.
        let is_main = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            self.tool.main_programs().iter().any(|main| name.starts_with(main))
        };
        let Some(folder) = main.parent() else { return Vec::new() };
        let other = self.world.physical(main).ok().filter(is_main).and_then(|physical| {
            let other = physical.parent()?;
            (self.world.physical(folder).ok()? != other).then(|| other.to_path_buf())
        });
        [folder.to_path_buf()].into_iter().chain(other).collect()
    }

    /// Whether a program beside a main program that is a link leads to neither of its folders: each
    /// of the links in such a folder may lead to another version.
    fn leads_out_of(&self, folders: &[PathBuf], program: &Path) -> bool {
        let [linked, other] = folders else { return false };
        let Some(physical) = self.world.physical(program).ok() else { return true };
        let folder = physical.parent();
        let is_linked = self.world.physical(linked).ok().as_deref() == folder;
        program.starts_with(linked) && !is_linked && Some(other.as_path()) != folder
    }

    /// Whether a program is of another version than the main program: by what the index recorded of
    /// it, or of the main program beside it; else since the main program beside it is another one.
    fn is_of_another(&self, main: &Path, folders: &[PathBuf], program: &Path) -> bool {
        let recorded = |path: &Path| self.recorded(path).ok().flatten().map(|one| &one.version);
        if let Some(version) = recorded(program) {
            return Some(version) != recorded(main);
        }
        let Some(folder) =
            program.parent().filter(|folder| !folders.iter().any(|own| own == folder))
        else {
            return false;
        };
        // `/bin` may be a link to `/usr/bin`.
        let physical = self.world.physical(folder).ok();
        let is_beside = |one: &&SystemProgram| {
            let parent = one.path.parent();
            parent == Some(folder) || (parent.is_some() && parent == physical.as_deref())
        };
        let mut beside = self.recorded_programs().filter(is_beside).peekable();
        if beside.peek().is_some() {
            return !beside.any(|known| Some(&known.version) == recorded(main));
        }
        let identity = |path: &Path| self.world.identity(path);
        let names = self.tool.main_programs().iter();
        let mains: Vec<_> = names.filter_map(|name| identity(&folder.join(name))).collect();
        !mains.is_empty() && !identity(main).is_some_and(|own| mains.contains(&own))
    }
}
