//! Calls as ssh, cron, service managers and pipes into a shell make them: hardly any environment,
//! no interactive shell, no terminal.

use super::with_node;

#[test]
fn a_shims_full_path_is_enough() {
    let Some(sandbox) = with_node() else { return };
    sandbox.file("project/.nvmrc", "10.15.1\n");
    let (node, home) = (sandbox.shim("node"), sandbox.home());
    let home = format!("HOME={}", home.display());
    let check = |words: &[&str]| {
        let command = sandbox.command("env").argument("-i").arguments(words).argument(&node);
        command.argument("-v").run().succeeds().prints("v10.15.1");
    };
    check(&[&home]);
    check(&[]);
    check(&["HOME="]);
    check(&["HOME=/nowhere", "PATH="]);
    check(&[&home, "PATH=/usr/bin:/bin"]);
    check(&["setsid"]);
    check(&["nohup"]);
}

#[test]
fn shells_without_a_terminal_see_the_shims() {
    let Some(sandbox) = with_node() else { return };
    sandbox.file("project/.nvmrc", "10.15.1\n");
    sandbox.file("project/other/.nvmrc", "8.15.1\n");
    let script = "node -v; cd other; node -v; cd ..; node -v\n";
    let expected = "v10.15.1\nv8.15.1\nv10.15.1";
    for words in [&["sh", "-c"][..], &["bash", "-c"], &["bash", "--norc", "-c"], &["dash", "-c"]] {
        let found = sandbox.command("sh").arguments(["-c", "command -v \"$0\"", words[0]]).run();
        if found.status.success() {
            let command = sandbox.command(words[0]).arguments(&words[1..]).argument(script);
            command.run().succeeds().prints(expected);
        }
    }
    sandbox.command("sh").standard_input(script).run().succeeds().prints(expected);
    sandbox.command("bash").argument("-s").standard_input(script).run().succeeds().prints(expected);
}

#[test]
fn a_script_runs_on_the_node_that_its_shim_was_called_for() {
    let Some(sandbox) = with_node() else { return };
    sandbox.file("project/.nvmrc", "8.15.1\n");
    let script = "#!/usr/bin/env node\nconsole.log(process.version);\n";
    sandbox.executable("home/.local/share/usher/toolchains/node/8.15.1/bin/hello", script);
    sandbox.reshim();
    let bare = sandbox.command("env").arguments(["-i", "PATH=/usr/bin:/bin"]);
    bare.argument(sandbox.shim("hello")).run().succeeds().prints("v8.15.1");
}

#[test]
fn npm_of_an_empty_environment_runs_on_its_own_node() {
    let Some(sandbox) = with_node() else { return };
    sandbox.file("project/.nvmrc", "8.15.1\n");
    let with = |path: &str| {
        let bare = sandbox.command("env").arguments(["-i", path]).argument(sandbox.shim("npm"));
        bare.arguments(["version", "--json"]).run().succeeds()
    };
    for path in ["PATH=/usr/bin:/bin", "PATH=", "A=b"] {
        let outcome = with(path);
        let versions: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(versions["node"], "8.15.1", "{outcome}");
    }
}
