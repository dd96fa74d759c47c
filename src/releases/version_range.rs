//! Registry rules that apply to some versions only.

use usher_shims::range::{Dialect, Range};
use usher_shims::version::Version;

/// Whether a rule with this range (in npm's dialect) applies to a version. Without a range it applies
/// to all; with an invalid one, to none.
pub(super) fn applies_to(range: Option<&str>, version: &Version) -> bool {
    let range = range.map(|range| Range::parse(range, Dialect::Npm));
    range.is_none_or(|range| range.is_some_and(|range| range.contains(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_a_range_holds_for_all() {
        let check = |range: Option<&str>, expected: bool| {
            let version = Version::parse("12.22.12").unwrap();
            assert_eq!(applies_to(range, &version), expected, "{range:?}");
        };
        check(None, true);
        check(Some(">=12 <13"), true);
        check(Some(">=13"), false);
        check(Some("no range"), false);
    }
}
