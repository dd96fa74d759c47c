//! The command line: its arguments, and the command that runs.

mod arguments;
pub mod commands;
mod completions;
mod dispatch;
pub mod environment;
pub mod explanation;
pub mod handoff;
mod help;
pub mod hidden_shims;
pub mod output;
mod own_home;
pub mod package_migration;
pub mod progress;
#[cfg(test)]
mod schemas;
pub mod search_path;
pub mod shell_setup;
pub mod shims;
pub mod system_setup;
mod unknown_program;
mod usage_error;
pub mod verbose;
mod words;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{ColorChoice, ValueEnum as _};
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::exec::ProcessArgs;
use usher_shims::process::HANDOFF_ARG;
use usher_shims::world::{Os, World as _};

use crate::files::interrupt::{on_interrupt, stop_if_interrupted};
use crate::own_release::BuildSettings;

pub use self::arguments::CommandLine;

/// Flags that were renamed: the old name and the new one.
const RENAMED_FLAGS: [(&str, &str); 1] = [("--carry", "--migrate-packages")];

/// Runs `use` with the process's arguments and environment; returns the exit code.
pub fn run(given: ProcessArgs, build: BuildSettings) -> i32 {
    output::reserve_closed_streams();
    let arguments = given.os_arguments();
    if let Some(code) = completions::run(&arguments, &given) {
        return code;
    }
    let variable = |name: &str| Os.variable(name).map(|value| value.to_string_lossy().into_owned());
    output::look_at_streams(color_choice(&arguments), &variable);
    let is_handoff =
        arguments.get(1).is_some_and(|first| first.as_encoded_bytes() == HANDOFF_ARG.to_bytes());
    on_interrupt(move |interruption| output::print_interruption(interruption, is_handoff));
    if is_handoff {
        let error = handoff::run(given);
        stop_if_interrupted();
        output::shim_error(&error);
        return error.kind().shim_exit_code().into();
    }
    let typed = match CommandLine::of(&arguments) {
        Ok(typed) => typed,
        Err(error) => return print_usage(&without_hidden(error, &arguments), &arguments),
    };
    let as_json = typed.global_flags.json;
    if let Err(error) = change_directory(&typed.global_flags.directories) {
        return output::print_failure(&error, as_json);
    }
    if let Err(error) = typed.validate(&arguments) {
        return output::print_failure(&error, as_json);
    }
    let ended = dispatch::execute(typed, given, &own_arguments(&arguments), build);
    stop_if_interrupted();
    match ended {
        Ok(code) => code,
        Err(error) => output::print_failure(&error, as_json),
    }
}

/// When colours are printed, according to the arguments: known before they are parsed, since errors
/// about them have colours, too.
fn color_choice(arguments: &[&OsStr]) -> ColorChoice {
    let words: Vec<&str> = arguments.iter().map_while(|word| word.to_str()).collect();
    let own = words.split(|word| *word == "--").next().unwrap_or_default();
    let behind = own.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1]);
    let joined = own.iter().filter_map(|word| word.strip_prefix("--color="));
    let chosen = behind.chain(joined).next();
    chosen.and_then(|when| ColorChoice::from_str(when, true).ok()).unwrap_or_default()
}

/// Changes into the folders of `-C`, each from the one before.
fn change_directory(folders: &[PathBuf]) -> Result<()> {
    folders.iter().try_for_each(|folder| {
        #[expect(clippy::disallowed_methods, reason = "-C: as if the process had started there")]
        let changed = std::env::set_current_dir(folder);
        changed.map_err(|error| Error::io("change into", folder, error))
    })
}

/// The same error about the arguments as they may be shown: clap repeats them as they are.
fn without_hidden(error: clap::Error, arguments: &[&OsStr]) -> clap::Error {
    let shown = arguments.iter().map(|argument| Shown(Path::new(argument)).to_string());
    let shown: Vec<String> = shown.collect();
    let shown: Vec<&OsStr> = shown.iter().map(OsStr::new).collect();
    CommandLine::of(&shown).err().unwrap_or(error)
}

/// Prints help and the version as results, anything else as a usage error.
fn print_usage(error: &clap::Error, arguments: &[&OsStr]) -> i32 {
    let as_json = arguments.iter().any(|argument| *argument == "--json");
    if let Some(error) = words::with_flags_of_others(&own_arguments(arguments)) {
        return output::print_failure(&error, as_json);
    }
    if !error.use_stderr() {
        let printed = output::print_help(&error.render());
        return printed.map_or_else(|error| output::print_failure(&error, false), |()| 0);
    }
    let error =
        renamed_flag(arguments).unwrap_or_else(|| usage_error::usage_error(error, arguments));
    output::print_failure(&error, as_json)
}

/// The arguments without the program's own name.
fn own_arguments(arguments: &[&OsStr]) -> Vec<String> {
    arguments.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// The error for a flag under its old name.
fn renamed_flag(arguments: &[&OsStr]) -> Option<Error> {
    let is_used = |(old, _): &&(&str, &str)| arguments.iter().any(|argument| *argument == *old);
    let (old, new) = RENAMED_FLAGS.iter().find(is_used)?;
    let error = Error::new(ErrorKind::Usage, format!("unknown flag {old}"));
    Some(error.because(format!("it is called {new} now")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a command line, or `ok`.
    fn parsed(line: &str) -> String {
        let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
        match CommandLine::of(&words).map(|typed| typed.validate(&words)) {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.kind().to_string(),
        }
    }

    #[test]
    fn contradictions_are_errors_with_a_command() {
        for line in ["use", "use node@12", "use node@12 -- bash", "use list", "use --global node"] {
            assert_eq!(parsed(line), "ok", "{line}");
        }
        insta::assert_snapshot!(parsed("use node@12 --"), @"
        missing command after `--`
          hint: use node@12 -- bash
        ");
        insta::assert_snapshot!(parsed("use --global"), @"
        missing tool
          hint: use --global node@lts
        ");
        insta::assert_snapshot!(parsed("use --global node@12 -- bash"), @"
        --global can't be combined with `-- COMMAND`, which runs one command
          hint: use node@12 -- bash
        ");
    }
}
