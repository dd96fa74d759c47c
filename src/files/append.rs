//! Appends to a file that another program named, such as a CI job's runner.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::geteuid;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::ownership::ROOT;

/// Appends whole lines in one write, and ends an unfinished line before them. Creates a missing file.
///
/// [`ErrorKind::Permission`] for what another account may have put there: a link, a file with a
/// second name, or, unless this is root, another account's file. In a job that runs in a container as
/// root, the file belongs to the runner's account.
pub fn append_lines(path: &Path, text: &str) -> Result<()> {
    let failed = |error| Error::io("write", path, error);
    let mut file = match open(path) {
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return Err(refused(path, "is a link"));
        }
        opened => opened.map_err(failed)?,
    };
    let seen = file.metadata().map_err(failed)?;
    check(path, &seen)?;
    let is_unfinished = is_unfinished(&file, &seen).map_err(failed)?;
    let text = if is_unfinished { format!("\n{text}") } else { text.to_owned() };
    file.write_all(text.as_bytes()).map_err(failed)
}

fn open(path: &Path) -> io::Result<File> {
    // A FIFO isn't waited for.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    options.custom_flags(flags.bits().cast_signed()).open(path)
}

fn check(path: &Path, seen: &Metadata) -> Result<()> {
    let own = geteuid();
    match () {
        () if !seen.is_file() => Err(refused(path, "is not a regular file")),
        () if seen.nlink() > 1 => Err(refused(path, "has a second name (a hard link)")),
        () if !own.is_root() && ![ROOT, own.as_raw()].contains(&seen.uid()) => {
            let belongs = format!("belongs to account {}, and you are {own}", seen.uid());
            Err(refused(path, &belongs))
        }
        () => Ok(()),
    }
}

/// Whether its last line has no line end.
fn is_unfinished(file: &File, seen: &Metadata) -> io::Result<bool> {
    let Some(last) = seen.len().checked_sub(1) else { return Ok(false) };
    let mut end = [0];
    Ok(file.read_at(&mut end, last)? == 1 && end != *b"\n")
}

fn refused(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::Permission, format!("{} {what}", Shown(path)))
        .because("another account may have put it there")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn lines_are_appended_as_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (before, after) in [(None, "b\n"), (Some("a\n"), "a\nb\n"), (Some("a"), "a\nb\n")] {
            let _ = fs::remove_file(&path);
            if let Some(before) = before {
                fs::write(&path, before).unwrap();
            }
            append_lines(&path, "b\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after, "after {before:?}");
        }
    }

    #[test]
    fn nothing_is_appended_through_what_another_account_may_have_planted() {
        let folder = tempfile::tempdir().unwrap();
        let [target, link, other, fifo] =
            ["target", "link", "other", "fifo"].map(|name| folder.path().join(name));
        fs::write(&target, "unchanged").unwrap();
        symlink(&target, &link).unwrap();
        fs::hard_link(&target, &other).unwrap();
        crate::files::make_fifo(&fifo);
        for (path, what) in [
            (&link, "link is a link"),
            (&other, "other has a second name (a hard link)"),
            (&fifo, "fifo is not a regular file"),
        ] {
            let error = append_lines(path, "b\n").unwrap_err();
            assert!(error.what.ends_with(what), "{error}");
            assert_eq!(error.kind(), ErrorKind::Permission);
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "unchanged");
    }
}
