//! The real `use` and its requests: servers that send wrong data, break off or can't be
//! reached, TLS, the choice of sources, and each upstream's index and archives.
//!
//! What settings refuse (`offline`, `auto_install`) is tested in `policy`.

mod answers;
mod downloads;
mod front;
mod messages;
/// A network of a test's own is Linux's.
#[cfg(target_os = "linux")]
mod names;
mod provenance;
mod secrets;
mod sizes;
mod sources;
mod tls;
mod upstreams;

pub(crate) use front::Authority;

use crate::commands::sandbox;
use crate::support::{Platform, Sandbox, Upstream};

/// The paths of the official site's index and of one version's checksums on the fake upstream.
const INDEX: &str = "/dist/index.json";
const SUMS: &str = "/dist/v12.22.12/SHASUMS256.txt";

/// The path of that version's archive.
fn archive() -> String {
    Platform::here().node_archive("12.22.12")
}

/// Only the official site, since the other source would be used instead.
fn with_one_source(upstream: &Upstream) -> Sandbox {
    sandbox(upstream).with_variable("USHER_SOURCE", "node=nodejs.org")
}
