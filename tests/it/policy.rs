//! What usher may do unasked, and what settings change about it.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::bench::{Misbehaviour, Platform, Sandbox, TestCommand, Upstream};
use crate::verbs::{assert_unchanged, offline_sandbox, sandbox, skipped};

const CONFIG: &str = "home/.config/usher/config.toml";

#[test]
fn never_means_that_a_shim_fetches_nothing() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let before = sandbox.tree("home");
    let outcome = sandbox.command("node").variable("USHER_AUTO_INSTALL", "never").run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 127
    --- standard output
    --- standard error
    usher: node 12 was asked for by .nvmrc, line 1 ([SANDBOX]/project/.nvmrc), but isn't on disk
      auto_install = "never" (USHER_AUTO_INSTALL)
      hint: use install node@12
    "#);
    assert_unchanged(&sandbox, "home", &before, "a refusal");
    sandbox.file(CONFIG, "# ours\nauto_install = \"never\"\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 127
    --- standard output
    --- standard error
    usher: node 12 was asked for by .nvmrc, line 1 ([SANDBOX]/project/.nvmrc), but isn't on disk
      auto_install = "never" ([SANDBOX]/home/.config/usher/config.toml, line 2)
      hint: use install node@12
    "#);
    assert_eq!(upstream.all_requests().len(), 0);
    // The variable is stronger than the file, and a person's own word than both.
    sandbox.command("node").variable("USHER_AUTO_INSTALL", "always").run().succeeds();
    sandbox.use_command(&["install", "node@10"]).run().succeeds();
    sandbox.use_command(&["node@13"]).run().succeeds();
}

#[test]
fn locked_means_that_a_shim_fetches_what_was_asked_for_exactly() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file(CONFIG, "auto_install = \"locked\"\n");
    sandbox.file("project/.nvmrc", "lts/erbium\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 127
    --- standard output
    --- standard error
    usher: node lts/erbium was asked for by .nvmrc, line 1 ([SANDBOX]/project/.nvmrc), but isn't on disk
      auto_install = "locked" ([SANDBOX]/home/.config/usher/config.toml, line 1)
      hint: use install node@lts/erbium
    "#);
    assert_eq!(upstream.all_requests().len(), 0);
    sandbox.file("project/.nvmrc", "v12.22.11\n");
    sandbox.command("node").argument("--version").run().succeeds().prints("v12.22.11");
}

#[test]
fn always_means_that_what_somebody_asks_for_is_fetched_and_becomes_the_program() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let outcome = sandbox.command("node").arguments(["a b", "--version"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    a b
    --version
    --- standard error
    usher: fetching node 12.22.12 from nodejs.org
    usher: node 12.22.12 is ready ([TIME])
    ");
    let asked = upstream.all_requests().len();
    sandbox.command("node").run().succeeds();
    assert_eq!(upstream.all_requests().len(), asked, "a partial request needs the network once");
}

#[test]
fn nothing_is_fetched_where_nobody_asks() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("USHER_SHIMS", "all");
    sandbox.reshim();
    // Where the machine has a node of its own, that one runs.
    sandbox.command("node").argument("--version").run();
    sandbox.use_command(&[]).run().succeeds();
    assert_eq!(upstream.all_requests().len(), 0);
}

#[test]
fn offline_means_that_nobody_is_asked() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let offline = |command: TestCommand| command.variable("USHER_OFFLINE", "1").run();
    insta::assert_snapshot!(offline(sandbox.command("node")).transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    usher: node 12 was asked for by .nvmrc, line 1 ([SANDBOX]/project/.nvmrc), but no source could be asked for it
      nodejs.org: usher is offline (the setting `offline`)
      npm: usher is offline (the setting `offline`)
      hint: unset USHER_OFFLINE, or take `offline` out of config.toml
    ");
    insta::assert_snapshot!(offline(sandbox.use_command(&["node@12"])).transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    usher: node 12 was asked for by the command line, but no source could be asked for it
      nodejs.org: usher is offline (the setting `offline`)
      npm: usher is offline (the setting `offline`)
      hint: unset USHER_OFFLINE, or take `offline` out of config.toml
    ");
    insta::assert_snapshot!(offline(sandbox.use_command(&["available", "node"])).transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    usher: the releases of node can't be listed
      nodejs.org: usher is offline (the setting `offline`)
      npm: usher is offline (the setting `offline`)
      hint: unset USHER_OFFLINE, or take `offline` out of config.toml
    ");
    assert_eq!(upstream.all_requests().len(), 0);

    // An index that is kept serves, however old; what it names can't be fetched all the same.
    sandbox.use_command(&["available", "node"]).run().succeeds();
    let listed = offline(sandbox.use_command(&["available", "node", "12.0.0"]));
    listed.succeeds().prints("12.0.0");
    let outcome = offline(sandbox.use_command(&["install", "node@12"]));
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    usher: node 12.22.12 isn't on disk, and usher is offline
      it would have been fetched from nodejs.org
      hint: unset USHER_OFFLINE, or take `offline` out of config.toml
    ");
    assert_eq!(upstream.all_requests().len(), 1);

    // What is on disk runs.
    sandbox.fake_toolchain("node", "12.22.11");
    offline(sandbox.command("node")).succeeds().prints_line("node 12.22.11");
    let outcome = offline(sandbox.use_command(&["node@12"]));
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12 (now 12.22.11) is pinned already in [SANDBOX]/project/.nvmrc
    --- standard error
    usher: node 12.22.11, which is on disk, serves: node 12.22.12 isn't on disk, and usher is offline
      it would have been fetched from nodejs.org
      hint: unset USHER_OFFLINE, or take `offline` out of config.toml
    ");
}

/// The registry's documents without the hashes that usher accepts, as old packages have them.
fn without_hashes(upstream: &Upstream) {
    upstream.misbehave("/dist/index.json", Misbehaviour::Status(404));
    let path = format!("/npm/node-{}", Platform::here().node);
    let mut document: Value = serde_json::from_slice(&upstream.body(&path)).unwrap();
    for version in document["versions"].as_object_mut().unwrap().values_mut() {
        version["dist"].as_object_mut().unwrap().remove("integrity");
    }
    upstream.put(&path, document.to_string());
}

#[test]
fn what_has_no_hash_is_fetched_only_on_a_persons_word() {
    let upstream = Upstream::start();
    without_hashes(&upstream);
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: node 12.22.12 is published without a hash to check it against
      node 12 was asked for by .nvmrc, line 1 ([SANDBOX]/project/.nvmrc)
      hint: use install node@12.22.12
    ");
    assert!(!sandbox.usher().join("toolchains").exists());
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12.22.12 installed ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    --- standard error
    usher: node 12.22.12 is published without a hash to check it against
    usher: fetching node 12.22.12 from npm
    usher: node 12.22.12 is ready ([TIME])
    ");
    sandbox.command("node").argument("--version").run().succeeds().prints("v12.22.12");
}

#[test]
fn quiet_means_without_progress() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("USHER_QUIET", "1");
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12.22.12 installed ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    --- standard error
    ");
    sandbox.file("project/.nvmrc", "10\n");
    let outcome = sandbox.command("node").argument("--version").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    v10.24.1
    --- standard error
    ");
}

#[test]
fn a_terminal_gets_a_bar() {
    if !Path::new("/usr/bin/script").exists() {
        skipped("this machine has no script(1); the bar on a terminal isn't tested");
        return;
    }
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let name = format!("node-v12.22.12-{}.tar.gz", Platform::here().node);
    let pause = std::time::Duration::from_millis(20);
    upstream.misbehave(&format!("/dist/v12.22.12/{name}"), Misbehaviour::Slow(100, pause));
    let line = format!("{} install node@12 >printed", sandbox.shim("use").display());
    let terminal = sandbox.command("/usr/bin/script").arguments(["-qec", &line, "/dev/null"]);
    let outcome = terminal.variable("TERM", "xterm").variable("SHELL", "/bin/sh").run().succeeds();
    let shown = &outcome.stdout;
    assert!(shown.contains("node 12.22.12 [") && shown.contains('>'), "a bar: {outcome}");
    assert!(!shown.contains("fetching"), "no line that the bar makes needless: {outcome}");
    assert!(shown.contains("usher: node 12.22.12 is ready ("), "{outcome}");
    let printed = sandbox.mask(&sandbox.read("project/printed"));
    insta::assert_snapshot!(printed, @"node 12.22.12 installed ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)");
}

#[test]
fn a_setting_that_cannot_be_is_an_error_with_its_place() {
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
    usher: there is no setting auto_instal, but [SANDBOX]/home/.config/usher/config.toml, line 2 has it
      hint: write auto_install

    "# ours\nauto_install = \"sometimes\"\n"
    usher: auto_install in [SANDBOX]/home/.config/usher/config.toml, line 2 must be "always", "never" or "locked"
      it is "sometimes"
      hint: write it like auto_install = "locked"

    "[source\n"
    usher: [SANDBOX]/home/.config/usher/config.toml, line 1 can't be read as TOML
      unclosed table, expected `]`

    "lock_timeout = \"long\"\n"
    usher: lock_timeout in [SANDBOX]/home/.config/usher/config.toml, line 1 must be a whole number of seconds
      it is "long"
      hint: write it like lock_timeout = 60

    "ceiling = \"here\"\n"
    usher: ceiling in [SANDBOX]/home/.config/usher/config.toml, line 1 must be an absolute path
      it is "here"
      hint: write it like ceiling = "/srv"

    "offline = \"\u{1b}[31m\"\n"
    usher: [SANDBOX]/home/.config/usher/config.toml, line 1 can't be read as TOML
      invalid basic string, expected non-double-quote visible characters, `\`

    "\"a\\u001Bb\" = 1\n"
    usher: there is no setting a\u{1b}b, but [SANDBOX]/home/.config/usher/config.toml, line 1 has it
      hint: the settings are auto_install, ignore_variables, ceiling, shims, npm_registry, source, offline, lock_timeout, quiet
    "##);
    // A shim that needs no help never reads them; one that does, says the same.
    sandbox.file(CONFIG, "auto_instal = \"never\"\n");
    sandbox.file("project/.nvmrc", "12\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: there is no setting auto_instal, but [SANDBOX]/home/.config/usher/config.toml, line 1 has it
      hint: write auto_install
    ");
}

#[test]
fn a_variable_that_cannot_be_is_an_error_too() {
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
    usher: USHER_AUTO_INSTALL must be "always", "never" or "locked"
      it is "sometimes"
      hint: unset USHER_AUTO_INSTALL

    USHER_OFFLINE=maybe
    usher: USHER_OFFLINE must be true or false
      it is "maybe"
      hint: unset USHER_OFFLINE

    USHER_LOCK_TIMEOUT=-1
    usher: USHER_LOCK_TIMEOUT must be a whole number of seconds
      it is "-1"
      hint: unset USHER_LOCK_TIMEOUT

    USHER_CEILING=here
    usher: USHER_CEILING must be an absolute path
      it is "here"
      hint: unset USHER_CEILING

    USHER_NPM_REGISTRY=ftp://user:secret@registry.example/
    usher: USHER_NPM_REGISTRY must be an address that begins with http://, https:// or file://
      hint: unset USHER_NPM_REGISTRY

    USHER_SOURCE=npm
    usher: USHER_SOURCE must be pairs like node=npm, separated by commas or spaces
      it is "npm"
      hint: unset USHER_SOURCE
    "#);
    let empty = sandbox.use_command(&["list"]).variable("USHER_OFFLINE", "");
    empty.run().succeeds();
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
fn ignored_variables_are_no_requests() {
    let sandbox = with_label();
    let node = || sandbox.command("node");
    node().run().succeeds().prints_line("node 10.24.1");
    let ignoring = || node().variable("USHER_IGNORE_VARIABLES", "PYTHON_VERSION, NODE_VERSION");
    ignoring().run().succeeds().prints_line("node 12.22.12");

    // What a variable sets doesn't outlive it, also where the index is written meanwhile.
    let reshim = sandbox.use_command(&["reshim"]);
    reshim.variable("USHER_IGNORE_VARIABLES", "NODE_VERSION").run().succeeds();
    node().run().succeeds().prints_line("node 10.24.1");

    sandbox.file(CONFIG, "ignore_variables = [\"NODE_VERSION\"]\n");
    sandbox.reshim();
    node().run().succeeds().prints_line("node 12.22.12");
    let here = sandbox.use_command(&["which", "node"]).run().succeeds();
    assert!(here.stdout.contains("12.22.12"), "{here}");
}

#[test]
fn above_the_ceiling_no_version_file_counts() {
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
    node().run().succeeds().prints_line("node 12.22.12");
    node().variable("USHER_CEILING", &app).run().succeeds().prints_line("node 10.24.1");
    let project = sandbox.project();
    node().variable("USHER_CEILING", &project).run().succeeds().prints_line("node 12.22.12");

    let reshim = sandbox.use_command(&["reshim"]).variable("USHER_CEILING", &app);
    reshim.run().succeeds();
    node().run().succeeds().prints_line("node 12.22.12");

    sandbox.file(CONFIG, format!("ceiling = \"{}\"\n", app.display()));
    sandbox.reshim();
    node().run().succeeds().prints_line("node 10.24.1");
}

/// The machine's own interpreters count as on disk: only for tools that it lacks makes the setting
/// a difference here.
#[test]
fn all_tools_or_those_needed_have_shims() {
    let sandbox = offline_sandbox();
    let absent = |tool: &str| {
        let outcome = sandbox.use_command(&["list", tool, "--json"]).run().succeeds();
        outcome.json().as_array().is_some_and(Vec::is_empty)
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
        // Who is named gets shims: by the default, and by whoever fetches it.
        sandbox.file("home/.config/usher/tool-versions", format!("{tool} latest\n"));
        sandbox.reshim();
        assert!(sandbox.shim(program).is_file(), "{program}");
    }
}
