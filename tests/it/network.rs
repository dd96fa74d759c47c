//! The real `use` and what it asks over the network: servers that lie, break off or can't be
//! reached, what encrypts, which source is asked, and each upstream's index and archives.
//!
//! What is refused because a setting says so (`offline`, `auto_install`) is in `policy`.

mod downloads;
mod front;
mod messages;
mod sizes;
mod sources;
mod tls;
mod upstreams;

use crate::commands::sandbox;
use crate::support::{Platform, Sandbox, Upstream};

/// Where the fake upstream has the official site's index, and the hashes of a version of it.
const INDEX: &str = "/dist/index.json";
const SUMS: &str = "/dist/v12.22.12/SHASUMS256.txt";

/// Where it has that version's archive.
fn archive() -> String {
    Platform::here().node_archive("12.22.12")
}

/// Only the official site: the other source would step in.
fn with_one_source(upstream: &Upstream) -> Sandbox {
    sandbox(upstream).with_variable("USHER_SOURCE", "node=nodejs.org")
}
