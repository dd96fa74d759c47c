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
    /// What `cargo metadata` prints of the workspace.
    pub metadata: &'a Value,
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
    /// All files of the version's folder, but for the hashes.
    pub fn files(&self) -> Result<Vec<ReleaseFile>> {
        let mut files = Vec::new();
        for program in self.programs {
            let failed = |error: io::Error| format!("{}: {error}", program.platform);
            let (name, content) = (program.platform.program_name(), program.content.clone());
            files.push(ReleaseFile { name, content });
            files.push(tarball::tarball(self, program).map_err(failed)?);
            if program.platform.system != System::LinuxGlibc {
                files.push(wheel::wheel(self, program)?);
                files.push(npm::program_package(self, program).map_err(failed)?);
            }
            if program.platform.system == System::Linux {
                files.push(deb::deb(self, program).map_err(failed)?);
            }
        }
        files.push(npm::package(self).map_err(|error| error.to_string())?);
        files.extend(template::recipes(self, &files)?);
        files.push(ReleaseFile {
            name: "sbom.cdx.json".to_owned(),
            content: sbom::sbom(self.settings, self.version, self.metadata)?.into_bytes(),
        });
        let notes = notes(include_str!("../../CHANGELOG.md"), self.version);
        let notes = notes.or_else(|| self::notes(include_str!("../../CHANGELOG.md"), "Unreleased"));
        files.push(ReleaseFile {
            name: "notes.md".to_owned(),
            content: notes.ok_or("CHANGELOG.md has no section")?.into_bytes(),
        });
        Ok(files)
    }

    /// Writes the release below the folder of releases; returns the path of its hashes.
    pub fn write(&self, releases: &Path) -> Result<PathBuf> {
        let folder = releases.join(self.version);
        let files = self.files()?;
        let mut sums = String::new();
        for file in &files {
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

    /// A line with the name of a package's page, where the project has one.
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
pub fn notes(changelog: &str, version: &str) -> Option<String> {
    let heading = format!("## [{version}]");
    let mut lines = changelog.lines().skip_while(|line| !line.starts_with(&heading));
    lines.next()?;
    let section: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
    Some(format!("{}\n", section.join("\n").trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_one_section_of_the_changelog() {
        let changelog = "# Changes\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-01\n\n### Added\n\n- a\n\n## [1.1.0]\n\n- b\n";
        assert_eq!(notes(changelog, "1.2.0").unwrap(), "### Added\n\n- a\n");
        assert_eq!(notes(changelog, "1.1.0").unwrap(), "- b\n");
        assert_eq!(notes(changelog, "1.2"), None);
    }
}
