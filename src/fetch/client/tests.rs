//! The client against a server on loopback that misbehaves in every way it can.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::access::{Credential, Patience, Proxies, covers, follows};
use super::super::served::{Reply, Served, access, client, ok, reply};
use super::*;

/// How a failure ends the search, and what a person reads after its first line.
fn shown<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
    let failure = result.unwrap_err();
    let class = match &failure {
        Failure::Unreachable(_) => "unreachable",
        Failure::Absent(_) => "absent",
        Failure::Refused(_) => "refused",
        Failure::Fatal(_) => "fatal",
    };
    format!("{class}: {}", Error::from(failure).causes.join("; "))
}

/// One run of `get` with a limit of 100 bytes against the replies: its outcome, and how many
/// requests were made.
fn check(replies: Vec<Reply>, expected: &str, requests: usize) {
    let served = Served::with(replies);
    let host = served.address.trim_start_matches("http://").to_owned();
    let outcome = match client().get(&served.at("/index"), 100) {
        Ok(bytes) => format!("ok: {}", String::from_utf8_lossy(&bytes)),
        failed => shown(failed).replace(&host, "HOST"),
    };
    assert!(outcome.starts_with(expected), "{outcome}\nis not\n{expected}");
    assert_eq!(served.requests().len(), requests, "{expected}");
}

fn thrice(make: impl Fn() -> Reply) -> Vec<Reply> {
    std::iter::repeat_with(make).take(3).collect()
}

#[test]
fn answers_are_bytes() {
    check(vec![ok(b"{}")], "ok: {}", 1);
    check(vec![ok(b"")], "ok: ", 1);
    check(vec![ok(&[b'x'; 100])], "ok: xxx", 1);
    check(vec![reply("200 OK", "", b"to the end")], "ok: to the end", 1);
    let chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    check(vec![reply("200 OK", "Transfer-Encoding: chunked\r\n", chunks)], "ok: abcde", 1);
}

#[test]
fn what_may_pass_is_tried_three_times() {
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
fn what_will_not_pass_is_tried_once() {
    let found = |to: &str| reply("302 Found", &format!("Location: {to}\r\n"), b"");
    for (replies, expected) in [
        (reply("404 Not Found", "", b""), "absent: HOST answered 404 Not Found"),
        (reply("410 Gone", "", b""), "absent: HOST answered 410 Gone"),
        (reply("403 Forbidden", "", b""), "refused: HOST answered 403 Forbidden"),
        (reply("304 Not Modified", "", b""), "refused: HOST answered 304 Not Modified"),
        (
            reply("429 Too Many Requests", "Retry-After: 31\r\n", b""),
            "unreachable: HOST answered 429 Too Many Requests; it asks to wait for 31 seconds",
        ),
        (ok(&[b'x'; 101]), "refused: it is longer than 100 bytes"),
        (ok(b"\n<!DocType HTML><p>Log in"), "refused: the answer looks like a web page"),
        (ok(b"<html><p>Log in"), "refused: the answer looks like a web page"),
        (found("file:///etc/passwd"), "refused: HOST answered 302 Found"),
        (
            found("ftp://127.0.0.1/index"),
            "refused: HOST sends to what is neither http:// nor https://",
        ),
    ] {
        check(vec![replies], expected, 1);
    }
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let next = || reply("301 Moved Permanently", "Location: /next\r\n", b"");
    let mut replies: Vec<Reply> = std::iter::repeat_with(next).take(10).collect();
    replies.push(ok(b"{}"));
    check(replies, "ok: {}", 11);
    let replies = std::iter::repeat_with(next).take(12).collect();
    check(replies, "refused: HOST sends from one address to the next without end", 11);
}

#[test]
fn redirects_never_leave_encryption() {
    let url = |text: &str| Url::parse(text).unwrap();
    let secure = [url("http://a.example/"), url("https://a.example/")];
    assert_eq!(follows(&secure, &url("https://b.example/")), Ok(()));
    assert_eq!(follows(&secure[..1], &url("http://b.example/")), Ok(()));
    assert!(follows(&secure, &url("http://a.example/")).is_err());
}

#[test]
fn absence_is_an_answer_where_it_may_be_one() {
    let served = Served::with(vec![
        reply("404 Not Found", "", b""),
        ok(b"{}"),
        reply("403 Forbidden", "", b""),
    ]);
    let (client, address) = (client(), served.at("/index"));
    assert_eq!(client.get_optional(&address, 9), Ok(None));
    assert_eq!(client.get_optional(&address, 9), Ok(Some(b"{}".to_vec())));
    assert!(matches!(client.get_optional(&address, 9), Err(Failure::Refused(_))));
}

#[test]
fn a_page_is_an_answer_to_who_understands_pages() {
    let page = b"<!DOCTYPE html><a href=x>x</a>";
    let served = Served::with(vec![ok(page)]);
    let got = client().get_accepting(&served.at("/simple"), 100, "text/html;q=0.1");
    assert_eq!(got, Ok(page.to_vec()));
    let request = &served.requests()[0];
    assert!(request.contains("accept: text/html;q=0.1\r\n"), "{request}");
    assert!(request.contains(concat!("user-agent: usher/", env!("CARGO_PKG_VERSION"))));
    assert!(!request.contains("referer"), "{request}");
}

#[test]
fn a_packed_answer_is_unpacked_within_its_limit() {
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
fn who_cannot_be_reached_is_not_asked_again() {
    // A label of a name has at most 63 bytes, so no resolver ever sends this one anywhere.
    let unknown = format!("http://{}.example/index", "x".repeat(64));
    let refusing = Served::with(Vec::new()).at("/index");
    for (address, expected) in
        [(unknown, "unreachable: the name xxxx"), (refusing, "unreachable: 127.0.0.1:")]
    {
        // A pause that the test would notice.
        let pauses = vec![Duration::from_mins(10)];
        let patience = Patience { pauses, ..Patience::default() };
        let result = Client::new(Access { patience, ..access() }).get(&address, 9);
        let text = shown(result.clone());
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("doesn't resolve") || text.ends_with("refused the connection"));
        let error = Error::from(result.unwrap_err());
        assert_eq!(error.exit, Exit::Network);
        assert!(error.hint.unwrap().contains("HTTPS_PROXY"));
    }
}

#[test]
fn a_proxy_that_stands_in_the_way_is_named() {
    let check = |replies: Vec<Reply>, requests: usize, expected: &str| {
        let proxy = Served::with(replies);
        let (http, https) = (None, Some(proxy.address.clone()));
        let proxies = Proxies::Only { http, https, except: None };
        let result = Client::new(Access { proxies, ..access() }).get("https://a.example/", 9);
        let expected = format!("unreachable: the proxy for a.example {expected}");
        assert_eq!(shown(result), expected);
        let asked = proxy.requests();
        assert_eq!(asked.len(), requests);
        assert!(asked.iter().all(|request| request.starts_with("connect a.example:443 ")));
    };
    check(vec![], 0, "refused the connection");
    check(vec![reply("403 Forbidden", "", b"")], 1, "doesn't let us through");
    check(
        vec![reply("407 Proxy Authentication Required", "", b"")],
        1,
        "asks for a name and a password",
    );
}

#[test]
fn silence_ends_at_the_time_out() {
    let served = Served::with(thrice(|| Reply::Silence));
    let idle = Duration::from_millis(100);
    let patience = Patience { idle, ..access().patience };
    let result = Client::new(Access { patience, ..access() }).get(&served.at("/index"), 9);
    let text = shown(result);
    assert!(text.starts_with("unreachable: 127.0.0.1:"), "{text}");
    assert!(text.ends_with("didn't answer in time"), "{text}");
    assert_eq!(served.requests().len(), 3);
}

#[test]
fn credentials_go_to_their_own_place_only() {
    let elsewhere = Served::with(vec![ok(b"{}")]);
    let found = format!("Location: {}\r\n", elsewhere.at("/private/x"));
    let home = Served::with(vec![
        reply("302 Found", &found, b""),
        ok(b"{}"),
        reply("302 Found", "Location: /private/y\r\n", b""),
        ok(b"{}"),
    ]);
    let scope = home.address.replace("http://", "//") + "/private/";
    let authorization = "Bearer secret".to_owned();
    let credentials = vec![Credential { scope, authorization }];
    let client = Client::new(Access { credentials, ..access() });

    for path in ["/private/x", "/public/x", "/private/x"] {
        client.get(&home.at(path), 9).unwrap();
    }

    let carried = |request: &String| request.contains("authorization: bearer secret");
    let at_home: Vec<bool> = home.requests().iter().map(carried).collect();
    assert_eq!(at_home, [true, false, true, true]);
    let abroad: Vec<bool> = elsewhere.requests().iter().map(carried).collect();
    assert_eq!(abroad, [false]);
}

#[test]
fn a_scope_covers_whole_names_only() {
    let check = |scope: &str, address: &str, expected: bool| {
        assert_eq!(covers(scope, &Url::parse(address).unwrap()), expected, "{scope} {address}");
    };
    check("a.example/", "https://a.example/x/y", true);
    check("a.example", "https://A.example/x/y", true);
    check("//a.example:443/x/", "https://a.example/x", true);
    check("a.example/x", "https://a.example/x/y", true);
    check("a.example/x/", "https://a.example/xy", false);
    check("a.example/x/", "https://a.example/x/../y", false);
    check("a.example/x/", "https://a.example/x/%2e%2e/y", false);
    check("a.example/", "https://a.example.evil.example/", false);
    check("a.example/", "https://b.example/a.example/", false);
    check("a.example/", "https://a.example@b.example/", false);
    check("a.example/", "https://a.example:8443/", false);
    check("", "https://a.example/", false);
}

#[test]
fn a_folder_stands_in_for_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("an index");
    fs::write(&path, "{}").unwrap();
    let (path, missing) = (path.to_str().unwrap(), folder.path().join("missing"));
    let client = client();
    assert_eq!(client.get(path, 2), Ok(b"{}".to_vec()));
    assert_eq!(client.get(&format!("file://{}", path.replace(' ', "%20")), 2), Ok(b"{}".to_vec()));
    assert_eq!(shown(client.get(path, 1)), "refused: it is longer than 1 bytes");
    assert_eq!(client.get_optional(missing.to_str().unwrap(), 9), Ok(None));
    assert!(matches!(client.get(folder.path().to_str().unwrap(), 9), Err(Failure::Refused(_))));
}

#[test]
fn a_bad_file_of_certificates_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let client = Client::new(Access { extra_ca_files: vec![path.clone()], ..access() });
    let result = client.get("https://127.0.0.1:1/", 9);
    assert!(matches!(result, Err(Failure::Fatal(_))));
    let error = Error::from(result.unwrap_err());
    assert_eq!(error.what, format!("can't read {}", path.display()));
}
