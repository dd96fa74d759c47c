//! Renders a catalogue as the real sites publish it: every document and archive, by path.
//!
//! The documents have all fields of the real ones, including those that usher doesn't read. Mixed
//! types, interleaved dates and files for other platforms are what breaks parsers.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use semver::Version;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::archives::{self, hex};
use super::catalogue::{Catalogue, IndexFile, NodeRelease, Package, Platform, PythonBuild};
use super::upstream;

/// The documents of a site, by path.
pub(crate) type Site = BTreeMap<String, Document>;

/// A document or archive.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The content type: `application/json`.
    pub(crate) kind: &'static str,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// The whole site. `base` is the server's address: `http://127.0.0.1:1234`.
pub(crate) fn site(catalogue: &Catalogue, base: &str) -> Site {
    let mut site = Site::new();
    node(&catalogue.node, &mut site);
    let names: BTreeSet<&str> = catalogue.packages.iter().map(Package::name).collect();
    for name in names {
        let versions = catalogue.packages.iter().filter(|package| package.name() == name);
        packument(name, versions.collect(), base, &mut site);
    }
    python(&catalogue.python, &mut site);
    let projects: BTreeSet<&str> = catalogue.index_files.iter().map(|file| file.project).collect();
    for project in projects {
        let files = catalogue.index_files.iter().filter(|file| file.project == project);
        simple_page(project, files.collect(), &mut site);
    }
    site
}

fn put(site: &mut Site, path: String, kind: &'static str, body: impl Into<Vec<u8>>) {
    site.insert(path, Document { kind, body: body.into() });
}

fn node(releases: &[NodeRelease], site: &mut Site) {
    let platform = Platform::here().node;
    let index: Vec<Value> = releases.iter().map(|release| node_entry(release, &platform)).collect();
    put(site, "/dist/index.json".to_owned(), "application/json", Value::from(index).to_string());
    for NodeRelease { version, npm, .. } in releases {
        let archive = archives::node_release(version, &platform, npm);
        let name = format!("node-v{version}-{platform}.tar.gz");
        let sums = node_sums(version, &name, &archive);
        put(site, format!("/dist/v{version}/SHASUMS256.txt"), "text/plain", sums);
        put(site, format!("/dist/v{version}/{name}"), "application/gzip", archive);
    }
}

/// The checksum file of a release: the archive that is served and some that aren't.
fn node_sums(version: &str, name: &str, archive: &[u8]) -> String {
    let others = ["-aix-ppc64.tar.gz", "-darwin-x64.tar.gz", ".tar.gz", "-win-x64.zip"];
    let line = |other| format!("{}  node-v{version}{other}\n", sha256(b"other"));
    let mut lines: Vec<String> = others.iter().map(line).collect();
    lines.push(format!("{}  {name}\n", sha256(archive)));
    lines.push(format!("{}  win-x64/node.exe\n", sha256(b"other")));
    lines.concat()
}

fn node_entry(release: &NodeRelease, platform: &str) -> Value {
    json!({
        "version": format!("v{}", release.version),
        "date": release.date,
        "files": [
            "aix-ppc64", "headers", platform, "linux-ppc64le", "linux-s390x", "osx-x64-pkg",
            "osx-x64-tar", "src", "win-x64-7z", "win-x64-exe", "win-x64-msi", "win-x64-zip",
        ],
        "npm": release.npm,
        "v8": "13.6.233.17",
        "uv": "1.52.1",
        "zlib": "1.3.2.1-motley",
        "openssl": "3.5.8",
        "modules": "137",
        "lts": release.lts.map_or(Value::Bool(false), Value::from),
        "security": false,
    })
}

fn packument(name: &str, packages: Vec<&Package>, base: &str, site: &mut Site) {
    let registry = upstream::npm_registry(base);
    let plain = name.rsplit('/').next().unwrap_or(name);
    let mut versions = serde_json::Map::new();
    let newest = packages.iter().filter_map(|package| Version::parse(package.version()).ok()).max();
    for package in packages {
        let (version, tarball) = (package.version(), &package.tarball);
        let path = format!("{name}/-/{plain}-{version}.tgz");
        let mut entry = package.manifest.clone();
        entry["_id"] = format!("{name}@{version}").into();
        entry["dist"] = json!({
            "tarball": format!("{registry}{path}"),
            "integrity": format!("sha512-{}", BASE64.encode(Sha512::digest(tarball))),
            "shasum": hex(&Sha1::digest(tarball)),
            "fileCount": 5,
            "unpackedSize": tarball.len(),
        });
        versions.insert(version.to_owned(), entry);
        put(site, format!("/npm/{path}"), "application/octet-stream", tarball.clone());
    }
    let tags = json!({ "latest": newest.map(|version| version.to_string()) });
    let document = json!({ "_id": name, "name": name, "dist-tags": tags, "versions": versions });
    put(site, format!("/npm/{name}"), "application/json", document.to_string());
}

fn python(builds: &[PythonBuild], site: &mut Site) {
    let mut lines: Vec<String> = Vec::new();
    for PythonBuild { version, tag } in builds {
        let archive = archives::python_release(version);
        let artifacts = python_artifacts((version, tag), &sha256(&archive));
        let entry = json!({
            "version": format!("{version}+{tag}"),
            "date": format!("{}-{}-{}T00:00:00Z", &tag[..4], &tag[4..6], &tag[6..]),
            "artifacts": artifacts,
        });
        lines.push(format!("{entry}\n"));
        let platform = Platform::here().python;
        let file = |flavour| format!("{tag}/cpython-{version}+{tag}-{platform}-{flavour}.tar.gz");
        for folder in [
            "/astral/github/python-build-standalone/releases/download",
            "/python-build-standalone/releases/download",
        ] {
            for flavour in ["install_only_stripped", "install_only"] {
                let path = format!("{folder}/{}", file(flavour));
                put(site, path, "application/gzip", archive.clone());
            }
        }
    }
    let path = "/astral/github/versions/main/v1/python-build-standalone.ndjson";
    put(site, path.to_owned(), "application/x-ndjson", lines.concat());
}

/// A build's artifacts: those for this platform, and others that aren't served.
fn python_artifacts(build: (&str, &str), checksum: &str) -> Vec<Value> {
    let here = Platform::here().python;
    let other = sha256(b"other");
    let rows = [
        ("riscv64-unknown-linux-gnu", "install_only", "tar.gz", &*other),
        (&here, "debug-full", "tar.zst", &*other),
        (&here, "freethreaded+pgo+lto-full", "tar.zst", &*other),
        (&here, "freethreaded-install_only", "tar.gz", &*other),
        (&here, "install_only", "tar.gz", checksum),
        (&here, "install_only_stripped", "tar.gz", checksum),
        (&here, "pgo+lto-full", "tar.zst", &*other),
    ];
    let (version, tag) = build;
    let downloads = "https://github.com/astral-sh/python-build-standalone/releases/download";
    let artifact = |(platform, variant, format, sha256)| {
        let file = format!("cpython-{version}%2B{tag}-{platform}-{variant}.{format}");
        json!({
            "platform": platform,
            "variant": variant,
            "url": format!("{downloads}/{tag}/{file}"),
            "archive_format": format,
            "sha256": sha256,
        })
    };
    rows.map(artifact).into()
}

/// A project's page in the simple index: <https://peps.python.org/pep-0503/>.
fn simple_page(project: &str, files: Vec<&IndexFile>, site: &mut Site) {
    let mut links = String::new();
    for file in files {
        let checksum = sha256(&file.bytes);
        let path = format!("/pypi/packages/{}/{}/{}", &checksum[..2], &checksum[2..4], file.name);
        let requires = file.requires_python.map_or_else(String::new, |range| {
            let escaped = range.replace('<', "&lt;").replace('>', "&gt;");
            format!(" data-requires-python=\"{escaped}\"")
        });
        let anchor = format!("<a href=\"{path}#sha256={checksum}\"{requires}>{}</a>", file.name);
        links = format!("{links}    {anchor}<br />\n");
        put(site, path, "application/octet-stream", file.bytes.clone());
    }
    let page = format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    \
         <meta name=\"pypi:repository-version\" content=\"1.0\">\n    \
         <title>Links for {project}</title>\n  </head>\n  <body>\n    \
         <h1>Links for {project}</h1>\n{links}  </body>\n</html>\n"
    );
    put(site, format!("/pypi/simple/{project}/"), "text/html; charset=utf-8", page);
}

/// A SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
