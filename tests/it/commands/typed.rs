//! The command line itself: help, version, and invalid arguments.

use std::fmt::Write as _;

use super::{assert_unchanged, offline_sandbox, sandbox};
use crate::support::{Sandbox, Upstream};

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

    Everyday:
      install      Install versions; by default, all that this project pins
      upgrade      Install the newest versions that match your pins [alias: update]
      uninstall    Remove installed versions [alias: rm]
      unpin        Remove pins from this project, or your defaults
      exec         Run a command with this project's versions, or others [alias: x]
      help         Explain a verb or a tool

    Versions:
      current      List the active versions, and what requests them (as bare `use`)
      list         List installed versions [alias: ls]
      outdated     Show which active versions have newer releases
      available    List versions that can be installed [alias: ls-remote]
      lock         Lock the versions that requests mean, in usher.lock
      link         Give a build of your own a name that can be pinned

    What runs here:
      which        Print the path of the program that runs here
      where        Print the folder of an installed version
      why          Explain which version of a program runs here
      env          Print the active versions' PATH and variables, for a shell or CI
      check        Compare the versions in version files, Dockerfiles and CI files

    Upkeep:
      doctor       Look for problems
      verify       Check installed versions for changed, missing or added files
      repair       Restore installed versions, keeping packages you added
      prune        Remove unused versions (asks first)
      cache        Clear the download and index cache
      config       List, read and change usher's settings
      self         Install, update or remove usher itself

    Shims, shells and editors:
      setup        Add the shims and completions to your shell (shows the change)
      completions  Print a completion script
      shim         Add versioned shims, such as node12, or list them
      reshim       Rescan this machine, and update the shims
      schema       Print a JSON Schema, for editors and programs

    Machines with several accounts:
      sync         Install what the machine's list and its accounts request
      retire       Announce the removal of the machine's versions, or list those
      policy       Show what the machine's policy limits, or check a policy file

    Options:
      -g, --global          Set your default, for folders without a pin
          --account <NAME>  With --global: set this account's default (root)
          --group <NAME>    With --global: set this group's default (root)
          --all             Without tools: also list defaults and what isn't pinned
      -C <DIR>              Run as if started in this folder
          --json            Print JSON
          --offline         Don't use the network
      -q, --quiet           Print only results and errors
      -v, --verbose         Also print which files decide, and what is fetched
          --color <WHEN>    Print colors: auto (on a terminal), always or never
      -h, --help            Print help
      -V, --version         Print version

    Examples:
      use                             show what this project pins, and what runs
      use node@12                     pin node 12 in this project, and install it
      use --global node@lts           make the newest LTS your default
      use node@12 python@3.7 -- bash  run one shell with these versions
      use install                     install all versions that this project pins

    `use help VERB` and `use help TOOL` have the details.
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
          --all   List every version, not only the newest of each release line
      -h, --help  Print help

    Options of every command:
      -C <DIR>            Run as if started in this folder
          --json          Print JSON
          --offline       Don't use the network
      -q, --quiet         Print only results and errors
      -v, --verbose       Also print which files decide, and what is fetched
          --color <WHEN>  Print colors: auto (on a terminal), always or never

    Examples:
      use available node
      use available node --all
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
    error: unknown verb or tool “rust”
      tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig
      hint: use help

    $ use instal node@12
    error: unknown verb or tool “instal”
      nearest: install
      hint: use install node@12

    $ use nodee@12
    error: unknown tool “nodee”
      nearest: node
      hint: use node@12

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
      hint: use help

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
      hint: use help

    $ use install --global node@12
    error: unknown flag --global
      usage: use install [OPTIONS] [TOOL[@REQUEST]]...
      hint: use help install

    $ use uninstall
    error: missing argument: TOOL@VERSION
      usage: use uninstall [OPTIONS] TOOL@VERSION...
      hint: use help uninstall

    $ use which
    error: missing argument: PROGRAM
      usage: use which [OPTIONS] PROGRAM
      hint: use help which

    $ use available
    error: missing argument: TOOL
      usage: use available [OPTIONS] TOOL [REQUEST]
      hint: use help available

    $ use available node 12 13
    error: unexpected argument “13”
      usage: use available [OPTIONS] TOOL [REQUEST]
      hint: use help available

    $ use completions
    error: missing argument: SHELL
      usage: use completions [OPTIONS] SHELL
      hint: use help completions

    $ use completions tcsh
    error: invalid value “tcsh” for SHELL
      expected: bash, elvish, fish, nushell, powershell, zsh
      usage: use completions [OPTIONS] SHELL
      hint: use help completions

    $ use setup --yes=maybe
    error: unexpected value “maybe” for --yes
      usage: use setup [OPTIONS] [SHELL]
      hint: use help setup
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
      "format": 1,
      "error": {
        "what": "unknown flag --frobnicate",
        "causes": [],
        "hint": "use help",
        "code": "usage",
        "exit": 2
      }
    }
    --- standard error
    "#);
    let outcome = sandbox.use_command(&["install", "nodee", "--json"]).run().fails_with(2);
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 2
    --- standard output
    {
      "format": 1,
      "error": {
        "what": "unknown tool “nodee”",
        "causes": [
          "nearest: node"
        ],
        "hint": "use install node --json",
        "code": "unknown-tool",
        "exit": 2
      }
    }
    --- standard error
    "#);
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
        assert_eq!(outcome.json()["format"], 1, "{outcome}");
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

/// What a command line prints, refused or not.
fn printed(sandbox: &Sandbox, lines: &[&str]) -> String {
    let mut transcript = String::new();
    for line in lines {
        let outcome = sandbox.use_command(&line.split(' ').collect::<Vec<_>>()).run();
        writeln!(transcript, "$ use {line}\n{}{}", outcome.stdout, outcome.stderr).unwrap();
    }
    sandbox.mask(&transcript)
}

#[test]
fn help_is_a_verb() {
    let sandbox = offline_sandbox();
    let same = |asked: &[&str], flag: &[&str]| {
        let help = sandbox.use_command(asked).run().succeeds();
        assert_eq!(help.stdout, sandbox.use_command(flag).run().succeeds().stdout, "{asked:?}");
    };
    same(&["help"], &["--help"]);
    same(&["help", "install"], &["install", "--help"]);
    same(&["help", "ls"], &["list", "--help"]);
    same(&["help", "cache", "clean"], &["cache", "clean", "--help"]);
    insta::assert_snapshot!(printed(&sandbox, &["help node", "help java@21", "help versions"]), @"
    $ use help node
    node
      programs       node, npm, npx, corepack
      also called    nodejs
      variable       NODE_VERSION
      version files  .tool-versions, .nvmrc, .node-version, package.json, pnpm-workspace.yaml, .npmrc, .naverc, phoenix_static_buildpack.config, mise.toml, .prototools, .env

    Examples:
      use node@latest     pin the newest release in this project
      use available node  list the versions that can be installed
      use list node       list the installed versions
      use why node        explain which version runs here

    $ use help java@21
    java
      programs       java, javac
      flavors        mandrel, liberica-nik, zulu-javafx, zulu-crac, liberica-javafx, liberica-crac, temurin, openjdk, corretto, zulu, liberica, microsoft, oracle, sapmachine, dragonwell, semeru-openj9, oracle-graalvm, graalvm-community, adoptopenjdk, kona, jetbrains
      variable       JAVA_VERSION
      version files  .tool-versions, .java-version, .sdkmanrc, .jabbarc, system.properties, gradle/gradle-daemon-jvm.properties, mise.toml, .prototools, .env

    Examples:
      use java@latest     pin the newest release in this project
      use available java  list the versions that can be installed
      use list java       list the installed versions
      use why java        explain which version runs here

    $ use help versions
    error: unknown verb “versions”
      `use list`: list installed versions
      hint: use list
    ");
    let unknown = refused(&["help frobnicate", "help instal"]);
    insta::assert_snapshot!(unknown, @"
    $ use help frobnicate
    error: unknown verb or tool “frobnicate”
      tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig
      hint: use help

    $ use help instal
    error: unknown verb or tool “instal”
      nearest: install
      hint: use install
    ");
}

#[test]
fn another_manager_is_a_topic_of_help() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["help", "pyenv"]).run().succeeds();
    insta::assert_snapshot!(outcome.stdout, @"
    pyenv
    Its verbs, and what does the same here:
      pyenv local      use python@REQUEST
      pyenv global     use --global python@REQUEST
      pyenv shell      use python@REQUEST -- bash
      pyenv install    use install python[@REQUEST]
      pyenv versions   use list python
      pyenv version    use current python
      pyenv which      use which PROGRAM
      pyenv exec       use exec COMMAND
      pyenv rehash     use reshim
      pyenv uninstall  use uninstall python@VERSION

    Versions that pyenv installed are used in place.
    ");
}

/// A version without its tool is of the tool that is pinned here.
#[test]
fn a_version_alone_is_of_the_pinned_tool() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "18\n");
    let before = sandbox.tree("home");
    insta::assert_snapshot!(printed(&sandbox, &["20", "install 20", "upgrade 20", "alias default 20"]), @"
    $ use 20
    error: which tool? “20” is a version
      did you mean node@20?
      hint: use node@20

    $ use install 20
    error: which tool? “20” is a version
      did you mean node@20?
      hint: use install node@20

    $ use upgrade 20
    error: which tool? “20” is a version
      did you mean node?
      hint: use upgrade node

    $ use alias default 20
    error: unknown verb “alias”
      there are no aliases; `use --global TOOL@REQUEST` sets your default
      did you mean node@20?
      hint: use --global node@20
    ");
    assert_unchanged(&sandbox, "home", &before, "a version without its tool");
}

#[test]
fn no_line_of_help_is_wider_than_the_terminal() {
    let sandbox = offline_sandbox();
    for width in [60, 80] {
        for line in ["--help", "help list", "prune --help", "help node", "help pyenv"] {
            let words: Vec<&str> = ["--color=never"].into_iter().chain(line.split(' ')).collect();
            let ended = sandbox.use_command(&words).in_terminal(width).wait().succeeds();
            for line in ended.raw().lines() {
                assert!(line.chars().count() <= usize::from(width), "{width}: {line}\n{ended}");
            }
        }
    }
}

#[test]
fn other_managers_verbs_and_near_words_are_answered() {
    let transcript = refused(&[
        "versions",
        "global node 20",
        "local python 3.12",
        "use -g node@20",
        "run build",
        "versions --bare",
        "self-update",
        "node 20",
        "install node 20",
        "--global node lts",
        "npx -v",
        "npx --version",
        "node app.js",
        "node --version",
        "nvm use 20",
        "python3",
        "global",
    ]);
    insta::assert_snapshot!(transcript, @"
    $ use versions
    error: unknown verb “versions”
      `use list`: list installed versions
      hint: use list

    $ use global node 20
    error: unknown verb “global”
      `use --global TOOL@REQUEST` sets your default
      hint: use --global node@20

    $ use local python 3.12
    error: unknown verb “local”
      `use TOOL@REQUEST` pins a version in this project
      hint: use python@3.12

    $ use use -g node@20
    error: unknown verb “use”
      `use TOOL@REQUEST` pins a version in this project
      hint: use --global node@20

    $ use run build
    error: unknown verb “run”
      usher runs no tasks; `use exec` runs a command with this project's versions
      hint: use help exec

    $ use versions --bare
    error: unknown verb “versions”
      `use list`: list installed versions
      hint: use list

    $ use self-update
    error: unknown verb “self-update”
      `use self`: install, update or remove usher itself
      hint: use self update

    $ use node 20
    error: a version is joined to its tool by an @
      did you mean node@20?
      hint: use node@20

    $ use install node 20
    error: a version is joined to its tool by an @
      did you mean node@20?
      hint: use install node@20

    $ use --global node lts
    error: a version is joined to its tool by an @
      did you mean node@lts?
      hint: use --global node@lts

    $ use npx -v
    error: unknown verb or tool “npx”
      npx is a program of node
      `use exec` runs a command with this project's versions
      hint: use exec npx -v

    $ use npx --version
    error: unknown verb or tool “npx”
      npx is a program of node
      `use exec` runs a command with this project's versions
      hint: use exec npx --version

    $ use node app.js
    error: unknown tool “app.js”
      `use exec` runs a command with this project's versions
      hint: use exec node app.js

    $ use node --version
    error: --version is the version of usher: it takes no tool
      hint: use exec node --version

    $ use nvm use 20
    error: unknown verb or tool “nvm”
      nvm is another version manager
      hint: use node@20

    $ use python3
    error: unknown verb or tool “python3”
      hint: use python@3

    $ use global
    error: unknown verb “global”
      `use --global TOOL@REQUEST` sets your default
      hint: use help
    ");
}

#[test]
fn an_alias_is_its_verb() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    let same = |alias: &[&str], verb: &[&str]| {
        let printed = sandbox.use_command(alias).run();
        assert_eq!(printed.transcript(), sandbox.use_command(verb).run().transcript(), "{alias:?}");
    };
    same(&["ls"], &["list"]);
    same(&["ls-remote", "node"], &["available", "node"]);
    same(&["current"], &[]);
    same(&["current", "--all"], &["--all"]);
    same(&["status", "--json"], &["--json"]);
    same(&["update"], &["upgrade"]);
    same(&["up", "node"], &["upgrade", "node"]);
    same(&["x", "node"], &["exec", "node"]);
    same(&["rm", "python@3.1"], &["uninstall", "python@3.1"]);
    same(&["remove", "python@3.1"], &["uninstall", "python@3.1"]);
    let current = sandbox.use_command(&["current", "node"]).run().succeeds();
    assert!(current.stdout.contains("12.22.12"), "{current}");
    sandbox.use_command(&["current", "noode"]).run().fails_with(2);
}

#[test]
fn the_folder_of_a_version() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "10.24.1");
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "10\n");
    sandbox.reshim();
    let transcript = printed(
        &sandbox,
        &[
            "where node",
            "where npm",
            "where node@12",
            "where node 12",
            "where nodejs@latest --json",
            "where node@20",
            "where noode",
            "where node@",
        ],
    );
    insta::assert_snapshot!(transcript, @r#"
    $ use where node
    [SANDBOX]/home/.local/share/usher/toolchains/node/10.24.1

    $ use where npm
    [SANDBOX]/home/.local/share/usher/toolchains/node/10.24.1

    $ use where node@12
    [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12

    $ use where node 12
    [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12

    $ use where nodejs@latest --json
    {
      "format": 1,
      "path": "[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12",
      "program": "node",
      "tool": "node"
    }

    $ use where node@20
    error: node 20 is not installed
      hint: use install node@20

    $ use where noode
    error: unknown program “noode”
      nearest: node
      hint: use which node

    $ use where node@
    error: invalid version of node: “”
      it is empty
      hint: use available node
    "#);
}

#[test]
fn a_command_runs_with_the_projects_versions_or_others() {
    let sandbox = offline_sandbox();
    for version in ["10.24.1", "12.22.12"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.file("project/.nvmrc", "10\n");
    sandbox.file("other/.nvmrc", "12\n");
    sandbox.reshim();
    let other = sandbox.root().join("other");
    let other = other.to_str().unwrap();
    let runs = |words: &[&str], expected: &str| {
        let outcome = sandbox.use_command(words).run().succeeds();
        assert!(outcome.stdout.starts_with(expected), "{words:?}: {outcome}");
    };
    runs(&["exec", "node"], "node 10.24.1\n");
    runs(&["exec", "--", "node"], "node 10.24.1\n");
    runs(&["x", "node", "a.js", "--", "-x"], "node 10.24.1\n");
    runs(&["exec", "node", "--version", "--json"], "node 10.24.1\n");
    runs(&["exec", "node@12", "--", "node"], "node 12.22.12\n");
    runs(&["exec", "/bin/sh", "-c", "node"], "node 10.24.1\n");
    runs(&["-C", other, "exec", "node"], "node 12.22.12\n");
    runs(&["exec", "-C", other, "node"], "node 12.22.12\n");
    let ended = sandbox.use_command(&["exec", "/bin/sh", "-c", "exit 7"]).run();
    ended.fails_with(7);
    let transcript = refused(&["exec", "exec node@12 --", "exec node@12", "exec node@12 node -v"]);
    insta::assert_snapshot!(transcript, @"
    $ use exec
    error: missing argument: COMMAND
      usage: use exec [OPTIONS] COMMAND...
      hint: use help exec

    $ use exec node@12 --
    error: missing command
      hint: use exec node@12 -- bash

    $ use exec node@12
    error: missing command
      hint: use exec node@12 -- bash

    $ use exec node@12 node -v
    error: missing `--` between the versions and the command
      hint: use exec node@12 -- node -v
    ");
    sandbox.use_command(&["exec", "absent"]).run().stderr_contains("no program “absent” on PATH");
}

/// As `git -C` and `make -C`.
#[test]
fn a_command_runs_in_another_folder() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/inner/deep/keep", "");
    sandbox.file("project/inner/.nvmrc", "10\n");
    sandbox.reshim();
    sandbox.use_command(&["-C", "inner", "node@12"]).run().succeeds();
    assert_eq!(sandbox.read("project/inner/.nvmrc"), "12\n");
    for words in [
        &["-C", "inner", "-C", "deep", "which", "node"][..],
        &["which", "-C", "inner/deep", "node"],
        &["-Cinner", "-v", "which", "node"],
        &["-q", "-C", "inner", "which", "node"],
    ] {
        let outcome = sandbox.use_command(words).run().succeeds();
        assert!(outcome.stdout.ends_with("/node/12.22.12/bin/node\n"), "{words:?}: {outcome}");
    }
    let absent = sandbox.use_command(&["-C", "absent", "install", "--json"]).run();
    insta::assert_snapshot!(absent.transcript(), @r#"
    exit status: 74
    --- standard output
    {
      "format": 1,
      "error": {
        "what": "can't change into absent",
        "causes": [
          "No such file or directory (os error 2)"
        ],
        "hint": null,
        "code": "io",
        "exit": 74
      }
    }
    --- standard error
    "#);
    let file = sandbox.use_command(&["-C", "inner/.nvmrc", "node@12"]).run();
    insta::assert_snapshot!(file.transcript(), @"
    exit status: 74
    --- standard output
    --- standard error
    error: can't change into inner/.nvmrc
      Not a directory (os error 20)
    ");
    sandbox.use_command(&["-C"]).run().fails_with(2).stderr_contains("missing value");
}

#[test]
fn verbose_says_what_decides_and_what_is_done() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.file("home/.config/usher/config.toml", "quiet = true\n");
    let outcome = sandbox.use_command(&["-v", "install", "--json"]).run().succeeds();
    assert_eq!(outcome.json()["versions"][0]["tool"], "node", "{outcome}");
    let stderr = sandbox.mask(&outcome.stderr);
    for said in [
        "usher: read [SANDBOX]/home/.config/usher/config.toml\n",
        "usher: node 12 is requested by .nvmrc:1: not installed\n",
        "usher: index http",
        ": fetched, ",
        "usher: archive http",
        "usher: installed in [SANDBOX]/home/.local/share/usher/toolchains/node/12.",
        "usher: shims made in [SANDBOX]/home/.local/share/usher/shims: ",
    ] {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    let again = sandbox.use_command(&["available", "node", "--verbose"]).run().succeeds();
    assert!(again.stderr.contains(": cached, less than a minute old"), "{again}");
    let quiet = sandbox.use_command(&["available", "node"]).run().succeeds();
    assert_eq!(quiet.stderr, "");
    sandbox.use_command(&["-q", "-v", "list"]).run().fails_with(2).stderr_contains("combined");
}

#[test]
fn a_custom_tool_that_is_named_as_a_verb_is_reported_and_works() {
    let sandbox = offline_sandbox();
    let file = "home/.config/usher/registry/list.toml";
    sandbox.file(
        file,
        "name = 'list'\ntitle = 'List'\nprograms = ['list']\nvariables = ['LIST_VERSION']\n\
         dialect = 'npm'\nversion_components = 3\n",
    );
    sandbox.fake_toolchain("list", "1.2.3");
    let listed = sandbox.use_command(&["list"]).run().succeeds();
    insta::assert_snapshot!(sandbox.mask(&listed.stderr), @"
    usher: invalid tool definition [SANDBOX]/home/.config/usher/registry/list.toml: list is a verb of use
      rename the tool; until then, use list@REQUEST means it, and use list the verb
    ");
    sandbox.use_command(&["list@1.2"]).run().succeeds();
    assert_eq!(sandbox.read("project/.tool-versions"), "list 1.2\n");
    sandbox.command("list").run().succeeds().stdout_has_line("list 1.2.3");
    sandbox.use_command(&["doctor"]).run().fails_with(65);
}
