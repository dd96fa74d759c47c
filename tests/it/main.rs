//! Integration tests: the real binaries against fake tools and a fake upstream.
//!
//! Anything smaller than a process is tested next to its source. The rules for version files are
//! cases in `tests/conformance/`.
//!
//! | folder | what its tests cover |
//! |---|---|
//! | `commands` | the commands of `use` as a user types them: output, files written, exit code; one file per command, `typed` for the command line itself |
//! | `conformance` | runs the cases of `tests/conformance/`: which version a project gets |
//! | `contract` | running a program (`docs/exec.md`): calling the shim equals calling the program |
//! | `network` | servers, downloads, hashes, certificates, proxies, sources, each upstream's index, and the messages when one of them is unreachable or wrong |
//! | `packages` | what usher is given away as: packages, installed by their managers; recipes |
//! | `policy` | what settings allow and forbid: `auto_install`, `offline`, missing hashes, `quiet`, the ceiling |
//! | `bad_input` | wrong data on this machine: version files, settings, usher's home, the shims' files, the clock |
//! | `stores` | versions that usher didn't install for this user: other managers', the system's, the administrator's; and the user's own tools |
//! | `crash` | kill -9, full disks, disk errors, many processes at once, homes of other users (`docs/reliability.md`) |
//! | `fuzz` | hostile bytes: the corpus of the fuzz targets in `tests/fuzz/`, and random inputs made from it |
//! | `real` | real programs from real registries; skipped with a message if none can be reached |
//! | `tidy` | the repository itself: documents, sources, scripts, generated pages |
//! | `support` | what all tests use: sandbox, fake tool, fake upstream; no scenarios |
//!
//! Sort a test by its *subject*, not by what it needs. A download that fails because `offline` is
//! set belongs in `policy`; because no server answers, in `network`; because the disk is full, in
//! `crash`. A test of one command's messages belongs in `commands`.
//!
//! All folders are one test binary, because linking takes the most time. `FOLDER.rs` lists the
//! files of `FOLDER/` and has the code that they share.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "panics fail a test")]
#![allow(clippy::disallowed_methods, reason = "tests print paths as they are")]
#![allow(clippy::print_stderr, reason = "tests print what they skip")]
#![allow(clippy::too_many_lines, reason = "tables of cases are long")]

mod bad_input;
mod commands;
mod conformance;
mod contract;
mod crash;
mod fuzz;
mod network;
mod packages;
mod policy;
mod real;
mod stores;
mod support;
mod tidy;
