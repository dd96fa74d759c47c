//! `use prune`: what is removed, what stays and why; and that nothing is removed by mistake.

use std::fmt::Write as _;
use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{offline_sandbox, skipped};
use crate::support::Sandbox;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A fake toolchain that was used so many days ago.
fn used(sandbox: &Sandbox, tool: &str, (version, days): (&str, u32)) {
    let times = FileTimes::new().set_accessed(SystemTime::now() - days * DAY);
    // A file of its own: the sandbox's fakes are hard links, which share their times.
    let path = sandbox.toolchain(tool, version).join("bin").join(tool);
    sandbox.executable(&path, "#!/bin/sh\n");
    File::open(&path).unwrap().set_times(times).unwrap();
}

/// Versions that were used at several times.
fn store() -> Sandbox {
    let sandbox = offline_sandbox();
    for version in [("10.24.1", 400), ("12.22.11", 40), ("12.22.12", 50), ("20.19.5", 3)] {
        used(&sandbox, "node", version);
    }
    used(&sandbox, "python", ("3.8.20", 400));
    sandbox
}

/// Whether access times are recorded where tests run: prune needs them.
fn records_times(sandbox: &Sandbox) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let holding = mounts.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        sandbox.root().starts_with(fields.get(4)?).then(|| (fields[4].len(), fields[5].to_owned()))
    });
    let is_recorded = !holding.max().is_some_and(|(_, options)| options.contains("noatime"));
    if !is_recorded {
        skipped("access times aren't recorded here: use prune --unused");
    }
    is_recorded
}

/// The versions that a call with these words would remove: `node 10.24.1`.
fn would_remove(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let outcome = sandbox.use_command(&["prune", "--json", "--dry-run"]).arguments(words).run();
    let report = outcome.succeeds().json();
    let removed =
        report["versions"].as_array().unwrap().iter().filter(|one| one["would_remove"] == true);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    removed.map(|one| format!("{} {}", text(&one["tool"]), text(&one["version"]))).collect()
}

/// What a file takes on the disk depends on the file system, and so does how wide its column is.
fn without_sizes(text: &str) -> String {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    let text: String = text.lines().map(words).collect();
    // Tenths of a kilobyte, the longest first: none is a part of one that is still to come.
    (10..10_000u32).rev().fold(text, |text, tenths| {
        text.replace(&format!("{}.{} kB", tenths / 10, tenths % 10), "[SIZE]")
    })
}

#[test]
fn prune_unused_keeps_requested_versions() {
    let sandbox = store();
    if !records_times(&sandbox) {
        return;
    }
    let projects = sandbox.root().join("src").display().to_string();
    let unused = ["--unused", "30"];
    let spare = ["--unused", "30", "--projects", &projects];
    let check = |words: &[&str], expected: &[&str]| {
        assert_eq!(would_remove(&sandbox, words), expected, "{words:?}");
    };
    check(&unused, &["node 10.24.1", "node 12.22.11", "node 12.22.12"]);
    check(&["--unused", "45"], &["node 10.24.1", "node 12.22.12"]);
    check(&["--unused", "500"], &[]);
    check(&["--unused", "30", "python"], &["python 3.8.20"]);
    check(&["--unused", "500", "python@3.8.20"], &[]);
    check(&["python@3.8.20"], &["python 3.8.20"]);
    check(&["node@20.19.5"], &["node 20.19.5"]);
    check(&["node@12"], &["node 12.22.11", "node 12.22.12"]);
    // In a project of its own, under version control, hidden, ignored, and not the first to speak.
    sandbox.folder("src/app/.git");
    sandbox.file("src/app/.gitignore", ".nvmrc\n");
    sandbox.file("src/app/.hidden/.nvmrc", "12\n");
    check(&spare, &["node 10.24.1", "node 12.22.11"]);
    sandbox.file("src/app/.hidden/package.json", r#"{"engines":{"node":"^10"}}"#);
    check(&spare, &["node 12.22.11"]);
    check(&unused, &["node 10.24.1", "node 12.22.11", "node 12.22.12"]);
    // Requests in other people's code don't count.
    sandbox.file("src/app/node_modules/x/.nvmrc", "12.22.11\n");
    check(&spare, &["node 12.22.11"]);
    sandbox.file("src/other/.tool-versions", "nodejs 12.22.11\n");
    check(&spare, &[]);
    // The default, what a file above hides it with, and what `use shim` keeps.
    sandbox.file("home/.config/usher/tool-versions", "nodejs 10.24.1\n");
    sandbox.file("project/.nvmrc", "12.22.11\n");
    check(&unused, &["node 12.22.12"]);
    check(&["node@10.24.1"], &[]);
    sandbox.use_command(&["shim", "node@12.22.12"]).run().succeeds();
    check(&unused, &[]);
}

#[test]
fn prune_dry_run_shows_the_same_as_prune() {
    let sandbox = store();
    if !records_times(&sandbox) {
        return;
    }
    sandbox.file("project/.nvmrc", "12.22.12\n");
    let outcome = sandbox.use_command(&["prune", "--unused", "30", "--dry-run"]).run();
    insta::assert_snapshot!(without_sizes(&outcome.transcript()), @"
    exit status: 0
    --- standard output
    TOOL VERSION SIZE REASON
    remove node 10.24.1 [SIZE] unused for 400 days
    remove node 12.22.11 [SIZE] unused for 40 days
    keep node 12.22.12 [SIZE] requested by .nvmrc:1
    keep node 20.19.5 [SIZE] used 3 days ago
    keep python 3.8.20 [SIZE] virtual environments may depend on it: name it to remove it
    2 versions ([SIZE]) can be removed
    --- standard error
    ");
    assert!(sandbox.toolchain("node", "10.24.1").exists());
    let outcome = sandbox.use_command(&["prune", "--unused", "30", "--yes"]).run();
    insta::assert_snapshot!(without_sizes(&outcome.transcript()), @"
    exit status: 0
    --- standard output
    TOOL VERSION SIZE REASON
    remove node 10.24.1 [SIZE] unused for 400 days
    remove node 12.22.11 [SIZE] unused for 40 days
    keep node 12.22.12 [SIZE] requested by .nvmrc:1
    keep node 20.19.5 [SIZE] used 3 days ago
    keep python 3.8.20 [SIZE] virtual environments may depend on it: name it to remove it
    2 versions ([SIZE]) can be removed
    removed node 10.24.1 ([SIZE])
    removed node 12.22.11 ([SIZE])
    --- standard error
    ");
    assert!(!sandbox.toolchain("node", "10.24.1").exists());
    assert!(sandbox.toolchain("node", "12.22.12").exists());
    assert_eq!(fs::read_dir(sandbox.usher().join("staging")).unwrap().count(), 0);
}

#[test]
fn read_only_commands_do_not_change_last_use() {
    let sandbox = store();
    if !records_times(&sandbox) {
        return;
    }
    let unused = ["--unused", "30"];
    let before = would_remove(&sandbox, &unused);
    assert_eq!(before.len(), 3);
    sandbox.use_command(&["verify"]).run().fails_with(65);
    for words in [&["list"][..], &["doctor"], &["reshim"], &["which", "npm"], &["why", "node"]] {
        sandbox.use_command(words).run();
    }
    assert_eq!(would_remove(&sandbox, &unused), before);
    // A call does.
    sandbox.command("node").variable("NODE_VERSION", "10.24.1").run().succeeds();
    assert_eq!(would_remove(&sandbox, &unused), ["node 12.22.11", "node 12.22.12"]);
}

#[test]
fn nobody_is_asked_where_nothing_is_removed() {
    let sandbox = store();
    let prune = sandbox.use_command(&["prune", "--unused", "9999"]).run().succeeds();
    prune.stdout_has_line("nothing to remove");
}

#[test]
fn without_an_age_ninety_days_count() {
    let sandbox = store();
    if !records_times(&sandbox) {
        return;
    }
    assert_eq!(would_remove(&sandbox, &[]), ["node 10.24.1"]);
    let prune = sandbox.use_command(&["prune"]).run().fails_with(2);
    prune.stderr_contains("unused for 90 days").stderr_contains("hint: use prune --yes");
    assert!(sandbox.toolchain("node", "10.24.1").exists());
}

#[test]
fn prune_refuses_invalid_arguments() {
    let sandbox = store();
    let mut transcript = String::new();
    for line in
        ["node@12 python", "--unused 0 --yes", "node@10.24.1", "node@99 --yes", "rust@1 --yes"]
    {
        let words = line.split(' ').filter(|word| !word.is_empty());
        let outcome = sandbox.use_command(&["prune"]).arguments(words).run();
        write!(transcript, "$ use prune {line}\n{} {}", outcome.status, outcome.stderr).unwrap();
    }
    insta::assert_snapshot!(transcript, @"
    $ use prune node@12 python
    exit status: 2 error: some of these name a version, and some only a tool
      hint: use prune TOOL@VERSION, or: use prune --unused 90 TOOL
    $ use prune --unused 0 --yes
    exit status: 2 error: `--unused` needs at least 1 day
      hint: use prune --unused 90
    $ use prune node@10.24.1
    exit status: 2 error: no terminal to ask on, so nothing was removed
      hint: use prune node@10.24.1 --yes
    $ use prune node@99 --yes
    exit status: 127 error: node 99 is not in usher's store
      installed: 10.24.1, 12.22.11, 12.22.12, 20.19.5
    $ use prune rust@1 --yes
    exit status: 2 error: unknown tool “rust”
      tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig
    ");
    // An invalid version file might request any of them.
    sandbox.file("src/.nvmrc", "../../x\n");
    let projects = sandbox.root().join("src").display().to_string();
    let words = ["--unused", "30", "--yes", "--projects", &projects];
    sandbox.use_command(&["prune"]).arguments(words).run().fails_with(65);
    assert_eq!(would_remove(&sandbox, &["node@10", "node@12", "node@20", "python@3"]).len(), 5);
}

#[test]
fn prune_keeps_running_versions_unless_confirmed() {
    let sandbox = offline_sandbox();
    let node = sandbox.toolchain("node", "12.22.12").join("bin/node");
    sandbox.copy_program(Path::new("/bin/sleep"), &node);
    let running = sandbox.command(&node).argument("100").start();
    let words = ["prune", "node@12.22.12", "--dry-run"];
    let outcome = sandbox.use_command(&words).run().succeeds();
    let process = running.id().to_string();
    let stdout = outcome.stdout.replace(&process, "PROCESS");
    assert!(stdout.contains("in use by process PROCESS"), "{stdout}");
    sandbox.use_command(&["prune", "node@12.22.12", "--yes"]).run().succeeds();
    assert!(!node.exists());
    running.signal(rustix::process::Signal::TERM);
    running.wait().dies_by(rustix::process::Signal::TERM);
}

#[test]
fn prune_on_a_terminal_prompts() {
    for (answer, is_removed) in [("y\\n", true), ("n\\n", false), ("\\n", false)] {
        let sandbox = store();
        let line = "printf \"$0\" | /usr/bin/script -qec 'use prune node@10.24.1' /dev/null";
        let outcome = sandbox.command("/bin/sh").arguments(["-c", line, answer]).run();
        if outcome.status.code() == Some(127) {
            return skipped("there is no script here: the question of use prune");
        }
        assert!(outcome.stdout.contains("remove 1 version ("), "{outcome}");
        assert_eq!(
            !sandbox.toolchain("node", "10.24.1").exists(),
            is_removed,
            "{answer} {outcome}"
        );
    }
}
