//! A change to a shell's file: how it looks, and how it is made on disk.
//!
//! Knows nothing of shells. A dotfile belongs to the user: it is replaced as a whole or not at all,
//! keeps its mode and owner, stays a link if it is one, and is left alone if another program changed
//! it.

use std::io;
use std::path::{Path, PathBuf};

use similar::TextDiff;
use usher_shims::error::{Escaped, Result, Shown};
use usher_shims::world::{Os, read_optional};

use crate::files::confined::{ConfinedFile, ConfinedFolder};
use crate::files::durable::make_folders;

/// The text of a file before and after; `None` if it doesn't exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file.
    pub path: PathBuf,
    /// Its text now.
    pub before: Option<String>,
    /// Its new text.
    pub after: Option<String>,
}

/// The text of a file, through links; `None` if there is no such file.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    let not_utf8 = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text");
    // Only a regular file is read: a FIFO would block.
    let content = read_optional(&Os, path)?;
    content.map(|content| String::from_utf8(content.bytes).map_err(not_utf8)).transpose()
}

/// The change as a unified diff, fit for a terminal.
pub fn diff(change: &FileChange) -> String {
    let side = |text: &Option<String>| match text {
        Some(_) => Shown(&change.path).to_string(),
        None => "/dev/null".to_owned(),
    };
    let before = change.before.as_deref().unwrap_or_default();
    let after = change.after.as_deref().unwrap_or_default();
    let text = TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(2)
        .header(&side(&change.before), &side(&change.after))
        .to_string();
    text.split_inclusive('\n').map(escape_for_terminal).collect()
}

/// A line whose tabs are left alone and whose other control characters are escaped.
fn escape_for_terminal(line: &str) -> String {
    let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
    let parts: Vec<String> = line.split('\t').map(|part| Escaped(part).to_string()).collect();
    parts.join("\t") + end
}

/// Makes the changes: all of them are checked before the first is made.
///
/// A change that was made already counts as made. Of two changes to one file (through a link, for
/// example) the first counts. A file with neither the old nor the new text is refused, and so is one
/// that a link out of the home folder leads to.
pub fn apply(changes: &[FileChange], home: &Path) -> Result<()> {
    let mut due: Vec<(ConfinedFile, &FileChange)> = Vec::new();
    for change in changes {
        let file = file_of(&change.path, home)?;
        let now = file.text();
        if due.iter().any(|(other, _)| other.path() == file.path())
            || now == change.after.as_deref()
        {
            continue;
        }
        if now != change.before.as_deref() {
            return Err(file.changed());
        }
        due.push((file, change));
    }
    due.into_iter().try_for_each(|(file, change)| match &change.after {
        Some(text) => file.replace(text),
        None => file.delete(),
    })
}

/// The file itself, if the path is a link into a repository of dotfiles. A folder outside of the home
/// folder is one that a variable names, and no link in it is followed out of it.
fn file_of(path: &Path, home: &Path) -> Result<ConfinedFile> {
    if path.starts_with(home) {
        return ConfinedFolder::open(home, "your home folder")?.file(path);
    }
    let folder = path.parent().unwrap_or(path);
    make_folders(folder)?;
    ConfinedFolder::open(folder, "its folder")?.file(path)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use tempfile::TempDir;
    use usher_shims::error::ErrorKind;

    use super::*;

    fn change(path: &Path, before: Option<&str>, after: Option<&str>) -> FileChange {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        FileChange { path: path.to_owned(), before: owned(before), after: owned(after) }
    }

    fn folder() -> TempDir {
        tempfile::tempdir().unwrap()
    }

    /// The names in a folder, so that a test notices files that are left over.
    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_diff_shows_what_changes() {
        let shown = |before, after| diff(&change(Path::new("/h/.bashrc"), before, after));
        for (shown, expected) in [
            (
                shown(Some("a\nb\nc\nd\n"), Some("a\nb\nc\nx\nd\n")),
                "--- /h/.bashrc\n+++ /h/.bashrc\n@@ -2,3 +2,4 @@\n b\n c\n+x\n d\n",
            ),
            (shown(None, Some("x\n")), "--- /dev/null\n+++ /h/.bashrc\n@@ -0,0 +1 @@\n+x\n"),
            (
                shown(Some("\tx\u{1b}[31m"), None),
                "--- /h/.bashrc\n+++ /dev/null\n@@ -1 +0,0 @@\n-\tx\\u{1b}[31m\n\\ No newline at end of file\n",
            ),
        ] {
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn files_are_created_with_folders_updated_and_deleted() {
        let folder = folder();
        let path = folder.path().join("fish/conf.d/usher.fish");
        for (before, after) in
            [(None, Some("1\n")), (Some("1\n"), Some("2\n")), (Some("2\n"), None)]
        {
            let change = change(&path, before, after);
            apply(std::slice::from_ref(&change), folder.path()).unwrap();
            assert_eq!(read(&path).unwrap().as_deref(), after);
            // A second time there is nothing left to do.
            apply(&[change], folder.path()).unwrap();
            assert_eq!(read(&path).unwrap().as_deref(), after);
        }
        assert_eq!(names(path.parent().unwrap()), [""; 0]);
    }

    #[test]
    fn a_file_keeps_its_mode() {
        let folder = folder();
        let path = folder.path().join(".profile");
        fs::write(&path, "a").unwrap();
        for mode in [0o600, 0o755, 0o444, 0o664] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let now = fs::read_to_string(&path).unwrap();
            apply(&[change(&path, Some(&now), Some(&format!("{now}b")))], folder.path()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "abbbb");
    }

    #[test]
    fn a_new_file_has_the_default_mode_of_the_umask() {
        let folder = folder();
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        apply(&[change(&ours, None, Some("x"))], folder.path()).unwrap();
        fs::write(&usual, "x").unwrap();
        assert_eq!(fs::metadata(ours).unwrap().mode(), fs::metadata(usual).unwrap().mode());
    }

    #[test]
    fn a_symlink_stays_and_its_target_is_updated() {
        let folder = folder();
        fs::create_dir(folder.path().join("dotfiles")).unwrap();
        let target = folder.path().join("dotfiles/zshenv");
        let link = folder.path().join(".zshenv");
        fs::write(&target, "a\n").unwrap();
        symlink("dotfiles/zshenv", &link).unwrap();

        apply(&[change(&link, Some("a\n"), Some("b\n"))], folder.path()).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "b\n");

        apply(&[change(&link, Some("b\n"), None)], folder.path()).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "");
        assert_eq!(names(folder.path()), [".zshenv", "dotfiles"]);
    }

    #[test]
    fn a_dangling_symlink_is_refused() {
        let folder = folder();
        let link = folder.path().join(".zshenv");
        symlink("nowhere", &link).unwrap();
        let error = apply(&[change(&link, None, Some("a\n"))], folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CannotCreate, "{error}");
        assert!(link.is_symlink());
        assert_eq!(names(folder.path()), [".zshenv"]);
    }

    #[test]
    fn two_paths_of_one_file_are_one_change() {
        let folder = folder();
        let (file, link) = (folder.path().join(".bashrc"), folder.path().join(".bash_profile"));
        fs::write(&file, "a\n").unwrap();
        symlink(".bashrc", &link).unwrap();
        let changes = [
            change(&file, Some("a\n"), Some("x\na\n")),
            change(&link, Some("a\n"), Some("a\nx\n")),
        ];
        apply(&changes, folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "x\na\n");
    }

    #[test]
    fn no_file_is_written_if_one_changed_meanwhile() {
        let folder = folder();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        fs::write(&first, "a").unwrap();
        for now in [None, Some("another program's")] {
            match now {
                None => assert!(!second.exists()),
                Some(text) => fs::write(&second, text).unwrap(),
            }
            let changes =
                [change(&first, Some("a"), Some("b")), change(&second, Some("a"), Some("b"))];
            let error = apply(&changes, folder.path()).unwrap_err();
            assert!(error.what.ends_with("has changed since usher read it"), "{error}");
            assert_eq!(read(&first).unwrap().as_deref(), Some("a"));
            assert_eq!(read(&second).unwrap().as_deref(), now);
        }
    }

    #[test]
    fn only_a_missing_file_reads_as_none() {
        let folder = folder();
        assert_eq!(read(&folder.path().join("none")).unwrap(), None);
        read(folder.path()).unwrap_err();
        let latin = folder.path().join("latin");
        fs::write(&latin, b"caf\xe9").unwrap();
        assert_eq!(read(&latin).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
