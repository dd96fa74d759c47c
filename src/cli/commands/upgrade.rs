//! `use upgrade [TOOL…]`: fetches the newest release that each request in force admits. What was in
//! force before stays on disk; the shims pick the highest.

mod migration;
mod row;

use clap::Args;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::Origin;
use usher_shims::request::Request;
use usher_shims::toolchain::Store;
use usher_shims::version::Version;

use self::migration::MigrationConsent;
use self::row::{UpgradeRow, UpgradeState, VersionChange};
use super::{ToolArgument, tool_arguments};
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::runtime;
use crate::releases::updates::is_of_releases;
use crate::releases::{Finder, Release, ToolRequest};
use crate::session::Session;
use crate::session::current::CurrentVersion;
use crate::store::install::fetcher::Fetcher;
use crate::store::install::{Installer, UnverifiedPolicy};
use crate::store::own::OwnStore;
use crate::store::runtime::install_runtime;

/// What `use upgrade` was told.
#[derive(Debug, Args)]
pub struct UpgradeArguments {
    /// Only these tools
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// Only tell what would be fetched
    #[arg(long)]
    pub dry_run: bool,
    /// Add what package managers added to the old versions to the new ones, and don't ask
    #[arg(long, conflicts_with = "dry_run")]
    pub migrate_packages: bool,
}

/// Whether anything is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetching {
    /// What is newer is fetched.
    Real,
    /// What would be fetched is told.
    Pretended,
}

/// What all steps need.
struct Upgrade<'a> {
    session: &'a Session,
    installer: Installer<'a>,
    fetching: Fetching,
    as_json: bool,
}

/// Runs the verb. What can't be had keeps nothing else back; the first failure is the error in the
/// end.
pub fn run(session: &mut Session, typed: &UpgradeArguments, as_json: bool) -> Result<i32> {
    let fetching = if typed.dry_run { Fetching::Pretended } else { Fetching::Real };
    let (mut rows, failed) = upgrade(session, &typed.tools, fetching, as_json)?;
    if rows.iter().any(|row| row.state == UpgradeState::Upgraded) {
        refresh_shims(session, &[])?;
    }
    let consent = match () {
        () if typed.dry_run => MigrationConsent::Pretended,
        () if session.settings.offline => MigrationConsent::None,
        () if typed.migrate_packages => MigrationConsent::ProcessArgs,
        () if !as_json && output::can_ask() => MigrationConsent::Asked,
        () => MigrationConsent::None,
    };
    migration::offer(session, &mut rows, (consent, as_json));
    if as_json {
        output::json(&rows);
        return Ok(failed.map_or(0, |error| error.kind().exit_code().into()));
    }
    failed.map_or(Ok(0), Err)
}

type Ended = (Vec<UpgradeRow>, Option<Error>);

fn upgrade(
    session: &Session,
    words: &[String],
    fetching: Fetching,
    as_json: bool,
) -> Result<Ended> {
    let access = folders::write_access(&session.folders)?;
    let network = Network::keeping(session, &access);
    let installer = Installer {
        store: OwnStore::new(session, &access),
        fetcher: Fetcher::new(session, &network, &access),
        finder: &Finder::new(session, &network),
        policy: UnverifiedPolicy::Allow,
    };
    let upgrade = Upgrade { session, installer, fetching, as_json };
    let mut rows = Vec::new();
    let mut failed: Option<Error> = None;
    for (known, is_named) in chosen(session, words)? {
        let mut row = UpgradeRow::of(known);
        match upgrade.one(known, &mut row) {
            Ok(()) => {}
            Err(error) => {
                row.state = UpgradeState::Failed;
                row.reason = Some(error.what.clone());
                row.hint.clone_from(&error.hint);
                if let (Some(_), false) = (&failed, as_json) {
                    session.note(&error.to_string());
                }
                failed.get_or_insert(error);
            }
        }
        if row.request.is_some() || row.state == UpgradeState::Failed || is_named {
            upgrade.note(&row);
            rows.push(row);
        }
    }
    match rows.is_empty() {
        true => {
            Err(Error::new(ErrorKind::Usage, "nothing here asks for a version")
                .hint("use node@lts"))
        }
        false => Ok((rows, failed)),
    }
}

/// The tools that were named, else all; and whether they were.
fn chosen<'a>(session: &'a Session, words: &[String]) -> Result<Vec<(KnownTool<'a>, bool)>> {
    if words.is_empty() {
        return Ok(session.registry.all().map(|known| (known, false)).collect());
    }
    let named =
        tool_arguments(session, words)?.into_iter().map(|ToolArgument { known, request }| {
            match request {
                None => Ok((known, true)),
                Some(request) => {
                    let what = "what is asked for here is what is upgraded, and no other version";
                    let hint = format!("use install {}@{request}", known.tool.name);
                    Err(Error::new(ErrorKind::Usage, what).hint(hint))
                }
            }
        });
    named.collect()
}

impl Upgrade<'_> {
    fn one(&self, known: KnownTool<'_>, row: &mut UpgradeRow) -> Result<()> {
        let current = CurrentVersion::of(self.session, known)?;
        row.from = current.version.as_ref().map(ToString::to_string);
        let Some((request, origin)) = current.asked() else {
            row.skip("nobody asks for it here");
            row.hint = Some(format!("use {}@latest", known.tool.name));
            return Ok(());
        };
        row.request = Some(request.to_string());
        row.origin = Some(origin.to_string());
        if let Some(because) = skip_reason(&current, request) {
            row.skip(because);
            return Ok(());
        }
        if let Some(exact) = request.exact(known.tool) {
            row.skip("exactly this is asked for");
            row.hint = match current.version {
                Some(_) => self.advice(&current, exact, origin),
                None => Some("use install".to_owned()),
            };
            return Ok(());
        }
        self.to_newest(&current, &ToolRequest { known, request, origin }, row)
    }

    fn to_newest(
        &self,
        current: &CurrentVersion<'_>,
        wanted: &ToolRequest<'_>,
        row: &mut UpgradeRow,
    ) -> Result<()> {
        let release = self.installer.finder.find(wanted)?;
        if !current.is_new(&release.version) {
            return Ok(());
        }
        row.to = Some(release.version.to_string());
        row.state = UpgradeState::Upgradable;
        let mut to = Some(release.version.clone());
        if self.fetching == Fetching::Real {
            to = self.fetch(wanted, release)?;
            row.to = to.as_ref().map(ToString::to_string);
            row.state = UpgradeState::Upgraded;
        }
        // What the system's has was added by its own package manager.
        let old_toolchain = current.toolchain.clone();
        let old_toolchain = old_toolchain.filter(|one| !matches!(one.store, Store::System(_)));
        row.step = old_toolchain.zip(to).and_then(|(old_toolchain, to)| {
            Some(VersionChange { from: old_toolchain.version.clone()?, to, old_toolchain })
        });
        Ok(())
    }

    fn fetch(&self, wanted: &ToolRequest<'_>, release: Release) -> Result<Option<Version>> {
        let ToolRequest { known, request, origin } = wanted;
        let installed = self.installer.install_from_any(wanted, release).map_err(|error| {
            error.because(format!("{} {request} was asked for by {origin}", known.tool.name))
        })?;
        if let Some(lacking) =
            runtime::lacking(&self.session.resolver(), wanted, &installed.toolchain)?
        {
            let guest = (known.tool, &installed.toolchain);
            install_runtime(&self.installer, &self.session.registry, guest, &lacking)?;
        }
        Ok(installed.toolchain.version)
    }

    /// What to type for a newer version than the one that is pinned: the newest that differs in
    /// the last number alone, else the newest there is.
    fn advice(
        &self,
        current: &CurrentVersion<'_>,
        exact: &Version,
        origin: &Origin,
    ) -> Option<String> {
        let tool = current.known.tool.name;
        let listed = self.installer.finder.all(current.known).ok()?;
        let is_newer = |release: &&Release| {
            release.version > *exact
                && release.version.flavour() == exact.flavour()
                && !release.version.is_prerelease()
        };
        let newer: Vec<&Release> = listed.releases.iter().filter(is_newer).collect();
        let alike =
            newer.iter().rev().find(|release| differs_in_last_number(&release.version, exact));
        let version = &alike.or(newer.last())?.version;
        Some(match origin {
            Origin::Default(_) | Origin::Machine(_) => format!("use --global {tool}@{version}"),
            Origin::Variable(variable) => format!("export {variable}={version}"),
            Origin::Argument | Origin::Name(_) | Origin::File(_) | Origin::CommandLine => {
                format!("use {tool}@{version}")
            }
        })
    }

    fn note(&self, row: &UpgradeRow) {
        if !self.as_json && row.state != UpgradeState::Failed {
            output::line(row.text());
            if let Some(hint) = &row.hint {
                output::line(format_args!("  hint: {hint}"));
            }
        }
    }
}

/// Why a request isn't for this verb, whatever releases there are.
fn skip_reason(current: &CurrentVersion<'_>, request: &Request) -> Option<String> {
    if current.known.definition.source.is_empty() {
        return Some(format!("usher has no source for {} yet", current.known.tool.name));
    }
    if !is_of_releases(current.known, request) {
        return Some("no release answers that".to_owned());
    }
    current.is_constraint.then(|| "that is a range which pins nothing".to_owned())
}

/// Whether two versions differ in the last number alone.
fn differs_in_last_number(version: &Version, exact: &Version) -> bool {
    let (numbers, asked) = (version.numbers().as_slice(), exact.numbers().as_slice());
    let count = asked.len().saturating_sub(1);
    numbers.get(..count) == asked.get(..count)
}
