//! Finds out which versions are in force here, and what their tools need.

use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::resolve::{MissingVersion, Outcome, Plan, Selection};
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::world::World as _;

use super::{Environment, Provided, text};
use crate::cli::handoff;
use crate::session::Session;
use crate::session::current::version_label;

/// How often a tool is resolved anew: after an install, and after asking the system's programs.
const MOST_ROUNDS: usize = 4;

/// What provides a tool.
enum Provider {
    /// A toolchain with a folder of its own, and the tool that it is of.
    Toolchain(&'static Tool, Toolchain),
    /// Its shim: the program lies among the system's own.
    Shim,
    /// Nothing of usher's: what would have run without it.
    Nothing,
}

/// What all need that somebody asks for here. What is missing is fetched, where a shim would.
pub fn active_selection(session: &mut Session) -> Result<Environment> {
    let mut providers = Vec::new();
    let tools: Vec<&'static Tool> = session.index.tools.all().collect();
    for tool in tools {
        let Some(call) = Call::for_main_program(tool) else { continue };
        let provider = settled(session, tool, &|session| {
            Ok(match session.resolver().selector().select(&call)? {
                Selection::Toolchain(toolchain, Some(_)) => Said::Provider(kind(tool, toolchain)),
                Selection::System(Some(_)) => Said::Provider(Provider::Shim),
                Selection::Toolchain(_, None) | Selection::System(None) => {
                    Said::Provider(Provider::Nothing)
                }
                Selection::Missing(missing) => Said::Missing(missing),
                Selection::Stale => Said::Stale,
            })
        })?;
        providers.push((tool, provider));
    }
    environment(session, providers)
}

/// What these tools need, whoever asks for them. What is missing is fetched, where a shim would.
pub fn of(session: &mut Session, tools: &[&'static Tool]) -> Result<Environment> {
    let mut providers = Vec::new();
    for tool in tools.iter().copied() {
        let provider = settled(session, tool, &|session| {
            Ok(match session.resolver().resolve(tool.main_program(), &[])? {
                Outcome::Run(plan) => Said::Provider(provider(session, plan)?),
                Outcome::Missing(missing) => Said::Missing(missing),
                Outcome::Stale => Said::Stale,
            })
        })?;
        if matches!(provider, Provider::Nothing) {
            session.note(&format!(
                "{} is the system's here, as without usher: nothing is to be set for it",
                tool.name
            ));
        }
        providers.push((tool, provider));
    }
    environment(session, providers)
}

/// What a look came to.
enum Said {
    Provider(Provider),
    Missing(MissingVersion),
    Stale,
}

/// Looks until nothing is missing or out of date any more.
fn settled(
    session: &mut Session,
    tool: &Tool,
    look: &dyn Fn(&Session) -> Result<Said>,
) -> Result<Provider> {
    for _ in 0..MOST_ROUNDS {
        match look(session)? {
            Said::Provider(provider) => return Ok(provider),
            Said::Missing(missing) => handoff::get(session, &missing)?,
            Said::Stale => session.refresh()?,
        }
    }
    Err(Error::new(
        ErrorKind::NotRunnable,
        format!("which {} is meant can't be settled", tool.name),
    )
    .hint("use doctor"))
}

/// The folder of the version that a plan's program is of; none where it lies among the system's.
pub fn folder(session: &Session, plan: &Plan) -> Result<Option<PathBuf>> {
    let toolchain = match &plan.toolchain {
        Some(toolchain) => Some(toolchain.clone()),
        None => passed_on(session, plan)?,
    };
    Ok(toolchain.filter(|one| !is_systems(one)).map(|toolchain| toolchain.root))
}

fn provider(session: &Session, plan: Plan) -> Result<Provider> {
    let passed_on = passed_on(session, &plan)?;
    Ok(match (plan.toolchain, passed_on) {
        (Some(toolchain), _) => kind(plan.tool, toolchain),
        (None, Some(toolchain)) => Provider::Toolchain(plan.tool, toolchain),
        (None, None) => Provider::Nothing,
    })
}

/// The system's programs lie among others, some under other names: no folder on PATH gives them.
fn kind(tool: &'static Tool, toolchain: Toolchain) -> Provider {
    match is_systems(&toolchain) {
        true => Provider::Shim,
        false => Provider::Toolchain(tool, toolchain),
    }
}

fn is_systems(toolchain: &Toolchain) -> bool {
    matches!(toolchain.store, Store::System(_))
}

/// The toolchain that the next program on PATH is of, if it is of one at all: the system's may be a
/// link into one.
fn passed_on(session: &Session, plan: &Plan) -> Result<Option<Toolchain>> {
    let identity =
        |path: &Path| session.world.metadata(path).ok().flatten().map(|seen| seen.identity);
    let (tool, wanted) = (plan.tool, identity(&plan.program));
    let Some(name) = plan.program.file_name().and_then(|name| name.to_str()) else {
        return Ok(None);
    };
    let toolchains = all_toolchains(&session.world, &session.index, tool)?.unwrap_or_default();
    Ok(toolchains.into_iter().find(|toolchain| {
        !is_systems(toolchain) && wanted.is_some() && identity(&toolchain.program(name)) == wanted
    }))
}

/// A tool that runs on another one comes before it: its programs are pinned, and the other's only
/// come with it.
fn environment(
    session: &Session,
    mut providers: Vec<(&'static Tool, Provider)>,
) -> Result<Environment> {
    let mut environment = Environment::default();
    providers.sort_by_key(|(tool, _)| tool.runtime.is_none());
    for (_, provider) in &providers {
        if let Provider::Toolchain(tool, toolchain) = provider {
            add(session, &mut environment, (tool, toolchain))?;
        }
    }
    if providers.iter().any(|(_, provider)| matches!(provider, Provider::Shim)) {
        environment.add_folder(&session.folders.shims())?;
    }
    Ok(environment)
}

fn add(
    session: &Session,
    environment: &mut Environment,
    (tool, toolchain): (&'static Tool, &Toolchain),
) -> Result<()> {
    // What the account added comes first, as for the shims; what it added for all versions last.
    let added =
        session.index.global_packages_folder(tool, toolchain).map(|folder| folder.join("bin"));
    for folder in added.iter().filter(|folder| folder.is_dir()) {
        environment.add_folder(folder)?;
    }
    environment.add_folder(&toolchain.programs())?;
    let for_all = session.index.user_wide_programs(tool);
    if for_all.is_dir() {
        environment.add_folder(&for_all)?;
    }
    let Some(call) = Call::for_main_program(tool) else { return Ok(()) };
    for (name, value) in session.resolver().environment().for_all_programs(&call, toolchain) {
        let value = value.into_string().map_err(|value| {
            let shown = value.to_string_lossy().into_owned();
            Error::new(ErrorKind::BadValue, format!("{name} can't be {}", Escaped(&shown)))
                .because("it isn't UTF-8")
        })?;
        environment.variables.push((name, value));
    }
    environment.tools.push(Provided {
        tool: tool.name,
        version: version_label(toolchain),
        path: text(&toolchain.root)?.to_owned(),
        programs: text(&toolchain.programs())?.to_owned(),
    });
    Ok(())
}
