//! Shared stores: filled by `use install --store`, used by accounts that can't write to them, whose
//! additions go to places of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::geteuid;

use crate::real::{Python, any_python, python_to_copy, skipped, with_npm};
use crate::support::{Outcome, Sandbox, Upstream};

fn with_store(sandbox: &Sandbox) {
    let store = sandbox.root().join("store");
    sandbox.file("home/.config/usher/config.toml", format!("stores = [\"{}\"]\n", store.display()));
}

#[test]
fn a_shared_store_is_installed_into_listed_and_used() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    let store = sandbox.root().join("store");
    let install = || sandbox.use_command(&["install", "node@12", "--store"]).argument(&store).run();
    let folder = "[SANDBOX]/store/toolchains/node/12.22.12";
    let outcome = install().succeeds();
    let outcome = outcome.stdout_has_line(&format!("installed node 12.22.12 ({folder})"));
    outcome.stderr_contains("to use it, add stores = [");
    assert!(!sandbox.toolchain("node", "12.22.12").exists());
    install().succeeds().stdout_has_line(&format!("node 12.22.12 is already installed ({folder})"));
    let mode = fs::metadata(store.join("toolchains/node")).unwrap().permissions().mode();
    assert_eq!(mode & 0o055, 0o055, "for all to read");

    with_store(&sandbox);
    sandbox.reshim();
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.12");
    let list = sandbox.use_command(&["list", "node", "--paths"]).run().succeeds();
    assert!(sandbox.mask(&list.stdout).contains(&format!("shared  {folder}")), "{list}");
    let refused = sandbox.use_command(&["uninstall", "node@12"]).run().fails_with(77);
    refused.stderr_contains("error: node 12.22.12 is a shared store's\n");
    // A variable lists stores in their place.
    let other = sandbox.command("node").variable("USHER_STORES", "/nowhere");
    other.variable("USHER_AUTO_INSTALL", "never").run().fails_with(127);
}

/// What a shared node's npm, in a read-only folder, installs for an account.
#[test]
fn npm_installs_for_a_shared_node_in_a_user_folder() {
    let Some(sandbox) = with_npm(&["12.0.0"]) else { return };
    if !geteuid().is_root() {
        return skipped("a folder that can't be written to takes another account than this one's");
    }
    move_to_store(&sandbox);
    sandbox.file("project/.nvmrc", "12\n");
    sandbox
        .file("greeter/package.json", r#"{"name":"greeter","version":"1.0.0","bin":"greet.js"}"#);
    sandbox.file("greeter/greet.js", "#!/usr/bin/env node\nconsole.log('hello')\n");
    if !given_to_nobody(&sandbox) {
        return;
    }
    let shell = |line: &str| {
        let sh = sandbox.command("sh").arguments(["-c", line]).with_user_nobody();
        sh.variable("npm_config_audit", "false").with_long_timeout().run()
    };
    let made =
        shell("npm pack ../greeter >&2 && npm install --global ./greeter-1.0.0.tgz >&2 && greeter");
    made.succeeds().stdout_is("hello");
    let additions = sandbox.usher().join("additions/node/12.0.0");
    assert!(additions.join("bin/greeter").exists());
    assert!(!sandbox.root().join("store/toolchains/node/12.0.0/bin/greeter").exists());
    shell("npm uninstall --global greeter >&2 && ! command -v greeter").succeeds();
    assert!(!additions.join("bin/greeter").exists());
}

/// The same for pip with a Python that another manager keeps, where this account can't write.
#[test]
fn pip_installs_for_a_shared_python_in_a_user_folder() {
    let Some(python) = python_to_copy() else { return };
    if !geteuid().is_root() {
        return skipped("a folder that can't be written to takes another account than this one's");
    }
    let sandbox = Sandbox::new().offline().with_variable("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    sandbox.install();
    let versions = sandbox.folder("home/.pyenv/versions");
    let own = versions.join(&python.version);
    copied(&sandbox, python, &own);
    wheel(&sandbox);
    sandbox.reshim();
    sandbox.file("project/.python-version", &python.version);
    if !given_to_nobody(&sandbox) {
        return;
    }
    let chown = sandbox.command("/bin/chown").arguments(["-R", "0:0"]).argument(&own);
    chown.run().succeeds();
    let line =
        "python -m pip install --no-index ../wheels/greeter-1.0-py3-none-any.whl >&2 && greeter";
    // A library of its own is looked for where this Python was built.
    let sh = sandbox.command("sh").variable("LD_LIBRARY_PATH", own.join("lib"));
    let made = sh.arguments(["-c", line]).with_user_nobody().with_long_timeout().run();
    made.succeeds().stdout_is("hello");
    let additions = sandbox.usher().join("additions/python").join(&python.version);
    assert!(additions.join("bin/greeter").exists());
    assert!(!own.join("bin/greeter").exists());
}

/// Copies a Python with its pip.
pub(crate) fn copied(sandbox: &Sandbox, python: &Python, own: &Path) {
    sandbox.copy(&python.prefix, own, &["test", "site-packages", "share", "config-3.7m"]);
    let library = own.join("lib").join(python.library.file_name().unwrap());
    let pip = python.pip.as_deref().expect("a Python with pip");
    for name in ["pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel"] {
        let from = pip.with_file_name(name);
        if from.is_dir() {
            sandbox.copy(&from, library.join("site-packages").join(name), &[]);
        }
    }
}

/// A wheel with a program, in the sandbox's folder `wheels`.
pub(crate) fn wheel(sandbox: &Sandbox) {
    let info = "build/greeter-1.0.dist-info";
    sandbox.file("build/greeter.py", "def main():\n    print('hello')\n");
    sandbox
        .file(format!("{info}/METADATA"), "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n");
    sandbox.file(
        format!("{info}/WHEEL"),
        "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    );
    sandbox.file(format!("{info}/entry_points.txt"), "[console_scripts]\ngreeter = greeter:main\n");
    let record = [
        "greeter.py",
        "greeter-1.0.dist-info/METADATA",
        "greeter-1.0.dist-info/WHEEL",
        "greeter-1.0.dist-info/entry_points.txt",
        "greeter-1.0.dist-info/RECORD",
    ];
    let record: String = record.iter().map(|name| format!("{name},,\n")).collect();
    sandbox.file(format!("{info}/RECORD"), record);
    let python = any_python().expect("a Python, as before");
    sandbox.folder("wheels");
    let zip = "import os, zipfile\n\
               with zipfile.ZipFile('../wheels/greeter-1.0-py3-none-any.whl', 'w') as wheel:\n    \
                   for folder, _, names in os.walk('.'):\n        \
                       for name in names: wheel.write(os.path.join(folder, name))\n";
    let command = sandbox.command(&python.program).arguments(["-c", zip]).directory("build");
    command.run().succeeds();
}

/// Moves a toolchain of the sandbox's node into a shared store.
fn move_to_store(sandbox: &Sandbox) {
    let store = sandbox.folder("store/toolchains/node");
    fs::rename(sandbox.toolchain("node", "12.0.0"), store.join("12.0.0")).unwrap();
    with_store(sandbox);
    sandbox.reshim();
}

/// Gives the sandbox to `nobody`, but for the store.
fn given_to_nobody(sandbox: &Sandbox) -> bool {
    sandbox.chown_to_nobody();
    let store = sandbox.root().join("store");
    if store.exists() {
        // The files may be links to those of other sandboxes.
        let find = sandbox.command("/usr/bin/find").argument(&store);
        find.arguments(["-type", "d", "-exec", "chown", "0:0", "{}", "+"]).run().succeeds();
    }
    let reaches: Outcome = sandbox.command("test").arguments(["-w", "."]).with_user_nobody().run();
    if !reaches.status.success() {
        skipped("the account nobody can't reach the folder for temporary files");
    }
    reaches.status.success() && Path::new("/bin/sh").exists()
}
