//! Preserving what package managers added to a toolchain that is replaced. Files are hard-linked, or
//! copied where the file system can't link. No link is followed, and nothing is overwritten.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType};
use usher_shims::error::{Error, Result};

use crate::files::manifest::{Manifest, ManifestEntry};
use crate::files::remove::remove_tree;
use crate::files::walk::{OpenTree, Visitor, Walk, WalkEntry, file_type, permission_bits};
use crate::files::write_access::WriteAccess;
use crate::store::package_paths::{AddedBy, PackagePaths};
use crate::store::receipt::RECEIPT;

/// What was preserved.
#[derive(Debug, Default)]
pub(super) struct Preserved {
    /// How many entries of package managers were preserved: files, links, and folders with all that
    /// is in them.
    pub(super) preserved_count: usize,
    /// Files that are neither from upstream nor at a package manager's paths, and were not
    /// preserved.
    pub(super) left: Vec<String>,
}

/// What else than packages at package managers' own paths is preserved.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extras<'a> {
    /// Nothing.
    Leave,
    /// All that isn't from upstream, and these packages of upstream's, which a package manager
    /// replaced.
    Keep(&'a BTreeSet<String>),
}

/// Copies what package managers added from one tree to another. Without a tree,
/// nothing is copied.
pub(super) fn preserve_added_files(
    _: &WriteAccess,
    (from, to): (&Path, &Path),
    package_paths: PackagePaths<'_>,
    manifest: &Manifest,
    extras: Extras<'_>,
) -> Result<Preserved> {
    let is_folder = fs::symlink_metadata(from).is_ok_and(|seen| seen.is_dir());
    if !is_folder {
        return Ok(Preserved::default());
    }
    let tree = open_readable(from).map_err(|error| Error::io("open", from, error))?;
    let mut preserver = Preserver {
        to,
        package_paths,
        manifest,
        extras,
        units: Vec::new(),
        modes: Vec::new(),
        preserved: Preserved::default(),
        failed: None,
    };
    tree.walk(&mut preserver);
    preserver.leave_out_removed(from)?;
    preserver.finish(from)
}

/// Opens a tree, and makes all its folders readable for its owner: what is in an unreadable folder
/// would be lost.
fn open_readable(root: &Path) -> io::Result<OpenTree> {
    let open =
        |path: &Path, mode: u32| fs::set_permissions(path, Permissions::from_mode(mode | 0o700));
    let mode = fs::symlink_metadata(root)?.permissions().mode();
    if mode & 0o500 != 0o500 {
        open(root, mode)?;
    }
    let mut closed = ClosedFolders::default();
    loop {
        let tree = OpenTree::open(root)?;
        closed.folders.clear();
        tree.walk(&mut closed);
        if closed.folders.is_empty() {
            return Ok(tree);
        }
        for (path, mode) in &closed.folders {
            open(&root.join(path), *mode)?;
        }
    }
}

/// Folders that their owner may not search or read.
#[derive(Default)]
struct ClosedFolders {
    folders: Vec<(PathBuf, u32)>,
}

impl Visitor for ClosedFolders {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        let mode = permission_bits(&found.stat);
        if file_type(&found.stat) == FileType::Directory && mode & 0o500 != 0o500 {
            self.folders.push((found.path.to_path_buf(), mode));
            return Walk::Skip;
        }
        Walk::Descend
    }

    // Reading what is in there fails with its own error.
    fn unreadable(&mut self, _: &Path, _: &io::Error) {}
}

struct Preserver<'a> {
    to: &'a Path,
    package_paths: PackagePaths<'a>,
    manifest: &'a Manifest,
    extras: Extras<'a>,
    /// Folders that are preserved with all that is in them.
    units: Vec<PathBuf>,
    /// Folders that were made, and the permission bits they get when they are filled.
    modes: Vec<(PathBuf, u32)>,
    preserved: Preserved,
    failed: Option<(PathBuf, io::Error)>,
}

impl Preserver<'_> {
    fn finish(self, from: &Path) -> Result<Preserved> {
        if let Some((path, error)) = self.failed {
            return Err(Error::io("preserve", &from.join(path), error));
        }
        for (path, mode) in self.modes.iter().rev() {
            fs::set_permissions(path, Permissions::from_mode(*mode))
                .map_err(|error| Error::io("change the mode of", path, error))?;
        }
        Ok(self.preserved)
    }

    /// Beside packages that a package manager replaced, those that it removed stay removed: they are
    /// of the versions before.
    fn leave_out_removed(&mut self, from: &Path) -> Result<()> {
        let Extras::Keep(replaced) = self.extras else { return Ok(()) };
        let folders: BTreeSet<Option<&str>> = replaced.iter().map(|unit| folder_of(unit)).collect();
        let is_package = |path: &str| {
            self.package_paths.added_by(path) == Some(AddedBy::PackageManager)
                && folders.contains(&folder_of(path))
        };
        for (path, item) in &self.manifest.0 {
            let is_folder = matches!(item, ManifestEntry::Folder { .. });
            if is_folder && is_package(path) && fs::symlink_metadata(from.join(path)).is_err() {
                remove_tree(&self.to.join(path))?;
            }
        }
        Ok(())
    }

    /// Whether a package manager replaced this package of upstream's, and it is kept. The one that
    /// was assembled makes room for it.
    fn is_kept_package(&mut self, found: &WalkEntry<'_>) -> bool {
        let Extras::Keep(replaced) = self.extras else { return false };
        if !replaced.contains(&found.manifest_path) {
            return false;
        }
        if let Err(error) = remove_tree(&self.to.join(found.path)) {
            let error = io::Error::other(error.to_string());
            self.failed.get_or_insert_with(|| (found.path.to_path_buf(), error));
        }
        true
    }

    /// Decides what happens to an entry that isn't from upstream.
    fn added(&mut self, found: &WalkEntry<'_>) -> Walk {
        let is_folder = file_type(&found.stat) == FileType::Directory;
        match self.package_paths.added_by(&found.manifest_path) {
            Some(AddedBy::Program) => Walk::Skip,
            Some(AddedBy::PackageManager) => {
                self.preserved.preserved_count += 1;
                if is_folder {
                    self.units.push(found.path.to_path_buf());
                }
                self.preserve(found)
            }
            None if is_folder && self.package_paths.may_contain(&found.manifest_path) => {
                self.preserve(found)
            }
            None => match self.extras {
                Extras::Keep(_) => {
                    self.units.push(found.path.to_path_buf());
                    self.preserve(found)
                }
                Extras::Leave => {
                    self.preserved.left.push(found.manifest_path.clone());
                    Walk::Skip
                }
            },
        }
    }

    fn preserve(&mut self, found: &WalkEntry<'_>) -> Walk {
        let to = self.to.join(found.path);
        let copied = match file_type(&found.stat) {
            FileType::Directory => self.folder(found, &to),
            FileType::RegularFile => file(found, &to),
            FileType::Symlink => found.target().and_then(|target| symlink(target, &to)),
            // A socket of a server that ended, or a pipe, is of no use.
            _ => Ok(()),
        };
        match copied {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                self.failed.get_or_insert_with(|| (found.path.to_path_buf(), error));
                Walk::Skip
            }
            Ok(()) | Err(_) => Walk::Descend,
        }
    }

    fn folder(&mut self, found: &WalkEntry<'_>, to: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(to)?;
        self.modes.push((to.to_path_buf(), permission_bits(&found.stat)));
        Ok(())
    }
}

impl Visitor for Preserver<'_> {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        if self.failed.is_some() || found.manifest_path == RECEIPT {
            return Walk::Skip;
        }
        if self.units.iter().any(|unit| found.path.starts_with(unit)) {
            return self.preserve(found);
        }
        match self.manifest.0.get(&found.manifest_path) {
            Some(ManifestEntry::Folder { .. }) if self.is_kept_package(found) => {
                self.units.push(found.path.to_path_buf());
                self.preserve(found)
            }
            Some(ManifestEntry::Folder { .. }) => Walk::Descend,
            Some(ManifestEntry::File { .. } | ManifestEntry::Link { .. }) => Walk::Skip,
            None => self.added(found),
        }
    }

    fn unreadable(&mut self, folder: &Path, error: &io::Error) {
        let again = io::Error::new(error.kind(), error.to_string());
        self.failed.get_or_insert_with(|| (folder.to_path_buf(), again));
    }
}

/// The folder that a path of a manifest is in.
fn folder_of(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

fn file(found: &WalkEntry<'_>, to: &Path) -> io::Result<()> {
    let linked = rustix::fs::linkat(found.folder, found.name(), CWD, to, AtFlags::empty());
    match linked.map_err(io::Error::from) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => copy(found, to),
        linked => linked,
    }
}

/// Copies a file with its permission bits and times, which compiled modules are recognised by.
fn copy(found: &WalkEntry<'_>, to: &Path) -> io::Result<()> {
    let mut from = found.open()?;
    let mut into = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut from, &mut into)?;
    let seen = from.metadata()?;
    into.set_permissions(seen.permissions())?;
    let times = FileTimes::new().set_accessed(seen.accessed()?).set_modified(seen.modified()?);
    into.set_times(times)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use usher_definition::Definition;

    use super::*;
    use crate::files::manifest::Mode;

    #[test]
    fn only_global_packages_are_preserved() {
        let text = "name = 'x'\ntitle = 'X'\nprograms = ['x']\nvariables = []\ndialect = 'npm'\n\
                    version_components = 3\npackage_paths = ['bin/*', 'lib/p/*', 'etc/x']\ncaches = ['**/__c__']\n";
        let (_, definition) = Definition::parse(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let mut manifest = Manifest::default();
        for path in ["bin", "lib", "lib/p", "lib/p/own"] {
            fs::create_dir_all(old.join(path)).unwrap();
            fs::create_dir_all(new.join(path)).unwrap();
            manifest.0.insert(path.to_owned(), ManifestEntry::Folder { mode: Mode(0o755) });
        }
        let file = ManifestEntry::File { mode: Mode(0o644), size: 3, sha256: String::new() };
        for path in ["bin/own", "lib/p/own/file"] {
            fs::write(old.join(path), "bad").unwrap();
            fs::write(new.join(path), "own").unwrap();
            manifest.0.insert(path.to_owned(), file.clone());
        }
        for path in ["lib/p/added/deep/__c__", "lib/__c__", "lib/evil", "etc"] {
            fs::create_dir_all(old.join(path)).unwrap();
        }
        let files = ["lib/p/added/deep/__c__/m", "lib/__c__/m", "lib/p/own/evil", "etc/x", RECEIPT];
        for path in files {
            fs::write(old.join(path), "added").unwrap();
        }
        symlink("../lib/p/added/deep", old.join("bin/added")).unwrap();
        symlink(folder.path(), old.join("lib/p/added/out")).unwrap();
        fs::set_permissions(old.join("lib/p/added/deep"), Permissions::from_mode(0o500)).unwrap();
        fs::set_permissions(old.join("lib/p"), Permissions::from_mode(0o000)).unwrap();

        let (access, package_paths) = (WriteAccess::for_test(), PackagePaths::of(&definition));
        let preserve = || {
            let trees = (old.as_path(), new.as_path());
            preserve_added_files(&access, trees, package_paths, &manifest, Extras::Leave).unwrap()
        };
        let mut preserved = preserve();
        preserved.left.sort();
        assert_eq!(
            (preserved.preserved_count, preserved.left),
            (3, vec!["lib/evil".into(), "lib/p/own/evil".into()])
        );
        assert_eq!(fs::read_to_string(new.join("bin/own")).unwrap(), "own");
        let added = new.join("lib/p/added/deep/__c__/m");
        assert_eq!(fs::read_to_string(&added).unwrap(), "added");
        assert_eq!(fs::metadata(&added).unwrap().nlink(), 2, "a hard link costs nothing");
        let mode = fs::metadata(new.join("lib/p/added/deep")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o500);
        assert_eq!(fs::read_link(new.join("lib/p/added/out")).unwrap(), folder.path());
        assert!(new.join("etc/x").exists());
        for path in ["lib/__c__", "lib/evil", "lib/p/own/evil", RECEIPT] {
            assert!(!new.join(path).exists(), "{path}");
        }
        let again = preserve();
        assert_eq!(again.preserved_count, 3, "an existing file isn't a failure");
        fs::set_permissions(old.join("lib/p/added/deep"), Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(new.join("lib/p/added/deep"), Permissions::from_mode(0o700)).unwrap();
    }

    struct Copying<'a>(&'a Path);
    impl Visitor for Copying<'_> {
        fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
            copy(found, self.0).unwrap();
            Walk::Skip
        }

        fn unreadable(&mut self, _: &Path, error: &io::Error) {
            panic!("{error}");
        }
    }

    #[test]
    fn a_copied_file_keeps_mode_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::create_dir(&old).unwrap();
        fs::write(old.join("file"), "text").unwrap();
        fs::set_permissions(old.join("file"), Permissions::from_mode(0o750)).unwrap();
        let before = fs::metadata(old.join("file")).unwrap();
        OpenTree::open(&old).unwrap().walk(&mut Copying(&new));
        let seen = fs::metadata(&new).unwrap();
        assert_eq!(fs::read_to_string(&new).unwrap(), "text");
        assert_eq!(seen.permissions(), before.permissions());
        assert_eq!(seen.modified().unwrap(), before.modified().unwrap());
    }
}
