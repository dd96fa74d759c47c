//! What usher is called where it is given away, and where its releases are: `release.toml`.

use serde::Deserialize;

use crate::Result;

/// The settings of all packages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The name of each package: `usher`.
    pub name: String,
    /// The scope of the npm packages that contain a program: `@usher`.
    pub npm_scope: String,
    /// One sentence without a full stop.
    pub summary: String,
    /// Who makes the packages, as `NAME <ADDRESS>` or a name alone.
    pub maintainer: String,
    /// The project's page; empty if there is none.
    pub homepage: String,
    /// The address of the folder of releases; empty if there is none.
    pub releases: String,
    /// The public key of releases, one line in base 64; empty if they aren't signed.
    pub release_key: String,
}

impl Settings {
    /// The settings of this checkout.
    pub fn own() -> Result<Self> {
        Self::parse(include_str!("../release.toml"))
    }

    /// Parses the text of a `release.toml`.
    pub fn parse(text: &str) -> Result<Self> {
        let settings: Self =
            toml::from_str(text).map_err(|error| format!("packaging/release.toml: {error}"))?;
        let is_name = |text: &str| {
            let mut bytes = text.bytes();
            bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
                && bytes
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !is_name(&settings.name) {
            return Err(format!("packaging/release.toml: no package's name: {}", settings.name));
        }
        if !settings.npm_scope.strip_prefix('@').is_some_and(is_name) {
            return Err(format!("packaging/release.toml: no npm scope: {}", settings.npm_scope));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_registry() {
        let own = Settings::own().unwrap();
        assert_eq!(own.name, "usher");
        let text = include_str!("../release.toml");
        let refused = |from: &str, to: &str| Settings::parse(&text.replace(from, to)).unwrap_err();
        let error = refused("\"usher\"", "\"Usher_2\"");
        assert_eq!(error, "packaging/release.toml: no package's name: Usher_2");
        assert_eq!(refused("@usher\"", "usher\""), "packaging/release.toml: no npm scope: usher");
        assert!(refused("homepage", "home_page").contains("home_page"));
    }
}
