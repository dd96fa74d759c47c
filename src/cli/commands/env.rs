//! `use env [TOOL…]`: what a program that doesn't use the shims needs to run the active versions.

use std::path::Path;

use clap::Args;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::tool::Tool;
use usher_shims::world::World as _;

use crate::cli::environment::{self, EnvReport};
use crate::cli::output;
use crate::cli::shell_setup::Shell;
use crate::files::append::append_lines;
use crate::session::Session;
use crate::text::short_list;

/// The arguments of `use env`.
#[derive(Debug, Args)]
pub struct EnvArguments {
    /// Tools; all that this project pins, by default
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// Print code for this shell: sh (the default), bash, zsh, fish, nushell or elvish
    #[arg(long, conflicts_with_all = ["github", "gitlab", "json"])]
    pub shell: Option<String>,
    /// Append to the files that `GITHUB_PATH` and `GITHUB_ENV` name, for the next steps of a GitHub job
    #[arg(long, conflicts_with_all = ["gitlab", "json"])]
    pub github: bool,
    /// Print a dotenv report, for the next jobs of a GitLab pipeline
    #[arg(long, conflicts_with = "json")]
    pub gitlab: bool,
}

/// Runs `use env`. A missing version is installed if a shim would install it.
pub fn run(session: &mut Session, arguments: &EnvArguments, as_json: bool) -> Result<()> {
    let shell: Shell = arguments.shell.as_deref().unwrap_or("sh").parse()?;
    let tools = named_tools(session, &arguments.tools)?;
    let environment = match tools.is_empty() {
        true => environment::for_pinned_tools(session)?,
        false => environment::for_tools(session, &tools)?,
    };
    if tools.is_empty() && environment.is_empty() {
        session.note("no tool is pinned here");
    }
    if (arguments.github || arguments.gitlab) && !environment.unset.is_empty() {
        let names = short_list(&environment.unset);
        session.note(&format!("later steps keep these variables of other versions: {names}"));
    }
    match () {
        () if as_json => output::print_answer(&environment),
        () if arguments.github => github(session, &environment),
        () if arguments.gitlab => {
            let path = session.world.variable("PATH").unwrap_or_default();
            let path = path.to_str().ok_or_else(|| {
                Error::new(ErrorKind::BadValue, "can't write PATH to a dotenv report")
                    .because("it isn't UTF-8")
            })?;
            output::print_exact(environment::gitlab_dotenv(&environment, path)?.as_bytes())
        }
        () => output::print_exact(environment::shell_code(&environment, shell).as_bytes()),
    }
}

fn named_tools(session: &Session, words: &[String]) -> Result<Vec<&'static Tool>> {
    let tool = |word: &String| match word.split_once('@') {
        None => session.registry.named(word).map(|known| known.tool),
        Some((name, _)) => {
            session.registry.named(name)?;
            let what = format!("`use env` takes tools without versions: {}", Escaped(word));
            Err(Error::new(ErrorKind::Usage, what).hint(format!("use {word} -- use env {name}")))
        }
    };
    words.iter().map(tool).collect()
}

/// Appends to the files that the job's runner reads; prints the lines where a file isn't named.
fn github(session: &Session, environment: &EnvReport) -> Result<()> {
    let path = environment::github_path(environment)?;
    let variables = environment::github_variables(environment);
    for (variable, text) in [("GITHUB_PATH", path), ("GITHUB_ENV", variables)] {
        match session.world.variable(variable).filter(|file| !file.is_empty()) {
            _ if text.is_empty() => {}
            Some(file) => append_lines(Path::new(&file), &text)
                .map_err(|error| error.hint(format!("unset {variable}")))?,
            None => output::print_exact(text.as_bytes())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    #[test]
    fn tools_are_named_without_versions() {
        let session = session(MemoryWorld::at("/p"));
        let named = |word: &str| named_tools(&session, &[word.to_owned()]);
        assert_eq!(named("nodejs").unwrap()[0].name, "node");
        assert_eq!(named("nodee").unwrap_err().kind(), ErrorKind::UnknownTool);
        assert_eq!(named("nodee@12").unwrap_err().kind(), ErrorKind::UnknownTool);
        assert_eq!(
            named("node@12").unwrap_err().to_string(),
            "`use env` takes tools without versions: node@12\n  hint: use node@12 -- use env node"
        );
    }
}
