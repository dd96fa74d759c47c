//! The command line itself: help, version, completions, and invalid arguments.

use std::fmt::Write as _;
use std::path::Path;

use super::{assert_unchanged, offline_sandbox, skipped};
use crate::support::Sandbox;

#[test]
fn help_and_version_are_results() {
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
    Run every command with the version your project asks for

    Usage: use [--global] TOOL[@REQUEST]...
           use TOOL@REQUEST... -- COMMAND...
           use [VERB]

    Commands:
      install      Install versions; by default, all that this project pins
      upgrade      Install the newest versions that match your pins; old versions stay installed
      uninstall    Remove installed versions
      verify       Check installed versions for changed, missing or added files
      repair       Restore installed versions, keeping packages you added
      prune        Remove unused versions (asks first)
      sync         Install what the machine's list and its accounts request (for root)
      retire       Announce that versions of the machine are removed (root); without arguments, list those
      list         List installed versions
      outdated     Show which active versions have newer releases
      available    List versions that can be installed
      which        Print the path of the program that runs here
      env          Print PATH and variables of the active versions, for programs that don't use the shims
      why          Explain which version of a program runs here
      check        Compare all versions that a project's files name: version files, Dockerfiles, CI
      shim         Add versioned shims, such as node12; without arguments, list them
      reshim       Rescan this machine, and update the shims
      cache        Clear the download and index cache
      doctor       Look for problems
      setup        Add the shims to PATH in your shell's files (shows the change first)
      policy       Show what the machine's policy limits, or check a policy file
      completions  Print a completion script

    Arguments:
      [TOOL[@REQUEST]]...  Tools to pin, with versions: node@12, python@3.7, node@lts, node@system
      [COMMAND]...         Run one command with these versions; nothing is pinned

    Options:
      -g, --global          Set your default, for folders where no project pins the tool
          --account <NAME>  With --global: set the default of this account of the machine (root)
          --group <NAME>    With --global: set the default of this group's accounts (root)
          --all             Without tools: list installed tools that nothing requests here, too
          --json            Print JSON
          --offline         Don't use the network
      -q, --quiet           Print only results and errors
          --color <WHEN>    Print colors: auto (on a terminal), always or never
      -h, --help            Print help
      -V, --version         Print version

    Examples:
      use                               list the active versions, and what requests them
      use node@12                       pin node 12 in this project, and install it
      use --global node@lts             make the newest LTS your default
      use node@12 python@3.7 -- bash    run one shell with these versions
      use install                       install all versions that this project pins

    If `use` is a keyword of your shell, type `usher` instead.
    --- standard error
    ");
    let outcome = sandbox.use_command(&["available", "--help"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    List versions that can be installed

    Usage: use available [OPTIONS] <TOOL> [REQUEST]

    Arguments:
      <TOOL>     The tool
      [REQUEST]  Only versions that match this request

    Options:
          --json          Print JSON
          --offline       Don't use the network
      -q, --quiet         Print only results and errors
          --color <WHEN>  Print colors: auto (on a terminal), always or never
      -h, --help          Print help

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

/// The errors of command lines that are refused with exit code 2 and change nothing.
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
fn contradictory_and_unknown_arguments_are_refused() {
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
    error: unknown verb or tool “instal”
      nearest: install
      hint: use install

    $ use docter
    error: unknown verb or tool “docter”
      nearest: doctor
      hint: use doctor

    $ use rust
    error: unknown tool “rust”
      tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig

    $ use instal node@12
    error: unknown verb or tool “instal”
      nearest: install
      hint: use install

    $ use nodee@12
    error: unknown tool “nodee”
      nearest: node
      hint: use node

    $ use node@@
    error: invalid version of node: “@”
      expected a version, a range or an alias
      hint: use available node

    $ use node@
    error: invalid version of node: “”
      it is empty
      hint: use available node

    $ use @12
    error: unknown tool “”
      tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig

    $ use node@../../x
    error: invalid version of node: “../../x”
      expected a version, a range or an alias
      hint: use available node

    $ use python@path:x
    error: invalid version of python: “path:x”
      a path must begin with `/`
      hint: use available python

    $ use --global
    error: missing tool
      hint: use --global node@lts

    $ use --global node@12 -- node
    error: --global can't be combined with `-- COMMAND`, which runs one command
      hint: use node@12 -- bash

    $ use node@12 --
    error: missing command after `--`
      hint: use node@12 -- bash

    $ use -- node
    error: missing tool
      hint: use --global node@lts
    ");
}

#[test]
fn unparsable_arguments_are_refused() {
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
    error: unknown flag --frobnicate
      hint: use --help

    $ use install --global node@12
    error: unknown flag --global
      usage: use install [OPTIONS] [TOOL[@REQUEST]]...
      hint: use install --help

    $ use uninstall
    error: missing argument: TOOL@VERSION
      usage: use uninstall [OPTIONS] TOOL@VERSION...
      hint: use uninstall --help

    $ use which
    error: missing argument: PROGRAM
      usage: use which [OPTIONS] PROGRAM
      hint: use which --help

    $ use available
    error: missing argument: TOOL
      usage: use available [OPTIONS] TOOL [REQUEST]
      hint: use available --help

    $ use available node 12 13
    error: unexpected argument “13”
      usage: use available [OPTIONS] TOOL [REQUEST]
      hint: use available --help

    $ use completions
    error: missing argument: SHELL
      usage: use completions [OPTIONS] SHELL
      hint: use completions --help

    $ use completions tcsh
    error: invalid value “tcsh” for SHELL
      expected: bash, elvish, fish, powershell, zsh
      usage: use completions [OPTIONS] SHELL
      hint: use completions --help

    $ use setup --yes=maybe
    error: unexpected value 'maybe' for '--yes' found; no more were expected

    Usage: use setup --yes [SHELL]

    For more information, try '--help'.
      usage: use setup [OPTIONS] [SHELL]
      hint: use setup --help
    ");
}

#[test]
fn errors_are_json_with_json() {
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
        "hint": "use --help",
        "what": "unknown flag --frobnicate"
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
        if let Some(completion) = completion(&sandbox, shell) {
            let outcome = sandbox.command(&program).arguments(["-c", &completion]).run().succeeds();
            assert!(outcome.stdout.contains("uninstall"), "{outcome}");
        }
    }
}

/// A shell's command that loads the script and completes `use un`, where there is an easy one.
fn completion(sandbox: &Sandbox, shell: &str) -> Option<String> {
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
fn global_flags_may_come_before_the_verb() {
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
    // `--global` isn't a flag of every verb.
    sandbox.use_command(&["--global", "list"]).run().fails_with(2);
}

#[test]
fn a_renamed_flag_is_an_error_that_names_the_new_one() {
    let sandbox = Sandbox::new();
    sandbox.install();
    let outcome = sandbox.use_command(&["upgrade", "--carry"]).run().fails_with(2);
    outcome
        .stderr_contains("unknown flag --carry")
        .stderr_contains("called --migrate-packages now");
}
