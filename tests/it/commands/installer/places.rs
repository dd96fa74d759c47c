//! Folders that `install.sh` can't write to or run programs in, a full disk, interrupts.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;

use super::{Releases, path};
use crate::commands::skipped;
use crate::support::{Outcome, TestCommand};

/// Releases, and a program to download them with; `None` if none is installed.
fn set_up(releases: Releases) -> Option<Releases> {
    (releases.with_tool("curl") || releases.with_tool("wget")).then_some(releases)
}

#[test]
fn a_home_that_cannot_be_written_is_reported_by_use() {
    let Some(releases) = set_up(Releases::new()) else { return };
    let sandbox = &releases.sandbox;
    sandbox.open_to_all();
    let tmp = sandbox.root().join("tmp");
    fs::set_permissions(&tmp, Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(sandbox.home(), Permissions::from_mode(0o555)).unwrap();
    let command = releases.piped("sh");
    let is_root = rustix::process::geteuid().is_root();
    let command = if is_root { command.with_user_nobody() } else { command };
    let refused = command.run().fails_with(77);
    refused.stderr_contains("[SANDBOX]/home").stderr_contains("ermission denied");
    releases.assert_untouched();
}

#[test]
fn without_a_temporary_folder_the_home_has_one_for_a_while() {
    let Some(releases) = set_up(Releases::of_script()) else { return };
    let done = releases.piped("sh").variable("TMPDIR", "/nowhere/tmp").run().succeeds();
    let names = fs::read_dir(releases.sandbox.home()).unwrap().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    assert!(names.into_iter().all(|name| !name.contains("usher-install")), "{done}");

    let none = releases.piped("sh").variable("TMPDIR", "/nowhere").variable("HOME", "/nowhere");
    let refused = none.run().fails_with(73);
    refused.stderr_contains("can't make a temporary folder where programs may run: tried /nowhere");
}

/// Runs it with a file system of these options in the place of `tmp`; `None` if that can't be mounted.
fn with_mounted_tmp(releases: &Releases, options: &str) -> Option<Outcome> {
    let mount = |line: &str| -> TestCommand {
        let unshare = releases.sandbox.command("/usr/bin/unshare");
        let line = format!("/bin/mount -t tmpfs -o {options} tmpfs \"$TMPDIR\" || exit 99; {line}");
        unshare.arguments(["--mount", "/bin/sh", "-c"]).argument(line)
    };
    if mount("").run().status.code() != Some(0) {
        skipped("can't mount a file system here; full disks and noexec aren't tested");
        return None;
    }
    let line = "/bin/sh -s; code=$?; echo left: \"$TMPDIR\"/*; exit $code";
    Some(mount(line).standard_input(super::script()).run())
}

#[test]
fn a_temporary_folder_without_programs_is_not_used() {
    let Some(releases) = set_up(Releases::of_script()) else { return };
    let Some(done) = with_mounted_tmp(&releases, "noexec") else { return };
    assert!(releases.sandbox.home().join("ran").exists(), "{done}");
    done.stdout_has_line("left: [SANDBOX]/tmp/*");
}

#[test]
fn a_full_disk_leaves_nothing() {
    for downloader in ["curl", "wget"] {
        let releases = Releases::without_program();
        releases.publish("99.1.0", vec![b'#'; 300_000]);
        if !releases.with_tool(downloader) {
            continue;
        }
        let Some(refused) = with_mounted_tmp(&releases, "size=100k") else { return };
        let refused = refused.fails_with(74).stderr_contains("the disk is full");
        refused.stderr_contains("hint: export TMPDIR=DIR").stdout_has_line("left: [SANDBOX]/tmp/*");
        releases.assert_untouched();
    }
}

#[test]
fn ctrl_c_and_a_hangup_leave_nothing() {
    let program = path("99.1.0/use-linux-test");
    for (signal, code) in [(None, 130), (Some(Signal::TERM), 143), (Some(Signal::HUP), 129)] {
        let Some(releases) = set_up(Releases::of_script()) else { return };
        releases.upstream.stall_halfway(&program);
        let file = releases.sandbox.file("install.sh", super::script());
        let command = releases.sandbox.command("/bin/sh").argument(file);
        let mut terminal = command.in_terminal(80);
        releases.upstream.wait_for_requests(&program, 1);
        match signal {
            None => terminal.press_ctrl('C'),
            Some(signal) => {
                // The shell acts on it when the download ends.
                terminal.signal(signal);
                releases.upstream.release();
            }
        }
        terminal.wait().fails_with(code);
        releases.assert_untouched();
    }
}
