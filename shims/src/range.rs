//! Ranges of versions, in the dialects of version files.

mod clause_parser;
mod clauses;
mod npm;

use clauses::Clauses;

pub use usher_tool::Dialect;

use crate::version::{Version, is_operator, numbers};

/// A set of versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    bounds: Bounds,
    build: Build,
}

/// The bounds of a range.
#[derive(Debug, Clone, PartialEq)]
enum Bounds {
    /// Any of these; the `semver` crate's arithmetic.
    Semver(Vec<semver::VersionReq>),
    /// Clauses over the one version order.
    Clauses(Clauses),
}

/// Whose versions a range is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Build {
    /// Those that match a request without a flavour.
    Default,
    /// Free-threaded ones: `>=3.13t`.
    FreeThreaded,
    /// Those of a flavour: `pypy>=3.10`, `jruby > 9.3, < 9.5`.
    Flavour(Box<str>),
}

impl Range {
    /// Reads a range; `None` if the text isn't one in this dialect.
    pub fn parse(text: &str, dialect: Dialect) -> Option<Self> {
        let bounds = match dialect {
            Dialect::Npm => npm::parse(text).map(Bounds::Semver),
            Dialect::Pep440
            | Dialect::Poetry
            | Dialect::Gem
            | Dialect::Elixir
            | Dialect::Composer
            | Dialect::Minimum
            | Dialect::Perl => clause_parser::parse(text, dialect).map(Bounds::Clauses),
        };
        Some(Self { bounds: bounds?, build: Build::Default })
    }

    /// Reads a text that looks like a range; it may be one of free-threaded builds, or of a flavour.
    /// `None` if it doesn't look like one, the error if it isn't one.
    pub(crate) fn of_builds(text: &str, dialect: Dialect) -> Option<Result<Self, &'static str>> {
        let (bounds, build) = match flavoured(text) {
            Some((flavour, bounds)) => (bounds, Build::Flavour(flavour.into())),
            None if !looks_like_range(text) => return None,
            None => match text.strip_suffix('t') {
                Some(bounds) if bounds.ends_with(|c: char| c.is_ascii_digit()) => {
                    (bounds, Build::FreeThreaded)
                }
                Some(_) | None => (text, Build::Default),
            },
        };
        let range = Self::parse(bounds, dialect).map(|range| Self { build, ..range });
        Some(range.ok_or("invalid range"))
    }

    /// Whether it can contain one version alone: `= 3.1`.
    pub fn names_one_version(&self) -> bool {
        matches!(&self.bounds, Bounds::Clauses(clauses) if clauses.names_one_version())
    }

    /// Whether it contains no version at all.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.bounds, Bounds::Semver(any) if npm::is_empty(any))
    }

    /// Whose versions it is of.
    pub fn build(&self) -> &Build {
        &self.build
    }

    /// Reads a constraint, in which a bare version may be a range.
    pub(crate) fn parse_bare(text: &str, dialect: Dialect) -> Option<Self> {
        if reads_bare(text, dialect) { Self::parse(text, dialect) } else { None }
    }

    /// Whether it contains a version, of any flavour.
    ///
    /// It contains a pre-release only if a bound is one, in npm's dialect one of the same numbers.
    pub fn contains(&self, version: &Version) -> bool {
        match &self.bounds {
            Bounds::Semver(any) => npm::contains(any, version),
            Bounds::Clauses(clauses) => clauses.contains(version),
        }
    }
}

/// Whether a bare version is a range in a constraint: a minimum, or that version alone.
fn reads_bare(text: &str, dialect: Dialect) -> bool {
    match dialect {
        // A version with a label that the range ignores.
        Dialect::Elixir | Dialect::Npm => text.contains('+') || text.contains("x-"),
        Dialect::Poetry | Dialect::Composer | Dialect::Minimum | Dialect::Perl => true,
        Dialect::Pep440 | Dialect::Gem => false,
    }
}

/// Splits `pypy>=3.10` and `jruby > 9.3, < 9.5` into the flavour and the bounds.
fn flavoured(text: &str) -> Option<(&str, &str)> {
    let start = text.find(is_operator)?;
    let (flavour, bounds) = text.split_at(start);
    let flavour = flavour.trim_end_matches(['@', ' ', '-']);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_flavour = flavour.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(flavour, "v" | "V" | "x" | "X")
        && flavour.chars().all(is_word);
    is_flavour.then_some((flavour, bounds))
}

/// Whether a text looks like a range and not like a version.
fn looks_like_range(text: &str) -> bool {
    let first = text.trim_start_matches(['v', 'V']);
    text.starts_with(is_operator)
        || text.starts_with('*')
        || text.contains('|')
        || text.contains(" - ")
        || text.contains(',')
        || text.contains(" and ")
        || text.contains(" or ")
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
                assert_eq!(parsed.contains(&version), expected, "{text} in {range}");
            }
        }
    }

    #[test]
    fn npm_ranges_match_versions() {
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
        check(">=*", "4.0.0", "");
        check(">X", "", "4.0.0");
        check("x - 1.0.0", "0.9.0 1.0.0", "1.0.1");
        check("1.0.0 - x", "1.0.0 9.0.0", "0.9.0");
        check("1.x+build.123", "1.4.0", "2.0.0");
        check("1.x.x-alpha+build", "1.4.0", "2.0.0");
        check("~2.*.1", "2.0.0 2.9.0", "3.0.0");
    }

    #[test]
    fn composer_constraints_match_versions() {
        let check = |range, inside, outside| check(Dialect::Composer, range, inside, outside);
        check(">=8.4.0RC1,<8.5", "8.4.0RC1 8.4.5", "8.4.0beta1 8.5.0alpha1 8.5.0");
        check(">=8.1 !=8.4.0RC1", "8.1.0 8.4.0", "8.4.0RC1 8.4.0RC2");
        check("^8.4.0-rc1", "8.4.0RC1 8.4.0RC2 8.9.0", "8.4.0beta1 9.0.0alpha1");
        check("<8.5-DEV", "8.4.9", "8.5.0 8.5.0alpha1 8.4.0RC1");
        check(">8.0-dev", "8.0.0 8.1.0", "7.4.0 8.1.0RC1");
        check("^8.1.", "8.1.27 8.4.0", "9.0.0");
        check("8.1.", "8.1.0", "8.1.27");
        check("^8.1.2+build", "8.1.2", "8.1.1");
        check("7.4 - 8.1", "7.4.0 8.1.9", "8.2.0");
        check("7.4 - 8.1.2", "8.1.2", "8.1.3");
        check("7.4.0 - 8.1-RC1", "8.1.0RC1 8.0.9", "8.1.0 8.1.1");
        check("8.1.*@dev || ~8.3.1", "8.1.4 8.3.2", "8.2.0 8.4.0");
    }

    #[test]
    fn poetry_constraints_match_versions() {
        let check = |range, inside, outside| check(Dialect::Poetry, range, inside, outside);
        check(">=3.8 <3.12", "3.8.0 3.11.2", "3.12.0 3.13.2");
        check("^3.9 | ~2.7", "3.9.1 2.7.18", "3.8.0 2.6.0 4.0.0");
        check("~=3", "3.0.0 3.9.0", "4.0.0");
    }

    #[test]
    fn gem_and_elixir_requirements_match_versions() {
        let gem = |range, inside, outside| check(Dialect::Gem, range, inside, outside);
        gem(">= 3.3.0.preview1", "3.3.0-preview1 3.3.0-rc1 3.3.0", "3.2.9 3.3.0-dev");
        gem(">= 3.2, != 3.3.0.rc1", "3.2.0 3.3.0", "3.3.0-rc1");
        gem("= 3.1", "3.1.0", "3.1.4");
        let elixir = |range, inside, outside| check(Dialect::Elixir, range, inside, outside);
        elixir("== 0.9.3+dev", "0.9.3", "0.9.4");
        elixir("~> 1.15.0-rc.0", "1.15.0-rc.1 1.15.7-otp-26", "1.16.0");
    }

    #[test]
    fn pep440_specifiers_match_versions() {
        let check = |range, inside, outside| check(Dialect::Pep440, range, inside, outside);
        check(">=3.8,<3.13", "3.8 3.8.0 3.12.9", "3.7.16 3.13 3.13.0 3.13.0rc1");
        check("~=3.9", "3.9 3.9.1 3.14.0", "3.8.9 4.0");
        check("~=3.9.1", "3.9.1 3.9.20", "3.9.0 3.10.0");
        check("==3.11.*", "3.11 3.11.7", "3.12.0");
        check("==3.11", "3.11 3.11.0", "3.11.1");
        check("!=3.9.*, >=3.8", "3.8.1 3.10.0", "3.9.4 3.7.0");
        check(">3.8", "3.9.0 3.8.1", "3.8.0 3.8");
        check(">=3.13.0rc1", "3.13.0rc2 3.13.0", "3.13.0b1");
        check(">=3.13.0rc1,<3.14", "3.13.0rc1 3.13.5", "3.14.0a7 3.14.0");
        check("<3.14.0b1,>=3.13", "3.14.0a7", "3.14.0b1");
        check(">=3.9,!=3.14.0a1", "3.13.5", "3.14.0a1 3.14.0a2");
        check("==3.14.0-RC1", "3.14.0rc1", "3.14.0rc2 3.14.0");
        check(">=3.14.0.preview1", "3.14.0rc1", "3.14.0b4");
        check(">=3.14.0alpha1", "3.14.0a2 3.14.0b1", "3.14.0.dev1");
        check(">=3.14.0a1.dev1,<3.14.0b1", "3.14.0a1", "3.14.0.dev3");
        check("===3.9.1", "3.9.1", "3.9.10");
        check("===3.9", "", "3.9.0");
    }

    #[test]
    fn invalid_ranges_are_rejected() {
        for text in [">=", "=", "^", "hello", ">=a", "1 || x y z", ">=1 <"] {
            assert_eq!(Range::parse(text, Dialect::Npm), None, "{text}");
        }
        for text in [">=*.1", "x.1", "1.x.2", "1.2.3.4", "1.2.3 ~", "- 1"] {
            assert_eq!(Range::parse(text, Dialect::Npm), None, "{text}");
        }
        for text in ["3.8", ">=", "=>3.8", "~3.8", ">=3.8.*", "^3.8", "==3.14.0a1.*", ">=3.13t"] {
            assert_eq!(Range::parse(text, Dialect::Pep440), None, "{text}");
        }
    }
}
