//! The fuzz targets of the cold half, and their invariants.
//!
//! A target is a function of bytes that panics if an invariant is broken. The fuzzer calls it with
//! generated inputs (`fuzz_targets/`), `cargo test` with the corpus and damaged copies of it
//! (`tests/it/fuzz.rs`).

pub mod archives;
pub mod compression;
pub mod config;
pub mod headers;
pub mod indexes;
pub mod project_files;
pub mod template;

use std::sync::LazyLock;

use usher::registry::Registry;

/// A target: a function of bytes.
pub type Target = fn(&[u8]);

/// All targets, each with the name of its corpus.
pub const TARGETS: [(&str, Target); 16] = [
    ("bzip2", |bytes| drop(compression::bzip2(bytes))),
    ("dockerfile", project_files::dockerfile),
    ("gzip", |bytes| drop(compression::gzip(bytes))),
    ("headers", headers::headers),
    ("index_rows", indexes::rows),
    ("locks", project_files::locks),
    ("npmrc", config::npmrc),
    ("packument", indexes::packument),
    ("pip_conf", config::pip_conf),
    ("pypi_page", indexes::pypi_page),
    ("tar", archives::tar),
    ("template", template::template),
    ("xz", |bytes| drop(compression::xz(bytes))),
    ("yaml", project_files::yaml),
    ("zip", |bytes| drop(archives::zip(bytes))),
    ("zstd", |bytes| drop(compression::zstd(bytes))),
];

/// The compiled-in definitions.
pub(crate) static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| Registry::load().expect("the compiled-in definitions are valid"));

/// Fails if a text for the user has control characters.
pub(crate) fn assert_printable(text: &str) {
    let bad = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(bad, None, "a control character is printed: {text:?}");
}
