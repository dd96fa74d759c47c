//! Shims are found in odd places: twice on PATH, through links, copied elsewhere. None of them may
//! be taken for the program of its name.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Outcome, Sandbox};

/// The variable in which a shim leaves where it has passed a call on to.
const REENTRY: &str = "USHER_REENTRY";

/// A sandbox with two nodes of usher's and another in a folder `system` on PATH.
fn with_nodes() -> Sandbox {
    let sandbox = Sandbox::new().offline();
    for version in ["10.24.1", "12.22.12"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.fake_program("system/node/20.0.0/bin/node");
    sandbox.install();
    sandbox
}

#[test]
fn a_program_behind_a_shims_path_keeps_its_name() {
    let sandbox = with_nodes();
    for program in ["node", "npm", "npx"] {
        let shim = sandbox.shim(program);
        let seen = fs::symlink_metadata(&shim).expect("a shim");
        assert!(seen.is_file(), "{program} isn't a link");
        assert_eq!(fs::canonicalize(&shim).expect("its own path"), shim);
        let script = "exec \"$(readlink -f \"$0\")\" -v";
        let resolved = sandbox.command("sh").arguments(["-c", script]).argument(&shim);
        let resolved = resolved.variable("NODE_VERSION", "12").run();
        let path = sandbox.toolchain("node", "12.22.12").join("bin").join(program);
        let path = sandbox.mask(&path.to_string_lossy());
        resolved.succeeds().stdout_has_line(&format!("argument 0: {path}"));
    }
}

#[test]
fn a_shim_never_runs_a_shim() {
    let sandbox = with_nodes();
    let shims = sandbox.shims();
    sandbox.folder("linked");
    symlink(&shims, sandbox.root().join("linked/shims")).expect("a link to the folder");
    symlink(sandbox.shim("node"), sandbox.root().join("linked/node")).expect("a link to a shim");
    sandbox.copy_program(&sandbox.shim("node"), "copied/node");
    fs::create_dir(sandbox.root().join("hard")).expect("a folder");
    fs::hard_link(sandbox.shim("node"), sandbox.root().join("hard/node")).expect("a hard link");

    let root = sandbox.root().display().to_string();
    let folders = ["home/.local/share/usher/shims", "linked/shims", "linked", "copied", "hard"];
    let on_path = |folders: &[&str]| {
        let path: String = folders.iter().map(|folder| format!("{root}/{folder}:")).collect();
        format!("{path}{root}/system/node/20.0.0/bin:/usr/bin:/bin")
    };
    let run = |called: &str, path: &str, request: Option<&str>| -> Outcome {
        let command = sandbox.command(called).argument("-v").variable("PATH", path);
        match request {
            Some(request) => command.variable("NODE_VERSION", request).run(),
            None => command.run(),
        }
    };
    let check = |called: &str, path: &str| {
        run(called, path, None).succeeds().stdout_has_line("node 20.0.0");
        run(called, path, Some("12")).succeeds().stdout_has_line("node 12.22.12");
    };
    for first in folders {
        for second in folders {
            check("node", &on_path(&[first, second]));
        }
        check(&format!("{root}/{first}/node"), &on_path(&[]));
        check(&format!("{root}/{first}/node"), &on_path(&folders));
    }
    check("node", &on_path(&folders));

    // One that differs from the program is not even tried.
    for second in ["linked/shims", "linked", "hard"] {
        let path = on_path(&[folders[0], second]);
        let node = sandbox.command("node").variable("PATH", path).variable("FAKE_SHOWS", REENTRY);
        let outcome = node.run().succeeds();
        let line = outcome.stdout.lines().last().unwrap_or_default();
        let folders: Vec<&str> = line.split(":/").skip(1).collect();
        let [folder] = folders[..] else { panic!("one folder is expected\n{outcome}") };
        assert!(folder.ends_with("system/node/20.0.0/bin"), "{outcome}");
    }
}
