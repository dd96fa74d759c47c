//! Runs one command in a test and checks its outcome.
//!
//! The environment is cleared: a command sees only the variables that the sandbox and the test set.
//! A failed check panics with everything a reader needs: command, folder, environment, output.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::terminal::{Size, Terminal};
use super::{Platform, executables};

/// A command that runs longer than this hangs: it is killed and the test fails.
const LIMIT: Duration = Duration::from_secs(2 * 60);

/// The unprivileged account that every system has: `nobody`.
pub(super) const NOBODY: u32 = 65534;

/// Builds a command.
#[derive(Debug, Clone)]
pub(crate) struct TestCommand {
    program: OsString,
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    name: Option<OsString>,
    input: Option<Vec<u8>>,
    limit: Duration,
    is_nobody: bool,
    root: PathBuf,
}

impl TestCommand {
    /// A command in a sandbox, whose folder is `root`.
    pub(super) fn new(program: &OsStr, root: &Path) -> Self {
        Self {
            program: program.to_owned(),
            arguments: Vec::new(),
            variables: BTreeMap::new(),
            directory: root.to_owned(),
            name: None,
            input: None,
            limit: LIMIT,
            is_nobody: false,
            root: root.to_owned(),
        }
    }

    /// Sets argument 0. The default is the program's name.
    pub(crate) fn with_argument_zero(mut self, name: impl AsRef<OsStr>) -> Self {
        self.name = Some(name.as_ref().to_owned());
        self
    }

    /// Adds one argument.
    pub(crate) fn argument(self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments([argument])
    }

    /// Adds arguments.
    pub(crate) fn arguments(mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Removes a variable, for instance `HOME`.
    pub(crate) fn without_variable(mut self, name: &str) -> Self {
        self.variables.remove(OsStr::new(name));
        self
    }

    /// Runs it in this folder: absolute, or relative to the sandbox.
    pub(crate) fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = self.root.join(directory);
        self
    }

    /// Sets the standard input. The default is empty.
    pub(crate) fn standard_input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Allows ten times as long, for downloads from real registries.
    pub(crate) fn with_long_timeout(mut self) -> Self {
        self.limit = LIMIT * 10;
        self
    }

    /// Runs it as the account `nobody`. Needs root.
    pub(crate) fn with_user_nobody(mut self) -> Self {
        self.is_nobody = true;
        self
    }

    /// Runs it and waits until it exits.
    pub(crate) fn run(self) -> Outcome {
        self.start().wait()
    }

    /// Starts it, in a process group of its own.
    pub(crate) fn start(self) -> RunningShim {
        let mut command = self.command();
        command.process_group(0);
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match executables::start(&mut command) {
            Ok(child) => child,
            Err(error) => panic!("{self}can't be started: {error}"),
        };
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), self.input.clone()) {
            // Writing fails if the command doesn't read its input, which is fine.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        RunningShim { child, command: self }
    }

    /// Starts it in a terminal, where a person would see its output and type. `TERM` is `xterm` unless
    /// it is set.
    pub(crate) fn in_terminal(self, size: impl Into<Size>) -> Terminal {
        let kind = OsStr::new("TERM");
        let is_set = self.variables.contains_key(kind);
        let command = if is_set { self } else { self.variable(kind, "xterm") };
        Terminal::start(command, size.into())
    }

    /// The command without its standard streams.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.directory);
        command.env_clear().envs(&self.variables);
        if self.is_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        if let Some(name) = &self.name {
            command.arg0(name);
        }
        command
    }

    /// A text of its output, masked.
    pub(super) fn mask(&self, text: &str) -> String {
        mask(&self.root, text)
    }
}

impl fmt::Display for TestCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&OsString> = [&self.program].into_iter().chain(&self.arguments).collect();
        writeln!(f, "command: {words:?}")?;
        writeln!(f, "directory: {}", self.directory.display())?;
        if let Some(name) = &self.name {
            writeln!(f, "argument 0: {}", name.display())?;
        }
        for (name, value) in &self.variables {
            writeln!(f, "variable: {}={}", name.display(), value.display())?;
        }
        Ok(())
    }
}

/// A running command.
#[derive(Debug)]
pub(crate) struct RunningShim {
    child: Child,
    command: TestCommand,
}

impl RunningShim {
    /// The process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the process, but not to its children.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("send a signal");
    }

    /// Waits until it exits.
    pub(crate) fn wait(self) -> Outcome {
        let (done, ended) = mpsc::channel::<()>();
        let (group, limit) = (Pid::from_child(&self.child), self.command.limit);
        let watch = thread::spawn(move || {
            let overdue = ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            overdue && kill_process_group(group, Signal::KILL).is_ok()
        });
        let output = self.child.wait_with_output().expect("wait for the command");
        drop(done);
        let overdue = watch.join().expect("join the thread that watches the time");
        let outcome = Outcome {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout,
            command: self.command,
        };
        assert!(!overdue, "killed after {limit:?}\n{outcome}");
        outcome
    }
}

/// How a command ended, and its output.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Its standard output, as text.
    pub(crate) stdout: String,
    /// Its standard error, as text.
    pub(crate) stderr: String,
    /// Its standard output, as bytes.
    pub(crate) bytes: Vec<u8>,
    command: TestCommand,
}

/// What is checked of how a command ended, for a type with its `status` and all that there is to tell.
macro_rules! checks_of_status {
    ($ended:ty) => {
        impl $ended {
            /// Checks that the exit code is 0.
            #[track_caller]
            pub(crate) fn succeeds(self) -> Self {
                self.fails_with(0)
            }

            /// Checks the exit code.
            #[track_caller]
            pub(crate) fn fails_with(self, code: i32) -> Self {
                assert!(self.status.code() == Some(code), "expected: exit code {code}\n{self}");
                self
            }

            /// Checks that this signal ended it.
            #[track_caller]
            pub(crate) fn dies_by(self, signal: Signal) -> Self {
                let died = self.status.signal() == Some(signal.as_raw());
                assert!(died, "expected: death by {signal:?}\n{self}");
                self
            }
        }
    };
}
pub(super) use checks_of_status;

checks_of_status!(Outcome);

impl Outcome {
    /// Checks that standard output is exactly this, after masking and trimming.
    #[track_caller]
    pub(crate) fn stdout_is(self, expected: &str) -> Self {
        let printed = mask(&self.command.root, &self.stdout);
        assert!(printed.trim() == expected.trim(), "expected output: {expected}\n{self}");
        self
    }

    /// Parses standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("expected JSON: {error}\n{self}"),
        }
    }

    /// Checks that standard output, masked, has this line.
    #[track_caller]
    pub(crate) fn stdout_has_line(self, expected: &str) -> Self {
        let printed = mask(&self.command.root, &self.stdout);
        let found = printed.lines().any(|line| line == expected);
        assert!(found, "expected line in the output: {expected}\n{self}");
        self
    }

    /// Checks that standard error, masked, contains this.
    #[track_caller]
    pub(crate) fn stderr_contains(self, expected: &str) -> Self {
        let complaint = mask(&self.command.root, &self.stderr);
        assert!(complaint.contains(expected), "expected on standard error: {expected}\n{self}");
        self
    }

    /// Its exit status and output, masked, for a snapshot.
    pub(crate) fn transcript(&self) -> String {
        mask(&self.command.root, &self.report())
    }

    /// Like `transcript`, with sorted lines on standard error, for commands that work in parallel.
    pub(crate) fn sorted_transcript(mut self) -> String {
        let mut lines: Vec<&str> = self.stderr.split_inclusive('\n').collect();
        lines.sort_unstable();
        self.stderr = lines.concat();
        self.transcript()
    }

    fn report(&self) -> String {
        let ended = |text: &str| match text {
            "" => String::new(),
            text => format!("{}\n", text.strip_suffix('\n').unwrap_or(text)),
        };
        let (stdout, stderr) = (ended(&self.stdout), ended(&self.stderr));
        format!("{}\n--- standard output\n{stdout}--- standard error\n{stderr}", self.status)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.command, self.report())
    }
}

/// Replaces what differs between runs and machines: the sandbox's folder, ports on loopback, the
/// platform, durations, names in staging, hashes of archives (they contain the platform's name), and
/// marks that depend on the day.
pub(super) fn mask(root: &Path, text: &str) -> String {
    let here = Platform::here();
    let text = text.replace(&*root.to_string_lossy(), "[SANDBOX]");
    let text = text.replace(&here.python, "[PLATFORM]").replace(&here.node, "[PLATFORM]");
    let text = mask_after(&text, "[PLATFORM]-glibc", "", |c| c.is_ascii_digit() || c == '.');
    let text = text.replace("[PLATFORM]-glibc", "[PLATFORM]");
    let text = mask_after(&text, "127.0.0.1:", "[PORT]", |c| c.is_ascii_digit());
    let text = mask_after(&text, " is ready (", "[TIME]", |c| c != ')');
    let text =
        mask_after(&text, "/staging/", "[STAGED]", |c| !c.is_whitespace() && c != '/' && c != ':');
    let text = mask_after(&text, "[STAGED]/download-", "[RANDOM]", |c| c.is_ascii_alphanumeric());
    let text = mask_after(&text, "sha256:", "[HASH]", |c| c.is_ascii_hexdigit());
    let text = mask_after(&text, "/downloads/", "[HASH]", |c| c.is_ascii_hexdigit());
    let text = mask_after(&text, "sha512:", "[HASH]", |c| c.is_ascii_hexdigit());
    without_end_of_life(&text)
}

/// A table without the column of days that appear in it on some day (`end_of_life.rs` tests them).
pub(crate) fn without_end_of_life(text: &str) -> String {
    const HEADING: &str = "END OF LIFE";
    let mut column = None;
    let mut without = |line: &str| {
        column = line.find(HEADING).or(column);
        let cell = column.and_then(|start| Some((line.get(..start)?, line.get(start..)?)));
        let Some((before, cells)) = cell.filter(|(before, _)| before.ends_with("  ")) else {
            return line.to_owned();
        };
        let (day, after) = cells.split_at_checked(HEADING.len()).unwrap_or((cells, ""));
        let is_day = |word: &str| word.chars().all(|c| c.is_ascii_digit() || c == '-');
        match day == HEADING || is_day(day.trim()) {
            true => format!("{before}{}", after.trim_start_matches(' ')).trim_end().to_owned(),
            false => line.to_owned(),
        }
    };
    let lines: Vec<String> = text.split('\n').map(&mut without).collect();
    lines.join("\n")
}

/// Replaces the characters after each `mark` for which `is_volatile` is true.
fn mask_after(text: &str, mark: &str, replacement: &str, is_volatile: fn(char) -> bool) -> String {
    let mut pieces = text.split(mark);
    let mut masked = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(is_volatile);
        let replacement = if rest.len() == piece.len() { "" } else { replacement };
        masked.push_str(&[mark, replacement, rest].concat());
    }
    masked
}
