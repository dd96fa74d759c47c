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
    no versions to compare are named here
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
    node: .nvmrc:1 pins 20.1.0
      error: .node-version:1: 18.20.8
      error: package.json: engines.node: ^18
      error: .gitlab-ci.yml:2: image: node:12
      error: Dockerfile:3: FROM node:16-alpine
      error: compose.yaml:3: image: node:16
      error: docker/web.Dockerfile:2: ENV NODE_VERSION=14
    python: nothing pins it, and Pipfile:2 says requires.python_version: 3.7
      warning: Pipfile.lock:4: _meta.requires.python_version: 3.8
    --- standard error
    usher: 7 of 12 places that name a version disagree
      hint: change these places (use check --fix), or what pins the tools
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
    node: .nvmrc:1 pins 20.1.0
      error: .config/mise/conf.d/a.toml:2: tools.node: 18
    ruby: .ruby-version:1 pins 3.1.4
      error: a.gemspec:2: >= 3.2, < 4
    note: b.gemspec:1: its version of ruby isn't compared: it is not a plain value
    note: mise.ci.toml:2: not compared: it counts in some environments only
    --- standard error
    usher: 2 of 4 places that name a version disagree
      hint: change these places (use check --fix), or what pins the tools
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
    node: old/.tool-versions:2 pins 18.20.8
      error: old/web/Dockerfile:1: FROM node:20
    --- standard error
    usher: 1 of 5 places that name a version disagrees
      hint: change old/web/Dockerfile to 18.20.8 (use check --fix), or the pin in old/.tool-versions
    ");
    // The project is the same from every folder in it that isn't one itself.
    sandbox.folder("project/new/deep");
    let deep = sandbox.use_command(&["check"]).directory("project/new/deep").run();
    assert_eq!(deep.transcript().replace("../../", ""), check(&sandbox).transcript());
}

/// What is installed, set or the user's default makes no difference: a project has one answer.
#[test]
fn check_is_the_same_on_every_machine() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "20\n");
    sandbox.file("project/Dockerfile", "FROM node:20.11.1-alpine\nFROM node:16\n");
    let without = check(&sandbox);
    insta::assert_snapshot!(without.transcript(), @"
    exit status: 1
    --- standard output
    node: .nvmrc:1 pins 20
      error: Dockerfile:2: FROM node:16
    --- standard error
    usher: 1 of 3 places that name a version disagrees
      hint: change Dockerfile to 20 (use check --fix), or the pin: use node@16
    ");
    assert!(!sandbox.usher().join("toolchains/node").exists(), "nothing is installed");
    sandbox.fake_toolchain("node", "20.20.2");
    sandbox.file("home/.config/usher/tool-versions", "node 16\n");
    let with = sandbox.use_command(&["check"]).variable("NODE_VERSION", "18.20.8").run();
    assert_eq!(with.transcript(), without.transcript());
}

#[test]
fn check_warns_where_nothing_is_pinned() {
    let sandbox = offline_sandbox();
    sandbox.file("project/package.json", r#"{ "engines": { "node": "^18.99 || ^20.99" } }"#);
    sandbox.file("project/Dockerfile", "FROM node:18\nFROM node:20\nFROM node:16\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    node: nothing pins it, and package.json says engines.node: ^18.99 || ^20.99
      warning: Dockerfile:3: FROM node:16
    --- standard error
    usher: 1 of 4 places that name a version disagrees
      hint: pin the version: use node@VERSION
    ");
    sandbox.use_command(&["check", "--strict"]).run().fails_with(1);

    let sandbox = offline_sandbox();
    sandbox.file("project/Dockerfile", "FROM node:latest\nFROM node:16\n");
    sandbox.file("project/compose.yml", "services: {web: {image: 'node:18'}}\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    node: nothing pins it, and Dockerfile:2 says FROM node:16
      warning: compose.yml:1: image: node:18
    note: Dockerfile:1: not compared, it means different versions over time: FROM node:latest
    --- standard error
    usher: 1 of 2 places that name a version disagrees
      hint: pin the version: use node@VERSION
    ");
}

/// Services in folders of their own, and CI jobs that test several versions.
#[test]
fn check_compares_nothing_that_belongs_to_nothing() {
    let sandbox = offline_sandbox();
    sandbox.file("project/a/Dockerfile", "FROM node:16\n");
    sandbox.file("project/b/Dockerfile", "FROM node:18\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    no versions to compare are named here
    --- standard error
    ");
    sandbox.file(
        "project/.gitlab-ci.yml",
        "a: {image: 'node:20'}\nb: {image: 'node:18'}\nc: {image: 'node:20'}\n",
    );
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    note: .gitlab-ci.yml:2: not compared, nothing pins node, and its CI jobs differ: image: node:18
    all 3 places that name a version agree
    --- standard error
    ");
}

/// A job belongs to the whole repository: any folder's pin will do.
#[test]
fn check_compares_jobs_with_the_pins_of_all_folders() {
    let sandbox = offline_sandbox();
    sandbox.file("project/a/.nvmrc", "20.1.0\n");
    sandbox.file("project/b/.nvmrc", "18.99.9\n");
    sandbox.file(
        "project/.gitlab-ci.yml",
        "a: {image: 'node:20'}\nb: {image: 'node:18'}\nc: {image: 'node:16'}\n",
    );
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: a/.nvmrc:1 pins 20.1.0
      error: .gitlab-ci.yml:3: image: node:16
    --- standard error
    usher: 1 of 5 places that name a version disagrees
      hint: change .gitlab-ci.yml to 20.1.0, or the pin in a/.nvmrc
    ");
    sandbox.file("project/.nvmrc", "22\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: .nvmrc:1 pins 22
      error: .gitlab-ci.yml:3: image: node:16
    --- standard error
    usher: 1 of 6 places that name a version disagrees
      hint: change .gitlab-ci.yml to 22 (use check --fix), or the pin: use node@16
    ");
}

#[test]
fn check_knows_what_is_meant_so() {
    let sandbox = project();
    sandbox.file(
        "project/.github/workflows/ci.yml",
        "on:
  workflow_dispatch:
    inputs:
      node: {type: choice, default: '18', options: ['18', '20']}
jobs:
  may-fail:
    continue-on-error: true
    steps: [{with: {node-version: 16}}]
  chosen:
    steps: [{with: {node-version: '${{ inputs.node }}'}}]
  two-steps:
    steps:
    - with: {node-version-file: .nvmrc}
    - with: {node-version: 16}
  matrix:
    strategy: {matrix: {node: [16, 20]}}
    steps: [{with: {node-version: '${{ matrix.node }}'}}]
  last:
    steps: [{with: {node-version: 16}}]
",
    );
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: .nvmrc:1 pins 20.1.0
      error: .github/workflows/ci.yml:19: node-version: 16
    --- standard error
    usher: 1 of 7 places that name a version disagrees
      hint: change .github/workflows/ci.yml to 20.1.0 (use check --fix), or the pin: use node@16
    ");
}

#[test]
fn check_knows_numbers_without_quotes() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.python-version", "3.10\n");
    sandbox.file(
        "project/.github/workflows/ci.yml",
        "jobs:\n  test:\n    steps:\n    - with:\n        python-version: 3.10\n",
    );
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    python: .python-version:1 pins 3.10
      error: .github/workflows/ci.yml:5: python-version: 3.10, which is 3.1 without quotes
    --- standard error
    usher: 1 of 2 places that name a version disagrees
      hint: quote it: '3.10' (use check --fix)
    ");
    sandbox.file(
        "project/.github/workflows/ci.yml",
        "jobs:\n  test:\n    strategy: {matrix: {python: ['3.10', 3.20]}}\n    \
         steps: [{with: {python-version: '${{ matrix.python }}'}}]\n",
    );
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 0
    --- standard output
    warning: .github/workflows/ci.yml:3: 3.20 is 3.2 without quotes: write '3.20'
    --- standard error
    ");
}

/// Each in its own dialect: cases that were false alarms, or were passed over.
#[test]
fn check_compares_dialects() {
    let cases: &[(&[(&str, &str)], i32)] = &[
        (&[("go.mod", "module x\ngo 1.25.0\ntoolchain go1.26.5\n")], 0),
        (&[("go.mod", "module x\ngo 1.22\n"), (".tool-versions", "golang 1.24.1\n")], 0),
        (&[("go.mod", "module x\ngo 1.22\n"), (".go-version", "1.21.0\n")], 1),
        (
            &[
                ("go.mod", "module x\ngo 1.24.0\ntoolchain go1.24.9\n"),
                ("Dockerfile", "FROM golang:1.25\n"),
            ],
            0,
        ),
        (
            &[
                ("go.mod", "module x\ngo 1.24.0\ntoolchain go1.24.9\n"),
                ("Dockerfile", "FROM golang:1.22\n"),
            ],
            1,
        ),
        (
            &[
                ("cpanfile", "requires 'perl', '5.010';\n"),
                (".perl-version", "5.38.2\n"),
                ("Dockerfile", "FROM perl:5.38\n"),
            ],
            0,
        ),
        (&[("cpanfile", "requires 'perl', '5.040';\n"), (".perl-version", "5.38.2\n")], 1),
        (
            &[
                ("build.zig.zon", ".{\n    .minimum_zig_version = \"0.13.0\",\n}\n"),
                (".zig-version", "0.14.1\n"),
            ],
            0,
        ),
        (
            &[
                ("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.12\"\n"),
                (".python-version", "3.11\n"),
            ],
            1,
        ),
        (
            &[
                ("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.10\"\n"),
                (".python-version", "3.11\n"),
            ],
            0,
        ),
        (
            &[
                ("pyproject.toml", "[tool.poetry.dependencies]\npython = \"~3.10\"\n"),
                (".python-version", "3.11\n"),
            ],
            1,
        ),
        (&[(".java-version", "1.8.0_392\n"), ("Dockerfile", "FROM eclipse-temurin:8-jre\n")], 0),
        (
            &[
                (".java-version", "openjdk64-1.8.0.362\n"),
                ("Dockerfile", "FROM eclipse-temurin:8-jre\n"),
            ],
            0,
        ),
        (
            &[(".java-version", "8u392\n"), ("Dockerfile", "FROM eclipse-temurin:8u402-b06-jre\n")],
            1,
        ),
        (
            &[(".java-version", "17\n"), ("Dockerfile", "FROM x\nENV JAVA_VERSION=jdk-17.0.8+7\n")],
            0,
        ),
        (
            &[
                (".sdkmanrc", "java=21.0.5-zulu\n"),
                ("Dockerfile", "FROM eclipse-temurin:21.0.5_11-jre\n"),
            ],
            0,
        ),
        (
            &[
                (".ruby-version", "3.3.1\n"),
                (
                    ".github/workflows/ci.yml",
                    "jobs: {a: {steps: [{with: {ruby-version: .ruby-version}}]}}\n",
                ),
            ],
            0,
        ),
        (
            &[
                ("composer.json", r#"{"config": {"platform": {"php": "8.1.2"}}}"#),
                ("Dockerfile", "FROM php:8.3\n"),
            ],
            0,
        ),
        (
            &[
                (".nvmrc", "20\n"),
                ("Dockerfile", "ARG NODE_VERSION=18-alpine\nFROM node:${NODE_VERSION}\n"),
            ],
            1,
        ),
    ];
    for (files, expected) in cases {
        let sandbox = offline_sandbox();
        sandbox.folder("project/.git");
        for (path, text) in *files {
            sandbox.file(Path::new("project").join(path), text);
        }
        let outcome = check(&sandbox);
        assert_eq!(outcome.status.code(), Some(*expected), "{files:?}\n{}", outcome.transcript());
        if *expected == 0 {
            assert!(!outcome.stdout.contains("note: "), "{files:?}\n{}", outcome.transcript());
        }
    }
}

#[test]
fn check_prints_json() {
    let sandbox = project();
    sandbox.file("project/Dockerfile", "FROM node:16\nFROM node:lts\nFROM python:$V\n");
    let outcome = sandbox.use_command(&["check", "--json"]).run().fails_with(1);
    let masked: Value = serde_json::from_str(&sandbox.mask(&outcome.stdout)).unwrap();
    let mention = |line: u32, request: &str, rest: Value| {
        let mut mention = json!({
            "tool": "node",
            "file": "Dockerfile",
            "line": line,
            "kind": "image",
            "text": format!("FROM node:{request}"),
            "requests": [request],
            "verdict": "unknown",
            "agrees": null,
            "level": null,
            "reason": null,
            "compared_with": {
                "kind": "file",
                "file": "[SANDBOX]/project/.nvmrc",
                "line": 1,
                "text": ".nvmrc:1",
            },
        });
        mention.as_object_mut().unwrap().extend(rest.as_object().cloned().unwrap_or_default());
        mention
    };
    assert_eq!(
        masked,
        json!({
            "format": 1,
            "agrees": false,
            "project": "[SANDBOX]/project",
            "ignored": 0,
            "tools": [{
                "tool": "node",
                "pinned": true,
                "request": "20.1.0",
                "file": ".nvmrc",
                "line": 1,
                "text": "20.1.0",
            }],
            "mentions": [
                mention(1, "20.1.0", json!({
                    "file": ".nvmrc",
                    "kind": "pin",
                    "text": "20.1.0",
                    "verdict": "agrees",
                    "agrees": true,
                    "compared_with": null,
                })),
                mention(1, "16", json!({
                    "verdict": "differs",
                    "agrees": false,
                    "level": "error",
                })),
                mention(2, "lts", json!({ "reason": "it means different versions over time" })),
            ],
            "findings": [{
                "level": "error",
                "rule": "versions-differ",
                "tool": "node",
                "file": "Dockerfile",
                "line": 1,
                "what": "node: FROM node:16, but .nvmrc:1 pins 20.1.0",
            }],
            "notes": [
                {
                    "level": "note",
                    "rule": "not-compared",
                    "tool": null,
                    "file": "Dockerfile",
                    "line": 2,
                    "what": "not compared, it means different versions over time: FROM node:lts",
                },
                {
                    "level": "note",
                    "rule": "not-compared",
                    "tool": null,
                    "file": "Dockerfile",
                    "line": 3,
                    "what": "not compared, its tag isn't in this file: FROM python:$V",
                },
            ],
        })
    );
    sandbox.file("project/Dockerfile", "FROM node:20\n");
    let outcome = sandbox.use_command(&["check", "--json"]).run().succeeds();
    assert_eq!(outcome.json()["agrees"], true);
}

#[test]
fn check_goes_on_after_a_version_file_that_cant_be_used() {
    let sandbox = project();
    sandbox.file("project/deep/.nvmrc", "../../x\n");
    sandbox.file("project/other/.python-version", "");
    sandbox.file("project/Dockerfile", "FROM node:16\n");
    insta::assert_snapshot!(check(&sandbox).transcript(), @"
    exit status: 1
    --- standard output
    node: .nvmrc:1 pins 20.1.0
      error: Dockerfile:1: FROM node:16
    error: deep/.nvmrc:1: no version of node: expected a version, a range or an alias
    error: other/.python-version: no version of python: it names no version
    --- standard error
    usher: 1 of 2 places that name a version disagrees, and 2 version files can't be used
      hint: change Dockerfile to 20.1.0 (use check --fix), or the pin: use node@16
    ");
    let outcome = sandbox.use_command(&["check", "--json"]).run().fails_with(1);
    assert_eq!(outcome.json()["mentions"].as_array().map(Vec::len), Some(2));
    // One that loses, too.
    sandbox.file("project/deep/.nvmrc", "20.1\n");
    sandbox.file("project/deep/.node-version", "\n");
    check(&sandbox)
        .fails_with(1)
        .stdout_has_line("error: deep/.node-version: no version of node: it names no version");
}

#[test]
fn check_needs_a_project() {
    let sandbox = project();
    for folder in ["/", "home"] {
        let outcome = sandbox.use_command(&["check"]).directory(folder).run();
        outcome.fails_with(2).stderr_contains("no project here");
    }
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
    note: can't parse Pipfile: line 2: key with no value
    note: .gitlab-ci.yml: can't be parsed: line 1: invalid YAML: while scanning a quoted scalar, found unexpected end of stream
    note: Containerfile: not a Dockerfile: it contains NUL bytes
    note: Dockerfile: can't be read: line 1 is not UTF-8
    note: Pipfile.lock: can't be parsed: EOF while parsing a list at line 1 column 2
    note: compose.yml: can't be parsed: line 2: invalid YAML: while parsing a node, did not find expected node content
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
    node: .nvmrc:1 pins 20.1.0
    note: 2 nested CI files aren't compared, since services look in the repository's own folder: use check --all
    note: a/compose.yml: can't be parsed: line 6: it expands to more than 100000 values
    note: b/compose.yml: can't be parsed: line 1: invalid YAML: recursion limit exceeded
    note: c/compose.yml: can't be parsed: line 1: values are nested more than 64 levels deep
    note: d/compose.yml: can't be read: it is larger than 4 MiB
    note: e/compose.yml: can't be parsed: line 50001: it expands to more than 100000 values
    note: i/Dockerfile:1: not compared, it means different versions over time: FROM node:16\u{1b}[31m\u{202e}
    "#);
    assert_eq!(
        outcome.stdout.matches("h/Dockerfile:").count(),
        1001,
        "the first thousand, and a note"
    );
}

/// Each of these files took from 94 to 737 MB of memory once. A process gets 120 MB of addresses here;
/// a check of an empty project takes about half of them, most for the stacks of its threads.
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
        let shell =
            sandbox.command("/bin/sh").arguments(["-c", "ulimit -v 120000; exec use check"]);
        // A thread's own arena is addresses, not memory.
        let outcome = shell.variable("MALLOC_ARENA_MAX", "1").run();
        let code = outcome.status.code();
        assert!(matches!(code, Some(0 | 1 | 65)), "{name}: {}", outcome.status);
    }
    let sandbox = project();
    for folder in 0..30 {
        let lines: String = (0..1000).map(|n| format!("FROM node:{n}\n")).collect();
        sandbox.file(format!("project/{folder}/Dockerfile"), lines);
    }
    let outcome = check(&sandbox);
    let note = "note: the rest isn't compared: more than 20000 versions are named\n";
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
    check(&sandbox).fails_with(1).stdout_has_line("  error: links/web.Dockerfile:1: FROM node:16");
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
