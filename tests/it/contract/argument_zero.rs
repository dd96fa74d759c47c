//! Argument 0 is the program's path for what a tool ships: with argument 0 left as `python`, an interpreter that was moved away from where it was built
//! finds the shim's folder, and with it no library, a wrong prefix, and venvs made of shims. A program
//! of a global package may be several programs, of which argument 0 names one.

use std::fs;

use super::{each, launcher, probe};
use crate::real::any_python;
use crate::support::{Sandbox, executables};

/// What a Python believes of itself, a line each.
const BELIEFS: &str = "import sys; print(sys.executable, sys.prefix, sys.base_prefix, sep='\\n')";

/// What is large and isn't needed, and what was compiled for another place.
const LEFT_OUT: &[&str] = &[
    "test",
    "__pycache__",
    "site-packages",
    "dist-packages",
    "idlelib",
    "turtledemo",
    "ensurepip",
];

#[test]
fn a_python_that_was_moved_knows_where_it_is() {
    let Some(python) = any_python() else { return };
    let sandbox = Sandbox::new().offline().with_variable("PYTHON_VERSION", &python.version);
    let toolchain = sandbox.toolchain("python", &python.version);
    let library = python.library.file_name().expect("the library's folder has a name");
    sandbox.copy(&python.library, toolchain.join("lib").join(library), LEFT_OUT);
    sandbox.copy_program(&python.program, toolchain.join("bin/python"));
    sandbox.install();

    let place = sandbox.mask(&toolchain.to_string_lossy());
    let expected = format!("{place}/bin/python\n{place}\n{place}");
    let command = |words: &[&str]| sandbox.command("python").arguments(words);
    command(&["-c", BELIEFS]).run().succeeds().stdout_is(&expected);
    command(&["-c", BELIEFS])
        .with_argument_zero("/nowhere/python")
        .run()
        .succeeds()
        .stdout_is(&expected);
    command(&["-c", BELIEFS]).directory("/").run().succeeds().stdout_is(&expected);
    let full = sandbox.command(sandbox.shim("python")).arguments(["-c", BELIEFS]);
    full.variable("PATH", "/usr/bin:/bin").run().succeeds().stdout_is(&expected);

    command(&["-m", "venv", "--without-pip", "venv"]).run().succeeds();
    let link = fs::read_link(sandbox.project().join("venv/bin/python")).expect("a link");
    assert_eq!(link, toolchain.join("bin/python"));
    let expected = format!("[SANDBOX]/project/venv/bin/python\n[SANDBOX]/project/venv\n{place}");
    let venv = sandbox.command(sandbox.project().join("venv/bin/python"));
    venv.arguments(["-c", BELIEFS]).run().succeeds().stdout_is(&expected);
}

/// As a call of the program's own path: `exec -a NAME`, a login shell's hyphen, a link's name.
#[test]
fn a_global_package_gets_an_argument_0_that_names_nothing_else() {
    each(|stage| {
        let bin = stage.sandbox.toolchain("node", super::VERSION).join("bin");
        executables::place(probe(), &bin.join("multi"));
        stage.sandbox.reshim();
        let shim = stage.sandbox.shim("multi");
        let argument_zero = |words: &[&str]| {
            let command = stage.sandbox.command(launcher()).argument("--").arguments(words);
            let outcome = command.run().succeeds();
            let line = outcome.stdout.lines().find(|line| line.starts_with("argument 0,"));
            let (_, text) = line.and_then(|line| line.split_once(": ")).expect("argument 0");
            text.to_owned()
        };
        let shim = shim.to_string_lossy();
        for name in ["grep-mode", "-multi", "/x/y/grep-mode", "a b"] {
            assert_eq!(argument_zero(&[&shim, name]), name);
        }
        // Its own name isn't another, and the name of another shim is a call of that one.
        let own = bin.join("multi").to_string_lossy().into_owned();
        for name in ["multi", "./multi", &shim] {
            assert_eq!(argument_zero(&[&shim, name]), own, "{name}");
        }
        let node = stage.program().to_string_lossy().into_owned();
        assert_eq!(argument_zero(&[&shim, "node"]), node);
        let interpreter = stage.sandbox.shim("node").to_string_lossy().into_owned();
        assert_eq!(argument_zero(&[&interpreter, "grep-mode"]), node);
        assert_eq!(argument_zero(&[&shim]), argument_zero(&[&own]), "without argument 0");
    });
}
