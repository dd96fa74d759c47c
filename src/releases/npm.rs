//! The npm registry: the versions of a package, and what to fetch for one.

use std::collections::BTreeMap;

use serde::Deserialize;
use usher_definition::{CompanionPackage, NpmSource};
use usher_shims::error::{Error, ErrorKind};
use usher_shims::range::{Dialect, Range};
use usher_shims::version::Version;

use super::index_entry::{Hash, IndexEntry, IndexProblem, ListedArchive};
use super::release::Release;
use super::release_part::{FetchClient, ReleasePart};
use super::version_range::applies_to;
use crate::files::integrity::Integrity;
use crate::http::{Address, FetchError};

/// The fields of a package's document that usher reads.
#[derive(Deserialize)]
struct Packument {
    #[serde(default)]
    versions: BTreeMap<String, PackageManifest>,
}

#[derive(Deserialize)]
struct PackageManifest {
    #[serde(default)]
    dist: Dist,
    #[serde(default)]
    engines: serde_json::Value,
}

#[derive(Deserialize, Default)]
struct Dist {
    tarball: Option<String>,
    integrity: Option<String>,
}

/// The address of a package's document.
pub(super) fn address(registry: &Address, package: &str) -> Result<Address, FetchError> {
    registry.below(&package.replace('/', "%2f"))
}

/// Parses a package's document, which came from `address`. Versions with invalid fields are skipped.
pub(super) fn read(text: &[u8], address: &Address) -> Result<Vec<IndexEntry>, IndexProblem> {
    let packument: Packument = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    Ok(packument.versions.into_iter().filter_map(|version| entry(version, address)).collect())
}

fn entry((version, manifest): (String, PackageManifest), page: &Address) -> Option<IndexEntry> {
    let Dist { tarball, integrity } = manifest.dist;
    let integrity = integrity.and_then(|sri| Integrity::from_sri(&sri));
    let hash = Ok(integrity.map(Hash::Known));
    let engines = manifest.engines.as_object().map(|engines| {
        let text = |(name, range): (&String, &serde_json::Value)| {
            Some((name.clone(), range.as_str()?.to_owned()))
        };
        engines.iter().filter_map(text).collect()
    });
    let version = Version::parse(&version)?;
    let address = page.join(&tarball?).ok()?;
    let archive = ListedArchive { address, hash, size: Ok(None), rule: 0 };
    Some(IndexEntry { version, lts: None, archive, engines })
}

/// What to fetch for a release: its own package, and its companions.
pub(super) fn release_parts(
    source: &NpmSource,
    release: &Release,
    entries_of: &dyn Fn(&str) -> Result<Vec<IndexEntry>, FetchError>,
) -> Result<Vec<ReleasePart>, FetchError> {
    let Some(archive) = &release.archive else { return Ok(Vec::new()) };
    let mut parts = vec![ReleasePart {
        destination: source.destination.as_str().into(),
        links: link_pairs(&source.links),
        ..part(archive)
    }];
    let is_for_it =
        |rule: &&CompanionPackage| applies_to(rule.versions.as_deref(), &release.version);
    for rule in source.companion.iter().filter(is_for_it) {
        let entries = entries_of(&rule.package)?;
        let Some(entry) = companion(&entries, rule, &release.version) else {
            let what = format!("no release of {} runs on {}", rule.package, release.version);
            return Err(FetchError::Fatal(Error::new(ErrorKind::Network, what)));
        };
        parts.push(ReleasePart {
            destination: rule.destination.as_str().into(),
            links: link_pairs(&rule.links),
            title: format!("{} {}", rule.package, entry.version),
            ..part(&entry.archive)
        });
    }
    Ok(parts)
}

fn part(archive: &ListedArchive) -> ReleasePart {
    ReleasePart {
        addresses: vec![archive.address.clone()],
        integrity: archive.integrity(),
        client: FetchClient::Npm,
        strip_components: 1,
        ..ReleasePart::default()
    }
}

fn link_pairs(links: &BTreeMap<String, String>) -> Vec<(String, String)> {
    links.iter().map(|(link, target)| (link.clone(), target.clone())).collect()
}

/// The version of a companion package for a toolchain: the newest whose `engines` the toolchain
/// satisfies, else the newest without `engines` that the rule's default allows.
fn companion<'a>(
    entries: &'a [IndexEntry],
    rule: &CompanionPackage,
    toolchain: &Version,
) -> Option<&'a IndexEntry> {
    let plain = || entries.iter().filter(|entry| !entry.version.is_prerelease());
    let stated = |entry: &IndexEntry| entry.engines.as_ref()?.get(&rule.engine).cloned();
    let admits = |range: &str| {
        Range::parse(range, Dialect::Npm).is_some_and(|range| range.contains(toolchain))
    };
    let admitting = plain().filter(|entry| stated(entry).is_some_and(|range| admits(&range)));
    let newest = admitting.max_by(|a, b| a.version.cmp(&b.version));
    let unstated = rule.default_engine.as_ref().and_then(|range| Range::parse(range, Dialect::Npm));
    let may_be_taken = |entry: &&IndexEntry| {
        stated(entry).is_none()
            && unstated.as_ref().is_some_and(|range| range.contains(&entry.version))
    };
    newest.or_else(|| plain().filter(may_be_taken).max_by(|a, b| a.version.cmp(&b.version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: &str, engine: Option<&str>) -> IndexEntry {
        let engines = engine.map(|range| BTreeMap::from([("node".to_owned(), range.to_owned())]));
        let version = Version::parse(version).unwrap();
        let address = Address::parse(&format!("https://r.example/npm-{version}.tgz")).unwrap();
        let archive = ListedArchive { address, hash: Ok(None), size: Ok(None), rule: 0 };
        IndexEntry { version, lts: None, archive, engines }
    }

    #[test]
    fn companions_are_installed_with_a_release() {
        let rule = |versions: &str| CompanionPackage {
            package: "npm".into(),
            engine: "node".into(),
            default_engine: None,
            versions: Some(versions.into()),
            destination: "lib/node_modules/npm".into(),
            links: BTreeMap::from([("bin/npm".into(), "../lib/node_modules/npm/x.js".into())]),
        };
        let source = NpmSource {
            package: BTreeMap::new(),
            versions: None,
            destination: "bin".into(),
            links: BTreeMap::new(),
            companion: vec![rule("<20"), rule(">=20")],
        };
        let parts = |version: &str| {
            let IndexEntry { version, lts, archive, .. } = entry(version, None);
            let release = Release {
                version,
                lts,
                source: "npm".into(),
                archive: Some(archive),
                is_translated: false,
            };
            release_parts(&source, &release, &|package| {
                assert_eq!(package, "npm");
                Ok(vec![entry("6.0.0", Some(">=10")), entry("7.0.0", Some(">=12"))])
            })
        };
        let found = parts("12.0.0").unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|part| format!("{} {} {:?}", part.title, part.addresses[0], part.destination))
            .collect();
        let [node, npm] = ["12.0.0", "7.0.0"].map(|it| format!("https://r.example/npm-{it}.tgz"));
        let beside = format!(r#"npm 7.0.0 {npm} "lib/node_modules/npm""#);
        assert_eq!(shown, [format!(r#" {node} "bin""#), beside]);
        assert_eq!((found[0].links.len(), found[1].links.len()), (0, 1));
        let Err(FetchError::Fatal(error)) = parts("8.0.0") else {
            panic!("npm 6 is too new for it")
        };
        assert_eq!(error.what, "no release of npm runs on 8.0.0");
    }

    #[test]
    fn the_newest_companion_that_runs_on_the_toolchain_is_chosen() {
        let entries = [
            entry("5.10.0", None),
            entry("6.4.0-next.0", None),
            entry("6.14.18", Some("6 >=6.2.0 || 8 || >=9.3.0")),
            entry("7.24.2", Some(">=10")),
            entry("8.19.4", Some("^12.13.0 || ^14.15.0 || >=16.0.0")),
            entry("11.6.0", Some("^20.17.0 || >=22.9.0")),
        ];
        let rule = CompanionPackage {
            package: "npm".into(),
            engine: "node".into(),
            default_engine: Some("<6".into()),
            versions: None,
            destination: "lib/node_modules/npm".into(),
            links: BTreeMap::new(),
        };
        for (node, npm) in [
            ("4.9.1", "5.10.0"),
            ("6.14.4", "6.14.18"),
            ("9.11.2", "6.14.18"),
            ("10.15.3", "7.24.2"),
            ("12.0.0", "7.24.2"),
            ("12.22.12", "8.19.4"),
            ("22.10.0", "11.6.0"),
        ] {
            let chosen = companion(&entries, &rule, &Version::parse(node).unwrap());
            assert_eq!(chosen.map(|entry| entry.version.as_str()), Some(npm), "beside {node}");
        }
    }

    #[test]
    fn versions_with_invalid_fields_are_skipped() {
        let text = br#"{"versions":{
            "1.0.0":{"dist":{"tarball":"https://r.example/a.tgz","integrity":"sha512-x"},"engines":["node"]},
            "../x":{"dist":{"tarball":"https://r.example/b.tgz"}},
            "2.0.0":{"dist":{}}}}"#;
        let page = Address::parse("https://r.example/a").unwrap();
        let read: Vec<String> =
            read(text, &page).unwrap().into_iter().map(|entry| entry.version.to_string()).collect();
        assert_eq!(read, ["1.0.0"]);
    }
}
