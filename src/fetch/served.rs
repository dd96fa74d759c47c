//! A web server on loopback for tests: one prepared reply a connection, whatever is asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use super::access::{Access, Patience, Proxies};
use super::client::Client;

/// What to do with one connection.
pub(super) enum Reply {
    /// Send these bytes and close.
    Bytes(Vec<u8>),
    /// Close at once.
    HangUp,
    /// Read the request and never answer.
    Silence,
}

/// A reply with this status line, these headers (each ended by CRLF) and this body.
pub(super) fn reply(status: &str, headers: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A reply that is as it should be.
pub(super) fn ok(body: &[u8]) -> Reply {
    reply("200 OK", &format!("Content-Length: {}\r\n", body.len()), body)
}

/// The server; when its replies are used up, it refuses connections.
pub(super) struct Served {
    /// `http://127.0.0.1:PORT`.
    pub(super) address: String,
    requests: Arc<Mutex<Vec<String>>>,
    silent: Arc<Mutex<Vec<TcpStream>>>,
}

impl Served {
    pub(super) fn with(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = Self { address, requests: Arc::default(), silent: Arc::default() };
        let (requests, silent) = (Arc::clone(&served.requests), Arc::clone(&served.silent));
        thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                if matches!(reply, Reply::HangUp) {
                    requests.lock().unwrap().push(String::new());
                    continue;
                }
                requests.lock().unwrap().push(request(&mut stream));
                match reply {
                    Reply::Bytes(bytes) => {
                        // The client may have gone when it has seen enough.
                        let _ = stream.write_all(&bytes);
                    }
                    Reply::Silence => silent.lock().unwrap().push(stream),
                    Reply::HangUp => {}
                }
            }
        });
        served
    }

    /// All requests so far, as they came.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The address of `path` here.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap().to_lowercase()
}

/// Access to loopback, whatever proxy the machine has, without waiting.
pub(super) fn access() -> Access {
    let pauses = vec![Duration::ZERO; 2];
    Access {
        proxies: Proxies::Only { http: None, https: None, except: None },
        patience: Patience { idle: Duration::from_secs(10), pauses, ..Patience::default() },
        ..Access::default()
    }
}

/// A client with [`access`]: one for all tests, because making one reads every certificate of the
/// system.
pub(super) fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new(access()));
    &CLIENT
}
