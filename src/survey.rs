//! What is already on this machine: other managers' stores, the system's interpreters, and the
//! programs that package managers added. The result is the shims' index.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use usher_definition::System;
use usher_shims::error::{Error, Result};
use usher_shims::home::{Addition, Adopted, Home, SystemProgram, stamp};
use usher_shims::name::Name;
use usher_shims::respell;
use usher_shims::store::{Store, Toolchain, all};
use usher_shims::tool::Tool;
use usher_shims::version::Version;
use usher_shims::world::{World, read_optional};

use crate::folders::{Folders, MACHINE_DATA};
use crate::registry::{Known, Registry};
use crate::settings::Settings;

/// Programs that usher never stands for, whoever added them.
const NEVER: [&str; 3] = ["use", "usher", "shim"];

/// Surveys the machine.
pub fn home(
    world: &impl World,
    folders: &Folders,
    settings: &Settings,
    registry: &Registry,
) -> Result<Home> {
    let before = before(world, folders);
    let shared = shared(world, folders);
    let mut home = Home {
        data: folders.data.clone(),
        config: folders.config.clone(),
        cache: folders.cache.clone(),
        user_home: folders.user_home.clone(),
        machine_config: folders.machine_config.clone(),
        is_for_all: folders.is_for_all,
        shared,
        ignore_variables: settings.ignore_variables.clone(),
        ceiling: settings.ceiling.clone(),
        ..Home::default()
    };
    for tool in registry.all() {
        home.adopted.extend(adopted(world, folders, tool, &before.adopted)?);
        home.system.extend(system(world, tool, &before.system)?);
    }
    home.additions = additions(world, &home, registry)?;
    Ok(home)
}

/// What the index said until now: no program is asked twice, and a store that a variable of
/// another process named is not forgotten.
fn before(world: &impl World, folders: &Folders) -> Home {
    let index =
        read_optional(world, &usher_shims::home::index_file(&folders.shims())).ok().flatten();
    index.and_then(|index| Home::parse(&index)).unwrap_or_default()
}

/// The machine's own store, under an account's.
fn shared(world: &impl World, folders: &Folders) -> Vec<PathBuf> {
    let machine = Path::new(MACHINE_DATA);
    let there = !folders.is_for_all
        && folders.data != machine
        && world
            .look(&usher_shims::home::index_file(&machine.join("shims")))
            .ok()
            .flatten()
            .is_some();
    there.then(|| machine.join("toolchains")).into_iter().collect()
}

/// Other managers' stores of a tool that are there. The machine's home adopts no account's.
fn adopted(
    world: &impl World,
    folders: &Folders,
    known: Known<'_>,
    before: &[Adopted],
) -> Result<Vec<Adopted>> {
    if folders.is_for_all {
        return Ok(Vec::new());
    }
    let is_folder =
        |path: &Path| world.look(path).ok().flatten().is_some_and(|seen| seen.is_folder);
    let mut found: Vec<Adopted> = Vec::new();
    for store in &known.definition.store {
        for folder in store.folders.iter().filter_map(|folder| expand(world, folders, folder)) {
            let adopted = Adopted {
                tool: known.tool.name.to_owned(),
                manager: store.manager.clone(),
                folder,
                prefix: store.prefix.clone(),
                until: store.until.clone().unwrap_or_default(),
                inside: store.inside.clone(),
            };
            let is_new = !found.contains(&adopted);
            if is_new && is_folder(&adopted.folder) && is_laid_out_so(world, &adopted)? {
                found.push(adopted);
            }
        }
    }
    let is_lost = |store: &&Adopted| found.iter().all(|adopted| adopted.folder != store.folder);
    let of_tool = before.iter().filter(|store| store.tool == known.tool.name);
    let lost: Vec<Adopted> =
        of_tool.filter(is_lost).filter(|store| is_folder(&store.folder)).cloned().collect();
    found.extend(lost);
    Ok(found)
}

/// Whether toolchains lie in a store where its definition says, as far as there are any: one for
/// another kind of machine may share its folder.
fn is_laid_out_so(world: &impl World, store: &Adopted) -> Result<bool> {
    let names = match store.inside.as_str() {
        "" => BTreeSet::new(),
        _ => names(&store.folder)?,
    };
    let holds = |name: &String| {
        let inside = store.folder.join(name).join(&store.inside);
        world.look(&inside).ok().flatten().is_some_and(|seen| seen.is_folder)
    };
    Ok(names.is_empty() || names.iter().any(holds))
}

/// A folder of a definition, with its variable or `~` filled in; `None` where that isn't set.
fn expand(world: &impl World, folders: &Folders, folder: &str) -> Option<PathBuf> {
    let (first, rest) = folder.split_once('/').unwrap_or((folder, ""));
    let start = match first.strip_prefix('$') {
        Some(variable) => {
            world.variable(variable).map(PathBuf::from).filter(|path| path.is_absolute())?
        }
        None if first == "~" => folders.user_home.clone()?,
        None => return Some(folder.into()),
    };
    Some(if rest.is_empty() { start } else { start.join(rest) })
}

/// The operating system's own copies of a tool: each file once, asked for its version.
fn system(
    world: &impl World,
    tool: Known<'_>,
    known: &[SystemProgram],
) -> Result<Vec<SystemProgram>> {
    let Some(system) = &tool.definition.system else { return Ok(Vec::new()) };
    let mut found: Vec<SystemProgram> = Vec::new();
    for (path, suffix) in candidates(system)? {
        let Ok(Some(seen)) = world.look(&path) else { continue };
        let stamp = stamp(&seen);
        if !seen.is_program || found.iter().any(|program| program.stamp == stamp) {
            continue;
        }
        let before = known.iter().find(|program| program.path == path && program.stamp == stamp);
        let version =
            before.map(|program| program.version.clone()).or_else(|| ask(&path, system, tool.tool));
        if let Some(version) = version {
            found.push(SystemProgram {
                tool: tool.tool.name.to_owned(),
                version,
                path,
                suffix,
                stamp,
            });
        }
    }
    Ok(found)
}

/// The files that a definition's patterns fit, with what stands for the `*`; names with a version
/// first, so that they win over the bare name that links to them.
fn candidates(system: &System) -> Result<Vec<(PathBuf, String)>> {
    let folders: Result<Vec<_>> = system.folders.iter().map(|folder| spelled_out(folder)).collect();
    let mut found = Vec::new();
    for folder in folders?.into_iter().flatten() {
        let names = names(&folder)?;
        for pattern in &system.programs {
            let fitting = names.iter().filter_map(|name| Some((name, fits(name, pattern)?)));
            found.extend(fitting.map(|(name, suffix)| (folder.join(name), suffix.to_owned())));
        }
    }
    found.sort_by_key(|(_, suffix)| std::cmp::Reverse(suffix.len()));
    Ok(found)
}

/// The folders that one with a `*` in a name stands for, the highest first.
fn spelled_out(folder: &str) -> Result<Vec<PathBuf>> {
    let Some((start, end)) = folder.split_once('*') else { return Ok(vec![folder.into()]) };
    let (parent, prefix) = start.rsplit_once('/').unwrap_or(("", start));
    let (suffix, below) = end.split_once('/').unwrap_or((end, ""));
    let pattern = format!("{prefix}*{suffix}");
    let fitting = names(Path::new(parent))?.into_iter().rev();
    let fitting = fitting.filter(|name| fits(name, &pattern).is_some());
    Ok(fitting.map(|name| Path::new(parent).join(name).join(below)).collect())
}

/// The names in a folder; none where it isn't there, or isn't for us to look into. What can't be
/// listed for any other reason is not absent: shims would go that are needed.
fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absence(&error) => return Ok(BTreeSet::new()),
        Err(error) => return Err(Error::io("list", folder, &error)),
    };
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

/// What a name has in the place of the `*`, if it fits: nothing, or numbers with dots.
fn fits<'a>(name: &'a str, pattern: &str) -> Option<&'a str> {
    let Some((start, end)) = pattern.split_once('*') else {
        return (name == pattern).then_some("");
    };
    let suffix = name.strip_prefix(start)?.strip_suffix(end)?;
    suffix.chars().all(|c| c.is_ascii_digit() || c == '.').then_some(suffix)
}

/// Asks a program for its version: the first word of its answer that is one.
fn ask(path: &Path, system: &System, tool: &Tool) -> Option<Version> {
    let mut command = Command::new(path);
    command.args(&system.probe).env_clear().current_dir("/").stdin(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    // Python 2 answers on standard error.
    let answer = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&answer).split_whitespace().find_map(|word| version_in(word, tool))
}

fn version_in(word: &str, tool: &Tool) -> Option<Version> {
    let word = word.trim_matches('"');
    respell::version(word, tool).filter(|version| version.numbers().as_slice().len() > 1)
}

/// The programs that toolchains hold beside those their tools ship.
fn additions(world: &impl World, home: &Home, registry: &Registry) -> Result<Vec<Addition>> {
    let mut found: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    for known in registry.all() {
        for toolchain in all(world, home, known.tool)?.unwrap_or_default() {
            if matches!(toolchain.store, Store::System(_)) {
                continue;
            }
            for name in programs(world, &toolchain)? {
                let shipped = known.tool.programs.contains(&name.as_str());
                let tools = found.entry(name).or_default();
                if !shipped && tools.last().map(String::as_str) != Some(known.tool.name) {
                    tools.push(known.tool.name.to_owned());
                }
            }
        }
    }
    found.retain(|name, tools| !tools.is_empty() && !NEVER.contains(&name.as_str()));
    Ok(found.into_iter().map(|(program, tools)| Addition { program, tools }).collect())
}

/// The programs in a toolchain's folder.
fn programs(world: &impl World, toolchain: &Toolchain) -> Result<Vec<Name>> {
    let folder = toolchain.programs();
    let names = names(&folder)?.into_iter().filter_map(|name| Name::parse(&name));
    let is_program = |name: &Name| {
        world.look(&folder.join(name.as_str())).ok().flatten().is_some_and(|seen| seen.is_program)
    };
    Ok(names.filter(is_program).collect())
}
