//! A clock that is wrong, or is set while a command runs, and files whose times a wrong clock made:
//! nothing panics, waits for years, or takes away what is used.

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::commands::sandbox;
use crate::support::clock::{self, CLOCK_OF_1970, CLOCK_OF_2099};
use crate::support::{Misbehaviour, Platform, Sandbox, TestCommand, Upstream};

const WRONG: [u64; 2] = [CLOCK_OF_1970, CLOCK_OF_2099];

/// One hour back, and ten years forward.
const JUMPS: [i64; 2] = [-3_600, 10 * 365 * 86_400];

fn moment(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Gives a file, or a folder and all below it, these times. usher's programs are links to the built
/// ones, which Cargo would take for new until that year.
fn date(path: &Path, times: FileTimes) {
    let seen = fs::symlink_metadata(path).unwrap();
    if seen.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            date(&entry.unwrap().path(), times);
        }
    }
    let is_shared = seen.is_file() && seen.nlink() > 1;
    if !seen.is_symlink() && !is_shared {
        File::open(path).unwrap().set_times(times).unwrap();
    }
}

fn all_at(seconds: u64) -> FileTimes {
    FileTimes::new().set_accessed(moment(seconds)).set_modified(moment(seconds))
}

fn is_there(sandbox: &Sandbox) -> bool {
    sandbox.toolchain("node", "10.24.1").exists()
}

#[test]
fn every_command_works_with_a_wrong_clock() {
    if !clock::can_be_wrong() {
        return;
    }
    for clock in WRONG {
        let upstream = Upstream::start();
        let sandbox = sandbox(&upstream);
        let at = |words: &[&str]| sandbox.use_command(words).at(clock).run().succeeds();
        at(&["available", "node"]);
        at(&["available", "node", "--json"]);
        at(&["install", "node@10.24.1"]);
        at(&["--global", "node@10.24.1"]);
        at(&["outdated"]);
        at(&["verify"]);
        fs::write(sandbox.toolchain("node", "10.24.1").join("LICENSE"), "GPL").unwrap();
        at(&["repair", "node@10.24.1"]);
        at(&["list"]);
        at(&["why", "node"]);
        at(&["reshim"]);
        at(&["upgrade"]);
        sandbox.command("node").argument("-v").at(clock).run().succeeds().stdout_is("v10.24.1");
        // And when the clock is right again.
        let now = |words: &[&str]| sandbox.use_command(words).run().succeeds();
        now(&["available", "node"]);
        now(&["verify"]);
        now(&["outdated"]);
        let offline = sandbox.use_command(&["available", "node"]).variable("USHER_OFFLINE", "1");
        offline.run().succeeds();
        now(&["cache", "clean"]);
    }
}

#[test]
fn prune_ignores_an_impossible_clock() {
    if !clock::can_be_wrong() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@10.24.1"]).run().succeeds();
    for clock in WRONG {
        let prune = sandbox.use_command(&["prune", "--unused", "30", "--yes"]).at(clock).run();
        prune.succeeds();
        assert!(is_there(&sandbox));
    }
    let named = sandbox.use_command(&["prune", "node@10.24.1", "--yes"]).at(CLOCK_OF_2099);
    named.run().succeeds();
    assert!(!is_there(&sandbox), "what is named needs no clock");
}

#[test]
fn files_from_the_future_are_not_an_error() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@10.24.1"]).run().succeeds();
    for seconds in WRONG {
        for folder in [sandbox.usher(), sandbox.home().join(".cache")] {
            date(&folder, all_at(seconds));
        }
        let prune = sandbox.use_command(&["prune", "--unused", "30", "--yes"]).run();
        prune.succeeds();
        assert!(is_there(&sandbox), "its last use is unknown: {seconds}");
        sandbox.use_command(&["verify"]).run().succeeds();
        sandbox.command("node").arguments(["+10", "-v"]).run().succeeds().stdout_is("v10.24.1");
        // A cached index from the future isn't fresh for 73 years, and one from 1970 serves.
        let count = upstream.requests("/dist/index.json");
        let available = sandbox.use_command(&["available", "node"]).run().succeeds();
        assert!(available.stdout.contains("12.22.12"), "{available}");
        assert_eq!(upstream.requests("/dist/index.json"), count + 1, "{seconds}");
        date(&sandbox.home().join(".cache"), all_at(seconds));
        let offline = sandbox.use_command(&["available", "node"]).variable("USHER_OFFLINE", "1");
        assert!(offline.run().succeeds().stdout.contains("12.22.12"));
    }
}

/// The clock is set at another point of each command.
#[test]
fn every_command_works_if_the_clock_is_set_while_it_runs() {
    if !clock::can_be_wrong() {
        return;
    }
    let year = |reads| {
        let sandbox = Sandbox::new();
        let date = sandbox.command("date").argument("+%Y").with_clock_jump(reads, JUMPS[1]);
        date.run().stdout.trim().parse::<u32>().unwrap()
    };
    assert!(year(0) > year(1_000), "the clock isn't set");
    for jump in JUMPS {
        for reads in [0, 1, 4, 12] {
            let upstream = Upstream::start();
            let sandbox = sandbox(&upstream);
            // A pause before a retry, too.
            let archive = Platform::here().node_archive("10.24.1");
            upstream.misbehave_times(&archive, 1, Misbehaviour::Status(503));
            let set = |command: TestCommand| command.with_clock_jump(reads, jump).run().succeeds();
            let command = |words: &[&str]| set(sandbox.use_command(words));
            command(&["install", "node@10.24.1"]);
            command(&["--global", "node@10.24.1"]);
            fs::write(sandbox.toolchain("node", "10.24.1").join("LICENSE"), "GPL").unwrap();
            command(&["repair", "node@10.24.1"]);
            command(&["prune", "--unused", "30", "--yes"]);
            assert!(is_there(&sandbox), "pruned after a jump of {jump} s at reading {reads}");
            command(&["upgrade"]);
            command(&["available", "node"]);
            set(sandbox.command("node").arguments(["+10", "-v"])).stdout_is("v10.24.1");
            // And from then on, with a clock that is right again.
            sandbox.use_command(&["verify"]).run().succeeds();
            sandbox.use_command(&["available", "node"]).run().succeeds();
            let staging = sandbox.usher().join("staging").read_dir().into_iter().flatten();
            assert_eq!(staging.count(), 0);
        }
    }
}

/// Waiting is measured by a clock that nobody sets.
#[test]
fn a_lock_is_waited_for_as_long_as_configured_if_the_clock_is_set() {
    if !clock::can_be_wrong() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let archive = Platform::here().node_archive("10.24.1");
    upstream.stall_halfway(&archive);
    let holder = sandbox.use_command(&["install", "node@10.24.1"]).start();
    upstream.wait_for_requests(&archive, 1);
    for jump in JUMPS {
        for reads in [0, 1, 2, 4] {
            let start = Instant::now();
            let waiting = sandbox.use_command(&["install", "node@10.24.1"]);
            let waiting = waiting.variable("USHER_LOCK_TIMEOUT", "1").with_clock_jump(reads, jump);
            waiting.run().fails_with(75);
            let waited = start.elapsed();
            assert!((1..30).contains(&waited.as_secs()), "waited {waited:?}");
        }
    }
    upstream.release();
    holder.wait().succeeds();
}
