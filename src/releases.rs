//! What can be had: the releases of a tool, from which source, and what to fetch for one.
//!
//! ```text
//! tool ─▶ Catalog ─▶ AvailableSource ─▶ SourceReader ─▶ IndexQuery ─▶ IndexReader ─▶ Entry
//!                          what it lists ◀─ Listed of Release ◀─────────────────────────┘
//! request ─▶ Finder ─▶ Selection ─▶ Release ─▶ Part (what to fetch)
//! ```
//!
//! | what | file |
//! |---|---|
//! | which sources a tool has on this platform, and in which order | `catalog.rs`, `platform.rs` |
//! | how each kind of source is asked | `source_adapters.rs` |
//! | the bytes of an index, cached or revalidated | `index_reader.rs`, `index_cache.rs`, `freshness.rs`, `limits.rs` |
//! | what is understood of them | `site.rs`, `npm.rs`, `pypi.rs`; as an `entry.rs` |
//! | which release is taken | `finder.rs`, `selection.rs`, `runtime.rs`, `release.rs` |
//! | what is fetched for it | `part.rs` |
//! | what is said where there is none | `errors.rs`, `offline_errors.rs` |
//! | whom the network leads to | `network.rs` |
//! | what the cache folder holds | `cache_folder.rs` |
//! | which newer releases there are | `updates.rs` |

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
pub mod platform;
mod pypi;
mod release;
mod release_filter;
mod release_part;
pub mod runtime;
mod source_adapters;
mod tool_request;
pub mod updates;
mod version_range;

pub use finder::Finder;
pub use freshness::Freshness;
pub use offline_errors::offline_error;
pub use release::{ListedReleases, Release};
pub use release_part::{FetchClient, ReleasePart};
pub use tool_request::ToolRequest;
