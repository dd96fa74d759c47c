//! `use upgrade [TOOL…]`: fetches the newest release that each request in force admits. What was in
//! force before stays on disk; the shims pick the highest.

mod carrying;
mod line;

use clap::Args;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::Origin;
use usher_shims::request::Request;
use usher_shims::toolchain::Store;
use usher_shims::version::Version;

use self::carrying::Consent;
use self::line::{Line, State, Step};
use super::{Asked, asked};
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
    pub carry: bool,
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
    let (mut lines, failed) = upgrade(session, &typed.tools, fetching, as_json)?;
    if lines.iter().any(|line| line.state == State::Upgraded) {
        refresh_shims(session, &[])?;
    }
    let consent = match () {
        () if typed.dry_run => Consent::Pretended,
        () if session.settings.offline => Consent::None,
        () if typed.carry => Consent::ProcessArgs,
        () if !as_json && output::can_ask() => Consent::Asked,
        () => Consent::None,
    };
    carrying::offer(session, &mut lines, (consent, as_json));
    if as_json {
        output::json(&lines);
        return Ok(failed.map_or(0, |error| error.kind().exit_code().into()));
    }
    failed.map_or(Ok(0), Err)
}

type Ended = (Vec<Line>, Option<Error>);

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
    let mut lines = Vec::new();
    let mut failed: Option<Error> = None;
    for (known, is_named) in chosen(session, words)? {
        let mut line = Line::of(known);
        match upgrade.one(known, &mut line) {
            Ok(()) => {}
            Err(error) => {
                line.state = State::Failed;
                line.because = Some(error.what.clone());
                line.hint.clone_from(&error.hint);
                if let (Some(_), false) = (&failed, as_json) {
                    session.note(&error.to_string());
                }
                failed.get_or_insert(error);
            }
        }
        if line.request.is_some() || line.state == State::Failed || is_named {
            upgrade.note(&line);
            lines.push(line);
        }
    }
    match lines.is_empty() {
        true => {
            Err(Error::new(ErrorKind::Usage, "nothing here asks for a version")
                .hint("use node@lts"))
        }
        false => Ok((lines, failed)),
    }
}

/// The tools that were named, else all; and whether they were.
fn chosen<'a>(session: &'a Session, words: &[String]) -> Result<Vec<(KnownTool<'a>, bool)>> {
    if words.is_empty() {
        return Ok(session.registry.all().map(|known| (known, false)).collect());
    }
    let named = asked(session, words)?.into_iter().map(|Asked { known, request }| match request {
        None => Ok((known, true)),
        Some(request) => {
            let what = "what is asked for here is what is upgraded, and no other version";
            let hint = format!("use install {}@{request}", known.tool.name);
            Err(Error::new(ErrorKind::Usage, what).hint(hint))
        }
    });
    named.collect()
}

impl Upgrade<'_> {
    fn one(&self, known: KnownTool<'_>, line: &mut Line) -> Result<()> {
        let standing = CurrentVersion::of(self.session, known)?;
        line.from = standing.version.as_ref().map(ToString::to_string);
        let Some((request, origin)) = standing.requested() else {
            line.left("nobody asks for it here");
            line.hint = Some(format!("use {}@latest", known.tool.name));
            return Ok(());
        };
        line.request = Some(request.to_string());
        line.origin = Some(origin.to_string());
        if let Some(because) = foreign(&standing, request) {
            line.left(because);
            return Ok(());
        }
        if let Some(exact) = request.exact(known.tool) {
            line.left("exactly this is asked for");
            line.hint = match standing.version {
                Some(_) => self.advice(&standing, exact, origin),
                None => Some("use install".to_owned()),
            };
            return Ok(());
        }
        self.to_newest(&standing, &ToolRequest { known, request, origin }, line)
    }

    fn to_newest(
        &self,
        standing: &CurrentVersion<'_>,
        wanted: &ToolRequest<'_>,
        line: &mut Line,
    ) -> Result<()> {
        let release = self.installer.finder.find(wanted)?;
        if !standing.is_newer(&release.version) {
            return Ok(());
        }
        line.to = Some(release.version.to_string());
        line.state = State::Upgradable;
        let mut to = Some(release.version.clone());
        if self.fetching == Fetching::Real {
            to = self.fetch(wanted, release)?;
            line.to = to.as_ref().map(ToString::to_string);
            line.state = State::Upgraded;
        }
        // What the system's has was added by its own package manager.
        let held = standing.toolchain.clone();
        let held = held.filter(|one| !matches!(one.store, Store::System(_)));
        line.step = held
            .zip(to)
            .and_then(|(held, to)| Some(Step { from: held.version.clone()?, to, held }));
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
        standing: &CurrentVersion<'_>,
        exact: &Version,
        origin: &Origin,
    ) -> Option<String> {
        let tool = standing.known.tool.name;
        let listed = self.installer.finder.all(standing.known).ok()?;
        let is_newer = |release: &&Release| {
            release.version > *exact
                && release.version.flavour() == exact.flavour()
                && !release.version.is_prerelease()
        };
        let newer: Vec<&Release> = listed.releases.iter().filter(is_newer).collect();
        let alike = newer.iter().rev().find(|release| is_alike(&release.version, exact));
        let version = &alike.or(newer.last())?.version;
        Some(match origin {
            Origin::Default(_) | Origin::Machine(_) => format!("use --global {tool}@{version}"),
            Origin::Variable(variable) => format!("export {variable}={version}"),
            Origin::Argument | Origin::Name(_) | Origin::File(_) | Origin::CommandLine => {
                format!("use {tool}@{version}")
            }
        })
    }

    fn note(&self, line: &Line) {
        if !self.as_json && line.state != State::Failed {
            output::line(line.text());
            if let Some(hint) = &line.hint {
                output::line(format_args!("  hint: {hint}"));
            }
        }
    }
}

/// Why a request isn't for this verb, whatever releases there are.
fn foreign(standing: &CurrentVersion<'_>, request: &Request) -> Option<String> {
    if standing.known.definition.source.is_empty() {
        return Some(format!("usher has no source for {} yet", standing.known.tool.name));
    }
    if !is_of_releases(standing.known, request) {
        return Some("no release answers that".to_owned());
    }
    standing.is_constraint.then(|| "that is a range which pins nothing".to_owned())
}

/// Whether two versions differ in the last number alone.
fn is_alike(version: &Version, exact: &Version) -> bool {
    let (numbers, asked) = (version.numbers().as_slice(), exact.numbers().as_slice());
    let count = asked.len().saturating_sub(1);
    numbers.get(..count) == asked.get(..count)
}
