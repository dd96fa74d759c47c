//! By which name a shim is called, and what that means.

use std::os::unix::fs::symlink;

use super::{ProbeSandbox, each, text};
use crate::support::{Outcome, TestCommand};

/// A shim, called so.
fn with_argument_zero(stage: &ProbeSandbox, name: &str) -> TestCommand {
    stage.launch(&[], &stage.sandbox.shim("node"), name)
}

fn is_the_program(stage: &ProbeSandbox, outcome: Outcome) {
    outcome.succeeds().stdout_has_line(
        &stage
            .sandbox
            .mask(&format!("executed as {}", text(&stage.program())))
            .replace("executed", "secure 0, executed"),
    );
}

#[test]
fn an_unknown_argument_0_uses_the_files_name() {
    each(|stage| {
        for name in ["weird", "-node", "/x/y/weird", "", "/", "..", "a b", "\u{1b}[31m", "node\n"] {
            is_the_program(stage, with_argument_zero(stage, name).argument("x").run());
        }
        is_the_program(stage, with_argument_zero(stage, &"x".repeat(5000)).run());
    });
}

#[test]
fn a_call_without_argument_0_uses_the_files_name() {
    each(|stage| {
        let program = stage.sandbox.shim("node");
        let command = stage.sandbox.command(super::launcher()).argument("--").argument(program);
        is_the_program(stage, command.run());
    });
}

#[test]
fn a_link_to_a_shim_uses_the_links_name() {
    each(|stage| {
        let place = |name: &str| stage.sandbox.folder("links").join(name);
        symlink(stage.sandbox.shim("node"), place("alias")).expect("link");
        is_the_program(stage, stage.sandbox.command(place("alias")).run());
        symlink(stage.sandbox.shim("node"), place("corepack")).expect("link");
        let version = stage.sandbox.command(place("corepack")).variable("PATH", "/nowhere").run();
        version.fails_with(127).stderr_contains("corepack");
    });
}

#[test]
fn an_unknown_name_is_an_error() {
    each(|stage| {
        std::fs::hard_link(stage.sandbox.shim("node"), stage.sandbox.shim("unknown"))
            .expect("link");
        let outcome = stage.sandbox.command("unknown").run().fails_with(127);
        outcome.stderr_contains("unknown program “unknown”").stderr_contains("hint: use reshim");
    });
}

#[test]
fn the_shim_binary_outside_the_shim_folder_is_an_error() {
    each(|stage| {
        let shim = stage.sandbox.usher().join("shim");
        // Of the account's home, a file outside of the shim folder is a copy: its name means nothing.
        let outcome = stage.sandbox.command(&shim).run().fails_with(127);
        outcome.stderr_contains("unknown program “shim”");
        let copy = stage.sandbox.folder("copies").join("node");
        std::fs::copy(&shim, &copy).expect("copy");
        is_the_program(stage, stage.sandbox.command(&copy).run());
        let outcome = stage.sandbox.command(&copy).without_variable("HOME").run().fails_with(126);
        outcome.stderr_contains("[SANDBOX]/copies/use is missing");
        let home = stage.sandbox.usher();
        let outcome = stage.sandbox.command(&copy).variable("USHER_HOME", home).run();
        is_the_program(stage, outcome);
    });
}
