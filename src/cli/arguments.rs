//! The command line: verbs, flags and their help texts.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, ColorChoice, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::tool::{TOOLS, Tool};

use crate::cli::commands::available::AvailableArguments;
use crate::cli::commands::check::CheckArguments;
use crate::cli::commands::env::EnvArguments;
use crate::cli::commands::prune::PruneArguments;
use crate::cli::commands::retire::RetireArguments;
use crate::cli::commands::schema::SchemaName;
use crate::cli::commands::setup::SetupArguments;
use crate::cli::commands::sync::SyncArguments;
use crate::cli::commands::uninstall::UninstallArguments;
use crate::cli::commands::upgrade::UpgradeArguments;
use crate::cli::output::HELP_STYLES;
use crate::text::closest;

/// Run every command with the version your project asks for
#[derive(Debug, Parser)]
#[command(
    name = "use",
    version,
    styles = HELP_STYLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    override_usage = "use [--global] TOOL[@REQUEST]...\n       use TOOL@REQUEST... -- COMMAND...\n       use [VERB]",
    after_help = EXAMPLES
)]
pub struct CommandLine {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    /// Tools to pin, with versions: node@12, python@3.7, node@lts, node@system
    #[arg(value_name = "TOOL[@REQUEST]")]
    pub(super) tools: Vec<String>,
    /// Set your default, for folders where no project pins the tool
    #[arg(short, long)]
    pub(super) global: bool,
    /// With --global: set the default of this account of the machine (root)
    #[arg(long, value_name = "NAME", requires = "global", conflicts_with = "group")]
    pub(super) account: Option<String>,
    /// With --global: set the default of this group's accounts (root)
    #[arg(long, value_name = "NAME", requires = "global")]
    pub(super) group: Option<String>,
    /// Without tools: list constraints, defaults and tools that aren't pinned, too
    #[arg(long, conflicts_with_all = ["tools", "global", "command"])]
    pub(super) all: bool,
    /// Run one command with these versions; nothing is pinned
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
    #[command(flatten)]
    pub(super) global_flags: GlobalFlags,
}

/// The flags of every verb.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct GlobalFlags {
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Don't use the network
    #[arg(long, global = true)]
    pub(super) offline: bool,
    /// Print only results and errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Print colors: auto (on a terminal), always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(super) color: ColorChoice,
}

const EXAMPLES: &str = "\
Examples:
  use                               show what this project pins, and what runs for it
  use node@12                       pin node 12 in this project, and install it
  use --global node@lts             make the newest LTS your default
  use node@12 python@3.7 -- bash    run one shell with these versions
  use install                       install all versions that this project pins

If `use` is a keyword of your shell, type `usher` instead.";

/// What `use` can do besides pinning.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Install versions; by default, all that this project pins
    #[command(
        after_help = "Examples:\n  use install\n  use install node@12 python@3.12\n  use install node@20 --store /srv/usher\n  use install node@12.0.0 --from /media/stick/node.tar.gz"
    )]
    Install {
        /// Tools and versions to install
        #[arg(value_name = "TOOL[@REQUEST]")]
        tools: Vec<String>,
        /// Install into a store that several accounts share (see the setting `stores`)
        #[arg(long, value_name = "PATH", requires = "tools")]
        store: Option<PathBuf>,
        /// Install an archive, from a file or a URL; needs one TOOL@VERSION
        #[arg(long, value_name = "FILE-OR-URL", requires = "tools", conflicts_with = "store")]
        from: Option<String>,
        /// Check the archive against this hash
        #[arg(long, value_name = "HEX", requires = "from")]
        sha256: Option<String>,
    },
    /// Install the newest versions that match your pins; old versions stay installed
    #[command(
        after_help = "Examples:\n  use upgrade\n  use upgrade node --dry-run\n  use upgrade --migrate-packages\n\nExact pins and constraints are not changed."
    )]
    Upgrade(UpgradeArguments),
    /// Remove installed versions
    #[command(
        after_help = "Examples:\n  use uninstall node@12.22.12\n  use uninstall python@3.11 --projects ~/src\n\nFirst it names who still uses a version, and asks; without a terminal, such a version is only removed with --yes."
    )]
    Uninstall(UninstallArguments),
    /// Check installed versions for changed, missing or added files
    #[command(
        after_help = "Examples:\n  use verify\n  use verify node@12.22.12 --json\n\nExit code 65 if a file was changed, removed or added. Packages added later are not reported."
    )]
    Verify {
        /// Tools and versions to verify; by default, all that usher installed
        #[arg(value_name = "TOOL[@VERSION]")]
        tools: Vec<String>,
    },
    /// Restore installed versions, keeping packages you added
    #[command(
        after_help = "Examples:\n  use repair\n  use repair node@12.22.12\n\nDownloads the original files again. Packages stay. It asks before it removes other files that `use verify` reports as added, and bundled packages that a package manager updated; without a terminal, they stay."
    )]
    Repair {
        /// Don't ask; remove all that isn't from upstream
        #[arg(long, short)]
        yes: bool,
        /// Tools and versions to repair; by default, all that need it
        #[arg(value_name = "TOOL[@VERSION]")]
        tools: Vec<String>,
    },
    /// Remove unused versions (asks first)
    #[command(
        after_help = "Examples:\n  use prune --unused 90 --dry-run\n  use prune --unused 90 --projects ~/src\n  use prune node@12.22.12\n  use prune --copies --dry-run\n\nKeeps versions that this project, your default or the machine's default requests."
    )]
    Prune(PruneArguments),
    /// Install what the machine's list and its accounts request (for root)
    #[command(
        after_help = "Examples:\n  use sync --dry-run\n  use sync --quiet --log syslog\n  use sync --print-unit timer > /etc/systemd/system/usher-sync.timer\n\nThe list is /etc/usher/wanted-versions, with lines such as: node 20 22"
    )]
    Sync(SyncArguments),
    /// Announce that versions of the machine are removed (root); without arguments, list those
    #[command(
        after_help = "Examples:\n  use retire                          list what is retired\n  use retire node@8 --on 2027-01-31   tell accounts that use node 8 on a terminal\n  use retire node@8 --cancel\n\nNothing is removed, and nothing else changes."
    )]
    Retire(RetireArguments),
    /// List installed versions
    #[command(
        after_help = "Examples:\n  use list\n  use list node --paths\n  use list --accounts             who uses which of the machine's versions (root)\n  use list --accounts node@12"
    )]
    List {
        /// Only versions of this tool; with --accounts, also one version
        #[arg(value_name = "TOOL")]
        tool: Option<String>,
        /// Show the path of each version's main program
        #[arg(long, conflicts_with = "accounts")]
        paths: bool,
        /// List who uses the versions of the machine's store
        #[arg(long)]
        accounts: bool,
        /// Also look in this folder for projects that use them; can be repeated
        #[arg(long, value_name = "DIR", requires = "accounts")]
        projects: Vec<PathBuf>,
    },
    /// Show which active versions have newer releases
    #[command(
        after_help = "Examples:\n  use outdated\n  use outdated node python\n  use outdated --all --json\n\nExit code 0, outdated or not."
    )]
    Outdated {
        /// Only these tools
        #[arg(value_name = "TOOL")]
        tools: Vec<String>,
        /// Include installed tools that this project doesn't pin
        #[arg(long, conflicts_with = "tools")]
        all: bool,
    },
    /// List versions that can be installed
    #[command(
        after_help = "Examples:\n  use available node\n  use available node --all\n  use available node 12\n  use available node lts\n  use available python@pypy"
    )]
    Available(AvailableArguments),
    /// Print the path of the program that runs here
    #[command(after_help = "Examples:\n  use which npm\n  use which --home java")]
    Which {
        /// A program; with --home, also a tool
        program: String,
        /// Print the folder of its version
        #[arg(long)]
        home: bool,
    },
    /// Print PATH and variables of the active versions, for programs that don't use the shims
    #[command(
        after_help = "Examples:\n  eval \"$(use env)\"\n  use env --shell fish | source\n  use env java --json\n  use env --github\n  use env --gitlab > versions.env\n\nInstalls missing versions, if the setting auto_install lets a shim do so."
    )]
    Env(EnvArguments),
    /// Explain which version of a program runs here
    #[command(after_help = "Examples:\n  use why node\n  use why python3.7\n  use why --json")]
    Why {
        /// The program; by default, all pinned tools
        program: Option<String>,
    },
    /// Compare all versions that a project's files name: version files, Dockerfiles, CI
    #[command(
        after_help = "Examples:\n  use check\n  use check --strict\n  use check --fix --dry-run\n  use check --github\n\nExit code 1 if a pin and another place can't both be met. Nothing is executed or downloaded."
    )]
    Check(CheckArguments),
    /// Add versioned shims, such as node12; without arguments, list them
    #[command(
        after_help = "Examples:\n  use shim node@12             add node12 and node@12, installed or not\n  use shim python@3.7.16\n  use shim --remove node@12"
    )]
    Shim {
        /// Tools and versions to call by name
        #[arg(value_name = "TOOL@REQUEST")]
        tools: Vec<String>,
        /// Remove these shims
        #[arg(long, requires = "tools")]
        remove: bool,
    },
    /// Rescan this machine, and update the shims
    Reshim,
    /// Clear the download and index cache
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Cache {
        #[command(subcommand)]
        verb: CacheVerb,
    },
    /// Look for problems
    Doctor {
        /// List the checks that passed, too
        #[arg(long)]
        all: bool,
    },
    /// Add the shims to PATH in your shell's files (shows the change first)
    #[command(
        after_help = "Examples:\n  use setup\n  use setup zsh --yes\n  use setup --undo --yes\n  use setup --system --yes       in /etc, for all accounts; as root"
    )]
    Setup(SetupArguments),
    /// Show what the machine's policy limits, or check a policy file
    #[command(after_help = "Examples:\n  use policy\n  use policy new-policy.toml")]
    Policy {
        /// A file to check before it is put in place
        file: Option<PathBuf>,
    },
    /// Print a completion script
    #[command(
        after_help = "Example:\n  use completions fish > ~/.config/fish/completions/use.fish"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a JSON Schema, for editors and programs
    #[command(after_help = "Example:\n  use schema config > ~/.config/usher/config.schema.json")]
    Schema {
        /// The schema
        name: SchemaName,
    },
    /// Install usher itself; called by install.sh
    #[command(name = "__install", hide = true)]
    InstallItself {
        /// For all accounts of the machine
        #[arg(long)]
        system: bool,
    },
}

/// The verbs of `use cache`.
#[derive(Debug, Subcommand)]
pub(super) enum CacheVerb {
    /// Delete indexes and downloads that no process is using
    #[command(after_help = "Examples:\n  use cache clean\n  use cache clean --dry-run")]
    Clean {
        /// Only report what would be deleted
        #[arg(long)]
        dry_run: bool,
    },
}

impl CommandLine {
    /// Whether the command neither fetches nor writes anything.
    pub(super) fn only_reads(&self) -> bool {
        match &self.verb {
            None => self.tools.is_empty(),
            Some(
                Verb::Verify { .. }
                | Verb::List { .. }
                | Verb::Which { .. }
                | Verb::Env(_)
                | Verb::Why { .. }
                | Verb::Check(_)
                | Verb::Doctor { .. }
                | Verb::Policy { .. }
                | Verb::Completions { .. }
                | Verb::Schema { .. },
            ) => true,
            Some(
                Verb::Install { .. }
                | Verb::Upgrade(_)
                | Verb::Uninstall { .. }
                | Verb::Repair { .. }
                | Verb::Prune(_)
                | Verb::Sync(_)
                | Verb::Retire(_)
                | Verb::Outdated { .. }
                | Verb::Available(_)
                | Verb::Shim { .. }
                | Verb::Reshim
                | Verb::Cache { .. }
                | Verb::Setup(_)
                | Verb::InstallItself { .. },
            ) => false,
        }
    }

    /// Refuses arguments that parse, but contradict each other.
    pub(super) fn validate(&self, arguments: &[&OsStr]) -> Result<()> {
        if self.verb.is_some() {
            return Ok(());
        }
        let has_dashes = arguments.iter().any(|argument| *argument == "--");
        if has_dashes && self.command.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "missing command after `--`")
                .hint("use node@12 -- bash"));
        }
        if self.global && !self.command.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                "--global can't be combined with `-- COMMAND`, which runs one command",
            )
            .hint("use node@12 -- bash"));
        }
        if self.tools.is_empty() && (self.global || has_dashes) {
            return Err(Error::new(ErrorKind::Usage, "missing tool").hint("use --global node@lts"));
        }
        match self.tools.iter().find_map(|word| misspelled_verb(word)) {
            Some((word, verb)) => Err(Error::new(
                ErrorKind::Usage,
                format!("unknown verb or tool “{}”", Escaped(word)),
            )
            .because(format!("nearest: {verb}"))
            .hint(format!("use {verb}"))),
            None => Ok(()),
        }
    }
}

/// A word that is nearly a verb, and not a tool.
fn misspelled_verb(word: &str) -> Option<(&str, String)> {
    let is_tool = word.contains('@') || Tool::named(TOOLS, word).is_some();
    let command = CommandLine::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let verb = closest(word, verbs.map(clap::Command::get_name))?;
    (!is_tool).then(|| (word, verb.to_owned()))
}
