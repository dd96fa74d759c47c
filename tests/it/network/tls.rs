//! Encrypted sources: which are trusted, and the message where none is. The servers are real ones
//! on loopback, and their certificates are made here.

use std::fmt::Write as _;
use std::fs;

use super::downloads::{is_installed, partial_files};
use super::front::{Authority, Face, Front, GOOD, self_signed};
use super::{archive, with_one_source};
use crate::support::clock::{self, CLOCK_OF_1970, CLOCK_OF_2099};
use crate::support::{Misbehaviour, Outcome, Sandbox, TestCommand, Upstream};

const HERE: &str = "127.0.0.1";

/// A sandbox whose only source is a server in front of an upstream, and the upstream.
fn behind(face: Face) -> (Front, Upstream, Sandbox) {
    let upstream = Upstream::start();
    let front = Front::start(face, upstream.base());
    let sandbox = with_one_source(&upstream)
        .with_variable("NODEJS_ORG_MIRROR", format!("{}/dist", front.base()));
    (front, upstream, sandbox)
}

/// What comes of an install from behind each of these servers.
fn each(authority: &Authority, faces: Vec<(&str, Face)>) -> String {
    let upstream = Upstream::start();
    let sandbox = with_one_source(&upstream);
    let file = file(&sandbox, authority);
    let mut transcript = String::new();
    for (what, face) in faces {
        let front = Front::start(face, upstream.base());
        let mirror = format!("{}/dist", front.base());
        let outcome = install(&sandbox).variable("NODEJS_ORG_MIRROR", mirror);
        let outcome = outcome.variable("SSL_CERT_FILE", &file).run();
        writeln!(transcript, "{what}: {}", message_of(outcome)).unwrap();
        assert_eq!(upstream.all_requests().len(), 0, "{what}");
        assert!(!is_installed(&sandbox) && partial_files(&sandbox).is_empty(), "{what}");
    }
    transcript
}

fn install(sandbox: &Sandbox) -> TestCommand {
    sandbox.use_command(&["install", "node@12.22.12"])
}

/// The message behind the address, which each of these has.
fn message_of(outcome: Outcome) -> String {
    let outcome =
        outcome.fails_with(69).stderr_contains("https://127.0.0.1:[PORT]/dist/index.json");
    let text = outcome.transcript();
    let (_, message) = text.split_once("/dist/index.json: ").unwrap_or(("", &text));
    message.to_owned()
}

/// The file of an authority that a person names.
fn file(sandbox: &Sandbox, authority: &Authority) -> std::path::PathBuf {
    sandbox.file("authority.pem", format!("# ours\n{}", authority.pem()))
}

#[test]
fn a_configured_authority_is_trusted() {
    let authority = Authority::new("ours");
    let (_front, upstream, sandbox) = behind(authority.server(HERE, GOOD));
    let file = file(&sandbox, &authority);
    let folder = sandbox.folder("authorities");
    let others = sandbox.file("others/other.pem", Authority::new("other").pem());
    fs::copy(&file, folder.join("ours.crt")).unwrap();
    sandbox.file("authorities/README", "no certificate");
    let folders = format!("{}:{}", folder.display(), sandbox.root().join("absent").display());
    let named = |command: TestCommand, names: &[(&str, &std::ffi::OsStr)]| {
        names.iter().fold(command, |command, (name, value)| command.variable(name, value))
    };
    for names in [
        &[("SSL_CERT_FILE", file.as_os_str())][..],
        &[("SSL_CERT_DIR", folders.as_ref())],
        &[("SSL_CERT_FILE", others.as_os_str()), ("SSL_CERT_DIR", folder.as_os_str())],
        &[("SSL_CERT_FILE", others.as_os_str()), ("NODE_EXTRA_CA_CERTS", file.as_os_str())],
        &[("NODE_EXTRA_CA_CERTS", file.as_os_str())],
    ] {
        named(install(&sandbox), names).run().succeeds();
        assert!(is_installed(&sandbox), "{names:?}");
        sandbox.use_command(&["uninstall", "node@12.22.12"]).run().succeeds();
        sandbox.use_command(&["cache", "clean"]).run().succeeds();
    }
    // What was named in the machine's place widens nothing, whatever becomes of it.
    named(install(&sandbox), &[("SSL_CERT_FILE", others.as_os_str())]).run().fails_with(69);
    assert_eq!(upstream.requests("/dist/index.json"), 5, "an untrusted server gets no request");
    assert!(!is_installed(&sandbox));
}

#[test]
fn a_rejected_certificate_is_explained() {
    let authority = Authority::new("ours");
    let faces = vec![
        ("expired", authority.server(HERE, (2019, 2021))),
        ("not valid yet", authority.server(HERE, (2095, 2098))),
        ("wrong host", authority.server("elsewhere.example", GOOD)),
        ("unknown authority", Authority::new("other").server(HERE, GOOD)),
        ("one of the same name", Authority::new("ours").server(HERE, GOOD)),
        ("self-signed", self_signed()),
        ("an authority's own", authority.itself()),
    ];
    let transcript = each(&authority, faces);
    // Today's date.
    let mut pieces = transcript.split("this machine's clock shows ");
    let before = pieces.next().unwrap().to_owned();
    let transcript = pieces.fold(before, |text, rest| {
        format!(
            "{text}this machine's clock shows [DATE]{}",
            &rest["Thu, 01 Jan 1970 00:00:00 GMT".len()..]
        )
    });
    insta::assert_snapshot!(transcript, @"
    expired: the certificate of 127.0.0.1:[PORT] is rejected: it expired on Fri, 01 Jan 2021 00:00:00 GMT: this machine's clock shows [DATE]
      hint: check the clock (`date`); if it is right, 127.0.0.1:[PORT] needs a new certificate

    not valid yet: the certificate of 127.0.0.1:[PORT] is rejected: it is not valid before Sat, 01 Jan 2095 00:00:00 GMT: this machine's clock shows [DATE]
      hint: check the clock (`date`); if it is right, 127.0.0.1:[PORT] needs a new certificate

    wrong host: the certificate of 127.0.0.1:[PORT] is rejected: it is for elsewhere.example
      hint: a proxy or a login page may intercept the connection; to see it: curl -v https://127.0.0.1:[PORT]/

    unknown authority: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE names [SANDBOX]/authority.pem, which replaces the system's authorities
      hint: if a proxy intercepts TLS, name the file with its certificate: export SSL_CERT_FILE=/…

    one of the same name: the certificate of 127.0.0.1:[PORT] is rejected: its signature is not its issuer's
      hint: if a proxy intercepts TLS, name the file with its certificate: export SSL_CERT_FILE=/…

    self-signed: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE names [SANDBOX]/authority.pem, which replaces the system's authorities
      hint: if a proxy intercepts TLS, name the file with its certificate: export SSL_CERT_FILE=/…

    an authority's own: the certificate of 127.0.0.1:[PORT] is rejected: it is an authority's, not a server's
      hint: if a proxy intercepts TLS, name the file with its certificate: export SSL_CERT_FILE=/…
    ");
}

#[test]
fn an_invalid_certificate_file_is_explained() {
    let authority = Authority::new("ours");
    let (_front, upstream, sandbox) = behind(authority.server(HERE, GOOD));
    let file = file(&sandbox, &authority);
    sandbox.file("garbage", "\x7fELF no certificate");
    sandbox.file("empty", "");
    let whole = fs::read_to_string(&file).unwrap();
    sandbox.file("cut", &whole[..whole.len() / 2]);
    sandbox.folder("folder");
    let at = |name: &str| sandbox.root().join(name).into_os_string();
    let mut transcript = String::new();
    for (variable, value) in [
        ("SSL_CERT_FILE", at("garbage")),
        ("SSL_CERT_FILE", at("empty")),
        ("SSL_CERT_FILE", at("cut")),
        ("SSL_CERT_FILE", at("missing")),
        ("SSL_CERT_FILE", at("folder")),
        ("SSL_CERT_FILE", "".into()),
        ("SSL_CERT_DIR", at("folder")),
        ("SSL_CERT_DIR", at("missing")),
        ("SSL_CERT_DIR", "".into()),
    ] {
        let outcome = install(&sandbox).variable(variable, &value).run();
        let shown = sandbox.mask(&value.to_string_lossy());
        writeln!(transcript, "{variable}={shown}: {}", message_of(outcome)).unwrap();
    }
    insta::assert_snapshot!(transcript, @"
    SSL_CERT_FILE=[SANDBOX]/garbage: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE names [SANDBOX]/garbage, which holds no PEM certificates
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_FILE=[SANDBOX]/empty: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE names [SANDBOX]/empty, which holds no PEM certificates
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_FILE=[SANDBOX]/cut: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE names [SANDBOX]/cut, which holds no PEM certificates
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_FILE=[SANDBOX]/missing: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE names [SANDBOX]/missing, which can't be read: No such file or directory (os error 2)
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_FILE=[SANDBOX]/folder: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE names [SANDBOX]/folder, which is not a file
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_FILE=: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_FILE is set, but empty
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_DIR=[SANDBOX]/folder: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_DIR names [SANDBOX]/folder, which holds no certificates
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_DIR=[SANDBOX]/missing: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_DIR names [SANDBOX]/missing, which can't be read: No such file or directory (os error 2)
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR

    SSL_CERT_DIR=: the certificate of 127.0.0.1:[PORT] is rejected: its issuer is not trusted on this machine: SSL_CERT_DIR is set, but empty
      hint: name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR
    ");
    assert_eq!(upstream.all_requests().len(), 0);
    // http:// needs no authority.
    let plain = install(&sandbox).variable("NODEJS_ORG_MIRROR", upstream.node_dist());
    plain.variable("SSL_CERT_FILE", at("missing")).run().succeeds();
    let extra = sandbox.use_command(&["install", "node@10.24.1"]);
    let extra = extra.variable("NODE_EXTRA_CA_CERTS", at("garbage")).run().fails_with(65);
    let extra = extra.stderr_contains("[SANDBOX]/garbage is not a file of PEM certificates");
    extra.stderr_contains("it holds no PEM certificates");
}

#[test]
fn a_server_without_tls_is_explained() {
    let page = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>log in</html>";
    let authority = Authority::new("ours");
    let faces = vec![
        ("a plain server", Face::Says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
        ("a login page", Face::Says(page)),
        ("nothing", Face::Says(b"")),
        ("only old versions", Face::Says(&[21, 3, 1, 0, 2, 2, 70])),
        ("no common cipher", Face::Says(&[21, 3, 3, 0, 2, 2, 40])),
        ("cut in the middle", authority.server(HERE, GOOD).cut_after(60)),
        ("cut before its end", authority.server(HERE, GOOD).cut_after(150)),
    ];
    insta::assert_snapshot!(each(&authority, faces), @"
    a plain server: 127.0.0.1:[PORT] did not answer with TLS
      hint: it may need http://, or a login page intercepts the connection; to see it: curl -v http://127.0.0.1:[PORT]/

    a login page: 127.0.0.1:[PORT] did not answer with TLS
      hint: it may need http://, or a login page intercepts the connection; to see it: curl -v http://127.0.0.1:[PORT]/

    nothing: 127.0.0.1:[PORT] closed the connection during the TLS handshake
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)

    only old versions: 127.0.0.1:[PORT] supports no encryption that usher does (TLS 1.2 or newer)
      hint: to see what it supports: curl -v https://127.0.0.1:[PORT]/

    no common cipher: 127.0.0.1:[PORT] supports no encryption that usher does (TLS 1.2 or newer)
      hint: to see what it supports: curl -v https://127.0.0.1:[PORT]/

    cut in the middle: 127.0.0.1:[PORT] closed the connection during the TLS handshake
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)

    cut before its end: 127.0.0.1:[PORT] closed the connection during the TLS handshake
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
}

#[test]
fn login_pages_and_redirects_to_http_are_refused() {
    let authority = Authority::new("ours");
    let (_front, upstream, sandbox) = behind(authority.server(HERE, GOOD));
    let file = file(&sandbox, &authority);
    let try_install = || install(&sandbox).variable("SSL_CERT_FILE", &file).run().fails_with(69);
    upstream.misbehave("/dist/index.json", Misbehaviour::Page);
    try_install().stderr_contains("looks like a web page").stderr_contains("200 OK with text/html");
    upstream.stop_misbehaving("/dist/index.json");
    let elsewhere = format!("{}{}", upstream.base(), "/elsewhere");
    upstream.put("/elsewhere", upstream.body(&archive()));
    upstream.misbehave(&archive(), Misbehaviour::Redirect(elsewhere));
    let outcome = try_install();
    outcome.stderr_contains("redirects from https:// to http://, which is not followed");
    assert_eq!(upstream.requests("/elsewhere"), 0);
    assert!(!is_installed(&sandbox) && partial_files(&sandbox).is_empty());
}

#[test]
fn a_wrong_clock_is_shown_with_its_date() {
    if !clock::can_be_wrong() {
        return;
    }
    let authority = Authority::new("ours");
    let (_front, _upstream, sandbox) = behind(authority.server(HERE, GOOD));
    let file = file(&sandbox, &authority);
    for (clock, dates) in [
        (CLOCK_OF_1970, ["valid before Wed, 01 Jan 2020", "clock shows Thu, 01 Jan 1970"]),
        (CLOCK_OF_2099, ["it expired on Sun, 01 Jan 2090", "clock shows Thu, 01 Jan 2099"]),
    ] {
        let message =
            message_of(install(&sandbox).variable("SSL_CERT_FILE", &file).at(clock).run());
        let message = dates.iter().fold(message.as_str(), |rest, date| {
            rest.split_once(date).unwrap_or_else(|| panic!("{message} has no {date}")).1
        });
        assert!(message.contains("hint: check the clock (`date`)"), "{message}");
    }
    install(&sandbox).variable("SSL_CERT_FILE", &file).run().succeeds();
}
