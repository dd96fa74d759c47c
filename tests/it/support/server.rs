//! A small HTTP server on loopback that can fail in every way a network does.
//!
//! Servers from libraries can't cut, reset or hold a connection at a given byte; this one can. It
//! speaks HTTP/1.1 with one request per connection, and doesn't know what it serves.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A client's request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// `GET`, `HEAD`.
    pub(crate) method: String,
    /// The path without the query, with `%XX` decoded.
    pub(crate) path: String,
    /// The query as sent; usually empty.
    pub(crate) query: String,
    /// The headers, with names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

/// The response to a request.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// Headers; `Content-Length` and `Connection: close` are added.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// How the body arrives.
    pub(crate) delivery: Delivery,
}

/// How a body arrives. `Content-Length` is always that of the whole body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delivery {
    /// Complete, at once.
    Whole,
    /// The connection is closed properly after this many bytes.
    CutAfter(usize),
    /// The connection is reset after this many bytes.
    ResetAfter(usize),
    /// After this many bytes, the rest waits until the gate opens.
    StallAfter(usize),
    /// Pieces of this size, with a pause after each.
    InPieces(usize, Duration),
}

/// Holds connections until it is opened. It can't be closed again.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Lets all connections continue.
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

/// Takes a lock, even if a test panicked while holding it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server. Dropping it ends its threads.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stopping: Arc<Gate>,
    released: Arc<Gate>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of loopback. Several threads call `answer`.
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), answer)
    }

    /// Listens on a free port of this address of loopback.
    pub(crate) fn start_at(
        address: IpAddr,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("listen on loopback");
        let address = listener.local_addr().expect("the port listened on");
        let (stopping, released) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let gates = (Arc::clone(&stopping), Arc::clone(&released));
        let accepting = thread::spawn(move || accept(&listener, &gates, &Arc::new(answer)));
        Self { address, stopping, released, accepting: Some(accepting) }
    }

    /// Its address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets stalled responses continue, and stalls none from now on.
    pub(crate) fn release(&self) {
        self.released.open();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.open();
        // This connection wakes the accepting thread.
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
        // A strong reference here would keep the connection open after its thread ended.
        let weak = Arc::downgrade(&stream);
        let (answer, released) = (Arc::clone(answer), Arc::clone(released));
        // A client that disconnects isn't an error.
        let serve = move || drop(serve(&stream, &*answer, &released));
        // A thread's stack stays mapped until the thread is joined. With thousands of stacks,
        // starting a process is slow, because it copies the map.
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
            // Closing without lingering resets the connection.
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

/// Reads a request without a body; `None` if the client sent nothing.
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

/// Decodes `%XX` in a path.
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
