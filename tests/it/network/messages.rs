//! The messages of `use` and a shim, word by word, where a server, the network or an archive
//! is wrong.

use super::{INDEX, SUMS, archive, with_one_source};
use crate::commands::{offline_sandbox, sandbox};
use crate::support::{Archive, Misbehaviour, Sandbox, Tree, Upstream};

/// Nothing looks installed, nothing is half-made, and the project is as it was.
#[track_caller]
fn assert_nothing_came(sandbox: &Sandbox, project: &Tree) {
    let changes = project.changes(&sandbox.tree("project"));
    assert!(changes.is_empty(), "{changes:#?}");
    for folder in ["toolchains/node", "toolchains/python", "staging"] {
        let left = std::fs::read_dir(sandbox.usher().join(folder)).into_iter().flatten().count();
        assert_eq!(left, 0, "in {folder}");
    }
}

/// The messages of `use` and of a shim for the same request, each with its exit code; nothing may
/// come of either.
fn both(sandbox: &Sandbox, request: &str) -> String {
    sandbox.file("project/.nvmrc", format!("# ours\n{request}\n"));
    let before = sandbox.tree("project");
    let shim = sandbox.command("node").argument("x").run();
    assert_nothing_came(sandbox, &before);
    let typed = sandbox.use_command(&[&format!("node@{request}")]).run();
    assert_nothing_came(sandbox, &before);
    assert!(shim.stdout.is_empty() && typed.stdout.is_empty(), "{shim}\n{typed}");
    let text = format!(
        "node: {}\n{}\nuse node@{request}: {}\n{}",
        shim.status, shim.stderr, typed.status, typed.stderr
    );
    sandbox.mask(&text)
}

#[test]
fn message_for_an_unavailable_version() {
    let upstream = Upstream::start();
    insta::assert_snapshot!(both(&sandbox(&upstream), "12.99"), @"
    node: exit status: 127
    usher: no node release matches 12.99 (requested by .nvmrc:2)
      nearest: 12.22.12, 13.0.0
      hint: use node@12

    use node@12.99: exit status: 127
    error: no node release matches 12.99 (requested by the command line)
      nearest: 12.22.12, 13.0.0
      hint: use node@12
    ");
    insta::assert_snapshot!(both(&sandbox(&upstream), "1"), @"
    node: exit status: 127
    usher: no node release matches 1 (requested by .nvmrc:2)
      nearest: 10.24.1
      hint: use available node

    use node@1: exit status: 127
    error: no node release matches 1 (requested by the command line)
      nearest: 10.24.1
      hint: use available node
    ");
    insta::assert_snapshot!(both(&sandbox(&upstream), "99.0.0"), @"
    node: exit status: 127
    usher: no node release matches 99.0.0 (requested by .nvmrc:2)
      nearest: 25.0.0
      hint: use available node

    use node@99.0.0: exit status: 127
    error: no node release matches 99.0.0 (requested by the command line)
      nearest: 25.0.0
      hint: use available node
    ");
    insta::assert_snapshot!(both(&sandbox(&upstream), ">=12.99 <13"), @"
    node: exit status: 127
    usher: no node release matches >=12.99 <13 (requested by .nvmrc:2)
      hint: use available node

    use node@>=12.99 <13: exit status: 127
    error: no node release matches >=12.99 <13 (requested by the command line)
      hint: use available node
    ");
    insta::assert_snapshot!(both(&sandbox(&upstream), "lts/argon"), @"
    node: exit status: 127
    usher: no node release matches lts/argon (requested by .nvmrc:2)
      hint: use available node

    use node@lts/argon: exit status: 127
    error: no node release matches lts/argon (requested by the command line)
      hint: use available node
    ");
    // The source that has it fails.
    upstream.misbehave(INDEX, Misbehaviour::Status(500));
    insta::assert_snapshot!(both(&sandbox(&upstream), "25"), @"
    node: exit status: 127
    usher: no node release matches 25 in the sources that answered (requested by .nvmrc:2)
      nearest: 24.11.0
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] answered 500 Internal Server Error
      hint: use available node

    use node@25: exit status: 127
    error: no node release matches 25 in the sources that answered (requested by the command line)
      nearest: 24.11.0
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] answered 500 Internal Server Error
      hint: use available node
    ");
    upstream.stop_misbehaving(INDEX);
    insta::assert_snapshot!(both(&sandbox(&upstream), "lts/nonesuch"), @"
    node: exit status: 127
    usher: no node release matches lts/nonesuch (requested by .nvmrc:2)
      hint: use available node

    use node@lts/nonesuch: exit status: 127
    error: no node release matches lts/nonesuch (requested by the command line)
      hint: use available node
    ");
}

#[test]
fn message_without_network() {
    insta::assert_snapshot!(both(&offline_sandbox(), "12"), @"
    node: exit status: 127
    usher: can't look up node 12 (requested by .nvmrc:2): no source answered
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection
      npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)

    use node@12: exit status: 69
    error: can't look up node 12 (requested by the command line): no source answered
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection
      npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
    // A label has at most 63 bytes, so that no resolver ever sends this one anywhere.
    let name = format!("{}.invalid", "x".repeat(64));
    let sandbox = offline_sandbox().with_variable("no_proxy", "127.0.0.1,invalid");
    let sandbox = sandbox.with_variable("NODEJS_ORG_MIRROR", format!("http://{name}"));
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript().replace(&name, "nonesuch.invalid"), @"
    exit status: 69
    --- standard output
    --- standard error
    error: can't look up node 12 (requested by the command line): no source answered
      nodejs.org: can't fetch http://nonesuch.invalid/index.json: the name nonesuch.invalid doesn't resolve
      npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
}

#[test]
fn message_for_a_hash_mismatch() {
    let upstream = Upstream::start();
    upstream.misbehave(&archive(), Misbehaviour::FlippedBit(100));
    insta::assert_snapshot!(both(&sandbox(&upstream), "12"), @"
    node: exit status: 126
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz is not what was published
      published: sha256:[HASH]
      received:  sha256:[HASH]
      node 12 is requested by .nvmrc:2
      hint: try again later; if it persists, ask the operator of that server or proxy

    use node@12: exit status: 76
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz is not what was published
      published: sha256:[HASH]
      received:  sha256:[HASH]
      hint: try again later; if it persists, ask the operator of that server or proxy
    ");
}

#[test]
fn message_for_a_truncated_download() {
    let upstream = Upstream::start();
    upstream.misbehave(&archive(), Misbehaviour::CutAfter(0));
    insta::assert_snapshot!(both(&with_one_source(&upstream), "12"), @"
    node: exit status: 127
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
      the connection to 127.0.0.1:[PORT] broke: end of file before message length reached
      node 12 is requested by .nvmrc:2
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)

    use node@12: exit status: 69
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
      the connection to 127.0.0.1:[PORT] broke: end of file before message length reached
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
}

/// Publishes an archive with a checksum that fits.
fn publish(upstream: &Upstream, bytes: Vec<u8>) {
    use sha2::{Digest as _, Sha256};
    use std::fmt::Write as _;

    let hash = Sha256::digest(&bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let name = archive();
    let name = name.rsplit('/').next().unwrap();
    upstream.put(SUMS, format!("{hash}  {name}\n"));
    upstream.put(&archive(), bytes);
}

#[test]
fn message_for_a_damaged_published_archive() {
    let upstream = Upstream::start();
    let whole = upstream.body(&archive());
    publish(&upstream, whole[..whole.len() / 2].to_vec());
    insta::assert_snapshot!(both(&sandbox(&upstream), "12"), @"
    node: exit status: 126
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it is damaged or cut short: incomplete deflate stream
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 65
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it is damaged or cut short: incomplete deflate stream
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
    ");
    publish(&upstream, b"no archive at all".to_vec());
    insta::assert_snapshot!(both(&sandbox(&upstream), "12"), @"
    node: exit status: 126
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it should be an archive, but is something unknown
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 65
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it should be an archive, but is something unknown
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
    ");
}

#[test]
fn message_for_a_hostile_archive() {
    let top = "node-v12.22.12";
    let hostile = [
        Archive::new()
            .program(&format!("{top}/bin/node"), "#!/bin/sh\n")
            .file("top/../../../escaped", "x"),
        Archive::new().file("/escaped", "x"),
        Archive::new()
            .link(&format!("{top}/bin"), "../../../../..")
            .file(&format!("{top}/bin/escaped"), "x"),
    ];
    let mut transcript = String::new();
    for archive in hostile {
        let upstream = Upstream::start();
        publish(&upstream, archive.tar_gz());
        let sandbox = sandbox(&upstream);
        let before = sandbox.tree("");
        transcript.push_str(&both(&sandbox, "12"));
        let changes = before.changes(&sandbox.tree(""));
        assert!(!changes.iter().any(|change| change.contains("escaped")), "{changes:#?}");
    }
    insta::assert_snapshot!(transcript, @"
    node: exit status: 126
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it holds “top/../../../escaped”: its name has “..” in it
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 65
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it holds “top/../../../escaped”: its name has “..” in it
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
    node: exit status: 126
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it holds “/escaped”: a name is absolute
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 65
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it holds “/escaped”: a name is absolute
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
    node: exit status: 126
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it holds “node-v12.22.12/bin”: the link leads out of the archive
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 65
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: can't unpack [SANDBOX]/home/.cache/usher/downloads/[HASH]
      it holds “node-v12.22.12/bin”: the link leads out of the archive
      downloaded from http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
    ");
}

#[test]
fn message_for_an_archive_without_the_program() {
    let upstream = Upstream::start();
    publish(&upstream, Archive::new().file("node-v12.22.12/README.md", "x").tar_gz());
    insta::assert_snapshot!(both(&sandbox(&upstream), "12"), @"
    node: exit status: 126
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 from 127.0.0.1:[PORT] has no node
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 65
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    error: node 12.22.12 from 127.0.0.1:[PORT] has no node
    ");
}

#[test]
fn a_web_page_in_place_of_a_file() {
    for (path, request) in [(INDEX, "12"), (SUMS, "12"), (&*archive(), "12")] {
        let upstream = Upstream::start();
        upstream.misbehave(path, Misbehaviour::Page);
        let transcript = both(&with_one_source(&upstream), request);
        match path {
            INDEX => insta::assert_snapshot!(transcript, @"
            node: exit status: 127
            usher: can't look up node 12 (requested by .nvmrc:2): no source answered
              nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: the response looks like a web page (a captive portal or a proxy?): 127.0.0.1:[PORT] answered 200 OK with text/html

            use node@12: exit status: 69
            error: can't look up node 12 (requested by the command line): no source answered
              nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: the response looks like a web page (a captive portal or a proxy?): 127.0.0.1:[PORT] answered 200 OK with text/html
            "),
            SUMS => insta::assert_snapshot!(transcript, @"
            node: exit status: 127
            usher: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/SHASUMS256.txt
              the response looks like a web page (a captive portal or a proxy?)
              127.0.0.1:[PORT] answered 200 OK with text/html
              node 12 is requested by .nvmrc:2

            use node@12: exit status: 69
            error: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/SHASUMS256.txt
              the response looks like a web page (a captive portal or a proxy?)
              127.0.0.1:[PORT] answered 200 OK with text/html
            "),
            _ => insta::assert_snapshot!(transcript, @"
            node: exit status: 127
            usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
            usher: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
              the response looks like a web page (a captive portal or a proxy?)
              127.0.0.1:[PORT] answered 200 OK with text/html
              node 12 is requested by .nvmrc:2

            use node@12: exit status: 69
            usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
            error: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz
              the response looks like a web page (a captive portal or a proxy?)
              127.0.0.1:[PORT] answered 200 OK with text/html
            "),
        }
    }
}

#[test]
fn an_index_is_invalid() {
    let upstream = Upstream::start();
    upstream.put(INDEX, "{\"versions\": ");
    insta::assert_snapshot!(both(&with_one_source(&upstream), "12"), @"
    node: exit status: 127
    usher: can't look up node 12 (requested by .nvmrc:2): no source answered
      nodejs.org: the index at http://127.0.0.1:[PORT]/dist/index.json is invalid: invalid JSON: EOF while parsing a value at line 1 column 13

    use node@12: exit status: 69
    error: can't look up node 12 (requested by the command line): no source answered
      nodejs.org: the index at http://127.0.0.1:[PORT]/dist/index.json is invalid: invalid JSON: EOF while parsing a value at line 1 column 13
    ");
}

#[test]
fn message_for_missing_checksums() {
    let upstream = Upstream::start();
    upstream.misbehave(SUMS, Misbehaviour::Status(404));
    insta::assert_snapshot!(both(&with_one_source(&upstream), "12"), @"
    node: exit status: 127
    usher: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/SHASUMS256.txt
      127.0.0.1:[PORT] answered 404 Not Found
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 69
    error: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/SHASUMS256.txt
      127.0.0.1:[PORT] answered 404 Not Found
    ");
    upstream.stop_misbehaving(SUMS);
    upstream.put(SUMS, "0000000000000000000000000000000000000000000000000000000000000000  other\n");
    insta::assert_snapshot!(both(&sandbox(&upstream), "12"), @"
    node: exit status: 126
    usher: http://127.0.0.1:[PORT]/dist/v12.22.12/SHASUMS256.txt has no checksum for node-v12.22.12-[PLATFORM].tar.gz
      node 12 is requested by .nvmrc:2

    use node@12: exit status: 76
    error: http://127.0.0.1:[PORT]/dist/v12.22.12/SHASUMS256.txt has no checksum for node-v12.22.12-[PLATFORM].tar.gz
    ");
}
