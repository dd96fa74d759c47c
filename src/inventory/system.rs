//! Finds the operating system's own versions of a tool; each program is probed for its version once.

use std::path::{Path, PathBuf};

use usher_definition::System;
use usher_shims::error::{Error, Result};
use usher_shims::folders::Folders;
use usher_shims::index::{INDEX_FILE, Index, RejectedProgram, SystemProgram, fingerprint};
use usher_shims::normalize;
use usher_shims::process::is_shim_binary;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;
use usher_shims::world::{AnyWorld, FileMeta, World};

use super::folders::{FolderListings, expand_folder, match_pattern};
use super::probe::{ProbeResult, ProbeRights, TIMEOUT, probe};
use super::scan::MachineScan;
use crate::config::settings::ToolFolders;
use crate::registry::KnownTool;
use crate::sys::{SYSTEM, System as OperatingSystem};

/// The largest size of a shim in bytes; debug builds are the largest.
pub const MAX_SHIM_SIZE: u64 = 32 << 20;

/// What a program that stands for one of Apple's developer tools loads: it finds the tool.
const DEVELOPER_TOOLS_CHOOSER: &[u8] = b"/usr/lib/libxcselect.dylib";

/// The largest size of such a program in bytes: it is there for two processors.
const MAX_PLACEHOLDER_SIZE: u64 = 1 << 20;

/// Where developer tools are: what `xcode-select` chose, or one of the places where they are installed.
const DEVELOPER_FOLDERS: [&str; 3] = [
    "/var/db/xcode_select_link",
    "/Applications/Xcode.app/Contents/Developer",
    "/Library/Developer/CommandLineTools",
];

/// Why a program can't be used, and what to do about it.
struct UnusableReason {
    reason: String,
    hint: String,
}

/// The operating system's own versions of a tool, each file once: those that can be used, and those
/// that can't.
pub(super) fn find_system_versions(
    scan: &MachineScan<'_>,
    known: KnownTool<'_>,
    before: &Index,
    listed: &mut FolderListings,
) -> Result<(Vec<SystemProgram>, Vec<RejectedProgram>)> {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    let Some(system) = &known.definition.system else { return Ok((found, refused)) };
    let mut stamps = Vec::new();
    let host_built = host_folders(scan.world, scan.folders, (scan.toolchains, known.tool))?;
    for (path, suffix) in candidates(scan, system, listed, &host_built)? {
        let Ok(Some(seen)) = scan.world.metadata(&path) else { continue };
        let fingerprint = fingerprint(&seen);
        if !seen.is_program || stamps.contains(&fingerprint) {
            continue;
        }
        let cached = cached_probe(known.tool, &path, &fingerprint, before);
        if cached.is_none()
            && (is_ours(scan, &path, &seen)
                || SYSTEM == OperatingSystem::MacOs && is_placeholder(scan.world, &path, &seen))
        {
            continue;
        }
        let tool = known.tool.name.to_owned();
        let is_built_here = host_built.iter().any(|folder| path.parent() == Some(folder));
        let probed = match cached {
            Some(cached) => cached,
            None if is_built_here => {
                // What the administrator named is used as it is, if accounts can run it.
                let rights = rights(scan.folders);
                probe_version(&path, known.tool, &system.probe, rights)?
            }
            None => match probe_version(&path, known.tool, &system.probe, ProbeRights::Caller)? {
                Ok(version) => check_needs(&path, system, version)?,
                unusable => unusable,
            },
        };
        match probed {
            Ok(version) => {
                let fingerprint = fingerprint.clone();
                found.push(SystemProgram { tool, version, path, suffix, fingerprint });
            }
            Err(UnusableReason { reason, hint }) => {
                let fingerprint = fingerprint.clone();
                refused.push(RejectedProgram { tool, path, fingerprint, reason, hint });
            }
        }
        stamps.push(fingerprint);
    }
    Ok((found, refused))
}

/// The folders of the programs of a tool's versions that were built on this machine, by the setting
/// `toolchains`.
pub fn host_folders(
    world: &AnyWorld,
    folders: &Folders,
    (toolchains, tool): (&ToolFolders, &Tool),
) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for pattern in toolchains.of(tool.all_names()) {
        for folder in expand_folder(world, folders, pattern)? {
            found.extend([folder.join("bin"), folder]);
        }
    }
    Ok(found)
}

/// The files that match a definition's patterns, with the text that the `*` matches. Names with a
/// version come first, so that they win over a name without one that links to them.
fn candidates(
    scan: &MachineScan<'_>,
    system: &System,
    listed: &mut FolderListings,
    host_built: &[PathBuf],
) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let folders: Result<Vec<_>> = system
        .folders
        .iter()
        .map(|folder| expand_folder(scan.world, scan.folders, folder))
        .collect();
    for folder in folders?.into_iter().flatten().chain(host_built.iter().cloned()) {
        let names = listed.names(&folder)?;
        for pattern in &system.programs {
            let fitting =
                names.iter().filter_map(|name| Some((name, match_pattern(name, pattern)?)));
            found.extend(fitting.map(|(name, suffix)| (folder.join(name), suffix.to_owned())));
        }
    }
    found.sort_by_key(|(_, suffix)| std::cmp::Reverse(suffix.len()));
    Ok(found)
}

/// Whether a program is a shim: a link to one, or a copy. Probing it would call usher again.
fn is_ours(scan: &MachineScan<'_>, path: &Path, seen: &FileMeta) -> bool {
    let physical = path.canonicalize().unwrap_or_default();
    let is_in_shims = physical.parent().is_some_and(|folder| {
        scan.world.existing_names(folder, &[INDEX_FILE]).is_ok_and(|found| found != 0)
    });
    let is_copy = || {
        seen.size <= MAX_SHIM_SIZE
            && scan.world.read(path).is_ok_and(|content| is_shim_binary(&content.bytes))
    };
    is_in_shims || is_copy()
}

/// Whether a program of macOS only stands for one of Apple's developer tools, which are not installed:
/// run, it opens a window that offers to install them. `python3` in `/usr/bin` is one.
fn is_placeholder(world: &impl World, path: &Path, seen: &FileMeta) -> bool {
    let stands_for_another = seen.size <= MAX_PLACEHOLDER_SIZE
        && world.read(path).is_ok_and(|program| {
            memchr::memmem::find(&program.bytes, DEVELOPER_TOOLS_CHOOSER).is_some()
        });
    let is_installed = |folder: &Path| {
        let tool = path.file_name().map(|name| folder.join("usr/bin").join(name));
        tool.is_some_and(|tool| world.metadata(&tool).ok().flatten().is_some())
    };
    stands_for_another && !DEVELOPER_FOLDERS.map(Path::new).into_iter().any(is_installed)
}

/// The result of an earlier probe, if the program's file is unchanged.
fn cached_probe(
    tool: &Tool,
    path: &Path,
    fingerprint: &str,
    before: &Index,
) -> Option<std::result::Result<Version, UnusableReason>> {
    let is_it = |known: (&str, &Path, &str)| known == (tool.name, path, fingerprint);
    let mut system = before.system_programs.iter();
    let known = system.find(|known| is_it((&known.tool, &known.path, &known.fingerprint)));
    if let Some(known) = known {
        return Some(Ok(known.version.clone()));
    }
    let mut refused = before.rejected_programs.iter();
    let known = refused.find(|known| is_it((&known.tool, &known.path, &known.fingerprint)))?;
    Some(Err(UnusableReason { reason: known.reason.clone(), hint: known.hint.clone() }))
}

/// With whose rights programs of a home are probed: the machine's are for all accounts.
fn rights(folders: &Folders) -> ProbeRights {
    match folders.is_system_wide {
        true => ProbeRights::AnyAccount,
        false => ProbeRights::Caller,
    }
}

/// Why a toolchain's main program doesn't run, for all accounts if the home is the machine's; `None` if
/// it does, or if its definition has no probe.
pub fn run_fault(
    folders: &Folders,
    known: KnownTool<'_>,
    toolchain: &Toolchain,
) -> Result<Option<String>> {
    let Some(system) = &known.definition.system else { return Ok(None) };
    let program = toolchain.program(known.tool.main_program());
    let probed = probe(&program, &system.probe, TIMEOUT, rights(folders));
    Ok(match probed.map_err(|error| Error::io("run", &program, error))? {
        ProbeResult::Output(_) => None,
        ProbeResult::Failed(how) => Some(how),
        ProbeResult::TimedOut => Some(timed_out()),
    })
}

/// The version that a main program prints, or why it prints none; `None` if its tool's definition has
/// no probe.
pub fn main_program_version(
    folders: &Folders,
    known: KnownTool<'_>,
    program: &Path,
) -> Result<Option<std::result::Result<Version, String>>> {
    let Some(system) = &known.definition.system else { return Ok(None) };
    let probed = probe_version(program, known.tool, &system.probe, rights(folders))?;
    Ok(Some(probed.map_err(|unusable| unusable.reason)))
}

/// Whether a program can be used, or why not.
type Probed = std::result::Result<Version, UnusableReason>;

/// Probes a program for its version. The outer error is the machine's: it has no room to start programs.
fn probe_version(
    path: &Path,
    tool: &Tool,
    arguments: &[String],
    rights: ProbeRights,
) -> Result<Probed> {
    let unusable = |reason: String| UnusableReason { reason, hint: String::new() };
    let not_started = |error| Error::io("run", path, error);
    Ok(match probe(path, arguments, TIMEOUT, rights).map_err(not_started)? {
        ProbeResult::Output(output) => version_in(&output, tool)
            .ok_or_else(|| unusable("its output has no version".to_owned())),
        ProbeResult::Failed(how) => Err(unusable(format!("it fails to print its version ({how})"))),
        ProbeResult::TimedOut => Err(unusable(timed_out())),
    })
}

/// Probes a program of a version for what its definition requires.
fn check_needs(path: &Path, system: &System, version: Version) -> Result<Probed> {
    let Some(needs) = &system.needs else { return Ok(Ok(version)) };
    let probed = probe(path, &needs.probe, TIMEOUT, ProbeRights::Caller);
    Ok(match probed.map_err(|error| Error::io("run", path, error))? {
        ProbeResult::Output(_) => Ok(version),
        ProbeResult::Failed(_) => Err(UnusableReason {
            reason: format!("{version} {}", needs.problem),
            hint: needs.hint.clone(),
        }),
        ProbeResult::TimedOut => Err(UnusableReason { reason: timed_out(), hint: String::new() }),
    })
}

fn timed_out() -> String {
    format!("it didn't end within {} seconds", TIMEOUT.as_secs())
}

/// The first word of a program's output that is a version.
fn version_in(answer: &str, tool: &Tool) -> Option<Version> {
    let version = |word: &str| {
        let version = normalize::version(word.trim_matches(|c| "\"(),;".contains(c)), tool);
        version.filter(|version| version.numbers().as_slice().len() > 1)
    };
    answer.split_whitespace().find_map(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_shims::tool::TOOLS;
    use usher_shims::world::MemoryWorld;

    #[test]
    fn what_stands_for_an_absent_developer_tool_is_not_run() {
        let (python, text) = (Path::new("/usr/bin/python3"), "\u{fffd}/usr/lib/libxcselect.dylib");
        let is_placeholder = |world: MemoryWorld| {
            let seen = world.metadata(python).unwrap().unwrap();
            is_placeholder(&world, python, &seen)
        };
        let world = || MemoryWorld::at("/").file(python, text);
        assert!(is_placeholder(world()));
        assert!(is_placeholder(
            world().file("/Library/Developer/CommandLineTools/usr/bin/git", "")
        ));
        for folder in DEVELOPER_FOLDERS {
            assert!(!is_placeholder(world().file(Path::new(folder).join("usr/bin/python3"), "")));
        }
        assert!(!is_placeholder(MemoryWorld::at("/").file(python, "a program of its own")));
    }

    #[test]
    fn a_version_is_found_in_a_programs_output() {
        let check = |tool: &str, answer: &str, expected: Option<&str>| {
            let tool = Tool::named(TOOLS, tool).unwrap();
            let version = version_in(answer, tool);
            assert_eq!(version.map(|version| version.to_string()).as_deref(), expected, "{answer}");
        };
        check("python", "Python 3.11.2\n", Some("3.11.2"));
        check("ruby", "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a)", Some("3.1.2"));
        check("go", "go version go1.22.5 linux/amd64", Some("1.22.5"));
        check("perl", "5.36.0", Some("5.36.0"));
        check("deno", "deno 1.46.3 (stable, release)\nv8 12.9", Some("1.46.3"));
        check("node", "v18.20.4\n", Some("18.20.4"));
        check("php", "8.2.29", Some("8.2.29"));
        check("erlang", "25.2.3", Some("25.2.3"));
        check("node", "usage: node [ options ]", None);
    }
}
