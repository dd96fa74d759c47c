//! `use shim`, and which shims with versions in their names there are.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::{offline_sandbox, sandbox};
use crate::support::{Sandbox, Upstream};

/// Compares the shims that begin so and go on with a version. Those of this machine's own versions may
/// be there too.
fn assert_versioned(sandbox: &Sandbox, program: &str, expected: &str) {
    let of_system = versioned(&offline_sandbox(), program);
    let of_system = of_system.split(' ').collect::<BTreeSet<_>>();
    let wanted = expected.split(' ').collect::<BTreeSet<_>>();
    let found = versioned(sandbox, program);
    let found = found.split(' ').filter(|name| wanted.contains(name) || !of_system.contains(name));
    assert_eq!(found.collect::<Vec<_>>().join(" "), expected, "{program}");
}

/// The shims that begin so and go on with a version.
fn versioned(sandbox: &Sandbox, program: &str) -> String {
    let entries = fs::read_dir(sandbox.shims()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = entries.map(|name| name.into_string().unwrap()).collect();
    let has_version = |name: &&String| {
        let rest = name.strip_prefix(program).unwrap_or_default();
        rest.starts_with(|first: char| first.is_ascii_digit() || first == '@')
    };
    names.iter().filter(has_version).cloned().collect::<Vec<_>>().join(" ")
}

#[test]
fn only_installed_versions_have_versioned_shims() {
    let sandbox = offline_sandbox();
    assert_versioned(&sandbox, "node", "");
    let newer = sandbox.fake_toolchain("node", "12.22.12");
    sandbox.fake_toolchain("node", "12.0.0");
    sandbox.fake_toolchain("node", "13.0.0-rc.1");
    sandbox.fake_toolchain("python", "3.7.16");
    sandbox.fake_program("home/.nvm/versions/node/v10.24.1/bin/node");
    sandbox.reshim();
    let lines = "node10 node10.24 node12 node12.0 node12.22 node@10 node@10.24 node@12 node@12.0 node@12.22";
    assert_versioned(&sandbox, "node", lines);
    let lines = "npm12 npm12.0 npm12.22";
    assert_versioned(&sandbox, "npm", lines);
    // `python3` is a program, and no request.
    assert_versioned(&sandbox, "python", "python3 python3.7 python@3 python@3.7");
    assert_versioned(&sandbox, "pip", "pip3 pip3.7");
    assert_eq!(sandbox.reshim().stdout, "all shims are up to date\n");

    for (name, version) in [("node12", "12.22.12"), ("node@12.0", "12.0.0"), ("node10", "10.24.1")]
    {
        sandbox.command(name).run().succeeds().stdout_has_line(&format!(
            "argument 0: [SANDBOX]/{}",
            match name {
                "node10" => "home/.nvm/versions/node/v10.24.1/bin/node".to_owned(),
                _ => format!("home/.local/share/usher/toolchains/node/{version}/bin/node"),
            }
        ));
    }

    fs::remove_dir_all(newer).unwrap();
    fs::remove_dir_all(sandbox.toolchain("python", "3.7.16")).unwrap();
    sandbox.reshim();
    let lines = "node10 node10.24 node12 node12.0 node@10 node@10.24 node@12 node@12.0";
    assert_versioned(&sandbox, "node", lines);
    assert_versioned(&sandbox, "pip", "pip3");
}

#[test]
fn install_and_uninstall_update_versioned_shims() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@12"]).run().succeeds();
    assert_versioned(&sandbox, "node", "node12 node12.22 node@12 node@12.22");
    sandbox.command("node12").argument("--version").run().succeeds().stdout_is("v12.22.12");
    sandbox.use_command(&["uninstall", "node@12.22.12"]).run().succeeds();
    assert_versioned(&sandbox, "node", "");
}

#[test]
fn a_requested_versioned_shim_stays_until_removed() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["shim", "nodejs@v12", "python@3.12.3", "node@lts/*"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    created: node12 npm12 npx12 node@12 python3.12.3 pip3.12.3 pydoc3.12.3 idle3.12.3 python@3.12.3 node@lts
    --- standard error
    ");
    let archives = upstream.all_requests().into_iter().filter(|one| one.path.contains(".tar"));
    assert_eq!(archives.count(), 0, "only indexes are fetched before it is called");
    let again = sandbox.use_command(&["shim", "node@12"]).run();
    insta::assert_snapshot!(again.transcript(), @"
    exit status: 0
    --- standard output
    already there: node12 npm12 npx12 node@12
    --- standard error
    ");
    sandbox.reshim();
    insta::assert_snapshot!(sandbox.use_command(&["shim"]).run().transcript(), @"
    exit status: 0
    --- standard output
    node@12        node12 npm12 npx12 node@12
    node@lts       node@lts
    python@3.12.3  python3.12.3 pip3.12.3 pydoc3.12.3 idle3.12.3 python@3.12.3
    --- standard error
    ");

    // A version that is missing is fetched, as for any request.
    let version = |name: &str| sandbox.command(name).argument("--version").run().succeeds();
    version("node12").stdout_is("v12.22.12");
    version("python3.12.3").stdout_is("Python 3.12.3");
    assert!(!sandbox.project().join(".tool-versions").exists());

    let outcome = sandbox.use_command(&["shim", "--remove", "node@12", "node@lts"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    removed: node@lts
    kept for an installed version: node12 npm12 npx12 node@12
    --- standard error
    ");
    let again = sandbox.use_command(&["shim", "--remove", "node@12"]).run();
    insta::assert_snapshot!(again.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: `use shim` has not made shims for node@12
      hint: use shim
    ");
    let listed = sandbox.use_command(&["shim", "--json"]).run().succeeds().json();
    assert_eq!(
        listed,
        json!({ "format": 1, "shims": [{ "tool": "python", "request": "3.12.3", "names": ["python3.12.3", "pip3.12.3", "pydoc3.12.3", "idle3.12.3", "python@3.12.3"] }] })
    );
    let removed = sandbox.use_command(&["shim", "--json", "--remove", "python@3.12.3"]).run();
    assert_eq!(removed.succeeds().json()["removed"], listed["shims"][0]["names"]);
    assert_versioned(&sandbox, "idle", "idle3 idle3.12");
}

#[test]
fn shim_refuses_requests_that_are_not_valid_in_names() {
    let sandbox = offline_sandbox();
    let before = sandbox.tree("home");
    let mut transcript = String::new();
    for word in ["node", "node@>=12 <14", "node@path:/opt/node", "node@../x", "nodx@12"] {
        transcript += &sandbox.use_command(&["shim", word]).run().fails_with(2).stderr;
    }
    transcript += &sandbox.use_command(&["shim", "--remove"]).run().fails_with(2).stderr;
    insta::assert_snapshot!(transcript, @"
    error: which version of node?
      hint: use shim node@latest
    error: node >=12 <14 can't be part of a shim's name
      hint: use shim node@latest
    error: node path:/opt/node can't be part of a shim's name
      hint: use shim node@latest
    error: invalid version of node: “../x”
      expected a version, a range or an alias
      hint: use available node
    error: unknown tool “nodx”
      nearest: node
      hint: use shim node@12
    error: missing argument: TOOL@REQUEST
      usage: use shim [OPTIONS] [TOOL@REQUEST]...
      hint: use help shim
    ");
    super::assert_unchanged(&sandbox, "home", &before, "what was refused");
}

#[test]
fn a_shim_for_no_release_is_refused() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_program("home/.pyenv/versions/kresus/bin/python");
    sandbox.reshim();
    let before = sandbox.tree("home/.config");
    let mut transcript = String::new();
    for word in ["python@3.99", "node@banana", "node@lts/hydorgen", "python@kresuss"] {
        let outcome = sandbox.use_command(&["shim", "node@12", word]).run().fails_with(127);
        transcript += &outcome.stderr;
        super::assert_unchanged(&sandbox, "home/.config", &before, word);
        assert!(!sandbox.shim("node12").exists(), "{word}");
    }
    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    error: no python release matches 3.99 in the sources that answered (requested by the command line)
      nearest: 3.14.0
      pypy: can't fetch https://downloads.python.org/pypy/versions.json: the proxy 127.0.0.1:[PORT] for downloads.python.org refused the connection
      hint: use available python
    error: unknown version of node: banana (requested by the command line)
      it is not a version, and nothing is linked or installed under that name
      hint: use available node
    error: no node release matches lts/hydorgen (requested by the command line)
      nearest: lts/hydrogen
      hint: use shim node@lts/hydrogen
    error: unknown version of python: kresuss (requested by the command line)
      it is not a version, and nothing is linked or installed under that name
      hint: use available python
    ");
    sandbox.use_command(&["shim", "python@kresus", "node@lts/hydrogen"]).run().succeeds();
}

/// What can't be looked up is believed.
#[test]
fn a_shim_is_made_without_a_network() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["shim", "node@12", "node@lts"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    created: node12 npm12 npx12 node@12 node@lts
    --- standard error
    usher: can't look up node 12 (requested by the command line): no source answered
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection
      npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
    let offline = sandbox.use_command(&["shim", "node@13", "--offline", "--quiet"]).run();
    insta::assert_snapshot!(offline.transcript(), @"
    exit status: 0
    --- standard output
    created: node13 npm13 npx13 node@13
    --- standard error
    ");
}

#[test]
fn the_versioned_shims_setting_creates_shims_for_all_lines() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("home/.config/usher/config.toml", "versioned_shims = [\"nodejs\"]\n");
    sandbox.reshim();
    // No index is cached yet, and none is requested: the registry knows lines by their names.
    assert_eq!(upstream.all_requests().len(), 0);
    assert!(sandbox.shim("node@lts-hydrogen").is_file());
    assert!(!sandbox.shim("node18").exists());
    sandbox.use_command(&["available", "node"]).run().succeeds();
    let count = upstream.all_requests().len();
    sandbox.reshim();
    assert_eq!(upstream.all_requests().len(), count);
    for name in
        ["node25", "node@22", "node18", "node12.22", "node10", "node@lts", "node@lts-krypton"]
    {
        assert!(sandbox.shim(name).is_file(), "{name}");
    }
    assert_versioned(&sandbox, "python", "python3");
    sandbox.command("node18").argument("--version").run().succeeds().stdout_is("v18.20.8");

    sandbox.file("home/.config/usher/config.toml", "");
    sandbox.reshim();
    assert_versioned(&sandbox, "node", "node18 node18.20 node@18 node@18.20");
}

/// They would run in place of the pinned version.
#[test]
fn foreign_files_in_the_shim_folder_are_moved_away() {
    let sandbox = offline_sandbox();
    let script = "#!/bin/sh\necho mine\n";
    sandbox.executable(sandbox.shim("node12"), script);
    sandbox.executable(sandbox.shim("deploy"), script);
    fs::remove_file(sandbox.shim("node")).unwrap();
    symlink("../../../../link-target", sandbox.shim("node")).unwrap();
    sandbox.file("home/link-target", "linked");
    sandbox.fake_toolchain("node", "12.22.12");
    let doctor = sandbox.use_command(&["doctor"]).run().fails_with(65);
    let line = doctor.stdout.lines().find(|line| line.contains("has files that aren't usher's"));
    assert!(line.is_some_and(|line| line.ends_with(": deploy, node, node12")), "{doctor}");
    let hides = "shims/node isn't usher's, and runs in place of the active version";
    for words in [&["which", "node"], &["why", "node"]] {
        sandbox.use_command(words).run().stderr_contains(hides);
    }
    let which = sandbox.use_command(&["which", "npm"]).run();
    assert!(!which.stderr.contains("in place of"), "{which}");
    let outcome = sandbox.reshim();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    created: node node12 node12.22 node@12 node@12.22 npm12 and 3 more
    --- standard error
    usher: moved from [SANDBOX]/home/.local/share/usher/shims to [SANDBOX]/home/.local/share/usher/moved-from-shims, since they aren't usher's: deploy, node, node12
    ");
    let moved = |name: &str| sandbox.read(sandbox.usher().join("moved-from-shims").join(name));
    assert_eq!(["deploy", "node12", "node"].map(moved), [script, script, "linked"]);
    assert!(!sandbox.shim("deploy").exists() && !sandbox.shim("node").is_symlink());
    // Another one of that name doesn't replace the first.
    sandbox.executable(sandbox.shim("deploy"), "another");
    sandbox.use_command(&["shim", "node@12"]).run().succeeds().stderr_contains(": deploy");
    assert_eq!(["deploy", "deploy.1"].map(moved), [script, "another"]);
    sandbox.use_command(&["doctor"]).run().succeeds();
}

/// A shim of another build is usher's all the same, and so is what a full disk left of one.
#[test]
fn shims_of_another_build_are_replaced_and_removed() {
    let sandbox = offline_sandbox();
    let mut other = fs::read(Sandbox::shim_binary()).unwrap();
    other.extend(b"another build");
    let binary = fs::read(sandbox.usher().join("shim")).unwrap();
    for name in ["node", "node12", "unknown"] {
        fs::remove_file(sandbox.shim(name)).unwrap_or_default();
        sandbox.file(sandbox.shim(name), &other);
    }
    sandbox.file(sandbox.shim("node@12"), "");
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.reshim();
    for name in ["node", "node12", "node@12"] {
        assert_eq!(fs::read(sandbox.shim(name)).unwrap(), binary, "{name}");
    }
    assert!(!sandbox.shim("unknown").exists());
}

/// The copies on disk share one file: what damages one damages all, so none can vouch for another.
#[test]
fn a_damaged_shim_is_replaced_by_the_embedded_one() {
    let sandbox = offline_sandbox();
    let carried = fs::read(Sandbox::shim_binary()).unwrap();
    let mut damaged = carried.clone();
    damaged[carried.len() / 2] ^= 1;
    for (content, mode) in [(&damaged, 0o555), (&carried, 0o644)] {
        for path in [sandbox.usher().join("shim"), sandbox.shim("node")] {
            fs::remove_file(path).unwrap();
        }
        let copy = sandbox.file(sandbox.usher().join("shim"), content);
        fs::set_permissions(&copy, fs::Permissions::from_mode(mode)).unwrap();
        fs::hard_link(&copy, sandbox.shim("node")).unwrap();
        sandbox.reshim();
        for path in [copy, sandbox.shim("node")] {
            assert!(fs::read(&path).unwrap() == carried, "{}", path.display());
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o555);
        }
    }
}

#[test]
fn a_foreign_file_that_cannot_be_moved_is_an_error_of_reshim_alone() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.reshim();
    let shim = sandbox.shim("node");
    fs::remove_file(&shim).unwrap();
    sandbox.executable(&shim, "#!/bin/sh\necho foreign\n");
    sandbox.file(sandbox.usher().join("moved-from-shims"), "in the way");
    let outcome = sandbox.use_command(&["reshim"]).run().fails_with(74);
    let outcome =
        outcome.stderr_contains("has files that aren't usher's, and hide its shims: node");
    outcome.stderr_contains("can't make the folder");
    let json = sandbox.use_command(&["reshim", "--json"]).run().fails_with(74).json();
    assert_eq!(json["error"]["exit"], 74);
    // The pin is what was asked for.
    sandbox.use_command(&["node@12"]).run().succeeds();
    fs::remove_file(sandbox.usher().join("moved-from-shims")).unwrap();
    sandbox.use_command(&["reshim"]).run().succeeds();
    sandbox.command("node").run().succeeds().stdout_has_line("node 12.22.12");
}
