//! `npm install` and the like run as a child of `use`: nobody may be able to tell, by its exit code,
//! by the signal that ended it, or by a signal that was to reach it.

use rustix::process::Signal;

use crate::support::{Pipe, Sandbox};

/// A sandbox whose npm is this script.
fn with_npm(script: &str) -> Sandbox {
    let sandbox = Sandbox::new().offline().with_variable("NODE_VERSION", "12.22.12");
    sandbox.fake_program(sandbox.toolchain("node", "12.22.12").join("bin/node"));
    sandbox.executable(sandbox.toolchain("node", "12.22.12").join("bin/npm"), script);
    sandbox.install();
    sandbox
}

#[test]
fn a_wrapped_programs_exit_code_is_passed_through() {
    let sandbox = with_npm("#!/bin/sh\necho \"$PPID\"\nexit \"$2\"\n");
    for code in [0, 1, 3, 127, 255] {
        let npm = sandbox.command("npm").arguments(["install", &code.to_string()]).start();
        let id = npm.id();
        // The script's parent is the process that was started: it was wrapped.
        npm.wait().fails_with(code).stdout_has_line(&id.to_string());
    }
}

#[test]
fn a_wrapped_programs_death_by_signal_is_passed_through() {
    let sandbox = with_npm("#!/bin/sh\nkill -\"$2\" $$\n");
    for signal in [Signal::TERM, Signal::INT, Signal::KILL, Signal::HUP] {
        let number = signal.as_raw().to_string();
        sandbox.command("npm").arguments(["install", &number]).run().dies_by(signal);
    }
}

#[test]
fn a_signal_is_forwarded_to_the_wrapped_child() {
    let sandbox = with_npm(
        "#!/bin/sh\n\
         trap 'echo was told; exit 7' TERM\n\
         exec 3<>\"$BLOCKED\"\n\
         echo ready > \"$READY\"\n\
         read line <&3\n\
         read line <&3\n",
    );
    let (ready, blocked) = (Pipe::new(&sandbox, "ready"), sandbox.root().join("blocked"));
    sandbox.command("mkfifo").argument(&blocked).run().succeeds();
    let npm = sandbox.command("npm").arguments(["install", "yarn"]);
    let npm = npm.variable("READY", ready.path()).variable("BLOCKED", &blocked).start();
    ready.wait_for("ready");
    npm.signal(Signal::TERM);
    npm.wait().fails_with(7).stdout_is("was told");
}

#[test]
fn an_empty_environment_finds_all_stores() {
    let sandbox = with_npm("#!/bin/sh\ncp \"$0\" \"${0%/*}/added\"\n");
    sandbox.fake_program("pyenv/versions/3.7.16/bin/python");
    let pyenv = sandbox.root().join("pyenv");
    sandbox.use_command(&["reshim"]).variable("PYENV_ROOT", pyenv).run().succeeds();
    sandbox.file("project/.tool-versions", "nodejs 12.22.12\npython 3.7\n");
    let bare = |name: &str| sandbox.command("env").argument("-i").argument(sandbox.shim(name));
    bare("python").run().succeeds().stdout_has_line("versions 3.7.16");
    bare("npm").argument("install").run().succeeds();
    assert!(sandbox.shim("added").is_file());
    bare("python").run().succeeds().stdout_has_line("versions 3.7.16");
}
