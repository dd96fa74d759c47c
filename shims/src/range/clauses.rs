//! Ranges as clauses over the one version order: any of some lists, all of a list.
//!
//! Every dialect but npm's is read into these.

use crate::version::{Numbers, Version};

/// Any of these lists of clauses, of which all must hold.
pub type Clauses = Vec<Vec<Clause>>;

/// One clause of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    pub(super) operator: Operator,
    pub(super) version: Version,
}

/// How a version must compare with the clause's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Less,
    AtMost,
    Equal,
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

/// Whether a version satisfies all clauses of one of the lists.
///
/// A pre-release does only if a clause of that list names one.
pub(super) fn contains(any: &Clauses, version: &Version) -> bool {
    any.iter().any(|all| {
        let names_prerelease = all.iter().any(|clause| clause.version.is_prerelease());
        (names_prerelease || !version.is_prerelease())
            && all.iter().all(|clause| clause.contains(version))
    })
}

impl Clause {
    fn contains(&self, version: &Version) -> bool {
        let (own, seen) = (self.version.numbers(), version.numbers());
        let order = version.cmp_release(&self.version);
        let same = starts_with(seen, own.as_slice())
            && starts_with(own, seen.as_slice())
            && (version.tail() == self.version.tail() || self.is_release_of(version));
        match self.operator {
            Operator::Less => order.is_lt() && !same,
            Operator::AtMost => order.is_lt() || same,
            Operator::Equal => same,
            Operator::NotEqual => !same,
            Operator::AtLeast => order.is_gt() || same,
            Operator::Greater => order.is_gt() && !same,
            Operator::Compatible(alike) => {
                let alike = &own.as_slice()[..alike.min(own.as_slice().len())];
                (order.is_gt() || same) && starts_with(seen, alike)
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

/// Whether numbers begin with others; missing ones are zero.
fn starts_with(numbers: &Numbers, start: &[u64]) -> bool {
    start.iter().enumerate().all(|(place, number)| numbers.at(place) == *number)
}
