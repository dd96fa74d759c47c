//! Tools that are built for versions of a runtime (Elixir for Erlang): which build is chosen, and which
//! version of the runtime is installed with it.

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

/// A tool's runtime, as it will be when the requests in `batch` are installed; `None` if it has
/// none.
pub fn for_tool(
    resolver: &Resolver<'_, impl World>,
    tool: &Tool,
    batch: &[ToolRequest<'_>],
) -> Result<Option<Runtime>> {
    Ok(resolver.selector().runtime(tool)?.map(|runtime| with_requests(runtime, batch)))
}

/// A runtime as it will be when the requests in `batch` are installed.
pub(super) fn with_requests(runtime: Runtime, batch: &[ToolRequest<'_>]) -> Runtime {
    let Some(requested) =
        batch.iter().find(|tool_request| tool_request.known.tool.name == runtime.tool.name)
    else {
        return runtime;
    };
    let pin = Pin { requests: vec![requested.request.clone()], origin: requested.origin.clone() };
    let compatibility = Compatibility::of_request(requested.request);
    Runtime { compatibility, pin: Some(pin), is_missing: false, ..runtime }
}

/// The newest release that matches a request and runs on the runtime. Of several builds of a release,
/// the one for the newest version of the runtime.
///
/// If the runtime isn't pinned, it limits nothing: another version of it can be installed.
pub(super) fn newest_on(
    runtime: &Runtime,
    releases: &[Release],
    request: &Request,
    tool: &Tool,
) -> Option<Release> {
    let minimum_runtime = |release: &&Release| minimum_runtime(runtime, &release.version, releases);
    let matching = || releases.iter().filter(|release| release.matches(request, tool));
    if runtime.pin.is_some() {
        return newest(matching().filter(|release| runtime.runs(minimum_runtime(release))), tool);
    }
    let newest_of_all = newest(matching(), tool)?;
    let name = runtime.rule.without_build_suffix(&newest_of_all.version);
    let builds =
        || matching().filter(|one| runtime.rule.without_build_suffix(&one.version) == name);
    newest(builds().filter(|release| runtime.runs(minimum_runtime(release))), tool)
        .or_else(|| {
            newest(builds().filter(|release| runtime.can_run(minimum_runtime(release))), tool)
        })
        .or(Some(newest_of_all))
}

/// The lowest version of the runtime that a version runs on. If its name doesn't contain it, the lowest
/// of the other builds of that version.
fn minimum_runtime(runtime: &Runtime, version: &Version, releases: &[Release]) -> Option<u64> {
    let rule = runtime.rule;
    rule.minimum_runtime(version).or_else(|| {
        let name = rule.without_build_suffix(version);
        let builds = releases.iter().filter(|one| rule.without_build_suffix(&one.version) == name);
        builds.filter_map(|one| rule.minimum_runtime(&one.version)).min()
    })
}

/// The version of a runtime that must be installed for a toolchain to run.
#[derive(Debug)]
pub struct MissingRuntime {
    /// The runtime.
    pub tool: &'static Tool,
    /// The version of it.
    pub request: Request,
    /// Where that version is requested.
    pub origin: Origin,
}

/// The runtime that must be installed for a toolchain to run; `None` if nothing is missing.
///
/// An error if the pinned version of the runtime can't run it.
pub fn missing_runtime(
    resolver: &Resolver<'_, impl World>,
    tool_request: &ToolRequest<'_>,
    toolchain: &Toolchain,
) -> Result<Option<MissingRuntime>> {
    let Some(runtime) = resolver.selector().runtime(tool_request.known.tool)? else {
        return Ok(None);
    };
    let minimum_runtime =
        toolchain.version.as_ref().and_then(|version| runtime.rule.minimum_runtime(version));
    match &runtime.pin {
        Some(_)
            if !runtime.runs(minimum_runtime)
                && runtime.compatibility != Compatibility::Nothing =>
        {
            let version = toolchain.version.iter().cloned().collect::<Vec<_>>();
            Err(incompatible_runtime(&runtime, tool_request, &version))
        }
        Some(pin) if runtime.is_missing => Ok(pin.request().map(|request| MissingRuntime {
            tool: runtime.tool,
            request: request.clone(),
            origin: pin.origin.clone(),
        })),
        Some(_) => Ok(None),
        None if runtime.can_run(minimum_runtime) => Ok(None),
        None => {
            let text = minimum_runtime
                .map_or_else(|| "latest".to_owned(), |minimum_runtime| minimum_runtime.to_string());
            let request = Request::parse(&text, runtime.tool, RequestTrust::User)
                .map_err(|reason| Error::new(ErrorKind::BadValue, reason))?;
            Ok(Some(MissingRuntime {
                tool: runtime.tool,
                request,
                origin: tool_request.origin.clone(),
            }))
        }
    }
}

/// An installed version that matches a request, but whose runtime is missing and not pinned.
pub fn toolchain_missing_only_runtime(
    resolver: &Resolver<'_, impl World>,
    tool: &Tool,
    request: &Request,
) -> Result<Option<Toolchain>> {
    let runtime = resolver.selector().runtime(tool)?;
    if runtime.is_none_or(|runtime| runtime.pin.is_some()) {
        return Ok(None);
    }
    Ok(match best_match(resolver.world, resolver.index, tool, request)? {
        Lookup::Toolchain(toolchain) => Some(toolchain),
        Lookup::Nothing | Lookup::Stale => None,
    })
}
