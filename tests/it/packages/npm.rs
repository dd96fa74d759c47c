//! The npm packages, from a registry on loopback.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::{Manager, Packages, ReleaseFile, find, live_through};
use crate::support::{Sandbox, Upstream};

/// npm with a prefix in the sandbox.
struct Npm {
    program: PathBuf,
    registry: Upstream,
    /// Whether packages may run scripts when they are installed.
    runs_scripts: bool,
}

impl Npm {
    fn new(runs_scripts: bool) -> Option<Self> {
        Some(Self { program: find("npm")?, registry: Upstream::start(), runs_scripts })
    }

    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) {
        let folder = self.program.parent().expect("npm is in a folder");
        let scripts = if self.runs_scripts { "false" } else { "true" };
        let npm = sandbox.command(&self.program).arguments(arguments);
        let npm = npm.arguments(["--global", "--no-audit", "--no-fund", "--prefix"]);
        let npm = npm.argument(sandbox.root().join("prefix"));
        let npm = npm.variable("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        let npm = npm.variable("npm_config_registry", self.registry.npm_registry());
        npm.variable("npm_config_ignore_scripts", scripts).with_long_timeout().run().succeeds();
    }

    /// Publishes the packages of a release, as their registry lists them.
    fn publish(&self, packages: &Packages) {
        let is_package =
            |file: &&ReleaseFile| Path::new(&file.name).extension() == Some("tgz".as_ref());
        for file in packages.files.iter().filter(is_package) {
            let mut manifest = manifest(file);
            let name = manifest["name"].as_str().expect("a name").to_owned();
            let address = format!("{}{}", self.registry.npm_registry(), file.name);
            manifest["dist"] = json!({ "tarball": address });
            let version = &packages.version;
            let listed = json!({
                "name": name,
                "dist-tags": { "latest": version },
                "versions": { version: manifest },
            });
            self.registry.put(&format!("/npm/{name}"), listed.to_string());
            self.registry.put(&format!("/npm/{}", file.name), file.content.as_slice());
        }
    }
}

/// The `package.json` of a package.
fn manifest(file: &ReleaseFile) -> Value {
    let mut archive = tar::Archive::new(GzDecoder::new(file.content.as_slice()));
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        if entry.path_bytes().as_ref() == b"package/package.json" {
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("a text");
            return serde_json::from_str(&text).expect("JSON");
        }
    }
    panic!("{} has no package.json", file.name)
}

impl Manager for Npm {
    fn install(&self, sandbox: &Sandbox, packages: &Packages) {
        self.publish(packages);
        self.run(sandbox, &["install", &format!("usher@{}", packages.version)]);
    }

    fn remove(&self, sandbox: &Sandbox) {
        self.run(sandbox, &["uninstall", "usher"]);
    }

    fn program(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.root().join("prefix/bin/use")
    }

    fn hint(&self) -> &'static str {
        "hint: npm install --global usher@latest"
    }
}

#[test]
fn npm_installs_upgrades_and_removes_usher() {
    let Some(npm) = Npm::new(true) else { return };
    live_through(&npm);
    // Of the programs, only this machine's is fetched.
    let fetched = npm.registry.all_requests();
    assert!(!fetched.iter().any(|request| request.path.contains("macos-x64-")));

    let sandbox = Sandbox::new().offline();
    npm.install(&sandbox, Packages::current());
    let command = std::fs::read(npm.program(&sandbox)).expect("read the command");
    assert!(command.starts_with(b"\x7fELF"), "the command is the program");
}

#[test]
fn without_install_scripts_the_command_works_too() {
    let Some(npm) = Npm::new(false) else { return };
    live_through(&npm);
    let sandbox = Sandbox::new().offline();
    npm.install(&sandbox, Packages::current());
    let package = sandbox.root().join("prefix/lib/node_modules/usher");
    std::fs::remove_dir_all(package.join("node_modules")).expect("remove the program");
    let refused = sandbox.command(npm.program(&sandbox)).argument("list").run().fails_with(1);
    refused
        .stderr_contains("isn't installed")
        .stderr_contains("hint: install it again, with optional dependencies");
}
