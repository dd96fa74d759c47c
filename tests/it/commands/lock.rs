//! `use lock`: what a lockfile says, who writes it, and what it decides.

use std::fs;
use std::os::unix::fs::symlink;

use super::sandbox;
use crate::support::{Misbehaviour, Outcome, Sandbox, Upstream};

const INDEX: &str = "/dist/index.json";

/// A project that pins node 12 and is locked, with an older node 12.
fn locked(upstream: &Upstream) -> Sandbox {
    let sandbox = sandbox(upstream);
    sandbox.fake_toolchain("node", "12.20.0");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    sandbox.use_command(&["lock"]).run().succeeds();
    sandbox
}

fn lockfile(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.project().join("usher.lock")).expect("read the lockfile")
}

/// Replaces a text of the lockfile that is there.
fn change(sandbox: &Sandbox, from: &str, to: &str) {
    let text = lockfile(sandbox);
    assert!(text.contains(from), "{from}: {text}");
    sandbox.file("project/usher.lock", text.replace(from, to));
}

fn node(sandbox: &Sandbox) -> Outcome {
    sandbox.command("node").argument("--version").run()
}

#[test]
fn the_locked_version_runs_and_no_other() {
    let upstream = Upstream::start();
    let sandbox = locked(&upstream);
    let text = lockfile(&sandbox);
    let head = "# Written by `use lock`, which also resolves merge conflicts here.\n\
                format = 1\n\
                requests = [\n  \
                { tool = \"node\", request = \"12\", file = \".nvmrc\", version = \"12.22.12\" },\n\
                ]\n\
                archives = [\n";
    assert!(text.starts_with(head), "{text}");
    // Whatever machine writes it.
    for platform in ["linux-x64", "macos-x64"] {
        let entry = format!("source = \"nodejs.org\", platform = \"{platform}\", hash = \"sha");
        assert!(text.contains(&entry), "{entry}: {text}");
    }
    toml::from_str::<toml::Table>(&text).expect("it is TOML");
    // The version that matches is installed, and another one is locked: that is fetched.
    assert_eq!(node(&sandbox).succeeds().stdout, "v12.22.12\n");
    change(&sandbox, "version = \"12.22.12\" },\n]", "version = \"12.20.0\" },\n]");
    assert!(node(&sandbox).stdout.contains("12.20.0"));
    let status = sandbox.use_command(&[]).run().succeeds();
    status.stdout_has_line("node  12.20.0  installed  12 in .nvmrc:1, locked in usher.lock:4");
    let why = sandbox.use_command(&["why", "node"]).run().succeeds();
    assert!(why.stdout.contains("wins, usher.lock:4 says that it is 12.20.0"), "{why}");
    // Another request in the file: the entry counts for nothing.
    sandbox.file("project/.nvmrc", "12.22\n");
    assert_eq!(node(&sandbox).succeeds().stdout, "v12.22.12\n");
    let stale =
        "usher.lock doesn't lock node 12.22, which .nvmrc:1 requests\n  hint: use lock node";
    for words in [&[][..], &["why", "node"], &["why"]] {
        let outcome = sandbox.use_command(words).run().succeeds();
        assert!(outcome.stderr.contains(stale), "{outcome}");
    }
    let doctor = sandbox.use_command(&["doctor"]).run();
    assert!(doctor.stdout.contains("usher.lock doesn't lock node 12.22"), "{doctor}");
}

#[test]
fn the_file_stays_the_same_byte_for_byte() {
    let upstream = Upstream::start();
    let sandbox = locked(&upstream);
    let before = lockfile(&sandbox);
    let again = sandbox.use_command(&["lock"]).run().succeeds();
    again.stdout_has_line("usher.lock is up to date");
    assert_eq!(lockfile(&sandbox), before);
    // A machine with nothing of usher's writes the same.
    let other = self::sandbox(&upstream);
    other.file("project/.nvmrc", "12\n");
    other.use_command(&["lock"]).run().succeeds();
    assert_eq!(lockfile(&other), before);
    // What can't be reached keeps its entries.
    upstream.misbehave(INDEX, Misbehaviour::Status(503));
    let other = self::sandbox(&upstream);
    other.file("project/.nvmrc", "12\n");
    other.file("project/usher.lock", &before);
    let kept = other.use_command(&["lock"]).run().succeeds();
    assert!(kept.stderr.contains("nodejs.org keeps its entries"), "{kept}");
    assert_eq!(lockfile(&other), before);
}

#[test]
fn a_locked_version_changes_only_where_that_is_asked_for() {
    let upstream = Upstream::start();
    let sandbox = locked(&upstream);
    let newest = lockfile(&sandbox);
    let older = || {
        let entry =
            "{ tool = \"node\", request = \"12\", file = \".nvmrc\", version = \"12.22.11\" },";
        let text = format!("format = 1\nrequests = [\n  {entry}\n]\narchives = [\n]\n");
        sandbox.file("project/usher.lock", text);
    };
    older();
    let kept = sandbox.use_command(&["lock"]).run().succeeds();
    kept.stdout_has_line("  node 12 is 12.22.11");
    let upgraded = sandbox.use_command(&["lock", "--upgrade"]).run().succeeds();
    upgraded.stdout_has_line("  node 12 is 12.22.12 (was 12.22.11)");
    assert_eq!(lockfile(&sandbox), newest);
    // `use upgrade` installs the newest, and locks it.
    older();
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.use_command(&["upgrade"]).run().succeeds();
    assert_eq!(lockfile(&sandbox), newest);
    assert_eq!(node(&sandbox).succeeds().stdout, "v12.22.12\n");
    // A new pin is locked where there is a lockfile.
    sandbox.use_command(&["node@10"]).run().succeeds();
    let entry = "request = \"10\", file = \".nvmrc\", version = \"10.24.1\" },";
    assert!(lockfile(&sandbox).contains(entry), "{}", lockfile(&sandbox));
    sandbox.use_command(&["lock", "--check"]).run().succeeds();
    // Nothing else writes it.
    fs::remove_file(sandbox.project().join("usher.lock")).unwrap();
    sandbox.use_command(&["node@12"]).run().succeeds();
    sandbox.use_command(&["install"]).run().succeeds();
    assert!(!sandbox.project().join("usher.lock").exists());
}

#[test]
fn a_comparison_asks_nobody_and_finds_what_is_stale() {
    let upstream = Upstream::start();
    let sandbox = locked(&upstream);
    let asked = upstream.all_requests().len();
    let check = || sandbox.use_command(&["lock", "--check"]).run();
    check().succeeds().stdout_has_line("usher.lock is up to date");
    let finds = |line: &str| check().fails_with(1).stdout_has_line(line);
    sandbox.file("project/.nvmrc", "10\n");
    finds("usher.lock: node 10 in .nvmrc:1 is not locked");
    finds("usher.lock: line 4: nothing requests node 12 in .nvmrc");
    sandbox.file("project/.nvmrc", "12\n");
    let before = lockfile(&sandbox);
    change(&sandbox, "version = \"12.22.12\" },\n]", "version = \"12.22.11\" },\n]");
    finds("usher.lock: node 12.22.11 has no archives");
    sandbox
        .file("project/usher.lock", before.replace("requests = [", "<<<<<<< ours\nrequests = ["));
    finds("usher.lock: can't parse usher.lock:3: expected “requests = [”");
    fs::remove_file(sandbox.project().join("usher.lock")).unwrap();
    finds("usher.lock: node 12 in .nvmrc:1 is not locked");
    assert_eq!(upstream.all_requests().len(), asked);
}

#[test]
fn a_merge_conflict_runs_nothing_and_is_resolved() {
    let upstream = Upstream::start();
    let sandbox = locked(&upstream);
    let before = lockfile(&sandbox);
    let entry =
        "  { tool = \"node\", request = \"12\", file = \".nvmrc\", version = \"12.22.12\" },\n";
    let theirs = entry.replace("12.22.12", "12.22.11");
    let conflict = format!("<<<<<<< ours\n{entry}=======\n{theirs}>>>>>>> theirs\n");
    change(&sandbox, entry, &conflict);
    let refused = node(&sandbox).fails_with(126);
    let expected =
        "can't parse usher.lock:4\n  expected an entry as `use lock` writes it\n  hint: use lock";
    assert!(refused.stderr.contains(expected), "{refused}");
    let resolved = sandbox.use_command(&["lock"]).run().succeeds();
    assert!(resolved.stderr.contains("its whole entries were kept"), "{resolved}");
    assert_eq!(lockfile(&sandbox), before);
}

#[test]
fn an_archive_that_changed_since_it_was_locked_is_an_error() {
    let upstream = Upstream::start();
    let sandbox = locked(&upstream);
    let place = "source = \"nodejs.org\", platform = \"linux-x64\", hash = \"sha256:";
    let before = lockfile(&sandbox);
    let (start, rest) = before.split_once(place).expect("an entry");
    let changed = format!("{start}{place}{}{}", "0".repeat(64), &rest[64..]);
    sandbox.file("project/usher.lock", &changed);
    let refused = sandbox.use_command(&["lock"]).run().fails_with(76);
    let what = "nodejs.org has another archive of node 12.22.12 for linux-x64 than before";
    assert!(refused.stderr.contains(what), "{refused}");
    assert_eq!(lockfile(&sandbox), changed);
}

#[test]
fn only_the_projects_own_lockfile_is_written() {
    let upstream = Upstream::start();
    let sandbox = locked(&upstream);
    let before = lockfile(&sandbox);
    // From a folder below, it is the same file.
    let below = sandbox.folder("project/src");
    let run = |words: &[&str]| sandbox.use_command(words).directory(&below).run();
    run(&["lock"]).succeeds();
    assert_eq!(lockfile(&sandbox), before);
    assert!(!below.join("usher.lock").exists());
    // A link out of the project is not followed.
    let foreign = sandbox.file("home/secret", "mine\n");
    fs::remove_file(sandbox.project().join("usher.lock")).unwrap();
    symlink(&foreign, sandbox.project().join("usher.lock")).unwrap();
    let refused = sandbox.use_command(&["lock"]).run().fails_with(77);
    assert!(!refused.stderr.contains("mine"), "{refused}");
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "mine\n");
    fs::remove_file(sandbox.project().join("usher.lock")).unwrap();
    // Another format is a newer usher's.
    sandbox.file("project/usher.lock", "format = 2\nnews = true\n");
    let refused = sandbox.use_command(&["lock"]).run().fails_with(65);
    assert!(refused.stderr.contains("doesn't know this format"), "{refused}");
    assert_eq!(lockfile(&sandbox), "format = 2\nnews = true\n");
    sandbox.file("project/usher.lock", "x".repeat(10 << 20));
    node(&sandbox).fails_with(126);
    // Without a pin, there is nothing to lock.
    fs::remove_file(sandbox.project().join("usher.lock")).unwrap();
    fs::remove_file(sandbox.project().join(".nvmrc")).unwrap();
    sandbox.use_command(&["lock"]).run().fails_with(2);
    sandbox.use_command(&["lock", "python"]).run().fails_with(2);
    assert!(!sandbox.project().join("usher.lock").exists());
}
