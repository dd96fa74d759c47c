//! Finding a release: source by source, in the registry's order, until one has what was requested.

use usher_shims::error::{Error, Result};
use usher_shims::policy::Policy;
use usher_shims::request::{Request, RequestKind};
use usher_shims::resolve::Runtime;
use usher_shims::tool::Tool;
use usher_shims::tool_policy::{ToolPolicy, with_origin};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::catalog::{AvailableSource, Catalog};
use super::errors::{self, SourceFailure};
use super::freshness::{CachePolicy, Freshness};
use super::index_cache::IndexCache;
use super::index_reader::ReleaseIndexReader;
use super::installed_tools::InstalledTools;
use super::network::Network;
use super::offline_errors::{not_in_cache, release_not_fetched};
use super::platform::{platform, translated, without_translation};
use super::release::{ListedReleases, Release, ServedFrom};
use super::release_filter::ReleaseFilter;
use super::release_part::ReleasePart;
use super::runtime;
use super::source_adapters::{ReadSource, SourceReader};
use super::tool_request::ToolRequest;
use crate::config::settings::Settings;
use crate::http::FetchError;
use crate::registry::KnownTool;
use crate::session::Session;

/// Finds releases and what to fetch for them. One serves a whole command, and all its threads.
pub struct Finder<'a> {
    pub(super) catalog: Catalog<'a>,
    pub(super) sources: Box<dyn ReadSource + 'a>,
    machine: Box<dyn InstalledTools + 'a>,
    pub(super) settings: &'a Settings,
    policy: &'a Policy,
    batch: &'a [ToolRequest<'a>],
}

/// What a search found, but can't use.
#[derive(Default)]
struct SearchMisses {
    /// All versions that sources list.
    listed: Vec<Version>,
    /// The versions that match the request, but don't run here.
    incompatible: Vec<Version>,
    /// The newest version that matches the request, and that the machine's policy forbids.
    forbidden: Option<Version>,
    failures: Vec<SourceFailure>,
}

impl<'a> Finder<'a> {
    /// A finder for a session.
    pub fn new(session: &'a Session, network: &'a Network<'a>) -> Self {
        let Session { world, settings, .. } = session;
        let platform = platform(world);
        let translated = translated(world, &platform);
        let indexes = ReleaseIndexReader {
            cache: IndexCache::of_session(session),
            writer: network.writer(),
            fetch_locks: network.index_locks(),
            settings,
            warn: Box::new(|text| session.note(text)),
            detail: Box::new(|text| session.reporter.detail(text)),
        };
        let sources =
            SourceReader { network, variable: Box::new(|name| world.variable(name)), indexes };
        Self {
            catalog: Catalog { settings, platform, translated },
            sources: Box::new(sources),
            machine: Box::new(session.resolver()),
            settings,
            policy: &session.index.policy,
            batch: &[],
        }
    }

    /// Considers these requests together when choosing compatible builds.
    #[must_use]
    pub fn with_requests(self, batch: &'a [ToolRequest<'a>]) -> Self {
        Self { batch, ..self }
    }

    /// The newest release that matches a request, of the first source that has one.
    pub fn find(&self, tool_request: &ToolRequest<'_>) -> Result<Release> {
        self.find_excluding(tool_request, &[])
    }

    /// As [`find`](Self::find), without the sources of these names.
    pub fn find_excluding(
        &self,
        tool_request: &ToolRequest<'_>,
        excluded: &[String],
    ) -> Result<Release> {
        let ToolRequest { known, request, .. } = *tool_request;
        let has_sources = !known.definition.source.is_empty();
        if let (true, RequestKind::Named(name)) = (has_sources, request.kind())
            && !known.has_flavour(name.as_str())
        {
            return Err(errors::no_such_folder(tool_request));
        }
        let runtime = self.runtime(known.tool)?;
        let policy = ToolPolicy::of(self.policy, known.tool)?;
        if let Some(policy) = &policy {
            let allowed = policy.check_request(request);
            allowed.map_err(|error| with_origin(error, tool_request.origin))?;
        }
        let (tool, runtime, policy) = (known.tool, runtime.as_ref(), policy.as_ref());
        let selection = ReleaseFilter { request, tool, runtime, policy };
        let mut missed = SearchMisses::default();
        let native = self.catalog.sources(known)?;
        for source in native.into_iter().chain(self.catalog.translated_sources(known)?) {
            if excluded.iter().any(|name| name == source.name) {
                continue;
            }
            if let Some(release) = self.newest_of_source(&source, selection, &mut missed)? {
                return Ok(release);
            }
        }
        if let (Some(policy), Some(version)) = (policy, &missed.forbidden) {
            return Err(with_origin(policy.refusal(Some(version)), tool_request.origin));
        }
        Err(self.nothing_found(tool_request, runtime, missed))
    }

    /// The newest matching release of a source. If its cached index has none, the index is
    /// revalidated.
    fn newest_of_source(
        &self,
        source: &AvailableSource<'_>,
        selection: ReleaseFilter<'_>,
        missed: &mut SearchMisses,
    ) -> Result<Option<Release>> {
        for policy in [CachePolicy::AllowFresh, CachePolicy::Revalidate] {
            let listed = match self.read(source, policy)? {
                Ok(listed) => listed,
                Err(failure) => {
                    missed.failures.push(failure);
                    return Ok(None);
                }
            };
            if let Some(release) = selection.newest(&listed.releases) {
                return Ok(Some(release));
            }
            let freshness = listed.freshness;
            missed.add(listed, selection);
            let Freshness::Cached(age) = freshness else { return Ok(None) };
            if self.settings.offline {
                let error = not_in_cache(self.settings, age);
                missed.failures.push(SourceFailure { source: source.name.to_owned(), error });
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// A source's releases. The inner error is one after which the next source is tried; the outer one
    /// ends the search.
    fn read(
        &self,
        source: &AvailableSource<'_>,
        policy: CachePolicy,
    ) -> Result<std::result::Result<ListedReleases, SourceFailure>> {
        match self.sources.read(source, policy) {
            Ok(listed) => Ok(Ok(listed)),
            Err(FetchError::Fatal(error)) => Err(error),
            Err(failure) => {
                Ok(Err(SourceFailure { source: source.name.to_owned(), error: failure.into() }))
            }
        }
    }

    fn nothing_found(
        &self,
        tool_request: &ToolRequest<'_>,
        runtime: Option<&Runtime>,
        missed: SearchMisses,
    ) -> Error {
        let SearchMisses { listed, incompatible, failures, forbidden: _ } = missed;
        match runtime {
            Some(runtime) if !incompatible.is_empty() => {
                errors::incompatible_runtime(runtime, tool_request, &incompatible)
            }
            _ if listed.is_empty() && failures.is_empty() => {
                let installed = self.machine.installed(tool_request.known.tool);
                errors::no_source(tool_request, &self.catalog.platform, &installed)
            }
            _ => {
                let error = errors::not_found(self.settings, tool_request, listed, &failures);
                match without_translation(&self.catalog.platform, self.catalog.translated) {
                    Some(why) => error.because(why),
                    None => error,
                }
            }
        }
    }

    /// The newest of these releases that matches a request and runs here.
    pub fn newest(
        &self,
        releases: &[Release],
        request: &Request,
        tool: &Tool,
    ) -> Result<Option<Release>> {
        let (runtime, policy) = (self.runtime(tool)?, ToolPolicy::of(self.policy, tool)?);
        let (runtime, policy) = (runtime.as_ref(), policy.as_ref());
        Ok(ReleaseFilter { request, tool, runtime, policy }.newest(releases))
    }

    fn runtime(&self, tool: &Tool) -> Result<Option<Runtime>> {
        let runtime = self.machine.runtime(tool)?;
        Ok(runtime.map(|runtime| runtime::with_requests(runtime, self.batch)))
    }

    /// All releases of the first source that can be listed, oldest first.
    pub fn list_first_source(&self, known: KnownTool<'_>) -> Result<ListedReleases> {
        let mut failures = Vec::new();
        for source in self.catalog.sources(known)? {
            match self.read(&source, CachePolicy::AllowFresh)? {
                Ok(listed) => return Ok(oldest_first(listed)),
                Err(failure) => failures.push(failure),
            }
        }
        Err(self.nothing_listed(known, &failures))
    }

    /// The releases of every source that can be listed, each oldest first; with the names of the
    /// other sources. An error if none can be listed.
    pub fn list_all_sources(
        &self,
        known: KnownTool<'_>,
    ) -> Result<(Vec<ListedReleases>, Vec<String>)> {
        let (mut all, mut failures) = (Vec::new(), Vec::new());
        for source in self.catalog.sources(known)? {
            match self.read(&source, CachePolicy::AllowFresh)? {
                Ok(listed) => all.push(oldest_first(listed)),
                Err(failure) => failures.push(failure),
            }
        }
        if all.is_empty() {
            return Err(self.nothing_listed(known, &failures));
        }
        Ok((all, failures.into_iter().map(|failure| failure.source).collect()))
    }

    fn nothing_listed(&self, known: KnownTool<'_>, failures: &[SourceFailure]) -> Error {
        match failures.is_empty() {
            true => errors::no_source_to_list(known, &self.catalog.platform),
            false => errors::no_index_error(self.settings, known, failures),
        }
    }

    /// The releases of the first cached index, however old that is. Nothing is fetched.
    pub fn cached(&self, known: KnownTool<'_>) -> Vec<Release> {
        // The iterator is lazy: npm may have to be run for its registry's address.
        let sources = self.catalog.sources(known).unwrap_or_default();
        let cached = |source| self.sources.read(&source, CachePolicy::CacheOnly).ok();
        sources.into_iter().find_map(cached).map(|listed| listed.releases).unwrap_or_default()
    }

    /// Who serves the archive of a release.
    pub fn served_from(&self, known: KnownTool<'_>, release: &Release) -> ServedFrom {
        match self.catalog.source_of(known, release) {
            Some(source) => self.sources.served_from(&source, release),
            None => ServedFrom { source: release.source.clone(), host: release.source.clone() },
        }
    }

    /// What to fetch for a release. When usher is offline, an error that names what would be fetched.
    pub fn release_parts(
        &self,
        known: KnownTool<'_>,
        release: &Release,
    ) -> Result<Vec<ReleasePart>> {
        if self.settings.offline {
            let from = self.served_from(known, release);
            return Err(release_not_fetched(self.settings, known.tool, release, &from));
        }
        let Some(source) = self.catalog.source_of(known, release) else {
            return Ok(Vec::new());
        };
        self.sources.release_parts(&source, release).map_err(Error::from)
    }
}

impl SearchMisses {
    fn add(&mut self, listed: ListedReleases, selection: ReleaseFilter<'_>) {
        for release in listed.releases {
            if selection.matches(&release) && !selection.is_allowed(&release) {
                self.forbidden = self.forbidden.take().max(Some(release.version.clone()));
            } else if selection.matches(&release) {
                self.incompatible.push(release.version.clone());
            }
            self.listed.push(release.version);
        }
    }
}

fn oldest_first(mut listed: ListedReleases) -> ListedReleases {
    listed.releases.sort_by(|a, b| a.version.cmp(&b.version));
    listed
}

#[cfg(test)]
mod tests;
