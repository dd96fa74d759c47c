//! Toolchains on disk: our own, shared ones, adopted ones, the operating system's.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::home::{Adopted, Home, stamp};
use crate::name::Name;
use crate::request::Request;
use crate::tool::Tool;
use crate::version::Version;
use crate::world::World;

/// A version on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// Which version; `None` where only its folder's name is known.
    pub version: Option<Version>,
    /// Its folder, or for the operating system's the folder that holds the program.
    pub root: PathBuf,
    /// In which store it lies.
    pub store: Store,
}

/// Whose a toolchain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// usher's own.
    Own,
    /// The administrator's.
    Shared,
    /// Another version manager's, by name.
    Adopted(String),
    /// The operating system's; its programs end in this.
    System(String),
    /// A folder that a person named.
    Folder,
}

impl Toolchain {
    /// The folder that holds its programs.
    pub fn programs(&self) -> PathBuf {
        match self.store {
            Store::System(_) => self.root.clone(),
            Store::Own | Store::Shared | Store::Adopted(_) | Store::Folder => self.root.join("bin"),
        }
    }

    /// Where one of its programs would be.
    ///
    /// The operating system's carry the version: `pip` beside `python3.11` is `pip3.11`.
    pub fn program(&self, name: &str) -> PathBuf {
        let Store::System(suffix) = &self.store else { return self.programs().join(name) };
        let base = match suffix.is_empty() {
            true => name,
            false => name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'),
        };
        self.programs().join(format!("{base}{suffix}"))
    }
}

/// What a search of the stores came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This one fits best.
    Toolchain(Toolchain),
    /// None fits.
    Nothing,
    /// A program of the operating system's was replaced since it was asked for its version.
    Stale,
}

/// The highest version on disk that was asked for; of equal ones the one in the strongest store.
pub fn best(world: &impl World, home: &Home, tool: &Tool, request: &Request) -> Result<Found> {
    if let Some(exact) = request.exact(tool) {
        let root = home.toolchains().join(tool.name).join(exact.as_str());
        let toolchain = Toolchain { version: Some(exact.clone()), root, store: Store::Own };
        if is_whole(world, tool, &toolchain)? {
            return Ok(Found::Toolchain(toolchain));
        }
    }
    highest(world, home, tool, |version| request.matches(version, tool))
}

/// The highest version on disk that will do.
pub fn highest(
    world: &impl World,
    home: &Home,
    tool: &Tool,
    fits: impl Fn(&Version) -> bool,
) -> Result<Found> {
    let Some(all) = all(world, home, tool)? else { return Ok(Found::Stale) };
    for toolchain in all {
        let fitting = toolchain.version.as_ref().is_some_and(&fits);
        if fitting && is_whole(world, tool, &toolchain)? {
            return Ok(Found::Toolchain(toolchain));
        }
    }
    Ok(Found::Nothing)
}

/// All versions on disk, highest first, of equal ones the one in the strongest store first.
///
/// `None` if a program of the operating system's was replaced since it was asked for its version.
pub fn all(world: &impl World, home: &Home, tool: &Tool) -> Result<Option<Vec<Toolchain>>> {
    let mut found = Vec::new();
    list(world, &home.toolchains().join(tool.name), &Store::Own, &mut found)?;
    for shared in &home.shared {
        list(world, &shared.join(tool.name), &Store::Shared, &mut found)?;
    }
    for adopted in home.adopted.iter().filter(|store| store.tool == tool.name) {
        list_adopted(world, adopted, &mut found);
    }
    for program in home.system.iter().filter(|program| program.tool == tool.name) {
        match world.look(&program.path) {
            Ok(Some(seen)) if stamp(&seen) == program.stamp => {}
            Ok(_) | Err(_) => return Ok(None),
        }
        found.push(Toolchain {
            version: Some(program.version.clone()),
            root: program.path.parent().unwrap_or(Path::new("/")).to_path_buf(),
            store: Store::System(program.suffix.clone()),
        });
    }
    found.sort_by(|a, b| b.version.cmp(&a.version));
    Ok(Some(found))
}

/// A folder of an adopted store, by its name.
pub fn named(
    world: &impl World,
    home: &Home,
    tool: &Tool,
    name: &Name,
) -> Result<Option<Toolchain>> {
    for adopted in home.adopted.iter().filter(|store| store.tool == tool.name) {
        let toolchain = Toolchain {
            version: None,
            root: root(adopted, name.as_str()),
            store: Store::Adopted(adopted.manager.clone()),
        };
        if is_whole(world, tool, &toolchain)? {
            return Ok(Some(toolchain));
        }
    }
    Ok(None)
}

/// Whether a toolchain holds its interpreter.
pub fn is_whole(world: &impl World, tool: &Tool, toolchain: &Toolchain) -> Result<bool> {
    has(world, toolchain, tool.main_program())
}

/// Whether a toolchain holds a program.
pub fn has(world: &impl World, toolchain: &Toolchain, program: &str) -> Result<bool> {
    let path = toolchain.program(program);
    let seen = world.look(&path).map_err(|error| Error::io("look at", &path, &error))?;
    Ok(seen.is_some_and(|seen| seen.is_program))
}

fn list(
    world: &impl World,
    folder: &Path,
    store: &Store,
    found: &mut Vec<Toolchain>,
) -> Result<()> {
    let names = world.folders(folder).map_err(|error| Error::io("list", folder, &error))?;
    for name in names {
        if let Some(version) = name.to_str().and_then(Version::parse) {
            found.push(Toolchain {
                root: folder.join(name),
                version: Some(version),
                store: store.clone(),
            });
        }
    }
    Ok(())
}

/// Other managers' stores may be anything, also unreadable: what can't be listed isn't there.
fn list_adopted(world: &impl World, adopted: &Adopted, found: &mut Vec<Toolchain>) {
    let names: io::Result<_> = world.folders(&adopted.folder);
    for name in names.unwrap_or_default() {
        let Some(name) = name.to_str() else { continue };
        let Some(version) = name.strip_prefix(adopted.prefix.as_str()) else { continue };
        let version = match adopted.until.as_str() {
            "" => version,
            until => version.split_once(until).map_or(version, |(version, _)| version),
        };
        if let Some(version) = Version::parse(version) {
            let store = Store::Adopted(adopted.manager.clone());
            found.push(Toolchain { root: root(adopted, name), version: Some(version), store });
        }
    }
}

fn root(adopted: &Adopted, name: &str) -> PathBuf {
    match adopted.inside.as_str() {
        "" => adopted.folder.join(name),
        inside => adopted.folder.join(name).join(inside),
    }
}
