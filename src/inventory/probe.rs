//! Runs a program and reads its output: with a minimal environment, a time limit and an output limit.
//! It knows nothing of versions.

use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use libc::{EINVAL, EPERM};
use rustix::process::{Pid, Signal, geteuid, kill_process_group};

use crate::files::bare::null_device;
use crate::files::shortage::{FOR_A_PROGRAM, is_shortage, too_few_descriptors};

/// How long a program may run.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of output that are read.
const MAX_OUTPUT: u64 = 64 << 10;

/// How much of a program is waited for and read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long it may run.
    pub(super) time: Duration,
    /// The most bytes of its output. One that prints more has failed.
    pub(super) bytes: u64,
}

/// How a probe ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProbeResult {
    /// It succeeded with this output, of both streams.
    Output(String),
    /// It failed, or couldn't be started; how.
    Failed(String),
    /// It didn't end in time, and was killed with all its children.
    TimedOut,
}

/// With whose rights a program is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeRights {
    /// The caller's.
    Caller,
    /// Those of an account without any, if root probes: what runs for root alone fails.
    AnyAccount,
}

/// The account without rights: `nobody`.
const NOBODY: u32 = 65534;

/// Runs a program with these arguments, at most `limit` long. An error only where the machine has no room
/// for it, which says nothing about the program.
pub(super) fn probe(
    program: &Path,
    arguments: &[String],
    limit: Duration,
    rights: ProbeRights,
) -> io::Result<ProbeResult> {
    probe_within(program, arguments, Limits { time: limit, bytes: MAX_OUTPUT }, rights)
}

/// Like [`probe`], with other limits.
pub(super) fn probe_within(
    program: &Path,
    arguments: &[String],
    limits: Limits,
    rights: ProbeRights,
) -> io::Result<ProbeResult> {
    let result = match spawn_as(program, arguments, rights) {
        Ok((child, output)) => wait_for_output(child, output, limits),
        Err(error) if is_shortage(&error) => return Err(error),
        Err(error) => ProbeResult::Failed(error.to_string()),
    };
    // A program has the limits of this process.
    let too_few = || too_few_descriptors(FOR_A_PROGRAM);
    let failed = matches!(result, ProbeResult::Failed(_));
    failed.then(too_few).flatten().map_or(Ok(result), Err)
}

/// Starts it with these rights; with the caller's where a container has no other account.
fn spawn_as(
    program: &Path,
    arguments: &[String],
    rights: ProbeRights,
) -> io::Result<(Child, io::PipeReader)> {
    let mut command = Command::new(program);
    if rights == ProbeRights::AnyAccount && geteuid().is_root() {
        command.gid(NOBODY).uid(NOBODY);
        match spawn(command, arguments) {
            Err(error) if [Some(EPERM), Some(EINVAL)].contains(&error.raw_os_error()) => {}
            started => return started,
        }
        command = Command::new(program);
    }
    spawn(command, arguments)
}

/// Starts it in a process group of its own, with one pipe for both output streams.
fn spawn(mut command: Command, arguments: &[String]) -> io::Result<(Child, io::PipeReader)> {
    let (reader, writer) = io::pipe()?;
    command.args(arguments).env_clear().current_dir("/").process_group(0);
    // Scripts find their interpreters on PATH, and some interpreters don't start without a HOME.
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", "/");
    command.stdin(null_device()?).stdout(writer.try_clone()?).stderr(writer);
    // Dropping the command closes our writing ends, so that the pipe ends when the program does.
    Ok((command.spawn()?, reader))
}

fn wait_for_output(mut child: Child, reader: io::PipeReader, limits: Limits) -> ProbeResult {
    let group = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    let waiting = thread::Builder::new().spawn(move || {
        let mut output = Vec::new();
        let _ = reader.take(limits.bytes).read_to_end(&mut output);
        let ended = child.wait();
        // After a timeout the receiver is dropped.
        let _ = sender.send((output, ended));
    });
    if let Err(error) = waiting {
        let _ = kill_process_group(group, Signal::KILL);
        return ProbeResult::Failed(format!("can't start a thread: {error}"));
    }
    match receiver.recv_timeout(limits.time) {
        Ok((output, Ok(status))) if status.success() => {
            ProbeResult::Output(String::from_utf8_lossy(&output).into_owned())
        }
        Ok((_, Ok(status))) => ProbeResult::Failed(status.to_string()),
        Ok((_, Err(error))) => ProbeResult::Failed(error.to_string()),
        Err(_) => {
            // The thread waits for the child, so its process ID can't be another process's yet.
            let _ = kill_process_group(group, Signal::KILL);
            ProbeResult::TimedOut
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str, limit: Duration) -> ProbeResult {
        let words = ["-c".to_owned(), line.to_owned()];
        probe(Path::new("/bin/sh"), &words, limit, ProbeRights::Caller).unwrap()
    }

    #[test]
    fn the_output_is_that_of_both_streams() {
        assert_eq!(shell("printf 1; printf 2 >&2", TIMEOUT), ProbeResult::Output("12".to_owned()));
        assert_eq!(
            shell("echo 1; exit 3", TIMEOUT),
            ProbeResult::Failed("exit status: 3".to_owned())
        );
        let absent = probe(Path::new("/absent"), &[], TIMEOUT, ProbeRights::AnyAccount);
        assert!(matches!(absent, Ok(ProbeResult::Failed(_))));
        assert_eq!(shell("echo $HOME $OTHER", TIMEOUT), ProbeResult::Output("/\n".to_owned()));
    }

    #[test]
    fn a_program_that_hangs_or_never_stops_printing_is_killed() {
        let short = Duration::from_millis(50);
        assert_eq!(shell("exec sleep 1000", short), ProbeResult::TimedOut);
        assert_eq!(shell("sleep 1000 & echo $!; wait", short), ProbeResult::TimedOut);
        // The pipe is closed at the output limit.
        assert!(matches!(shell("exec yes", TIMEOUT), ProbeResult::Failed(_)));
    }
}
