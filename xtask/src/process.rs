//! Starting programs.

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::{Outcome, Result, TEST, checkout, print, warn};

/// What `cargo run` adds to the environment of this program, and must not reach the programs that
/// this one starts: tests would see what `cargo test` alone doesn't give them.
const SET_BY_CARGO_RUN: [&str; 4] =
    ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "LD_LIBRARY_PATH", "OUT_DIR"];

/// How long output is waited for before looking whether the program has ended.
const LAST_LINES: Duration = Duration::from_secs(2);

/// A variable of this process, unless it is empty.
#[expect(clippy::disallowed_methods, reason = "variables configure the tasks")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A program that runs in the checkout.
#[expect(clippy::disallowed_methods, reason = "what cargo set is found among all variables")]
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(checkout()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let is_cargos = name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || SET_BY_CARGO_RUN.contains(&name));
        if is_cargos {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    command(&variable("CARGO").unwrap_or_else(|| "cargo".to_owned()))
}

/// What cargo knows of the workspace and its dependencies.
pub(crate) fn metadata(options: &[&str]) -> Result<Value> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1"]).args(options).stderr(Stdio::inherit());
    let text = output(&mut command).ok_or("cargo metadata failed")?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    let folder = variable("CARGO_TARGET_DIR").unwrap_or_else(|| "target".to_owned());
    checkout().join(folder)
}

/// Runs a program to its end; fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

/// Runs a program to its end, and prints first what is run.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    warn(&format!("$ {}", shown(command)));
    command.status().map_err(|error| format!("can't run {}: {error}", shown(command)))
}

/// The output of a program that succeeds; `None` if it fails or doesn't exist. What it prints to
/// standard error is dropped, unless the command redirects it.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// Whether a program exists and accepts these arguments; prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    output(command).is_some()
}

/// Runs tests by cargo, whose output is printed as it comes and whose result lines are collected.
pub(crate) fn run_tests(command: &mut Command) -> Result<Outcome> {
    let (status, test_results) = run_collecting(command, "test result: ")?;
    if status.success() {
        Ok(Outcome { test_results, ..Outcome::default() })
    } else {
        Err(format!("{TEST} ended with {status}"))
    }
}

/// Runs a program to its end and prints its standard output as it comes. Returns the lines that
/// begin with a text.
pub(crate) fn run_collecting(
    command: &mut Command,
    prefix: &str,
) -> Result<(ExitStatus, Vec<String>)> {
    let name = shown(command);
    warn(&format!("$ {name}"));
    let failed = |error: io::Error| format!("can't run {name}: {error}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let lines = lines_of(child.stdout.take());
    let mut collected = Vec::new();
    let mut ended = None;
    let status = loop {
        match lines.recv_timeout(LAST_LINES) {
            Ok(line) => {
                print(&line);
                if line.starts_with(prefix) {
                    collected.push(line);
                }
            }
            Err(RecvTimeoutError::Disconnected) => break child.wait().map_err(failed)?,
            // Something that the program left running may hold the pipe open.
            Err(RecvTimeoutError::Timeout) => match ended {
                Some(status) => break status,
                None => ended = child.try_wait().map_err(failed)?,
            },
        }
    };
    Ok((status, collected))
}

/// The lines of a stream, read by a thread of their own.
fn lines_of(stream: Option<ChildStdout>) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let read = stream.map(BufReader::new).into_iter().flat_map(|read| read.split(b'\n'));
        for line in read.map_while(std::result::Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    lines
}

/// A command as it is typed in a shell.
fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Debian's package manager, without questions; it prints errors.
pub(crate) fn apt_get() -> Command {
    let mut command = command("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
    command
}
