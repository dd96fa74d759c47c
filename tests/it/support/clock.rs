//! Runs commands with a wrong clock (`clock.c`).
//!
//! The clock is a library for `LD_PRELOAD`. It works for `use`, which is linked dynamically; the
//! released shim is static, and reads no clock.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Sandbox, TestCommand, built};

/// Shortly after 1 January 1970, where clocks without a battery start.
pub(crate) const CLOCK_OF_1970: u64 = 12;

/// 1 January 2099.
pub(crate) const CLOCK_OF_2099: u64 = 4_070_908_800;

/// Whether `LD_PRELOAD` works here; prints a message if not.
pub(crate) fn can_be_wrong() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| {
        let is_linked = cfg!(all(target_os = "linux", target_env = "gnu"));
        is_linked && {
            let date = Sandbox::new().command("date").argument("+%Y").at(CLOCK_OF_2099).run();
            date.stdout.trim() == "2099"
        }
    });
    if !can {
        crate::commands::skipped(
            "programs can't be given a wrong clock here; clocks aren't tested",
        );
    }
    can
}

impl TestCommand {
    /// Starts the command's clock at this many seconds since 1970.
    pub(crate) fn at(self, seconds: u64) -> Self {
        self.variable("LD_PRELOAD", library()).variable("USHER_TEST_CLOCK", seconds.to_string())
    }

    /// Sets the clock while the command runs: after `reads` readings it shows `seconds` more.
    pub(crate) fn with_clock_jump(self, reads: u32, seconds: i64) -> Self {
        let jump = format!("{reads}:{seconds}");
        self.variable("LD_PRELOAD", library()).variable("USHER_TEST_CLOCK_JUMP", jump)
    }
}

fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| built::c_library("clock", include_str!("clock.c")))
}
