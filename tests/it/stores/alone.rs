//! A person's own tool that comes as one program, without an archive around it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{Sandbox, Upstream, sha256};

/// The file of own tools' definitions.
const FILE: &str = "home/.config/usher/registry/acme.toml";

const SCRIPT: &str = "#!/bin/sh\necho \"acme $1\"\n";

/// A tool whose archive, as its index names it, is a program.
fn acme(upstream: &Upstream, more: &str) -> String {
    format!(
        "name = 'acme'\ntitle = 'T'\nprograms = ['acme']\nvariables = ['ACME_VERSION']\n\
         dialect = 'npm'\nversion_components = 3\n[[source]]\nname = 'acme'\n[source.index]\n\
         base = '{}/acme'\nlist = '{{base}}/index.json'\nformat = 'json'\nentries = '*'\n\
         platform = {{ any = {{ name = 'acme' }} }}\n[[source.index.release]]\nfrom = '{{.version}}'\n\
         archive = '{{base}}/{{.file}}'\nhash = '{{.sha256}}'\nsize = '{{.size}}'\n{more}\n",
        upstream.base()
    )
}

/// Publishes these files as a version each, 1.0.0 and so on.
fn publish(upstream: &Upstream, files: &[(&str, Vec<u8>)]) {
    let mut index = Vec::new();
    for (place, (name, bytes)) in files.iter().enumerate() {
        let version = format!("{}.0.0", place + 1);
        index.push(json!({ "version": version, "file": name, "sha256": sha256(bytes), "size": bytes.len() }));
        upstream.put(&format!("/acme/{name}"), bytes.clone());
    }
    upstream.put("/acme/index.json", json!(index).to_string());
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn with_upstream(upstream: &Upstream) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    sandbox.install();
    sandbox
}

#[test]
fn a_single_program_is_a_release_compressed_or_not() {
    let upstream = Upstream::start();
    let files = [("acme-1", SCRIPT.into()), ("acme-2.gz", gzipped(SCRIPT))];
    publish(&upstream, &files);
    let sandbox = with_upstream(&upstream);
    sandbox.file(FILE, acme(&upstream, "program = 'bin/{name}'"));
    for version in ["1.0.0", "2.0.0"] {
        sandbox.use_command(&["install", &format!("acme@{version}")]).run().succeeds();
        let acme = sandbox.command("acme").argument(format!("+{version}")).argument("works");
        acme.run().succeeds().stdout_is("acme works");
        let root = sandbox.toolchain("acme", version);
        let seen = fs::metadata(root.join("bin/acme")).unwrap();
        assert_eq!(seen.permissions().mode() & 0o777, 0o755, "no server states what may be run");
        sandbox.use_command(&["verify", &format!("acme@{version}")]).run().succeeds();
        // What is broken is fetched once more, and is a program again.
        fs::write(root.join("bin/acme"), "").unwrap();
        sandbox.use_command(&["repair", &format!("acme@{version}")]).run().succeeds();
        sandbox.command("acme").argument(format!("+{version}")).run().succeeds();
    }
}

#[test]
fn a_program_is_no_archive_and_an_archive_no_program() {
    let upstream = Upstream::start();
    publish(&upstream, &[("acme-1", SCRIPT.into()), ("acme-2", b"just text".to_vec())]);
    let sandbox = with_upstream(&upstream);
    sandbox.file(FILE, acme(&upstream, ""));
    let install = |request: &str| sandbox.use_command(&["install", request]).run().fails_with(65);
    install("acme@1.0.0").stderr_contains("it should be an archive, but is a program");
    sandbox.file(FILE, acme(&upstream, "program = 'bin/acme'"));
    install("acme@2.0.0").stderr_contains("it should be an archive, but is something unknown");
    // It is one, and not the one that the tool is named for.
    sandbox.file(FILE, acme(&upstream, "program = 'bin/other'"));
    install("acme@1.0.0").stderr_contains("acme 1.0.0 from acme has no acme");
    assert!(!sandbox.usher().join("toolchains/acme/1.0.0").exists());
}

#[test]
fn an_invalid_definition_is_an_error_with_file_and_key() {
    let upstream = Upstream::start();
    publish(&upstream, &[("acme-1", SCRIPT.into())]);
    let sandbox = with_upstream(&upstream);
    for (more, expected) in [
        ("program = 3", "the line: program = 3"),
        ("program = ['bin/acme']", "the line: program = ['bin/acme']"),
        ("program = true", "the line: program = true"),
        ("program = '../acme'", "`program`: `../acme` leads out of the toolchain"),
        ("program = '/bin/acme'", "`program`: `/bin/acme` leads out of the toolchain"),
        ("program = 'bin/'", "`program`: `bin/` isn't a program's name"),
        ("program = 'bin/{nothing}'", "`program`: nothing fills `{nothing}` on every platform"),
        ("program = '{.file}'", "`program`: nothing fills `{.file}` on every platform"),
        ("strip_components = '1'", "the line: strip_components = '1'"),
        ("lts = false", "the line: lts = false"),
    ] {
        sandbox.file(FILE, acme(&upstream, more));
        let failed = sandbox.use_command(&["install", "acme@1"]).run().fails_with(2);
        failed.stderr_contains(&format!("[SANDBOX]/{FILE}")).stderr_contains(expected);
    }
    for (key, wrong) in [("size = '{.size}'", "size = 3"), ("hash = '{.sha256}'", "hash = 3")] {
        sandbox.file(FILE, acme(&upstream, "").replace(key, wrong));
        let failed = sandbox.use_command(&["install", "acme@1"]).run().fails_with(2);
        failed.stderr_contains(&format!("[SANDBOX]/{FILE}:")).stderr_contains(wrong);
    }
    let unhashed = acme(&upstream, "").replace("hash = '{.sha256}'\n", "");
    sandbox.file(FILE, unhashed);
    let failed = sandbox.use_command(&["install", "acme@1"]).run().fails_with(2);
    failed.stderr_contains("give `hash` or `checksums`, or say in `unverified` why there is none");
    assert!(upstream.all_requests().is_empty());
}

#[test]
fn a_single_program_installs_from_a_file() {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    for (version, bytes) in [("1.0.0", SCRIPT.as_bytes().to_vec()), ("2.0.0", gzipped(SCRIPT))] {
        sandbox.file("project/a-program", bytes);
        let request = format!("deno@{version}");
        sandbox.use_command(&["install", &request, "--from", "a-program"]).run().succeeds();
        let program = sandbox.toolchain("deno", version).join("bin/deno");
        sandbox.command(program).argument("works").run().succeeds().stdout_is("acme works");
    }
}
