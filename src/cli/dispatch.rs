//! Which function runs a command, once its arguments are parsed.

use clap::CommandFactory as _;
use clap_complete::aot;
use usher_shims::error::Result;
use usher_shims::exec::ProcessArgs;
use usher_shims::process::{is_secure, running_shim};

use super::arguments::{CacheVerb, CommandLine, SelfVerb, Verb};
use super::shell_setup::ScriptShell;
use super::{commands, help, output, own_home, progress, verbose, words};
use crate::cli::commands::cache::CleanMode;
use crate::cli::commands::install_from::ArchiveArguments;
use crate::cli::commands::outdated::ToolFilter;
use crate::cli::commands::pin::PinScope;
use crate::config::folders;
use crate::own_release::BuildSettings;
use crate::session::Session;
use crate::session::reporter::Silent;

/// Runs the command; returns the exit code of one that printed its own report. `arguments` are what
/// was typed, for hints.
pub(super) fn execute(
    typed: CommandLine,
    given: ProcessArgs,
    arguments: &[String],
    build: BuildSettings,
) -> Result<i32> {
    let json = typed.global_flags.json;
    match &typed.verb {
        Some(Verb::Completions { shell }) => return completions(*shell).map(|()| 0),
        Some(Verb::Schema { name }) => return commands::schema::run(*name).map(|()| 0),
        Some(Verb::Policy { file }) => return commands::policy::run(file.as_deref(), json),
        _ => {}
    }
    if let Some(Verb::Help { words }) = &typed.verb
        && let Some(mut command) = command_of(words)
    {
        return output::print_help(&command.render_help()).map(|()| 0);
    }
    if is_secure() && !typed.only_reads() {
        return Err(folders::refused_when_secure("nothing is installed, fetched or written"));
    }
    let running = running_shim()?;
    if let Some(Verb::Itself { verb: SelfVerb::Install { system } }) = typed.verb {
        return commands::self_install::run(given, running, system).map(|()| 0);
    }
    if let Some(Verb::Config { verb }) = typed.verb {
        let verb = verb.unwrap_or_default();
        let quiet = typed.global_flags.quiet;
        let reporter = if quiet { Box::new(Silent) } else { progress::reporter(false) };
        return commands::config::run(&running, &verb, &*reporter, json);
    }
    let mut session = Session::new(given, running, progress::reporter)?;
    if typed.global_flags.offline {
        session.settings.go_offline();
    }
    if typed.global_flags.quiet {
        session.set_quiet();
    }
    if let Some(Verb::Itself { verb: SelfVerb::Uninstall(arguments) }) = &typed.verb {
        return commands::self_uninstall::run(&session, arguments, json).map(|()| 0);
    }
    if !is_secure() {
        own_home::match_program(&mut session, typed.global_flags.directories.len())?;
    }
    if let Some(Verb::Itself { verb: SelfVerb::Update(arguments) }) = &typed.verb {
        return commands::self_update::run(&session, build, arguments, json);
    }
    // `use doctor` reports them itself.
    if !matches!(typed.verb, Some(Verb::Doctor { .. })) {
        session.report_registry_errors();
    }
    words::check(&session, &typed, arguments)?;
    if typed.global_flags.verbose {
        verbose::begin(&mut session);
    }
    match typed.verb {
        Some(verb) => run_verb(&mut session, verb, json)
            .map_err(|error| words::hinting_at_verb(&session.registry, error, arguments)),
        None => run_without_verb(&mut session, typed, json),
    }
}

/// Runs a verb that needs a session.
fn run_verb(session: &mut Session, verb: Verb, json: bool) -> Result<i32> {
    let done = match verb {
        Verb::Install { tools, from: Some(from), sha256, .. } => {
            let archive = ArchiveArguments { from: &from, sha256: sha256.as_deref() };
            commands::install_from::run(session, &tools, &archive, json)
        }
        Verb::Install { tools, store: Some(store), .. } => {
            commands::install::into_store(session, &tools, &store, json)
        }
        Verb::Install { tools, .. } => commands::install::run(session, &tools, json),
        Verb::Upgrade(arguments) => {
            return commands::upgrade::run(session, &arguments, json);
        }
        Verb::Outdated { tools, all } => {
            return commands::outdated::run(session, &ToolFilter::new(&tools, all), json);
        }
        Verb::Lock(arguments) => return commands::lock::run(session, &arguments, json),
        Verb::Link(arguments) => return commands::link::run(session, &arguments, json),
        Verb::Unpin(arguments) => return commands::unpin::run(session, &arguments, json),
        Verb::Uninstall(arguments) => commands::uninstall::run(session, &arguments, json),
        Verb::Verify { tools } => return commands::verify::run(session, &tools, json),
        Verb::Repair { yes, tools } => commands::repair::run(session, &tools, yes, json),
        Verb::Prune(arguments) if arguments.copies => {
            commands::prune_copies::run(session, &arguments, json)
        }
        Verb::Prune(arguments) => commands::prune::run(session, &arguments, json),
        Verb::Sync(arguments) => return commands::sync::run(session, &arguments, json),
        Verb::Retire(arguments) => return commands::retire::run(session, &arguments, json),
        Verb::List { tools, accounts: true, projects, .. } => {
            return commands::list_accounts::run(session, &tools, &projects, json);
        }
        Verb::List { tools, paths, .. } => {
            return commands::list::run(session, &tools, paths, json);
        }
        Verb::Available(arguments) => {
            return commands::available::run(session, &arguments, json);
        }
        Verb::Cache { verb: CacheVerb::Clean { dry_run } } => {
            let mode = if dry_run { CleanMode::DryRun } else { CleanMode::Delete };
            return commands::cache::run(session, mode, json);
        }
        Verb::Current { tools, all } => {
            return commands::status::run(session, &ToolFilter::new(&tools, all), json);
        }
        Verb::Exec { words } => commands::run::exec(session, &words),
        Verb::Help { words } => help_of_tool(session, &words),
        Verb::Which { program, home: true } => commands::which::run_where(session, &program, json),
        Verb::Which { program, home: false } => commands::which::run(session, &program, json),
        Verb::Where { tool, request } => {
            let request = request.map(|request| format!("@{request}")).unwrap_or_default();
            commands::which::run_where(session, &format!("{tool}{request}"), json)
        }
        Verb::Env(arguments) => commands::env::run(session, &arguments, json),
        Verb::Why { program } => {
            return commands::why::run(session, program.as_deref(), json);
        }
        Verb::Check(arguments) => return commands::check::run(session, &arguments, json),
        Verb::Shim { tools, remove: true } => commands::shim::remove(session, &tools, json),
        Verb::Shim { tools, remove: false } => commands::shim::run(session, &tools, json),
        Verb::Reshim => commands::reshim::run(session, json),
        Verb::Doctor { all } => return commands::doctor::run(session, all, json),
        Verb::Setup(arguments) if arguments.target.system => {
            commands::setup_system::run(session, &arguments, json)
        }
        Verb::Setup(arguments) => commands::setup::run(session, &arguments, json),
        // They ran without a session.
        Verb::Completions { .. }
        | Verb::Schema { .. }
        | Verb::Config { .. }
        | Verb::Policy { .. }
        | Verb::Itself { .. } => Ok(()),
    };
    done.map(|()| 0)
}

/// Runs `use`, `use TOOL@REQUEST…` or `use TOOL@REQUEST… -- COMMAND…`.
fn run_without_verb(session: &mut Session, typed: CommandLine, json: bool) -> Result<i32> {
    if typed.tools.is_empty() {
        return commands::status::run(session, &ToolFilter::new(&[], typed.all), json);
    }
    if !typed.command.is_empty() {
        return commands::run::run(session, &typed.tools, &typed.command).map(|()| 0);
    }
    let scope = PinScope::new(typed.global, typed.account, typed.group);
    commands::pin::run(session, &typed.tools, &scope, json).map(|()| 0)
}

/// The command of a verb, or of a verb's own verb, with its flags: `cache clean`; `use` itself without
/// words. `None` if the first word is no verb.
fn command_of(words: &[String]) -> Option<clap::Command> {
    let mut command = CommandLine::command();
    command.build();
    let mut found = words.is_empty();
    for word in words {
        let Some(inner) = command.find_subcommand(word).cloned() else { break };
        (command, found) = (inner, true);
    }
    found.then_some(command)
}

/// Prints what there is to know of a tool, for `use help TOOL`; of another manager, what its verbs are
/// here.
fn help_of_tool(session: &Session, words: &[String]) -> Result<()> {
    let word = words.first().map_or("", String::as_str);
    let name = word.split_once('@').map_or(word, |(name, _)| name);
    match session.registry.named(name) {
        Ok(known) => output::print_text(help::of_tool(known)),
        Err(_) => match words::help_of_manager(&session.registry, name) {
            Some(text) => output::print_text(text),
            None => Err(words::unknown(session, words)),
        },
    }
}

fn completions(shell: ScriptShell) -> Result<()> {
    if let Some(script) = shell.script() {
        return output::print_exact(format!("{}\n", script.trim_end()).as_bytes());
    }
    let command = CommandLine::command();
    // clap's generator also writes what is hidden.
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    let visible =
        clap::Command::new("use").args(command.get_arguments().cloned()).subcommands(verbs);
    let visible = visible.disable_help_subcommand(true);
    let mut script = Vec::new();
    for name in ["use", "usher"] {
        aot::generate(aot::PowerShell, &mut visible.clone(), name, &mut script);
    }
    output::print_exact(&script)
}
