//! The settings that both halves read: a shim and `use` must agree on each variable, and on its
//! errors.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Escaped, Result};

/// The settings from files that shims read from the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedSettings {
    /// Variables that aren't requests.
    pub ignore_variables: Vec<String>,
    /// The topmost folder in which version files are searched for.
    pub ceiling: Option<PathBuf>,
    /// Shared stores: folders like `data`.
    pub stores: Vec<PathBuf>,
}

/// The settings from this process's variables, which override them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `USHER_IGNORE_VARIABLES`.
    pub ignore_variables: Option<Vec<String>>,
    /// `USHER_CEILING`.
    pub ceiling: Option<PathBuf>,
    /// `USHER_STORES`.
    pub stores: Option<Vec<PathBuf>>,
}

/// The form of `USHER_IGNORE_VARIABLES`.
pub const VARIABLE_NAMES_FORM: &str = "variables' names, separated by commas or spaces";

/// The form of `USHER_CEILING`.
pub const PATH_FORM: &str = "an absolute path";

/// The form of `USHER_STORES`.
pub const PATHS_FORM: &str = "absolute paths, separated by colons";

/// The variables, each with its form, in the order of the table in `docs/settings.md`: of several
/// bad ones, both halves name the same.
const VARIABLES: [(&str, &str, Take); 3] = [
    ("USHER_IGNORE_VARIABLES", VARIABLE_NAMES_FORM, |found, text| {
        found.ignore_variables = variable_names(text);
        found.ignore_variables.is_some()
    }),
    ("USHER_CEILING", PATH_FORM, |found, text| {
        found.ceiling = absolute_path(text);
        found.ceiling.is_some()
    }),
    ("USHER_STORES", PATHS_FORM, |found, text| {
        found.stores = absolute_paths(text);
        found.stores.is_some()
    }),
];

/// Takes a variable's text; false if it is invalid.
type Take = fn(&mut Overrides, &str) -> bool;

impl Overrides {
    /// Reads the variables. An empty one counts as unset.
    pub fn read(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self> {
        let mut found = Self::default();
        for (name, form, take) in VARIABLES {
            let Some(value) = variable(name).filter(|value| !value.is_empty()) else { continue };
            let Some(text) = value.to_str() else { return Err(not_text(name)) };
            if !take(&mut found, text) {
                return Err(invalid_variable(name, form, Some(text)));
            }
        }
        Ok(found)
    }
}

/// Whether a `config.toml` with this text may have a setting that shims read from the index. TOML can
/// escape the characters of a key.
pub fn may_set_shared(text: &[u8]) -> bool {
    let settings = ["ignore_variables", "ceiling", "stores", "\\"];
    settings.iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
}

/// A variable that isn't UTF-8.
#[cold]
pub fn not_text(variable: &str) -> Error {
    Error::new(ErrorKind::BadSetting, format!("{variable} isn't UTF-8"))
}

/// The error for a variable whose value isn't of this form; `text` where it may be printed.
#[cold]
pub fn invalid_variable(variable: &str, form: &str, text: Option<&str>) -> Error {
    let value = text.map_or_else(String::new, |text| format!(" “{}”", Escaped(text)));
    Error::new(ErrorKind::BadSetting, format!("invalid value{value} for {variable}"))
        .because(format!("expected {form}"))
        .hint(format!("unset {variable}"))
}

/// Names of variables, separated by commas or spaces.
pub fn variable_names(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for name in list_items(text) {
        if !is_variable_name(name) {
            return None;
        }
        names.push(name.to_owned());
    }
    Some(names)
}

/// Absolute paths, separated by colons.
pub fn absolute_paths(text: &str) -> Option<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for path in text.split(':').filter(|path| !path.is_empty()) {
        paths.push(absolute_path(path)?);
    }
    Some(paths)
}

/// An absolute path.
pub fn absolute_path(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    (path.is_absolute() && !text.contains('\0')).then(|| path.to_owned())
}

/// The items of a list in a variable, separated by commas or spaces.
pub fn list_items(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|item| !item.is_empty())
}

/// Whether this can be a variable's name.
pub fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: &str) {
        let variable = |variable_name: &str| (variable_name == name).then(|| OsString::from(value));
        let printed = match Overrides::read(&variable) {
            Ok(Overrides { ignore_variables, ceiling, stores }) => {
                format!("{ignore_variables:?} {ceiling:?} {stores:?}")
            }
            Err(error) => error.to_string().replace("\n ", ";"),
        };
        assert_eq!(printed, expected, "{name}={value}");
    }

    #[test]
    fn shared_settings_are_recognized_in_a_file() {
        let check = |text: &str, expected| assert_eq!(may_set_shared(text.as_bytes()), expected);
        check("", false);
        check("auto_install = 'never'\n[source]\nnode = 'npm'\n", false);
        check("  ignore_variables=['NODE_VERSION']", true);
        check("'ceiling' = '/srv'", true);
        check("stores = ['/srv/usher']", true);
        check("\"c\\u0065iling\" = '/srv'", true);
    }

    #[test]
    fn invalid_variables_are_errors() {
        check("USHER_CEILING", "", "None None None");
        check("USHER_CEILING", "/srv", "None Some(\"/srv\") None");
        check(
            "USHER_CEILING",
            "sub",
            "invalid value “sub” for USHER_CEILING; expected an absolute path; hint: unset USHER_CEILING",
        );
        check("USHER_STORES", "/a::/b", "None None Some([\"/a\", \"/b\"])");
        check(
            "USHER_STORES",
            "/a:b",
            "invalid value “/a:b” for USHER_STORES; expected absolute paths, separated by colons; hint: unset USHER_STORES",
        );
        check("USHER_IGNORE_VARIABLES", "A, B\tC", "Some([\"A\", \"B\", \"C\"]) None None");
        check(
            "USHER_IGNORE_VARIABLES",
            "A-B",
            "invalid value “A-B” for USHER_IGNORE_VARIABLES; expected variables' names, separated by commas or spaces; hint: unset USHER_IGNORE_VARIABLES",
        );
    }
}
