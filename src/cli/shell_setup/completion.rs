//! What makes each shell ask `use` when Tab is pressed: a few lines, which `use setup` puts beside the
//! line for PATH, and `use completions` prints.
//!
//! clap's own scripts aren't used: bash's line breaks at `@` and `:` (so that theirs never completes
//! `node@2`), an answer that bash splits is subject to its expansions, and they name the program by its
//! path, or must be made by a process in every shell that starts. These are the same for every
//! version of usher: what they print is decided where they ask, in [`crate::cli`]'s completions.
//! Only PowerShell's is clap's: it completes verbs and flags, but no versions.

use clap::ValueEnum;

use super::Shell;

/// A shell for which `use completions` prints a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScriptShell {
    /// GNU bash.
    Bash,
    /// Elvish.
    Elvish,
    /// fish.
    Fish,
    /// Nushell.
    #[value(alias = "nu")]
    Nushell,
    /// PowerShell.
    #[value(alias = "pwsh")]
    Powershell,
    /// The Z shell.
    Zsh,
}

impl ScriptShell {
    /// The script; `None` if clap makes it.
    pub fn script(self) -> Option<&'static str> {
        match self {
            Self::Bash => lines(Shell::Bash),
            Self::Elvish => lines(Shell::Elvish),
            Self::Fish => lines(Shell::Fish),
            Self::Nushell => lines(Shell::Nushell),
            Self::Powershell => None,
            Self::Zsh => Some(ZSH),
        }
    }
}

/// The lines for a file that the shell reads when it starts; `None` if it completes nothing, or if it
/// finds [`ZSH`] by itself.
pub(super) fn lines(shell: Shell) -> Option<&'static str> {
    match shell {
        Shell::Bash => Some(BASH),
        Shell::Fish => Some(FISH),
        Shell::Nushell => Some(NUSHELL),
        Shell::Elvish => Some(ELVISH),
        Shell::Zsh | Shell::Sh => None,
    }
}

/// `nosort` is unknown to bash before 4.4. A login shell's file is read by other shells, too.
const BASH: &str = "\
case ${BASH_VERSION:+$-} in *i*)
  complete -o nospace -C 'command usher __complete bash 2>/dev/null' use usher
  complete -o nosort -o nospace -C 'command usher __complete bash 2>/dev/null' use usher 2>/dev/null ;;
esac";

/// How the file of zsh's function begins; `compinit` looks for this line.
pub(super) const ZSH_TAG: &str = "#compdef use usher\n";

/// The file of zsh's function.
pub(super) const ZSH: &str = r#"#compdef use usher
# Asks usher, which knows its tools, versions and programs. Written by: use setup
local -a answer
answer=("${(@f)$(command usher __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
case $answer[1] in
  ('') return 1 ;;
  (:files) [[ $PREFIX == --*=* ]] && compset -P '*='; _files ;;
  (:folders) [[ $PREFIX == --*=* ]] && compset -P '*='; _files -/ ;;
  (:command)
    local dashes=${words[(i)--]}
    shift $dashes words
    (( CURRENT -= dashes ))
    _normal ;;
  (*)
    local -a open=(${(M)answer:#*@}) closed=(${answer:#*@})
    (( $#closed )) && _describe -V use closed
    (( $#open )) && _describe -V use open -S '' ;;
esac
"#;

const FISH: &str = r"if status is-interactive
    function __usher_complete
        command -q usher; or return
        set -l words (commandline -opc)
        set -l answer (command usher __complete fish -- $words (commandline -ct) 2>/dev/null)
        switch $answer[1]''
            case :files
                __fish_complete_path (commandline -ct)
            case :folders
                __fish_complete_directories (commandline -ct)
            case :command
                set -e words[1..(contains -i -- -- $words)]
                complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
            case '*'
                string join \n -- $answer
        end
    end
    complete -c use -f -k -a '(__usher_complete)'
    complete -c usher -f -k -a '(__usher_complete)'
end";

/// `use` is a keyword of Nushell. Where `null` is the answer, it completes files.
const NUSHELL: &str = r#"def "nu-complete usher" [line: string, position: int] {
    let words = ($line | str substring 0..<$position | split row --regex '\s+')
    let answer = (try { ^usher __complete nushell -- ...$words | complete | get stdout | lines } catch { [] })
    if ($answer | get 0? | default "" | str starts-with ":") { return null }
    let candidates = ($answer | each {|line|
        let parts = ($line | split row "\t")
        { value: $parts.0, description: ($parts | get 1? | default "") }
    })
    { options: { sort: false }, completions: $candidates }
}
extern usher [...words: string@"nu-complete usher"]"#;

/// `use` is a keyword of Elvish.
const ELVISH: &str = r"set edit:completion:arg-completer[usher] = {|@words|
    try {
        e:usher __complete elvish -- $@words 2>/dev/null | from-lines | each {|line|
            if (has-value [:files :folders :command] $line) {
                edit:complete-filename $@words
            } else {
                put $line
            }
        }
    } catch { }
}";
