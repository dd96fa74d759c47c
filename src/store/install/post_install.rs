//! Running the post-install commands of a definition in an unpacked toolchain.

use std::path::Path;
use std::process::Command;

use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use crate::files::bare::null_device;
use crate::files::interrupt::stop_if_interrupted;

/// The PATH of these commands: the system's folders alone.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Runs a definition's commands in an unpacked toolchain that will be published at `root`.
pub(super) fn run_post_install(commands: &[Vec<String>], tree: &Path, root: &Path) -> Result<()> {
    commands.iter().try_for_each(|command| run(command, tree, root))
}

fn run(command: &[String], tree: &Path, root: &Path) -> Result<()> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let root = root.to_string_lossy();
    let failed = |error| Error::io("run", &tree.join(program), error);
    let output = Command::new(tree.join(program))
        .args(arguments.iter().map(|argument| argument.replace("{root}", &root)))
        .current_dir(tree)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .stdin(null_device().map_err(failed)?)
        .output()
        .map_err(failed)?;
    stop_if_interrupted();
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stderr, output.stdout].concat();
    let printed = String::from_utf8_lossy(&printed);
    let what = format!("the toolchain's own {} failed ({})", Escaped(program), output.status);
    let last =
        printed.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing");
    Err(Error::new(ErrorKind::ProgramFailed, what).because(Escaped(last.trim()).to_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn commands_know_the_final_path() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/sh", folder.path().join("sh")).unwrap();
        let shell = |line: &str| vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()];
        let root = Path::new("/opt/x");
        run_post_install(&[shell("echo {root} > printed")], folder.path(), root).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("printed")).unwrap(), "/opt/x\n");
        let error =
            run_post_install(&[shell("echo no >&2; exit 3")], folder.path(), root).unwrap_err();
        assert_eq!(error.to_string(), "the toolchain's own sh failed (exit status: 3)\n  no");
    }
}
