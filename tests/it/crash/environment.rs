//! Full disks, file systems without hard links, several file systems, and low process limits.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use super::operations::CHANGED;
use crate::commands::skipped;
use crate::support::{Archive, Outcome, Platform, Sandbox, Upstream};

fn sandbox(upstream: &Upstream) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    sandbox.install();
    sandbox
}

/// Checks that nothing looks installed and that staging is empty.
fn assert_nothing_came(sandbox: &Sandbox, outcome: &Outcome) {
    assert!(!sandbox.toolchain("node", CHANGED).exists(), "{outcome}");
    let staging = sandbox.usher().join("staging");
    assert_eq!(staging.read_dir().into_iter().flatten().count(), 0, "{outcome}");
}

/// Publishes a release that takes five megabytes, compressed or not.
fn publish_large(upstream: &Upstream) {
    let name = format!("node-v{CHANGED}-{}", Platform::here().node);
    let mut numbers = super::Numbers(1);
    let noise: Vec<u8> =
        (0..5_000_000).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect();
    let archive = Archive::new().program(&format!("{name}/bin/node"), "#!/bin/sh\n");
    let regular = tar::EntryType::Regular;
    let archive = archive.entry(&format!("{name}/lib/noise"), regular, (0o644, ""), &noise);
    upstream.put_node(CHANGED, archive.tar_gz());
}

/// The disk fills up while unpacking, and while downloading.
#[test]
fn a_full_disk_leaves_nothing() {
    let upstream = Upstream::start();
    publish_large(&upstream);
    let sandbox = sandbox(&upstream);
    let run = |folder: &Path, line: &str| {
        let mount = r#"mkdir -p "$0" && mount -t tmpfs -o size=3m tmpfs "$0" || exit 99; "#;
        let line = format!("{mount}{line}");
        let unshare = sandbox.command("unshare").arguments(["--mount", "/bin/sh", "-c"]);
        unshare.argument(line).argument(folder).run()
    };
    let full = [sandbox.usher().join("staging"), sandbox.home().join(".cache/usher")];
    if run(&full[0], "true").status.code() != Some(0) {
        skipped("can't mount a file system here; full disks aren't tested");
        return;
    }
    for folder in &full {
        let cached = "mkdir -p \"$0/downloads\"; head -c 2000000 /dev/zero > \"$0/downloads/$(printf %064d 0)\"";
        let line = format!(
            "{cached}; use install node@{CHANGED}; code=$?; ls -A \"$0\" | grep node; exit $code"
        );
        let outcome = run(folder, &line).fails_with(74).stderr_contains("No space left on device");
        let outcome = outcome.stderr_contains(&sandbox.mask(&sandbox.home().to_string_lossy()));
        let outcome = outcome.stderr_contains(" are free");
        assert_eq!(outcome.stdout, "", "{outcome}");
        // Only what is on the same disk makes room.
        let frees_cache = outcome.stderr.contains(" 2.0 MB can be deleted from the cache\n");
        assert_eq!(frees_cache, *folder == full[1], "{outcome}");
        assert_eq!(outcome.stderr.ends_with("hint: use cache clean\n"), frees_cache, "{outcome}");
        assert_nothing_came(&sandbox, &outcome);
    }
    // A version that is installed, and matches as well, needs no room.
    let major = CHANGED.split('.').next().unwrap_or_default();
    sandbox.fake_toolchain("node", &format!("{major}.0.0"));
    let outcome = run(&full[1], &format!("use install node@{major}")).fails_with(74);
    let installed = format!("node {major}.0.0 is installed, and matches as well\n");
    let hint = format!("hint: use install node@{major}.0.0\n");
    outcome.stderr_contains(&installed).stderr_contains(&hint);
}

#[test]
fn a_file_size_limit_is_an_error() {
    let upstream = Upstream::start();
    publish_large(&upstream);
    let sandbox = sandbox(&upstream);
    let line = format!("ulimit -f 2000; exec use install node@{CHANGED}");
    let outcome = sandbox.command("sh").arguments(["-c", &line]).run();
    let outcome = outcome.fails_with(74).stderr_contains("File too large");
    assert_nothing_came(&sandbox, &outcome);
    // The program itself gets the signals of its limits as without usher.
    sandbox.use_command(&["install", "node@10.24.1"]).run().succeeds();
    let line = "ulimit -f 1; exec node +10.24.1 x";
    sandbox.command("sh").arguments(["-c", line]).run().succeeds();
    let signals = ["node@10.24.1", "--", "/bin/sh", "-c", "grep SigIgn /proc/self/status"];
    let ignored = sandbox.use_command(&signals).run().succeeds();
    let direct = sandbox.command("sh").arguments(["-c", signals[4]]).run().succeeds();
    assert_eq!(ignored.stdout, direct.stdout);
}

/// With few file descriptors, an install succeeds or reports the cause.
#[test]
fn too_few_file_descriptors_are_an_error() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    for count in [6, 8, 10, 12, 14, 16, 20, 24, 32] {
        let line = format!("ulimit -n {count}; exec use install node@{CHANGED}");
        let outcome = sandbox.command("sh").arguments(["-c", &line]).run();
        assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        match outcome.status.code() {
            Some(0) => assert!(sandbox.toolchain("node", CHANGED).exists(), "{outcome}"),
            Some(_) => drop(outcome.stderr_contains("Too many open files")),
            None => panic!("ended by a signal: {outcome}"),
        }
        sandbox.use_command(&["install", &format!("node@{CHANGED}")]).run().succeeds();
        sandbox.use_command(&["uninstall", &format!("node@{CHANGED}"), "--yes"]).run().succeeds();
    }
}

#[test]
fn without_hard_links_shims_are_copies() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    for error in ["EPERM", "EOPNOTSUPP", "EXDEV", "EMLINK"] {
        let inject = format!("inject=?link,linkat:error={error}");
        let traced = ["-f", "-o", "/dev/null", "-e", &inject];
        let strace = sandbox.command("strace").arguments(traced);
        if !Path::new("/usr/bin/strace").exists() {
            skipped("strace isn't installed; file systems without hard links aren't tested");
            return;
        }
        strace.arguments(["use", "install", &format!("node@{CHANGED}")]).run().succeeds();
        let shim = sandbox.shim("node12.22");
        let seen = shim.metadata().unwrap();
        assert_eq!((seen.nlink(), seen.mode() & 0o777), (1, 0o555));
        sandbox.command(&shim).argument("-v").run().succeeds().stdout_is(&format!("v{CHANGED}"));
        // A copied shim is deleted with its version, like a linked one.
        sandbox.use_command(&["uninstall", &format!("node@{CHANGED}"), "--yes"]).run().succeeds();
        assert!(!shim.exists());
    }
}

/// Only the cache may be on another file system: staging is in the store, so that renames work.
#[test]
fn the_cache_may_be_on_another_device() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let device = |path: &Path| path.metadata().map(|seen| seen.dev());
    let others = ["/dev/shm", "/tmp", "/var/tmp"].map(Path::new);
    let own = device(sandbox.root()).unwrap();
    let Some(other) = others.iter().find(|path| device(path).is_ok_and(|other| other != own))
    else {
        skipped("there is only one file system here; a cache on another one isn't tested");
        return;
    };
    let cache = tempfile::tempdir_in(other).unwrap();
    symlink(cache.path(), sandbox.home().join(".cache")).unwrap();
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    assert!(cache.path().join("usher/indexes").exists());
    sandbox.command("node").arguments(["+12", "-v"]).run().succeeds().stdout_is("v12.22.12");
}
