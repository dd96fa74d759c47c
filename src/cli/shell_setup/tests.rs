//! The plans as data, and the blocks in the real shells.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{FileChange, Shell, ShellFolders, apply, plan, plan_removal, read};
use crate::sys::System;

/// What Debian and others give every user: a shell that isn't interactive returns immediately.
const GUARDED: &str = "# ~/.bashrc\ncase $- in\n    *i*) ;;\n      *) return;;\nesac\necho no\n";

/// Names that are hard to quote.
const NAMES: &[&str] = &[
    "shims",
    "with a  space",
    "it's \"quoted\"",
    "''",
    "$HOME ${PATH} `id` $(id)",
    r"back\slash\\ \n \'",
    "new\nline",
    "*?[a]~!#&;|<>(){}%=",
    "é ü 日本",
    "-n",
];

fn folders(home: &Path) -> ShellFolders {
    ShellFolders { home: home.to_owned(), zdotdir: None, xdg_config: None, system: System::Linux }
}

// The plans.

type Files = BTreeMap<PathBuf, String>;

fn files(present: &[(&str, &str)]) -> Files {
    present.iter().map(|(name, text)| (Path::new("/h").join(name), (*text).to_owned())).collect()
}

fn reader(files: &Files) -> impl Fn(&Path) -> io::Result<Option<String>> {
    |path| Ok(files.get(path).cloned())
}

fn apply_in_memory(mut files: Files, changes: Vec<FileChange>) -> Files {
    for FileChange { path, before, after } in changes {
        assert_eq!(files.get(&path), before.as_ref());
        match after {
            Some(text) => files.insert(path, text),
            None => files.remove(&path),
        };
    }
    files
}

#[test]
fn setup_is_idempotent_and_removed_without_a_trace() {
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[(".bashrc", GUARDED), (".profile", "PATH=/bin\n"), (".zshenv", "PATH=/bin")],
        &[(".bashrc", ""), (".profile", ""), (".zshenv", "")],
        &[(".bash_profile", ". ~/.bashrc"), (".config/fish/conf.d/usher.fish", "set x 1\n")],
        &[(".bash_login", "true\r\n"), (".zshenv", "\n\n")],
    ];
    let folders = folders(Path::new("/h"));
    for (present, shell) in cases.iter().flat_map(|case| Shell::ALL.map(|shell| (case, shell))) {
        let before = files(present);
        let planned = |files: &Files, shims: &str| {
            plan(shell, &folders, Path::new(shims), &reader(files)).unwrap()
        };
        let after = apply_in_memory(before.clone(), planned(&before, "/shims"));
        assert_ne!(after, before, "{shell} {present:?}");
        assert_eq!(planned(&after, "/shims"), [], "{shell} {present:?}");

        let moved = apply_in_memory(after.clone(), planned(&after, "/elsewhere"));
        let expected: Files = after
            .iter()
            .map(|(path, text)| (path.clone(), text.replace("/shims", "/elsewhere")))
            .collect();
        assert_eq!(moved, expected, "{shell} {present:?}");

        let removal = plan_removal(shell, &folders, Path::new("/shims"), &reader(&moved)).unwrap();
        assert_eq!(apply_in_memory(moved, removal), before, "{shell} {present:?}");
        assert_eq!(
            plan_removal(shell, &folders, Path::new("/shims"), &reader(&before)).unwrap(),
            []
        );
    }
}

#[test]
fn an_existing_block_is_updated_in_place() {
    let folders = folders(Path::new("/h"));
    let old = files(&[]);
    let shims = Path::new("/shims");
    let mut files =
        apply_in_memory(old.clone(), plan(Shell::Bash, &folders, shims, &reader(&old)).unwrap());
    // From now on no bash reads `.profile`.
    files.insert("/h/.bash_profile".into(), "true\n".to_owned());
    let new = plan(Shell::Bash, &folders, Path::new("/new"), &reader(&files)).unwrap();
    let paths: Vec<_> = new.iter().map(|change| change.path.to_str().unwrap()).collect();
    assert_eq!(paths, ["/h/.bashrc", "/h/.bash_profile", "/h/.profile"]);
}

#[test]
fn a_damaged_block_is_an_error_with_its_line() {
    let files = files(&[(".profile", "a\n# >>> usher >>>\nb\n")]);
    let folders = folders(Path::new("/h"));
    let error = plan(Shell::Sh, &folders, Path::new("/shims"), &reader(&files)).unwrap_err();
    insta::assert_snapshot!(error, @r"
    usher's block in /h/.profile begins on line 2 and never ends
      the line `# <<< usher <<<` is missing
      hint: delete what is left of the block from /h/.profile, then: use setup
    ");
    assert_eq!(plan_removal(Shell::Sh, &folders, Path::new("/shims"), &reader(&files)), Err(error));
}

// The real shells.

/// A home folder on disk, set up for a shell with a shims folder below it.
struct Index {
    folder: TempDir,
    shims: String,
}

impl Index {
    fn new(shell: Shell, name: &str, present: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in present {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let shims = folder.path().join(name);
        apply(&plan(shell, &folders(folder.path()), &shims, &read).unwrap(), folder.path())
            .unwrap();
        Self { shims: shims.into_os_string().into_string().unwrap(), folder }
    }

    /// What a program prints here, with no environment but this.
    fn output(&self, call: &[&str], path: Option<&str>, stdin: Stdio) -> String {
        let mut command = Command::new(call[0]);
        command.args(&call[1..]).current_dir(self.folder.path()).stdin(stdin).env_clear();
        command.env("HOME", self.folder.path()).env("TERM", "dumb");
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let output = command.output().unwrap();
        let (out, err) = (output.stdout, String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && err.is_empty(), "{call:?}, {path:?}: {err}");
        String::from_utf8(out).unwrap()
    }

    /// Runs a program that prints PATH: the shims must be in it once, and first.
    fn check(&self, call: &[&str], path: Option<&str>) {
        let printed = self.output(call, path, Stdio::null());
        self.check_printed(&printed, &format!("{call:?} with PATH {path:?}"));
    }

    /// The same where the shims are on PATH, but behind the system's programs.
    fn check_last(&self, call: &[&str]) {
        let last = format!("/usr/bin:/bin:{}", self.shims);
        let printed = self.output(call, Some(&last), Stdio::null());
        let expected = format!("{}:{last}", self.shims);
        assert_eq!(printed, expected, "{call:?} with the shims last on PATH");
        let nested = format!("/venv/bin:{expected}");
        let printed = self.output(call, Some(&nested), Stdio::null());
        assert_eq!(printed, nested, "{call:?} with another folder before the shims");
    }

    fn check_printed(&self, printed: &str, context: &str) {
        let folders: Vec<&str> = printed.split(':').collect();
        assert_eq!(folders[0], self.shims, "first, by {context}");
        let count = folders.iter().filter(|folder| **folder == self.shims).count();
        assert_eq!(count, 1, "once in {printed:?}, by {context}");
    }
}

/// The path of a shell. If this machine lacks it, prints that its tests are skipped.
fn program(name: &str) -> Option<String> {
    let folders = ["/bin", "/usr/bin", "/usr/local/bin"];
    let found = folders.map(|folder| format!("{folder}/{name}"));
    let found = found.into_iter().find(|path| Path::new(path).exists());
    if found.is_none() {
        eprintln!("\n!!! SKIPPED: this machine has no {name}; nothing was tested with it !!!\n");
    }
    found
}

const USUAL: Option<&str> = Some("/usr/bin:/bin");

/// What PATH may be before. Login shells get the usual one alone, because what the machine's own
/// `/etc/profile` makes of the others isn't ours.
const PATHS: [Option<&str>; 4] = [None, Some(""), USUAL, Some("/a b:/usr/bin:/bin")];

#[test]
fn posix_login_shells_find_the_shims_first() {
    let print = r#"printf %s "$PATH""#;
    let nested = r#". "$HOME/.profile"; . "$HOME/.profile"; printf %s "$PATH""#;
    let unset = r#"unset PATH; . "$HOME/.profile"; printf %s "$PATH""#;
    let found: Vec<String> = ["sh", "dash"].into_iter().filter_map(program).collect();
    for (sh, name) in found.iter().flat_map(|sh| NAMES.iter().map(move |name| (sh, name))) {
        let home = Index::new(Shell::Sh, name, &[]);
        home.check(&[sh, "-l", "-c", print], USUAL);
        home.check(&[sh, "-l", "-c", nested], USUAL);
        home.check_last(&[sh, "-e", "-u", "-c", nested]);
        for path in PATHS {
            home.check(&[sh, "-e", "-u", "-c", nested], path);
            home.check(&[sh, "-e", "-u", "-c", unset], path);
        }
    }
}

#[test]
fn bash_finds_the_shims_first_in_every_startup_mode() {
    let Some(bash) = program("bash") else {
        return;
    };
    let print = r#"printf %s "$PATH""#;
    let nested = r#". "$HOME/.bashrc"; . "$HOME/.bashrc"; printf %s "$PATH""#;
    let unset = r#"unset PATH; . "$HOME/.bashrc"; printf %s "$PATH""#;
    let login = r#"exec "$0" -l -c 'printf %s "$PATH"'"#;
    for name in NAMES {
        let home = Index::new(Shell::Bash, name, &[(".bashrc", GUARDED)]);
        home.check(&[&bash, "-l", "-c", print], USUAL);
        home.check(&[&bash, "-l", "-c", login, &bash], USUAL);
        home.check_last(&[&bash, "-e", "-u", "-c", nested]);
        for path in PATHS {
            home.check(&[&bash, "-e", "-u", "-c", nested], path);
            home.check(&[&bash, "-e", "-u", "-c", unset], path);
            home.check(&[&bash, "--posix", "-e", "-u", "-c", nested], path);
            home.check(&[&bash, "--posix", "-e", "-u", "-c", unset], path);
        }
    }
}

#[test]
fn bash_finds_the_shims_when_started_by_sshd() {
    let Some(bash) = program("bash") else {
        return;
    };
    let home = Index::new(Shell::Bash, "it's here", &[(".bashrc", GUARDED)]);
    // bash takes a socket as its standard input for rshd or sshd, and reads `.bashrc`.
    let (socket, _other_end) = UnixStream::pair().unwrap();
    let call = [&*bash, "-c", r#"printf %s "$PATH""#];
    let printed = home.output(&call, USUAL, OwnedFd::from(socket).into());
    home.check_printed(&printed, "bash with a socket");
}

#[test]
fn bash_finds_the_shims_with_any_login_file() {
    let Some(bash) = program("bash") else {
        return;
    };
    for present in [
        &[(".bash_profile", "true")][..],
        &[(".bash_profile", ". ~/.bashrc\n")],
        &[(".bash_profile", "case $- in *i*) . ~/.bashrc;; esac\n")],
        &[(".bash_login", "true"), (".profile", "exit 3")],
        &[(".profile", "PATH=/usr/bin:/bin")],
    ] {
        let home = Index::new(Shell::Bash, "shims", present);
        home.check(&[&bash, "-l", "-c", r#"printf %s "$PATH""#], USUAL);
    }
}

#[test]
fn zsh_finds_the_shims_first() {
    let Some(zsh) = program("zsh") else {
        return;
    };
    let print = r#"print -rn -- "$PATH""#;
    let nested = r#"exec "$0" -c 'exec "$0" -c "print -rn -- \"\$PATH\"" "$0"' "$0""#;
    let posix = r#"emulate sh; set -eu; unset PATH; . "$HOME/.zshenv"; printf %s "$PATH""#;
    for name in NAMES {
        let home = Index::new(Shell::Zsh, name, &[(".zshenv", "true")]);
        home.check_last(&[&zsh, "-euc", print]);
        for path in PATHS {
            home.check(&[&zsh, "-c", print], path);
            home.check(&[&zsh, "-euc", print], path);
            home.check(&[&zsh, "-c", nested, &zsh], path);
            home.check(&[&zsh, "-euc", posix], path);
            home.check(&[&zsh, "-o", "rcquotes", "-o", "shwordsplit", "-euc", print], path);
        }
    }
}

#[test]
fn fish_finds_the_shims_first() {
    let Some(fish) = program("fish") else {
        return;
    };
    let print = "string join : $PATH | string collect | read -zl all; echo -n $all";
    let nested =
        format!("{fish} -c '{fish} -c \"echo -n (string join : \\$PATH | string collect)\"'");
    for name in NAMES {
        let home = Index::new(Shell::Fish, name, &[]);
        // In the locale C, fish doesn't take the bytes of a variable for UTF-8.
        if name.is_ascii() {
            home.check_last(&[&fish, "-c", print]);
        }
        home.check(&[&fish, "-c", print], USUAL);
        home.check(&[&fish, "-c", &nested], Some("/a b:/usr/bin:/bin"));
        home.check(&[&fish, "-l", "-c", print], Some(""));
        home.check(&[&fish, "-c", print], None);
    }
}
