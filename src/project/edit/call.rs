//! A version among the arguments of a method call: `Gemfile`.
//!
//! The reader decides which argument is the version, so that what is edited is what is read.

use usher_shims::read::call_placeholders;

use super::lines::remove_line;
use super::style::in_style_of;

/// Makes `request` the version in the first call of a method.
///
/// A flavour must stay the same, since other arguments depend on it. `None` if the call joins several
/// requests or names a patch level, or if the request can't be written there as it is.
pub fn set(text: &str, method: &str, request: &str) -> Option<String> {
    let found = call_placeholders(text, method)?;
    let [placeholder] = found.request.as_slice() else { return None };
    let request = match &found.flavour {
        Some(flavour) => request.strip_prefix(&text[flavour.clone()])?.strip_prefix('-')?,
        None => request,
    };
    let is_version = request.starts_with(|c: char| c.is_ascii_digit());
    let request = in_style_of(&text[placeholder.clone()], request);
    let edited = [&text[..placeholder.start], &request, &text[placeholder.end..]].concat();
    let written = placeholder.start..placeholder.start + request.len();
    (is_version && call_placeholders(&edited, method)?.request == vec![written]).then_some(edited)
}

/// Removes the line of the first call of a method; `None` if the call isn't that line's whole code.
pub fn remove(text: &str, method: &str) -> Option<String> {
    let found = call_placeholders(text, method)?;
    let version = found.request.first()?;
    let before = &text[..version.start];
    let number = u32::try_from(before.matches('\n').count()).ok()?.checked_add(1)?;
    remove_line(text, number, |line| is_whole_call(line, method))
}

/// Whether a line is one call with a version, which neither begins before it nor goes on after it.
fn is_whole_call(line: &str, method: &str) -> bool {
    let code = line.trim();
    let Some(found) = call_placeholders(code, method).filter(|_| code.starts_with(method)) else {
        return false;
    };
    let Some(last) = found.request.iter().map(|place| place.end).max() else { return false };
    // What ends a call is behind its last string: a quote and what closes its brackets.
    let rest = code[last..].split('#').next().unwrap_or_default().trim();
    let count = |bracket: char| {
        code[..code.len() - code[last..].len() + rest.len()].matches(bracket).count()
    };
    !rest.ends_with([',', '\\', '.', '|', '&', '?', ':'])
        && count('(') == count(')')
        && count('[') == count(']')
        && count('{') == count('}')
        && !rest.contains(';')
        && !rest
            .split_whitespace()
            .any(|word| matches!(word, "if" | "unless" | "do" | "and" | "or"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, request: &str, after: Option<&str>) {
        assert_eq!(set(before, "x", request).as_deref(), after, "{request} in {before:?}");
    }

    #[test]
    fn only_the_version_of_a_call_changes() {
        for (before, after) in [
            ("\n  x  '3.2.1' # why\t\r\n", "\n  x  '3.3.0' # why\t\r\n"),
            ("# x '1'\r\nx(\"3.2.1\")\r\n", "# x '1'\r\nx(\"3.3.0\")\r\n"),
            ("x '3.2.1', y: 1", "x '3.3.0', y: 1"),
            ("x ['3.2.1']", "x ['3.3.0']"),
            (
                "x '3.2.1', engine: 'x', engine_version: '3.2.1'",
                "x '3.3.0', engine: 'x', engine_version: '3.2.1'",
            ),
        ] {
            check(before, "3.3.0", Some(after));
        }
        let engine =
            |version: &str| format!("x '3.1', engine: 'j',\n  engine_version: '{version}'");
        check(&engine("9.4"), "j-9.5.0", Some(&engine("9.5.0")));
    }

    #[test]
    fn removal_deletes_a_call_that_is_one_line() {
        for (before, after) in [
            ("a\r\nx '3.2.1' # why\r\nb\r\n", Some("a\r\nb\r\n")),
            ("  x(\"3.2.1\")\n", Some("")),
            ("x ['3.2.1']\n", Some("")),
            ("x '3.1', engine: 'j', engine_version: '9.4'\ny", Some("y")),
            ("x '3.1', engine: 'j',\n  engine_version: '9.4'\n", None),
            ("x('3.2.1'\n)\n", None),
            ("x '3.2.1',\n y: 1\n", None),
            ("x '3.2.1' if y\n", None),
            ("x '3.2.1'; y\n", None),
            ("x y\n", None),
        ] {
            assert_eq!(remove(before, "x").as_deref(), after, "remove from {before:?}");
        }
    }

    #[test]
    fn versions_that_do_not_fit_are_not_written() {
        let engine = "x '3.1', engine: 'j', engine_version: '9.4'";
        check(engine, "t-24.1", None);
        check(engine, "3.3.0", None);
        check("x '3.1', engine: 'j'", "j-9.5.0", None);
        check("x '3.2.1'", "j-9.5.0", None);
        check("x '>= 3.0', '< 3.4'", "3.3.0", None);
        check("x '2.0.0', patchlevel: '100'", "3.3.0", None);
        check("x y", "3.3.0", None);
    }
}
