//! The file that another one names: by `volta.extends` a regular one of the same repository, by a
//! `Gemfile`'s `file:` one in its own folder or below.

use std::fs;
use std::os::unix::fs::symlink;

use super::with_default;
use crate::support::{Sandbox, make_fifo};

const BASE: &str = "{ \"volta\": { \"node\": \"10.24.1\" } }\n";

fn sandbox() -> Sandbox {
    let sandbox = with_default();
    sandbox.fake_toolchain("node", "10.24.1");
    sandbox.file("outside.json", BASE);
    sandbox
}

fn extend(sandbox: &Sandbox, folder: &str, named: &str) {
    let text = format!("{{ \"volta\": {{ \"extends\": \"{named}\" }} }}\n");
    sandbox.file(format!("project/{folder}package.json"), text);
}

/// The default runs, and `use why` has this note.
fn is_refused(sandbox: &Sandbox, named: &str, note: &str) {
    sandbox.command("node").argument("-v").run().succeeds().stdout_has_line("node 12.22.12");
    let why = sandbox.use_command(&["why", "node"]).run().succeeds();
    assert!(sandbox.mask(&why.stdout).contains(note), "{named}: {note}\n{why}");
}

#[test]
fn a_file_outside_of_the_repository_is_not_extended() {
    let sandbox = sandbox();
    sandbox.folder("project/.git");
    let absolute = sandbox.root().join("outside.json");
    symlink(&absolute, sandbox.project().join("link.json")).unwrap();
    symlink(sandbox.root(), sandbox.project().join("folder")).unwrap();
    let absolute = absolute.to_str().unwrap();
    let cases = [
        ("../outside.json", "[SANDBOX]/outside.json"),
        (absolute, "[SANDBOX]/outside.json"),
        ("link.json", "[SANDBOX]/project/link.json"),
        ("folder/outside.json", "[SANDBOX]/project/folder/outside.json"),
        ("/dev/zero", "/dev/zero"),
        ("../project/../outside.json", "[SANDBOX]/outside.json"),
    ];
    for (named, target) in cases {
        extend(&sandbox, "", named);
        let note = "package.json (volta.extends) leads out of the repository [SANDBOX]/project";
        is_refused(&sandbox, named, note);
        is_refused(&sandbox, named, &format!("it names {target}"));
    }
    make_fifo(&sandbox.project().join("fifo"));
    extend(&sandbox, "", "fifo");
    is_refused(&sandbox, "fifo", "it is not a regular file");
}

#[test]
fn a_file_of_the_repository_is_extended() {
    let sandbox = sandbox();
    let call = || {
        let command = sandbox.command("node").argument("-v").directory("project/packages/a");
        command.run().succeeds()
    };
    sandbox.file("project/base.json", BASE);
    extend(&sandbox, "packages/a/", "../../base.json");
    fs::remove_dir(sandbox.project().join(".git")).unwrap();
    // Without version control the folder of the outermost package.json is the repository.
    call().stdout_has_line("node 12.22.12");
    sandbox.folder("project/.git");
    call().stdout_has_line("node 10.24.1");
    fs::remove_dir(sandbox.project().join(".git")).unwrap();
    sandbox.file("project/package.json", "{}");
    call().stdout_has_line("node 10.24.1");
    symlink("../../base.json", sandbox.project().join("packages/a/link.json")).unwrap();
    extend(&sandbox, "packages/a/", "link.json");
    call().stdout_has_line("node 10.24.1");
}

fn sandbox_with_ruby() -> Sandbox {
    let sandbox = with_default();
    for version in ["3.1.2", "3.3.0"] {
        sandbox.fake_toolchain("ruby", version);
    }
    sandbox.file("home/.config/usher/tool-versions", "ruby 3.3.0\n");
    sandbox.reshim();
    sandbox.file("project/.ruby", "3.1.2\n");
    sandbox.file("project/below/.ruby-version", "ruby-3.1.2\n");
    sandbox
}

/// Calls ruby in a folder whose `Gemfile` names a file.
fn call_ruby(sandbox: &Sandbox, folder: &str, named: &str) -> String {
    sandbox.file(format!("{folder}/Gemfile"), format!("source 'x'\nruby file: '{named}'\n"));
    sandbox.command("ruby").argument("-v").directory(folder).run().succeeds().stdout
}

#[test]
fn a_file_outside_of_a_gemfiles_folder_is_not_read() {
    let sandbox = sandbox_with_ruby();
    sandbox.folder("project/.git");
    let outside = sandbox.file("outside", "3.1.2\n");
    let below = sandbox.folder("project/inner");
    symlink(&outside, below.join("link")).unwrap();
    symlink(sandbox.project(), below.join("folder")).unwrap();
    make_fifo(&below.join("fifo"));
    let outside = outside.to_str().unwrap();
    // A file of the same repository too: Bundler reads it, but nobody writes so.
    for named in ["../.ruby", "../../outside", outside, "link", "folder/.ruby", "/dev/zero"] {
        let printed = call_ruby(&sandbox, "project/inner", named);
        assert!(printed.contains("ruby 3.3.0"), "{named}: {printed}");
        let why = sandbox.use_command(&["why", "ruby"]).directory(&below).run().succeeds();
        let note = "Gemfile:2 leads out of the folder [SANDBOX]/project/inner";
        assert!(sandbox.mask(&why.stdout).contains(note), "{named}\n{why}");
    }
    assert!(call_ruby(&sandbox, "project/inner", "fifo").contains("ruby 3.3.0"));
    let why = sandbox.use_command(&["why", "ruby"]).directory(&below).run().succeeds();
    assert!(why.stdout.contains("it is not a regular file"), "{why}");
}

#[test]
fn a_file_below_a_gemfiles_folder_is_read() {
    let sandbox = sandbox_with_ruby();
    let folder = sandbox.project();
    symlink("below/.ruby-version", folder.join("link")).unwrap();
    sandbox.file("project/below/Gemfile", "ruby '3.1.2'\n");
    let names =
        [".ruby", "./.ruby", "below/../.ruby", "below/.ruby-version", "link", "below/Gemfile"];
    for named in names {
        let printed = call_ruby(&sandbox, "project", named);
        assert!(printed.contains("ruby 3.1.2"), "{named}: {printed}");
    }
    // One that names itself ends.
    assert!(call_ruby(&sandbox, "project", "Gemfile").contains("ruby 3.3.0"));
}
