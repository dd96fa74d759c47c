//! `use doctor`: what it finds, and what it says to do.

use serde_json::json;

use super::offline_sandbox;
use crate::support::{Outcome, Sandbox};

/// A sandbox in which all is well; PATH is the sandbox's own.
fn healthy() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    sandbox
}

fn doctor(sandbox: &Sandbox) -> Outcome {
    sandbox.use_command(&["doctor"]).run()
}

#[test]
fn all_is_well() {
    let sandbox = healthy();
    let outcome = doctor(&sandbox);
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 0
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    ok    [SANDBOX]/home/.local/share/usher/shims is on PATH
    ok    the shims' index is up to date
    ok    [SANDBOX]/home/.local/share/usher may be written
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    "#);
    let checks = sandbox.use_command(&["doctor", "--json"]).run().succeeds().json();
    let checks = checks.as_array().unwrap();
    assert!(checks.iter().all(|check| check["state"] == "good"), "{checks:?}");
    assert!(checks.contains(&json!({
        "state": "good",
        "what": format!("{} is on PATH", sandbox.shims().display()),
    })));
}

#[test]
fn path_may_lack_the_shims() {
    let sandbox = healthy();
    let outcome =
        sandbox.command(sandbox.shim("use")).argument("doctor").variable("PATH", "/nowhere");
    insta::assert_snapshot!(outcome.run().transcript(), @r#"
    exit status: 65
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    BAD   PATH doesn't hold [SANDBOX]/home/.local/share/usher/shims
          use setup
    ok    the shims' index is up to date
    ok    [SANDBOX]/home/.local/share/usher may be written
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    usher: one thing is wrong
    "#);
}

#[test]
fn an_earlier_folder_may_hide_the_shims() {
    let sandbox = healthy();
    let other = sandbox.fake_program("other/bin/npm");
    let path = std::env::join_paths([other.parent().unwrap(), &sandbox.shims()]).unwrap();
    let outcome = sandbox.use_command(&["doctor"]).variable("PATH", path).run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 65
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    BAD   [SANDBOX]/other/bin/npm comes before the shims on PATH, and hides them
          put [SANDBOX]/home/.local/share/usher/shims further to the front, or: use setup
    ok    the shims' index is up to date
    ok    [SANDBOX]/home/.local/share/usher may be written
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    usher: one thing is wrong
    "#);
}

#[test]
fn a_variable_may_be_a_label() {
    let sandbox = healthy();
    let command = sandbox.use_command(&["doctor"]).variable("NODE_VERSION", "12.22\u{1b}[31m");
    insta::assert_snapshot!(command.run().transcript(), @r#"
    exit status: 65
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    ok    [SANDBOX]/home/.local/share/usher/shims is on PATH
    ok    the shims' index is up to date
    ok    [SANDBOX]/home/.local/share/usher may be written
    note  NODE_VERSION=12.22\u{1b}[31m is set: it overrides 12, which .nvmrc:1 asks for
          unset NODE_VERSION, or put ignore_variables = ["NODE_VERSION"] into [SANDBOX]/home/.config/usher/config.toml
    BAD   NODE_VERSION=12.22\u{1b}[31m asks for no version of node: it has control characters
          unset NODE_VERSION
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    usher: one thing is wrong
    "#);
    sandbox.file("home/.config/usher/config.toml", "\nignore_variables = [\"NODE_VERSION\"]\n");
    let command = sandbox.use_command(&["doctor"]).variable("NODE_VERSION", "10.24.1");
    insta::assert_snapshot!(command.run().transcript(), @r#"
    exit status: 0
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    ok    [SANDBOX]/home/.local/share/usher/shims is on PATH
    note  the shims' index is out of date
          use reshim
    ok    [SANDBOX]/home/.local/share/usher may be written
    ok    NODE_VERSION=10.24.1 is set, and ignored (the setting `ignore_variables`)
    ok    ignore_variables = ["NODE_VERSION"] ([SANDBOX]/home/.config/usher/config.toml:2)
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    "#);
}

#[test]
fn a_missing_version_and_a_broken_file_are_found() {
    let sandbox = healthy();
    sandbox.file("project/.nvmrc", "13\n");
    sandbox.file("project/.python-version", "\n\n");
    sandbox.file("home/.config/usher/tool-versions", "python ../../x\n");
    insta::assert_snapshot!(doctor(&sandbox).transcript(), @r#"
    exit status: 65
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    ok    [SANDBOX]/home/.local/share/usher/shims is on PATH
    ok    the shims' index is up to date
    ok    [SANDBOX]/home/.local/share/usher may be written
    note  node 13 was asked for by .nvmrc:1, but isn't on disk
          use install node@13
    BAD   can't parse .python-version: it names no version
          use python
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    usher: one thing is wrong
    "#);
}

#[test]
fn the_index_may_be_out_of_date_or_gone() {
    let sandbox = healthy();
    sandbox.fake_program("home/.nvm/versions/node/v10.24.1/bin/node");
    insta::assert_snapshot!(doctor(&sandbox).transcript(), @r#"
    exit status: 0
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    ok    [SANDBOX]/home/.local/share/usher/shims is on PATH
    note  the shims' index is out of date
          use reshim
    note  shims are missing: node10 node10.24 node@10 node@10.24
          use reshim
    ok    [SANDBOX]/home/.local/share/usher may be written
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    "#);
    sandbox.file(sandbox.shims().join(".usher"), "garbage");
    insta::assert_snapshot!(doctor(&sandbox).transcript(), @r#"
    exit status: 65
    --- standard output
    ok    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    ok    [SANDBOX]/home/.local/share/usher/shims is on PATH
    BAD   [SANDBOX]/home/.local/share/usher/shims/.usher is absent or unreadable
          use reshim
    note  shims are missing: node10 node10.24 node@10 node@10.24
          use reshim
    ok    [SANDBOX]/home/.local/share/usher may be written
    ok    shims = "all" (USHER_SHIMS)
    --- standard error
    usher: one thing is wrong
    "#);
}
