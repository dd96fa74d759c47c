//! Which line of a shell's files may have put a folder on PATH: behind usher's lines, or in a file that
//! is read later, it comes before the shims.
//!
//! Nothing is run or parsed: the line is the first that names the folder, or what is in the home folder
//! on the way to it (`.nvm` of `~/.nvm/versions/node/v18.20.8/bin`).

use std::path::{Path, PathBuf};

use super::block::remove_block;
use super::files::{later_files, shell_files};
use super::shell::{ReadFile, Shell, ShellFolders};

/// A line of a shell's file, and what it names.
#[derive(Debug, PartialEq, Eq)]
pub struct NamingLine {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What it names.
    pub name: String,
}

/// The first line that names a folder on PATH. What can't be read names none.
pub fn line_naming(
    shell: Shell,
    folders: &ShellFolders,
    folder: &Path,
    read: ReadFile,
) -> Option<NamingLine> {
    let in_home = folder.strip_prefix(&folders.home).ok().and_then(|rest| rest.iter().next());
    let names: Vec<&str> = [Some(folder.as_os_str()), in_home]
        .into_iter()
        .filter_map(|name| name?.to_str().filter(|name| name.len() > 1))
        .collect();
    let read_first = shell_files(shell, folders, read).ok()?.into_iter().map(|file| file.path);
    read_first.chain(later_files(shell, folders)).find_map(|file| {
        let text = read(&file).ok()??;
        let (line, name) = naming(&text, &names)?;
        Some(NamingLine { file, line, name: name.to_owned() })
    })
}

fn naming<'n>(text: &str, names: &[&'n str]) -> Option<(usize, &'n str)> {
    let others = remove_block(text).map_or_else(|_| text.to_owned(), Option::unwrap_or_default);
    let line = others.lines().map(str::trim).find_map(|line| {
        let name = names.iter().find(|name| !line.starts_with('#') && contains(line, name))?;
        Some((line.to_owned(), *name))
    });
    let (line, name) = line?;
    let number = text.lines().position(|one| one.trim() == line)?;
    Some((number + 1, name))
}

/// Whether a line has a name as a whole.
fn contains(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    line.match_indices(name).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::sys::System;

    const BLOCK: &str = "# >>> usher >>>\nPATH=/h/.nvm/x:/x/bin\n# <<< usher <<<\n";

    #[track_caller]
    fn check(shell: Shell, file: &str, text: &str, folder: &str, expected: Option<(usize, &str)>) {
        let folders = ShellFolders {
            home: "/h".into(),
            zdotdir: None,
            xdg_config: None,
            system: System::Linux,
        };
        let path = Path::new("/h").join(file);
        let read = |asked: &Path| -> io::Result<Option<String>> {
            Ok((asked == path).then(|| text.to_owned()))
        };
        let found = line_naming(shell, &folders, Path::new(folder), &read);
        let found = found.map(|one| (one.file == path, one.line, one.name));
        assert_eq!(found, expected.map(|(line, name)| (true, line, name.to_owned())), "{text}");
    }

    #[test]
    fn the_line_that_names_a_folder_is_found() {
        let nvm = "/h/.nvm/versions/node/v18.20.8/bin";
        let text =
            format!("{BLOCK}# see ~/.nvm\nexport NVM_DIR=\"$HOME/.nvm\"\n. \"$NVM_DIR/nvm.sh\"\n");
        check(Shell::Bash, ".bashrc", &text, nvm, Some((5, ".nvm")));
        check(Shell::Zsh, ".zshrc", &text, nvm, Some((5, ".nvm")));
        check(Shell::Fish, ".config/fish/config.fish", "set x ~/.nvm\n", nvm, Some((1, ".nvm")));
        let bin = "PATH=/x/bin2:/y/x/bin-a\nPATH=/x/bin:$PATH\n";
        check(Shell::Sh, ".profile", bin, "/x/bin", Some((2, "/x/bin")));
        check(Shell::Bash, ".bashrc", BLOCK, nvm, None);
        check(Shell::Bash, ".bashrc", "export A=~/.nvm2\n", nvm, None);
        check(Shell::Bash, ".bashrc", "PATH=/\n", "/", None);
    }
}
