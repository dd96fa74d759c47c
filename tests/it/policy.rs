//! What usher may do without an explicit command, and the settings for that.

mod machine;
mod offline;
mod settings;

use std::path::Path;

use serde_json::Value;

use crate::commands::{assert_unchanged, sandbox, skipped};
use crate::support::{Misbehaviour, Platform, TestCommand, Upstream};

const CONFIG: &str = "home/.config/usher/config.toml";

#[test]
fn never_installs_nothing_from_a_shim() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let before = sandbox.tree("home");
    let outcome = sandbox.command("node").variable("USHER_AUTO_INSTALL", "never").run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 127
    --- standard output
    --- standard error
    usher: node 12 is not installed (requested by .nvmrc:1)
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
    usher: node 12 is not installed (requested by .nvmrc:1)
      auto_install = "never" ([SANDBOX]/home/.config/usher/config.toml:2)
      hint: use install node@12
    "#);
    assert_eq!(upstream.all_requests().len(), 0);
    // The variable overrides the file, and an explicit command overrides both.
    sandbox.command("node").variable("USHER_AUTO_INSTALL", "always").run().succeeds();
    sandbox.use_command(&["install", "node@10"]).run().succeeds();
    sandbox.use_command(&["node@13"]).run().succeeds();
}

#[test]
fn locked_installs_exact_requests_only() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file(CONFIG, "auto_install = \"locked\"\n");
    sandbox.file("project/.nvmrc", "lts/erbium\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 127
    --- standard output
    --- standard error
    usher: node lts/erbium is not installed (requested by .nvmrc:1)
      auto_install = "locked" ([SANDBOX]/home/.config/usher/config.toml:1)
      hint: use install node@lts/erbium
    "#);
    assert_eq!(upstream.all_requests().len(), 0);
    sandbox.file("project/.nvmrc", "v12.22.11\n");
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.11");
}

#[test]
fn always_installs_what_is_requested() {
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
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 is ready ([TIME])
    ");
    let count = upstream.all_requests().len();
    sandbox.command("node").run().succeeds();
    assert_eq!(
        upstream.all_requests().len(),
        count,
        "a partial request needs the network only once"
    );
}

#[test]
fn nothing_is_installed_without_a_request() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    // If the machine has a node of its own, that one runs.
    sandbox.command("node").argument("--version").run();
    sandbox.use_command(&[]).run().succeeds();
    assert_eq!(upstream.all_requests().len(), 0);
}

#[test]
fn offline_sends_no_request() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let offline = |command: TestCommand| command.variable("USHER_OFFLINE", "1").run();
    insta::assert_snapshot!(offline(sandbox.command("node")).transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    usher: can't look up node 12 (requested by .nvmrc:1): no source answered
      nodejs.org: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      npm: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      hint: unset USHER_OFFLINE
    ");
    insta::assert_snapshot!(offline(sandbox.use_command(&["node@12"])).transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    error: can't look up node 12 (requested by the command line): no source answered
      nodejs.org: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      npm: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      hint: unset USHER_OFFLINE
    ");
    insta::assert_snapshot!(offline(sandbox.use_command(&["available", "node"])).transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    error: can't list the releases of node
      nodejs.org: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      npm: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      hint: unset USHER_OFFLINE
    ");
    assert_eq!(upstream.all_requests().len(), 0);

    // A cached index is used, however old; its releases still can't be fetched.
    sandbox.use_command(&["available", "node"]).run().succeeds();
    let listed = offline(sandbox.use_command(&["available", "node", "12.0.0"]));
    listed.succeeds().stdout_is("VERSION\n12.0.0");
    let outcome = offline(sandbox.use_command(&["install", "node@12"]));
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    error: node 12.22.12 is not installed, and usher is offline (USHER_OFFLINE)
      it would be fetched from 127.0.0.1:[PORT]
      hint: unset USHER_OFFLINE
    ");
    assert_eq!(upstream.all_requests().len(), 2, "one index per source");

    // Installed versions run.
    sandbox.fake_toolchain("node", "12.22.11");
    offline(sandbox.command("node")).succeeds().stdout_has_line("node 12.22.11");
    let outcome = offline(sandbox.use_command(&["node@12"]));
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12 (12.22.11) is already pinned in .nvmrc
    --- standard error
    usher: using node 12.22.11, which is installed: node 12.22.12 is not installed, and usher is offline (USHER_OFFLINE)
      it would be fetched from 127.0.0.1:[PORT]
      hint: unset USHER_OFFLINE
    ");
}

/// Removes the hashes that usher accepts from the registry's documents, as in old packages.
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
fn an_unverified_archive_needs_an_explicit_install() {
    let upstream = Upstream::start();
    without_hashes(&upstream);
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: node 12.22.12 is not installed; a shim installs verified archives only
      no checksum is published for node 12.22.12
      node 12 is requested by .nvmrc:1
      hint: use install node@12.22.12
    ");
    assert!(!sandbox.usher().join("toolchains").exists());
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    --- standard error
    usher: no checksum is published for node 12.22.12
    usher: fetching node 12.22.12 from npm (127.0.0.1:[PORT])
    ");
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.12");
}

#[test]
fn quiet_prints_no_progress() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("USHER_QUIET", "1");
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
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
fn a_terminal_gets_a_progress_bar() {
    if !Path::new("/usr/bin/script").exists() {
        skipped("script(1) isn't installed; the progress bar on a terminal isn't tested");
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
    assert!(shown.contains('━'), "a bar: {outcome}");
    assert!(!shown.contains("fetching"), "the bar replaces this line: {outcome}");
    assert!(shown.contains("installing node 12.22.12"), "{outcome}");
    let printed = sandbox.mask(&sandbox.read("project/printed"));
    insta::assert_snapshot!(printed, @"installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)");
}
