//! Making a toolchain of what was unpacked: the folder in it that is meant, and the commands that
//! finish it. It knows no tool, and fetches nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use usher_shims::error::{Error, Escaped, Exit, Result};

use crate::fetch::remove_tree;

/// What the commands find programs by: the system's own.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Puts a folder inside another one in that one's place; the rest of it goes.
pub fn lift(folder: &Path, inside: &Path) -> Result<()> {
    if inside.as_os_str().is_empty() {
        return Ok(());
    }
    let meant = folder.join(inside);
    let is_folder = fs::symlink_metadata(&meant).is_ok_and(|found| found.is_dir());
    if !is_folder {
        let inside = inside.to_string_lossy();
        return Err(Error::new(
            Exit::Data,
            format!("the archive has no folder {}", Escaped(&inside)),
        ));
    }
    let aside = folder.with_extension("lifted");
    fs::rename(&meant, &aside).map_err(|error| Error::io("move", &meant, &error))?;
    remove_tree(folder)?;
    fs::rename(&aside, folder).map_err(|error| Error::io("move", &aside, &error))
}

/// Runs a definition's commands in an unpacked toolchain that will lie at `root`.
pub fn finish(commands: &[Vec<String>], tree: &Path, root: &Path) -> Result<()> {
    commands.iter().try_for_each(|command| run(command, tree, root))
}

fn run(command: &[String], tree: &Path, root: &Path) -> Result<()> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let root = root.to_string_lossy();
    let output = Command::new(tree.join(program))
        .args(arguments.iter().map(|argument| argument.replace("{root}", &root)))
        .current_dir(tree)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::io("run", &tree.join(program), &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    let what = format!("the toolchain's own {} failed ({})", Escaped(program), output.status);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(Error::new(Exit::Data, what).because(Escaped(last.trim()).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_is_meant_takes_the_place_of_all() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("Contents/Home/bin")).unwrap();
        fs::write(tree.join("Contents/Info.plist"), "x").unwrap();
        lift(&tree, Path::new("")).unwrap();
        lift(&tree, Path::new("Contents/Home")).unwrap();
        assert!(tree.join("bin").is_dir() && !tree.join("Contents").exists());
        let error = lift(&tree, Path::new("Contents/Home")).unwrap_err();
        assert_eq!(error.what, "the archive has no folder Contents/Home");
    }

    #[test]
    fn commands_are_told_where_the_toolchain_will_lie() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/sh", folder.path().join("sh")).unwrap();
        let shell = |line: &str| vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()];
        let root = Path::new("/opt/x");
        finish(&[shell("echo {root} > said")], folder.path(), root).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("said")).unwrap(), "/opt/x\n");
        let error = finish(&[shell("echo no >&2; exit 3")], folder.path(), root).unwrap_err();
        assert_eq!(error.to_string(), "the toolchain's own sh failed (exit status: 3)\n  no");
    }
}
