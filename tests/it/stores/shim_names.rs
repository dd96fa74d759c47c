//! Which names have shims: those of tools that usher installed, adopted or knows a project to pin; of
//! others only the core programs. Nothing depends on what the machine has: the tool is one of the
//! sandbox's own, which only a folder of the sandbox provides.

use std::collections::BTreeSet;
use std::env;
use std::fs;

use super::sandbox;
use crate::support::Sandbox;

/// All names in the shim folder.
fn shims(sandbox: &Sandbox) -> BTreeSet<String> {
    let entries = fs::read_dir(sandbox.shims()).expect("list the shims");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.into_string().expect("a name")).collect()
}

/// Those of these names that have a shim.
fn among(sandbox: &Sandbox, names: &str) -> String {
    let shims = shims(sandbox);
    names.split(' ').filter(|name| shims.contains(*name)).collect::<Vec<_>>().join(" ")
}

/// The programs of the tools `plain` and `pack`, which runs on it, and some versioned names.
const NAMES: &str = "plain plaingem plaindoc plain1 plain@1 pack packx";

/// A sandbox that knows a tool with three programs, and its package manager; neither is installed.
fn with_own_tools() -> Sandbox {
    let sandbox = sandbox();
    let system = sandbox.root().join("system").display().to_string();
    let plain = format!(
        "name = 'plain'\ntitle = 'Plain'\nprograms = ['plain', 'plaingem', 'plaindoc']\n\
         core_programs = ['plain', 'plaingem']\nvariables = ['PLAIN_VERSION']\ndialect = 'npm'\n\
         version_components = 3\n[[store]]\nmanager = 'plainenv'\nfolders = ['~/.plainenv']\n\
         [system]\nfolders = ['{system}']\nprograms = ['plain']\nprobe = ['--version']\n"
    );
    let pack = "name = 'pack'\ntitle = 'Pack'\nprograms = ['pack', 'packx']\nvariables = []\n\
                plus_requests = false\nruntime = 'plain'\ndialect = 'npm'\nversion_components = 3\n";
    sandbox.file("home/.config/usher/registry/plain.toml", plain);
    sandbox.file("home/.config/usher/registry/pack.toml", pack);
    sandbox.reshim();
    sandbox
}

fn add_system_version(sandbox: &Sandbox) {
    sandbox.executable("system/plain", "#!/bin/sh\necho plain 1.2.3\n");
    sandbox.reshim();
}

#[test]
fn a_system_tool_has_only_its_core_programs_and_package_managers() {
    let sandbox = with_own_tools();
    assert_eq!(among(&sandbox, NAMES), "");
    add_system_version(&sandbox);
    assert_eq!(among(&sandbox, NAMES), "plain plaingem pack packx");
    fs::remove_file(sandbox.root().join("system/plain")).unwrap();
    sandbox.reshim();
    assert_eq!(among(&sandbox, NAMES), "");
}

#[test]
fn an_installed_or_adopted_tool_has_all_programs_and_one_spelling() {
    let all = "plain plaingem plaindoc plain1 pack packx";
    let sandbox = with_own_tools();
    let toolchain = sandbox.fake_toolchain("plain", "1.2.3");
    sandbox.reshim();
    assert_eq!(among(&sandbox, NAMES), all);
    fs::remove_dir_all(toolchain).unwrap();
    sandbox.reshim();
    assert_eq!(among(&sandbox, NAMES), "");
    sandbox.fake_program("home/.plainenv/1.2.3/bin/plain");
    sandbox.reshim();
    assert_eq!(among(&sandbox, NAMES), all);
}

/// The setting makes all; without it, those that it made are removed, and requested ones stay.
#[test]
fn other_spellings_exist_on_request() {
    let sandbox = with_own_tools();
    sandbox.fake_toolchain("plain", "1.2.3");
    sandbox.file("home/.config/usher/config.toml", "shims = \"all\"\n");
    sandbox.reshim();
    let names = "plain1 plain1.2 plain@1 plain@1.2";
    assert_eq!(among(&sandbox, names), names);
    sandbox.use_command(&["shim", "plain@1"]).run().succeeds();
    sandbox.file("home/.config/usher/config.toml", "");
    let removed = sandbox.reshim();
    assert_eq!(among(&sandbox, names), "plain1 plain1.2 plain@1");
    // Whatever the machine has, the list is short.
    assert!(removed.stdout.len() < 200, "{removed}");
    sandbox.use_command(&["shim", "--remove", "plain@1"]).run().succeeds();
    assert_eq!(among(&sandbox, names), "plain1 plain1.2");
}

/// A shim for the first call: from the first `use` in a project that pins a tool.
#[test]
fn a_pinned_tool_has_all_its_shims() {
    for words in [&[][..], &["install"], &["reshim"], &["plain@system"]] {
        let sandbox = with_own_tools();
        add_system_version(&sandbox);
        if words != ["plain@system"] {
            sandbox.file("project/.tool-versions", "plain system\n");
        }
        let path = env::join_paths([sandbox.shims(), sandbox.root().join("system")]).unwrap();
        sandbox.use_command(words).variable("PATH", path).run().succeeds();
        assert_eq!(among(&sandbox, NAMES), "plain plaingem plaindoc pack packx", "{words:?}");
        // They stay, wherever the next command runs.
        sandbox.use_command(&["reshim"]).directory(sandbox.home()).run().succeeds();
        assert_eq!(among(&sandbox, NAMES), "plain plaingem plaindoc pack packx", "{words:?}");
    }
}

/// So does a pin that can't be met now, and another tool's command.
#[test]
fn a_pinned_tool_that_is_not_installed_has_all_its_shims() {
    for (words, code) in [(&[][..], 0), (&["install"], 69), (&["deno@system"], 0)] {
        let sandbox = with_own_tools();
        sandbox.executable("bin/deno", "#!/bin/sh\necho deno 2.0.0\n");
        sandbox.file("project/.tool-versions", "plain 1\n");
        let outcome = sandbox.use_command(words).run();
        assert!(code == 0 || outcome.status.code() != Some(0), "{outcome}");
        assert_eq!(among(&sandbox, NAMES), "plain plaingem plaindoc pack packx", "{words:?}");
        let call = sandbox.command("plaindoc").run();
        call.stderr_contains("plain 1").stderr_contains("requested by .tool-versions:1");
    }
}

#[test]
fn uninstalling_the_last_version_removes_the_shims() {
    let sandbox = with_own_tools();
    sandbox.file("project/.tool-versions", "plain 1\n");
    sandbox.use_command(&[]).run();
    assert_eq!(among(&sandbox, NAMES), "plain plaingem plaindoc pack packx");
    sandbox.fake_toolchain("plain", "1.2.3");
    sandbox.fake_toolchain("plain", "1.3.0");
    sandbox.reshim();
    sandbox.use_command(&["uninstall", "plain@1.3.0", "--yes"]).run().succeeds();
    assert_eq!(among(&sandbox, NAMES), "plain plaingem plaindoc plain1 pack packx");
    sandbox.use_command(&["uninstall", "plain@1.2.3", "--yes"]).run().succeeds();
    assert_eq!(among(&sandbox, NAMES), "");
}

/// What is in an adopted version is that environment's own.
#[test]
fn only_ushers_own_versions_have_shims_for_global_packages() {
    let sandbox = with_own_tools();
    let packages = "flask aws.cmd smtpd.py activate.sh ls use";
    let add = |folder: &str| {
        for program in ["plain"].into_iter().chain(packages.split(' ')) {
            sandbox.fake_program(format!("{folder}/bin/{program}"));
        }
        sandbox.reshim();
    };
    let made = || among(&sandbox, &packages.replace(" use", ""));
    add("home/.plainenv/1.2.3");
    assert_eq!(made(), "");
    // Of the others, some are no programs to call, and some are the system's commands.
    add("home/.local/share/usher/toolchains/plain/1.4.0");
    assert_eq!(made(), "flask");
}

/// A call of a shim may add programs to an adopted version: those can be called, the others not.
#[test]
fn what_a_call_adds_to_an_adopted_version_has_a_shim() {
    let sandbox = sandbox();
    let bin = sandbox.home().join(".nvm/versions/node/v12.22.12/bin");
    for program in ["node", "before"] {
        sandbox.fake_program(bin.join(program));
    }
    let npm = "#!/bin/sh\ncase $1 in\ninstall) cp \"${0%/*}/node\" \"${0%/*}/added\" ;;\n\
               *) rm \"${0%/*}/added\" ;;\nesac\n";
    sandbox.executable(bin.join("npm"), npm);
    let path = format!("{}:/usr/bin:/bin", sandbox.shims().display());
    let sandbox = sandbox.with_variable("PATH", path);
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    sandbox.command("npm").arguments(["install", "-g", "added"]).run().succeeds();
    assert_eq!(among(&sandbox, "before added"), "added");
    let outcome = sandbox.command("added").run().succeeds();
    outcome.stdout_has_line("argument 0: [SANDBOX]/home/.nvm/versions/node/v12.22.12/bin/added");
    sandbox.reshim();
    assert_eq!(among(&sandbox, "before added"), "added");
    sandbox.command("npm").arguments(["uninstall", "-g", "added"]).run().succeeds();
    assert_eq!(among(&sandbox, "before added"), "");
}

/// Only what a call added is named, and only if its name doesn't call it.
#[test]
fn a_package_call_names_what_it_added_and_cannot_be_called() {
    let sandbox = sandbox();
    let root = sandbox.fake_toolchain("node", "12.22.12");
    let bin = root.join("bin");
    fs::remove_file(bin.join("npm")).unwrap();
    let npm = "#!/bin/sh\nshift 2\nfor one; do cp \"${0%/*}/node\" \"${0%/*}/$one\"; done\n";
    sandbox.executable(bin.join("npm"), npm);
    sandbox.file("project/.nvmrc", "12\n");
    let call = |packages: &[&str], path: &str| {
        // A fresh home's first call: every shim is new.
        for name in shims(&sandbox).iter().filter(|name| !name.starts_with('.') && *name != "use") {
            fs::remove_file(sandbox.shim(name)).unwrap();
        }
        sandbox.reshim();
        let npm = sandbox.command(sandbox.shim("npm")).arguments(["install", "-g"]);
        sandbox.mask(&npm.arguments(packages).variable("PATH", path).run().succeeds().stderr)
    };
    let path = "/usr/bin:/bin";
    let where_to = "can be called from [SANDBOX]/home/.local/share/usher/shims, which isn't on PATH: use setup\n";
    assert_eq!(call(&[], path), "");
    assert_eq!(call(&["greet"], path), format!("usher: greet {where_to}"));
    assert_eq!(call(&[], path), "", "what was there before is no news");
    assert_eq!(call(&["a1", "a2", "a3", "a4"], path), format!("usher: a1, a2, … {where_to}"));
    let with_bin = format!("{path}:{}", bin.display());
    assert_eq!(call(&["hello"], &with_bin), "");
    assert_eq!(call(&["hallo"], &format!("{}:{path}", sandbox.shims().display())), "");
}

/// Where nothing pins it, a package manager's shim does what a missing program would.
#[test]
fn a_package_manager_that_is_not_pinned_is_the_next_on_path_or_absent() {
    let sandbox = sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.reshim();
    let call = || sandbox.command("pnpm").argument("-v");
    call().run().fails_with(127).stderr_contains("hint: use pnpm@latest");
    sandbox.file("project/.nvmrc", "12\n");
    let absent = call().run().fails_with(127);
    absent
        .stderr_contains("pnpm is not installed for node 12.22.12")
        .stderr_contains("use pnpm@latest");
    sandbox.executable("bin/pnpm", "#!/bin/sh\necho next \"$@\"\n");
    call().run().succeeds().stdout_is("next -v");
    // A version of node that isn't installed has no pnpm: none is fetched for it.
    sandbox.file("project/.nvmrc", "13\n");
    call().run().succeeds().stdout_is("next -v");
    fs::remove_file(sandbox.root().join("bin/pnpm")).unwrap();
    let absent = call().run().fails_with(127);
    assert_eq!(absent.stderr, "usher: pnpm is not installed\n  hint: use pnpm@latest\n");
    // A pin counts from the first call on.
    sandbox.file("project/package.json", r#"{"packageManager":"pnpm@9.1.0"}"#);
    call().run().stderr_contains("pnpm 9.1.0").stderr_contains("package.json (packageManager)");
}
