//! Real programs: node from the npm registry that this machine's npm is configured for, and this
//! machine's Python.
//!
//! Four versions are downloaded once for all tests, and deleted at the end. If no registry can be
//! reached, each test is skipped, and prints its location and the reason on standard error.
//!
//! `USHER_TEST_ALL=1 cargo test` installs every version of the list in `published` and runs its
//! `node` and `npm`. An unreachable registry is then a failure.

mod additions;
mod application;
mod archives;
mod calls;
mod globals;
mod go;
mod languages;
mod machine;
mod managers;
mod native;
mod php_web;
mod published;

use std::fs;
use std::io::Write as _;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::process::geteuid;

use crate::support::Sandbox;

pub(crate) use archives::packed;
pub(crate) use machine::{Python, pyenv, python};

/// The versions that are installed once for all tests.
const FETCHED: [&str; 3] = ["10.15.1", "10.15.3", "8.15.1"];

/// The version of the example application. A shim installs it, because a variable requests it.
const APPLICATION: &str = "12.0.0";

/// A newer version, downloaded by the tests that need one.
const MODERN: &str = "22.12.0";

/// A sandbox with these real versions of node, without npm, and access to the registry. If no
/// registry can be reached: `None`, and a message on standard error.
#[track_caller]
pub(crate) fn with_node(versions: &[&str]) -> Option<Sandbox> {
    let sandbox = connected()?;
    for version in versions {
        let folder = store().toolchain("node", version).join("bin");
        let own = sandbox.toolchain("node", version).join("bin");
        sandbox.hard_link_program(&folder.join("node"), own.join("node"));
    }
    sandbox.install();
    Some(sandbox)
}

/// Like `with_node`, with npm, which is thousands of files.
#[track_caller]
pub(crate) fn with_npm(versions: &[&str]) -> Option<Sandbox> {
    let sandbox = connected()?;
    for version in versions {
        let own = sandbox.toolchain("node", version);
        sandbox.hard_link_folder(&fetched("node", version), own);
    }
    sandbox.install();
    Some(sandbox)
}

/// Like `with_npm`, for an unprivileged account: if root runs the tests, `nobody`.
#[track_caller]
fn with_unprivileged_npm(versions: &[&str]) -> Option<Sandbox> {
    let sandbox = with_npm(versions)?;
    if !geteuid().is_root() {
        return Some(sandbox);
    }
    // This changes the owner of the shared files, too. Root can use them anyway.
    sandbox.chown_to_nobody();
    let reaches = sandbox.command("test").arguments(["-w", "."]).with_user_nobody().run();
    if reaches.status.success() {
        return Some(sandbox);
    }
    skipped("the account nobody can't access the folder for temporary files");
    None
}

/// A sandbox with versions of node, without npm, and with the Python of this machine.
#[track_caller]
pub(crate) fn with_node_and_python(versions: &[&str]) -> Option<(Sandbox, &'static Python)> {
    let python = any_python()?;
    let sandbox = with_python(with_node(versions)?);
    sandbox.reshim();
    Some((sandbox, python))
}

/// A Python of this machine. If there is none: `None`, and a message on standard error.
#[track_caller]
pub(crate) fn any_python() -> Option<&'static Python> {
    let found = python();
    if found.is_none() {
        skipped("this machine has no Python");
    }
    found
}

/// A Python of this machine that has pip and can be copied. If there is none: `None`, and a message
/// on standard error.
#[track_caller]
pub(crate) fn python_to_copy() -> Option<&'static Python> {
    let found = any_python()?;
    if found.pip.is_none() {
        skipped("the Python of this machine has no pip");
        return None;
    }
    if found.is_rearranged {
        skipped("a copy of this distribution's Python would install packages elsewhere");
        return None;
    }
    Some(found)
}

/// Lets a sandbox use pyenv's versions, without writing into their folders.
pub(crate) fn with_python(sandbox: Sandbox) -> Sandbox {
    let sandbox = sandbox.with_variable("PYTHONDONTWRITEBYTECODE", "1");
    match pyenv() {
        Some(root) => sandbox.with_variable("PYENV_ROOT", root),
        None => sandbox,
    }
}

/// An empty sandbox with access to the registry.
#[track_caller]
fn connected() -> Option<Sandbox> {
    let variables = match machine::registry() {
        Ok(variables) => variables,
        Err(reason) => {
            assert!(!machine::is_full_run(), "USHER_TEST_ALL is set, but {reason}");
            skipped(reason);
            return None;
        }
    };
    // Otherwise the official site would come first.
    let sandbox = Sandbox::new().with_variable("USHER_SOURCE", "node=npm");
    // npm's own requests for audits and updates only take time.
    let sandbox = sandbox.with_variable("npm_config_audit", "false");
    let sandbox = sandbox.with_variable("npm_config_update_notifier", "false");
    Some(sandbox.with_network(variables))
}

/// Reports a skipped test. Writes to standard error directly, because the test harness captures
/// `eprintln!`.
#[track_caller]
pub(crate) fn skipped(reason: &str) {
    let place = Location::caller();
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {place}: {reason}");
}

/// The folder of a version, which is downloaded the first time.
fn fetched(tool: &str, version: &str) -> PathBuf {
    static FETCHING: Mutex<()> = Mutex::new(());
    let _turn = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = store().toolchain(tool, version);
    if !folder.exists() {
        let request = format!("{tool}@{version}");
        store().use_command(&["install", &request]).with_long_timeout().run().succeeds();
    }
    folder
}

/// The sandbox where the real versions of node are installed once for all tests.
fn store() -> &'static Sandbox {
    static STORE: OnceLock<Sandbox> = OnceLock::new();
    extern "C" fn remove() {
        if let Some(sandbox) = STORE.get() {
            let _ = fs::remove_dir_all(sandbox.root());
        }
    }
    STORE.get_or_init(|| {
        let sandbox = connected().expect("the registry was reachable before");
        sandbox.install();
        for version in FETCHED {
            let request = format!("node@{version}");
            sandbox.use_command(&["install", &request]).with_long_timeout().run().succeeds();
        }
        let shim = sandbox.command("node").variable("NODE_VERSION", APPLICATION);
        let node = shim.argument("--version").with_long_timeout().run();
        node.succeeds().stdout_is(&format!("v{APPLICATION}")).stderr_contains("is ready");
        // SAFETY: the function takes no arguments and uses nothing that is freed when a process
        // exits. Statics are never dropped, so the folder must be deleted here.
        unsafe { libc::atexit(remove) };
        sandbox
    })
}
