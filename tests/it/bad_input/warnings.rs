//! Wrong data that is no obstacle: a shim tells a person about it in one line, `use` and `use doctor`
//! always, and `use TOOL@REQUEST` leaves other programs' files alone.

use super::with_default;
use crate::commands::offline_sandbox;
use crate::support::{Outcome, Sandbox};

/// Runs a program on a terminal; `None` without the program that makes one.
fn on_terminal(sandbox: &Sandbox, program: &str) -> Option<Outcome> {
    if std::process::Command::new("script").arg("--version").output().is_err() {
        eprintln!("\n!!! SKIPPED: script is not installed; no terminal was tested !!!\n");
        return None;
    }
    let path = format!("{}:/usr/bin:/bin", sandbox.shims().display());
    let command = sandbox.command("/usr/bin/script").arguments(["-qec", program, "/dev/null"]);
    Some(command.variable("PATH", path).variable("SHELL", "/bin/sh").run().succeeds())
}

/// How many lines of a terminal are usher's.
fn own_lines(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().filter(|line| line.starts_with("usher: ")).collect()
}

#[test]
fn a_shim_tells_a_person_in_one_line() {
    let sandbox = with_default();
    sandbox.file("project/package.json", "{ \"volta\": {\n");
    let silent = sandbox.command("node").run().succeeds();
    assert_eq!(silent.stderr, "", "no person reads it");
    let Some(outcome) = on_terminal(&sandbox, "node") else { return };
    let lines = own_lines(&outcome);
    assert_eq!(lines.len(), 1, "{outcome}");
    let expected = "usher: ignored: can't parse package.json: EOF while parsing an object at line";
    assert!(lines[0].starts_with(expected), "{outcome}");
    // What decides before is in no need of it.
    sandbox.file("project/.nvmrc", "12\n");
    let outcome = on_terminal(&sandbox, "node").unwrap();
    assert!(own_lines(&outcome).is_empty(), "{outcome}");
}

#[test]
fn a_handoff_tells_it_once() {
    let sandbox = with_default();
    sandbox.file("project/.env", "NODE_VERSION=18-alpine\n");
    // The index names a program that is gone, so that `use` has to look again.
    std::fs::remove_file(sandbox.shims().join(".usher")).unwrap();
    let Some(outcome) = on_terminal(&sandbox, "node") else { return };
    let lines = own_lines(&outcome);
    assert_eq!(lines.len(), 1, "{outcome}");
    let expected = "usher: ignored: invalid node version “18-alpine” (requested by .env:1): ";
    assert!(lines[0].starts_with(expected), "{outcome}");
}

#[test]
fn an_image_tag_stops_no_program_and_is_named() {
    let sandbox = with_default();
    sandbox.file("project/.env", "NODE_VERSION=18-alpine\nGO_VERSION=1.22-alpine\n");
    sandbox.command("node").run().succeeds().stdout_has_line("node 12.22.12");
    for words in [&[][..], &["why"], &["doctor"]] {
        let outcome = sandbox.use_command(words).run().succeeds();
        let text = [outcome.stdout.as_str(), &outcome.stderr].concat();
        for part in ["“18-alpine” (requested by .env:1)", "“1.22-alpine” (requested by .env:2)"]
        {
            assert_eq!(text.matches(part).count(), 1, "{outcome}");
        }
    }
}

#[test]
fn a_pin_goes_where_the_project_has_it() {
    let sandbox = offline_sandbox();
    for version in ["10.24.1", "12.22.12"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.reshim();
    let pin = |words: &[&str]| sandbox.use_command(words).run().succeeds();
    // Docker's tag isn't usher's to change.
    let tag = "NODE_VERSION=18-alpine\n";
    sandbox.file("project/.env", tag);
    pin(&["--offline", "node@12.22.12"]);
    assert_eq!(sandbox.read("project/.env"), tag);
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12.22.12\n");
    // A version there pins where nothing else does, and another file is what pins else.
    std::fs::remove_file(sandbox.project().join(".tool-versions")).unwrap();
    sandbox.file("project/.env", "NODE_VERSION=12\n");
    pin(&["--offline", "node@10.24.1"]);
    assert_eq!(sandbox.read("project/.env"), "NODE_VERSION=10.24.1\n");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.file("project/a/.env", "NODE_VERSION=12\n");
    let nested = sandbox.use_command(&["--offline", "node@10.24.1"]).directory("project/a").run();
    nested.succeeds();
    assert_eq!(sandbox.read("project/.nvmrc"), "10.24.1\n");
    assert_eq!(sandbox.read("project/a/.env"), "NODE_VERSION=12\n");
}

#[test]
fn a_document_for_versions_that_cannot_be_parsed_stops_the_call() {
    let sandbox = with_default();
    for (file, text) in [
        ("mise.toml", "[tools\nnode = '12'\n"),
        (".mise.toml", "[tools]\nnode = '12\n"),
        (".prototools", "node = '12\n"),
    ] {
        let path = sandbox.file(format!("project/{file}"), text);
        let what = format!("can't parse {file}");
        sandbox.command("node").run().fails_with(126).stderr_contains(&what);
        sandbox.use_command(&[]).run().fails_with(65).stderr_contains(&what);
        sandbox.use_command(&["--offline", "node@12"]).run().fails_with(65).stderr_contains(&what);
        std::fs::remove_file(path).unwrap();
    }
}
