//! `npm install --global`, in all its spellings: a package's programs can be called in the next
//! command of the same script.
//!
//! Everything runs as an unprivileged account, so that even a wrong npm can only change the
//! sandbox.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::geteuid;
use serde_json::json;

use super::{APPLICATION, MODERN, with_npm, with_unprivileged_npm};
use crate::stores::machine::in_own_namespace;
use crate::support::{Sandbox, TestCommand, package};

#[test]
fn an_unprivileged_user_installs_and_runs_yarn() {
    let Some(sandbox) = with_unprivileged_npm(&[APPLICATION]) else { return };
    sandbox.file("project/.tool-versions", format!("nodejs {APPLICATION}\n"));
    let script = "npm install --global yarn >&2 && yarn --version && npm rm --global yarn >&2 && \
                  ! yarn --version";
    let outcome =
        unprivileged(sandbox.command("sh")).arguments(["-c", script]).with_long_timeout().run();
    let outcome = outcome.succeeds();
    let version = outcome.stdout.trim();
    assert!(version.split('.').count() == 3 && version.starts_with(char::is_numeric), "{outcome}");
    // The shim stays for projects that pin yarn, and finds none.
    outcome.stderr_contains("usher: yarn is not installed for node");
}

#[test]
fn every_npm_install_syntax_adds_and_removes_shims() {
    let Some(sandbox) = with_greeter(&["8.15.1", "12.0.0"]) else { return };
    let check = |node: &str, add: &str, remove: &str| {
        let line = format!("{add} >&2 && greet && {remove} >&2 && ! test -e \"$0\"");
        let shell = unprivileged(sandbox.command("sh")).arguments(["-c", &line]);
        let shell = shell.argument(sandbox.shim("greet")).variable("NODE_VERSION", node);
        shell.run().succeeds();
    };
    check("8.15.1", "npm install --global ./greeter.tgz", "npm uninstall --global greeter");
    check("8.15.1", "npm -g i ./greeter.tgz", "npm rm -g greeter");
    check("8.15.1", "npm i ./greeter.tgz --global", "npm -g remove greeter");
    check("12.0.0", "npm add -g ./greeter.tgz", "npm un greeter -g");
    check("12.0.0", "npm --global=true install ./greeter.tgz", "npm r -g greeter");
}

#[test]
fn a_global_package_of_another_version_is_an_error() {
    let Some(sandbox) = with_greeter(&["8.15.1", "10.15.3"]) else { return };
    let npm = unprivileged(sandbox.command("npm")).arguments(["install", "-g", "./greeter.tgz"]);
    npm.variable("NODE_VERSION", "10.15.3").run().succeeds();
    let greet = |version| sandbox.command("greet").variable("NODE_VERSION", version).run();
    greet("10.15.3").succeeds();
    greet("8.15.1").fails_with(127).stderr_contains("installed for node 10.15.3");
}

/// npm sets its prefix for the scripts that it runs; npm of another version would install there.
#[test]
fn a_script_installs_into_the_version_of_the_folder_it_is_in() {
    let versions = [APPLICATION, "16.20.2", "18.20.8", MODERN];
    let Some(sandbox) = with_greeter(&versions) else { return };
    for parent in versions {
        let children: Vec<&str> = versions.into_iter().filter(|one| *one != parent).collect();
        install_in_script(&sandbox, parent, &children);
        let folder = |version: &str| sandbox.toolchain("node", version);
        let has_it = |version: &&str| folder(version).join("bin/greet").exists();
        let found: Vec<&str> = versions.into_iter().filter(has_it).collect();
        assert_eq!(found, children, "in a script of {parent}");
        assert!(!sandbox.usher().join("additions").exists(), "in a script of {parent}");
        for child in children {
            fs::remove_file(folder(child).join("bin/greet")).unwrap();
            fs::remove_dir_all(folder(child).join("lib/node_modules/greeter")).unwrap();
        }
    }
}

/// Beside a version that its user can't write to, the prefix is a folder of usher's for that version.
#[test]
fn a_script_of_an_unwritable_version_installs_into_the_version_of_the_folder_it_is_in() {
    let Some(sandbox) = with_greeter(&[APPLICATION, "18.20.8", MODERN]) else { return };
    let unwritable = [APPLICATION, MODERN].map(|version| {
        let adopted = sandbox.home().join(".nvm/versions/node").join(format!("v{version}"));
        fs::create_dir_all(adopted.parent().unwrap()).unwrap();
        fs::rename(sandbox.toolchain("node", version), &adopted).unwrap();
        fs::set_permissions(&adopted, fs::Permissions::from_mode(0o555)).unwrap();
        adopted
    });
    sandbox.use_command(&["reshim"]).run().succeeds();
    let additions = |version: &str| sandbox.usher().join("additions/node").join(version);
    install_in_script(&sandbox, MODERN, &[APPLICATION]);
    install_in_script(&sandbox, APPLICATION, &["18.20.8"]);
    let has_it = |folder: &Path| folder.join("bin/greet").exists();
    assert!(has_it(&additions(APPLICATION)) && has_it(&sandbox.toolchain("node", "18.20.8")));
    assert!(!has_it(&additions(MODERN)) && !has_it(&sandbox.usher().join("additions/node")));
    for folder in unwritable {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs a script of a folder that pins `parent`, which adds a global package in folders that pin the
/// children.
fn install_in_script(sandbox: &Sandbox, parent: &str, children: &[&str]) {
    sandbox.file("project/.nvmrc", parent);
    for child in children {
        sandbox.file(format!("project/{child}/.nvmrc"), child);
    }
    let line = format!(
        "for child in {}; do (cd $child && test $(node -p process.versions.node) = $child && \
         npm install --global ../greeter.tgz) || exit; done",
        children.join(" ")
    );
    sandbox.file("project/package.json", json!({ "scripts": { "tools": line } }).to_string());
    let npm = unprivileged(sandbox.command("npm")).arguments(["run", "tools"]);
    npm.with_long_timeout().run().succeeds();
}

/// What root does, whose own folder of usher's is older than the program, and then another account;
/// `$1` is the `use` that was built, `$2` the sandbox's folder, with the machine's in `opt`.
const MACHINE: &str = r#"
set -eu
umask 022
mount --bind "$2/opt" /opt
export HOME="$2/root" PATH=/usr/bin:/bin
"$1" self install --system >/dev/null
"$1" self install >/dev/null
mkdir -p "$2/account"
chown 65534 "$2/account"
account() {
    setpriv --reuid=65534 --regid=65534 --clear-groups env -i "HOME=$base/account" "PATH=$PATH" "$@"
}
base=$2
cd "$2/project"
PATH=/opt/usher/shims:$PATH
use --global node@22.12 --offline >/dev/null
account use shim node@22 >/dev/null
npm install --global ./greeter.tgz >/dev/null && greet && account greet && echo "both run it"
account use which greet
account npm install --global ./missing.tgz 2>&1 | grep usher: || echo "nothing is told"
"#;

#[test]
fn a_program_that_root_adds_for_all_accounts_runs_at_once() {
    let Some(sandbox) = with_npm(&[MODERN]) else { return };
    let manifest = json!({ "name": "greeter", "version": "1.0.0", "bin": { "greet": "greet.js" } });
    sandbox.file("project/greeter.tgz", package(&manifest));
    sandbox.open_to_all();
    let machines = sandbox.folder("opt/usher/toolchains/node").join(MODERN);
    fs::rename(sandbox.toolchain("node", MODERN), machines).unwrap();
    let Some(outcome) = in_own_namespace(&sandbox, MACHINE) else { return };
    outcome.succeeds().stdout_is(&format!(
        "both run it\n/opt/usher/toolchains/node/{MODERN}/bin/greet\nnothing is told\n"
    ));
}

#[test]
fn a_prefix_in_npmrc_counts_like_one_in_the_variable() {
    let Some(sandbox) = with_greeter(&[APPLICATION]) else { return };
    sandbox.file("project/.nvmrc", APPLICATION);
    let prefix = sandbox.home().join(".npm-global");
    let line = "npm install --global ./greeter.tgz >&2 && greet && \
                npm uninstall --global greeter >&2 && ! test -e \"$0\"";
    let runs = |value: Option<&Path>| {
        let shell = unprivileged(sandbox.command("sh")).arguments(["-c", line]);
        let shell = shell.argument(sandbox.shim("greet"));
        let shell = match value {
            Some(prefix) => shell.variable("npm_config_prefix", prefix),
            None => shell,
        };
        shell.with_long_timeout().run().succeeds();
        assert!(prefix.join("bin").is_dir());
        fs::remove_dir_all(&prefix).unwrap();
    };
    runs(Some(&prefix));
    sandbox.file("home/.npmrc", format!("prefix={}\n", prefix.display()));
    runs(None);
    // One in another version is ignored, as in the variable.
    let other = sandbox.toolchain("node", "10.24.1");
    sandbox.file("home/.npmrc", format!("prefix={}\n", other.display()));
    let npm = unprivileged(sandbox.command("npm"));
    npm.arguments(["install", "--global", "./greeter.tgz"]).with_long_timeout().run().succeeds();
    assert!(sandbox.toolchain("node", APPLICATION).join("bin/greet").exists());
}

#[test]
fn programs_installed_by_other_managers_run_at_once() {
    let Some(sandbox) = with_unprivileged_npm(&[MODERN]) else { return };
    sandbox.file("project/.nvmrc", format!("{MODERN}\n"));
    let check = |manager: &str, add: &str, remove: &str| {
        let line = format!(
            "{manager} >&2 && {add} >&2 && semver 1.2.3 && {remove} >&2 && ! test -e \"$0\""
        );
        let shell = unprivileged(sandbox.command("sh")).arguments(["-c", &line]);
        let outcome = shell.argument(sandbox.shim("semver")).with_long_timeout().run();
        outcome.succeeds().stdout_is("1.2.3");
    };
    let install = |package: &str| format!("npm install --global {package}");
    check(&install("pnpm@10"), "pnpm add --global semver", "pnpm remove --global semver");
    check(&install("yarn@1"), "yarn global add semver", "yarn global remove semver");
    check(
        "use install bun@1",
        "BUN_VERSION=1 bun add -g semver",
        "BUN_VERSION=1 bun remove -g semver",
    );
}

#[test]
fn corepack_links_into_the_toolchain_and_keeps_shims() {
    let Some(sandbox) = with_unprivileged_npm(&[MODERN]) else { return };
    sandbox.file("project/.nvmrc", format!("{MODERN}\n"));
    let corepack = unprivileged(sandbox.command("corepack")).argument("enable");
    corepack.with_long_timeout().run().succeeds();
    assert!(sandbox.toolchain("node", MODERN).join("bin/pnpm").is_symlink());
    for program in ["pnpm", "yarn"] {
        let shim = sandbox.shim(program);
        assert!(shim.is_file() && !shim.is_symlink(), "{}", shim.display());
    }
    let corepack = unprivileged(sandbox.command("corepack")).argument("disable");
    corepack.with_long_timeout().run().succeeds();
    // The shims stay for projects that pin pnpm.
    assert!(!sandbox.toolchain("node", MODERN).join("bin/pnpm").exists());
    for program in ["pnpm", "corepack"] {
        assert!(sandbox.shim(program).is_file(), "{program}");
    }
}

/// A sandbox of an unprivileged account, with a small package in the project.
#[track_caller]
fn with_greeter(versions: &[&str]) -> Option<Sandbox> {
    let sandbox = with_unprivileged_npm(versions)?;
    let manifest = json!({ "name": "greeter", "version": "1.0.0", "bin": { "greet": "greet.js" } });
    sandbox.file("project/greeter.tgz", package(&manifest));
    Some(sandbox)
}

/// Runs the command as `nobody`, if root runs the tests.
fn unprivileged(command: TestCommand) -> TestCommand {
    if geteuid().is_root() { command.with_user_nobody() } else { command }
}
