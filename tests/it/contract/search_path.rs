//! Where the system's program is looked for.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::{ProbeSandbox, can_change_owners, each, skipped, text};
use crate::support::Outcome;

/// Asks for the system's program in a folder that holds one itself.
fn run(stage: &ProbeSandbox, path: Option<&str>, words: &[&str]) -> Outcome {
    let sandbox = &stage.sandbox;
    sandbox.file("project/.nvmrc", "system");
    for path in ["project/node", "project/bin/node", "project/node_modules/.bin/node"] {
        sandbox.executable(path, "#!/bin/sh\necho the working folder\n");
    }
    sandbox.executable("real/node", "#!/bin/sh\necho real\n");
    let command = stage.through_shim(words);
    match path {
        Some(path) => command.variable("PATH", path).run(),
        None => command.without_variable("PATH").run(),
    }
}

#[test]
fn the_working_folder_is_never_searched() {
    each(|stage| {
        let (shims, real) =
            (text(&stage.sandbox.shims()), text(&stage.sandbox.root().join("real")));
        for path in
            [".", "", ":", "::", "bin", "./bin", "./", "node_modules/.bin", "../project", "~/bin"]
        {
            let found = run(stage, Some(&format!("{path}:{shims}:{path}:{real}:{path}")), &[]);
            found.succeeds().stdout_is("real");
            let none = run(stage, Some(&format!("{shims}:{path}")), &[]).fails_with(127);
            none.stdout_is("").stderr_contains("no system node on PATH");
        }
    });
}

#[test]
fn an_empty_or_unset_path_is_the_default_path() {
    each(|stage| {
        for path in [Some(""), None] {
            let outcome = run(stage, path, &[]);
            assert!(!outcome.stdout.contains("the working folder"), "{outcome}");
            let usual = ["/usr/local/bin/node", "/usr/bin/node", "/bin/node"];
            if !usual.iter().any(|path| std::path::Path::new(path).exists()) {
                outcome.fails_with(127).stderr_contains("no system node on PATH");
            }
        }
    });
}

#[test]
fn a_path_of_120_kilobytes_is_searched_completely() {
    each(|stage| {
        let (shims, real) =
            (text(&stage.sandbox.shims()), text(&stage.sandbox.root().join("real")));
        let path = format!(
            "{}:{}:{real}",
            shims,
            "/absent/folder/of/a/long/name"
                .repeat(30)
                .split_inclusive("name")
                .map(|part| format!("{part}:"))
                .collect::<String>()
                .repeat(133)
        );
        assert!(path.len() > 115_000, "{}", path.len());
        run(stage, Some(&path), &[]).succeeds().stdout_is("real");
        let one = format!("{shims}:/{}:{real}", "x".repeat(120_000));
        run(stage, Some(&one), &[]).succeeds().stdout_is("real");
    });
}

#[test]
fn an_unsearchable_folder_on_path_is_skipped() {
    let words: &[&str] = if can_change_owners() { &["user:65534"] } else { &[] };
    if words.is_empty() && rustix::process::geteuid().is_root() {
        return skipped("a folder that may not be searched", "root may search it");
    }
    each(|stage| {
        let closed = stage.sandbox.folder("closed");
        stage.sandbox.executable("closed/node", "#!/bin/sh\necho closed\n");
        let (shims, real) =
            (text(&stage.sandbox.shims()), text(&stage.sandbox.root().join("real")));
        let path = format!("{shims}:{}:/dev/null:/dev/null/x:{real}", closed.display());
        fs::set_permissions(&closed, Permissions::from_mode(0o000)).expect("close a folder");
        let outcome = run(stage, Some(&path), words);
        fs::set_permissions(&closed, Permissions::from_mode(0o755)).expect("open a folder");
        outcome.succeeds().stdout_is("real");
    });
}
