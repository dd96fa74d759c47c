//! A home that can't be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::commands::{assert_unchanged, sandbox, skipped};
use crate::support::{Sandbox, TestCommand, Upstream};

/// A sandbox in which another user may read everything and write nothing.
struct ReadOnly<'a>(&'a Sandbox);

impl<'a> ReadOnly<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        set_folder_modes(sandbox.root(), 0o555);
        // Whoever runs the tests as an ordinary account owns the locks that are there already.
        for lock in fs::read_dir(sandbox.usher().join("locks")).into_iter().flatten() {
            let mode = Permissions::from_mode(0o444);
            fs::set_permissions(lock.unwrap().path(), mode).unwrap();
        }
        Self(sandbox)
    }

    /// A command that permissions hold for: root's would pass them by.
    fn command(&self, program: &Path) -> TestCommand {
        if !rustix::process::geteuid().is_root() {
            return self.0.command(program);
        }
        let account = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        self.0.command("/usr/bin/setpriv").arguments(account).argument(program)
    }
}

impl Drop for ReadOnly<'_> {
    /// What can't be written can't be deleted either.
    fn drop(&mut self) {
        set_folder_modes(self.0.root(), 0o755);
    }
}

fn set_folder_modes(folder: &Path, mode: u32) {
    fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            set_folder_modes(&entry.path(), mode);
        }
    }
}

#[test]
fn installed_versions_run_from_a_read_only_home() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    // Of a release line that has no end of life yet.
    sandbox.fake_toolchain("node", "99.0.0");
    sandbox.file("project/.nvmrc", "99\n");
    sandbox.reshim();
    let read_only = ReadOnly::new(&sandbox);
    let before = sandbox.tree("");
    let run = |program: &str, arguments: &[&str]| {
        read_only.command(&sandbox.shim(program)).arguments(arguments).run()
    };
    run("node", &["x"]).succeeds().stdout_has_line("argument 1: x");
    run("use", &[]).succeeds();
    run("use", &["which", "node"]).succeeds();
    insta::assert_snapshot!(run("use", &["doctor"]).transcript(), @"
    exit status: 0
    --- standard output
    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    note   [SANDBOX]/home/.local/share/usher isn't writable: installed versions run, but none can be installed
           hint: export USHER_HOME=/path/to/a/folder
    1 note, 3 checks passed: use doctor --all
    --- standard error
    ");
    // What package managers add can't be written either, and they report it themselves.
    run("npm", &["install", "--global", "yarn"]).succeeds().stdout_has_line("argument 1: install");
    assert_unchanged(&sandbox, "", &before, "all of these");
}

#[test]
fn nothing_is_installed_in_a_read_only_home() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let read_only = ReadOnly::new(&sandbox);
    let before = sandbox.tree("");
    let run = |program: &str, arguments: &[&str]| {
        read_only.command(&sandbox.shim(program)).arguments(arguments).run()
    };
    insta::assert_snapshot!(run("use", &["install"]).transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: can't open the lock [SANDBOX]/home/.local/share/usher/locks/node-12.22.12.lock
      Permission denied (os error 13)
      node 12 is requested by .nvmrc:1
      hint: use doctor
    ");
    insta::assert_snapshot!(run("use", &["--global", "node@12"]).transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: can't open the lock [SANDBOX]/home/.local/share/usher/locks/node-12.22.12.lock
      Permission denied (os error 13)
      hint: use doctor
    ");
    insta::assert_snapshot!(run("use", &["reshim"]).transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: can't open the lock [SANDBOX]/home/.local/share/usher/locks/shims.lock
      Permission denied (os error 13)
      hint: use doctor
    ");
    insta::assert_snapshot!(run("use", &["setup", "zsh", "--yes"]).transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: can't write [SANDBOX]/home/.zshenv
      Permission denied (os error 13)
      usher's line can be added by hand
      hint: use setup zsh --print
    ");
    insta::assert_snapshot!(run("node", &[]).transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: can't open the lock [SANDBOX]/home/.local/share/usher/locks/node-12.22.12.lock
      Permission denied (os error 13)
      node 12 is requested by .nvmrc:1
      hint: use doctor
    ");
    assert_unchanged(&sandbox, "", &before, "all of these");
}

/// A file system that is mounted read-only, which even root can't write.
#[test]
fn install_fails_on_a_read_only_file_system() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "10.24.1");
    sandbox.file("project/.nvmrc", "10\n");
    sandbox.reshim();
    let before = sandbox.tree("");
    let run = |line: &str| {
        let mount = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 99"#;
        let line = format!("{mount}; {line}");
        let unshare = sandbox.command("/usr/bin/unshare").arguments(["--mount", "/bin/sh", "-c"]);
        let path = format!("{}:/usr/bin:/bin", sandbox.shims().display());
        unshare.argument(line).argument(sandbox.root()).variable("PATH", path).run()
    };
    if !Path::new("/usr/bin/unshare").exists() || run("true").status.code() != Some(0) {
        skipped("no file system can be mounted here; that it is read-only isn't tested");
        return;
    }
    run("exec node x").succeeds().stdout_has_line("argument 1: x");
    insta::assert_snapshot!(run("exec use install node@12").transcript(), @"
    exit status: 73
    --- standard output
    --- standard error
    error: can't open the lock [SANDBOX]/home/.local/share/usher/locks/node-12.22.12.lock
      Read-only file system (os error 30)
      hint: use doctor
    ");
    insta::assert_snapshot!(run("NODE_VERSION=12 exec node").transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: can't open the lock [SANDBOX]/home/.local/share/usher/locks/node-12.22.12.lock
      Read-only file system (os error 30)
      node 12 is requested by NODE_VERSION
      hint: use doctor
    ");
    assert_unchanged(&sandbox, "", &before, "all of these");
}

#[test]
fn a_read_only_project_keeps_its_pin() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "10\n");
    sandbox.reshim();
    let read_only = ReadOnly::new(&sandbox);
    let outcome = read_only.command(&sandbox.shim("use")).argument("node@12.22.12").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: can't write [SANDBOX]/project/.nvmrc
      Permission denied (os error 13)
    ");
    assert_eq!(sandbox.read("project/.nvmrc"), "10\n");
}

/// An unreadable file is an error that names it, and never skipped.
#[test]
fn a_version_file_is_not_readable() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12\n");
    let nvmrc = sandbox.file("project/.nvmrc", "10\n");
    fs::set_permissions(&nvmrc, Permissions::from_mode(0o000)).unwrap();
    sandbox.reshim();
    let read_only = ReadOnly::new(&sandbox);
    let outcome = read_only.command(&sandbox.shim("node")).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: can't read [SANDBOX]/project/.nvmrc
      Permission denied (os error 13)
    ");
    let outcome = read_only.command(&sandbox.shim("use")).argument("node@12.22.12").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: can't read [SANDBOX]/project/.nvmrc
      Permission denied (os error 13)
    ");
}
