//! usher itself: `use self install`, `update` and `uninstall`, and homes that other versions made.

use std::fs;
use std::path::{Path, PathBuf};

use usher_shims::index::{VERSION, index_file};

use super::json::check_output;
use crate::support::own_releases::{self, file_name};
use crate::support::{Outcome, ReleaseKey, Sandbox, TestCommand, sha256};

/// A program that says it is a version of usher, and appends its other calls to a file beside the home.
fn program(version: &str) -> String {
    format!(
        "#!/bin/sh\ncase $1 in\n--version) echo use {version} ;;\n\
         *) echo {version} \"$@\" >> \"$HOME/../calls\" ;;\nesac\n"
    )
}

/// A folder of releases, and a home whose `use` was built for it.
struct Releases {
    sandbox: Sandbox,
    key: ReleaseKey,
}

impl Releases {
    fn new() -> Self {
        let releases = Self { sandbox: Sandbox::new().offline(), key: ReleaseKey::new(1) };
        let built = own_releases::signed_use();
        releases.command_of(&built, &["self", "install"]).run().succeeds();
        releases
    }

    fn command_of(&self, program: &Path, arguments: &[&str]) -> TestCommand {
        let command = self.sandbox.command(program).arguments(arguments);
        let command = command.variable("TEST_RELEASES", self.sandbox.root().join("releases"));
        command.variable("TEST_RELEASE_KEY", self.key.public())
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.command_of(&self.sandbox.shim("use"), arguments).run()
    }

    fn publish(&self, version: &str, program: &str) {
        own_releases::publish(&self.sandbox, &self.key, version, program.as_bytes());
    }

    fn sign(&self, version: &str, sums: &str, key: &ReleaseKey, comment: &str) {
        own_releases::sign(&self.sandbox, version, sums, (key, comment));
    }

    fn file(&self, version: &str, name: &str, content: &str) {
        self.sandbox.file(format!("releases/{version}/{name}"), content);
    }

    /// The program that has the name `use`, where it is one of [`program`]'s.
    fn installed(&self) -> Option<String> {
        let content = fs::read(self.sandbox.shim("use")).expect("read `use`");
        String::from_utf8(content).ok()
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.sandbox.root().join("calls")).unwrap_or_default()
    }
}

#[test]
fn a_release_replaces_usher_after_its_signature_was_checked() {
    let releases = Releases::new();
    releases.publish(VERSION, "");
    let newest = format!("usher {VERSION} is the newest release\n");
    releases.run(&["self", "update"]).succeeds().stdout_is(&newest);
    releases.publish("99.1.0", &program("99.1.0"));
    let done = format!("usher 99.1.0 replaced {VERSION}\n");
    releases.run(&["self", "update"]).succeeds().stdout_is(&done);
    assert_eq!(releases.installed(), Some(program("99.1.0")));
    assert_eq!(fs::read_to_string(releases.sandbox.shim("usher")).unwrap(), program("99.1.0"));
    // The new one made its own shims.
    assert_eq!(releases.calls(), "99.1.0 self install\n");
    let staging = releases.sandbox.usher().join("staging");
    assert_eq!(fs::read_dir(staging).unwrap().count(), 0);
}

#[test]
fn a_release_that_makes_no_shims_is_an_error() {
    let releases = Releases::new();
    let without = "#!/bin/sh\ncase $1 in\n--version) echo use 99.1.0 ;;\n*) exit 74 ;;\nesac\n";
    releases.publish("99.1.0", without);
    let failed = releases.run(&["self", "update"]).fails_with(65).stdout_is("");
    failed.stderr_contains(&format!(
        "error: usher 99.1.0 replaced {VERSION}, but made no shims\n  exit status: 74\n  hint: use reshim"
    ));
    assert_eq!(releases.installed().as_deref(), Some(without));
}

#[test]
fn an_older_release_is_installed_where_it_is_named() {
    let releases = Releases::new();
    releases.publish("0.0.1", &program("0.0.1"));
    let newest = format!("usher {VERSION} is the newest release\n");
    releases.run(&["self", "update"]).succeeds().stdout_is(&newest);
    assert_eq!(releases.installed(), None);
    let json = releases.run(&["self", "update", "0.0.1", "--json"]).succeeds().json();
    assert_eq!((&json["version"], &json["updated"]), (&"0.0.1".into(), &true.into()));
    check_output("use self update", &[json]);
    assert_eq!(releases.installed(), Some(program("0.0.1")));
}

#[test]
fn what_is_not_a_signed_release_leaves_usher_as_it_is() {
    let releases = Releases::new();
    let before = fs::read(releases.sandbox.shim("use")).unwrap();
    let hash = |content: &str| sha256(content.as_bytes());
    let name = file_name();
    let good = program("99.1.0");
    let sums = format!("{}  {name}\n", hash(&good));
    let other = ReleaseKey::new(2);
    let comment = "usher 99.1.0";
    let refused = |code: i32, expected: &str| {
        let refused = releases.run(&["self", "update"]).fails_with(code);
        refused.stderr_contains(expected);
        assert!(fs::read(releases.sandbox.shim("use")).unwrap() == before, "{expected}");
    };
    releases.publish("99.1.0", &good);
    releases.sign("99.1.0", &sums, &other, comment);
    refused(76, "the signature of the release is invalid");
    releases.sign("99.1.0", &sums, &releases.key, "usher 99.0.0");
    refused(76, "it is of usher 99.0.0, not of usher 99.1.0");
    releases.sign("99.1.0", &sums, &releases.key, comment);
    releases.file("99.1.0", "SHA256SUMS", &sums.replace(&name, "use-other"));
    refused(76, "the signature of the release is invalid");
    releases.sign("99.1.0", &sums.replace(&name, "use-other"), &releases.key, comment);
    refused(127, "usher 99.1.0 has no program for this platform");
    releases.sign("99.1.0", &sums, &releases.key, comment);
    releases.file("99.1.0", &name, "#!/bin/sh\necho mine\n");
    refused(76, "sha256");
    // What was signed, and doesn't run.
    for (broken, expected) in [
        ("#!/bin/sh\nexit 3\n", "usher 99.1.0 doesn't run on this machine\n  exit status: 3"),
        (
            "#!/bin/sh\necho use 1.0\n",
            "usher 99.1.0 doesn't run on this machine\n  it says “use 1.0”",
        ),
    ] {
        releases.publish("99.1.0", broken);
        refused(65, expected);
    }
    releases.sandbox.file("releases/latest", "nonsense\n");
    refused(69, "is no version");
    releases
        .run(&["self", "update", "../x"])
        .fails_with(2)
        .stderr_contains("not a version of usher");
    releases.run(&["self", "update", "--offline"]).fails_with(69).stderr_contains("is offline");
    assert_eq!(releases.calls(), "");
}

#[test]
fn a_build_without_releases_and_a_package_say_what_updates_them() {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    let refused = sandbox.use_command(&["self", "update"]).run().fails_with(2);
    refused
        .stderr_contains("this usher was built without the key of its releases")
        .stderr_contains("hint: ./install.sh in a newer checkout");
    let packaged = package(&sandbox);
    sandbox.command(&packaged).arguments(["self", "install"]).run().succeeds();
    let hint = "usher was installed by the package acme\n  hint: acme upgrade usher";
    for program in [packaged.clone(), sandbox.shim("use")] {
        let refused = sandbox.command(&program).arguments(["self", "update"]).run().fails_with(2);
        refused.stderr_contains(hint);
    }
    // Without the package, its home works, and is usher's own again.
    fs::remove_file(&packaged).unwrap();
    sandbox.use_command(&["list"]).run().succeeds();
    let refused = sandbox.use_command(&["self", "update"]).run().fails_with(2);
    refused.stderr_contains("built without");
}

/// A `use` as a package of another manager has it.
fn package(sandbox: &Sandbox) -> PathBuf {
    let text =
        "name = 'the package acme'\nupdate = 'acme upgrade usher'\nremove = 'acme remove usher'\n";
    sandbox.file("prefix/lib/usher/package.toml", text);
    let program = sandbox.folder("prefix/bin").join("use");
    fs::copy(env!("CARGO_BIN_EXE_use"), &program).expect("copy `use`");
    program
}

#[test]
fn the_first_command_of_a_newer_usher_updates_the_home() {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    let index = index_file(&sandbox.shims());
    let current = fs::read_to_string(&index).unwrap();
    let older = current.replace(&format!("usher\t{VERSION}\n"), "usher\t0.0.1\n");
    assert_ne!(older, current);
    fs::write(&index, older).unwrap();
    fs::remove_file(sandbox.shim("use")).unwrap();
    sandbox.executable(sandbox.shim("use"), &program("0.0.1"));
    let packaged = package(&sandbox);
    sandbox.command(&packaged).arguments(["list"]).run().succeeds();
    assert!(fs::read(sandbox.shim("use")).unwrap() == fs::read(&packaged).unwrap());
    assert_eq!(fs::read_to_string(&index).unwrap(), current);
}

#[test]
fn an_older_usher_hands_over_to_a_newer_home() {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    let index = index_file(&sandbox.shims());
    fs::write(&index, "usher index 9\nusher\t99.1.0\nnews\tof the future\n").unwrap();
    fs::remove_file(sandbox.shim("use")).unwrap();
    sandbox.executable(sandbox.shim("use"), &program("99.1.0"));
    let before = sandbox.tree("home");
    let packaged = package(&sandbox);
    let list = sandbox.command(&packaged).arguments(["-C", "..", "list", "node"]);
    list.run().succeeds();
    let calls = fs::read_to_string(sandbox.root().join("calls")).unwrap();
    assert_eq!(calls, "99.1.0 list node\n");
    assert_eq!(sandbox.tree("home"), before);
}

#[test]
fn a_shim_that_meets_another_format_hands_the_call_to_use() {
    let sandbox = Sandbox::new().offline();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.install();
    sandbox.command("node").run().succeeds();
    fs::remove_file(sandbox.shim("use")).unwrap();
    sandbox.executable(sandbox.shim("use"), &program("99.1.0"));
    // It has a version that this one would run, were the format its own.
    let index = index_file(&sandbox.shims());
    let other = fs::read_to_string(&index).unwrap().replace("usher index 1\n", "usher index 2\n");
    fs::write(&index, other).unwrap();
    sandbox.command("node").argument("x").run().succeeds().stdout_is("");
    let calls = fs::read_to_string(sandbox.root().join("calls")).unwrap();
    assert!(calls.starts_with("99.1.0 ") && calls.ends_with(" x\n"), "{calls}");
}

#[test]
fn usher_is_removed_with_all_that_it_wrote() {
    let sandbox = Sandbox::new().offline().with_variable("SHELL", "/bin/bash");
    sandbox.file("home/.bashrc", "alias l=ls\n");
    let removed = |sandbox: &Sandbox, arguments: &[&str]| {
        sandbox.install();
        sandbox.fake_toolchain("node", "12.22.12");
        sandbox.use_command(&["setup", "bash", "--yes"]).run().succeeds();
        sandbox.use_command(&["config", "set", "auto_install", "never"]).run().succeeds();
        let command = sandbox.use_command(&[&["self", "uninstall"], arguments].concat());
        command.run()
    };
    removed(&sandbox, &[]).fails_with(2).stderr_contains("hint: use self uninstall --yes");
    assert!(sandbox.shim("use").exists());
    let done = removed(&sandbox, &["--yes"]).succeeds().stdout_is("usher is removed\n");
    for folder in [".local/share/usher", ".config/usher", ".cache/usher"] {
        assert!(!sandbox.home().join(folder).exists(), "{folder}: {done}");
    }
    assert_eq!(fs::read_to_string(sandbox.home().join(".bashrc")).unwrap(), "alias l=ls\n");

    // What isn't usher's stays, and is named.
    sandbox.file("home/.config/usher/notes", "mine\n");
    let done = removed(&sandbox, &["--yes", "--keep-toolchains"]).succeeds();
    done.stdout_is(
        "usher is removed\nkept: ~/.config/usher/notes, ~/.local/share/usher/toolchains\n",
    );
    assert!(sandbox.toolchain("node", "12.22.12").join("bin/node").exists());
    sandbox.install();
    let list = sandbox.use_command(&["list", "node"]).run().succeeds();
    assert!(list.stdout.contains("12.22.12"), "{list}");
}
