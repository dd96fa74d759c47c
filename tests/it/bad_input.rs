//! Wrong data on this machine: version files, settings, usher's home, the shims' own files, the
//! clock.
//!
//! The result must be a clear message and the documented exit code, and no partial changes. Wrong
//! data from servers is in `network`.

mod clocks;
mod disk;
mod escapes;
mod extends;
mod files;
mod links;
mod secrets;
mod shims;
mod shortages;
mod warnings;
mod whole;

use crate::commands::offline_sandbox;
use crate::support::Sandbox;

/// A sandbox with a default node, which would run if usher ignored the wrong data.
fn with_default() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12\n");
    sandbox.reshim();
    sandbox
}
