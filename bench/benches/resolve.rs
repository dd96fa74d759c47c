//! What resolving costs inside the process, without the operating system: a world that answers from
//! a table.
//!
//! ```text
//! cargo bench -p usher-bench --bench resolve
//! ```
//!
//! A folder twelve deep, all tools of the registry, 200 versions on disk, a partial request: once
//! with a version file at the root, once with a `package.json` of 50 kB there; then how that grows
//! with folders and with versions.

use std::ffi::{OsStr, OsString};
use std::hint::black_box;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use usher_shims::folders::Folders;
use usher_shims::index::Index;
use usher_shims::lock::{LockedArchive, LockedRequest, Lockfile, locked_version};
use usher_shims::path::Shim;
use usher_shims::resolve::Resolver;
use usher_shims::version::Version;
use usher_shims::world::{FileContent, FileMeta, Identity, World};

/// A world that costs next to nothing itself.
struct Table {
    directory: PathBuf,
    /// The project's one file, and its folder's length: the length tells the folders apart.
    root: usize,
    file: (&'static str, Vec<u8>),
    /// The folder of the versions, and their names.
    store: PathBuf,
    versions: Vec<OsString>,
}

impl World for Table {
    fn variable(&self, _: &str) -> Option<OsString> {
        None
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        Vec::new()
    }

    fn process(&self) -> u32 {
        7
    }

    fn account(&self) -> u32 {
        0
    }

    fn groups(&self) -> Vec<u32> {
        Vec::new()
    }

    fn directory(&self) -> io::Result<PathBuf> {
        Ok(self.directory.clone())
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let is_there = |name: &&str| folder.as_os_str().len() == self.root && *name == self.file.0;
        let _ = names.iter().position(is_there).map(visit);
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        match path.ends_with(self.file.0) {
            true => {
                let meta = self.metadata(path)?.ok_or(io::ErrorKind::NotFound)?;
                Ok(FileContent { bytes: self.file.1.clone(), meta })
            }
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        if folder == self.store {
            self.versions.iter().for_each(|name| visit(name));
        }
        Ok(())
    }

    fn metadata(&self, _: &Path) -> io::Result<Option<FileMeta>> {
        let identity = Identity { device: 1, inode: 2 };
        Ok(Some(FileMeta {
            identity,
            is_program: true,
            is_folder: false,
            size: 1,
            modified: 0,
            owner: 0,
            mode: 0o100_755,
            links: 1,
        }))
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        self.metadata(path)
    }

    fn identity_without_links(&self, _: &Path) -> Option<Identity> {
        Some(Identity { device: 1, inode: 2 })
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }

    fn is_writable(&self, _: &Path) -> bool {
        true
    }
}

/// A project `depth` folders deep with this file at its root, and this many versions on disk.
fn table(depth: usize, versions: usize, file: (&'static str, Vec<u8>)) -> Table {
    let root = PathBuf::from("/srv/project");
    let directory = (0..depth).fold(root.clone(), |folder, level| folder.join(format!("f{level}")));
    // In no order, as file systems list them: 7919 is a prime beyond all counts here.
    let versions = (0..versions).map(|place| format!("12.{}.1", place * 7919 % versions).into());
    Table {
        directory,
        root: root.as_os_str().len(),
        file,
        store: "/u/toolchains/node".into(),
        versions: versions.collect(),
    }
}

fn version_file() -> (&'static str, Vec<u8>) {
    (".nvmrc", b"12\n".to_vec())
}

/// A manifest of 50 kB, with its `engines` at the end.
fn manifest() -> (&'static str, Vec<u8>) {
    let dependencies: Vec<String> = (0..1000)
        .map(|number| format!("    \"some-package-{number}\": \"^{number}.2.3-beta.4567\""))
        .collect();
    let text = format!(
        "{{\n  \"dependencies\": {{\n{}\n  }},\n  \"engines\": {{ \"node\": \">=12\" }}\n}}\n",
        dependencies.join(",\n")
    );
    ("package.json", text.into_bytes())
}

/// A lockfile of ten tools with 20 archives each.
fn lockfile(version: &Version) -> Lockfile {
    let tools = (0..10).map(|number| format!("tool-{number}"));
    let request = |tool: String| LockedRequest {
        tool,
        request: "12".into(),
        file: ".tool-versions".into(),
        version: version.clone(),
        line: 0,
    };
    let archive = |number: usize| LockedArchive {
        tool: format!("tool-{}", number / 20),
        version: version.clone(),
        source: "example.org".into(),
        platform: format!("linux-x64-{}", number % 20),
        hash: Some(format!("sha256:{}", "0".repeat(64))),
        size: Some(31_415_926),
        parts: Vec::new(),
        line: 0,
    };
    Lockfile {
        sources: Vec::new(),
        requests: tools.map(request).collect(),
        archives: (0..200).map(archive).collect(),
    }
}

fn resolve(world: &Table) {
    let index =
        Index { folders: Folders { data: "/u".into(), ..Folders::default() }, ..Index::default() };
    let shim = Shim { folders: vec!["/u/shims".into()], binary: None };
    let resolver = Resolver { world, index: &index, shim: &shim, unusable: None };
    let _ = black_box(resolver.resolve(black_box("node"), &[]));
}

fn all(criterion: &mut Criterion) {
    let plain = table(12, 200, version_file());
    criterion.bench_function("a version file", |bench| bench.iter(|| resolve(&plain)));
    let heavy = table(12, 200, manifest());
    criterion.bench_function("a manifest of 50 kB", |bench| bench.iter(|| resolve(&heavy)));
    if let Some(version) = Version::parse("12.22.12") {
        let locked = lockfile(&version).to_string();
        criterion.bench_function("the requests of a lockfile", |bench| {
            bench.iter(|| locked_version(black_box(&locked), ["tool-9", "12", ".tool-versions"]));
        });
    }
    let mut group = criterion.benchmark_group("folders");
    for depth in [1, 12, 50, 200] {
        let world = table(depth, 3, version_file());
        group.bench_with_input(BenchmarkId::from_parameter(depth), &world, |bench, world| {
            bench.iter(|| resolve(world));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("versions");
    for versions in [1, 10, 100, 1000] {
        let world = table(1, versions, version_file());
        group.bench_with_input(BenchmarkId::from_parameter(versions), &world, |bench, world| {
            bench.iter(|| resolve(world));
        });
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
