//! Makes the changes to the machine's files: all are checked before the first is made, and each file is
//! replaced as a whole, keeping its owner and mode.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::Builder;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};

use super::change::{FOR_SUDO, MachineFiles, SystemChange};
use crate::cli::shell_setup::read;
use crate::files::bare::null_device;
use crate::files::confined::{ConfinedFile, ConfinedFolder, command};
use crate::files::replace::FileMode;

/// The disk.
pub struct Disk;

impl MachineFiles for Disk {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Option<Vec<String>>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if is_absent(&error) => return Ok(None),
            entries => entries?,
        };
        let names: io::Result<Vec<_>> =
            entries.map(|entry| Ok(entry?.file_name().into_string().ok())).collect();
        let mut names: Vec<String> = names?.into_iter().flatten().collect();
        names.sort();
        Ok(Some(names))
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Makes the changes, nearly all of them below `etc`. `visudo` checks what sudo reads.
///
/// A change that was made already counts as made. A link is refused, and so is a file that isn't as it
/// was planned for.
pub fn apply(changes: &[SystemChange], etc: &Path, visudo: Option<&Path>) -> Result<()> {
    let folder = ConfinedFolder::open(etc, "/etc")?;
    let file_of = |path: &Path| match path.parent() {
        Some(other) if !path.starts_with(etc) => {
            ConfinedFolder::open(other, "its folder")?.file(path)
        }
        _ => folder.file(path),
    };
    let mut due: Vec<(ConfinedFile, &SystemChange)> = Vec::new();
    for change in changes {
        let path = &change.file.path;
        let file = file_of(path)?;
        if file.is_linked() {
            let what = format!("{} is a link to {}", Shown(path), Shown(file.path()));
            let error =
                Error::new(ErrorKind::Permission, what).because("usher follows no link there");
            return Err(error.hint(format!("{}, then: use setup --system", command("rm", &[path]))));
        }
        let (now, before) = (file.text(), change.file.before.as_deref());
        match now == change.file.after.as_deref() {
            true => {}
            false if now != before => return Err(file.changed()),
            false => due.push((file, change)),
        }
    }
    let for_sudo = |change: &SystemChange| change.bits == FOR_SUDO && change.file.after.is_some();
    for (_, change) in due.iter().filter(|(_, change)| for_sudo(change)) {
        check_text(change.file.after.as_deref().unwrap_or_default(), visudo)?;
    }
    for (file, change) in due {
        match &change.file.after {
            Some(text) => file.replace_or_create(text, FileMode::Exact(change.bits))?,
            None => file.delete()?,
        }
        if for_sudo(change)
            && let Err(error) = check_all(visudo)
        {
            folder.file(&change.file.path)?.delete()?;
            return Err(error);
        }
    }
    Ok(())
}

/// The `visudo` of this machine; `None` without one. It isn't looked up on PATH, since root runs it.
pub fn find_visudo() -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin"];
    folders.map(|folder| Path::new(folder).join("visudo")).into_iter().find(|path| path.is_file())
}

/// Checks the text of a file for sudo, which isn't in its place yet.
fn check_text(text: &str, visudo: Option<&Path>) -> Result<()> {
    // Only root reads it, wherever it is.
    let mut file = Builder::new()
        .prefix("usher-sudoers-")
        .tempfile()
        .map_err(|error| Error::io("write in", Path::new("/tmp"), error))?;
    file.write_all(text.as_bytes()).map_err(|error| Error::io("write", file.path(), error))?;
    run_visudo(visudo, &["-c".as_ref(), "-f".as_ref(), file.path()])
}

/// Checks all that sudo reads.
fn check_all(visudo: Option<&Path>) -> Result<()> {
    run_visudo(visudo, &["-c".as_ref()])
}

fn run_visudo(visudo: Option<&Path>, arguments: &[&Path]) -> Result<()> {
    let refused = |cause: String| {
        Error::new(
            ErrorKind::ProgramFailed,
            "sudo's configuration can't be checked, and isn't changed",
        )
        .because(cause)
        .hint("visudo -c")
    };
    let Some(visudo) = visudo else { return Err(refused("there is no visudo".to_owned())) };
    let failed = |error: io::Error| refused(format!("can't run {}: {error}", Shown(visudo)));
    let output = Command::new(visudo)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(null_device().map_err(failed)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stderr, output.stdout].concat();
    let text = String::from_utf8_lossy(&text);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason");
    Err(refused(format!("visudo reports: {}", Escaped(first))))
}
