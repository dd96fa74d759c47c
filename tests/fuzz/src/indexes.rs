//! What lists releases: whatever a server says, a version is a name of a small alphabet, an address
//! leads where the definition lets it lead, and the cache gives back what was put into it.

use usher::releases::fuzz::{self, ParsedRelease};
use usher_definition::{PLATFORMS, SourceKind};
use usher_shims::error::Result;
use usher_shims::version::Version;

use super::{REGISTRY, assert_printable};

/// The same bytes as the index of every site that a definition names, in its form.
pub fn rows(bytes: &[u8]) {
    for source in REGISTRY.all().flat_map(|known| &known.definition.source) {
        let Some(SourceKind::Index(index)) = source.kind() else { continue };
        let words = index.platform.values().next().expect("a source has a platform");
        let found = fuzz::site(index, words, bytes);
        for listed in assert_sound(found) {
            let address = listed.address.as_str();
            assert!(address.starts_with("http://") || address.starts_with("https://"), "{address}");
            assert!(!address.split('/').any(|part| part == ".."), "{address} leads up");
            let is_odd = |c: char| c.is_control() || c.is_whitespace();
            assert!(!address.contains(is_odd), "{address:?} has blanks");
        }
    }
}

/// The document of a package.
pub fn packument(bytes: &[u8]) {
    assert_sound(fuzz::npm(bytes));
}

/// The page of a project, as JSON or as a web page, on every platform.
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
        let again = fuzz::cached(&one.cached).expect("the cache is read back");
        assert_eq!(&again, one);
    }
    listed
}
