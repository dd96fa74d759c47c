//! Pressing Tab: in the real shells, and as their scripts ask.

use std::path::{Path, PathBuf};

use super::{assert_unchanged, offline_sandbox, sandbox, skipped};
use crate::support::{Outcome, Sandbox, Terminal, Upstream};

/// What `use` answers to a script that asks for these words.
fn asked(sandbox: &Sandbox, shell: &str, words: &[&str]) -> Outcome {
    let command =
        sandbox.command(sandbox.shim("use")).arguments(["__complete", shell, "--", "use"]);
    command.arguments(words).run().succeeds()
}

/// The same on one line.
fn answer(sandbox: &Sandbox, words: &[&str]) -> String {
    let outcome = asked(sandbox, "elvish", words);
    assert_eq!(outcome.stderr, "", "{outcome}");
    outcome.stdout.lines().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_verb_completes_what_it_takes() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    for version in ["12.22.12", "20.19.5"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.use_command(&["available", "node"]).run().succeeds();
    drop(upstream);
    let before = sandbox.tree("home");
    for (words, expected) in [
        (&["no"][..], "node node@"),
        (&["node"], "node node@"),
        (&["node@2"], "node@25.0.0 node@24.11.0 node@22.20.0 node@20.19.5"),
        (&["install", "node@2"], "node@25.0.0 node@24.11.0 node@22.20.0 node@20.19.5"),
        (&["install", "node@12", "rub"], "ruby ruby@"),
        (&["node@lts/i"], "node@lts/iron"),
        (&["--global", "py"], "python python@"),
        (&["uninstall", ""], "node@20.19.5 node@12.22.12"),
        (&["verify", "node@1"], "node@12.22.12"),
        (&["upgrade", "no"], "node"),
        (&["available", "no"], "node"),
        (&["available", "node", "2"], "25.0.0 24.11.0 22.20.0 20.19.5"),
        (&["setup", ""], "bash zsh fish sh nushell elvish"),
        (&["completions", "p"], "powershell"),
        (&["policy", ""], ":files"),
        (&["install", "node@12", "--store", ""], ":folders"),
        (&["node@12", "--", "ba"], ":command"),
        (&["uninst"], "uninstall"),
        (&["help", "uninst"], "uninstall"),
        (&["config", "get", "auto_"], "auto_install"),
        (&["install", "--of"], "--offline"),
        // What is hidden, unknown, or not expected.
        (&["__"], ""),
        (&["nonsense"], ""),
        (&["nonsense@1"], ""),
        (&["node@../"], ""),
        (&["doctor", ""], ""),
        (&["install", "--sha256", ""], ""),
    ] {
        assert_eq!(answer(&sandbox, words), expected, "{words:?}");
    }
    // The machine's own node may have versioned shims beside these.
    for verb in ["why", "which", "exec"] {
        let programs = answer(&sandbox, &[verb, "np"]);
        assert!(programs.starts_with("npm ") && programs.contains(" npx"), "{verb}: {programs}");
        assert!(programs.split(' ').all(|program| program.starts_with("np")), "{programs}");
    }
    let all = answer(&sandbox, &[""]);
    assert!(all.contains("install") && all.contains("node") && !all.contains("--"), "{all}");
    assert!(!all.contains("__"), "{all}");
    let flags = answer(&sandbox, &["-"]);
    assert!(flags.split(' ').all(|flag| flag.starts_with("--")), "{flags}");
    assert!(flags.contains("--global") && flags.contains("--json"), "{flags}");
    assert_unchanged(&sandbox, "home", &before, "completing");
    let verb = asked(&sandbox, "fish", &["uninst"]);
    assert_eq!(verb.stdout, "uninstall\tRemove installed versions\n");
    let version = asked(&sandbox, "zsh", &["node@20"]);
    assert_eq!(version.stdout, "node@20.19.5:installed\n");
}

#[test]
fn what_is_broken_completes_less_and_says_nothing() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    assert_eq!(answer(&sandbox, &["uninstall", "no"]), "node@12.22.12");
    sandbox.file("home/.config/usher/config.toml", "this is no TOML");
    assert_eq!(answer(&sandbox, &["uninstall", "no"]), "");
    assert_eq!(answer(&sandbox, &["doc"]), "doctor");
    sandbox.file("home/.config/usher/config.toml", "");
    sandbox.file("home/.local/share/usher/shims/.usher", [0, 159, 146, 150]);
    assert_eq!(answer(&sandbox, &["doc"]), "doctor");
    let homeless = sandbox.with_variable("USHER_HOME", "relative");
    assert_eq!(answer(&homeless, &["no"]), "");
    assert_eq!(answer(&homeless, &["doc"]), "doctor");
    for arguments in [&[][..], &["tcsh"], &["bash"], &["bash", "use", "no", "use"], &["zsh", "no"]]
    {
        let command = homeless.command(homeless.shim("use")).argument("__complete");
        let outcome = command.arguments(arguments).run().succeeds();
        assert_eq!((&*outcome.stdout, &*outcome.stderr), ("", ""), "{arguments:?}");
    }
}

#[test]
fn scripts_hide_what_is_hidden() {
    let sandbox = offline_sandbox();
    for shell in ["bash", "elvish", "fish", "nushell", "powershell", "zsh"] {
        let script = sandbox.use_command(&["completions", shell]).run().succeeds();
        assert!(
            script.stdout.contains("usher") && !script.stdout.contains("where --home"),
            "{script}"
        );
        assert_eq!(script.stderr, "", "{shell}");
    }
}

/// The shells that are tested, with a file that makes an interactive one as most people have it.
const SHELLS: [(&str, &str, &str); 3] = [
    ("bash", "home/.bashrc", "PS1='ready> '\n"),
    ("zsh", "home/.zshrc", "PS1='ready> '\nautoload -Uz compinit\ncompinit -u\n"),
    (
        "fish",
        "home/.config/fish/config.fish",
        "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt\n echo -n 'ready> '\nend\n",
    ),
];

fn program(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"];
    let found =
        folders.map(|folder| Path::new(folder).join(name)).into_iter().find(|path| path.exists());
    if found.is_none() {
        skipped(&format!("this machine has no {name}; pressing Tab in it isn't tested"));
    }
    found
}

/// A shell in a terminal, after `use setup`.
fn shell_in_terminal(sandbox: &Sandbox, name: &str, path: &Path) -> Terminal {
    sandbox.command(sandbox.shim("use")).arguments(["setup", name, "--yes"]).run().succeeds();
    let mut terminal = sandbox.command(path).argument("-i").in_terminal(100);
    terminal.wait_for("ready>");
    terminal
}

/// Presses these keys at a prompt, waits for the text, and empties the line again.
#[track_caller]
fn press(terminal: &mut Terminal, keys: &str, expected: &str) {
    terminal.press(keys);
    terminal.wait_for(expected);
    terminal.press_ctrl('U');
    terminal.press_ctrl('L');
    terminal.wait_until("an empty line", |screen| screen.trim() == "ready>");
}

/// A home with node 12, whose shells find usher only by their own files.
fn sandbox_for_shells() -> Sandbox {
    let sandbox = offline_sandbox().with_variable("PATH", "/usr/bin:/bin");
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox
}

#[test]
fn tab_completes_in_the_real_shells() {
    for (name, file, text) in SHELLS {
        let Some(path) = program(name) else { continue };
        let sandbox = sandbox_for_shells();
        sandbox.file(file, text);
        let mut terminal = shell_in_terminal(&sandbox, name, &path);
        for program in ["use", "usher"] {
            press(&mut terminal, &format!("{program} uninst\t"), &format!("{program} uninstall"));
        }
        press(&mut terminal, "use install node@12\t", "use install node@12.22.12");
        press(&mut terminal, "use install node@lts/kr\t", "use install node@lts/krypton");
        press(&mut terminal, "use nod\t@12\t", "use node@12.22.12");
        press(&mut terminal, "use uninstall \t", "use uninstall node@12.22.12");
        press(&mut terminal, "use --global pyt\t", "use --global python");
        press(&mut terminal, "use which np\tm\t", "use which npm");
        press(&mut terminal, "use policy /etc/pass\t", "use policy /etc/passwd");
        press(&mut terminal, "use node@12 -- cat /etc/pass\t", "-- cat /etc/passwd");
        press(&mut terminal, "use __inst\tX", "use __instX");
        press(&mut terminal, "use doctor --off\t", "use doctor --offline");
    }
}

#[test]
fn names_of_files_are_never_run() {
    for (name, file, text) in SHELLS {
        let Some(path) = program(name) else { continue };
        let sandbox = sandbox_for_shells();
        sandbox.file(file, text);
        sandbox.file("project/hostile$(touch ran)`touch ran`;touch ran", "");
        let mut terminal = shell_in_terminal(&sandbox, name, &path);
        terminal.press("use policy host\t");
        terminal.wait_for("touch\\ ran");
        terminal.press("\necho over\n");
        terminal.wait_for("\nover");
        assert!(!sandbox.project().join("ran").exists(), "{name}");
    }
}

#[test]
fn without_usher_a_shell_says_nothing() {
    for (name, file, text) in SHELLS {
        let Some(path) = program(name) else { continue };
        let sandbox = sandbox_for_shells();
        sandbox.file(file, text);
        let mut terminal = shell_in_terminal(&sandbox, name, &path);
        std::fs::rename(sandbox.shims(), sandbox.root().join("moved")).unwrap();
        terminal.press("use uninst\tX\t");
        terminal.wait_for("use uninstX");
        terminal.press("Y");
        terminal.wait_for("use uninstXY");
        assert!(!terminal.screen().contains("usher"), "{name}: {}", terminal.screen());
        assert_eq!(terminal.screen().lines().count(), 1, "{name}: {}", terminal.screen());
    }
}
