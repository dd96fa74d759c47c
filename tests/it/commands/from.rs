//! `use install TOOL@VERSION --from ADDRESS-OR-FILE`: versions from any archive.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{assert_unchanged, offline_sandbox, sandbox};
use crate::support::{Archive, Outcome, Platform, Sandbox, Upstream, sha256};

const SCRIPT: &str = "#!/bin/sh\necho mine\n";

fn node() -> Archive {
    Archive::new().folder("mine/").program("mine/bin/node", SCRIPT).file("mine/LICENSE", "MIT\n")
}

fn receipt(sandbox: &Sandbox, tool: &str, version: &str) -> Value {
    let receipt = sandbox.toolchain(tool, version).join(".usher-receipt.json");
    serde_json::from_str(&sandbox.read(receipt)).expect("a receipt is JSON")
}

fn install(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.use_command(&["install"]).arguments(words).run()
}

#[test]
fn install_from_a_file_needs_no_network() {
    let sandbox = offline_sandbox();
    let bytes = node().tar_gz();
    let hash = sha256(&bytes);
    let file = sandbox.file("project/node archive.tar.gz", &bytes);
    let words = ["node@12.0.1", "--from", "node archive.tar.gz", "--sha256", &hash.to_uppercase()];
    let outcome =
        sandbox.use_command(&["install"]).arguments(words).variable("USHER_OFFLINE", "1").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.0.1 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.0.1)
    --- standard error
    usher: fetching node 12.0.1 from [SANDBOX]/project/node archive.tar.gz
    ");
    sandbox.command("node").variable("NODE_VERSION", "12.0.1").run().succeeds().stdout_is("mine");
    let receipt = receipt(&sandbox, "node", "12.0.1");
    assert_eq!(receipt["source"], json!(file));
    assert_eq!(receipt["parts"][0]["address"], json!(file));
    assert_eq!(receipt["parts"][0]["verified"], json!(format!("sha256:{hash}")));
    assert_eq!(receipt["files"]["bin/node"]["mode"], "755");

    let outcome = install(&sandbox, &["node@12.0.1", "--from", "/nowhere.tar.gz"]);
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12.0.1 is already installed ([SANDBOX]/home/.local/share/usher/toolchains/node/12.0.1)
    --- standard error
    usher: node 12.0.1 is already installed: nothing was taken from /nowhere.tar.gz
    ");
}

#[test]
fn install_from_without_a_hash_records_the_computed_one() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let bytes = node().tar_gz();
    upstream.put("/files/node.tar.gz", bytes.clone());
    let address = upstream.base().replace("http://", "http://me:secret@");
    let address = format!("{address}/files/node.tar.gz?token=hidden");
    let outcome = install(&sandbox, &["node@12.0.1", "--from", &address, "--json"]);
    let text = outcome.transcript().replace(&sha256(&bytes), "[HEX]");
    insta::assert_snapshot!(text, @r#"
    exit status: 0
    --- standard output
    {
      "format": 1,
      "versions": [
        {
          "tool": "node",
          "request": "12.0.1",
          "version": "12.0.1",
          "store": "usher",
          "path": "[SANDBOX]/home/.local/share/usher/toolchains/node/12.0.1",
          "host": "127.0.0.1:[PORT]",
          "newly_installed": true
        }
      ]
    }
    --- standard error
    usher: WARNING: node 12.0.1 is fetched from http://127.0.0.1:[PORT]/files/node.tar.gz without encryption or checksum: the network can change it. Get its checksum from somewhere else and add --sha256 HEX
    usher: fetching node 12.0.1 from http://127.0.0.1:[PORT]/files/node.tar.gz
    usher: node 12.0.1 was not verified; its checksum is --sha256 [HEX]
    "#);
    let path = sandbox.toolchain("node", "12.0.1");
    let host = upstream.base().trim_start_matches("http://");
    let state = json!({ "format": 1, "versions": [{
        "tool": "node", "request": "12.0.1", "version": "12.0.1", "store": "usher", "path": path, "host": host, "newly_installed": true,
    }] });
    assert_eq!(outcome.json(), state);
    let receipt = receipt(&sandbox, "node", "12.0.1");
    let shown = format!("{}/files/node.tar.gz", upstream.base());
    assert_eq!(receipt["source"], json!(shown));
    assert_eq!(receipt["parts"][0]["address"], json!(shown));
    assert_eq!(receipt["parts"][0]["sha256"], json!(sha256(&bytes)));
    assert_eq!(receipt["parts"][0]["verified"], Value::Null);
    let requests = upstream.all_requests();
    let request = requests.iter().find(|request| request.path == "/files/node.tar.gz").unwrap();
    assert_eq!(
        request.headers.get("authorization").map(String::as_str),
        Some("Basic bWU6c2VjcmV0")
    );
}

#[test]
fn install_from_accepts_many_archive_layouts() {
    let sandbox = offline_sandbox();
    let npm = || {
        Archive::new()
            .program("package/bin/npm", "#!/bin/false\n")
            .program("package/bin/npm-cli.js", SCRIPT)
    };
    let check = |request: &str, archive: Archive, there: &[&str]| {
        sandbox.file("project/archive", archive.tar_gz());
        install(&sandbox, &[request, "--from", "archive"]).succeeds();
        let (tool, version) = request.split_once('@').unwrap();
        let root = sandbox.toolchain(tool, version);
        for program in there {
            let outcome = sandbox.command(root.join("bin").join(program)).run();
            assert_eq!(outcome.succeeds().stdout, "mine\n", "{program} of {request}");
        }
    };
    check("node@1.0.0", node(), &["node"]);
    check("node@1.0.1", Archive::new().program("bin/node", SCRIPT).file("README", ""), &["node"]);
    check("node@1.0.2", Archive::new().program("bin/node", SCRIPT).file("lib/x", ""), &["node"]);
    check(
        "node@1.0.3",
        Archive::new().program("a/b/bin/node", SCRIPT).file("a/b/c/x", ""),
        &["node"],
    );
    check("node@1.0.4", Archive::new().program("node", SCRIPT), &["node"]);
    check(
        "node@1.0.5",
        Archive::new().program("x/node", SCRIPT).program("x/npm", SCRIPT),
        &["node", "npm"],
    );
    let python = Archive::new().program("python/bin/python3.12", SCRIPT);
    check("python@3.12.1", python.link("python/bin/python3", "python3.12"), &["python", "python3"]);
    check("bun@1.2.3", Archive::new().program("bun-linux-x64/bun", SCRIPT), &["bun", "bunx"]);
    check("deno@2.0.0", Archive::new().program("deno", SCRIPT), &["deno"]);
    let home = "jdk-21.0.5+11/Contents/Home";
    let mac = Archive::new().program(&format!("{home}/bin/java"), SCRIPT);
    let mac = mac.file("jdk-21.0.5+11/Contents/Info.plist", "");
    check("java@21.0.5", mac, &["java"]);
    check("npm@10.9.0", npm(), &["npm"]);
    check("pnpm@9.0.0", Archive::new().program("package/bin/pnpm.cjs", SCRIPT), &["pnpm"]);
}

#[test]
fn install_from_an_invalid_archive_leaves_nothing() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/other.tar.gz", Archive::new().file("x/y", "z").tar_gz());
    sandbox.file("project/plain.tar.gz", Archive::new().file("x/bin/node", SCRIPT).tar_gz());
    let out = Archive::new().program("x/bin/node", SCRIPT).link("x/out", "../out").file("out", "");
    let out = out.tar_gz();
    sandbox.file("project/out.tar.gz", out);
    let leads_out = Archive::new().program("x/bin/node", SCRIPT).link("x/bin/out", "../../y");
    sandbox.file("project/leads-out.tar.gz", leads_out.tar_gz());
    sandbox.file("project/text", "no archive");
    sandbox.file("project/good.tar.gz", node().tar_gz());
    let platform = Platform::here().node;
    let served = format!("{}/dist/v12.0.0/node-v12.0.0-{platform}.tar.gz", upstream.base());
    let zeros = "0".repeat(64);
    let before = sandbox.tree("");
    let mut transcript = String::new();
    for words in [
        vec!["node@12.0.1", "--from", "other.tar.gz"],
        vec!["node@12.0.1", "--from", "plain.tar.gz"],
        vec!["node@12.0.1", "--from", "out.tar.gz"],
        vec!["node@12.0.1", "--from", "leads-out.tar.gz"],
        vec!["node@12.0.1", "--from", "text"],
        vec!["node@12.0.1", "--from", "absent.tar.gz"],
        vec!["node@12.0.1", "--from", "good.tar.gz", "--sha256", &zeros],
        vec!["node@12.0.1", "--from", &served, "--sha256", &zeros],
        vec!["node@12.0.1", "--from", "ftp://server/node.tar.gz"],
        vec!["node@12", "--from", "good.tar.gz"],
        vec!["node", "--from", "good.tar.gz"],
        vec!["node@12.0.1", "python@3.12.1", "--from", "good.tar.gz"],
        vec!["node@12.0.1", "--from", "good.tar.gz", "--sha256", "abc"],
    ] {
        let outcome = install(&sandbox, &words);
        let line = words.join(" ").replace(&platform, "[PLATFORM]");
        let stderr = outcome.stderr.replace(&zeros, "0…");
        writeln!(transcript, "$ {line}\n{}: {stderr}", outcome.status).unwrap();
        assert!(outcome.stdout.is_empty(), "{outcome}");
    }
    let offline = sandbox.use_command(&["install", "node@12.0.1", "--from", &served]);
    let outcome = offline.variable("USHER_OFFLINE", "1").run();
    writeln!(transcript, "$ offline\n{}: {}", outcome.status, outcome.stderr).unwrap();
    let transcript = transcript.replace(&zeros, "0…").replace(upstream.base(), "[UPSTREAM]");
    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    $ node@12.0.1 --from other.tar.gz
    exit status: 65: usher: fetching node 12.0.1 from [SANDBOX]/project/other.tar.gz
    error: this archive doesn't contain node 12.0.1
      it has no program node, neither in bin/ nor at its top
      downloaded from [SANDBOX]/project/other.tar.gz

    $ node@12.0.1 --from plain.tar.gz
    exit status: 65: usher: fetching node 12.0.1 from [SANDBOX]/project/plain.tar.gz
    error: this archive doesn't contain node 12.0.1
      it has no program node, neither in bin/ nor at its top
      downloaded from [SANDBOX]/project/plain.tar.gz

    $ node@12.0.1 --from out.tar.gz
    exit status: 65: usher: fetching node 12.0.1 from [SANDBOX]/project/out.tar.gz
    error: this archive doesn't contain node 12.0.1
      it has no program node, neither in bin/ nor at its top
      downloaded from [SANDBOX]/project/out.tar.gz

    $ node@12.0.1 --from leads-out.tar.gz
    exit status: 65: usher: fetching node 12.0.1 from [SANDBOX]/project/leads-out.tar.gz
    error: can't unpack [SANDBOX]/home/.local/share/usher/staging/[STAGED]/download-[RANDOM]
      it holds “x/bin/out”: the link leads out of the archive
      downloaded from [SANDBOX]/project/leads-out.tar.gz

    $ node@12.0.1 --from text
    exit status: 65: usher: fetching node 12.0.1 from [SANDBOX]/project/text
    error: can't unpack [SANDBOX]/home/.local/share/usher/staging/[STAGED]/download-[RANDOM]
      it should be an archive, but is something unknown
      downloaded from [SANDBOX]/project/text

    $ node@12.0.1 --from absent.tar.gz
    exit status: 74: usher: fetching node 12.0.1 from [SANDBOX]/project/absent.tar.gz
    error: can't read [SANDBOX]/project/absent.tar.gz
      No such file or directory (os error 2)

    $ node@12.0.1 --from good.tar.gz --sha256 0…
    exit status: 76: usher: fetching node 12.0.1 from [SANDBOX]/project/good.tar.gz
    error: [SANDBOX]/project/good.tar.gz is not what was published
      published: sha256:[HASH]…
      received:  sha256:[HASH]
      hint: get the checksum from where the archive is published

    $ node@12.0.1 --from [UPSTREAM]/dist/v12.0.0/node-v12.0.0-[PLATFORM].tar.gz --sha256 0…
    exit status: 76: usher: fetching node 12.0.1 from [UPSTREAM]/dist/v12.0.0/node-v12.0.0-[PLATFORM].tar.gz
    error: [UPSTREAM]/dist/v12.0.0/node-v12.0.0-[PLATFORM].tar.gz is not what was published
      published: sha256:[HASH]…
      received:  sha256:[HASH]
      hint: get the checksum from where the archive is published

    $ node@12.0.1 --from ftp://server/node.tar.gz
    exit status: 65: error: can't fetch ftp://server/node.tar.gz
      only http, https and file are supported

    $ node@12 --from good.tar.gz
    exit status: 2: error: `--from` needs an exact version; node@12 isn't
      hint: use install node@12.0.0 --from node.tar.gz

    $ node --from good.tar.gz
    exit status: 2: error: `--from` needs an exact version; node isn't
      hint: use install node@12.0.0 --from node.tar.gz

    $ node@12.0.1 python@3.12.1 --from good.tar.gz
    exit status: 2: error: `--from` installs one version; several were named
      hint: use install node@12.0.0 --from node.tar.gz

    $ node@12.0.1 --from good.tar.gz --sha256 abc
    exit status: 2: error: invalid SHA-256: “abc”
      a SHA-256 has 64 hexadecimal digits

    $ offline
    exit status: 69: error: node 12.0.1 is not installed, and usher is offline (USHER_OFFLINE)
      it would be fetched from [UPSTREAM]/dist/v12.0.0/node-v12.0.0-[PLATFORM].tar.gz
      hint: unset USHER_OFFLINE
    ");
    for folder in ["home/.local/share/usher/staging", "home/.local/share/usher/locks"] {
        let left = std::fs::read_dir(sandbox.root().join(folder)).unwrap().flatten();
        let left: Vec<_> = left.filter(|entry| entry.path().is_dir()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    std::fs::remove_dir(sandbox.usher().join("staging")).unwrap();
    let cache = sandbox.root().join("home/.cache");
    assert_eq!(std::fs::read_dir(cache.join("usher/downloads")).unwrap().count(), 0);
    std::fs::remove_dir_all(cache).unwrap();
    assert_unchanged(&sandbox, "", &before, "what was refused");
}

/// Breaks node 12.0.1, so that there is something to repair.
fn break_it(sandbox: &Sandbox) {
    std::fs::write(sandbox.toolchain("node", "12.0.1").join("bin/node"), "").unwrap();
}

fn repair(sandbox: &Sandbox) -> Outcome {
    sandbox.use_command(&["repair", "node@12.0.1"]).run()
}

#[test]
fn repair_fetches_from_the_recorded_address() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let bytes = node().tar_gz();
    upstream.put("/files/node.tar.gz", bytes.clone());
    let address = format!("{}/files/node.tar.gz", upstream.base());
    let file = sandbox.file("project/node.tar.gz", &bytes);
    let hash = sha256(&bytes);
    for words in [
        &["node@12.0.1", "--from", &address, "--sha256", &hash][..],
        &["node@12.0.1", "--from", &address],
        &["node@12.0.1", "--from", "node.tar.gz"],
    ] {
        install(&sandbox, words).succeeds();
        let before = receipt(&sandbox, "node", "12.0.1");
        std::fs::create_dir_all(sandbox.toolchain("node", "12.0.1").join("lib/node_modules/x"))
            .unwrap();
        break_it(&sandbox);
        let outcome = repair(&sandbox).succeeds();
        assert!(!outcome.stderr.contains("WARNING"), "its hash is known: {outcome}");
        sandbox
            .command("node")
            .variable("NODE_VERSION", "12.0.1")
            .run()
            .succeeds()
            .stdout_is("mine");
        let after = receipt(&sandbox, "node", "12.0.1");
        for key in ["source", "parts", "files", "version"] {
            assert_eq!(before[key], after[key], "{key}");
        }
        assert!(sandbox.toolchain("node", "12.0.1").join("lib/node_modules/x").exists());
        sandbox.use_command(&["uninstall", "node@12.0.1"]).run().succeeds();
    }
    let indexes = upstream.all_requests().into_iter().filter(|one| one.path.contains("index"));
    assert_eq!(indexes.count(), 0, "no source was read");
    assert!(file.exists());
}

#[test]
fn repair_without_the_archive_hints_the_install_command() {
    let sandbox = offline_sandbox();
    let bytes = node().tar_gz();
    let file = sandbox.file("project/node.tar.gz", &bytes);
    install(&sandbox, &["node@12.0.1", "--from", "node.tar.gz"]).succeeds();
    break_it(&sandbox);
    let before = sandbox.tree("home/.local/share/usher/toolchains");
    let mut transcript = String::new();
    let mut tried = |what: &str| {
        let outcome = repair(&sandbox);
        assert!(outcome.stdout.is_empty(), "{outcome}");
        let stderr = outcome.stderr.replace(&sha256(&bytes), "[HEX]");
        writeln!(transcript, "{what}: {}: {stderr}", outcome.status).unwrap();
    };
    std::fs::remove_file(&file).unwrap();
    tried("it is missing");
    sandbox
        .file("project/node.tar.gz", Archive::new().program("x/bin/node", "#!/bin/sh\n").tar_gz());
    tried("it is another");
    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    it is missing: exit status: 74: usher: fetching node 12.0.1 from [SANDBOX]/project/node.tar.gz
    error: can't read [SANDBOX]/project/node.tar.gz
      No such file or directory (os error 2)
      node@12.0.1 was installed from this archive, and no source has it
      hint: use uninstall node@12.0.1, then use install node@12.0.1 --from ADDRESS-OR-FILE --sha256 [HEX]

    it is another: exit status: 76: usher: fetching node 12.0.1 from [SANDBOX]/project/node.tar.gz
    error: [SANDBOX]/project/node.tar.gz is not what was published
      published: sha256:[HEX]
      received:  sha256:[HASH]
      the archive was a different one when it was installed
      node@12.0.1 was installed from this archive, and no source has it
      hint: use uninstall node@12.0.1, then use install node@12.0.1 --from ADDRESS-OR-FILE --sha256 [HEX]
    ");
    assert_unchanged(
        &sandbox,
        "home/.local/share/usher/toolchains",
        &before,
        "what can't be repaired",
    );
    // The hint's command works.
    sandbox.file("project/elsewhere.tar.gz", &bytes);
    sandbox.use_command(&["uninstall", "node@12.0.1"]).run().succeeds();
    let hash = sha256(&bytes);
    let words = ["node@12.0.1", "--from", "elsewhere.tar.gz", "--sha256", &hash];
    install(&sandbox, &words).succeeds();
}
