//! The registry's address, from an installed npm or pip.
//!
//! It runs the given program with the given environment. The caller finds a program that isn't a
//! shim, and caches the address.

use std::{
    ffi::OsString,
    io::{self, Read},
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
use crate::files::bare::null_device;
use crate::files::shortage::{FOR_A_PROGRAM, is_shortage, too_few_descriptors};

/// How long npm may take; its first start on a slow disk needs seconds.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes that are read of npm's output.
const LONGEST: u64 = 64 * 1024;

/// The output of `npm config get registry` by the npm at `program`, which must not be a shim.
/// `variables` is its whole environment; usher's shims should not be first in its PATH.
///
/// # Errors
///
/// [`ErrorKind::NoRegistry`] where npm can't be run, takes longer than `timeout`, or names no http
/// or https address; [`ErrorKind::Io`] where the machine has no room to run it.
pub fn npm_registry(
    program: &Path,
    variables: &[(OsString, OsString)],
    timeout: Duration,
) -> Result<Address> {
    run_and_read_address(program, &["config", "get", "registry"], variables, timeout)
}

/// Runs a program, and returns the first http or https address in its output; otherwise like
/// [`npm_registry`].
///
/// # Errors
///
/// Those of [`npm_registry`].
pub fn run_query(
    program: &Path,
    arguments: &[&str],
    variables: &[(OsString, OsString)],
) -> Result<Address> {
    run_and_read_address(program, arguments, variables, TIMEOUT)
}

fn run_and_read_address(
    program: &Path,
    arguments: &[&str],
    variables: &[(OsString, OsString)],
    timeout: Duration,
) -> Result<Address> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        // In a project's folder its own configuration would apply.
        .current_dir("/")
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        // npm is a script: if a shim becomes its node after all, that must not start a download
        // that would query npm again.
        .env("USHER_AUTO_INSTALL", "never")
        // The query should neither use the network nor write a log.
        .env("npm_config_update_notifier", "false")
        .env("npm_config_logs_max", "0");
    let output =
        first_output(&mut command, timeout).map_err(|error| query_error(program, error))?;
    output
        .lines()
        .filter_map(|line| Address::configured(line.trim()))
        .find(|address| !address.is_file())
        .ok_or_else(|| {
            let unnamed = || io::Error::other("it names no http or https address");
            // A program has the limits of this process.
            query_error(program, too_few_descriptors(FOR_A_PROGRAM).unwrap_or_else(unnamed))
        })
}

fn query_error(program: &Path, cause: io::Error) -> Error {
    if is_shortage(&cause) {
        return Error::io("run", program, cause);
    }
    Error::new(ErrorKind::NoRegistry, format!("{} printed no registry address", Shown(program)))
        .because(cause.to_string())
}

/// The beginning of a command's standard output, or an error.
fn first_output(command: &mut Command, timeout: Duration) -> io::Result<String> {
    command.stdin(null_device()?).stdout(Stdio::piped()).stderr(null_device()?);
    // Its own group, so that what it started can be ended with it.
    let mut child = command.process_group(0).spawn()?;
    let output = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    // A pipe can't be read with a time limit: a thread does it, and may outlive the call.
    let reading = thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(LONGEST).read_to_end(&mut bytes));
        // After the timeout the receiver is dropped.
        let _ = sender.send(read.transpose().map(|_| bytes));
    });
    let output = receiver.recv_timeout(timeout);
    kill_process_group_of(&mut child);
    reading.map_err(|error| io::Error::other(format!("can't start a thread: {error}")))?;
    match output {
        Ok(output) => Ok(String::from_utf8_lossy(&output?).into_owned()),
        Err(_) => Err(io::Error::other(format!("it took longer than {timeout:?}"))),
    }
}

/// Ends a process and all its children.
fn kill_process_group_of(child: &mut Child) {
    // The process wasn't reaped yet, so its number can't belong to another one. If it has ended
    // already, this does nothing.
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
    fn npm_runs_with_a_neutral_environment_and_folder() {
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
        let address = npm_registry(&npm, &variables, TIMEOUT).unwrap();
        assert_eq!(address.with_secrets(), "https://registry.example/mark-never");

        let error = npm_registry(&folder.path().join("none"), &[], TIMEOUT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRegistry);
        assert!(error.what.ends_with("/none printed no registry address"), "{error}");
    }

    #[test]
    fn output_without_an_address_is_an_error() {
        let check = |script: &str, timeout: Duration, expected| {
            let output = first_output(&mut shell(script), timeout);
            let output = output.map_err(|error| error.to_string());
            assert_eq!(output.as_deref().map_err(String::as_str), expected, "{script}");
        };
        check("echo a; echo b >&2", TIMEOUT, Ok("a\n"));
        check("exit 3", TIMEOUT, Ok(""));
        check("cat", TIMEOUT, Ok(""));
        let short = Duration::from_millis(50);
        check("exec tail -f /dev/null", short, Err("it took longer than 50ms"));
        check("tail -f /dev/null & exit", short, Err("it took longer than 50ms"));
    }

    #[test]
    fn endless_probe_output_is_truncated() {
        let output = first_output(&mut shell("yes"), TIMEOUT).unwrap();
        assert_eq!(output.len() as u64, LONGEST);
    }
}
