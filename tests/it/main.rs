//! The real binaries against fake tools and a fake upstream; what is lower than a process is tested
//! beside its source, and rules of version files are cases in `tests/conformance/`.
//!
//! | room | what a test in it shows |
//! |---|---|
//! | `commands` | a command of `use` as a person types it: what it prints, writes, and exits with; a file a command, `typed` for the command line itself |
//! | `conformance` | runs the cases of `tests/conformance/`: which version a project gets |
//! | `contract` | becoming the program (`docs/exec.md`): a call of the shim equals a call of the program |
//! | `network` | servers, downloads, hashes, certificates, proxies, sources, each upstream's index; what is said where one can't be reached or is wrong |
//! | `policy` | what settings allow and forbid: `auto_install`, `offline`, missing hashes, `quiet`, the ceiling |
//! | `bad_input` | what this machine holds is wrong: version files, settings, the home, the shims' files, the clock |
//! | `stores` | versions that usher didn't install for this account: other managers', the system's, the administrator's; and a person's own tools |
//! | `crash` | kill -9, a full disk, errors of the disk, many processes at once, homes of others (`docs/reliability.md`) |
//! | `fuzz` | hostile bytes: the corpus of the fuzz targets of `tests/fuzz/`, and what is drawn from it |
//! | `real` | real programs from real registries; skipped, and said, where none can be reached |
//! | `tidy` | the repository itself: documents, sources, scripts, generated pages |
//! | `support` | what all of these stand on: sandbox, fake tool, fake upstream; it knows no scenario |
//!
//! A test goes where its *subject* is, whatever it needs: a download that fails because `offline` is
//! set is `policy`; because nobody answers, `network`; because the disk is full, `crash`. A test of
//! one command's words is `commands`.
//!
//! All rooms are one test binary, because linking is what takes time. A room is `room.rs`, which
//! lists its files and holds what they share, and `room/`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "so a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests print paths as they are")]
#![allow(clippy::print_stderr, reason = "what can't be tested here is said")]
#![allow(clippy::too_many_lines, reason = "a table of cases is as long as it is")]

mod bad_input;
mod commands;
mod conformance;
mod contract;
mod crash;
mod fuzz;
mod network;
mod policy;
mod real;
mod stores;
mod support;
mod tidy;
