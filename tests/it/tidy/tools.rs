//! Checks that the tables of `docs/tools.md` equal those generated from the registry. If they
//! differ, prints the generated table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use usher_definition::{
    Definition, IndexSource, PLATFORMS, ReleaseRule, Source, SourceKind, split_platform,
};
use usher_shims::tool::{DEFINITIONS, TOOLS, Tool};

use super::text;

const PAGE: &str = "docs/tools.md";

#[test]
fn the_tools_page_matches_the_registry() {
    let page = text(PAGE);
    for (marker, expected) in [("sources", sources()), ("files", files())] {
        let begin = format!("<!-- {marker} -->\n");
        let found = page.split_once(&begin).and_then(|(_, rest)| rest.split_once("<!-- end -->"));
        let found = found.map(|(found, _)| found.trim());
        assert!(found == Some(expected.trim()), "{PAGE}: expected below {begin}\n{expected}");
    }
}

fn definitions() -> Vec<(Tool, Definition)> {
    let parsed =
        DEFINITIONS.iter().map(|(_, text)| Definition::parse(text).expect("parse a definition"));
    parsed.collect()
}

/// One row per source of each tool.
fn sources() -> String {
    let mut table = "| tool | source | where | checked by | mirror variables | ".to_owned();
    let _ =
        writeln!(table, "{} |\n|---|---|---|---|---|{}", PLATFORMS.join(" | "), "---|".repeat(6));
    for (tool, definition) in definitions() {
        for source in &definition.source {
            let platforms = PLATFORMS.map(|platform| has(source, platform));
            let (at, hash, mirrors) = described(source);
            let _ = writeln!(
                table,
                "| {} | `{}` | {at} | {hash} | {mirrors} | {} |",
                tool.name,
                source.name,
                platforms.join(" | ")
            );
        }
    }
    table
}

/// Whether a source has releases for a platform, and the minimum C library version.
fn has(source: &Source, platform: &str) -> String {
    let keys: Vec<&String> = match source.kind() {
        Some(SourceKind::Index(index)) => index.platform.keys().collect(),
        Some(SourceKind::Npm(packages)) => packages.package.keys().collect(),
        // The wheels' names contain it.
        Some(SourceKind::Pypi(_)) => return "as listed".to_owned(),
        None => Vec::new(),
    };
    let of = keys.iter().map(|key| split_platform(key)).filter(|(name, _)| *name == platform);
    match of.map(|(_, glibc)| glibc).min() {
        Some(Some((major, minor))) => format!("glibc {major}.{minor}"),
        Some(None) => "yes".to_owned(),
        None if keys.iter().any(|key| *key == "any") => "yes".to_owned(),
        None => String::new(),
    }
}

/// The source's address, how its archives are verified, and its mirror variables.
fn described(source: &Source) -> (String, String, String) {
    match source.kind() {
        Some(SourceKind::Index(index)) => {
            let moved = index
                .mirror_variables
                .iter()
                .chain(index.mirror.iter().flat_map(|one| &one.variables));
            (format!("`{}`", index.base), hashes(index), listed(moved.map(String::as_str)))
        }
        Some(SourceKind::Npm(packages)) => {
            let names: BTreeSet<&str> = packages.package.values().map(String::as_str).collect();
            let at = format!("the npm registry: {}", listed(names.into_iter()));
            (at, "the registry's SHA-512".to_owned(), "`npm_config_registry`".to_owned())
        }
        Some(SourceKind::Pypi(project)) => {
            let variables = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];
            let at = format!("the PyPI index: `{}`", project.project);
            (at, "the index's SHA-256".to_owned(), listed(variables.into_iter()))
        }
        None => (String::new(), String::new(), String::new()),
    }
}

fn hashes(index: &IndexSource) -> String {
    let of = |take: &ReleaseRule| -> Vec<String> {
        let hash = take.hash.iter().map(|_| "the index".to_owned());
        let sums = take
            .checksums
            .iter()
            .map(|sums| format!("`{}`", sums.rsplit('/').next().unwrap_or(sums)));
        let none = take.unverified.iter().map(|why| format!("nothing: {why}"));
        hash.chain(sums).chain(none).collect()
    };
    let all: BTreeSet<String> = index.release.iter().flat_map(of).collect();
    all.into_iter().collect::<Vec<_>>().join("; ")
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// One row per tool.
fn files() -> String {
    let mut table =
        "| tool | also called | programs | variables | version files |\n|---|---|---|---|---|\n"
            .to_owned();
    for tool in TOOLS {
        let Tool { name, names, programs, variables, .. } = tool;
        let (own, _) =
            definitions().into_iter().find(|(one, _)| one.name == *name).expect("its file");
        let lists = [
            listed(names.iter().copied()),
            listed(programs.iter().copied()),
            listed(variables.iter().copied()),
            listed(own.files.iter().map(|file| file.name)),
        ];
        let _ = writeln!(table, "| {name} | {} |", lists.join(" | "));
    }
    table
}
