//! The names and verbs of other version managers, and what does the same here.
//!
//! From the help of nvm, fnm, Volta, pyenv, rbenv, asdf, mise, rustup, SDKMAN and Homebrew. Verbs
//! that mean the same here are verbs or aliases of `use`, and not in this table.

use clap::CommandFactory as _;
use usher_shims::error::{Error, ErrorKind};
use usher_shims::tool::{TOOLS, Tool};

use super::hints::{hint, is_version_of, joined, tool_of};
use super::lone_version::{Here, is_lone_version, with_tool};
use crate::cli::arguments::CommandLine;
use crate::cli::output::{Line, Meaning, Table, Text};
use crate::registry::{KnownTool, Registry};

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
    (&["self-update", "selfupdate", "upgrade-self"], "self update", ""),
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

/// Other managers: their names, and those of their verbs that people type most.
type Manager = (&'static [&'static str], &'static [&'static str]);

const MANAGERS: &[Manager] = &[
    (
        &["nvm"],
        &["use", "install", "alias", "ls", "ls-remote", "current", "which", "exec", "uninstall"],
    ),
    (
        &["fnm"],
        &["use", "install", "default", "list", "list-remote", "current", "exec", "uninstall"],
    ),
    (&["n"], &["install", "ls", "ls-remote", "which", "exec", "rm"]),
    (
        &["pyenv", "rbenv", "nodenv", "goenv", "phpenv", "plenv", "exenv", "jenv"],
        &[
            "local",
            "global",
            "shell",
            "install",
            "versions",
            "version",
            "which",
            "exec",
            "rehash",
            "uninstall",
        ],
    ),
    (
        &["asdf"],
        &[
            "set",
            "install",
            "list",
            "list-all",
            "current",
            "where",
            "which",
            "exec",
            "reshim",
            "uninstall",
        ],
    ),
    (
        &["mise", "rtx"],
        &[
            "use",
            "install",
            "ls",
            "ls-remote",
            "current",
            "where",
            "which",
            "exec",
            "upgrade",
            "outdated",
            "settings",
            "uninstall",
        ],
    ),
    (&["volta"], &["pin", "install", "list", "which", "run", "uninstall"]),
    (&["proto"], &["pin", "install", "list-remote", "outdated", "run", "uninstall"]),
    (
        &["sdk", "sdkman"],
        &["use", "default", "install", "list", "current", "home", "upgrade", "env", "uninstall"],
    ),
    (&["rustup"], &["default", "override", "show", "toolchain", "update", "which", "run"]),
    (&["rvm", "gvm"], &["use", "install", "list", "uninstall"]),
    (
        &["perlbrew", "phpbrew"],
        &["switch", "use", "install", "list", "available", "exec", "uninstall"],
    ),
    (&["kerl", "kiex", "chruby"], &["install", "list", "uninstall"]),
];

/// The verbs of the manager with this name, and what does the same here; `None` if there is none.
pub(in crate::cli) fn help_of_manager(registry: &Registry, name: &str) -> Option<Text> {
    let verbs = manager(name)?;
    let tool = sole_tool(registry, name).map_or("TOOL", |known| known.tool.name);
    let mut text = Text::from(Line::of(Meaning::Heading, name));
    text.line("Its verbs, and what does the same here:");
    let row = |verb: &&str| {
        [Line::from(format!("  {name} {verb}")), Line::of(Meaning::Hint, usage(verb, tool))]
    };
    text.table(Table::of_rows(verbs.iter().map(row).map(Vec::from)));
    if !tools_of(registry, name).is_empty() {
        text.gap();
        text.line(format!("Versions that {name} installed are used in place."));
    }
    Some(text)
}

/// The verbs of the manager with this name.
fn manager(name: &str) -> Option<&'static [&'static str]> {
    MANAGERS.iter().find(|(names, _)| names.contains(&name)).map(|(_, verbs)| *verbs)
}

/// The tools whose versions another manager installs, as far as they are used in place.
fn tools_of<'a>(registry: &'a Registry, name: &str) -> Vec<KnownTool<'a>> {
    // Its command isn't called as it is.
    let name = if name == "sdk" { "sdkman" } else { name };
    let has_store = |known: &KnownTool<'_>| {
        known.definition.store.iter().any(|store| store.manager.to_lowercase() == name)
    };
    registry.all().filter(has_store).collect()
}

fn sole_tool<'a>(registry: &'a Registry, name: &str) -> Option<KnownTool<'a>> {
    match tools_of(registry, name).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The command that does the same as a verb of another manager, for a tool: `use node@REQUEST`.
fn usage(verb: &str, tool: &str) -> String {
    let answer = ANSWERS.iter().find(|(words, ..)| words.contains(&verb));
    let command = answer.map_or_else(|| own_usage(verb), |(_, command, _)| (*command).to_owned());
    let command = command
        .replace("{pins}", "TOOL@REQUEST")
        .replace("{names}", "TOOL")
        .replace("{release}", "TOOL")
        .replace("{command}", "COMMAND")
        .replace("TOOL", tool);
    format!("use {command}")
}

/// A verb of `use`, by its name or an alias, and its first argument: `install TOOL[@REQUEST]`.
fn own_usage(verb: &str) -> String {
    let command = CommandLine::command();
    let Some(verb) = command.find_subcommand(verb) else { return verb.to_owned() };
    let Some(argument) = verb.get_positionals().next() else { return verb.get_name().to_owned() };
    let name = argument.get_value_names().and_then(|names| names.first());
    let name = name.map_or_else(|| argument.get_id().as_str().to_uppercase(), ToString::to_string);
    format!("{} {name}", verb.get_name())
}

/// The error for another manager, or a verb of one, and the words behind it; `None` if it is none.
pub(super) fn answer(here: Here<'_>, words: &[String]) -> Option<Error> {
    let (word, rest) = words.split_first()?;
    let registry = here.registry;
    if manager(word).is_some() {
        let what = format!("unknown verb or tool “{word}”");
        let error = Error::new(ErrorKind::Usage, what);
        let error = error.because(format!("{word} is another version manager"));
        let same = same_command(registry, word, rest);
        return Some(error.hint(same.unwrap_or_else(|| format!("use help {word}"))));
    }
    let (_, command, sentence) =
        ANSWERS.iter().find(|(known, ..)| known.contains(&word.as_str()))?;
    let error = Error::new(ErrorKind::Usage, format!("unknown verb “{word}”"));
    let sentence = match *sentence {
        "" => description(command),
        sentence => sentence.to_owned(),
    };
    let error = error.because(sentence);
    let words = joined(registry, rest).unwrap_or_else(|| rest.to_vec());
    // The last one: the names of aliases come before it.
    let lone = words.iter().rposition(|word| is_lone_version(registry, word));
    Some(match lone.filter(|_| command.contains("{pins}")) {
        Some(at) => with_tool(here, &words[at], error, &|known| {
            let pin = format!("{}@{}", known.tool.name, words[at]);
            filled(registry, command, &[&words[..at], &[pin], &words[at + 1..]].concat())
        }),
        None => error.hint(hint(&filled(registry, command, rest))),
    })
}

/// What does the same here as a manager's verb and its arguments: `use node@20` for `use 20` of a manager
/// of node. `None` if that isn't known.
fn same_command(registry: &Registry, name: &str, words: &[String]) -> Option<String> {
    let words = joined(registry, words).unwrap_or_else(|| words.to_vec());
    let words = match sole_tool(registry, name) {
        Some(known) => with_pins(registry, &words, known),
        None => words,
    };
    let (first, rest) = words.split_first()?;
    let is_verb = CommandLine::command().find_subcommand(first).is_some();
    if is_verb || tool_of(registry, first).is_some() {
        return Some(hint(&words));
    }
    let (_, command, _) = ANSWERS.iter().find(|(known, ..)| known.contains(&first.as_str()))?;
    let same = hint(&filled(registry, command, rest));
    (same != "use help").then_some(same)
}

/// The words with this tool before each version that has none.
fn with_pins(registry: &Registry, words: &[String], known: KnownTool<'_>) -> Vec<String> {
    let is_version = |word: &str| is_lone_version(registry, word) && is_version_of(known, word);
    let pin = |word: &String| match is_version(word) {
        true => format!("{}@{word}", known.tool.name),
        false => word.clone(),
    };
    words.iter().map(pin).collect()
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
        let registry = &Registry::load().unwrap();
        let here = Here { registry, session: None };
        answer(here, &words).unwrap_or_else(|| panic!("{line} isn't answered"))
    }

    #[test]
    fn other_managers_verbs_are_answered_with_what_does_it_here() {
        for (line, expected) in [
            ("use node 20", "use node@20"),
            ("use -g node@20", "use --global node@20"),
            ("use", "use help"),
            ("local python 3.12", "use python@3.12"),
            ("set nodejs 20", "use nodejs@20"),
            ("pin node@20", "use node@20"),
            ("global node 20", "use --global node@20"),
            ("default java 21", "use --global java@21"),
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
            ("self-update", "use self update"),
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
    fn managers_verbs_are_listed_with_commands_that_do_the_same() {
        let registry = Registry::load().unwrap();
        let help = |name: &str| help_of_manager(&registry, name).unwrap();
        insta::assert_snapshot!(help("nvm"), @"
        nvm
        Its verbs, and what does the same here:
          nvm use        use node@REQUEST
          nvm install    use install node[@REQUEST]
          nvm alias      use --global node@REQUEST
          nvm ls         use list node[@REQUEST]
          nvm ls-remote  use available node
          nvm current    use current node
          nvm which      use which PROGRAM
          nvm exec       use exec COMMAND
          nvm uninstall  use uninstall node@VERSION

        Versions that nvm installed are used in place.
        ");
        insta::assert_snapshot!(help("asdf"), @"
        asdf
        Its verbs, and what does the same here:
          asdf set        use TOOL@REQUEST
          asdf install    use install TOOL[@REQUEST]
          asdf list       use list TOOL[@REQUEST]
          asdf list-all   use available TOOL
          asdf current    use current TOOL
          asdf where      use where TOOL[@REQUEST]
          asdf which      use which PROGRAM
          asdf exec       use exec COMMAND
          asdf reshim     use reshim
          asdf uninstall  use uninstall TOOL@VERSION

        Versions that asdf installed are used in place.
        ");
        insta::assert_snapshot!(help("rustup"), @"
        rustup
        Its verbs, and what does the same here:
          rustup default    use --global TOOL@REQUEST
          rustup override   use TOOL@REQUEST
          rustup show       use current TOOL
          rustup toolchain  use list TOOL
          rustup update     use upgrade TOOL
          rustup which      use which PROGRAM
          rustup run        use exec COMMAND
        ");
        assert!(help("sdk").to_string().contains("  sdk use        use java@REQUEST\n"));
        assert!(help_of_manager(&registry, "node").is_none());
        for name in MANAGERS.iter().flat_map(|(names, _)| *names) {
            let text = help(name).at_width(60);
            assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        }
    }

    /// A verb of the table is one here, or is answered; no manager is a tool or a verb.
    #[test]
    fn every_managers_verb_is_known() {
        let registry = Registry::load().unwrap();
        let command = CommandLine::command();
        for (names, verbs) in MANAGERS {
            for name in *names {
                let is_other = tool_of(&registry, name).is_none()
                    && command.find_subcommand(name).is_none()
                    && ANSWERS.iter().all(|(words, ..)| !words.contains(name));
                assert!(is_other, "{name}");
            }
            for verb in *verbs {
                let is_answered = ANSWERS.iter().any(|(words, ..)| words.contains(verb));
                assert!(is_answered != command.find_subcommand(verb).is_some(), "{verb}");
            }
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
