//! Words on the command line that are neither a verb nor a tool, and versions without their tool: the
//! error says what was meant.
//!
//! Every hint is a command that the command line accepts, and none installs a tool whose name was
//! only similar to another word.

mod hints;
mod lone_version;
mod other_managers;

use clap::CommandFactory as _;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use self::hints::{hint, is_version_of, joined, tool_of};
use self::lone_version::{Here, is_lone_version, which_tool};
use super::arguments::{CommandLine, global_flags};
use super::commands::with_hint_for_verb;
use crate::registry::{KnownTool, Registry};
use crate::session::Session;
use crate::text::closest;

pub(super) use self::other_managers::help_of_manager;

/// Refuses a first word that is neither verb nor tool, and versions that aren't joined to their tool
/// by an `@`. The arguments are those of the process, without its name.
pub(super) fn check(session: &Session, typed: &CommandLine, arguments: &[String]) -> Result<()> {
    let registry = &session.registry;
    let here = Here { registry, session: Some(session) };
    let words = typed.tool_words();
    if typed.verb.is_none()
        && let Some(first) = words.first().filter(|word| tool_of(registry, word).is_none())
    {
        let at = arguments.iter().position(|argument| argument == first).unwrap_or_default();
        let (flags, words) = arguments.split_at(at);
        return Err(unknown_word(here, flags, words));
    }
    if joined(registry, words).is_some() {
        let meant = joined(registry, arguments).unwrap_or_else(|| arguments.to_vec());
        let pairs = meant.iter().filter(|word| !arguments.contains(word));
        let pairs: Vec<String> = pairs.map(|pair| Escaped(pair).to_string()).collect();
        let error = Error::new(ErrorKind::Usage, "a version is joined to its tool by an @");
        let error = error.because(format!("did you mean {}?", pairs.join(" ")));
        return Err(error.hint(hint(&meant)));
    }
    if typed.verb.is_none()
        && let Some(error) = command_behind_tool(registry, words, arguments)
    {
        return Err(error);
    }
    if typed.verb.is_none()
        && let Some(error) = version_flag_behind_tool(registry, words, arguments)
    {
        return Err(error);
    }
    if let Some(version) = words.iter().find(|word| is_lone_version(registry, word)) {
        let meant = |known: KnownTool<'_>| {
            replaced(arguments, version, &[format!("{}@{version}", known.tool.name)])
        };
        return Err(which_tool(here, version, &meant));
    }
    if let Some(version) = typed.tools_alone().iter().find(|word| is_lone_version(registry, word)) {
        let meant = |known: KnownTool<'_>| {
            let tool = known.tool.name.to_owned();
            let is_named = arguments.contains(&tool);
            replaced(arguments, version, if is_named { &[] } else { std::slice::from_ref(&tool) })
        };
        return Err(which_tool(here, version, &meant));
    }
    Ok(())
}

/// The arguments with others in place of one.
fn replaced(arguments: &[String], word: &str, others: &[String]) -> Vec<String> {
    let Some(at) = arguments.iter().position(|argument| argument == word) else {
        return arguments.to_vec();
    };
    [&arguments[..at], others, &arguments[at + 1..]].concat()
}

/// The error for a tool, or a pin of one, with a command's own arguments behind it: `node app.js`.
fn command_behind_tool(
    registry: &Registry,
    words: &[String],
    arguments: &[String],
) -> Option<Error> {
    let [first, second, ..] = words else { return None };
    let known = tool_of(registry, first)?;
    let is_other = second.starts_with('-') || second.contains('@');
    let is_version =
        second.contains(|c: char| c.is_ascii_digit()) && is_lone_version(registry, second);
    if is_other || is_version || tool_of(registry, second).is_some() {
        return None;
    }
    let near = registry.nearest(second).is_some();
    let at = arguments.iter().position(|argument| argument == first)?;
    let (flags, rest) = (&arguments[..at], &arguments[at + 1..]);
    if near || rest.contains(&"--".to_owned()) {
        return None;
    }
    let program = program_called(known, first);
    let command = match first.contains('@') {
        false => [flags, &["exec".to_owned(), program], rest].concat(),
        true => [flags, &[first.clone(), "--".to_owned(), program], rest].concat(),
    };
    let error = Error::new(ErrorKind::UnknownTool, format!("unknown tool “{}”", Escaped(second)));
    Some(error.because(RUNS).hint(hint(&command)))
}

/// The error for `use node -v`: with most tools that prints the version, and here it would pin one.
fn version_flag_behind_tool(
    registry: &Registry,
    words: &[String],
    arguments: &[String],
) -> Option<Error> {
    let ([tool], [flags @ .., named, flag]) = (words, arguments) else { return None };
    if tool != named || tool.contains('@') || flag != "-v" {
        return None;
    }
    let program = program_called(tool_of(registry, tool)?, tool);
    let command = [flags, &["exec".to_owned(), program, flag.clone()]].concat();
    let what = format!("`use {tool}` pins a version, and -v is for `use`: it prints more");
    Some(Error::new(ErrorKind::Usage, what).because(RUNS).hint(hint(&command)))
}

/// The program that is called as a tool, `TOOL` or `TOOL@REQUEST`; else the tool's main program.
fn program_called(known: KnownTool<'_>, word: &str) -> String {
    let name = word.split_once('@').map_or(word, |(name, _)| name);
    match known.tool.programs.contains(&name) {
        true => name.to_owned(),
        false => known.tool.main_program().to_owned(),
    }
}

/// What runs a command.
const RUNS: &str = "`use exec` runs a command with this project's versions";

/// The error of a verb about an unknown tool: its hint is the same command with the nearest one, since
/// that tool alone would be pinned.
pub(super) fn hinting_at_verb(registry: &Registry, error: Error, arguments: &[String]) -> Error {
    if error.kind() != ErrorKind::UnknownTool {
        return error;
    }
    let command = CommandLine::command();
    let is_tool = |name: &str| tool_of(registry, name).is_some();
    with_hint_for_verb(error, |nearest| {
        let meant = |word: &String| {
            let (name, request) = word.split_at(word.find('@').unwrap_or(word.len()));
            let is_known = command.find_subcommand(name).is_some() || is_tool(name);
            match !is_known && registry.nearest(name) == Some(nearest) {
                true => format!("{nearest}{request}"),
                false => word.clone(),
            }
        };
        let meant: Vec<String> = arguments.iter().map(meant).collect();
        (is_tool(nearest) && meant != arguments).then(|| hint(&meant))
    })
}

/// The error for words of which the first is neither verb nor tool.
pub(super) fn unknown(session: &Session, words: &[String]) -> Error {
    unknown_word(Here { registry: &session.registry, session: Some(session) }, &[], words)
}

/// The error for arguments that couldn't be parsed, if the first word that is no flag is another
/// manager, a verb of one, a program or a tool: the flags behind it are not for `use`.
pub(super) fn with_flags_of_others(arguments: &[String]) -> Option<Error> {
    let registry = &Registry::load().ok()?;
    let flags = global_flags(&CommandLine::command(), arguments);
    let behind = arguments.get(flags..)?.iter().position(|argument| !argument.starts_with('-'))?;
    let at = flags + behind;
    let (flags, words) = arguments.split_at(at);
    let is_own = CommandLine::command().find_subcommand(&words[0]).is_some();
    if is_own {
        return None;
    }
    if let Some(known) = tool_of(registry, &words[0]) {
        return match words {
            [tool, version] if version == "--version" => {
                let what = "--version is the version of usher: it takes no tool";
                let program = program_called(known, tool);
                let command = [flags, &["exec".to_owned(), program, version.clone()]].concat();
                Some(Error::new(ErrorKind::Usage, what).hint(hint(&command)))
            }
            _ => command_behind_tool(registry, words, arguments),
        };
    }
    let answer = other_managers::answer(Here { registry, session: None }, words);
    answer.or_else(|| program(registry, flags, words))
}

fn unknown_word(here: Here<'_>, flags: &[String], words: &[String]) -> Error {
    let registry = here.registry;
    let Some((word, rest)) = words.split_first() else {
        return Error::new(ErrorKind::Usage, "missing tool").hint("use help");
    };
    if let Some(error) = other_managers::answer(here, words) {
        return error;
    }
    if let Some(error) = almost_a_tool(registry, word).or_else(|| program(registry, flags, words)) {
        return error;
    }
    if is_lone_version(registry, word) {
        let meant =
            |known: KnownTool<'_>| [flags, &[format!("{}@{word}", known.tool.name)], rest].concat();
        return which_tool(here, word, &meant);
    }
    let (name, request) = match word.split_once('@') {
        Some((name, request)) => (name, Some(request)),
        None => (word.as_str(), None),
    };
    let tool = registry.nearest(name);
    let verb = match request {
        None => closest_verb(name),
        Some(_) => None,
    };
    let what = match request {
        None => format!("unknown verb or tool “{}”", Escaped(name)),
        Some(_) => format!("unknown tool “{}”", Escaped(name)),
    };
    let error =
        Error::new(if verb.is_some() { ErrorKind::Usage } else { ErrorKind::UnknownTool }, what);
    let near: Vec<&str> = verb.as_deref().into_iter().chain(tool).collect();
    if near.is_empty() {
        let names: Vec<&str> = registry.all().map(|known| known.tool.name).collect();
        return error.because(format!("tools: {}", names.join(", "))).hint("use help");
    }
    let meant = match (&verb, tool) {
        (Some(verb), _) => verb.clone(),
        (None, tool) => {
            let request = request.map(|request| format!("@{request}")).unwrap_or_default();
            format!("{}{request}", tool.unwrap_or_default())
        }
    };
    let command = [flags, &[meant], rest].concat();
    error.because(format!("nearest: {}", near.join(", "))).hint(hint(&command))
}

/// The error for a tool with its version, but without an `@`: `python3`.
fn almost_a_tool(registry: &Registry, word: &str) -> Option<Error> {
    let error = unknown_verb_or_tool(word);
    let parts = word.split_once(['-', '=', ':', '_', '/']);
    if let Some((name, request)) = parts
        && let Some(known) = tool_of(registry, name)
        && is_version_of(known, request)
    {
        return Some(error.hint(hint(&[format!("{name}@{request}")])));
    }
    let name = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if let Some(known) = tool_of(registry, name)
        && is_version_of(known, &word[name.len()..])
    {
        return Some(error.hint(hint(&[format!("{name}@{}", &word[name.len()..])])));
    }
    None
}

/// The error for a program of a tool, which isn't run without a verb: `pip install`.
fn program(registry: &Registry, flags: &[String], words: &[String]) -> Option<Error> {
    let (word, rest) = words.split_first()?;
    let mut tools = registry.all().map(|known| known.tool);
    let tool = tools.find(|tool| tool.programs.contains(&&**word))?;
    let error = unknown_verb_or_tool(word).because(format!("{word} is a program of {}", tool.name));
    Some(match rest {
        [] => error.hint(hint(&[flags, &["why".to_owned()], words].concat())),
        _ => error.because(RUNS).hint(hint(&[flags, &["exec".to_owned()], words].concat())),
    })
}

fn unknown_verb_or_tool(word: &str) -> Error {
    Error::new(ErrorKind::UnknownTool, format!("unknown verb or tool “{}”", Escaped(word)))
}

/// The verb that is closest to a word, by its name or an alias.
fn closest_verb(word: &str) -> Option<String> {
    let command = CommandLine::command();
    let verbs = || command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let names =
        verbs().flat_map(|verb| [verb.get_name()].into_iter().chain(verb.get_all_aliases()));
    let near = closest(word, names)?;
    let is_shown = |verb: &clap::Command| verb.get_visible_aliases().any(|alias| alias == near);
    let own =
        verbs().find(|verb| verb.get_all_aliases().any(|alias| alias == near) && !is_shown(verb));
    Some(own.map_or(near, clap::Command::get_name).to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    /// The error of a command line, or `ok`, where nothing is pinned or installed.
    fn checked(line: &str) -> String {
        checked_in(MemoryWorld::at("/p"), line)
    }

    fn checked_in(world: MemoryWorld, line: &str) -> String {
        let arguments: Vec<String> = line.split(' ').skip(1).map(str::to_owned).collect();
        let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
        let typed = match CommandLine::of(&words) {
            Ok(typed) => typed,
            Err(error) => {
                let other = with_flags_of_others(&arguments);
                return other.map_or_else(|| error.kind().to_string(), |error| error.to_string());
            }
        };
        check(&session(world), &typed, &arguments)
            .map_or_else(|error| error.to_string(), |()| "ok".to_owned())
    }

    fn hint_of(line: &str) -> String {
        let error = checked(line);
        error.rsplit_once("hint: ").map_or(error.clone(), |(_, hint)| hint.to_owned())
    }

    #[test]
    fn a_version_apart_from_its_tool_is_joined_in_the_hint() {
        for (line, expected) in [
            ("use node 20", "use node@20"),
            ("use node v20.1", "use node@v20.1"),
            ("use nodejs 20", "use nodejs@20"),
            ("use --global node lts", "use --global node@lts"),
            ("use node lts/hydrogen", "use node@lts/hydrogen"),
            ("use node >=18", "use 'node@>=18'"),
            ("use java temurin-21", "use java@temurin-21"),
            ("use python 3.12 node 20", "use python@3.12 node@20"),
            ("use node 20 python", "use node@20 python"),
            ("use node 20 -- npm test", "use node@20 -- npm test"),
            ("use node python 3.12", "use node python@3.12"),
            ("use -C /p node 20", "use -C /p node@20"),
            ("use install node 20", "use install node@20"),
            ("use install node 20 --store /srv/usher", "use install node@20 --store /srv/usher"),
            ("use rm node 20", "use rm node@20"),
            ("use shim node 12", "use shim node@12"),
        ] {
            assert_eq!(hint_of(line), expected, "{line}");
        }
        for line in
            ["use node python", "use node@20 python@3", "use node -- 20", "use install node go"]
        {
            assert_eq!(checked(line), "ok", "{line}");
        }
        insta::assert_snapshot!(checked("use node 20"), @"
            a version is joined to its tool by an @
              did you mean node@20?
              hint: use node@20
            ");
    }

    #[test]
    fn the_hint_about_an_unknown_tool_keeps_its_verb() {
        let registry = Registry::load().unwrap();
        for (line, expected) in [
            ("install nodee@20", "use install node@20"),
            ("uninstall node@12 pyhton@3.7", "use uninstall node@12 python@3.7"),
            ("available nodee --all", "use available node --all"),
            ("list nodee --json", "use list node --json"),
        ] {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let is_unknown = |word: &&String| word.contains("nodee") || word.contains("pyhton");
            let unknown = arguments.iter().find(is_unknown).unwrap();
            let name = unknown.split('@').next().unwrap();
            let error = registry.named(name).unwrap_err();
            let hint = hinting_at_verb(&registry, error, &arguments).hint;
            assert_eq!(hint.as_deref(), Some(expected), "{line}");
        }
    }

    /// Misspelled and unknown words, and their hints.
    #[test]
    fn only_what_was_meant_is_proposed() {
        for (line, expected) in [
            // Verbs.
            ("use instal", "use install"),
            ("use instal node@12", "use install node@12"),
            ("use isntall", "use install"),
            ("use installl", "use install"),
            ("use uninstal node@12", "use uninstall node@12"),
            ("use uninstal", "use help uninstall"),
            ("use docter", "use doctor"),
            ("use doctr", "use doctor"),
            ("use lst", "use list"),
            ("use lsit", "use list"),
            ("use lits node", "use list node"),
            ("use outdatd", "use outdated"),
            ("use outdate", "use outdated"),
            ("use upgrad", "use upgrade"),
            ("use upgade node", "use upgrade node"),
            ("use updat", "use update"),
            ("use remov node@12", "use uninstall node@12"),
            ("use verfy", "use verify"),
            ("use repar", "use repair"),
            ("use avialable node", "use available node"),
            ("use availabel", "use help available"),
            ("use ls-remot node", "use ls-remote node"),
            ("use whcih node", "use which node"),
            ("use wich node", "use which node"),
            ("use curent", "use current"),
            ("use reshm", "use reshim"),
            ("use hepl", "use help"),
            ("use hlep install", "use help install"),
            ("use setpu", "use setup"),
            ("use chekc", "use check"),
            ("use completion", "use help completions"),
            ("use stauts", "use current"),
            // Tools.
            ("use nod", "use node"),
            ("use ndoe", "use node"),
            ("use nodee", "use node"),
            ("use nodee@12", "use node@12"),
            ("use --global nodee@12", "use --global node@12"),
            ("use pyhton", "use python"),
            ("use pyton@3.12", "use python@3.12"),
            ("use jaav@21", "use java@21"),
            ("use rubby", "use ruby"),
            ("use erlnag", "use erlang"),
            ("use golan", "use golang"),
            ("use pnmp", "use pnpm"),
            // Neither: no tool is proposed.
            ("use rust", "use help"),
            ("use rust@1.80", "use help"),
            ("use terraform", "use help"),
            ("use dotnet", "use help"),
            ("use kubectl", "use help"),
            ("use foo", "use help"),
            ("use x@1", "use help"),
            ("use help@1", "use help"),
            ("use php8", "use php@8"),
            ("use python3", "use python@3"),
            ("use node20.1", "use node@20.1"),
            ("use npx", "use why npx"),
            ("use javac", "use why javac"),
            ("use fun", "use help"),
            ("use hi", "use help"),
            ("use code", "use help"),
            ("use ts", "use help"),
            ("use zsh", "use help"),
            ("use @12", "use help"),
        ] {
            assert_eq!(hint_of(line), expected, "{line}: {}", checked(line));
        }
        insta::assert_snapshot!(checked("use instal"), @"
        unknown verb or tool “instal”
          nearest: install
          hint: use install
        ");
        insta::assert_snapshot!(checked("use rust"), @"
        unknown verb or tool “rust”
          tools: bun, deno, elixir, erlang, go, java, node, npm, perl, php, pnpm, python, ruby, yarn, zig
          hint: use help
        ");
    }

    #[test]
    fn programs_and_other_managers_are_answered() {
        for (line, expected) in [
            // Programs of tools, and their arguments.
            ("use npx", "use why npx"),
            ("use npx -v", "use exec npx -v"),
            ("use node -v", "use exec node -v"),
            ("use npx --help", "use exec npx --help"),
            ("use npx --version", "use exec npx --version"),
            ("use -C /p pip install -r x", "use -C /p exec pip install -r x"),
            ("use node app.js", "use exec node app.js"),
            ("use nodejs app.js", "use exec node app.js"),
            ("use node@20 app.js -x", "use node@20 -- node app.js -x"),
            ("use npm run-script x", "use exec npm run-script x"),
            ("use list x", "ok"),
            ("use node --version", "use exec node --version"),
            ("use erlang --version", "use exec erl --version"),
            // Other managers.
            ("use nvm", "use help nvm"),
            ("use nvm use 20", "use node@20"),
            ("use nvm install --lts", "use install"),
            ("use nvm alias default 20", "use --global node@20"),
            ("use n lts", "use node@lts"),
            ("use pyenv install 3.12", "use install python@3.12"),
            ("use pyenv global 3.12", "use --global python@3.12"),
            ("use asdf set nodejs 20", "use nodejs@20"),
            ("use mise use node@20", "use node@20"),
            ("use sdk install java 21", "use install java@21"),
            ("use volta pin node@20", "use node@20"),
            ("use rustup default stable", "use help rustup"),
            ("use rbenv frobnicate", "use help rbenv"),
        ] {
            assert_eq!(hint_of(line), expected, "{line}: {}", checked(line));
        }
    }

    #[test]
    fn the_tool_of_a_version_is_named_where_it_is_obvious() {
        let pinned =
            || MemoryWorld::at("/p").file("/p/.nvmrc", "18").file("/p/.ruby-version", "3.3.0");
        let installed = || {
            MemoryWorld::at("/p")
                .file("/usher/toolchains/node/20.11.1/bin/node", "")
                .file("/usher/toolchains/python/3.12.1/bin/python", "")
        };
        let both = || installed().file("/p/.java-version", "17");
        for (world, line, expected) in [
            (pinned(), "use 20", "use node@20"),
            (pinned(), "use v20.1", "use node@v20.1"),
            (pinned(), "use 3.2", "use ruby@3.2"),
            (pinned(), "use --global 20", "use --global node@20"),
            (pinned(), "use install 20", "use install node@20"),
            (pinned(), "use install >=20", "use install 'node@>=20'"),
            (pinned(), "use uninstall 18 --yes", "use uninstall node@18 --yes"),
            (pinned(), "use upgrade 20", "use upgrade node"),
            (pinned(), "use upgrade node 20", "use upgrade node"),
            (pinned(), "use outdated 20", "use outdated node"),
            (pinned(), "use available 20", "use available node@20"),
            (pinned(), "use list 20", "use list node@20"),
            (pinned(), "use where 20", "use where node@20"),
            (pinned(), "use global 20", "use --global node@20"),
            (pinned(), "use default 20", "use --global node@20"),
            (pinned(), "use alias default 20", "use --global node@20"),
            (pinned(), "use fetch 20", "use install node@20"),
            (installed(), "use 20", "use node@20"),
            (installed(), "use uninstall 3.12", "use uninstall python@3.12"),
            (both(), "use 17", "use java@17"),
            (both(), "use install 3.12", "use install python@3.12"),
        ] {
            let error = checked_in(world, line);
            let hint = error.rsplit_once("hint: ").map_or(&*error, |(_, hint)| hint);
            assert_eq!(hint, expected, "{line}: {error}");
        }
        insta::assert_snapshot!(checked_in(pinned(), "use install 20"), @"
        which tool? “20” is a version
          did you mean node@20?
          hint: use install node@20
        ");
        insta::assert_snapshot!(checked_in(pinned(), "use upgrade 20"), @"
        which tool? “20” is a version
          did you mean node?
          hint: use upgrade node
        ");
        insta::assert_snapshot!(checked_in(pinned(), "use global 20"), @"
        unknown verb “global”
          `use --global TOOL@REQUEST` sets your default
          did you mean node@20?
          hint: use --global node@20
        ");
    }

    /// What nobody meant isn't proposed as a command.
    #[test]
    fn without_an_obvious_tool_there_is_an_example_and_no_hint() {
        let several = MemoryWorld::at("/p").file("/p/.nvmrc", "18").file("/p/.java-version", "17");
        let unlikely = MemoryWorld::at("/p").file("/p/.python-version", "3.12");
        for (world, line) in [
            (MemoryWorld::at("/p"), "use 20"),
            (MemoryWorld::at("/p"), "use lts"),
            (MemoryWorld::at("/p"), "use upgrade 20"),
            (MemoryWorld::at("/p"), "use global 3.12"),
            (several, "use install 20"),
            (unlikely, "use 20"),
        ] {
            assert!(!checked_in(world, line).contains("hint: "), "{line}");
        }
        insta::assert_snapshot!(checked("use 20"), @"
        which tool? “20” is a version
          write TOOL@20, for example: use node@20
        ");
        insta::assert_snapshot!(checked("use install 20"), @"
        which tool? “20” is a version
          write TOOL@20, for example: use install node@20
        ");
        insta::assert_snapshot!(checked("use upgrade 20"), @"
        which tool? “20” is a version
          write TOOL, for example: use upgrade node
        ");
        insta::assert_snapshot!(checked("use global 3.12"), @"
        unknown verb “global”
          `use --global TOOL@REQUEST` sets your default
          write TOOL@3.12, for example: use --global python@3.12
        ");
    }
}
