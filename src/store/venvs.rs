//! Virtual environments, by the registry: folders outside of a version that need it to run.

mod find;

use std::path::{Path, PathBuf};

use usher_definition::VenvRules;
use usher_shims::normalize;
use usher_shims::pin::{Origin, Pin};
use usher_shims::resolve::Selection;
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::{AnyWorld, World};

use crate::registry::KnownTool;
use crate::session::Session;
use crate::text::ShellWord;

pub use find::{Venvs, find_venvs, is_venv_file, venvs_of};

/// A virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venv {
    /// Its tool.
    pub tool: &'static Tool,
    /// Its folder.
    pub folder: PathBuf,
    /// The file that makes it one.
    pub file: PathBuf,
    /// The line with the folder of the version that made it, counted from 1.
    pub base_line: u32,
    /// The number of the version that made it, and its line.
    pub recorded: Option<(Version, u32)>,
    /// The folder of the version that made it, and programs there.
    base: Vec<PathBuf>,
    /// Its main program: a link to the version's, or a copy.
    program: PathBuf,
    /// The command that makes it again, with `{folder}`.
    create: String,
}

impl Venv {
    /// The environment in a folder; `None` if it contains none of this tool, or none of this system:
    /// one of Windows has other paths.
    pub fn read(world: &impl World, known: KnownTool<'_>, folder: &Path) -> Option<Self> {
        let rules = known.definition.venvs.as_ref()?;
        let file = folder.join(&rules.file);
        let text = world.read(&file).ok()?;
        let entries = entries(&String::from_utf8_lossy(&text.bytes));
        let find = |key: &String| entries.iter().find(|entry| entry.key == *key);
        let first = rules.base.first().and_then(find)?;
        let base = rules.base.iter().filter_map(find).map(|entry| PathBuf::from(&entry.value));
        let base: Vec<PathBuf> = base.filter(|path| path.is_absolute()).collect();
        let recorded =
            rules.version.iter().filter_map(find).find_map(|entry| {
                Some((normalize::version(&entry.value, known.tool)?, entry.line))
            });
        (!base.is_empty()).then(|| Self {
            tool: known.tool,
            base_line: first.line,
            recorded,
            base,
            program: folder.join(&rules.program),
            create: create_command(rules, &entries),
            folder: folder.to_path_buf(),
            file,
        })
    }

    /// Whether it can't run: the version that made it is gone.
    pub fn is_broken(&self, world: &AnyWorld) -> bool {
        let is_there = |path: &Path| world.metadata(path).is_ok_and(|seen| seen.is_some());
        !is_there(&self.program) || self.base.first().is_some_and(|base| !is_there(base))
    }

    /// Whether it needs the version in this folder. A base that is gone counts by its name.
    pub fn needs(&self, world: &impl World, root: &Path) -> bool {
        let physical = world.physical(root);
        let roots = [Some(root), physical.as_deref().ok()];
        let is_in = |path: &Path| roots.iter().flatten().any(|root| path.starts_with(root));
        self.base
            .iter()
            .chain([&self.program])
            .any(|path| is_in(path) || world.physical(path).is_ok_and(|physical| is_in(&physical)))
    }

    /// The version that it runs: of the installed one that made it, else the recorded number.
    pub fn version(&self, session: &Session) -> Option<Version> {
        let installed = all_toolchains(&session.world, &session.index, self.tool).ok().flatten();
        let mut installed = installed.into_iter().flatten();
        let base = installed.find(|toolchain| self.is_of(session, toolchain));
        base.map_or_else(|| Some(self.recorded.as_ref()?.0.clone()), |base| base.version)
    }

    /// Whether a toolchain made it.
    pub fn is_of(&self, session: &Session, toolchain: &Toolchain) -> bool {
        match toolchain.store {
            Store::System(_) => {
                self.links_to(&session.world, &toolchain.program(self.tool.main_program()))
            }
            Store::Own | Store::Shared | Store::Adopted(_) | Store::Linked(_) | Store::Folder => {
                self.needs(&session.world, &toolchain.root)
            }
        }
    }

    /// Whether its program is a link to this one.
    pub fn links_to(&self, world: &AnyWorld, program: &Path) -> bool {
        let physical = |path: &Path| world.physical(path).ok();
        physical(&self.program).is_some_and(|own| Some(own) == physical(program))
    }

    /// The folder of its programs.
    pub fn programs(&self) -> &Path {
        self.program.parent().unwrap_or(&self.folder)
    }

    /// What is wrong with it, where this is the version that its tool runs.
    ///
    /// A default doesn't count: an environment is a choice of the project's. `system`, a folder and
    /// a name are satisfied by the very version that made it.
    pub fn fault(&self, session: &Session, active: &Selection) -> Option<VenvFault> {
        if self.is_broken(&session.world) {
            return Some(VenvFault::Broken);
        }
        let (pin, is_own) = match active {
            Selection::Toolchain(toolchain, pin) => (pin.as_ref(), self.is_of(session, toolchain)),
            Selection::System(main, pin) => (pin.as_ref(), self.links_to(&session.world, main)),
            Selection::Missing(missing) => (Some(&missing.pin), false),
            Selection::Nothing(pin) => (pin.as_ref(), false),
            Selection::Stale => (None, false),
        };
        let is_default = |pin: &&Pin| {
            matches!(
                pin.origin,
                Origin::Default(_) | Origin::Account(_) | Origin::Group(_) | Origin::Machine(_)
            )
        };
        let pin = pin.filter(|pin| !is_own && !is_default(pin))?;
        let version = self.version(session)?;
        let is_matching = pin.requests.iter().any(|request| request.matches(&version, self.tool));
        let line = self.recorded.as_ref().map_or(self.base_line, |(_, line)| *line);
        (!is_matching).then(|| VenvFault::OtherVersion { version, line, pin: pin.clone() })
    }

    /// The command that makes it again, as it is typed in this folder.
    pub fn create_command(&self, directory: &Path) -> String {
        self.create.replace("{folder}", &quoted(&as_typed(&self.folder, directory)))
    }
}

/// What is wrong with an environment.
#[derive(Debug, Clone, PartialEq)]
pub enum VenvFault {
    /// The version that made it is gone.
    Broken,
    /// It runs another version than the project requests.
    OtherVersion {
        /// The version that it runs.
        version: Version,
        /// The line of its file that records it, counted from 1.
        line: u32,
        /// The request.
        pin: Pin,
    },
}

/// A path as it is typed in this folder: `.venv`, `../.venv`; else absolute.
pub fn as_typed(path: &Path, directory: &Path) -> PathBuf {
    if let Ok(below) = path.strip_prefix(directory)
        && !below.as_os_str().is_empty()
    {
        return below.to_path_buf();
    }
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return path.to_path_buf();
    };
    match directory.strip_prefix(above) {
        Ok(below) if above.parent().is_some() => {
            below.iter().map(|_| "..").collect::<PathBuf>().join(name)
        }
        Ok(_) | Err(_) => path.to_path_buf(),
    }
}

/// A path for a shell, in quotes if it would interpret a part of it.
fn quoted(path: &Path) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    match path.to_str().filter(|text| text.chars().all(is_plain)) {
        Some(text) => text.to_owned(),
        None => ShellWord(path).to_string(),
    }
}

/// The command for an environment whose file has these entries.
fn create_command(rules: &VenvRules, entries: &[Entry]) -> String {
    let has = |key: &String| entries.iter().any(|entry| entry.key == *key);
    let mut commands = rules.create.iter();
    let command = commands.find(|create| create.key.as_ref().is_none_or(has));
    command.map(|create| create.command.clone()).unwrap_or_default()
}

/// A line `key = value`.
struct Entry {
    key: String,
    value: String,
    line: u32,
}

/// The entries of an environment's file. Keys in any case are the same, as they are for Python.
fn entries(text: &str) -> Vec<Entry> {
    let lines = text.lines().zip(1..);
    let entry = |(line, number): (&str, u32)| {
        let (key, value) = line.split_once('=')?;
        let (key, value) = (key.trim().to_lowercase(), value.trim().to_owned());
        Some(Entry { key, value, line: number })
    };
    lines.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    const BASE: &str = "/usher/toolchains/python/3.11.2";

    /// The environment in `/p/.venv` with this text.
    fn read(world: MemoryWorld, text: &str) -> (Session, Option<Venv>) {
        let session = session(world.file("/p/.venv/pyvenv.cfg", text));
        let known = session.registry.named("python").unwrap();
        let venv = Venv::read(&session.world, known, Path::new("/p/.venv"));
        (session, venv)
    }

    #[test]
    fn what_several_tools_write_is_understood() {
        let check = |text: &str, version: &str, line: u32, create: &str| {
            let (_, venv) = read(MemoryWorld::at("/p"), text);
            let venv = venv.unwrap();
            let recorded = venv.recorded.as_ref().map(|(version, line)| (version.as_str(), *line));
            assert_eq!(recorded, Some((version, line)), "{text}");
            assert_eq!(venv.create_command(Path::new("/p")), create, "{text}");
        };
        let (python, of_uv, of_virtualenv) = (
            "python -m venv --clear .venv",
            "uv venv --clear .venv",
            "virtualenv --clear --python python .venv",
        );
        check("home = /b/bin\nversion = 3.8.20\n", "3.8.20", 2, python);
        check("HOME=/b/bin\r\nVersion=3.8.20\r\n", "3.8.20", 2, python);
        check("home = /b\nuv = 0.4.0\nversion_info = 3.12.1\n", "3.12.1", 3, of_uv);
        check(
            "home = /b\nversion_info = 3.7.2.final.0\nvirtualenv = 20\n",
            "3.7.2",
            2,
            of_virtualenv,
        );
        check("home = /b\nversion_info = 3.13.0.candidate.2\n", "3.13.0rc2", 2, python);
        check("home = /b\nversion_info = 3.13.0.beta.1\n", "3.13.0b1", 2, python);
        check("home = /b\nversion_info = what\nversion = 3.9.1\n", "3.9.1", 3, python);
        for text in ["", "version = 3.8.1\n", "home = C:\\Python\nversion = 3.8.1\n"] {
            assert_eq!(read(MemoryWorld::at("/p"), text).1, None, "{text}");
        }
    }

    #[test]
    fn paths_are_written_as_they_are_typed() {
        let check = |path: &str, directory: &str, expected: &str| {
            let typed = as_typed(Path::new(path), Path::new(directory));
            assert_eq!(quoted(&typed), expected, "{path} in {directory}");
        };
        check("/p/.venv", "/p", ".venv");
        check("/p/a/b/.venv", "/p", "a/b/.venv");
        check("/p/.venv", "/p/a/b", "../../.venv");
        check("/p/.venv", "/p/.venv", "../.venv");
        check("/q/.venv", "/p", "/q/.venv");
        check("/.venv", "/p", "/.venv");
        check("/p/my venv", "/p", "'my venv'");
        check("/p/it's", "/p", "'it'\\''s'");
    }

    #[test]
    fn an_environment_needs_the_version_that_made_it() {
        let machine = || MemoryWorld::at("/p").file(format!("{BASE}/bin/python3"), "");
        let check = |world: MemoryWorld, home: &str, expected: (bool, bool)| {
            let (session, venv) = read(world, &format!("home = {home}\n"));
            let venv = venv.unwrap();
            let found =
                (venv.needs(&session.world, Path::new(BASE)), venv.is_broken(&session.world));
            assert_eq!(found, expected, "{home}");
        };
        let linked = || machine().link("/p/.venv/bin/python", format!("{BASE}/bin/python3"));
        check(linked(), &format!("{BASE}/bin"), (true, false));
        // Made from another environment: only the link tells.
        check(linked().folder("/p/a/bin"), "/p/a/bin", (true, false));
        // By another name of the store.
        let aliased = linked().link("/tools", "/usher/toolchains");
        check(aliased, "/tools/python/3.11.2/bin", (true, false));
        check(machine().file("/p/.venv/bin/python", ""), &format!("{BASE}/bin"), (true, false));
        // Removed, whole or in part.
        check(MemoryWorld::at("/p"), &format!("{BASE}/bin"), (true, true));
        check(machine(), &format!("{BASE}/bin"), (true, true));
        check(machine(), "/usher/toolchains/python/3.11.20/bin", (false, true));
    }
}
