//! The command line: what was typed, and which verb that is.

pub mod commands;
pub mod environment;
pub mod explanation;
pub mod handoff;
pub mod output;
pub mod package_migration;
pub mod progress;
pub mod shell_setup;
pub mod shims;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::exec::ProcessArgs;
use usher_shims::process::{HANDOFF_ARG, running_shim};
use usher_shims::tool::{TOOLS, Tool};

use crate::cli::commands::cache::Removal;
use crate::cli::commands::install_from::ArchiveArguments;
use crate::cli::commands::outdated::Meant;
use crate::cli::commands::prune::PruneArguments;
use crate::cli::commands::setup::SetupArguments;
use crate::cli::commands::upgrade::UpgradeArguments;
use crate::session::Session;
use crate::text::closest;

/// Shows every command to its right version.
#[derive(Debug, Parser)]
#[command(
    name = "use",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    override_usage = "use [--global] TOOL[@REQUEST]...\n       use TOOL@REQUEST... -- COMMAND...\n       use [VERB]",
    after_help = EXAMPLES
)]
pub struct Typed {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Tools, each with the version that is wanted: node@12, python@3.7, node@lts, node@system
    #[arg(value_name = "TOOL[@REQUEST]")]
    tools: Vec<String>,
    /// Make it your default, for where no project says otherwise
    #[arg(short, long)]
    global: bool,
    /// One command with these versions; nothing is written
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    for_all: ForAll,
}

/// The flags that every verb takes.
#[derive(Debug, Clone, Copy, Args)]
struct ForAll {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Do without the network
    #[arg(long, global = true)]
    offline: bool,
    /// Print nothing but answers and errors
    #[arg(short, long, global = true)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  use                               what is in force here, and who says so
  use node@12                       pin node 12 in this project, and get it
  use --global node@lts             make the newest LTS your default
  use node@12 python@3.7 -- bash    a shell with these, for once
  use install                       get all that this project asks for

Where `use` is a keyword of the shell, type `usher` instead.";

/// What `use` can do besides pinning.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Get versions; without arguments, all that this project asks for
    #[command(
        after_help = "Examples:\n  use install\n  use install node@12 python@3.12\n  use install node@20 --store /srv/usher\n  use install node@12.0.0 --from /media/stick/node.tar.gz"
    )]
    Install {
        /// Tools with the versions to get
        #[arg(value_name = "TOOL[@REQUEST]")]
        tools: Vec<String>,
        /// Into this store, which accounts share that list it in their settings as `stores`
        #[arg(long, value_name = "PATH", requires = "tools")]
        store: Option<PathBuf>,
        /// Take it from this archive, a file or an address; TOOL@VERSION says what it is
        #[arg(long, value_name = "ADDRESS-OR-FILE", requires = "tools", conflicts_with = "store")]
        from: Option<String>,
        /// The archive's hash, to check it against
        #[arg(long, value_name = "HEX", requires = "from")]
        sha256: Option<String>,
    },
    /// Get the newest versions that are asked for here; the old ones stay on disk
    #[command(
        after_help = "Examples:\n  use upgrade\n  use upgrade node --dry-run\n  use upgrade --migrate-packages\n\nExact pins and constraints are left as they are."
    )]
    Upgrade(UpgradeArguments),
    /// Take versions off the disk
    #[command(after_help = "Example:\n  use uninstall node@12.22.12")]
    Uninstall {
        /// Tools with the versions to take away
        #[arg(value_name = "TOOL@VERSION", required = true)]
        tools: Vec<String>,
    },
    /// Compare what is on disk with what was installed: every file, link and mode
    #[command(
        after_help = "Examples:\n  use verify\n  use verify node@12.22.12 --json\n\nExit code 65 where something isn't as it was installed. What package managers added is no fault."
    )]
    Verify {
        /// Tools, each with the version to look at; without any, all that usher installed
        #[arg(value_name = "TOOL[@VERSION]")]
        tools: Vec<String>,
    },
    /// Make versions as they were installed, with what package managers added
    #[command(
        after_help = "Examples:\n  use repair\n  use repair node@12.22.12\n\nFetches the same files again. What `use verify` calls added goes."
    )]
    Repair {
        /// Tools, each with the version to repair; without any, all that need it
        #[arg(value_name = "TOOL[@VERSION]")]
        tools: Vec<String>,
    },
    /// Take away versions that nobody needs any more: says which, and asks
    #[command(
        after_help = "Examples:\n  use prune --unused 90 --dry-run\n  use prune --unused 90 --projects ~/src\n  use prune node@12.22.12\n\nWhat this folder, your default or the machine's asks for stays."
    )]
    Prune(PruneArguments),
    /// List the versions on disk
    #[command(after_help = "Examples:\n  use list\n  use list node --json")]
    List {
        /// Only of this tool
        tool: Option<String>,
    },
    /// List what is in force here, beside the newest that is asked for and the newest there is
    #[command(
        after_help = "Examples:\n  use outdated\n  use outdated node python\n  use outdated --all --json\n\nExit code 0 whether anything is outdated or not."
    )]
    Outdated {
        /// Only these tools
        #[arg(value_name = "TOOL")]
        tools: Vec<String>,
        /// Those as well that nobody asks for here and that are on disk
        #[arg(long, conflicts_with = "tools")]
        all: bool,
    },
    /// List the versions that can be had
    #[command(
        after_help = "Examples:\n  use available node\n  use available node 12\n  use available node lts\n  use available python@pypy"
    )]
    Available {
        /// Of which tool
        tool: String,
        /// Only those that answer this request
        request: Option<String>,
    },
    /// Print the path of what a program's shim becomes here
    #[command(after_help = "Examples:\n  use which npm\n  use which --home java")]
    Which {
        /// The program
        program: String,
        /// Print the folder of the version that it is of
        #[arg(long)]
        home: bool,
    },
    /// Print what a build tool, an editor or a CI job needs for the versions in force here
    #[command(
        after_help = "Examples:\n  eval \"$(use env)\"\n  use env --shell fish | source\n  use env java --json\n  use env --github\n  use env --gitlab > versions.env\n\nWhat is missing is fetched, where a shim would fetch it."
    )]
    Env(commands::env::EnvArguments),
    /// Tell which version of a program runs here, and why
    #[command(after_help = "Examples:\n  use why node\n  use why python3.7\n  use why --json")]
    Why {
        /// The program; without it, of every tool that somebody asks for here
        program: Option<String>,
    },
    /// List where this project's files disagree with what runs here: for CI
    #[command(
        after_help = "Examples:\n  use check\n  use check --json\n\nExit code 1 where something disagrees. Nothing is executed, fetched or written."
    )]
    Check,
    /// Make shims with versions in their names, as node12; without arguments, list them
    #[command(
        after_help = "Examples:\n  use shim node@12             node12 and node@12, whatever is on disk\n  use shim python@3.7.16\n  use shim --remove node@12"
    )]
    Shim {
        /// Tools with the versions to be called by name
        #[arg(value_name = "TOOL@REQUEST")]
        tools: Vec<String>,
        /// Make them no longer
        #[arg(long, requires = "tools")]
        remove: bool,
    },
    /// Make the shims and their index anew from what is on disk
    Reshim,
    /// Take away what is kept to save fetching it again
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Cache {
        #[command(subcommand)]
        verb: CacheVerb,
    },
    /// Look for what may be wrong
    Doctor,
    /// Put the shims on PATH in your shells' files: shows the change, and makes it with --yes
    #[command(
        after_help = "Examples:\n  use setup\n  use setup zsh --yes\n  use setup --undo --yes"
    )]
    Setup(SetupArguments),
    /// Print a completion script
    #[command(
        after_help = "Example:\n  use completions fish > ~/.config/fish/completions/use.fish"
    )]
    Completions {
        /// For this shell
        shell: Shell,
    },
    /// Install usher itself; called by install.sh
    #[command(name = "__install", hide = true)]
    InstallItself {
        /// For the whole machine
        #[arg(long)]
        system: bool,
    },
}

/// What can be done with the cache.
#[derive(Debug, Subcommand)]
enum CacheVerb {
    /// Remove indexes, and kept or partial downloads; what somebody is using stays
    #[command(after_help = "Examples:\n  use cache clean\n  use cache clean --dry-run")]
    Clean {
        /// Only tell what would go
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs `use` with what the process was given; the result is its exit code.
pub fn run(given: ProcessArgs) -> i32 {
    let mut arguments = given.os_arguments();
    if arguments.get(1).is_some_and(|first| first.as_encoded_bytes() == HANDOFF_ARG.to_bytes()) {
        let error = handoff::run(given);
        output::error(&error, false);
        return error.kind().shim_exit_code().into();
    }
    verb_first(&mut arguments);
    let typed = match Typed::try_parse_from(&arguments) {
        Ok(typed) => typed,
        Err(error) => return usage(&error, &arguments),
    };
    let as_json = typed.for_all.json;
    if let Err(error) = typed.makes_sense(&arguments) {
        output::error(&error, as_json);
        return error.kind().exit_code().into();
    }
    match execute(typed, given) {
        Ok(code) => code,
        Err(error) => {
            output::error(&error, as_json);
            error.kind().exit_code().into()
        }
    }
}

/// Puts a verb before the flags that stand in front of it and hold for all verbs: `use --offline
/// install` is `use install --offline`.
fn verb_first(arguments: &mut [&OsStr]) {
    let for_all = ["--json", "--offline", "--quiet", "-q"];
    let is_flag = |argument: &&&OsStr| for_all.iter().any(|flag| **argument == *flag);
    let flags = arguments.iter().skip(1).take_while(is_flag).count();
    let is_verb = |word: &&OsStr| {
        let command = Typed::command();
        word.to_str().is_some_and(|word| command.find_subcommand(word).is_some())
    };
    if arguments.get(flags + 1).is_some_and(is_verb) {
        arguments[1..=flags + 1].rotate_right(1);
    }
}

impl Typed {
    /// Refuses what can be parsed and means nothing.
    fn makes_sense(&self, arguments: &[&OsStr]) -> Result<()> {
        if self.verb.is_some() {
            return Ok(());
        }
        let has_dashes = arguments.iter().any(|argument| *argument == "--");
        if has_dashes && self.command.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "nothing stands behind `--`: which command?")
                .hint("use node@12 -- bash"));
        }
        if self.global && !self.command.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                "--global is for good, and `-- COMMAND` for once",
            )
            .hint("leave one of the two out"));
        }
        if self.tools.is_empty() && (self.global || has_dashes) {
            return Err(Error::new(ErrorKind::Usage, "which tool?")
                .hint("use --global node@lts, or: use --help"));
        }
        match self.tools.iter().find_map(|word| misspelt_verb(word)) {
            Some((word, verb)) => Err(Error::new(
                ErrorKind::Usage,
                format!("“{}” is neither verb nor tool", Escaped(word)),
            )
            .because(format!("the nearest is {verb}"))
            .hint(format!("use {verb}"))),
            None => Ok(()),
        }
    }
}

/// A word that is nearly a verb and no tool.
fn misspelt_verb(word: &str) -> Option<(&str, String)> {
    let is_tool = word.contains('@') || Tool::named(TOOLS, word).is_some();
    let command = Typed::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let verb = closest(word, verbs.map(clap::Command::get_name))?;
    (!is_tool).then(|| (word, verb.to_owned()))
}

/// Help and version are answers; all else is an error of usage.
fn usage(error: &clap::Error, arguments: &[&OsStr]) -> i32 {
    if !error.use_stderr() {
        output::text(error.render().to_string().as_bytes());
        return 0;
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    let as_json = arguments.iter().any(|argument| *argument == "--json");
    output::error(&Error::new(ErrorKind::Usage, text), as_json);
    ErrorKind::Usage.exit_code().into()
}

/// Does what was typed; the result is the exit code where the answer itself tells what is wrong.
fn execute(typed: Typed, given: ProcessArgs) -> Result<i32> {
    if let Some(Verb::Completions { shell }) = typed.verb {
        completions(shell);
        return Ok(0);
    }
    let running = running_shim()?;
    if let Some(Verb::InstallItself { system }) = typed.verb {
        return commands::install_itself::run(given, running, system).map(|()| 0);
    }
    let mut session = Session::new(given, running, progress::reporter)?;
    if typed.for_all.offline {
        session.settings.go_offline();
    }
    if typed.for_all.quiet {
        session.set_quiet();
    }
    let json = typed.for_all.json;
    // `use doctor` has them among its answers.
    if !matches!(typed.verb, Some(Verb::Doctor)) {
        session.report_registry_errors();
    }
    let done = match typed.verb {
        Some(Verb::Install { tools, from: Some(from), sha256, .. }) => {
            let archive = ArchiveArguments { from: &from, sha256: sha256.as_deref() };
            commands::install_from::run(&mut session, &tools, &archive, json)
        }
        Some(Verb::Install { tools, store: Some(store), .. }) => {
            commands::install::into_store(&mut session, &tools, (&store, json))
        }
        Some(Verb::Install { tools, .. }) => commands::install::run(&mut session, &tools, json),
        Some(Verb::Upgrade(arguments)) => {
            return commands::upgrade::run(&mut session, &arguments, json);
        }
        Some(Verb::Outdated { tools, all }) => {
            let meant = match tools.as_slice() {
                [] if all => Meant::All,
                [] => Meant::Asked,
                names => Meant::Named(names),
            };
            return commands::outdated::run(&session, &meant, json);
        }
        Some(Verb::Uninstall { tools }) => commands::uninstall::run(&mut session, &tools, json),
        Some(Verb::Verify { tools }) => return commands::verify::run(&session, &tools, json),
        Some(Verb::Repair { tools }) => commands::repair::run(&mut session, &tools, json),
        Some(Verb::Prune(arguments)) => commands::prune::run(&mut session, &arguments, json),
        Some(Verb::List { tool }) => commands::list::run(&session, tool.as_deref(), json),
        Some(Verb::Available { tool, request }) => {
            commands::available::run(&session, &tool, request.as_deref(), json)
        }
        Some(Verb::Cache { verb: CacheVerb::Clean { dry_run } }) => {
            let removal = if dry_run { Removal::Pretended } else { Removal::Real };
            commands::cache::run(&session, removal, json)
        }
        Some(Verb::Which { program, home: true }) => {
            commands::which::home(&session, &program, json)
        }
        Some(Verb::Which { program, home: false }) => {
            commands::which::run(&session, &program, json)
        }
        Some(Verb::Env(arguments)) => commands::env::run(&mut session, &arguments, json),
        Some(Verb::Why { program }) => commands::why::run(&session, program.as_deref(), json),
        Some(Verb::Check) => return commands::check::run(&session, json),
        Some(Verb::Shim { tools, remove: true }) => {
            commands::shim::remove(&mut session, &tools, json)
        }
        Some(Verb::Shim { tools, remove: false }) => {
            commands::shim::run(&mut session, &tools, json)
        }
        Some(Verb::Reshim) => commands::reshim::run(&mut session, json),
        Some(Verb::Doctor) => return commands::doctor::run(&session, json),
        Some(Verb::Setup(arguments)) => commands::setup::run(&session, &arguments, json),
        Some(Verb::Completions { .. } | Verb::InstallItself { .. }) => Ok(()),
        None if typed.tools.is_empty() => return commands::status::run(&session, json),
        None if !typed.command.is_empty() => {
            commands::run::run(&mut session, &typed.tools, &typed.command)
        }
        None => commands::pin::run(&mut session, &typed.tools, typed.global, json),
    };
    done.map(|()| 0)
}

fn completions(shell: Shell) {
    let mut script = Vec::new();
    for name in ["use", "usher"] {
        clap_complete::generate(shell, &mut Typed::command(), name, &mut script);
    }
    output::text(&script);
}
