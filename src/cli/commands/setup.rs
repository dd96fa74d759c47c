//! `use setup [SHELL]`: puts the shims on PATH in the shell's files, or takes them off again.

use clap::Args;
use serde_json::json;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::world::World as _;

use crate::cli::output;
use crate::cli::shell_setup::{
    FileChange, Shell, ShellFolders, apply, diff, path_line, plan, plan_removal, read,
};
use crate::session::Session;

/// What `use setup` was told.
#[derive(Debug, Args)]
pub struct SetupArguments {
    /// Which shell: bash, zsh, fish or sh; without it, yours
    pub shell: Option<String>,
    /// Make the change
    #[arg(short, long)]
    pub yes: bool,
    /// Take it back
    #[arg(long)]
    pub undo: bool,
    /// Print nothing but the line for PATH
    #[arg(long)]
    pub print: bool,
}

/// Runs the verb.
pub fn run(session: &Session, arguments: &SetupArguments, as_json: bool) -> Result<()> {
    let shell = shell(session, arguments.shell.as_deref())?;
    let shims = session.folders.shims();
    if arguments.print {
        output::line(path_line(shell, &shims)?);
        return Ok(());
    }
    let folders = folders(session)?;
    let changes = match arguments.undo {
        false => plan(shell, &folders, &shims, &read)?,
        true => plan_removal(shell, &folders, &read)?,
    };
    if arguments.yes {
        apply(&changes)?;
    }
    if as_json {
        let report: Vec<_> = changes
            .iter()
            .map(|change| json!({ "file": change.path, "made": arguments.yes }))
            .collect();
        output::json(&report);
        return Ok(());
    }
    report(&changes, arguments, shell);
    Ok(())
}

fn report(changes: &[FileChange], arguments: &SetupArguments, shell: Shell) {
    if changes.is_empty() {
        let state =
            if arguments.undo { "no file mentions usher" } else { "the shims are on PATH already" };
        output::line(format_args!("{shell}: {state}"));
        return;
    }
    for change in changes {
        output::text(diff(change).as_bytes());
    }
    match arguments.yes {
        true => output::line(format_args!("done; a new {shell} sees it")),
        false => output::line(format_args!(
            "nothing is written yet: use setup {shell}{} --yes",
            if arguments.undo { " --undo" } else { "" }
        )),
    }
}

fn shell(session: &Session, named: Option<&str>) -> Result<Shell> {
    if let Some(name) = named {
        name.parse()
    } else {
        let variable = session.world.variable("SHELL").unwrap_or_default();
        variable.to_string_lossy().parse().map_err(|_| {
            Error::new(ErrorKind::Usage, "which shell? SHELL says none that usher knows")
                .hint("use setup bash, zsh, fish or sh")
        })
    }
}

fn folders(session: &Session) -> Result<ShellFolders> {
    let folder = |name| {
        session.world.variable(name).map(std::path::PathBuf::from).filter(|path| path.is_absolute())
    };
    match session.folders.user_home.clone().or_else(|| folder("HOME")) {
        Some(home) => Ok(ShellFolders {
            home,
            zdotdir: folder("ZDOTDIR"),
            xdg_config: folder("XDG_CONFIG_HOME"),
        }),
        None => Err(Error::new(ErrorKind::NoHome, "your home folder can't be found")
            .hint("export HOME=/your/home")),
    }
}
