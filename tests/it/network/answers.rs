//! What a registry or mirror answers leads to no file and no server of this machine.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::commands::sandbox;
use crate::support::{Misbehaviour, Sandbox, Upstream};

/// npm 6.14.18 from a registry whose document names this address for it.
fn install_npm_from(upstream: &Upstream, sandbox: &Sandbox, address: &str) -> String {
    let mut document: Value = serde_json::from_slice(&upstream.body("/npm/npm")).unwrap();
    document["versions"]["6.14.18"]["dist"]["tarball"] = address.into();
    upstream.put("/npm/npm", document.to_string());
    let outcome = sandbox.use_command(&["install", "npm@6.14.18"]).run();
    assert!(!outcome.status.success(), "{address}: {outcome}");
    assert!(!sandbox.toolchain("npm", "6.14.18").exists(), "{address}");
    outcome.stderr
}

/// The archive is there, with the published hash: only the address is wrong.
#[test]
fn a_registrys_answer_names_no_file() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    let file = sandbox.file("home/npm.tgz", upstream.body("/npm/npm/-/npm-6.14.18.tgz"));
    let path = file.display();
    for address in [
        format!("file://{path}"),
        format!("file://localhost{path}"),
        format!("FILE:{path}"),
        format!(" file://{path}"),
        format!("fi\tle://{path}"),
        format!("{path}"),
        format!("unix://{path}"),
    ] {
        install_npm_from(&upstream, &sandbox, &address);
    }
    // The cache is checked again: an index there may be planted.
    let indexes = sandbox.home().join(".cache/usher/indexes");
    fs::remove_dir_all(&indexes).unwrap();
    let fine = format!("{}/npm/npm/-/npm-6.14.18.tgz", upstream.base());
    let mut document: Value = serde_json::from_slice(&upstream.body("/npm/npm")).unwrap();
    document["versions"]["6.14.18"]["dist"]["tarball"] = fine.clone().into();
    upstream.put("/npm/npm", document.to_string());
    sandbox.use_command(&["available", "npm"]).run().succeeds();
    for entry in fs::read_dir(&indexes).unwrap() {
        let entry = entry.unwrap().path();
        let text = fs::read_to_string(&entry).unwrap();
        let (head, content) = text.split_once('\n').unwrap();
        let content = content.replace(&fine, &path.to_string());
        let mut head: Value = serde_json::from_str(head).unwrap();
        head["sha256"] = crate::support::sha256(content.as_bytes()).into();
        fs::write(&entry, format!("{head}\n{content}")).unwrap();
    }
    upstream.misbehave("/npm/npm", Misbehaviour::Status(503));
    let outcome = sandbox.use_command(&["install", "npm@6.14.18"]).run();
    assert!(!outcome.status.success(), "{outcome}");
    assert!(!sandbox.toolchain("npm", "6.14.18").exists());
}

/// A site with an index that names whole addresses, behind a redirect or in a folder.
#[test]
fn a_redirect_leads_to_no_file() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("USHER_SOURCE", "node=nodejs.org");
    let file = sandbox.file("home/node.tar.gz", upstream.body(&super::archive()));
    for target in [
        format!("file://{}", file.display()),
        format!("file://localhost{}", file.display()),
        format!("FILE:{}", file.display()),
    ] {
        upstream.misbehave(&super::archive(), Misbehaviour::Redirect(target.clone()));
        let outcome = sandbox.use_command(&["install", "node@12"]).run();
        assert!(!outcome.status.success(), "{target}: {outcome}");
    }
}

/// A folder that the user configured as a mirror serves what is below it, and follows no link out.
#[test]
fn a_mirror_folder_serves_only_its_own_files() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("USHER_SOURCE", "node=nodejs.org");
    let mirror = sandbox.folder("mirror");
    for path in [super::INDEX.to_owned(), super::SUMS.to_owned(), super::archive()] {
        sandbox.file(mirror.join(path.strip_prefix("/dist/").unwrap()), upstream.body(&path));
    }
    let sandbox = sandbox.with_variable("NODEJS_ORG_MIRROR", &mirror);
    let archive = mirror.join(super::archive().strip_prefix("/dist/").unwrap());
    let outside = sandbox.root().join("outside.tar.gz");
    fs::rename(&archive, &outside).unwrap();
    symlink(&outside, &archive).unwrap();
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    assert!(!outcome.status.success(), "{outcome}");
    assert!(outcome.stderr.contains("is a link out of"), "{outcome}");
    fs::rename(&outside, &archive).unwrap();
    sandbox.use_command(&["install", "node@12"]).run().succeeds();
}
