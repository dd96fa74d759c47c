//! How a version is spelled in place of another: with as many numbers, and with what is before and
//! behind them: `v16.x` becomes `v20.x`. Knows no file.

use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::Tool;

use crate::check::mention::UnquotedNumber;

/// A request's text, and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    /// The text as it stands in the file.
    pub(super) old: &'a str,
    /// The text that it gets.
    pub(super) new: String,
}

/// A version's text in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Spelling<'a> {
    /// `v`, or one of the tool's prefixes.
    prefix: &'a str,
    /// `16.3`
    numbers: &'a str,
    /// `.x`, `.*`; mostly empty.
    wildcard: &'a str,
}

/// What a request becomes so that it agrees with a pin, in its own spelling; or why that isn't known.
pub(super) fn in_place_of<'a>(
    request: &'a Request,
    unquoted: Option<&'a UnquotedNumber>,
    pin: &Request,
    tool: &Tool,
) -> Result<Wanted<'a>, &'static str> {
    let pinned = pinned_numbers(pin, tool).ok_or("the pin isn't a plain version")?;
    let old = unquoted.map_or(request.as_str(), |number| &number.written);
    let spelling = Spelling::of(old, tool).ok_or("it isn't a plain version")?;
    let count = match request.kind() {
        // An old spelling may have more numbers than the version: 1.8 is 8.
        RequestKind::Version(version) if unquoted.is_none() => version.numbers().as_slice().len(),
        _ => spelling.numbers.split('.').count(),
    };
    let numbers: Vec<&str> = pinned.split('.').take(count).collect();
    let new = format!("{}{}{}", spelling.prefix, numbers.join("."), spelling.wildcard);
    Ok(Wanted { old, new })
}

/// The numbers of a pin: `20.1.0` of `v20.1.0`; `None` if it is a range, a flavour or a pre-release. A
/// build is left out: tags and inputs rarely have it.
fn pinned_numbers<'a>(pin: &'a Request, tool: &Tool) -> Option<&'a str> {
    if let RequestKind::Version(version) = pin.kind() {
        let numbers = version.as_str().split('+').next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_digit() || c == '.';
        return numbers.chars().all(is_plain).then_some(numbers);
    }
    Some(Spelling::of(pin.as_str(), tool)?.numbers)
}

impl<'a> Spelling<'a> {
    fn of(text: &'a str, tool: &Tool) -> Option<Self> {
        let (prefix, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
        let is_number = |part: &str| {
            !part.is_empty() && part.chars().all(|character| character.is_ascii_digit())
        };
        let length = rest
            .split('.')
            .take_while(|part| is_number(part))
            .map(|part| part.len() + 1)
            .sum::<usize>();
        let (numbers, wildcard) = rest.split_at(length.checked_sub(1)?);
        let is_wildcard = match wildcard.strip_prefix('.') {
            Some(parts) => parts.split('.').all(|part| ["x", "X", "*"].contains(&part)),
            None => wildcard.is_empty(),
        };
        let is_known = ["", "v"].contains(&prefix) || tool.prefixes.contains(&prefix);
        (is_known && is_wildcard).then_some(Self { prefix, numbers, wildcard })
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::range::Dialect;
    use usher_shims::request::RequestTrust;
    use usher_shims::tool::{TOOLS, VersionField};

    use super::*;

    /// `NEW`, or the reason in parentheses.
    fn replaced(name: &str, old: &str, pin: &str) -> String {
        let tool = Tool::named(TOOLS, name).unwrap();
        let field = VersionField { dialect: Some(Dialect::Npm), ..VersionField::pinning("") };
        let parse = |text| {
            let own = Request::parse(text, tool, RequestTrust::Project);
            own.or_else(|_| Request::parse_field(text, tool, &field)).unwrap()
        };
        match in_place_of(&parse(old), None, &parse(pin), tool) {
            Ok(Wanted { old: found, new }) => {
                assert_eq!(found, old);
                new
            }
            Err(why) => format!("({why})"),
        }
    }

    #[test]
    fn a_version_is_replaced_in_its_own_spelling() {
        for (old, pin, expected) in [
            ("16", "20.1.0", "20"),
            ("16.3", "20.1.0", "20.1"),
            ("16.3.0", "20.1.0", "20.1.0"),
            ("18.12.0", "22", "22"),
            ("18.12.0", "22.1", "22.1"),
            ("v16", "20.1.0", "v20"),
            ("16", "v20.1.0", "20"),
            ("16.x", "20.1.0", "20.x"),
            ("v16.x", "20.1.0", "v20.x"),
            ("16.3.x", "20.1.0", "20.1.x"),
            ("16.3.x", "20", "20.x"),
            ("16.*", "20.1.0", "20.*"),
            ("16", "20.x", "20"),
            ("16.3.0-rc.1", "20.1.0", "(it isn't a plain version)"),
            ("^16", "20.1.0", "(it isn't a plain version)"),
            (">=16", "20.1.0", "(it isn't a plain version)"),
            ("lts/hydrogen", "20.1.0", "(it isn't a plain version)"),
            ("16", "20.1.0-rc.1", "(the pin isn't a plain version)"),
            ("16", "^20", "(the pin isn't a plain version)"),
            ("16", "lts/*", "(the pin isn't a plain version)"),
        ] {
            assert_eq!(replaced("node", old, pin), expected, "{old} for {pin}");
        }
        for (tool, old, pin, expected) in [
            ("java", "1.8", "17.0.2", "17"),
            ("java", "11", "1.8", "8"),
            ("java", "11", "21.0.5+11", "21"),
            ("java", "17.0.8+7", "21.0.5", "(it isn't a plain version)"),
            ("java", "17", "temurin-21.0.5", "(the pin isn't a plain version)"),
            ("python", "3.9", "3.10", "3.10"),
            ("python", "3.9", "3.13t", "(the pin isn't a plain version)"),
            ("ruby", "3.1.4", "ruby-3.2.0", "3.2.0"),
            ("ruby", "ruby-3.1.4", "3.2.0", "ruby-3.2.0"),
        ] {
            assert_eq!(replaced(tool, old, pin), expected, "{tool} {old} for {pin}");
        }
    }
}
