//! Texts that name a release: `install.sh`, and the recipes for other managers and services.
//!
//! A recipe is a file in `packaging/` with words between two at-signs: `@VERSION@`.

use std::collections::BTreeMap;

use crate::Result;
use crate::platform::PLATFORMS;
use crate::release::{Release, ReleaseFile};
use crate::settings::Settings;

/// The recipes, by their paths in `packaging/`.
const RECIPES: [(&str, &str); 10] = [
    ("homebrew/usher.rb", include_str!("../homebrew/usher.rb")),
    ("nix/default.nix", include_str!("../nix/default.nix")),
    ("github-action/action.yml", include_str!("../github-action/action.yml")),
    ("github-action/setup.sh", include_str!("../github-action/setup.sh")),
    (
        "devcontainer/devcontainer-feature.json",
        include_str!("../devcontainer/devcontainer-feature.json"),
    ),
    ("devcontainer/install.sh", include_str!("../devcontainer/install.sh")),
    ("docker/Dockerfile", include_str!("../docker/Dockerfile")),
    ("gitlab/usher.gitlab-ci.yml", include_str!("../gitlab/usher.gitlab-ci.yml")),
    ("renovate/usher.json", include_str!("../renovate/usher.json")),
    ("binstall/Cargo.toml", include_str!("../binstall/manifest.toml")),
];

/// Where recipes have a copy of `install.sh`, so that they run nothing that was fetched unchecked.
const INSTALLERS: [&str; 2] = ["github-action/install-usher.sh", "devcontainer/install-usher.sh"];

/// `install.sh` with the address of the releases and the key.
pub(crate) fn installer(settings: &Settings) -> Result<String> {
    let mut script = include_str!("../../install.sh").to_owned();
    for (name, value) in [("releases", &settings.releases), ("release_key", &settings.release_key)]
    {
        let empty = format!("\n{name}=''\n");
        if script.matches(&empty).count() != 1 {
            return Err(format!("install.sh has no line {name}=''"));
        }
        if value.contains(['\'', '\n']) {
            return Err(format!("packaging/release.toml: {name} can't be quoted: {value}"));
        }
        script = script.replace(&empty, &format!("\n{name}='{value}'\n"));
    }
    Ok(script)
}

/// The recipes, filled in; none for a release that lacks a platform, since they name all of them.
pub(crate) fn recipes(release: &Release<'_>, files: &[ReleaseFile]) -> Result<Vec<ReleaseFile>> {
    let mut values = BTreeMap::new();
    let settings = release.settings;
    for (name, value) in [
        ("NAME", settings.name.as_str()),
        ("SUMMARY", &settings.summary),
        ("HOMEPAGE", &settings.homepage),
        ("RELEASES", settings.releases.trim_end_matches('/')),
        ("VERSION", release.version),
    ] {
        values.insert(name.to_owned(), value.to_owned());
    }
    for platform in PLATFORMS {
        let archive = format!("{}-{}-{platform}.tar.gz", settings.name, release.version);
        for (prefix, name) in [("", archive), ("PROGRAM_", platform.program_name())] {
            let Some(file) = files.iter().find(|file| file.name == name) else {
                return Ok(Vec::new());
            };
            let key = format!("{prefix}SHA256_{}", platform.name.replace('-', "_").to_uppercase());
            values.insert(key, file.sha256());
        }
    }
    let mut recipes = Vec::new();
    for (name, template) in RECIPES {
        let content = fill(template, &values)
            .map_err(|word| format!("packaging/{name}: there is no @{word}@"))?;
        recipes.push(recipe(name, content));
    }
    for name in INSTALLERS {
        recipes.push(recipe(name, installer(settings)?));
    }
    Ok(recipes)
}

fn recipe(name: &str, content: String) -> ReleaseFile {
    ReleaseFile { name: format!("recipes/{name}"), content: content.into_bytes() }
}

/// A text with values in place of its words; the word that has none is the error.
fn fill(template: &str, values: &BTreeMap<String, String>) -> std::result::Result<String, String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        text.push_str(before);
        let is_of_word =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        rest = match after.split_once('@') {
            Some((word, after)) if !word.is_empty() && word.bytes().all(is_of_word) => {
                text.push_str(values.get(word).ok_or_else(|| word.to_owned())?);
                after
            }
            _ => {
                text.push('@');
                after
            }
        };
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_between_at_signs_are_filled_in() {
        let values = BTreeMap::from([("VERSION".to_owned(), "1.2.3".to_owned())]);
        let check = |template: &str, expected: &str| {
            assert_eq!(fill(template, &values).unwrap(), expected);
        };
        check("usher@@VERSION@, a@b, @VERSION", "usher@1.2.3, a@b, @VERSION");
        check("uses: actions/checkout@v4 @VERSION@\n", "uses: actions/checkout@v4 1.2.3\n");
        check("", "");
        assert_eq!(fill("@VERSION@ @VERSIO@", &values).unwrap_err(), "VERSIO");
    }
}
