//! Output that can't be written: a full disk, a closed descriptor, a reader that went away.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use usher::cli::CommandLine;

use super::{sandbox, skipped};
use crate::support::{Outcome, Platform, Sandbox, Upstream, make_fifo};

/// How standard output loses what is written to it, for a shell.
const LOST: [(&str, &str); 2] = [
    ("exec \"$@\" > /dev/full", "No space left on device"),
    ("exec \"$@\" >&-", "Bad file descriptor"),
];

/// A call of a verb that prints something; the verbs are clap's.
fn calls(verb: &str) -> &'static [&'static str] {
    match verb {
        "install" => &["install", "install node@12"],
        "upgrade" => &["upgrade", "upgrade --dry-run"],
        "link" => &["link node@mine ../mine"],
        "uninstall" => &["uninstall node@10.0.0"],
        "unpin" => &["unpin node"],
        "config" => &["config list", "config get offline", "config set offline false"],
        "verify" => &["verify node@12.22.12"],
        "repair" => &["repair node@12.22.12"],
        "prune" => &["prune node@12.22.12 --dry-run", "prune node@10.0.0 --yes"],
        "retire" => &["retire"],
        "list" => &["list"],
        "outdated" => &["outdated"],
        "available" => &["available node"],
        "lock" => &["lock", "lock --check"],
        "current" => &["current", "current --all"],
        // What it prints is the command's.
        "exec" => &[],
        "help" => &["help", "help install", "help node"],
        "which" => &["which node"],
        "where" => &["where node", "where node@12"],
        "env" => &["env", "env --shell fish", "env --github", "env --gitlab"],
        "why" => &["why", "why node"],
        "check" => &["check"],
        "shim" => &["shim node@18", "shim", "shim --remove node@18"],
        "sync" => &["sync --print-unit path"],
        "reshim" => &["reshim"],
        "cache" => &["cache clean", "cache clean --dry-run"],
        "doctor" => &["doctor"],
        "policy" => &["policy"],
        "setup" => &["setup bash", "setup bash --print"],
        "completions" => &["completions bash"],
        "schema" => &["schema config"],
        "self" => &["self install"],
        other => panic!("a call of `use {other}` that prints something"),
    }
}

/// Runs `use` in a shell that has done something to standard output.
fn in_shell(sandbox: &Sandbox, script: &str, line: &str) -> Outcome {
    let program = sandbox.shim("use");
    let shell = sandbox.command("/bin/sh").arguments(["-c", script, "sh"]).argument(program);
    // The shells that are set up know which one they are by this.
    shell.arguments(line.split_whitespace()).variable("SHELL", "/bin/bash").run()
}

#[test]
fn every_command_fails_if_its_output_is_lost() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.use_command(&["install"]).run().succeeds();
    sandbox.fake_program("mine/bin/node");
    let check = |line: &str| {
        for (script, cause) in LOST {
            if !sandbox.toolchain("node", "10.0.0").exists() {
                sandbox.fake_toolchain("node", "10.0.0");
            }
            // `use unpin` deletes it.
            sandbox.file("project/.nvmrc", "12\n");
            if line.starts_with("shim --remove") {
                sandbox.use_command(&["shim", "node@18"]).run().succeeds();
            }
            let outcome = in_shell(&sandbox, script, line).fails_with(74);
            let said = format!("error: can't write to standard output\n  {cause}");
            assert!(outcome.stderr.contains(&said), "use {line} {script}: {outcome}");
        }
    };
    for command in CommandLine::command().get_subcommands() {
        let verb = command.get_name();
        check(&format!("{verb} --help"));
        for line in calls(verb) {
            check(line);
            if !line.contains("--shell") && !line.contains("--git") {
                check(&format!("{line} --json"));
            }
        }
    }
    for line in
        ["", "--json", "node@12", "node@12 --json", "--global node@12", "--help", "--version"]
    {
        check(line);
    }
    // The error that was to be printed is told as well.
    for line in ["install nodee --json", "--frobnicate --json", "which nothing --json"] {
        check(line);
        let outcome = in_shell(&sandbox, LOST[0].0, line).stderr;
        assert!(outcome.starts_with("error: un"), "{outcome}");
    }
}

/// Nothing is removed if the list of it can't be printed.
#[test]
fn nothing_is_removed_unseen() {
    let sandbox = super::offline_sandbox();
    let folder = sandbox.fake_toolchain("node", "10.0.0");
    in_shell(&sandbox, LOST[0].0, "prune node@10.0.0 --yes").fails_with(74);
    assert!(folder.is_dir());
}

#[test]
fn a_reader_that_went_away_has_seen_enough() {
    let sandbox = super::offline_sandbox();
    // A pipe with no reader any more, and a shell that ignores the signal for it.
    let pipe = sandbox.project().join("pipe");
    make_fifo(&pipe);
    let script = "exec 3<> pipe 4> pipe 3<&-; trap '' PIPE; exec \"$@\" >&4";
    for line in ["", "list", "list --json", "--help", "completions zsh"] {
        assert_eq!(in_shell(&sandbox, script, line).succeeds().stderr, "");
    }
}

/// A closed descriptor isn't given to another file, which would get the messages.
#[test]
fn messages_for_a_closed_stream_get_into_no_file() {
    if !Path::new("/proc/self/fd").exists() {
        return skipped("this machine has no /proc: which files are open isn't known");
    }
    let archive = Platform::here().node_archive("12.22.12");
    for command in ["use install node@12", "node12 --version"] {
        let upstream = Upstream::start();
        let sandbox = sandbox(&upstream);
        sandbox.use_command(&["shim", "node@12"]).run().succeeds();
        upstream.stall_halfway(&archive);
        let script = format!("exec {command} <&- >&- 2>&-");
        let started = sandbox.command("/bin/sh").arguments(["-c", &script]).start();
        upstream.wait_for_requests(&archive, 1);
        let open = Path::new("/proc").join(started.id().to_string()).join("fd");
        let held = ["0", "1", "2"].map(|stream| fs::read_link(open.join(stream)));
        upstream.release();
        let outcome = started.wait();
        for link in held {
            assert_eq!(link.unwrap(), Path::new("/dev/null"), "{command}: {outcome}");
        }
        assert!(sandbox.toolchain("node", "12.22.12").is_dir(), "{outcome}");
    }
}
