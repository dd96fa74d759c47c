//! The shim never becomes itself: not by another path, not through another manager's shim.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::{ProbeSandbox, each, text};
use crate::support::{Outcome, Sandbox};

/// A program of the system's that prints that it is one.
const REAL: &str = "#!/bin/sh\necho real \"$@\"\n";

/// Calls itself by name until its argument is 0; `STEP` is the call.
const NESTED: &str = "#!/bin/sh\necho >> \"$COUNT\"\n[ \"$1\" -eq 0 ] && echo done && exit\nSTEP\n";

/// Asks for the system's program, and puts these folders of the sandbox behind the shims.
fn run(stage: &ProbeSandbox, folders: &[&str], argument: &str) -> Outcome {
    stage.sandbox.file("project/.nvmrc", "system");
    let shims = text(&stage.sandbox.shims());
    let folders = folders.iter().map(|folder| text(&stage.sandbox.root().join(folder)));
    let path: Vec<String> = [shims].into_iter().chain(folders).collect();
    let command = stage.sandbox.command("node").argument(argument);
    let command = command.variable("PATH", path.join(":"));
    command.variable("COUNT", count(stage)).run()
}

/// A file that gets a line each time that a foreign program runs.
fn count(stage: &ProbeSandbox) -> PathBuf {
    stage.sandbox.root().join("count")
}

fn counted(stage: &ProbeSandbox) -> usize {
    let lines = fs::read_to_string(count(stage)).unwrap_or_default().lines().count();
    let _ = fs::remove_file(count(stage));
    lines
}

#[test]
fn other_paths_to_the_shims_are_skipped() {
    each(|stage| {
        let sandbox = &stage.sandbox;
        let shim = sandbox.shim("node");
        symlink(sandbox.shims(), sandbox.root().join("folder-link")).expect("link the folder");
        let place = |folder: &str| sandbox.folder(folder).join("node");
        symlink(&shim, place("link")).expect("link");
        symlink("../link/node", place("link-to-link")).expect("link");
        fs::hard_link(&shim, place("hard-link")).expect("link");
        fs::copy(&shim, place("copy")).expect("copy");
        symlink(sandbox.usher().join("shim"), place("name")).expect("link");
        sandbox.executable("real/node", REAL);
        let others = ["folder-link", "link", "link-to-link", "hard-link", "copy", "name"];
        for other in others {
            run(stage, &[other, "real"], "x").succeeds().stdout_is("real x");
        }
        let shims = text(&sandbox.shims());
        let all: Vec<&str> = [shims.as_str()].into_iter().chain(others).chain(["real"]).collect();
        run(stage, &all, "x").succeeds().stdout_is("real x");
        run(stage, &others, "x").fails_with(127).stderr_contains("no system node on PATH");
    });
}

#[test]
fn another_ushers_shims_are_skipped() {
    each(|stage| {
        let other = Sandbox::new();
        other.fake_toolchain("node", "10.0.0");
        other.install_with(&stage.sandbox.usher().join("shim"));
        stage.sandbox.executable("real/node", REAL);
        let shims = text(&other.shims());
        run(stage, &[&shims, "real"], "x").succeeds().stdout_is("real x");
        // The other one's own call finds its way past ours.
        let path = format!(
            "{shims}:{}:{}",
            text(&stage.sandbox.shims()),
            text(&stage.sandbox.root().join("real"))
        );
        let command = stage.sandbox.command(other.shim("node")).argument("x");
        command.variable("PATH", path).run().succeeds().stdout_is("real x");
    });
}

#[test]
fn a_foreign_shim_that_calls_back_is_skipped_on_path() {
    each(|stage| {
        let sandbox = &stage.sandbox;
        sandbox.executable("real/node", REAL);
        sandbox.executable("one/node", "#!/bin/sh\necho >> \"$COUNT\"\nexec node \"$@\"\n");
        let lengthens =
            "#!/bin/sh\necho >> \"$COUNT\"\nexport ONE=1 PATH=\"/x:$PATH\"\nexec node \"$@\"\n";
        sandbox.executable("two/node", lengthens);
        run(stage, &["one", "real"], "x").succeeds().stdout_is("real x");
        assert_eq!(counted(stage), 1);
        run(stage, &["two", "real"], "x").succeeds().stdout_is("real x");
        assert!(counted(stage) <= 3);
        run(stage, &["one", "two", "real"], "x").succeeds().stdout_is("real x");
        assert!(counted(stage) <= 6);
    });
}

/// Foreign programs that lead nowhere; each calls back by `exec` or from a child.
#[test]
fn an_endless_loop_ends_with_one_error() {
    each(|stage| {
        let foreign = |folder: &str, step: &str| {
            let text = format!("#!/bin/sh\necho >> \"$COUNT\"\n{step}\n");
            stage.sandbox.executable(format!("{folder}/node"), &text);
        };
        foreign("exec", "exec node \"$@\"");
        foreign("fork", "node \"$@\"");
        foreign("path", "PATH=\"/x:$PATH\" node \"$@\"");
        foreign("env", "/usr/bin/env node \"$@\"");
        for folders in
            [&["exec"][..], &["fork"], &["path"], &["env"], &["exec", "fork"], &["fork", "exec"]]
        {
            let outcome = run(stage, folders, "x").fails_with(126);
            let outcome =
                outcome.stderr_contains("the next node on PATH called usher's shim back 20 times");
            let outcome =
                outcome.stderr_contains(folders[0]).stderr_contains("hint: use node@latest");
            assert_eq!(outcome.stderr.matches("usher:").count(), 1, "{outcome}");
            let counted = counted(stage);
            assert!((1..=42).contains(&counted), "{counted} in {folders:?}");
        }
    });
}

#[test]
fn a_loop_that_changes_at_each_round_ends_too() {
    each(|stage| {
        let text = "#!/bin/sh\necho >> \"$COUNT\"\nROUND=x$ROUND\nexport ROUND\nexec node \"$@\"\n";
        stage.sandbox.executable("changing/node", text);
        let outcome = run(stage, &["changing"], "x").fails_with(126);
        outcome.stderr_contains("called usher's shim back 20 times");
        assert!(counted(stage) <= 21);
    });
}

#[test]
fn two_hundred_nested_calls_work() {
    each(|stage| {
        let steps = [
            "node $(($1 - 1))",
            "exec node $(($1 - 1))",
            "/bin/sh -c \"node $(($1 - 1))\"",
            "/usr/bin/env node $(($1 - 1))",
        ];
        for step in steps {
            let script = NESTED.replace("STEP", step);
            stage.sandbox.executable("real/node", &script);
            run(stage, &["real"], "200").succeeds().stdout_is("done");
            assert_eq!(counted(stage), 201, "{step}");
            stage.script(super::VERSION, &script);
            stage.sandbox.file("project/.nvmrc", super::VERSION);
            let command = stage.sandbox.command("node").argument("200");
            command.variable("COUNT", count(stage)).run().succeeds().stdout_is("done");
            assert_eq!(counted(stage), 201, "{step}");
        }
    });
}

#[test]
fn nested_calls_that_change_a_variable_or_folder_work() {
    each(|stage| {
        let counting = "#!/bin/sh\nDEPTH=$((${DEPTH:-100} - 1))\nexport DEPTH\n[ $DEPTH -eq 0 ] && echo done && exit\nnode \"$@\"\n";
        stage.sandbox.executable("counting/node", counting);
        run(stage, &["counting"], "x").succeeds().stdout_is("done");
        let descending = "#!/bin/sh\ncd down 2>/dev/null || { echo done; exit; }\nnode \"$@\"\n";
        stage.sandbox.executable("descending/node", descending);
        stage.sandbox.folder(format!("project{}", "/down".repeat(100)));
        run(stage, &["descending"], "x").succeeds().stdout_is("done");
    });
}

#[test]
fn a_system_program_can_call_itself_unchanged() {
    each(|stage| {
        let text = "#!/bin/sh\necho >> \"$COUNT\"\n[ $(wc -l < \"$COUNT\") -ge 10 ] && echo done && exit\nexec node \"$@\"\n";
        stage.sandbox.executable("real/node", text);
        let outcome = run(stage, &["real", "/usr/bin", "/bin"], "x");
        // /usr/bin may have a node of its own.
        if !std::path::Path::new("/usr/bin/node").exists() {
            outcome.succeeds().stdout_is("done");
        }
    });
}
