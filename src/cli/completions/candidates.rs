//! The tools, versions and programs that can be typed: what usher's folders have, and what the cached
//! indexes list.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;

use clap::CommandFactory as _;
use usher_shims::name::Name;
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use super::candidate::Candidate;
use super::expected::ExpectedValue;
use crate::cli::arguments::CommandLine;
use crate::cli::shell_setup::Shell;
use crate::config::settings::SETTINGS;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::{Finder, Release};
use crate::session::Session;
use crate::session::active::version_label;
use crate::shim_folder::OWN_NAMES;

/// The most versions that are listed one by one. Of more, the release lines are listed.
const MOST_VERSIONS: usize = 16;

/// The values of an argument that begin with `current`. `before` are the words before it.
pub(super) fn of_value(
    session: &Session,
    expected: ExpectedValue,
    before: &[String],
    current: &str,
) -> Vec<Candidate> {
    let cached = |known: KnownTool<'_>| {
        let network = Network::new(session);
        Finder::new(session, &network).cached(known)
    };
    match expected {
        ExpectedValue::Tool => tools(session.registry.all(), current),
        ExpectedValue::InstalledTool => installed_tools(session, current),
        ExpectedValue::ToolRequest => tool_requests(session, current, &cached),
        ExpectedValue::Request => {
            let tool = |word: &String| session.registry.named(word).ok();
            let known = before.iter().rev().find_map(tool);
            known.map_or_else(Vec::new, |known| requests(session, known, current, &cached(known)))
        }
        ExpectedValue::InstalledVersion => installed_versions(session, current),
        ExpectedValue::Program => programs(session, current),
        ExpectedValue::Shell => of_names(Shell::ALL.iter().map(|shell| shell.name()), current),
        ExpectedValue::Setting => of_names(SETTINGS.iter().map(|setting| setting.key), current),
        ExpectedValue::VerbOrTool => {
            let command = CommandLine::command();
            let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
            let mut found = of_names(verbs.map(clap::Command::get_name), current);
            found.extend(tools(session.registry.all(), current));
            found
        }
    }
}

fn of_names<'a>(names: impl Iterator<Item = &'a str>, current: &str) -> Vec<Candidate> {
    let names = names.filter(|name| name.starts_with(current));
    names.map(|name| Candidate::from(name.to_owned())).collect()
}

/// Looks up the releases that a cached index lists.
type Cached<'a> = &'a dyn Fn(KnownTool<'_>) -> Vec<Release>;

/// The tools whose names begin with `current`.
fn tools<'a>(all: impl Iterator<Item = KnownTool<'a>>, current: &str) -> Vec<Candidate> {
    of_names(all.map(|known| known.tool.name), current)
}

/// The tools of which some version is installed; all tools where none is.
fn installed_tools(session: &Session, current: &str) -> Vec<Candidate> {
    let is_installed =
        |known: &KnownTool<'_>| toolchains(session, known.tool).iter().any(|one| !is_systems(one));
    let found = tools(session.registry.all().filter(is_installed), current);
    match found.is_empty() {
        true => tools(session.registry.all(), current),
        false => found,
    }
}

/// Tools, and behind an `@` the requests for one.
fn tool_requests(session: &Session, current: &str, cached: Cached<'_>) -> Vec<Candidate> {
    if let Some((name, request)) = current.split_once('@') {
        let Ok(known) = session.registry.named(name) else { return Vec::new() };
        let mut found = requests(session, known, request, &cached(known));
        for candidate in &mut found {
            candidate.value.insert_str(0, &format!("{name}@"));
        }
        return found;
    }
    let mut found = tools(session.registry.all(), current);
    // Where there is only one, no shell ends the word before its version can be typed.
    if let [only] = &*found {
        let with_version = Candidate::from(format!("{}@", only.value));
        found.push(with_version);
    }
    found
}

/// The requests for a tool that begin with `prefix`: aliases, flavours, and versions or release lines,
/// newest first.
fn requests(
    session: &Session,
    known: KnownTool<'_>,
    prefix: &str,
    releases: &[Release],
) -> Vec<Candidate> {
    let tool = known.tool;
    let installed = toolchains(session, tool);
    let mut words = vec!["latest".to_owned()];
    if !tool.lts.is_empty() {
        words.insert(0, "lts".to_owned());
        words.extend(tool.lts.iter().rev().map(|line| format!("lts/{}", line.name)));
    }
    if installed.iter().any(is_systems) {
        words.push("system".to_owned());
    }
    words.extend(known.flavours().map(str::to_owned));
    words.extend(installed.iter().filter(|one| one.version.is_none()).map(version_label));
    let words = words.into_iter().filter(|word| word.starts_with(prefix)).map(Candidate::from);

    let installed: Vec<&Version> = installed
        .iter()
        .filter(|one| !is_systems(one))
        .filter_map(|one| one.version.as_ref())
        .collect();
    let versions = releases.iter().map(|release| &release.version);
    let mut versions: Vec<&Version> = versions.chain(installed.iter().copied()).collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.retain(|version| is_usual(version, prefix));
    let mut texts: Vec<Cow<'_, str>> =
        versions.into_iter().map(|one| request_for(one, tool)).collect();
    texts.retain(|text| text.starts_with(prefix));
    texts.dedup();
    let installed: BTreeSet<Cow<'_, str>> =
        installed.into_iter().map(|one| request_for(one, tool)).collect();
    let newest_of = lines(&texts, prefix);
    let version = |(line, newest): (&str, &str)| Candidate {
        value: line.to_owned(),
        help: match line == newest {
            true => installed.contains(line).then(|| "installed".to_owned()),
            false => Some(format!("newest: {newest}")),
        },
    };
    newest_of.into_iter().map(version).chain(words).collect()
}

/// Whether a version is meant by what was typed so far: previews and special builds only where a letter
/// was.
fn is_usual(version: &Version, prefix: &str) -> bool {
    let has_letter = prefix.contains(|c: char| c.is_ascii_alphabetic() || c == '-');
    has_letter || !(version.is_prerelease() || version.is_free_threaded())
}

/// The shortest request for a version: without the tool's usual vendor, and without its runtime's
/// version.
fn request_for<'v>(version: &'v Version, tool: &Tool) -> Cow<'v, str> {
    let text = match tool.built_for {
        Some(rule) => rule.without_build_suffix(version).to_owned().into(),
        None => Cow::Borrowed(version.as_str()),
    };
    let usual = tool.vendors.first().filter(|vendor| **vendor == version.flavour());
    match usual.and_then(|vendor| text.strip_prefix(vendor)) {
        Some(rest) => rest.trim_start_matches('-').to_owned().into(),
        None => text,
    }
}

/// Few versions as they are; of many, the release lines that continue `prefix`, each with its newest
/// version.
fn lines<'v>(versions: &'v [Cow<'_, str>], prefix: &str) -> Vec<(&'v str, &'v str)> {
    let whole = || versions.iter().map(|text| (&**text, &**text)).collect();
    if versions.len() <= MOST_VERSIONS {
        return whole();
    }
    let cut = |from: usize| {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for text in versions {
            let end =
                text.get(from..).and_then(|rest| rest.find('.')).map_or(text.len(), |at| from + at);
            if found.iter().all(|(line, _)| *line != &text[..end]) {
                found.push((&text[..end], text));
            }
        }
        found
    };
    let found = cut(prefix.len());
    match &*found {
        [(line, _)] if *line == prefix => cut(prefix.len() + 1),
        _ => found,
    }
}

/// The versions that can be uninstalled, verified or repaired.
fn installed_versions(session: &Session, current: &str) -> Vec<Candidate> {
    let of_tool = |known: KnownTool<'_>| {
        let is_own = |one: &Toolchain| matches!(one.store, Store::Own | Store::Linked(_));
        let own = toolchains(session, known.tool).into_iter().filter(is_own);
        own.map(|one| format!("{}@{}", known.tool.name, version_label(&one))).collect::<Vec<_>>()
    };
    let all = session.registry.all().flat_map(of_tool);
    all.filter(|text| text.starts_with(current)).map(Candidate::from).collect()
}

/// The installed versions of a tool, newest first; none if they can't be listed.
fn toolchains(session: &Session, tool: &Tool) -> Vec<Toolchain> {
    all_toolchains(&session.world, &session.index, tool).ok().flatten().unwrap_or_default()
}

fn is_systems(toolchain: &Toolchain) -> bool {
    matches!(toolchain.store, Store::System(_))
}

/// The programs that have shims.
fn programs(session: &Session, current: &str) -> Vec<Candidate> {
    let Ok(entries) = fs::read_dir(session.folders.shims()) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_program = |name: &String| {
        name.starts_with(current) && Name::parse(name).is_some() && !OWN_NAMES.contains(&&**name)
    };
    let names: BTreeSet<String> = names.filter(is_program).collect();
    names.into_iter().map(Candidate::from).collect()
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session_with_system;

    fn release(version: &str) -> Release {
        Release {
            version: Version::parse(version).unwrap(),
            lts: None,
            source: "site".to_owned(),
            archive: None,
            is_translated: false,
        }
    }

    /// What completes `current` in a world with node 12 and 20, where an index lists these releases.
    fn completed(expected: ExpectedValue, current: &str, releases: &[&str]) -> String {
        let world = MemoryWorld::at("/p")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
            .file("/usher/toolchains/node/20.19.5/bin/node", "");
        let session = session_with_system(world, "perl", "5.36.0");
        let cached = |_: KnownTool<'_>| releases.iter().map(|text| release(text)).collect();
        let found = match expected {
            ExpectedValue::ToolRequest => tool_requests(&session, current, &cached),
            _ => of_value(&session, expected, &[], current),
        };
        let text = |found: Candidate| match found.help {
            Some(help) => format!("{} ({help})", found.value),
            None => found.value,
        };
        found.into_iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_tool_comes_with_its_version_where_it_is_the_only_one() {
        let check = |current: &str| completed(ExpectedValue::ToolRequest, current, &[]);
        assert_eq!(check("no"), "node node@");
        assert_eq!(check("p"), "perl php pnpm python");
        assert_eq!(check("zag"), "");
        assert_eq!(completed(ExpectedValue::VerbOrTool, "el", &[]), "elixir");
        assert_eq!(completed(ExpectedValue::VerbOrTool, "unin", &[]), "uninstall");
        assert_eq!(completed(ExpectedValue::Setting, "auto_", &[]), "auto_install");
        assert_eq!(check("zag@"), "");
        assert_eq!(completed(ExpectedValue::Tool, "no", &[]), "node");
        assert_eq!(completed(ExpectedValue::InstalledTool, "", &[]), "node");
    }

    #[test]
    fn installed_and_cached_versions_are_offered_newest_first() {
        let listed = ["20.19.4", "20.18.0", "22.1.0", "23.0.0-rc.1"];
        let check = |current: &str| completed(ExpectedValue::ToolRequest, current, &listed);
        assert_eq!(
            check("node@2"),
            "node@22.1.0 node@20.19.5 (installed) node@20.19.4 node@20.18.0"
        );
        assert_eq!(check("node@23.0.0-"), "node@23.0.0-rc.1");
        assert_eq!(check("node@../"), "");
        assert_eq!(
            completed(ExpectedValue::InstalledVersion, "n", &listed),
            "node@20.19.5 node@12.22.12"
        );
    }

    #[test]
    fn aliases_and_flavours_are_offered() {
        let check = |current: &str| completed(ExpectedValue::ToolRequest, current, &["3.12.1"]);
        assert!(check("node@lts").starts_with("node@lts node@lts/krypton node@lts/jod "));
        assert_eq!(check("node@lat"), "node@latest");
        assert_eq!(check("perl@s"), "perl@system");
        assert_eq!(check("node@s"), "");
        assert_eq!(check("python@py"), "python@pypy");
    }

    #[test]
    fn of_many_versions_the_release_lines_are_offered() {
        let many: Vec<String> = (0..20).map(|minor| format!("20.{minor}.1")).collect();
        let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
        many.extend(["22.1.0", "2.0.1"]);
        let check = |current: &str| completed(ExpectedValue::ToolRequest, current, &many);
        assert_eq!(
            check("node@2"),
            "node@22 (newest: 22.1.0) node@20 (newest: 20.19.5) node@2 (newest: 2.0.1)"
        );
        assert!(check("node@20").starts_with("node@20.19 (newest: 20.19.5) node@20.18 (newest"));
        assert_eq!(check("node@20.19"), "node@20.19.5 (installed) node@20.19.1");
    }

    #[test]
    fn the_usual_vendor_and_the_runtime_are_not_part_of_a_request() {
        let check =
            |current: &str, listed: &str| completed(ExpectedValue::ToolRequest, current, &[listed]);
        assert_eq!(check("java@2", "temurin-21.0.5+11"), "java@21.0.5+11");
        assert_eq!(check("java@zulu-2", "zulu-21.0.5"), "java@zulu-21.0.5");
        assert_eq!(check("elixir@1", "1.18.0-otp-27"), "elixir@1.18.0");
    }
}
