//! Ctrl-C while something is unpacked, finished, replaced or deleted: one line says what was done, and it
//! is true.
//!
//! None of these moments can be held. So each is tried until Ctrl-C came in time, and what is printed must
//! be true however late it came.

use std::fs;
use std::path::Path;
use std::thread;

use rustix::process::Signal;

use super::super::upgrade::with_global_packages;
use super::super::{offline_sandbox, sandbox};
use super::{archive, wait_for_bar};
use crate::support::{Ended, Pipe, Sandbox, Upstream};

/// How often a moment is tried.
const ATTEMPTS: usize = 20;

/// The files of a version that takes a while.
const FILES: usize = 1_500;

/// Tries until `attempt` says that Ctrl-C came in time.
#[track_caller]
fn until_in_time(mut attempt: impl FnMut() -> bool) {
    assert!((0..ATTEMPTS).any(|_| attempt()), "too late {ATTEMPTS} times");
}

/// The one line that an interrupted command leaves; `None` if it had ended before.
#[track_caller]
fn interruption(ended: Ended) -> Option<String> {
    assert!(ended.shows_cursor(), "{ended}");
    if ended.status.success() {
        return None;
    }
    let ended = ended.dies_by(Signal::INT);
    let screen = ended.screen();
    let lines: Vec<&str> = screen.lines().filter(|line| line.contains("interrupted")).collect();
    let [line] = lines[..] else { panic!("not one line: {ended}") };
    assert!(screen.ends_with(line), "not the last line: {ended}");
    Some(line.to_owned())
}

/// How many files are below a folder; `None` if it doesn't exist.
fn count_files(folder: &Path) -> Option<usize> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let count = entries.map(|entry| match entry.file_type().expect("a type").is_dir() {
        true => count_files(&entry.path()).unwrap_or(0),
        false => 1,
    });
    Some(count.sum())
}

fn staged(sandbox: &Sandbox) -> usize {
    sandbox.usher().join("staging").read_dir().map_or(0, Iterator::count)
}

#[test]
fn an_interrupted_install_is_whole_or_not_there() {
    let upstream = Upstream::start();
    upstream.put_large_node("12.22.12", FILES);
    let sandbox = sandbox(&upstream);
    let node = sandbox.toolchain("node", "12.22.12");
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    let whole = count_files(&node);
    for step in ["unpacking", "installing"] {
        until_in_time(|| {
            let _ = fs::remove_dir_all(&node);
            sandbox.file("project/.nvmrc", "10\n");
            let mut terminal = sandbox.use_command(&["node@12.22.12"]).in_terminal(80);
            terminal.wait_for(&format!("{step} node 12.22.12"));
            terminal.press_ctrl('C');
            let Some(line) = interruption(terminal.wait()) else { return false };
            let (count, pin) = (count_files(&node), sandbox.read("project/.nvmrc"));
            assert_eq!(staged(&sandbox), 0, "{line}");
            if count.is_none() {
                let expected = "interrupted: node 12.22.12 was not installed; no pin was changed";
                assert_eq!((line.as_str(), pin.as_str()), (expected, "10\n"));
                return true;
            }
            assert_eq!(count, whole, "{line}");
            assert!(!line.contains("not installed"), "{line}");
            assert!(!line.contains("no pin") || pin == "10\n", "{line}: {pin}");
            // Unpacked it can't be any more; that it is being finished is enough.
            step == "installing"
        });
    }
}

#[test]
fn an_interrupted_repair_leaves_the_old_version_or_the_new_one() {
    let upstream = Upstream::start();
    upstream.put_large_node("12.22.12", FILES);
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    let node = sandbox.toolchain("node", "12.22.12");
    let (license, whole) = (node.join("LICENSE"), count_files(&node));
    for step in ["unpacking", "installing"] {
        until_in_time(|| {
            fs::write(&license, "GPL\n").unwrap();
            let mut terminal = sandbox.use_command(&["repair"]).in_terminal(80);
            terminal.wait_for(&format!("{step} node 12.22.12"));
            terminal.press_ctrl('C');
            let Some(line) = interruption(terminal.wait()) else { return false };
            assert_eq!(count_files(&node), whole, "{line}");
            let is_repaired = fs::read_to_string(&license).unwrap() != "GPL\n";
            let expected = match is_repaired {
                true => "interrupted",
                false => "interrupted: node 12.22.12 was not repaired",
            };
            assert_eq!(line, expected);
            !is_repaired || step == "installing"
        });
    }
    fs::write(&license, "GPL\n").unwrap();
    // The archive is cached for a retry.
    sandbox.use_command(&["cache", "clean"]).run().succeeds();
    upstream.stall_halfway(&archive("12.22.12"));
    let mut terminal = sandbox.use_command(&["repair"]).in_terminal(80);
    wait_for_bar(&mut terminal);
    terminal.press_ctrl('C');
    let ended = terminal.wait().dies_by(Signal::INT);
    ended.screen_is("interrupted: node 12.22.12 was not repaired");
    assert_eq!(fs::read_to_string(&license).unwrap(), "GPL\n");
}

#[test]
fn an_interrupted_removal_names_what_is_gone() {
    let sandbox = offline_sandbox();
    let first = sandbox.toolchain("node", "12.22.11");
    let second = sandbox.toolchain("node", "12.22.12");
    let commands = [
        &["uninstall", "node@12.22.11", "node@12.22.12"][..],
        &["prune", "node@12.22.11", "node@12.22.12", "--yes"],
    ];
    for words in commands {
        until_in_time(|| {
            for version in ["12.22.11", "12.22.12"] {
                sandbox.fake_toolchain("node", version);
            }
            let lib = sandbox.folder(first.join("lib"));
            for number in 0..FILES {
                fs::write(lib.join(number.to_string()), "text\n").unwrap();
            }
            let mut terminal = sandbox.use_command(words).in_terminal(80);
            while first.exists() {
                thread::yield_now();
            }
            terminal.press_ctrl('C');
            let Some(line) = interruption(terminal.wait()) else { return false };
            let expected = match (first.exists(), second.exists()) {
                (false, true) => "node 12.22.11 was removed; node 12.22.12 was not removed",
                (false, false) => "node 12.22.11 and node 12.22.12 were removed",
                left => panic!("{left:?} {line}"),
            };
            assert_eq!(line, format!("interrupted: {expected}"));
            second.exists()
        });
    }
}

#[test]
fn an_interrupted_upgrade_names_what_was_installed() {
    let upstream = Upstream::start();
    upstream.stall_halfway(&archive("12.22.12"));
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.tool-versions", "python 3.12\nnodejs 12\n");
    let upgrade = |words: &[&str], expected: &str| {
        let mut terminal = sandbox.use_command(&["upgrade"]).arguments(words).in_terminal(80);
        wait_for_bar(&mut terminal);
        terminal.press_ctrl('C');
        let ended = terminal.wait();
        assert_eq!(interruption(ended).as_deref(), Some(expected));
        assert_eq!(sandbox.read("project/.tool-versions"), "python 3.12\nnodejs 12\n");
        assert!(!sandbox.toolchain("node", "12.22.12").exists());
    };
    upgrade(&["node"], "interrupted: node 12.22.12 was not installed");
    upgrade(
        &["python", "node"],
        "interrupted: python 3.12.12 was installed; node 12.22.12 was not installed",
    );
    // Before anything is known.
    upstream.misbehave("/dist/index.json", crate::support::Misbehaviour::StallAfter(10));
    sandbox.use_command(&["cache", "clean"]).run().succeeds();
    let mut terminal = sandbox.use_command(&["upgrade", "node"]).in_terminal(80);
    terminal.wait_for("resolving node 12");
    terminal.press_ctrl('C');
    terminal.wait().dies_by(Signal::INT).screen_is("interrupted: nothing was upgraded");
}

/// The package manager waits until Ctrl-C ends it.
#[test]
fn an_interrupted_migration_names_the_packages() {
    let upstream = Upstream::start();
    for (blocked, expected) in [
        ("ls", "interrupted: no packages were migrated"),
        ("add", "interrupted: acme 1.0.1 may lack pack packages of 1.0.0"),
    ] {
        let sandbox = with_global_packages(&upstream, "\"semver\": {\"version\": \"7.6.0\"}, ");
        let started = Pipe::new(&sandbox, "started");
        let command = sandbox.use_command(&["upgrade", "--migrate-packages"]);
        let command =
            command.variable("PACK_STOPS", blocked).variable("PACK_TELLS", started.path());
        let mut terminal = command.in_terminal(80);
        started.wait_for(blocked);
        terminal.press_ctrl('C');
        let ended = terminal.wait();
        assert!(ended.ever_showed("upgraded"), "{ended}");
        assert_eq!(interruption(ended).as_deref(), Some(expected));
    }
}
