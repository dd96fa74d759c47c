//! Ranges of versions, in the dialects in which version files write them.

use crate::version::{Numbers, Version, numbers};

/// In which language a range is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// npm's: `>=10 <12 || 14.x`, `^12.1`, `~12.1.3`, `10 - 12`.
    Npm,
    /// Python's PEP 440: `>=3.8,<3.13`, `~=3.9`, `==3.11.*`, `!=3.9.7`.
    Pep440,
}

/// A set of versions.
#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    /// Any of these; the `semver` crate's arithmetic.
    Semver(Vec<semver::VersionReq>),
    /// All of these.
    Pep440(Vec<Clause>),
}

/// One clause of a PEP 440 specifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    operator: Operator,
    version: Version,
}

/// What a clause demands of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    NotEqual,
    AtLeast,
    Greater,
    /// `~=3.9.1`: at least that, and alike but for the last number.
    Compatible,
    /// `==3.9.*`.
    Within,
    /// `!=3.9.*`.
    NotWithin,
}

impl Range {
    /// Reads a range; `None` if the text is none in this dialect.
    pub fn parse(text: &str, dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::Npm => npm(text).map(Self::Semver),
            Dialect::Pep440 => pep440(text).map(Self::Pep440),
        }
    }

    /// Whether a version belongs to it.
    ///
    /// Flavours other than the tool's usual one never do, and pre-releases only if a bound
    /// names one of the same numbers.
    pub fn admits(&self, version: &Version) -> bool {
        if !version.flavour().is_empty() || version.is_free_threaded() {
            return false;
        }
        match self {
            Self::Semver(any) => {
                let version = semver_of(version);
                any.iter().any(|range| range.matches(&version))
            }
            Self::Pep440(all) => {
                let wanted = all.iter().any(|clause| clause.version.is_prerelease());
                (wanted || !version.is_prerelease())
                    && all.iter().all(|clause| clause.admits(version))
            }
        }
    }
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

/// npm's ranges, put into the words of the `semver` crate: `||` splits, a space is a comma, a
/// bare version means itself, and a hyphen range is two bounds.
///
/// The rules are those of node-semver's README.
fn npm(text: &str) -> Option<Vec<semver::VersionReq>> {
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
    let wild = matches!(version, "" | "x" | "X" | "*");
    if wild && operator == "=" { "*".to_owned() } else { format!("{operator}{version}") }
}

/// A version without its `v`, and without the build that no range looks at.
fn strip(version: &str) -> &str {
    let version = version.trim_start_matches(['v', 'V']);
    version.split_once('+').map_or(version, |(release, _)| release)
}

/// The clauses of a PEP 440 specifier, separated by commas.
fn pep440(text: &str) -> Option<Vec<Clause>> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(clause).collect()
}

fn clause(part: &str) -> Option<Clause> {
    let rest = part.trim_start_matches(['<', '>', '=', '~', '!']);
    let written = rest.trim();
    let (bare, wild) = match written.strip_suffix(".*") {
        Some(bare) => (bare, true),
        None => (written, false),
    };
    let operator = match (&part[..part.len() - rest.len()], wild) {
        ("<", false) => Operator::Less,
        ("<=", false) => Operator::AtMost,
        ("==" | "===", false) => Operator::Equal,
        ("!=", false) => Operator::NotEqual,
        (">=", false) => Operator::AtLeast,
        (">", false) => Operator::Greater,
        ("~=", false) => Operator::Compatible,
        ("==", true) => Operator::Within,
        ("!=", true) => Operator::NotWithin,
        _ => return None,
    };
    Version::parse(bare).map(|version| Clause { operator, version })
}

impl Clause {
    fn admits(&self, version: &Version) -> bool {
        let (wanted, seen) = (self.version.numbers(), version.numbers());
        let order = version.cmp(&self.version);
        let same = starts_with(seen, wanted.as_slice())
            && starts_with(wanted, seen.as_slice())
            && version.tail() == self.version.tail();
        match self.operator {
            Operator::Less => order.is_lt() && !same,
            Operator::AtMost => order.is_lt() || same,
            Operator::Equal => same,
            Operator::NotEqual => !same,
            Operator::AtLeast => order.is_gt() || same,
            Operator::Greater => order.is_gt() && !same,
            Operator::Compatible => (order.is_gt() || same) && starts_with(seen, but_last(wanted)),
            Operator::Within => starts_with(seen, wanted.as_slice()),
            Operator::NotWithin => !starts_with(seen, wanted.as_slice()),
        }
    }
}

fn but_last(numbers: &Numbers) -> &[u64] {
    let all = numbers.as_slice();
    &all[..all.len().saturating_sub(1)]
}

/// Whether numbers begin with others; what isn't written is zero.
fn starts_with(numbers: &Numbers, start: &[u64]) -> bool {
    start.iter().enumerate().all(|(place, number)| numbers.at(place) == *number)
}

/// Whether a text begins like a range and not like a version.
pub(crate) fn looks_like_range(text: &str) -> bool {
    let first = text.trim_start_matches(['v', 'V']);
    text.starts_with(['<', '>', '=', '~', '^', '!', '*'])
        || text.contains("||")
        || text.contains(" - ")
        || text.contains(',')
        || (numbers(first).is_some() && first.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, range: &str, inside: &str, outside: &str) {
        let parsed = Range::parse(range, dialect).unwrap_or_else(|| panic!("{range}"));
        for (list, expected) in [(inside, true), (outside, false)] {
            for text in list.split_whitespace() {
                let version = Version::parse(text).unwrap();
                assert_eq!(parsed.admits(&version), expected, "{text} in {range}");
            }
        }
    }

    #[test]
    fn npm_ranges() {
        let check = |range, inside, outside| check(Dialect::Npm, range, inside, outside);
        check(">=10 <12 || 14.x", "10.0.0 11.15.0 14.2.1", "9.9.9 12.0.0 13.1.0 15.0.0 14.0.0-rc1");
        check(
            "^12.13.0 || ^14.15.0 || >=16.0.0",
            "12.13.0 14.15.1 16.0.0 20.1.0",
            "12.12.0 13.0.0 15.0.0",
        );
        check("6 >=6.2.0 || 8 || >=9.3.0", "6.2.0 8.1.0 9.3.0 12.0.0", "6.1.0 7.0.0 9.2.0");
        check("10 - 12", "10.0.0 12.22.12", "9.0.0 13.0.0");
        check(">= 10.1.2", "10.1.2 11.0.0", "10.1.1");
        check("v12.1", "12.1.0 12.1.9", "12.2.0");
        check("~10.15", "10.15.3", "10.16.0");
        check("*", "4.0.0", "");
        check("", "4.0.0", "");
        check("<7", "6.14.18", "7.0.0");
        check("=12.0.0", "12.0.0", "12.0.1");
    }

    #[test]
    fn pep440_specifiers() {
        let check = |range, inside, outside| check(Dialect::Pep440, range, inside, outside);
        check(">=3.8,<3.13", "3.8 3.8.0 3.12.9", "3.7.16 3.13 3.13.0 3.13.0rc1");
        check("~=3.9", "3.9 3.9.1 3.14.0", "3.8.9 4.0");
        check("~=3.9.1", "3.9.1 3.9.20", "3.9.0 3.10.0");
        check("==3.11.*", "3.11 3.11.7", "3.12.0");
        check("==3.11", "3.11 3.11.0", "3.11.1");
        check("!=3.9.*, >=3.8", "3.8.1 3.10.0", "3.9.4 3.7.0");
        check(">3.8", "3.9.0 3.8.1", "3.8.0 3.8");
        check(">=3.13.0rc1", "3.13.0rc2 3.13.0", "3.13.0b1");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [">=", "^", "hello", ">=a", "1 || x y z", ">=1 <"] {
            assert_eq!(Range::parse(text, Dialect::Npm), None, "{text}");
        }
        for text in ["3.8", ">=", "=>3.8", "~3.8", ">=3.8.*", "^3.8"] {
            assert_eq!(Range::parse(text, Dialect::Pep440), None, "{text}");
        }
    }
}
