//! Versioned shims, as `python3.7` and `node@12`: their names for a request, for the installed
//! versions, and for all known releases. Reads and writes no shim.
//!
//! A request has its shims in all spellings. What is installed has one spelling, `node12`, of the core
//! programs, unless the settings want all shims.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use usher_shims::call::calls;
use usher_shims::error::Result;
use usher_shims::index::{Index, SystemProgram};
use usher_shims::name::split_version;
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::store::{all_toolchains, is_complete};
use usher_shims::tool::CustomTool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use crate::config::settings::ShimPolicy;
use crate::inventory::host_folders;
use crate::registry::{KnownTool, first_numbers};
use crate::releases::Finder;
use crate::releases::network::Network;
use crate::session::Session;
use crate::session::active::is_systems;

/// A request as it is in a shim's name: `12`, `lts-hydrogen`. None for ranges and paths.
pub fn request_suffix(request: &Request, known: KnownTool<'_>) -> Option<String> {
    let tool = known.tool;
    let suffix = match request.kind() {
        RequestKind::Version(version) => version_suffix(version),
        RequestKind::Latest => "latest".to_owned(),
        RequestKind::Lts => "lts".to_owned(),
        RequestKind::LtsBack(steps) => format!("lts--{steps}"),
        RequestKind::LtsNamed(line) => format!("lts-{line}"),
        RequestKind::System => "system".to_owned(),
        RequestKind::Named(name) => name.to_string(),
        RequestKind::Exact(_) | RequestKind::Range(_) | RequestKind::Path(_) => return None,
    };
    let again = Request::parse(&suffix, tool, RequestTrust::User).ok()?;
    (!names_for_suffix(known, &suffix).is_empty() && is_equivalent(&again, request))
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

/// The shims for such a suffix: `python3.7`, `pip3.7` and `python@3.7`; `node12`, `npm12`, `npx12` and
/// `node@12`.
///
/// Only names that a shim resolves to this request of this tool: `python3` is a program of its own, and
/// `npm10` is node's.
pub fn names_for_suffix(known: KnownTool<'_>, suffix: &str) -> Vec<String> {
    let tool = known.tool;
    let is_version = suffix.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let programs = versioned_programs(known).into_iter().filter(|_| is_version);
    let joined = programs.map(|base| format!("{base}{suffix}"));
    let with_at = format!("{}@{suffix}", tool.main_program());
    let Ok(suffix_request) = Request::parse(suffix, tool, RequestTrust::User) else {
        return Vec::new();
    };
    let mut index = Index::default();
    index.tools.add(CustomTool { tool, file: PathBuf::new(), fingerprint: String::new() });
    let is_understood = |name: &String| {
        let calls = calls(&index, name, None);
        let call = calls.first().filter(|call| call.tool.name == tool.name);
        let request = call.and_then(|call| call.pin.as_ref()?.request());
        request.is_some_and(|request| request.kind() == suffix_request.kind())
    };
    joined.chain([with_at]).filter(is_understood).collect()
}

/// The programs that usually have versions in their names: the interpreter, those that the tool also
/// ships with a number, as `pip` and `pip3`, and its companions.
fn versioned_programs(known: KnownTool<'_>) -> Vec<&'static str> {
    let tool = known.tool;
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let is_shipped_with_digits = move |program: &str| {
        tool.programs.iter().any(|other| other.strip_prefix(program).is_some_and(digits))
    };
    let is_base = move |program: &&'static str| {
        *program == tool.main_program()
            || is_shipped_with_digits(program)
            || is_companion(known, program)
    };
    tool.programs.iter().copied().filter(is_base).collect()
}

/// Whether a program has a versioned shim although it isn't the main one: `npm12`.
fn is_companion(known: KnownTool<'_>, program: &str) -> bool {
    known.definition.companions.iter().any(|companion| companion == program)
}

/// The versioned shims of all installed versions.
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
            let names = of_version(version, known, session.settings.shims);
            found.extend(names.into_iter().filter(|name| {
                let base = split_version(name).map_or("", |(base, _)| base);
                !is_companion(known, base) || has(session, &toolchain, base)
            }));
        }
    }
    found.extend(of_host(session, known)?);
    found.extend(of_system(session, known));
    Ok(found)
}

/// The versioned shims of interpreters that the host built, which aren't on PATH.
fn of_host(session: &Session, known: KnownTool<'_>) -> Result<Vec<String>> {
    let setting = (&session.settings.toolchains, known.tool);
    let folders = host_folders(&session.world, &session.folders, setting)?;
    let is_one = |program: &&SystemProgram| {
        program.tool == known.tool.name
            && folders.iter().any(|folder| program.path.starts_with(folder))
    };
    let programs = session.index.system_programs.iter().filter(is_one);
    let names =
        |program: &SystemProgram| of_version(&program.version, known, session.settings.shims);
    Ok(programs.flat_map(names).collect())
}

/// The versioned shims of the system's versions, for their release lines: `erl25`, `php8.2`. A system
/// may have such a program itself, but that wouldn't pass its version on to its children.
fn of_system(session: &Session, known: KnownTool<'_>) -> Vec<String> {
    let tool = known.tool;
    let Some(count) = known.definition.release_line else { return Vec::new() };
    let of_tool = |program: &&SystemProgram| program.tool == tool.name;
    let programs = session.index.system_programs.iter().filter(of_tool);
    let names_of = |program: &SystemProgram| {
        let toolchain = Toolchain {
            version: Some(program.version.clone()),
            root: program.path.parent().unwrap_or(Path::new("/")).to_path_buf(),
            store: Store::System(program.suffix.clone()),
        };
        let mut names = names_for_suffix(known, &first_numbers(&program.version, count));
        names.retain(|name| {
            let base = split_version(name).map_or("", |(base, _)| base);
            let is_core = known.core_programs().any(|core| core == base);
            (is_core || is_companion(known, base))
                && !name.contains('@')
                && has(session, &toolchain, base)
        });
        names
    };
    programs.flat_map(names_of).collect()
}

/// Whether a toolchain has a program, or a daemon.
fn has(session: &Session, toolchain: &Toolchain, program: &str) -> bool {
    let daemon = || toolchain.daemon(program).is_some_and(|path| session.world.is_program(&path));
    session.world.is_program(&toolchain.program(program)) || daemon()
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
        lts.flat_map(|line| names_for_suffix(known, &format!("lts-{line}"))).collect();
    if !tool.lts.is_empty() {
        found.extend(names_for_suffix(known, "lts"));
    }
    let policy = session.settings.shims;
    found.extend(releases.iter().flat_map(|release| of_version(&release.version, known, policy)));
    found
}

/// The versioned shims of a version: for its first number, and for its first two; of its companions,
/// for its release line.
fn of_version(version: &Version, known: KnownTool<'_>, policy: ShimPolicy) -> Vec<String> {
    let tool = known.tool;
    let numbers = version.numbers().as_slice();
    let lines = (1..=numbers.len().min(2)).map(|count| first_numbers(version, count));
    let own_line = known.definition.release_line.map(|count| first_numbers(version, count));
    let matches = |line: &String| {
        let request = Request::parse(line, tool, RequestTrust::User);
        request.is_ok_and(|request| request.matches(version, tool))
    };
    let names_of = |line: String| {
        let is_own_line = own_line.as_ref() == Some(&line);
        let is_usual = |name: &String| {
            let (base, version) = split_version(name).unwrap_or_default();
            let is_core = known.core_programs().any(|core| core == base);
            version == line
                && !name.contains('@')
                && if is_companion(known, base) { is_own_line } else { is_core }
        };
        let mut names = names_for_suffix(known, &line);
        names.retain(|name| policy == ShimPolicy::All || is_usual(name));
        names
    };
    lines.filter(matches).flat_map(names_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    #[test]
    fn a_request_has_versioned_shims() {
        let registry = Registry::load().unwrap();
        for (argument, expected) in [
            ("node@12", "node12 npm12 npx12 node@12"),
            ("node@v12.x", "node12 npm12 npx12 node@12"),
            ("node@12.22.12", "node12.22.12 npm12.22.12 npx12.22.12 node@12.22.12"),
            // `npm12` is node 12's.
            ("npm@12", "npm@12"),
            ("pnpm@9", "pnpm9 pnpm@9"),
            ("php@8.2", "php8.2 php-cgi8.2 php-fpm8.2 php@8.2"),
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
            let known = registry.named(name).unwrap();
            let request = Request::parse(request, known.tool, RequestTrust::User).unwrap();
            let suffix = request_suffix(&request, known);
            let printed =
                suffix.map_or("-".to_owned(), |suffix| names_for_suffix(known, &suffix).join(" "));
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
        check(
            "node",
            "12.22.12",
            "node12 npm12 npx12 node12.22",
            "node12 npm12 npx12 node@12 node12.22 npm12.22 npx12.22 node@12.22",
        );
        check("node", "13.0.0-rc.1", "", "");
        let all = "python@3 python3.7 pip3.7 pydoc3.7 idle3.7 python@3.7";
        check("python", "3.7.16", "python3.7 pip3.7", all);
        check("python", "pypy3.10-7.3.12", "", "");
        let all = "java21 javac21 java@21 java21.0 javac21.0 java@21.0";
        check("java", "21.0.5", "java21 javac21 java21.0", all);
        let all = "erl25 erlc25 escript25 erl@25 erl25.3 erlc25.3 escript25.3 erl@25.3";
        check("erlang", "25.3", "erl25 erlc25 escript25 erl25.3", all);
        check(
            "ruby",
            "3.1.2",
            "ruby3 ruby3.1 gem3.1 bundle3.1",
            "ruby3 gem3 bundle3 ruby@3 ruby3.1 gem3.1 bundle3.1 ruby@3.1",
        );
    }
}
