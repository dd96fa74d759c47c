//! What differs between operating systems, a file for each. Every file has the same items.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;
mod types;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;

pub(crate) use self::types::{Account, Process, RunningProgram, System};
pub(crate) use system::{
    NO_ACCESS_TIME, SEARCH_FOLDER, SYSTEM, ThreadAccount, act_again, act_as, copy_attributes,
    has_capabilities, keeps_access_times, lock_holders, mode, process, read_random_byte,
    running_programs, sync_file_system,
};

/// The machine, as the registry and releases spell it: `x64`, `arm64`. Below a translator it is the
/// machine itself, for which more and faster programs are installed than this one.
pub(crate) fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" if system::is_translated() => "arm64",
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    }
}
