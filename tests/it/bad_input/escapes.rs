//! Whatever folders, files, variables and arguments are called: no character that steers a terminal is
//! printed for people, and no byte of a name is lost.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use usher_shims::error::is_hidden;

use super::with_default;
use crate::support::Outcome;

/// ESC, BEL, C1's CSI, right-to-left, isolates, tags, line and paragraph separators, a line end, a byte
/// that isn't UTF-8.
const HOSTILE: &[u8] = b"a\x1b[2J\x1b]0;x\x07\xc2\x9b1m\xe2\x80\xae\xe2\x81\xa6\xf3\xa0\x81\x81\xe2\x80\xa8\xe2\x80\xa9\xd8\x9c\r\nerror: b\xff";

/// The verbs, with arguments that are valid.
const VERBS: [&[&str]; 18] = [
    &[],
    &["list"],
    &["why"],
    &["why", "node"],
    &["check"],
    &["doctor"],
    &["outdated"],
    &["available", "node"],
    &["install"],
    &["install", "node@20"],
    &["node@20"],
    &["upgrade"],
    &["uninstall", "node@20"],
    &["verify"],
    &["repair"],
    &["prune", "--unused", "1", "--dry-run"],
    &["shim"],
    &["reshim"],
];

#[track_caller]
fn assert_visible(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let hidden = text.chars().find(|c| (*c != '\n' && is_hidden(*c)) || *c == '\u{fffd}');
        assert_eq!(hidden, None, "{}", text.escape_debug());
        assert!(!text.contains("\nerror: b"), "a name has the look of a message: {text}");
    }
}

#[test]
fn names_of_folders_and_files_are_shown_as_they_are() {
    let sandbox = with_default();
    let name = OsStr::from_bytes(HOSTILE);
    let project = sandbox.folder(std::path::Path::new("project").join(name));
    for (file, text) in [
        (".nvmrc", "20\n".as_bytes()),
        ("Dockerfile", b"FROM node:12\x1b[2J\nENV NODE_VERSION=\x1b[2J\n"),
        (".python-version", HOSTILE),
        (".tool-versions", b"no\x1b[2Jde 12\n"),
    ] {
        sandbox.file(project.join(file), text);
    }
    let mut shown = String::new();
    for verb in VERBS {
        let outcome = sandbox.use_command(verb).directory(&project).run();
        assert_visible(&outcome);
        shown += &outcome.stderr;
        // JSON is exact, and has its own escapes.
        let json = sandbox.use_command(verb).argument("--json").directory(&project).run();
        assert!(!json.stdout.chars().any(|c| c != '\n' && is_hidden(c)), "{json}");
    }
    let shim = sandbox.command("node").directory(&project).variable("USHER_DEBUG", "1").run();
    assert_visible(&shim);
    assert!(format!("{shown}{}", shim.stderr).contains("\\xff"), "{shown}{shim}");
}

#[test]
fn names_of_ushers_own_folders_are_shown_as_they_are() {
    let sandbox = with_default();
    let home = sandbox.folder(std::path::Path::new("home").join(OsStr::from_bytes(HOSTILE)));
    sandbox.file(home.join("toolchains/node/20.0.0/bin/node"), "");
    sandbox.file(home.join("toolchains/node/\u{1b}[2J"), "");
    for verb in VERBS {
        assert_visible(&sandbox.use_command(verb).variable("USHER_HOME", &home).run());
    }
}

#[test]
fn arguments_and_variables_are_escaped() {
    let sandbox = with_default();
    let text = OsStr::from_bytes(&HOSTILE[..HOSTILE.len() - 1]);
    for verb in VERBS {
        for word in [text, OsStr::from_bytes(HOSTILE)] {
            let mut with_tool = OsString::from("node@");
            with_tool.push(word);
            assert_visible(&sandbox.use_command(verb).argument(with_tool).run());
        }
    }
    for variable in ["NODE_VERSION", "NODEJS_ORG_MIRROR", "USHER_SOURCE", "USHER_SHIMS", "SHELL"] {
        for verb in [&["why", "node"][..], &["doctor"], &["install", "node@20"], &["setup"]] {
            assert_visible(&sandbox.use_command(verb).variable(variable, text).run());
        }
    }
}
