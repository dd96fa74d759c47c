//! Machines that lack what others have: devices, `/proc`, a folder for temporary files.

use super::refusals::{can_refuse, refuse};
use crate::commands::skipped;
use crate::support::{Outcome, Sandbox, TestCommand, Upstream};

/// Shell commands that hide something. Each is the beginning of a line; a failure ends it with 99.
const NO_DEVICES: &str = "mount -t tmpfs tmpfs /dev || exit 99; ";
const NO_PROC: &str = "mount -t tmpfs tmpfs /proc || exit 99; ";
/// Below `/tmp`, only the sandbox can be written to.
const READ_ONLY_TMP: &str = "mount --bind /tmp /tmp && mount --bind \"$0\" \"$0\" && \
    mount -o remount,bind,ro /tmp || exit 99; cd \"$0/project\"; ";

const INSTALL: &str = "use install node@12.22.12";

fn sandbox(upstream: &Upstream) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    sandbox.install();
    sandbox.use_command(&["install", "node@10.24.1"]).run().succeeds();
    sandbox
}

/// A command line in a mount namespace of its own.
fn hidden(sandbox: &Sandbox, hide: &str, line: &str) -> TestCommand {
    let unshare = sandbox.command("unshare").arguments(["--mount", "/bin/sh", "-c"]);
    unshare.argument(format!("{hide}{line}")).argument(sandbox.root())
}

/// Whether things can be hidden here; prints a message if not.
fn can_hide(sandbox: &Sandbox, hide: &str) -> bool {
    let can_hide = hidden(sandbox, hide, "true").run().status.success();
    if !can_hide {
        skipped("can't mount a file system here; machines without devices aren't tested");
    }
    can_hide
}

/// Everything that changes the home, and a program.
fn check_everything_works(sandbox: &Sandbox, hide: &str) {
    if !can_hide(sandbox, hide) {
        return;
    }
    let run = |line: &str| hidden(sandbox, hide, line).run().succeeds();
    for line in [
        "use available node",
        INSTALL,
        "use --global node@12",
        "node -v",
        "use list",
        "use verify",
        "use repair node@12.22.12",
        "use reshim",
        "use uninstall node@12.22.12 --yes",
    ] {
        let outcome = run(line);
        assert!(!outcome.stderr.contains("No such file"), "blames something: {outcome}");
    }
    let staging = sandbox.usher().join("staging").read_dir().unwrap();
    assert_eq!(staging.count(), 0);
}

#[test]
fn without_devices_everything_works() {
    let upstream = Upstream::start();
    check_everything_works(&sandbox(&upstream), NO_DEVICES);
}

/// The error names the device, not the program that needs it.
#[test]
fn a_missing_null_device_is_named() {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    if !can_hide(&sandbox, NO_DEVICES) {
        return;
    }
    sandbox.executable("tools/node", "#!/bin/sh\necho v11.0.0\n");
    // The next command looks at all programs of the machine again.
    let line = "rm \"$0\"/home/.local/share/usher/shims/.usher; export PATH=$PATH:$0/tools; use reshim; exec use list";
    let outcome = hidden(&sandbox, NO_DEVICES, line).run().succeeds();
    outcome.stderr_contains("can't open /dev/null");
}

#[test]
fn without_proc_everything_works() {
    let upstream = Upstream::start();
    check_everything_works(&sandbox(&upstream), NO_PROC);
}

#[test]
fn without_a_folder_for_temporary_files_everything_works() {
    let upstream = Upstream::start();
    let nowhere = sandbox(&upstream).with_variable("TMPDIR", "/nowhere");
    check_everything_works(&nowhere, "");
    if nowhere.root().starts_with("/tmp") {
        check_everything_works(&sandbox(&upstream), READ_ONLY_TMP);
    }
}

/// A command line without random numbers: no device, and no system call.
fn without_random_numbers(sandbox: &Sandbox, error: &str, line: &str) -> Outcome {
    let refuse = refuse().to_str().unwrap();
    hidden(sandbox, NO_DEVICES, &format!("exec {refuse} {error} getrandom {line}")).run()
}

#[test]
fn missing_random_numbers_are_an_error_and_installed_versions_run() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    if !can_refuse() || !can_hide(&sandbox, NO_DEVICES) {
        return;
    }
    for error in ["1", "38"] {
        for line in [INSTALL, "use node@12", "use uninstall node@10.24.1 --yes", "node +12 -v"] {
            let code = if line.starts_with("node") { 126 } else { 74 };
            let outcome = without_random_numbers(&sandbox, error, line).fails_with(code);
            let outcome = outcome.stderr_contains("this machine has no random numbers");
            outcome.stderr_contains("can't open /dev/urandom: No such file or directory");
        }
        let node = without_random_numbers(&sandbox, error, "node +10 -v").succeeds();
        node.stdout_is("v10.24.1");
        for line in ["use list", "use which node", "use why node", "use doctor"] {
            let outcome = without_random_numbers(&sandbox, error, line);
            assert!(outcome.status.code().is_some_and(|code| code != 101), "{outcome}");
            assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        }
        // The device alone is enough.
        let refuse = sandbox.command(refuse()).arguments([error, "getrandom"]);
        refuse.arguments(["use", "install", "node@12.22.12"]).run().succeeds();
        sandbox.use_command(&["uninstall", "node@12.22.12", "--yes"]).run().succeeds();
    }
    assert!(sandbox.toolchain("node", "10.24.1").exists());
}
