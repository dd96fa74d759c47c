//! Tests of the support code: what it serves, how it fails, what its fake tools print.

use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::GzDecoder;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::documents::sha256;
use super::{Catalogue, IndexFile, Misbehaviour, Package, Platform, Sandbox, Upstream, archives};

/// Sends a request with extra header lines. Returns the status line and headers, the body, and how
/// the connection ended.
fn send_request(
    upstream: &Upstream,
    path: &str,
    headers: &str,
) -> (String, Vec<u8>, io::Result<usize>) {
    let address: SocketAddr = upstream.base().trim_start_matches("http://").parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").unwrap();
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of headers");
    let body = bytes.split_off(split + 4);
    (String::from_utf8(bytes).unwrap(), body, ended)
}

fn get(upstream: &Upstream, path: &str) -> Vec<u8> {
    let (head, body, ended) = send_request(upstream, path, "");
    assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
    ended.unwrap();
    body
}

fn get_json(upstream: &Upstream, path: &str) -> Value {
    serde_json::from_slice(&get(upstream, path)).unwrap()
}

fn names(archive: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(GzDecoder::new(Cursor::new(archive)));
    let entries = archive.entries().unwrap();
    entries.map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
}

#[test]
fn the_fake_node_site_serves_matching_checksums() {
    let upstream = Upstream::start();
    let index = get_json(&upstream, "/dist/index.json");
    let lts = |version: &str| {
        let found = index.as_array().unwrap().iter().find(|entry| entry["version"] == version);
        found.unwrap()["lts"].clone()
    };
    assert_eq!((lts("v12.22.12"), lts("v12.0.0")), (json!("Erbium"), json!(false)));

    let name = format!("node-v12.22.12-{}.tar.gz", Platform::here().node);
    let archive = get(&upstream, &format!("/dist/v12.22.12/{name}"));
    let sums = String::from_utf8(get(&upstream, "/dist/v12.22.12/SHASUMS256.txt")).unwrap();
    assert!(sums.lines().any(|line| line == format!("{}  {name}", sha256(&archive))), "{sums}");
    let top = name.trim_end_matches(".tar.gz");
    assert!(names(&archive).contains(&format!("{top}/bin/npm")));

    assert_eq!(upstream.requests("/dist/index.json"), 1);
    assert_eq!(upstream.all_requests().len(), 3);
}

#[test]
fn the_fake_npm_registry_serves_matching_integrity() {
    let mut catalogue = Catalogue::standard();
    let programs = json!({ "yarn": "bin/yarn.js" });
    let yarn = archives::manifest(("@yarnpkg/cli-dist", "4.5.0"), &programs, None);
    catalogue.packages.push(Package::scripts(&yarn));
    let upstream = Upstream::serving(&catalogue);
    for (path, version) in [
        ("/npm/npm", "6.14.18"),
        ("/npm/@yarnpkg%2fcli-dist", "4.5.0"),
        (&format!("/npm/node-{}", Platform::here().node), "12.22.12"),
    ] {
        let dist = &get_json(&upstream, path)["versions"][version]["dist"];
        let address = dist["tarball"].as_str().unwrap().strip_prefix(upstream.base()).unwrap();
        let tarball = get(&upstream, address);
        let integrity = format!("sha512-{}", BASE64.encode(Sha512::digest(&tarball)));
        assert_eq!(dist["integrity"], integrity, "{path}");
        assert!(names(&tarball).contains(&"package/package.json".to_owned()), "{path}");
    }
    let npm = get_json(&upstream, "/npm/npm");
    assert_eq!(npm["dist-tags"]["latest"], "11.6.2");
    assert_eq!(npm["versions"]["5.10.0"]["engines"], Value::Null);
}

#[test]
fn the_fake_python_sites_serve_the_listed_files() {
    let wheel = IndexFile {
        project: "sample",
        name: "sample-1.0-py3-none-any.whl",
        requires_python: Some(">=3.8,<4"),
        bytes: b"a wheel".into(),
    };
    let upstream =
        Upstream::serving(&Catalogue { index_files: vec![wheel], ..Catalogue::standard() });
    let page = String::from_utf8(get(&upstream, "/pypi/simple/sample/")).unwrap();
    let hash = sha256(b"a wheel");
    assert!(page.contains(&format!("#sha256={hash}\" data-requires-python=\"&gt;=3.8,&lt;4\">")));

    let list = get(&upstream, "/astral/github/versions/main/v1/python-build-standalone.ndjson");
    let first = list.split(|byte| *byte == b'\n').next().unwrap();
    let first: Value = serde_json::from_slice(first).unwrap();
    let platform = Platform::here().python;
    let mut artifacts = first["artifacts"].as_array().unwrap().iter();
    let artifact = artifacts
        .find(|row| row["platform"] == platform && row["variant"] == "install_only_stripped")
        .unwrap();
    let (_, file) = artifact["url"].as_str().unwrap().split_once("/releases/download/").unwrap();
    for folder in ["/astral/github/python-build-standalone", "/python-build-standalone"] {
        let archive = get(&upstream, &format!("{folder}/releases/download/{file}"));
        assert_eq!(artifact["sha256"], sha256(&archive));
        assert!(names(&archive).contains(&"python/bin/python3.14".to_owned()));
    }
}

#[test]
fn programs_in_fake_archives_run() {
    let platform = Platform::here().node;
    let node = archives::node_release("12.22.12", &platform, "6.14.16");
    for (archive, program, answer) in [
        (&node, format!("node-v12.22.12-{platform}/bin/node"), "v12.22.12"),
        (&archives::python_release("3.12.12"), "python/bin/python3".into(), "Python 3.12.12"),
        (&Package::node("12.0.0").tarball, "package/bin/node".into(), "v12.0.0"),
    ] {
        let sandbox = Sandbox::new();
        let unpack = sandbox.command("tar").arguments(["-xz"]).standard_input(archive.as_slice());
        unpack.run().succeeds();
        let program = sandbox.project().join(program);
        sandbox.command(&program).argument("--version").run().succeeds().stdout_is(answer);
        sandbox.command(&program).arguments(["x", "y z"]).run().succeeds().stdout_is("x\ny z");
    }
}

#[test]
fn a_fake_upstream_path_misbehaves_as_configured() {
    const PATH: &str = "/dist/index.json";
    let upstream = Upstream::start();
    let right = get(&upstream, PATH);
    let try_with = |misbehaviour| {
        upstream.misbehave_times(PATH, 1, misbehaviour);
        send_request(&upstream, PATH, "")
    };
    assert!(try_with(Misbehaviour::Status(503)).0.starts_with("HTTP/1.1 503 "));
    assert!(try_with(Misbehaviour::Page).1.starts_with(b"<!DOCTYPE html>"));
    assert!(try_with(Misbehaviour::Redirect("/x".into())).0.contains("Location: /x"));

    let (head, cut, ended) = try_with(Misbehaviour::CutAfter(100));
    assert!(head.contains(&format!("Content-Length: {}", right.len())), "{head}");
    assert!(ended.is_ok() && cut == right[..100]);

    let (_, flipped, _) = try_with(Misbehaviour::FlippedBit(7));
    let different: Vec<usize> = (0..right.len()).filter(|i| flipped[*i] != right[*i]).collect();
    assert_eq!(different, [7]);

    let (_, _, ended) = try_with(Misbehaviour::ResetAfter(100));
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);

    let (_, slow, _) = try_with(Misbehaviour::Slow(1000, Duration::from_millis(1)));
    assert_eq!(slow, right);
    assert_eq!(get(&upstream, PATH), right, "once means once");
}

#[test]
fn a_stalled_response_is_sent_when_released() {
    const PATH: &str = "/dist/index.json";
    for release in [true, false] {
        let upstream = Upstream::start();
        upstream.misbehave(PATH, Misbehaviour::StallAfter(10));
        let whole = upstream.body(PATH).len();
        let address = upstream.base().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {PATH} HTTP/1.1\r\n\r\n").unwrap();
        upstream.wait_for_requests(PATH, 1);
        if release {
            upstream.release();
        } else {
            drop(upstream);
        }
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes);
        assert_eq!(ended.is_ok_and(|length| length > whole), release);
    }
}

#[test]
fn the_fake_upstream_supports_ranges_and_etags() {
    const PATH: &str = "/dist/index.json";
    let upstream = Upstream::start();
    let (head, right, _) = send_request(&upstream, PATH, "");
    let tag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap().to_owned();
    let check = |headers: String, status: &str, body: &[u8]| {
        let (head, got, _) = send_request(&upstream, PATH, &headers);
        assert!(head.starts_with(status) && got == body, "{headers}: {head}");
    };
    check(format!("If-None-Match: {tag}\r\n"), "HTTP/1.1 304 ", b"");
    check("Range: bytes=9-\r\n".into(), "HTTP/1.1 206 ", &right[9..]);
    check("Range: bytes=9-\r\nIf-Range: \"x\"\r\n".into(), "HTTP/1.1 200 ", &right);
    check(format!("Range: bytes={}-\r\n", right.len()), "HTTP/1.1 416 ", b"");
}

#[test]
fn a_fake_program_prints_its_arguments() {
    let sandbox = Sandbox::new().with_variable("FAKE_SHOWS", "HOME NODE_VERSION");
    let node = sandbox.fake_toolchain("node", "12.22.12").join("bin/node");
    let outcome = sandbox.command(&node).arguments(["a b", "-v"]).variable("FAKE_EXITS", "3").run();
    insta::assert_snapshot!(outcome.fails_with(3).transcript(), @r"
    exit status: 3
    --- standard output
    node 12.22.12
    argument 0: [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin/node
    argument 1: a b
    argument 2: -v
    HOME=[SANDBOX]/home
    NODE_VERSION is unset
    --- standard error
    ");

    sandbox.command(&node).with_argument_zero("x").run().stdout_has_line("argument 0: x");
    sandbox
        .command(&node)
        .variable("FAKE_RUNS", "echo nested; exit 4")
        .run()
        .fails_with(4)
        .stdout_has_line("nested");
}

#[test]
fn a_new_script_runs_while_other_threads_fork() {
    let sandbox = Sandbox::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for turn in 0..50 {
                    let path = format!("project/{thread}-{turn}");
                    let script = sandbox.executable(path, "#!/bin/sh\necho done\n");
                    sandbox.command(script).run().succeeds().stdout_is("done");
                }
            });
        }
    });
}

#[test]
fn a_test_command_has_only_the_given_environment() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.command("env").variable("A", "1").run().succeeds();
    insta::assert_snapshot!(outcome.transcript(), @r"
    exit status: 0
    --- standard output
    A=1
    HOME=[SANDBOX]/home
    PATH=[SANDBOX]/home/.local/share/usher/shims:/usr/bin:/bin
    all_proxy=http://127.0.0.1:[PORT]
    http_proxy=http://127.0.0.1:[PORT]
    https_proxy=http://127.0.0.1:[PORT]
    no_proxy=127.0.0.1,localhost,::1
    --- standard error
    ");
    sandbox.command("cat").standard_input("read me").run().stdout_is("read me");
    sandbox.command("pwd").directory("home").run().stdout_is("[SANDBOX]/home");
}

/// The test run may ignore signals, as under `nohup`.
#[test]
fn a_test_command_inherits_no_ignored_signals() {
    let sandbox = Sandbox::new();
    // SAFETY: ignores a signal that no test sends to this process.
    unsafe { libc::signal(libc::SIGUSR2, libc::SIG_IGN) };
    // Called again, because the support code only calls it once, possibly before this test.
    crate::support::executables::unignore_signals();
    sandbox.command("sh").arguments(["-c", "kill -USR2 $$"]).run().dies_by(Signal::USR2);
}

#[test]
fn a_failed_assertion_shows_the_whole_command() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.command("sh").arguments(["-c", "echo out; echo err >&2; exit 7"]).run();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| outcome.succeeds()));
    let text = *result.unwrap_err().downcast::<String>().unwrap();
    insta::assert_snapshot!(sandbox.mask(&text), @r#"
    expected: exit code 0
    command: ["sh", "-c", "echo out; echo err >&2; exit 7"]
    directory: [SANDBOX]/project
    variable: HOME=[SANDBOX]/home
    variable: PATH=[SANDBOX]/home/.local/share/usher/shims:/usr/bin:/bin
    variable: all_proxy=http://127.0.0.1:[PORT]
    variable: http_proxy=http://127.0.0.1:[PORT]
    variable: https_proxy=http://127.0.0.1:[PORT]
    variable: no_proxy=127.0.0.1,localhost,::1
    exit status: 7
    --- standard output
    out
    --- standard error
    err
    "#);
}

#[test]
fn the_sandbox_installs_use_usher_and_shim() {
    let sandbox = Sandbox::new();
    sandbox.install();
    for program in [sandbox.shim("use"), sandbox.shim("usher"), sandbox.usher().join("shim")] {
        assert!(program.is_file(), "{}", program.display());
    }
}

#[test]
fn an_offline_sandbox_refuses_connections() {
    let sandbox = Sandbox::new().offline();
    let outcome = sandbox.command("sh").arguments(["-c", "echo $NODEJS_ORG_MIRROR"]).run();
    let address = outcome.stdout.trim_start_matches("http://").trim_end().trim_end_matches("/dist");
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}
