//! What a tool's versions run on, where they are built for versions of another tool: which build is
//! taken, what is got with it, and what is said where the two can't fit.

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::{Request, RequestTrust};
use usher_shims::resolve::{Compatibility, Resolver, Runtime};
use usher_shims::store::{Lookup, best_match};
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;
use usher_shims::world::World;

use super::errors::incompatible_runtime;
use super::release::{Release, newest};
use super::tool_request::ToolRequest;

/// What a tool's versions are built for, as it will stand here with what is asked for together.
pub fn for_tool(
    resolver: &Resolver<'_, impl World>,
    tool: &Tool,
    together: &[ToolRequest<'_>],
) -> Result<Option<Runtime>> {
    Ok(resolver.selector().runtime(tool)?.map(|host| with_requests(host, together)))
}

/// A runtime as it will stand when what is asked for together is there.
pub(super) fn with_requests(host: Runtime, together: &[ToolRequest<'_>]) -> Runtime {
    let Some(beside) = together.iter().find(|wanted| wanted.known.tool.name == host.tool.name)
    else {
        return host;
    };
    let pin = Pin { requests: vec![beside.request.clone()], origin: beside.origin.clone() };
    let compatibility = Compatibility::of_request(beside.request);
    Runtime { compatibility, pin: Some(pin), is_missing: false, ..host }
}

/// The newest release that answers a request and that runs on its host: of its builds, the one for
/// the newest version of that.
///
/// Where nobody asks for a version of the host, no release is passed over for its sake: another
/// version will be got.
pub(super) fn newest_on(
    host: &Runtime,
    releases: &[Release],
    (request, tool): (&Request, &Tool),
) -> Option<Release> {
    let least = |release: &&Release| minimum_runtime(host, &release.version, releases);
    let answering = || releases.iter().filter(|release| release.matches(request, tool));
    if host.pin.is_some() {
        return newest(answering().filter(|release| host.runs(least(release))), tool);
    }
    let newest_of_all = newest(answering(), tool)?;
    let name = host.rule.without_mark(&newest_of_all.version);
    let builds = || answering().filter(|one| host.rule.without_mark(&one.version) == name);
    newest(builds().filter(|release| host.runs(least(release))), tool)
        .or_else(|| newest(builds().filter(|release| host.can_run(least(release))), tool))
        .or(Some(newest_of_all))
}

/// The least that a version runs on; where it says nothing, the least of what others of its numbers
/// were built for.
fn minimum_runtime(host: &Runtime, version: &Version, releases: &[Release]) -> Option<u64> {
    let rule = host.rule;
    rule.least(version).or_else(|| {
        let name = rule.without_mark(version);
        let builds = releases.iter().filter(|one| rule.without_mark(&one.version) == name);
        builds.filter_map(|one| rule.least(&one.version)).min()
    })
}

/// What is to be got for a version to run.
#[derive(Debug)]
pub struct MissingRuntime {
    /// The host.
    pub tool: &'static Tool,
    /// Which version of it.
    pub request: Request,
    /// Who asks for that.
    pub origin: Origin,
}

/// What is to be got for a toolchain to run; nothing where what it runs on is there.
///
/// An error where somebody asks for a host that can't run it.
pub fn missing_runtime(
    resolver: &Resolver<'_, impl World>,
    wanted: &ToolRequest<'_>,
    toolchain: &Toolchain,
) -> Result<Option<MissingRuntime>> {
    let Some(host) = resolver.selector().runtime(wanted.known.tool)? else { return Ok(None) };
    let least = toolchain.version.as_ref().and_then(|version| host.rule.least(version));
    match &host.pin {
        Some(_) if !host.runs(least) && host.compatibility != Compatibility::Nothing => {
            let version = toolchain.version.iter().cloned().collect::<Vec<_>>();
            Err(incompatible_runtime(&host, wanted, &version))
        }
        Some(pin) if host.is_missing => Ok(pin.request().map(|request| MissingRuntime {
            tool: host.tool,
            request: request.clone(),
            origin: pin.origin.clone(),
        })),
        Some(_) => Ok(None),
        None if host.can_run(least) => Ok(None),
        None => {
            let text = least.map_or_else(|| "latest".to_owned(), |least| least.to_string());
            let request = Request::parse(&text, host.tool, RequestTrust::User)
                .map_err(|reason| Error::new(ErrorKind::BadValue, reason))?;
            Ok(Some(MissingRuntime { tool: host.tool, request, origin: wanted.origin.clone() }))
        }
    }
}

/// What on disk was asked for, and lacks nothing but what it runs on; nobody asks for a version of
/// that.
pub fn toolchain_missing_only_runtime(
    resolver: &Resolver<'_, impl World>,
    tool: &Tool,
    request: &Request,
) -> Result<Option<Toolchain>> {
    let host = resolver.selector().runtime(tool)?;
    if host.is_none_or(|host| host.pin.is_some()) {
        return Ok(None);
    }
    Ok(match best_match(resolver.world, resolver.index, tool, request)? {
        Lookup::Toolchain(toolchain) => Some(toolchain),
        Lookup::Nothing | Lookup::Stale => None,
    })
}
