//! Against the real thing: real Node from the npm registry that the npm client of this machine is
//! set up with, and the Python that the machine has.
//!
//! Four versions are fetched, once for all tests, and removed at the end. Where no registry can be
//! reached, each test says so on standard error, with its place and the reason, and shows nothing.
//!
//! `USHER_TEST_ALL=1 cargo test` fetches a platform's whole published list and runs each version's
//! `node` and `npm`; a registry that can't be reached is then a failure.

mod additions;
mod application;
mod archives;
mod calls;
mod globals;
mod go;
mod languages;
mod machine;
mod native;
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

/// The versions that every test finds on disk.
const FETCHED: [&str; 3] = ["10.15.1", "10.15.3", "8.15.1"];

/// The version of the application: fetched by a shim, because somebody asked for it.
const APPLICATION: &str = "12.0.0";

/// A version of our days, fetched by the tests that need one.
const MODERN: &str = "22.12.0";

/// A sandbox that has these real Nodes on disk, without npm, and reaches the registry they came
/// from; `None`, and a word on standard error, where no registry can be reached.
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

/// The same with npm: thousands of files.
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

/// The same for an account without rights: where root runs the tests, for `nobody`.
#[track_caller]
fn with_unprivileged_npm(versions: &[&str]) -> Option<Sandbox> {
    let sandbox = with_npm(versions)?;
    if !geteuid().is_root() {
        return Some(sandbox);
    }
    // The files that are shared change hands as well, which nobody who is root minds.
    sandbox.chown_to_nobody();
    let reaches = sandbox.command("test").arguments(["-w", "."]).as_nobody().run();
    if reaches.status.success() {
        return Some(sandbox);
    }
    skipped("the account nobody can't reach the folder for temporary files");
    None
}

/// Nodes without npm, and the Python of this machine within reach.
#[track_caller]
pub(crate) fn with_node_and_python(versions: &[&str]) -> Option<(Sandbox, &'static Python)> {
    let python = any_python()?;
    let sandbox = with_python(with_node(versions)?);
    sandbox.reshim();
    Some((sandbox, python))
}

/// A Python of this machine; `None`, and a word on standard error, where there is none.
#[track_caller]
pub(crate) fn any_python() -> Option<&'static Python> {
    let found = python();
    if found.is_none() {
        skipped("there is no Python on this machine");
    }
    found
}

/// A Python of this machine whose copy is a Python like any other, with pip in it; `None`, and a
/// word on standard error, where there is none.
#[track_caller]
pub(crate) fn python_to_copy() -> Option<&'static Python> {
    let found = any_python()?;
    if found.pip.is_none() {
        skipped("the Python of this machine has no pip");
        return None;
    }
    if found.is_rearranged {
        skipped("the Python of this machine is its distribution's, whose copy installs elsewhere");
        return None;
    }
    Some(found)
}

/// Lets a sandbox use pyenv's versions, but write nothing beside them.
pub(crate) fn with_python(sandbox: Sandbox) -> Sandbox {
    let sandbox = sandbox.with_variable("PYTHONDONTWRITEBYTECODE", "1");
    match pyenv() {
        Some(root) => sandbox.with_variable("PYENV_ROOT", root),
        None => sandbox,
    }
}

/// A sandbox with nothing in it that reaches the registry.
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
    // The official site has the same, and would be asked first where it can be reached.
    let sandbox = Sandbox::new().with_variable("USHER_SOURCE", "node=npm");
    // What npm asks the network of its own accord only takes time.
    let sandbox = sandbox.with_variable("npm_config_audit", "false");
    let sandbox = sandbox.with_variable("npm_config_update_notifier", "false");
    Some(sandbox.with_network(variables))
}

/// Says that a test shows nothing, past the test harness, which would keep it to itself.
#[track_caller]
pub(crate) fn skipped(reason: &str) {
    let place = Location::caller();
    let _ = writeln!(std::io::stderr(), "\nSKIPPED, and so not tested: {place}: {reason}");
}

/// The folder of a version, which is fetched unless it was.
fn fetched(tool: &str, version: &str) -> PathBuf {
    static FETCHING: Mutex<()> = Mutex::new(());
    let _turn = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = store().toolchain(tool, version);
    if !folder.exists() {
        let wanted = format!("{tool}@{version}");
        store().use_command(&["install", &wanted]).with_long_timeout().run().succeeds();
    }
    folder
}

/// The sandbox that the real Nodes are fetched into, once for all tests.
fn store() -> &'static Sandbox {
    static STORE: OnceLock<Sandbox> = OnceLock::new();
    extern "C" fn remove() {
        if let Some(sandbox) = STORE.get() {
            let _ = fs::remove_dir_all(sandbox.root());
        }
    }
    STORE.get_or_init(|| {
        let sandbox = connected().expect("a registry that could be reached just now");
        sandbox.install();
        for version in FETCHED {
            let wanted = format!("node@{version}");
            sandbox.use_command(&["install", &wanted]).with_long_timeout().run().succeeds();
        }
        let shim = sandbox.command("node").variable("NODE_VERSION", APPLICATION);
        let node = shim.argument("--version").with_long_timeout().run();
        node.succeeds().prints(&format!("v{APPLICATION}")).complains("is ready");
        // SAFETY: the function takes nothing and needs nothing that is gone when a process ends;
        // what is static is never dropped, so the folder has to be removed by hand.
        unsafe { libc::atexit(remove) };
        sandbox
    })
}
