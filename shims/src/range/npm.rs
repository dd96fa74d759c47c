//! npm's ranges, by the arithmetic of the `semver` crate.

use crate::version::Version;

/// Contains no version.
const NOTHING: &str = "<0.0.0-0";

/// Whether a version belongs to one of these.
pub(super) fn contains(any: &[semver::VersionReq], version: &Version) -> bool {
    let Some(version) = semver_of(version) else { return false };
    any.iter().any(|range| range.matches(&version))
}

/// A version as the `semver` crate knows it; `None` for a pre-release that npm couldn't name.
fn semver_of(version: &Version) -> Option<semver::Version> {
    let numbers = version.numbers();
    let mut converted = semver::Version::new(numbers.at(0), numbers.at(1), numbers.at(2));
    if version.is_prerelease() {
        let tail = version.tail().trim_start_matches(['-', '.', '_']);
        converted.pre = semver::Prerelease::new(tail.split('+').next()?).ok()?;
    }
    Some(converted)
}

/// npm's ranges, translated for the `semver` crate: `||` splits, a space is a comma, a bare version
/// means itself, and a hyphen range is two bounds.
///
/// The rules are those of node-semver's README.
pub(super) fn parse(text: &str) -> Option<Vec<semver::VersionReq>> {
    text.split("||").map(|alternative| semver_range(alternative.trim())).collect()
}

fn semver_range(text: &str) -> Option<semver::VersionReq> {
    let comparators = match text.split_once(" - ") {
        Some((low, high)) => vec![bound(">=", low.trim())?, bound("<=", high.trim())?],
        None => {
            let joined = join_operators(text);
            let parts = joined.split([' ', ',']).filter(|part| !part.is_empty());
            parts.map(comparator).collect::<Option<Vec<_>>>()?
        }
    };
    let bounds: Vec<&str> =
        comparators.iter().map(String::as_str).filter(|bound| !bound.is_empty()).collect();
    match bounds.is_empty() {
        true => Some(semver::VersionReq::STAR),
        false => semver::VersionReq::parse(&bounds.join(",")).ok(),
    }
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

fn comparator(part: &str) -> Option<String> {
    let version = part.trim_start_matches(['<', '>', '=', '~', '^']);
    let operator = match &part[..part.len() - version.len()] {
        "" | "==" => "=",
        "~>" | "~=" => "~",
        "^=" => "^",
        other => other,
    };
    bound(operator, version)
}

/// One bound for the `semver` crate; empty if it contains every version.
fn bound(operator: &str, version: &str) -> Option<String> {
    match (numbers(version)?, operator) {
        ("", "<" | ">") => Some(NOTHING.to_owned()),
        ("", "=" | "<=" | ">=" | "~" | "^") => Some(String::new()),
        (version, operator) => Some(format!("{operator}{version}")),
    }
}

/// A version without its `v` and its build, up to the first number that may be any: `1.x.x-alpha`
/// is 1. `None` if it isn't one.
fn numbers(version: &str) -> Option<&str> {
    let version = version.trim_start_matches(['v', 'V']);
    let version = version.split_once('+').map_or(version, |(release, _)| release);
    if version.is_empty() {
        return None;
    }
    let mut end = 0;
    for (place, part) in version.splitn(3, '.').enumerate() {
        let number = part.split('-').next().filter(|_| place == 2).unwrap_or(part);
        if matches!(number, "x" | "X" | "*") {
            // What is behind it must be any as well, or a pre-release's name.
            let rest = version[end..].trim_start_matches(['.', 'x', 'X', '*']);
            return (rest.is_empty() || rest.starts_with('-')).then_some(&version[..end]);
        }
        end += part.len() + usize::from(place > 0);
    }
    Some(version)
}
