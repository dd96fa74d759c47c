//! Global packages, installed by the real package managers: their programs can be called in the
//! next command, with usher's own versions and with the system's.
//!
//! Commands that could write to the machine run as an unprivileged account.

use std::path::Path;

use rustix::process::geteuid;

use super::{APPLICATION, connected, machine, python_to_copy, skipped, with_unprivileged_npm};
use crate::stores::shared::{copied, wheel};
use crate::support::{Outcome, Sandbox, TestCommand};

#[test]
fn npm_packages_are_migrated_to_a_newer_node() {
    let Some(sandbox) = with_unprivileged_npm(&[APPLICATION]) else { return };
    sandbox.file("project/.nvmrc", "12\n");
    let line = "npm install --global semver@7.5.0 >&2 && use upgrade --migrate-packages >&2 && \
                node --version && semver 1.2.3 && npm ls --global --depth=0 semver";
    let outcome =
        unprivileged(sandbox.command("sh")).arguments(["-c", line]).with_long_timeout().run();
    let outcome = outcome.succeeds();
    assert!(!outcome.stdout.contains(APPLICATION), "{outcome}");
    let outcome = outcome.stdout_has_line("1.2.3");
    assert!(outcome.stdout.contains("semver@7.5.0"), "{outcome}");
    outcome
        .stderr_contains(&format!("migrating 1 npm package of node {APPLICATION} (semver@7.5.0)"));
}

#[test]
fn programs_installed_by_deno_run_at_once() {
    let Some(sandbox) = connected() else { return };
    let sandbox = sandbox.with_variable("USHER_SOURCE", "deno=npm");
    sandbox.install();
    sandbox.use_command(&["install", "deno@2"]).with_long_timeout().run().succeeds();
    sandbox.file("project/.deno-version", "2\n");
    sandbox.file("project/greet.ts", "console.log('hello')\n");
    let line = "deno install --global --name greet ./greet.ts >&2 && greet && \
                deno uninstall --global greet >&2 && ! test -e \"$0\"";
    let sh = sandbox.command("sh").arguments(["-c", line]).argument(sandbox.shim("greet"));
    sh.with_long_timeout().run().succeeds().stdout_is("hello");
}

/// pip in a Python of usher's own store, and pipx, which pip installs and which installs programs.
#[test]
fn programs_installed_by_pip_and_pipx_run_at_once() {
    let Some(python) = python_to_copy() else { return };
    let sandbox = Sandbox::new().with_variable("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    let sandbox = sandbox.with_network(&machine::index());
    let own = sandbox.toolchain("python", &python.version);
    // A shared libpython would be looked for in the original folder.
    let sandbox = sandbox.with_variable("LD_LIBRARY_PATH", own.join("lib"));
    sandbox.install();
    copied(&sandbox, python, &own);
    wheel(&sandbox);
    sandbox.reshim();
    sandbox.file("project/.python-version", &python.version);
    let wheel = "../wheels/greeter-1.0-py3-none-any.whl";
    let line = format!(
        "python -m pip install --no-index {wheel} >&2 && greeter && \
         python -m pip uninstall --yes greeter >&2 && ! test -e \"$0\""
    );
    chown_if_root(&sandbox);
    let shim = sandbox.shim("greeter");
    let shell = |line: &str| {
        let sh = unprivileged(sandbox.command("sh")).arguments(["-c", line]);
        sh.argument(&shim).with_long_timeout().run()
    };
    shell(&line).succeeds().stdout_is("hello");
    // The copied `pip` script starts the original Python.
    let pip = shell("python -m pip install --quiet pipx");
    if pip.stderr.contains("No matching distribution") {
        return skipped("can't reach a PyPI index");
    }
    pip.succeeds();
    let line = format!(
        "pipx install {wheel} >&2 && greeter && cd .. && greeter && \
         pipx uninstall greeter >&2 && ! test -e \"$0\""
    );
    let sh = shell(&line).succeeds();
    assert_eq!(sh.stdout, "hello\nhello\n", "{sh}");
}

#[test]
fn gem_installs_for_the_system_ruby_in_a_user_folder() {
    let Some((sandbox, version)) = with_system("ruby", "print RUBY_VERSION") else { return };
    let specification = "Gem::Specification.new do |s|\n  s.name = 'greeter'\n  s.version = '1.0.0'\n  \
                         s.summary = 'x'\n  s.authors = ['x']\n  s.files = ['bin/greet']\n  \
                         s.executables = ['greet']\nend\n";
    sandbox.file("project/greeter.gemspec", specification);
    sandbox.executable("project/bin/greet", "#!/usr/bin/env ruby\nputs 'hello'\n");
    sandbox.file("project/.ruby-version", format!("{version}\n"));
    let line =
        "gem build greeter.gemspec >&2 && gem install --local greeter-1.0.0.gem >&2 && greet";
    chown_if_root(&sandbox);
    run_unprivileged(&sandbox, line).succeeds().stdout_is("hello");
    let bin = sandbox.usher().join("additions/ruby").join(&version).join("bin/greet");
    assert!(bin.exists());
    run_unprivileged(&sandbox, "gem uninstall --executables greeter >&2").succeeds();
    assert!(!bin.exists() && !sandbox.shim("greet").exists());
}

#[test]
fn cpan_installs_for_the_system_perl_in_a_user_folder() {
    let Some((sandbox, version)) = with_system("perl", "print substr($^V, 1)") else { return };
    for program in ["/usr/bin/make", "/usr/bin/cpan"] {
        if !Path::new(program).exists() {
            return skipped(&format!("{program} isn't installed"));
        }
    }
    let makefile = "use ExtUtils::MakeMaker;\nWriteMakefile(NAME => 'Greeter', \
                    VERSION_FROM => 'lib/Greeter.pm', EXE_FILES => ['bin/greet']);\n";
    sandbox.file("project/Makefile.PL", makefile);
    let module = "package Greeter;\nour $VERSION = '1.0';\nsub text { \"hello\\n\" }\n1;\n";
    sandbox.file("project/lib/Greeter.pm", module);
    sandbox
        .file("project/bin/greet", "#!/usr/bin/env perl\nuse Greeter;\nprint Greeter::text();\n");
    sandbox.file("project/.perl-version", format!("{version}\n"));
    chown_if_root(&sandbox);
    run_unprivileged(&sandbox, "cpan . >&2 && greet").succeeds().stdout_is("hello");
    let additions = sandbox.usher().join("additions/perl").join(&version);
    assert!(additions.join("lib/perl5/Greeter.pm").exists());
}

/// A sandbox, and the version of an interpreter of the system.
#[track_caller]
fn with_system(program: &str, question: &str) -> Option<(Sandbox, String)> {
    let path = Path::new("/usr/bin").join(program);
    if !path.exists() {
        skipped(&format!("{} isn't installed", path.display()));
        return None;
    }
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    let output = sandbox.command(&path).arguments(["-e", question]).run().succeeds();
    Some((sandbox, output.stdout.trim().to_owned()))
}

/// Gives a sandbox to the unprivileged account, if root runs the tests.
fn chown_if_root(sandbox: &Sandbox) {
    if geteuid().is_root() {
        sandbox.chown_to_nobody();
    }
}

/// Runs a shell command as an account that can't write to the system's folders.
fn run_unprivileged(sandbox: &Sandbox, line: &str) -> Outcome {
    let sh = unprivileged(sandbox.command("sh")).arguments(["-c", line]);
    sh.variable("PERL_MM_USE_DEFAULT", "1").with_long_timeout().run()
}

/// Runs the command as `nobody`, if root runs the tests.
fn unprivileged(command: TestCommand) -> TestCommand {
    if geteuid().is_root() { command.with_user_nobody() } else { command }
}
