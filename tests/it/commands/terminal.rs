//! What a person sees in a terminal while something takes time, and after Ctrl-C.
//!
//! The upstream stalls where a test wants to look, so nothing here depends on how fast it is.

mod interrupts;
mod questions;
mod widths;

use std::thread;

use rustix::process::Signal;

use super::sandbox;
use crate::support::{Ended, Misbehaviour, Platform, Sandbox, Terminal, Upstream};

/// The path of a version's archive at the upstream.
fn archive(version: &str) -> String {
    Platform::here().node_archive(version)
}

/// An upstream that stalls in the middle of node 12.22.12's archive.
fn stalling() -> (Upstream, Sandbox) {
    let upstream = Upstream::start();
    upstream.stall_halfway(&archive("12.22.12"));
    let sandbox = sandbox(&upstream);
    (upstream, sandbox)
}

/// What may never be seen, at no moment.
#[track_caller]
fn assert_no_empty_bar(ended: &Ended) {
    for frame in ended.frames() {
        let is_empty = ["0/0", "/0 bytes", "█"].iter().any(|bad| frame.contains(bad));
        assert!(!is_empty, "a bar without a size:\n{frame}\n{ended}");
    }
}

/// Waits until half of an archive has arrived.
#[track_caller]
fn wait_for_bar(terminal: &mut Terminal) {
    terminal.wait_until("half a bar", |screen| {
        screen.contains("downloading") && screen.contains(['━', '='])
    });
}

#[test]
fn each_step_is_shown_and_a_line_remains() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    for (columns, version) in [(60, "12.22.12"), (80, "12.22.11"), (120, "10.24.1")] {
        let command = sandbox.use_command(&["install", &format!("node@{version}")]);
        let ended = command.in_terminal(columns).wait().succeeds();
        assert_no_empty_bar(&ended);
        let frames = ended.frames();
        let mut rest = frames.iter();
        for step in ["resolving", "downloading", "verifying", "unpacking", "installing"] {
            let step = format!("{step} node {version}");
            assert!(rest.any(|frame| frame.contains(&step)), "{step} wasn't shown\n{ended}");
        }
        let first = ended.screen().lines().next().unwrap_or_default().to_owned();
        assert!(first.starts_with(&format!("installed node {version}")), "{ended}");
        assert!(!ended.screen().contains("installing"), "{ended}");
        assert!(ended.shows_cursor(), "{ended}");
    }
}

#[test]
fn a_download_is_one_line_that_fits() {
    for columns in [60, 80, 120] {
        for (locale, bar) in [("C.UTF-8", '━'), ("C", '=')] {
            // A new one, since an interrupted download continues where it was.
            let (_upstream, sandbox) = stalling();
            let command = sandbox.use_command(&["install", "node@12.22.12"]);
            let mut terminal = command.variable("LC_ALL", locale).in_terminal(columns);
            wait_for_bar(&mut terminal);
            let screen = terminal.screen();
            assert_eq!(screen.lines().count(), 1, "{columns} {locale}\n{screen}");
            // A fast download leaves less room for the name.
            assert!(screen.contains("downloading node 12.22"), "{screen}");
            assert!(screen.contains(bar), "{screen}");
            assert!(screen.is_ascii() == (locale == "C"), "{screen}");
            terminal.press_ctrl('C');
            let ended = terminal.wait().dies_by(Signal::INT);
            assert_no_empty_bar(&ended);
            assert!(ended.raw().contains("\u{1b}[32m"), "{ended}");
            ended.screen_is("interrupted: node 12.22.12 was not installed");
        }
    }
}

#[test]
fn without_colours_there_are_none() {
    let cases: [(&str, &str, &[&str]); 3] = [
        ("NO_COLOR", "1", &[]),
        ("CLICOLOR", "0", &[]),
        ("CLICOLOR_FORCE", "1", &["--color=never"]),
    ];
    for (name, value, flags) in cases {
        let (_upstream, sandbox) = stalling();
        let command = sandbox.use_command(&["install", "node@12.22.12"]).arguments(flags);
        let command = command.variable(name, value);
        let mut terminal = command.in_terminal(80);
        wait_for_bar(&mut terminal);
        terminal.press_ctrl('C');
        let ended = terminal.wait().dies_by(Signal::INT);
        assert!(!ended.raw().contains("\u{1b}[3"), "{ended}");
        assert!(ended.ever_showed("━"), "{ended}");
    }
}

#[test]
fn nothing_is_drawn_where_nothing_can_be() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let install = |version: &str| sandbox.use_command(&["install", &format!("node@{version}")]);
    let dumb = install("12.22.12").variable("TERM", "dumb").in_terminal(80).wait().succeeds();
    assert!(!dumb.raw().contains('\u{1b}'), "{dumb}");
    dumb.screen_contains("fetching node 12.22.12 from");
    let quiet = install("12.22.11").argument("--quiet").in_terminal(80).wait().succeeds();
    assert!(!quiet.ever_showed("downloading") && !quiet.ever_showed("ready"), "{quiet}");
    let piped = install("10.24.1").variable("CLICOLOR_FORCE", "1").run().succeeds();
    assert!(!piped.stderr.contains("downloading") && !piped.stderr.contains('\r'), "{piped}");
}

#[test]
fn a_line_follows_the_size_of_the_terminal() {
    let (_upstream, sandbox) = stalling();
    let mut terminal = sandbox.use_command(&["install", "node@12.22.12"]).in_terminal(80);
    wait_for_bar(&mut terminal);
    terminal.resize(40);
    terminal.wait_until("a line without a bar", |screen| {
        screen.contains("down") && screen.contains('/') && !screen.contains('━')
    });
    terminal.resize(80);
    terminal.wait_for("━");
    terminal.press_ctrl('C');
    terminal.wait().dies_by(Signal::INT);
}

#[test]
fn an_interrupt_says_what_did_not_happen() {
    let cases: [(&[&str], &str); 4] = [
        (&["use", "install", "node@12.22.12"], "interrupted: node 12.22.12 was not installed"),
        (
            &["use", "node@12.22.12"],
            "interrupted: node 12.22.12 was not installed; no pin was changed",
        ),
        (
            &["use", "node@12.22.12", "--", "node", "-v"],
            "interrupted: node 12.22.12 was not installed",
        ),
        (&["node", "-v"], "usher: interrupted: node 12.22.12 was not installed"),
    ];
    for (words, expected) in cases {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let (_upstream, sandbox) = stalling();
            if words[0] == "node" {
                sandbox.file("project/.nvmrc", "12.22.12\n");
            }
            let mut terminal = sandbox.command(words[0]).arguments(&words[1..]).in_terminal(80);
            wait_for_bar(&mut terminal);
            terminal.signal(signal);
            let ended = terminal.wait().dies_by(signal);
            assert!(ended.shows_cursor(), "{ended}");
            ended.screen_is(expected);
            assert!(!sandbox.toolchain("node", "12.22.12").exists());
            assert!(!sandbox.project().join(".tool-versions").exists());
        }
    }
}

#[test]
fn an_interrupt_while_resolving_names_the_request() {
    let upstream = Upstream::start();
    upstream.misbehave("/dist/index.json", Misbehaviour::StallAfter(10));
    let sandbox = sandbox(&upstream);
    for (words, expected) in [
        (["install", "node@12"], "interrupted: node 12 was not installed"),
        (["--global", "node@12"], "interrupted: node 12 was not installed; no pin was changed"),
    ] {
        let mut terminal = sandbox.use_command(&words).in_terminal(60);
        terminal.wait_for("resolving node 12");
        terminal.press_ctrl('C');
        terminal.wait().dies_by(Signal::INT).screen_is(expected);
    }
}

#[test]
fn an_interrupt_says_which_versions_were_installed() {
    let (_upstream, sandbox) = stalling();
    let words = ["install", "node@12.22.12", "node@10.24.1"];
    let mut terminal = sandbox.use_command(&words).in_terminal(80);
    let installed = sandbox.toolchain("node", "10.24.1");
    terminal.wait_until("the smaller version installed", |_| installed.exists());
    wait_for_bar(&mut terminal);
    terminal.press_ctrl('C');
    let expected = "interrupted: node 10.24.1 was installed; node 12.22.12 was not installed";
    let ended = terminal.wait().dies_by(Signal::INT).screen_is(expected);
    assert_no_empty_bar(&ended);
    assert!(installed.exists());
}

#[test]
fn waiting_for_a_lock_is_shown_and_can_be_interrupted() {
    let (upstream, sandbox) = stalling();
    let install = || sandbox.use_command(&["install", "node@12.22.12"]);
    let first = install().start();
    upstream.wait_for_requests(&archive("12.22.12"), 1);
    let mut second = install().in_terminal(60);
    second.wait_for("waiting for process");
    second.press_ctrl('C');
    second.wait().dies_by(Signal::INT).screen_is("interrupted: node 12.22.12 was not installed");
    upstream.release();
    first.wait().succeeds();
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let (_upstream, sandbox) = stalling();
    let mut terminal = sandbox.use_command(&["install", "node@12.22.12"]).in_terminal(80);
    wait_for_bar(&mut terminal);
    terminal.hold_output();
    terminal.signal(Signal::INT);
    let staging = sandbox.usher().join("staging");
    while staging.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        thread::yield_now();
    }
    terminal.signal(Signal::INT);
    let ended = terminal.wait().dies_by(Signal::INT);
    assert!(!ended.ever_showed("interrupted"), "{ended}");
}
