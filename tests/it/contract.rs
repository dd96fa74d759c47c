//! The contract of running programs (`docs/exec.md`): each line is tested by comparing a call of
//! the shim with a call of the program's own path.
//!
//! Most tests run with each build of the shim. Their program is a probe (`probe.c`), which reports
//! what it inherited. A launcher (`launcher.c`) sets up the process state in question and starts
//! it.
//!
//! Known mistakes of shims, in usher or in other version managers, are tested with real programs: a
//! moved Python (`argument_zero`), children of a real node (`children`), other managers' shims
//! (`foreign`), shims in unusual folders (`places`), package managers that run as a child
//! (`wrapped`).

mod argument_zero;
mod bytes;
mod children;
mod document;
mod ends;
mod failures;
mod foreign;
mod itself;
mod names;
mod places;
mod search_path;
mod secure;
mod signals;
mod state;
mod system_calls;
mod unwritable;
mod wrapped;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::OnceLock;

use crate::support::{Sandbox, TestCommand, built, executables};

/// The version that the project pins. Its program is the probe.
const VERSION: &str = "12.22.12";

/// Runs a test for each build of the shim.
fn each(test: impl Fn(&ProbeSandbox)) {
    for (build, shim) in built::shims() {
        let stage = ProbeSandbox::new(build, shim);
        // Prints the build if the test fails.
        let _guard = PrintBuildOnFailure(build);
        test(&stage);
    }
}

/// Prints the build of the shim when a test fails.
struct PrintBuildOnFailure(&'static str);

impl Drop for PrintBuildOnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(io::stderr(), "the shim that failed: {}", self.0);
        }
    }
}

/// The program that reports what it inherited.
fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| built::c_program("probe", include_str!("contract/probe.c")))
}

/// The program that sets up the state of its process and runs another.
fn launcher() -> &'static Path {
    static LAUNCHER: OnceLock<PathBuf> = OnceLock::new();
    LAUNCHER.get_or_init(|| built::c_program("launcher", include_str!("contract/launcher.c")))
}

/// A sandbox with a project where `node` is the probe.
struct ProbeSandbox {
    /// The name of the shim's build.
    build: &'static str,
    sandbox: Sandbox,
}

impl ProbeSandbox {
    fn new(build: &'static str, shim: &Path) -> Self {
        let stage = Self { build, sandbox: Sandbox::new() };
        let sandbox = &stage.sandbox;
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(sandbox.root(), open).expect("let other accounts use the sandbox");
        sandbox.folder(stage.program().parent().expect("the folder of the program"));
        executables::place(probe(), &stage.program());
        sandbox.file("project/.nvmrc", VERSION);
        sandbox.install_with(shim);
        stage
    }

    /// The path of the program itself.
    fn program(&self) -> PathBuf {
        self.sandbox.toolchain("node", VERSION).join("bin/node")
    }

    /// Creates a toolchain whose `node` is this script.
    fn script(&self, version: &str, text: &str) {
        let path = self.sandbox.toolchain("node", version).join("bin/node");
        // The existing file may be a hard link of the probe.
        let _ = fs::remove_file(&path);
        self.sandbox.executable(path, text);
    }

    /// The path where the probe writes its report.
    fn report_path(&self) -> PathBuf {
        self.sandbox.root().join("report")
    }

    /// Whether the shim is built for another architecture, and so runs in an emulator. Emulators
    /// reverse the order of variables and drop duplicates.
    fn is_emulated(&self) -> bool {
        let machine = |path: &Path| fs::read(path).expect("read a program")[18..20].to_vec();
        machine(&self.sandbox.usher().join("shim")) != machine(probe())
    }

    /// The launcher, which sets up the state in `words` and runs `program` with argument 0 `name`.
    fn launch(&self, words: &[&str], program: &Path, name: &str) -> TestCommand {
        let command = self.sandbox.command(launcher()).arguments(words).argument("--");
        command.argument(program).argument(name)
    }

    /// Runs the shim in this state.
    fn through_shim(&self, words: &[&str]) -> TestCommand {
        self.launch(words, &self.sandbox.shim("node"), "node")
    }

    /// Runs the program itself in the same state.
    fn directly(&self, words: &[&str]) -> TestCommand {
        let program = self.program();
        self.launch(words, &program, &program.to_string_lossy())
    }

    /// Checks that shim and program behave the same, and returns the probe's report.
    fn compare(
        &self,
        words: &[&str],
        prepare: impl Fn(TestCommand) -> TestCommand,
    ) -> ProbeOutcome {
        let run = |command: TestCommand| {
            let command = prepare(command.variable("PROBE_OUT", self.report_path()));
            let running = command.start();
            let id = running.id();
            let outcome = running.wait();
            let text = fs::read(self.report_path()).unwrap_or_default();
            let _ = fs::remove_file(self.report_path());
            ProbeOutcome {
                text: without_id(&text, id),
                status: outcome.status,
                bytes: without_id(&outcome.bytes, id),
            }
        };
        let mut direct = run(self.directly(words));
        let mut shim = run(self.through_shim(words));
        if self.is_emulated() {
            for outcome in [&mut direct, &mut shim] {
                outcome.text = without_order(&outcome.text);
            }
        }
        assert_eq!(shim.status, direct.status, "{words:?}: {}", shim.shown());
        assert!(shim == direct, "{words:?}\n{}", difference(&direct, &shim));
        shim
    }
}

/// A probe's report, and how the probe ended.
#[derive(Debug, PartialEq)]
struct ProbeOutcome {
    /// Its report.
    text: Vec<u8>,
    /// How it ended.
    status: ExitStatus,
    /// Its standard output.
    bytes: Vec<u8>,
}

impl ProbeOutcome {
    /// Checks that the report contains this, so that the compared reports aren't both empty.
    #[track_caller]
    fn has(self, expected: impl AsRef<[u8]>) -> Self {
        let expected = expected.as_ref();
        let found = self.text.windows(expected.len()).any(|part| part == expected);
        assert!(found, "expected: {}\n{}", String::from_utf8_lossy(expected), self.shown());
        self
    }

    fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.text);
        text.chars().take(20_000).collect()
    }
}

/// Sorts a report's variables and removes their numbers.
fn without_order(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let (variables, others): (Vec<_>, Vec<_>) =
        lines.partition(|line| line.starts_with(b"variable "));
    let value = |line: &[u8]| line.splitn(2, |byte| *byte == b',').nth(1).map(<[u8]>::to_vec);
    let mut variables: Vec<_> = variables.into_iter().filter_map(value).collect();
    variables.sort();
    let marked = variables.iter().map(|value| [b"variable,", &value[..]].concat());
    others.into_iter().map(<[u8]>::to_vec).chain(marked).collect::<Vec<_>>().concat()
}

/// The lines in which two reports differ.
fn difference(direct: &ProbeOutcome, shim: &ProbeOutcome) -> String {
    let lines = |outcome: &ProbeOutcome| {
        let all = [&outcome.text[..], b"\n", &outcome.bytes].concat();
        String::from_utf8_lossy(&all).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (direct, shim) = (lines(direct), lines(shim));
    let without = |these: &[String], those: &[String]| {
        these.iter().filter(|line| !those.contains(line)).cloned().collect::<Vec<_>>().join("\n")
    };
    let (lost, gained) = (without(&direct, &shim), without(&shim, &direct));
    format!("only the program:\n{lost}\nonly the shim:\n{gained}")
}

/// Masks the ID of the started process. The probe must have this ID, or be a child of it.
fn without_id(text: &[u8], id: u32) -> Vec<u8> {
    let mask = |line: &[u8]| {
        let shown = String::from_utf8_lossy(line);
        match shown.strip_prefix("process ") {
            Some(own) if own == id.to_string() => b"process: the one that was started".to_vec(),
            Some(_) => b"process: another one".to_vec(),
            None if shown.starts_with(&format!("parent {id},")) => {
                shown.replace(&format!("parent {id},"), "parent: it,").into_bytes()
            }
            None => line.to_vec(),
        }
    };
    text.split(|byte| *byte == b'\n').map(mask).collect::<Vec<_>>().join(&b'\n')
}

/// Reports a test that can't run on this machine. Writes to standard error directly, because the
/// test harness captures `eprintln!`.
fn skipped(what: &str, why: &str) {
    writeln!(io::stderr(), "SKIPPED: {what}: {why}").expect("report a skipped test");
}

/// Whether this process can give files to other accounts. In some user namespaces even root can't.
fn can_change_owners() -> bool {
    let file = tempfile::NamedTempFile::new().expect("create a file");
    chown(file.path(), Some(65534), Some(65534)).is_ok()
}

/// Bytes as an argument.
fn raw(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// A path as text.
fn text(path: &Path) -> String {
    path.as_os_str().to_str().expect("paths of the tests are UTF-8").to_owned()
}

/// How a probe reports a variable.
fn variable(name: &OsStr, value: &OsStr) -> Vec<u8> {
    let length = name.len() + 1 + value.len();
    let start = format!(", {length} bytes: ").into_bytes();
    [&start, name.as_bytes(), b"=", value.as_bytes(), b"\n"].concat()
}
