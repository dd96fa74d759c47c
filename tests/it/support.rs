//! What all tests use: a sandbox with its own home, a fake tool, a fake upstream on loopback.
//!
//! ```ignore
//! let upstream = Upstream::start();
//! let sandbox = Sandbox::new().with_upstream(&upstream);
//! sandbox.install();
//! sandbox.file("project/.nvmrc", "12\n");
//! sandbox.command("node").argument("--version").run().succeeds().prints("v12.22.12");
//! assert_eq!(upstream.requests("/dist/index.json"), 1);
//! ```
//!
//! Everything is a value that a test creates and drops; tests run in parallel. Only two modules
//! hold state of the whole process: `built` (programs that are built once) and `executables` (no
//! process starts while an executable is being written). No scenarios here.
#![allow(dead_code, unused_imports, reason = "it may offer more than today's tests use")]

mod archives;
pub(crate) mod built;
mod catalogue;
pub(crate) mod clock;
mod command;
mod documents;
pub(crate) mod executables;
pub(crate) mod own_releases;
mod pipe;
mod release_key;
mod sandbox;
mod server;
mod tally;
mod terminal;
mod tests;
mod tree;
mod upstream;

pub(crate) use archives::{Archive, script_package as package};
pub(crate) use built::shim;
pub(crate) use catalogue::{Catalogue, IndexFile, NodeRelease, Package, Platform, PythonBuild};
pub(crate) use command::{Outcome, RunningShim, TestCommand, without_end_of_life};
pub(crate) use documents::sha256;
pub(crate) use executables::stdout_if_success;
pub(crate) use pipe::{Pipe, make_fifo};
pub(crate) use release_key::ReleaseKey;
pub(crate) use sandbox::Sandbox;
pub(crate) use tally::Tally;
pub(crate) use terminal::{Ended, Size, Terminal};
pub(crate) use tree::Tree;
pub(crate) use upstream::{Misbehaviour, Upstream};
