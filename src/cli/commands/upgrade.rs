//! `use upgrade [TOOL…]`: installs the newest release that matches each request here. The older
//! versions stay installed; the shims pick the highest.

mod migration;
mod row;

use clap::Args;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::Origin;
use usher_shims::request::Request;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use self::migration::{MigrationPolicy, migrate};
pub(in crate::cli) use self::row::UpgradeAnswer;
use self::row::{UpgradeOutcome, UpgradeRow, UpgradeRule, UpgradeState, VersionStep};
use super::get::requested_by;
use super::{ToolArgument, lock, tool_arguments};
use crate::cli::explanation::install_command;
use crate::cli::output;
use crate::cli::output::json::{OriginKind, RequestOrigin};
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::files::interrupt::Unfinished;
use crate::project::lockfile::lockable;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::runtime;
use crate::releases::updates::is_release_request;
use crate::releases::{Finder, Release, ToolRequest};
use crate::session::Session;
use crate::session::active::{ActiveVersion, is_the_administrators};
use crate::store::install::Installer;
use crate::store::runtime::install_runtime;

/// The arguments of `use upgrade`.
#[derive(Debug, Args)]
pub struct UpgradeArguments {
    /// Only these tools
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// Only list what would be installed
    #[arg(long)]
    pub dry_run: bool,
    /// Install the old versions' global packages in the new ones, without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub migrate_packages: bool,
}

/// A tool that the command looks at.
struct SelectedTool<'a> {
    known: KnownTool<'a>,
    /// Whether it was named; one that wasn't is skipped where nothing pins it.
    is_named: bool,
}

/// Looks up releases.
struct Releases<'a> {
    /// The newest release that matches a request.
    newest: &'a dyn Fn(&ToolRequest<'_>) -> Result<Release>,
    /// All versions that the tool's source lists, if it can be reached.
    listed: &'a dyn Fn(KnownTool<'_>) -> Result<Vec<Version>>,
}

/// What is done for a tool.
struct UpgradePlan {
    row: UpgradeRow,
    /// The release to install, if there is a newer one.
    upgrade: Option<PlannedUpgrade>,
    /// Why nothing could be decided.
    error: Option<Error>,
}

struct PlannedUpgrade {
    request: Request,
    origin: Origin,
    release: Release,
    /// The version that ran until now.
    old: Option<Toolchain>,
}

/// Runs the command. An error with one tool doesn't stop the others; the first is the command's.
pub fn run(session: &mut Session, arguments: &UpgradeArguments, as_json: bool) -> Result<i32> {
    let selected = select(session, &arguments.tools)?;
    let (mut outcomes, errors) = upgrade_all(session, &selected, arguments.dry_run)?;
    if outcomes.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "no tool is pinned here").hint("use node@lts"));
    }
    if !as_json {
        for error in errors.iter().skip(1) {
            session.reporter.error(error);
        }
    }
    if outcomes.iter().any(|one| one.row.state == UpgradeState::Upgraded) {
        refresh_shims(session, &[])?;
        lock::update(session, &locked(&outcomes))?;
    }
    if !as_json {
        output::print_text(row::table(outcomes.iter().map(|one| &one.row)))?;
    }
    migrate(session, &mut outcomes, policy(session, arguments, as_json), as_json)?;
    let error = errors.into_iter().next();
    if as_json {
        let tools = outcomes.into_iter().map(|one| one.row).collect();
        output::print_answer(&UpgradeAnswer { tools })?;
        return Ok(error.map_or(0, |error| error.kind().exit_code().into()));
    }
    error.map_or(Ok(0), Err)
}

/// The versions of what was upgraded and is requested by a project's file.
fn locked(outcomes: &[UpgradeOutcome]) -> Vec<(&'static str, Version)> {
    let is_upgraded = |one: &&UpgradeOutcome| one.row.state == UpgradeState::Upgraded;
    let upgraded = outcomes.iter().filter(is_upgraded).map(|one| &one.row);
    let of_files = upgraded.filter(|row| {
        row.requested_by.as_ref().is_some_and(|origin| origin.kind == OriginKind::File)
    });
    of_files.filter_map(|row| Some((row.tool, Version::parse(row.to.as_deref()?)?))).collect()
}

fn policy(session: &Session, arguments: &UpgradeArguments, as_json: bool) -> MigrationPolicy {
    match () {
        () if arguments.dry_run => MigrationPolicy::DryRun,
        () if session.settings.offline => MigrationPolicy::Never,
        () if arguments.migrate_packages => MigrationPolicy::Always,
        () if !as_json && output::can_ask() => MigrationPolicy::Ask,
        () => MigrationPolicy::Never,
    }
}

/// The tools that were named, else all.
fn select<'a>(session: &'a Session, words: &[String]) -> Result<Vec<SelectedTool<'a>>> {
    if words.is_empty() {
        let all = session.registry.all();
        return Ok(all.map(|known| SelectedTool { known, is_named: false }).collect());
    }
    let named = tool_arguments(session, words)?.into_iter();
    let named = named.map(|ToolArgument { known, request }| match request {
        None => Ok(SelectedTool { known, is_named: true }),
        Some(request) => {
            let what = "`use upgrade` takes tool names without versions";
            let hint = install_command(known.tool.name, request.as_str());
            Err(Error::new(ErrorKind::Usage, what).hint(hint))
        }
    });
    named.collect()
}

/// Decides and upgrades one tool after the other: what a version is built for may have been
/// upgraded just before.
fn upgrade_all(
    session: &Session,
    selected: &[SelectedTool<'_>],
    is_dry_run: bool,
) -> Result<(Vec<UpgradeOutcome>, Vec<Error>)> {
    let access = folders::write_access(&session.folders)?;
    let network = Network::with_cache(session, &access);
    let finder = Finder::new(session, &network);
    let installer = Installer::new(session, &access, &network, &finder);
    let installer = installer.without_announcements();
    let listed = |known: KnownTool<'_>| -> Result<Vec<Version>> {
        Ok(finder
            .list_first_source(known)?
            .releases
            .into_iter()
            .map(|release| release.version)
            .collect())
    };
    let newest = |tool_request: &ToolRequest<'_>| {
        let name = format!("{} {}", tool_request.known.tool.name, tool_request.request);
        let _shown = session.reporter.task("resolving", &name);
        finder.find(tool_request)
    };
    let releases = Releases { newest: &newest, listed: &listed };
    let unfinished = Unfinished::other("nothing was upgraded");
    let mut upgraded = Vec::new();
    let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
    for SelectedTool { known, is_named } in selected {
        let plan = decide(session, *known, &releases);
        if let Some(upgrade) = plan.upgrade.as_ref().filter(|_| !is_dry_run) {
            let location = installer.store.location(*known, &upgrade.release.version);
            upgraded.push(Unfinished::install(location.name(), &location.root));
            unfinished.forget();
        }
        let (outcome, error) = match is_dry_run {
            true => plan.into_outcome(),
            false => apply(session, *known, plan, &installer),
        };
        let is_relevant = outcome.row.request.is_some() || error.is_some() || *is_named;
        errors.extend(error);
        outcomes.extend(Some(outcome).filter(|_| is_relevant));
    }
    Ok((outcomes, errors))
}

/// Decides what is done for a tool.
fn decide(session: &Session, known: KnownTool<'_>, releases: &Releases<'_>) -> UpgradePlan {
    let mut row = UpgradeRow::of(known.tool.name);
    match find_upgrade(session, known, releases, &mut row) {
        Ok(upgrade) => UpgradePlan { row, upgrade, error: None },
        Err(error) => {
            row.fail(&error);
            UpgradePlan { row, upgrade: None, error: Some(error) }
        }
    }
}

/// The upgrade of a tool, if there is one; else the row has the reason.
fn find_upgrade(
    session: &Session,
    known: KnownTool<'_>,
    releases: &Releases<'_>,
    row: &mut UpgradeRow,
) -> Result<Option<PlannedUpgrade>> {
    let mut current = ActiveVersion::of(session, known)?;
    // A lockfile's version is what is upgraded: what the version file has decides how far.
    if current.requested().is_some_and(|(_, origin)| origin.locked().is_some())
        && let Some(lockable) = lockable(session, known)?
    {
        (current.pin, current.is_constraint) = (Some(lockable.pin), false);
    }
    row.from = current.version.as_ref().map(ToString::to_string);
    let Some((request, origin)) = current.requested() else {
        row.skip(
            UpgradeRule::NotPinned,
            "it is not pinned here",
            Some(format!("use {}@latest", known.tool.name)),
        );
        return Ok(None);
    };
    row.request = Some(request.to_string());
    row.requested_by = Some(RequestOrigin::of(origin));
    if let Some((rule, reason)) = skip_reason(&current, request) {
        row.skip(rule, reason, None);
        return Ok(None);
    }
    if session.may_fetch()
        && let Some((reason, hint)) = of_the_administrator(session, known, request, origin)
    {
        row.skip(UpgradeRule::AdministratorsDefault, reason, Some(hint));
        return Ok(None);
    }
    if let Some(exact) = request.exact(known.tool) {
        let hint = match current.version {
            Some(_) => newer_than_pinned(known, exact, origin, releases),
            None => Some("use install".to_owned()),
        };
        row.skip(UpgradeRule::ExactVersion, "it is pinned to an exact version", hint);
        return Ok(None);
    }
    if !session.may_fetch() {
        let reason = "accounts install no versions on this machine";
        row.skip(UpgradeRule::MayNotInstall, reason, Some("use policy".to_owned()));
        return Ok(None);
    }
    let release = (releases.newest)(&ToolRequest { known, request, origin })?;
    if !current.is_newer(&release.version) {
        return Ok(None);
    }
    row.to = Some(release.version.to_string());
    row.state = UpgradeState::Upgradable;
    let (request, origin) = (request.clone(), origin.clone());
    Ok(Some(PlannedUpgrade { request, origin, release, old: current.toolchain }))
}

/// Why an account doesn't upgrade what the machine's default requests, and what to type for a version
/// of its own: what it installed would be in its home alone, and would run from then on.
fn of_the_administrator(
    session: &Session,
    known: KnownTool<'_>,
    request: &Request,
    origin: &Origin,
) -> Option<(&'static str, String)> {
    let hint = format!("use --global {}@{request}", known.tool.name);
    is_the_administrators(session, origin)
        .then_some(("this default is the administrator's to upgrade", hint))
}

/// Why `use upgrade` doesn't change a tool, whatever releases there are.
fn skip_reason(current: &ActiveVersion<'_>, request: &Request) -> Option<(UpgradeRule, String)> {
    if current.known.definition.source.is_empty() {
        let reason = format!("usher has no source for {}", current.known.tool.name);
        return Some((UpgradeRule::NoSource, reason));
    }
    if !is_release_request(current.known, request) {
        return Some((UpgradeRule::NoRelease, "the request doesn't name a release".to_owned()));
    }
    let reason = || (UpgradeRule::Constraint, "it is constrained, not pinned".to_owned());
    current.is_constraint.then(reason)
}

/// What to type for a newer version of the release line that is pinned. Another line is the user's
/// decision, and `use outdated` names it.
fn newer_than_pinned(
    known: KnownTool<'_>,
    exact: &Version,
    origin: &Origin,
    releases: &Releases<'_>,
) -> Option<String> {
    let tool = known.tool.name;
    let line = known.release_line(exact);
    let is_newer = |version: &Version| {
        version > exact
            && version.flavour() == exact.flavour()
            && !version.is_prerelease()
            && known.release_line(version) == line
    };
    let listed = (releases.listed)(known).ok()?.into_iter();
    let version = listed.filter(is_newer).max()?;
    Some(match origin {
        Origin::Default(_) | Origin::Account(_) | Origin::Group(_) | Origin::Machine(_) => {
            format!("use --global {tool}@{version}")
        }
        Origin::Variable(variable) => format!("export {variable}={version}"),
        Origin::Argument | Origin::Name(_) | Origin::File(_) | Origin::CommandLine => {
            format!("use {tool}@{version}")
        }
    })
}

impl UpgradePlan {
    /// The expected row.
    fn into_outcome(self) -> (UpgradeOutcome, Option<Error>) {
        let step = self.upgrade.and_then(|upgrade| {
            let to = upgrade.release.version.clone();
            VersionStep::between(upgrade.old, to)
        });
        (UpgradeOutcome { row: self.row, step }, self.error)
    }
}

/// Installs the planned release, and the runtime that it needs.
fn apply(
    session: &Session,
    known: KnownTool<'_>,
    plan: UpgradePlan,
    installer: &Installer<'_>,
) -> (UpgradeOutcome, Option<Error>) {
    let UpgradePlan { mut row, upgrade, error } = plan;
    let Some(PlannedUpgrade { request, origin, release, old }) = upgrade else {
        return (UpgradeOutcome { row, step: None }, error);
    };
    let tool_request = ToolRequest { known, request: &request, origin: &origin };
    match install(session, &tool_request, release, installer) {
        Ok(version) => {
            row.state = UpgradeState::Upgraded;
            row.to = version.as_ref().map(ToString::to_string);
            let step = version.and_then(|version| VersionStep::between(old, version));
            (UpgradeOutcome { row, step }, None)
        }
        Err(error) => {
            row.fail(&error);
            (UpgradeOutcome { row, step: None }, Some(error))
        }
    }
}

fn install(
    session: &Session,
    tool_request: &ToolRequest<'_>,
    release: Release,
    installer: &Installer<'_>,
) -> Result<Option<Version>> {
    let installed = installer.install_from_any(tool_request, release);
    let installed = installed.map_err(|error| requested_by(tool_request, error))?;
    let missing =
        runtime::missing_runtime(&session.resolver(), tool_request, &installed.toolchain)?;
    if let Some(missing) = missing {
        let dependent = (tool_request.known.tool, &installed.toolchain);
        install_runtime(installer, &session.registry, dependent, &missing)?;
    }
    Ok(installed.toolchain.version)
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::cli::commands::test_release;
    use crate::session::in_memory::session;

    const LISTED: [&str; 6] = ["12.0.0", "12.22.11", "12.22.12", "13.0.0", "25.0.0", "26.0.0-rc.1"];

    /// What is decided for node, where 12.22.11 is installed.
    fn check(world: MemoryWorld, newest: &str, expected: &str) {
        let world = world.file("/usher/toolchains/node/12.22.11/bin/node", "");
        let session = session(world);
        let known = session.registry.named("node").unwrap();
        let find = |_: &ToolRequest<'_>| match newest {
            "" => Err(Error::new(ErrorKind::Network, "no source answered")),
            version => Ok(test_release(version)),
        };
        let listed = |_: KnownTool<'_>| Ok(LISTED.map(|one| Version::parse(one).unwrap()).to_vec());
        let plan = decide(&session, known, &Releases { newest: &find, listed: &listed });
        assert_eq!(plan.upgrade.is_some(), plan.row.state == UpgradeState::Upgradable);
        let UpgradeRow { state, from, to, reason, hint, error, .. } = &plan.row;
        let reason = error.as_ref().map(|error| error.what.clone()).or(reason.clone());
        let words = [from, to, &reason, hint].map(|one| one.as_deref().unwrap_or("-"));
        assert_eq!(format!("{state:?} {}", words.join(" · ")), expected, "{newest}");
    }

    fn pinned(request: &str) -> MemoryWorld {
        MemoryWorld::at("/p").file("/p/.nvmrc", request)
    }

    #[test]
    fn a_newer_release_that_matches_is_installed() {
        check(pinned("12"), "12.22.12", "Upgradable 12.22.11 · 12.22.12 · - · -");
        check(pinned("12"), "12.22.11", "Current 12.22.11 · - · - · -");
        check(pinned("12"), "12.0.0", "Current 12.22.11 · - · - · -");
        check(pinned("18"), "18.20.8", "Upgradable - · 18.20.8 · - · -");
        check(pinned("12"), "", "Failed 12.22.11 · - · no source answered · -");
    }

    #[test]
    fn exact_pins_constraints_and_tools_without_a_pin_are_skipped() {
        let exact = "it is pinned to an exact version";
        let hint = "use node@12.22.12";
        check(pinned("12.22.11"), "25.0.0", &format!("Skipped 12.22.11 · - · {exact} · {hint}"));
        check(pinned("25.0.0"), "25.0.0", &format!("Skipped - · - · {exact} · use install"));
        // 13.0.0 and 25.0.0 are of other lines.
        let newest = pinned("12.22.12").file("/usher/toolchains/node/12.22.12/bin/node", "");
        check(newest, "25.0.0", &format!("Skipped 12.22.12 · - · {exact} · -"));
        let older = pinned("12.0.0").file("/usher/toolchains/node/12.0.0/bin/node", "");
        check(older, "25.0.0", &format!("Skipped 12.0.0 · - · {exact} · {hint}"));
        let none = "Skipped 12.22.11 · - · it is not pinned here · use node@latest";
        check(MemoryWorld::at("/p"), "25.0.0", none);
        let range = r#"{"engines": {"node": ">=12.22.11 <12.23"}}"#;
        let constrained = MemoryWorld::at("/p").file("/p/package.json", range);
        let skipped = "Skipped 12.22.11 · - · it is constrained, not pinned · -";
        check(constrained, "12.22.12", skipped);
        let system = "Skipped - · - · the request doesn't name a release · -";
        check(pinned("system"), "25.0.0", system);
    }

    #[test]
    fn the_hint_for_an_exact_pin_is_typed_where_the_pin_is() {
        let exact = "Skipped 12.22.11 · - · it is pinned to an exact version";
        let variable = MemoryWorld::at("/p").variable("NODE_VERSION", "12.22.11");
        check(variable, "25.0.0", &format!("{exact} · export NODE_VERSION=12.22.12"));
        let default = MemoryWorld::at("/p").file("/usher/config/tool-versions", "node 12.22.11\n");
        check(default, "25.0.0", &format!("{exact} · use --global node@12.22.12"));
    }

    #[test]
    fn the_machines_default_is_its_administrators() {
        let machine = || MemoryWorld::at("/p").file("/etc/usher/tool-versions", "node 12\n");
        check(machine(), "12.22.12", "Upgradable 12.22.11 · 12.22.12 · - · -");
        let reason = "this default is the administrator's to upgrade";
        let skipped = format!("Skipped 12.22.11 · - · {reason} · use --global node@12");
        check(machine().unwritable("/etc"), "12.22.12", &skipped);
        let own = machine().unwritable("/etc").file("/p/.nvmrc", "12");
        check(own, "12.22.12", "Upgradable 12.22.11 · 12.22.12 · - · -");
    }

    #[test]
    fn tools_are_named_without_versions() {
        let session = session(MemoryWorld::at("/p"));
        let refused = select(&session, &["node@12".to_owned()]).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Usage);
        assert_eq!(refused.hint.as_deref(), Some("use install node@12"));
        let named = select(&session, &["node".to_owned()]).unwrap();
        assert!(named.len() == 1 && named[0].is_named);
        let all = select(&session, &[]).unwrap();
        assert!(all.len() > 1 && all.iter().all(|one| !one.is_named));
    }
}
