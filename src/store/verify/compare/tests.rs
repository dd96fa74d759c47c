//! A tree and its manifest, and the differences that are found between them.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use rustix::fs::{CWD, Timespec, Timestamps};
use tempfile::TempDir;
use usher_definition::Definition;

use super::*;
use crate::files::integrity::Hasher;

/// What came with the toolchain: a folder's or a file's mode and content, or a link's target.
const FOLDERS: &[&str] =
    &["bin", "lib", "lib/node_modules", "lib/node_modules/npm", "lib/node_modules/npm/lib", "x"];
const FILES: &[(&str, u32, &str)] = &[
    ("bin/node", 0o755, "#!/bin/sh\necho v12.22.12\n"),
    ("lib/a.js", 0o644, "exports.a = 1\n"),
    ("lib/b.js", 0o600, "exports.b = 2\n"),
    ("lib/node_modules/npm/package.json", 0o644, "{\"version\":\"6.14.16\"}"),
    ("lib/node_modules/npm/lib/npm.js", 0o644, "module.exports = require('./cli')\n"),
    ("x/y", 0o444, "?"),
    ("LICENSE", 0o644, "MIT\n"),
];
const LINKS: &[(&str, &str)] =
    &[("bin/npm", "../lib/node_modules/npm/lib/npm.js"), ("lib/here", "."), ("broken", "nowhere")];

struct Bench {
    folder: TempDir,
    manifest: Manifest,
    definition: Definition,
}

impl Bench {
    fn new() -> Self {
        let text = "name = 'x'\ntitle = 'X'\nprograms = ['x']\nvariables = []\ndialect = 'npm'\n\
                    version_components = 3\npackage_paths = ['bin/*', 'lib/node_modules/*', 'etc/x/*']\n\
                    caches = ['**/__cache__']\n";
        let (_, definition) = Definition::parse(text).unwrap();
        // In memory, if this system has `/dev/shm`: a thousand trees are made.
        let memory = Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap();
        let mut manifest = BTreeMap::new();
        for path in FOLDERS {
            let item = ManifestEntry::Folder { mode: Mode(0o755) };
            manifest.insert((*path).to_owned(), item);
        }
        for (path, mode, content) in FILES {
            let mut hasher = Hasher::new(None);
            hasher.update(content.as_bytes());
            let (size, sha256) = (content.len() as u64, hasher.finish().unwrap());
            manifest.insert(
                (*path).to_owned(),
                ManifestEntry::File { mode: Mode(*mode), size, sha256 },
            );
        }
        for (path, target) in LINKS {
            manifest.insert((*path).to_owned(), ManifestEntry::Link { link: (*target).to_owned() });
        }
        let bench = Self { folder, manifest: Manifest(manifest), definition };
        bench.make();
        bench
    }

    /// Makes the tree as the manifest records it.
    fn make(&self) {
        let root = self.folder.path().join("tree");
        let _ = crate::files::remove::remove_tree(&root);
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        fs::create_dir(&root).unwrap();
        mode(&root, 0o755);
        for path in FOLDERS {
            fs::create_dir(root.join(path)).unwrap();
            mode(&root.join(path), 0o755);
        }
        for (path, bits, content) in FILES {
            fs::write(root.join(path), content).unwrap();
            mode(&root.join(path), *bits);
        }
        for (path, target) in LINKS {
            symlink(target, root.join(path)).unwrap();
        }
        fs::write(root.join(RECEIPT), "{}").unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("tree").join(path)
    }

    fn compare(&self) -> Findings {
        let tree = OpenTree::open(&self.path("")).unwrap();
        compare(&tree, &self.manifest, PackagePaths::of(&self.definition)).unwrap()
    }

    /// The faults, a line each.
    fn differences(&self) -> Vec<String> {
        let line = |difference: &Difference| {
            let line =
                format!("{} {}: {}", difference.change.label(), difference.path, difference.detail);
            line.trim_end_matches(": ").to_owned()
        };
        self.compare().differences.iter().map(line).collect()
    }
}

#[test]
fn an_unchanged_tree_has_no_faults() {
    let bench = Bench::new();
    for _ in 0..50 {
        let findings = bench.compare();
        assert_eq!(findings.differences, []);
        assert_eq!(findings.compared, FILES.len() + LINKS.len());
    }
}

#[test]
fn each_kind_of_change_is_reported() {
    let bench = Bench::new();
    let path = |name: &str| bench.path(name);
    let check = |change: &dyn Fn(), differences: &[&str]| {
        change();
        assert_eq!(bench.differences(), differences);
        bench.make();
    };
    check(
        &|| fs::write(path("lib/a.js"), "exports.a = 2\n").unwrap(),
        &["changed lib/a.js: its bytes"],
    );
    check(
        &|| fs::write(path("lib/a.js"), "").unwrap(),
        &["changed lib/a.js: 0 bytes instead of 14"],
    );
    check(&|| fs::remove_file(path("lib/here")).unwrap(), &["missing lib/here"]);
    check(&|| fs::remove_dir_all(path("lib")).unwrap(), &["missing lib"]);
    check(
        &|| fs::set_permissions(path("x/y"), Permissions::from_mode(0o4755)).unwrap(),
        &["mode x/y: 4755 instead of 444"],
    );
    check(
        &|| fs::set_permissions(path(""), Permissions::from_mode(0o777)).unwrap(),
        &["mode : 777 instead of 755"],
    );
    let relink = |name: &str, target: &str| {
        fs::remove_file(path(name)).unwrap();
        symlink(target, path(name)).unwrap();
    };
    check(
        &|| relink("bin/npm", "/etc/passwd"),
        &["link bin/npm: to /etc/passwd instead of ../lib/node_modules/npm/lib/npm.js"],
    );
    check(&|| relink("lib/a.js", "b.js"), &["kind lib/a.js: a link instead of a file"]);
    check(
        &|| {
            fs::rename(path("x"), path("../x")).unwrap();
            symlink("../x", path("x")).unwrap();
        },
        &["kind x: a link instead of a folder"],
    );
    fs::remove_dir_all(path("../x")).unwrap();
    check(&|| fs::write(path("lib/evil.js"), "").unwrap(), &["added lib/evil.js: a file"]);
    check(
        &|| fs::write(path("lib/node_modules/npm/evil.js"), "").unwrap(),
        &["added lib/node_modules/npm/evil.js: a file"],
    );
    check(&|| fs::create_dir_all(path("new/deep")).unwrap(), &["added new: a folder"]);
    check(&|| fs::create_dir_all(path("etc/other")).unwrap(), &["added etc/other: a folder"]);
}

#[test]
fn special_files_are_reported_and_never_opened() {
    let bench = Bench::new();
    let pipe = |name: &str| crate::files::make_fifo(&bench.path(name));
    pipe("lib/pipe");
    fs::remove_file(bench.path("bin/node")).unwrap();
    pipe("bin/node");
    assert_eq!(
        bench.differences(),
        ["kind bin/node: a named pipe instead of a file", "added lib/pipe: a named pipe",]
    );
}

#[test]
fn global_packages_are_distinguished_from_faults() {
    let bench = Bench::new();
    for folder in ["lib/node_modules/yarn/bin", "lib/__cache__", "lib/node_modules/npm/__cache__"] {
        fs::create_dir_all(bench.path(folder)).unwrap();
    }
    fs::create_dir_all(bench.path("etc/x/y")).unwrap();
    fs::write(bench.path("lib/node_modules/yarn/bin/yarn.js"), "").unwrap();
    symlink("../lib/node_modules/yarn/bin/yarn.js", bench.path("bin/yarn")).unwrap();
    let findings = bench.compare();
    assert_eq!(findings.differences, []);
    assert_eq!(findings.packages, ["bin/yarn", "etc/x/y", "lib/node_modules/yarn"]);
    fs::write(bench.path("lib/node_modules/npm/package.json"), "{}").unwrap();
    assert!(bench.compare().differences[0].is_package, "npm may have been replaced by itself");
}

#[test]
fn verifying_preserves_access_times() {
    let bench = Bench::new();
    let long_ago = Timespec { tv_sec: 1_500_000_000, tv_nsec: 7 };
    let times = Timestamps { last_access: long_ago, last_modification: long_ago };
    let path = bench.path("bin/node");
    rustix::fs::utimensat(CWD, &path, &times, rustix::fs::AtFlags::empty()).unwrap();
    assert_eq!(bench.differences(), Vec::<String>::new());
    let seen = rustix::fs::stat(&path).unwrap();
    assert_eq!((seen.st_atime, seen.st_atime_nsec), (1_500_000_000, 7));
}

/// The next of a sequence that looks like chance and is always the same: xorshift.
fn next(state: &mut u64, below: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % below as u64).unwrap()
}

/// Writes a file that its owner may not write, as only root could.
fn overwrite(path: &Path, mode: u32, content: &[u8]) {
    fs::set_permissions(path, Permissions::from_mode(mode | 0o200)).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Makes one change, and returns the expected difference; `None` if nothing changed.
fn mutate(bench: &Bench, state: &mut u64) -> Option<String> {
    let (file, mode, content) = FILES[next(state, FILES.len())];
    let path = bench.path(file);
    Some(match next(state, 7) {
        0 => {
            let mut content = content.as_bytes().to_vec();
            let offset = next(state, content.len());
            content[offset] ^= 1 << next(state, 8);
            overwrite(&path, mode, &content);
            format!("changed {file}: its bytes")
        }
        1 => {
            let length = next(state, content.len());
            overwrite(&path, mode, &content.as_bytes()[..length]);
            format!("changed {file}: {length} bytes instead of {}", content.len())
        }
        2 => {
            fs::remove_file(&path).unwrap();
            format!("missing {file}")
        }
        3 => {
            let bits = mode ^ (1 << next(state, 12));
            fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
            let is_unchanged = fs::metadata(&path).unwrap().permissions().mode() & 0o7777 == bits;
            is_unchanged.then(|| format!("mode {file}: {bits:o} instead of {mode:o}"))?
        }
        4 => {
            let (link, target) = LINKS[next(state, LINKS.len())];
            fs::remove_file(bench.path(link)).unwrap();
            let other = format!("{target}/../{}", next(state, 1000));
            symlink(&other, bench.path(link)).unwrap();
            format!("link {link}: to {other} instead of {target}")
        }
        5 => {
            let folder = ["", "lib/", "x/", "lib/node_modules/npm/"][next(state, 4)];
            let name = format!("{folder}{}", next(state, 1_000_000));
            fs::write(bench.path(&name), "x").unwrap();
            format!("added {name}: a file")
        }
        _ => {
            let folder = FOLDERS[next(state, FOLDERS.len())];
            let bits = 0o755 ^ (1 << next(state, 12));
            fs::set_permissions(bench.path(folder), Permissions::from_mode(bits)).unwrap();
            format!("mode {folder}: {bits:o} instead of 755")
        }
    })
}

#[test]
fn every_single_random_change_is_found() {
    let (bench, mut state) = (Bench::new(), 0x5eed);
    let mut count = 0;
    while count < 1000 {
        let Some(expected) = mutate(&bench, &mut state) else { continue };
        let differences = bench.differences();
        // A folder that its owner can't search hides its entries, which is reported as well.
        let reported: Vec<&String> = differences
            .iter()
            .filter(|difference| !difference.starts_with("unreadable "))
            .collect();
        assert_eq!(reported, [&expected], "{differences:?}");
        bench.make();
        count += 1;
    }
}
