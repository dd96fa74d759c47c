//! Indexes of releases: whatever a server sends, versions have only allowed characters, addresses
//! lead only where the definition allows, and the cache returns what was written to it.

use usher::releases::fuzz::{self, ParsedRelease};
use usher_definition::{PLATFORMS, SourceKind};
use usher_shims::error::Result;
use usher_shims::version::Version;

use super::{REGISTRY, assert_printable};

/// The bytes as the index of every site that a definition names, in its format.
pub fn rows(bytes: &[u8]) {
    for source in REGISTRY.all().flat_map(|known| &known.definition.source) {
        let Some(SourceKind::Index(index)) = source.kind() else { continue };
        let words = index.platform.values().next().expect("a source has a platform");
        let found = fuzz::site(index, words, bytes);
        for listed in assert_sound(found) {
            let address = listed.address.as_str();
            assert!(address.starts_with("http://") || address.starts_with("https://"), "{address}");
            assert!(!address.split('/').any(|part| part == ".."), "{address} contains `..`");
            let is_odd = |c: char| c.is_control() || c.is_whitespace();
            assert!(!address.contains(is_odd), "{address:?} contains spaces");
        }
    }
}

/// A package's document.
pub fn packument(bytes: &[u8]) {
    assert_sound(fuzz::npm(bytes));
}

/// A project's page, as JSON or HTML, for every platform.
pub fn pypi_page(bytes: &[u8]) {
    for source in REGISTRY.all().flat_map(|known| &known.definition.source) {
        let Some(SourceKind::Pypi(project)) = source.kind() else { continue };
        for platform in PLATFORMS {
            let page = (platform, "https://index.example/simple/x/");
            assert_sound(fuzz::pypi(project, page, bytes));
        }
    }
}

fn assert_sound(found: Result<Vec<ParsedRelease>>) -> Vec<ParsedRelease> {
    let listed = found.unwrap_or_else(|error| {
        assert_printable(&error.to_string());
        Vec::new()
    });
    for one in &listed {
        let version = one.version.as_str();
        assert_eq!(Version::parse(version).as_ref(), Some(&one.version));
        assert!(!version.contains(['/', '\\']) && !version.contains(".."), "{version}");
        let again = fuzz::cached(&one.cached).expect("read the cache");
        assert_eq!(&again, one);
    }
    listed
}
