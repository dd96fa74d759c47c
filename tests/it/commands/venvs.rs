//! Virtual environments: who removes a version is told which need it, and the project's own are
//! compared with its pin.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{offline_sandbox, skipped};
use crate::support::{Outcome, Sandbox};

/// Python 3.11.2 and 3.12.1, both usher's own.
fn sandbox() -> Sandbox {
    let sandbox = offline_sandbox();
    for version in ["3.11.2", "3.12.1"] {
        sandbox.fake_toolchain("python", version);
    }
    sandbox.reshim();
    sandbox
}

/// An environment as `python -m venv` makes it, of usher's own version.
fn make_venv(sandbox: &Sandbox, folder: impl AsRef<Path>, version: &str) {
    let home = sandbox.toolchain("python", version).join("bin").display().to_string();
    let text = format!(
        "home = {home}\ninclude-system-site-packages = false\nversion = {version}\n\
         executable = {home}/python3\ncommand = {home}/python -m venv .venv\n"
    );
    sandbox.file(folder.as_ref().join("pyvenv.cfg"), text);
    let bin = sandbox.folder(folder.as_ref().join("bin"));
    symlink(format!("{home}/python3"), bin.join("python")).unwrap();
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.use_command(words).run()
}

/// The environments that `use uninstall` of this version would name, by `use prune`.
fn needing(sandbox: &Sandbox, words: &[&str], version: &str) -> Vec<String> {
    let named = format!("python@{version}");
    let words = [&["prune", "--json", "--dry-run", &named], words].concat();
    let report = run(sandbox, &words).succeeds().json();
    let venvs = report["versions"][0]["virtual_environments"].as_array().unwrap().iter();
    let root = format!("{}/", sandbox.root().display());
    venvs.map(|venv| venv.as_str().unwrap().replace(&root, "")).collect()
}

#[test]
fn uninstall_says_which_environments_need_the_version() {
    let sandbox = sandbox();
    make_venv(&sandbox, "project/.venv", "3.11.2");
    make_venv(&sandbox, "project/services/api/environment", "3.11.2");
    make_venv(&sandbox, "src/other/.venv", "3.11.2");
    make_venv(&sandbox, "home/.local/share/pipx/venvs/black", "3.11.2");
    make_venv(&sandbox, "project/.tox/py312", "3.12.1");
    sandbox.file("project/.python-version", "3.11\n");
    let projects = sandbox.root().join("src").display().to_string();
    let refused = run(&sandbox, &["uninstall", "python@3.11", "--projects", &projects]);
    refused.fails_with(2).stderr_contains("hint: use uninstall python@3.11.2 --yes");
    assert!(sandbox.toolchain("python", "3.11.2").exists(), "nothing is removed");
    let words = ["uninstall", "python@3.11", "--projects", &projects, "--yes"];
    let outcome = run(&sandbox, &words);
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    removed python 3.11.2
    --- standard error
    warning: python 3.11.2 is still used
      requested by .python-version:1
      the virtual environment [SANDBOX]/home/.local/share/pipx/venvs/black needs it
      the virtual environment [SANDBOX]/project/.venv needs it
      the virtual environment [SANDBOX]/project/services/api/environment needs it
      the virtual environment [SANDBOX]/src/other/.venv needs it
    usher: python 3.11 is still requested by .python-version:1: 3.11.2 runs here
    ");
    let outcome = run(&sandbox, &["uninstall", "python@3.12", "--yes", "--json"]).succeeds();
    let venv = sandbox.root().join("project/.tox/py312");
    assert_eq!(outcome.json()["versions"][0]["virtual_environments"][0], venv.to_str().unwrap());
}

#[test]
fn uninstall_of_an_unused_version_says_nothing() {
    let sandbox = sandbox();
    make_venv(&sandbox, "project/.venv", "3.12.1");
    let outcome = run(&sandbox, &["uninstall", "python@3.11.2"]).succeeds();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("removed python 3.11.2\n", ""));
    // A version file that can't be read keeps nobody from removing what is named.
    sandbox.file("project/.python-version", "what is this\n");
    run(&sandbox, &["uninstall", "python@3.12.1", "--yes"])
        .succeeds()
        .stderr_contains(".venv needs it");
}

#[test]
fn uninstall_on_a_terminal_prompts_for_a_version_that_is_used() {
    for (flags, answer, is_removed) in [("", "y\\n", true), ("", "\\n", false), ("--yes", "", true)]
    {
        let sandbox = sandbox();
        make_venv(&sandbox, "project/.venv", "3.11.2");
        let line =
            "printf \"$0\" | /usr/bin/script -qec \"use uninstall python@3.11 $1\" /dev/null";
        let outcome = sandbox.command("/bin/sh").arguments(["-c", line, answer, flags]).run();
        if outcome.status.code() == Some(127) {
            return skipped("there is no script here: the question of use uninstall");
        }
        let is_asked = outcome.stdout.contains("remove python 3.11.2? [y/N]");
        assert_eq!(is_asked, flags.is_empty(), "{outcome}");
        let is_there = sandbox.toolchain("python", "3.11.2").exists();
        assert_eq!(is_there, !is_removed, "{answer} {outcome}");
    }
}

#[test]
fn environments_are_found_where_tools_keep_them() {
    for folder in [
        "project/.venv",
        "project/deep/er/any name",
        "home/.virtualenvs/a",
        "home/.local/share/virtualenvs/app-x1y2",
        "home/.cache/pypoetry/virtualenvs/app-x1-py3.11",
        "home/.local/share/pypoetry/venv",
        "home/.local/share/pipx/venvs/black",
        "home/.local/pipx/venvs/black",
        "home/.local/share/uv/tools/ruff",
        "home/.pyenv/versions/3.8.10/envs/mine",
        "home/.cache/pre-commit/repoabc/py_env-python3",
    ] {
        let sandbox = sandbox();
        make_venv(&sandbox, folder, "3.11.2");
        assert_eq!(needing(&sandbox, &[], "3.11.2"), [folder]);
        assert!(needing(&sandbox, &[], "3.12.1").is_empty());
    }
    let sandbox = sandbox();
    make_venv(&sandbox, "envs/one", "3.11.2");
    make_venv(&sandbox, "src/app/.venv", "3.11.2");
    assert!(needing(&sandbox, &[], "3.11.2").is_empty());
    let src = sandbox.root().join("src").display().to_string();
    assert_eq!(needing(&sandbox, &["--projects", &src], "3.11.2"), ["src/app/.venv"]);
    let command = sandbox.use_command(&["prune", "--dry-run", "python@3.11.2"]);
    let outcome = command.variable("WORKON_HOME", sandbox.root().join("envs")).run().succeeds();
    assert!(outcome.stdout.contains("envs/one needs it"), "{outcome}");
}

#[test]
fn an_environment_is_recognized_by_any_way_to_its_version() {
    let sandbox = sandbox();
    let version = sandbox.toolchain("python", "3.11.2");
    // Through another name of the store; through another environment; a copy that only names it.
    symlink(sandbox.usher().join("toolchains"), sandbox.root().join("tools")).unwrap();
    let aliased = sandbox.root().join("tools/python/3.11.2/bin");
    sandbox.file("project/a/pyvenv.cfg", format!("home = {}\n", aliased.display()));
    make_venv(&sandbox, "elsewhere/first", "3.11.2");
    let first = sandbox.root().join("elsewhere/first/bin");
    sandbox.file("project/b/pyvenv.cfg", format!("home = {}\n", first.display()));
    sandbox.folder("project/b/bin");
    symlink(first.join("python"), sandbox.root().join("project/b/bin/python")).unwrap();
    let copied = format!("home = /gone\nBase-Executable = {}/bin/python3\n", version.display());
    sandbox.file("project/c/pyvenv.cfg", copied);
    sandbox.file("project/d/pyvenv.cfg", "home = /usr/bin\n");
    sandbox.file("project/e/pyvenv.cfg", "home = C:\\Python\n");
    assert_eq!(needing(&sandbox, &[], "3.11.2"), ["project/a", "project/b", "project/c"]);
}

#[test]
fn prune_keeps_a_version_that_an_environment_needs() {
    let sandbox = sandbox();
    make_venv(&sandbox, "project/.venv", "3.11.2");
    let tool = run(&sandbox, &["prune", "python", "--unused", "1", "--dry-run"]).succeeds();
    let line = tool.stdout.lines().find(|line| line.contains("3.11.2")).unwrap();
    let venv = sandbox.root().join("project/.venv");
    let reason = format!("needed by the virtual environment {}", venv.display());
    assert!(line.starts_with("keep") && line.contains(&reason), "{tool}");
    // Named by its version it is removed, with the environment's name.
    let named = run(&sandbox, &["prune", "python@3.11.2", "--yes"]).succeeds();
    assert!(named.stdout.contains(&format!("{} needs it", venv.display())), "{named}");
    assert!(!sandbox.toolchain("python", "3.11.2").exists());
}

/// The problems and notes that `use doctor` finds.
fn problems(sandbox: &Sandbox, words: &[(&str, &str)], folder: &str) -> String {
    let mut command = sandbox.use_command(&["doctor"]).directory(folder);
    for (variable, value) in words {
        command = command.variable(variable, value);
    }
    let stdout = command.run().stdout;
    let starts = ["error ", "note ", " "];
    let is_problem = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    let lines: Vec<&str> = stdout.lines().filter(is_problem).collect();
    sandbox.mask(&lines.join("\n"))
}

#[test]
fn doctor_compares_the_environment_with_the_pin() {
    let sandbox = sandbox();
    sandbox.file("project/.python-version", "3.12\n");
    sandbox.folder("project/sub");
    make_venv(&sandbox, "project/.venv", "3.12.1");
    assert_eq!(problems(&sandbox, &[], "project"), "");
    sandbox.file("project/.python-version", "3.11\n");
    insta::assert_snapshot!(problems(&sandbox, &[], "project/sub"), @"
    error  the virtual environment ../.venv has python 3.12.1, but 3.11 is requested by [SANDBOX]/project/.python-version:1 (../.venv/pyvenv.cfg:3)
           hint: python -m venv --clear ../.venv
    ");
    // A constraint that it satisfies, and one that it breaks.
    fs::remove_file(sandbox.root().join("project/.python-version")).unwrap();
    let constraint = |range: &str| {
        sandbox.file("project/pyproject.toml", format!("[project]\nrequires-python = '{range}'\n"));
        problems(&sandbox, &[], "project")
    };
    assert_eq!(constraint(">=3.11"), "");
    assert!(constraint("<3.12").contains("has python 3.12.1, but <3.12 is requested by"));
    // The user's default is no choice of this project's.
    fs::remove_file(sandbox.root().join("project/pyproject.toml")).unwrap();
    sandbox.file("home/.config/usher/tool-versions", "python 3.11\n");
    assert_eq!(problems(&sandbox, &[], "project"), "");
}

#[test]
fn doctor_reports_an_environment_whose_version_is_gone() {
    let sandbox = sandbox();
    sandbox.file("project/.python-version", "3.11\n");
    make_venv(&sandbox, "project/.venv", "3.11.2");
    run(&sandbox, &["uninstall", "python@3.11.2", "--yes"]).succeeds();
    let found = problems(&sandbox, &[], "project");
    let expected =
        "the virtual environment .venv can't run: its python is gone (.venv/pyvenv.cfg:1)";
    assert!(
        found.contains(&format!("error  {expected}\n       hint: python -m venv --clear .venv")),
        "{found}"
    );
    let made_by_uv = "home = /gone\nuv = 0.9.0\nversion_info = 3.11.2\n";
    sandbox.file("project/.venv/pyvenv.cfg", made_by_uv);
    let found = problems(&sandbox, &[], "project");
    assert!(found.contains("uv venv --clear .venv"), "{found}");
    run(&sandbox, &["doctor"]).fails_with(65);
}

#[test]
fn doctor_and_why_speak_of_the_active_environment() {
    let sandbox = sandbox();
    sandbox.file("project/.python-version", "3.12\n");
    make_venv(&sandbox, "elsewhere/env", "3.11.2");
    let venv = sandbox.root().join("elsewhere/env").display().to_string();
    let shims = sandbox.shims().display().to_string();
    let active = format!("{venv}/bin:{shims}:/usr/bin:/bin");
    let found = problems(&sandbox, &[("VIRTUAL_ENV", &venv), ("PATH", &active)], "project");
    insta::assert_snapshot!(found, @"
    error  the virtual environment [SANDBOX]/elsewhere/env has python 3.11.2, but 3.12 is requested by .python-version:1 ([SANDBOX]/elsewhere/env/pyvenv.cfg:3)
           hint: deactivate; python -m venv --clear [SANDBOX]/elsewhere/env
    note   the virtual environment [SANDBOX]/elsewhere/env is active: its python runs, and not the shim's
           hint: to run the version of the folder that you are in: deactivate
    ");
    let behind = format!("{shims}:{venv}/bin:/usr/bin:/bin");
    let found = problems(&sandbox, &[("VIRTUAL_ENV", &venv), ("PATH", &behind)], "project");
    assert!(found.contains("is set, but the shims come first on PATH"), "{found}");
    let why = sandbox.use_command(&["why", "python"]).variable("PATH", &active).run().succeeds();
    let last = sandbox.mask(why.stdout.lines().last().unwrap());
    assert_eq!(
        last,
        "└─ by its name, [SANDBOX]/elsewhere/env/bin/python runs: it comes before the shims on PATH"
    );
    let why = sandbox.use_command(&["why", "python"]).variable("PATH", &behind).run().succeeds();
    assert!(!why.stdout.contains("by its name"), "{why}");
}

#[test]
fn check_fails_for_an_environment_that_git_does_not_ignore() {
    let sandbox = sandbox();
    sandbox.file("project/.python-version", "3.12\n");
    make_venv(&sandbox, "project/.venv", "3.11.2");
    insta::assert_snapshot!(run(&sandbox, &["check"]).transcript(), @"
    exit status: 1
    --- standard output
    python: .python-version:1 pins 3.12
      error: .venv/pyvenv.cfg:3: virtual environment of python 3.11.2: python -m venv --clear .venv
    --- standard error
    usher: 1 of 2 places that name a version disagrees
      hint: make .venv/pyvenv.cfg agree with the pin in .python-version, or change that
    ");
    // One that git ignores is on this machine only.
    sandbox.file("project/.gitignore", ".venv/\n");
    insta::assert_snapshot!(run(&sandbox, &["check"]).transcript(), @"
    exit status: 0
    --- standard output
    note: .venv/pyvenv.cfg:3: the virtual environment on this machine has python 3.11.2, but 3.12 is requested by .python-version:1: python -m venv --clear .venv
    the one place that names a version agrees
    --- standard error
    ");
    // As newer versions make it: ignored by itself.
    fs::remove_file(sandbox.root().join("project/.gitignore")).unwrap();
    sandbox.file("project/.venv/.gitignore", "*\n");
    run(&sandbox, &["check"]).succeeds();
    run(&sandbox, &["uninstall", "python@3.11.2", "--yes"]).succeeds();
    insta::assert_snapshot!(run(&sandbox, &["check"]).transcript(), @"
    exit status: 0
    --- standard output
    note: .venv/pyvenv.cfg:1: the virtual environment on this machine can't run, its python is gone: python -m venv --clear .venv
    the one place that names a version agrees
    --- standard error
    ");
}

#[test]
fn check_agrees_with_an_environment_that_the_pin_allows() {
    let sandbox = sandbox();
    sandbox.file("project/.python-version", "3.12\n");
    make_venv(&sandbox, "project/.venv", "3.12.1");
    sandbox.fake_toolchain("python", "3.12.4");
    let outcome = run(&sandbox, &["check"]).succeeds();
    assert_eq!(outcome.stdout, "all 2 places that name a version agree\n");
}

#[test]
fn links_into_a_removed_version_are_deleted() {
    let sandbox = sandbox();
    let links = sandbox.folder(sandbox.usher().join("additions/python/bin"));
    let removed = sandbox.toolchain("python", "3.11.2").join("bin/python3");
    let kept = sandbox.toolchain("python", "3.12.1").join("bin/python3");
    for (name, target) in [("gone", &removed), ("kept", &kept)] {
        symlink(target, links.join(name)).unwrap();
    }
    symlink("/not/mounted/now", links.join("elsewhere")).unwrap();
    run(&sandbox, &["uninstall", "python@3.11.2", "--yes"]).succeeds();
    let is_link = |name: &str| links.join(name).is_symlink();
    assert_eq!(["gone", "kept", "elsewhere"].map(is_link), [false, true, true]);
}
