//! The command line: verbs, flags and their help texts.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, ColorChoice, CommandFactory as _, Parser, Subcommand};
use usher_shims::error::{Error, ErrorKind, Result};

use super::help;
use crate::cli::commands::available::AvailableArguments;
use crate::cli::commands::check::CheckArguments;
use crate::cli::commands::config::ConfigVerb;
use crate::cli::commands::env::EnvArguments;
use crate::cli::commands::link::LinkArguments;
use crate::cli::commands::lock::LockArguments;
use crate::cli::commands::prune::PruneArguments;
use crate::cli::commands::retire::RetireArguments;
use crate::cli::commands::schema::SchemaName;
use crate::cli::commands::self_uninstall::SelfUninstallArguments;
use crate::cli::commands::self_update::SelfUpdateArguments;
use crate::cli::commands::setup::SetupArguments;
use crate::cli::commands::sync::SyncArguments;
use crate::cli::commands::uninstall::UninstallArguments;
use crate::cli::commands::unpin::UnpinArguments;
use crate::cli::commands::upgrade::UpgradeArguments;
use crate::cli::output::HELP_STYLES;
use crate::cli::shell_setup::ScriptShell;

/// Run every command with the version your project asks for
#[derive(Debug, Parser)]
#[command(
    name = "use",
    version,
    styles = HELP_STYLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    override_usage = "use [--global] TOOL[@REQUEST]...\n       use TOOL@REQUEST... -- COMMAND...\n       use [VERB]",
    help_template = help::template(&Verb::augment_subcommands(clap::Command::new("use"))),
    after_help = EXAMPLES
)]
pub struct CommandLine {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    /// Tools to pin: node@12, python@3.7, node@lts, node@system
    #[arg(value_name = "TOOL[@REQUEST]")]
    pub(super) tools: Vec<String>,
    /// Set your default, for folders without a pin
    #[arg(short, long)]
    pub(super) global: bool,
    /// With --global: set this account's default (root)
    #[arg(long, value_name = "NAME", requires = "global", conflicts_with = "group")]
    pub(super) account: Option<String>,
    /// With --global: set this group's default (root)
    #[arg(long, value_name = "NAME", requires = "global")]
    pub(super) group: Option<String>,
    /// Without tools: also list defaults and what isn't pinned
    #[arg(long, conflicts_with_all = ["tools", "global", "command"])]
    pub(super) all: bool,
    /// Run one command with these versions; nothing is pinned
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
    #[command(flatten)]
    pub(super) global_flags: GlobalFlags,
}

/// The flags of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct GlobalFlags {
    /// Run as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub(super) directories: Vec<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Don't use the network
    #[arg(long, global = true)]
    pub(super) offline: bool,
    /// Print only results and errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Also print which files decide, and what is fetched
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
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
  use                             show what this project pins, and what runs
  use node@12                     pin node 12 in this project, and install it
  use --global node@lts           make the newest LTS your default
  use node@12 python@3.7 -- bash  run one shell with these versions
  use install                     install all versions that this project pins

`use help VERB` and `use help TOOL` have the details.
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
    /// Give a build of your own a name that can be pinned
    #[command(
        after_help = "Examples:\n  use link node@mine ~/src/node/out\n  use link python@3.13.1 /opt/python\n  use node@mine                   pin it in this project\n  use uninstall node@mine         remove the link\n\nThe folder has the programs in `bin`. usher changes and deletes nothing in it."
    )]
    Link(LinkArguments),
    /// Install the newest versions that match your pins
    #[command(
        after_help = "Examples:\n  use upgrade\n  use upgrade node --dry-run\n  use upgrade --migrate-packages\n\nExact pins and constraints are not changed. Old versions stay installed."
    )]
    #[command(visible_alias = "update", alias = "up")]
    Upgrade(UpgradeArguments),
    /// Remove pins from this project, or your defaults
    #[command(
        after_help = "Examples:\n  use unpin node\n  use unpin node python\n  use unpin --global node\n\nThe rest of a file stays as it is; a version file with nothing else is deleted. Nothing is uninstalled."
    )]
    Unpin(UnpinArguments),
    /// Remove installed versions
    #[command(
        after_help = "Examples:\n  use uninstall node@12.22.12\n  use uninstall python@3.11 --projects ~/src\n\nFirst it names who still uses a version, and asks; without a terminal, such a version is only removed with --yes."
    )]
    #[command(visible_alias = "rm", alias = "remove")]
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
    /// Install what the machine's list and its accounts request
    #[command(
        after_help = "Examples:\n  use sync --dry-run\n  use sync --quiet --log syslog\n  use sync --print-unit timer > /etc/systemd/system/usher-sync.timer\n\nThe list is /etc/usher/wanted-versions, with lines such as: node 20 22"
    )]
    Sync(SyncArguments),
    /// Announce the removal of the machine's versions, or list those
    #[command(
        after_help = "Examples:\n  use retire                          list what is retired\n  use retire node@8 --on 2027-01-31   tell accounts that use node 8 on a terminal\n  use retire node@8 --cancel\n\nNothing is removed, and nothing else changes."
    )]
    Retire(RetireArguments),
    /// List the active versions, and what requests them (as bare `use`)
    #[command(
        alias = "status",
        after_help = "Examples:\n  use current\n  use current node\n  use current --all --json"
    )]
    Current {
        /// Only these tools
        #[arg(value_name = "TOOL")]
        tools: Vec<String>,
        /// Also list installed tools that nothing requests here
        #[arg(long, conflicts_with = "tools")]
        all: bool,
    },
    /// Run a command with this project's versions, or others
    #[command(
        visible_alias = "x",
        override_usage = "use exec [OPTIONS] COMMAND...\n       use exec [OPTIONS] TOOL@REQUEST... -- COMMAND...",
        after_help = "Examples:\n  use exec npm test\n  use exec node@20 python@3.12 -- make\n  use -C ~/src/app exec npm ci\n\nNothing is pinned. Options come before the command."
    )]
    Exec {
        /// The command, or the versions, `--` and the command
        #[arg(
            required = true,
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "COMMAND"
        )]
        words: Vec<OsString>,
    },
    /// List installed versions
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  use list\n  use list node python\n  use list node@20 --paths\n  use list --accounts             who uses which of the machine's versions (root)\n  use list --accounts node@12"
    )]
    List {
        /// Only versions of these tools, or those that match
        #[arg(value_name = "TOOL[@REQUEST]")]
        tools: Vec<String>,
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
    /// Lock the versions that requests mean, in usher.lock
    #[command(
        after_help = "Examples:\n  use lock\n  use lock --upgrade node\n  use lock --check\n\nExit code 1 if --check finds a difference."
    )]
    Lock(LockArguments),
    /// List versions that can be installed
    #[command(
        visible_alias = "ls-remote",
        after_help = "Examples:\n  use available node\n  use available node --all\n  use available node 12\n  use available node lts\n  use available python@pypy"
    )]
    Available(AvailableArguments),
    /// Print the path of the program that runs here
    #[command(after_help = "Examples:\n  use which npm\n  use which python --json")]
    Which {
        /// The program
        program: String,
        /// As `use where`
        #[arg(long, hide = true)]
        home: bool,
    },
    /// Print the folder of an installed version
    #[command(
        after_help = "Examples:\n  use where java               the active version's\n  use where node@20            that of the highest installed node 20\n  export JAVA_HOME=\"$(use where java)\""
    )]
    Where {
        /// A tool, or a program of one
        #[arg(value_name = "TOOL[@REQUEST]")]
        tool: String,
        /// As TOOL@REQUEST
        #[arg(hide = true)]
        request: Option<String>,
    },
    /// Print the active versions' PATH and variables, for a shell or CI
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
    /// Compare the versions in version files, Dockerfiles and CI files
    #[command(
        after_help = "Examples:\n  use check\n  use check --strict\n  use check --fix --dry-run\n  use check --github\n\nExit code 1 if a pin and another place can't both be met. Nothing is executed or downloaded."
    )]
    Check(CheckArguments),
    /// Add versioned shims, such as node12, or list them
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
    /// List, read and change usher's settings
    #[command(
        after_help = "Examples:\n  use config\n  use config get offline\n  use config set auto_install locked\n  use config unset auto_install"
    )]
    Config {
        #[command(subcommand)]
        verb: Option<ConfigVerb>,
    },
    /// Look for problems
    Doctor {
        /// List the checks that passed, too
        #[arg(long)]
        all: bool,
    },
    /// Add the shims and completions to your shell (shows the change)
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
        after_help = "Example:\n  use completions bash >> ~/.bashrc\n\n`use setup` does this, too. zsh needs it as the file _usher in a folder of fpath."
    )]
    Completions {
        /// The shell
        shell: ScriptShell,
    },
    /// Print a JSON Schema, for editors and programs
    #[command(after_help = "Example:\n  use schema config > ~/.config/usher/config.schema.json")]
    Schema {
        /// The schema
        name: SchemaName,
    },
    /// Explain a verb or a tool
    #[command(after_help = "Examples:\n  use help\n  use help install\n  use help node")]
    Help {
        /// A verb, or a tool
        #[arg(value_name = "VERB|TOOL")]
        words: Vec<String>,
    },
    /// Install, update or remove usher itself
    #[command(name = "self", subcommand_required = true, arg_required_else_help = true)]
    Itself {
        #[command(subcommand)]
        verb: SelfVerb,
    },
}

/// The verbs of `use self`.
#[derive(Debug, Subcommand)]
pub(super) enum SelfVerb {
    /// Install this program and the shims that it carries (as install.sh does)
    #[command(after_help = "Examples:\n  ./use self install\n  sudo ./use self install --system")]
    Install {
        /// For all accounts of the machine, in /opt/usher
        #[arg(long)]
        system: bool,
    },
    /// Replace usher by its newest release, after its signature was checked
    #[command(
        after_help = "Examples:\n  use self update\n  use self update 0.2.0\n  use self update --from https://mirror.example/usher"
    )]
    Update(SelfUpdateArguments),
    /// Remove usher with all that it installed, and its lines in shells' files (asks first)
    #[command(
        after_help = "Examples:\n  use self uninstall\n  use self uninstall --keep-toolchains --yes"
    )]
    Uninstall(SelfUninstallArguments),
}

/// The verbs of `use cache`.
#[derive(Debug, Subcommand)]
pub(super) enum CacheVerb {
    /// Delete indexes and downloads that no process is using
    #[command(
        alias = "clear",
        after_help = "Examples:\n  use cache clean\n  use cache clean --dry-run"
    )]
    Clean {
        /// Only report what would be deleted
        #[arg(long)]
        dry_run: bool,
    },
}

impl CommandLine {
    /// Parses the arguments of the process. Global flags may come before a verb: `use --offline
    /// install` is `use install --offline`.
    pub(super) fn of(arguments: &[&OsStr]) -> clap::error::Result<Self> {
        let mut arguments = arguments.to_vec();
        move_verb_first(&mut arguments);
        Self::try_parse_from(arguments)
    }

    /// The words that are `TOOL[@REQUEST]`, or are meant to be.
    pub(super) fn tool_words(&self) -> &[String] {
        match &self.verb {
            None => &self.tools,
            Some(
                Verb::Install { tools, .. }
                | Verb::Verify { tools }
                | Verb::Repair { tools, .. }
                | Verb::Shim { tools, .. }
                | Verb::List { tools, .. },
            ) => tools,
            Some(Verb::Link(arguments)) => std::slice::from_ref(&arguments.tool),
            Some(Verb::Uninstall(arguments)) => &arguments.tools,
            Some(Verb::Prune(arguments)) => &arguments.tools,
            Some(Verb::Retire(arguments)) => &arguments.tools,
            Some(Verb::Available(arguments)) => std::slice::from_ref(&arguments.tool),
            Some(Verb::Where { tool, .. }) => std::slice::from_ref(tool),
            Some(_) => &[],
        }
    }

    /// The words that are `TOOL`, without a request, or are meant to be.
    pub(super) fn tools_alone(&self) -> &[String] {
        match &self.verb {
            Some(Verb::Upgrade(arguments)) => &arguments.tools,
            Some(Verb::Unpin(arguments)) => &arguments.tools,
            Some(Verb::Lock(arguments)) => &arguments.tools,
            Some(Verb::Current { tools, .. } | Verb::Outdated { tools, .. }) => tools,
            Some(_) | None => &[],
        }
    }

    /// Whether the command neither fetches nor writes anything.
    pub(super) fn only_reads(&self) -> bool {
        match &self.verb {
            None => self.tools.is_empty(),
            Some(
                Verb::Verify { .. }
                | Verb::List { .. }
                | Verb::Current { .. }
                | Verb::Help { .. }
                | Verb::Which { .. }
                | Verb::Where { .. }
                | Verb::Env(_)
                | Verb::Why { .. }
                | Verb::Check(_)
                | Verb::Doctor { .. }
                | Verb::Policy { .. }
                | Verb::Completions { .. }
                | Verb::Schema { .. },
            ) => true,
            Some(Verb::Config { verb }) => verb.as_ref().is_none_or(ConfigVerb::only_reads),
            Some(
                Verb::Install { .. }
                | Verb::Link(_)
                | Verb::Upgrade(_)
                | Verb::Unpin(_)
                | Verb::Uninstall { .. }
                | Verb::Repair { .. }
                | Verb::Prune(_)
                | Verb::Sync(_)
                | Verb::Retire(_)
                | Verb::Exec { .. }
                | Verb::Outdated { .. }
                | Verb::Lock(_)
                | Verb::Available(_)
                | Verb::Shim { .. }
                | Verb::Reshim
                | Verb::Cache { .. }
                | Verb::Setup(_)
                | Verb::Itself { .. },
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
        Ok(())
    }
}

/// Moves a verb before the global flags that precede it, as clap wants it.
fn move_verb_first(arguments: &mut [&OsStr]) {
    let command = CommandLine::command();
    let flags = global_flags(&command, arguments.get(1..).unwrap_or_default());
    let is_verb =
        |word: &&OsStr| word.to_str().is_some_and(|word| command.find_subcommand(word).is_some());
    if arguments.get(flags + 1).is_some_and(is_verb) {
        arguments[1..=flags + 1].rotate_right(1);
    }
}

/// How many of the arguments are global flags and their values, before any other.
pub(super) fn global_flags(command: &clap::Command, arguments: &[impl AsRef<OsStr>]) -> usize {
    let mut count = 0;
    while let Some(word) = arguments.get(count).and_then(|word| word.as_ref().to_str()) {
        let flag = command.get_arguments().filter(|flag| flag.is_global_set()).find(|flag| {
            let long = flag.get_long().map(|long| format!("--{long}"));
            let short = flag.get_short().map(|short| format!("-{short}"));
            let takes_value = flag.get_action().takes_values();
            let is_joined = |name: &str| match name.strip_prefix("--") {
                Some(_) => word.strip_prefix(name).is_some_and(|value| value.starts_with('=')),
                None => word.starts_with(name),
            };
            let names = || long.iter().chain(&short);
            names().any(|name| word == name || takes_value && is_joined(name))
        });
        let Some(flag) = flag else { break };
        let is_name = !word.contains('=') && (word.len() == 2 || word.starts_with("--"));
        count += 1 + usize::from(flag.get_action().takes_values() && is_name);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::VERBS;

    #[test]
    fn a_verb_comes_before_global_flags() {
        let moved = |line: &str| {
            let mut words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
            move_verb_first(&mut words);
            words.join(OsStr::new(" ")).into_string().unwrap()
        };
        for (line, expected) in [
            ("use --json --offline list x", "use list --json --offline x"),
            ("use -C a -Cb --color never ls", "use ls -C a -Cb --color never"),
            ("use --color=never -v ls", "use ls --color=never -v"),
            ("use -C list node", "use -C list node"),
            ("use -q node@12", "use -q node@12"),
            ("use --global list", "use --global list"),
            ("use --json", "use --json"),
            ("use -C", "use -C"),
            ("use", "use"),
        ] {
            assert_eq!(moved(line), expected, "{line}");
        }
    }

    #[test]
    fn no_tool_can_be_named_as_a_verb() {
        let command = CommandLine::command();
        let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let names =
            verbs.flat_map(|verb| [verb.get_name()].into_iter().chain(verb.get_all_aliases()));
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        assert_eq!(names, VERBS);
    }

    #[test]
    fn a_word_with_an_at_sign_is_a_tool() {
        for verb in VERBS {
            let word = format!("{verb}@1.2");
            let typed = CommandLine::of(&[OsStr::new("use"), OsStr::new(&word)]).unwrap();
            assert_eq!((typed.verb.is_none(), typed.tools), (true, vec![word]));
        }
    }
}
