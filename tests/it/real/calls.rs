//! Calls from ssh, cron, service managers and piped scripts: almost no environment, no interactive
//! shell, no terminal.

use super::{with_node, with_npm};
use crate::support::Sandbox;

#[test]
fn a_shim_runs_by_its_full_path() {
    let Some(sandbox) = with_node(&["10.15.1"]) else { return };
    sandbox.file("project/.nvmrc", "10.15.1\n");
    let (node, home) = (sandbox.shim("node"), sandbox.home());
    let home = format!("HOME={}", home.display());
    let check = |words: &[&str]| {
        let command = sandbox.command("env").argument("-i").arguments(words).argument(&node);
        command.argument("-v").run().succeeds().stdout_is("v10.15.1");
    };
    check(&[&home]);
    check(&[]);
    check(&["HOME="]);
    check(&["HOME=/nowhere", "PATH="]);
    check(&[&home, "PATH=/usr/bin:/bin"]);
    for program in ["setsid", "nohup"] {
        if has_program(&sandbox, program) {
            check(&[program]);
        }
    }
}

#[test]
fn noninteractive_shells_find_the_shims() {
    let Some(sandbox) = with_node(&["8.15.1", "10.15.1"]) else { return };
    sandbox.file("project/.nvmrc", "10.15.1\n");
    sandbox.file("project/other/.nvmrc", "8.15.1\n");
    let script = "node -v; cd other; node -v; cd ..; node -v\n";
    let expected = "v10.15.1\nv8.15.1\nv10.15.1";
    for shell in ["sh", "bash", "dash", "ksh", "zsh"] {
        if has_program(&sandbox, shell) {
            let command = |word| sandbox.command(shell).argument(word);
            command("-c").argument(script).run().succeeds().stdout_is(expected);
            command("-s").standard_input(script).run().succeeds().stdout_is(expected);
        }
    }
}

#[test]
fn a_global_script_runs_on_its_own_node() {
    let Some(sandbox) = with_node(&["8.15.1"]) else { return };
    sandbox.file("project/.nvmrc", "8.15.1\n");
    let script = "#!/usr/bin/env node\nconsole.log(process.version);\n";
    sandbox.executable("home/.local/share/usher/toolchains/node/8.15.1/bin/hello", script);
    sandbox.reshim();
    let bare = sandbox.command("env").arguments(["-i", "PATH=/usr/bin:/bin"]);
    bare.argument(sandbox.shim("hello")).run().succeeds().stdout_is("v8.15.1");
}

/// The recipe for options of the interpreter: a shim is no script, and its program is.
#[test]
fn an_interpreter_is_given_the_program_of_a_shim() {
    let Some(sandbox) = with_node(&["8.15.1"]) else { return };
    sandbox.file("project/.nvmrc", "8.15.1\n");
    let script = "#!/usr/bin/env node\nconsole.log(process.execArgv[0], process.argv[2]);\n";
    sandbox.executable("home/.local/share/usher/toolchains/node/8.15.1/bin/jest", script);
    sandbox.reshim();
    let path = format!("{}:/usr/bin:/bin", sandbox.shims().display());
    let shell =
        |line: &str| sandbox.command("sh").arguments(["-c", line]).variable("PATH", &path).run();
    let page = std::fs::read_to_string("docs/recipes.md").expect("read the page");
    let recipe = "node --inspect-brk \"$(use which jest)\"";
    assert!(page.contains(recipe), "the page has the line that is tested");
    let line = recipe.replace("--inspect-brk", "--no-warnings");
    shell(&format!("{line} x")).succeeds().stdout_is("--no-warnings x");
    let shim = shell(&line.replace("use which", "command -v")).fails_with(1);
    shim.stderr_contains("SyntaxError");
}

#[test]
fn npm_in_an_empty_environment_runs_on_its_own_node() {
    let Some(sandbox) = with_npm(&["8.15.1"]) else { return };
    sandbox.file("project/.nvmrc", "8.15.1\n");
    let home = format!("HOME={}", sandbox.home().display());
    let with = |path: &str| {
        let bare = sandbox.command("env").arguments(["-i", &home, path]);
        bare.argument(sandbox.shim("npm")).arguments(["version", "--json"]).run().succeeds()
    };
    for path in ["PATH=/usr/bin:/bin", "PATH=", "A=b"] {
        let outcome = with(path);
        let versions: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(versions["node"], "8.15.1", "{outcome}");
    }
}

/// Whether the system has a program.
fn has_program(sandbox: &Sandbox, program: &str) -> bool {
    let output = sandbox.command("sh").arguments(["-c", "command -v \"$0\"", program]).run();
    output.status.success()
}
