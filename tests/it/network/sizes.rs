//! The archive's size in the index, and what is received: more, less, or exactly that.

use serde_json::json;

use super::downloads::partial_files;
use crate::commands::sandbox;
use crate::support::{Archive, Misbehaviour, Sandbox, Upstream, sha256};

const INDEX: &str = "/acme/index.json";
const ARCHIVE: &str = "/acme/acme.tar.gz";

/// A tool with one version, and the upstream that has it.
fn acme() -> (Upstream, Sandbox, Vec<u8>) {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let text = format!(
        "name = 'acme'\ntitle = 'T'\nprograms = ['acme']\nvariables = ['ACME_VERSION']\n\
         dialect = 'npm'\nversion_components = 3\n[[source]]\nname = 'acme'\n[source.index]\n\
         base = '{}/acme'\nlist = '{{base}}/index.json'\nformat = 'json'\nentries = '*'\n\
         platform = {{ any = {{}} }}\n[[source.index.release]]\nfrom = '{{.version}}'\n\
         archive = '{{base}}/acme.tar.gz'\nhash = '{{.sha256}}'\nsize = '{{.size}}'\nstrip_components = 1\n",
        upstream.base()
    );
    sandbox.file("home/.config/usher/registry/acme.toml", text);
    let archive = Archive::new().program("acme/bin/acme", "#!/bin/sh\n").tar_gz();
    upstream.put(ARCHIVE, archive.clone());
    (upstream, sandbox, archive)
}

#[test]
fn an_archive_of_another_size_is_refused_before_it_is_fetched() {
    let (upstream, sandbox, archive) = acme();
    let install_with_size = |size: serde_json::Value| {
        let entry = json!({ "version": "1.0.0", "sha256": sha256(&archive), "size": size });
        upstream.put(INDEX, json!([entry]).to_string());
        sandbox.use_command(&["cache", "clean"]).run().succeeds();
        sandbox.use_command(&["install", "acme@1.0.0"]).run()
    };
    let length = archive.len();
    for wrong in [length - 1, length + 1, 1, 4 << 30] {
        for size in [json!(wrong), json!(wrong.to_string())] {
            let outcome =
                install_with_size(size).fails_with(76).stderr_contains("is not what was published");
            let outcome = outcome.stderr_contains(&format!("published: {wrong} bytes"));
            outcome.stderr_contains(&format!("received:  {length} bytes"));
            assert!(!sandbox.toolchain("acme", "1.0.0").exists());
            assert!(partial_files(&sandbox).is_empty());
        }
    }
    for (size, shown) in [
        (json!("13 MB"), "“13 MB”"),
        (json!(-1), "“-1”"),
        (json!(1.5), "“1.5”"),
        (json!(true), "“true”"),
        (json!("99999999999999999999"), "“99999999999999999999”"),
    ] {
        let outcome =
            install_with_size(size).fails_with(76).stderr_contains("1.0.0 has no usable size");
        outcome.stderr_contains(&format!(
            "/acme/index.json: `{{.size}}` is {shown}, which is not a number of bytes"
        ));
    }
    // Without a size in the index, any size is accepted.
    for right in [json!(null), json!({}), json!(length), json!(length.to_string())] {
        install_with_size(right).succeeds();
        sandbox.use_command(&["uninstall", "acme@1.0.0"]).run().succeeds();
    }
}

#[test]
fn a_login_page_is_not_an_archive_of_another_size() {
    let (upstream, sandbox, archive) = acme();
    let entry = json!({ "version": "1.0.0", "sha256": sha256(&archive), "size": archive.len() });
    upstream.put(INDEX, json!([entry]).to_string());
    upstream.misbehave(ARCHIVE, Misbehaviour::Page);
    let install = || sandbox.use_command(&["install", "acme@1.0.0"]).run();
    install().fails_with(69).stderr_contains("looks like a web page");
    // What broke off is taken up again, and all of it has the size that was announced.
    upstream.misbehave_times(ARCHIVE, 1, Misbehaviour::CutAfter(archive.len() / 2));
    install().succeeds();
    assert!(partial_files(&sandbox).is_empty());
}
