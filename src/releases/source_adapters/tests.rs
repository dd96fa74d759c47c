//! From a source's index to the parts to fetch, with folders instead of sites. The tests of each
//! upstream's index are in `download_site/tests.rs`.

use std::ffi::OsString;
use std::fs;

use usher_shims::folders::Folders;
use usher_shims::path::Shim;
use usher_shims::world::{AnyWorld, Os};

use super::*;
use crate::config::settings::Settings;
use crate::files::write_access::WriteAccess;
use crate::registry::{KnownTool, Registry};
use crate::releases::catalog::Catalog;
use crate::releases::freshness::Freshness;
use crate::releases::index_cache::IndexCache;
use crate::releases::network::NetworkEnvironment;

const PLATFORM: &str = "linux-x64-glibc2.36";

/// A folder with node's index of these versions, in the form of its official site.
fn site(home: &tempfile::TempDir, name: &str, versions: &[&str]) -> String {
    let folder = home.path().join(name);
    let row = |version: &&str| format!(r#"{{"version":"v{version}","files":["linux-x64"]}}"#);
    let rows: Vec<String> = versions.iter().map(row).collect();
    for version in versions {
        let release = folder.join(format!("v{version}"));
        fs::create_dir_all(&release).unwrap();
        let sums = format!("{}  node-v{version}-linux-x64.tar.gz\n", "ab".repeat(32));
        fs::write(release.join("SHASUMS256.txt"), sums).unwrap();
    }
    fs::write(folder.join("index.json"), format!("[{}]", rows.join(","))).unwrap();
    folder.to_str().unwrap().to_owned()
}

/// Does something with node's official site and what reads it.
fn with_reader<T>(
    home: &tempfile::TempDir,
    variables: &[(&str, &str)],
    base: &str,
    act: impl FnOnce(&SourceReader<'_>, &AvailableSource<'_>) -> T,
) -> T {
    let registry = Registry::load().unwrap();
    let node = registry.named("node").unwrap();
    let mut definition = node.definition.clone();
    let official = definition.source.iter().find(|source| source.name == "nodejs.org").unwrap();
    let mut official = official.clone();
    official.index.as_mut().unwrap().base = base.to_owned();
    definition.source = vec![official];
    let known = KnownTool { tool: node.tool, definition: &definition };

    let (settings, shim) = (Settings::default(), Shim::default());
    let folders = Folders::under(home.path(), None);
    let world: AnyWorld = Box::new(Os);
    let network = Network::in_environment(NetworkEnvironment {
        allowed_sources: None,
        world: &world,
        shim: &shim,
        folders: &folders,
        settings: &settings,
        variables: Vec::new(),
    });
    let access = WriteAccess::for_test();
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let reader = SourceReader {
        network: &network,
        variable: Box::new(variable),
        indexes: ReleaseIndexReader {
            cache: IndexCache::new(folders.cache.clone()),
            writer: Some(access.for_threads()),
            fetch_locks: network.index_locks(),
            settings: &settings,
            warn: Box::new(|text| panic!("{text}")),
            detail: Box::new(|_| ()),
        },
    };
    let catalog = Catalog { settings: &settings, platform: PLATFORM.to_owned(), translated: None };
    act(&reader, &catalog.sources(known).unwrap()[0])
}

fn versions(listed: &ListedReleases) -> String {
    let versions = listed.releases.iter().map(|release| release.version.as_str());
    versions.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_index_is_read_into_releases_and_parts() {
    let home = tempfile::tempdir().unwrap();
    let base = site(&home, "site", &["12.0.0", "14.0.0"]);
    with_reader(&home, &[], &base, |reader, source| {
        let listed = reader.read(source, CachePolicy::AllowFresh).unwrap();
        assert_eq!(
            (versions(&listed).as_str(), listed.freshness),
            ("12.0.0 14.0.0", Freshness::New)
        );
        let parts = reader.release_parts(source, &listed.releases[1]).unwrap();
        let address = format!("{base}/v14.0.0/node-v14.0.0-linux-x64.tar.gz");
        let addresses: Vec<String> = parts[0].addresses.iter().map(Address::with_secrets).collect();
        assert_eq!((parts.len(), addresses), (1, vec![address]));
        let integrity = parts[0].integrity.map(|integrity| integrity.to_string());
        assert_eq!(integrity, Some(format!("sha256:{}", "ab".repeat(32))));
    });
}

#[test]
fn a_read_index_is_cached() {
    let home = tempfile::tempdir().unwrap();
    let base = site(&home, "site", &["12.0.0"]);
    let read = |policy| {
        with_reader(&home, &[], &base, |reader, source| {
            let listed = reader.read(source, policy).unwrap();
            (versions(&listed), matches!(listed.freshness, Freshness::Cached(_)))
        })
    };
    assert_eq!(read(CachePolicy::AllowFresh), ("12.0.0".to_owned(), false));
    site(&home, "site", &["14.0.0"]);
    assert_eq!(read(CachePolicy::AllowFresh), ("12.0.0".to_owned(), true));
    assert_eq!(read(CachePolicy::Revalidate), ("14.0.0".to_owned(), false));
    assert_eq!(read(CachePolicy::CacheOnly), ("14.0.0".to_owned(), true));
}

#[test]
fn a_mirror_variable_replaces_the_site() {
    let home = tempfile::tempdir().unwrap();
    let (base, mirror) = (site(&home, "site", &["12.0.0"]), site(&home, "mirror", &["14.0.0"]));
    let variables = [("NODEJS_ORG_MIRROR", mirror.as_str())];
    with_reader(&home, &variables, &base, |reader, source| {
        let listed = reader.read(source, CachePolicy::AllowFresh).unwrap();
        assert_eq!(versions(&listed), "14.0.0");
    });
}

#[test]
fn a_damaged_index_is_an_error_after_which_the_next_source_is_tried() {
    let home = tempfile::tempdir().unwrap();
    let base = site(&home, "site", &["12.0.0"]);
    let failure = |text: Option<&str>| {
        let index = home.path().join("site/index.json");
        match text {
            Some(text) => fs::write(index, text).unwrap(),
            None => fs::remove_file(index).unwrap(),
        }
        with_reader(&home, &[], &base, |reader, source| {
            reader.read(source, CachePolicy::AllowFresh).unwrap_err()
        })
    };
    assert!(matches!(failure(Some("[")), FetchError::BadResponse(_)));
    assert!(matches!(failure(Some("[]")), FetchError::BadResponse(_)));
    assert!(matches!(failure(None), FetchError::NotFound(_)));
}
