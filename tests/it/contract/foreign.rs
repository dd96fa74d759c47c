//! Other managers' shims further down on PATH look the program up by its name, find usher's shim
//! again, and call it: that must end at the real program.

use crate::real::{pyenv, skipped};
use crate::support::Sandbox;

#[test]
fn pyenv_shims_that_call_back_end_at_the_system_python() {
    let Some(pyenv) = pyenv().filter(|pyenv| pyenv.join("shims/python3").exists()) else {
        skipped("pyenv is not installed on this machine");
        return;
    };
    let sandbox = Sandbox::new().offline();
    let root = pyenv.to_string_lossy().into_owned();
    let sandbox = sandbox.with_variable("PYENV_ROOT", &root);
    sandbox.install();
    let path = format!("{}:{root}/shims:{root}/bin:/usr/bin:/bin", sandbox.shims().display());
    let line = "command -v python3 || exit 9; exec python3 -c 'import sys; print(sys.executable)'";
    let system = sandbox.command("sh").arguments(["-c", line]).variable("PATH", "/usr/bin:/bin");
    let system = system.run();
    if system.status.code() == Some(9) {
        skipped("this system has no Python of its own");
        return;
    }
    let expected = system.succeeds().stdout.lines().nth(1).unwrap_or_default().to_owned();
    sandbox.file("project/.python-version", "system\n");
    let command =
        || sandbox.command("python3").arguments(["-c", "import sys; print(sys.executable)"]);
    command().variable("PATH", &path).run().succeeds().stdout_is(&expected);
    command()
        .variable("PATH", format!("{root}/shims:{path}"))
        .run()
        .succeeds()
        .stdout_is(&expected);
    let nested = "python3 -c 'import subprocess as s; s.run([\"python3\", \"-c\", \"import sys; print(sys.executable)\"])'";
    let shell = sandbox.command("sh").arguments(["-c", nested]).variable("PATH", &path);
    shell.run().succeeds().stdout_is(&expected);
}

#[test]
fn managers_that_exec_the_program_by_name_are_called_once() {
    let sandbox = Sandbox::new().offline();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.install();
    sandbox.file("project/.nvmrc", "system\n");
    sandbox.executable("first/node", "#!/bin/sh\necho first\nexec node \"$@\"\n");
    sandbox.executable("second/node", "#!/bin/sh\necho second\nexec /usr/bin/env node \"$@\"\n");
    sandbox.fake_program("system/node/20.0.0/bin/node");
    let root = sandbox.root().display();
    let tail = format!("{root}/first:{root}/second:{root}/system/node/20.0.0/bin:/usr/bin:/bin");
    let command = |path: String| {
        sandbox.command(sandbox.shim("node")).argument("-v").variable("PATH", path).run()
    };
    let program = "[SANDBOX]/system/node/20.0.0/bin/node";
    let expected = format!("first\nsecond\nnode 20.0.0\nargument 0: {program}\nargument 1: -v");
    command(format!("{}:{tail}", sandbox.shims().display())).succeeds().stdout_is(&expected);
    // Where the shims aren't on PATH, they are put there.
    command(tail).succeeds().stdout_is(&expected);

    let endless = format!("{}:{root}/first:{root}/second", sandbox.shims().display());
    command(endless)
        .fails_with(126)
        .stderr_contains("node on PATH called usher's shim back 20 times");
}

#[test]
fn a_wrapper_that_calls_back_as_a_child_ends() {
    let sandbox = Sandbox::new().offline();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.install();
    sandbox.file("project/.nvmrc", "system\n");
    sandbox.executable("wrapper/node", "#!/bin/sh\nnode \"$@\"\nexit $?\n");
    let path = format!("{}:{}/wrapper", sandbox.shims().display(), sandbox.root().display());
    let node = sandbox.command("node").argument("-v").variable("PATH", path);
    node.run()
        .fails_with(126)
        .stderr_contains("the next node on PATH called usher's shim back 20 times");
}
