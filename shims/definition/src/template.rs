//! Texts with placeholders, as definitions have them: `{base}/v{version}/{.filename}`.
//!
//! It knows how a placeholder is written and filled, not which ones there are.

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TemplatePiece<'a> {
    /// Literal text.
    Text(&'a str),
    /// A placeholder, and how many numbers of its value count: `{version:2}`.
    Placeholder(&'a str, Option<usize>),
}

/// The names of the placeholders in a template, or what is wrong with it.
pub fn placeholders(template: &str) -> Result<Vec<&str>, String> {
    let names = pieces(template)?.into_iter().filter_map(|piece| match piece {
        TemplatePiece::Placeholder(name, _) => Some(name),
        TemplatePiece::Text(_) => None,
    });
    Ok(names.collect())
}

/// The template with its placeholders filled; the error is the name of one without a value.
///
/// An invalid template is returned as it is: [`placeholders`] has refused it before.
pub fn fill(template: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::new();
    for piece in pieces(template).unwrap_or_else(|_| vec![TemplatePiece::Text(template)]) {
        match piece {
            TemplatePiece::Text(text) => filled.push_str(text),
            TemplatePiece::Placeholder(name, count) => {
                let value = value(name).ok_or_else(|| name.to_owned())?;
                filled.push_str(count.map_or(value.as_str(), |count| first_numbers(&value, count)));
            }
        }
    }
    Ok(filled)
}

/// The values of `{version}` and `{build}` in a text that matches a pattern.
///
/// The version is as long as can be, and a build is a number.
pub fn split_by_pattern<'a>(pattern: &str, text: &'a str) -> Option<(&'a str, Option<&'a str>)> {
    let (before, after) = pattern.split_once(VERSION)?;
    let text = text.strip_prefix(before)?;
    let Some((between, end)) = after.split_once(BUILD) else {
        return Some((text.strip_suffix(after)?, None));
    };
    let (version, build) = text.strip_suffix(end)?.rsplit_once(between)?;
    let is_number = !build.is_empty() && build.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((version, Some(build)))
}

/// What is wrong with a pattern for [`split_by_pattern`].
pub(crate) fn pattern_fault(pattern: &str) -> Option<&'static str> {
    let Some((before, after)) = pattern.split_once(VERSION) else {
        return Some("it has no `{version}`");
    };
    let between = after.split_once(BUILD);
    match (before.contains(BUILD), between) {
        _ if after.contains(VERSION) => Some("it has `{version}` twice"),
        (true, _) => Some("`{build}` stands behind `{version}`"),
        (false, Some(("", _))) => Some("nothing stands between `{version}` and `{build}`"),
        (false, Some(_) | None) => None,
    }
}

const VERSION: &str = "{version}";
const BUILD: &str = "{build}";

/// The first numbers of a version, with the dots between them.
fn first_numbers(text: &str, count: usize) -> &str {
    let mut dots = 0;
    let end = text.find(|character: char| {
        dots += usize::from(character == '.');
        dots == count || !(character == '.' || character.is_ascii_digit())
    });
    end.map_or(text, |end| &text[..end])
}

fn pieces(template: &str) -> Result<Vec<TemplatePiece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let Some((hole, after)) = after.split_once('}') else {
            return Err(format!("`{template}` has a `{{` without its `}}`"));
        };
        pieces.push(TemplatePiece::Text(text));
        pieces.push(match hole.split_once(':') {
            None => TemplatePiece::Placeholder(hole, None),
            Some((name, count)) => match count.parse() {
                Ok(count) if count > 0 => TemplatePiece::Placeholder(name, Some(count)),
                Ok(_) | Err(_) => return Err(format!("`{{{hole}}}` has no number behind its `:`")),
            },
        });
        rest = after;
    }
    pieces.push(TemplatePiece::Text(rest));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled() {
        let value = |name: &str| match name {
            "version" => Some("21.0.4+7".to_owned()),
            ".name" => Some("x".to_owned()),
            _ => None,
        };
        let check = |template: &str, expected: &str| {
            let filled = fill(template, &value).unwrap_or_else(|hole| format!("nothing: {hole}"));
            assert_eq!(filled, expected, "{template}");
        };
        check("", "");
        check("v{version}/{.name}.gz", "v21.0.4+7/x.gz");
        check("{version:1} {version:2} {version:3} {version:4}", "21 21.0 21.0.4 21.0.4");
        check("{.name:1}", "");
        check("{other}", "nothing: other");
    }

    #[test]
    fn invalid_templates_are_errors() {
        assert_eq!(placeholders("a{b}{c:2}"), Ok(vec!["b", "c"]));
        assert!(placeholders("a{b").is_err());
        assert!(placeholders("{b:x}").is_err() && placeholders("{b:0}").is_err());
    }

    #[test]
    fn texts_are_split_by_patterns() {
        let check = |pattern: &str, text: &str, expected: Option<(&str, Option<&str>)>| {
            assert_eq!(split_by_pattern(pattern, text), expected, "{pattern} {text}");
        };
        check("{version}", "v1.2.3", Some(("v1.2.3", None)));
        check("go{version}", "go1.22rc1", Some(("1.22rc1", None)));
        check("go{version}", "1.22", None);
        check("{version}+{build}", "3.11.15+20260303", Some(("3.11.15", Some("20260303"))));
        check("{version}-{build}", "3.5.0-preview1-1", Some(("3.5.0-preview1", Some("1"))));
        check("{version}-{build}", "3.5.0-preview1", None);
        check("{version}.{build}", "5.42.2.0", Some(("5.42.2", Some("0"))));
        check("php-{version}-cli.tar.gz", "php-8.4.12-cli.tar.gz", Some(("8.4.12", None)));
        check("php-{version}-cli.tar.gz", "php-8.4.12-fpm.tar.gz", None);
    }
}
