//! What happens when the process is interrupted: unfinished folders are deleted, one report says what
//! was done and what wasn't, and the process ends by the same signal. A second signal ends it at once.
//! Signals that were ignored stay ignored.

use std::fs;
use std::os::raw::c_int;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_default};
use signal_hook::iterator::Signals;

use super::remove::remove_tree;
use super::write_access::{ThreadAccess, WriteAccess};

/// How often a folder is deleted at most, while something adds to it.
const DELETIONS: usize = 10;

/// What an interrupt concerns. Signals are per process, and so is this.
static STATE: Mutex<State> = Mutex::new(State::EMPTY);

/// The watcher is started once, and never stopped: a removed handler would leave a signal without
/// effect. `execve` ends it.
static WATCHER: Once = Once::new();

/// Whether a signal came: set by its handler, before anything acts on it.
static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// What an interrupt concerns.
struct State {
    /// The folders that are deleted.
    folders: Vec<UnfinishedFolder>,
    /// The work that is reported, oldest first.
    work: Vec<(u64, Work)>,
    /// How much work there was so far.
    count: u64,
    /// They report an interrupt, the latest first.
    reporters: Vec<OnInterrupt>,
}

/// A folder, and the access with which it is deleted.
type UnfinishedFolder = (PathBuf, ThreadAccess<'static>);

/// Reports an interrupt, or clears the terminal for that.
type OnInterrupt = Box<dyn Fn(&Interruption) + Send>;

/// An interrupt, as it is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// What was done and what wasn't: `node 22.3.0 was not installed`. Empty if nothing is known.
    pub what: String,
    /// Whether a question was open, so that the cursor is behind it.
    pub at_question: bool,
}

/// A folder that is deleted if the process is interrupted while this value exists.
#[derive(Debug)]
pub struct InterruptGuard {
    folder: PathBuf,
}

/// Work that is reported if the process is interrupted while this value exists: as done or as not
/// done.
#[derive(Debug)]
#[must_use]
pub struct Unfinished {
    id: u64,
}

/// What is reported of some work.
#[derive(Debug, Clone)]
enum Work {
    /// A version is installed. It is there as soon as the folder is.
    Install { name: String, folder: Option<PathBuf> },
    /// A version is removed. It is gone as soon as the folder is.
    Removal { name: String, folder: PathBuf },
    /// Something else: `no pin was changed`.
    Other(String),
    /// A question is open. Without an answer, this is so: `nothing was removed`.
    Question(String),
}

/// Does what an interrupt finds either not begun or done, such as giving an unfinished folder its final
/// name: an interrupt would delete it at the same time. Must be short: an interrupt waits for it.
pub fn undisturbed<T>(act: impl FnOnce() -> T) -> T {
    let _state = state();
    act()
}

/// Doesn't return if the process is being interrupted. Call it after a child process, which the terminal
/// interrupts as well, and before the process ends or becomes a program: its end must not be mistaken for
/// that of the work.
pub fn stop_if_interrupted() {
    while INTERRUPTED.load(Ordering::Relaxed) {
        thread::park();
    }
}

/// Reports interrupts from now on, before those who were registered earlier.
pub fn on_interrupt(report: impl Fn(&Interruption) + Send + 'static) {
    state().reporters.push(Box::new(report));
}

impl InterruptGuard {
    /// Deletes `folder` on an interrupt, and then ends the process by the signal.
    pub fn removing_on_interrupt(access: &WriteAccess, folder: &Path) -> Self {
        state().folders.push((folder.to_path_buf(), access.for_threads().for_deleting()));
        WATCHER.call_once(watch_signals);
        Self { folder: folder.to_path_buf() }
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        state().folders.retain(|(folder, _)| *folder != self.folder);
    }
}

impl Unfinished {
    /// The install of a version that is only known by its request so far: `node 22`.
    pub fn request(name: String) -> Self {
        Self::begin(Work::Install { name, folder: None })
    }

    /// The install of a version into this folder.
    pub fn install(name: String, folder: &Path) -> Self {
        Self::begin(Work::Install { name, folder: Some(folder.to_path_buf()) })
    }

    /// The removal of a version from this folder.
    pub fn removal(name: String, folder: &Path) -> Self {
        Self::begin(Work::Removal { name, folder: folder.to_path_buf() })
    }

    /// Anything else, as it is reported: `no pin was changed`.
    pub fn other(what: &str) -> Self {
        Self::begin(Work::Other(what.to_owned()))
    }

    /// A question, and what is reported if it isn't answered: `nothing was removed`.
    pub fn question(otherwise: &str) -> Self {
        Self::begin(Work::Question(otherwise.to_owned()))
    }

    /// The requested version is this one, which is installed into this folder.
    pub fn is_version(&self, name: String, folder: &Path) {
        let version = Work::Install { name, folder: Some(folder.to_path_buf()) };
        if let Some((_, work)) = state().work.iter_mut().find(|(id, _)| *id == self.id) {
            *work = version;
        }
    }

    /// Reports it no longer: it was done before.
    pub fn forget(&self) {
        state().forget(self.id);
    }

    /// Does what completes it, as [`undisturbed`] does: an interrupt reports it as not done, or not at
    /// all.
    pub fn complete<T, E>(&self, act: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut state = state();
        let done = act()?;
        state.forget(self.id);
        Ok(done)
    }

    fn begin(work: Work) -> Self {
        let mut state = state();
        state.count += 1;
        let id = state.count;
        state.work.push((id, work));
        drop(state);
        WATCHER.call_once(watch_signals);
        Self { id }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.forget();
    }
}

impl State {
    const EMPTY: Self =
        Self { folders: Vec::new(), work: Vec::new(), count: 0, reporters: Vec::new() };

    fn forget(&mut self, id: u64) {
        self.work.retain(|(other, _)| *other != id);
    }

    /// Deletes what is unfinished, and reports. In this order: afterwards nothing changes any more.
    fn end(&self) {
        for (folder, access) in &self.folders {
            // The work goes on, and may add to the folder while it is deleted.
            let is_deleted = || access.with(|_| remove_tree(folder)).is_ok();
            (0..DELETIONS).any(|_| is_deleted());
        }
        let work = self.work.iter().map(|(_, work)| work);
        let interruption = Interruption::of(work, &|folder| fs::symlink_metadata(folder).is_ok());
        for report in self.reporters.iter().rev() {
            report(&interruption);
        }
    }
}

impl Interruption {
    /// What is to be reported of this work.
    fn of<'a>(work: impl Iterator<Item = &'a Work>, exists: &dyn Fn(&Path) -> bool) -> Self {
        let (mut there, mut missing) = (Vec::new(), Vec::new());
        let (mut gone, mut left) = (Vec::new(), Vec::new());
        let (mut others, mut at_question) = (Vec::new(), false);
        for work in work {
            let (list, text) = match work {
                Work::Install { name, folder } => match folder.as_deref().is_some_and(exists) {
                    true => (&mut there, name),
                    false => (&mut missing, name),
                },
                Work::Removal { name, folder } => match exists(folder) {
                    true => (&mut left, name),
                    false => (&mut gone, name),
                },
                Work::Other(what) => (&mut others, what),
                Work::Question(otherwise) => {
                    at_question = true;
                    (&mut others, otherwise)
                }
            };
            if !list.contains(&text.as_str()) {
                list.push(text.as_str());
            }
        }
        let lists = [
            (there, "installed"),
            (missing, "not installed"),
            (gone, "removed"),
            (left, "not removed"),
        ];
        let clauses = lists.into_iter().filter_map(|(names, how)| clause(&names, how));
        let clauses: Vec<String> = clauses.chain(others.into_iter().map(str::to_owned)).collect();
        Self { what: clauses.join("; "), at_question }
    }
}

/// `node 22.3.0 and deno 2.1.0 were installed`
fn clause(names: &[&str], how: &str) -> Option<String> {
    Some(match names {
        [] => return None,
        [one] => format!("{one} was {how}"),
        [before @ .., last] => format!("{} and {last} were {how}", before.join(", ")),
    })
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Without a thread to act on them, signals end the process as ever, and a later process deletes its
/// folders.
fn watch_signals() {
    let (sender, is_watching) = channel();
    let started = thread::Builder::new().spawn(move || {
        let watched: Vec<c_int> =
            [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)).collect();
        for signal in &watched {
            // A second one is not kept waiting by what the first one started.
            let _ = register_conditional_default(*signal, Arc::clone(&INTERRUPTED));
        }
        let signals = Signals::new(&watched);
        if signals.is_ok() {
            for signal in &watched {
                let _ = register(*signal, Arc::clone(&INTERRUPTED));
            }
        }
        let _ = sender.send(());
        let Ok(mut signals) = signals else { return };
        for signal in signals.forever() {
            // The lock is held until the end, so that nothing new begins.
            let state = state();
            state.end();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            drop(state);
        }
    });
    if started.is_ok() {
        let _ = is_watching.recv();
    }
}

/// Whether a signal is ignored, as under `nohup`.
pub fn is_ignored(signal: c_int) -> bool {
    // SAFETY: reads the disposition and changes nothing; a zeroed `sigaction` is a valid one.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_was_done_and_what_was_not() {
        let install = |name: &str, folder: Option<&str>| Work::Install {
            name: name.to_owned(),
            folder: folder.map(PathBuf::from),
        };
        let removal = |name: &str, folder: &str| Work::Removal {
            name: name.to_owned(),
            folder: PathBuf::from(folder),
        };
        let report = |work: &[Work]| {
            Interruption::of(work.iter(), &|folder| folder.starts_with("/there")).what
        };
        let node = install("node 22.3.0", Some("/other"));
        assert_eq!(report(&[]), "");
        assert_eq!(report(&[install("node 22", None)]), "node 22 was not installed");
        assert_eq!(report(&[node.clone(), node.clone()]), "node 22.3.0 was not installed");
        let pin = Work::Other("no pin was changed".to_owned());
        assert_eq!(
            report(&[
                node,
                install("a 1", None),
                install("b 2", None),
                install("c 3", Some("/there")),
                pin
            ]),
            "c 3 was installed; node 22.3.0, a 1 and b 2 were not installed; no pin was changed"
        );
        assert_eq!(
            report(&[removal("a 1", "/there"), removal("b 2", "/other")]),
            "b 2 was removed; a 1 was not removed"
        );
    }

    #[test]
    fn a_report_names_what_exists_at_that_moment() {
        let seen = || {
            let state = state();
            Interruption::of(state.work.iter().map(|(_, work)| work), &|_| false)
        };
        let request = Unfinished::request("node 22".to_owned());
        assert_eq!(seen().what, "node 22 was not installed");
        request.is_version("node 22.3.0".to_owned(), Path::new("/other"));
        let question = Unfinished::question("nothing was removed");
        let what = "node 22.3.0 was not installed; nothing was removed".to_owned();
        assert_eq!(seen(), Interruption { what, at_question: true });
        drop((request, question));
        assert_eq!(seen(), Interruption { what: String::new(), at_question: false });
    }
}
