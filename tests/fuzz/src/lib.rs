//! What is fuzzed in the cold half, and what must be true whatever bytes come.
//!
//! A target is a function of bytes that panics where a promise is broken. A fuzzer calls it with
//! what it makes up (`fuzz_targets/`), `cargo test` with the corpus and with damaged pieces of it
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

/// A target: what is done with bytes.
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

/// All that is compiled in.
pub(crate) static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| Registry::load().expect("what is compiled in is sound"));

/// Fails where a text that a person is shown could do more than be read.
pub(crate) fn assert_printable(text: &str) {
    let bad = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(bad, None, "a control character is printed: {text:?}");
}
