//! System calls that the kernel refuses, as the filters of old or strict containers do (`refuse.c`).
//!
//! Each command works without what it can do without, and otherwise says what was refused. Nothing is
//! half done in either case.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::io::Errno;

use super::operations::{
    INSTALL, Operation, OperationSandbox, PIN, PRUNE, REPAIR, RESHIM, SHIM_INSTALL, UNINSTALL,
};
use super::tracer::can_trace;
use super::{sample, seed};
use crate::commands::skipped;
use crate::support::{Outcome, RunningShim, Sandbox, Tally, Upstream, built};

/// How many refusals of an operation a sample has.
const SAMPLE: usize = 4;

/// What usher works without: all of these are refused together.
const OPTIONAL: &str = "close_range,copy_file_range,faccessat2,fadvise64,fallocate,\
    fchmodat2,fcntl,flock,io_uring_setup,link,linkat,madvise,membarrier,memfd_create,openat2,prctl,\
    prlimit64,renameat2,rseq,sched_getaffinity,sendfile,set_robust_list,setfsgid,setfsuid,splice,\
    statfs,statx,syncfs,sync_file_range,sysinfo,uname,utimensat";

/// What usher needs, or works without where it is missing, but not where it is forbidden.
const OTHERS: &str = "clone3,epoll_create1,eventfd2,fchmod,fchmodat,fchown,fdatasync,fsync,\
    ftruncate,getrandom,mkdir,mkdirat,pipe2,rename,sigaltstack,socket,socketpair,symlink,symlinkat,\
    unlink,unlinkat";

/// How a filter refuses a call: as forbidden, or as if the kernel were older.
const ERRORS: [Errno; 2] = [Errno::PERM, Errno::NOSYS];

#[test]
fn an_install_works_in_an_old_container() {
    check(&INSTALL);
}

#[test]
fn a_fetching_shim_works_in_an_old_container() {
    check(&SHIM_INSTALL);
}

#[test]
fn an_uninstall_works_in_an_old_container() {
    check(&UNINSTALL);
}

#[test]
fn a_repair_works_in_an_old_container() {
    check(&REPAIR);
}

#[test]
fn a_prune_works_in_an_old_container() {
    check(&PRUNE);
}

#[test]
fn a_reshim_works_in_an_old_container() {
    check(&RESHIM);
}

#[test]
fn a_pin_works_in_an_old_container() {
    check(&PIN);
}

fn check(operation: &Operation) {
    if !can_refuse() || !can_trace() {
        return;
    }
    let upstream = Upstream::start();
    let stage = OperationSandbox::new(operation, &upstream);
    let mut tally = Tally::new("a call refused by a filter", "runs");
    for error in ERRORS {
        let outcome = run(&stage, error, OPTIONAL).succeeds();
        tally.add(1);
        let faults = faults(&stage, &outcome, error);
        assert!(faults.is_empty(), "{}: {error}: {faults:#?}\n{outcome}", operation.name);
    }
    let each = [OPTIONAL, OTHERS].into_iter().flat_map(|names| names.split(','));
    let each: Vec<_> = each.flat_map(|name| ERRORS.map(|error| (name.trim(), error))).collect();
    let seed = seed();
    // Always the one that old containers refuse in the wrong way: no thread can be started.
    let always = [("clone3", Errno::PERM)].into_iter();
    for (name, error) in always.chain(sample(&each, SAMPLE, seed)) {
        let outcome = run(&stage, error, name);
        tally.add(1);
        let faults = faults(&stage, &outcome, error);
        let context = format!("{}, seed {seed}: {name}: {error}", operation.name);
        assert!(faults.is_empty(), "{context}: {faults:#?}\n{outcome}");
    }
}

/// Runs an operation from its start with these system calls refused.
fn run(stage: &OperationSandbox<'_>, error: Errno, names: &str) -> Outcome {
    stage.reset();
    let error = error.raw_os_error().to_string();
    let refuse = stage.sandbox.command(refuse()).arguments([error.as_str(), names]);
    refuse.arguments(stage.operation.command).run()
}

/// What is wrong with how a command ended: not done, and not said so either; half done; or done
/// differently by the next try, for which nothing is refused.
fn faults(stage: &OperationSandbox<'_>, outcome: &Outcome, error: Errno) -> Vec<String> {
    let mut faults = stage.faults();
    let why = std::io::Error::from(error).to_string();
    let why = why.split(" (").next().unwrap_or_default();
    match outcome.status.code() {
        Some(0) => faults.extend(stage.undone()),
        Some(101) | None => faults.push("it broke off".to_owned()),
        Some(_) if !outcome.stderr.contains(why) => faults.push(format!("it doesn't say: {why}")),
        Some(_) => {}
    }
    if outcome.stderr.contains("panicked") {
        faults.push("it panicked".to_owned());
    }
    faults.extend(stage.faults_after_retry());
    faults
}

/// Two processes at once, without locks and without a rename that replaces nothing: one version, whole.
#[test]
fn two_installs_without_locks_publish_one_version() {
    if !can_refuse() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    let command = || {
        let refuse = sandbox.command(refuse()).arguments(["1", "flock,renameat2"]);
        refuse.arguments(["use", "install", "node@12.22.12"])
    };
    for _ in 0..4 {
        let running: Vec<_> = (0..4).map(|_| command().start()).collect();
        let ended: Vec<Outcome> = running.into_iter().map(RunningShim::wait).collect();
        assert!(ended.iter().any(|outcome| outcome.status.success()), "{ended:#?}");
        for outcome in ended {
            assert!(!outcome.stderr.contains("panicked"), "{outcome}");
            assert!([Some(0), Some(73)].contains(&outcome.status.code()), "{outcome}");
        }
        sandbox.use_command(&["verify", "node@12.22.12"]).run().succeeds();
        let left = fs::read_dir(sandbox.toolchain("node", "12.22.12").parent().unwrap()).unwrap();
        assert_eq!(left.count(), 1);
        sandbox.use_command(&["uninstall", "node@12.22.12", "--yes"]).run().succeeds();
    }
}

/// An installed version runs without any system call that a filter may refuse.
#[test]
fn a_shim_runs_in_an_old_container() {
    if !can_refuse() {
        return;
    }
    let sandbox = Sandbox::new().offline();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.install();
    for error in ["1", "38"] {
        for names in [OPTIONAL, OTHERS] {
            let refuse = sandbox.command(refuse()).arguments([error, names]);
            let outcome = refuse.arguments(["node", "+12", "-v"]).run().succeeds();
            assert!(outcome.stdout.contains("12.22.12"), "{outcome}");
        }
    }
}

/// Whether the kernel takes filters here; prints a message if not.
pub(super) fn can_refuse() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    let can_refuse = *HERE.get_or_init(|| {
        let known =
            cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));
        known && {
            let sandbox = Sandbox::new();
            let refused = sandbox.command(refuse()).arguments(["1", "mkdir,mkdirat"]);
            let refused = refused.arguments(["mkdir", "refused"]).run();
            refused.stderr.contains("not permitted")
        }
    });
    if !can_refuse {
        skipped("the kernel takes no filters here; refused system calls aren't tested");
    }
    can_refuse
}

pub(super) fn refuse() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built::c_program("refuse", include_str!("refuse.c")))
}
