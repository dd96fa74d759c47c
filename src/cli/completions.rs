//! What a shell shows when Tab is pressed: verbs, flags, tools, versions, programs and files.
//!
//! ```text
//! shell ─▶ `use __complete SHELL` ─▶ words ─▶ clap's engine: what is expected here
//!                                            ─▶ candidates ─▶ in the shell's spelling
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | `expected` | which values each argument takes |
//! | `candidate` | what can be typed next |
//! | `candidates` | tools, versions and programs, from usher's folders and caches |
//! | `bash` | bash's line: its words, its quotes, and what it replaces; files, which the others list |
//! | `answer` | what each shell reads |
//!
//! What must stay true:
//! - nothing is run, fetched, written or scanned: a person waits;
//! - no error is printed, whatever is broken: there are fewer candidates then;
//! - no name from a disk can become code of the shell.

mod answer;
mod bash;
mod candidate;
mod candidates;
mod expected;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::CommandFactory as _;
use clap_complete::engine::{self, CompletionCandidate};
use usher_shims::exec::ProcessArgs;
use usher_shims::process::{is_secure, running_shim};
use usher_shims::world::{Os, World as _};

use self::answer::AskingShell;
use self::candidate::{Candidate, Completion};
use self::expected::{ExpectedValue, LookUp};
use super::arguments::CommandLine;
use super::output;
use crate::session::Session;

/// The first argument with which a shell's script calls `use`.
const REQUEST: &str = "__complete";

/// Completes a command line, if that is what `use` is called for; returns the exit code then.
pub(super) fn run(arguments: &[&OsStr], given: &ProcessArgs) -> Option<i32> {
    let [_, request, rest @ ..] = arguments else { return None };
    if *request != REQUEST {
        return None;
    }
    let words: Option<Vec<&str>> = rest.iter().map(|word| word.to_str()).collect();
    let answer = words.and_then(|words| {
        let (shell, words) = words.split_first()?;
        let variable = |name: &str| Os.variable(name)?.into_string().ok();
        let complete = |words: &[String]| complete(words, given);
        answer::answer(AskingShell::named(shell)?, words, &variable, &complete)
    });
    // The person who pressed Tab can do nothing about an answer that is not read.
    let _ = output::print_exact(answer.unwrap_or_default().as_bytes());
    Some(0)
}

/// What can be typed for the last of these words, which follow the name of `use`.
fn complete(words: &[String], given: &ProcessArgs) -> Completion {
    let Some((current, before)) = words.split_last() else {
        return Completion::Candidates(Vec::new());
    };
    if before.iter().any(|word| word == "--") {
        return Completion::Command;
    }
    // Of a flag with two names, clap's engine offers the one that it finds first.
    let asked = if current == "-" { "--" } else { current };
    let typed = ["use"].into_iter().chain(before.iter().map(String::as_str)).chain([asked]);
    let typed: Vec<OsString> = typed.map(OsString::from).collect();
    let values = Values { before: before.to_vec(), given: given.clone() };
    let look_up: Arc<LookUp> = Arc::new(move |expected, current| values.of(expected, current));
    let mut command = expected::with_values(CommandLine::command(), &look_up);
    let index = typed.len() - 1;
    let found = engine::complete(&mut command, typed, index, None).unwrap_or_default();
    // A flag is offered only to somebody who has begun to type one.
    let is_meant = |found: &CompletionCandidate| {
        let is_flag = found.get_value().as_encoded_bytes().starts_with(b"-");
        !found.is_hide_set() && is_flag == current.starts_with('-')
    };
    let found: Vec<CompletionCandidate> = found.into_iter().filter(is_meant).collect();
    let marked =
        |marker: &str| found.iter().any(|found| found.get_id().is_some_and(|id| id == marker));
    match () {
        () if marked(expected::FILE) => Completion::File,
        () if marked(expected::FOLDER) => Completion::Folder,
        () => Completion::Candidates(found.iter().filter_map(candidate).collect()),
    }
}

/// A candidate that can be shown on a terminal.
fn candidate(found: &CompletionCandidate) -> Option<Candidate> {
    let value = found.get_value().to_str()?.to_owned();
    let help = found.get_help().map(ToString::to_string);
    let help = help.and_then(|help| help.lines().next().map(str::to_owned));
    let has_control = value.chars().any(char::is_control);
    (!has_control).then_some(Candidate { value, help })
}

/// Looks up the values of arguments.
struct Values {
    /// The words before the one that is completed.
    before: Vec<String>,
    given: ProcessArgs,
}

impl Values {
    /// The values that begin with `current`; none if usher's home or its settings are broken.
    fn of(&self, expected: ExpectedValue, current: &str) -> Vec<Candidate> {
        if is_secure() || current.starts_with('-') {
            return Vec::new();
        }
        let session =
            running_shim().and_then(|running| Session::unscanned(self.given.clone(), running));
        session.map_or_else(
            |_| Vec::new(),
            |session| candidates::of_value(&session, expected, &self.before, current),
        )
    }
}
