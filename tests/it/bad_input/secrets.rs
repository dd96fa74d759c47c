//! No text of a version file is repeated that a link led to, or that can't be a request: neither by
//! a shim nor by `use`. A foreign pull request may link to any file of the machine that runs it.

use std::fs;
use std::os::unix::fs::symlink;

use super::with_default;
use crate::support::{Outcome, Sandbox};

/// A word that is a name, and so a request of its form.
const SECRET: &str = "Zq7hunterxW9";

/// Every command that reads version files.
const COMMANDS: [&[&str]; 13] = [
    &[],
    &["why"],
    &["why", "node"],
    &["why", "python"],
    &["doctor"],
    &["check"],
    &["env"],
    &["env", "node"],
    &["list"],
    &["outdated"],
    &["install"],
    &["upgrade"],
    &["lock", "--check"],
];

fn assert_hidden(outcome: &Outcome, what: &str) {
    let text = format!("{}{}", outcome.stdout, outcome.stderr);
    for part in [SECRET, "hunter", "npm_000", "$6$salt"] {
        assert!(!text.contains(part), "{what}: {outcome}");
    }
}

/// Runs everything in the project; returns what `node` printed.
fn check(sandbox: &Sandbox, what: &str) -> Outcome {
    for words in COMMANDS {
        for more in [None, Some("--json")] {
            let words: Vec<&str> = words.iter().copied().chain(more).collect();
            let used = sandbox.use_command(&words).variable("USHER_DEBUG", "1").run();
            assert_hidden(&used, &format!("{what}: use {}", words.join(" ")));
        }
    }
    for program in ["python3", "npm", "ruby"] {
        let shim = sandbox.command(program).variable("USHER_DEBUG", "1").run();
        assert_hidden(&shim, &format!("{what}: {program}"));
    }
    let shim = sandbox.command("node").variable("USHER_DEBUG", "1").run();
    assert_hidden(&shim, &format!("{what}: node"));
    sandbox.command("node").run()
}

#[test]
fn text_that_a_link_led_to_is_not_repeated() {
    let sandbox = with_default();
    let token = format!("npm_{}", "0".repeat(36));
    let registry = format!("//example.invalid/:_authToken={token}\n");
    let shadow = format!("root:$6$salt${SECRET}:19000:0:99999:7:::\n");
    let lines = format!("{SECRET}1\n{SECRET}2 {SECRET}\n").repeat(50);
    let json = format!(
        "{{\"volta\": {{\"node\": \"{SECRET}\", \"extends\": \"../{SECRET}\"}}, \
         \"engines\": {{\"node\": \">={SECRET}\"}}}}"
    );
    let cases: &[(&str, &str)] = &[
        (".nvmrc", &registry),
        (".nvmrc", &token),
        (".nvmrc", &shadow),
        (".nvmrc", SECRET),
        (".nvmrc", "hunter2"),
        (".python-version", &lines),
        (".tool-versions", &format!("nodejs {token}\npython {SECRET}\n")),
        (".tool-versions", &lines),
        (".sdkmanrc", &format!("{SECRET}=1\n")),
        (".nvmrc", &format!("{SECRET}={SECRET}\n")),
        ("mise.toml", &format!("[tools]\n{SECRET} = '1'\n")),
        ("package.json", &json),
        ("package.json", &format!("{{\"volta\": {{\"node\": \"10\" {SECRET}")),
        ("mise.toml", &format!("[tools]\nnode = '{SECRET}'\n")),
        ("mise.toml", &format!("[tools]\nnode = {SECRET}\n")),
        ("pyproject.toml", &format!("[project]\nrequires-python = '>={SECRET}'\n")),
        (".env", &format!("NODE_VERSION={SECRET}\n")),
        (
            "mise.toml",
            &format!("[tools]\nnode = [{{ prefix = '{SECRET}' }}, {{ ref = '{SECRET}' }}]\n"),
        ),
        (
            "Gemfile",
            &format!("ruby '{SECRET}', engine: '{SECRET}', engine_version: '> {SECRET}'\n"),
        ),
        ("Gemfile", &format!("ruby file: '{SECRET}'\n")),
        ("go.mod", &format!("go 1.22{SECRET}\ntoolchain {SECRET}\n")),
        ("Dockerfile", &format!("FROM {SECRET}/node:20\nENV NODE_VERSION={SECRET}\n")),
        ("compose.yaml", &format!("services: {{a: {{image: 'node:{SECRET}'}}}}\nb: {SECRET}: c\n")),
    ];
    for (file, content) in cases {
        let what = format!("{file}: {}", content.lines().next().unwrap_or_default());
        let (path, target) = (sandbox.project().join(file), sandbox.file("home/secret", content));
        symlink(&target, &path).unwrap();
        check(&sandbox, &what);
        fs::remove_file(&path).unwrap();
        // The same behind a link inside the project.
        let inside = sandbox.file("project/inside", content);
        symlink(&inside, &path).unwrap();
        check(&sandbox, &format!("{what}, inside"));
        fs::remove_file(&path).unwrap();
        fs::remove_file(&inside).unwrap();
    }
    let target = sandbox.file("home/secret", format!("[tools]\nnode = '{SECRET}'\n"));
    symlink(target, sandbox.project().join("mise.toml")).unwrap();
    check(&sandbox, "mise.toml").succeeds();
    let outcome = sandbox.use_command(&[]).run().succeeds();
    let warning = "ignored: invalid node version (requested by mise.toml:2 (tools.node)): \
                   line 2 is not a version (12 bytes)";
    assert!(outcome.stderr.contains(warning), "{outcome}");
}

#[test]
fn text_that_cannot_be_a_request_is_not_repeated() {
    let sandbox = with_default();
    let token = format!("npm_{}", "0".repeat(36));
    for (file, content) in [
        (".nvmrc", format!("//example.invalid/:_authToken={SECRET}\n")),
        (".nvmrc", token.clone()),
        (".nvmrc", format!("root:$6$salt${SECRET}:19000:0:99999:7:::\n")),
        (".tool-versions", format!("nodejs {token}\n")),
        ("package.json", format!("{{\"volta\": {{\"node\": \"{token}\"}}}}")),
        ("package.json", format!("{{\"engines\": {{\"node\": \"{token}\"}}}}")),
        ("mise.toml", format!("[tools]\nnode = {{ ref = '{token}' }}\n")),
        ("Gemfile", format!("ruby '{token}'\n")),
        ("Gemfile", format!("ruby '3.1', engine: '{token}', engine_version: '>= 9'\n")),
    ] {
        let path = sandbox.file(format!("project/{file}"), &content);
        check(&sandbox, &format!("{file}: {content}"));
        fs::remove_file(&path).unwrap();
    }
    sandbox.file("project/.nvmrc", &token);
    let outcome = sandbox.command("node").run().fails_with(126);
    insta::assert_snapshot!(outcome.stderr, @"
    usher: invalid node version (requested by .nvmrc:1)
      line 1 is not a version (40 bytes)
      hint: use node
    ");
}

#[test]
fn a_request_that_a_link_led_to_is_read_and_shown() {
    let sandbox = with_default();
    let shared = sandbox.file("shared/nvmrc", "12\n");
    symlink(&shared, sandbox.project().join(".nvmrc")).unwrap();
    sandbox.command("node").argument("-v").run().succeeds().stdout_has_line("node 12.22.12");
    let why = sandbox.use_command(&["why", "node"]).run().succeeds();
    assert!(why.stdout.contains("12 requested by .nvmrc:1: wins"), "{why}");
    // A version that isn't installed, and a flavour that the tool has.
    for (file, program, request) in
        [(".nvmrc", "node", "99"), (".python-version", "python3", "pypy3.10")]
    {
        let path = sandbox.project().join(file);
        let _ = fs::remove_file(&path);
        sandbox.file("shared/nvmrc", format!("{request}\n"));
        symlink(&shared, &path).unwrap();
        let outcome = sandbox.command(program).run().fails_with(127);
        assert!(
            outcome.stderr.contains(&format!("{request} (requested by {file}:1)")),
            "{outcome}"
        );
    }
}
