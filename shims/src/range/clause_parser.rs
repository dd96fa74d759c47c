//! The dialects whose ranges are clauses: PEP 440, Poetry, Ruby, Elixir, Composer, go.mod, Perl.

use super::clauses::{Clause, Clauses, Operator};
use crate::version::Version;
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
    let lists: Clauses =
        lists.into_iter().map(|list| all(list.trim(), dialect)).collect::<Option<_>>()?;
    (!lists.is_empty()).then_some(lists)
}

/// A list of clauses, all of which must hold.
fn all(text: &str, dialect: Dialect) -> Option<Vec<Clause>> {
    if matches!(dialect, Dialect::Composer)
        && let Some((low, high)) = text.split_once(" - ")
    {
        let clause =
            |operator, text: &str| Some(Clause { operator, version: Version::parse(text.trim())? });
        return Some(vec![clause(Operator::AtLeast, low)?, clause(Operator::UpTo, high)?]);
    }
    let parts: Vec<String> = match dialect {
        Dialect::Elixir => text.split(" and ").map(str::to_owned).collect(),
        Dialect::Composer => words(text),
        Dialect::Npm
        | Dialect::Pep440
        | Dialect::Poetry
        | Dialect::Gem
        | Dialect::Minimum
        | Dialect::Perl => text.split(',').map(str::to_owned).collect(),
    };
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    let clauses: Vec<Clause> =
        parts.map(|part| clause(part, dialect)).collect::<Option<Vec<_>>>()?.concat();
    Some(clauses)
}

/// Clauses that blanks or commas separate; a blank behind an operator doesn't.
fn words(text: &str) -> Vec<String> {
    let mut joined = String::with_capacity(text.len());
    for word in text.split([' ', '\t', ',']) {
        let is_open = joined.ends_with(['<', '>', '=', '~', '^', '!']);
        if !is_open {
            joined.push(',');
        }
        joined.push_str(word);
    }
    joined.split(',').map(str::to_owned).collect()
}

/// One clause; none for `*`, which matches everything.
fn clause(part: &str, dialect: Dialect) -> Option<Vec<Clause>> {
    let rest = part.trim_start_matches(['<', '>', '=', '~', '!', '^']);
    let sign = &part[..part.len() - rest.len()];
    let written = without_stability(rest.trim(), dialect);
    if matches!(written, "*" | "x") {
        return matches!(sign, "" | "=" | "==").then(Vec::new);
    }
    let (bare, wild) = match written.strip_suffix(".*").or_else(|| written.strip_suffix(".x")) {
        Some(bare) => (bare.trim_end_matches(".*").trim_end_matches(".x"), true),
        None => (written, false),
    };
    let version = version(bare, dialect)?;
    let operator = match wild {
        true => wild_operator(sign, dialect)?,
        false => operator(sign, &version, dialect)?,
    };
    Some(vec![Clause { operator, version }])
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
        ("==", _)
        | ("===", Pep440)
        | ("=", Gem | Composer | Poetry)
        | ("", Gem | Elixir | Composer | Poetry) => Operator::Equal,
        ("~=", Pep440 | Poetry) if all_but_last > 0 => Operator::Compatible(all_but_last),
        ("~>", Gem | Elixir) | ("~", Composer) => Operator::Compatible(all_but_last.max(1)),
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

/// Composer's stability flags (`@dev`, `-dev`) are ignored.
fn without_stability(text: &str, dialect: Dialect) -> &str {
    if dialect != Dialect::Composer {
        return text;
    }
    let text = text.split_once('@').map_or(text, |(version, _)| version);
    text.strip_suffix("-dev").unwrap_or(text)
}

fn version(text: &str, dialect: Dialect) -> Option<Version> {
    match dialect {
        Dialect::Perl => perl(text),
        Dialect::Npm
        | Dialect::Pep440
        | Dialect::Poetry
        | Dialect::Gem
        | Dialect::Elixir
        | Dialect::Composer
        | Dialect::Minimum => Version::parse(text),
    }
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
