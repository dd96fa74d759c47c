//! What `use` prints on terminals of several widths: no line is wider than the terminal, and colours change
//! no character.

use std::ops::RangeInclusive;

use unicode_width::UnicodeWidthStr as _;

use super::super::sandbox;
use crate::support::{Sandbox, Size, Upstream};

/// The commands that print tables and trees.
const COMMANDS: [&[&str]; 10] = [
    &[],
    &["--all"],
    &["list"],
    &["why", "node"],
    &["why", "python"],
    &["doctor"],
    &["available", "node"],
    &["available", "node", "--all"],
    &["outdated"],
    // Where no version file has an error.
    &["-C", "../../..", "prune", "--dry-run", "node@12"],
];

/// The codes of the colours that have a meaning: none, bold, dimmed; red, green, yellow, magenta, cyan.
const COLORS: [&str; 8] = ["0", "1", "2", "31", "32", "33", "35", "36"];

/// The first and the last byte that may end an escape sequence.
const FINAL: RangeInclusive<char> = '@'..='~';

/// A project with long names in a deep folder, and versions of several stores.
fn crowded(upstream: &Upstream) -> (Sandbox, String) {
    let sandbox = sandbox(upstream);
    for version in ["12.22.11", "12.22.12", "10.24.1"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.fake_toolchain("python", "3.12.1");
    sandbox.fake_program("home/.nvm/versions/node/v18.20.1/bin/node");
    sandbox.fake_program("home/.pyenv/versions/3.8.20/bin/python");
    let folder = "project/packages/a-folder-with-a-rather-long-name/日本語のフォルダ/services";
    sandbox.file("project/.tool-versions", "python 3.12\nruby 3.3.0\nnodejs 10\n");
    sandbox.file(format!("{folder}/.nvmrc"), "12\n");
    sandbox.file(format!("{folder}/.python-version"), "../../x\n");
    let engines =
        r#"{"engines": {"node": ">=12.22.11 <13 || ^14.17.0 || >=16.0.0", "npm": ">=6"}}"#;
    sandbox.file(format!("{folder}/package.json"), engines);
    sandbox.file("home/.config/usher/tool-versions", "python 3.8\ngo 1.22\n");
    sandbox.reshim();
    (sandbox, folder.to_owned())
}

/// Text without escape sequences, and the codes of its colours.
fn split_colors(raw: &str) -> (String, Vec<String>) {
    let mut parts = raw.split("\u{1b}[");
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut codes = Vec::new();
    for part in parts {
        let end = part.find(|c| FINAL.contains(&c)).expect("a sequence has an end");
        assert_eq!(&part[end..=end], "m", "not a colour: {part}");
        codes.extend(part[..end].split(';').map(str::to_owned));
        text.push_str(&part[end + 1..]);
    }
    (text, codes)
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let upstream = Upstream::start();
    let (sandbox, folder) = crowded(&upstream);
    for words in COMMANDS {
        for columns in [60, 80, 120] {
            let run = |color: &str| {
                // Messages have a test of their own.
                let script = "exec use \"$@\" 2>/dev/null";
                let command = sandbox.command("/bin/sh").arguments(["-c", script, "sh"]);
                let command = command.arguments(words).argument(color).directory(&folder);
                command.in_terminal(Size { columns, rows: 24 }).wait().raw()
            };
            let (colored, codes) = split_colors(&run("--color=always"));
            let (plain, no_codes) = split_colors(&run("--color=never"));
            assert!(no_codes.is_empty(), "{words:?} {no_codes:?}");
            assert_eq!(colored, plain, "{words:?} at {columns}");
            let bad = codes.iter().find(|code| !COLORS.contains(&code.as_str()));
            assert_eq!(bad, None, "{words:?}");
            assert!(!plain.is_empty(), "{words:?}");
            for line in plain.lines() {
                let width = line.width();
                assert!(width <= columns.into(), "{width} columns of {columns} in {line}\n{plain}");
            }
        }
    }
}

#[test]
fn messages_go_on_between_words_and_hints_stay_whole() {
    let upstream = Upstream::start();
    let (sandbox, folder) = crowded(&upstream);
    let screen = |words: &[&str]| {
        sandbox.use_command(words).directory(&folder).in_terminal(60).wait().screen()
    };
    insta::assert_snapshot!(screen(&["nood@20"]), @"
    error: unknown tool “nood”
      tools: bun, deno, elixir, erlang, go, java, node, npm,
        perl, php, pnpm, python, ruby, yarn, zig
      hint: use help
    ");
    insta::assert_snapshot!(screen(&["prune", "node@12", "python"]), @"
    error: some of these name a version, and some only a tool
      hint: use prune TOOL@VERSION, or: use prune --unused 90 TO
    OL
    ");
}
