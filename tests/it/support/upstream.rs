//! A fake upstream: nodejs.org, an npm registry, a `PyPI` index and python-build-standalone, all on
//! one port of loopback, that counts what is asked and misbehaves when told to.
//!
//! Paths are those of the real sites below a folder each: `/dist/index.json`, `/npm/npm`,
//! `/pypi/simple/pip/`, `/astral/github/…`. What is served is in `catalogue`; how, in `server`.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::catalogue::Catalogue;
use super::documents::{self, Document, Site};
use super::server::{Delivery, Reply, Request, Server, locked};

/// Nobody waits longer for a request that never comes.
const LIMIT: Duration = Duration::from_secs(60);

/// What can go wrong at one path.
#[derive(Debug, Clone)]
pub(crate) enum Misbehaviour {
    /// This status code, with a page.
    Status(u16),
    /// A page of a captive portal, with status 200.
    Page,
    /// The connection ends in good order after so many bytes of the body.
    CutAfter(usize),
    /// One bit differs, in the byte at this place.
    FlippedBit(usize),
    /// The connection is reset after so many bytes of the body.
    ResetAfter(usize),
    /// The rest is held back, after so many bytes, until [`Upstream::release`].
    StallAfter(usize),
    /// Pieces of that size, with a pause after each.
    Slow(usize, Duration),
    /// Elsewhere, with status 302.
    Redirect(String),
}

#[derive(Debug, Default)]
struct State {
    site: Site,
    /// How often a path still misbehaves (`None`: always), and how.
    misbehaviours: BTreeMap<String, (Option<usize>, Misbehaviour)>,
    log: Vec<Request>,
}

/// The fake upstream; it ends when it is dropped.
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
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| answer(&shared, request));
        let upstream = Self { base: format!("http://{}", server.address()), state, server };
        upstream.publish(catalogue);
        upstream
    }

    /// Serves this catalogue from now on, and nothing else.
    pub(crate) fn publish(&self, catalogue: &Catalogue) {
        self.state().site = documents::site(catalogue, &self.base);
    }

    /// Serves these bytes at a path: a hostile archive, another list of checksums.
    pub(crate) fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let document = Document { kind: "application/octet-stream", body: bytes.into() };
        self.state().site.insert(path.to_owned(), document);
    }

    /// What is served at a path.
    pub(crate) fn body(&self, path: &str) -> Vec<u8> {
        match self.state().site.get(path) {
            Some(document) => document.body.clone(),
            None => panic!("nothing is served at {path}"),
        }
    }

    /// Misbehaves at a path, until told to [`Upstream::behave`].
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

    /// Misbehaves at a path no longer.
    pub(crate) fn behave(&self, path: &str) {
        self.state().misbehaviours.remove(path);
    }

    /// Sends what was held back, and holds nothing back from now on.
    pub(crate) fn release(&self) {
        self.server.release();
    }

    /// How many requests there were for a path (without query, `%XX` decoded).
    pub(crate) fn requests(&self, path: &str) -> usize {
        self.state().log.iter().filter(|request| request.path == path).count()
    }

    /// All requests, in the order in which they came.
    pub(crate) fn all_requests(&self) -> Vec<Request> {
        self.state().log.clone()
    }

    /// Waits until there were so many requests for a path.
    #[track_caller]
    pub(crate) fn wait_for_requests(&self, path: &str, count: usize) {
        let too_few = |state: &mut State| {
            state.log.iter().filter(|request| request.path == path).count() < count
        };
        let waited = self.state.1.wait_timeout_while(self.state(), LIMIT, too_few);
        let (state, limit) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        assert!(!limit.timed_out(), "{path} was not asked for {count} times in {LIMIT:?}");
    }

    /// The address under which everything lies: `http://127.0.0.1:1234`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What `NODEJS_ORG_MIRROR` is to say.
    pub(crate) fn node_dist(&self) -> String {
        node_dist(&self.base)
    }

    /// What `npm_config_registry` is to say.
    pub(crate) fn npm_registry(&self) -> String {
        npm_registry(&self.base)
    }

    /// What `PIP_INDEX_URL` is to say.
    pub(crate) fn pypi(&self) -> String {
        pypi(&self.base)
    }

    /// What `UV_ASTRAL_MIRROR_URL` is to say.
    pub(crate) fn astral(&self) -> String {
        astral(&self.base)
    }

    /// What `UV_PYTHON_INSTALL_MIRROR` is to say.
    pub(crate) fn python_builds(&self) -> String {
        python_builds(&self.base)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        locked(&self.state.0)
    }
}

/// The official node site below a base address.
pub(super) fn node_dist(base: &str) -> String {
    format!("{base}/dist")
}

/// The npm registry below a base address; clients write it with a slash at the end.
pub(super) fn npm_registry(base: &str) -> String {
    format!("{base}/npm/")
}

/// The `PyPI` index below a base address.
pub(super) fn pypi(base: &str) -> String {
    format!("{base}/pypi/simple/")
}

/// What stands in for Astral's own host below a base address.
pub(super) fn astral(base: &str) -> String {
    format!("{base}/astral")
}

/// What stands in for python-build-standalone's downloads below a base address.
pub(super) fn python_builds(base: &str) -> String {
    format!("{base}/python-build-standalone/releases/download")
}

fn answer(shared: &(Mutex<State>, Condvar), request: &Request) -> Reply {
    let mut state = locked(&shared.0);
    state.log.push(request.clone());
    shared.1.notify_all();
    let misbehaviour = next_misbehaviour(&mut state, &request.path);
    // A page of many, where it is served apart.
    let page_of_many = state.site.get(&format!("{}?{}", request.path, request.query));
    let reply = match page_of_many.or_else(|| state.site.get(&request.path)) {
        Some(document) => ordinary(request, document),
        None => page(404, "not found"),
    };
    match misbehaviour {
        None => reply,
        Some(misbehaviour) => spoilt(reply, misbehaviour),
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

/// What the real sites answer: the rest from a byte on where asked so, and nothing where the
/// client has it already. The npm registry's mirrors are known to send no `ETag`.
fn ordinary(request: &Request, document: &Document) -> Reply {
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
        Some(first) => rest(whole, first),
        None => whole,
    }
}

/// The first byte of a range that goes to the end: `bytes=100-`.
fn first_byte(range: &str) -> Option<usize> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

fn rest(mut whole: Reply, first: usize) -> Reply {
    let length = whole.body.len();
    if first >= length {
        whole.headers.push(("Content-Range", format!("bytes */{length}")));
        return Reply { status: 416, body: Vec::new(), ..whole };
    }
    let last = length - 1;
    whole.headers.push(("Content-Range", format!("bytes {first}-{last}/{length}")));
    Reply { status: 206, body: whole.body.split_off(first), ..whole }
}

fn spoilt(mut reply: Reply, misbehaviour: Misbehaviour) -> Reply {
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
            None => panic!("there is no byte {place} to flip"),
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
