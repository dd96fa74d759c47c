//! The contract of becoming the program (`docs/exec.md`): each line of it, held by comparing a call
//! of the shim with a call of the program's own path.
//!
//! Most of it is held for each build of the shim. The program then is a probe that says what it
//! inherited (`probe.c`); it is started by a launcher that first puts itself into the state in
//! question (`launcher.c`).
//!
//! What shims were seen to get wrong, here or in other version managers, is shown with the real
//! programs where the fault was theirs: a moved Python (`argument_zero`), children of a real node
//! (`children`), other managers' shims (`foreign`), shims in odd places (`places`), package
//! managers that run as a child (`wrapped`).

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

/// The version that the project asks for, and that is a probe.
const VERSION: &str = "12.22.12";

/// Runs a test for each build of the shim.
fn each(test: impl Fn(&ProbeSandbox)) {
    for (build, shim) in built::shims() {
        let stage = ProbeSandbox::new(build, shim);
        // Which build it was is shown where the test fails.
        let _shown = Shown(build);
        test(&stage);
    }
}

/// Says which build of the shim failed.
struct Shown(&'static str);

impl Drop for Shown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(io::stderr(), "the shim that failed: {}", self.0);
        }
    }
}

/// The program that says what it inherited.
fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| built::c_program("probe", include_str!("contract/probe.c")))
}

/// The program that puts itself into a state.
fn launcher() -> &'static Path {
    static LAUNCHER: OnceLock<PathBuf> = OnceLock::new();
    LAUNCHER.get_or_init(|| built::c_program("launcher", include_str!("contract/launcher.c")))
}

/// A sandbox in whose project `node` is the probe.
struct ProbeSandbox {
    /// Which build of the shim it has.
    build: &'static str,
    sandbox: Sandbox,
}

impl ProbeSandbox {
    fn new(build: &'static str, shim: &Path) -> Self {
        let stage = Self { build, sandbox: Sandbox::new() };
        let sandbox = &stage.sandbox;
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(sandbox.root(), open).expect("let other accounts in");
        sandbox.folder(stage.program().parent().expect("the toolchain's programs"));
        executables::place(probe(), &stage.program());
        sandbox.file("project/.nvmrc", VERSION);
        sandbox.install_with(shim);
        stage
    }

    /// The program, by its own path.
    fn program(&self) -> PathBuf {
        self.sandbox.toolchain("node", VERSION).join("bin/node")
    }

    /// A toolchain whose `node` is this script.
    fn script(&self, version: &str, text: &str) {
        let path = self.sandbox.toolchain("node", version).join("bin/node");
        // What lies there may be a link of the probe.
        let _ = fs::remove_file(&path);
        self.sandbox.executable(path, text);
    }

    /// An empty file system entry's path for what a probe says.
    fn said(&self) -> PathBuf {
        self.sandbox.root().join("said")
    }

    /// Whether the shim is of another machine, and so runs in an emulator. That turns the order of
    /// the variables around and keeps but one of a name.
    fn is_emulated(&self) -> bool {
        let machine = |path: &Path| fs::read(path).expect("read a program")[18..20].to_vec();
        machine(&self.sandbox.usher().join("shim")) != machine(probe())
    }

    /// The launcher, which sets up `words` and becomes `program`, called `name`.
    fn launch(&self, words: &[&str], program: &Path, name: &str) -> TestCommand {
        let command = self.sandbox.command(launcher()).arguments(words).argument("--");
        command.argument(program).argument(name)
    }

    /// The shim, started in a state.
    fn through_shim(&self, words: &[&str]) -> TestCommand {
        self.launch(words, &self.sandbox.shim("node"), "node")
    }

    /// The program itself, started in the same state.
    fn directly(&self, words: &[&str]) -> TestCommand {
        let program = self.program();
        self.launch(words, &program, &program.to_string_lossy())
    }

    /// Checks that shim and program do and say the same; what the probe says is returned.
    fn compare(&self, words: &[&str], prepare: impl Fn(TestCommand) -> TestCommand) -> Said {
        let run = |command: TestCommand| {
            let command = prepare(command.variable("PROBE_OUT", self.said()));
            let running = command.start();
            let id = running.id();
            let outcome = running.wait();
            let text = fs::read(self.said()).unwrap_or_default();
            let _ = fs::remove_file(self.said());
            Said {
                text: without_id(&text, id),
                status: outcome.status,
                bytes: without_id(&outcome.bytes, id),
            }
        };
        let mut direct = run(self.directly(words));
        let mut shim = run(self.through_shim(words));
        if self.is_emulated() {
            for said in [&mut direct, &mut shim] {
                said.text = without_order(&said.text);
            }
        }
        assert_eq!(shim.status, direct.status, "{words:?}: {}", shim.shown());
        assert!(shim == direct, "{words:?}\n{}", difference(&direct, &shim));
        shim
    }
}

/// What a probe said and how it ended.
#[derive(Debug, PartialEq)]
struct Said {
    /// Its report.
    text: Vec<u8>,
    /// How it ended.
    status: ExitStatus,
    /// Its standard output.
    bytes: Vec<u8>,
}

impl Said {
    /// Checks that it said this somewhere, so that equal reports are not equally empty.
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

/// A report whose variables have no order and no numbers.
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
fn difference(direct: &Said, shim: &Said) -> String {
    let lines = |said: &Said| {
        let all = [&said.text[..], b"\n", &said.bytes].concat();
        String::from_utf8_lossy(&all).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (direct, shim) = (lines(direct), lines(shim));
    let without = |these: &[String], those: &[String]| {
        these.iter().filter(|line| !those.contains(line)).cloned().collect::<Vec<_>>().join("\n")
    };
    let (lost, gained) = (without(&direct, &shim), without(&shim, &direct));
    format!("the program alone:\n{lost}\nthe shim alone:\n{gained}")
}

/// The number of the process that was started, masked: the probe must have it, or be its child.
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

/// Says that a test couldn't be made on this machine, past the harness that hides what tests print.
fn skipped(what: &str, why: &str) {
    writeln!(io::stderr(), "SKIPPED: {what}: {why}").expect("say what was skipped");
}

/// Whether other accounts' processes and files can be made here; a lone user namespace has none.
fn is_master_of_accounts() -> bool {
    let file = tempfile::NamedTempFile::new().expect("make a file");
    chown(file.path(), Some(65534), Some(65534)).is_ok()
}

/// Bytes as an argument.
fn raw(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// A file's path as text.
fn text(path: &Path) -> String {
    path.as_os_str().to_str().expect("a path of the tests").to_owned()
}

/// Whether an environment's text is in a probe's report.
fn variable(name: &OsStr, value: &OsStr) -> Vec<u8> {
    let length = name.len() + 1 + value.len();
    let start = format!(", {length} bytes: ").into_bytes();
    [&start, name.as_bytes(), b"=", value.as_bytes(), b"\n"].concat()
}
