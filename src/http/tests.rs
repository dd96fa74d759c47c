//! The client against a server on loopback that misbehaves.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use reqwest::Url;
use usher_shims::error::{Error, ErrorKind};

use super::redirects::check_redirect;
use super::test_server::{Reply, TestServer, access, address, client, ok, reply};
use super::*;

/// The class of an error, and its causes.
fn shown<T: std::fmt::Debug>(result: Result<T, FetchError>) -> String {
    let failure = result.unwrap_err();
    let class = match &failure {
        FetchError::Unreachable(_) => "unreachable",
        FetchError::NotFound(_) => "absent",
        FetchError::BadResponse(_) => "refused",
        FetchError::Fatal(_) => "fatal",
    };
    format!("{class}: {}", Error::from(failure).causes.join("; "))
}

/// Checks the outcome of `get` with a limit of 100 bytes, and how many requests were sent.
fn check(replies: Vec<Reply>, expected: &str, requests: usize) {
    let server = TestServer::with(replies);
    let host = server.address.trim_start_matches("http://").to_owned();
    let outcome = match client().get(&server.at("/index"), 100) {
        Ok(bytes) => format!("ok: {}", String::from_utf8_lossy(&bytes)),
        failed => shown(failed).replace(&host, "HOST"),
    };
    assert!(outcome.starts_with(expected), "{outcome}\nis not\n{expected}");
    assert_eq!(server.requests().len(), requests, "{expected}");
}

fn thrice(make: impl Fn() -> Reply) -> Vec<Reply> {
    std::iter::repeat_with(make).take(3).collect()
}

#[test]
fn responses_are_read_as_bytes() {
    check(vec![ok(b"{}")], "ok: {}", 1);
    check(vec![ok(b"")], "ok: ", 1);
    check(vec![ok(&[b'x'; 100])], "ok: xxx", 1);
    check(vec![reply("200 OK", "", b"to the end")], "ok: to the end", 1);
    let chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    check(vec![reply("200 OK", "Transfer-Encoding: chunked\r\n", chunks)], "ok: abcde", 1);
}

#[test]
fn transient_errors_are_retried_twice() {
    let busy = || reply("503 Service Unavailable", "", b"");
    check(vec![Reply::HangUp, ok(b"{}")], "ok: {}", 2);
    check(vec![busy(), Reply::HangUp, ok(b"{}")], "ok: {}", 3);
    check(vec![reply("429 Too Many Requests", "Retry-After: 0\r\n", b""), ok(b"{}")], "ok: {}", 2);
    check(vec![reply("200 OK", "Content-Length: 9\r\n", b"cut"), ok(b"whole")], "ok: whole", 2);
    check(thrice(busy), "unreachable: HOST answered 503 Service Unavailable", 3);
    check(thrice(|| Reply::HangUp), "unreachable: the connection to HOST broke: ", 3);
    check(
        thrice(|| reply("200 OK", "Content-Length: 9\r\n", b"cut")),
        "unreachable: the connection to HOST broke: ",
        3,
    );
}

#[test]
fn permanent_errors_are_not_retried() {
    let found = |to: &str| reply("302 Found", &format!("Location: {to}\r\n"), b"");
    for (replies, expected) in [
        (reply("404 Not Found", "", b""), "absent: HOST answered 404 Not Found"),
        (reply("410 Gone", "", b""), "absent: HOST answered 410 Gone"),
        (reply("403 Forbidden", "", b""), "refused: HOST answered 403 Forbidden"),
        (
            reply("200 OK", "Content-Type: text/html\r\n", b"<html>"),
            "refused: the response looks like a web page (a captive portal or a proxy?); \
             HOST answered 200 OK with text/html",
        ),
        (reply("204 No Content", "", b""), "refused: HOST answered 204 No Content"),
        (reply("206 Partial Content", "", b"{}"), "refused: HOST answered 206 Partial Content"),
        (reply("401 Unauthorized", "", b""), "refused: HOST answered 401 Unauthorized"),
        (reply("304 Not Modified", "", b""), "refused: HOST answered 304 Not Modified"),
        (
            reply("429 Too Many Requests", "Retry-After: 31\r\n", b""),
            "unreachable: HOST answered 429 Too Many Requests; it asks to wait for 31 seconds",
        ),
        (ok(&[b'x'; 101]), "refused: it is longer than 100 bytes"),
        (
            ok(b"\n<!DocType HTML><p>Log in"),
            "refused: the response looks like a web page (a captive portal or a proxy?); HOST answered 200 OK with no content type",
        ),
        (ok(b"<html><p>Log in"), "refused: the response looks like a web page"),
        (
            found("file:///etc/passwd"),
            "refused: HOST redirects to an address that is neither http:// nor https://",
        ),
        (
            found("ftp://127.0.0.1/index"),
            "refused: HOST redirects to an address that is neither http:// nor https://",
        ),
    ] {
        check(vec![replies], expected, 1);
    }
}

#[test]
fn redirects_are_followed_up_to_a_limit() {
    let next = || reply("301 Moved Permanently", "Location: /next\r\n", b"");
    let mut replies: Vec<Reply> = std::iter::repeat_with(next).take(10).collect();
    replies.push(ok(b"{}"));
    check(replies, "ok: {}", 11);
    let replies = std::iter::repeat_with(next).take(12).collect();
    check(replies, "refused: HOST redirects too often", 11);
}

#[test]
fn redirects_from_https_to_http_are_refused() {
    let url = |text: &str| Url::parse(text).unwrap();
    let check = |from: &str, to: &str, expected: bool| {
        assert_eq!(check_redirect(&url(from), &url(to)).is_ok(), expected, "{from} {to}");
    };
    check("https://a.example/", "https://b.example/", true);
    check("http://a.example/", "http://b.example/", true);
    check("http://a.example/", "https://a.example/", true);
    check("https://a.example/", "http://a.example/", false);
    check("http://a.example/", "file:///etc/passwd", false);
    for local in ["127.0.0.1:80", "[::1]", "localhost", "[::ffff:7f00:1]", "0", "x.localhost."] {
        check("http://a.example/", &format!("http://{local}/"), false);
        check("http://127.0.0.1/", &format!("http://{local}/"), true);
    }
}

#[test]
fn an_optional_file_may_be_missing() {
    let server = TestServer::with(vec![
        reply("404 Not Found", "", b""),
        ok(b"{}"),
        reply("403 Forbidden", "", b""),
    ]);
    let (client, address) = (client(), server.at("/index"));
    assert_eq!(client.get_optional(&address, 9), Ok(None));
    assert_eq!(client.get_optional(&address, 9), Ok(Some(b"{}".to_vec())));
    assert!(matches!(client.get_optional(&address, 9), Err(FetchError::BadResponse(_))));
}

#[test]
fn a_web_page_is_accepted_if_html_is() {
    let page = b"<!DOCTYPE html><a href=x>x</a>";
    let server = TestServer::with(vec![ok(page)]);
    let got = client().get_accepting(&server.at("/simple"), 100, "text/html;q=0.1");
    assert_eq!(got, Ok(page.to_vec()));
    let request = &server.requests()[0];
    assert!(request.contains("accept: text/html;q=0.1\r\n"), "{request}");
    assert!(request.contains(concat!("user-agent: usher/", env!("CARGO_PKG_VERSION"))));
    assert!(!request.contains("referer"), "{request}");
}

#[test]
fn a_gzipped_response_is_limited_when_unpacked() {
    let packed = |length: usize| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b'x'; length]).unwrap();
        encoder.finish().unwrap()
    };
    let headers = "Content-Encoding: gzip\r\n";
    check(vec![reply("200 OK", headers, &packed(50))], "ok: xxxxx", 1);
    let bomb = packed(1_000_000);
    check(vec![reply("200 OK", headers, &bomb)], "refused: it is longer than 100 bytes", 1);
    let cut = &packed(50)[..15];
    check(
        thrice(|| reply("200 OK", headers, cut)),
        "unreachable: the connection to HOST broke: ",
        3,
    );
}

#[test]
fn an_unreachable_host_is_not_retried() {
    // A label of a name has at most 63 bytes, so no resolver sends a query for this one.
    let unknown = address(&format!("http://{}.example/index", "x".repeat(64)));
    let refusing = TestServer::with(Vec::new()).at("/index");
    for (address, expected) in
        [(unknown, "unreachable: the name xxxx"), (refusing, "unreachable: 127.0.0.1:")]
    {
        // A retry would be noticed.
        let backoff = vec![Duration::from_secs(10 * 60)];
        let timeouts = Timeouts { backoff, ..Timeouts::default() };
        let result = Client::new(NetworkConfig { timeouts, ..access() }).get(&address, 9);
        let text = shown(result.clone());
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("doesn't resolve") || text.ends_with("refused the connection"));
        let error = Error::from(result.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Network);
        assert!(error.hint.unwrap().contains("HTTPS_PROXY"));
    }
}

#[test]
fn a_failing_proxy_is_named() {
    let check = |replies: Vec<Reply>, requests: usize, expected: &str| {
        let proxy = TestServer::with(replies);
        // User name and password must not be in the message.
        let with_user = proxy.address.replace("http://", "http://me:hunter2@");
        let proxies = Proxies { https: Some(with_user), ..Proxies::default() };
        let result = Client::new(NetworkConfig { proxies, ..access() })
            .get(&address("https://a.example/"), 9);
        let named = proxy.address.replace("http://", "the proxy ");
        assert_eq!(shown(result), format!("unreachable: {named} for a.example {expected}"));
        let received = proxy.requests();
        assert_eq!(received.len(), requests);
        assert!(received.iter().all(|request| request.starts_with("connect a.example:443 ")));
    };
    check(vec![], 0, "refused the connection");
    check(vec![reply("403 Forbidden", "", b"")], 1, "refuses to connect us");
    check(
        vec![reply("407 Proxy Authentication Required", "", b"")],
        1,
        "requires a user name and a password",
    );
}

#[test]
fn a_failing_proxy_for_http_is_named() {
    let proxy = TestServer::with(vec![reply("407 Proxy Authentication Required", "", b"<html>")]);
    let proxies = Proxies { http: Some(proxy.address.clone()), ..Proxies::default() };
    let client = Client::new(NetworkConfig { proxies, ..access() });
    let named = proxy.address.replace("http://", "the proxy ");
    let expected =
        format!("unreachable: {named} for a.example requires a user name and a password");
    assert_eq!(shown(client.get(&address("http://a.example/"), 9)), expected);
    assert_eq!(proxy.requests().len(), 1);
    // After its last reply the server refuses connections.
    let expected = format!("unreachable: {named} for a.example refused the connection");
    assert_eq!(shown(client.get(&address("http://a.example/"), 9)), expected);
}

#[test]
fn a_silent_server_times_out() {
    let server = TestServer::with(thrice(|| Reply::Silence));
    let idle = Duration::from_millis(100);
    let timeouts = Timeouts { read: idle, ..access().timeouts };
    let result = Client::new(NetworkConfig { timeouts, ..access() }).get(&server.at("/index"), 9);
    let text = shown(result);
    assert!(text.starts_with("unreachable: 127.0.0.1:"), "{text}");
    assert!(text.ends_with("didn't answer in time"), "{text}");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn credentials_are_sent_to_their_scope_only() {
    let elsewhere = TestServer::with(vec![ok(b"{}")]);
    let found = format!("Location: {}\r\n", elsewhere.at("/private/x"));
    let home = TestServer::with(vec![
        reply("302 Found", &found, b""),
        ok(b"{}"),
        reply("302 Found", "Location: /private/y\r\n", b""),
        ok(b"{}"),
        reply("302 Found", "Location: /public/y\r\n", b""),
        ok(b"{}"),
    ]);
    let scope = home.address.replace("http://", "//") + "/private/";
    let credential = Credential::new(&scope, "Bearer secret".to_owned());
    let credentials = Credentials::new(vec![credential], Url::parse(&home.address).ok().as_ref());
    let client = Client::new(NetworkConfig { credentials, ..access() });

    for path in ["/private/x", "/public/x", "/private/x", "/private/x"] {
        client.get(&home.at(path), 9).unwrap();
    }

    let carried = |request: &String| request.contains("authorization: bearer secret");
    let at_home: Vec<bool> = home.requests().iter().map(carried).collect();
    assert_eq!(at_home, [true, false, true, true, true, false]);
    let abroad: Vec<bool> = elsewhere.requests().iter().map(carried).collect();
    assert_eq!(abroad, [false]);
}

#[test]
fn a_user_in_the_address_is_sent_to_that_server_only() {
    let elsewhere = TestServer::with(vec![ok(b"{}")]);
    let home = TestServer::with(vec![
        reply("302 Found", "Location: /y\r\n", b""),
        reply("302 Found", &format!("Location: {}\r\n", elsewhere.at("/x")), b""),
    ]);
    let with_user = home.at("/x").with_secrets().replace("http://", "http://me:pw@");
    client().get(&address(&with_user), 9).unwrap();
    let carried = |server: &TestServer| {
        let requests = server.requests();
        requests.iter().filter(|request| request.contains("authorization: basic ")).count()
    };
    assert_eq!((carried(&home), carried(&elsewhere)), (2, 0));
}

#[test]
fn an_unmodified_file_is_not_sent_again() {
    let server = TestServer::with(vec![
        reply("200 OK", "ETag: W/\"1\"\r\nLast-Modified: x\r\n", b"{}"),
        reply("304 Not Modified", "", b""),
        reply("200 OK", "Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT\r\n", b"[]"),
        reply("304 Not Modified", "", b""),
        ok(b"{}"),
    ]);
    let mut known: Option<String> = None;
    let mut seen = Vec::new();
    for _ in 0..5 {
        match client().get_if_modified(&server.at("/index"), 9, "*/*", known.as_deref()).unwrap() {
            Conditional::NotModified => seen.push("unchanged".to_owned()),
            Conditional::Modified { bytes, validator } => {
                seen.push(String::from_utf8(bytes).unwrap());
                known = validator;
            }
        }
    }
    assert_eq!(seen, ["{}", "unchanged", "[]", "unchanged", "{}"]);
    assert_eq!(known, None);
    let requests = server.requests();
    assert!(requests[1].contains("if-none-match: w/\"1\"\r\n"), "{}", requests[1]);
    assert!(requests[3].contains("if-modified-since: sun, 09 sep 2001 01:46:40 gmt\r\n"));
}

#[test]
fn a_rate_limit_is_reported_with_its_end() {
    let limited = |status: &str, headers: &str| {
        let server = TestServer::with(vec![reply(status, headers, b"")]);
        shown(client().get(&server.at("/index"), 9))
    };
    let date = "Date: Sun, 09 Sep 2001 01:46:40 GMT\r\n";
    for (status, headers) in [
        ("403 Forbidden", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1000003600\r\n"),
        ("429 Too Many Requests", "Retry-After: Sun, 09 Sep 2001 02:46:40 GMT\r\n"),
        ("429 Too Many Requests", "Retry-After: 3600\r\n"),
        ("503 Service Unavailable", "Retry-After: 3600\r\n"),
    ] {
        let text = limited(status, &format!("{date}{headers}"));
        assert!(
            text.contains(&format!("answered {status}; it asks to wait for 3600 seconds, until ")),
            "{text}"
        );
    }
    let text = limited("403 Forbidden", "");
    assert!(text.ends_with("answered 403 Forbidden"), "{text}");
}

#[test]
fn a_slow_response_fails() {
    let server = TestServer::with(vec![ok(&[b'x'; 100]), ok(&[b'x'; 100])]);
    let get = |least| {
        let timeouts = Timeouts {
            min_bytes_window: Duration::ZERO,
            min_bytes: least,
            backoff: vec![],
            ..access().timeouts
        };
        Client::new(NetworkConfig { timeouts, ..access() }).get(&server.at("/index"), 100)
    };
    let text = shown(get(101));
    assert!(text.ends_with("sent less than 101 bytes in 0 s"), "{text}");
    assert_eq!(get(1).unwrap().len(), 100);
}

#[test]
fn a_folder_works_as_a_mirror() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("an index");
    fs::write(&path, "{}").unwrap();
    let (path, missing) = (path.to_str().unwrap(), folder.path().join("missing"));
    let client = client();
    assert_eq!(client.get(&address(path), 2), Ok(b"{}".to_vec()));
    let url = format!("file://{}", path.replace(' ', "%20"));
    assert_eq!(client.get(&address(&url), 2), Ok(b"{}".to_vec()));
    assert_eq!(shown(client.get(&address(path), 1)), "refused: it is longer than 1 bytes");
    assert_eq!(client.get_optional(&address(missing.to_str().unwrap()), 9), Ok(None));
    let folder = address(folder.path().to_str().unwrap());
    assert!(matches!(client.get(&folder, 9), Err(FetchError::BadResponse(_))));
}

#[test]
fn links_lead_to_no_file_outside_of_a_mirror() {
    let home = tempfile::tempdir().unwrap();
    let mirror = home.path().join("mirror");
    fs::create_dir_all(mirror.join("v1")).unwrap();
    fs::write(mirror.join("v1/a"), "inside").unwrap();
    fs::write(home.path().join("secret"), "outside").unwrap();
    symlink("v1", mirror.join("v2")).unwrap();
    symlink(home.path().join("secret"), mirror.join("b")).unwrap();
    symlink("..", mirror.join("up")).unwrap();
    symlink(home.path(), mirror.join("v1/c")).unwrap();
    let linked = home.path().join("linked");
    symlink(&mirror, &linked).unwrap();
    for mirror in [&mirror, &linked] {
        let folder = address(mirror.to_str().unwrap()).into_folder();
        let get = |path: &str| client().get(&folder.below(path)?, 99);
        for inside in ["v1/a", "v2/a"] {
            assert_eq!(get(inside), Ok(b"inside".to_vec()), "{inside}");
        }
        for outside in ["b", "up/secret", "v1/c/secret", "../secret", "%2e%2e/secret"] {
            assert!(matches!(get(outside), Err(FetchError::BadResponse(_))), "{outside}");
        }
    }
}

#[test]
fn an_invalid_certificate_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let file = CaFile { path: path.clone(), origin: "cafile= in ~/.npmrc".to_owned() };
    let client = Client::new(NetworkConfig { extra_ca_files: vec![file], ..access() });
    let result = client.get(&address("https://127.0.0.1:1/"), 9);
    assert!(matches!(result, Err(FetchError::Fatal(_))));
    let error = Error::from(result.unwrap_err());
    assert_eq!(error.what, format!("can't read {}", path.display()));
    assert!(error.causes[0].contains("No such file"), "{error}");
    assert_eq!(error.hint.as_deref(), Some("check cafile= in ~/.npmrc"));
}
