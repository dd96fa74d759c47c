//! A program that can't be run: 126 or 127 and the reason, never another version.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{ProbeSandbox, each, probe, skipped, text};
use crate::support::Outcome;
use crate::support::executables;

/// Other versions, in the store and on PATH, that must not run instead.
fn tempt(stage: &ProbeSandbox) {
    for version in ["12.22.11", "12.22.13", "14.0.0"] {
        stage.script(version, "#!/bin/sh\necho another version\n");
    }
    stage.sandbox.executable("other/node", "#!/bin/sh\necho another version\n");
}

fn run(stage: &ProbeSandbox) -> Outcome {
    let path =
        format!("{}:{}", text(&stage.sandbox.shims()), text(&stage.sandbox.root().join("other")));
    let command = stage.sandbox.command("node").variable("PATH", path);
    command.variable("USHER_AUTO_INSTALL", "never").run()
}

fn check(stage: &ProbeSandbox, what: &str, code: i32, reason: &str) {
    let outcome = run(stage).fails_with(code).stderr_contains(reason).stdout_is("");
    assert_eq!(outcome.stderr.matches("usher:").count(), 1, "{what}\n{outcome}");
}

/// Puts a changed probe in the program's place.
fn replace(stage: &ProbeSandbox, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let program = stage.program();
    let _ = fs::remove_file(&program);
    let content = change(fs::read(probe()).expect("read the probe"));
    let path = stage.sandbox.file("unfinished", content);
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("make it executable");
    fs::rename(path, program).expect("put it in place");
}

/// The same bytes with the first of these replaced by others of the same length.
fn exchanged(content: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let place = content.windows(old.len()).position(|part| part == old).expect("the bytes");
    let mut content = content.to_vec();
    content[place..place + new.len()].copy_from_slice(new);
    content
}

#[test]
fn a_program_that_cannot_run_is_an_error_with_its_cause() {
    each(|stage| {
        tempt(stage);
        let program = stage.program();
        replace(stage, |content| exchanged(&content, b"/ld-", b"/no-"));
        check(stage, "no loader", 126, "its loader is missing");
        replace(stage, |mut content| {
            content[18..20].copy_from_slice(&[0xba, 0xfe]);
            content
        });
        check(stage, "another machine's", 126, "not a program for this machine");
        replace(stage, |_| Vec::new());
        check(stage, "empty", 126, "not a program for this machine");
        replace(stage, |_| b"#!/no/interpreter\n".to_vec());
        check(stage, "no interpreter", 126, "its interpreter /no/interpreter is missing");
        replace(stage, |content| content);
        let written = OpenOptions::new().append(true).open(&program).expect("open the program");
        check(stage, "being written", 126, "another process is writing to it");
        drop(written);
        stage.sandbox.command("node").run().succeeds();
    });
}

#[test]
fn a_missing_or_not_executable_program_is_an_error() {
    each(|stage| {
        tempt(stage);
        let program = stage.program();
        replace(stage, |content| content);
        fs::set_permissions(&program, Permissions::from_mode(0o644)).expect("change a mode");
        check(stage, "not executable", 127, "by .nvmrc:1");
        fs::remove_file(&program).expect("remove the program");
        check(stage, "absent", 127, "by .nvmrc:1");
        fs::create_dir(&program).expect("make a folder");
        check(stage, "a folder", 127, "by .nvmrc:1");
    });
}

#[test]
fn a_too_long_environment_is_an_error() {
    each(|stage| {
        let long = format!("/bin:/{}", "x".repeat(131_050));
        let outcome =
            stage.sandbox.command(stage.sandbox.shim("node")).variable("PATH", &long).run();
        outcome.fails_with(126).stderr_contains("arguments and the environment are too long");
        let held = format!("{}:/{}", text(&stage.sandbox.shims()), "x".repeat(130_900));
        stage.sandbox.command(stage.sandbox.shim("node")).variable("PATH", held).run().succeeds();
    });
}

#[test]
fn a_noexec_mount_is_an_error() {
    each(|stage| {
        tempt(stage);
        let toolchain = stage.sandbox.toolchain("node", super::VERSION);
        let script = r#"mount --bind "$1" "$1" && mount -o remount,bind,noexec "$1" && exec "$2""#;
        match in_namespace(stage, script, &[&toolchain, &stage.sandbox.shim("node")]) {
            Some(outcome) => {
                let outcome = outcome.fails_with(126);
                outcome.stderr_contains("a noexec file system").stdout_is("");
            }
            None => skipped("a mount without execution", "can't make a mount namespace"),
        }
    });
}

/// Runs a line of shell where mounts are its own; `None` where that can't be had.
pub(super) fn in_namespace(
    stage: &ProbeSandbox,
    script: &str,
    arguments: &[&Path],
) -> Option<Outcome> {
    let unshare = |line: &str| {
        let command =
            stage.sandbox.command("unshare").variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.arguments(["-rm", "/bin/sh", "-c", line, "sh"])
    };
    let mut tried = std::process::Command::new("unshare");
    let tried = executables::start(tried.args(["-rm", "mount", "-t", "tmpfs", "none", "/tmp"]));
    if !tried.ok()?.wait().is_ok_and(|status| status.success()) {
        return None;
    }
    Some(unshare(script).arguments(arguments).run())
}
