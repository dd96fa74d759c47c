//! A release: all its files, and the folder that they are in.
//!
//! ```text
//! RELEASES/latest                                  the version
//! RELEASES/install.sh                              which installs the newest version
//! RELEASES/VERSION/use-PLATFORM                    the program alone
//! RELEASES/VERSION/usher-VERSION-PLATFORM.tar.gz   with completions and licences
//! RELEASES/VERSION/*.whl, *.deb, *.tgz             packages
//! RELEASES/VERSION/recipes/                        templates, filled in
//! RELEASES/VERSION/sbom.cdx.json, notes.md         what was built in; what changed
//! RELEASES/VERSION/SHA256SUMS                      the hash of each file
//! ```
//!
//! `usher::own_release` reads it, and `install.sh`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::platform::{Platform, System};
use crate::settings::Settings;
use crate::tree::Entry;
use crate::{Result, deb, npm, sbom, tarball, template, wheel};

/// Where a package says which manager replaces it, from the package's prefix. `usher::own_release` reads
/// it from there.
const PACKAGE_FILE: &str = "lib/usher/package.toml";

/// The file of a release's hashes, in its folder.
pub const SUMS: &str = "SHA256SUMS";

/// What a release is made of.
#[derive(Debug)]
pub struct Release<'a> {
    /// The names of packages, and where releases are.
    pub settings: &'a Settings,
    /// The version of all programs: `1.2.3`, or `1.2.3-rc.1`.
    pub version: &'a str,
    /// The programs, in the order of their platforms.
    pub programs: &'a [Program],
    /// Completion scripts, by their places below a package's prefix.
    pub completions: &'a [Entry],
    /// What `cargo metadata` prints of the workspace, for each target of the programs.
    pub metadata: &'a [Value],
}

/// A program for one platform.
#[derive(Debug)]
pub struct Program {
    /// What it runs on.
    pub platform: &'static Platform,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Its path from the version's folder.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl ReleaseFile {
    /// The hash of its bytes, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.content).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl Release<'_> {
    /// The programs, and the packages made of them.
    pub fn packages(&self) -> Result<Vec<ReleaseFile>> {
        let mut files = Vec::new();
        for program in self.programs {
            let failed = |error: io::Error| format!("{}: {error}", program.platform);
            let (name, content) = (program.platform.program_name(), program.content.clone());
            files.push(ReleaseFile { name, content });
            files.push(tarball::tarball(self, program).map_err(failed)?);
            if program.platform.is_for_packages() {
                files.push(wheel::wheel(self, program)?);
                files.push(npm::program_package(self, program).map_err(failed)?);
            }
            if program.platform.system == System::Linux {
                files.push(deb::deb(self, program).map_err(failed)?);
            }
        }
        files.push(npm::package(self).map_err(|error| error.to_string())?);
        Ok(files)
    }

    /// All files of the version's folder, but for the hashes: these packages, and what names them.
    pub fn files(&self, packages: Vec<ReleaseFile>) -> Result<Vec<ReleaseFile>> {
        let mut files = packages;
        files.extend(template::recipes(self, &files)?);
        files.push(ReleaseFile {
            name: "sbom.cdx.json".to_owned(),
            content: sbom::sbom(self.settings, self.version, self.metadata)?.into_bytes(),
        });
        let sections = [self.version, "Unreleased"];
        let notes =
            sections.into_iter().find_map(|name| notes(include_str!("../../CHANGELOG.md"), name));
        files.push(ReleaseFile {
            name: "notes.md".to_owned(),
            content: notes.ok_or("CHANGELOG.md has no section")?.into_bytes(),
        });
        Ok(files)
    }

    /// Writes the release with these packages below the folder of releases; returns the path of its
    /// hashes.
    pub fn write(&self, packages: Vec<ReleaseFile>, releases: &Path) -> Result<PathBuf> {
        let folder = releases.join(self.version);
        let mut sums = String::new();
        for file in &self.files(packages)? {
            let path = folder.join(&file.name);
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
            fs::write(&path, &file.content).map_err(|error| failed(&path, &error))?;
            let _ = writeln!(sums, "{}  {}", file.sha256(), file.name);
        }
        let path = folder.join(SUMS);
        fs::write(&path, sums).map_err(|error| failed(&path, &error))?;
        for (name, content) in [
            ("install.sh", template::installer(self.settings)?),
            ("latest", format!("{}\n", self.version)),
        ] {
            let path = releases.join(name);
            fs::write(&path, content).map_err(|error| failed(&path, &error))?;
        }
        Ok(path)
    }

    /// The project's page, where it has one.
    pub(crate) fn homepage(&self) -> Option<&str> {
        Some(self.settings.homepage.as_str()).filter(|page| !page.is_empty())
    }
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// The file by which a packaged program knows its manager: what it is, and the commands that update and
/// remove it.
pub(crate) fn package_file(name: &str, update: &str, remove: &str) -> Entry {
    Entry::file(
        PACKAGE_FILE,
        format!("name = \"{name}\"\nupdate = \"{update}\"\nremove = \"{remove}\"\n"),
    )
}

/// The section of a version in a changelog, without its heading.
fn notes(changelog: &str, version: &str) -> Option<String> {
    let heading = format!("## [{version}]");
    let mut lines = changelog.lines().skip_while(|line| !line.starts_with(&heading));
    lines.next()?;
    let section: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
    Some(format!("{}\n", section.join("\n").trim()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::PLATFORMS;

    /// A release of all platforms, whose programs are their names.
    fn with_release<T>(act: impl FnOnce(&Release<'_>) -> T) -> T {
        let programs = PLATFORMS
            .each_ref()
            .map(|platform| Program { platform, content: platform.name.as_bytes().to_vec() });
        let metadata = json!({
            "packages": [
                { "id": "1", "name": "usher", "version": "1.2.3", "license": "MIT" },
                { "id": "2", "name": "usher-shims", "version": "1.2.3", "license": "MIT" },
                { "id": "3", "name": "linked", "version": "0.1.0", "license": "ISC" },
                { "id": "4", "name": "of-tests", "version": "0.2.0", "license": "MIT" },
            ],
            "workspace_members": ["1", "2"],
            "resolve": { "nodes": [
                { "id": "1", "deps": [
                    { "pkg": "2", "dep_kinds": [{ "kind": null }, { "kind": "dev" }] },
                    { "pkg": "4", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "2", "deps": [{ "pkg": "3", "dep_kinds": [{ "kind": null }] }] },
                { "id": "3", "deps": [] },
                { "id": "4", "deps": [] },
            ] },
        });
        let releases = "https://example.org/usher/".to_owned();
        let settings = Settings { releases, ..Settings::own().unwrap() };
        act(&Release {
            settings: &settings,
            version: "1.2.3-rc.1",
            programs: &programs,
            completions: &[],
            metadata: &[metadata],
        })
    }

    fn text<'a>(files: &'a [ReleaseFile], name: &str) -> &'a str {
        let file = files.iter().find(|file| file.name == name).unwrap();
        std::str::from_utf8(&file.content).unwrap()
    }

    #[test]
    fn a_release_has_these_files_each_time_the_same() {
        let [files, again] = [(), ()]
            .map(|()| with_release(|release| release.files(release.packages().unwrap()).unwrap()));
        assert!(files == again);
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let expected = "\
use-linux-x64
usher-1.2.3-rc.1-linux-x64.tar.gz
usher-1.2.3rc1-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl
usher-linux-x64-1.2.3-rc.1.tgz
usher_1.2.3~rc.1_amd64.deb
use-linux-arm64
usher-1.2.3-rc.1-linux-arm64.tar.gz
usher-1.2.3rc1-py3-none-manylinux2014_aarch64.musllinux_1_1_aarch64.whl
usher-linux-arm64-1.2.3-rc.1.tgz
usher_1.2.3~rc.1_arm64.deb
use-linux-x64-glibc
usher-1.2.3-rc.1-linux-x64-glibc.tar.gz
use-linux-arm64-glibc
usher-1.2.3-rc.1-linux-arm64-glibc.tar.gz
use-macos-arm64
usher-1.2.3-rc.1-macos-arm64.tar.gz
usher-1.2.3rc1-py3-none-macosx_11_0_arm64.whl
usher-macos-arm64-1.2.3-rc.1.tgz
use-macos-x64
usher-1.2.3-rc.1-macos-x64.tar.gz
usher-1.2.3rc1-py3-none-macosx_11_0_x86_64.whl
usher-macos-x64-1.2.3-rc.1.tgz
usher-1.2.3-rc.1.tgz
recipes/homebrew/usher.rb
recipes/nix/default.nix
recipes/github-action/action.yml
recipes/github-action/setup.sh
recipes/devcontainer/devcontainer-feature.json
recipes/devcontainer/install.sh
recipes/docker/Dockerfile
recipes/gitlab/usher.gitlab-ci.yml
recipes/renovate/usher.json
recipes/binstall/Cargo.toml
recipes/github-action/install-usher.sh
recipes/devcontainer/install-usher.sh
sbom.cdx.json
notes.md";
        assert_eq!(names.join("\n"), expected);
    }

    #[test]
    fn recipes_and_the_installer_name_the_release() {
        let folder = tempfile::tempdir().unwrap();
        let files = with_release(|release| {
            let packages = release.packages().unwrap();
            release.write(packages.clone(), folder.path()).unwrap();
            release.files(packages).unwrap()
        });
        let archive = files.iter().find(|file| file.name.ends_with("-macos-x64.tar.gz")).unwrap();
        let formula = text(&files, "recipes/homebrew/usher.rb");
        let address = "https://example.org/usher/1.2.3-rc.1/usher-1.2.3-rc.1-macos-x64.tar.gz";
        assert!(
            formula
                .contains(&format!("url \"{address}\"\n      sha256 \"{}\"\n", archive.sha256()))
        );
        let image = text(&files, "recipes/docker/Dockerfile");
        assert!(image.contains("https://example.org/usher/1.2.3-rc.1/use-linux-arm64 /use\n"));
        let installer = fs::read_to_string(folder.path().join("install.sh")).unwrap();
        assert!(installer.contains("\nreleases='https://example.org/usher/'\n"));
        assert_eq!(text(&files, "recipes/devcontainer/install-usher.sh"), installer);
        assert_eq!(fs::read_to_string(folder.path().join("latest")).unwrap(), "1.2.3-rc.1\n");
        let sums = fs::read_to_string(folder.path().join("1.2.3-rc.1/SHA256SUMS")).unwrap();
        assert_eq!(sums.lines().count(), files.len());
        assert!(sums.contains(&format!("{}  {}\n", archive.sha256(), archive.name)));
    }

    #[test]
    fn what_is_linked_is_listed() {
        let files = with_release(|release| release.files(release.packages().unwrap()).unwrap());
        let sbom: serde_json::Value = serde_json::from_str(text(&files, "sbom.cdx.json")).unwrap();
        let names: Vec<&str> = sbom["components"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|component| component["purl"].as_str())
            .collect();
        let expected =
            ["pkg:cargo/usher@1.2.3", "pkg:cargo/usher-shims@1.2.3", "pkg:cargo/linked@0.1.0"];
        assert_eq!(names, expected);
    }

    #[test]
    fn notes_are_one_section_of_the_changelog() {
        let changelog = "# Changes\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-01\n\n### Added\n\n- a\n\n## [1.1.0]\n\n- b\n";
        assert_eq!(notes(changelog, "1.2.0").unwrap(), "### Added\n\n- a\n");
        assert_eq!(notes(changelog, "1.1.0").unwrap(), "- b\n");
        assert_eq!(notes(changelog, "1.2"), None);
    }
}
