//! Words on the command line that are neither a verb nor a tool, and versions without their tool: the
//! error says what was meant.
//!
//! Every hint is a command that the command line accepts, and none installs a tool whose name was
//! only similar to another word.

mod hints;
mod other_managers;

use clap::CommandFactory as _;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use self::hints::{hint, is_version_of, joined, tool_of};
use super::arguments::CommandLine;
use crate::registry::{KnownTool, Registry};
use crate::text::closest;

/// Refuses a first word that is neither verb nor tool, and versions that aren't joined to their tool
/// by an `@`. The arguments are those of the process, without its name.
pub(super) fn check(registry: &Registry, typed: &CommandLine, arguments: &[String]) -> Result<()> {
    let words = typed.tool_words();
    if typed.verb.is_none()
        && let Some(first) = words.first().filter(|word| tool_of(registry, word).is_none())
    {
        let at = arguments.iter().position(|argument| argument == first).unwrap_or_default();
        let (flags, words) = arguments.split_at(at);
        return Err(unknown_word(registry, flags, words));
    }
    if joined(registry, words).is_none() {
        return Ok(());
    }
    let meant = joined(registry, arguments).unwrap_or_else(|| arguments.to_vec());
    let pairs = meant.iter().filter(|word| !arguments.contains(word));
    let pairs: Vec<String> = pairs.map(|pair| Escaped(pair).to_string()).collect();
    let error = Error::new(ErrorKind::Usage, "a version is joined to its tool by an @");
    Err(error.because(format!("did you mean {}?", pairs.join(" "))).hint(hint(&meant)))
}

/// The error of a verb about an unknown tool: its hint is the same command with the nearest one, since
/// that tool alone would be pinned.
pub(super) fn hinting_at_verb(registry: &Registry, error: Error, arguments: &[String]) -> Error {
    let is_tool = |hint: &&str| tool_of(registry, hint).is_some();
    let nearest = error.hint.as_deref().and_then(|hint| hint.strip_prefix("use "));
    let Some(nearest) = nearest.filter(is_tool) else { return error };
    if error.kind() != ErrorKind::UnknownTool {
        return error;
    }
    let command = CommandLine::command();
    let meant = |word: &String| {
        let (name, request) = word.split_at(word.find('@').unwrap_or(word.len()));
        let is_known = command.find_subcommand(name).is_some() || is_tool(&name);
        match !is_known && registry.nearest(name) == Some(nearest) {
            true => format!("{nearest}{request}"),
            false => word.clone(),
        }
    };
    let meant: Vec<String> = arguments.iter().map(meant).collect();
    match meant == arguments {
        true => error,
        false => error.hint(hint(&meant)),
    }
}

/// The error for words of which the first is neither verb nor tool.
pub(super) fn unknown(registry: &Registry, words: &[String]) -> Error {
    unknown_word(registry, &[], words)
}

/// The error for a verb of another manager; `None` if the first word that is no flag is none. The
/// flags behind it may be that manager's own.
pub(super) fn of_other_manager(arguments: &[String]) -> Option<Error> {
    let registry = Registry::load().ok()?;
    let at = arguments.iter().position(|argument| !argument.starts_with('-'))?;
    let is_own = CommandLine::command().find_subcommand(&arguments[at]).is_some();
    match is_own || tool_of(&registry, &arguments[at]).is_some() {
        true => None,
        false => other_managers::answer(&registry, &arguments[at..]),
    }
}

fn unknown_word(registry: &Registry, flags: &[String], words: &[String]) -> Error {
    let Some((word, rest)) = words.split_first() else {
        return Error::new(ErrorKind::Usage, "missing tool").hint("use help");
    };
    if let Some(error) = other_managers::answer(registry, words) {
        return error;
    }
    if let Some(error) = almost_a_tool(registry, word).or_else(|| version_alone(registry, word)) {
        return error;
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

/// The error for a version without a tool, which other managers of one tool take.
fn version_alone(registry: &Registry, word: &str) -> Option<Error> {
    let has_it = |known: &KnownTool<'_>| is_version_of(*known, word);
    let tools: Vec<&str> = registry.all().filter(has_it).map(|known| known.tool.name).collect();
    let (first, more) = tools.split_first()?;
    let error =
        Error::new(ErrorKind::Usage, format!("which tool? “{}” is a version", Escaped(word)));
    Some(match more {
        [] => error.hint(hint(&[format!("{first}@{word}")])),
        _ => error.because(format!("write TOOL@{}", Escaped(word))).hint("use help"),
    })
}

/// The error for a tool with its version, but without an `@`: `python3`; and for a program of a tool:
/// `pip`.
fn almost_a_tool(registry: &Registry, word: &str) -> Option<Error> {
    let error =
        Error::new(ErrorKind::UnknownTool, format!("unknown verb or tool “{}”", Escaped(word)));
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
    let mut tools = registry.all().map(|known| known.tool);
    let tool = tools.find(|tool| tool.programs.contains(&word))?;
    let error = error.because(format!("{word} is a program of {}", tool.name));
    Some(error.hint(hint(&["why".to_owned(), word.to_owned()])))
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

    use super::*;

    /// The error of a command line, or `ok`.
    fn checked(line: &str) -> String {
        let arguments: Vec<String> = line.split(' ').skip(1).map(str::to_owned).collect();
        let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
        let typed = match CommandLine::of(&words) {
            Ok(typed) => typed,
            Err(error) => {
                let other = of_other_manager(&arguments);
                return other.map_or_else(|| error.kind().to_string(), |error| error.to_string());
            }
        };
        let registry = Registry::load().unwrap();
        check(&registry, &typed, &arguments)
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
            // Versions without a tool.
            ("use 20", "use help"),
            ("use v20.1", "use help"),
            ("use lts", "use help"),
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
        insta::assert_snapshot!(checked("use 20"), @"
        which tool? “20” is a version
          write TOOL@20
          hint: use help
        ");
    }
}
