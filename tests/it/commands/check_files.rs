//! `use check`: which files of a project are read, and which are left out.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::offline_sandbox;
use crate::support::{Outcome, Sandbox};

/// The note about left-out files, for this many.
fn left_out(count: usize) -> String {
    let (files, are) = if count == 1 { ("file", "isn't") } else { ("files", "aren't") };
    format!(
        "note: {count} {files} in fixtures, examples, templates or test data {are} compared: use check --all"
    )
}

/// A project that pins node 20.1.0, and has an image that agrees.
fn project() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "20.1.0\n");
    sandbox.file("project/Dockerfile", "FROM node:20\n");
    sandbox
}

fn check(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.use_command(&[&["check"], arguments].concat()).run()
}

/// The places of a check's findings, each with its level: `error Dockerfile:1`. Notes about the whole
/// project aren't among them.
#[track_caller]
fn findings(outcome: &Outcome) -> Vec<String> {
    let line = |line: &str| {
        let (level, rest) = line.trim_start().split_once(": ")?;
        let place = rest.split(": ").next()?;
        let is_place = ["error", "warning", "note"].contains(&level) && !place.contains(' ');
        is_place.then(|| format!("{level} {place}"))
    };
    outcome.stdout.lines().filter_map(line).collect()
}

#[test]
fn fixtures_examples_and_templates_are_left_out() {
    let sandbox = project();
    let left =
        ["fixtures/a", "examples/a", "x/__fixtures__", "tests/a", "templates", "third_party/a"];
    for folder in left {
        sandbox.file(format!("project/{folder}/Dockerfile"), "FROM node:16\n");
    }
    // Nothing is read there, not even what would be an error by itself.
    sandbox.file("project/tests/fixtures/b/.python-version", "\n");
    sandbox.file("project/examples/readme.txt", "\n");
    let outcome = check(&sandbox, &[]).succeeds().stdout_has_line(&left_out(7));
    assert_eq!(findings(&outcome), [""; 0], "{}", outcome.stdout);
    let outcome = check(&sandbox, &["--all"]).fails_with(1);
    assert_eq!(findings(&outcome).len(), 7, "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("use check --all"), "{}", outcome.stdout);

    // Files of the folder of tests itself count.
    sandbox.file("project/tests/Dockerfile", "FROM node:16\n");
    let outcome = check(&sandbox, &[]).fails_with(1);
    assert_eq!(findings(&outcome), ["error tests/Dockerfile:1"], "{}", outcome.stdout);

    // An example that is checked by itself isn't left out.
    sandbox.file("project/examples/a/.nvmrc", "18\n");
    let example = sandbox.use_command(&["check"]).directory("project/examples/a").run();
    let expected = ["error Dockerfile:1"];
    assert_eq!(findings(&example.fails_with(1)), expected);
}

#[test]
fn generated_and_vendored_files_are_left_out() {
    let sandbox = project();
    sandbox.file("project/gen/Dockerfile", "FROM node:16\n");
    sandbox.file("project/deps/Dockerfile", "FROM node:16\n");
    sandbox.file("project/deps/own/Dockerfile", "FROM node:14\n");
    sandbox.file(
        "project/.gitattributes",
        "gen/* linguist-generated=true\ndeps/** linguist-vendored\n",
    );
    check(&sandbox, &[]).succeeds().stdout_has_line(&left_out(3));
    sandbox.file("project/deps/own/.gitattributes", "* -linguist-vendored\n");
    let outcome = check(&sandbox, &[]).fails_with(1).stdout_has_line(&left_out(2));
    assert_eq!(findings(&outcome), ["error deps/own/Dockerfile:1"], "{}", outcome.stdout);
    let outcome = check(&sandbox, &["--all"]).fails_with(1);
    assert_eq!(findings(&outcome).len(), 3, "{}", outcome.stdout);
}

#[test]
fn workflows_count_in_the_projects_own_folder() {
    let sandbox = project();
    let workflow = "jobs: {a: {steps: [{with: {node-version: 16}}]}}\n";
    sandbox.file("project/packages/a/.github/workflows/ci.yml", workflow);
    sandbox.file("project/examples/a/.github/workflows/ci.yml", workflow);
    sandbox.file("project/packages/a/.gitlab-ci.yml", "a: {image: 'node:16'}\n");
    let nested = "note: 2 nested CI files aren't compared, since services look in the repository's \
                  own folder: use check --all";
    check(&sandbox, &[]).succeeds().stdout_has_line(nested).stdout_has_line(&left_out(1));
    let outcome = check(&sandbox, &["--all"]).fails_with(1);
    assert_eq!(findings(&outcome).len(), 3, "{}", outcome.stdout);
    sandbox.file("project/.github/workflows/ci.yml", workflow);
    let outcome = check(&sandbox, &[]).fails_with(1);
    let expected = ["error .github/workflows/ci.yml:1"];
    assert_eq!(findings(&outcome), expected, "{}", outcome.stdout);
}

#[test]
fn files_are_ignored_by_usherignore() {
    let sandbox = project();
    sandbox.file("project/legacy/Dockerfile", "FROM node:16\n");
    sandbox.file("project/legacy/.node-version", "\n");
    sandbox.file("project/a/Dockerfile", "FROM node:16\n");
    sandbox.file("project/a/b/Dockerfile", "FROM node:14\n");
    let expected =
        ["error legacy/.node-version:1", "error a/Dockerfile:1", "error a/b/Dockerfile:1"];
    let mut found = findings(&check(&sandbox, &[]).fails_with(1));
    found.retain(|one| one.starts_with("error"));
    found.sort();
    let mut expected = expected.map(str::to_owned);
    expected.sort();
    assert_eq!(found[..2], expected[..2]);

    sandbox.file("project/.usherignore", "# old\nlegacy/\n/a/Dockerfile\nnothing\n[z-a]\n");
    sandbox.file("project/a/b/.usherignore", "Dockerfile\n");
    let outcome = check(&sandbox, &[]).succeeds();
    assert_eq!(findings(&outcome), ["note .usherignore:5", "note .usherignore:4"]);
    let unused = "note: .usherignore:4: unused: nothing to ignore here";
    outcome.stdout_has_line(unused);
    // What is ignored is so with --all, too.
    check(&sandbox, &["--all"]).succeeds();
    // Only this command reads it.
    sandbox.file("project/.usherignore", ".nvmrc\n");
    let why = sandbox.use_command(&["why", "node"]).run();
    assert!(why.transcript().contains(".nvmrc"), "{}", why.transcript());
}

#[test]
fn places_are_ignored_by_a_comment() {
    let sandbox = project();
    sandbox.file(
        "project/Dockerfile",
        "# usher: ignore, the old one\nFROM node:16\nFROM node:20\n# usher: ignore\nRUN a\n",
    );
    sandbox.file("project/compose.yml", "services:\n  a:\n    image: node:14 # usher: ignore\n");
    sandbox.file("project/mise.toml", "[tools]\n# usher: ignore\nnode = '18'\n");
    sandbox.file(
        "project/old/.tool-versions",
        "nodejs 18 # usher: ignore\npython x/y # usher: ignore\n",
    );
    let outcome = check(&sandbox, &[]).succeeds();
    assert_eq!(findings(&outcome), ["note Dockerfile:4"], "{}", outcome.stdout);
    outcome.stdout_has_line("note: Dockerfile:4: unused: nothing to ignore here");
    sandbox.file("project/compose.yml", "services:\n  a:\n    image: node:14\n");
    let outcome = check(&sandbox, &[]).fails_with(1);
    assert_eq!(findings(&outcome), ["error compose.yml:3", "note Dockerfile:4"]);
}

#[test]
fn a_folder_that_is_no_project_is_told_at_once() {
    let sandbox = offline_sandbox();
    let place = |folder: &str| sandbox.use_command(&["check"]).directory(folder).run();
    sandbox.file("data/a/b/readme.txt", "\n");
    sandbox.file("data/a/b/c/d/e/Dockerfile", "FROM node:16\n");
    insta::assert_snapshot!(place("data").transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: no project here: [SANDBOX]/data
      hint: cd to a project's folder, then: use check
    ");
    assert_eq!(place("home").status.code(), Some(2));
    // A file that is read makes it one.
    sandbox.file("data/a/Dockerfile", "FROM node:18\n");
    place("data").succeeds();
    // So does anything that marks a project, whatever is in it.
    sandbox.file("other/Makefile", "\n");
    place("other").succeeds();
}

#[test]
fn what_cant_be_read_is_told_and_the_rest_compared() {
    let sandbox = project();
    sandbox.file("project/shut/Dockerfile", "FROM node:16\n");
    sandbox.file("project/secret/Dockerfile", "FROM node:16\n");
    sandbox.file("project/other/Dockerfile", "FROM node:14\n");
    let odd = OsStr::from_bytes(b"project/odd-\xff/Dockerfile");
    sandbox.file(odd, "FROM node:12\n");
    symlink("gone", sandbox.project().join("Containerfile")).unwrap();
    symlink(".", sandbox.project().join("circle")).unwrap();
    let mode = |path: &str, mode: u32| {
        let path = sandbox.project().join(path);
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    mode("shut", 0o000);
    mode("secret/Dockerfile", 0o000);
    let is_readable = fs::read_dir(sandbox.project().join("shut")).is_ok();
    let outcome = match is_readable {
        // Root can read everything.
        true => {
            sandbox.open_to_all();
            sandbox.use_command(&["check"]).with_user_nobody().run()
        }
        false => check(&sandbox, &[]),
    };
    mode("shut", 0o755);
    let expected = [
        "error odd-\\xff/Dockerfile:1",
        "error other/Dockerfile:1",
        "note secret/Dockerfile",
        "note shut",
    ];
    let mut found = findings(&outcome.fails_with(1));
    found.sort();
    assert_eq!(found, expected);
}
