//! `use check` for other programs, and `use check --fix`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::json;

use super::{offline_sandbox, skipped};
use crate::support::{Outcome, Sandbox, TestCommand};

/// A project that pins node 20.1.0.
fn project() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "20.1.0\n");
    sandbox
}

/// With the system's own programs behind the shims.
fn with_system(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> TestCommand {
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", sandbox.shims().display());
    sandbox.command(program).arguments(arguments).variable("PATH", path)
}

fn check(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.use_command(&[&["check"], arguments].concat()).run()
}

const MATRIX: &str = "on: push\njobs:\n  test:\n    strategy:\n      matrix:\n        node: [16, 18]\n    \
                      steps:\n    - uses: actions/setup-node@v4\n      with: {node-version: '${{ matrix.node }}'}\n    \
                      - uses: actions/setup-node@v4\n      with: {node-version: 16.x}\n";

#[test]
fn findings_are_annotations_of_github() {
    let sandbox = project();
    sandbox.file("project/a, b/Dockerfile", "FROM node:16\nFROM node:latest\n");
    sandbox.file(
        "project/ci/compose.yml",
        "services: {a: {image: 'python:3.10'}, b: {image: 'python:3.11'}}\n",
    );
    insta::assert_snapshot!(check(&sandbox, &["--github"]).transcript(), @"
    exit status: 1
    --- standard output
    ::error file=a%2C b/Dockerfile,line=1,title=use check%3A versions-differ::node: FROM node:16, but .nvmrc:1 pins 20.1.0
    ::warning file=ci/compose.yml,line=1,title=use check%3A versions-differ::python: image: python:3.11, but nothing pins it, and ci/compose.yml:1 says image: python:3.10
    ::notice file=a%2C b/Dockerfile,line=2,title=use check%3A not-compared::not compared, it means different versions over time: FROM node:latest
    --- standard error
    usher: 2 of 4 places that name a version disagree
      hint: change these places (use check --fix), or what pins the tools
    ");
    // The checkout may be anywhere around the project, or elsewhere.
    let in_workspace = |folder: &str| {
        let command = sandbox.use_command(&["check", "--github"]);
        command.variable("GITHUB_WORKSPACE", sandbox.root().join(folder)).run().fails_with(1).stdout
    };
    assert!(in_workspace("").contains("::error file=project/a%2C b/Dockerfile,line=1,"));
    assert!(in_workspace("home").contains("::error file=a%2C b/Dockerfile,line=1,"));
}

#[test]
fn findings_are_reports_of_other_programs() {
    let sandbox = project();
    sandbox.file("project/a b/Dockerfile", "\nFROM node:16\nFROM node:latest\n");
    let quality = check(&sandbox, &["--code-quality"]).fails_with(1);
    assert_eq!(quality.stderr, "");
    let issues = quality.json();
    assert_eq!(issues[0]["location"], json!({ "path": "a b/Dockerfile", "lines": { "begin": 2 } }));
    assert_eq!(issues[0]["severity"], "major");
    assert_eq!(issues[1]["severity"], "info");
    let sarif = check(&sandbox, &["--sarif"]).fails_with(1);
    assert_eq!(sarif.stderr, "");
    let run = &sarif.json()["runs"][0];
    let place = &run["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(
        *place,
        json!({
            "artifactLocation": { "uri": "a%20b/Dockerfile", "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": 2 },
        })
    );
    // What a fingerprint is made of doesn't change with what is above.
    sandbox.file("project/a b/Dockerfile", "\n\n\nFROM node:16\nFROM node:latest\n");
    let moved = check(&sandbox, &["--code-quality"]).json();
    assert_eq!(moved[0]["location"]["lines"]["begin"], 4);
    assert_eq!(moved[0]["fingerprint"], issues[0]["fingerprint"]);
    sandbox.file("project/a b/Dockerfile", "FROM node:20\n");
    assert_eq!(check(&sandbox, &["--code-quality"]).succeeds().json(), json!([]));
    check(&sandbox, &["--sarif"]).succeeds();
    check(&sandbox, &["--github"]).succeeds().stdout_is("");
}

#[test]
fn outputs_exclude_each_other() {
    let sandbox = project();
    let formats = ["--github", "--code-quality", "--sarif", "--json", "--fix"];
    for (place, one) in formats.iter().enumerate() {
        for other in &formats[place + 1..] {
            check(&sandbox, &[one, other]).fails_with(2);
        }
    }
    check(&sandbox, &["--dry-run"]).fails_with(2);
}

#[test]
fn paths_are_those_to_type_in_the_working_directory() {
    let sandbox = project();
    sandbox.file("project/a/Dockerfile", "FROM node:16\n");
    sandbox.file("project/a/b/compose.yml", "services: {a: {image: 'node:18'}}\n");
    let outcome = sandbox.use_command(&["check"]).directory("project/a/b").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 1
    --- standard output
    node: ../../.nvmrc:1 pins 20.1.0
      error: ../Dockerfile:1: FROM node:16
      error: compose.yml:1: image: node:18
    --- standard error
    usher: 2 of 3 places that name a version disagree
      hint: change ../Dockerfile and compose.yml to 20.1.0 (use check --fix), or the pin in ../../.nvmrc
    ");
}

#[test]
fn fixes_are_shown_and_made() {
    let sandbox = project();
    sandbox.file("project/.node-version", "v16.3.0\r\n");
    sandbox.file("project/Dockerfile", "FROM node:v16-alpine\r\nRUN x\r\nFROM node:16.3.0 AS b");
    sandbox.file("project/Dockerfile.digest", "FROM node:16@sha256:0123\n");
    sandbox.file("project/compose.yml", "services:\n  a:\n    image: 'node:18.1' # web\n");
    sandbox.file("project/.github/workflows/ci.yml", MATRIX);
    let before = sandbox.tree("project");
    let shown = check(&sandbox, &["--fix", "--dry-run"]);
    insta::assert_snapshot!(shown.transcript().replace('\r', "<CR>"), @r#"
    exit status: 1
    --- standard output
    --- a/.github/workflows/ci.yml
    +++ b/.github/workflows/ci.yml
    @@ -8,4 +8,4 @@
         - uses: actions/setup-node@v4
           with: {node-version: '${{ matrix.node }}'}
         - uses: actions/setup-node@v4
    -      with: {node-version: 16.x}
    +      with: {node-version: 20.x}
    --- a/.node-version
    +++ b/.node-version
    @@ -1 +1 @@
    -v16.3.0<CR>
    +v20.1.0<CR>
    --- a/Dockerfile
    +++ b/Dockerfile
    @@ -1,3 +1,3 @@
    -FROM node:v16-alpine<CR>
    +FROM node:v20-alpine<CR>
     RUN x<CR>
    -FROM node:16.3.0 AS b
    \ No newline at end of file
    +FROM node:20.1.0 AS b
    \ No newline at end of file
    --- a/compose.yml
    +++ b/compose.yml
    @@ -1,3 +1,3 @@
     services:
       a:
    -    image: 'node:18.1' # web
    +    image: 'node:20.1' # web
    --- standard error
    usher: left as it is: .github/workflows/ci.yml:6: it names several versions
    usher: left as it is: Dockerfile.digest:1: its digest is of that version
    usher: would change 5 places in 4 files; 2 are left
    "#);
    assert_eq!(before.changes(&sandbox.tree("project")), [""; 0]);
    // Other programs take the diff.
    let copy = sandbox.folder("copy");
    for name in [".node-version", "Dockerfile", "compose.yml", ".github/workflows/ci.yml"] {
        sandbox.file(Path::new("copy").join(name), sandbox.read(Path::new("project").join(name)));
    }
    sandbox.file("diff", &shown.stdout);
    let apply = with_system(&sandbox, "/bin/sh", &["-c", "git apply ../diff"]);
    let applied = apply.directory(copy).run();
    let is_applied = applied.status.code() != Some(127);
    if is_applied {
        applied.succeeds();
    } else {
        skipped("there is no Git; whether it takes a diff isn't tested");
    }

    let made = check(&sandbox, &["--fix"]);
    insta::assert_snapshot!(made.stderr, @"
    usher: left as it is: .github/workflows/ci.yml:6: it names several versions
    usher: left as it is: Dockerfile.digest:1: its digest is of that version
    usher: changed 5 places in 4 files; 2 are left
    usher: 1 of 8 places that name a version disagrees
      hint: change Dockerfile.digest to 20.1.0, or the pin: use node@16
    ");
    made.fails_with(1);
    let texts = [
        (".node-version", "v20.1.0\r\n".to_owned()),
        ("Dockerfile", "FROM node:v20-alpine\r\nRUN x\r\nFROM node:20.1.0 AS b".to_owned()),
        ("Dockerfile.digest", "FROM node:16@sha256:0123\n".to_owned()),
        ("compose.yml", "services:\n  a:\n    image: 'node:20.1' # web\n".to_owned()),
        (".github/workflows/ci.yml", MATRIX.replace("16.x", "20.x")),
    ];
    for (name, text) in texts {
        assert_eq!(sandbox.read(Path::new("project").join(name)), text, "{name}");
        if is_applied && name != "Dockerfile.digest" {
            assert_eq!(sandbox.read(Path::new("copy").join(name)), text, "{name}");
        }
    }
    // Nothing is left to do.
    let again = check(&sandbox, &["--fix"]).fails_with(1);
    assert!(again.stderr.contains("nothing to change; 1 is left"), "{again}");
}

#[test]
fn a_project_that_is_fixed_agrees() {
    let sandbox = project();
    sandbox.file("project/Dockerfile", "FROM node:16\n");
    fs::set_permissions(sandbox.root().join("project/Dockerfile"), Permissions::from_mode(0o640))
        .unwrap();
    let outcome = sandbox.use_command(&["check", "--fix"]).directory("project").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    --- a/Dockerfile
    +++ b/Dockerfile
    @@ -1 +1 @@
    -FROM node:16
    +FROM node:20
    --- standard error
    usher: changed 1 place in 1 file
    ");
    assert_eq!(sandbox.read("project/Dockerfile"), "FROM node:20\n");
    let mode = fs::metadata(sandbox.root().join("project/Dockerfile")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn numbers_get_quotes() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.python-version", "3.10\n");
    let workflow = |version: &str| {
        format!(
            "on: push\njobs:\n  a:\n    steps:\n    - uses: actions/setup-python@v5\n      with:\n        python-version: {version}\n"
        )
    };
    let path = "project/.github/workflows/ci.yml";
    for old in ["3.10", "3.9", "'3.9'"] {
        sandbox.file(path, workflow(old));
        check(&sandbox, &["--fix"]).succeeds();
        assert_eq!(sandbox.read(path), workflow("'3.10'"), "{old}");
    }
    sandbox.file(path, workflow("3.10"));
    insta::assert_snapshot!(check(&sandbox, &[]).transcript(), @"
    exit status: 1
    --- standard output
    python: .python-version:1 pins 3.10
      error: .github/workflows/ci.yml:7: python-version: 3.10, which is 3.1 without quotes
    --- standard error
    usher: 1 of 2 places that name a version disagrees
      hint: quote it: '3.10' (use check --fix)
    ");
}

#[test]
fn what_is_not_to_be_written_is_left() {
    let sandbox = project();
    let [read_only, linked] = ["Dockerfile", "real/Dockerfile"]
        .map(|name| sandbox.file(Path::new("project").join(name), "FROM node:16\n"));
    fs::set_permissions(&read_only, Permissions::from_mode(0o444)).unwrap();
    symlink("real/Dockerfile", sandbox.root().join("project/Containerfile")).unwrap();
    sandbox.file("project/twice/Dockerfile", "FROM node:16 AS node-16\n");
    sandbox.file("project/flavour/Dockerfile", "FROM node:16.0.0-rc.1\n");
    sandbox.file("project/elsewhere/Dockerfile", "ARG TAG=16\nFROM node:$TAG\n");
    sandbox.file("project/package.json", r#"{ "engines": { "node": "^16" } }"#);
    let outcome = check(&sandbox, &["--fix"]).fails_with(1);
    insta::assert_snapshot!(outcome.stderr, @"
    usher: left as it is: Containerfile:1: a link leads to it
    usher: left as it is: Dockerfile:1: it is read-only
    usher: left as it is: elsewhere/Dockerfile:2: its value is set elsewhere
    usher: left as it is: flavour/Dockerfile:1: it isn't a plain version
    usher: left as it is: package.json: it is no single version
    usher: left as it is: twice/Dockerfile:1: that version is on its line twice
    usher: changed 1 place in 1 file; 6 are left
    usher: 5 of 8 places that name a version disagree
      hint: make these 5 files agree with the pin in .nvmrc, or change that
    ");
    assert_eq!(fs::read_to_string(read_only).unwrap(), "FROM node:16\n");
    assert_eq!(fs::read_to_string(linked).unwrap(), "FROM node:20\n");
    assert!(sandbox.root().join("project/Containerfile").is_symlink());
}

/// Two version files below decide for a workflow, and it is unknown which one it must follow.
#[test]
fn a_job_that_could_follow_either_pin_is_left() {
    let sandbox = offline_sandbox();
    sandbox.file("project/a/.nvmrc", "18\n");
    sandbox.file("project/b/.nvmrc", "20\n");
    let workflow = "on: push\njobs:\n  a:\n    steps:\n    - uses: actions/setup-node@v4\n      with: {node-version: 16}\n";
    sandbox.file("project/.github/workflows/ci.yml", workflow);
    let outcome = check(&sandbox, &["--fix"]).fails_with(1);
    outcome.stderr_contains("several version files pin it, and differ");
    assert_eq!(sandbox.read("project/.github/workflows/ci.yml"), workflow);
    sandbox.file("project/b/.nvmrc", "18\n");
    check(&sandbox, &["--fix"]).succeeds();
    assert_eq!(sandbox.read("project/.github/workflows/ci.yml"), workflow.replace("16", "18"));
}

/// Nothing is changed that couldn't be shown before.
#[test]
fn nothing_is_changed_unseen() {
    let sandbox = project();
    sandbox.file("project/Dockerfile", "FROM node:16\n");
    let line = "exec use check --fix > /dev/full";
    sandbox.command("/bin/sh").arguments(["-c", line]).run().fails_with(74);
    assert_eq!(sandbox.read("project/Dockerfile"), "FROM node:16\n");
}

#[test]
fn a_full_disk_leaves_the_file() {
    let sandbox = project();
    sandbox.file("project/full/Dockerfile", "");
    let run = |line: &str| {
        let line = format!("mount -t tmpfs -o size=64k tmpfs full || exit 99; {line}");
        with_system(&sandbox, "unshare", &["--mount", "/bin/sh", "-c", &line]).run()
    };
    if run("true").status.code() != Some(0) {
        skipped("can't mount a file system here; full disks aren't tested");
        return;
    }
    let outcome =
        run("echo FROM node:16 > full/Dockerfile; cat /dev/zero > full/zero 2> /dev/null; \
         use check --fix > /dev/null; code=$?; cat full/Dockerfile; ls -A full; exit $code");
    let outcome = outcome.fails_with(74).stderr_contains("No space left on device");
    outcome.stdout_is("FROM node:16\nDockerfile\nzero");
}
