//! Upstreams whose index is not what it should be: each complaint names where and which field.

use serde_json::{Value, json};

use super::{archive, copy_of};
use crate::support::{Archive, Outcome, Sandbox, Upstream, sha256};

/// Go's site with one release, whose index entry has these fields more.
fn site(more: &Value) -> (Upstream, Sandbox) {
    let (upstream, sandbox) = copy_of("go");
    let chip = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
    let bytes = archive("go", "1.22.0", "go/bin/");
    let mut file = json!({ "filename": "go.tar.gz", "os": "linux", "arch": chip, "version": "go1.22.0",
        "sha256": sha256(&bytes), "size": bytes.len().to_string(), "kind": "archive" });
    for (key, value) in more.as_object().expect("fields") {
        file[key] = value.clone();
    }
    upstream
        .put("/", json!([{ "version": "go1.22.0", "stable": "?", "files": [file] }]).to_string());
    upstream.put("/go.tar.gz", bytes);
    (upstream, sandbox)
}

fn install(sandbox: &Sandbox) -> Outcome {
    sandbox.use_command(&["install", "go@1.22.0"]).run()
}

#[test]
fn a_valid_site_is_installed_from() {
    let (_upstream, sandbox) = site(&json!({}));
    install(&sandbox).succeeds();
}

#[test]
fn a_weak_hash_is_refused() {
    let complaint = |more: Value| {
        let (_upstream, sandbox) = site(&more);
        let outcome = install(&sandbox).fails_with(76);
        assert!(!sandbox.toolchain("go", "1.22.0").exists());
        outcome
            .stderr_contains("1.22.0 has no usable hash")
            .stderr_contains("?mode=json&include=all: `{.sha256}` is")
    };
    complaint(json!({ "sha256": null })).stderr_contains("missing");
    complaint(json!({ "sha256": 7 })).stderr_contains("“7”, which is not a SHA-256 or SHA-512");
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    complaint(json!({ "sha256": md5 })).stderr_contains("MD5 is too weak");
    complaint(json!({ "sha256": "da39a3ee5e6b4b0d3255bfef95601890afd80709" }))
        .stderr_contains("SHA-1 is too weak");
    let (_upstream, sandbox) = site(&json!({ "sha256": sha256(b"other") }));
    install(&sandbox).fails_with(76).stderr_contains("is not what was published");
}

#[test]
fn a_file_name_outside_of_the_site_is_refused() {
    for name in ["../../etc/passwd", "/etc/passwd", "https://evil.example/x"] {
        let (upstream, sandbox) = site(&json!({ "filename": name }));
        let outcome = install(&sandbox).fails_with(69);
        outcome.stderr_contains(&format!(
            "its entry for 1.22.0 has `.filename` = “{name}”, for `archive`"
        ));
        assert_eq!(upstream.all_requests().len(), 1, "only the index was requested");
    }
}

/// `use` with no more than so many kilobytes of memory, all that threads set aside included.
fn with_memory(sandbox: &Sandbox, kilobytes: u32, words: &str) -> Outcome {
    let line = format!("ulimit -v {kilobytes}; exec use {words}");
    sandbox.command("/bin/sh").arguments(["-c", &line]).run()
}

#[test]
fn an_oversized_index_is_refused_without_using_memory() {
    let (upstream, sandbox) = site(&json!({}));
    // Understood as a whole, this would take thirty times its size.
    upstream.put("/", format!("[{}0]", "0,".repeat(30_000_000)));
    let outcome = with_memory(&sandbox, 1_000_000, "install go@1.22.0").fails_with(69);
    outcome
        .stderr_contains("can't fetch http://127.0.0.1:[PORT]/: it is longer than 33554432 bytes");
}

#[test]
fn a_long_line_based_index_is_read() {
    let (upstream, sandbox) = copy_of("go");
    let bytes = Archive::new().program("acme/bin/acme", "#!/bin/sh\n").tar_gz();
    let text = format!(
        "name = 'acme'\ntitle = 'T'\nprograms = ['acme']\nvariables = ['ACME_VERSION']\n\
         dialect = 'npm'\nversion_components = 3\n[[source]]\nname = 'acme'\n[source.index]\n\
         base = '{}/acme'\nlist = '{{base}}/index'\nformat = 'ndjson'\nplatform = {{ any = {{}} }}\n\
         [[source.index.release]]\nfrom = '{{.version}}'\narchive = '{{base}}/acme.tar.gz'\n\
         hash = '{{.sha256}}'\nstrip_components = 1\n",
        upstream.base()
    );
    sandbox.file("home/.config/usher/registry/acme.toml", text);
    let line = json!({ "version": "1.0.0", "sha256": sha256(&bytes) }).to_string();
    let others = format!("{}\n", json!({ "version": "none", "more": "x".repeat(1000) }));
    upstream.put("/acme/index", format!("{}{line}\n", others.repeat(60_000)));
    upstream.put("/acme/acme.tar.gz", bytes);
    with_memory(&sandbox, 1_000_000, "install acme@1.0.0").succeeds();
}

#[test]
fn an_index_of_another_format_is_refused() {
    let (upstream, sandbox) = site(&json!({}));
    for (text, complaint) in [
        ("[]", "it has no entries"),
        ("7", "it is neither a list nor an object"),
        (r#"[{"version":"go1.22.0"}]"#, "it has no “files”"),
        ("go1.22.0", "invalid JSON"),
    ] {
        upstream.put("/", text);
        let outcome = install(&sandbox).fails_with(69);
        outcome
            .stderr_contains("the index at")
            .stderr_contains("is invalid")
            .stderr_contains(complaint);
    }
}
