//! The releases of a tool: from which source, which one matches, and what to fetch for it.
//!
//! ```text
//! tool ─▶ Catalog ─▶ AvailableSource ─▶ SourceReader ─▶ IndexQuery ─▶ IndexReader ─▶ IndexEntry
//!                    ListedReleases of Release ◀─────────────────────────────────────┘
//! ToolRequest ─▶ Finder ─▶ ReleaseFilter ─▶ Release ─▶ ReleasePart (what to fetch)
//! ```
//!
//! | what | file |
//! |---|---|
//! | which sources a tool has on this platform, in order | `catalog.rs`, `platform.rs` |
//! | how each kind of source is read | `source_adapters.rs` |
//! | fetching and caching an index | `index_reader.rs`, `index_cache.rs`, `freshness.rs`, `stale_indexes.rs`, `limits.rs` |
//! | parsing an index | `download_site.rs`, `npm.rs`, `pypi.rs`, into an `index_entry.rs` |
//! | choosing a release | `tool_request.rs`, `finder.rs`, `release_filter.rs`, `runtime.rs`, `installed_tools.rs`, `release.rs`, `version_range.rs` |
//! | what is fetched for it | `release_part.rs` |
//! | what there is for every platform | `archives.rs` |
//! | errors | `errors.rs`, `offline_errors.rs` |
//! | the network clients | `network.rs` |
//! | cleaning the cache folder | `cache_folder.rs` |
//! | newer releases | `updates.rs` |
//! | parsing for fuzzers | `fuzz.rs` |

mod archives;
pub mod cache_folder;
mod catalog;
mod download_site;
mod errors;
mod finder;
mod freshness;
#[doc(hidden)]
pub mod fuzz;
mod index_cache;
mod index_entry;
mod index_reader;
mod installed_tools;
mod limits;
pub mod network;
mod npm;
mod offline_errors;
mod plain_http;
pub mod platform;
mod pypi;
mod release;
mod release_filter;
mod release_part;
pub mod runtime;
mod source_adapters;
mod stale_indexes;
mod tool_request;
pub mod updates;
mod version_range;

pub use archives::{PlatformArchive, SourceArchives};
pub use finder::Finder;
pub use freshness::Freshness;
pub use offline_errors::offline_error;
pub use plain_http::{PlainHttpSource, plain_http_sources};
pub use release::{ListedReleases, Release, ServedFrom};
pub use release_part::{FetchClient, ReleasePart};
pub use stale_indexes::stale_note;
pub use tool_request::ToolRequest;
