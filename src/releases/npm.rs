//! The npm registry: which versions of a package there are, and where.

use std::collections::BTreeMap;

use serde::Deserialize;
use usher_definition::Beside;
use usher_shims::range::{Dialect, Range};
use usher_shims::version::Version;

use super::Artifact;
use super::find::Entry;
use crate::files::integrity::Integrity;

/// A package's document, as far as it matters here. Fields of a wrong type are as if absent.
#[derive(Deserialize)]
struct Packument {
    #[serde(default)]
    versions: BTreeMap<String, Manifest>,
}

#[derive(Deserialize)]
struct Manifest {
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
pub(super) fn address(registry: &str, package: &str) -> String {
    format!("{registry}{}", package.replace('/', "%2f"))
}

/// Understands a package's document.
pub(super) fn read(text: &[u8]) -> Result<Vec<Entry>, String> {
    let packument: Packument = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let entries = packument.versions.into_iter().filter_map(|(version, manifest)| {
        let version = Version::parse(&version)?;
        let artifact = Artifact {
            address: manifest.dist.tarball?,
            integrity: manifest
                .dist
                .integrity
                .and_then(|sri| Integrity::from_sri(&sri))
                .map_or_else(String::new, |hash| hash.to_string()),
            ..Artifact::default()
        };
        let engines = manifest.engines.as_object().map(|engines| {
            let text = |(name, range): (&String, &serde_json::Value)| {
                Some((name.clone(), range.as_str()?.to_owned()))
            };
            engines.iter().filter_map(text).collect()
        });
        Some(Entry {
            version: version.as_str().to_owned(),
            lts: None,
            artifact: Some(artifact),
            engines,
        })
    });
    Ok(entries.collect())
}

/// The version of a package to put beside a toolchain: the newest whose engines admit it, else the
/// newest of those that state none and may be taken all the same.
pub(super) fn beside<'a>(
    entries: &'a [Entry],
    beside: &Beside,
    toolchain: &Version,
) -> Option<(&'a Entry, Version)> {
    let unstated = beside.unstated.as_ref().and_then(|range| Range::parse(range, Dialect::Npm));
    let plain = entries.iter().filter_map(|entry| Some((entry, Version::parse(&entry.version)?)));
    let plain: Vec<_> = plain.filter(|(_, version)| !version.is_prerelease()).collect();
    let stated = |entry: &Entry| {
        entry.engines.as_ref().and_then(|engines| engines.get(&beside.engine).cloned())
    };
    let admits = |entry: &Entry| {
        stated(entry)
            .and_then(|range| Range::parse(&range, Dialect::Npm))
            .is_some_and(|range| range.admits(toolchain))
    };
    let newest = |fits: &dyn Fn(&Entry, &Version) -> bool| {
        let fitting = plain.iter().filter(|(entry, version)| fits(entry, version));
        fitting.max_by(|a, b| a.1.cmp(&b.1)).cloned()
    };
    newest(&|entry, _| admits(entry)).or_else(|| {
        newest(&|entry, version| {
            stated(entry).is_none() && unstated.as_ref().is_some_and(|range| range.admits(version))
        })
    })
}

/// Whether a rule that may hold for some versions only holds for this one.
pub(super) fn is_for(versions: Option<&str>, version: &Version) -> bool {
    let range = versions.map(|versions| Range::parse(versions, Dialect::Npm));
    range.is_none_or(|range| range.is_some_and(|range| range.admits(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: &str, engine: Option<&str>) -> Entry {
        let engines = engine.map(|range| BTreeMap::from([("node".to_owned(), range.to_owned())]));
        Entry { version: version.to_owned(), lts: None, artifact: None, engines }
    }

    #[test]
    fn the_newest_that_admits_the_toolchain_goes_beside_it() {
        let entries = [
            entry("5.10.0", None),
            entry("6.4.0-next.0", None),
            entry("6.14.18", Some("6 >=6.2.0 || 8 || >=9.3.0")),
            entry("7.24.2", Some(">=10")),
            entry("8.19.4", Some("^12.13.0 || ^14.15.0 || >=16.0.0")),
            entry("11.6.0", Some("^20.17.0 || >=22.9.0")),
        ];
        let rule = Beside {
            package: "npm".into(),
            engine: "node".into(),
            unstated: Some("<6".into()),
            versions: None,
            into: "lib/node_modules/npm".into(),
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
            let chosen = beside(&entries, &rule, &Version::parse(node).unwrap());
            assert_eq!(chosen.map(|(entry, _)| entry.version.as_str()), Some(npm), "beside {node}");
        }
    }

    #[test]
    fn a_document_of_wrong_types_loses_those_versions_alone() {
        let text = br#"{"versions":{
            "1.0.0":{"dist":{"tarball":"https://r.example/a.tgz","integrity":"sha512-x"},"engines":["node"]},
            "../x":{"dist":{"tarball":"https://r.example/b.tgz"}},
            "2.0.0":{"dist":{}}}}"#;
        let read: Vec<String> =
            read(text).unwrap().into_iter().map(|entry| entry.version).collect();
        assert_eq!(read, ["1.0.0"]);
    }
}
