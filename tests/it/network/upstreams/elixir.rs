//! Elixir and the Erlang that it runs on, from copies of both upstreams: which build is taken, what
//! is installed with it, and the error if the two are incompatible.
//!
//! The Erlangs are of numbers that no machine has, so that the system's own never runs these builds.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tar::EntryType;

use crate::real::skipped;
use crate::support::{Archive, Catalogue, Outcome, Sandbox, Upstream, sha256};

/// Builds of Elixir, of which each has the one without a mark as well.
const BUILDS: [&str; 6] = [
    "1.17.3-otp-90",
    "1.17.3-otp-91",
    "1.17.3-otp-92",
    "1.18.0-otp-91",
    "1.18.0-otp-92",
    "1.18.0-otp-93",
];

const ERLANGS: [&str; 4] = ["90.3.1", "91.2", "92.1.4", "93.0"];

/// Both upstreams at one address, and a sandbox that uses no other.
fn site() -> (Upstream, Sandbox) {
    let upstream = Upstream::serving(&Catalogue::default());
    let source = format!("elixir={0},erlang={0}", upstream.base());
    let sandbox = Sandbox::new().with_variable("USHER_SOURCE", source);
    sandbox.install();
    put_elixir(&upstream);
    put_erlang(&upstream);
    (upstream, sandbox)
}

fn put_elixir(upstream: &Upstream) {
    let mut lines = String::from("main 0 x y\nv1.18 0 x y\n");
    let plain = BUILDS.map(|build| build.split("-otp-").next().unwrap());
    for build in BUILDS.iter().chain(&plain) {
        let script = format!("#!/bin/sh\nexec erl -elixir {build} \"$@\"\n");
        let bytes = ["elixir", "mix", "iex"]
            .iter()
            .fold(Archive::new(), |archive, name| archive.program(&format!("bin/{name}"), &script));
        let bytes = bytes.tar_gz();
        writeln!(lines, "v{build} 0123 2024-09-18T00:00:00Z {} ", sha256(&bytes))
            .expect("write into memory");
        upstream.put(&format!("/builds/elixir/v{build}.zip"), bytes);
    }
    upstream.put("/builds/elixir/builds.txt", lines);
}

fn put_erlang(upstream: &Upstream) {
    let chip = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
    for system in ["ubuntu-20.04", "ubuntu-22.04", "ubuntu-24.04"] {
        let at = format!("/builds/otp/{chip}/{system}");
        let mut lines = String::new();
        for version in ERLANGS {
            let bytes = Archive::new()
                .program(&format!("OTP-{version}/Install"), "#!/bin/sh\n")
                .program(&format!("OTP-{version}/bin/erl"), &erl(version))
                .tar_gz();
            writeln!(lines, "OTP-{version} 0123 2026-08-04T10:35:03Z {}", sha256(&bytes))
                .expect("write into memory");
            upstream.put(&format!("{at}/OTP-{version}.tar.gz"), bytes);
        }
        upstream.put(&format!("{at}/builds.txt"), lines);
    }
}

/// A program that prints which Erlang runs what.
fn erl(version: &str) -> String {
    format!("#!/bin/sh\necho \"erlang $@ on {version}\"\n")
}

/// An installed Erlang.
fn with_erlang(sandbox: &Sandbox, version: &str) {
    let path = sandbox.toolchain("erlang", version).join("bin/erl");
    sandbox.executable(path, &erl(version));
    sandbox.reshim();
}

/// What is on disk of usher's own, a tool and its versions.
fn on_disk(sandbox: &Sandbox, tool: &str) -> String {
    let folder = sandbox.usher().join("toolchains").join(tool);
    let Ok(entries) = fs::read_dir(folder) else { return String::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names.join(" ")
}

/// What `use install` of a word leaves on disk, where these Erlangs are there and the project's
/// `.tool-versions` contains this.
#[track_caller]
fn check((there, pins): (&[&str], &str), words: &[&str], expected: (&str, &str)) -> Outcome {
    let (_upstream, sandbox) = site();
    for version in there {
        with_erlang(&sandbox, version);
    }
    sandbox.file("project/.tool-versions", pins);
    let outcome = sandbox.use_command(&[&["install"], words].concat()).run().succeeds();
    let found = (on_disk(&sandbox, "elixir"), on_disk(&sandbox, "erlang"));
    assert_eq!((found.0.as_str(), found.1.as_str()), expected, "{words:?}\n{outcome}");
    outcome
}

#[test]
fn the_build_is_for_the_active_erlang() {
    for (there, pins, words, elixir, erlang) in [
        // An installed one that isn't pinned.
        (&["91.2"][..], "", &["elixir@1.17"][..], "1.17.3-otp-91", "91.2"),
        (&["93.0"], "", &["elixir@1.17"], "1.17.3-otp-92", "93.0"),
        (&["90.3.1", "92.1.4"], "", &["elixir@1.17.3"], "1.17.3-otp-92", "90.3.1 92.1.4"),
        // A pinned one, although a newer one is installed.
        (&["90.3.1", "92.1.4"], "erlang 90\n", &["elixir@1.17"], "1.17.3-otp-90", "90.3.1 92.1.4"),
        // A pinned one that isn't installed is installed too.
        (&[], "erlang 91\n", &["elixir@1.17"], "1.17.3-otp-91", "91.2"),
        // The newest that a pinned one runs.
        (&["90.3.1"], "erlang 90\n", &["elixir@latest"], "1.17.3-otp-90", "90.3.1"),
        // What people write in `.tool-versions`.
        (&["92.1.4"], "", &["elixir@1.17.3-otp-91"], "1.17.3-otp-91", "92.1.4"),
        // Both at once fit each other.
        (&[], "", &["erlang@91", "elixir@1.17"], "1.17.3-otp-91", "91.2"),
        (&["93.0"], "", &["elixir@1.17", "erlang@90"], "1.17.3-otp-90", "90.3.1 93.0"),
        (&[], "elixir 1.17\nerlang 90\n", &[], "1.17.3-otp-90", "90.3.1"),
    ] {
        check((there, pins), words, (elixir, erlang));
    }
}

#[test]
fn a_missing_erlang_is_installed_with_elixir() {
    let outcome = check((&[], ""), &["elixir@1.17"], ("1.17.3-otp-92", "92.1.4"));
    outcome.stderr_contains("elixir 1.17.3-otp-92 needs Erlang/OTP: installing erlang 92 too");
    check((&[], ""), &["elixir@1.17.3-otp-90"], ("1.17.3-otp-90", "90.3.1"));
    // The installed one is too old, and not pinned.
    check((&["90.3.1"], ""), &["elixir@1.18"], ("1.18.0-otp-93", "90.3.1 93.0"));
    // An installed one is used.
    let outcome = check((&["93.0"], ""), &["elixir@1.18.0-otp-91"], ("1.18.0-otp-91", "93.0"));
    assert!(!outcome.stderr.contains("got too"), "{outcome}");
}

#[test]
fn an_incompatible_pair_is_an_error_that_names_both_origins() {
    let (_upstream, sandbox) = site();
    with_erlang(&sandbox, "90.3.1");
    sandbox.file("project/.tool-versions", "erlang 90\n");
    let outcome = sandbox.use_command(&["install", "elixir@1.18"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: elixir 1.18 (requested by the command line) doesn't run on erlang 90 (requested by .tool-versions:1)
      elixir 1.18.0 is built for erlang 91, 92, 93
      hint: use install erlang@93
    ");
    assert_eq!(on_disk(&sandbox, "elixir"), "", "nothing was fetched");
    // The same by a shim, which also has the build on disk.
    sandbox
        .executable(sandbox.toolchain("elixir", "1.18.0-otp-92").join("bin/elixir"), "#!/bin/sh\n");
    sandbox.reshim();
    sandbox.file("project/.tool-versions", "erlang 90\nelixir 1.18.0-otp-92\n");
    let outcome = sandbox.command("elixir").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    usher: elixir 1.18.0-otp-92 (requested by .tool-versions:2) doesn't run on erlang 90 (requested by .tool-versions:1)
      elixir 1.18.0 is built for erlang 92
      hint: use erlang@92
    ");
}

#[test]
fn a_shim_runs_elixir_on_a_matching_erlang() {
    let (_upstream, sandbox) = site();
    sandbox.file("project/.tool-versions", "elixir 1.17\n");
    let run = |program: &str| sandbox.command(program).argument("x").run().succeeds();
    sandbox.use_command(&["shim", "add", "elixir"]).run();
    sandbox.use_command(&["install", "elixir@1.17"]).run().succeeds();
    for program in ["elixir", "mix", "iex"] {
        run(program).stdout_is("erlang -elixir 1.17.3-otp-92 x on 92.1.4");
    }
    // A project's Erlang gets the build that is for it, and the other project keeps its own.
    sandbox.file("project/.tool-versions", "elixir 1.17\nerlang 91\n");
    run("mix").stdout_is("erlang -elixir 1.17.3-otp-91 x on 91.2");
    sandbox.file("project/.tool-versions", "elixir 1.17\n");
    run("mix").stdout_is("erlang -elixir 1.17.3-otp-92 x on 92.1.4");
}

/// Whatever runs on it may run.
#[test]
fn an_erlang_of_unknown_version_is_used() {
    let (_upstream, sandbox) = site();
    sandbox.executable("bin/erl", &erl("what is first"));
    let folders = [sandbox.shims(), sandbox.root().join("bin"), "/usr/bin".into(), "/bin".into()];
    let sandbox = sandbox.with_variable("PATH", std::env::join_paths(folders).unwrap());
    sandbox.file("project/.tool-versions", "elixir 1.17\n");
    sandbox.use_command(&["install"]).run().succeeds();
    assert_eq!(on_disk(&sandbox, "erlang"), "");
    let outcome = sandbox.command("elixir").argument("x").run().succeeds();
    outcome.stdout_is("erlang -elixir 1.17.3-otp-92 x on what is first");
}

#[test]
fn available_lists_the_builds_of_a_version() {
    let (_upstream, sandbox) = site();
    with_erlang(&sandbox, "91.2");
    sandbox.use_command(&["install", "elixir@1.17"]).run().succeeds();
    let outcome = sandbox.use_command(&["available", "elixir"]).run().succeeds();
    let rows = outcome.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows: Vec<Vec<&str>> = rows.collect();
    assert_eq!(rows[1][..5], ["1.18", "1.18.0", "91", "92", "93"], "{outcome}");
    assert_eq!(rows[2][..6], ["1.17", "1.17.3", "90", "91", "92", "active"], "{outcome}");
    let outcome = sandbox.use_command(&["available", "elixir@1.17"]).run().succeeds();
    let rows: Vec<&str> = outcome.stdout.lines().skip(1).collect();
    let versions: Vec<&str> = rows.iter().filter_map(|row| row.split(' ').next()).collect();
    assert_eq!(versions, ["1.17.3-otp-92", "1.17.3-otp-91", "1.17.3-otp-90", "1.17.3"]);
    assert!(rows[1].ends_with(" active"), "{outcome}");
}

/// The system's Elixir, as upstream packs it, on the system's Erlang: a program of its own runs.
#[test]
fn a_real_elixir_runs_on_the_real_erlang() {
    let folder = Path::new("/usr/lib/elixir");
    if !folder.join("bin/elixir").exists() || !Path::new("/usr/bin/erl").exists() {
        return skipped("there is no /usr/lib/elixir or no erl on this machine");
    }
    let (upstream, sandbox) = site();
    let mut archive = Archive::new();
    for path in files(folder) {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
        let mode = if name.starts_with("bin/") { 0o755 } else { 0o644 };
        archive = archive.entry(name, EntryType::Regular, (mode, ""), &fs::read(&path).unwrap());
    }
    let bytes = archive.tar_gz();
    // One that any Erlang may run, one for the oldest there ever was, and one for none that is here.
    let builds = ["7.0.0", "7.0.0-otp-17", "7.0.0-otp-99"];
    let mut lines = String::new();
    for build in builds {
        writeln!(lines, "v{build} 0123 2024-09-18T00:00:00Z {}", sha256(&bytes))
            .expect("write into memory");
        upstream.put(&format!("/builds/elixir/v{build}.zip"), bytes.clone());
    }
    upstream.put("/builds/elixir/builds.txt", lines);
    sandbox.file("project/.tool-versions", "elixir 7\n");
    let script = "IO.puts(\"#{Enum.product([6, 7])} #{System.otp_release()}\")";
    let outcome =
        sandbox.command("elixir").arguments(["-e", script]).with_long_timeout().run().succeeds();
    assert!(outcome.stdout.starts_with("42 "), "{outcome}");
    assert_eq!(on_disk(&sandbox, "elixir"), "7.0.0-otp-17");
    assert_eq!(on_disk(&sandbox, "erlang"), "", "the system's did");
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut found): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    found.extend(folders.iter().flat_map(|folder| files(folder)));
    found
}
