//! What this machine holds is wrong: version files, settings, the home, the shims' own files, the
//! clock. What comes of it is a clear message, the documented exit code, and nothing half done. What
//! servers send that is wrong is in `network`.

mod clocks;
mod disk;
mod files;
mod shims;

use crate::commands::offline_sandbox;
use crate::support::Sandbox;

/// A sandbox with a node that would run if what is wrong were passed over.
fn with_default() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12\n");
    sandbox.reshim();
    sandbox
}
