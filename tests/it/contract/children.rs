//! Children are resolved again: PATH keeps pointing at the shims, so each call gets the version of
//! where it is, unless its parent was called with a version of its own. Shown with a script for each
//! build of the shim, and with real nodes where they can be had.

use super::each;
use crate::real::{with_node, with_npm};
use crate::support::Sandbox;

/// Prints its version, then runs its arguments in a shell.
const TALKER: &str = "#!/bin/sh
echo VERSION
[ ! -f \"$1\" ] || shift
[ $# -eq 0 ] || exec /bin/sh -c \"$*\"
";

/// A line of shell that `node` runs, and what it and its children print.
const CALLS: &[(&[&str], &str)] = &[
    (&["cd ../other && node"], "12\n10"),
    (&["cd ../other; node 'cd ../project; node'"], "12\n10\n12"),
    (&["+10", "node"], "10\n10"),
    (&["+10", "cd ../project; node; node +12; node"], "10\n10\n12\n10"),
    (&["cd node_modules/old && node"], "12\n12"),
    (&["cd node_modules/old/lib && node"], "12\n12"),
    (&["./script"], "12"),
    (&["exec ./script"], "12\n12"),
    (&["cd ../other; ../project/script"], "12\n10"),
    (&["cd ../other; env -i ../home/.local/share/usher/shims/node ../project/script"], "12\n10"),
];

/// Runs `node` below each of these folders, from a node.
const PARENT: &str = "\
const { execFileSync } = require('child_process');
console.log(process.version);
for (const cwd of process.argv.slice(2)) {
  process.stdout.write(execFileSync('node', ['-v'], { cwd }));
}
";

#[test]
fn a_child_gets_the_version_of_its_own_folder() {
    each(|stage| {
        for version in ["10", "12"] {
            let exact = format!("{version}.22.12");
            stage.script(&exact, &TALKER.replace("VERSION", version));
        }
        let sandbox = &stage.sandbox;
        sandbox.file("project/.nvmrc", "12.22.12");
        sandbox.file("other/.nvmrc", "10.22.12");
        sandbox.file("project/node_modules/old/.nvmrc", "10.22.12");
        sandbox.folder("project/node_modules/old/lib");
        sandbox.executable("project/script", "#!/usr/bin/env node\n");
        for (arguments, expected) in CALLS {
            sandbox.command("node").arguments(*arguments).run().succeeds().stdout_is(expected);
        }
    });
}

#[test]
fn a_version_in_the_name_applies_to_child_processes() {
    each(|stage| {
        for version in ["10", "12"] {
            let exact = format!("{version}.22.12");
            stage.script(&exact, &TALKER.replace("VERSION", version));
        }
        stage.sandbox.file("project/.nvmrc", "12.22.12");
        let bin = stage.sandbox.folder("bin");
        std::os::unix::fs::symlink(stage.sandbox.shim("node"), bin.join("node10")).expect("link");
        let run = |line: &str| stage.sandbox.command(bin.join("node10")).argument(line).run();
        run("node").succeeds().stdout_is("10\n10");
        run("cd /; node; node +12; node").succeeds().stdout_is("10\n10\n12\n10");
    });
}

/// A project with real nodes: one pinned in it, one below it, one in a dependency.
#[track_caller]
fn with_project() -> Option<Sandbox> {
    let sandbox = with_node(&["8.15.1", "10.15.1", "12.0.0"])?;
    sandbox.file("project/.nvmrc", "10.15.1\n");
    sandbox.file("project/old/.nvmrc", "8.15.1\n");
    sandbox.file("project/node_modules/dependency/.nvmrc", "8.15.1\n");
    sandbox.file("project/node_modules/dependency/package.json", "{}");
    sandbox.file("project/parent.js", PARENT);
    Some(sandbox)
}

#[test]
fn a_real_node_child_gets_the_version_of_its_folder() {
    let Some(sandbox) = with_project() else { return };
    let node = sandbox.command("node").arguments(["parent.js", ".", "old", "."]);
    node.run().succeeds().stdout_is("v10.15.1\nv10.15.1\nv8.15.1\nv10.15.1");
    let shell = sandbox.command("sh").arguments(["-c", "node -v; cd old && node -v"]);
    shell.run().succeeds().stdout_is("v10.15.1\nv8.15.1");
}

#[test]
fn a_plus_request_applies_to_child_processes() {
    let Some(sandbox) = with_project() else { return };
    let node = sandbox.command("node").arguments(["+12", "parent.js", ".", "old"]);
    node.run().succeeds().stdout_is("v12.0.0\nv12.0.0\nv12.0.0");
    sandbox.copy_program(&sandbox.shim("node"), "named/node12");
    let named = sandbox.root().join("named/node12");
    let node = sandbox.command(named).arguments(["parent.js", "old"]);
    node.run().succeeds().stdout_is("v12.0.0\nv12.0.0");
}

#[test]
fn a_dependencys_version_file_is_ignored() {
    let Some(sandbox) = with_project() else { return };
    let node = sandbox.command("node").argument("-v").directory("project/node_modules/dependency");
    node.run().succeeds().stdout_is("v10.15.1");
    let node = sandbox.command("node").arguments(["parent.js", "node_modules/dependency"]);
    node.run().succeeds().stdout_is("v10.15.1\nv10.15.1");
}

#[test]
fn npm_and_its_scripts_run_on_the_same_node() {
    let Some(sandbox) = with_npm(&["8.15.1", "12.0.0"]) else { return };
    let script = "node -p process.execPath && echo $npm_node_execpath";
    let manifest =
        serde_json::json!({ "name": "x", "version": "1.0.0", "scripts": { "v": script } });
    sandbox.file("project/package.json", manifest.to_string());
    for version in ["8.15.1", "12.0.0"] {
        sandbox.file("project/.nvmrc", version);
        let npm = sandbox.command(sandbox.shim("npm")).arguments(["run", "--silent", "v"]);
        let outcome = npm.variable("PATH", "/usr/bin:/bin").run().succeeds();
        let node = sandbox.toolchain("node", version).join("bin/node");
        let line = sandbox.mask(&node.to_string_lossy());
        outcome.stdout_is(&format!("{line}\n{line}"));
    }
}
