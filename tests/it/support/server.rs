//! A small HTTP server on loopback that can also fail in every way a network does.
//!
//! A library's server keeps its connections in order; this one must cut, reset and hold them at a
//! given byte. It knows HTTP/1.1, one request a connection, and nothing of what is served.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What a client asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// `GET`, `HEAD`.
    pub(crate) method: String,
    /// The path, with its `%XX` decoded, without a query.
    pub(crate) path: String,
    /// The query, as it was sent; mostly empty.
    pub(crate) query: String,
    /// The headers, their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

/// What it gets.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// Headers; the length and the end of the connection are added.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// How the body arrives.
    pub(crate) delivery: Delivery,
}

/// How a body arrives; the length in the header is always the whole one's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delivery {
    /// As it should.
    Whole,
    /// The connection ends in good order after so many bytes.
    CutAfter(usize),
    /// The connection is reset after so many bytes.
    ResetAfter(usize),
    /// The rest is held back, after so many bytes, until the gate opens.
    StallAfter(usize),
    /// Pieces of that size, with a pause after each.
    InPieces(usize, Duration),
}

/// Holds connections back until it is opened, for good.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Lets all go on.
    pub(crate) fn open(&self) {
        *locked(&self.open) = true;
        self.opened.notify_all();
    }

    fn is_open(&self) -> bool {
        *locked(&self.open)
    }

    fn wait(&self) {
        let open = self.opened.wait_while(locked(&self.open), |open| !*open);
        drop(open.unwrap_or_else(PoisonError::into_inner));
    }

    fn wait_for(&self, pause: Duration) {
        let open = self.opened.wait_timeout_while(locked(&self.open), pause, |open| !*open);
        drop(open.unwrap_or_else(PoisonError::into_inner));
    }
}

/// A lock whose value is good even if a test panicked with it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server; its threads end when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stopping: Arc<Gate>,
    released: Arc<Gate>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of loopback; `answer` is asked from several threads.
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listen on loopback");
        let address = listener.local_addr().expect("the port listened on");
        let (stopping, released) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let gates = (Arc::clone(&stopping), Arc::clone(&released));
        let accepting = thread::spawn(move || accept(&listener, &gates, &Arc::new(answer)));
        Self { address, stopping, released, accepting: Some(accepting) }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends what was held back, and holds nothing back from now on.
    pub(crate) fn release(&self) {
        self.released.open();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.open();
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

fn accept<A>(listener: &TcpListener, gates: &(Arc<Gate>, Arc<Gate>), answer: &Arc<A>)
where
    A: Fn(&Request) -> Reply + Send + Sync + 'static,
{
    let (stopping, released) = gates;
    let mut connections: Vec<(Weak<TcpStream>, JoinHandle<()>)> = Vec::new();
    for stream in listener.incoming() {
        if stopping.is_open() {
            break;
        }
        let Ok(stream) = stream.map(Arc::new) else { continue };
        // A strong reference here would keep the connection open after its thread has ended.
        let weak = Arc::downgrade(&stream);
        let (answer, released) = (Arc::clone(answer), Arc::clone(released));
        // A client that goes away is no matter of the server's.
        let serve = move || drop(serve(&stream, &*answer, &released));
        // Until it is joined, a thread's stack stays mapped; with thousands of them, starting a
        // process takes as long as copying the map.
        connections.retain(|(_, thread)| !thread.is_finished());
        connections.push((weak, thread::spawn(serve)));
    }
    for stream in connections.iter().filter_map(|(stream, _)| stream.upgrade()) {
        drop(stream.shutdown(std::net::Shutdown::Both));
    }
    released.open();
    for (_, thread) in connections {
        drop(thread.join());
    }
}

fn serve(
    mut stream: &TcpStream,
    answer: &dyn Fn(&Request) -> Reply,
    gate: &Gate,
) -> io::Result<()> {
    let Some(request) = read_request(&mut BufReader::new(stream))? else { return Ok(()) };
    let reply = answer(&request);
    stream.write_all(head(&reply).as_bytes())?;
    if request.method == "HEAD" || is_bodiless(&reply) {
        return Ok(());
    }
    send(stream, &reply, gate)
}

fn head(reply: &Reply) -> String {
    let mut lines = vec![format!("HTTP/1.1 {} Fake", reply.status), "Connection: close".to_owned()];
    if !is_bodiless(reply) {
        lines.push(format!("Content-Length: {}", reply.body.len()));
    }
    lines.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    format!("{}\r\n\r\n", lines.join("\r\n"))
}

fn is_bodiless(reply: &Reply) -> bool {
    matches!(reply.status, 204 | 304)
}

fn send(mut stream: &TcpStream, reply: &Reply, gate: &Gate) -> io::Result<()> {
    let split = |at: usize| reply.body.split_at(at.min(reply.body.len()));
    match reply.delivery {
        Delivery::Whole => stream.write_all(&reply.body),
        Delivery::CutAfter(count) => stream.write_all(split(count).0),
        Delivery::ResetAfter(count) => {
            stream.write_all(split(count).0)?;
            // A connection that is closed without waiting for its data is reset.
            Ok(rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))?)
        }
        Delivery::StallAfter(count) => {
            stream.write_all(split(count).0)?;
            gate.wait();
            stream.write_all(split(count).1)
        }
        Delivery::InPieces(size, pause) => reply.body.chunks(size.max(1)).try_for_each(|piece| {
            stream.write_all(piece)?;
            gate.wait_for(pause);
            Ok(())
        }),
    }
}

/// Reads a request without a body; `None` if the client said nothing.
fn read_request(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (decoded(path), query.to_owned());
    let mut request = Request { method: method.to_owned(), path, query, ..Request::default() };
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { return Ok(Some(request)) };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
}

/// A path with its `%XX` decoded.
fn decoded(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let byte = piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&piece.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(format!("%{piece}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
