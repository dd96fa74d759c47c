//! Homes of other users, and world-writable ones. Tests that need root print a message without it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use crate::commands::skipped;
use crate::support::{Pipe, Sandbox, TestCommand, Upstream};

pub(super) const NOBODY: u32 = 65534;

/// A user ID that no account has.
const UNKNOWN: &str = "1000650000";

pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skipped("only root can act for other accounts; the owners of files aren't tested");
    }
    is_root
}

/// A sandbox with usher that every account can read and write.
fn open_sandbox(upstream: &Upstream) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    sandbox.install();
    sandbox.open_to_all();
    sandbox
}

fn as_unknown_account(sandbox: &Sandbox, command: &[&str]) -> TestCommand {
    let unknown = [&format!("--reuid={UNKNOWN}"), "--regid=0", "--clear-groups"];
    sandbox.command("/usr/bin/setpriv").arguments(unknown).arguments(command)
}

/// Everything in a folder that this account doesn't own.
fn not_owned_by(owner: u32, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let seen = fs::symlink_metadata(&path).unwrap();
            if seen.uid() != owner {
                found.push(format!("{} belongs to {}", path.display(), seen.uid()));
            }
            folders.extend(seen.is_dir().then_some(path));
        }
    }
    found
}

#[test]
fn files_root_writes_in_a_users_home_belong_to_the_user() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.chown_to_nobody();
    for words in [
        &["install", "node@12.22.12"][..],
        &["--global", "node@10.24.1"],
        &["available", "node"],
        &["outdated"],
        &["repair", "node@12.22.12"],
        &["upgrade"],
        &["shim", "node@12"],
        &["shim", "--remove", "node@12"],
        &["uninstall", "node@12.22.12", "--yes"],
    ] {
        sandbox.use_command(words).run().succeeds();
    }
    // Outside of a project, this sets the default.
    sandbox.use_command(&["node@12"]).directory(sandbox.home()).run().succeeds();
    // `use why` caches the index that it fetches.
    sandbox.use_command(&["cache", "clean"]).run().succeeds();
    let why = sandbox.use_command(&["why", "node"]).variable("NODE_VERSION", "10").run().succeeds();
    let indexes = sandbox.home().join(".cache/usher/indexes");
    assert_eq!(indexes.read_dir().unwrap().count(), 1, "{why}");
    sandbox.command("node").arguments(["+12.22.11", "-v"]).run().succeeds().stdout_is("v12.22.11");
    assert_eq!(not_owned_by(NOBODY, &sandbox.home()), Vec::<String>::new());
    // The program runs as root, and the project's pin is written as root.
    let made = sandbox.project().join("made");
    let touch = ["node@10.24.1", "--", "/usr/bin/touch", "made"];
    sandbox.use_command(&touch).run().succeeds();
    assert_eq!(fs::metadata(made).unwrap().uid(), 0);
    chown(sandbox.project(), Some(0), Some(0)).unwrap();
    sandbox.use_command(&["node@10.24.1"]).run().succeeds();
    assert_eq!(fs::metadata(sandbox.project().join(".tool-versions")).unwrap().uid(), 0);
}

/// Cleaning the cache writes, too: root does it as the home's owner, and no other user may do it.
#[test]
fn only_the_owner_of_a_home_may_clean_its_cache() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.open_to_all();
    sandbox.use_command(&["available", "node"]).run().succeeds();
    let indexes = sandbox.home().join(".cache/usher/indexes");
    let cached = || fs::read_dir(&indexes).unwrap().count();
    let (all, none) = (cached(), 0);
    assert_ne!(all, none);
    let clean = || sandbox.use_command(&["cache", "clean"]);
    // A world-writable cache is still only for its owner to clean.
    fs::set_permissions(&indexes, Permissions::from_mode(0o777)).unwrap();
    chown(sandbox.usher(), Some(4711), None).unwrap();
    let before = sandbox.tree("home");
    let refused = clean().with_user_nobody().run().fails_with(77);
    refused.stderr_contains("belongs to account 4711, and you are 65534");
    assert_eq!(before.changes(&sandbox.tree("home")), Vec::<String>::new());
    // Root acts with the owner's permissions.
    fs::set_permissions(&indexes, Permissions::from_mode(0o755)).unwrap();
    clean().run().fails_with(77).stderr_contains("can't delete");
    assert_eq!(cached(), all, "root did more than the home's owner can");
    chown(&indexes, Some(4711), None).unwrap();
    clean().run().succeeds();
    assert_eq!(cached(), none);
}

#[test]
fn other_users_cannot_write_in_a_home() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = open_sandbox(&upstream);
    sandbox.use_command(&["install", "node@10.24.1"]).run().succeeds();
    let data = sandbox.usher();
    chown(&data, Some(4711), None).unwrap();
    let before = sandbox.tree("home");
    let refused = sandbox.use_command(&["install", "node@12"]).with_user_nobody().run();
    insta::assert_snapshot!(refused.transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.local/share/usher belongs to account 4711, and you are 65534
      that account could change the programs there
      hint: export USHER_HOME=/a/folder/of/yours
    ");
    sandbox.use_command(&["reshim"]).with_user_nobody().run().fails_with(77);
    sandbox.command("node").arguments(["+12", "-v"]).with_user_nobody().run().fails_with(126);
    // Installed versions run.
    sandbox.command("node").arguments(["+10", "-v"]).with_user_nobody().run().stdout_is("v10.24.1");
    assert_eq!(before.changes(&sandbox.tree("home")), Vec::<String>::new());
}

#[test]
fn a_world_writable_store_is_refused() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    let install = || sandbox.use_command(&["install", "node@12.22.12"]).run();
    for folder in [sandbox.usher(), sandbox.shims(), sandbox.usher().join("locks")] {
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let refused = install().fails_with(77);
        let folder_shown = sandbox.mask(&folder.to_string_lossy());
        refused
            .stderr_contains(&format!("{folder_shown} is world-writable"))
            .stderr_contains(&format!("hint: chmod o-w '{folder_shown}'"));
        assert!(!sandbox.toolchain("node", "12.22.12").exists());
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    }
    // With the sticky bit, no user can replace another user's files.
    fs::set_permissions(sandbox.usher(), Permissions::from_mode(0o1777)).unwrap();
    install().succeeds();
}

#[test]
fn a_zero_umask_creates_no_world_writable_store() {
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

/// As in a container that runs with any user ID: no entry in `/etc/passwd`, and no HOME.
#[test]
fn a_user_without_account_and_home_needs_usher_home() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = open_sandbox(&upstream);
    let used = sandbox.shim("use");
    let install = [used.to_str().unwrap(), "install", "node@12.22.12"];
    // A copy of `use` without the shim index, which would name a home.
    let bare = sandbox.copy_program(&used, "bare/use");
    let command = [bare.to_str().unwrap(), "install", "node@12.22.12"];
    let nowhere = as_unknown_account(&sandbox, &command).without_variable("HOME").run();
    insta::assert_snapshot!(nowhere.transcript(), @"
    exit status: 73
    --- standard output
    --- standard error
    error: your home folder can't be found
      HOME isn't set, and this account has no home
      hint: export USHER_HOME=/a/folder/of/yours
    ");
    let own = sandbox.project().join("own");
    as_unknown_account(&sandbox, &["/bin/mkdir", own.to_str().unwrap()]).run().succeeds();
    sandbox.copy_program(Sandbox::shim_binary(), "project/own/shim");
    let command = as_unknown_account(&sandbox, &install).without_variable("HOME");
    command.variable("USHER_HOME", &own).run().succeeds();
    let node = own.join("toolchains/node/12.22.12/bin/node");
    as_unknown_account(&sandbox, &[node.to_str().unwrap(), "-v"])
        .run()
        .succeeds()
        .stdout_is("v12.22.12");
    // A home that root prepared for the group of these accounts.
    let data = sandbox.usher();
    for folder in [&data, &sandbox.shims()] {
        fs::set_permissions(folder, Permissions::from_mode(0o775)).unwrap();
    }
    let locks = data.join("locks");
    fs::remove_dir_all(locks).unwrap();
    as_unknown_account(&sandbox, &install).run().succeeds();
    // What lies in a home needs nobody's.
    let node = sandbox.shim("node");
    for (command, expected) in [
        ([node.to_str().unwrap(), "-v"].as_slice(), "v12.22.12"),
        (&[used.to_str().unwrap(), "which", "node"], "/toolchains/node/12.22.12/bin/node"),
    ] {
        let command = as_unknown_account(&sandbox, command).without_variable("HOME");
        let outcome = command.variable("NODE_VERSION", "12").run().succeeds();
        assert!(outcome.stdout.trim().ends_with(expected), "{outcome}");
    }
}

/// Links in a home would show root's files to its owner: in messages, lists and requests.
#[test]
fn root_reads_a_users_home_with_the_users_rights() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.chown_to_nobody();
    let secret = sandbox.folder("secret");
    let registry = upstream.base().replace("http://", "http://leaked.localhost:1/");
    for (name, text) in [
        ("config.toml", "leaked = 1\n"),
        ("tool-versions", "node leaked\n"),
        ("node@9.8.7-leaked", ""),
        ("npmrc", &format!("registry={registry}/leaked/\n")),
    ] {
        fs::write(secret.join(name), text).unwrap();
    }
    sandbox.fake_program("secret/8.8.8/bin/node");
    fs::set_permissions(&secret, Permissions::from_mode(0o700)).unwrap();
    let config = sandbox.home().join(".config/usher");
    let links = [
        (config.join("config.toml"), secret.join("config.toml")),
        (config.join("registry/x.toml"), secret.join("config.toml")),
        (config.join("registry"), secret.clone()),
        (config.join("tool-versions"), secret.join("tool-versions")),
        (config.join("shims"), secret.clone()),
        (config, secret.clone()),
        (sandbox.home().join(".npmrc"), secret.join("npmrc")),
        (sandbox.usher().join("toolchains/node"), secret.clone()),
        (sandbox.home().join(".nvm/versions/node"), secret.clone()),
    ];
    for (link, target) in links {
        let _ = fs::remove_dir_all(&link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&target, &link).unwrap();
        let give = sandbox.command("/bin/chown").arguments(["-hR", "65534:65534"]);
        give.argument(sandbox.home()).run().succeeds();
        for words in [
            &["list"][..],
            &["why", "node"],
            &["shim"],
            &["doctor"],
            &["verify"],
            &["available", "npm"],
        ] {
            // `.npmrc` decides only without the variable.
            let command = sandbox.use_command(words).without_variable("npm_config_registry");
            let outcome = command.run();
            let transcript = outcome.transcript();
            let is_shown =
                ["leaked", "9.8.7", "8.8.8"].iter().any(|word| transcript.contains(word));
            assert!(!is_shown, "{} {words:?}\n{transcript}", link.display());
        }
        fs::remove_file(&link).unwrap();
    }
    assert!(upstream.all_requests().iter().all(|request| !request.path.contains("leaked")));
}

/// What is read as another account is not the project: root's files there are root's.
#[test]
fn root_reads_a_project_in_a_users_home_as_root() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    sandbox.chown_to_nobody();
    let pin = sandbox.file("project/.nvmrc", "12.22.12\n");
    fs::set_permissions(&pin, Permissions::from_mode(0o600)).unwrap();
    sandbox.command("node").argument("-v").run().succeeds().stdout_is("v12.22.12");
    sandbox.use_command(&["which", "node"]).run().succeeds();
}

/// Whoever can read a lock's file can hold the lock.
#[test]
fn locks_are_private_to_those_who_write_there() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = open_sandbox(&upstream);
    let locks = sandbox.usher().join("locks");
    // As an earlier usher made them.
    let lock = sandbox.file("home/.local/share/usher/locks/node-12.22.12.lock", "process 1");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    let install = || sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    for (folder, folder_after, file_after) in [(0o755, 0o750, 0o600), (0o775, 0o770, 0o660)] {
        fs::set_permissions(&locks, Permissions::from_mode(folder)).unwrap();
        fs::set_permissions(&lock, Permissions::from_mode(0o644)).unwrap();
        install();
        sandbox.use_command(&["uninstall", "node@12.22.12", "--yes"]).run().succeeds();
        assert_eq!((mode(&locks), mode(&lock)), (folder_after, file_after));
    }
    for path in [&locks, &lock] {
        let hold = sandbox.command("/usr/bin/flock").arguments(["--nonblock", "--shared"]);
        let held = hold.argument(path).argument("/bin/true").with_user_nobody().run();
        assert_ne!(held.status.code(), Some(0), "{held}");
    }
}

/// A lock that another account holds since before its file was private.
#[test]
fn the_process_that_holds_a_lock_is_named_not_the_one_in_its_file() {
    if !is_root() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = open_sandbox(&upstream);
    let lock = sandbox.file("home/.local/share/usher/locks/node-12.22.12.lock", "process 1");
    fs::set_permissions(&lock, Permissions::from_mode(0o644)).unwrap();
    let locks = lock.parent().unwrap();
    fs::set_permissions(locks, Permissions::from_mode(0o755)).unwrap();
    let ready = Pipe::new(&sandbox, "ready");
    let line = "exec 9< \"$LOCK\"; flock 9; echo ready > \"$READY\"; exec sleep 1000";
    let holder = sandbox.command("/bin/sh").arguments(["-c", line]).with_user_nobody();
    fs::set_permissions(ready.path(), Permissions::from_mode(0o666)).unwrap();
    let holder = holder.variable("LOCK", &lock).variable("READY", ready.path()).start();
    ready.wait_for("ready");
    let install = sandbox.use_command(&["install", "node@12.22.12"]);
    let refused = install.variable("USHER_LOCK_TIMEOUT", "0").run().fails_with(75);
    // `flock`, which took the lock, has ended: its parent has the file.
    let id = holder.id();
    refused.stderr_contains(&format!("process {id} (sleep) of account {NOBODY}"));
    holder.signal(rustix::process::Signal::KILL);
    holder.wait();
}

/// Who may access a file: user, group and mode.
fn access(path: &Path) -> (u32, u32, u32) {
    let seen = fs::metadata(path).unwrap();
    (seen.uid(), seen.gid(), seen.mode() & 0o7777)
}

fn set_access(path: &Path, (user, group, mode): (u32, u32, u32)) {
    chown(path, Some(user), Some(group)).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A sandbox with an installed version, in the home of another account and below folders that every
/// account can enter.
fn nobodys_sandbox() -> Sandbox {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.reshim();
    sandbox.chown_to_nobody();
    sandbox
}

/// As under a plain `sudo`: the file belongs to whom it belonged before.
#[test]
fn root_keeps_owner_group_and_mode_of_a_file_that_it_edits() {
    if !is_root() {
        return;
    }
    for (file, text) in
        [(".nvmrc", "10\n"), (".tool-versions", "python 3.8\n"), (".env", "NODE_VERSION=10\n")]
    {
        for owned in
            [(NOBODY, NOBODY, 0o644), (4711, 4712, 0o640), (4711, 0, 0o600), (0, 4712, 0o664)]
        {
            let sandbox = nobodys_sandbox();
            // New files in this folder belong to its group.
            set_access(&sandbox.project(), (NOBODY, 4713, 0o2775));
            let path = sandbox.file(format!("project/{file}"), text);
            set_access(&path, owned);
            sandbox.use_command(&["node@12.22.11"]).run().succeeds();
            assert!(fs::read_to_string(&path).unwrap().contains("12.22.11"));
            assert_eq!(access(&path), owned, "{file}");
        }
    }
}

/// A shared checkout: another account of the group owns what it writes, as with git. Nobody loses
/// access.
#[test]
fn a_shared_file_keeps_group_and_mode() {
    if !is_root() {
        return;
    }
    let sandbox = nobodys_sandbox();
    let path = sandbox.file("project/.nvmrc", "10\n");
    let pin = || sandbox.use_command(&["node@12.22.11"]).with_user_nobody().run();
    set_access(&sandbox.project(), (0, NOBODY, 0o2775));
    for (before, after) in [
        ((0, NOBODY, 0o664), (NOBODY, NOBODY, 0o664)),
        ((4711, NOBODY, 0o660), (NOBODY, NOBODY, 0o660)),
        ((4711, 4712, 0o644), (NOBODY, NOBODY, 0o644)),
    ] {
        fs::write(&path, "10\n").unwrap();
        set_access(&path, before);
        pin().succeeds();
        assert_eq!(access(&path), after);
    }
    // The group would lose its access.
    fs::write(&path, "10\n").unwrap();
    set_access(&path, (4711, 4712, 0o664));
    let names = || fs::read_dir(sandbox.project()).unwrap().count();
    let before = names();
    pin().fails_with(77).stderr_contains("its group (4712) can't be kept");
    assert_eq!((access(&path), names()), ((4711, 4712, 0o664), before));
    assert_eq!(sandbox.read("project/.nvmrc"), "10\n");
}
