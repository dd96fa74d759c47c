//! Asking an installed npm or pip where its registry is.
//!
//! It starts the program it is given in surroundings it is given; finding one that is no shim,
//! and remembering the answer, are the caller's.

use std::{
    ffi::OsString,
    io::Read,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use usher_shims::error::{Error, ErrorKind, Result, Shown};

use crate::config::settings::Address;

/// How long npm may take to answer; a cold one on a slow disk needs seconds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The most that is read of what npm prints.
const LONGEST: u64 = 64 * 1024;

/// What `npm config get registry` answers, asked of the npm at `program`, which must not be a
/// shim. `variables` is its whole environment; usher's shims should not stand first in its PATH.
///
/// # Errors
///
/// [`ErrorKind::NoRegistry`] where npm can't be run, takes longer than `patience`, or names no http or
/// https address.
pub fn ask(
    program: &Path,
    variables: &[(OsString, OsString)],
    patience: Duration,
) -> Result<Address> {
    said(program, &["config", "get", "registry"], (variables, patience))
}

/// The first address of the web that a program answers on a question; as [`ask`] otherwise.
///
/// # Errors
///
/// As those of [`ask`].
pub fn answer(
    program: &Path,
    arguments: &[&str],
    variables: &[(OsString, OsString)],
) -> Result<Address> {
    said(program, arguments, (variables, PATIENCE))
}

fn said(
    program: &Path,
    arguments: &[&str],
    (variables, patience): (&[(OsString, OsString)], Duration),
) -> Result<Address> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        // Elsewhere a project's own configuration would speak.
        .current_dir("/")
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        // npm is a script: if a shim becomes its node after all, that must not start a download
        // that would ask npm again.
        .env("USHER_AUTO_INSTALL", "never")
        // Asking should neither reach for the network nor write a log.
        .env("npm_config_update_notifier", "false")
        .env("npm_config_logs_max", "0");
    let said = first_words(&mut command, patience).map_err(|cause| unanswered(program, &cause))?;
    said.lines()
        .filter_map(|line| Address::parse(line.trim()))
        .find(|address| address.url().scheme() != "file")
        .ok_or_else(|| unanswered(program, "it names no http or https address"))
}

fn unanswered(program: &Path, cause: &str) -> Error {
    Error::new(
        ErrorKind::NoRegistry,
        format!("{} didn't say where its registry is", Shown(program)),
    )
    .because(cause)
}

/// The beginning of what a command prints on standard output, or why there is none.
fn first_words(command: &mut Command, patience: Duration) -> std::result::Result<String, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // Its own group, so that what it started can be ended with it.
    let mut child = command.process_group(0).spawn().map_err(|error| error.to_string())?;
    let output = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    // A pipe can't be read with a time limit: a thread does it, and may be left behind.
    thread::spawn(move || {
        let mut said = Vec::new();
        let read = output.map(|output| output.take(LONGEST).read_to_end(&mut said));
        // Nobody listens any more once the patience has run out.
        let _ = sender.send(read.transpose().map(|_| said));
    });
    let said = receiver.recv_timeout(patience);
    end(&mut child);
    match said {
        Ok(Ok(said)) => Ok(String::from_utf8_lossy(&said).into_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it took longer than {patience:?}")),
    }
}

/// Ends a process and all that it started; it said all that was wanted, or too little.
fn end(child: &mut Child) {
    // It was not waited for yet, so that its number can't be another process's. Where it is gone
    // already, there is nothing to end.
    if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn npm_is_asked_in_neutral_surroundings() {
        let folder = tempfile::tempdir().unwrap();
        let npm = folder.path().join("npm");
        let script = r#"#!/bin/sh
            echo "npm warn https://warning.example/" >&2
            echo "npm notice: https://notice.example/ is not the answer"
            [ "$*" = "config get registry" ] && [ "$PWD" = / ] || exit 1
            echo "https://registry.example/$MARK-$USHER_AUTO_INSTALL"
            echo "https://second.example/""#;
        // Another process writes it: were it open for writing here, a test that forks meanwhile
        // would make it "text file busy".
        let mut write = shell(r#"printf '%s' "$1" > "$0" && chmod +x "$0""#);
        assert!(write.arg(&npm).arg(script).status().unwrap().success());

        let variables = [("MARK".into(), "mark".into())];
        let address = ask(&npm, &variables, PATIENCE).unwrap();
        assert_eq!(address.as_str(), "https://registry.example/mark-never");

        let error = ask(&folder.path().join("none"), &[], PATIENCE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRegistry);
        assert!(error.what.ends_with("/none didn't say where its registry is"), "{error}");
    }

    #[test]
    fn answers_that_are_none() {
        let check = |script: &str, patience: Duration, expected| {
            let said = first_words(&mut shell(script), patience);
            assert_eq!(said.as_deref().map_err(String::as_str), expected, "{script}");
        };
        check("echo a; echo b >&2", PATIENCE, Ok("a\n"));
        check("exit 3", PATIENCE, Ok(""));
        check("cat", PATIENCE, Ok(""));
        let short = Duration::from_millis(50);
        check("exec tail -f /dev/null", short, Err("it took longer than 50ms"));
        check("tail -f /dev/null & exit", short, Err("it took longer than 50ms"));
    }

    #[test]
    fn endless_output_is_cut() {
        let said = first_words(&mut shell("yes"), PATIENCE).unwrap();
        assert_eq!(said.len() as u64, LONGEST);
    }
}
