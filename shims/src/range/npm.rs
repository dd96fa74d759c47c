//! npm's ranges, by the arithmetic of the `semver` crate.

use crate::version::Version;

/// Whether a version belongs to one of these.
pub(super) fn contains(any: &[semver::VersionReq], version: &Version) -> bool {
    let version = semver_of(version);
    any.iter().any(|range| range.matches(&version))
}

/// A version as the `semver` crate knows it.
fn semver_of(version: &Version) -> semver::Version {
    let numbers = version.numbers();
    let mut converted = semver::Version::new(numbers.at(0), numbers.at(1), numbers.at(2));
    if version.is_prerelease() {
        let tail = version.tail().trim_start_matches(['-', '.', '_']);
        converted.pre = semver::Prerelease::new(tail).unwrap_or(semver::Prerelease::EMPTY);
    }
    converted
}

/// npm's ranges, translated for the `semver` crate: `||` splits, a space is a comma, a bare version
/// means itself, and a hyphen range is two bounds.
///
/// The rules are those of node-semver's README.
pub(super) fn parse(text: &str) -> Option<Vec<semver::VersionReq>> {
    text.split("||").map(|alternative| semver_range(alternative.trim())).collect()
}

fn semver_range(text: &str) -> Option<semver::VersionReq> {
    if let Some((low, high)) = text.split_once(" - ") {
        let bounds = format!(">={},<={}", strip(low.trim()), strip(high.trim()));
        return semver::VersionReq::parse(&bounds).ok();
    }
    let joined = join_operators(text);
    let comparators: Vec<String> =
        joined.split([' ', ',']).filter(|part| !part.is_empty()).map(comparator).collect();
    if comparators.is_empty() {
        return Some(semver::VersionReq::STAR);
    }
    semver::VersionReq::parse(&comparators.join(",")).ok()
}

/// `>= 10` is `>=10`.
fn join_operators(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for character in text.chars() {
        let after_operator = joined.ends_with(['<', '>', '=', '~', '^']);
        let blank = character.is_whitespace();
        match (blank, after_operator) {
            (true, true) => {}
            (true, false) => joined.push(' '),
            (false, _) => joined.push(character),
        }
    }
    joined
}

fn comparator(part: &str) -> String {
    let version = part.trim_start_matches(['<', '>', '=', '~', '^']);
    let operator = match &part[..part.len() - version.len()] {
        "" | "==" => "=",
        "~>" => "~",
        other => other,
    };
    let version = strip(version);
    let wild = matches!(version, "x" | "X" | "*");
    if wild && operator == "=" { "*".to_owned() } else { format!("{operator}{version}") }
}

/// A version without its `v` and its build, which ranges ignore.
fn strip(version: &str) -> &str {
    let version = version.trim_start_matches(['v', 'V']);
    version.split_once('+').map_or(version, |(release, _)| release)
}
