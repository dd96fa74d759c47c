//! The dialects whose ranges are clauses: PEP 440, Poetry, Ruby, Elixir, Composer, go.mod, Perl.

use std::borrow::Cow;

use super::clauses::{Clause, Clauses, Operator};
use crate::version::{Version, is_operator};
use usher_tool::Dialect;

/// Reads a range; `None` if the text isn't one in this dialect.
pub(super) fn parse(text: &str, dialect: Dialect) -> Option<Clauses> {
    let lists: Vec<&str> = match dialect {
        Dialect::Composer | Dialect::Poetry => {
            text.split('|').filter(|list| !list.is_empty()).collect()
        }
        Dialect::Elixir => text.split(" or ").collect(),
        Dialect::Npm | Dialect::Pep440 | Dialect::Gem | Dialect::Minimum | Dialect::Perl => {
            vec![text]
        }
    };
    let mut found = Vec::with_capacity(lists.len());
    for list in lists {
        found.push(all(list.trim(), dialect)?);
    }
    (!found.is_empty()).then_some(Clauses { lists: found, dialect })
}

/// A list of clauses, all of which must hold.
fn all(text: &str, dialect: Dialect) -> Option<Vec<Clause>> {
    let parts: Vec<String> = match dialect {
        Dialect::Elixir => text.split(" and ").map(str::to_owned).collect(),
        Dialect::Composer | Dialect::Poetry => words(text),
        Dialect::Npm | Dialect::Pep440 | Dialect::Gem | Dialect::Minimum | Dialect::Perl => {
            text.split(',').map(str::to_owned).collect()
        }
    };
    let mut clauses = Vec::with_capacity(parts.len());
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match part.split_once(" - ") {
            Some(bounds) if dialect == Dialect::Composer => {
                clauses.extend(between(bounds, dialect)?);
            }
            Some(_) | None => clauses.extend(clause(part, dialect)?),
        }
    }
    Some(clauses)
}

/// Clauses that blanks or commas separate; a blank behind an operator doesn't, nor one beside a
/// hyphen.
fn words(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        match parts.last_mut() {
            Some(last) if last.ends_with(is_operator) => last.push_str(word),
            Some(last) if word == "-" || last.ends_with(" -") => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => parts.push(word.to_owned()),
        }
    }
    parts
}

/// `8.0 - 8.2`: the end includes all versions that begin with it, if it has not all numbers.
fn between((low, high): (&str, &str), dialect: Dialect) -> Option<[Clause; 2]> {
    let low = version(&bound(low, dialect), dialect)?;
    let high = version(&bound(high, dialect), dialect)?;
    let is_whole = high.numbers().as_slice().len() > 2 || !high.tail().is_empty();
    let end = if is_whole { Operator::AtMost } else { Operator::UpTo };
    Some([
        Clause { operator: Operator::AtLeast, version: low },
        Clause { operator: end, version: high },
    ])
}

/// One clause; the inner `None` for `*`, which matches everything.
#[expect(clippy::option_option, reason = "the outer one is for what isn't a clause")]
fn clause(part: &str, dialect: Dialect) -> Option<Option<Clause>> {
    let rest = part.trim_start_matches(is_operator);
    let sign = &part[..part.len() - rest.len()];
    // Composer's flag counts for a bound alone.
    let is_bound = matches!(sign, "<" | "<=" | ">" | ">=") || dialect != Dialect::Composer;
    let flagless = rest.split('@').next().filter(|_| !is_bound);
    let written = bound(flagless.unwrap_or(rest), dialect);
    let written = written.as_ref();
    if matches!(written, "*" | "x") {
        return matches!(sign, "" | "=" | "==").then_some(None);
    }
    let (bare, wild) = match written.strip_suffix(".*").or_else(|| written.strip_suffix(".x")) {
        Some(bare) => (bare.trim_end_matches(".*").trim_end_matches(".x"), true),
        None => (written, false),
    };
    let version = version(bare, dialect)?;
    let operator = match wild {
        true if !version.tail().is_empty() => return None,
        true => wild_operator(sign, dialect)?,
        false => operator(sign, &version, dialect)?,
    };
    Some(Some(Clause { operator, version }))
}

fn wild_operator(sign: &str, dialect: Dialect) -> Option<Operator> {
    let bare = matches!(dialect, Dialect::Composer | Dialect::Poetry);
    match sign {
        "==" => Some(Operator::Within),
        "!=" => Some(Operator::NotWithin),
        "" | "=" if bare => Some(Operator::Within),
        _ => None,
    }
}

fn operator(sign: &str, version: &Version, dialect: Dialect) -> Option<Operator> {
    use Dialect::{Composer, Elixir, Gem, Minimum, Pep440, Perl, Poetry};
    let numbers = version.numbers().as_slice();
    let all_but_last = numbers.len().saturating_sub(1);
    let operator = match (sign, dialect) {
        ("<", _) => Operator::Less,
        ("<=", _) => Operator::AtMost,
        (">=", _) | ("", Minimum | Perl) => Operator::AtLeast,
        (">", _) => Operator::Greater,
        ("!=", _) | ("<>", Composer) => Operator::NotEqual,
        ("===", Pep440) => Operator::Identical,
        ("==", _) | ("=", Gem | Composer | Poetry) | ("", Gem | Elixir | Composer | Poetry) => {
            Operator::Equal
        }
        ("~=", Pep440) if all_but_last > 0 => Operator::Compatible(all_but_last),
        ("~>", Gem | Elixir | Composer) | ("~", Composer) | ("~=", Poetry) => {
            Operator::Compatible(all_but_last.max(1))
        }
        ("~", Poetry) => Operator::Compatible(numbers.len().min(2)),
        ("^", Composer | Poetry) => Operator::Compatible(significant(numbers)),
        _ => return None,
    };
    Some(operator)
}

/// How many numbers a caret keeps: up to the first that isn't zero.
fn significant(numbers: &[u64]) -> usize {
    numbers.iter().position(|number| *number != 0).unwrap_or(numbers.len().saturating_sub(1)) + 1
}

/// A bound without what its dialect ignores: a build's label, a dot too many (`^8.1.`), and
/// Composer's stability flags but for `dev`, which is before all pre-releases.
fn bound(text: &str, dialect: Dialect) -> Cow<'_, str> {
    let text = text.trim();
    if !matches!(dialect, Dialect::Composer | Dialect::Elixir) {
        return text.into();
    }
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    if dialect == Dialect::Elixir {
        return text.into();
    }
    let (text, flag) = text.split_once('@').unwrap_or((text, ""));
    let (text, is_dev) = match without_end(text, "-dev") {
        Some(text) => (text, true),
        None => (without_end(text, "-stable").unwrap_or(text), flag.eq_ignore_ascii_case("dev")),
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    match is_dev && text.bytes().all(|byte| byte.is_ascii_digit() || b".vV".contains(&byte)) {
        true => format!("{text}-dev").into(),
        false => text.into(),
    }
}

/// A text without this end, whatever its case.
fn without_end<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let (start, found) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    found.eq_ignore_ascii_case(end).then_some(start)
}

fn version(text: &str, dialect: Dialect) -> Option<Version> {
    let version = match dialect {
        Dialect::Perl => perl(text),
        Dialect::Pep440 | Dialect::Poetry => pep440(text),
        Dialect::Npm | Dialect::Gem | Dialect::Elixir | Dialect::Composer | Dialect::Minimum => {
            Version::parse(text)
        }
    };
    version.filter(Version::is_standard_build)
}

/// In PEP 440 `pre` and `preview` are `rc`, and a stage without a number is its zeroth
/// (<https://peps.python.org/pep-0440/#normalization>).
fn pep440(text: &str) -> Option<Version> {
    let lower = text.to_ascii_lowercase();
    let short = lower.replace("preview", "rc").replace("pre", "rc");
    let is_numbered = !short.ends_with(|c: char| c.is_ascii_alphabetic());
    Version::parse(&if is_numbered { short } else { short + "0" })
}

/// Perl's versions with one dot are decimal numbers: 5.036 is 5.36.0, 5.010001 is 5.10.1
/// (<https://perldoc.perl.org/version>).
fn perl(text: &str) -> Option<Version> {
    let is_decimal = !text.starts_with('v') && text.matches('.').count() == 1;
    let Some((major, fraction)) = text.split_once('.').filter(|_| is_decimal) else {
        return Version::parse(text);
    };
    let fraction = fraction.replace('_', "");
    if fraction.is_empty()
        || fraction.len() > 6
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let padded = format!("{fraction:0<6}");
    let (minor, patch): (u64, u64) = (padded[..3].parse().ok()?, padded[3..].parse().ok()?);
    Version::parse(&format!("{major}.{minor}.{patch}"))
}
