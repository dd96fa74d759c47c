//! Commands in hints: what was typed as `use` takes it, and whether it takes it.

use std::ffi::OsStr;

use clap::CommandFactory as _;
use usher_shims::request::{Request, RequestTrust};

use crate::cli::arguments::CommandLine;
use crate::registry::{KnownTool, Registry};
use crate::text::shell_line;

/// The words with each version behind the tool before it: `node 20` is `node@20`. `None` if there is
/// none.
pub(super) fn joined(registry: &Registry, words: &[String]) -> Option<Vec<String>> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (words, command) = words.split_at(end);
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        let before = joined.last_mut().filter(|before| !before.contains('@'));
        let known = before.as_deref().and_then(|before| tool_of(registry, before));
        match (before, known) {
            (Some(before), Some(known)) if is_version_of(known, word) => {
                before.push('@');
                before.push_str(word);
            }
            _ => joined.push(word.clone()),
        }
    }
    (joined.len() < words.len()).then(|| [&joined, command].concat())
}

/// Whether a word can only be a version of this tool.
pub(super) fn is_version_of(known: KnownTool<'_>, word: &str) -> bool {
    let request = Request::parse(word, known.tool, RequestTrust::User);
    request.is_ok_and(|request| request.is_plain(known.tool))
}

/// The tool of `TOOL` or `TOOL@REQUEST`.
pub(super) fn tool_of<'a>(registry: &'a Registry, word: &str) -> Option<KnownTool<'a>> {
    let name = word.split_once('@').map_or(word, |(name, _)| name);
    registry.all().find(|known| known.tool.all_names().any(|one| one == name))
}

/// A command with these arguments, if it is one; else the same without what follows the verb; else the
/// verb's help.
pub(super) fn hint(arguments: &[String]) -> String {
    let command = CommandLine::command();
    let verb = arguments.iter().find(|word| command.find_subcommand(word).is_some());
    let alternatives = match verb {
        Some(verb) => {
            vec![arguments.to_vec(), vec![verb.clone()], vec!["help".into(), verb.clone()]]
        }
        None => vec![arguments.to_vec()],
    };
    let valid = alternatives.into_iter().find(|words| is_valid(words));
    let valid = valid.unwrap_or_else(|| vec!["help".into()]);
    format!("use {}", shell_line(&valid))
}

fn is_valid(arguments: &[String]) -> bool {
    let words: Vec<&OsStr> =
        [OsStr::new("use")].into_iter().chain(arguments.iter().map(OsStr::new)).collect();
    match CommandLine::of(&words) {
        Ok(typed) => typed.validate(&words).is_ok(),
        // The version and help texts.
        Err(error) => !error.use_stderr(),
    }
}
