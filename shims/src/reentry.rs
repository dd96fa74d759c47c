//! What a pass-through leaves for the case that the foreign program calls back: one variable.
//!
//! A foreign shim that calls back does it with nothing changed: the same program, arguments and
//! folder, and mostly, after its first round, the same variables (a script may lengthen one of them
//! at each round, as pyenv's does: its variables don't count). A program that was reached calls another
//! one, or the same with something changed; else it would go on for ever without usher, too. So
//! what is counted is calls from which nothing changed. It knows no tool and runs nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::world::World;

/// The name of the variable.
pub const REENTRY: &str = "USHER_REENTRY";

/// How often a program may come back with nothing changed before it is an endless circle.
pub const MAX_RETURNS: usize = 20;

/// How many pass-throughs may lie within each other, whatever changes from one to the next.
pub const MAX_NESTED: usize = 1000;

/// What every shell changes for itself, and what a foreign shim may lengthen at each round.
const NO_STATE: [&str; 6] = [REENTRY, "PATH", "SHLVL", "PWD", "OLDPWD", "_"];

/// A pass-through: `PID:PROGRAM:CALL:STATE:RETURNS:NESTED:FOLDER[:FOLDER…]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReentryGuard {
    /// The process that passed on.
    pub process: u32,
    /// The program that it passed on.
    pub program: String,
    /// What it was called with, as [`state`] has it.
    pub state: CallState,
    /// How often it came back by now with nothing changed.
    pub returns: usize,
    /// How many pass-throughs lie around this one.
    pub nested: usize,
    /// The folders that this process passed on to, first to last.
    pub folders: Vec<PathBuf>,
}

/// What a program is called with, as numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallState {
    /// Arguments and working directory; 0 where what was passed on to is no script, which may call
    /// its own name again with other variables.
    pub call: u64,
    /// The same, and the variables.
    pub all: u64,
}

impl ReentryGuard {
    /// What the pass-through that is about to happen leaves, but for its folder, given what the
    /// one before left.
    ///
    /// A process that comes back passes over the folders it was in; a child that comes back may
    /// be an honest one, and begins anew.
    pub fn after(left: Option<&OsStr>, process: u32, program: &str, state: CallState) -> Self {
        let left = left.and_then(Self::parse);
        let nested = left.as_ref().map_or(0, |left| left.nested + 1);
        let program = program.to_owned();
        let again = left.filter(|left| {
            let is_same = left.process == process;
            let calls_back = is_same && left.state.call != 0 && left.state.call == state.call;
            left.program == program && (left.state.all == state.all || calls_back)
        });
        match again {
            Some(left) => {
                let is_same = left.process == process;
                let folders = if is_same { left.folders } else { Vec::new() };
                Self { process, program, state, returns: left.returns + 1, nested, folders }
            }
            None => Self { process, program, state, returns: 0, nested, folders: Vec::new() },
        }
    }

    /// Whether this can only be a circle.
    pub fn is_circle(&self) -> bool {
        self.returns >= MAX_RETURNS || self.nested >= MAX_NESTED
    }

    /// The variable's value for a pass-through into this folder.
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

    /// Reads the variable; `None` if somebody else wrote it.
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

/// What a program is called with: arguments, working directory, variables in any order.
pub fn state(world: &impl World, arguments: &[&OsStr]) -> CallState {
    let directory = world.directory().unwrap_or_default();
    let ordered = arguments
        .iter()
        .fold(digest(START, directory.as_os_str()), |sum, argument| digest(sum, argument));
    let variables = world.variables();
    let counted = variables.iter().filter(|(name, _)| !NO_STATE.iter().any(|other| name == other));
    let all = counted
        .fold(ordered, |sum, (name, value)| sum.wrapping_add(digest(digest(START, name), value)));
    CallState { call: ordered, all }
}

/// The first value of FNV-1a, 64 bits.
const START: u64 = 0xcbf2_9ce4_8422_2325;

/// One text more, and the null byte that ends it; FNV-1a.
fn digest(sum: u64, text: &OsStr) -> u64 {
    let bytes = text.as_bytes().iter().chain(&[0]);
    bytes.fold(sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;

    const P: &str = "/p/shims";

    fn left(returns: usize, nested: usize) -> OsString {
        format!("7:python:0:2a:{returns}:{nested}:{P}").into()
    }

    fn of(all: u64) -> CallState {
        CallState { call: 0, all }
    }

    #[test]
    fn a_pass_through_is_remembered() {
        let first = ReentryGuard::after(None, 7, "python", of(42));
        assert_eq!(first.print(P.as_ref()), left(0, 0));
        let second = ReentryGuard::after(Some(&left(0, 0)), 7, "python", of(42));
        assert_eq!(second.folders, [PathBuf::from(P)]);
        assert_eq!(second.print("/q".as_ref()), "7:python:0:2a:1:1:/p/shims:/q");
        assert_eq!(second.print(P.as_ref()), left(1, 1));
    }

    #[test]
    fn a_return_is_the_same_call_and_only_a_process_passes_its_folders_over() {
        let check = |process, program, state, returns, folders| {
            let via = ReentryGuard::after(Some(&left(3, 5)), process, program, of(state));
            assert_eq!((via.returns, via.nested, via.folders.len()), (returns, 6, folders));
        };
        check(7, "python", 42, 4, 1);
        check(8, "python", 42, 4, 0);
        check(7, "python", 43, 0, 0);
        check(7, "pip", 42, 0, 0);
    }

    #[test]
    fn a_script_that_changes_variables_is_known_by_its_call() {
        let left: OsString = "7:python:b:2a:0:0:/p/shims".into();
        let again =
            |call| ReentryGuard::after(Some(&left), 7, "python", CallState { call, all: 43 });
        assert_eq!((again(11).returns, again(11).folders.len()), (1, 1));
        assert_eq!((again(12).returns, again(12).folders.len()), (0, 0));
    }

    #[test]
    fn circles_end() {
        let circle =
            |left: &str| ReentryGuard::after(Some(left.as_ref()), 7, "python", of(42)).is_circle();
        assert!(!circle("7:python:0:2a:18:18:/p"));
        assert!(circle("7:python:0:2a:19:19:/p"));
        assert!(!circle("7:python:0:0:19:200:/p"));
        assert!(circle("7:python:0:0:0:999:/p"));
        assert!(!circle("somebody else's"));
    }

    #[test]
    fn what_is_the_same_call() {
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
