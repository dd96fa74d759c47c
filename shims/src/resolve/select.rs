//! Selection: which version of a tool is active, by its requests and the installed versions.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::locked::locked;
use super::runtime::{Compatibility, Runtime};
use super::system::SystemPrograms;
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::index::Index;
use crate::path::Shim;
use crate::pin::{Origin, Pin};
use crate::request::{Request, RequestKind};
use crate::search::{Finding, search};
use crate::store::{Lookup, StoreQuery, best_match_where, highest_version, named_toolchain};
use crate::tool::Tool;
use crate::tool_policy::{ToolPolicy, with_origin};
use crate::toolchain::{Store, Toolchain};
use crate::version::Version;
use crate::world::World;

/// Selects versions on this machine.
#[derive(Debug)]
pub struct Selector<'a, W> {
    /// All input.
    pub world: &'a W,
    /// The index.
    pub index: &'a Index,
    /// The running shim.
    pub shim: &'a Shim,
    /// Where to put why the first request or file that would have decided isn't used.
    pub unusable: Option<&'a OnceLock<Error>>,
}

/// Which version of a tool is active.
#[derive(Debug, Clone)]
pub enum Selection {
    /// This toolchain, requested by this pin if there is one.
    Toolchain(Toolchain, Option<Pin>),
    /// The system's version, by its main program on PATH: what would have run without usher.
    System(PathBuf, Option<Pin>),
    /// Nothing: no version is requested or installed, or only the system's, which has none.
    Nothing(Option<Pin>),
    /// No installed version matches.
    Missing(MissingVersion),
    /// The index is out of date.
    Stale,
}

/// A requested version that isn't installed.
#[derive(Debug, Clone)]
pub struct MissingVersion {
    /// The tool.
    pub tool: &'static Tool,
    /// The request and its origin.
    pub pin: Pin,
}

/// The requests that determine the version.
#[derive(Debug, Default)]
pub(super) struct DecidingRequests {
    /// The pin of the call, a variable or a project's file.
    pub(super) pin: Option<Pin>,
    /// The nearest range that only limits.
    pub(super) constraint: Option<Pin>,
    /// The user's default, or the machine's.
    pub(super) default: Option<Pin>,
}

impl Selection {
    /// The origin of the request.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Toolchain(_, pin) | Self::System(_, pin) | Self::Nothing(pin) => {
                pin.as_ref().map(|pin| &pin.origin)
            }
            Self::Missing(missing) => Some(&missing.pin.origin),
            Self::Stale => None,
        }
    }
}

impl<'a, W: World> Selector<'a, W> {
    /// The active version of a call's tool.
    pub fn select(&self, call: &Call) -> Result<Selection> {
        let DecidingRequests { pin, constraint, default } = self.requirements(call)?;
        // What runs on another tool is chosen where it is requested by itself, and else comes with
        // that one.
        let constraint = constraint.filter(|_| call.tool.runtime.is_none());
        match (pin, constraint) {
            (Some(pin), _) => self.satisfy(call.tool, pin),
            (None, Some(constraint)) => self.constrained(call.tool, constraint, default),
            (None, None) => match default {
                Some(default) => self.satisfy(call.tool, default),
                None => self.unpinned(call.tool),
            },
        }
    }

    /// The system's version, else the newest installed one. What runs on another tool comes with that
    /// one.
    fn unpinned(&self, tool: &'static Tool) -> Result<Selection> {
        if tool.runtime.is_some() {
            return Ok(Selection::Nothing(None));
        }
        if let Some(main) = self.system(tool).main(&[]) {
            return Ok(Selection::System(main, None));
        }
        Ok(match self.newest(tool)? {
            Lookup::Toolchain(toolchain) => Selection::Toolchain(toolchain, None),
            Lookup::Nothing => Selection::Nothing(None),
            Lookup::Stale => Selection::Stale,
        })
    }

    /// The newest installed release: of the usual builds, else of any flavour.
    pub(super) fn newest(&self, tool: &'static Tool) -> Result<Lookup> {
        self.highest(tool, &|version| !version.is_prerelease())
    }

    /// The highest installed version that `fits` accepts; first those that run here.
    fn highest(&self, tool: &Tool, fits: &dyn Fn(&Version) -> bool) -> Result<Lookup> {
        let (world, index) = (self.world, self.index);
        let policy = ToolPolicy::of(&index.policy, tool)?;
        let fits = &|version: &Version| {
            fits(version) && policy.as_ref().is_none_or(|policy| policy.allows(version))
        };
        let Some(runtime) = self.runtime(tool)? else {
            return highest_version(world, index, tool, fits);
        };
        if runtime.compatibility == Compatibility::Stale {
            return Ok(Lookup::Stale);
        }
        let minimum = |version: &Version| runtime.rule.minimum_runtime(version);
        let runs = |version: &Version| runtime.runs(minimum(version));
        let can_run = |version: &Version| runtime.can_run(minimum(version));
        for is_able in [&runs as &dyn Fn(&Version) -> bool, &can_run, &|_| true] {
            match highest_version(world, index, tool, &|version| fits(version) && is_able(version))?
            {
                Lookup::Nothing => {}
                found => return Ok(found),
            }
        }
        Ok(Lookup::Nothing)
    }

    /// The system's version of a tool.
    pub fn system(&self, tool: &'static Tool) -> SystemPrograms<'a, W> {
        SystemPrograms { world: self.world, index: self.index, shim: self.shim, tool }
    }

    /// The pin, the constraint and the default of a call's tool.
    pub(super) fn requirements(&self, call: &Call) -> Result<DecidingRequests> {
        let mut found = DecidingRequests::default();
        let mut broken = None;
        search(self.world, self.index, call, &mut |finding| {
            match finding {
                Finding::Pin(pin) => found.pin = Some(pin),
                Finding::Constraint(pin) => {
                    found.constraint.get_or_insert(pin);
                    return ControlFlow::Continue(());
                }
                Finding::Default(pin) => found.default = Some(pin),
                Finding::Broken(error, _) => broken = Some(error),
                Finding::Skipped(skipped) => {
                    if let Some((unusable, error)) = self.unusable.zip(skipped.would_decide()) {
                        let _ = unusable.set(error);
                    }
                    return ControlFlow::Continue(());
                }
            }
            ControlFlow::Break(())
        })?;
        broken.map_or_else(|| self.with_lock(call.tool, found), Err)
    }

    /// Lets a lockfile decide which version the deciding request means. A constraint that it has is a
    /// pin of that version.
    fn with_lock(
        &self,
        tool: &'static Tool,
        mut found: DecidingRequests,
    ) -> Result<DecidingRequests> {
        let constraint = found.constraint.as_ref().filter(|_| tool.runtime.is_none());
        let deciding = found.pin.as_ref().or(constraint);
        let locked = deciding.map(|pin| locked(self.world, tool, pin)).transpose()?;
        found.pin = locked.flatten().or(found.pin);
        Ok(found)
    }

    /// The toolchain for a pin: the first of its requests with an installed version.
    pub(super) fn satisfy(&self, tool: &'static Tool, pin: Pin) -> Result<Selection> {
        for (place, request) in pin.requests.iter().enumerate() {
            let is_last = place + 1 == pin.requests.len();
            let found = self.installed(tool, request).map_err(|error| match error.kind() {
                ErrorKind::Forbidden => with_origin(error, &pin.origin),
                _ => error,
            });
            match found? {
                Some(Lookup::Toolchain(toolchain)) => {
                    return Ok(Selection::Toolchain(toolchain, Some(pin)));
                }
                Some(Lookup::Stale) => return Ok(Selection::Stale),
                // Of a list, the system's counts where there is one.
                None => match self.system(tool).main(&[]) {
                    Some(main) => return Ok(Selection::System(main, Some(pin))),
                    None if is_last => return Ok(Selection::Nothing(Some(pin))),
                    None => {}
                },
                Some(Lookup::Nothing) => {}
            }
        }
        Ok(Selection::Missing(MissingVersion { tool, pin }))
    }

    /// The installed version for a request, if the policy allows it; `None` for `system`.
    fn installed(&self, tool: &'static Tool, request: &Request) -> Result<Option<Lookup>> {
        let found = self.installed_or_forbidden(tool, request)?;
        if let Some(Lookup::Toolchain(toolchain)) = &found
            && let Some(policy) = ToolPolicy::of(&self.index.policy, tool)?
        {
            policy.check(toolchain)?;
        }
        Ok(found)
    }

    fn installed_or_forbidden(
        &self,
        tool: &'static Tool,
        request: &Request,
    ) -> Result<Option<Lookup>> {
        match request.kind() {
            RequestKind::System => Ok(None),
            RequestKind::Path(folder) => Ok(Some(Lookup::Toolchain(Toolchain {
                version: None,
                root: folder.clone(),
                store: Store::Folder,
            }))),
            RequestKind::Named(name) => {
                match named_toolchain(self.world, self.index, tool, name)? {
                    Some(toolchain) => Ok(Some(Lookup::Toolchain(toolchain))),
                    None => self.best_match(tool, request).map(Some),
                }
            }
            RequestKind::Version(_)
            | RequestKind::Exact(_)
            | RequestKind::Range(_)
            | RequestKind::Latest
            | RequestKind::Lts
            | RequestKind::LtsBack(_)
            | RequestKind::LtsNamed(_) => self.best_match(tool, request).map(Some),
        }
    }

    /// With a constraint: the default, or else the system's version, if that satisfies it; else the
    /// highest installed version that does.
    fn constrained(
        &self,
        tool: &'static Tool,
        constraint: Pin,
        default: Option<Pin>,
    ) -> Result<Selection> {
        let Some(request) = constraint.requests.first().cloned() else {
            return self.unpinned(tool);
        };
        let satisfies = |version: Option<&Version>| {
            version.is_some_and(|version| request.matches(version, tool))
        };
        let by_default = match default {
            Some(default) => Some(self.satisfy(tool, default)?),
            None => None,
        };
        let by_default = match by_default {
            None => self.system(tool).main(&[]).map(|main| Selection::System(main, None)),
            by_default => by_default,
        };
        Ok(match by_default {
            Some(Selection::Stale) => Selection::Stale,
            Some(Selection::Toolchain(toolchain, pin)) if satisfies(toolchain.version.as_ref()) => {
                Selection::Toolchain(toolchain, pin)
            }
            Some(Selection::System(main, pin))
                if satisfies(self.system(tool).version(&main)?.as_ref()) =>
            {
                Selection::System(main, pin.or(Some(constraint)))
            }
            _ => self.satisfy(tool, constraint)?,
        })
    }

    /// The highest installed version that matches a request and runs here: one that the policy
    /// allows, if there is one.
    pub fn best_match(&self, tool: &Tool, request: &Request) -> Result<Lookup> {
        if let Some(policy) = ToolPolicy::of(&self.index.policy, tool)? {
            match self.best_match_where(tool, request, &|version| policy.allows(version))? {
                Lookup::Nothing => {}
                found => return Ok(found),
            }
        }
        self.best_match_where(tool, request, &|_| true)
    }

    fn best_match_where(
        &self,
        tool: &Tool,
        request: &Request,
        fits: &dyn Fn(&Version) -> bool,
    ) -> Result<Lookup> {
        let (world, index) = (self.world, self.index);
        let Some(runtime) = self.runtime(tool)? else {
            return best_match_where(world, index, &StoreQuery { tool, request, fits });
        };
        if runtime.compatibility == Compatibility::Stale {
            return Ok(Lookup::Stale);
        }
        let runs = |version: &Version| {
            fits(version) && runtime.runs(runtime.rule.minimum_runtime(version))
        };
        match best_match_where(world, index, &StoreQuery { tool, request, fits: &runs })? {
            Lookup::Nothing => {}
            found => return Ok(found),
        }
        let can_run = |version: &Version| {
            fits(version) && runtime.can_run(runtime.rule.minimum_runtime(version))
        };
        best_match_where(world, index, &StoreQuery { tool, request, fits: &can_run })
    }

    /// The runtime that a tool's versions are built for; `None` for most tools.
    pub fn runtime(&self, tool: &Tool) -> Result<Option<Runtime>> {
        let Some(rule) = tool.built_for else { return Ok(None) };
        let Some(tool) = self.index.tools.named(rule.tool) else { return Ok(None) };
        let Some(call) = Call::for_main_program(tool) else { return Ok(None) };
        let selection = self.select(&call)?;
        let is_missing = matches!(selection, Selection::Missing(_));
        let (compatibility, pin) = match selection {
            Selection::Toolchain(toolchain, pin) => {
                (Compatibility::of_version(toolchain.version.as_ref()), pin)
            }
            Selection::Missing(missing) => {
                let request = missing.pin.request();
                let runs = request.map_or(Compatibility::Unknown, Compatibility::of_request);
                (runs, Some(missing.pin))
            }
            Selection::System(main, pin) => {
                let version = self.system(tool).version(&main)?;
                (Compatibility::of_version(version.as_ref()), pin)
            }
            Selection::Nothing(pin) => (Compatibility::Nothing, pin),
            Selection::Stale => (Compatibility::Stale, None),
        };
        let mut runtime = Runtime { tool, rule, compatibility, pin, is_missing, newest: None };
        if runtime.pin.is_none() && runtime.compatibility != Compatibility::Stale {
            self.find_newest(&mut runtime)?;
        }
        Ok(Some(runtime))
    }

    /// Without a pin, another installed version can be requested for child processes: the newest.
    fn find_newest(&self, runtime: &mut Runtime) -> Result<()> {
        match self.newest(runtime.tool)? {
            Lookup::Toolchain(toolchain) => runtime.newest = toolchain.version,
            Lookup::Nothing => {}
            Lookup::Stale => runtime.compatibility = Compatibility::Stale,
        }
        Ok(())
    }

    /// The variable that requests another version of the runtime for child processes, if the active
    /// one is too old and not pinned.
    pub(super) fn runtime_variable(
        &self,
        call: &Call,
        toolchain: &Toolchain,
    ) -> Result<Option<(&'static str, OsString)>> {
        let Some(version) = &toolchain.version else { return Ok(None) };
        let Some(runtime) = self.runtime(call.tool)? else { return Ok(None) };
        let minimum_runtime = runtime.rule.minimum_runtime(version);
        if runtime.runs(minimum_runtime) || !runtime.can_run(minimum_runtime) {
            return Ok(None);
        }
        let variable = runtime.tool.variables.first().copied();
        Ok(variable.zip(runtime.newest).map(|(name, version)| (name, version.as_str().into())))
    }
}
