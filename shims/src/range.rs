//! Ranges of versions, in the dialects of version files.

mod clause_parser;
mod clauses;
mod npm;

pub use clauses::{Clause, Clauses};

pub use usher_tool::Dialect;

use crate::version::{Version, numbers};

/// A set of versions.
#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    /// Any of these; the `semver` crate's arithmetic.
    Semver(Vec<semver::VersionReq>),
    /// Clauses over the one version order.
    Clauses(Clauses),
}

impl Range {
    /// Reads a range; `None` if the text isn't one in this dialect.
    pub fn parse(text: &str, dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::Npm => npm::parse(text).map(Self::Semver),
            Dialect::Pep440
            | Dialect::Poetry
            | Dialect::Gem
            | Dialect::Elixir
            | Dialect::Composer
            | Dialect::Minimum
            | Dialect::Perl => clause_parser::parse(text, dialect).map(Self::Clauses),
        }
    }

    /// Reads a constraint, in which a bare version may be a range.
    pub(crate) fn parse_bare(text: &str, dialect: Dialect) -> Option<Self> {
        if reads_bare(dialect) { Self::parse(text, dialect) } else { None }
    }

    /// Whether it contains a version, of any flavour.
    ///
    /// It contains a pre-release only if a bound is a pre-release of the same numbers.
    pub fn contains(&self, version: &Version) -> bool {
        match self {
            Self::Semver(any) => npm::contains(any, version),
            Self::Clauses(any) => clauses::contains(any, version),
        }
    }
}

/// Whether a bare version is a range in a constraint: a minimum, or that version alone.
fn reads_bare(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Poetry | Dialect::Composer | Dialect::Minimum | Dialect::Perl => true,
        Dialect::Npm | Dialect::Pep440 | Dialect::Gem | Dialect::Elixir => false,
    }
}

/// Whether a text looks like a range and not like a version.
pub(crate) fn looks_like_range(text: &str) -> bool {
    let first = text.trim_start_matches(['v', 'V']);
    text.starts_with(['<', '>', '=', '~', '^', '!', '*'])
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
    }

    #[test]
    fn invalid_ranges_are_rejected() {
        for text in [">=", "=", "^", "hello", ">=a", "1 || x y z", ">=1 <"] {
            assert_eq!(Range::parse(text, Dialect::Npm), None, "{text}");
        }
        for text in ["3.8", ">=", "=>3.8", "~3.8", ">=3.8.*", "^3.8"] {
            assert_eq!(Range::parse(text, Dialect::Pep440), None, "{text}");
        }
    }
}
