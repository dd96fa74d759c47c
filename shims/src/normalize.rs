//! Other spellings of versions, by the rules in a tool's registry file.

use std::borrow::Cow;

use crate::tool::Tool;
use crate::version::{Version, is_operator, strip_v};

/// The placeholder for digits and dots in a rule.
const PLACEHOLDER: &str = "{}";

/// The placeholder for anything, at the end of a rule.
const REST: &str = "{_}";

/// A text in the tool's own spelling: the first rule that matches all of it applies.
pub fn normalize<'a>(text: &'a str, tool: &Tool) -> Cow<'a, str> {
    let applied =
        tool.normalize.iter().find_map(|(from, to)| Some(filled(to, &parts(text, from)?)));
    applied.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A text without the first prefix that has a version or a range behind it.
pub fn without_prefix<'a>(text: &'a str, tool: &Tool) -> &'a str {
    let is_version =
        |rest: &&str| strip_v(rest).starts_with(|c: char| c.is_ascii_digit() || is_operator(c));
    let mut rests = tool.prefixes.iter().filter_map(|prefix| text.strip_prefix(prefix));
    rests.find(is_version).unwrap_or(text)
}

/// A text in the spelling of another one: 21.0.5-tem like 17.0.9-tem. `None` if the other text is
/// in the tool's own spelling or has only numbers (1.8 doesn't show how to spell 21), or if its rules
/// don't produce this text.
///
/// The rule that matches the other text is tried first, then those of its shape: another vendor's.
pub fn in_spelling_of(text: &str, other: &str, tool: &Tool) -> Option<String> {
    let fitting = tool.normalize.iter().find(|(from, _)| parts(other, from).is_some())?;
    if !fitting.0.contains(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let alike = tool.normalize.iter().filter(|(from, _)| shape(from) == shape(fitting.0));
    let spelled = |(from, to): &(&str, &str)| {
        let spelled = filled(from, &parts(text, to)?);
        // A rule may leave out numbers, which nobody knows then.
        (!spelled.contains('{')).then_some(spelled)
    };
    [fitting].into_iter().chain(alike).find_map(spelled)
}

/// How many placeholders a rule has, whether it begins with one, and the character after the last.
fn shape(rule: &str) -> (usize, bool, Option<char>) {
    let behind = rule.rsplit(PLACEHOLDER).next().unwrap_or_default();
    (rule.matches(PLACEHOLDER).count(), rule.starts_with(PLACEHOLDER), behind.chars().next())
}

/// The version in a folder's name, or in a program's or manager's output, in the tool's own
/// spelling.
pub fn version(text: &str, tool: &Tool) -> Option<Version> {
    Version::parse(&normalize(without_prefix(text, tool), tool))
}

/// One side of a rule with its placeholders filled.
fn filled(rule: &str, parts: &[&str]) -> String {
    parts.iter().fold(rule.to_owned(), |spelled, part| spelled.replacen(PLACEHOLDER, part, 1))
}

/// The values of a rule's placeholders, if it matches.
fn parts<'a>(text: &'a str, rule: &str) -> Option<Vec<&'a str>> {
    let (rule, is_open) = match rule.strip_suffix(REST) {
        Some(rule) => (rule, true),
        None => (rule, false),
    };
    let mut literals = rule.split(PLACEHOLDER);
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut parts = Vec::new();
    for literal in literals {
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let part = rest[..length].trim_end_matches('.');
        if part.is_empty() || part.starts_with('.') {
            return None;
        }
        parts.push(part);
        rest = rest[part.len()..].strip_prefix(literal)?;
    }
    (rest.is_empty() != is_open).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalization_rules_match_whole_texts() {
        let cases: &[(&str, &str, Option<&[&str]>)] = &[
            ("{}p{}", "3.2.1p31", Some(&["3.2.1", "31"])),
            ("{}p{}", "3.2.1", None),
            ("{}p{}", "3.2.1p31x", None),
            ("{}u{}-b{}", "8u402-b06", Some(&["8", "402", "06"])),
            ("1.{}", "1.8", Some(&["8"])),
            ("1.{}", "11.8", None),
            ("x-{}", "x-.1", None),
            ("{}-tem", "21.0.5-tem", Some(&["21.0.5"])),
            ("none", "none", Some(&[])),
            ("{}@{_}", "3.1.2@set", Some(&["3.1.2"])),
            ("{}@{_}", "3.1.2@", None),
        ];
        for (rule, text, expected) in cases {
            assert_eq!(parts(text, rule).as_deref(), *expected, "{text} by {rule}");
        }
    }
}
