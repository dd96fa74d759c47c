//! A folder of the project as the search for its pins sees it: the version files there are those that
//! were found, each read once for all tools. What git or `.usherignore` ignores isn't there.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use memchr::memmem;
use usher_shims::tool::{Reader, Tool, VersionField, VersionFile};
use usher_shims::world::{FileContent, FileMeta, Identity, World};

use crate::inventory::os_in_folder::{OsInFolder, Visibility};

/// A folder with version files.
pub(super) struct VersionFolder<'a> {
    os: OsInFolder<'a>,
    /// The places of all tools' version files, sorted.
    places: &'a [&'static str],
    /// Those of them that are in this folder.
    present: &'a [&'static str],
    /// The files at those places that could be read, with their paths.
    files: Vec<(&'static str, PathBuf, FileContent)>,
}

impl<'a> VersionFolder<'a> {
    /// Reads the version files at the places that are present in a folder.
    pub(super) fn read(
        folder: &'a Path,
        places: &'a [&'static str],
        present: &'a [&'static str],
    ) -> Self {
        let os = OsInFolder { folder, visibility: Visibility::FolderOnly };
        let read = |place: &&'static str| {
            let path = folder.join(place);
            let content = os.read(&path).ok()?;
            Some((*place, path, content))
        };
        Self { os, places, present, files: present.iter().filter_map(read).collect() }
    }

    /// The files that could be read.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files.iter().map(|(_, path, content)| (path.as_path(), content.bytes.as_slice()))
    }

    /// Its version files of a tool, and what each can say about it, by the words in it.
    pub(super) fn prospects(
        &self,
        tool: &Tool,
        words: &mut KnownWords,
    ) -> Vec<(&'static str, Prospect)> {
        let mut of_file = |file: &'static VersionFile| {
            let present = file.places().iter().filter(|place| self.present.contains(place));
            let found =
                present.map(|place| match self.files.iter().find(|(known, ..)| known == place) {
                    Some((.., content)) => {
                        (*place, prospect(file, &mut |word| words.has(place, word, &content.bytes)))
                    }
                    // Why it can't be read is told.
                    None => (*place, Prospect::Version),
                });
            found.collect::<Vec<_>>()
        };
        tool.files.iter().flat_map(&mut of_file).collect()
    }
}

/// Which words are in the files of a folder, as far as some tool has asked.
#[derive(Debug, Default)]
pub(super) struct KnownWords(Vec<(&'static str, &'static str, bool)>);

impl KnownWords {
    /// Whether a word is in the file at a place.
    fn has(&mut self, place: &'static str, word: &'static str, content: &[u8]) -> bool {
        let known = self.0.iter().find(|(of, known, _)| *of == place && *known == word);
        if let Some((.., has)) = known {
            return *has;
        }
        let has = memmem::find(content, word.as_bytes()).is_some();
        self.0.push((place, word, has));
        has
    }
}

/// What a file can say about a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prospect {
    /// Nothing.
    Nothing,
    /// Only that it can't be parsed, which is the same for all tools.
    Fault,
    /// A version.
    Version,
}

/// What a file can say, by the words in it. Only JSON is read by many tools.
fn prospect(file: &'static VersionFile, has: &mut dyn FnMut(&'static str) -> bool) -> Prospect {
    // A name may be written with escapes.
    if file.reader != Reader::Json || has("\\u") || has("\\/") {
        return Prospect::Version;
    }
    let mut all = |field: &'static VersionField| {
        field.path.split('.').all(&mut *has) && field.entry_name.is_none_or(&mut *has)
    };
    if file.fields.iter().any(&mut all) {
        return Prospect::Version;
    }
    let mut first =
        |field: &'static VersionField| has(field.path.split('.').next().unwrap_or_default());
    match file.fields.iter().any(&mut first) {
        true => Prospect::Fault,
        false => Prospect::Nothing,
    }
}

impl World for VersionFolder<'_> {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.os.variable(name)
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        self.os.variables()
    }

    fn process(&self) -> u32 {
        self.os.process()
    }

    fn account(&self) -> u32 {
        self.os.account()
    }

    fn groups(&self) -> Vec<u32> {
        self.os.groups()
    }

    fn directory(&self) -> io::Result<PathBuf> {
        self.os.directory()
    }

    fn is_process_directory(&self) -> bool {
        self.os.is_process_directory()
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        // The search looks for version files, or for other names: never for both at once.
        let is_known = names.first().is_some_and(|name| self.places.binary_search(name).is_ok());
        if !is_known || folder.as_os_str() != self.os.folder.as_os_str() {
            return self.os.visit_existing(folder, names, visit);
        }
        let is_present = |(_, name): &(usize, &&str)| self.present.contains(*name);
        let mut numbers = names.iter().enumerate().filter(is_present).map(|(number, _)| number);
        let _ = numbers.try_for_each(visit);
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        match self.files.iter().find(|(_, known, _)| known == path) {
            Some((.., content)) => Ok(content.clone()),
            None => self.os.read(path),
        }
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        self.os.folders(folder, visit)
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        self.os.metadata(path)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        self.os.entry(path)
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        self.os.identity_without_links(path)
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        self.os.physical(path)
    }

    fn is_writable(&self, path: &Path) -> bool {
        self.os.is_writable(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_searched_for_tools_that_it_can_name() {
        const FIELDS: [VersionField; 3] = [
            VersionField::pinning("volta.node"),
            VersionField { entry_name: Some("node"), ..VersionField::pinning("dev.runtime") },
            VersionField::pinning("packageManager"),
        ];
        static JSON: VersionFile = VersionFile::new("a.json", Reader::Json, &FIELDS);
        static LINES: VersionFile = VersionFile::new("a", Reader::Lines, &FIELDS);
        let cases = [
            ("{}", Prospect::Nothing),
            (r#"{"node": 1}"#, Prospect::Nothing),
            (r#"{"volta": {"npm": 1}}"#, Prospect::Fault),
            (r#"{"volta": {"node": 1}}"#, Prospect::Version),
            (r#"{"dev": {"runtime": {}}}"#, Prospect::Fault),
            (r#"{"dev": {"runtime": {"name": "node"}}}"#, Prospect::Version),
            (r#"{"packageManager": 1}"#, Prospect::Version),
            (r#"{"volt\u0061": {}}"#, Prospect::Version),
        ];
        for (text, expected) in cases {
            assert_eq!(prospect(&JSON, &mut |word| text.contains(word)), expected, "{text}");
        }
        assert_eq!(prospect(&LINES, &mut |_| false), Prospect::Version);
    }

    #[test]
    fn only_the_files_that_were_found_are_there() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let world = VersionFolder::read(folder.path(), &["a", "b"], &["b"]);
        let existing = |names: &[&str]| world.existing_names(folder.path(), names).unwrap();
        assert_eq!(existing(&["a", "b"]), 0b10);
        assert_eq!(existing(&["c"]), 0b1, "c is no version file");
        assert_eq!(world.files().count(), 1);
        assert_eq!(world.read(&folder.path().join("b")).unwrap().bytes, b"b");
    }
}
