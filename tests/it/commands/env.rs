//! `use env` and `use where`: what programs that don't use the shims need, for real shells and
//! CI services.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use super::{assert_unchanged, offline_sandbox, sandbox, skipped};
use crate::support::{Outcome, Sandbox, TestCommand, Upstream};

/// A project that pins node and java, both installed.
fn with_shims_on_path() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.fake_toolchain("java", "21.0.4");
    sandbox.file("project/.tool-versions", "nodejs 12\njava 21\n");
    sandbox
}

fn bin(sandbox: &Sandbox, tool: &str, version: &str) -> String {
    sandbox.toolchain(tool, version).join("bin").display().to_string()
}

#[test]
fn a_variable_of_another_version_is_unset() {
    let sandbox = with_shims_on_path();
    sandbox.fake_toolchain("node", "10.24.1");
    let other = sandbox.toolchain("node", "10.24.1");
    let env = |arguments: &[&str]| {
        let command = sandbox.use_command(arguments).variable("npm_config_prefix", &other);
        command.run().succeeds()
    };
    env(&["env"]).stdout_has_line("unset npm_config_prefix");
    env(&["env", "--shell", "fish"]).stdout_has_line("set -e npm_config_prefix");
    assert_eq!(env(&["env", "--json"]).json()["unset"], json!(["npm_config_prefix"]));
    let note = "usher: later steps keep these variables of other versions: npm_config_prefix";
    env(&["env", "--gitlab"]).stderr_contains(note);
}

#[test]
fn pinned_tools_in_every_format() {
    let sandbox = with_shims_on_path();
    let mut transcript = String::new();
    for line in
        ["env", "env java", "env --shell fish", "env --github", "env --gitlab", "where java"]
    {
        let outcome = sandbox.use_command(&line.split(' ').collect::<Vec<_>>()).run();
        writeln!(transcript, "$ use {line}\n{}{}", outcome.stdout, outcome.stderr).unwrap();
    }
    insta::assert_snapshot!(sandbox.mask(&transcript), @r#"
    $ use env
    case "${PATH-}:" in '[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin:[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin':*) ;; *) PATH='[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin:[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin'"${PATH:+:$PATH}"; export PATH ;; esac
    JAVA_HOME='[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4'; export JAVA_HOME

    $ use env java
    case "${PATH-}:" in '[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin':*) ;; *) PATH='[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin'"${PATH:+:$PATH}"; export PATH ;; esac
    JAVA_HOME='[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4'; export JAVA_HOME

    $ use env --shell fish
    test "$PATH[1..2]" = '[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin:[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin'; or set -gx PATH '[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin' '[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin' $PATH
    set -gx JAVA_HOME '[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4'

    $ use env --github
    [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin
    [SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin
    JAVA_HOME<<END
    [SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4
    END

    $ use env --gitlab
    PATH=[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4/bin:[SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin:[SANDBOX]/home/.local/share/usher/shims:[SANDBOX]/bin
    JAVA_HOME=[SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4

    $ use where java
    [SANDBOX]/home/.local/share/usher/toolchains/java/21.0.4
    "#);
    let outcome = sandbox.use_command(&["env", "--json"]).run().succeeds();
    let (java, node) = (sandbox.toolchain("java", "21.0.4"), sandbox.toolchain("node", "12.22.12"));
    assert_eq!(
        outcome.json(),
        json!({
            "format": 1,
            "path": [java.join("bin"), node.join("bin")],
            "variables": { "JAVA_HOME": java },
            "tools": [
                {
                    "tool": "java",
                    "version": "21.0.4",
                    "store": "usher",
                    "path": java,
                    "programs": java.join("bin"),
                },
                {
                    "tool": "node",
                    "version": "12.22.12",
                    "store": "usher",
                    "path": node,
                    "programs": node.join("bin"),
                },
            ],
        })
    );
    let outcome = sandbox.use_command(&["where", "java", "--json"]).run().succeeds();
    assert_eq!(
        outcome.json(),
        json!({ "format": 1, "program": "java", "path": java, "tool": "java" })
    );
}

#[test]
fn a_variable_that_is_set_hides_nothing() {
    let sandbox = with_shims_on_path();
    let outcome =
        sandbox.use_command(&["env", "java", "--json"]).variable("JAVA_HOME", "/old").run();
    assert_eq!(
        outcome.succeeds().json()["variables"]["JAVA_HOME"],
        json!(sandbox.toolchain("java", "21.0.4"))
    );
}

#[test]
fn a_missing_version_is_installed_if_a_shim_would() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let before = sandbox.tree("");
    let outcome = sandbox.use_command(&["env"]).variable("USHER_AUTO_INSTALL", "never").run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 127
    --- standard output
    --- standard error
    error: node 12 is not installed (requested by .nvmrc:1)
      auto_install = "never" (USHER_AUTO_INSTALL)
      hint: use install node@12
    "#);
    assert_unchanged(&sandbox, "", &before, "a refused `use env`");
    let outcome = sandbox.use_command(&["env", "--json"]).run().succeeds();
    assert_eq!(outcome.json()["path"], json!([bin(&sandbox, "node", "12.22.12")]));
    outcome.stderr_contains("node 12.22.12 is ready");
}

#[test]
fn nothing_to_set_is_a_note() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["env"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    --- standard error
    usher: no tool is pinned here
    ");
    sandbox.fake_program("bin/java");
    let outcome = sandbox.use_command(&["env", "java"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    --- standard error
    usher: java: the system's version is used; nothing to set
    ");
    let outcome = sandbox.use_command(&["where", "java"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: java is one of the system's programs: [SANDBOX]/bin/java
      it has no folder of its own
      hint: use which java
    ");
}

#[test]
fn a_program_that_links_into_a_toolchain_has_a_folder() {
    let sandbox = offline_sandbox();
    let program = sandbox.fake_program("sdk/java/17.0.9-tem/bin/java");
    symlink(program, sandbox.root().join("bin/java")).expect("make a link");
    let java = sandbox.root().join("sdk/java/17.0.9-tem");
    let command = |words: &[&str]| {
        sandbox.use_command(words).variable("SDKMAN_CANDIDATES_DIR", sandbox.root().join("sdk"))
    };
    command(&["where", "java"]).run().succeeds().stdout_is("[SANDBOX]/sdk/java/17.0.9-tem");
    let outcome = command(&["env", "java", "--json"]).run().succeeds();
    assert_eq!(outcome.json()["variables"]["JAVA_HOME"], json!(java));
}

#[test]
fn invalid_arguments_are_refused() {
    let sandbox = with_shims_on_path();
    let mut transcript = String::new();
    for line in [
        "env node@12",
        "env nodee",
        "env --shell tcsh",
        "env --github --gitlab",
        "env --github --json",
    ] {
        let outcome = sandbox.use_command(&line.split(' ').collect::<Vec<_>>()).run().fails_with(2);
        let first: Vec<&str> = outcome.stderr.lines().take(3).collect();
        writeln!(transcript, "$ use {line}\n{}", first.join("\n")).unwrap();
    }
    insta::assert_snapshot!(transcript, @"
    $ use env node@12
    error: `use env` takes tools without versions: node@12
      hint: use node@12 -- use env node
    $ use env nodee
    error: unknown tool “nodee”
      nearest: node
      hint: use env node
    $ use env --shell tcsh
    error: usher can't set up the shell `tcsh`
      known shells: bash, zsh, fish, sh, nushell and elvish
      hint: put usher's shims folder first in PATH, where your shell sets it
    $ use env --github --gitlab
    error: --github can't be combined with --gitlab
      usage: use env [OPTIONS] [TOOL]...
      hint: use help env
    $ use env --github --json
    ");
}

#[test]
fn env_github_writes_the_github_files() {
    let sandbox = with_shims_on_path();
    let path = sandbox.file("path", "/earlier");
    let variables = sandbox.file("variables", "A=1\n");
    let command = || sandbox.use_command(&["env", "--github"]).variable("GITHUB_PATH", &path);
    let node = bin(&sandbox, "node", "12.22.12");
    let java = sandbox.toolchain("java", "21.0.4").display().to_string();
    let set = format!("JAVA_HOME<<END\n{java}\nEND");
    command().run().succeeds().stdout_is(&sandbox.mask(&set));
    assert_eq!(sandbox.read("path"), format!("/earlier\n{node}\n{java}/bin\n"));
    command().variable("GITHUB_ENV", &variables).run().succeeds().stdout_is("");
    assert_eq!(sandbox.read("variables"), format!("A=1\n{set}\n"));
    assert_eq!(sandbox.read("path"), format!("/earlier\n{0}{0}", format!("{node}\n{java}/bin\n")));
}

/// Names that mean something to a shell, and then any mixture of such characters.
fn hostile_names() -> Vec<String> {
    let by_hand = [
        "a b",
        "it's",
        "''",
        "\"",
        "$HOME",
        "`id`",
        "$(id)",
        "a;b",
        "a\nb",
        "a\\",
        "\\'",
        "\\\\'",
        "*",
        "~",
        "!x",
        "{a,b}",
        "(x)",
        "-n",
        "a\tb",
        "#x",
        "%s",
        "é",
        "[ab]",
        "&",
        "|",
        "<>",
        "\u{1b}[31m",
        "=",
        "\r",
        "'\\''",
    ];
    let letters: Vec<char> = "'\"\\$`!*?~#&|;<>(){}[] \n\t=-x".chars().collect();
    let mut seed: usize = 20_240_601;
    let mut letter = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        letters[(seed >> 33) % letters.len()]
    };
    let mixed: Vec<String> = (0..20).map(|_| (0..8).map(|_| letter()).collect()).collect();
    by_hand.iter().map(ToString::to_string).chain(mixed).collect()
}

#[test]
fn env_output_works_in_real_shells() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.tool-versions", "nodejs 12\njava 21\n");
    let shells = ["sh", "dash", "bash", "zsh", "fish"];
    let there: Vec<_> = shells.iter().filter_map(|shell| Some((*shell, find(shell)?))).collect();
    for shell in shells.iter().filter(|shell| there.iter().all(|(name, _)| name != *shell)) {
        skipped(&format!("{shell} isn't on this machine"));
    }
    // Twice is as good as once.
    let script =
        ". ../code; . ../code; command -v node; printf '%s\\n%s\\n' \"$JAVA_HOME\" \"$PATH\"";
    for name in hostile_names() {
        let store = sandbox.folder(format!("stores/{name}"));
        let (node, java) =
            (store.join("versions/node/v12.22.12/bin"), store.join("java/21.0.4-tem"));
        sandbox.fake_program(node.join("node"));
        sandbox.fake_program(java.join("bin/java"));
        let with = |command: TestCommand| {
            let command = command.variable("NVM_DIR", &store).variable("LC_ALL", "C.UTF-8");
            command.variable("SDKMAN_CANDIDATES_DIR", &store)
        };
        let code =
            |shell| with(sandbox.use_command(&["env", "--shell", shell])).run().succeeds().bytes;
        let (posix, fish) = (code("sh"), code("fish"));
        for (shell, program) in &there {
            sandbox.file("code", if *shell == "fish" { &fish } else { &posix });
            let outcome = with(sandbox.command(program)).arguments(["-c", script]).run();
            is_so(&sandbox, (&node, &java), outcome);
        }
        std::fs::remove_dir_all(&store).expect("remove a store");
    }
}

/// A shell printed where it finds node, `JAVA_HOME`, and a PATH that has the folders once.
fn is_so(sandbox: &Sandbox, (node, java): (&Path, &Path), outcome: Outcome) {
    let outcome = outcome.succeeds();
    let [node, java] = [node, java].map(|path| path.display().to_string());
    let before = format!("{}:{}", sandbox.shims().display(), sandbox.root().join("bin").display());
    let expected = format!("{node}/node\n{java}\n{java}/bin:{node}:{before}\n");
    assert_eq!(outcome.stdout, expected, "{outcome}");
}

/// A shell of this machine's; the sandbox's PATH has none.
fn find(shell: &str) -> Option<String> {
    ["/usr/bin", "/bin"]
        .map(|folder| format!("{folder}/{shell}"))
        .into_iter()
        .find(|path| Path::new(path).exists())
}

#[test]
fn a_users_own_tool_is_included() {
    let sandbox = offline_sandbox();
    let text = "name = 'acme'\ntitle = 'Acme'\nprograms = ['acme']\n\
                variables = ['ACME_VERSION']\ndialect = 'npm'\nversion_components = 3\n\
                [[environment]]\nvariable = 'ACME_HOME'\nvalue = '{root}'\n";
    sandbox.file("home/.config/usher/registry/acme.toml", text);
    sandbox.fake_toolchain("acme", "1.2.3");
    sandbox.file("project/.tool-versions", "acme 1\n");
    let env = sandbox.use_command(&["env", "--json"]).run().succeeds();
    let root = sandbox.toolchain("acme", "1.2.3");
    assert_eq!(env.json()["path"], json!([root.join("bin")]));
    assert_eq!(env.json()["variables"], json!({ "ACME_HOME": root }));
}
