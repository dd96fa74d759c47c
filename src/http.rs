//! Fetches indexes and archives, from web servers or from local folders.
//!
//! ```text
//! address ─▶ Client    ─▶ bytes, if they changed             (client.rs, redirects.rs, response.rs)
//! address ─▶ Downloads ─▶ a file that has the published hash  (download.rs)
//! ```
//!
//! | what | file |
//! |---|---|
//! | addresses, and how messages show them | `address.rs` |
//! | configuration: proxies, certificates, credentials, timeouts | `network_config.rs`, `proxies.rs`, `authorities.rs`, `credentials.rs`, `timeouts.rs` |
//! | one request, with its redirects | `redirects.rs` |
//! | the response | `response.rs`, `headers.rs`, `retry_after.rs`, `min_throughput.rs` |
//! | retries | `retry.rs` |
//! | errors | `fetch_error.rs`, `diagnose.rs`, `tls_errors.rs` |
//!
//! Everything from a server is untrusted until it is checked. Nothing here may know tools,
//! versions, the store, settings or the command line.
//!
//! Invariants:
//! - nothing is written outside of the folder that the caller names;
//! - a source that can't be reached ([`FetchError::Unreachable`]) is distinguished from one that
//!   sent other bytes than were published ([`FetchError::Fatal`]). After the first the next source
//!   is tried; after the second nothing is.

mod address;
mod allowed_sources;
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

pub use address::{Address, masked};
pub use allowed_sources::AllowedSources;
pub use authorities::{Authorities, CaFile};
pub use client::{Client, Conditional};
pub use credentials::{Credential, Credentials};
pub use download::{DownloadSpec, Downloaded, Downloads, NoProgress, Progress};
pub use fetch_error::FetchError;
pub use headers::{ContentRange, StrongTag};
pub use network_config::{NetworkConfig, PlainHttp};
pub use proxies::Proxies;
pub use retry_after::retry_after;
pub use timeouts::Timeouts;
