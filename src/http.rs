//! Getting bytes from elsewhere: asked for, judged, fetched, verified.
//!
//! ```text
//! address ─▶ Client    ─▶ bytes, if they changed       (client.rs, redirects.rs, response.rs)
//! address ─▶ Downloads ─▶ a file whose hash is the wanted   (download.rs)
//! ```
//!
//! | what | file |
//! |---|---|
//! | addresses, and how people are shown them | `address.rs` |
//! | what is set up: proxies, certificates, credentials, how long to wait | `network_config.rs`, `proxies.rs`, `authorities.rs`, `credentials.rs`, `timeouts.rs` |
//! | one request, wherever it leads | `redirects.rs` |
//! | what came back | `response.rs`, `headers.rs`, `retry_after.rs`, `min_throughput.rs` |
//! | one more try | `retry.rs` |
//! | why nothing came | `failure.rs`, `diagnose.rs`, `tls_errors.rs` |
//!
//! Everything here takes what a server said for hostile until shown otherwise. It must not know
//! tools, versions, the store, settings or the command line: it is given an address, a file or a
//! folder, and says what came of it.
//!
//! What must stay true:
//! - nothing is written outside the folder that was named;
//! - a source that can't be reached ([`FetchError::Unreachable`]) is told from one that lied
//!   ([`FetchError::Fatal`]): the first is a reason to ask the next, the second to stop.

mod address;
mod authorities;
mod client;
mod credentials;
mod diagnose;
mod download;
mod fetch_error;
mod headers;
mod min_throughput;
mod network_config;
mod proxies;
mod redirects;
mod response;
mod retry;
mod retry_after;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;
mod timeouts;
mod tls_errors;

pub use address::{host_label, redacted_url, without_secrets};
pub use authorities::{Authorities, CaFile};
pub use client::{Client, Conditional};
pub use credentials::{Credential, Credentials};
pub use download::{DownloadSpec, Downloaded, Downloads, NoProgress, Progress};
pub use fetch_error::FetchError;
pub use headers::{ContentRange, StrongTag};
pub use network_config::NetworkConfig;
pub use proxies::Proxies;
pub use retry_after::retry_after;
pub use timeouts::Timeouts;
