//! An application in two languages: a project that pins node and Python, such as a node server that
//! runs Python modules.

use std::fs;
use std::path::Path;

use super::{APPLICATION, Python, with_node_and_python};
use crate::support::{Outcome, Sandbox};

/// Prints its own version, and that of the venv's Python, which it runs as a child.
const APP: &str = "\
console.log(process.version, process.execPath);
const python = require('path').join(__dirname, '..', 'weboob', 'bin', 'python');
const program = 'import platform, sys; print(platform.python_version(), sys.prefix)';
const child = require('child_process').spawnSync(python, ['-c', program], { encoding: 'utf8' });
process.stdout.write(child.stdout);
process.stderr.write(child.stderr);
process.exit(child.status);
";

/// Prints a Python's version and prefixes, one per line.
const PRINT_PREFIXES: &str = "\
import platform, sys
print(platform.python_version(), sys.prefix, sys.base_prefix, sep='\\n')";

#[test]
fn node_runs_the_python_of_a_venv_from_any_folder() {
    let Some((sandbox, python)) = with_application() else { return };
    let node = sandbox.toolchain("node", APPLICATION).join("bin/node");
    let expected = format!(
        "v{APPLICATION} {}\n{} {}",
        sandbox.mask(&node.to_string_lossy()),
        python.version,
        "[SANDBOX]/project/weboob",
    );
    sandbox.command("node").argument("bin/app").run().succeeds().stdout_is(&expected);

    // A service manager starts it by absolute path, in a folder, without environment.
    let service = || sandbox.command("env").argument("-i").argument(sandbox.shim("node"));
    service().argument("bin/app").run().succeeds().stdout_is(&expected);
    service().argument("../bin/app").directory("project/bin").run().succeeds().stdout_is(&expected);

    // Outside of the project, the user's default decides.
    let app = sandbox.project().join("bin/app");
    sandbox.use_command(&["--global", "node@10.15.1"]).run().succeeds();
    let elsewhere = service().argument(app).directory("/").run().succeeds();
    let first = elsewhere.stdout.lines().next().unwrap_or_default();
    assert!(first.starts_with("v10.15.1 "), "{elsewhere}");
}

#[test]
fn a_venv_links_to_the_real_interpreter() {
    let Some((sandbox, python)) = with_application() else { return };
    let interpreter = sandbox.project().join("weboob/bin/python");
    let link = fs::read_link(&interpreter).expect("the venv's python is a link");
    assert!(!link.starts_with(sandbox.shims()), "{}", link.display());
    assert_eq!(fs::canonicalize(&interpreter).expect("the interpreter"), python.program);
    let written = sandbox.read("project/weboob/pyvenv.cfg");
    assert!(!written.contains(".local/share/usher/shims"), "{written}");

    let prefix = python.prefix.display();
    let expected = format!("{}\n[SANDBOX]/project/weboob\n{prefix}", python.version);
    let prefixes = || sandbox.command(&interpreter).arguments(["-c", PRINT_PREFIXES]);
    prefixes().run().succeeds().stdout_is(&expected);
    prefixes().variable("PATH", "/usr/bin:/bin").run().succeeds().stdout_is(&expected);
    prefixes().variable("PYTHON_VERSION", "2.7").run().succeeds().stdout_is(&expected);
    prefixes().directory("/").without_variable("HOME").run().succeeds().stdout_is(&expected);

    // With the venv's folder first on PATH, as `activate` sets it, its python runs.
    let path =
        |first: &Path| format!("{}:{}:/usr/bin:/bin", first.display(), sandbox.shims().display());
    let activated = path(&sandbox.project().join("weboob/bin"));
    let shell = sandbox.command("sh").arguments(["-c", "exec python -c \"$0\"", PRINT_PREFIXES]);
    shell.variable("PATH", activated).run().succeeds().stdout_is(&expected);
}

#[test]
fn one_command_runs_with_two_tools() {
    let Some((sandbox, python)) = with_node_and_python(&["8.15.1"]) else { return };
    let before = files(&sandbox);
    let tools = ["node@8.15".to_owned(), format!("python@{}", python.request)];
    let line = "node -v; python -c 'import platform; print(platform.python_version())'";
    let command = sandbox.command("use").arguments(&tools).arguments(["--", "sh", "-c", line]);
    command.run().succeeds().stdout_is(&format!("v8.15.1\n{}", python.version));
    assert_eq!(files(&sandbox), before, "the project or the settings changed");

    let failing = sandbox.use_command(&["node@8.15.1", "--", "node", "-e", "process.exit(3)"]);
    failing.run().fails_with(3);
}

/// A sandbox with the application and its venv.
#[track_caller]
fn with_application() -> Option<(Sandbox, &'static Python)> {
    let (sandbox, python) = with_node_and_python(&[APPLICATION, "10.15.1"])?;
    let pins = format!("nodejs {APPLICATION}\npython {}\n", python.request);
    sandbox.file("project/.tool-versions", pins);
    sandbox.file("project/bin/app", APP);
    make_venv(&sandbox, python).succeeds();
    Some((sandbox, python))
}

/// Creates the venv. Some systems ship Python without `ensurepip`.
fn make_venv(sandbox: &Sandbox, python: &Python) -> Outcome {
    let without: &[&str] = if python.has_pip { &[] } else { &["--without-pip"] };
    sandbox.command("python").arguments(["-m", "venv", "weboob"]).arguments(without).run()
}

fn files(sandbox: &Sandbox) -> Vec<String> {
    let find = "find project home/.config home/.local/share/usher/toolchains 2>/dev/null | sort";
    let found = sandbox.command("sh").arguments(["-c", find]).directory(".").run();
    found.stdout.lines().map(str::to_owned).collect()
}
