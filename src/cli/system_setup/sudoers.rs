//! sudo's `secure_path`, with which it replaces PATH: the machine's shims first, then what it was.
//!
//! Only the machine's folder, which is root's own: with an account's folder in it, root would run what
//! is in that account's home. What is written is checked by `visudo` before it counts, since one bad
//! line there locks administrators out.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result, Shown};

use super::change::{FOR_SUDO, MachineFiles, SystemPlan, read};
use crate::cli::shell_setup::block::{BlockPosition, insert_block};

/// A setting of `secure_path` for all accounts and commands.
#[derive(Debug, PartialEq, Eq)]
struct SecurePath {
    file: PathBuf,
    value: PathRule,
}

/// What a line does to PATH.
#[derive(Debug, PartialEq, Eq)]
enum PathRule {
    /// It is replaced by this.
    Replaced(String),
    /// It is kept.
    Kept,
}

/// usher's own file.
pub(super) fn own_file(etc: &Path) -> PathBuf {
    etc.join("sudoers.d/usher")
}

/// Adds what changes for sudo; a note where nothing can be done.
pub(super) fn plan(
    etc: &Path,
    shims: &str,
    files: &dyn MachineFiles,
    plan: &mut SystemPlan,
) -> Result<()> {
    let own = own_file(etc);
    let mut reading = Reading { files, own: &own, found: Vec::new(), own_at: None, depth: 0 };
    if !reading.file(&etc.join("sudoers"))? {
        return Ok(());
    }
    let Reading { found, own_at, .. } = reading;
    let Some(own_at) = own_at else {
        let folder = Shown(own.parent().unwrap_or(etc)).to_string();
        plan.notes.push(format!("sudo is not changed: its configuration doesn't include {folder}"));
        return Ok(());
    };
    let before = read(files, &own)?;
    let Some(SecurePath { file, value }) = found.last() else {
        plan.notes.push("sudo is not changed: it has no secure_path, and keeps PATH".to_owned());
        return Ok(());
    };
    let PathRule::Replaced(value) = value else {
        plan.notes.push(format!(
            "sudo is not changed: {} switches secure_path off, and so PATH is kept",
            Shown(file)
        ));
        return Ok(());
    };
    if value.split(':').any(|folder| folder == shims) {
        return Ok(());
    }
    if found.len() > own_at {
        plan.notes.push(format!(
            "sudo is not changed: {} sets secure_path after usher's file would; put {shims}: first there",
            Shown(file)
        ));
        return Ok(());
    }
    let line = format!("Defaults secure_path=\"{shims}:{value}\"");
    plan.push(own, before, Some(insert_block(None, &line, BlockPosition::End)), FOR_SUDO);
    Ok(())
}

/// The state while sudo's files are read in its own order.
struct Reading<'a> {
    files: &'a dyn MachineFiles,
    own: &'a Path,
    found: Vec<SecurePath>,
    /// How many settings come before usher's own file.
    own_at: Option<usize>,
    depth: usize,
}

/// As many files may include one another; sudo's own limit.
const MOST_INCLUDES: usize = 128;

impl Reading<'_> {
    /// Reads a file and what it includes; whether it exists.
    fn file(&mut self, path: &Path) -> Result<bool> {
        let Some(text) = read(self.files, path)? else { return Ok(false) };
        self.depth += 1;
        if self.depth > MOST_INCLUDES {
            return Ok(true);
        }
        for line in joined_lines(&text) {
            let line = line.trim_start();
            let directive = line.strip_prefix(['@', '#']).unwrap_or_default();
            if let Some(folder) = argument_of(directive, "includedir") {
                self.folder(&beside(path, &folder))?;
            } else if let Some(file) = argument_of(directive, "include") {
                self.file(&beside(path, &file))?;
            } else if let Some(value) = secure_path(line) {
                self.found.push(SecurePath { file: path.to_path_buf(), value });
            }
        }
        self.depth -= 1;
        Ok(true)
    }

    /// Reads the files of a folder that sudo reads: in the order of their names, without those that
    /// have a dot or end in a tilde.
    fn folder(&mut self, folder: &Path) -> Result<()> {
        let names = self.files.list(folder).map_err(|error| Error::io("list", folder, error))?;
        let mut names = names.unwrap_or_default();
        let own = self.own.file_name().filter(|_| self.own.parent() == Some(folder));
        if let Some(own) = own.and_then(|own| own.to_str())
            && !names.iter().any(|name| name == own)
        {
            names.push(own.to_owned());
        }
        names.sort();
        for name in names.iter().filter(|name| !name.contains('.') && !name.ends_with('~')) {
            let path = folder.join(name);
            if path == self.own {
                self.own_at = Some(self.found.len());
            } else {
                self.file(&path)?;
            }
        }
        Ok(())
    }
}

/// A path in a file of sudo's, which is relative to that file's folder.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(file).join(path)
}

/// The argument of a directive: `includedir /etc/sudoers.d`.
fn argument_of(line: &str, directive: &str) -> Option<String> {
    let rest = line.strip_prefix(directive)?;
    let argument = rest.trim();
    (rest.starts_with([' ', '\t']) && !argument.is_empty())
        .then(|| argument.trim_matches('"').to_owned())
}

/// The lines of a text; a backslash at the end of one joins it to the next.
fn joined_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let (part, continues) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match lines.last_mut().filter(|_| is_open) {
            Some(last) => last.push_str(part),
            None => lines.push(part.to_owned()),
        }
        is_open = continues;
    }
    lines
}

/// What a line `Defaults …` sets for `secure_path`; `None` if it doesn't name that.
///
/// `Defaults:user`, `Defaults@host` and others of that kind hold for some alone, and stay as they are.
fn secure_path(line: &str) -> Option<PathRule> {
    let settings = line.strip_prefix("Defaults").filter(|rest| rest.starts_with([' ', '\t']))?;
    let mut found = None;
    for setting in split_settings(settings) {
        let setting = setting.trim();
        if setting.strip_prefix('!').map(str::trim_start) == Some("secure_path") {
            found = Some(PathRule::Kept);
        } else if let Some(value) = setting.strip_prefix("secure_path") {
            let value = value.trim_start().strip_prefix('=').map(str::trim);
            let value = value.map(|value| value.trim_matches('"').to_owned());
            found = value.map(PathRule::Replaced).or(found);
        }
    }
    found
}

/// The parts of a list with commas, of which those in quotes count as text, up to a comment.
fn split_settings(text: &str) -> Vec<String> {
    let (mut parts, mut is_quoted) = (vec![String::new()], false);
    for c in text.chars() {
        match c {
            '#' if !is_quoted => break,
            ',' if !is_quoted => parts.push(String::new()),
            _ => {
                is_quoted ^= c == '"';
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secure_path_is_read_as_sudo_reads_it() {
        for (line, value) in [
            ("Defaults\tsecure_path=\"/a:/b\"", Some(Some("/a:/b"))),
            ("Defaults    secure_path = /sbin:/bin", Some(Some("/sbin:/bin"))),
            ("Defaults env_reset, secure_path=/a # x", Some(Some("/a"))),
            ("Defaults secure_path=/a, !secure_path", Some(None)),
            ("Defaults badpass_message=\"a, secure_path=/x\"", None),
            ("Defaults:eve secure_path=/a", None),
            ("# Defaults secure_path=/a", None),
            ("Defaults secure_paths=/a", None),
        ] {
            let expected = value.map(|value| match value {
                Some(value) => PathRule::Replaced(value.to_owned()),
                None => PathRule::Kept,
            });
            assert_eq!(secure_path(line), expected, "{line}");
        }
        assert_eq!(joined_lines("a\\\nb\nc\\"), ["ab", "c"]);
    }
}
