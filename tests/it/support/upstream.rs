//! A fake upstream: nodejs.org, an npm registry, a `PyPI` index and python-build-standalone, all on
//! one port of loopback. It counts requests and misbehaves on demand.
//!
//! Each site has a folder with the paths of the real one: `/dist/index.json`, `/npm/npm`,
//! `/pypi/simple/pip/`, `/astral/github/…`. `catalogue` has the data, `server` the HTTP part.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::archives;
use super::catalogue::{Catalogue, Platform};
use super::documents::{self, Document, Site};
use super::server::{Delivery, Reply, Request, Server, locked};

/// How long to wait for a request.
const LIMIT: Duration = Duration::from_secs(60);

/// The failure at one path.
#[derive(Debug, Clone)]
pub(crate) enum Misbehaviour {
    /// This status code, with an HTML page.
    Status(u16),
    /// The HTML page of a captive portal, with status 200.
    Page,
    /// The connection is closed properly after this many bytes of the body.
    CutAfter(usize),
    /// One bit of the byte at this index is flipped.
    FlippedBit(usize),
    /// The connection is reset after this many bytes of the body.
    ResetAfter(usize),
    /// After this many bytes, the rest waits for [`Upstream::release`].
    StallAfter(usize),
    /// Pieces of this size, with a pause after each.
    Slow(usize, Duration),
    /// A redirect to this address, with status 302.
    Redirect(String),
}

#[derive(Debug, Default)]
struct State {
    site: Site,
    /// How many more times a path misbehaves (`None`: always), and how.
    misbehaviours: BTreeMap<String, (Option<usize>, Misbehaviour)>,
    log: Vec<Request>,
}

/// The fake upstream. It stops when dropped.
#[derive(Debug)]
pub(crate) struct Upstream {
    base: String,
    state: Arc<(Mutex<State>, Condvar)>,
    server: Server,
}

impl Upstream {
    /// Serves the standard catalogue.
    pub(crate) fn start() -> Self {
        Self::serving(&Catalogue::standard())
    }

    /// Serves this catalogue.
    pub(crate) fn serving(catalogue: &Catalogue) -> Self {
        Self::serving_at(Ipv4Addr::LOCALHOST.into(), catalogue)
    }

    /// Serves this catalogue at this address of loopback.
    pub(crate) fn serving_at(address: IpAddr, catalogue: &Catalogue) -> Self {
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let shared = Arc::clone(&state);
        let server = Server::start_at(address, move |request| answer(&shared, request));
        let upstream = Self { base: format!("http://{}", server.address()), state, server };
        upstream.publish(catalogue);
        upstream
    }

    /// Serves this catalogue from now on, and nothing else.
    pub(crate) fn publish(&self, catalogue: &Catalogue) {
        self.state().site = documents::site(catalogue, &self.base);
    }

    /// Serves these bytes at a path, for instance a hostile archive or another checksum file.
    pub(crate) fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let document = Document { kind: "application/octet-stream", body: bytes.into() };
        self.state().site.insert(path.to_owned(), document);
    }

    /// Serves this archive as a node release of this platform, with its hash.
    pub(crate) fn put_node(&self, version: &str, archive: Vec<u8>) {
        let path = Platform::here().node_archive(version);
        let (folder, name) = path.rsplit_once('/').expect("a file in a folder");
        let hash = documents::sha256(&archive);
        self.put(&format!("{folder}/SHASUMS256.txt"), format!("{hash}  {name}\n"));
        self.put(&path, archive);
    }

    /// Serves a node release of this many files.
    pub(crate) fn put_large_node(&self, version: &str, files: usize) {
        let platform = Platform::here().node;
        self.put_node(version, archives::large_node_release(version, &platform, files));
    }

    /// The document that is served at a path.
    pub(crate) fn body(&self, path: &str) -> Vec<u8> {
        match self.state().site.get(path) {
            Some(document) => document.body.clone(),
            None => panic!("nothing is served at {path}"),
        }
    }

    /// Misbehaves at a path until [`Upstream::stop_misbehaving`] is called.
    pub(crate) fn misbehave(&self, path: &str, misbehaviour: Misbehaviour) {
        self.state().misbehaviours.insert(path.to_owned(), (None, misbehaviour));
    }

    /// Sends half of what is at a path, and stalls until [`Upstream::release`]. Returns how many
    /// bytes are sent before that.
    pub(crate) fn stall_halfway(&self, path: &str) -> usize {
        let half = self.body(path).len() / 2;
        self.misbehave(path, Misbehaviour::StallAfter(half));
        half
    }

    /// Misbehaves at a path so many times.
    pub(crate) fn misbehave_times(&self, path: &str, times: usize, misbehaviour: Misbehaviour) {
        self.state().misbehaviours.insert(path.to_owned(), (Some(times), misbehaviour));
    }

    /// Stops misbehaving at a path.
    pub(crate) fn stop_misbehaving(&self, path: &str) {
        self.state().misbehaviours.remove(path);
    }

    /// Lets stalled responses continue, and stalls none from now on.
    pub(crate) fn release(&self) {
        self.server.release();
    }

    /// The number of requests for a path (without query, `%XX` decoded).
    pub(crate) fn requests(&self, path: &str) -> usize {
        self.state().log.iter().filter(|request| request.path == path).count()
    }

    /// All requests, oldest first.
    pub(crate) fn all_requests(&self) -> Vec<Request> {
        self.state().log.clone()
    }

    /// Waits for this many requests for a path.
    #[track_caller]
    pub(crate) fn wait_for_requests(&self, path: &str, count: usize) {
        let too_few = |state: &mut State| {
            state.log.iter().filter(|request| request.path == path).count() < count
        };
        let waited = self.state.1.wait_timeout_while(self.state(), LIMIT, too_few);
        let (state, limit) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        assert!(!limit.timed_out(), "fewer than {count} requests for {path} in {LIMIT:?}");
    }

    /// The base address: `http://127.0.0.1:1234`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The value for `NODEJS_ORG_MIRROR`.
    pub(crate) fn node_dist(&self) -> String {
        node_dist(&self.base)
    }

    /// The value for `npm_config_registry`.
    pub(crate) fn npm_registry(&self) -> String {
        npm_registry(&self.base)
    }

    /// The value for `PIP_INDEX_URL`.
    pub(crate) fn pypi(&self) -> String {
        pypi(&self.base)
    }

    /// The value for `UV_ASTRAL_MIRROR_URL`.
    pub(crate) fn astral(&self) -> String {
        astral(&self.base)
    }

    /// The value for `UV_PYTHON_INSTALL_MIRROR`.
    pub(crate) fn python_builds(&self) -> String {
        python_builds(&self.base)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        locked(&self.state.0)
    }
}

/// The address of the official node site.
pub(super) fn node_dist(base: &str) -> String {
    format!("{base}/dist")
}

/// The address of the npm registry. Clients write it with a slash at the end.
pub(super) fn npm_registry(base: &str) -> String {
    format!("{base}/npm/")
}

/// The address of the `PyPI` index.
pub(super) fn pypi(base: &str) -> String {
    format!("{base}/pypi/simple/")
}

/// The address of the fake Astral host.
pub(super) fn astral(base: &str) -> String {
    format!("{base}/astral")
}

/// The address of the fake python-build-standalone downloads.
pub(super) fn python_builds(base: &str) -> String {
    format!("{base}/python-build-standalone/releases/download")
}

fn answer(shared: &(Mutex<State>, Condvar), request: &Request) -> Reply {
    let mut state = locked(&shared.0);
    state.log.push(request.clone());
    shared.1.notify_all();
    let misbehaviour = next_misbehaviour(&mut state, &request.path);
    // A page of a paginated list has its query in its name.
    let page_of_many = state.site.get(&format!("{}?{}", request.path, request.query));
    let reply = match page_of_many.or_else(|| state.site.get(&request.path)) {
        Some(document) => normal_reply(request, document),
        None => page(404, "not found"),
    };
    match misbehaviour {
        None => reply,
        Some(misbehaviour) => misbehaving(reply, misbehaviour),
    }
}

fn next_misbehaviour(state: &mut State, path: &str) -> Option<Misbehaviour> {
    match state.misbehaviours.get_mut(path)? {
        (Some(0), _) => None,
        (Some(times), misbehaviour) => {
            *times -= 1;
            Some(misbehaviour.clone())
        }
        (None, misbehaviour) => Some(misbehaviour.clone()),
    }
}

/// Answers as the real sites do, with range requests and conditional requests. Mirrors of the npm
/// registry send no `ETag`, so `/npm/` has none.
fn normal_reply(request: &Request, document: &Document) -> Reply {
    let mut headers = vec![("Content-Type", document.kind.to_owned())];
    let tag = format!("\"{}\"", &documents::sha256(&document.body)[..16]);
    let header = |name: &str| request.headers.get(name);
    if !request.path.starts_with("/npm/") {
        headers.push(("ETag", tag.clone()));
        headers.push(("Accept-Ranges", "bytes".to_owned()));
    }
    let whole =
        Reply { status: 200, headers, body: document.body.clone(), delivery: Delivery::Whole };
    if header("if-none-match") == Some(&tag) {
        return Reply { status: 304, body: Vec::new(), ..whole };
    }
    let changed = header("if-range").is_some_and(|range| *range != tag);
    match header("range").and_then(|range| first_byte(range)) {
        Some(_) if changed => whole,
        Some(first) => from_byte(whole, first),
        None => whole,
    }
}

/// The first byte of a range up to the end: `bytes=100-`.
fn first_byte(range: &str) -> Option<usize> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

fn from_byte(mut whole: Reply, first: usize) -> Reply {
    let length = whole.body.len();
    if first >= length {
        whole.headers.push(("Content-Range", format!("bytes */{length}")));
        return Reply { status: 416, body: Vec::new(), ..whole };
    }
    let last = length - 1;
    whole.headers.push(("Content-Range", format!("bytes {first}-{last}/{length}")));
    Reply { status: 206, body: whole.body.split_off(first), ..whole }
}

fn misbehaving(mut reply: Reply, misbehaviour: Misbehaviour) -> Reply {
    match misbehaviour {
        Misbehaviour::Status(status) => return page(status, "out of order"),
        Misbehaviour::Page => return page(200, "please log in"),
        Misbehaviour::Redirect(address) => {
            let mut reply = page(302, "elsewhere");
            reply.headers.push(("Location", address));
            return reply;
        }
        Misbehaviour::FlippedBit(place) => match reply.body.get_mut(place) {
            Some(byte) => *byte ^= 1,
            None => panic!("byte {place} doesn't exist"),
        },
        Misbehaviour::CutAfter(count) => reply.delivery = Delivery::CutAfter(count),
        Misbehaviour::ResetAfter(count) => reply.delivery = Delivery::ResetAfter(count),
        Misbehaviour::StallAfter(count) => reply.delivery = Delivery::StallAfter(count),
        Misbehaviour::Slow(size, pause) => reply.delivery = Delivery::InPieces(size, pause),
    }
    reply
}

fn page(status: u16, text: &str) -> Reply {
    let body = format!("<!DOCTYPE html>\n<html><body><h1>{text}</h1></body></html>\n");
    let headers = vec![("Content-Type", "text/html".to_owned())];
    Reply { status, headers, body: body.into_bytes(), delivery: Delivery::Whole }
}
