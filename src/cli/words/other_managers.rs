//! The verbs of other version managers, and what does the same here.
//!
//! From the help of nvm, fnm, Volta, pyenv, rbenv, asdf, mise, rustup, SDKMAN and Homebrew. Verbs
//! that mean the same here are verbs or aliases of `use`, and not in this table.

use clap::CommandFactory as _;
use usher_shims::error::{Error, ErrorKind};
use usher_shims::tool::{TOOLS, Tool};

use super::hints::{hint, joined, tool_of};
use crate::cli::arguments::CommandLine;
use crate::registry::Registry;

/// What answers some words: the words, the command, and a sentence if the command's own description
/// doesn't do.
///
/// In a command, `{pins}` is for the tools that were typed behind the word, with their versions;
/// `{names}` for the tools alone; `{release}` for a tool and its version as two words; and `{command}`
/// for all words, if they begin with a tool's program.
type Answer = (&'static [&'static str], &'static str, &'static str);

const PIN: &str = "`use TOOL@REQUEST` pins a version in this project";
const DEFAULT: &str = "`use --global TOOL@REQUEST` sets your default";
const SHELL: &str = "`use TOOL@REQUEST -- bash` runs one shell with a version";
const SHIMS: &str =
    "nothing is to be activated: the shims on PATH pick the version in every folder";
const TASKS: &str = "usher runs no tasks; `use exec` runs a command with this project's versions";
const PLUGINS: &str =
    "there are no plugins: all tools are built in, or a file in the folder registry";
const TRUST: &str = "nothing is to be trusted: version files are data and run nothing";
const ITSELF: &str = "usher doesn't update itself: run install.sh of a newer checkout";

const ANSWERS: &[Answer] = &[
    (&["use", "local", "set", "pin", "add", "override", "switch", "select"], "{pins}", PIN),
    (&["global", "default"], "--global {pins}", DEFAULT),
    (
        &["alias", "unalias", "tool-alias"],
        "--global {pins}",
        "there are no aliases; `use --global TOOL@REQUEST` sets your default",
    ),
    (&["shell", "sh"], "{pins} -- bash", SHELL),
    (&["fetch", "download", "get", "install-into"], "install {pins}", ""),
    (&["unuse"], "unpin {names}", ""),
    (&["settings"], "config list", ""),
    (&["delete", "del", "erase", "purge", "unlink"], "uninstall {pins}", ""),
    (&["reinstall", "reinstall-packages", "migrate"], "upgrade --migrate-packages", ""),
    (&["versions", "installed", "leaves", "toolchain"], "list {names}", ""),
    (&["show", "version", "version-name", "active", "tool"], "current {names}", ""),
    (&["version-file", "version-origin", "shim-versions", "whence", "explain"], "why {names}", ""),
    (
        &["list-all", "list-remote", "version-remote", "latest", "search", "releases"],
        "available {release}",
        "",
    ),
    (&["prefix", "home", "path"], "where {pins}", ""),
    (&["info", "registry", "tools"], "help {names}", ""),
    (&["commands", "man", "usage", "h"], "help", ""),
    (&["run", "r", "en", "with"], "exec {command}", TASKS),
    (&["task", "tasks", "t", "watch", "w"], "help exec", TASKS),
    (&["rehash", "regenerate"], "reshim", ""),
    (&["shims"], "shim", ""),
    (&["bin-paths", "hook-env", "export"], "env", ""),
    (&["init", "activate"], "setup", SHIMS),
    (
        &["deactivate", "unload"],
        "setup --undo",
        "the shims stay on PATH until `use setup --undo` removes them",
    ),
    (
        &["implode"],
        "setup --undo",
        "first the shims leave PATH; then usher's folders can be deleted",
    ),
    (&["completion"], "completions", ""),
    (&["flush", "clean", "clear-cache"], "cache clean", ""),
    (&["cleanup", "autoremove", "gc"], "prune", ""),
    (&["dr", "root", "debug"], "doctor", ""),
    (&["fix"], "check --fix --dry-run", ""),
    (&["self-update", "selfupdate", "self"], "--version", ITSELF),
    (&["plugin", "plugins", "plugin-add", "plugin-list", "tap", "backends"], "help", PLUGINS),
    (&["trust", "untrust", "allow"], "help", TRUST),
    (
        &["virtualenv", "virtualenvs", "venv"],
        "help",
        "usher makes no virtual environments; the active version's own command does",
    ),
    (
        &["enable", "disable"],
        "help shim",
        "the tools' package managers have shims without being enabled",
    ),
];

/// The error for a verb of another manager and the words behind it; `None` if it is none.
pub(super) fn answer(registry: &Registry, words: &[String]) -> Option<Error> {
    let (word, rest) = words.split_first()?;
    let (_, command, sentence) =
        ANSWERS.iter().find(|(known, ..)| known.contains(&word.as_str()))?;
    let error = Error::new(ErrorKind::Usage, format!("unknown verb “{word}”"));
    let sentence = match *sentence {
        "" => description(command),
        sentence => sentence.to_owned(),
    };
    Some(error.because(sentence).hint(hint(&filled(registry, command, rest))))
}

/// What the verb of a command does: `` `use list`: list installed versions ``.
fn description(command: &str) -> String {
    let name = command.split(' ').next().unwrap_or_default();
    let verbs = CommandLine::command();
    let about = verbs.find_subcommand(name).and_then(clap::Command::get_about);
    let about = about.map(ToString::to_string).unwrap_or_default();
    let mut letters = about.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    format!("`use {name}`: {first}{}", letters.as_str())
}

/// A command's words, with what was typed in place of its placeholder. Without it, a command that
/// needs it is none.
fn filled(registry: &Registry, command: &str, typed: &[String]) -> Vec<String> {
    let own = typed.iter().take_while(|word| *word != "--").filter(|word| !word.starts_with('-'));
    let own: Vec<String> = own.cloned().collect();
    let pins = joined(registry, &own).unwrap_or(own);
    let pins: Vec<String> =
        pins.into_iter().filter(|word| tool_of(registry, word).is_some()).collect();
    let name = |pin: &String| pin.split('@').next().unwrap_or_default().to_owned();
    let is_global = typed.iter().any(|word| word == "-g" || word == "--global");
    let mut words = Vec::new();
    for word in command.split(' ') {
        match word {
            "{pins}" if pins.is_empty() && words.is_empty() => return vec!["help".to_owned()],
            "{pins}" if is_global && command == word => {
                words.push("--global".to_owned());
                words.extend(pins.iter().cloned());
            }
            "{pins}" => words.extend(pins.iter().cloned()),
            "{names}" => words.extend(pins.iter().map(name)),
            "{release}" => {
                let first = pins.first().into_iter();
                words.extend(first.flat_map(|pin| pin.splitn(2, '@').map(str::to_owned)));
            }
            "{command}" => {
                let is_program = |word: &String| Tool::of_program(TOOLS, word).is_some();
                words.extend(
                    typed
                        .first()
                        .filter(|word| is_program(word))
                        .into_iter()
                        .flat_map(|_| typed.iter().cloned()),
                );
            }
            word => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(line: &str) -> Error {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let registry = Registry::load().unwrap();
        answer(&registry, &words).unwrap_or_else(|| panic!("{line} isn't answered"))
    }

    #[test]
    fn other_managers_verbs_are_answered_with_what_does_it_here() {
        for (line, expected) in [
            ("use node 20", "use node@20"),
            ("use -g node@20", "use --global node@20"),
            ("use 20", "use help"),
            ("use", "use help"),
            ("local python 3.12", "use python@3.12"),
            ("set nodejs 20", "use nodejs@20"),
            ("pin node@20", "use node@20"),
            ("global node 20", "use --global node@20"),
            ("global 3.12", "use help"),
            ("default java 21", "use --global java@21"),
            ("alias default 20", "use help"),
            ("shell python 3.12", "use python@3.12 -- bash"),
            ("fetch node@20", "use install node@20"),
            ("fetch", "use install"),
            ("delete node 20", "use uninstall node@20"),
            ("delete", "use help uninstall"),
            ("unuse node@20", "use unpin node"),
            ("settings", "use config list"),
            ("versions", "use list"),
            ("versions node --bare", "use list node"),
            ("version", "use current"),
            ("show node", "use current node"),
            ("latest node 20", "use available node 20"),
            ("latest", "use help available"),
            ("list-all nodejs", "use available nodejs"),
            ("prefix node 20", "use where node@20"),
            ("prefix", "use help where"),
            ("whence node", "use why node"),
            ("info node", "use help node"),
            ("run node app.js", "use exec node app.js"),
            ("run build", "use help exec"),
            ("rehash", "use reshim"),
            ("init -", "use setup"),
            ("activate zsh", "use setup"),
            ("deactivate", "use setup --undo"),
            ("self-update", "use --version"),
            ("plugin add x", "use help"),
            ("trust", "use help"),
            ("flush", "use cache clean"),
        ] {
            assert_eq!(answered(line).hint.as_deref(), Some(expected), "{line}");
        }
        insta::assert_snapshot!(answered("versions"), @"
            unknown verb “versions”
              `use list`: list installed versions
              hint: use list
            ");
        insta::assert_snapshot!(answered("global node 20"), @"
            unknown verb “global”
              `use --global TOOL@REQUEST` sets your default
              hint: use --global node@20
            ");
    }

    #[test]
    fn no_answered_word_is_a_verb_or_twice_in_the_table() {
        let mut seen = std::collections::BTreeSet::new();
        for word in ANSWERS.iter().flat_map(|(words, ..)| *words) {
            let is_verb = CommandLine::command().find_subcommand(word).is_some();
            assert!(!is_verb && seen.insert(*word), "{word}");
            assert!(tool_of(&Registry::load().unwrap(), word).is_none(), "{word}");
        }
    }

    #[test]
    fn every_command_in_the_table_is_one() {
        for (words, ..) in ANSWERS {
            for line in [words[0].to_owned(), format!("{} node 20", words[0])] {
                let error = answered(&line);
                assert!(!error.causes[0].is_empty(), "{line}");
                let hint = error.hint.unwrap_or_default();
                let hint: Vec<&std::ffi::OsStr> =
                    hint.split(' ').map(std::ffi::OsStr::new).collect();
                let is_command = match CommandLine::of(&hint) {
                    Ok(typed) => typed.validate(&hint).is_ok(),
                    Err(error) => !error.use_stderr(),
                };
                assert!(is_command, "{line}: {hint:?}");
            }
        }
    }
}
