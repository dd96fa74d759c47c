//! Lockfiles: which version a project's request means.

use super::{check, machine};
use crate::lock::{LockedArchive, LockedRequest, Lockfile};
use crate::version::Version;
use crate::world::MemoryWorld;

/// A project whose version file and lockfile are these.
fn project(file: &str, content: &str, entries: &[[&str; 4]]) -> MemoryWorld {
    machine()
        .file(format!("/home/u/app/{file}"), content)
        .file("/home/u/app/usher.lock", lockfile(entries))
}

fn lockfile(entries: &[[&str; 4]]) -> String {
    let requests = entries.iter().map(|[tool, request, file, version]| LockedRequest {
        tool: (*tool).to_owned(),
        request: (*request).to_owned(),
        file: (*file).to_owned(),
        version: Version::parse(version).unwrap(),
        line: 0,
    });
    let version = Version::parse("10.15.1").unwrap();
    let archives = vec![LockedArchive {
        tool: "node".into(),
        version,
        source: "nodejs.org".into(),
        platform: "linux-x64".into(),
        hash: Some(format!("sha256:{}", "0".repeat(64))),
        size: Some(3),
        parts: vec![format!("npm@6.4.1 sha512:{}", "1".repeat(128))],
        line: 0,
    }];
    Lockfile { sources: Vec::new(), requests: requests.collect(), archives }.to_string()
}

#[test]
fn the_locked_version_is_the_only_one() {
    let entry = ["node", "10", ".nvmrc", "10.15.1"];
    let runs = "/u/toolchains/node/10.15.1/bin/node";
    check(&project(".nvmrc", "10", &[entry]), "node", runs);
    check(&project(".nvmrc", "10", &[entry]), "npm", "/u/toolchains/node/10.15.1/bin/npm");
    let missing = "missing node 10.9.0 by .nvmrc:1, locked in usher.lock:4";
    check(&project(".nvmrc", "10", &[["node", "10", ".nvmrc", "10.9.0"]]), "node", missing);
    let line = project(".nvmrc", "10", &[["node", "10", ".nvmrc", "10.15"]]);
    check(&line, "node", "missing node 10.15 by .nvmrc:1, locked in usher.lock:4");
    // What is stronger than the file is stronger than its lock.
    check(
        &project(".nvmrc", "10", &[entry]),
        "node12",
        "/u/toolchains/node/12.22.12/bin/node NODE_VERSION=12",
    );
    let variable = project(".nvmrc", "10", &[entry]).variable("NODE_VERSION", "18");
    check(&variable, "node", "/u/toolchains/node/18.20.8/bin/node");
    // From a folder below.
    let below =
        project(".nvmrc", "10", &[entry]).folder("/home/u/app/src").in_directory("/home/u/app/src");
    check(&below, "node", runs);
    // A file of a folder's folder is of that folder.
    let nested = project(
        ".config/mise.toml",
        "[tools]\nnode = \"10\"\n",
        &[["node", "10", ".config/mise.toml", "10.15.1"]],
    );
    check(&nested, "node", runs);
    let several = [["node", "10.16 10", ".tool-versions", "10.15.1"]];
    check(&project(".tool-versions", "nodejs 10.16 10\n", &several), "node", runs);
}

#[test]
fn an_entry_for_another_request_counts_for_nothing() {
    let highest = "/u/toolchains/node/10.15.3/bin/node";
    for entry in [
        ["node", "10.15", ".nvmrc", "10.15.1"],
        ["node", "10", ".node-version", "10.15.1"],
        ["python", "10", ".nvmrc", "10.15.1"],
    ] {
        check(&project(".nvmrc", "10", &[entry]), "node", highest);
    }
    // An exact request needs no lock, and reads none.
    let exact = machine().file("/home/u/app/.nvmrc", "10.15.3").file("/home/u/app/usher.lock", "?");
    check(&exact, "node", highest);
}

#[test]
fn a_locked_constraint_is_a_pin() {
    let package = "{\"engines\": {\"node\": \">=10\"}}";
    check(&project("package.json", package, &[]), "node", "/u/toolchains/node/18.20.8/bin/node");
    let entry = ["node", ">=10", "package.json", "12.22.12"];
    let locked = project("package.json", package, &[entry]);
    check(&locked, "node", "/u/toolchains/node/12.22.12/bin/node");
    let default = locked.file("/u/config/tool-versions", "node 18\n");
    check(&default, "node", "/u/toolchains/node/12.22.12/bin/node");
}

#[test]
fn what_is_no_lockfile_runs_nothing() {
    let check_error = |content: &str, expected: &str| {
        let world =
            machine().file("/home/u/app/.nvmrc", "10").file("/home/u/app/usher.lock", content);
        check(&world, "node", &format!("error: can't parse usher.lock:{expected}"));
    };
    let whole = lockfile(&[["node", "10", ".nvmrc", "10.15.1"]]);
    let changed = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        whole.replace(from, to)
    };
    check_error("", "1; expected “format = 1”");
    check_error("<<<<<<< ours\n", "1; expected “format = 1”");
    let version = crate::index::VERSION;
    check_error(
        &changed("format = 1", "format = 2"),
        &format!("2; usher {version} doesn't know this format"),
    );
    check_error(
        &changed("]\narchives", "archives"),
        "5; expected an entry as `use lock` writes it",
    );
    check_error(
        &changed("  { tool", "<<<<<<< a\n  { tool"),
        "4; expected an entry as `use lock` writes it",
    );
    check_error(
        &changed("\"10.15.1\" },\n]", "\"../../x\" },\n]"),
        "4; the version is not an exact one",
    );
    check_error(
        &changed("\"10.15.1\" },\n]", "\"12.22.12\" },\n]"),
        "4; its version doesn't satisfy its request",
    );
    for (from, to) in [
        ("\"10\"", "10"),
        ("request = \"10\"", "request = \"10\", request = \"11\""),
        (" },\n]", ", path = \"/x\" },\n]"),
        ("version = \"10.15.1\" },\n]", "version = \"10.15.1\\\" },\n]"),
    ] {
        check_error(&changed(from, to), "4; expected an entry as `use lock` writes it");
    }
    let line = whole.lines().nth(3).unwrap();
    check_error(
        &changed(line, &format!("{line}\n{line}")),
        "5; it says again what a line above says",
    );
}

#[test]
fn another_accounts_lockfile_runs_nothing() {
    let world = machine()
        .in_directory("/tmp/app")
        .file("/tmp/app/.nvmrc", "10")
        .file("/tmp/app/usher.lock", "?")
        .with_mode("/tmp/app", 0o1777)
        .owned_by("/tmp/app/usher.lock", 1001)
        .as_account(1000);
    let expected =
        "error: usher.lock may be another account's; every account can create files there";
    check(&world.owned_by("/tmp/app/.nvmrc", 1000), "node", expected);
}
