//! `npm install --global`: what a package brings is callable in the next command of the same
//! script, whoever runs it and however it is spelt.

use rustix::process::geteuid;
use serde_json::json;

use super::{APPLICATION, skipped, with_node};
use crate::bench::{Sandbox, TestCommand, package};

#[test]
fn an_unprivileged_user_installs_yarn_and_runs_it_in_the_same_script() {
    let Some(sandbox) = with_node() else { return };
    let Some(sandbox) = given_to_nobody(sandbox) else { return };
    sandbox.file("project/.tool-versions", format!("nodejs {APPLICATION}\n"));
    let script = "npm install --global yarn >&2 && yarn --version && npm rm --global yarn >&2";
    let outcome = unprivileged(sandbox.command("sh")).arguments(["-c", script]).patiently().run();
    let outcome = outcome.succeeds();
    let version = outcome.stdout.trim();
    assert!(version.split('.').count() == 3 && version.starts_with(char::is_numeric), "{outcome}");
    assert!(!sandbox.shim("yarn").exists());
}

#[test]
fn every_spelling_makes_the_shims_and_takes_them_away() {
    let Some(sandbox) = with_node() else { return };
    let manifest = json!({ "name": "greeter", "version": "1.0.0", "bin": { "greet": "greet.js" } });
    sandbox.file("project/greeter.tgz", package(&manifest));
    let check = |node: &str, add: &str, remove: &str| {
        let line = format!("{add} >&2 && greet && {remove} >&2 && ! test -e \"$0\"");
        let shell = sandbox.command("sh").arguments(["-c", &line]).argument(sandbox.shim("greet"));
        shell.variable("NODE_VERSION", node).run().succeeds();
    };
    check("8.15.1", "npm install --global ./greeter.tgz", "npm uninstall --global greeter");
    check("8.15.1", "npm -g i ./greeter.tgz", "npm rm -g greeter");
    check("10.15.3", "npm i ./greeter.tgz --global", "npm -g remove greeter");
    check("10.15.3", "npm add -g ./greeter.tgz", "npm un greeter -g");
    check("12.0.0", "npm --global=true install ./greeter.tgz", "npm r -g greeter");
}

#[test]
fn a_program_of_another_toolchain_is_named_with_those_that_have_it() {
    let Some(sandbox) = with_node() else { return };
    let manifest = json!({ "name": "greeter", "version": "1.0.0", "bin": { "greet": "greet.js" } });
    sandbox.file("project/greeter.tgz", package(&manifest));
    let npm = sandbox.command("npm").arguments(["install", "--global", "./greeter.tgz"]);
    npm.variable("NODE_VERSION", "10.15.3").run().succeeds();
    let greet = |version| sandbox.command("greet").variable("NODE_VERSION", version).run();
    greet("10.15.3").succeeds();
    greet("8.15.1").fails_with(127).complains("greet is in node 10.15.3");
}

#[test]
fn without_surroundings_the_machines_pythons_are_not_forgotten() {
    let Some((sandbox, python)) = super::with_node_and_python() else { return };
    let manifest = json!({ "name": "greeter", "version": "1.0.0", "bin": { "greet": "greet.js" } });
    let package = sandbox.file("project/greeter.tgz", package(&manifest));
    let bare =
        |program: &str| sandbox.command("env").argument("-i").argument(sandbox.shim(program));
    bare("npm").arguments(["install", "--global"]).argument(&package).run().succeeds();
    sandbox.file("project/.python-version", &python.request);
    let version =
        bare("python").arguments(["-c", "import platform as p; print(p.python_version())"]);
    version.run().succeeds().prints(&python.version);
}

/// The sandbox, or where root runs the tests a copy of it that belongs to `nobody`.
#[track_caller]
fn given_to_nobody(sandbox: Sandbox) -> Option<Sandbox> {
    if !geteuid().is_root() {
        return Some(sandbox);
    }
    let own = sandbox.twin();
    for folder in [".local/share/usher/toolchains", ".cache/usher"] {
        let target = format!("home/{folder}");
        own.copy(&sandbox.root().join(&target), &target, &[]);
    }
    own.install_copies();
    let changed = own.command("chown").arguments(["-R", "65534:65534"]).argument(own.root()).run();
    changed.succeeds();
    let seen = unprivileged(own.command("test")).argument("-w").argument(own.root()).run();
    if seen.status.success() {
        return Some(own);
    }
    skipped("the account nobody can't reach the folder for temporary files");
    None
}

fn unprivileged(command: TestCommand) -> TestCommand {
    if geteuid().is_root() { command.by_nobody() } else { command }
}
