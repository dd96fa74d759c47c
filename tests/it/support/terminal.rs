//! Runs a command in a terminal: what a person sees and types, at any width.
//!
//! ```ignore
//! let mut terminal = sandbox.use_command(&["prune", "node"]).in_terminal(60);
//! terminal.wait_for("[y/N]");
//! terminal.press("n\n");
//! let ended = terminal.wait().succeeds();
//! assert!(!ended.ever_showed("0/0"));
//! ```
//!
//! The program is the leader of a session whose terminal is a pseudo-terminal; `vt100` reads what
//! it writes. The screen is also looked at whenever the program moves the cursor or erases
//! something, so that the *frames* are all that was ever to be seen, however little time it was.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Action, Winsize, tcflow, tcsetwinsize};

use super::TestCommand;
use super::command::checks_of_status;
use super::executables;

/// How long to wait for something on the screen, or for the end.
const LIMIT: Duration = Duration::from_secs(2 * 60);

/// How large a terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// The columns of a line.
    pub(crate) columns: u16,
    /// The lines of the screen.
    pub(crate) rows: u16,
}

/// So many columns, and as many lines as terminals have when they are opened.
impl From<u16> for Size {
    fn from(columns: u16) -> Self {
        Self { columns, rows: 24 }
    }
}

impl Size {
    fn columns(self) -> NonZero<u16> {
        NonZero::new(self.columns).expect("a terminal has columns")
    }

    fn rows(self) -> NonZero<u16> {
        NonZero::new(self.rows).expect("a terminal has lines")
    }
}

/// A command that runs in a terminal. Dropping it ends the command.
#[derive(Debug)]
pub(crate) struct Terminal {
    keyboard_and_screen: OwnedFd,
    child: Child,
    seen: Seen,
    /// The number of frames before the last text that was waited for.
    waited: usize,
    command: TestCommand,
}

/// How a command in a terminal ended, and all that was to be seen.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) status: ExitStatus,
    seen: Seen,
    command: TestCommand,
}

/// What a terminal shows, and what it showed.
struct Seen {
    screen: vt100::Parser,
    /// An escape sequence whose end didn't arrive yet.
    sequence: Vec<u8>,
    frames: Vec<String>,
    raw: Vec<u8>,
}

impl Terminal {
    pub(super) fn start(command: TestCommand, size: Size) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let own = openpt(flags).expect("open a pseudo-terminal");
        rustix::io::fcntl_setfd(&own, rustix::io::FdFlags::CLOEXEC).expect("close it on exec");
        grantpt(&own).expect("grant the pseudo-terminal");
        unlockpt(&own).expect("unlock the pseudo-terminal");
        set_size(&own, size);
        let stream = || open_end(&own);
        let mut started = command.command();
        started.stdin(stream()).stdout(stream()).stderr(stream());
        let become_leader = || {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
            Ok(())
        };
        // SAFETY: the closure makes two system calls, and neither allocates nor takes a lock.
        unsafe { started.pre_exec(become_leader) };
        let child = match executables::start(&mut started) {
            Ok(child) => child,
            Err(error) => panic!("{command}can't be started: {error}"),
        };
        Self { keyboard_and_screen: own, child, seen: Seen::new(size), waited: 0, command }
    }

    /// Types this; `\n` is the return key, `\t` the tabulator.
    pub(crate) fn press(&mut self, keys: &str) {
        write_all(&self.keyboard_and_screen, keys.replace('\n', "\r").as_bytes());
    }

    /// Presses Ctrl and a letter, such as `'C'`.
    pub(crate) fn press_ctrl(&mut self, letter: char) {
        assert!(letter.is_ascii_uppercase(), "not a letter: {letter}");
        write_all(&self.keyboard_and_screen, &[letter as u8 - b'A' + 1]);
    }

    /// Holds what the program prints from now on: a program that prints waits. As Ctrl-S does, which has
    /// no effect before the terminal has read it.
    pub(crate) fn hold_output(&self) {
        let program_end = open_end(&self.keyboard_and_screen);
        tcflow(&program_end, Action::OOff).expect("hold the output");
    }

    /// Sends a signal to the program, but not to its children.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("send a signal");
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&mut self, size: impl Into<Size>) {
        let size = size.into();
        self.seen.screen.screen_mut().set_size(size.rows(), size.columns());
        set_size(&self.keyboard_and_screen, size);
    }

    /// Waits until the screen shows this text. It may have vanished again, but not before the last
    /// text that was waited for.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// As [`Terminal::wait_for`], for what a text can't say; `what` is for the reader of a failure.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, is_shown: impl Fn(&str) -> bool) {
        let end = Instant::now() + LIMIT;
        let mut looked_at = self.waited;
        loop {
            let new = self.seen.frames.iter().enumerate().skip(looked_at);
            let found = new.into_iter().find(|(_, frame)| is_shown(frame)).map(|(place, _)| place);
            if let Some(place) = found {
                self.waited = place;
                return;
            }
            looked_at = self.seen.frames.len();
            if is_shown(&self.seen.screen()) {
                self.waited = looked_at;
                return;
            }
            if let Err(error) = self.read(end) {
                panic!("expected on the screen: {what}\n{error}\n{}{}", self.command, self.seen);
            }
        }
    }

    /// The screen as it is now: its lines without the blanks at their ends, nor the empty ones at the
    /// end of the screen.
    pub(crate) fn screen(&self) -> String {
        self.command.mask(&self.seen.screen())
    }

    /// The line and the column of the cursor, from 0.
    pub(crate) fn cursor(&self) -> (u16, u16) {
        self.seen.screen.screen().cursor_position()
    }

    /// Waits until the command ends.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Ended {
        let end = Instant::now() + LIMIT;
        // The other end is closed as soon as no process has it any more.
        let closed = loop {
            if let Err(error) = self.read(end) {
                break error;
            }
        };
        let panicked = || panic!("{closed}\n{}{}", self.command, self.seen);
        if closed.kind() == io::ErrorKind::TimedOut {
            panicked();
        }
        let status = self.child.wait().expect("wait for the command");
        self.seen.look();
        let seen = std::mem::replace(&mut self.seen, Seen::new(Size::from(1)));
        Ended { status, seen, command: self.command.clone() }
    }

    /// Reads what the program wrote; waits until there is something, until nobody can write any more,
    /// or until `end`.
    fn read(&mut self, end: Instant) -> io::Result<()> {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now()));
        let left = left.expect("minutes fit");
        let mut watched = [PollFd::new(&self.keyboard_and_screen, PollFlags::IN)];
        match poll(&mut watched, Some(&left)) {
            Ok(0) => {
                let late = format!("nothing more within {LIMIT:?}");
                return Err(io::Error::new(io::ErrorKind::TimedOut, late));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 4096];
        let count = match rustix::io::read(&self.keyboard_and_screen, &mut bytes) {
            Ok(0) | Err(Errno::IO) => return Err(io::Error::other("the command ended")),
            Ok(count) => count,
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for byte in &bytes[..count] {
            if let Some(answer) = self.seen.add(*byte) {
                write_all(&self.keyboard_and_screen, answer.as_bytes());
            }
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

checks_of_status!(Ended);

impl Ended {
    /// Checks what the screen shows in the end, masked and trimmed.
    #[track_caller]
    pub(crate) fn screen_is(self, expected: &str) -> Self {
        assert!(self.screen().trim() == expected.trim(), "expected screen:\n{expected}\n{self}");
        self
    }

    /// Checks that the screen shows this in the end.
    #[track_caller]
    pub(crate) fn screen_contains(self, expected: &str) -> Self {
        assert!(self.screen().contains(expected), "expected on the screen: {expected}\n{self}");
        self
    }

    /// What the screen shows in the end, masked.
    pub(crate) fn screen(&self) -> String {
        self.command.mask(&self.seen.screen())
    }

    /// All that was ever to be seen, oldest first, masked.
    pub(crate) fn frames(&self) -> Vec<String> {
        self.seen.frames.iter().map(|frame| self.command.mask(frame)).collect()
    }

    /// Whether this was ever to be seen.
    pub(crate) fn ever_showed(&self, text: &str) -> bool {
        self.seen.frames.iter().any(|frame| frame.contains(text))
    }

    /// Whether the cursor is shown in the end.
    pub(crate) fn shows_cursor(&self) -> bool {
        !self.seen.screen.screen().hide_cursor()
    }

    /// What was written to the terminal, escape sequences included.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.raw).into_owned()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}\n{}", self.command, self.status, self.seen)
    }
}

impl Seen {
    fn new(size: Size) -> Self {
        Self {
            screen: vt100::Parser::new(size.rows(), size.columns(), 0),
            sequence: Vec::new(),
            frames: Vec::new(),
            raw: Vec::new(),
        }
    }

    fn screen(&self) -> String {
        let (_, columns) = self.screen.screen().size();
        let rows = self.screen.screen().rows(0, columns.get());
        let lines: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// Keeps the screen as a frame, if it isn't as it was.
    fn look(&mut self) {
        let screen = self.screen();
        if self.frames.last() != Some(&screen) {
            self.frames.push(screen);
        }
    }

    /// Shows a byte. Returns what a terminal answers.
    fn add(&mut self, byte: u8) -> Option<String> {
        self.raw.push(byte);
        if self.sequence.is_empty() && byte != b'\x1b' {
            if matches!(byte, b'\r' | b'\n') {
                self.look();
            }
            self.screen.process(&[byte]);
            return None;
        }
        self.sequence.push(byte);
        let is_complete = match self.sequence.as_slice() {
            [_] | [_, b'['] => false,
            [_, b'[', .., last] => (b'@'..=b'~').contains(last),
            _ => true,
        };
        if !is_complete {
            return None;
        }
        let sequence = std::mem::take(&mut self.sequence);
        // Colours change nothing that is there.
        if byte != b'm' {
            self.look();
        }
        self.screen.process(&sequence);
        let (row, column) = self.screen.screen().cursor_position();
        match sequence.as_slice() {
            // What are you? A VT102.
            b"\x1b[c" | b"\x1b[0c" => Some("\x1b[?6c".to_owned()),
            // Where is the cursor?
            b"\x1b[6n" => Some(format!("\x1b[{};{}R", row + 1, column + 1)),
            _ => None,
        }
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raw = String::from_utf8_lossy(&self.raw);
        write!(f, "--- screen\n{}\n--- bytes\n{raw:?}\n", self.screen())
    }
}

/// Opens the program's end of a pseudo-terminal.
fn open_end(own: &OwnedFd) -> File {
    let name = ptsname(own, Vec::new()).expect("the pseudo-terminal's name");
    let name = PathBuf::from(name.into_string().expect("a name in UTF-8"));
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
    options.open(&name).expect("open the program's end of the terminal")
}

fn set_size(terminal: &impl AsFd, size: Size) {
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).expect("set the size of the terminal");
}

fn write_all(terminal: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(terminal, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(error) => panic!("type on the terminal: {error}"),
        }
    }
}

mod tests {
    use rustix::process::Signal;

    use super::super::Sandbox;
    use super::{Ended, Size, Terminal};

    fn shell(script: &str, size: impl Into<Size>) -> Terminal {
        Sandbox::new().command("/bin/sh").directory("/").arguments(["-c", script]).in_terminal(size)
    }

    fn run(script: &str) -> Ended {
        shell(script, 80).wait()
    }

    #[test]
    fn a_command_in_a_terminal_has_its_size_and_no_other_variables() {
        let size = Size { columns: 61, rows: 17 };
        let script =
            "test -t 0 && test -t 1 && test -t 2 && stty size </dev/tty && echo $TERM $USER";
        shell(script, size).wait().succeeds().screen_is("17 61\nxterm");
        let dumb = Sandbox::new().command("/bin/sh").directory("/").arguments(["-c", "echo $TERM"]);
        dumb.variable("TERM", "dumb").in_terminal(60).wait().screen_is("dumb");
    }

    #[test]
    fn keys_arrive_and_the_screen_is_waited_for() {
        let mut terminal = shell("printf 'name? '; read name; echo hello $name", 80);
        terminal.wait_for("name?");
        assert_eq!((terminal.screen().as_str(), terminal.cursor()), ("name?", (0, 6)));
        terminal.press("you\n");
        terminal.wait().succeeds().screen_is("name? you\nhello you");
    }

    #[test]
    fn what_was_erased_is_among_the_frames() {
        let ended =
            run("printf '0/0'; printf '\\r\\033[2K'; printf '\\033[31mred'; printf ' too\\n'");
        assert_eq!(ended.frames(), ["0/0", "red too"]);
        assert!(ended.ever_showed("0/0") && !ended.ever_showed("1/1"));
        assert!(ended.raw().contains("\u{1b}[31mred"));
        ended.screen_is("red too");
    }

    #[test]
    fn what_vanished_is_waited_for_too() {
        let mut terminal = shell("printf 'one\\r\\033[2Ktwo'; read wait; exit 3", 80);
        terminal.wait_for("one");
        terminal.wait_for("two");
        terminal.press("\n");
        terminal.wait().fails_with(3);
    }

    #[test]
    fn keys_are_signals_or_the_end_of_input() {
        let mut terminal = shell("echo ready; cat; echo end $?; kill -9 $$", 80);
        terminal.wait_for("ready");
        terminal.press_ctrl('D');
        terminal.wait().dies_by(Signal::KILL).screen_is("ready\nend 0");
        let mut terminal = shell("echo ready; exec cat", 80);
        terminal.wait_for("ready");
        terminal.press_ctrl('C');
        terminal.wait().dies_by(Signal::INT).screen_contains("^C");
        let mut terminal = shell("echo ready; exec cat", 80);
        terminal.wait_for("ready");
        terminal.signal(Signal::TERM);
        terminal.wait().dies_by(Signal::TERM).screen_is("ready");
    }

    #[test]
    fn a_program_notices_a_new_size() {
        let script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do read line; done";
        let mut terminal = shell(script, 80);
        terminal.wait_for("ready");
        terminal.resize(100);
        terminal.wait().succeeds().screen_is("ready\n24 100");
    }

    #[test]
    fn the_cursor_may_stay_hidden_and_questions_are_answered() {
        assert!(!run("printf '\\033[?25l'").shows_cursor());
        assert!(run("printf '\\033[?25l\\033[?25h'").shows_cursor());
        let script = "stty raw -echo; printf '\\033[6n'; \
                      dd bs=1 count=6 2>/dev/null | cat -v; stty sane";
        run(script).screen_is("^[[1;1R");
    }

    #[test]
    fn a_line_longer_than_the_screen_goes_on_below() {
        let ended = shell("printf 0123456789abc", 10).wait();
        ended.screen_is("0123456789\nabc");
    }

    #[test]
    #[should_panic(expected = "expected on the screen: never")]
    fn a_text_that_never_comes_fails_the_test() {
        shell("echo something else", 80).wait_for("never");
    }
}
