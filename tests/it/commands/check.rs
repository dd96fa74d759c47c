//! `use check`: the places that disagree with the active versions, in all kinds of files.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use super::offline_sandbox;
use crate::support::{Outcome, Sandbox};

/// A project that pins node 20.1.0, which is on disk. Requests are exact wherever a version of the
/// machine's own could answer others, too.
fn project() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "20.1.0");
    sandbox.file("project/.nvmrc", "20.1.0\n");
    sandbox
}

fn check(sandbox: &Sandbox) -> Outcome {
    sandbox.use_command(&["check"]).run()
}

#[test]
fn check_prints_one_line_if_all_versions_agree() {
    let sandbox = project();
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    the one place that names a version agrees
    --- standard error
    ");
    sandbox.file("project/Dockerfile", "FROM node:20-alpine\n");
    sandbox.file("project/package.json", r#"{ "engines": { "node": ">=18" } }"#);
    sandbox.file("project/compose.yml", "services: {db: {image: 'postgres:16'}}\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    all 3 places that name a version agree
    --- standard error
    ");
    let sandbox = offline_sandbox();
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    no version that can be compared is named here
    --- standard error
    ");
}

#[test]
fn check_reports_disagreement_in_every_kind_of_file() {
    let sandbox = project();
    sandbox.file("project/.node-version", "18.20.8\n");
    sandbox.file("project/package.json", r#"{ "engines": { "node": "^18" } }"#);
    sandbox.file(
        "project/Dockerfile",
        "# syntax\nARG TAG=16\nFROM node:${TAG}-alpine AS build\nFROM build\n",
    );
    sandbox.file("project/docker/web.Dockerfile", "FROM node:20\nENV NODE_VERSION=14\n");
    sandbox.file("project/compose.yaml", "services:\n  web:\n    image: node:16\n");
    sandbox.file(
        "project/.github/workflows/ci.yml",
        "jobs:\n  test:\n    strategy:\n      matrix:\n        node: [16, 18]\n        all: [16, 20]\n    \
         steps:\n    - with: {node-version: '${{ matrix.node }}'}\n    - with: {node-version: '${{ matrix.all }}'}\n",
    );
    sandbox.file("project/.gitlab-ci.yml", "test:\n  image: node:12\n");
    sandbox.file("project/Pipfile", "[requires]\npython_version = \"3.7\"\n");
    sandbox.file(
        "project/Pipfile.lock",
        "{\n  \"_meta\": {\n    \"requires\": {\n      \"python_version\": \"3.8\"\n    }\n  }\n}\n",
    );
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: usher runs 20.1.0 here (requested by .nvmrc:1)
      .node-version:1: 18.20.8
      package.json: engines.node: ^18
      .github/workflows/ci.yml:5: node-version: 16, 18
      .gitlab-ci.yml:2: image: node:12
      Dockerfile:3: FROM node:16-alpine
      compose.yaml:3: image: node:16
      docker/web.Dockerfile:2: ENV NODE_VERSION=14
    python: 3.7 is requested here by Pipfile:2 (requires.python_version), but not installed
      Pipfile.lock:4: _meta.requires.python_version: 3.8
    --- standard error
    usher: 8 of 12 places that name a version disagree
      hint: change these places, or the pin: use node@18.20.8
    ");
}

#[test]
fn check_compares_version_files_that_no_shim_reads() {
    let sandbox = project();
    sandbox.file("project/.config/mise/conf.d/a.toml", "[tools]\nnode = '18'\n");
    sandbox.file("project/mise.ci.toml", "[tools]\nnode = '16'\n");
    sandbox.fake_toolchain("ruby", "3.1.4");
    sandbox.file("project/.ruby-version", "3.1.4\n");
    sandbox.file(
        "project/a.gemspec",
        "Gem::Specification.new do |spec|\n  spec.required_ruby_version = '>= 3.2', '< 4'\nend\n",
    );
    sandbox.file("project/b.gemspec", "  s.required_ruby_version = RUBY\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: usher runs 20.1.0 here (requested by .nvmrc:1)
      .config/mise/conf.d/a.toml:2: tools.node: 18
    ruby: usher runs 3.1.4 here (requested by .ruby-version:1)
      a.gemspec:2: >= 3.2, < 4
    note: b.gemspec:1: skipped the version of ruby: it is not a plain value
    note: mise.ci.toml:2: not compared: it counts in some environments only
    --- standard error
    usher: 2 of 4 places that name a version disagree
      hint: change these places, or the pin: use node@18
    ");
}

#[test]
fn check_compares_each_folder_with_its_active_version() {
    let sandbox = project();
    sandbox.fake_toolchain("node", "18.20.8");
    sandbox.file("project/old/.tool-versions", "# old\nnodejs 18.20.8\n");
    sandbox.file("project/old/Dockerfile", "FROM node:18\n");
    sandbox.file("project/old/web/Dockerfile", "FROM node:20\n");
    sandbox.file("project/new/Dockerfile", "FROM node:20\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: usher runs 18.20.8 in old (requested by old/.tool-versions:2)
      old/web/Dockerfile:1: FROM node:20
    --- standard error
    usher: 1 of 5 places that name a version disagrees
      hint: change these places, or the pin: use node@20
    ");
    // The project is the same from every folder in it that isn't one itself.
    sandbox.folder("project/new/deep");
    let deep = sandbox.use_command(&["check"]).directory("project/new/deep").run();
    assert_eq!(deep.transcript(), check(&sandbox).transcript());
}

#[test]
fn check_compares_with_the_request_if_not_installed() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "20.99\n");
    sandbox.file("project/Dockerfile", "FROM node:20.99.9\nFROM node:20\nFROM node:16\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: 20.99 is requested here by .nvmrc:1, but not installed
      Dockerfile:3: FROM node:16
    --- standard error
    usher: 1 of 4 places that name a version disagrees
      hint: change these places, or the pin: use node@16
    ");
    assert!(!sandbox.usher().join("toolchains/node").exists(), "nothing is installed");
}

#[test]
fn check_compares_mentions_without_a_version_file() {
    let sandbox = offline_sandbox();
    sandbox.file("project/a/Dockerfile", "FROM node:latest\nFROM node:16\n");
    sandbox.file("project/b/Dockerfile", "FROM node:16.3.0\nFROM node:18\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: not pinned; the first place that names a version is a/Dockerfile:2: FROM node:16
      b/Dockerfile:2: FROM node:18
    note: a/Dockerfile:1: skipped FROM node:latest: it means different versions over time
    --- standard error
    usher: 1 of 3 places that name a version disagrees
      hint: change these places, or the pin: use node@18
    ");

    // What is pinned further down is what a file of the whole project may mean.
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "20.1.0");
    sandbox.file("project/a/.nvmrc", "20.1.0\n");
    sandbox.file("project/b/.nvmrc", "18.99.9\n");
    sandbox.file(
        "project/.gitlab-ci.yml",
        "a: {image: 'node:20'}\nb: {image: 'node:18'}\nc: {image: 'node:16'}\n",
    );
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: usher runs 20.1.0 in a (requested by a/.nvmrc:1)
      .gitlab-ci.yml:3: image: node:16
    --- standard error
    usher: 1 of 5 places that name a version disagrees
      hint: change these places, or the pin: use node@16
    ");
}

#[test]
fn check_accepts_versions_that_satisfy_a_constraint() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "20.99.9");
    sandbox.file("project/package.json", r#"{ "engines": { "node": "^18.99 || ^20.99" } }"#);
    sandbox.file("project/Dockerfile", "FROM node:18\nFROM node:20\nFROM node:16\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: usher runs 20.99.9 here (requested by package.json (engines.node))
      Dockerfile:3: FROM node:16
    --- standard error
    usher: 1 of 4 places that name a version disagrees
      hint: change these places, or the pin: use node@16
    ");
}

#[test]
fn check_respects_variables_and_defaults() {
    let sandbox = project();
    sandbox.fake_toolchain("node", "18.20.8");
    let outcome = sandbox.use_command(&["check"]).variable("NODE_VERSION", "18.20.8").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 1
    --- standard output
    node: usher runs 18.20.8 here (requested by NODE_VERSION)
      .nvmrc:1: 20.1.0
    --- standard error
    usher: the one place that names a version disagrees
      hint: change these places, or the pin: unset NODE_VERSION
    ");
    // Empty is unset.
    let outcome = sandbox.use_command(&["check"]).variable("NODE_VERSION", "").run();
    outcome.succeeds().stdout_is("the one place that names a version agrees");
    sandbox.file("home/.config/usher/tool-versions", "python 3.99\n");
    sandbox.file("project/Dockerfile", "FROM python:3.8\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    python: 3.99 is requested here by your default, [SANDBOX]/home/.config/usher/tool-versions:1, but not installed
      Dockerfile:1: FROM python:3.8
    --- standard error
    usher: 1 of 2 places that name a version disagrees
      hint: change these places, or the pin: use python@3.8
    ");
}

#[test]
fn check_prints_json() {
    let sandbox = project();
    sandbox.file("project/Dockerfile", "FROM node:16\nFROM node:lts\nFROM python:$V\n");
    let outcome = sandbox.use_command(&["check", "--json"]).run().fails_with(1);
    let masked: Value = serde_json::from_str(&sandbox.mask(&outcome.stdout)).unwrap();
    assert_eq!(
        masked,
        json!({
            "agrees": false,
            "project": "[SANDBOX]/project",
            "tools": [{
                "tool": "node",
                "folder": ".",
                "version": "20.1.0",
                "request": "20.1.0",
                "requested_by": ".nvmrc:1",
            }],
            "mentions": [
                {
                    "tool": "node",
                    "file": ".nvmrc",
                    "line": 1,
                    "kind": "pin",
                    "text": "20.1.0",
                    "requests": ["20.1.0"],
                    "agrees": true,
                },
                {
                    "tool": "node",
                    "file": "Dockerfile",
                    "line": 1,
                    "kind": "image",
                    "text": "FROM node:16",
                    "requests": ["16"],
                    "agrees": false,
                },
                {
                    "tool": "node",
                    "file": "Dockerfile",
                    "line": 2,
                    "kind": "image",
                    "text": "FROM node:lts",
                    "requests": ["lts"],
                    "agrees": null,
                },
            ],
            "notes": [
                {
                    "file": "Dockerfile",
                    "line": 2,
                    "what": "skipped FROM node:lts: it means different versions over time",
                },
                {
                    "file": "Dockerfile",
                    "line": 3,
                    "what": "skipped FROM python:$V: the image's tag is unknown",
                },
            ],
        })
    );
    sandbox.file("project/Dockerfile", "FROM node:20\n");
    let outcome = sandbox.use_command(&["check", "--json"]).run().succeeds();
    assert_eq!(outcome.json()["agrees"], true);
}

#[test]
fn check_fails_on_an_invalid_version_file() {
    let sandbox = project();
    sandbox.file("project/deep/.nvmrc", "../../x\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 65
    --- standard output
    --- standard error
    error: invalid node version “../../x” (requested by [SANDBOX]/project/deep/.nvmrc:1)
      expected a version, a range or an alias
      hint: use node
    ");
    // One that loses, too.
    sandbox.file("project/deep/.nvmrc", "20\n");
    sandbox.file("project/deep/.node-version", "\n");
    let outcome = sandbox.use_command(&["check", "--json"]).run().fails_with(65);
    assert_eq!(outcome.json()["error"]["exit"], 65);
}

#[test]
fn check_notes_other_invalid_files() {
    let sandbox = project();
    sandbox.file("project/Dockerfile", b"\x7fELF\x00\xff\xfe");
    sandbox.file("project/Containerfile", "FROM node:20\0");
    sandbox.file("project/compose.yml", "services: [\n");
    sandbox.file("project/.gitlab-ci.yml", "a: \"\u{1b}[31m");
    sandbox.file("project/Pipfile", "[requires]\npython_version\n");
    sandbox.file("project/Pipfile.lock", "[[");
    sandbox.file("project/package.json", "{");
    sandbox.folder("project/docker/Dockerfile");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    note: can't parse [SANDBOX]/project/Pipfile: line 2: key with no value
    note: .gitlab-ci.yml: skipped: line 1: invalid YAML: while scanning a quoted scalar, found unexpected end of stream
    note: Containerfile: not a Dockerfile: it contains NUL bytes
    note: Dockerfile: skipped: line 1 is not UTF-8
    note: Pipfile.lock: skipped: EOF while parsing a list at line 1 column 2
    note: compose.yml: skipped: line 2: invalid YAML: while parsing a node, did not find expected node content
    the one place that names a version agrees
    --- standard error
    ");
}

#[test]
fn check_bounds_the_cost_of_hostile_files() {
    let sandbox = project();
    let mut bomb = "a0: &a0 {x: {image: 'node:16'}}\n".to_owned();
    for level in 1..25 {
        let inside = format!("*a{}, ", level - 1).repeat(10);
        let _ = writeln!(bomb, "a{level}: &a{level} {{<<: [{inside}]}}");
    }
    bomb.push_str("services: *a24\n");
    sandbox.file("project/a/compose.yml", &bomb);
    sandbox.file("project/b/compose.yml", "[".repeat(1 << 20));
    sandbox.file("project/c/compose.yml", "- ".repeat(1 << 20));
    sandbox.file("project/d/compose.yml", "a: b\n".repeat(1 << 20));
    sandbox.file("project/e/compose.yml", "a: b\n".repeat(300_000));
    let chain: String =
        (0..12).map(|n| format!("  V{n}: '{}'\n", format!("$V{}", n + 1).repeat(40))).collect();
    sandbox
        .file("project/f/.gitlab-ci.yml", format!("variables:\n{chain}a: {{image: 'node:$V0'}}\n"));
    let chain: String = (0..12)
        .map(|n| format!("  V{n}: '{}'\n", format!("${{{{env.V{}}}}}", n + 1).repeat(20)))
        .collect();
    sandbox.file(
        "project/g/.github/workflows/ci.yml",
        format!("env:\n{chain}  NODE_VERSION: '${{{{env.V0}}}}'\n"),
    );
    sandbox.file("project/h/Dockerfile", "RUN <<A\nFROM node:16 AS x\n".repeat(100_000));
    sandbox.file("project/i/Dockerfile", "FROM node:16\u{1b}[31m\u{202e}\n");
    let outcome = check(&sandbox);
    let short: String = outcome
        .stdout
        .lines()
        .filter(|line| !line.contains("h/Dockerfile"))
        .map(|line| format!("{line}\n"))
        .collect();
    insta::assert_snapshot!(short, @r#"
    node: usher runs 20.1.0 here (requested by .nvmrc:1)
    note: a/compose.yml: skipped: line 6: it expands to more than 100000 values
    note: b/compose.yml: skipped: line 1: invalid YAML: recursion limit exceeded
    note: c/compose.yml: skipped: line 1: values are nested more than 64 levels deep
    note: d/compose.yml: can't read it: it is larger than 4 MiB
    note: e/compose.yml: skipped: line 50001: it expands to more than 100000 values
    note: f/.gitlab-ci.yml:14: skipped image: node:$$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V1$V: the image's tag is unknown
    note: g/.github/workflows/ci.yml:2: skipped NODE_VERSION: $${{ env.V3 }}${{ env.V2 }}${{ env.V2 }}${{ env.V2 }}${{ env.V2 }}${{ env.V2 }}${{ env.V2 }}${{ env.V2 }}$: its value is unknown
    note: i/Dockerfile:1: skipped FROM node:16\u{1b}[31m\u{202e}: it means different versions over time
    "#);
    assert_eq!(
        outcome.stdout.matches("h/Dockerfile:").count(),
        1001,
        "the first thousand, and a note"
    );
}

/// Each of these files took from 94 to 737 MB of memory once. A process gets 95 MB of addresses here;
/// a check of an empty project takes about half of them.
#[test]
fn check_bounds_its_memory() {
    let many = |text: &str| text.repeat((4 << 20) / text.len() - 100);
    let variables: String = (0..310_000).map(|n| format!("ENV A{n}=1\n")).collect();
    let cases = [
        (".tool-versions", format!("node {}\n", many("1 "))),
        (".nvmrc", many("20\n")),
        ("mise.toml", format!("[tools]\nnode = [{}]\n", many("'20',"))),
        ("pyproject.toml", format!("[project]\nrequires-python = '3'\nx = [{}]\n", many("1,"))),
        ("Dockerfile", format!("FROM node:20\n{variables}")),
        ("Pipfile.lock", format!("{{\"default\": [{}0]}}", many("0,"))),
    ];
    for (name, text) in cases {
        let sandbox = project();
        sandbox.file(Path::new("project").join(name), text);
        let shell = sandbox.command("/bin/sh").arguments(["-c", "ulimit -v 95000; exec use check"]);
        let outcome = shell.run();
        let code = outcome.status.code();
        assert!(matches!(code, Some(0 | 1 | 65)), "{name}: {}", outcome.status);
    }
    let sandbox = project();
    for folder in 0..30 {
        let lines: String = (0..1000).map(|n| format!("FROM node:{n}\n")).collect();
        sandbox.file(format!("project/{folder}/Dockerfile"), lines);
    }
    let outcome = check(&sandbox);
    let note = "note: the rest is skipped: more than 20000 versions are named\n";
    assert!(outcome.stdout.contains(note), "{}", outcome.stdout.len());
    assert!(outcome.stderr.contains(" of 20000 places "), "{}", outcome.stderr);
}

#[test]
fn check_skips_dependencies_and_ignored_files() {
    let sandbox = project();
    for folder in ["node_modules/x", "site-packages", "vendor/bundle", ".git", "other"] {
        sandbox.file(format!("project/{folder}/Dockerfile"), "FROM node:16\n");
    }
    sandbox.folder("project/other/.git");
    sandbox.file("project/.gitignore", "/ignored\n");
    sandbox.file("project/ignored/Dockerfile", "FROM node:16\n");
    sandbox.file("outside/Dockerfile", "FROM node:16\n");
    sandbox.folder("project/links");
    symlink(sandbox.root().join("outside"), sandbox.project().join("links/folder")).unwrap();
    symlink("../../outside/Dockerfile", sandbox.project().join("links/Dockerfile")).unwrap();
    symlink(".", sandbox.project().join("links/circle")).unwrap();
    sandbox.file("Dockerfile", "FROM node:16\n");
    check(&sandbox).succeeds().stdout_is("the one place that names a version agrees");
    // A link that stays inside is read in place.
    sandbox.file("project/docker/web", "FROM node:16\n");
    symlink("../docker/web", sandbox.project().join("links/web.Dockerfile")).unwrap();
    check(&sandbox).fails_with(1).stdout_has_line("  links/web.Dockerfile:1: FROM node:16");
}

#[test]
fn check_writes_nothing() {
    let sandbox = project();
    sandbox.file("project/Dockerfile", "FROM node:16\n");
    sandbox.file("project/package.json", r#"{ "engines": { "node": "22" } }"#);
    let before = sandbox.tree("");
    check(&sandbox).fails_with(1);
    super::assert_unchanged(&sandbox, "", &before, "use check");
}
