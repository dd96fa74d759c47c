//! Provider order: which of several tools provides a program, and the outcome of a call.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::environment::{ActiveRuntime, ProgramEnvironment, Variables, requested};
use super::fall_through::{Find, next_program};
use super::programs::ToolchainPrograms;
use super::select::{MissingVersion, Selection, Selector};
use super::version_folder::{RunningVersion, version_folder};
use crate::call::{Call, ProviderRule, calls};
use crate::error::{Error, ErrorKind, Escaped, Result, Shown};
use crate::index::{Index, fingerprint};
use crate::path::{Shim, next_on_path_where, path_with_shims};
use crate::pin::{Origin, Pin};
use crate::store::{
    Lookup, all_toolchains, damaged, has_program, is_complete, preference, ships, sort,
};
use crate::tool::Tool;
use crate::toolchain::Toolchain;
use crate::world::World;

/// Resolves calls.
#[derive(Debug)]
pub struct Resolver<'a, W> {
    /// All input.
    pub world: &'a W,
    /// The index.
    pub index: &'a Index,
    /// The running shim.
    pub shim: &'a Shim,
    /// Where to put why the first request or file that would have decided isn't used; for whoever
    /// runs the program.
    pub unusable: Option<&'a OnceLock<Error>>,
}

/// The outcome of a call.
#[derive(Debug)]
pub enum Outcome {
    /// Run this program.
    Run(Plan),
    /// No installed version matches: `use` must install one.
    Missing(MissingVersion),
    /// The index is out of date: `use` must rescan.
    Stale,
}

/// The program to run.
#[derive(Debug)]
pub struct Plan {
    /// The program, which usually is argument 0 as well.
    pub program: PathBuf,
    /// How many arguments to leave out: the name, and `+REQUEST` if there is one.
    pub skip: usize,
    /// Variables to set, or without a value to remove.
    pub set: Vec<(&'static str, Option<OsString>)>,
    /// Its toolchain; none if it would have run without usher.
    pub toolchain: Option<Toolchain>,
    /// Its tool.
    pub tool: &'static Tool,
    /// Whether the registry lists it: an interpreter finds its library by argument 0, which then is
    /// its path whatever the caller's was.
    pub is_listed: bool,
}

impl<'a, W: World> Resolver<'a, W> {
    /// Resolves a call by its name and arguments; `arguments` is without the name.
    pub fn resolve(&self, name: &str, arguments: &[&OsStr]) -> Result<Outcome> {
        let argument = arguments.first().and_then(|argument| argument.to_str());
        let calls = calls(self.index, name, argument);
        let Some(last) = calls.last() else { return Err(unknown(name)) };
        if calls.iter().any(|call| self.is_redefined(call.tool)) {
            return Ok(Outcome::Stale);
        }
        for call in &calls {
            if let Some(outcome) = self.provide(call, arguments)? {
                return Ok(outcome);
            }
        }
        let active = self.selector().select(last)?;
        if let Some(plan) = self.next_on_path(last, &active, arguments)? {
            return Ok(Outcome::Run(plan));
        }
        for call in calls.iter().filter(|call| call.rule == ProviderRule::IfDefault) {
            if let Some(outcome) = self.newest(call)? {
                return Ok(outcome);
            }
        }
        let plan = match self.user_wide_plan(last) {
            None if active.origin().is_none() => self.newest_with_package(last)?,
            plan => plan,
        };
        match plan {
            Some(plan) => Ok(Outcome::Run(plan)),
            None => self.program_missing_error(last, &active),
        }
    }

    /// The selector for this machine.
    pub fn selector(&self) -> Selector<'a, W> {
        let Self { world, index, shim, unusable } = *self;
        Selector { world, index, shim, unusable }
    }

    /// The variables for programs on this machine.
    pub fn environment(&self) -> ProgramEnvironment<'_, W> {
        ProgramEnvironment { world: self.world, index: self.index }
    }

    fn programs(&self) -> ToolchainPrograms<'_, W> {
        ToolchainPrograms { world: self.world, index: self.index }
    }

    /// Whether a custom tool's file changed since the index was written.
    fn is_redefined(&self, tool: &Tool) -> bool {
        self.index.tools.custom_definition(tool).is_some_and(|own| {
            let seen = self.world.metadata(&own.file).ok().flatten();
            seen.is_none_or(|seen| fingerprint(&seen) != own.fingerprint)
        })
    }

    /// Resolves a call with one tool; `None` if its rule doesn't apply, or its active version lacks
    /// the program.
    fn provide(&self, call: &Call, arguments: &[&OsStr]) -> Result<Option<Outcome>> {
        let Some(selection) = self.select_by_rule(call)? else { return Ok(None) };
        let plan = match selection {
            Selection::Stale => return Ok(Some(Outcome::Stale)),
            // A version that isn't installed has no program of another tool.
            Selection::Missing(_) if self.is_of_another_tool(call) => None,
            Selection::Missing(missing) => return Ok(Some(Outcome::Missing(missing))),
            Selection::Nothing(Some(pin)) => return Err(without_system(call.tool, &pin.origin)),
            Selection::Nothing(None) => None,
            Selection::System(main, _) => self.system_plan(call, &main, arguments)?,
            Selection::Toolchain(toolchain, _) => match self.plan(call, &toolchain)? {
                // Not all of a system version's programs have its suffix: `pip3.11`, `pip`.
                None => match self.selector().system(call.tool).main_of(&toolchain)? {
                    Some(main) => self.system_plan(call, &main, arguments)?,
                    None => None,
                },
                plan => plan,
            },
        };
        Ok(plan.map(Outcome::Run))
    }

    /// The active version, if the rule of the call applies.
    fn select_by_rule(&self, call: &Call) -> Result<Option<Selection>> {
        let selector = self.selector();
        let pin = match call.rule {
            ProviderRule::Always => return selector.select(call).map(Some),
            ProviderRule::IfActive => {
                let selection = selector.select(call)?;
                return Ok(Some(selection).filter(|one| !matches!(one, Selection::System(_, None))));
            }
            ProviderRule::IfPinned => selector.requirements(call)?.pin,
            ProviderRule::IfDefault => selector.requirements(call)?.default,
        };
        pin.map(|pin| selector.satisfy(call.tool, pin)).transpose()
    }

    /// The newest installed version, if it has the program.
    fn newest(&self, call: &Call) -> Result<Option<Outcome>> {
        Ok(match self.selector().newest(call.tool)? {
            Lookup::Toolchain(toolchain) => self.plan(call, &toolchain)?.map(Outcome::Run),
            Lookup::Nothing => None,
            Lookup::Stale => Some(Outcome::Stale),
        })
    }

    /// The newest installed release that has the program of a global package; other flavours only
    /// where there is none without.
    fn newest_with_package(&self, call: &Call) -> Result<Option<Plan>> {
        if call.tool.programs.contains(&call.program.as_str()) {
            return Ok(None);
        }
        let mut all = all_toolchains(self.world, self.index, call.tool)?.unwrap_or_default();
        sort(&mut all, &|one, other| match (&one.version, &other.version) {
            (Some(one), Some(other)) => preference(call.tool, other, one),
            (one, other) => other.cmp(one),
        });
        let is_release = |toolchain: &Toolchain| {
            toolchain.version.as_ref().is_some_and(|version| !version.is_prerelease())
        };
        for toolchain in all.iter().filter(|one| is_release(one)) {
            if is_complete(self.world, call.tool, toolchain)?
                && let Some(plan) = self.plan(call, toolchain)?
            {
                return Ok(Some(plan));
            }
        }
        Ok(None)
    }

    /// The plan for a program of a toolchain; `None` if the toolchain lacks it.
    fn plan(&self, call: &Call, toolchain: &Toolchain) -> Result<Option<Plan>> {
        for name in call.names() {
            if let Some(program) = self.programs().find(call, toolchain, name)? {
                let set = self.variables(call, toolchain)?;
                return Ok(Some(self.plan_for(call, program, set, Some(toolchain.clone()))));
            }
        }
        Ok(None)
    }

    /// The variables for a call's program of a toolchain.
    fn variables(&self, call: &Call, toolchain: &Toolchain) -> Result<Variables> {
        let (selector, environment) = (self.selector(), self.environment());
        let mut set = requested(call);
        environment.add_variables(call, toolchain, &mut set);
        if let Some(runtime) = environment.runtime_with_rules(call)
            && let Some(active_call) = runtime_call(call, runtime)
            && let Selection::Toolchain(active, _) = selector.select(&active_call)?
        {
            let runtime = ActiveRuntime { tool: runtime, toolchain: active };
            environment.add_runtime_variables(call, toolchain, &runtime, &mut set);
        }
        let child_request = selector.runtime_variable(call, toolchain)?;
        set.extend(child_request.map(|(name, version)| (name, Some(version))));
        Ok(set)
    }

    /// The plan to run a program, with these variables and the shims on PATH.
    fn plan_for(
        &self,
        call: &Call,
        program: PathBuf,
        mut set: Variables,
        toolchain: Option<Toolchain>,
    ) -> Plan {
        set.extend(path_with_shims(self.world, self.shim).map(|path| ("PATH", Some(path))));
        let skip = 1 + usize::from(call.has_request_argument);
        let is_listed = call.names().any(|name| call.tool.programs.contains(&name));
        Plan { program, skip, set, toolchain, tool: call.tool, is_listed }
    }

    /// The plan for a program for all versions of a tool, none of which is installed.
    fn user_wide_plan(&self, call: &Call) -> Option<Plan> {
        let program = self.programs().find_user_wide(call.tool, call.program.as_str())?;
        Some(self.plan_for(call, program, requested(call), None))
    }

    /// The plan for a program of the system's version.
    fn system_plan(&self, call: &Call, main: &Path, arguments: &[&OsStr]) -> Result<Option<Plan>> {
        let system = self.selector().system(call.tool);
        self.plan_outside(call, arguments, &|passed| {
            let main = match passed {
                [] => Some(main.to_path_buf()),
                _ => system.main(passed),
            };
            let Some(main) = main else { return Ok(None) };
            for name in call.names() {
                if let Some(program) = system.find(&main, name, passed)? {
                    return Ok(Some(program));
                }
            }
            Ok(None)
        })
    }

    /// Whether a call's program is another tool's, which its tool may only hold as a global package:
    /// `pnpm`, of node.
    fn is_of_another_tool(&self, call: &Call) -> bool {
        !call.tool.programs.contains(&call.program.as_str())
            && self.index.tools.of_program(call.program.as_str()).is_some()
    }

    /// The plan for the next program on PATH that is in no version of the tool. What a version ships
    /// is only borrowed where no version is active. Another tool's program is whatever PATH has.
    fn next_on_path(
        &self,
        call: &Call,
        active: &Selection,
        arguments: &[&OsStr],
    ) -> Result<Option<Plan>> {
        let is_shipped = call.tool.programs.contains(&call.program.as_str());
        if is_shipped && !matches!(active, Selection::Nothing(_)) {
            return Ok(None);
        }
        let is_others = self.is_of_another_tool(call);
        let fits = |program: &Path| {
            is_others || version_folder(self.world, self.index, call.tool, program).is_none()
        };
        self.plan_outside(call, arguments, &|passed| {
            let next = |name| next_on_path_where(self.world, self.shim, name, passed, &fits);
            Ok(call.names().find_map(next))
        })
    }

    /// The plan for a program that `find` finds outside of toolchains.
    fn plan_outside(
        &self,
        call: &Call,
        arguments: &[&OsStr],
        find: &Find<'_>,
    ) -> Result<Option<Plan>> {
        let Some(next) = next_program(self.world, call, arguments, find)? else { return Ok(None) };
        let mut set = requested(call);
        set.push(next.variable);
        let environment = self.environment();
        if environment.may_name_a_version(call.tool) {
            let running = RunningVersion::of_program(self.world, &next.path);
            environment.remove_of_others(call.tool, &running, &mut set);
        }
        Ok(Some(self.plan_for(call, next.path, set, None)))
    }

    /// The error if the active version lacks the program: it names the versions that have it.
    fn program_missing_error(&self, call: &Call, active: &Selection) -> Result<Outcome> {
        let Some(all) = all_toolchains(self.world, self.index, call.tool)? else {
            return Ok(Outcome::Stale);
        };
        let (tool, program) = (call.tool.name, &call.program);
        let mut lacking = None;
        let what = match active {
            Selection::Toolchain(toolchain, _)
                if ships(self.world, toolchain, program.as_str()) =>
            {
                return Err(damaged(call.tool, toolchain, program.as_str()));
            }
            Selection::Toolchain(toolchain, pin) => {
                let active = active_version(tool, toolchain, pin.as_ref());
                format!("{program} is not installed for {active}")
            }
            Selection::System(main, _) => {
                lacking = self.selector().system(call.tool).version(main)?;
                let version =
                    lacking.as_ref().map_or_else(String::new, |version| format!(" {version}"));
                format!("the system's {tool}{version} has no {program}")
            }
            Selection::Nothing(_) | Selection::Missing(_) | Selection::Stale => {
                format!("{program} is not installed")
            }
        };
        let mut having = Vec::new();
        for toolchain in &all {
            let name = program.as_str();
            // The system's may have it under another name, with its version: `pydoc3.11`.
            let has = || {
                has_program(self.world, toolchain, name).unwrap_or(false)
                    || self.programs().find_global_package(call.tool, toolchain, name).is_some()
            };
            let version = toolchain.version.as_ref();
            if let Some(version) = version.filter(|one| Some(*one) != lacking.as_ref() && has()) {
                having.push(version.to_string());
            }
        }
        let error = Error::new(ErrorKind::NotFound, what);
        let orphaned = self.programs().orphaned_versions(call.tool, program.as_str(), &all);
        Err(match (having.first(), orphaned.iter().max()) {
            (Some(newest), _) => error
                .because(format!("installed for {tool} {}", having.join(", ")))
                .hint(format!("use {tool}@{newest}")),
            (None, Some(version)) => error
                .because(format!("it is for {tool} {version}, which was uninstalled"))
                .hint(format!("use {tool}@{version}")),
            (None, None) => match self.index.tools.of_program(program.as_str()) {
                Some(owner) => error.hint(format!("use {}@latest", owner.name)),
                None => error,
            },
        })
    }
}

/// The error if `system` is requested and PATH has none.
pub fn without_system(tool: &Tool, origin: &Origin) -> Error {
    let (name, main) = (tool.name, tool.main_program());
    let what = format!("no system {main} on PATH (requested by {origin})");
    Error::new(ErrorKind::NotFound, what).hint(format!("use {name}@latest"))
}

fn unknown(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("unknown program “{}”", Escaped(name)))
        .hint("use reshim")
}

/// A call of the runtime's main program, with the call's own request for it.
fn runtime_call(call: &Call, runtime: &'static Tool) -> Option<Call> {
    let pin = call.runtime_pin.as_ref().map(|(_, pin)| pin.clone());
    Some(Call { pin, ..Call::for_main_program(runtime)? })
}

/// The active version and its origin, for a message.
fn active_version(tool: &str, toolchain: &Toolchain, pin: Option<&Pin>) -> String {
    let folder = || Shown(&toolchain.root).to_string();
    let version = toolchain.name().map_or_else(folder, str::to_owned);
    match pin.map(|pin| &pin.origin) {
        Some(origin) => format!("{tool} {version} (requested by {origin})"),
        None => format!("{tool} {version}"),
    }
}
