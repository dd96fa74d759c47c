//! The real binaries against fake tools and a fake upstream, one file per scenario.
//!
//! All scenarios are one test binary, because linking is what takes time. `support` holds what they
//! stand on; it knows no scenario.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "so a test fails")]
#![allow(clippy::print_stderr, reason = "what can't be tested here is said")]
#![allow(clippy::too_many_lines, reason = "a table of cases is as long as it is")]

mod bad_input;
mod clocks;
mod conformance;
mod contract;
mod crash;
mod downloads;
mod machine;
mod policy;
mod real;
mod stores;
mod support;
mod tidy;
mod traps;
mod upstreams;
mod verbs;
