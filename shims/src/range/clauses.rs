//! Ranges as clauses over the one version order: any of some lists, all of a list.
//!
//! Every dialect but npm's is read into these.

use usher_tool::Dialect;

use crate::version::{Numbers, Version};

/// Any of some lists of clauses, of which all must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clauses {
    pub(super) lists: Vec<Vec<Clause>>,
    /// Whose rules for pre-releases apply.
    pub(super) dialect: Dialect,
}

/// One clause of a range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clause {
    pub(super) operator: Operator,
    pub(super) version: Version,
}

/// How a version must compare with the clause's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Less,
    AtMost,
    Equal,
    /// The same text: `===3.9.0`.
    Identical,
    NotEqual,
    AtLeast,
    Greater,
    /// At least that, with this many equal numbers: `~> 3.1.2`, `^8.1`, `~=3.9.1`.
    Compatible(usize),
    /// With these first numbers: `==3.9.*`.
    Within,
    /// Not with these first numbers: `!=3.9.*`.
    NotWithin,
    /// At most that, or with these first numbers: the end of `8.0 - 8.2`.
    UpTo,
}

impl Clauses {
    /// Whether it is a single version.
    pub(super) fn names_one_version(&self) -> bool {
        let is_exact = |clause: &Clause| clause.operator == Operator::Equal;
        matches!(self.lists.as_slice(), [all] if all.iter().any(is_exact))
    }

    /// Whether a version satisfies all clauses of one of the lists.
    ///
    /// A pre-release does only if a clause of that list names one.
    pub(super) fn contains(&self, version: &Version) -> bool {
        self.lists.iter().any(|all| {
            let is_admitted = !version.is_prerelease()
                || all.iter().any(|clause| clause.names_prerelease(self.dialect));
            is_admitted && all.iter().all(|clause| clause.contains(version, self.dialect))
        })
    }
}

impl Clause {
    /// Whether it names a pre-release, so that its list admits them. Who excludes one of them asks
    /// for none by that, except in Ruby's dialect and Elixir's; and Composer's `-dev` only says
    /// where a range begins or ends.
    fn names_prerelease(&self, dialect: Dialect) -> bool {
        let is_counted = self.operator != Operator::NotEqual
            || matches!(dialect, Dialect::Gem | Dialect::Elixir);
        let is_flag = dialect == Dialect::Composer && self.version.tail() == "-dev";
        is_counted && !is_flag && self.version.is_prerelease()
    }

    fn contains(&self, version: &Version, dialect: Dialect) -> bool {
        let (own, seen) = (self.version.numbers(), version.numbers());
        let order = version.cmp_release(&self.version);
        let has_numbers = starts_with(seen, own.as_slice()) && starts_with(own, seen.as_slice());
        let same = has_numbers && (order.is_eq() || self.is_release_of(version));
        // A pre-release of this very version, which is a release.
        let precedes = has_numbers && version.is_prerelease() && !self.version.is_prerelease();
        let at_least = || order.is_gt() || same || (precedes && begins_before_releases(dialect));
        match self.operator {
            Operator::Less => {
                order.is_lt() && !same && !(precedes && ends_before_prereleases(dialect))
            }
            Operator::AtMost => order.is_lt() || same,
            Operator::Equal => same,
            Operator::Identical => version.as_str() == self.version.as_str(),
            Operator::NotEqual => !same,
            Operator::AtLeast => at_least(),
            Operator::Greater => order.is_gt() && !same,
            Operator::Compatible(alike) => {
                let alike = &own.as_slice()[..alike.min(own.as_slice().len())];
                at_least() && starts_with(seen, alike)
            }
            Operator::Within => starts_with(seen, own.as_slice()),
            Operator::NotWithin => !starts_with(seen, own.as_slice()),
            Operator::UpTo => order.is_lt() || starts_with(seen, own.as_slice()),
        }
    }

    /// Whether the clause is a release without a build, and the version isn't a pre-release:
    /// `1.15.7` is also `1.15.7-otp-26`, and `2.0.0` also `2.0.0-p648`.
    fn is_release_of(&self, version: &Version) -> bool {
        self.version.tail().is_empty() && !version.is_prerelease()
    }
}

/// Whether `<3.14` excludes the pre-releases of 3.14, as in PEP 440 ("exclusive ordered
/// comparison") and in Composer, which reads `<3.14.0.0-dev`.
fn ends_before_prereleases(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Pep440 | Dialect::Poetry | Dialect::Composer)
}

/// Whether `>=8.4` includes the pre-releases of 8.4: Composer reads `>=8.4.0.0-dev`.
fn begins_before_releases(dialect: Dialect) -> bool {
    dialect == Dialect::Composer
}

/// Whether numbers begin with others; missing ones are zero.
fn starts_with(numbers: &Numbers, start: &[u64]) -> bool {
    start.iter().enumerate().all(|(place, number)| numbers.at(place) == *number)
}
