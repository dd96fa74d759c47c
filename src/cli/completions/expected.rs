//! Which values each argument takes, by the name that help shows for it.
//!
//! So a new verb is completed without a word here, if it calls its values as the others do.

use std::ffi::OsStr;
use std::sync::Arc;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::candidate::Candidate;

/// Marks the candidate that stands for any file.
pub(super) const FILE: &str = "file";

/// Marks the candidate that stands for any folder.
pub(super) const FOLDER: &str = "folder";

/// What an argument is, as far as usher knows its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpectedValue {
    /// A tool.
    Tool,
    /// A tool that is installed.
    InstalledTool,
    /// `TOOL@REQUEST`.
    ToolRequest,
    /// The request for the tool before it.
    Request,
    /// `TOOL@VERSION` of usher's own store.
    InstalledVersion,
    /// A program that has a shim.
    Program,
    /// A shell that `use setup` knows.
    Shell,
    /// A verb of `use`, or a tool.
    VerbOrTool,
    /// A setting.
    Setting,
}

/// Looks up the values that begin with a text.
pub(super) type LookUp = dyn Fn(ExpectedValue, &str) -> Vec<Candidate> + Send + Sync;

/// What completes the values of an argument.
enum Completer {
    Known(ExpectedValue),
    File,
    Folder,
}

/// The command line, whose arguments find their values.
pub(super) fn with_values(command: Command, look_up: &Arc<LookUp>) -> Command {
    let verb = command.get_name().to_owned();
    let command = command.mut_args(|argument| with_completer(&verb, argument, look_up));
    command.mut_subcommands(|verb| with_values(verb, look_up))
}

fn with_completer(verb: &str, argument: Arg, look_up: &Arc<LookUp>) -> Arg {
    let Some(completer) = completer(verb, &argument) else { return argument };
    let look_up = Arc::clone(look_up);
    let complete = move |current: &OsStr| -> Vec<CompletionCandidate> {
        let marker = |id: &str| vec![CompletionCandidate::new("").id(Some(id.to_owned()))];
        match completer {
            Completer::Known(expected) => {
                let found = current.to_str().map(|current| look_up(expected, current));
                found.into_iter().flatten().map(CompletionCandidate::from).collect()
            }
            Completer::File => marker(FILE),
            Completer::Folder => marker(FOLDER),
        }
    };
    argument.add(ArgValueCompleter::new(complete))
}

/// What completes an argument; `None` if its values aren't known, or if clap knows them.
fn completer(verb: &str, argument: &Arg) -> Option<Completer> {
    let is_flag = !argument.get_action().takes_values();
    if is_flag || !argument.get_possible_values().is_empty() {
        return None;
    }
    let name = argument.get_value_names().and_then(|names| names.first());
    let name = name.map_or_else(|| argument.get_id().as_str().to_uppercase(), ToString::to_string);
    Some(match (verb, &*name) {
        ("available", "TOOL") => Completer::Known(ExpectedValue::Tool),
        (_, "TOOL") | ("list", "TOOL[@REQUEST]") => Completer::Known(ExpectedValue::InstalledTool),
        (_, "TOOL[@REQUEST]" | "TOOL@REQUEST" | "TOOL@NAME") => {
            Completer::Known(ExpectedValue::ToolRequest)
        }
        (_, "TOOL[@VERSION]" | "TOOL@VERSION") => Completer::Known(ExpectedValue::InstalledVersion),
        (_, "REQUEST") => Completer::Known(ExpectedValue::Request),
        (_, "PROGRAM") | ("exec", "COMMAND") => Completer::Known(ExpectedValue::Program),
        (_, "VERB|TOOL") => Completer::Known(ExpectedValue::VerbOrTool),
        (_, "KEY") => Completer::Known(ExpectedValue::Setting),
        (_, "SHELL") => Completer::Known(ExpectedValue::Shell),
        (_, "FILE" | "FILE-OR-URL") => Completer::File,
        (_, "DIR" | "PATH") => Completer::Folder,
        _ => return None,
    })
}

impl From<Candidate> for CompletionCandidate {
    fn from(Candidate { value, help }: Candidate) -> Self {
        Self::new(value).help(help.map(Into::into))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::arguments::CommandLine;

    /// Values that nobody can know, and what follows `--`, which the shell completes.
    const FREE: [&str; 7] = ["COMMAND", "NAME", "HEX", "DAYS", "DATE", "VALUE", "VERSION"];

    /// The arguments of a command and its verbs that nothing completes.
    fn without_completer(command: &Command) -> Vec<String> {
        let verb = command.get_name();
        let is_free = |argument: &&Arg| {
            let takes_values = argument.get_action().takes_values();
            let known = !argument.get_possible_values().is_empty();
            takes_values && !known && completer(verb, argument).is_none()
        };
        let name = |argument: &Arg| match argument.get_value_names() {
            Some([name, ..]) => name.to_string(),
            _ => argument.get_id().to_string(),
        };
        let own = command.get_arguments().filter(is_free).map(name);
        let of_verbs = command.get_subcommands().flat_map(without_completer);
        own.chain(of_verbs).collect()
    }

    #[test]
    fn every_value_is_completed_or_nobody_can_know_it() {
        let mut command = CommandLine::command();
        command.build();
        let unknown: Vec<String> = without_completer(&command)
            .into_iter()
            .filter(|name| !FREE.contains(&&**name))
            .collect();
        assert_eq!(unknown, [""; 0]);
    }
}
