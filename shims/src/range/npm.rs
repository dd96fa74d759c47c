//! npm's ranges, by the arithmetic of the `semver` crate.

use crate::version::{Version, is_operator};

/// Contains no version.
const NOTHING: &str = "<0.0.0-0";

/// Whether a version belongs to one of these.
pub(super) fn contains(any: &[semver::VersionReq], version: &Version) -> bool {
    let Some(version) = semver_of(version) else { return false };
    any.iter().any(|range| range.matches(&version))
}

/// Whether it contains no version at all: `>x`.
pub(super) fn is_empty(any: &[semver::VersionReq]) -> bool {
    let is_nothing = |bound: &semver::Comparator| {
        bound.op == semver::Op::Less && bound.major == 0 && bound.pre.as_str() == "0"
    };
    any.iter().all(|range| range.comparators.iter().any(is_nothing))
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
    let mut bounds = String::new();
    let mut add = |bound: String| {
        if !bounds.is_empty() && !bound.is_empty() {
            bounds.push(',');
        }
        bounds.push_str(&bound);
    };
    if let Some((low, high)) = text.split_once(" - ") {
        add(bound(">=", split_at_any(low.trim())?.0));
        add(bound("<=", split_at_any(high.trim())?.0));
    } else {
        for part in join_operators(text).split([' ', ',']).filter(|part| !part.is_empty()) {
            add(comparator(part)?);
        }
    }
    match bounds.is_empty() {
        true => Some(semver::VersionReq::STAR),
        false => semver::VersionReq::parse(&bounds).ok(),
    }
}

/// `>= 10` is `>=10`.
fn join_operators(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for character in text.chars() {
        let after_operator = joined.ends_with(is_operator);
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
    let version = part.trim_start_matches(is_operator);
    let operator = match &part[..part.len() - version.len()] {
        "" | "==" => "=",
        "~>" | "~=" => "~",
        "^=" => "^",
        operator if operator.contains('!') => return None,
        operator => operator,
    };
    let (numbers, rest) = split_at_any(version)?;
    let is_any = |part: &str| matches!(part, "" | "x" | "X" | "*");
    let is_consistent = rest.split('-').next().is_none_or(|rest| rest.split('.').all(is_any));
    // Behind a tilde or a caret, what follows a number that may be any is ignored.
    (is_consistent || matches!(operator, "~" | "^")).then(|| bound(operator, numbers))
}

/// One bound for the `semver` crate; empty if it contains every version.
fn bound(operator: &str, numbers: &str) -> String {
    match (numbers, operator) {
        ("", "<" | ">") => NOTHING.to_owned(),
        ("", _) => String::new(),
        (numbers, operator) => format!("{operator}{numbers}"),
    }
}

/// A version without its `v` and its build, in front of the first number that may be any, and what is
/// behind it: `1.x.x-alpha` is 1.
fn split_at_any(version: &str) -> Option<(&str, &str)> {
    let version = version.trim_start_matches(['v', 'V', '=']);
    let version = version.split_once('+').map_or(version, |(release, _)| release);
    let mut end = 0;
    for (place, part) in version.splitn(3, '.').enumerate() {
        let number = part.split('-').next().filter(|_| place == 2).unwrap_or(part);
        if matches!(number, "x" | "X" | "*") {
            return Some((&version[..end], version[end..].trim_start_matches('.')));
        }
        end += part.len() + usize::from(place > 0);
    }
    (!version.is_empty()).then_some((version, ""))
}
