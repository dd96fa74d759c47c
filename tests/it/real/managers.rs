//! Package managers that upgrade themselves, or install another version of a pinned tool: the pin
//! keeps running, and a note says how to change it.
//!
//! Everything runs as an unprivileged account, so that even a wrong package manager can only change
//! the sandbox.

use std::fs;
use std::path::Path;

use rustix::process::geteuid;

use super::{MODERN, connected, with_unprivileged_npm};
use crate::support::{Outcome, Sandbox, TestCommand};

const PNPM: &str = "9.15.0";
const YARN: &str = "1.22.22";
const BUN: &str = "1.1.30";

#[test]
fn a_package_manager_that_installs_itself_keeps_its_pinned_version() {
    let Some(sandbox) = with_managers() else { return };
    for (manager, version, add, other) in [
        ("pnpm", PNPM, "pnpm add -g pnpm@", "9.14.4"),
        ("pnpm", PNPM, "npm install -g pnpm@", "9.14.4"),
        ("yarn", YARN, "yarn global add yarn@", "1.22.19"),
        ("bun", BUN, "bun add -g bun@", "1.1.20"),
    ] {
        let added = run(&sandbox, &format!("{add}{other}")).succeeds();
        let added = added.stderr_contains(&format!("{manager} is pinned: {version} still runs"));
        added
            .stderr_contains("(requested by .tool-versions:")
            .stderr_contains(&format!("hint: use {manager}@{other}"));
        run(&sandbox, &format!("{manager} --version")).succeeds().stdout_is(version);
        run(&sandbox, &format!("use verify {manager}@{version}")).succeeds();
    }
    // A version that matches the pin, and a package of the project, need no note.
    for line in ["pnpm add -g pnpm@9", "npm install pnpm@9.14.4"] {
        let outcome = run(&sandbox, line).succeeds();
        assert!(!outcome.stderr.contains("is pinned"), "{line}: {outcome}");
    }
}

#[test]
fn a_version_never_replaces_itself() {
    let Some(sandbox) = with_managers() else { return };
    let refused = run(&sandbox, "bun upgrade");
    insta::assert_snapshot!(refused.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: bun 1.1.30 can't replace itself (requested by .tool-versions:4)
      an installed version stays as it is
      hint: use bun@latest
    ");
    // A script of that name, and help, are other calls.
    run(&sandbox, "bun upgrade --help").succeeds();
    sandbox.file("project/package.json", r#"{"scripts":{"upgrade":"echo a script"}}"#);
    run(&sandbox, "bun run upgrade").succeeds().stdout_has_line("a script");
}

#[test]
fn global_packages_of_a_pinned_manager_are_outside_of_its_own_package() {
    let Some(sandbox) = with_managers() else { return };
    for (version, add, remove) in [
        ("pnpm@9.15.0", "pnpm add -g semver", "pnpm remove -g semver"),
        ("yarn@1.22.22", "yarn global add semver", "yarn global remove semver"),
        ("bun@1.1.30", "bun add -g semver", "bun remove -g semver"),
    ] {
        run(&sandbox, &format!("{add} >&2 && semver 1.2.3")).succeeds().stdout_is("1.2.3");
        let (tool, folder) = version.split_once('@').unwrap();
        assert!(!sandbox.toolchain(tool, folder).join("bin/semver").exists(), "{version}");
        run(&sandbox, &format!("use verify {version}")).succeeds();
        // A repair keeps them.
        fs::remove_dir_all(sandbox.toolchain(tool, folder).join("bin")).unwrap();
        run(&sandbox, &format!("use repair {version} >&2 && semver 1.2.3")).succeeds();
        run(&sandbox, &format!("{remove} >&2 && ! test -e \"$0\"")).succeeds();
    }
}

/// Yarn's global packages were in its own folder, which `use verify` called changed.
#[test]
fn global_packages_of_yarn_in_its_own_package_survive_a_repair() {
    let Some(sandbox) = with_managers() else { return };
    let yarn = sandbox.toolchain("yarn", YARN);
    let yarn_in = |folder: &str| format!("YARN_GLOBAL_FOLDER={}/{folder}", yarn.display());
    let before = format!("{} YARN_PREFIX={} node", yarn_in("lib/yarn"), yarn.display());
    let program = yarn.join("bin/yarn");
    run(&sandbox, &format!("{before} {} global add semver >&2", program.display())).succeeds();
    run(&sandbox, "use reshim && use verify yarn").fails_with(65);
    run(&sandbox, "use repair yarn >&2 && use verify yarn >&2 && semver 1.2.3")
        .succeeds()
        .stdout_is("1.2.3");
}

#[test]
fn an_updated_npm_survives_a_repair_unless_it_is_confirmed() {
    let Some(sandbox) = with_unprivileged_npm(&[]) else { return };
    run(&sandbox, &format!("use install node@{MODERN}")).succeeds();
    sandbox.file("project/.nvmrc", MODERN);
    run(&sandbox, "npm install -g npm@9.9.4").succeeds();
    let license = sandbox.toolchain("node", MODERN).join("LICENSE");
    fs::write(&license, "GPL\n").unwrap();
    let repaired = run(&sandbox, "use repair").succeeds();
    repaired.stdout_has_line("├─ kept, though not from upstream: lib/node_modules/npm");
    assert_ne!(fs::read_to_string(&license).unwrap(), "GPL\n");
    run(&sandbox, "npm --version").succeeds().stdout_is("9.9.4");
    run(&sandbox, "use repair --yes && use verify").succeeds();
    let outcome = run(&sandbox, "npm --version").succeeds();
    assert_ne!(outcome.stdout.trim(), "9.9.4");
}

/// A node of another manager's, whose corepack looks for itself on PATH and would find the shim.
#[test]
fn corepack_of_another_node_makes_no_links_among_the_shims() {
    let Some(sandbox) = with_unprivileged_npm(&[MODERN]) else { return };
    let (own, system) = (sandbox.toolchain("node", MODERN), sandbox.root().join("system"));
    fs::rename(&own, &system).unwrap();
    let path = format!("{}:{}/bin:/usr/bin:/bin", sandbox.shims().display(), system.display());
    let sandbox = sandbox.with_variable("PATH", path);
    run(&sandbox, "use reshim").succeeds();
    run(&sandbox, "corepack enable").succeeds();
    assert!(system.join("bin/pnpm").is_symlink());
    assert!(!has_links(&sandbox.shims()));
    run(&sandbox, "corepack disable").succeeds();
    assert!(!system.join("bin/pnpm").exists());

    // Called by its path it still finds the shim; its links are moved away before a pin is used.
    run(&sandbox, &format!("{}/bin/corepack enable", system.display())).succeeds();
    assert!(has_links(&sandbox.shims()));
    let doctor = run(&sandbox, "use doctor").fails_with(65);
    let hidden = "has files that aren't usher's, and hide its shims: pnpm, pnpx, yarn, yarnpkg";
    assert!(doctor.stdout.contains(hidden), "{doctor}");
    let pinned = run(&sandbox, &format!("use pnpm@{PNPM}")).succeeds();
    let moved = sandbox.usher().join("moved-from-shims");
    pinned
        .stderr_contains("moved-from-shims, since they aren't usher's: pnpm, pnpx, yarn, yarnpkg");
    assert!(!has_links(&sandbox.shims()) && moved.join("yarn").exists());
    run(&sandbox, "pnpm --version").succeeds().stdout_is(PNPM);
}

#[test]
fn the_first_call_of_a_pinned_manager_installs_it_and_its_runtime() {
    for (manager, version) in [("pnpm", PNPM), ("yarn", "4.5.0"), ("npm", "10.9.0")] {
        let Some(sandbox) = connected() else { return };
        sandbox.install();
        sandbox
            .file("project/package.json", format!(r#"{{"packageManager":"{manager}@{version}"}}"#));
        sandbox.file("project/.nvmrc", MODERN);
        sandbox.use_command(&["shim", &format!("{manager}@{version}")]).run().succeeds();
        // It has a shim already, if the system has it.
        let shim = sandbox.shim(manager);
        if !shim.exists() {
            fs::hard_link(sandbox.shim(&format!("{manager}@{version}")), &shim).unwrap();
        }
        let first = sandbox.command(shim).argument("--version");
        first.with_long_timeout().run().succeeds().stdout_is(version);
        assert!(
            sandbox.toolchain("node", MODERN).exists()
                && sandbox.toolchain(manager, version).exists()
        );
    }
}

/// What an account adds first is named alone; what is on PATH, and a failure, isn't.
#[test]
fn only_added_programs_that_are_not_on_path_are_named() {
    let Some(sandbox) = with_unprivileged_npm(&[MODERN]) else { return };
    sandbox.file("project/.nvmrc", MODERN);
    let shims = sandbox.shims();
    for entry in fs::read_dir(&shims).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if !["use", "usher", "npm", ".usher"].contains(&name.as_str()) {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let npm = |words: &str| {
        let line = format!("exec \"$0\" {words}");
        let shell = unprivileged(sandbox.command("sh")).arguments(["-c", &line]);
        shell
            .argument(shims.join("npm"))
            .variable("PATH", "/usr/bin:/bin")
            .with_long_timeout()
            .run()
    };
    let failed = npm("install -g no-such-package-zz9");
    assert!(!failed.status.success() && !failed.stderr.contains("can be called"), "{failed}");
    let added = npm("install -g semver").succeeds();
    assert!(added.stderr.starts_with("usher: semver can be called from "), "{added}");
}

/// A sandbox with these pinned: node, pnpm, Yarn 1 and bun.
#[track_caller]
fn with_managers() -> Option<Sandbox> {
    let sandbox = with_unprivileged_npm(&[MODERN])?;
    let pins = format!("nodejs {MODERN}\npnpm {PNPM}\nyarn {YARN}\nbun {BUN}\n");
    sandbox.file("project/.tool-versions", pins);
    run(&sandbox, "use install").succeeds();
    Some(sandbox)
}

fn has_links(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| entry.path().is_symlink())
}

/// Runs a shell's line, whose `$0` is the shim of semver.
fn run(sandbox: &Sandbox, line: &str) -> Outcome {
    let shell = unprivileged(sandbox.command("sh")).arguments(["-c", line]);
    shell.argument(sandbox.shim("semver")).with_long_timeout().run()
}

/// Runs the command as `nobody`, if root runs the tests.
fn unprivileged(command: TestCommand) -> TestCommand {
    if geteuid().is_root() { command.with_user_nobody() } else { command }
}
