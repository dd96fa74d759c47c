//! `use env [TOOL…]`: what a program that asks no shim needs for the versions in force here.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use clap::Args;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::tool::Tool;
use usher_shims::world::World as _;

use crate::cli::environment::{self, Environment};
use crate::cli::output;
use crate::cli::shell_setup::Shell;
use crate::session::{Session, read_text};

/// What `use env` was told.
#[derive(Debug, Args)]
pub struct EnvArguments {
    /// Only for these; without, for all that somebody asks for here
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// As code for this shell: bash, zsh, fish or sh; sh, which bash and zsh understand, unless said
    #[arg(long, conflicts_with_all = ["github", "gitlab", "json"])]
    pub shell: Option<String>,
    /// For the next steps of a GitHub job: appended to the files that `GITHUB_PATH` and `GITHUB_ENV` name
    #[arg(long, conflicts_with_all = ["gitlab", "json"])]
    pub github: bool,
    /// For the next jobs of a GitLab pipeline: a dotenv report
    #[arg(long, conflicts_with = "json")]
    pub gitlab: bool,
}

/// Runs the verb. What is missing is fetched, where a shim would fetch it.
pub fn run(session: &mut Session, arguments: &EnvArguments, as_json: bool) -> Result<()> {
    let shell: Shell = arguments.shell.as_deref().unwrap_or("sh").parse()?;
    let tools = named(session, &arguments.tools)?;
    let environment = match tools.is_empty() {
        true => environment::active_selection(session)?,
        false => environment::of(session, &tools)?,
    };
    if tools.is_empty() && environment.is_empty() {
        session.note("nothing here asks for a version");
    }
    match () {
        () if as_json => output::json(&environment),
        () if arguments.github => return github(session, &environment),
        () if arguments.gitlab => {
            let path = session.world.variable("PATH").unwrap_or_default();
            let path = path.to_str().ok_or_else(|| {
                Error::new(
                    ErrorKind::BadValue,
                    "PATH can't stand in a dotenv report: it isn't UTF-8",
                )
            })?;
            output::text(environment::gitlab(&environment, path)?.as_bytes());
        }
        () => output::text(environment::code(&environment, shell).as_bytes()),
    }
    Ok(())
}

fn named(session: &Session, words: &[String]) -> Result<Vec<&'static Tool>> {
    let tool = |word: &String| match word.split_once('@') {
        None => session.registry.named(word).map(|known| known.tool),
        Some((name, _)) => {
            session.registry.named(name)?;
            let what = format!("`use env` tells of what is in force: {} says more", Escaped(word));
            Err(Error::new(ErrorKind::Usage, what).hint(format!("use {word} -- use env {name}")))
        }
    };
    words.iter().map(tool).collect()
}

/// Appends to the files that the job's runner reads, or prints what would be.
fn github(session: &Session, environment: &Environment) -> Result<()> {
    let path = environment::github_path(environment)?;
    let variables = environment::github_variables(environment);
    for (variable, text) in [("GITHUB_PATH", path), ("GITHUB_ENV", variables)] {
        match session.world.variable(variable).filter(|file| !file.is_empty()) {
            _ if text.is_empty() => {}
            Some(file) => append(Path::new(&file), text)?,
            None => output::text(text.as_bytes()),
        }
    }
    Ok(())
}

/// Appends whole lines, in one write.
fn append(file: &Path, text: String) -> Result<()> {
    let is_open_ended =
        read_text(file)?.is_some_and(|text| !text.is_empty() && !text.ends_with('\n'));
    let text = if is_open_ended { format!("\n{text}") } else { text };
    let opened = OpenOptions::new().append(true).create(true).open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|error| Error::io("write", file, error))
}
