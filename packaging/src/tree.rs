//! Files, folders and links as an archive has them, and archives of tar made of them.

use std::collections::BTreeSet;
use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use lzma_rust2::{XzOptions, XzWriter};
use tar::{Builder, EntryType, Header};

/// When everything in a package was changed last, in seconds since 1970: the start of 2020. A fixed time,
/// so that the same input gives the same bytes; zip can't have one before 1980.
pub const MODIFIED: u64 = 1_577_836_800;

/// A file or link of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is, from the package's top, with `/` between names.
    pub path: String,
    /// What it is.
    pub node: Node,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A program.
    Program(Vec<u8>),
    /// Any other file.
    File(Vec<u8>),
    /// A symbolic link, and what it has.
    Link(String),
}

impl Entry {
    /// A program.
    pub fn program(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), node: Node::Program(content.into()) }
    }

    /// A file.
    pub fn file(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), node: Node::File(content.into()) }
    }

    /// A symbolic link.
    pub fn link(path: impl Into<String>, target: impl Into<String>) -> Self {
        Self { path: path.into(), node: Node::Link(target.into()) }
    }

    /// The same below a folder.
    #[must_use]
    pub fn below(self, folder: &str) -> Self {
        Self { path: format!("{folder}/{}", self.path), ..self }
    }
}

impl Node {
    /// The permission bits.
    pub fn mode(&self) -> u32 {
        match self {
            Self::Program(_) => 0o755,
            Self::File(_) => 0o644,
            Self::Link(_) => 0o777,
        }
    }

    /// The bytes; a link's are its target.
    pub fn content(&self) -> &[u8] {
        match self {
            Self::Program(content) | Self::File(content) => content,
            Self::Link(target) => target.as_bytes(),
        }
    }
}

/// A tar archive, in which each folder comes before what is in it. All belongs to root.
pub fn tar(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    let mut folders = BTreeSet::new();
    for Entry { path, node } in entries {
        for (end, _) in path.match_indices('/') {
            if folders.insert(&path[..end]) {
                let mut header = header(EntryType::Directory, 0o755, 0);
                archive.append_data(&mut header, format!("{}/", &path[..end]), io::empty())?;
            }
        }
        match node {
            Node::Program(content) | Node::File(content) => {
                let mut header = header(EntryType::Regular, node.mode(), content.len() as u64);
                archive.append_data(&mut header, path, content.as_slice())?;
            }
            Node::Link(target) => {
                let mut header = header(EntryType::Symlink, node.mode(), 0);
                archive.append_link(&mut header, path, target)?;
            }
        }
    }
    archive.into_inner()
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(MODIFIED);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Compresses with gzip, without a name and a time.
pub fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
    writer.write_all(content)?;
    writer.finish()
}

/// Compresses with xz.
pub fn xz(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(6))?;
    writer.write_all(content)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_and_once() {
        let entries = [
            Entry::program("a/bin/use", "program"),
            Entry::link("a/bin/usher", "use"),
            Entry::file("README.md", "text").below("a/doc"),
        ];
        let archive = tar(&entries).unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let listed = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            (path, header.mode().unwrap(), header.size().unwrap(), header.uid().unwrap())
        });
        let expected = [
            ("a/", 0o755, 0),
            ("a/bin/", 0o755, 0),
            ("a/bin/use", 0o755, 7),
            ("a/bin/usher", 0o777, 0),
            ("a/doc/", 0o755, 0),
            ("a/doc/README.md", 0o644, 4),
        ];
        let expected = expected.map(|(path, mode, size)| (path.to_owned(), mode, size, 0));
        assert_eq!(listed.collect::<Vec<_>>(), expected);
    }
}
