//! The shim's system calls in the usual case, its size, and what it prints about itself.

use std::collections::BTreeMap;
use std::fs;

use super::{ProbeSandbox, each, skipped, text};

/// The usual case: a `.nvmrc` three folders up, a partial request, three versions. Kinds of calls
/// and the most of each, in the build that is released, on x86-64. What they are for:
///
/// - the start: `execve`, `arch_prctl`, `set_tid_address`;
/// - its own file: `readlink`; the index: `open`, `fstat`, `read`, `close`; the policy: `open`;
/// - four folders of the project: `getcwd`, then `open` and `close` of each, `newfstatat` of each
///   name that may be there up to the one that decides (of several in a folder that isn't there, of
///   that folder alone), and of the folder that has one, to see whether every account can create
///   files there; the version file: `open`, `fstat`, `read`, `close`;
/// - the versions: `open`, `getdents64` twice, `close`; the program: `newfstatat`.
const MOST: &[(&str, usize)] = &[
    ("execve", 1),
    ("arch_prctl", 1),
    ("set_tid_address", 1),
    ("readlink", 1),
    ("getcwd", 1),
    // One looks for a lockfile beside the version file.
    ("open", 9),
    ("newfstatat", 56),
    ("getdents64", 2),
    ("fstat", 2),
    ("read", 2),
    ("close", 7),
];

/// Calls that change something outside of the process.
const CHANGING: &[&str] = &[
    "write",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "truncate",
    "ftruncate",
    "flock",
    "socket",
    "connect",
    "bind",
    "sendto",
    "sendmsg",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "utimensat",
    "mknod",
    "mknodat",
    "fsync",
    "kill",
    "rt_sigaction",
    "sigaltstack",
    "setrlimit",
    "umask",
    "chdir",
    "dup",
    "dup2",
    "dup3",
];

/// The system calls of one call of the shim, up to the program's start; `None` without strace.
fn traced(stage: &ProbeSandbox) -> Option<Vec<String>> {
    let log = stage.sandbox.root().join("trace");
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return None;
    }
    let command = stage.sandbox.command("strace").argument("-o").argument(&log);
    let command = command.argument(stage.sandbox.shim("node")).directory("project/a/b/c");
    command.run().succeeds();
    let lines: Vec<String> =
        fs::read_to_string(&log).expect("a trace").lines().map(str::to_owned).collect();
    let program = format!("execve(\"{}\"", text(&stage.program()));
    let end = lines.iter().position(|line| line.starts_with(&program)).expect("the program");
    Some(lines[..end].to_vec())
}

fn usual(stage: &ProbeSandbox) {
    stage.sandbox.file("project/.nvmrc", "12");
    stage.sandbox.folder("project/a/b/c");
    for version in ["10.24.1", "18.20.8"] {
        stage.script(version, "");
    }
}

#[test]
fn an_installed_version_needs_few_system_calls_and_no_writes() {
    each(|stage| {
        usual(stage);
        if stage.build == "brought along" {
            return skipped("counting system calls", "an emulated shim's are the emulator's");
        }
        let Some(calls) = traced(stage) else {
            return skipped("counting system calls", "strace is not installed");
        };
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for call in &calls {
            let kind = call.split('(').next().unwrap_or_default();
            assert!(!CHANGING.contains(&kind), "{call}");
            let opens = kind.starts_with("open");
            let writes =
                ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| call.contains(flag));
            assert!(!(opens && writes), "{call}");
            *kinds.entry(kind).or_default() += 1;
        }
        if stage.build == "carried" {
            if std::env::consts::ARCH != "x86_64" {
                return skipped("counting system calls by kind", "the table is of x86-64");
            }
            let all = calls.join("\n");
            for (kind, count) in &kinds {
                let most = MOST.iter().find(|(name, _)| name == kind).map_or(0, |(_, most)| *most);
                assert!(*count <= most, "{count} × {kind}, at most {most}: {kinds:?}\n{all}");
            }
        }
    });
}

#[test]
fn the_released_shim_is_static_and_small() {
    each(|stage| {
        if stage.build != "carried" && !stage.is_emulated() {
            return;
        }
        let shim = fs::read(stage.sandbox.usher().join("shim")).expect("read the shim");
        assert!(shim.len() <= 580_000, "{} bytes", shim.len());
        let number = |at: usize, length: usize| {
            shim[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        };
        // ELF, 64 bits: the table of segments, and the kind of each. 3 names a loader.
        assert_eq!(&shim[..5], b"\x7fELF\x02");
        let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
        let kinds: Vec<usize> = (0..count).map(|n| number(table + n * size, 4)).collect();
        assert!(kinds.contains(&1) && !kinds.contains(&3), "{kinds:?}");
    });
}

#[test]
fn usher_debug_prints_one_line_per_step() {
    each(|stage| {
        usual(stage);
        let run = |value: &str| {
            let command = stage.sandbox.command("node").argument("x").directory("project/a/b/c");
            command.variable("USHER_DEBUG", value).run().succeeds()
        };
        let program = stage.sandbox.mask(&text(&stage.program()));
        let expected = format!(
            "usher: called as node in [SANDBOX]/project/a/b/c
usher: home [SANDBOX]/home/.local/share/usher, shims [SANDBOX]/home/.local/share/usher/shims
usher: node is a program of node
usher: pin 12, requested by [SANDBOX]/project/.nvmrc:1
usher: toolchain 12.22.12 at [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12 (Own)
usher: runs {program}
"
        );
        assert_eq!(stage.sandbox.mask(&run("1").stderr), expected);
        assert_eq!(run("").stderr, "");
        run("1").stdout_has_line("argument 1, 1 bytes: x");
    });
}
