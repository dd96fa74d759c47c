//! Invalid settings, and the settings that change which version is found.

use std::fmt::Write as _;

use super::CONFIG;
use crate::commands::{offline_sandbox, skipped};
use crate::support::{Sandbox, TestCommand};

#[test]
fn an_invalid_setting_is_an_error_with_its_origin() {
    let sandbox = offline_sandbox();
    let mut transcript = String::new();
    for config in [
        "\nauto_instal = \"never\"\n",
        "# ours\nauto_install = \"sometimes\"\n",
        "[source\n",
        "lock_timeout = \"long\"\n",
        "ceiling = \"here\"\n",
        "offline = \"\u{1b}[31m\"\n",
        "\"a\\u001Bb\" = 1\n",
    ] {
        sandbox.file(CONFIG, config);
        let outcome = sandbox.use_command(&["list"]).run().fails_with(65);
        assert!(outcome.stdout.is_empty(), "{outcome}");
        writeln!(transcript, "{config:?}\n{}", outcome.stderr).unwrap();
    }
    insta::assert_snapshot!(sandbox.mask(&transcript), @r##"
    "\nauto_instal = \"never\"\n"
    error: unknown setting auto_instal ([SANDBOX]/home/.config/usher/config.toml:2)
      nearest: auto_install

    "# ours\nauto_install = \"sometimes\"\n"
    error: invalid value “sometimes” for auto_install ([SANDBOX]/home/.config/usher/config.toml:2)
      expected "always", "never" or "locked"
      example: auto_install = "locked"

    "[source\n"
    error: invalid TOML ([SANDBOX]/home/.config/usher/config.toml:1)
      unclosed table, expected `]`

    "lock_timeout = \"long\"\n"
    error: invalid value “long” for lock_timeout ([SANDBOX]/home/.config/usher/config.toml:1)
      expected a whole number of seconds
      example: lock_timeout = 60

    "ceiling = \"here\"\n"
    error: invalid value “here” for ceiling ([SANDBOX]/home/.config/usher/config.toml:1)
      expected an absolute path
      example: ceiling = "/srv"

    "offline = \"\u{1b}[31m\"\n"
    error: invalid TOML ([SANDBOX]/home/.config/usher/config.toml:1)
      invalid basic string, expected non-double-quote visible characters, `\`

    "\"a\\u001Bb\" = 1\n"
    error: unknown setting a\u{1b}b ([SANDBOX]/home/.config/usher/config.toml:1)
      settings: auto_install, prefer_installed, pin_as, ignore_variables, ceiling, stores, toolchains, shims, versioned_shims, npm_registry, pypi_index, source, offline, lock_timeout, quiet
    "##);
    // A shim that installs nothing never reads them; one that does, prints the same error.
    sandbox.file(CONFIG, "auto_instal = \"never\"\n");
    sandbox.file("project/.nvmrc", "12\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: unknown setting auto_instal ([SANDBOX]/home/.config/usher/config.toml:1)
      nearest: auto_install
    ");
}

#[test]
fn an_invalid_variable_is_an_error_too() {
    let sandbox = offline_sandbox();
    let mut transcript = String::new();
    for (name, value) in [
        ("USHER_AUTO_INSTALL", "sometimes"),
        ("USHER_OFFLINE", "maybe"),
        ("USHER_LOCK_TIMEOUT", "-1"),
        ("USHER_CEILING", "here"),
        ("USHER_NPM_REGISTRY", "ftp://user:secret@registry.example/"),
        ("USHER_SOURCE", "npm"),
    ] {
        let outcome = sandbox.use_command(&["list"]).variable(name, value).run().fails_with(65);
        writeln!(transcript, "{name}={value}\n{}", outcome.stderr).unwrap();
    }
    insta::assert_snapshot!(transcript, @r#"
    USHER_AUTO_INSTALL=sometimes
    error: invalid value “sometimes” for USHER_AUTO_INSTALL
      expected "always", "never" or "locked"
      hint: unset USHER_AUTO_INSTALL

    USHER_OFFLINE=maybe
    error: invalid value “maybe” for USHER_OFFLINE
      expected true or false
      hint: unset USHER_OFFLINE

    USHER_LOCK_TIMEOUT=-1
    error: invalid value “-1” for USHER_LOCK_TIMEOUT
      expected a whole number of seconds
      hint: unset USHER_LOCK_TIMEOUT

    USHER_CEILING=here
    error: invalid value “here” for USHER_CEILING
      expected an absolute path
      hint: unset USHER_CEILING

    USHER_NPM_REGISTRY=ftp://user:secret@registry.example/
    error: invalid value for USHER_NPM_REGISTRY
      expected an address that begins with http://, https:// or file://
      hint: unset USHER_NPM_REGISTRY

    USHER_SOURCE=npm
    error: invalid value for USHER_SOURCE
      expected pairs like node=npm, separated by commas or spaces
      hint: unset USHER_SOURCE
    "#);
    let empty = sandbox.use_command(&["list"]).variable("USHER_OFFLINE", "");
    empty.run().succeeds();
}

#[test]
fn a_shim_and_use_refuse_the_same_variables() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    let both = |variables: &[(&str, &str)]| {
        let message_of = |command: TestCommand, code: i32| {
            let command = variables
                .iter()
                .fold(command, |command, (name, value)| command.variable(name, value));
            let outcome = command.run().fails_with(code);
            assert!(outcome.stdout.is_empty(), "{outcome}");
            let (_, message) = outcome.stderr.split_once(": ").expect("a message");
            message.to_owned()
        };
        let shim = message_of(sandbox.command("node"), 126);
        assert_eq!(shim, message_of(sandbox.use_command(&["which", "node"]), 65), "{variables:?}");
        shim
    };
    let (stores, ceiling, ignored) =
        (("USHER_STORES", "rel"), ("USHER_CEILING", "sub"), ("USHER_IGNORE_VARIABLES", "A-B"));
    let messages = [both(&[stores]), both(&[ceiling]), both(&[ignored])];
    // Of several bad ones, both name the same.
    let of_all = both(&[stores, ceiling, ignored]);
    insta::assert_snapshot!(messages.concat(), @r#"
    invalid value “rel” for USHER_STORES
      expected absolute paths, separated by colons
      hint: unset USHER_STORES
    invalid value “sub” for USHER_CEILING
      expected an absolute path
      hint: unset USHER_CEILING
    invalid value “A-B” for USHER_IGNORE_VARIABLES
      expected variables' names, separated by commas or spaces
      hint: unset USHER_IGNORE_VARIABLES
    "#);
    assert!(messages.contains(&of_all), "{of_all}");
    both(&[("USHER_STORES", "/srv:rel")]);
    both(&[("USHER_CEILING", " /srv")]);
    both(&[("USHER_IGNORE_VARIABLES", "1A")]);

    // Both accept the same values.
    let list = ("USHER_IGNORE_VARIABLES", "A\tB,C\nNODE_VERSION");
    let node = sandbox.command("node").variable("NODE_VERSION", "99");
    node.variable(list.0, list.1).run().succeeds().stdout_has_line("node 12.22.12");
    let which = sandbox.use_command(&["which", "node"]).variable("NODE_VERSION", "99");
    let which = which.variable(list.0, list.1).run().succeeds();
    assert!(which.stdout.contains("12.22.12"), "{which}");
}

#[test]
fn a_shim_and_use_refuse_a_relative_home_alike() {
    let sandbox = offline_sandbox();
    for command in [sandbox.command("node"), sandbox.use_command(&["list"])] {
        let outcome = command.variable("USHER_HOME", "rel").run();
        let what = ": USHER_HOME=rel is not an absolute path\n  hint: unset USHER_HOME\n";
        assert!(outcome.stderr.ends_with(what), "{outcome}");
    }
}

/// A sandbox with two versions of node on disk, the project's and one that a variable names.
fn with_label() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "10.24.1");
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    sandbox.with_variable("NODE_VERSION", "10.24.1")
}

#[test]
fn ignored_variables_request_nothing() {
    let sandbox = with_label();
    let node = || sandbox.command("node");
    node().run().succeeds().stdout_has_line("node 10.24.1");
    let ignoring = || node().variable("USHER_IGNORE_VARIABLES", "PYTHON_VERSION, NODE_VERSION");
    ignoring().run().succeeds().stdout_has_line("node 12.22.12");

    // What a variable sets doesn't outlive it, also where the index is written meanwhile.
    let reshim = sandbox.use_command(&["reshim"]);
    reshim.variable("USHER_IGNORE_VARIABLES", "NODE_VERSION").run().succeeds();
    node().run().succeeds().stdout_has_line("node 10.24.1");

    sandbox.file(CONFIG, "ignore_variables = [\"NODE_VERSION\"]\n");
    sandbox.reshim();
    node().run().succeeds().stdout_has_line("node 12.22.12");
    let here = sandbox.use_command(&["which", "node"]).run().succeeds();
    assert!(here.stdout.contains("12.22.12"), "{here}");
}

#[test]
fn version_files_above_the_ceiling_are_ignored() {
    let sandbox = offline_sandbox();
    for version in ["10.24.1", "12.22.12"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.file("home/.config/usher/tool-versions", "nodejs 10\n");
    let folder = sandbox.folder("project/app/src");
    let app = sandbox.folder("project/app");
    sandbox.reshim();
    let node = || sandbox.command("node").directory(&folder);
    node().run().succeeds().stdout_has_line("node 12.22.12");
    node().variable("USHER_CEILING", &app).run().succeeds().stdout_has_line("node 10.24.1");
    let project = sandbox.project();
    node().variable("USHER_CEILING", &project).run().succeeds().stdout_has_line("node 12.22.12");

    let reshim = sandbox.use_command(&["reshim"]).variable("USHER_CEILING", &app);
    reshim.run().succeeds();
    node().run().succeeds().stdout_has_line("node 12.22.12");

    sandbox.file(CONFIG, format!("ceiling = \"{}\"\n", app.display()));
    sandbox.reshim();
    node().run().succeeds().stdout_has_line("node 10.24.1");
}

/// The machine's own interpreters count as on disk: only for tools that it lacks makes the setting
/// a difference here.
#[test]
fn the_shims_setting_selects_all_or_needed_tools() {
    let sandbox = offline_sandbox().with_variable("USHER_SHIMS", "");
    sandbox.reshim();
    let absent = |tool: &str| {
        let outcome = sandbox.use_command(&["list", tool, "--json"]).run().succeeds();
        outcome.json()["versions"].as_array().is_some_and(Vec::is_empty)
    };
    let tools = [("node", "npx"), ("python", "pydoc")];
    let lacking: Vec<_> = tools.into_iter().filter(|(tool, _)| absent(tool)).collect();
    if lacking.is_empty() {
        skipped("this machine has all tools; that others get no shims isn't tested");
    }
    for (_, program) in &lacking {
        assert!(!sandbox.shim(program).exists(), "{program}");
    }
    sandbox.file(CONFIG, "shims = \"all\"\n");
    sandbox.reshim();
    for (_, program) in tools {
        assert!(sandbox.shim(program).is_file(), "{program}");
    }
    sandbox.file(CONFIG, "");
    sandbox.reshim();
    for (tool, program) in &lacking {
        assert!(!sandbox.shim(program).exists(), "{program}");
        // A requested tool gets shims: through the default, and when it is installed.
        sandbox.file("home/.config/usher/tool-versions", format!("{tool} latest\n"));
        sandbox.reshim();
        assert!(sandbox.shim(program).is_file(), "{program}");
    }
}
