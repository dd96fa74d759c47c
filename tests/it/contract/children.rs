//! Children are resolved again.

use super::each;

/// Says its version, then runs what it is told in a shell.
const TALKER: &str = "#!/bin/sh
echo VERSION
[ ! -f \"$1\" ] || shift
[ $# -eq 0 ] || exec /bin/sh -c \"$*\"
";

/// A line of shell that `node` runs, and what it and its children say.
const CALLS: &[(&[&str], &str)] = &[
    (&["cd ../other && node"], "12\n10"),
    (&["cd ../other; node 'cd ../project; node'"], "12\n10\n12"),
    (&["+10", "node"], "10\n10"),
    (&["+10", "cd ../project; node; node +12; node"], "10\n10\n12\n10"),
    (&["cd node_modules/old && node"], "12\n12"),
    (&["cd node_modules/old/lib && node"], "12\n12"),
    (&["./script"], "12"),
    (&["exec ./script"], "12\n12"),
    (&["cd ../other; ../project/script"], "12\n10"),
    (&["cd ../other; env -i ../home/.local/share/usher/shims/node ../project/script"], "12\n10"),
];

#[test]
fn a_child_gets_the_version_of_its_own_folder() {
    each(|stage| {
        for version in ["10", "12"] {
            let exact = format!("{version}.22.12");
            stage.script(&exact, &TALKER.replace("VERSION", version));
        }
        let sandbox = &stage.sandbox;
        sandbox.file("project/.nvmrc", "12.22.12");
        sandbox.file("other/.nvmrc", "10.22.12");
        sandbox.file("project/node_modules/old/.nvmrc", "10.22.12");
        sandbox.folder("project/node_modules/old/lib");
        sandbox.executable("project/script", "#!/usr/bin/env node\n");
        for (arguments, expected) in CALLS {
            sandbox.command("node").arguments(*arguments).run().succeeds().prints(expected);
        }
    });
}

#[test]
fn a_version_in_the_name_holds_for_the_children() {
    each(|stage| {
        for version in ["10", "12"] {
            let exact = format!("{version}.22.12");
            stage.script(&exact, &TALKER.replace("VERSION", version));
        }
        stage.sandbox.file("project/.nvmrc", "12.22.12");
        let bin = stage.sandbox.folder("bin");
        std::os::unix::fs::symlink(stage.sandbox.shim("node"), bin.join("node10")).expect("link");
        let run = |line: &str| stage.sandbox.command(bin.join("node10")).argument(line).run();
        run("node").succeeds().prints("10\n10");
        run("cd /; node; node +12; node").succeeds().prints("10\n10\n12\n10");
    });
}
