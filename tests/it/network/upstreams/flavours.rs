//! A tool with several sources: all are listed, each flavour has its line, and a flavour's name alone
//! is a request for the newest.
//!
//! The sites' addresses are changed in an own definition, which else is the registry's.

use std::fmt::Write as _;

use serde_json::json;
use usher_shims::tool::DEFINITIONS;

use super::archive;
use crate::support::{Archive, Catalogue, Sandbox, Upstream, sha256};

/// An upstream, and a sandbox whose sites of a tool are there.
fn moved(tool: &str, sites: &[&str]) -> (Upstream, Sandbox) {
    let upstream = Upstream::serving(&Catalogue::default());
    let file = format!("{tool}.toml");
    let (_, text) = DEFINITIONS.iter().find(|(name, _)| *name == file).expect("a tool");
    let text = sites.iter().fold((*text).to_owned(), |text, site| {
        assert!(text.contains(site), "{site}");
        text.replace(site, upstream.base())
    });
    let sandbox = Sandbox::new();
    sandbox.file(format!("home/.config/usher/registry/{file}"), text);
    sandbox.install();
    (upstream, sandbox)
}

fn chip() -> &'static str {
    std::env::consts::ARCH
}

/// `CPython` and `PyPy`, each where its makers have it.
fn pythons() -> (Upstream, Sandbox) {
    let (upstream, sandbox) = moved(
        "python",
        &[
            "https://releases.astral.sh",
            "https://downloads.python.org/pypy",
            "https://raw.githubusercontent.com/pypy/pypy.org/main/pages",
        ],
    );
    let platform = format!("{}-unknown-linux-gnu", chip());
    let mut lines = String::new();
    for (version, variant) in [
        ("3.13.12", "install_only_stripped"),
        ("3.13.12", "freethreaded+install_only_stripped"),
        ("3.14.0", "install_only_stripped"),
    ] {
        let artifact = json!({ "platform": platform, "variant": variant, "sha256": sha256(b"x"),
            "url": "https://example.org/x", "archive_format": "tar.gz" });
        writeln!(
            lines,
            "{}",
            json!({ "version": format!("{version}+20260814"), "artifacts": [artifact] })
        )
        .expect("write into memory");
    }
    upstream.put("/github/versions/main/v1/python-build-standalone.ndjson", lines);
    put_pypy(&upstream);
    (upstream, sandbox)
}

fn put_pypy(upstream: &Upstream) {
    let name = if chip() == "x86_64" { "x64" } else { "aarch64" };
    let (mut index, mut sums) = (Vec::new(), String::new());
    for (python, pypy) in [("3.11.13", "7.3.20"), ("3.9.19", "7.3.16"), ("2.7.18", "7.3.20")] {
        let minor = python.rsplit_once('.').unwrap().0;
        let top = format!("pypy{minor}-v{pypy}-linux64");
        let script = format!("#!/bin/sh\necho 'Python {python} (PyPy {pypy})'\n");
        let bytes = Archive::new().program(&format!("{top}/bin/python"), &script).tar_gz();
        writeln!(sums, "    {}  {top}.tar.bz2", sha256(&bytes)).expect("write into memory");
        let file = json!({ "filename": format!("{top}.tar.bz2"), "arch": name, "platform": "linux",
            "download_url": format!("{}/{top}.tar.bz2", upstream.base()) });
        index.push(json!({ "pypy_version": pypy, "python_version": python, "stable": true,
            "latest_pypy": true, "date": "x", "files": [file] }));
        upstream.put(&format!("/{top}.tar.bz2"), bytes);
    }
    index.push(json!({ "pypy_version": "nightly", "python_version": "3.11", "stable": false, "files": [] }));
    upstream.put("/versions.json", json!(index).to_string());
    upstream.put("/checksums.rst", format!("Checksums\n\n{sums}"));
}

#[test]
fn available_lists_all_sources_and_flavors() {
    let (_upstream, sandbox) = pythons();
    let outcome = sandbox.use_command(&["available", "python"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    LINE  VERSION
    3.14  3.14.0
    3.13  3.13.12

    OTHER BUILDS     VERSIONS
    pypy3.11-7.3.20  3         use available python@pypy
    3.13.12t       use available python@3t
    --- standard error
    ");
    for (request, expected) in [
        ("pypy", "pypy2.7-7.3.20 pypy3.9-7.3.16 pypy3.11-7.3.20"),
        ("pypy3.9", "pypy3.9-7.3.16"),
        ("3t", "3.13.12t"),
        ("3.13", "3.13.12"),
    ] {
        let word = format!("python@{request}");
        let outcome = sandbox.use_command(&["available", &word, "--json"]).run().succeeds();
        let list = outcome.json();
        let versions = list["versions"].as_array().unwrap().iter();
        let versions: Vec<&str> = versions.map(|one| one["version"].as_str().unwrap()).collect();
        assert_eq!(versions.join(" "), expected, "{request}");
    }
    let list = sandbox.use_command(&["available", "python", "--json"]).run().succeeds().json();
    assert_eq!(list["versions"].as_array().unwrap().len(), 6, "a program gets all: {list}");
}

#[test]
fn an_unreachable_source_is_named_and_others_are_used() {
    let (upstream, sandbox) = pythons();
    upstream.put("/versions.json", "<html>");
    let outcome = sandbox.use_command(&["available", "python"]).run().succeeds();
    assert_eq!(outcome.stderr, "usher: can't list pypy: versions that only it has are missing\n");
    assert!(outcome.stdout.contains("\n3.14  3.14.0   "), "{outcome}");
    let (upstream, sandbox) = pythons();
    upstream.put("/versions.json", "<html>");
    upstream.put("/github/versions/main/v1/python-build-standalone.ndjson", "<html>");
    let outcome = sandbox.use_command(&["available", "python"]).run().fails_with(69);
    outcome
        .stderr_contains("can't list the releases of python")
        .stderr_contains("pypy: can't fetch");
}

#[test]
fn a_flavor_without_version_means_its_newest() {
    for request in ["pypy", "pypy3", "pypy3.11", "pypy3.11-7.3.20", "pypy3.9", "pypy3.9-v7.3.16"] {
        let (_upstream, sandbox) = pythons();
        sandbox.use_command(&["install", &format!("python@{request}")]).run().succeeds();
        sandbox.file("project/.python-version", format!("{request}\n"));
        let outcome = sandbox.command("python").run().succeeds();
        let expected = match request.contains("3.9") {
            true => "Python 3.9.19 (PyPy 7.3.16)",
            false => "Python 3.11.13 (PyPy 7.3.20)",
        };
        outcome.stdout_is(expected);
    }
    // A shim installs it, too; a name that no source has is not a release, and nothing is requested.
    let (upstream, sandbox) = pythons();
    sandbox.file("project/.python-version", "pypy\n");
    sandbox.use_command(&["install"]).run().succeeds();
    sandbox.command("python").run().succeeds().stdout_is("Python 3.11.13 (PyPy 7.3.20)");
    let before = upstream.all_requests().len();
    let outcome = sandbox.use_command(&["install", "python@pypi"]).run().fails_with(127);
    outcome.stderr_contains("unknown version of python");
    assert_eq!(upstream.all_requests().len(), before);
}

#[test]
fn a_vendor_without_version_means_its_newest() {
    let (upstream, sandbox) =
        moved("java", &["https://api.adoptium.net", "https://mise-java.jdx.dev"]);
    let mut rows = Vec::new();
    for (vendor, version) in
        [("temurin", "21.0.2+13"), ("zulu", "21.0.2"), ("zulu", "17.0.10"), ("mandrel", "23.1.2.0")]
    {
        let full = format!("{vendor}-{version}");
        let bytes = archive("java", &full, "jdk/bin/");
        upstream
            .put(&format!("/files/{vendor}-{}.tar.gz", version.replace('+', "-")), bytes.clone());
        rows.push(json!({ "vendor": vendor, "version": version, "image_type": "jdk",
            "file_type": "tar.gz", "features": [], "checksum": format!("sha256:{}", sha256(&bytes)),
            "url": format!("{}/files/{vendor}-{}.tar.gz", upstream.base(), version.replace('+', "-")) }));
    }
    upstream.put(&format!("/jvm/ga/linux/{}.json", chip()), json!(rows).to_string());
    let outcome = sandbox.use_command(&["available", "java"]).run().succeeds();
    let outcome = outcome.stderr_contains("can't list adoptium");
    assert_eq!(
        outcome.stdout,
        "LINE  VERSION            LTS     END OF LIFE\n\
         21    temurin-21.0.2+13  lts/21  2029-12-31\n\n\
         OTHER BUILDS      VERSIONS\n\
         zulu-21.0.2       2         use available java@zulu\n\
         mandrel-23.1.2.0  1         use available java@mandrel\n"
    );
    let outcome = sandbox.use_command(&["available", "java@zulu"]).run().succeeds();
    assert_eq!(outcome.stdout, "VERSION       LTS\nzulu-21.0.2   lts/21\nzulu-17.0.10  lts/17\n");
    let outcome = sandbox.use_command(&["available", "java", "21"]).run().succeeds();
    assert!(outcome.stdout.ends_with("use available java@zulu-21\n"), "{outcome}");
    for (request, version) in [
        ("zulu", "zulu-21.0.2"),
        ("temurin", "temurin-21.0.2+13"),
        ("mandrel", "mandrel-23.1.2.0"),
        ("zulu-17", "zulu-17.0.10"),
    ] {
        sandbox.use_command(&["install", &format!("java@{request}")]).run().succeeds();
        assert!(sandbox.toolchain("java", version).join("bin/java").exists(), "{request}");
    }
}
