//! A password in an address goes to its own server, and nowhere else: into no message, no JSON, no
//! receipt and no file of the cache.

use std::fs;
use std::path::Path;

use super::{INDEX, archive};
use crate::commands::sandbox;
use crate::support::{Misbehaviour, Outcome, Sandbox, Upstream};

const SECRET: &str = "hunter2";

/// Where a password may be configured: the name of a variable, or a file below the sandbox's folder,
/// and the value or text, in which `BASE` is the upstream with a user name and password, `HOST` its
/// host.
const PLACES: [(&str, &str); 20] = [
    ("NODEJS_ORG_MIRROR", "BASE/dist"),
    ("NODEJS_ORG_MIRROR", "http://hunter2@HOST/dist/"),
    ("NODEJS_ORG_MIRROR", "http://HOST/dist?token=hunter2"),
    ("NODEJS_ORG_MIRROR", "http://me:hunter2@127.0.0.1:1/dist"),
    ("NODEJS_ORG_MIRROR", "http://me:hunter2@HOST:port/dist"),
    ("NODEJS_ORG_MIRROR", "http://me:hunter2 x@HOST/dist"),
    ("NODEJS_ORG_MIRROR", "ftp://me:hunter2@HOST/dist"),
    ("NODEJS_ORG_MIRROR", "me:hunter2@HOST/dist"),
    ("npm_config_registry", "BASE/npm/"),
    ("npm_config_registry", "http://me:hunter2@HOST:port/npm/"),
    ("npm_config_registry", "http://HOST/npm/?token=hunter2"),
    ("npm_config_//me:hunter2@HOST/npm/:_password", "hunter2 isn't base64"),
    ("USHER_NPM_REGISTRY", "BASE/npm"),
    ("USHER_SOURCE", "node=BASE/dist"),
    ("USHER_SOURCE", "node=http://HOST/dist?token=hunter2"),
    ("home/.npmrc", "registry=BASE/npm/\n//HOST/npm/:_authToken=hunter2\n"),
    ("home/.npmrc", "registry=http://HOST/npm/\n//HOST/npm/:_auth=hunter2\n"),
    ("home/.config/usher/config.toml", "npm_registry = \"BASE/npm\"\n"),
    ("home/.config/usher/config.toml", "source = { node = \"BASE/dist\" }\n"),
    ("http_proxy", "http://me:hunter2@127.0.0.1:port-x/"),
];

/// A sandbox with a password in one of the places.
fn with_secret(upstream: &Upstream, (place, text): (&str, &str)) -> Sandbox {
    let base = upstream.base().replace("http://", "http://me:hunter2@");
    let host = upstream.base().trim_start_matches("http://");
    let filled = |text: &str| text.replace("BASE", &base).replace("HOST", host);
    let mut sandbox = sandbox(upstream);
    if place.to_lowercase().contains("registry") || place.contains('/') {
        // So that the registry is the source.
        sandbox = sandbox.with_variable("NODEJS_ORG_MIRROR", "http://127.0.0.1:1/dist");
    }
    if place.starts_with("home/") {
        sandbox.file(place, filled(text));
        return sandbox.with_variable("npm_config_registry", "");
    }
    if place == "http_proxy" {
        return sandbox.through_proxy(&filled(text));
    }
    sandbox.with_variable(filled(place), filled(text))
}

#[track_caller]
fn assert_unprinted(outcome: &Outcome, which: &str) {
    let is_clean = !outcome.stdout.contains(SECRET) && !outcome.stderr.contains(SECRET);
    assert!(is_clean, "{which} is printed: {outcome}");
}

/// Searches the names and the content of all files that usher writes.
#[track_caller]
fn assert_unwritten(sandbox: &Sandbox, which: &str) {
    for folder in [sandbox.home().join(".cache"), sandbox.home().join(".local"), sandbox.project()]
    {
        search(&folder, which);
    }
}

#[track_caller]
fn search(folder: &Path, which: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        assert!(!path.to_string_lossy().contains(SECRET), "{which}: {}", path.display());
        match fs::symlink_metadata(&path).unwrap() {
            found if found.is_dir() => search(&path, which),
            // The shims are larger, and are the same before and after.
            found if found.is_file() && found.len() < 300_000 => {
                let bytes = fs::read(&path).unwrap();
                let found = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
                assert!(!found, "{which} is in {}", path.display());
            }
            _ => {}
        }
    }
}

/// All that prints something about sources, and a shim that installs.
fn run_all(sandbox: &Sandbox, which: &str) {
    sandbox.file("project/.nvmrc", "12\n");
    for arguments in [
        &["install", "node@12"][..],
        &["available", "node", "--json"],
        &["doctor"],
        &["--offline", "install", "node@13"],
    ] {
        assert_unprinted(&sandbox.use_command(arguments).run(), which);
    }
    let shim = sandbox.command("node").argument("+14").variable("USHER_DEBUG", "1").run();
    assert_unprinted(&shim, which);
    assert_unwritten(sandbox, which);
}

#[test]
fn a_password_is_never_printed_and_never_stored() {
    for place in PLACES {
        run_all(&with_secret(&Upstream::start(), place), &format!("{place:?}"));
    }
}

/// Every way in which a source fails has a message of its own.
#[test]
fn failures_of_a_source_show_no_password() {
    let redirect = |to: &str| Misbehaviour::Redirect(to.to_owned());
    for (index, (path, failure)) in [
        (INDEX.to_owned(), Misbehaviour::Status(401)),
        (INDEX.to_owned(), Misbehaviour::Page),
        (INDEX.to_owned(), redirect("file:///etc/hunter2")),
        (INDEX.to_owned(), redirect("http://me:hunter2@127.0.0.1:1/?token=hunter2")),
        (INDEX.to_owned(), redirect("http://me:hunter2@127.0.0.1:port/")),
        (super::SUMS.to_owned(), Misbehaviour::Status(404)),
        (super::SUMS.to_owned(), Misbehaviour::FlippedBit(3)),
        (archive(), Misbehaviour::Status(404)),
        (archive(), Misbehaviour::FlippedBit(40)),
        (archive(), redirect("ftp://me:hunter2@127.0.0.1/?token=hunter2")),
    ]
    .into_iter()
    .enumerate()
    {
        let upstream = Upstream::start();
        upstream.misbehave(&path, failure.clone());
        let place = ("NODEJS_ORG_MIRROR", "BASE/dist");
        run_all(&with_secret(&upstream, place), &format!("{index}: {failure:?} at {path}"));
    }
}

#[test]
fn a_named_archive_shows_no_password() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let host = upstream.base().trim_start_matches("http://");
    let path = archive();
    for (index, address) in [
        format!("http://me:hunter2@{host}{path}?token=hunter2"),
        format!("http://me:hunter2@{host}/none?token=hunter2"),
        format!("http:me:hunter2@{host}/none"),
        format!("http://me:hunter2@{host}:x/none"),
        format!("http://me:hunter2@127.0.0.1:1{path}"),
        format!("ftp://me:hunter2@{host}{path}"),
        format!("http://me:hun?hunter2@{host}{path}"),
    ]
    .iter()
    .enumerate()
    {
        let version = format!("node@12.0.{index}");
        for flags in [&[][..], &["--json"], &["--offline"], &["--sha256", &"ab".repeat(32)]] {
            let mut arguments = vec!["install", &version, "--from", address];
            arguments.extend(flags);
            assert_unprinted(&sandbox.use_command(&arguments).run(), address);
        }
        assert_unwritten(&sandbox, address);
    }
    let receipt = sandbox.toolchain("node", "12.0.0").join(".usher-receipt.json");
    assert!(sandbox.read(receipt).contains(&format!("http://{host}{path}")));
    let again = ["install", "node@12.0.0", "--from", &format!("http://me:hunter2@{host}{path}")];
    let outcome = sandbox.use_command(&again).run().succeeds();
    assert!(outcome.stderr.contains("already installed"), "{outcome}");
    assert_unprinted(&outcome, "an installed version");
}

/// The password of a mirror or registry goes to all that is fetched from its own server.
#[test]
fn a_password_is_sent_to_its_own_server() {
    for (place, paths) in [
        (("NODEJS_ORG_MIRROR", "BASE/dist"), vec![INDEX.to_owned(), super::SUMS.into(), archive()]),
        (("USHER_NPM_REGISTRY", "BASE/npm"), vec!["/npm/npm/-/npm-8.19.4.tgz".to_owned()]),
    ] {
        let upstream = Upstream::start();
        let sandbox = with_secret(&upstream, place);
        // The second time, the addresses are in the cache.
        for version in ["node@12", "node@10"] {
            sandbox.use_command(&["install", version]).run().succeeds();
        }
        for request in upstream.all_requests() {
            let sent = request.headers.get("authorization").map(String::as_str);
            assert_eq!(sent, Some("Basic bWU6aHVudGVyMg=="), "{place:?} {}", request.path);
        }
        for path in paths {
            assert_ne!(upstream.requests(&path), 0, "{path}: {:?}", upstream.all_requests());
        }
    }
}

/// An older usher wrote addresses into the cache.
#[test]
fn secrets_that_an_older_usher_cached_are_removed() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("npm_config_registry", "");
    let old = "{\"format\":4,\"address\":\"http://me:hunter2@h/\",\"parser_id\":\"\",\"validator\":null,\"sha256\":\"\"}\n[]";
    let indexes = "home/.cache/usher/indexes";
    sandbox.file(format!("{indexes}/0123456789abcdef0123456789abcdef.json"), old);
    sandbox.file("home/.cache/usher/npm-registry", "http://me:hunter2@127.0.0.1:1/");
    sandbox.executable("bin/npm", "#!/bin/sh\necho http://me:hunter2@127.0.0.1:1/npm/\n");
    sandbox.use_command(&["available", "node"]).run().succeeds();
    assert_unwritten(&sandbox, "the registry's address");
    assert_eq!(fs::read_dir(sandbox.root().join(indexes)).unwrap().count(), 1);
}
