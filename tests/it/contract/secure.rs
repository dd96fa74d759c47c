//! A process with more rights than its caller is not steered by the caller's variables.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};

use rustix::process::geteuid;

use super::{can_change_owners, each, skipped, text};
use crate::support::{Sandbox, Upstream};

#[test]
fn a_set_user_id_shim_ignores_variables_of_its_caller() {
    if !can_change_owners() {
        return skipped("a set-user-ID shim", "only root may make one of another account's");
    }
    each(|stage| {
        let sandbox = &stage.sandbox;
        let shim = sandbox.shim("node");
        let (copy, home) = (sandbox.shims().join("copied"), sandbox.folder("evil"));
        fs::copy(&shim, &copy).expect("copy the shim");
        fs::rename(&copy, &shim).expect("put the copy in place");
        chown(&shim, Some(65534), None).expect("give the shim away");
        stage.script("10.0.0", "#!/bin/sh\necho steered\n");
        sandbox.executable("evil/bin/node", "#!/bin/sh\necho steered\n");
        sandbox.file("evil/shims/.usher", "usher index 1\n");
        sandbox.file("project/below/.node-version", "12.22.12");
        sandbox.file("project/.nvmrc", "10.0.0");
        let steered = [
            ("USHER_HOME", text(&home)),
            ("USHER_DEBUG", "1".to_owned()),
            ("USHER_IGNORE_VARIABLES", "NODE_VERSION".to_owned()),
            ("NODE_VERSION", format!("path:{}", home.display())),
            ("NODE_VERSION", "10.0.0".to_owned()),
            ("USHER_REENTRY", "1:node".to_owned()),
        ];
        let run = |name: &str, value: &str, mode: u32| {
            fs::set_permissions(&shim, Permissions::from_mode(mode)).expect("set the mode");
            let command = sandbox.command("node").directory("project/below");
            command.variable(name, value).run()
        };
        for (name, value) in &steered {
            let secure = run(name, value, 0o4755).succeeds();
            let expected = format!("secure 1, executed as {}", stage.program().display());
            assert!(secure.stdout.contains(&expected), "{secure}");
            assert!(secure.stderr.is_empty(), "{secure}");
        }
        // Without the bit each of these but two does steer.
        let effects = steered.iter().filter(|(name, value)| {
            let outcome = run(name, value, 0o755);
            !outcome.stdout.contains("secure 0, executed as") || !outcome.stderr.is_empty()
        });
        assert_eq!(effects.count(), steered.len() - 2);
        sandbox.file("home/.config/usher/tool-versions", format!("node {}\n", super::VERSION));
        // A ceiling of the caller's would hide the pin.
        let ceiling = |mode: u32| {
            fs::set_permissions(&shim, Permissions::from_mode(mode)).expect("set the mode");
            let command = sandbox
                .command(&shim)
                .directory("project/empty")
                .variable("USHER_CEILING", sandbox.folder("project/empty"));
            command.variable("PATH", "/nowhere").run()
        };
        ceiling(0o4755).succeeds().stdout_is("steered");
        ceiling(0o755).succeeds().stdout_has_line(&format!(
            "secure 0, executed as {}",
            sandbox.mask(&text(&stage.program()))
        ));
    });
}

/// A sandbox whose programs of this name have another account's rights, whoever calls them.
fn with_set_user_id(upstream: &Upstream, program: &str) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    fs::set_permissions(sandbox.root(), Permissions::from_mode(0o755)).expect("open the sandbox");
    sandbox.install();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.reshim();
    let (path, copy) = (sandbox.shim(program), sandbox.shims().join("copied"));
    fs::copy(&path, &copy).expect("copy the program");
    fs::rename(&copy, &path).expect("put the copy in place");
    chown(&path, Some(65534), None).expect("give the program away");
    fs::set_permissions(&path, Permissions::from_mode(0o4755)).expect("set the mode");
    // The account could write there, if it wanted to.
    for folder in ["home", "project"] {
        chown(sandbox.root().join(folder), Some(65534), None).expect("give a folder away");
    }
    sandbox
}

#[test]
fn a_set_user_id_shim_installs_nothing() {
    if !can_change_owners() || !geteuid().is_root() {
        return skipped("a set-user-ID shim", "only root may make one of another account's");
    }
    let upstream = Upstream::start();
    let sandbox = with_set_user_id(&upstream, "node");
    sandbox.file("project/.nvmrc", "10.24.1");
    let (before, requests) = (sandbox.tree(""), upstream.all_requests().len());
    let call = |name: &str, value: &str| {
        let outcome = sandbox.command("node").argument("-v").variable(name, value).run();
        let expected = "usher: node 10.24.1 is not installed (requested by .nvmrc:1)
  nothing is installed in a set-user-ID process
  hint: use install node@10.24.1
";
        assert_eq!(outcome.fails_with(127).stderr, expected, "{name}");
    };
    call("X", "");
    call("USHER_AUTO_INSTALL", "always");
    call("HOME", &text(&sandbox.folder("elsewhere")));
    call("npm_config_userconfig", "/dev/zero");
    fs::remove_dir(sandbox.root().join("elsewhere")).expect("remove a folder");
    assert_eq!(upstream.all_requests().len(), requests, "something was fetched");
    assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new());
    // Without the bit the same call installs it.
    let shim = sandbox.shim("node");
    fs::set_permissions(&shim, Permissions::from_mode(0o755)).expect("set the mode");
    sandbox.command("node").argument("-v").run().succeeds().stdout_is("v10.24.1");
}

#[test]
fn a_set_user_id_use_only_reads() {
    if !can_change_owners() || !geteuid().is_root() {
        return skipped("a set-user-ID `use`", "only root may make one of another account's");
    }
    let upstream = Upstream::start();
    let sandbox = with_set_user_id(&upstream, "use");
    sandbox.file("project/.nvmrc", "12");
    let hostile = sandbox.folder("evil");
    let (before, requests) = (sandbox.tree(""), upstream.all_requests().len());
    let run = |words: &[&str]| {
        let command = sandbox.command(sandbox.shim("use")).arguments(words);
        let command = command.variable("USHER_HOME", &hostile);
        command.variable("NODE_VERSION", "99").variable("PATH", &hostile).run()
    };
    for words in [
        &["install"][..],
        &["install", "node@10.24.1"],
        &["node@10.24.1"],
        &["--global", "node@12"],
        &["node@12", "--", "node"],
        &["available", "node"],
        &["outdated"],
        &["upgrade"],
        &["repair"],
        &["uninstall", "node@12.22.12"],
        &["prune", "--dry-run"],
        &["shim", "node@12"],
        &["reshim"],
        &["cache", "clean"],
        &["setup", "--yes"],
        &["self", "install"],
    ] {
        run(words).fails_with(77).stderr_contains("in a set-user-ID process");
    }
    let node = run(&["which", "node"]).succeeds();
    assert!(node.stdout.starts_with(&text(&sandbox.toolchain("node", "12.22.12"))), "{node}");
    let why = run(&["why", "node"]).succeeds();
    assert!(why.stdout.contains("12 requested by .nvmrc:1: wins"), "{why}");
    let reading = [
        &[][..],
        &["list"],
        &["env", "node"],
        &["check"],
        &["completions", "bash"],
        &["schema", "json"],
    ];
    for words in reading {
        run(words).succeeds();
    }
    assert_eq!(upstream.all_requests().len(), requests, "something was fetched");
    assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new());
}
