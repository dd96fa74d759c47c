//! Homes that were copied or moved after their index was written: a stage of an image, a backup, a
//! renamed account. What runs is what lies beside the shim, or in the home that `USHER_HOME` names.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::crash::owners::is_root;
use crate::support::{Outcome, Sandbox, TestCommand, Upstream};

/// Where a home's data folder is in the user's home folder.
const DATA: &str = ".local/share/usher";

/// Two nodes, the default of one, and nothing pinned.
fn with_default() -> Sandbox {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    for version in ["12.22.12", "10.24.1"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.file("home/.config/usher/tool-versions", "node 12\n");
    sandbox.reshim();
    sandbox
}

/// Copies a folder as `cp -a` does.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().expect("run cp");
    assert!(copied.success());
}

/// A program of the home whose data folder is `data`, with these variables and no others.
fn call(sandbox: &Sandbox, data: &Path, name: &str, variables: &[(&str, &Path)]) -> TestCommand {
    let path = format!("{}:/usr/bin:/bin", data.join("shims").display());
    let command = sandbox.command(data.join("shims").join(name)).variable("PATH", path);
    let command = command.without_variable("HOME").variable("USHER_AUTO_INSTALL", "never");
    variables.iter().fold(command, |command, (name, value)| command.variable(name, value))
}

/// Checks that the shims and `use` of a home run its own node, and that `use` says why.
fn runs_its_own(sandbox: &Sandbox, data: &Path, variables: &[(&str, &Path)]) {
    let own = sandbox.mask(&format!("{}/toolchains/node/12.22.12/bin/node", data.display()));
    let node = call(sandbox, data, "node", variables).run().succeeds();
    node.stdout_has_line(&format!("argument 0: {own}"));
    let which = call(sandbox, data, "use", variables).arguments(["which", "node"]).run();
    assert_eq!(sandbox.mask(which.succeeds().stdout.trim_end()), own, "{variables:?}");
    let older = call(sandbox, data, "node", variables).variable("NODE_VERSION", "10").run();
    older.succeeds().stdout_has_line("node 10.24.1");
    let missing = call(sandbox, data, "node", variables).variable("NODE_VERSION", "9").run();
    missing.fails_with(127).stderr_contains("node 9 is not installed (requested by NODE_VERSION)");
}

fn doctor(sandbox: &Sandbox, data: &Path, variables: &[(&str, &Path)]) -> Outcome {
    call(sandbox, data, "use", variables).argument("doctor").run()
}

#[test]
fn a_copied_home_runs_its_own_versions() {
    let sandbox = with_default();
    let copied = sandbox.root().join("copy");
    copy(&sandbox.home(), &copied);
    let data = copied.join(DATA);
    let home = sandbox.home();
    // With the original there, and whatever the variables say; then without it.
    for round in ["beside the original", "alone"] {
        runs_its_own(&sandbox, &data, &[("HOME", &copied)]);
        runs_its_own(&sandbox, &data, &[("HOME", &home)]);
        runs_its_own(&sandbox, &data, &[]);
        if round == "alone" {
            break;
        }
        runs_its_own(&sandbox, &sandbox.usher(), &[("HOME", &copied)]);
        // The first calls of `use` wrote the index where they could.
        fs::copy(sandbox.shim(".usher"), data.join("shims/.usher")).unwrap();
        let told = doctor(&sandbox, &data, &[("HOME", &copied)]);
        let moved =
            "note   this folder was moved or copied from [SANDBOX]/home/.local/share/usher\n";
        assert!(sandbox.mask(&told.stdout).contains(moved), "{told}");
        fs::remove_dir_all(&home).unwrap();
        fs::create_dir(&home).unwrap();
    }
    call(&sandbox, &data, "use", &[]).argument("reshim").run().succeeds();
    let index = fs::read_to_string(data.join("shims/.usher")).unwrap();
    assert!(!index.contains(&home.display().to_string()), "{index}");
    assert!(index.contains(&format!("config\t{}/.config/usher\n", copied.display())), "{index}");
}

/// Another manager's versions are those of the account whose home it is now.
#[test]
fn a_copied_home_adopts_from_its_own_account() {
    let sandbox = with_default();
    sandbox.fake_program("home/.nvm/versions/node/v8.17.0/bin/node");
    sandbox.reshim();
    let copied = sandbox.root().join("copy");
    copy(&sandbox.home(), &copied);
    let data = copied.join(DATA);
    for reshim in [false, true] {
        if reshim {
            call(&sandbox, &data, "use", &[]).argument("reshim").run().succeeds();
        }
        let node = call(&sandbox, &data, "node", &[]).variable("NODE_VERSION", "8").run();
        let own = "argument 0: [SANDBOX]/copy/.nvm/versions/node/v8.17.0/bin/node";
        node.succeeds().stdout_has_line(own);
    }
}

#[test]
fn a_moved_data_folder_works_where_it_is() {
    let sandbox = with_default();
    let (tools, other) = (sandbox.root().join("tools"), sandbox.folder("other"));
    fs::rename(sandbox.usher(), &tools).unwrap();
    let home = sandbox.home();
    // The configuration stays where the variables or the index say it is.
    runs_its_own(&sandbox, &tools, &[("HOME", &home)]);
    runs_its_own(&sandbox, &tools, &[]);
    sandbox.file("other/.config/usher/tool-versions", "node 12\n");
    runs_its_own(&sandbox, &tools, &[("HOME", &other)]);
    call(&sandbox, &tools, "use", &[("HOME", &other)]).argument("reshim").run().succeeds();
    runs_its_own(&sandbox, &tools, &[]);
    assert!(!other.join(".local").exists(), "nothing is made in another home");
    // Without its index, it is still the home that the shims lie in.
    fs::remove_file(tools.join("shims/.usher")).unwrap();
    runs_its_own(&sandbox, &tools, &[("HOME", &other)]);
    assert!(!other.join(".local").exists(), "nothing is made in another home");
}

#[test]
fn a_version_is_installed_into_the_moved_home() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.use_command(&["install", "node@12"]).run().succeeds();
    let (tools, other) = (sandbox.root().join("tools"), sandbox.folder("other"));
    fs::rename(sandbox.usher(), &tools).unwrap();
    let requests = upstream.all_requests().len();
    let node = |request: &str| {
        let command = call(&sandbox, &tools, "node", &[("HOME", &other)]).argument("--version");
        let command = command.variable("NODE_VERSION", request);
        command.without_variable("USHER_AUTO_INSTALL").run().succeeds()
    };
    node("12").stdout_is("v12.22.12");
    assert_eq!(upstream.all_requests().len(), requests, "it is installed already");
    node("10").stdout_is("v10.24.1");
    assert!(tools.join("toolchains/node/10.24.1").is_dir());
    assert!(!other.join(".local").exists(), "nothing is made in another home");
}

#[test]
fn all_in_one_folder_and_without_its_configuration() {
    let sandbox = Sandbox::new().offline();
    sandbox.fake_toolchain("node", "10.24.1");
    sandbox.install();
    let usher = sandbox.root().join("u");
    let named = |verb: &str| sandbox.use_command(&[verb]).variable("USHER_HOME", &usher);
    sandbox.fake_program("u/toolchains/node/12.22.12/bin/node");
    sandbox.fake_program("u/toolchains/node/10.24.1/bin/node");
    sandbox.file("u/config/tool-versions", "node 12\n");
    named("reshim").run().succeeds();
    assert!(usher.join("shims/use").is_file(), "a home has its own `use`");
    let moved = sandbox.root().join("m");
    fs::rename(&usher, &moved).unwrap();
    runs_its_own(&sandbox, &moved, &[]);
    let home = sandbox.home();
    runs_its_own(&sandbox, &moved, &[("HOME", &home)]);
    // A stage of an image that copies only what runs.
    let stage = sandbox.folder("stage");
    for part in ["shims", "toolchains"] {
        copy(&moved.join(part), &stage.join(part));
    }
    fs::remove_dir_all(&moved).unwrap();
    sandbox.file("project/.nvmrc", "12\n");
    runs_its_own(&sandbox, &stage, &[]);
    // With USHER_HOME, that is the home, whichever shim is called.
    fs::remove_dir_all(sandbox.usher().join("toolchains")).unwrap();
    let node = call(&sandbox, &sandbox.usher(), "node", &[("USHER_HOME", &stage)]).run();
    let own = "argument 0: [SANDBOX]/stage/toolchains/node/12.22.12/bin/node";
    node.succeeds().stdout_has_line(own);
}

/// `USHER_HOME` is one folder to the shims as it is to `use`, whatever the index in it says.
#[test]
fn both_halves_find_the_same_home_by_the_variable() {
    let sandbox = with_default();
    let usher = sandbox.usher();
    sandbox.file(usher.join("config/tool-versions"), "node 10\n");
    let program = |name: &str| sandbox.command(name).variable("USHER_HOME", &usher);
    program("node").run().succeeds().stdout_has_line("node 10.24.1");
    let which = program("use").arguments(["which", "node"]).run().succeeds();
    assert!(which.stdout.contains("/node/10.24.1/"), "{which}");
    sandbox.command("node").run().succeeds().stdout_has_line("node 12.22.12");
}

#[test]
fn shims_alone_say_what_to_set() {
    let sandbox = with_default();
    let alone = sandbox.folder("alone");
    copy(&sandbox.shims(), &alone.join("shims"));
    // The home that their index names is used while it exists.
    let node = call(&sandbox, &alone, "node", &[]).run().succeeds();
    node.stdout_has_line("node 12.22.12");
    let moved = sandbox.root().join("moved");
    fs::rename(sandbox.usher(), &moved).unwrap();
    for (name, arguments) in [("node", vec![]), ("use", vec!["reshim"])] {
        let command = call(&sandbox, &alone, name, &[]).variable("NODE_VERSION", "12");
        let command = command.variable("HOME", sandbox.home()).arguments(arguments);
        let outcome = command.run();
        assert!(!outcome.status.success(), "{outcome}");
        let outcome = outcome.stderr_contains("usher's folder [SANDBOX]/home/.local/share/usher");
        outcome.stderr_contains("hint: export USHER_HOME=/the/folder/of/usher");
    }
    let node = call(&sandbox, &alone, "node", &[("USHER_HOME", &moved)]);
    node.variable("NODE_VERSION", "12").run().succeeds().stdout_has_line("node 12.22.12");
    assert!(!alone.join("toolchains").exists());
}

/// The same folder by another path didn't move: programs get the path that they were installed by.
#[test]
fn a_link_to_a_home_is_not_a_move() {
    let sandbox = with_default();
    let (home, real) = (sandbox.home(), sandbox.root().join("real"));
    fs::rename(&home, &real).unwrap();
    symlink(&real, &home).unwrap();
    runs_its_own(&sandbox, &sandbox.usher(), &[("HOME", &home)]);
    let linked = sandbox.root().join("linked");
    fs::rename(real.join(DATA).join("shims"), &linked).unwrap();
    symlink(&linked, real.join(DATA).join("shims")).unwrap();
    runs_its_own(&sandbox, &sandbox.usher(), &[("HOME", &home)]);
}

#[test]
fn a_bind_mounted_home_works_where_it_is() {
    if !is_root() {
        return;
    }
    let sandbox = with_default();
    let mounted = sandbox.folder("mounted");
    let script = r#"
mount --bind "$1" "$2" && mount -t tmpfs tmpfs "$1" && shift 2 && exec "$@""#;
    let data = mounted.join(DATA);
    let mut words: Vec<OsString> = ["-m", "sh", "-c", script, "sh"].map(OsString::from).into();
    words.extend([sandbox.home(), mounted.clone(), data.join("shims/node")].map(PathBuf::into));
    let command = sandbox.command("unshare").arguments(words).without_variable("HOME").run();
    if command.stderr.contains("Operation not permitted") {
        return crate::commands::skipped("can't make a mount namespace here");
    }
    let own = "argument 0: [SANDBOX]/mounted/.local/share/usher/toolchains/node/12.22.12/bin/node";
    command.succeeds().stdout_has_line(own);
}

#[test]
fn scripts_that_name_the_old_place_are_told() {
    let sandbox = with_default();
    let program = sandbox.toolchain("node", "12.22.12").join("bin/serve");
    let node = sandbox.toolchain("node", "12.22.12").join("bin/node");
    sandbox.executable(&program, &format!("#!{}\n", node.display()));
    sandbox.reshim();
    let told = sandbox.use_command(&["doctor"]).run();
    assert!(!told.stdout.contains("serve"), "{told}");
    let tools = sandbox.root().join("tools");
    fs::rename(sandbox.usher(), &tools).unwrap();
    let told = doctor(&sandbox, &tools, &[]);
    let line = format!("note   programs of node 12.22.12 that run {}: serve\n", node.display());
    assert!(told.stdout.contains(&line), "{told}");
    let serve = call(&sandbox, &tools, "serve", &[]).run().fails_with(126);
    let missing = sandbox.mask(&format!("its interpreter {} is missing", node.display()));
    serve.stderr_contains(&missing);
}
