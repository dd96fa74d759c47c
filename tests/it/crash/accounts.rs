//! What other accounts put where every account can create files, or where root is led by variables:
//! homes, indexes, version files. Tests that need root print a message without it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::commands::{offline_sandbox, skipped};
use crate::support::{Sandbox, make_fifo};

/// Some account that isn't root.
const OTHER: u32 = 4711;

fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skipped("only root can act for other accounts; what they put somewhere isn't tested");
    }
    is_root
}

fn give(path: impl AsRef<Path>) {
    lchown(path, Some(OTHER), Some(OTHER)).unwrap();
}

/// A sandbox with node 12.22.12 as the default, and 10.24.1.
fn sandbox() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "10.24.1");
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12\n");
    sandbox.reshim();
    sandbox
}

/// A folder like `/tmp`.
fn shared_folder(sandbox: &Sandbox) -> PathBuf {
    let shared = sandbox.folder("shared");
    fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
    shared
}

/// A home of the other account with a program of its own as node 12.22.12, and its index.
fn hostile_home(sandbox: &Sandbox, home: &str) -> PathBuf {
    let hostile = "#!/bin/sh\necho attacked\n";
    sandbox.executable(format!("{home}/toolchains/node/12.22.12/bin/node"), hostile);
    let data = sandbox.root().join(home);
    let index = sandbox.read(sandbox.shims().join(".usher"));
    let [own, theirs] = [&sandbox.usher(), &data].map(|path| path.to_str().unwrap().to_owned());
    sandbox.file(format!("{home}/shims/.usher"), index.replace(&own, &theirs));
    for path in ["", "shims", "shims/.usher", "toolchains", "toolchains/node"] {
        give(data.join(path));
    }
    data
}

/// The machine's shim, called by root with another account's HOME: the index there is the other
/// account's in one moment, and root's in the next.
#[test]
fn root_never_runs_the_program_of_an_index_that_is_swapped() {
    if !is_root() {
        return;
    }
    let sandbox = sandbox();
    let index = sandbox.shims().join(".usher");
    let text = sandbox.read(&index);
    sandbox.file(&index, format!("{text}accounts\n"));
    let shims = hostile_home(&sandbox, "other/.local/share/usher").join("shims");
    let [used, spare] = [".usher", "spare"].map(|name| shims.join(name));
    fs::write(&spare, text).unwrap();
    let call = || {
        let command = sandbox.command("node").argument("-v");
        let command = command.variable("HOME", sandbox.root().join("other"));
        command.run().succeeds().stdout_has_line("node 12.22.12");
    };
    call();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                renameat_with(CWD, &used, CWD, &spare, RenameFlags::EXCHANGE).unwrap();
            }
        });
        // Ends the other thread when a call panics, too.
        let _end = EndOnDrop(&is_over);
        (0..if super::is_full() { 20_000 } else { 1500 }).for_each(|_| call());
    });
}

struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_home_that_another_account_planted_is_refused() {
    if !is_root() {
        return;
    }
    let sandbox = sandbox();
    shared_folder(&sandbox);
    let home = hostile_home(&sandbox, "shared/usher");
    let link = sandbox.root().join("shared/link");
    symlink(sandbox.folder("own"), &link).unwrap();
    give(&link);
    let check = |home: &Path| {
        let shim = sandbox.command("node").variable("USHER_HOME", home).run().fails_with(126);
        shim.stderr_contains("may be another account's");
        for words in [&["list"][..], &["why", "node"], &["install", "node@10"]] {
            let refused = sandbox.use_command(words).variable("USHER_HOME", home).run();
            refused.fails_with(77).stderr_contains("may be another account's");
        }
        let data = sandbox.command("node").variable("XDG_DATA_HOME", home.parent().unwrap());
        data.run().succeeds().stdout_has_line("node 12.22.12");
    };
    check(&home);
    check(&link);
    fs::remove_file(home.join("shims/.usher")).unwrap();
    check(&home);
}

/// As in an image that is built by one account and runs as any other one of its group.
#[test]
fn a_home_of_another_account_outside_of_shared_folders_is_used() {
    if !is_root() {
        return;
    }
    let sandbox = sandbox();
    let home = hostile_home(&sandbox, "srv/usher");
    give(home.parent().unwrap());
    fs::set_permissions(&home, Permissions::from_mode(0o2775)).unwrap();
    let node = || sandbox.command("node").variable("NODE_VERSION", "12");
    let call = || node().variable("USHER_HOME", &home);
    call().run().succeeds().stdout_is("attacked");
    sandbox.open_to_all();
    call().with_user_nobody().run().succeeds().stdout_is("attacked");
}

#[test]
fn a_version_file_of_another_account_in_a_shared_folder_is_skipped() {
    if !is_root() {
        return;
    }
    let sandbox = sandbox();
    let shared = shared_folder(&sandbox);
    let project = sandbox.folder("shared/a/project");
    let runs = |version: &str| {
        let outcome = sandbox.command("node").argument("-v").directory(&project).run();
        outcome.succeeds().stdout_has_line(&format!("node {version}"));
    };
    let is_skipped = |name: &str| {
        runs("12.22.12");
        let expected = format!("/shared/{name} may be another account's");
        let used = sandbox.use_command(&[]).directory(&project).run().succeeds();
        assert!(used.stderr.contains(&expected), "{used}");
        for words in [&["why", "node"][..], &["why", "node", "--json"]] {
            let why = sandbox.use_command(words).directory(&project).run().succeeds();
            assert!(why.stdout.contains(&expected), "{why}");
        }
    };
    let file = sandbox.file("shared/.nvmrc", "10\n");
    runs("10.24.1");
    give(&file);
    is_skipped(".nvmrc");
    // Nowhere else does the owner matter: containers and CI runners mix them.
    fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
    runs("10.24.1");
    fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
    is_skipped(".nvmrc");
    // The owner of the folder can replace every file in it.
    chown(&shared, Some(OTHER), None).unwrap();
    runs("10.24.1");
    chown(&shared, Some(0), None).unwrap();
    fs::remove_file(&file).unwrap();
    // A link of the other account's to a file of root's, and a second name of one.
    let target = sandbox.file("root-file", "10\n");
    symlink(&target, &file).unwrap();
    give(&file);
    is_skipped(".nvmrc");
    fs::remove_file(&file).unwrap();
    fs::hard_link(&target, &file).unwrap();
    is_skipped(".nvmrc");
    fs::remove_file(&file).unwrap();
    make_fifo(&file);
    give(&file);
    is_skipped(".nvmrc");
    fs::remove_file(&file).unwrap();
}

#[test]
fn another_accounts_file_in_a_shared_folder_is_neither_extended_nor_does_it_supersede() {
    if !is_root() {
        return;
    }
    let sandbox = sandbox();
    for (tool, version) in [("ruby", "3.1.2"), ("go", "1.22.0"), ("go", "1.23.0")] {
        sandbox.fake_toolchain(tool, version);
    }
    let default = "nodejs 12\nruby system\ngolang 1.23.0\n";
    sandbox.file("home/.config/usher/tool-versions", default);
    sandbox.reshim();
    shared_folder(&sandbox);
    let project = sandbox.folder("shared/project");
    sandbox.file("shared/package.json", "{}");
    sandbox.file("shared/project/package.json", "{\"volta\": {\"extends\": \"../base.json\"}}");
    let base = sandbox.file("shared/base.json", "{\"volta\": {\"node\": \"10.24.1\"}}");
    sandbox.file("shared/Gemfile", "ruby file: 'below/version'\n");
    sandbox.file("shared/below/version", "3.1.2\n");
    let below = sandbox.root().join("shared/below");
    sandbox.file("shared/project/go.mod", "module x\ngo 1.21\ntoolchain go1.22.0\n");
    let command = |words: &[&str]| sandbox.use_command(words).directory(&project).run();
    let runs = |program: &str| command(&["which", program]).stdout;
    assert!(runs("node").contains("10.24.1") && runs("ruby").contains("3.1.2"));
    for path in [&base, &below] {
        give(path);
    }
    assert!(runs("node").contains("12.22.12") && !runs("ruby").contains("3.1.2"));
    for tool in ["node", "ruby"] {
        let why = command(&["why", tool]).succeeds();
        assert!(why.stdout.contains("leads to a file that may be another account's"), "{why}");
    }
    let work = sandbox.file("shared/go.work", "go 1.21\n");
    assert!(runs("go").contains("1.23.0"));
    give(work);
    assert!(runs("go").contains("1.22.0"));
}

#[test]
fn another_accounts_files_do_not_make_a_shared_folder_the_project() {
    if !is_root() {
        return;
    }
    let sandbox = sandbox();
    shared_folder(&sandbox);
    let below = sandbox.folder("shared/work");
    for name in ["Makefile", ".tool-versions"] {
        give(sandbox.file(format!("shared/{name}"), ""));
    }
    sandbox.use_command(&["node@10.24.1"]).directory(&below).run().succeeds();
    assert_eq!(sandbox.read("shared/work/.tool-versions"), "nodejs 10.24.1\n");
    assert_eq!(sandbox.read("shared/.tool-versions"), "");
}
