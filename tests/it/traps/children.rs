//! Children resolve again: PATH keeps pointing at the shims, so each call gets the version of where
//! it is, unless its parent was called with a version of its own.

use crate::real::with_node;
use crate::support::Sandbox;

/// Runs `node` below each of these folders, from a node.
const PARENT: &str = "\
const { execFileSync } = require('child_process');
console.log(process.version);
for (const cwd of process.argv.slice(2)) {
  process.stdout.write(execFileSync('node', ['-v'], { cwd }));
}
";

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
fn a_child_gets_the_version_of_its_folder() {
    let Some(sandbox) = with_project() else { return };
    let node = sandbox.command("node").arguments(["parent.js", ".", "old", "."]);
    node.run().succeeds().prints("v10.15.1\nv10.15.1\nv8.15.1\nv10.15.1");
    let shell = sandbox.command("sh").arguments(["-c", "node -v; cd old && node -v"]);
    shell.run().succeeds().prints("v10.15.1\nv8.15.1");
}

#[test]
fn a_version_of_the_call_itself_holds_for_its_children() {
    let Some(sandbox) = with_project() else { return };
    let node = sandbox.command("node").arguments(["+12", "parent.js", ".", "old"]);
    node.run().succeeds().prints("v12.0.0\nv12.0.0\nv12.0.0");
    sandbox.copy_program(&sandbox.shim("node"), "named/node12");
    let named = sandbox.root().join("named/node12");
    let node = sandbox.command(named).arguments(["parent.js", "old"]);
    node.run().succeeds().prints("v12.0.0\nv12.0.0");
}

#[test]
fn a_dependencys_version_file_decides_nothing() {
    let Some(sandbox) = with_project() else { return };
    let node = sandbox.command("node").argument("-v").directory("project/node_modules/dependency");
    node.run().succeeds().prints("v10.15.1");
    let node = sandbox.command("node").arguments(["parent.js", "node_modules/dependency"]);
    node.run().succeeds().prints("v10.15.1\nv10.15.1");
}
