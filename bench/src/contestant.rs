//! How a contestant is found and called. All get the same environment, and nothing of the account that
//! runs the benchmark: one variable (`RUST_BACKTRACE`) can make a program many times slower.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folders that are on every contestant's PATH.
pub const FOLDERS: &str = "/usr/bin:/bin";

/// A call of a program with an environment of two variables, PATH and HOME, and without input. What
/// a contestant needs beside them, its caller adds.
pub fn command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", FOLDERS).env("HOME", home).stdin(Stdio::null());
    command
}

/// Where a program is: what a variable points to (`BENCH_MISE=/path/of/mise`), or the first of that
/// name on PATH.
#[expect(clippy::disallowed_methods, reason = "variables name the programs to measure")]
pub fn find(program: &str) -> Option<PathBuf> {
    let pointed = std::env::var_os(format!("BENCH_{}", program.to_uppercase()));
    pointed.map(PathBuf::from).or_else(|| which::which(program).ok())
}

/// The version that a program gives itself: the first word that is a number. Empty where none is.
/// It runs with a home of its own, in which it may create files.
pub fn version(program: &Path) -> String {
    let text = tempfile::tempdir().and_then(|home| {
        let output = command(program, home.path()).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    });
    number_in(&text.unwrap_or_default()).to_owned()
}

fn number_in(text: &str) -> &str {
    let mut words = text.split_whitespace().map(|word| word.trim_start_matches('v'));
    words.find(|word| word.starts_with(|first: char| first.is_ascii_digit())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// cargo gives a test variables of its own, so there is always something that could leak.
    #[test]
    fn a_variable_of_the_caller_does_not_reach_a_contestant() {
        let has = |name: &str| {
            let inherited = Command::new("/usr/bin/env").output().expect("env runs");
            String::from_utf8_lossy(&inherited.stdout).lines().any(|line| line.starts_with(name))
        };
        assert!(has("CARGO_MANIFEST_DIR="), "the caller has a variable of its own");
        let output = command("/usr/bin/env", Path::new("/home")).output().expect("env runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["HOME=/home", "PATH=/usr/bin:/bin"]);
    }

    #[test]
    fn a_contestant_reads_nothing() {
        let output = command("/bin/cat", Path::new("/home")).output().expect("cat runs");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    }

    #[test]
    fn the_version_is_the_first_number() {
        for (text, version) in [
            ("mise 1.2.3 linux-x64 (2026-09-27)", "1.2.3"),
            ("asdf version 0.20.0 (revision 1)", "0.20.0"),
            ("vp v1.0.0-rc.0\n", "1.0.0-rc.0"),
            ("nothing", ""),
        ] {
            assert_eq!(number_in(text), version, "{text}");
        }
    }
}
