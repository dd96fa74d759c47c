//! The real binaries against fake tools and a fake upstream, one file per scenario.
//!
//! All scenarios are one test binary, because linking is what takes time. `bench` holds what they
//! stand on; it knows no scenario.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "so a test fails")]

mod bench;
mod real;
mod traps;
