//! `use unpin TOOL…`: which file loses the pin, and that nothing else changes.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::{assert_unchanged, offline_sandbox};

/// A project's file before and after `use unpin node`; without an `after`, the file is deleted.
struct Case {
    file: &'static str,
    before: &'static str,
    after: Option<&'static str>,
}

const CASES: &[Case] = &[
    Case { file: ".nvmrc", before: "20\n", after: None },
    Case { file: ".node-version", before: "\u{feff}20.1.0", after: None },
    Case { file: ".nvmrc", before: "lts/hydorgen\n", after: None },
    Case { file: ".tool-versions", before: "nodejs 20\n", after: None },
    Case {
        file: ".tool-versions",
        before: "# ours\r\nnodejs 20 18 # old\r\nruby 3.3.0\r\nnode 12",
        after: Some("# ours\r\nruby 3.3.0\r\n"),
    },
    Case { file: ".tool-versions", before: "# ours\nnode 20\n", after: Some("# ours\n") },
    Case {
        file: "package.json",
        before: "{\r\n\t\"volta\": { \"node\" : \"20.1.0\", \"yarn\": \"1.22.0\" }\r\n}",
        after: Some("{\r\n\t\"volta\": { \"yarn\": \"1.22.0\" }\r\n}"),
    },
    Case {
        file: "package.json",
        before: "{\n  \"devEngines\": {\n    \"runtime\": { \"name\": \"node\", \"version\": \"20\", \"onFail\": \"warn\" }\n  }\n}\n",
        after: Some(
            "{\n  \"devEngines\": {\n    \"runtime\": { \"name\": \"node\", \"onFail\": \"warn\" }\n  }\n}\n",
        ),
    },
    Case {
        file: "mise.toml",
        before: "# ours\n[tools]\nnode = [\"20\", \"18\"] # lts\npython = '3.12'\n",
        after: Some("# ours\n[tools]\npython = '3.12'\n"),
    },
    Case {
        file: ".prototools",
        before: "node = \"20\"\nbun = \"1\"\n",
        after: Some("bun = \"1\"\n"),
    },
    Case {
        file: ".env",
        before: "PORT=80\nexport NODE_VERSION='20' # image\nDEBUG=1",
        after: Some("PORT=80\nDEBUG=1"),
    },
];

#[test]
fn the_pin_is_removed_from_its_file_and_nothing_else() {
    let sandbox = offline_sandbox();
    for Case { file, before, after } in CASES {
        let name = format!("project/{file}");
        sandbox.file(&name, before);
        let tree = sandbox.tree("project");
        let outcome = sandbox.use_command(&["unpin", "node"]).run().succeeds();
        assert!(outcome.transcript().contains("\nunpinned node"), "{}", outcome.transcript());
        let changes = tree.changes(&sandbox.tree("project"));
        match after {
            Some(after) => {
                assert_eq!(sandbox.read(&name), *after, "{file} of {before:?}");
                assert_eq!(changes, [format!("~ {name}")], "{before:?}");
                fs::remove_file(sandbox.root().join(&name)).unwrap();
            }
            None => assert_eq!(changes, [format!("- {name}")], "{before:?}"),
        }
    }
}

#[test]
fn another_lines_mistake_is_no_obstacle_and_a_mistake_is_removed_too() {
    let sandbox = offline_sandbox();
    let rest = "nodejs 20\nthis is a bad line\n";
    sandbox.file("project/.tool-versions", format!("{rest}ruby 3.3\npython ../../x\n"));
    let unpin = |tool| sandbox.use_command(&["unpin", tool]).run().succeeds();
    unpin("ruby").stdout_has_line("unpinned ruby 3.3 (.tool-versions)");
    unpin("python").stdout_has_line("unpinned python “../../x” (.tool-versions)");
    assert_eq!(sandbox.read("project/.tool-versions"), rest);
    fs::remove_file(sandbox.project().join(".tool-versions")).unwrap();

    sandbox.file("project/.nvmrc", "foo bar\n");
    unpin("node").stdout_has_line("unpinned node “foo bar” (.nvmrc)");
    assert!(!sandbox.project().join(".nvmrc").exists());
}

#[test]
fn what_decides_without_the_pin_is_said() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "20\n");
    sandbox
        .file("project/package.json", r#"{"volta":{"node":"18.20.0"},"engines":{"node":">=16"}}"#);
    sandbox.file("home/.config/usher/tool-versions", "node 22\n");
    let unpin = || sandbox.use_command(&["unpin", "node"]).run().succeeds().transcript();
    insta::assert_snapshot!(unpin(), @"
    exit status: 0
    --- standard output
    unpinned node 20 (.nvmrc)
    node 18.20.0 applies here (requested by package.json (volta.node))
    --- standard error
    usher: deleting .nvmrc: it has nothing else
    ");
    insta::assert_snapshot!(unpin(), @"
    exit status: 0
    --- standard output
    unpinned node 18.20.0 (package.json)
    node is not pinned here; package.json (engines.node) requires >=16
    --- standard error
    ");
    let outcome = sandbox.use_command(&["unpin", "--global", "node"]).run().succeeds();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    unpinned node 22 ([SANDBOX]/home/.config/usher/tool-versions)
    node is not pinned here; package.json (engines.node) requires >=16
    --- standard error
    ");
    assert_eq!(sandbox.read("home/.config/usher/tool-versions"), "");
}

#[test]
fn unpinning_prints_json() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "20\n");
    sandbox.file("project/.tool-versions", "node 18\npython 3.12\n");
    let outcome = sandbox.use_command(&["unpin", "node", "python", "--json"]).run().succeeds();
    let removed = &outcome.json()["removed"];
    let file = sandbox.project().join(".tool-versions");
    assert_eq!(
        removed,
        &json!([
            {
                "tool": "node", "request": "18", "file": file, "file_deleted": false,
                "next": {
                    "request": "20",
                    "requested_by": {
                        "kind": "file",
                        "file": sandbox.project().join(".nvmrc"),
                        "line": 1,
                        "text": ".nvmrc:1",
                    },
                    "constraint": false,
                },
            },
            { "tool": "python", "request": "3.12", "file": file, "file_deleted": true, "next": null },
        ])
    );
}

/// What `use unpin ARGUMENTS` refuses, and that nothing changes by it.
fn refused(sandbox: &crate::support::Sandbox, arguments: &[&str]) -> String {
    let before = sandbox.tree("project");
    let outcome = sandbox.use_command(&[&["unpin"], arguments].concat()).run();
    assert!(!outcome.transcript().contains("exit status: 0"), "{}", outcome.transcript());
    assert_unchanged(sandbox, "project", &before, "a refusal");
    outcome.transcript()
}

#[test]
fn a_tool_that_the_project_does_not_pin_is_an_error() {
    let sandbox = offline_sandbox();
    insta::assert_snapshot!(refused(&sandbox, &["node"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: this project doesn't pin node
      nothing requests a version of node here
    ");
    sandbox.file("project/package.json", r#"{"engines":{"node":">=16"}}"#);
    insta::assert_snapshot!(refused(&sandbox, &["node"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: this project doesn't pin node
      package.json (engines.node) is a constraint, not a pin: >=16
      hint: use why node
    ");
    sandbox.file("home/.config/usher/tool-versions", "python 3.12\n");
    insta::assert_snapshot!(refused(&sandbox, &["python"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: this project doesn't pin python
      python 3.12 is your default, [SANDBOX]/home/.config/usher/tool-versions:1
      hint: use unpin --global python
    ");
    sandbox.file(".nvmrc", "20\n");
    insta::assert_snapshot!(refused(&sandbox, &["node"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: this project doesn't pin node
      node 20 is requested by [SANDBOX]/.nvmrc:1, outside of the project
      hint: cd [SANDBOX] && use unpin node
    ");
    insta::assert_snapshot!(refused(&sandbox, &["--global", "go"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: you have no default for go
    ");
    insta::assert_snapshot!(refused(&sandbox, &["node@20"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: `use unpin` takes tools without versions: “node@20”
      hint: use unpin node
    ");
    insta::assert_snapshot!(refused(&sandbox, &["nod"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: unknown tool “nod”
      nearest: node
      hint: use unpin node
    ");
    insta::assert_snapshot!(refused(&sandbox, &[]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: missing argument: TOOL
      usage: use unpin [OPTIONS] TOOL...
      hint: use help unpin
    ");
    let variable = sandbox.use_command(&["unpin", "go"]).variable("GO_VERSION", "1.22").run();
    insta::assert_snapshot!(variable.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: this project doesn't pin go
      GO_VERSION requests 1.22
      hint: unset GO_VERSION
    ");
}

#[test]
fn what_cannot_be_removed_safely_is_left_to_the_user() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "# until spring\n20\n");
    insta::assert_snapshot!(refused(&sandbox, &["node"]), @"
    exit status: 65
    --- standard output
    --- standard error
    error: [SANDBOX]/project/.nvmrc has only comments or settings besides this pin
      without a version, it can't be used
      hint: rm [SANDBOX]/project/.nvmrc
    ");
    fs::remove_file(sandbox.project().join(".nvmrc")).unwrap();
    // A link out of the project.
    sandbox.file("home/other", "20\n");
    symlink(sandbox.root().join("home/other"), sandbox.project().join(".nvmrc")).unwrap();
    insta::assert_snapshot!(refused(&sandbox, &["node"]), @"
    exit status: 77
    --- standard output
    --- standard error
    error: [SANDBOX]/project/.nvmrc is a link out of this project, to [SANDBOX]/home/other
      hint: rm [SANDBOX]/project/.nvmrc
    ");
    assert_eq!(sandbox.read("home/other"), "20\n");
    fs::remove_file(sandbox.project().join(".nvmrc")).unwrap();
    // A section may have comments of its own.
    sandbox.file("project/mise.toml", "[tools.node]\nversion = '20'\n");
    insta::assert_snapshot!(refused(&sandbox, &["node"]), @"
    exit status: 65
    --- standard output
    --- standard error
    error: can't change the pin of node in mise.toml:2 (tools.node)
      hint: change it by hand
    ");
    fs::remove_file(sandbox.project().join("mise.toml")).unwrap();
    // Not a version file.
    sandbox.file("project/.nvmrc", "-----BEGIN KEY-----\nabc def\n");
    insta::assert_snapshot!(refused(&sandbox, &["node"]), @"
    exit status: 65
    --- standard output
    --- standard error
    error: [SANDBOX]/project/.nvmrc is not a version file
      line 1 is not a version
      hint: mv [SANDBOX]/project/.nvmrc [SANDBOX]/project/.nvmrc.old
    ");
    fs::remove_file(sandbox.project().join(".nvmrc")).unwrap();
    // One tool that isn't pinned, and nothing is removed.
    sandbox.file("project/.tool-versions", "node 20\n");
    insta::assert_snapshot!(refused(&sandbox, &["node", "ruby"]), @"
    exit status: 2
    --- standard output
    --- standard error
    error: this project doesn't pin ruby
      nothing requests a version of ruby here
    ");
}
