//! The guard against endless loops: a variable that the shim sets when it runs the next program on
//! PATH, in case that one calls the shim back.
//!
//! A foreign shim calls back with everything unchanged: the same program, arguments and folder, and
//! mostly the same variables after its first round. (A script may lengthen a variable at each
//! round, as pyenv's does: its variables don't count.) A real program calls another one, or changes
//! something; otherwise it would loop even without usher. So the guard counts calls without a change.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::world::World;

/// The name of the variable.
pub const REENTRY: &str = "USHER_REENTRY";

/// How often a program may call back without a change.
pub const MAX_RETURNS: usize = 20;

/// How many times a call may fall through to PATH within another one, with or without a change.
pub const MAX_NESTED: usize = 1000;

/// Variables that shells change themselves, and that foreign shims may lengthen.
const UNCOUNTED_VARIABLES: [&str; 6] = [REENTRY, "PATH", "SHLVL", "PWD", "OLDPWD", "_"];

/// The value of the variable: `PID:PROGRAM:CALL:STATE:RETURNS:NESTED:FOLDER[:FOLDER…]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReentryGuard {
    /// The process of the shim.
    pub process: u32,
    /// The program that was called.
    pub program: String,
    /// The arguments, directory and variables of the call, by [`state`].
    pub state: CallState,
    /// How often it called back without a change.
    pub returns: usize,
    /// How many calls that fell through to PATH are around this one.
    pub nested: usize,
    /// The folders of the programs that this process ran, first to last.
    pub folders: Vec<PathBuf>,
}

/// What a program is called with, as hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallState {
    /// Arguments and working directory; 0 if the next program isn't a script, since it may call its
    /// own name with other variables.
    pub call: u64,
    /// Arguments, working directory and variables.
    pub all: u64,
}

impl ReentryGuard {
    /// The guard for the next call, except its folder, from the previous value of the variable.
    ///
    /// A process that calls back skips the folders it was in. A child process that calls back may
    /// be a regular call, and skips none.
    pub fn after(previous: Option<&OsStr>, process: u32, program: &str, state: CallState) -> Self {
        let previous = previous.and_then(Self::parse);
        let nested = previous.as_ref().map_or(0, |previous| previous.nested + 1);
        let program = program.to_owned();
        let again = previous.filter(|previous| {
            let is_same = previous.process == process;
            let calls_back =
                is_same && previous.state.call != 0 && previous.state.call == state.call;
            previous.program == program && (previous.state.all == state.all || calls_back)
        });
        match again {
            Some(previous) => {
                let is_same = previous.process == process;
                let folders = if is_same { previous.folders } else { Vec::new() };
                Self { process, program, state, returns: previous.returns + 1, nested, folders }
            }
            None => Self { process, program, state, returns: 0, nested, folders: Vec::new() },
        }
    }

    /// Whether this is an endless loop.
    pub fn is_loop(&self) -> bool {
        self.returns >= MAX_RETURNS || self.nested >= MAX_NESTED
    }

    /// The variable's value for a program in this folder.
    pub fn print(&self, next: &Path) -> OsString {
        let Self { process, program, state: CallState { call, all }, returns, nested, folders } =
            self;
        let mut value =
            format!("{process}:{program}:{call:x}:{all:x}:{returns}:{nested}").into_bytes();
        for folder in
            folders.iter().map(PathBuf::as_path).filter(|folder| *folder != next).chain([next])
        {
            value.push(b':');
            value.extend(folder.as_os_str().as_bytes());
        }
        OsString::from_vec(value)
    }

    /// Reads the variable; `None` if usher didn't write it.
    fn parse(value: &OsStr) -> Option<Self> {
        let mut fields = value.as_bytes().split(|byte| *byte == b':');
        let mut text = || std::str::from_utf8(fields.next()?).ok();
        Some(Self {
            process: text()?.parse().ok()?,
            program: text()?.to_owned(),
            state: CallState {
                call: u64::from_str_radix(text()?, 16).ok()?,
                all: u64::from_str_radix(text()?, 16).ok()?,
            },
            returns: text()?.parse().ok()?,
            nested: text()?.parse().ok()?,
            folders: fields.map(|folder| PathBuf::from(OsStr::from_bytes(folder))).collect(),
        })
    }
}

/// The hashes of a call: arguments, working directory, variables in any order.
pub fn state(world: &impl World, arguments: &[&OsStr]) -> CallState {
    let directory = world.directory().unwrap_or_default();
    let ordered = arguments
        .iter()
        .fold(digest(START, directory.as_os_str()), |sum, argument| digest(sum, argument));
    let variables = world.variables();
    let counted =
        variables.iter().filter(|(name, _)| !UNCOUNTED_VARIABLES.iter().any(|other| name == other));
    let all = counted
        .fold(ordered, |sum, (name, value)| sum.wrapping_add(digest(digest(START, name), value)));
    CallState { call: ordered, all }
}

/// The first value of FNV-1a, 64 bits.
const START: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds a text and a null byte; FNV-1a.
fn digest(sum: u64, text: &OsStr) -> u64 {
    let bytes = text.as_bytes().iter().chain(&[0]);
    bytes.fold(sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;

    const P: &str = "/p/shims";

    fn previous(returns: usize, nested: usize) -> OsString {
        format!("7:python:0:2a:{returns}:{nested}:{P}").into()
    }

    fn of(all: u64) -> CallState {
        CallState { call: 0, all }
    }

    #[test]
    fn a_fall_through_to_path_is_remembered() {
        let first = ReentryGuard::after(None, 7, "python", of(42));
        assert_eq!(first.print(P.as_ref()), previous(0, 0));
        let second = ReentryGuard::after(Some(&previous(0, 0)), 7, "python", of(42));
        assert_eq!(second.folders, [PathBuf::from(P)]);
        assert_eq!(second.print("/q".as_ref()), "7:python:0:2a:1:1:/p/shims:/q");
        assert_eq!(second.print(P.as_ref()), previous(1, 1));
    }

    #[test]
    fn only_the_same_process_skips_its_folders() {
        let check = |process, program, state, returns, folders| {
            let guard = ReentryGuard::after(Some(&previous(3, 5)), process, program, of(state));
            assert_eq!((guard.returns, guard.nested, guard.folders.len()), (returns, 6, folders));
        };
        check(7, "python", 42, 4, 1);
        check(8, "python", 42, 4, 0);
        check(7, "python", 43, 0, 0);
        check(7, "pip", 42, 0, 0);
    }

    #[test]
    fn a_script_that_changes_variables_is_matched_by_its_call() {
        let previous: OsString = "7:python:b:2a:0:0:/p/shims".into();
        let again =
            |call| ReentryGuard::after(Some(&previous), 7, "python", CallState { call, all: 43 });
        assert_eq!((again(11).returns, again(11).folders.len()), (1, 1));
        assert_eq!((again(12).returns, again(12).folders.len()), (0, 0));
    }

    #[test]
    fn endless_loops_end() {
        let circle = |previous: &str| {
            ReentryGuard::after(Some(previous.as_ref()), 7, "python", of(42)).is_loop()
        };
        assert!(!circle("7:python:0:2a:18:18:/p"));
        assert!(circle("7:python:0:2a:19:19:/p"));
        assert!(!circle("7:python:0:0:19:200:/p"));
        assert!(circle("7:python:0:0:0:999:/p"));
        assert!(!circle("another program's"));
    }

    #[test]
    fn calls_are_compared_by_arguments_directory_and_variables() {
        let world = MemoryWorld::at("/app").variable("A", "1").variable("PATH", "/bin");
        let of = |world: &MemoryWorld, words: &[&str]| {
            state(world, &words.iter().map(OsStr::new).collect::<Vec<_>>()).all
        };
        let call = of(&world, &["a", "b"]);
        assert_eq!(
            call,
            of(&world.clone().variable("PATH", "/x:/bin").variable("SHLVL", "2"), &["a", "b"])
        );
        for other in [
            of(&world, &["a"]),
            of(&world, &["ab", ""]),
            of(&world.clone().variable("A", "2"), &["a", "b"]),
            of(&world.clone().variable("B", ""), &["a", "b"]),
            of(&world.clone().in_directory("/"), &["a", "b"]),
        ] {
            assert_ne!(call, other);
        }
    }
}
