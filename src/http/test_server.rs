//! A web server on loopback for unit tests: one scripted reply per connection, for any request.
//!
//! The server of `tests/it/support/server.rs` is another one on purpose. That one serves documents by
//! path and always sends a valid head; this one sends raw bytes, so that heads can be invalid in every
//! way, and refuses connections after its last reply. Joined, each would need the other's switches.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use super::address::Address;
use super::client::Client;
use super::network_config::NetworkConfig;
use super::timeouts::Timeouts;

/// How to reply to one connection.
#[derive(Clone)]
pub(super) enum Reply {
    /// Send these bytes and close.
    Bytes(Vec<u8>),
    /// Close at once.
    HangUp,
    /// Read the request and never answer.
    Silence,
    /// Send a file (body and `ETag`), with support for ranges, but close the connection after this
    /// many bytes of the body.
    File(&'static [u8], &'static str, usize),
    /// As `File`, but reset the connection, which may lose bytes that were sent.
    Torn(&'static [u8], &'static str, usize),
}

/// A reply with this status line, these headers (each with a CRLF at its end) and this body.
pub(super) fn reply(status: &str, headers: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A valid reply.
pub(super) fn ok(body: &[u8]) -> Reply {
    reply("200 OK", &format!("Content-Length: {}\r\n", body.len()), body)
}

/// The server; after its last reply it refuses connections.
pub(super) struct TestServer {
    /// `http://127.0.0.1:PORT`.
    pub(super) address: String,
    requests: Arc<Mutex<Vec<String>>>,
    silent: Arc<Mutex<Vec<TcpStream>>>,
}

impl TestServer {
    pub(super) fn with(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, requests: Arc::default(), silent: Arc::default() };
        // The listener is closed as soon as the last connection is accepted: a client that tries again
        // after that reply must not reach a listener that is about to be closed.
        let (mut listener, last) = (Some(listener).filter(|_| !replies.is_empty()), replies.len());
        let (requests, silent) = (Arc::clone(&server.requests), Arc::clone(&server.silent));
        thread::spawn(move || {
            for (number, reply) in (1..).zip(replies) {
                let (mut stream, _) = listener.as_ref().unwrap().accept().unwrap();
                if number == last {
                    listener = None;
                }
                if matches!(reply, Reply::HangUp) {
                    requests.lock().unwrap().push(String::new());
                    continue;
                }
                requests.lock().unwrap().push(request(&mut stream));
                match reply {
                    Reply::Bytes(bytes) => {
                        // The client may close the connection early.
                        let _ = stream.write_all(&bytes);
                    }
                    Reply::File(body, tag, cut) => {
                        let request = requests.lock().unwrap().last().cloned().unwrap();
                        let _ = send(&mut stream, &request, (body, tag), cut);
                    }
                    Reply::Torn(body, tag, cut) => {
                        let request = requests.lock().unwrap().last().cloned().unwrap();
                        let _ = send(&mut stream, &request, (body, tag), cut);
                        // A connection that is closed without waiting for its data is reset.
                        let linger = Some(Duration::ZERO);
                        rustix::net::sockopt::set_socket_linger(&stream, linger).unwrap();
                    }
                    Reply::Silence => silent.lock().unwrap().push(stream),
                    Reply::HangUp => {}
                }
            }
        });
        server
    }

    /// All requests so far, in lower case.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The address of a path on this server.
    pub(super) fn at(&self, path: &str) -> Address {
        address(&format!("{}{path}", self.address))
    }
}

/// Sends a file or the requested rest of it; at most `cut` bytes of the body.
fn send(
    stream: &mut TcpStream,
    request: &str,
    file: (&[u8], &str),
    cut: usize,
) -> std::io::Result<()> {
    let (body, tag) = file;
    let first = first_byte(request).filter(|_| request.contains(&format!("if-range: {tag}\r\n")));
    let (length, first) = (body.len(), first.unwrap_or_default());
    let range = match first {
        0 => "200 OK\r\n".to_owned(),
        _ => format!("206 Rest\r\nContent-Range: bytes {first}-{}/{length}\r\n", length - 1),
    };
    let left = length - first;
    write!(stream, "HTTP/1.1 {range}Content-Length: {left}\r\nETag: {tag}\r\n\r\n")?;
    stream.write_all(&body[first..first + cut.min(left)])
}

/// The first byte of the requested range.
pub(super) fn first_byte(request: &str) -> Option<usize> {
    let (_, range) = request.split_once("range: bytes=")?;
    range.split_once("-\r\n")?.0.parse().ok()
}

fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap().to_lowercase()
}

/// A configuration without proxies and without pauses before retries.
pub(super) fn access() -> NetworkConfig {
    let backoff = vec![Duration::ZERO; 2];
    NetworkConfig {
        timeouts: Timeouts { read: Duration::from_secs(10), backoff, ..Timeouts::default() },
        ..NetworkConfig::default()
    }
}

/// A client with [`access`]. All tests share one, because creating one reads all certificates of the
/// system.
pub(super) fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new(access()));
    &CLIENT
}

/// A valid address.
pub(super) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}
