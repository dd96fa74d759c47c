//! Signals reach the program and no other process, and do there what they do to it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

use super::{ProbeSandbox, each};
use crate::support::executables;

const SIGNALS: [Signal; 6] =
    [Signal::INT, Signal::TERM, Signal::HUP, Signal::WINCH, Signal::TSTP, Signal::CONT];

/// The target of a signal.
#[derive(Debug, Clone, Copy)]
enum To {
    Process,
    Group,
}

/// A probe that is ready and waits.
struct Waiting {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Waiting {
    fn start(stage: &ProbeSandbox, program: &Path, does: &str) -> Self {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", stage.sandbox.shims()).env("PROBE_DOES", does);
        command.current_dir(stage.sandbox.project()).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = executables::start(&mut command).expect("start a probe");
        let output = BufReader::new(child.stdout.take().expect("the probe's output"));
        let mut waiting = Self { child, output };
        // The process that reports that it is ready is the very one that was started.
        assert_eq!(waiting.line(), format!("ready {}", waiting.child.id()));
        waiting
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("read from a probe");
        line.trim_end().to_owned()
    }

    fn send(&self, signal: Signal, to: To) {
        let id = Pid::from_child(&self.child);
        match to {
            To::Process => kill_process(id, signal),
            To::Group => kill_process_group(id, signal),
        }
        .expect("send a signal");
    }

    /// The next stop or continuation, as the parent sees it.
    fn news(&self) -> String {
        let options = WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let (_, status) = waitpid(Some(Pid::from_child(&self.child)), options)
            .expect("wait for a probe")
            .expect("news of the probe");
        match status.stopping_signal() {
            Some(signal) => format!("stopped by {signal}"),
            None if status.continued() => "continued".to_owned(),
            None => format!("{status:?}"),
        }
    }

    /// Its exit code or the signal that it died of.
    fn end(mut self) -> (Option<i32>, Option<i32>) {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("wait for a probe");
        (status.code(), status.signal())
    }
}

/// The same for the program's own path and for the shim.
fn both(test: impl Fn(&dyn Fn(&str) -> Waiting)) {
    each(|stage| {
        for program in [stage.program(), stage.sandbox.shim("node")] {
            test(&|does| Waiting::start(stage, &program, does));
        }
    });
}

#[test]
fn each_signal_reaches_the_process_once() {
    both(|start| {
        let mut waiting = start("wait");
        for to in [To::Process, To::Group] {
            for signal in SIGNALS {
                waiting.send(signal, to);
                assert_eq!(waiting.line(), signal.as_raw().to_string(), "{signal:?} to {to:?}");
            }
        }
        assert_eq!(waiting.end(), (Some(7), None));
    });
}

#[test]
fn a_program_without_signal_handlers_dies_by_the_signal() {
    both(|start| {
        for to in [To::Process, To::Group] {
            for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
                let waiting = start("pause");
                waiting.send(signal, to);
                assert_eq!(waiting.end(), (None, Some(signal.as_raw())), "{signal:?} to {to:?}");
            }
        }
    });
}

#[test]
fn a_program_is_stopped_and_continued() {
    both(|start| {
        for to in [To::Process, To::Group] {
            let waiting = start("pause");
            for signal in [Signal::TSTP, Signal::STOP] {
                waiting.send(signal, to);
                assert_eq!(waiting.news(), format!("stopped by {}", signal.as_raw()));
                waiting.send(Signal::CONT, to);
                assert_eq!(waiting.news(), "continued");
            }
            assert_eq!(waiting.end(), (Some(7), None));
        }
    });
}

#[test]
fn a_terminal_interrupt_ends_the_program() {
    each(|stage| {
        for (typed, status) in [("\x03", "status 2\n"), ("\x1c", "status 3\n")] {
            let words = ["limit:4:0:0", &format!("terminal:{typed}")];
            let report = stage.compare(&words, |command| command.variable("PROBE_DOES", "pause"));
            assert_eq!(String::from_utf8_lossy(&report.bytes), status);
        }
    });
}
