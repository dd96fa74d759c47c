//! Names of programs, tools and toolchain folders: small alphabets, parsed once.
//!
//! A path is only ever joined from these types, so that nothing from a file, a variable or a
//! server can lead out of a store.

use std::fmt;

/// The most bytes that a name may have.
const MAX_LENGTH: usize = 64;

/// The name of a program, or of a folder in a store: `[A-Za-z0-9_][A-Za-z0-9._+@-]*`, at most 64
/// bytes, without `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

impl Name {
    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let first = bytes.next()?;
        let fits = text.len() <= MAX_LENGTH
            && (first.is_ascii_alphanumeric() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._+@-".contains(&byte))
            && !text.contains("..");
        fits.then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Splits a program's name with a version: `python3.7` is `python` and `3.7`, `node12` and
/// `node@12` are `node` and `12`.
///
/// `None` without a version, or with nothing before it.
pub fn split_version(program: &str) -> Option<(&str, &str)> {
    if let Some((base, request)) = program.split_once('@') {
        return (!base.is_empty() && !request.is_empty()).then_some((base, request));
    }
    let base = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let request = program[base.len()..].trim_start_matches('.');
    let whole = !base.is_empty() && !request.is_empty() && !request.ends_with('.');
    whole.then_some((base, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_allow_only_safe_characters() {
        for good in ["node", "2to3", "python3.7-config", "node@12", "g++", "_x", "a.b"] {
            assert!(Name::parse(good).is_some(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", ".", "..", "-x", "a/b", "a..b", "a b", "é", "a\0", "~", "*", "a\\b", &long]
        {
            assert!(Name::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn trailing_digits_of_a_name_are_a_request() {
        assert_eq!(split_version("python3.7"), Some(("python", "3.7")));
        assert_eq!(split_version("python3"), Some(("python", "3")));
        assert_eq!(split_version("node12"), Some(("node", "12")));
        assert_eq!(split_version("node@lts"), Some(("node", "lts")));
        for without in ["node", "12", "node.", "3.7", "@12", "node@"] {
            assert_eq!(split_version(without), None, "{without}");
        }
    }
}
