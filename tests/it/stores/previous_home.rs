//! A home that an earlier version of usher made: `tests/homes/`.

use std::fs;
use std::path::Path;

use crate::support::{Outcome, Sandbox, executables};

/// The home as 0.1.0 left it, with this build's `use` and shims of another build.
fn home_of_0_1_0() -> Sandbox {
    let sandbox = Sandbox::new().offline();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/homes/0.1.0");
    sandbox.copy(&fixture.join("config"), "home/.config/usher", &[]);
    sandbox.copy(&fixture.join("data"), "home/.local/share/usher", &[".usher"]);
    let index = fs::read_to_string(fixture.join("data/shims/.usher")).unwrap();
    let index = index.replace("[SANDBOX]", sandbox.root().to_str().unwrap());
    sandbox.file(sandbox.shim(".usher"), index);
    for name in ["use", "usher"] {
        executables::place(Path::new(env!("CARGO_BIN_EXE_use")), &sandbox.shim(name));
    }
    let mut other = fs::read(Sandbox::shim_binary()).unwrap();
    other.extend(b"another build");
    let names = ["node", "npm", "npx", "node12", "node@12", "plain"].map(|name| sandbox.shim(name));
    for path in names.into_iter().chain([sandbox.usher().join("shim")]) {
        executables::write_bytes(&path, &other);
    }
    sandbox.fake_program("home/.nvm/versions/node/v8.17.0/bin/node");
    sandbox.fake_program(sandbox.toolchain("plain", "1.2.3").join("bin/plain"));
    sandbox
}

const CONFIG: &str = "home/.config/usher/config.toml";
const PLAIN: &str = "home/.config/usher/registry/plain.toml";

/// The same home after its user renamed the keys that are called otherwise now.
fn with_renamed_keys() -> Sandbox {
    let sandbox = home_of_0_1_0();
    for (file, old, new) in
        [(CONFIG, "shim_lines", "versioned_shims"), (PLAIN, "parts", "version_components")]
    {
        let text = sandbox.read(file);
        assert!(text.contains(old), "{text}");
        sandbox.file(file, text.replace(old, new));
    }
    sandbox
}

fn node(sandbox: &Sandbox, name: &str, version: Option<&str>) -> Outcome {
    let node = sandbox.command(name).argument("--version");
    version.into_iter().fold(node, |node, version| node.variable("NODE_VERSION", version)).run()
}

#[test]
fn a_setting_under_its_old_name_is_an_error_that_loses_nothing() {
    let sandbox = home_of_0_1_0();
    let what = format!("unknown setting shim_lines ([SANDBOX]/{CONFIG}:2)");
    for outcome in [
        sandbox.use_command(&["reshim"]).run().fails_with(65),
        sandbox.use_command(&["list"]).run().fails_with(65),
        node(&sandbox, "node", None).fails_with(126),
    ] {
        outcome.stderr_contains(&what).stderr_contains("it is called versioned_shims now");
    }
    sandbox.file(CONFIG, sandbox.read(CONFIG).replace("shim_lines", "versioned_shims"));
    node(&sandbox, "node", None).succeeds().stdout_is("v10.24.1");
    node(&sandbox, "node12", None).succeeds().stdout_is("v12.22.12");
    assert!(sandbox.use_command(&["shim"]).run().succeeds().stdout.contains("node@12"));
}

#[test]
fn a_custom_tool_with_an_old_key_is_an_error_that_affects_no_other_tool() {
    let sandbox = with_renamed_keys();
    sandbox.file(PLAIN, sandbox.read(PLAIN).replace("version_components", "parts"));
    let reshim = sandbox.reshim();
    let reshim = reshim.stderr_contains(&format!("[SANDBOX]/{PLAIN}:6"));
    reshim.stderr_contains("unknown field `parts`: it is called `version_components` now");
    node(&sandbox, "node", None).succeeds().stdout_is("v10.24.1");
    assert!(sandbox.toolchain("plain", "1.2.3").join("bin/plain").exists());
    sandbox.file(PLAIN, sandbox.read(PLAIN).replace("parts", "version_components"));
    sandbox.reshim();
    let plain = sandbox.command("plain").variable("PLAIN_VERSION", "1").run();
    plain.succeeds().stdout_has_line("plain 1.2.3");
}

#[test]
fn a_home_of_version_0_1_0_is_still_used() {
    let sandbox = with_renamed_keys();
    // With its own index, before anything of ours has run, and after.
    for reshim in [false, true] {
        if reshim {
            sandbox.reshim();
        }
        node(&sandbox, "node", None).succeeds().stdout_is("v10.24.1");
        node(&sandbox, "node", Some("12")).succeeds().stdout_is("v12.22.12");
        node(&sandbox, "node12", None).succeeds().stdout_is("v12.22.12");
        node(&sandbox, "node@12", None).succeeds().stdout_is("v12.22.12");
        node(&sandbox, "node", Some("8")).succeeds().stdout_has_line("node v8.17.0");
        let plain = sandbox.command("plain").variable("PLAIN_VERSION", "1").run();
        plain.succeeds().stdout_has_line("plain 1.2.3");
        // The setting by which only an exactly pinned version is installed.
        let locked = node(&sandbox, "node", Some("13")).fails_with(127);
        locked.stderr_contains("auto_install = \"locked\"");
    }
    let carried = fs::read(Sandbox::shim_binary()).unwrap();
    for name in ["node", "node12", "node@12"] {
        assert!(fs::read(sandbox.shim(name)).unwrap() == carried, "{name}");
    }
    let requested = sandbox.use_command(&["shim"]).run().succeeds();
    assert!(requested.stdout.contains("node@12"), "{requested}");
}

#[test]
fn receipts_are_read() {
    let sandbox = with_renamed_keys();
    sandbox.use_command(&["verify", "node"]).run().succeeds();
    let program = sandbox.toolchain("node", "12.22.12").join("bin/node");
    fs::remove_file(&program).unwrap();
    executables::write(&program, "#!/bin/sh\n");
    let damaged = sandbox.use_command(&["verify", "node"]).run().fails_with(65);
    assert!(damaged.stdout.contains("bin/node"), "{damaged}");
    sandbox.use_command(&["uninstall", "node@12.22.12", "--yes"]).run().succeeds();
    assert!(!sandbox.toolchain("node", "12.22.12").exists());
    node(&sandbox, "node", None).succeeds().stdout_is("v10.24.1");
}
