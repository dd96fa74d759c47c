//! The commands that finish an unpacked toolchain. It knows no tool, and fetches nothing.

use std::path::Path;
use std::process::{Command, Stdio};

use usher_shims::error::{Error, ErrorKind, Escaped, Result};

/// What the commands find programs by: the system's own.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Runs a definition's commands in an unpacked toolchain that will lie at `root`.
pub(super) fn run_post_install(commands: &[Vec<String>], tree: &Path, root: &Path) -> Result<()> {
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
        .map_err(|error| Error::io("run", &tree.join(program), error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    let what = format!("the toolchain's own {} failed ({})", Escaped(program), output.status);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(Error::new(ErrorKind::ProgramFailed, what).because(Escaped(last.trim()).to_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn commands_are_told_where_the_toolchain_will_lie() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/sh", folder.path().join("sh")).unwrap();
        let shell = |line: &str| vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()];
        let root = Path::new("/opt/x");
        run_post_install(&[shell("echo {root} > said")], folder.path(), root).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("said")).unwrap(), "/opt/x\n");
        let error =
            run_post_install(&[shell("echo no >&2; exit 3")], folder.path(), root).unwrap_err();
        assert_eq!(error.to_string(), "the toolchain's own sh failed (exit status: 3)\n  no");
    }
}
