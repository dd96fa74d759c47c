//! Version files, manifests and settings that are wrong.

use std::fmt::Write as _;
use std::fs;

use super::with_default;
use crate::commands::assert_unchanged;
use crate::support::{Sandbox, make_fifo};

/// A shim refuses what is in the file's place; nothing is changed.
fn refused(sandbox: &Sandbox, transcript: &mut String, what: &str) {
    let before = sandbox.tree("");
    let shim = sandbox.command("node").run();
    assert_unchanged(sandbox, "", &before, what);
    assert!(shim.stdout.is_empty(), "{shim}");
    writeln!(transcript, "{what}\nnode: {}\n{}", shim.status, shim.stderr).unwrap();
}

/// The same, where `use` can't put a pin in the place either.
fn refused_for_good(sandbox: &Sandbox, transcript: &mut String, what: &str) {
    refused(sandbox, transcript, what);
    let before = sandbox.tree("");
    let typed = sandbox.use_command(&["node@12.22.12"]).run();
    assert_unchanged(sandbox, "", &before, what);
    assert!(typed.stdout.is_empty(), "{typed}");
    writeln!(transcript, "use: {}\n{}", typed.status, typed.stderr).unwrap();
}

/// A shim refuses it and names the line; `use`, as in the hint, puts a version in its place.
#[test]
fn a_version_file_has_no_version() {
    let sandbox = with_default();
    let mut transcript = String::new();
    for (file, content, mended) in [
        (".nvmrc", &b"../../x\n"[..], "12.22.12\n"),
        (".nvmrc", b"\n12.0.0\n\x1b[31mred\n", "\n12.22.12\n"),
        (".nvmrc", b"\x1b]0;title\x07\n", "12.22.12\n"),
        (".nvmrc", b"", "12.22.12\n"),
        (".nvmrc", b"# nothing but words\n\n", "# nothing but words\n\n12.22.12\n"),
        (".nvmrc", b"path:/srv/node\n", "12.22.12\n"),
        (".nvmrc", b"https://example.invalid/node\n", "12.22.12\n"),
        (".node-version", b"twelve\n", "12.22.12\n"),
        (".tool-versions", b"# ours\nnodejs ../../x\n", "# ours\nnodejs 12.22.12\n"),
        (".tool-versions", b"nodejs\n", "nodejs 12.22.12\n"),
        (".tool-versions", b"nodejs ref:v12\n", "nodejs 12.22.12\n"),
    ] {
        let path = format!("project/{file}");
        sandbox.file(&path, content);
        let what = format!("{file}: {}", content.escape_ascii());
        refused(&sandbox, &mut transcript, &what);
        sandbox.use_command(&["node@12.22.12"]).run().succeeds();
        assert_eq!(sandbox.read(&path), mended, "{what}");
        sandbox.command("node").run().succeeds();
        fs::remove_file(sandbox.root().join(path)).unwrap();
    }
    insta::assert_snapshot!(sandbox.mask(&transcript), @r"
    .nvmrc: ../../x\n
    node: exit status: 126
    usher: invalid node version “../../x” (requested by .nvmrc:1)
      expected a version, a range or an alias
      hint: use node

    .nvmrc: \n12.0.0\n\x1b[31mred\n
    node: exit status: 126
    usher: invalid node version (requested by .nvmrc:2)
      line 2 is not a version (8 bytes)
      it has control characters
      hint: use node

    .nvmrc: \x1b]0;title\x07\n
    node: exit status: 126
    usher: invalid node version (requested by .nvmrc:1)
      line 1 is not a version (10 bytes)
      it has control characters
      hint: use node

    .nvmrc: 
    node: exit status: 126
    usher: can't parse .nvmrc
      it names no version
      hint: use node

    .nvmrc: # nothing but words\n\n
    node: exit status: 126
    usher: can't parse .nvmrc
      it names no version
      hint: use node

    .nvmrc: path:/srv/node\n
    node: exit status: 126
    usher: invalid node version (requested by .nvmrc:1)
      line 1 is not a version (14 bytes)
      `path:` is accepted on the command line, in a variable and in your own default only
      hint: use node

    .nvmrc: https://example.invalid/node\n
    node: exit status: 126
    usher: invalid node version (requested by .nvmrc:1)
      line 1 is not a version (28 bytes)
      usher runs published versions, nothing is built or fetched from an address
      hint: use node

    .node-version: twelve\n
    node: exit status: 127
    usher: unknown version of node: twelve (requested by .node-version:1)
      it is not a version, and nothing is linked or installed under that name
      hint: use available node

    .tool-versions: # ours\nnodejs ../../x\n
    node: exit status: 126
    usher: invalid node version “../../x” (requested by .tool-versions:2)
      expected a version, a range or an alias
      hint: use node

    .tool-versions: nodejs\n
    node: exit status: 126
    usher: can't parse .tool-versions
      line 1 names no version
      hint: use node

    .tool-versions: nodejs ref:v12\n
    node: exit status: 126
    usher: invalid node version (requested by .tool-versions:1)
      line 1 is not a version (7 bytes)
      usher runs published versions, nothing is built or fetched from an address
      hint: use node
    ");
}

#[test]
fn a_version_file_is_not_text() {
    let sandbox = with_default();
    let mut transcript = String::new();
    sandbox.file("project/.nvmrc", b"12\xff\xfe\n");
    refused_for_good(&sandbox, &mut transcript, "no UTF-8");
    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    no UTF-8
    node: exit status: 126
    usher: can't parse .nvmrc
      line 1 is not UTF-8

    use: exit status: 65
    error: can't parse .nvmrc
      line 1 is not UTF-8
    ");
}

#[test]
fn oversized_version_files_are_truncated_or_not_read() {
    let sandbox = with_default();
    let mut transcript = String::new();
    sandbox.file("project/.nvmrc", "9".repeat(100_000));
    refused(&sandbox, &mut transcript, "100,000 digits");
    assert!(transcript.len() < 3000, "{}", transcript.len());
    sandbox.file("project/.nvmrc", "9".repeat(5 << 20));
    transcript.clear();
    refused_for_good(&sandbox, &mut transcript, "5 MiB");
    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    5 MiB
    node: exit status: 126
    usher: can't read [SANDBOX]/project/.nvmrc
      it is larger than 4 MiB

    use: exit status: 65
    error: can't read [SANDBOX]/project/.nvmrc
      it is larger than 4 MiB
    ");
}

#[test]
fn a_version_file_is_not_a_file() {
    let sandbox = with_default();
    let mut transcript = String::new();
    let nvmrc = sandbox.project().join(".nvmrc");

    fs::create_dir(&nvmrc).unwrap();
    refused_for_good(&sandbox, &mut transcript, "a folder");
    fs::remove_dir(&nvmrc).unwrap();

    make_fifo(&nvmrc);
    refused_for_good(&sandbox, &mut transcript, "a FIFO");
    fs::remove_file(&nvmrc).unwrap();

    std::os::unix::fs::symlink("/dev/zero", &nvmrc).unwrap();
    refused_for_good(&sandbox, &mut transcript, "a device");
    fs::remove_file(&nvmrc).unwrap();

    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    a folder
    node: exit status: 126
    usher: can't read [SANDBOX]/project/.nvmrc
      it is not a regular file

    use: exit status: 65
    error: can't read [SANDBOX]/project/.nvmrc
      it is not a regular file

    a FIFO
    node: exit status: 126
    usher: can't read [SANDBOX]/project/.nvmrc
      it is not a regular file

    use: exit status: 65
    error: can't read [SANDBOX]/project/.nvmrc
      it is not a regular file

    a device
    node: exit status: 126
    usher: can't read [SANDBOX]/project/.nvmrc
      it is not a regular file

    use: exit status: 65
    error: can't read [SANDBOX]/project/.nvmrc
      it is not a regular file
    ");
}

#[test]
fn a_version_file_is_a_link_to_itself() {
    let sandbox = with_default();
    std::os::unix::fs::symlink(".nvmrc", sandbox.project().join(".nvmrc")).unwrap();
    // The C library's own words follow, and there are several.
    let message = "can't read [SANDBOX]/project/.nvmrc";
    sandbox.command("node").run().fails_with(126).stderr_contains(message);
    sandbox.use_command(&["node@12.22.12"]).run().fails_with(74).stderr_contains(message);
}

#[test]
fn the_default_and_the_settings_are_not_files() {
    let sandbox = with_default();
    let default = sandbox.home().join(".config/usher/tool-versions");
    fs::remove_file(&default).unwrap();
    make_fifo(&default);
    let mut transcript = String::new();
    refused_default(&sandbox, &mut transcript);
    fs::remove_file(&default).unwrap();
    let settings = sandbox.home().join(".config/usher/config.toml");
    make_fifo(&settings);
    let outcome = sandbox.use_command(&["list"]).run();
    writeln!(transcript, "{}\n{}", outcome.status, outcome.stderr).unwrap();
    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    exit status: 126
    usher: can't read [SANDBOX]/home/.config/usher/tool-versions
      it is not a regular file

    exit status: 65
    error: can't read [SANDBOX]/home/.config/usher/tool-versions
      it is not a regular file

    exit status: 65
    error: can't read [SANDBOX]/home/.config/usher/config.toml
      it is not a regular file
    ");
}

fn refused_default(sandbox: &Sandbox, transcript: &mut String) {
    let shim = sandbox.command("node").run();
    writeln!(transcript, "{}\n{}", shim.status, shim.stderr).unwrap();
    let typed = sandbox.use_command(&["--global", "node@12.22.12"]).run();
    writeln!(transcript, "{}\n{}", typed.status, typed.stderr).unwrap();
}

#[test]
fn folder_names_in_messages_are_escaped() {
    let sandbox = with_default();
    let folder = sandbox.folder("project/\u{1b}[31mred\nline");
    fs::write(folder.join(".nvmrc"), "?").unwrap();
    let below = sandbox.folder("project/\u{1b}[31mred\nline/sub");
    let outcome = sandbox.command("node").directory(&below).run();
    insta::assert_snapshot!(outcome.transcript(), @r"
    exit status: 126
    --- standard output
    --- standard error
    usher: invalid node version (requested by [SANDBOX]/project/\u{1b}[31mred\nline/.nvmrc:1)
      line 1 is not a version (1 bytes)
      expected a version, a range or an alias
      hint: use node
    ");
}

#[test]
fn an_invalid_package_json_or_pyproject_is_ignored() {
    let sandbox = with_default();
    for (file, text) in [
        ("package.json", "{ \"volta\": { \"node\": \"10\" "),
        ("package.json", "[]"),
        (
            "package.json",
            "{ \"volta\": { \"node\": 10 }, \"engines\": \"10\", \"devEngines\": [] }",
        ),
        ("pyproject.toml", "[project\nrequires-python = \"3\""),
    ] {
        sandbox.file(format!("project/{file}"), text);
        sandbox.command("node").run().succeeds().stdout_has_line("node 12.22.12");
        sandbox.use_command(&[]).run().succeeds();
        fs::remove_file(sandbox.project().join(file)).unwrap();
    }
}

/// A manifest that can't be read can't be changed either: the pin is written elsewhere.
#[test]
fn an_invalid_package_json_is_never_rewritten() {
    let sandbox = with_default();
    let broken = "{ \"volta\": { \"node\": \"10\" ";
    sandbox.file("project/package.json", broken);
    sandbox.use_command(&["node@12.22.12"]).run().succeeds();
    assert_eq!(sandbox.read("project/package.json"), broken);
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12.22.12\n");
}
