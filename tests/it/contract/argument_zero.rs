//! With argument 0 left as `python`, an interpreter that was moved away from where it was built
//! finds the shim's folder, and with it no library, a wrong prefix, and venvs made of shims.

use std::fs;

use crate::real::any_python;
use crate::support::Sandbox;

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
