//! Bare `use`, `use which` and `use list`: active and installed versions.

use serde_json::{Value, json};

use super::{json_without_system, offline_sandbox, without_system};
use crate::support::Sandbox;

/// A sandbox with toolchains of usher's own and of others.
fn with_toolchains() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.fake_toolchain("python", "3.12.12");
    sandbox.fake_program("home/.nvm/versions/node/v10.24.1/bin/node");
    sandbox.fake_program("home/.pyenv/versions/3.8.20/bin/python");
    sandbox.reshim();
    sandbox
}

#[test]
fn bare_use_lists_active_versions_and_their_requests() {
    let sandbox = with_toolchains();
    sandbox.file("project/.nvmrc", "# ours\nv10\n");
    sandbox.file("home/.config/usher/tool-versions", "python 3.12\n");
    let outcome = sandbox.use_command(&[]).run().succeeds();
    insta::assert_snapshot!(without_system(&sandbox, &outcome), @"
    TOOL  VERSION  STATE  REQUESTED BY
    node  10.24.1  nvm  v10 in .nvmrc:2
    by a constraint or a default: python 3.12.12
    ");
    let outcome = sandbox.use_command(&["--all"]).run().succeeds();
    insta::assert_snapshot!(without_system(&sandbox, &outcome), @"
    TOOL  VERSION  STATE  REQUESTED BY
    node  10.24.1  nvm  v10 in .nvmrc:2
    python  3.12.12  installed  3.12 in your default
    ");

    let outcome = sandbox.use_command(&["--json"]).run().succeeds();
    assert_eq!(
        json_without_system(&sandbox, &outcome),
        json!([
            {
                "tool": "node",
                "version": "10.24.1",
                "request": "v10",
                "requested_by": {
                    "kind": "file",
                    "file": "[SANDBOX]/project/.nvmrc",
                    "line": 2,
                    "text": ".nvmrc:2",
                },
                "installed": true,
                "store": "nvm",
                "path": "[SANDBOX]/home/.nvm/versions/node/v10.24.1",
                "main_program": "[SANDBOX]/home/.nvm/versions/node/v10.24.1/bin/node",
            },
            {
                "tool": "python",
                "version": "3.12.12",
                "request": "3.12",
                "requested_by": {
                    "kind": "default",
                    "file": "[SANDBOX]/home/.config/usher/tool-versions",
                    "line": 1,
                    "text": "your default, [SANDBOX]/home/.config/usher/tool-versions:1",
                },
                "installed": true,
                "store": "usher",
                "path": "[SANDBOX]/home/.local/share/usher/toolchains/python/3.12.12",
                "main_program":
                    "[SANDBOX]/home/.local/share/usher/toolchains/python/3.12.12/bin/python",
            },
        ])
    );
}

#[test]
fn bare_use_lists_missing_and_broken_versions() {
    let sandbox = with_toolchains();
    sandbox.file("project/package.json", r#"{ "volta": { "node": "13.0.0" } }"#);
    sandbox.file("project/.python-version", "../../x\n");
    let outcome = sandbox.use_command(&[]).run().fails_with(65);
    insta::assert_snapshot!(without_system(&sandbox, &outcome), @"
    TOOL  VERSION  STATE  REQUESTED BY
    node  13.0.0  not installed  13.0.0 in package.json (volta.node)
    python  ?  broken  .python-version:1
    to install what is missing: use install
    ");
    insta::assert_snapshot!(sandbox.mask(&outcome.stderr), @"
    error: invalid python version “../../x” (requested by .python-version:1)
      expected a version, a range or an alias
      hint: use python
    ");
    let outcome = sandbox.use_command(&["--json"]).run().fails_with(65);
    assert_eq!(outcome.stderr, "");
    assert_eq!(
        json_without_system(&sandbox, &outcome),
        json!([
            {
                "tool": "node",
                "version": null,
                "request": "13.0.0",
                "requested_by": {
                    "kind": "file",
                    "file": "[SANDBOX]/project/package.json",
                    "field": "volta.node",
                    "text": "package.json (volta.node)",
                },
                "installed": false,
                "store": null,
                "path": null,
                "main_program": null,
            },
            {
                "tool": "python",
                "version": null,
                "request": null,
                "requested_by": null,
                "installed": false,
                "store": null,
                "path": null,
                "main_program": null,
                "error": {
                    "what": "invalid python version “../../x” (requested by .python-version:1)",
                    "causes": ["expected a version, a range or an alias"],
                    "hint": "use python",
                    "code": "bad-file",
                    "exit": 65,
                },
            },
        ])
    );
}

#[test]
fn bare_use_lists_programs_of_tools_that_are_not_pinned() {
    let sandbox = offline_sandbox();
    // First on PATH after the shims, whatever the machine has elsewhere.
    sandbox.fake_program("bin/node");
    sandbox.fake_program("bin/python");
    let outcome = sandbox.use_command(&[]).run().succeeds();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], "no tool is pinned here; to pin one: use node@lts");
    assert!(lines[1].ends_with(" more tools: use --all") && lines.len() == 2, "{outcome}");
    let outcome = sandbox.use_command(&["--all"]).run().succeeds();
    let words: Vec<Vec<&str>> =
        outcome.stdout.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert!(words.iter().all(|line| line.ends_with(&["not", "pinned"])), "{outcome}");
    let is_here = |tool: &str| tool == "node" || tool == "python";
    let tools: Vec<&str> = words.iter().map(|line| line[0]).filter(|tool| is_here(tool)).collect();
    assert_eq!(tools, ["node", "python"], "{outcome}");

    let outcome = sandbox.use_command(&["--json"]).run().succeeds();
    let lines = outcome.json();
    let lines = lines["tools"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| is_here(line["tool"].as_str().unwrap()));
    for (line, program) in lines.zip(["node", "python"]) {
        assert_eq!(
            line["main_program"],
            sandbox.root().join("bin").join(program).to_str().unwrap()
        );
        assert_eq!((&line["request"], &line["requested_by"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn which_prints_the_program_that_runs() {
    let sandbox = with_toolchains();
    sandbox.file("project/.nvmrc", "12\n");
    let outcome = sandbox.use_command(&["which", "npm"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin/npm
    --- standard error
    ");
    let outcome = sandbox.use_command(&["which", "node10", "--json"]).run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 0
    --- standard output
    {
      "format": 1,
      "path": "[SANDBOX]/home/.nvm/versions/node/v10.24.1/bin/node",
      "program": "node10",
      "tool": "node"
    }
    --- standard error
    "#);
}

#[test]
fn which_installs_nothing() {
    let sandbox = with_toolchains();
    sandbox.file("project/.nvmrc", "13\n");
    let outcome = sandbox.use_command(&["which", "npm"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: node 13 is not installed (requested by .nvmrc:1)
      hint: use install node@13
    ");
    let outcome = sandbox.use_command(&["which", "nonesuch"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: unknown program “nonesuch”
    ");
    // A program that only one toolchain has, and no system.
    sandbox.fake_program(sandbox.toolchain("node", "12.22.12").join("bin/kresus"));
    sandbox.file("project/.nvmrc", "10\n");
    let outcome = sandbox.use_command(&["which", "kresus"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: kresus is not installed for node 10.24.1 (requested by .nvmrc:1)
      installed for node 12.22.12
      hint: use node@12.22.12
    ");
}

#[test]
fn list_has_the_installed_versions_and_their_stores() {
    let sandbox = with_toolchains();
    sandbox.file("project/.tool-versions", "nodejs 10\n");
    let outcome = sandbox.use_command(&["list"]).run().succeeds();
    insta::assert_snapshot!(without_system(&sandbox, &outcome), @"
    TOOL  VERSION  STATE  STORE
    node  12.22.12  usher
    node  10.24.1  active  nvm
    python  3.12.12  active  usher
    python  3.8.20  pyenv
    ");
    let outcome = sandbox.use_command(&["list", "--paths"]).run().succeeds();
    insta::assert_snapshot!(without_system(&sandbox, &outcome), @"
    TOOL  VERSION  STATE  STORE  PATH
    node  12.22.12  usher  ~/.local/share/usher/toolchains/node/12.22.12
    node  10.24.1  active  nvm  ~/.nvm/versions/node/v10.24.1
    python  3.12.12  active  usher  ~/.local/share/usher/toolchains/python/3.12.12
    python  3.8.20  pyenv  ~/.pyenv/versions/3.8.20
    ");
    let refused = sandbox.use_command(&["list", "--paths", "--accounts"]).run().fails_with(2);
    refused.stderr_contains("--accounts");

    let outcome = sandbox.use_command(&["list", "nodejs", "--json"]).run().succeeds();
    assert_eq!(
        json_without_system(&sandbox, &outcome),
        json!([
            {
                "tool": "node",
                "version": "12.22.12",
                "active": false,
                "store": "usher",
                "path": "[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12",
                "main_program":
                    "[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin/node",
                "end_of_life": "2022-04-30",
            },
            {
                "tool": "node",
                "version": "10.24.1",
                "active": true,
                "store": "nvm",
                "path": "[SANDBOX]/home/.nvm/versions/node/v10.24.1",
                "main_program": "[SANDBOX]/home/.nvm/versions/node/v10.24.1/bin/node",
                "end_of_life": "2021-04-30",
            },
        ])
    );
}

#[test]
fn reshim_adds_and_removes_shims() {
    let sandbox = offline_sandbox();
    let toolchain = sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.fake_program(toolchain.join("bin/eslint"));
    sandbox.executable(toolchain.join("bin/use"), "#!/bin/sh\n");
    sandbox.reshim();
    assert!(sandbox.shim("npm").is_file() && sandbox.shim("eslint").is_file());
    let outcome = sandbox.use_command(&["reshim"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    all shims are up to date
    --- standard error
    ");
    sandbox.command("eslint").run().succeeds().stdout_has_line("node 12.22.12");

    std::fs::remove_file(toolchain.join("bin/eslint")).unwrap();
    std::fs::remove_file(sandbox.shim("npm")).unwrap();
    let outcome = sandbox.use_command(&["reshim"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    created: npm
    removed: eslint
    --- standard error
    ");
    let outcome = sandbox.use_command(&["reshim", "--json"]).run().succeeds();
    assert_eq!(
        outcome.json(),
        json!({ "format": 1, "created": [], "mended": [], "removed": [], "foreign": [] })
    );
    assert!(sandbox.shim("npm").is_file() && !sandbox.shim("eslint").exists());
}
