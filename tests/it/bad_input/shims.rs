//! The shims' own files, and folders of usher's, that are wrong.

use std::fs;

use super::with_default;
use crate::commands::{assert_unchanged, sandbox};
use crate::support::Upstream;

#[test]
fn the_shims_index_is_missing_or_damaged() {
    let sandbox = with_default();
    let index = sandbox.shims().join(".usher");
    let good = fs::read(&index).unwrap();
    // An older usher may be put in the place of a newer one, whose index it doesn't know.
    let newer = "usher index 99\nusher\t99.1.0\ndata\t/x\n";
    for spoil in [None, Some("garbage"), Some("usher index 99\ndata\t/x\n"), Some(newer), Some("")]
    {
        fs::remove_file(&index).unwrap();
        if let Some(text) = spoil {
            fs::write(&index, text).unwrap();
        }
        let outcome = sandbox.command("node").argument("x").run().succeeds();
        outcome.stdout_has_line("argument 1: x");
        if spoil == Some(newer) {
            sandbox.use_command(&["list"]).run().succeeds();
        }
        assert_eq!(fs::read(&index).unwrap(), good, "it is written again after {spoil:?}");
    }
}

#[test]
fn a_missing_use_program_is_an_error() {
    let sandbox = with_default();
    sandbox.command("node").run().succeeds();
    fs::remove_file(sandbox.shim("use")).unwrap();
    sandbox.command("node").run().succeeds().stdout_has_line("node 12.22.12");
    sandbox.file("project/.nvmrc", "13\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: [SANDBOX]/home/.local/share/usher/shims/use is missing
      hint: ./install.sh
    ");
    fs::remove_file(sandbox.shims().join(".usher")).unwrap();
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: [SANDBOX]/home/.local/share/usher/shims/use is missing
      hint: ./install.sh
    ");
}

#[test]
fn a_shim_with_an_unknown_name() {
    let sandbox = with_default();
    let shim = sandbox.shim("node");
    fs::hard_link(&shim, sandbox.shim("nonesuch")).unwrap();
    insta::assert_snapshot!(sandbox.command("nonesuch").run().transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    usher: unknown program “nonesuch”
      hint: use reshim
    ");
    let ascii = sandbox.command("nonesuch").variable("LANG", "C").run().fails_with(127);
    ascii.stderr_contains("usher: unknown program \"nonesuch\"");
    // If argument 0 isn't a name, the file's own name counts.
    for name in ["", "/", "..", "\u{1b}[31m", "a\nb"] {
        let outcome = sandbox.command(&shim).with_argument_zero(name).run();
        outcome.succeeds().stdout_has_line("node 12.22.12");
    }
}

#[test]
fn a_foreign_folder_has_the_toolchains_name() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let folder = sandbox.toolchain("node", "12.22.12");
    sandbox.file(folder.join("notes.txt"), "mine\n");
    sandbox.file("project/.nvmrc", "12.22.12\n");
    let before = sandbox.tree("home/.local");
    let outcome = sandbox.use_command(&["install", "node@12.22.12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 73
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12 exists and is not a node toolchain
      hint: move it away: mv '[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12' /somewhere/else
    ");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 126
    --- standard output
    --- standard error
    usher: [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12 exists and is not a node toolchain
      node 12.22.12 is requested by .nvmrc:1
      hint: move it away: mv '[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12' /somewhere/else
    ");
    assert_unchanged(&sandbox, "home/.local", &before, "both");

    fs::remove_dir_all(&folder).unwrap();
    sandbox.file(&folder, "a file");
    let outcome = sandbox.use_command(&["install", "node@12.22.12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 73
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12 exists and is not a node toolchain
      hint: move it away: mv '[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12' /somewhere/else
    ");
    assert_eq!(sandbox.read(&folder), "a file");
}
