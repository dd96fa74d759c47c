//! Files that another user put where usher writes: usher never changes anything through them.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::PathBuf;

use crate::commands::skipped;
use crate::support::{Sandbox, Upstream};

/// A sandbox with a folder that isn't usher's and must not change.
fn with_foreign() -> (Upstream, Sandbox, PathBuf) {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.file("foreign/file", "another user's\n");
    sandbox.file("foreign/folder/file", "another user's, too\n");
    let foreign = sandbox.root().join("foreign");
    (upstream, sandbox, foreign)
}

#[test]
fn planted_symlinks_are_not_followed() {
    let (_upstream, sandbox, foreign) = with_foreign();
    let before = sandbox.tree("foreign");
    let usher = sandbox.usher();
    let planted = [
        usher.join("locks/node-12.22.12.lock"),
        usher.join("locks/staging.lock"),
        usher.join("locks/shims.lock"),
        sandbox.shim("node12"),
        sandbox.shim(".usher"),
        sandbox.home().join(".config/usher/shims/node@12"),
    ];
    for path in planted {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        symlink(foreign.join("file"), &path).unwrap();
        sandbox.use_command(&["install", "node@12.22.12"]).run();
        sandbox.use_command(&["shim", "node@12"]).run();
        let _ = sandbox.use_command(&["uninstall", "node@12.22.12", "--yes"]).run();
        let changes = before.changes(&sandbox.tree("foreign"));
        assert!(changes.is_empty(), "{}: {changes:?}", path.display());
        let _ = fs::remove_file(&path);
    }
    // None of this has lasting effects.
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    sandbox.command("node").arguments(["+12", "-v"]).run().succeeds().stdout_is("v12.22.12");
}

#[test]
fn planted_hard_links_are_not_written_to() {
    let (_upstream, sandbox, foreign) = with_foreign();
    let before = sandbox.tree("foreign");
    let lock = sandbox.usher().join("locks/node-12.22.12.lock");
    fs::hard_link(foreign.join("file"), &lock).unwrap();
    let refused = sandbox.use_command(&["install", "node@12.22.12"]).run();
    refused.fails_with(77).stderr_contains("is not usher's lock file").stderr_contains("hint: rm ");
    assert_eq!(before.changes(&sandbox.tree("foreign")), Vec::<String>::new());
}

#[test]
fn link_targets_in_staging_are_not_swept() {
    let (_upstream, sandbox, foreign) = with_foreign();
    let before = sandbox.tree("foreign");
    let staging = sandbox.folder("home/.local/share/usher/staging");
    symlink(&foreign, staging.join("node-12.22.12-link")).unwrap();
    symlink(foreign.join("file"), staging.join("node-12.22.12-file")).unwrap();
    let inner = sandbox.folder("home/.local/share/usher/staging/node-12.22.12-left/tree");
    symlink(&foreign, inner.join("link")).unwrap();
    sandbox.command("mkfifo").argument(staging.join("pipe")).run().succeeds();
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
    assert_eq!(before.changes(&sandbox.tree("foreign")), Vec::<String>::new());
}

#[test]
fn a_foreign_entry_at_a_toolchains_path_is_never_touched() {
    let (_upstream, sandbox, foreign) = with_foreign();
    let before = sandbox.tree("foreign");
    let target = sandbox.toolchain("node", "12.22.12");
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    let plant: [&dyn Fn(); 5] = [
        &|| symlink(&foreign, &target).unwrap(),
        &|| symlink(foreign.join("absent"), &target).unwrap(),
        &|| fs::create_dir(&target).unwrap(),
        &|| fs::write(&target, "").unwrap(),
        &|| {
            fs::create_dir(&target).unwrap();
            fs::write(target.join("thesis"), "unique").unwrap();
        },
    ];
    for plant in plant {
        plant();
        let planted = sandbox.tree("home/.local/share/usher/toolchains");
        let refused = sandbox.use_command(&["install", "node@12.22.12"]).run();
        refused
            .fails_with(73)
            .stderr_contains("exists and is not a node toolchain")
            .stderr_contains("hint: move it");
        let now = sandbox.tree("home/.local/share/usher/toolchains");
        assert_eq!(planted.changes(&now), Vec::<String>::new());
        fs::remove_file(&target).or_else(|_| fs::remove_dir_all(&target)).unwrap();
    }
    assert_eq!(before.changes(&sandbox.tree("foreign")), Vec::<String>::new());
}

/// In a store where all users can create files, as in `/tmp`, a folder may be another user's trap.
#[test]
fn a_folder_of_another_user_in_the_home_is_refused() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can create files of another account");
        return;
    }
    let (_upstream, sandbox, foreign) = with_foreign();
    let before = sandbox.tree("foreign");
    let staging = sandbox.usher().join("staging");
    let _ = fs::remove_dir(&staging);
    symlink(&foreign, &staging).unwrap();
    std::os::unix::fs::lchown(&staging, Some(4711), None).unwrap();
    let refused = sandbox.use_command(&["install", "node@12.22.12"]).run();
    refused.fails_with(77).stderr_contains("staging belongs to account 4711");
    fs::remove_file(&staging).unwrap();
    fs::create_dir(&staging).unwrap();
    chown(&staging, Some(4711), None).unwrap();
    sandbox.use_command(&["install", "node@12.22.12"]).run().fails_with(77);
    assert_eq!(before.changes(&sandbox.tree("foreign")), Vec::<String>::new());
}
