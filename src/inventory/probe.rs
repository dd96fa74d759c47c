//! Asking a program something: with no variables but a few, for a limited time, and with an end to
//! what it may say. Knows nothing of versions.

use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a program may take to answer.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The most bytes that are read of an answer.
const LONGEST: u64 = 64 << 10;

/// What came of asking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProbeResult {
    /// It ended well, and said this, on whichever stream.
    Output(String),
    /// It ended otherwise, or couldn't be started.
    Failed(String),
    /// It didn't end in time, and was killed with all that it had started.
    TimedOut,
}

/// Asks a program.
pub(super) fn ask(program: &Path, arguments: &[String], limit: Duration) -> ProbeResult {
    match started(program, arguments) {
        Ok((child, answer)) => wait(child, answer, limit),
        Err(error) => ProbeResult::Failed(error.to_string()),
    }
}

/// Starts it, in a process group of its own; both of its streams end in one pipe.
fn started(program: &Path, arguments: &[String]) -> io::Result<(Child, io::PipeReader)> {
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/").process_group(0);
    // Scripts find their interpreters by PATH, and some interpreters don't start without a home.
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", "/");
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    // The command holds our ends for writing; without it, the pipe ends when the program does.
    Ok((command.spawn()?, reader))
}

fn wait(mut child: Child, reader: io::PipeReader, limit: Duration) -> ProbeResult {
    let group = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        let _ = reader.take(LONGEST).read_to_end(&mut said);
        let ended = child.wait();
        // Nobody may be listening any more.
        let _ = sender.send((said, ended));
    });
    match receiver.recv_timeout(limit) {
        Ok((said, Ok(status))) if status.success() => {
            ProbeResult::Output(String::from_utf8_lossy(&said).into_owned())
        }
        Ok((_, Ok(status))) => ProbeResult::Failed(status.to_string()),
        Ok((_, Err(error))) => ProbeResult::Failed(error.to_string()),
        Err(_) => {
            // The thread waits for it and so keeps its number from becoming another process's.
            let _ = kill_process_group(group, Signal::KILL);
            ProbeResult::TimedOut
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str, limit: Duration) -> ProbeResult {
        ask(Path::new("/bin/sh"), &["-c".to_owned(), line.to_owned()], limit)
    }

    #[test]
    fn an_answer_is_what_it_says_on_both_streams() {
        assert_eq!(shell("printf 1; printf 2 >&2", LIMIT), ProbeResult::Output("12".to_owned()));
        assert_eq!(
            shell("echo 1; exit 3", LIMIT),
            ProbeResult::Failed("exit status: 3".to_owned())
        );
        assert!(matches!(ask(Path::new("/absent"), &[], LIMIT), ProbeResult::Failed(_)));
        assert_eq!(shell("echo $HOME $OTHER", LIMIT), ProbeResult::Output("/\n".to_owned()));
    }

    #[test]
    fn one_that_says_nothing_or_never_stops_is_killed() {
        let short = Duration::from_millis(50);
        assert_eq!(shell("exec sleep 1000", short), ProbeResult::TimedOut);
        assert_eq!(shell("sleep 1000 & echo $!; wait", short), ProbeResult::TimedOut);
        // The pipe is closed on it after so many bytes.
        assert!(matches!(shell("exec yes", LIMIT), ProbeResult::Failed(_)));
    }
}
