//! What is wrong with a command line, in the style of all other errors: clap finds it, and says it in
//! its own.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::{Command, CommandFactory as _};
use usher_shims::error::{Error, ErrorKind, Escaped};

use super::CommandLine;

/// The error for a command line that clap refused.
pub(super) fn usage_error(error: &clap::Error, arguments: &[&OsStr]) -> Error {
    let context = |kind: ContextKind| strings(error.get(kind));
    let invalid = context(ContextKind::InvalidArg);
    let first = invalid.first().map(|argument| bare(argument)).unwrap_or_default();
    let value = context(ContextKind::InvalidValue).concat();
    let what = match error.kind() {
        ClapKind::MissingRequiredArgument => match invalid.as_slice() {
            [_] => format!("missing argument: {first}"),
            all => format!("missing arguments: {}", list(all)),
        },
        ClapKind::MissingSubcommand | ClapKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "missing verb".to_owned()
        }
        ClapKind::InvalidSubcommand => {
            let verb = context(ContextKind::InvalidSubcommand).concat();
            format!("unknown verb “{}”", Escaped(&verb))
        }
        ClapKind::UnknownArgument if first.starts_with('-') => {
            format!("unknown flag {}", Escaped(&first))
        }
        ClapKind::UnknownArgument => format!("unexpected argument “{}”", Escaped(&first)),
        ClapKind::InvalidValue if value.is_empty() => format!("missing value for {first}"),
        ClapKind::InvalidValue | ClapKind::ValueValidation => {
            format!("invalid value “{}” for {first}", Escaped(&value))
        }
        ClapKind::TooManyValues => format!("unexpected value “{}” for {first}", Escaped(&value)),
        ClapKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg);
            let other =
                if other.is_empty() { "the other arguments".to_owned() } else { list(&other) };
            format!("{first} can't be combined with {other}")
        }
        _ => {
            let text = error.render().to_string();
            text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
        }
    };
    let (verb, usage) = verb_and_usage(arguments);
    let found = Error::new(ErrorKind::Usage, what);
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand];
    let nearest = suggested.into_iter().find_map(|kind| context(kind).into_iter().next());
    let expected = context(ContextKind::ValidValue);
    let found = match first.as_str() {
        // nvm's flag.
        "--lts" => found.because("`lts` is a version: node@lts"),
        _ => found,
    };
    let found = match (nearest, expected.is_empty()) {
        (Some(nearest), _) => found.because(format!("nearest: {nearest}")),
        (None, false) => found.because(format!("expected: {}", expected.join(", "))),
        (None, true) => found,
    };
    let found = usage.into_iter().fold(found, Error::because);
    found.hint(format!("use help {verb}").trim_end())
}

/// The texts of what clap knows of an error.
fn strings(value: Option<&ContextValue>) -> Vec<String> {
    match value {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(all)) => all.clone(),
        Some(_) | None => Vec::new(),
    }
}

/// An argument without the marks of a placeholder: `<PROGRAM>...` is `PROGRAM`.
fn bare(argument: &str) -> String {
    argument.replace(['<', '>', '[', ']'], "").trim_end_matches("...").to_owned()
}

fn list(arguments: &[String]) -> String {
    arguments.iter().map(|argument| bare(argument)).collect::<Vec<_>>().join(", ")
}

/// The verb of a command line with a space behind it, and how it is used.
fn verb_and_usage(arguments: &[&OsStr]) -> (String, Option<String>) {
    let mut command = CommandLine::command();
    // Verbs get the flags of all from it.
    command.build();
    let words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    let mut verb = String::new();
    for word in words.filter(|word| !word.starts_with('-')) {
        // A verb may have verbs of its own.
        let Some(inner) = command.find_subcommand(word).cloned() else { break };
        command = inner;
        verb.push_str(command.get_name());
        verb.push(' ');
    }
    let usage = (!verb.is_empty()).then(|| usage(&mut command));
    (verb, usage)
}

/// `usage: use which [OPTIONS] PROGRAM`.
fn usage(verb: &mut Command) -> String {
    let usage = verb.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).replace(['<', '>'], "");
    format!("usage: {}", usage.lines().next().unwrap_or_default().trim_end())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use clap::Parser as _;

    use super::*;

    #[test]
    fn errors_have_the_style_of_all_others() {
        let mut transcript = String::new();
        for line in [
            "use which",
            "use list --frobnicate",
            "use doctor --al",
            "use doctor node",
            "use prune --unused abc",
            "use prune --unused",
            "use list --color purple",
            "use check --fix --json",
            "use cache",
            "use cache cean",
            "use --bogus",
            "use uninstall",
        ] {
            let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
            let error = CommandLine::try_parse_from(&words).unwrap_err();
            let error = usage_error(&error, &words);
            writeln!(transcript, "$ {line}\n{error}").unwrap();
        }
        insta::assert_snapshot!(transcript, @"
        $ use which
        missing argument: PROGRAM
          usage: use which [OPTIONS] PROGRAM
          hint: use help which
        $ use list --frobnicate
        unknown flag --frobnicate
          usage: use list [OPTIONS] [TOOL[@REQUEST]]...
          hint: use help list
        $ use doctor --al
        unknown flag --al
          nearest: --all
          usage: use doctor [OPTIONS]
          hint: use help doctor
        $ use doctor node
        unexpected argument “node”
          usage: use doctor [OPTIONS]
          hint: use help doctor
        $ use prune --unused abc
        invalid value “abc” for --unused DAYS
          usage: use prune [OPTIONS] [TOOL[@VERSION]]...
          hint: use help prune
        $ use prune --unused
        missing value for --unused DAYS
          usage: use prune [OPTIONS] [TOOL[@VERSION]]...
          hint: use help prune
        $ use list --color purple
        invalid value “purple” for --color WHEN
          expected: auto, always, never
          usage: use list [OPTIONS] [TOOL[@REQUEST]]...
          hint: use help list
        $ use check --fix --json
        --fix can't be combined with --json
          usage: use check [OPTIONS]
          hint: use help check
        $ use cache
        missing verb
          usage: use cache [OPTIONS] COMMAND
          hint: use help cache
        $ use cache cean
        unknown verb “cean”
          nearest: clear
          usage: use cache [OPTIONS] COMMAND
          hint: use help cache
        $ use --bogus
        unknown flag --bogus
          hint: use help
        $ use uninstall
        missing argument: TOOL@VERSION
          usage: use uninstall [OPTIONS] TOOL@VERSION...
          hint: use help uninstall
        ");
    }
}
