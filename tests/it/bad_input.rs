//! What comes in is wrong, and what comes of it: a clear message, the documented exit code, and
//! nothing half done.

mod disk;
mod files;
mod shims;
mod upstream;

use crate::support::{Sandbox, Tree};
use crate::verbs::offline_sandbox;

/// Nothing looks installed, nothing is half-made, and the project is as it was.
#[track_caller]
fn assert_nothing_came(sandbox: &Sandbox, project: &Tree) {
    let changes = project.changes(&sandbox.tree("project"));
    assert!(changes.is_empty(), "{changes:#?}");
    for folder in ["toolchains/node", "toolchains/python", "staging"] {
        let left = std::fs::read_dir(sandbox.usher().join(folder)).into_iter().flatten().count();
        assert_eq!(left, 0, "in {folder}");
    }
}

/// A sandbox with a node that would run if what is wrong were passed over.
fn with_default() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12\n");
    sandbox.reshim();
    sandbox
}
