//! Migrating global packages from one version of a tool to another.
//!
//! The registry has the commands by which a package manager lists and installs packages. It is called
//! through its shim, as a user would call it, so that the shims match afterwards.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use usher_definition::PackageMigrationRule;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;
use usher_shims::world::World as _;

use crate::cli::shell_setup::quoted_for_posix;
use crate::files::bare::null_device;
use crate::files::interrupt::stop_if_interrupted;
use crate::registry::KnownTool;
use crate::session::Session;

/// A package manager that can list its global packages.
#[derive(Debug)]
pub struct PackageManager<'a> {
    rules: &'a PackageMigrationRule,
    shim: PathBuf,
}

/// The global packages of a version.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct GlobalPackages {
    /// Packages from a registry: `semver@7.6.0`.
    pub packages: Vec<ListedPackage>,
    /// The names of packages that aren't from a registry, and are never migrated.
    pub local: Vec<String>,
}

/// A global package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The result of a migration.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// The packages that the other version has now.
    pub added: Vec<ListedPackage>,
    /// Those that couldn't be installed.
    pub failed: Vec<ListedPackage>,
}

impl<'a> PackageManager<'a> {
    /// The package manager of a toolchain, if it is installed and the registry has its commands.
    pub fn of(session: &Session, known: KnownTool<'a>, toolchain: &Toolchain) -> Option<Self> {
        let rules = known.definition.migrate.as_ref()?;
        let program = toolchain.program(&rules.program);
        session
            .world
            .is_program(&program)
            .then(|| Self { rules, shim: session.folders.shims().join(&rules.program) })
    }

    /// Its program.
    pub fn program(&self) -> &'a str {
        &self.rules.program
    }

    /// The packages that `from` has and `to` lacks, by name; all, if `to` isn't installed yet.
    pub fn missing_packages(&self, from: &Version, to: Option<&Version>) -> Result<GlobalPackages> {
        let mut before = self.installed_packages(from)?;
        if let (Some(to), false) = (to, before == GlobalPackages::default()) {
            let there = self.installed_packages(to)?;
            let has = |name: &String| there.packages.iter().any(|one| one.name == *name);
            before.packages.retain(|package| !has(&package.name));
            before.local.retain(|name| !has(name) && !there.local.contains(name));
        }
        Ok(before)
    }

    /// What a user types to install packages in a version.
    pub fn command_line(&self, to: &Version, packages: &[ListedPackage]) -> String {
        let own = [self.rules.program.clone(), format!("+{to}")];
        let words = own.into_iter().chain(self.rules.install.iter().cloned());
        let words = words.chain(packages.iter().map(|one| self.argument(one)));
        words.map(|word| quote_if_needed(&word)).collect::<Vec<_>>().join(" ")
    }

    /// The global packages of a version.
    pub fn installed_packages(&self, version: &Version) -> Result<GlobalPackages> {
        let call = self.call(version, &self.rules.list);
        let output = call.and_then(|mut call| call.stderr(null_device()?).output());
        stop_if_interrupted();
        let output = output.map_err(|error| Error::io("run", &self.shim, error))?;
        // A manager may report problems and list its packages all the same.
        let text = String::from_utf8_lossy(&output.stdout);
        parse_list(self.rules, &text).ok_or_else(|| {
            let (program, status) = (&self.rules.program, output.status);
            Error::new(
                ErrorKind::ProgramFailed,
                format!("can't read the packages that {program} lists for {version}"),
            )
            .because(format!("{} ended with {status}", Escaped(&self.rules.list.join(" "))))
        })
    }

    /// Installs packages in a version: all at once; if that fails, one by one.
    pub fn install(&self, to: &Version, packages: Vec<ListedPackage>) -> Result<MigrationReport> {
        let mut report = MigrationReport::default();
        if packages.is_empty() || self.run(to, &packages)? {
            report.added = packages;
            return Ok(report);
        }
        for package in packages {
            match self.run(to, std::slice::from_ref(&package))? {
                true => report.added.push(package),
                false => report.failed.push(package),
            }
        }
        Ok(report)
    }

    fn run(&self, to: &Version, packages: &[ListedPackage]) -> Result<bool> {
        let arguments = packages.iter().map(|one| self.argument(one));
        let call = self.call(to, &self.rules.install);
        // Its output isn't part of ours.
        let ended = call.and_then(|mut call| call.args(arguments).stdout(null_device()?).status());
        stop_if_interrupted();
        Ok(ended.map_err(|error| Error::io("run", &self.shim, error))?.success())
    }

    /// A package as the manager's argument.
    pub fn argument(&self, package: &ListedPackage) -> String {
        format!("{}{}{}", package.name, self.rules.separator, package.version)
    }

    /// A call of the manager in a version, outside of any project.
    fn call(&self, version: &Version, words: &[String]) -> io::Result<Command> {
        let mut command = Command::new(&self.shim);
        command.arg(format!("+{version}")).args(words).current_dir("/").stdin(null_device()?);
        Ok(command)
    }
}

/// The packages in what a manager lists; `None` if its output isn't understood.
fn parse_list(rules: &PackageMigrationRule, text: &str) -> Option<GlobalPackages> {
    let mut found = match (&rules.path, &rules.line) {
        (Some(path), _) => parse_json(rules, path, text)?,
        (None, Some(line)) => parse_patterns(rules, line, text),
        (None, None) => parse_lines(rules, text),
    };
    found.packages.retain(|package| !rules.exclude.contains(&package.name));
    found.local.retain(|name| !rules.exclude.contains(name));
    Some(found)
}

/// JSON: an object of packages by name, in an object.
fn parse_json(rules: &PackageMigrationRule, at: &str, text: &str) -> Option<GlobalPackages> {
    let document: Value = serde_json::from_str(text).ok()?;
    let mut added = GlobalPackages::default();
    for (name, package) in
        document.as_object()?.get(at).and_then(Value::as_object).into_iter().flatten()
    {
        let is_local = rules.local_field.as_ref().is_some_and(|field| package.get(field).is_some());
        match package.get("version").and_then(Value::as_str) {
            Some(version) if !is_local && is_word(name) && is_word(version) => {
                added
                    .packages
                    .push(ListedPackage { name: name.clone(), version: version.to_owned() });
            }
            Some(_) | None => added.local.push(name.clone()),
        }
    }
    Some(added)
}

/// One package a line: name, separator, version. Other lines are packages from elsewhere.
fn parse_lines(rules: &PackageMigrationRule, text: &str) -> GlobalPackages {
    let mut added = GlobalPackages::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_once(&rules.separator) {
            Some((name, version)) if is_word(name) && is_word(version) => {
                added
                    .packages
                    .push(ListedPackage { name: name.to_owned(), version: version.to_owned() });
            }
            Some(_) | None => {
                let name = line.split_whitespace().next().unwrap_or(line);
                added.local.push(name.to_owned());
            }
        }
    }
    added
}

/// A package in each line that matches a pattern, with its versions; bundled packages don't count.
fn parse_patterns(rules: &PackageMigrationRule, pattern: &str, text: &str) -> GlobalPackages {
    let mut added = GlobalPackages::default();
    for (name, versions) in text.lines().filter_map(|line| match_pattern(line, pattern)) {
        let version = versions.split(',').next().unwrap_or_default().trim();
        let is_bundled =
            rules.bundled_prefix.as_ref().is_some_and(|start| version.starts_with(start));
        if !is_bundled && is_word(name) && is_word(version) {
            added
                .packages
                .push(ListedPackage { name: name.to_owned(), version: version.to_owned() });
        }
    }
    added
}

/// The parts of a line that match a pattern's `{name}` and `{version}`.
fn match_pattern<'a>(line: &'a str, pattern: &str) -> Option<(&'a str, &'a str)> {
    let (before, rest) = pattern.split_once("{name}")?;
    let (between, after) = rest.split_once("{version}")?;
    let rest = &line[line.find(before)? + before.len()..];
    let (name, rest) = rest.rsplit_once(between)?;
    Some((name, rest.trim_end().strip_suffix(after)?))
}

/// A word, quoted for a shell if it has to be.
fn quote_if_needed(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@/._+:=-".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { quoted_for_posix(word) }
}

/// Whether a text can't be taken for an option or for several arguments.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use usher_definition::Definition;
    use usher_shims::tool::DEFINITIONS;

    use super::*;

    fn rules(tool: &str) -> PackageMigrationRule {
        let file = format!("{tool}.toml");
        let (_, text) = DEFINITIONS.iter().find(|(name, _)| *name == file).unwrap();
        Definition::parse(text).unwrap().1.migrate.unwrap()
    }

    fn check(tool: &str, text: &str, packages: &str, local: &[&str]) {
        let rules = rules(tool);
        let added = parse_list(&rules, text).unwrap();
        let words = added.packages.iter();
        let words: Vec<String> =
            words.map(|one| format!("{}{}{}", one.name, rules.separator, one.version)).collect();
        assert_eq!(words.join(" "), packages, "{text}");
        assert_eq!(added.local, local, "{text}");
    }

    #[test]
    fn lists_are_parsed() {
        let npm = r#"{"name": "lib", "dependencies": {
            "npm": { "version": "10.9.0" }, "@scope/x": { "version": "1.0.0-rc.1" },
            "mine": { "version": "1.0.0", "resolved": "file:../mine" }, "-g": { "version": "1.0.0" },
            "semver": { "version": "7.6.0", "overridden": false } }}"#;
        check("node", npm, "@scope/x@1.0.0-rc.1 semver@7.6.0", &["-g", "mine"]);
        check("node", r#"{"name": "lib"}"#, "", &[]);
        let pip = "requests==2.31.0\nmine @ file:///home/me/mine.whl\n\n-e /x\n";
        check("python", pip, "requests==2.31.0", &["mine", "-e"]);
        assert_eq!(parse_list(&rules("node"), "npm ERR! cb() never called"), None);
        let gem = "\n*** LOCAL GEMS ***\n\nbigdecimal (default: 3.1.3)\nbundler (2.5.1, default: 2.4.1)\n\
                   rake (13.1.0, 13.0.6)\n-x (1)\nnokogiri (1.16.0-x86_64-linux)\n";
        check("ruby", gem, "bundler:2.5.1 rake:13.1.0 nokogiri:1.16.0-x86_64-linux", &[]);
        let bun = "/x/install/global node_modules (2)\n├── @scope/x@1.0.0\n└── semver@7.6.0\n";
        check("bun", bun, "@scope/x@1.0.0 semver@7.6.0", &[]);
    }

    #[test]
    fn the_command_line_is_quoted_for_a_shell() {
        let rules = rules("ruby");
        let manager = PackageManager { rules: &rules, shim: PathBuf::new() };
        let package = |name: &str| ListedPackage { name: name.into(), version: "1.0".into() };
        let version = Version::parse("3.3.1").unwrap();
        let typed = manager.command_line(&version, &[package("rake"), package("a;b'c")]);
        assert_eq!(typed, r"gem +3.3.1 install rake:1.0 'a;b'\''c:1.0'");
    }

    /// A manager whose packages are in a file for each version, and which can't install `broken`.
    const FAKE: &str = "#!/bin/sh\n\
        cd \"${0%/*}\" || exit\nfile=has$1\ncase $4 in\n\
        freeze) cat \"$file\" ;;\n\
        install) shift 4; case $* in *broken*) exit 1 ;; esac\n\
        for word; do case $word in -*) ;; *) echo \"$word\" >> \"$file\" ;; esac; done ;;\n\
        esac\n";

    fn fake(folder: &Path) -> PathBuf {
        let shim = folder.join("python");
        fs::write(&shim, FAKE).unwrap();
        fs::set_permissions(&shim, Permissions::from_mode(0o755)).unwrap();
        shim
    }

    #[test]
    fn missing_packages_are_installed() {
        let folder = tempfile::tempdir().unwrap();
        let rules = rules("python");
        let manager = PackageManager { rules: &rules, shim: fake(folder.path()) };
        let file = |version: &str| folder.path().join(format!("has+{version}"));
        fs::write(file("3.11.1"), "a==1\nbroken==2\nc==3\nmine @ file:///x\n").unwrap();
        fs::write(file("3.12.1"), "a==5\n").unwrap();
        let version = |text: &str| Version::parse(text).unwrap();
        let (from, to) = (version("3.11.1"), version("3.12.1"));
        let package = |name: &str, version: &str| ListedPackage {
            name: name.into(),
            version: version.into(),
        };
        let all = GlobalPackages {
            packages: vec![package("a", "1"), package("broken", "2"), package("c", "3")],
            local: vec!["mine".into()],
        };
        assert_eq!(manager.missing_packages(&from, None).unwrap(), all);
        let missing = manager.missing_packages(&from, Some(&to)).unwrap();
        assert_eq!(missing.packages, all.packages[1..]);
        assert_eq!(missing.local, all.local);
        let report = manager.install(&to, missing.packages).unwrap();
        let expected = MigrationReport {
            added: vec![package("c", "3")],
            failed: vec![package("broken", "2")],
        };
        assert_eq!(report, expected);
        assert_eq!(manager.missing_packages(&from, Some(&to)).unwrap().packages, expected.failed);
        assert_eq!(fs::read_to_string(file("3.12.1")).unwrap(), "a==5\nc==3\n");
    }
}
