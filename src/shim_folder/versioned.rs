//! Versioned shims, as `python3.7` and `node@12`: their names for a request, for the installed
//! versions, and for all known releases. Reads and writes no shim.
//!
//! A request has its shims in all spellings. What is installed has one spelling, `node12`, of the core
//! programs, unless the settings want all shims.

use std::collections::BTreeSet;
use std::path::PathBuf;

use usher_shims::call::calls;
use usher_shims::error::Result;
use usher_shims::index::Index;
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::store::{all_toolchains, is_complete};
use usher_shims::tool::{CustomTool, Tool};
use usher_shims::version::Version;

use crate::config::settings::ShimPolicy;
use crate::inventory::host_folders;
use crate::registry::KnownTool;
use crate::releases::Finder;
use crate::releases::network::Network;
use crate::session::Session;
use crate::session::active::is_systems;

/// A request as it is in a shim's name: `12`, `lts-hydrogen`. None for ranges and paths.
pub fn request_suffix(request: &Request, tool: &'static Tool) -> Option<String> {
    let suffix = match request.kind() {
        RequestKind::Version(version) => version_suffix(version),
        RequestKind::Latest => "latest".to_owned(),
        RequestKind::Lts => "lts".to_owned(),
        RequestKind::LtsBack(steps) => format!("lts--{steps}"),
        RequestKind::LtsNamed(line) => format!("lts-{line}"),
        RequestKind::System => "system".to_owned(),
        RequestKind::Named(name) => name.to_string(),
        RequestKind::Range(_) | RequestKind::Path(_) => return None,
    };
    let again = Request::parse(&suffix, tool, RequestTrust::User).ok()?;
    (!names_for_suffix(tool, &suffix).is_empty() && is_equivalent(&again, request))
        .then_some(suffix)
}

/// `v12` and `12.x` become `12`; a version with more than numbers is unchanged.
fn version_suffix(version: &Version) -> String {
    let numbers: Vec<String> =
        version.numbers().as_slice().iter().map(ToString::to_string).collect();
    let numbers = numbers.join(".");
    let is_bare = version.as_str().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_bare { numbers } else { version.as_str().to_owned() }
}

fn is_equivalent(one: &Request, other: &Request) -> bool {
    match (one.kind(), other.kind()) {
        (RequestKind::Version(one), RequestKind::Version(other)) => {
            one.numbers() == other.numbers() && one.flavour() == other.flavour()
        }
        (one, other) => one == other,
    }
}

/// The shims for such a suffix: `python3.7`, `pip3.7` and `python@3.7`.
///
/// Only names that a shim resolves to this request: `python3` is a program of its own.
pub fn names_for_suffix(tool: &'static Tool, suffix: &str) -> Vec<String> {
    let is_version = suffix.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let joined =
        versioned_programs(tool).filter(|_| is_version).map(|base| format!("{base}{suffix}"));
    let with_at = format!("{}@{suffix}", tool.main_program());
    let Ok(suffix_request) = Request::parse(suffix, tool, RequestTrust::User) else {
        return Vec::new();
    };
    let mut index = Index::default();
    index.tools.add(CustomTool { tool, file: PathBuf::new(), fingerprint: String::new() });
    let is_understood = |name: &String| {
        let calls = calls(&index, name, None);
        let pin = calls.first().and_then(|call| call.pin.as_ref());
        let request = pin.and_then(|pin| pin.request());
        request.is_some_and(|request| request.kind() == suffix_request.kind())
    };
    joined.chain([with_at]).filter(is_understood).collect()
}

/// The programs that usually have versions in their names: the interpreter, and those that the tool
/// also ships with a number, as `pip` and `pip3`.
fn versioned_programs(tool: &'static Tool) -> impl Iterator<Item = &'static str> {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let is_shipped_with_digits = move |program: &str| {
        tool.programs.iter().any(|other| other.strip_prefix(program).is_some_and(digits))
    };
    let is_base = move |program: &&'static str| {
        *program == tool.main_program() || is_shipped_with_digits(program)
    };
    tool.programs.iter().copied().filter(is_base)
}

/// The versioned shims of all installed versions. The system's versions have such programs on PATH
/// themselves.
pub fn of_installed(session: &Session, known: KnownTool<'_>) -> Result<BTreeSet<String>> {
    let tool = known.tool;
    // Whether the system's programs were replaced doesn't matter here.
    let index = Index { system_programs: Vec::new(), ..session.index.clone() };
    let mut found = BTreeSet::new();
    for toolchain in all_toolchains(&session.world, &index, tool)?.unwrap_or_default() {
        let has_shims = !is_systems(&toolchain.store);
        if let Some(version) = toolchain.version.as_ref().filter(|_| has_shims)
            && is_complete(&session.world, tool, &toolchain)?
        {
            found.extend(of_version(version, known, session.settings.shims));
        }
    }
    // Those that were built here aren't on PATH.
    let setting = (&session.settings.toolchains, tool);
    let built_here = host_folders(&session.world, &session.folders, setting)?;
    let of_system = session.index.system_programs.iter().filter(|one| one.tool == tool.name);
    for program in
        of_system.filter(|one| built_here.iter().any(|folder| one.path.starts_with(folder)))
    {
        found.extend(of_version(&program.version, known, session.settings.shims));
    }
    Ok(found)
}

/// The versioned shims of all known releases, if the settings enable them: of those that the cached
/// indexes list, and of LTS lines.
pub fn names_for_known_releases(session: &Session, known: KnownTool<'_>) -> BTreeSet<String> {
    let tool = known.tool;
    let is_enabled = tool.all_names().any(|name| session.settings.versioned_shims.contains(name));
    if !is_enabled {
        return BTreeSet::new();
    }
    let network = Network::new(session);
    let releases = Finder::new(session, &network).cached(known);
    let lts = releases.iter().filter_map(|release| release.lts.clone());
    let lts = lts.chain(tool.lts.iter().map(|line| line.name.to_owned()));
    let mut found: BTreeSet<String> =
        lts.flat_map(|line| names_for_suffix(tool, &format!("lts-{line}"))).collect();
    if !tool.lts.is_empty() {
        found.extend(names_for_suffix(tool, "lts"));
    }
    let policy = session.settings.shims;
    found.extend(releases.iter().flat_map(|release| of_version(&release.version, known, policy)));
    found
}

/// The versioned shims of a version: for its first number, and for its first two.
fn of_version(version: &Version, known: KnownTool<'_>, policy: ShimPolicy) -> Vec<String> {
    let tool = known.tool;
    let numbers = version.numbers().as_slice();
    let lines = (1..=numbers.len().min(2)).map(|count| {
        let parts: Vec<String> = numbers[..count].iter().map(ToString::to_string).collect();
        parts.join(".")
    });
    let matches = |line: &String| {
        let request = Request::parse(line, tool, RequestTrust::User);
        request.is_ok_and(|request| request.matches(version, tool))
    };
    let names_of = |line: String| {
        let is_usual =
            |name: &String| known.core_programs().any(|base| *name == format!("{base}{line}"));
        let mut names = names_for_suffix(tool, &line);
        names.retain(|name| policy == ShimPolicy::All || is_usual(name));
        names
    };
    lines.filter(matches).flat_map(names_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use usher_shims::tool::TOOLS;

    fn tool(name: &str) -> &'static Tool {
        Tool::named(TOOLS, name).unwrap()
    }

    #[test]
    fn a_request_has_versioned_shims() {
        for (argument, expected) in [
            ("node@12", "node12 node@12"),
            ("node@v12.x", "node12 node@12"),
            ("node@12.22.12", "node12.22.12 node@12.22.12"),
            ("node@lts", "node@lts"),
            ("node@lts/*", "node@lts"),
            ("node@lts/Hydrogen", "node@lts-hydrogen"),
            ("node@lts/-1", "node@lts--1"),
            ("node@latest", "node@latest"),
            ("node@system", "node@system"),
            ("python@3.7", "python3.7 pip3.7 pydoc3.7 idle3.7 python@3.7"),
            ("python@3.14t", "python@3.14t"),
            ("python@3.13.0rc2", "python@3.13.0rc2"),
            // A program of that very name is shipped.
            ("python@3", "python@3"),
            ("python@2", "python2 pip2 pydoc2 idle2 python@2"),
            ("python@myenv", "python@myenv"),
            ("node@>=12", "-"),
            ("node@path:/x", "-"),
        ] {
            let (name, request) = argument.split_once('@').unwrap();
            let tool = tool(name);
            let request = Request::parse(request, tool, RequestTrust::User).unwrap();
            let suffix = request_suffix(&request, tool);
            let printed =
                suffix.map_or("-".to_owned(), |suffix| names_for_suffix(tool, &suffix).join(" "));
            assert_eq!(printed, expected, "{argument}");
        }
    }

    #[test]
    fn a_version_has_two_versioned_shims_and_a_prerelease_none() {
        let registry = Registry::load().unwrap();
        let check = |name: &str, version: &str, one: &str, all: &str| {
            let version = Version::parse(version).unwrap();
            let known = registry.named(name).unwrap();
            let names = |policy| of_version(&version, known, policy).join(" ");
            assert_eq!(names(ShimPolicy::Auto), one, "{name} {version}");
            assert_eq!(names(ShimPolicy::All), all, "{name} {version}");
        };
        check("node", "12.22.12", "node12 node12.22", "node12 node@12 node12.22 node@12.22");
        check("node", "13.0.0-rc.1", "", "");
        let all = "python@3 python3.7 pip3.7 pydoc3.7 idle3.7 python@3.7";
        check("python", "3.7.16", "python3.7 pip3.7", all);
        check("python", "pypy3.10-7.3.12", "", "");
        check("java", "21.0.5", "java21 java21.0", "java21 java@21 java21.0 java@21.0");
    }
}
