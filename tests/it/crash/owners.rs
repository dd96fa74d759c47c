//! Homes that others own, or that everybody may write. What needs root says so where it isn't.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use crate::commands::skipped;
use crate::support::{Sandbox, TestCommand, Upstream};

const NOBODY: u32 = 65534;

/// No account of any machine.
const UNKNOWN: &str = "1000650000";

fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skipped("only root can act for other accounts; whose what is written is isn't tested");
    }
    is_root
}

/// A sandbox with usher that every account can reach.
fn reachable(upstream: &Upstream) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    sandbox.install();
    sandbox.open_to_all();
    sandbox
}

fn by_unknown(sandbox: &Sandbox, command: &[&str]) -> TestCommand {
    let unknown = [&format!("--reuid={UNKNOWN}"), "--regid=0", "--clear-groups"];
    sandbox.command("/usr/bin/setpriv").arguments(unknown).arguments(command)
}

/// What in a folder isn't this account's.
fn not_of(owner: u32, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let seen = fs::symlink_metadata(&path).unwrap();
            if seen.uid() != owner {
                found.push(format!("{} is {}'s", path.display(), seen.uid()));
            }
            folders.extend(seen.is_dir().then_some(path));
        }
    }
    found
}

#[test]
fn what_root_writes_in_anothers_home_is_that_ones() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.give_to_nobody();
    for words in [
        &["install", "node@12.22.12"][..],
        &["--global", "node@10.24.1"],
        &["available", "node"],
        &["outdated"],
        &["repair", "node@12.22.12"],
        &["upgrade"],
        &["shim", "node@12"],
        &["shim", "--remove", "node@12"],
        &["uninstall", "node@12.22.12"],
    ] {
        sandbox.use_command(words).run().succeeds();
    }
    // Without a project it is the default that is written.
    sandbox.use_command(&["node@12"]).directory(sandbox.home()).run().succeeds();
    // What only explains keeps the index that it asked for.
    sandbox.use_command(&["cache", "clean"]).run().succeeds();
    let why = sandbox.use_command(&["why", "node"]).variable("NODE_VERSION", "10").run().succeeds();
    let indexes = sandbox.home().join(".cache/usher/indexes");
    assert_eq!(indexes.read_dir().unwrap().count(), 1, "{why}");
    sandbox.command("node").arguments(["+12.22.11", "-v"]).run().succeeds().prints("v12.22.11");
    assert_eq!(not_of(NOBODY, &sandbox.home()), Vec::<String>::new());
    // The program itself, and the project's pin, are root's.
    let made = sandbox.project().join("made");
    let touch = ["node@10.24.1", "--", "/usr/bin/touch", "made"];
    sandbox.use_command(&touch).run().succeeds();
    assert_eq!(fs::metadata(made).unwrap().uid(), 0);
    chown(sandbox.project(), Some(0), Some(0)).unwrap();
    sandbox.use_command(&["node@10.24.1"]).run().succeeds();
    assert_eq!(fs::metadata(sandbox.project().join(".tool-versions")).unwrap().uid(), 0);
}

/// Emptying the cache is writing, too: as the home's owner, and by nobody else.
#[test]
fn the_cache_in_anothers_home_is_emptied_by_its_owner_alone() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.open_to_all();
    sandbox.use_command(&["available", "node"]).run().succeeds();
    let indexes = sandbox.home().join(".cache/usher/indexes");
    let kept = || fs::read_dir(&indexes).unwrap().count();
    let (all, none) = (kept(), 0);
    assert_ne!(all, none);
    let clean = || sandbox.use_command(&["cache", "clean"]);
    // What the cache lets everybody do is still not everybody's to do.
    fs::set_permissions(&indexes, Permissions::from_mode(0o777)).unwrap();
    chown(sandbox.usher(), Some(4711), None).unwrap();
    let before = sandbox.tree("home");
    let refused = clean().by_nobody().run().fails_with(77);
    refused.complains("belongs to account 4711, and you are 65534");
    assert_eq!(before.changes(&sandbox.tree("home")), Vec::<String>::new());
    // Root does as the owner what the owner may, and no more.
    fs::set_permissions(&indexes, Permissions::from_mode(0o755)).unwrap();
    clean().run().fails_with(77).complains("can't delete");
    assert_eq!(kept(), all, "root did more than the home's owner may");
    chown(&indexes, Some(4711), None).unwrap();
    clean().run().succeeds();
    assert_eq!(kept(), none);
}

#[test]
fn nobody_else_writes_in_anothers_home() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = reachable(&upstream);
    sandbox.use_command(&["install", "node@10.24.1"]).run().succeeds();
    let data = sandbox.usher();
    chown(&data, Some(4711), None).unwrap();
    let before = sandbox.tree("home");
    let refused = sandbox.use_command(&["install", "node@12"]).by_nobody().run();
    insta::assert_snapshot!(refused.transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    usher: [SANDBOX]/home/.local/share/usher belongs to account 4711, and you are 65534
      that account could change the programs there
      hint: export USHER_HOME=/a/folder/of/yours
    ");
    sandbox.use_command(&["reshim"]).by_nobody().run().fails_with(77);
    sandbox.command("node").arguments(["+12", "-v"]).by_nobody().run().fails_with(126);
    // What is there runs.
    sandbox.command("node").arguments(["+10", "-v"]).by_nobody().run().prints("v10.24.1");
    assert_eq!(before.changes(&sandbox.tree("home")), Vec::<String>::new());
}

#[test]
fn a_store_that_everybody_may_write_is_refused() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    let install = || sandbox.use_command(&["install", "node@12.22.12"]).run();
    for folder in [sandbox.usher(), sandbox.shims(), sandbox.usher().join("locks")] {
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let refused = install().fails_with(77);
        let folder_shown = sandbox.mask(&folder.to_string_lossy());
        refused
            .complains(&format!("{folder_shown} is world-writable"))
            .complains(&format!("hint: chmod o-w '{folder_shown}'"));
        assert!(!sandbox.toolchain("node", "12.22.12").exists());
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    }
    // Where nobody can take away another's, it is as good as a folder of one's own.
    fs::set_permissions(sandbox.usher(), Permissions::from_mode(0o1777)).unwrap();
    install().succeeds();
}

#[test]
fn a_umask_of_nothing_makes_no_store_that_everybody_may_write() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    let line = "umask 000; use install node@12.22.12 && use --global node@12 && use shim node@12";
    sandbox.command("sh").arguments(["-c", line]).run().succeeds();
    let mut folders = vec![sandbox.home()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let seen = fs::symlink_metadata(&path).unwrap();
            let is_open = !seen.is_symlink() && seen.mode() & 0o002 != 0;
            assert!(!is_open, "{} has mode {:o}", path.display(), seen.mode());
            folders.extend(seen.is_dir().then_some(path));
        }
    }
}

/// As in a container that is run by any number: no entry in the list of accounts, and no HOME.
#[test]
fn an_account_that_nobody_knows_needs_a_folder() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = reachable(&upstream);
    let used = sandbox.shim("use");
    let install = [used.to_str().unwrap(), "install", "node@12.22.12"];
    // Usher is copied without its index, which would name a home.
    let bare = sandbox.copy_program(&used, "bare/use");
    let command = [bare.to_str().unwrap(), "install", "node@12.22.12"];
    let nowhere = by_unknown(&sandbox, &command).without_variable("HOME").run();
    insta::assert_snapshot!(nowhere.transcript(), @"
    exit status: 73
    --- standard output
    --- standard error
    usher: your home folder can't be found
      HOME isn't set, and this account has no home
      hint: export USHER_HOME=/a/folder/of/yours
    ");
    let own = sandbox.project().join("own");
    by_unknown(&sandbox, &["/bin/mkdir", own.to_str().unwrap()]).run().succeeds();
    sandbox.copy_program(Sandbox::shim_binary(), "project/own/shim");
    let command = by_unknown(&sandbox, &install).without_variable("HOME");
    command.variable("USHER_HOME", &own).run().succeeds();
    let node = own.join("toolchains/node/12.22.12/bin/node");
    by_unknown(&sandbox, &[node.to_str().unwrap(), "-v"]).run().succeeds().prints("v12.22.12");
    // A home that root prepared for the group of such accounts.
    let data = sandbox.usher();
    for folder in [&data, &sandbox.shims()] {
        fs::set_permissions(folder, Permissions::from_mode(0o775)).unwrap();
    }
    let locks = data.join("locks");
    fs::remove_dir_all(locks).unwrap();
    by_unknown(&sandbox, &install).run().succeeds();
}
