//! `use doctor`: the problems that it finds, and what to do about each. Most checks are tested beside
//! the source.

use serde_json::json;

use super::offline_sandbox;
use crate::support::{Outcome, Sandbox};

/// A sandbox without a problem; PATH is the sandbox's own.
fn healthy() -> Sandbox {
    let sandbox = offline_sandbox();
    // Of a release line that has no end of life yet.
    sandbox.fake_toolchain("node", "99.0.0");
    sandbox.file("project/.nvmrc", "99\n");
    sandbox.reshim();
    sandbox
}

fn doctor(sandbox: &Sandbox) -> Outcome {
    sandbox.use_command(&["doctor"]).run()
}

#[test]
fn doctor_reports_a_healthy_installation() {
    let sandbox = healthy();
    let outcome = doctor(&sandbox);
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    4 checks passed: use doctor --all
    --- standard error
    ");
    let checks = sandbox.use_command(&["doctor", "--json"]).run().succeeds().json();
    let checks = checks["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["state"] == "ok"), "{checks:?}");
    assert!(checks.contains(&json!({
        "id": "shims-on-path",
        "state": "ok",
        "path": sandbox.shims(),
        "what": format!("{} is on PATH", sandbox.shims().display()),
    })));
}

#[test]
fn path_lacks_the_shims() {
    let sandbox = healthy();
    let outcome =
        sandbox.command(sandbox.shim("use")).argument("doctor").variable("PATH", "/nowhere");
    insta::assert_snapshot!(outcome.run().transcript(), @"
    exit status: 65
    --- standard output
    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    error  PATH doesn't contain [SANDBOX]/home/.local/share/usher/shims
           hint: [SANDBOX]/home/.local/share/usher/shims/use setup
    3 checks passed: use doctor --all
    --- standard error
    error: 1 problem found
    ");
}

#[test]
fn settings_that_are_not_the_default_are_listed() {
    let sandbox = healthy();
    sandbox.file("home/.config/usher/config.toml", "\nignore_variables = [\"NODE_VERSION\"]\n");
    let command = sandbox.use_command(&["doctor"]).variable("NODE_VERSION", "10.24.1");
    insta::assert_snapshot!(command.run().transcript(), @"
    exit status: 0
    --- standard output
    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    note   the shims' index is out of date
           hint: use reshim
    1 note, 5 checks passed: use doctor --all
    --- standard error
    ");
}

#[test]
fn doctor_reports_missing_versions_and_invalid_files() {
    let sandbox = healthy();
    sandbox.file("project/.nvmrc", "13\n");
    sandbox.file("project/.python-version", "\n\n");
    sandbox.file("home/.config/usher/tool-versions", "python ../../x\n");
    insta::assert_snapshot!(doctor(&sandbox).transcript(), @"
    exit status: 65
    --- standard output
    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    error  can't parse .python-version: it names no version
           hint: use python
    note   node 13 is not installed (requested by .nvmrc:1)
           hint: use install node@13
    1 note, 4 checks passed: use doctor --all
    --- standard error
    error: 1 problem found
    ");
}

#[test]
fn the_index_is_out_of_date_or_broken() {
    let sandbox = healthy();
    sandbox.fake_program("home/.nvm/versions/node/v10.24.1/bin/node");
    insta::assert_snapshot!(doctor(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    note   the shims' index is out of date
           hint: use reshim
    note   4 shims are missing (node10, node10.24, …)
           hint: use reshim
    2 notes, 3 checks passed: use doctor --all
    --- standard error
    ");
    sandbox.file(sandbox.shims().join(".usher"), "garbage");
    insta::assert_snapshot!(doctor(&sandbox).transcript(), @"
    exit status: 65
    --- standard output
    usher 0.1.0 on [PLATFORM], at [SANDBOX]/home/.local/share/usher
    error  [SANDBOX]/home/.local/share/usher/shims/.usher is missing or unreadable
           hint: use reshim
    note   4 shims are missing (node10, node10.24, …)
           hint: use reshim
    1 note, 3 checks passed: use doctor --all
    --- standard error
    error: 1 problem found
    ");
}
