//! The command line itself: help, version, completions, and what makes no sense.

use std::fmt::Write as _;
use std::path::Path;

use super::{assert_unchanged, offline_sandbox, skipped};
use crate::support::Sandbox;

#[test]
fn help_and_version_are_answers() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["--version"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    use 0.1.0
    --- standard error
    ");
    let outcome = sandbox.use_command(&["--help"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    Shows every command to its right version

    Usage: use [--global] TOOL[@REQUEST]...
           use TOOL@REQUEST... -- COMMAND...
           use [VERB]

    Commands:
      install      Get versions; without arguments, all that this project asks for
      upgrade      Get the newest versions that are asked for here; the old ones stay on disk
      uninstall    Take versions off the disk
      verify       Compare what is on disk with what was installed: every file, link and mode
      repair       Make versions as they were installed, with what package managers added
      prune        Take away versions that nobody needs any more: says which, and asks
      list         List the versions on disk
      outdated     List what is in force here, beside the newest that is asked for and the newest there is
      available    List the versions that can be had
      which        Print the path of what a program's shim becomes here
      env          Print what a build tool, an editor or a CI job needs for the versions in force here
      why          Tell which version of a program runs here, and why
      check        List where this project's files disagree with what runs here: for CI
      shim         Make shims with versions in their names, as node12; without arguments, list them
      reshim       Make the shims and their index anew from what is on disk
      cache        Take away what is kept to save fetching it again
      doctor       Look for what may be wrong
      setup        Put the shims on PATH in your shells' files: shows the change, and makes it with --yes
      completions  Print a completion script

    Arguments:
      [TOOL[@REQUEST]]...  Tools, each with the version that is wanted: node@12, python@3.7, node@lts, node@system
      [COMMAND]...         One command with these versions; nothing is written

    Options:
      -g, --global   Make it your default, for where no project says otherwise
          --json     Print JSON
          --offline  Do without the network
      -q, --quiet    Print nothing but answers and errors
      -h, --help     Print help
      -V, --version  Print version

    Examples:
      use                               what is in force here, and who says so
      use node@12                       pin node 12 in this project, and get it
      use --global node@lts             make the newest LTS your default
      use node@12 python@3.7 -- bash    a shell with these, for once
      use install                       get all that this project asks for

    Where `use` is a keyword of the shell, type `usher` instead.
    --- standard error
    ");
    let outcome = sandbox.use_command(&["available", "--help"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    List the versions that can be had

    Usage: use available [OPTIONS] <TOOL> [REQUEST]

    Arguments:
      <TOOL>     Of which tool
      [REQUEST]  Only those that answer this request

    Options:
          --json     Print JSON
          --offline  Do without the network
      -q, --quiet    Print nothing but answers and errors
      -h, --help     Print help

    Examples:
      use available node
      use available node 12
      use available node lts
      use available python@pypy
    --- standard error
    ");
    let other = sandbox.command("usher").argument("--help").run().succeeds();
    assert_eq!(other.stdout, sandbox.use_command(&["--help"]).run().stdout);
}

/// What is said of command lines that are refused, with exit code 2, and that change nothing.
fn refused(lines: &[&str]) -> String {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.reshim();
    let before = sandbox.tree("");
    let mut transcript = String::new();
    for line in lines {
        let outcome = sandbox.use_command(&line.split(' ').collect::<Vec<_>>()).run();
        assert!(outcome.stdout.is_empty(), "{outcome}");
        let outcome = outcome.fails_with(2);
        writeln!(transcript, "$ use {line}\n{}", outcome.stderr).unwrap();
        assert_unchanged(&sandbox, "", &before, line);
    }
    transcript
}

#[test]
fn what_makes_no_sense_is_refused() {
    let transcript = refused(&[
        "instal",
        "docter",
        "rust",
        "instal node@12",
        "nodee@12",
        "node@@",
        "node@",
        "@12",
        "node@../../x",
        "python@path:x",
        "--global",
        "--global node@12 -- node",
        "node@12 --",
        "-- node",
    ]);
    insta::assert_snapshot!(transcript, @"
    $ use instal
    usher: “instal” is neither verb nor tool
      nearest: install
      hint: use install

    $ use docter
    usher: “docter” is neither verb nor tool
      nearest: doctor
      hint: use doctor

    $ use rust
    usher: unknown tool “rust”
      tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig

    $ use instal node@12
    usher: “instal” is neither verb nor tool
      nearest: install
      hint: use install

    $ use nodee@12
    usher: unknown tool “nodee”
      nearest: node
      hint: use node

    $ use node@@
    usher: invalid version of node: “@”
      expected a version, a range or an alias
      hint: use available node

    $ use node@
    usher: invalid version of node: “”
      it is empty
      hint: use available node

    $ use @12
    usher: unknown tool “”
      tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig

    $ use node@../../x
    usher: invalid version of node: “../../x”
      expected a version, a range or an alias
      hint: use available node

    $ use python@path:x
    usher: invalid version of python: “path:x”
      a path must begin with `/`
      hint: use available python

    $ use --global
    usher: which tool?
      hint: use --global node@lts, or: use --help

    $ use --global node@12 -- node
    usher: --global is for good, and `-- COMMAND` for once
      hint: leave one of the two out

    $ use node@12 --
    usher: nothing stands behind `--`: which command?
      hint: use node@12 -- bash

    $ use -- node
    usher: which tool?
      hint: use --global node@lts, or: use --help
    ");
}

#[test]
fn what_cannot_be_parsed_is_refused() {
    let transcript = refused(&[
        "--frobnicate",
        "install --global node@12",
        "uninstall",
        "which",
        "available",
        "available node 12 13",
        "completions",
        "completions tcsh",
        "setup --yes=maybe",
    ]);
    insta::assert_snapshot!(transcript, @"
    $ use --frobnicate
    usher: unexpected argument '--frobnicate' found

      tip: to pass '--frobnicate' as a value, use '-- --frobnicate'

    Usage: use [--global] TOOL[@REQUEST]...
           use TOOL@REQUEST... -- COMMAND...
           use [VERB]

    For more information, try '--help'.

    $ use install --global node@12
    usher: unexpected argument '--global' found

      tip: to pass '--global' as a value, use '-- --global'

    Usage: use install [OPTIONS] [TOOL[@REQUEST]]...

    For more information, try '--help'.

    $ use uninstall
    usher: the following required arguments were not provided:
      <TOOL@VERSION>...

    Usage: use uninstall <TOOL@VERSION>...

    For more information, try '--help'.

    $ use which
    usher: the following required arguments were not provided:
      <PROGRAM>

    Usage: use which <PROGRAM>

    For more information, try '--help'.

    $ use available
    usher: the following required arguments were not provided:
      <TOOL>

    Usage: use available <TOOL> [REQUEST]

    For more information, try '--help'.

    $ use available node 12 13
    usher: unexpected argument '13' found

    Usage: use available [OPTIONS] <TOOL> [REQUEST]

    For more information, try '--help'.

    $ use completions
    usher: the following required arguments were not provided:
      <SHELL>

    Usage: use completions <SHELL>

    For more information, try '--help'.

    $ use completions tcsh
    usher: invalid value 'tcsh' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

      tip: a similar value exists: 'zsh'

    For more information, try '--help'.

    $ use setup --yes=maybe
    usher: unexpected value 'maybe' for '--yes' found; no more were expected

    Usage: use setup --yes [SHELL]

    For more information, try '--help'.
    ");
}

#[test]
fn errors_are_json_where_that_was_asked_for() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["--json", "--frobnicate"]).run().fails_with(2);
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 2
    --- standard output
    {
      "error": {
        "causes": [],
        "code": "usage",
        "exit": 2,
        "hint": null,
        "what": "unexpected argument '--frobnicate' found\n\n  tip: to pass '--frobnicate' as a value, use '-- --frobnicate'\n\nUsage: use [--global] TOOL[@REQUEST]...\n       use TOOL@REQUEST... -- COMMAND...\n       use [VERB]\n\nFor more information, try '--help'."
      }
    }
    --- standard error
    "#);
    let outcome = sandbox.use_command(&["install", "nodee", "--json"]).run().fails_with(2);
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 2
    --- standard output
    {
      "error": {
        "causes": [
          "nearest: node"
        ],
        "code": "unknown-tool",
        "exit": 2,
        "hint": "use node",
        "what": "unknown tool “nodee”"
      }
    }
    --- standard error
    "#);
}

#[test]
fn real_shells_accept_the_completions() {
    let sandbox = offline_sandbox();
    for shell in ["bash", "zsh", "fish"] {
        let script = sandbox.use_command(&["completions", shell]).run().succeeds();
        assert!(script.stderr.is_empty(), "{script}");
        let file = sandbox.file(format!("completions.{shell}"), &script.bytes);
        let Some(program) = real(shell) else {
            skipped(&format!("this machine has no {shell}; its completions aren't tested"));
            continue;
        };
        let outcome = sandbox.command(&program).argument("-n").argument(&file).run().succeeds();
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""), "{shell}");
        if let Some(asking) = asking(&sandbox, shell) {
            let outcome = sandbox.command(&program).arguments(["-c", &asking]).run().succeeds();
            assert!(outcome.stdout.contains("uninstall"), "{outcome}");
        }
    }
}

/// A shell's command that loads the script and completes `use un`, where there is an easy one.
fn asking(sandbox: &Sandbox, shell: &str) -> Option<String> {
    let file = sandbox.root().join(format!("completions.{shell}"));
    match shell {
        "bash" => Some(format!(
            "source {}; COMP_WORDS=(use un); COMP_CWORD=1; _use use un use; echo ${{COMPREPLY[@]}}",
            file.display()
        )),
        "fish" => Some(format!("source {}; complete -C 'use un'", file.display())),
        _ => None,
    }
}

fn real(shell: &str) -> Option<std::path::PathBuf> {
    let folders = ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"];
    folders.map(|folder| Path::new(folder).join(shell)).into_iter().find(|path| path.exists())
}

#[test]
fn flags_for_all_verbs_may_stand_before_the_verb() {
    let sandbox = offline_sandbox();
    for words in [
        &["--json", "list"][..],
        &["--offline", "list", "--json"],
        &["--json", "--offline", "list"],
        &["-q", "--json", "list"],
        &["--offline", "--json"],
    ] {
        let outcome = sandbox.use_command(words).run().succeeds();
        assert!(outcome.json().is_array(), "{outcome}");
    }
    // What a flag of one verb alone stands before is no verb.
    sandbox.use_command(&["--global", "list"]).run().fails_with(2);
}
