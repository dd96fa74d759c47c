//! `use setup`: the shims on PATH, in files that each shell really reads.

use std::path::Path;

use super::{assert_unchanged, offline_sandbox, skipped};
use crate::support::{Outcome, Sandbox};

/// A home whose shells have files of their own, and no shims on PATH.
fn sandbox() -> Sandbox {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    sandbox.with_variable("PATH", "/usr/bin:/bin")
}

fn setup(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.command(sandbox.shim("use")).argument("setup").arguments(arguments).run()
}

#[test]
fn setup_without_yes_shows_the_change_and_writes_nothing() {
    let sandbox = sandbox();
    sandbox
        .file("home/.bashrc", "# mine\ncase $- in *i*) ;; *) return ;; esac\nalias ll='ls -l'\n");
    let before = sandbox.tree("home");
    insta::assert_snapshot!(setup(&sandbox, &["bash"]).succeeds().transcript(), @r#"
    exit status: 0
    --- standard output
    --- [SANDBOX]/home/.bashrc
    +++ [SANDBOX]/home/.bashrc
    @@ -1,2 +1,9 @@
    +# >>> usher >>>
    +case ":${PATH:+${PATH%%/usr/bin:*}}:" in *:"$HOME/.local/share/usher/shims":*) ;; *) PATH="$HOME/.local/share/usher/shims""${PATH:+:$PATH}"; export PATH ;; esac
    +case ${BASH_VERSION:+$-} in *i*)
    +  complete -o nospace -C 'command usher __complete bash 2>/dev/null' use usher
    +  complete -o nosort -o nospace -C 'command usher __complete bash 2>/dev/null' use usher 2>/dev/null ;;
    +esac
    +# <<< usher <<<
     # mine
     case $- in *i*) ;; *) return ;; esac
    --- /dev/null
    +++ [SANDBOX]/home/.profile
    @@ -0,0 +1,7 @@
    +# >>> usher >>>
    +case ":${PATH:+${PATH%%/usr/bin:*}}:" in *:"$HOME/.local/share/usher/shims":*) ;; *) PATH="$HOME/.local/share/usher/shims""${PATH:+:$PATH}"; export PATH ;; esac
    +case ${BASH_VERSION:+$-} in *i*)
    +  complete -o nospace -C 'command usher __complete bash 2>/dev/null' use usher
    +  complete -o nosort -o nospace -C 'command usher __complete bash 2>/dev/null' use usher 2>/dev/null ;;
    +esac
    +# <<< usher <<<
    nothing written yet; to write it: [SANDBOX]/home/.local/share/usher/shims/use setup bash --yes
    --- standard error
    "#);
    insta::assert_snapshot!(setup(&sandbox, &["fish"]).succeeds().transcript(), @r#"
    exit status: 0
    --- standard output
    --- /dev/null
    +++ [SANDBOX]/home/.config/fish/conf.d/usher.fish
    @@ -0,0 +1,23 @@
    +# >>> usher >>>
    +contains -- "$HOME/.local/share/usher/shims" $PATH[1..(contains -i -- /usr/bin $PATH; or echo -1)]; or set -gx PATH "$HOME/.local/share/usher/shims" $PATH
    +if status is-interactive
    +    function __usher_complete
    +        command -q usher; or return
    +        set -l words (commandline -opc)
    +        set -l answer (command usher __complete fish -- $words (commandline -ct) 2>/dev/null)
    +        switch $answer[1]''
    +            case :files
    +                __fish_complete_path (commandline -ct)
    +            case :folders
    +                __fish_complete_directories (commandline -ct)
    +            case :command
    +                set -e words[1..(contains -i -- -- $words)]
    +                complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
    +            case '*'
    +                string join \n -- $answer
    +        end
    +    end
    +    complete -c use -f -k -a '(__usher_complete)'
    +    complete -c usher -f -k -a '(__usher_complete)'
    +end
    +# <<< usher <<<
    nothing written yet; to write it: [SANDBOX]/home/.local/share/usher/shims/use setup fish --yes
    --- standard error
    "#);
    assert_unchanged(&sandbox, "home", &before, "use setup");
}

#[test]
fn setup_undo_restores_every_byte() {
    for shell in ["bash", "zsh", "fish", "sh", "nushell", "elvish"] {
        let sandbox = sandbox();
        sandbox.file("home/.bashrc", "# mine, without a line end");
        sandbox.file("home/.profile", "export LANG=C\n");
        sandbox.file("home/.zshenv", "");
        for folder in ["fish/conf.d", "nushell/autoload", "elvish"] {
            sandbox.folder(Path::new("home/.config").join(folder));
        }
        let before = sandbox.tree("home");
        setup(&sandbox, &[shell, "--yes"]).succeeds();
        let made = sandbox.tree("home");
        assert_ne!(made, before, "{shell}");
        let again = setup(&sandbox, &[shell, "--yes"]).succeeds();
        again.stdout_is(&format!("{shell}: already set up"));
        assert_unchanged(&sandbox, "home", &made, "a second use setup");
        setup(&sandbox, &[shell, "--undo"]).succeeds();
        assert_unchanged(&sandbox, "home", &made, "use setup --undo without --yes");
        setup(&sandbox, &[shell, "--undo", "--yes"]).succeeds();
        assert_unchanged(&sandbox, "home", &before, "use setup --undo --yes");
        let again = setup(&sandbox, &[shell, "--undo", "--yes"]).succeeds();
        again.stdout_is(&format!("{shell}: no file mentions usher"));
    }
}

#[test]
fn setup_asks_on_a_terminal() {
    let sandbox = sandbox();
    let before = sandbox.tree("home");
    let start =
        || sandbox.command(sandbox.shim("use")).arguments(["setup", "fish"]).in_terminal(100);
    let answered = |answer: &str| {
        let mut terminal = start();
        terminal.wait_for("make this change? [y/N]");
        terminal.press(answer);
        terminal.wait().succeeds()
    };
    answered("n\n").screen_contains("nothing was written");
    answered("\n").screen_contains("nothing was written");
    assert_unchanged(&sandbox, "home", &before, "use setup, answered with no");
    answered("y\n").screen_contains("done; open a new fish to use it");
    assert!(sandbox.home().join(".config/fish/conf.d/usher.fish").exists());
    start().wait().succeeds().screen_is("fish: already set up");
}

#[test]
fn setup_defaults_to_the_users_shell() {
    let sandbox = sandbox();
    let run = |shell: &str, arguments: &[&str]| {
        let command = sandbox.command(sandbox.shim("use")).argument("setup").arguments(arguments);
        command.variable("SHELL", shell).run()
    };
    insta::assert_snapshot!(run("/bin/zsh", &["--yes"]).transcript(), @r#"
    exit status: 0
    --- standard output
    --- /dev/null
    +++ [SANDBOX]/home/.zshenv
    @@ -0,0 +1,4 @@
    +# >>> usher >>>
    +case ":${PATH:+${PATH%%/usr/bin:*}}:" in *:"$HOME/.local/share/usher/shims":*) ;; *) PATH="$HOME/.local/share/usher/shims""${PATH:+:$PATH}"; export PATH ;; esac
    +case ":${FPATH-}:" in *:"$HOME/.local/share/usher/completions":*) ;; *) FPATH="$HOME/.local/share/usher/completions""${FPATH:+:$FPATH}" ;; esac
    +# <<< usher <<<
    --- /dev/null
    +++ [SANDBOX]/home/.local/share/usher/completions/_usher
    @@ -0,0 +1,18 @@
    +#compdef use usher
    +# Asks usher, which knows its tools, versions and programs. Written by: use setup
    +local -a answer
    +answer=("${(@f)$(command usher __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    +case $answer[1] in
    +  ('') return 1 ;;
    +  (:files) [[ $PREFIX == --*=* ]] && compset -P '*='; _files ;;
    +  (:folders) [[ $PREFIX == --*=* ]] && compset -P '*='; _files -/ ;;
    +  (:command)
    +    local dashes=${words[(i)--]}
    +    shift $dashes words
    +    (( CURRENT -= dashes ))
    +    _normal ;;
    +  (*)
    +    local -a open=(${(M)answer:#*@}) closed=(${answer:#*@})
    +    (( $#closed )) && _describe -V use closed
    +    (( $#open )) && _describe -V use open -S '' ;;
    +esac
    done; open a new zsh to use it
    --- standard error
    "#);
    insta::assert_snapshot!(run("/bin/zsh", &["--print"]).transcript(), @r#"
    exit status: 0
    --- standard output
    case ":${PATH:+${PATH%%/usr/bin:*}}:" in *:"$HOME/.local/share/usher/shims":*) ;; *) PATH="$HOME/.local/share/usher/shims""${PATH:+:$PATH}"; export PATH ;; esac
    --- standard error
    "#);
    insta::assert_snapshot!(run("/opt/tcsh", &[]).transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: the variable SHELL doesn't name a shell that usher knows
      known shells: bash, zsh, fish, sh, nushell and elvish
      hint: [SANDBOX]/home/.local/share/usher/shims/use setup bash
    ");
    insta::assert_snapshot!(run("/bin/zsh", &["tcsh"]).transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: usher can't set up the shell `tcsh`
      known shells: bash, zsh, fish, sh, nushell and elvish
      hint: put usher's shims folder first in PATH, where your shell sets it
    ");
    insta::assert_snapshot!(run("", &["fish", "--json"]).transcript(), @r#"
    exit status: 0
    --- standard output
    {
      "format": 1,
      "files": [
        {
          "file": "[SANDBOX]/home/.config/fish/conf.d/usher.fish",
          "changed": false
        }
      ]
    }
    --- standard error
    "#);
}

/// Runs a real shell with the sandbox's home and a PATH without shims; `None`, loudly, where this
/// machine has no such shell.
fn shell(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Option<Outcome> {
    let folders = ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"];
    let path =
        folders.map(|folder| Path::new(folder).join(name)).into_iter().find(|path| path.exists());
    let Some(path) = path else {
        skipped(&format!("this machine has no {name}; that it finds the shims isn't tested"));
        return None;
    };
    Some(sandbox.command(path).arguments(arguments).run())
}

#[test]
fn real_shells_find_the_shims_first() {
    for (name, arguments) in
        [("zsh", &["-c"][..]), ("fish", &["-c"]), ("bash", &["-lc"]), ("dash", &["-lc"])]
    {
        let sandbox = sandbox();
        let ask = [arguments, &["command -v node; node"]].concat();
        let Some(before) = shell(&sandbox, name, &ask) else { continue };
        let node = sandbox.shim("node");
        assert!(!before.stdout.contains(node.to_str().unwrap()), "{before}");
        let arguments = if name == "dash" { ["sh", "--yes"] } else { [name, "--yes"] };
        setup(&sandbox, &arguments).succeeds();
        let after = shell(&sandbox, name, &ask).unwrap().succeeds();
        assert_eq!(after.stdout.lines().next(), node.to_str(), "{after}");
        after.stdout_has_line("node 12.22.12");
    }
}

/// `ssh host command` runs bash with neither terminal nor login; it then reads `.bashrc`, whose
/// usual text ends at once for a shell that isn't interactive.
#[test]
fn bash_under_ssh_finds_the_shims_first() {
    let sandbox = sandbox();
    sandbox.file("home/.bashrc", "case $- in *i*) ;; *) echo returned; return ;; esac\n");
    let ask = |sandbox: &Sandbox| {
        let command = sandbox.command("bash").arguments(["-c", "command -v node"]);
        command.variable("SSH_CLIENT", "192.0.2.1 1 22").run()
    };
    if ask(&sandbox).stdout.lines().next() != Some("returned") {
        skipped("this bash reads no .bashrc under ssh; that isn't tested");
        return;
    }
    setup(&sandbox, &["bash", "--yes"]).succeeds();
    let node = sandbox.shim("node");
    assert_eq!(ask(&sandbox).stdout.lines().last(), node.to_str());
}
