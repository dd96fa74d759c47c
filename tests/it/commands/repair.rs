//! `use repair`: after each kind of fault all is as it was installed, and what package managers
//! added is still there.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::{offline_sandbox, sandbox};
use crate::support::{Misbehaviour, Platform, Sandbox, Upstream};

fn archive() -> String {
    Platform::here().node_archive("12.22.12")
}

/// node 12.22.12, and a package that npm added to it.
fn installed(upstream: &Upstream) -> Sandbox {
    let sandbox = sandbox(upstream);
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    let node = sandbox.toolchain("node", "12.22.12");
    fs::create_dir_all(node.join("lib/node_modules/yarn/bin")).unwrap();
    fs::write(node.join("lib/node_modules/yarn/bin/yarn.js"), "// yarn\n").unwrap();
    symlink("../lib/node_modules/yarn/bin/yarn.js", node.join("bin/yarn")).unwrap();
    sandbox
}

/// A kind of fault, and what makes it in a toolchain.
type Kind<'a> = (&'a str, &'a dyn Fn(&Path));

#[test]
fn every_kind_of_fault_is_repaired() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    let node = sandbox.toolchain("node", "12.22.12");
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let kinds: &[Kind<'_>] = &[
        ("a changed byte", &|node| fs::write(node.join("LICENSE"), "GPL\n").unwrap()),
        ("a truncated program", &|node| fs::write(node.join("bin/node"), "").unwrap()),
        ("a missing program", &|node| fs::remove_file(node.join("bin/node")).unwrap()),
        ("a missing folder", &|node| fs::remove_dir_all(node.join("include")).unwrap()),
        ("a mode", &|node| mode(&node.join("bin/node"), 0o644)),
        ("a closed folder", &|node| mode(&node.join("lib"), 0o000)),
        ("its own mode", &|node| mode(node, 0o777)),
        ("a link", &|node| {
            fs::remove_file(node.join("bin/npm")).unwrap();
            symlink("/bin/sh", node.join("bin/npm")).unwrap();
        }),
        ("a link in a folder's place", &|node| {
            fs::remove_dir_all(node.join("share")).unwrap();
            symlink("/usr/share", node.join("share")).unwrap();
        }),
        ("no receipt", &|node| fs::remove_file(node.join(".usher-receipt.json")).unwrap()),
        ("a damaged receipt", &|node| {
            fs::write(node.join(".usher-receipt.json"), "{\"form\":1").unwrap();
        }),
        ("a FIFO", &|node| {
            fs::remove_file(node.join("LICENSE")).unwrap();
            let made = std::process::Command::new("mkfifo").arg(node.join("LICENSE")).status();
            assert!(made.unwrap().success());
        }),
    ];
    for (name, spoil) in kinds {
        spoil(&node);
        sandbox.use_command(&["verify", "node@12.22.12"]).run().fails_with(65);
        let outcome = sandbox.use_command(&["repair"]).run();
        let outcome = outcome.succeeds();
        assert!(outcome.stdout.contains("repaired node 12.22.12"), "{name}: {outcome}");
        let report = sandbox.use_command(&["verify", "--json"]).run().succeeds().json();
        let packages = &report["versions"][0]["packages"];
        assert_eq!(packages.as_array().map(Vec::len), Some(2), "{name}: {report}");
        assert_eq!(fs::read_to_string(node.join("bin/yarn")).unwrap(), "// yarn\n", "{name}");
        let staging = sandbox.usher().join("staging");
        assert_eq!(fs::read_dir(staging).unwrap().count(), 0, "{name}");
    }
    let outcome = sandbox.use_command(&["repair"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12.22.12 is unchanged
    --- standard error
    ");
}

/// A package manager may have put them there.
#[test]
fn files_that_are_not_from_upstream_are_kept_unless_their_removal_is_confirmed() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    let node = sandbox.toolchain("node", "12.22.12");
    fs::write(node.join("lib/mine.js"), "mine").unwrap();
    fs::create_dir(node.join("extra")).unwrap();
    fs::write(node.join("extra/file"), "mine").unwrap();
    let outcome = sandbox.use_command(&["repair"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12.22.12 needs no repair
    ├─ kept, though not from upstream: extra
    ├─ kept, though not from upstream: lib/mine.js
    └─ to remove them: use repair node@12.22.12 --yes
    --- standard error
    ");
    // Beside a fault, without a receipt, and in a folder that was closed.
    let kinds: &[&dyn Fn()] = &[
        &|| fs::write(node.join("LICENSE"), "GPL\n").unwrap(),
        &|| fs::remove_file(node.join(".usher-receipt.json")).unwrap(),
        &|| fs::set_permissions(node.join("lib"), Permissions::from_mode(0o000)).unwrap(),
    ];
    for spoil in kinds {
        spoil();
        let outcome = sandbox.use_command(&["repair"]).run().succeeds();
        outcome
            .stdout_has_line("repaired node 12.22.12, keeping 2 entries added by package managers");
        for file in ["lib/mine.js", "extra/file"] {
            assert_eq!(fs::read_to_string(node.join(file)).unwrap(), "mine");
        }
    }
    let outcome = sandbox.use_command(&["repair", "--yes"]).run().succeeds();
    outcome.stdout_has_line("└─ removed: lib/mine.js");
    sandbox.use_command(&["verify"]).run().succeeds();
    assert!(!node.join("extra").exists() && node.join("bin/yarn").exists());
}

#[test]
fn repair_replaces_a_linked_toolchain_but_keeps_its_target() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    let (node, elsewhere) = (sandbox.toolchain("node", "12.22.12"), sandbox.root().join("else"));
    fs::rename(&node, &elsewhere).unwrap();
    symlink(&elsewhere, &node).unwrap();
    let before = sandbox.tree("else");
    sandbox.use_command(&["verify"]).run().fails_with(65);
    sandbox.use_command(&["repair"]).run().succeeds();
    assert!(fs::symlink_metadata(&node).unwrap().is_dir());
    sandbox.use_command(&["verify"]).run().succeeds();
    assert!(before.changes(&sandbox.tree("else")).is_empty());
}

#[test]
fn a_failed_repair_changes_nothing() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    fs::write(sandbox.toolchain("node", "12.22.12").join("LICENSE"), "GPL\n").unwrap();
    let before = sandbox.tree("home/.local/share/usher/toolchains");
    let check = |code: i32, complaint: &str| {
        let outcome = sandbox.use_command(&["repair"]).run();
        outcome.fails_with(code).stderr_contains(complaint);
        let now = sandbox.tree("home/.local/share/usher/toolchains");
        assert!(before.changes(&now).is_empty(), "{complaint}");
    };
    upstream.misbehave(&archive(), Misbehaviour::FlippedBit(100));
    check(76, "upstream changed a published file");
    upstream.misbehave(&archive(), Misbehaviour::Status(404));
    check(69, "404");
    upstream.stop_misbehaving(&archive());
    // Upstream publishes other bytes under the same name, with a hash that fits.
    let sums = "/dist/v12.22.12/SHASUMS256.txt";
    let name = archive().rsplit_once('/').unwrap().1.to_owned();
    upstream.put(sums, format!("{}  {name}\n", "0".repeat(64)));
    check(76, "upstream changed a published file");
    let outcome = sandbox.use_command(&["repair"]).variable("USHER_OFFLINE", "1").run();
    outcome.fails_with(69).stderr_contains("usher is offline");
}

#[test]
fn repair_restores_the_backup_of_a_replacement() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    let node = sandbox.toolchain("node", "12.22.12");
    let aside = node.with_file_name(".12.22.12.replaced");
    // As a process leaves it that was killed on a file system that can't exchange two names.
    fs::rename(&node, &aside).unwrap();
    sandbox.use_command(&["verify"]).run().fails_with(65);
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    assert!(node.join("bin/yarn").exists() && !aside.exists());
    fs::rename(&node, &aside).unwrap();
    sandbox.use_command(&["repair"]).run().succeeds();
    assert!(node.join("bin/yarn").exists() && !aside.exists());
    assert_eq!(upstream.requests(&archive()), 1, "nothing had to be fetched");
    // The replacement had got the name already: the old one is removed.
    fs::create_dir_all(aside.join("bin")).unwrap();
    sandbox.use_command(&["uninstall", "node@12.22.12"]).run().succeeds();
    assert!(!node.exists() && !aside.exists());
}

#[test]
fn repair_without_installed_versions_succeeds() {
    let outcome = offline_sandbox().use_command(&["repair"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    usher has installed no versions
    --- standard error
    ");
}

/// Another process makes the shims just then, and doesn't end.
#[test]
fn repair_succeeds_while_shims_are_locked_but_current() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    let license = sandbox.toolchain("node", "12.22.12").join("LICENSE");
    sandbox.use_command(&["reshim"]).run().succeeds();
    let lock = File::options().write(true).open(sandbox.usher().join("locks/shims.lock")).unwrap();
    lock.lock().unwrap();
    let run = |words: &[&str]| sandbox.use_command(words).variable("USHER_LOCK_TIMEOUT", "0").run();
    let before = fs::read_to_string(&license).unwrap();
    fs::write(&license, "GPL\n").unwrap();
    run(&["repair"]).succeeds().stderr_contains("locks/shims.lock");
    assert_eq!(fs::read_to_string(&license).unwrap(), before);
    // Where shims are missing, it isn't done.
    fs::remove_file(sandbox.shims().join("node")).unwrap();
    run(&["repair"]).fails_with(75);
}
