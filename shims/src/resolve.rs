//! The pipeline: a call, who asks for which version, the toolchain that fits, the program to become.

mod host;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::call::{Call, Turn, calls};
use crate::error::{Error, Escaped, Exit, Result};
use crate::home::{Home, stamp};
use crate::path::{Shim, next_on_path, with_shims};
use crate::pin::{Origin, Pin};
use crate::range::Range;
use crate::read::json_field;
use crate::request::{Meaning, Request};
use crate::search::{Finding, search};
use crate::store::{Found, Store, Toolchain, all, has, is_whole, named};
use crate::tool::{Adds, Needed, Tool, When};
use crate::version::Version;
use crate::via::{VIA, Via, state};
use crate::world::World;

pub use self::host::{Host, Reach};

/// What the resolver knows of the machine.
#[derive(Debug)]
pub struct Resolver<'a, W> {
    /// All input.
    pub world: &'a W,
    /// Where usher lives.
    pub home: &'a Home,
    /// The running shim.
    pub shim: &'a Shim,
}

/// What a call comes to.
#[derive(Debug)]
pub enum Outcome {
    /// Become this.
    Run(Plan),
    /// Nothing installed fits: somebody has to get it.
    Missing(Missing),
    /// The index doesn't know the operating system's programs any more: somebody has to ask them.
    Stale,
}

/// What to become.
#[derive(Debug)]
pub struct Plan {
    /// The program, which is argument 0 as well.
    pub program: PathBuf,
    /// How many arguments are left out: the name, and `+REQUEST` where there is one.
    pub skip: usize,
    /// Variables to set.
    pub set: Vec<(&'static str, OsString)>,
    /// The toolchain it is of; none for what would have run without usher.
    pub toolchain: Option<Toolchain>,
    /// The tool it is of.
    pub tool: &'static Tool,
}

/// A version that somebody asks for and that isn't on disk.
#[derive(Debug, Clone)]
pub struct Missing {
    /// Of which tool.
    pub tool: &'static Tool,
    /// What is asked for, and by whom.
    pub pin: Pin,
}

/// Which version of a tool is in force.
#[derive(Debug, Clone)]
pub enum Force {
    /// This toolchain, asked for by this pin if anybody asks.
    Toolchain(Toolchain, Option<Pin>),
    /// What would have run without usher.
    System(Option<Pin>),
    /// Nothing on disk fits.
    Missing(Missing),
    /// The index is out of date.
    Stale,
}

/// What the search found, as far as it decides.
#[derive(Debug, Default)]
struct Asked {
    pin: Option<Pin>,
    constraint: Option<Pin>,
    default: Option<Pin>,
}

impl<W: World> Resolver<'_, W> {
    /// Resolves a call by its name and arguments; `arguments` begins with what follows the name.
    pub fn resolve(&self, name: &str, arguments: &[&OsStr]) -> Result<Outcome> {
        let argument = arguments.first().and_then(|argument| argument.to_str());
        let calls = calls(self.home, name, argument);
        let Some(last) = calls.last() else { return Err(unknown(name)) };
        if calls.iter().any(|call| self.is_redefined(call.tool)) {
            return Ok(Outcome::Stale);
        }
        for call in &calls {
            if let Some(outcome) = self.call(call, arguments)? {
                return Ok(outcome);
            }
        }
        if let Some(plan) = self.pass_on(last, arguments)? {
            return Ok(Outcome::Run(plan));
        }
        for call in calls.iter().filter(|call| call.turn == Turn::IfDefault) {
            if let Some(outcome) = self.newest(call)? {
                return Ok(outcome);
            }
        }
        match self.of_account(last) {
            Some(plan) => Ok(Outcome::Run(plan)),
            None => self.lacking(last),
        }
    }

    /// Whether an own tool's file changed since the index was written.
    fn is_redefined(&self, tool: &Tool) -> bool {
        self.home.tools.definition_of(tool).is_some_and(|own| {
            let seen = self.world.look(&own.file).ok().flatten();
            seen.is_none_or(|seen| stamp(&seen) != own.stamp)
        })
    }

    /// Resolves a call; `None` where it isn't this tool's turn, or the toolchain in force lacks the
    /// program.
    fn call(&self, call: &Call, arguments: &[&OsStr]) -> Result<Option<Outcome>> {
        let Some(force) = self.force_in_turn(call)? else { return Ok(None) };
        match force {
            Force::Stale => Ok(Some(Outcome::Stale)),
            Force::Missing(missing) => Ok(Some(Outcome::Missing(missing))),
            Force::System(pin) => match self.pass_on(call, arguments)? {
                Some(plan) => Ok(Some(Outcome::Run(plan))),
                None => self.without_system(call, pin),
            },
            Force::Toolchain(toolchain, _) => Ok(self.plan(call, toolchain)?.map(Outcome::Run)),
        }
    }

    /// Which version is in force, if it is the tool's turn.
    fn force_in_turn(&self, call: &Call) -> Result<Option<Force>> {
        let pin = match call.turn {
            Turn::Always => return self.force(call).map(Some),
            Turn::IfHeld => {
                let force = self.force(call)?;
                return Ok(Some(force).filter(|force| !matches!(force, Force::System(None))));
            }
            Turn::IfPinned => self.asked(call)?.pin,
            Turn::IfDefault => self.asked(call)?.default,
        };
        pin.map(|pin| self.meet(call.tool, pin)).transpose()
    }

    /// Which version of a call's tool is in force.
    pub fn force(&self, call: &Call) -> Result<Force> {
        let asked = self.asked(call)?;
        // What runs on another tool is chosen where it is asked for by itself, and else comes with
        // that one.
        let constraint = asked.constraint.filter(|_| call.tool.host.is_none());
        match (asked.pin, constraint) {
            (Some(pin), _) => self.meet(call.tool, pin),
            (None, Some(constraint)) => self.constrained(call, constraint, asked.default),
            (None, None) => match asked.default {
                Some(default) => self.meet(call.tool, default),
                None => Ok(Force::System(None)),
            },
        }
    }

    fn asked(&self, call: &Call) -> Result<Asked> {
        let mut asked = Asked::default();
        let mut broken = None;
        search(self.world, self.home, call, &mut |finding| {
            match finding {
                Finding::Pin(pin) => asked.pin = Some(pin),
                Finding::Constraint(pin) => {
                    asked.constraint.get_or_insert(pin);
                    return ControlFlow::Continue(());
                }
                Finding::Default(pin) => asked.default = Some(pin),
                Finding::Broken(error, _) => broken = Some(error),
                Finding::Passed(_) => return ControlFlow::Continue(()),
            }
            ControlFlow::Break(())
        })?;
        broken.map_or(Ok(asked), Err)
    }

    /// The toolchain for a pin: the first of its requests that is on disk.
    fn meet(&self, tool: &'static Tool, pin: Pin) -> Result<Force> {
        for (place, request) in pin.requests.iter().enumerate() {
            let is_last = place + 1 == pin.requests.len();
            match self.on_disk(tool, request)? {
                Some(Found::Toolchain(toolchain)) => {
                    return Ok(Force::Toolchain(toolchain, Some(pin)));
                }
                Some(Found::Stale) => return Ok(Force::Stale),
                // Of a list, the system's counts where there is one.
                None if is_last || self.has_system(tool) => return Ok(Force::System(Some(pin))),
                Some(Found::Nothing) | None => {}
            }
        }
        Ok(Force::Missing(Missing { tool, pin }))
    }

    /// Whether there is something that would have run without usher.
    fn has_system(&self, tool: &Tool) -> bool {
        next_on_path(self.world, self.shim, tool.main_program(), &[]).is_some()
    }

    /// What is on disk for a request; `None` for `system`.
    fn on_disk(&self, tool: &'static Tool, request: &Request) -> Result<Option<Found>> {
        let one = |toolchain: Option<Toolchain>| toolchain.map_or(Found::Nothing, Found::Toolchain);
        match request.meaning() {
            Meaning::System => Ok(None),
            Meaning::Path(folder) => Ok(Some(one(Some(Toolchain {
                version: None,
                root: folder.clone(),
                store: Store::Folder,
            })))),
            Meaning::Named(name) => match named(self.world, self.home, tool, name)? {
                Some(toolchain) => Ok(Some(Found::Toolchain(toolchain))),
                None => self.best(tool, request).map(Some),
            },
            Meaning::Version(_)
            | Meaning::Range(_)
            | Meaning::Latest
            | Meaning::Lts
            | Meaning::LtsBack(_)
            | Meaning::LtsNamed(_) => self.best(tool, request).map(Some),
        }
    }

    /// A constraint keeps the default, or else the system's program, if that satisfies it; else it
    /// picks the highest on disk that does.
    fn constrained(&self, call: &Call, constraint: Pin, default: Option<Pin>) -> Result<Force> {
        let Some(request) = constraint.requests.first().cloned() else {
            return Ok(Force::System(None));
        };
        let satisfies = |version: &Version| request.matches(version, call.tool);
        let kept = match default {
            Some(default) => Some(self.meet(call.tool, default)?),
            None => None,
        };
        match &kept {
            Some(Force::Toolchain(Toolchain { version: Some(version), .. }, _))
                if satisfies(version) =>
            {
                return Ok(kept.unwrap_or(Force::Stale));
            }
            Some(Force::Stale) => return Ok(Force::Stale),
            Some(Force::System(_)) | None
                if self.system_version(call)?.as_ref().is_some_and(satisfies) =>
            {
                return Ok(Force::System(None));
            }
            Some(Force::System(_) | Force::Missing(_) | Force::Toolchain(..)) | None => {}
        }
        self.meet(call.tool, constraint)
    }

    /// The version of what would have run without usher, where the index knows it.
    fn system_version(&self, call: &Call) -> Result<Option<Version>> {
        for name in [call.program.as_str(), call.tool.main_program()] {
            let Some(program) = next_on_path(self.world, self.shim, name, &[]) else { continue };
            let seen = self
                .world
                .look(&program)
                .map_err(|error| Error::io("look at", &program, &error))?;
            let stamp = seen.map(|seen| stamp(&seen));
            let known = self.home.system.iter().find(|known| Some(&known.stamp) == stamp.as_ref());
            if let Some(known) = known {
                return Ok(Some(known.version.clone()));
            }
        }
        Ok(None)
    }

    /// Nobody asked, or `system` was asked for, and PATH has no such program.
    fn without_system(&self, call: &Call, pin: Option<Pin>) -> Result<Option<Outcome>> {
        if let Some(pin) = pin {
            let (tool, origin) = (call.tool.name, pin.origin);
            return Err(Error::new(
                Exit::NotFound,
                format!(
                    "the system's {tool} was asked for by {origin}, but PATH has no other {}",
                    call.program
                ),
            )
            .hint(format!("use {tool}@latest")));
        }
        self.newest(call)
    }

    /// The newest release on disk that holds the program.
    fn newest(&self, call: &Call) -> Result<Option<Outcome>> {
        let Some(mut all) = all(self.world, self.home, call.tool)? else {
            return Ok(Some(Outcome::Stale));
        };
        if let Some(host) = self.host(call.tool)? {
            host.put_running_first(&mut all);
        }
        let is_release = |toolchain: &Toolchain| {
            toolchain.version.as_ref().is_some_and(|version| !version.is_prerelease())
        };
        for toolchain in all.into_iter().filter(is_release) {
            if is_whole(self.world, call.tool, &toolchain)?
                && let Some(plan) = self.plan(call, toolchain)?
            {
                return Ok(Some(Outcome::Run(plan)));
            }
        }
        Ok(None)
    }

    /// The plan for a program of a toolchain; `None` where that lacks it.
    fn plan(&self, call: &Call, toolchain: Toolchain) -> Result<Option<Plan>> {
        for name in call.names() {
            if let Some(program) = self.program(call, &toolchain, name)? {
                let mut set = requested(call);
                self.needed(call, &toolchain, &mut set);
                self.needed_of_host(call, &toolchain, &mut set)?;
                set.extend(self.for_host(call, &toolchain)?);
                return Ok(Some(self.becoming(call, program, set, Some(toolchain))));
            }
        }
        Ok(None)
    }

    /// The plan to become a program, with these variables and the shims on PATH.
    fn becoming(
        &self,
        call: &Call,
        program: PathBuf,
        mut set: Vec<(&'static str, OsString)>,
        toolchain: Option<Toolchain>,
    ) -> Plan {
        set.extend(with_shims(self.world, self.shim).map(|path| ("PATH", path)));
        let skip = 1 + usize::from(call.takes_argument);
        Plan { program, skip, set, toolchain, tool: call.tool }
    }

    /// Where a toolchain has a program; of somebody else's toolchain, what the account added first,
    /// and last what it added for all versions.
    fn program(&self, call: &Call, toolchain: &Toolchain, name: &str) -> Result<Option<PathBuf>> {
        // A toolchain that was chosen holds its interpreter: that was looked at.
        let is_main = name == call.tool.main_program();
        if is_main && toolchain.store != Store::Folder {
            return Ok(Some(toolchain.program(name)));
        }
        if let Some(added) = self.added(call.tool, toolchain, name) {
            return Ok(Some(added));
        }
        match has(self.world, toolchain, name)? {
            true => Ok(Some(toolchain.program(name))),
            false => Ok(self.added_for_all(call.tool, name)),
        }
    }

    /// What the account added beside a toolchain that is somebody else's.
    fn added(&self, tool: &Tool, toolchain: &Toolchain, name: &str) -> Option<PathBuf> {
        let folder = self.home.additions_folder(tool, toolchain)?;
        self.program_in(&folder.join("bin"), name)
    }

    /// What the account added for all versions of a tool.
    fn added_for_all(&self, tool: &Tool, name: &str) -> Option<PathBuf> {
        let is_shipped = tool.programs.contains(&name);
        let folder = Some(self.home.programs_for_all(tool)).filter(|_| !is_shipped)?;
        self.program_in(&folder, name)
    }

    fn program_in(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        let program = folder.join(name);
        let seen = self.world.look(&program).ok().flatten();
        seen.is_some_and(|seen| seen.is_program).then_some(program)
    }

    /// The plan for what was added for all versions of a tool of which none is left.
    fn of_account(&self, call: &Call) -> Option<Plan> {
        let program = self.added_for_all(call.tool, call.program.as_str())?;
        Some(self.becoming(call, program, requested(call), None))
    }

    /// The plan for what would have run without usher.
    fn pass_on(&self, call: &Call, arguments: &[&OsStr]) -> Result<Option<Plan>> {
        let name = call.program.as_str();
        let left = self.world.variable(VIA);
        let state = state(self.world, arguments);
        let mut via = Via::after(left.as_deref(), self.world.process(), name, state);
        let Some(program) = self.next(call, &via.folders) else { return Ok(None) };
        if via.is_circle() {
            return Err(circle(call, &via, &program));
        }
        if !is_script(self.world, &program) {
            via.state.call = 0;
        }
        let mut set = requested(call);
        set.push((VIA, via.print(program.parent().unwrap_or(Path::new("/")))));
        set.extend(with_shims(self.world, self.shim).map(|path| ("PATH", path)));
        let skip = 1 + usize::from(call.takes_argument);
        Ok(Some(Plan { program, skip, set, toolchain: None, tool: call.tool }))
    }

    /// The next program on PATH outside of the passed folders; if none is, the one in the last of
    /// them, which was no shim then.
    fn next(&self, call: &Call, passed: &[PathBuf]) -> Option<PathBuf> {
        let next = |passed: &[PathBuf]| {
            call.names().find_map(|name| next_on_path(self.world, self.shim, name, passed))
        };
        next(passed).or_else(|| next(passed.split_last()?.1))
    }

    /// The variables that the program needs and that are unset.
    fn needed(&self, call: &Call, toolchain: &Toolchain, set: &mut Vec<(&'static str, OsString)>) {
        for needed in call.tool.environment {
            if self.is_free(needed, call.tool) && self.is_needed(needed, call, toolchain) {
                set.push((needed.variable, self.value(needed, call.tool, toolchain)));
            }
        }
    }

    /// The variables that the tool which the program's own runs on sets for it by name.
    ///
    /// What depends on a file is asked of the toolchain that holds such a file: a package manager's
    /// own, and else the other tool's.
    fn needed_of_host(
        &self,
        call: &Call,
        guest: &Toolchain,
        set: &mut Vec<(&'static str, OsString)>,
    ) -> Result<()> {
        let Some(host) = call.tool.host.and_then(|host| self.home.tools.named(host)) else {
            return Ok(());
        };
        let is_meant = |needed: &&Needed| {
            call.names().any(|name| needed.programs.contains(&name)) && self.is_free(needed, host)
        };
        let mut needed = host.environment.iter().filter(is_meant).peekable();
        if needed.peek().is_none() {
            return Ok(());
        }
        let Some(of_host) = host_call(call, host) else { return Ok(()) };
        let Force::Toolchain(toolchain, _) = self.force(&of_host)? else { return Ok(()) };
        for one in needed {
            let is_there = |when: &When| self.is_file(&guest.root.join(when.file));
            let asked = if one.when.as_ref().is_some_and(is_there) { guest } else { &toolchain };
            let is_meant = !one.unwritable || self.is_unwritable(host, &toolchain);
            if is_meant && self.holds(one.when.as_ref(), host, &asked.root) {
                set.push((one.variable, self.value(one, host, &toolchain)));
            }
        }
        Ok(())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.world.look(path).ok().flatten().is_some()
    }

    /// A variable's value for a toolchain.
    fn value(&self, needed: &Needed, tool: &Tool, toolchain: &Toolchain) -> OsString {
        let value = needed.value.replace("{root}", &toolchain.root.to_string_lossy());
        let additions = self.home.additions_folder(tool, toolchain).unwrap_or_default();
        value.replace("{additions}", &additions.to_string_lossy()).into()
    }

    /// The variables that all programs of a tool need in a toolchain, whatever is set now.
    pub fn needs(&self, call: &Call, toolchain: &Toolchain) -> Vec<(&'static str, OsString)> {
        let needed = call.tool.environment.iter();
        let needed =
            needed.filter(|one| one.programs.is_empty() && self.is_needed(one, call, toolchain));
        needed.map(|needed| (needed.variable, self.value(needed, call.tool, toolchain))).collect()
    }

    /// Whether nobody set a variable; what a shim set for another version doesn't count.
    fn is_free(&self, needed: &Needed, tool: &Tool) -> bool {
        let value = self.world.variable(needed.variable);
        value.is_none_or(|value| self.is_ours(needed, tool, &value))
    }

    /// Whether a value names a version in a store that usher knows, or what was added beside one, as
    /// it would itself. Variables that all programs need are also set by people, to other managers'
    /// versions.
    fn is_ours(&self, needed: &Needed, tool: &Tool, value: &OsStr) -> bool {
        if let Some((before, _)) = needed.value.split_once("{additions}") {
            let folder = value.to_str().and_then(|value| value.strip_prefix(before));
            let additions = self.home.data.join("additions");
            return folder.is_some_and(|folder| Path::new(folder).starts_with(additions));
        }
        let Some((before, after)) = needed.value.split_once("{root}") else { return false };
        let root = value.to_str().and_then(|value| value.strip_prefix(before)?.strip_suffix(after));
        let Some(root) = root.map(Path::new) else { return false };
        let own = [self.home.toolchains()].into_iter().chain(self.home.shared.iter().cloned());
        let mut own = own.map(|store| store.join(tool.name));
        let adopted = self.home.adopted.iter().filter(|store| store.tool == tool.name);
        own.any(|store| root.starts_with(store))
            || !needed.programs.is_empty()
                && adopted.map(|store| &store.folder).any(|store| root.starts_with(store))
    }

    /// Whether a toolchain is somebody else's, and this account can't write to it.
    fn is_unwritable(&self, tool: &Tool, toolchain: &Toolchain) -> bool {
        self.home.additions_folder(tool, toolchain).is_some()
            && !self.world.is_writable(&toolchain.root)
    }

    fn is_needed(&self, needed: &Needed, call: &Call, toolchain: &Toolchain) -> bool {
        let for_program =
            needed.programs.is_empty() || call.names().any(|name| needed.programs.contains(&name));
        if for_program && needed.unwritable && !self.is_unwritable(call.tool, toolchain) {
            return false;
        }
        for_program && self.holds(needed.when.as_ref(), call.tool, &toolchain.root)
    }

    /// Whether a condition holds in a toolchain's folder; none always does.
    fn holds(&self, when: Option<&When>, tool: &Tool, root: &Path) -> bool {
        let Some(when) = when else { return true };
        let Ok(content) = self.world.read(&root.join(when.file)) else { return false };
        let text = String::from_utf8_lossy(&content);
        let version = json_field(&text, when.field).and_then(|text| Version::parse(&text));
        let range = Range::parse(when.versions, tool.dialect);
        version.zip(range).is_some_and(|(version, range)| range.admits(&version))
    }

    /// The toolchain in force lacks the program, and so does PATH: a message that names the versions
    /// that have it.
    fn lacking(&self, call: &Call) -> Result<Outcome> {
        let Some(all) = all(self.world, self.home, call.tool)? else { return Ok(Outcome::Stale) };
        let (tool, program) = (call.tool.name, &call.program);
        let mut having = Vec::new();
        for toolchain in &all {
            let name = program.as_str();
            let has = has(self.world, toolchain, name).unwrap_or(false)
                || self.added(call.tool, toolchain, name).is_some();
            if let Some(version) = toolchain.version.as_ref().filter(|_| has) {
                having.push(version.to_string());
            }
        }
        let force = match self.force(call)? {
            Force::Toolchain(toolchain, pin) => in_force(tool, &toolchain, pin.as_ref()),
            Force::System(_) | Force::Missing(_) | Force::Stale => {
                format!("no {tool} is in force here")
            }
        };
        let error =
            Error::new(Exit::NotFound, format!("no {program} is to be had here")).because(force);
        Err(match having.first() {
            Some(newest) => error
                .because(format!("{program} is in {tool} {}", having.join(", ")))
                .hint(format!("use {tool}@{newest}")),
            None if call.tool.programs.contains(&program.as_str()) => {
                error.hint(format!("use {tool}@latest"))
            }
            None => error,
        })
    }
}

/// The message for a program that comes back however often it is passed on.
fn circle(call: &Call, via: &Via, next: &Path) -> Error {
    let (name, times) = (&call.program, via.returns.max(via.nested));
    let folders = via.folders.iter().map(PathBuf::as_path).chain(next.parent());
    let folders: BTreeSet<_> = folders.map(Path::to_string_lossy).collect();
    let folders: Vec<_> = folders.iter().map(|folder| Escaped(folder).to_string()).collect();
    Error::new(
        Exit::NotRunnable,
        format!("{name} was passed on {times} times, and came back each time"),
    )
    .because(format!("by way of {}", folders.join(", ")))
    .hint(format!("use {}@latest", call.tool.name))
}

/// What the call itself asks for, for the children.
fn requested(call: &Call) -> Vec<(&'static str, OsString)> {
    let own = call.pin.as_ref().map(|pin| (call.tool, pin));
    let of_host = call.of_host.as_ref().map(|(host, pin)| (*host, pin));
    let variable = |(tool, pin): (&'static Tool, &Pin)| {
        Some((*tool.variables.first()?, pin.request()?.as_str().into()))
    };
    own.into_iter().chain(of_host).filter_map(variable).collect()
}

fn unknown(name: &str) -> Error {
    Error::new(Exit::NotFound, format!("usher knows no program called “{}”", Escaped(name)))
        .hint("use reshim")
}

/// A call of the interpreter that a call's tool runs on, as the call asks for it.
fn host_call(call: &Call, host: &'static Tool) -> Option<Call> {
    let pin = call.of_host.as_ref().map(|(_, pin)| pin.clone());
    Some(Call { pin, ..Call::of_interpreter(host)? })
}

/// Whether a program is a script: most foreign shims are, and no interpreter is.
fn is_script(world: &impl World, program: &Path) -> bool {
    world.read(program).is_ok_and(|content| content.starts_with(b"#!"))
}

fn in_force(tool: &str, toolchain: &Toolchain, pin: Option<&Pin>) -> String {
    let version = match &toolchain.version {
        Some(version) => version.to_string(),
        None => toolchain.root.display().to_string(),
    };
    match pin.map(|pin| &pin.origin) {
        Some(origin) => format!("{tool} {version} is in force by {origin}, and has none"),
        None => format!("{tool} {version} is in force, and has none"),
    }
}

/// Whether a call adds programs to a toolchain, or takes some away.
pub fn adds(home: &Home, plan: &Plan, program: &str, arguments: &[&OsStr]) -> bool {
    addition(home, plan, program, arguments).is_some()
}

/// The rule by which a call adds programs to a toolchain, or takes some away: the plan's tool, or its
/// host, and the place among that one's.
pub fn addition(
    home: &Home,
    plan: &Plan,
    program: &str,
    arguments: &[&OsStr],
) -> Option<(&'static Tool, usize)> {
    plan.toolchain.as_ref()?;
    let base = crate::name::split_digits(program).map_or(program, |(base, _)| base);
    let matches = |adds: &Adds| {
        (adds.program == program || adds.program == base) && is_addition(adds, arguments)
    };
    let host = plan.tool.host.and_then(|host| home.tools.named(host));
    let mut tools = [plan.tool].into_iter().chain(host);
    tools.find_map(|tool| Some((tool, tool.adds.iter().position(matches)?)))
}

fn is_addition(adds: &Adds, arguments: &[&OsStr]) -> bool {
    let own = arguments.split(|argument| *argument == "--").next().unwrap_or_default();
    let after = match adds.after.len() {
        0 => Some(own),
        length => (0..own.len())
            .find(|start| {
                own.get(*start..*start + length).is_some_and(|window| {
                    window.iter().zip(adds.after).all(|(one, word)| is_word(one, word))
                })
            })
            .map(|start| &own[start + length..]),
    };
    after.is_some_and(|rest| {
        let is_verb = |argument: &OsStr| adds.verbs.iter().any(|verb| argument == *verb);
        rest.iter().any(|argument| adds.verbs.is_empty() || is_verb(argument))
    })
}

/// Whether an argument is a word that must come first: after a slash, a file of that name.
fn is_word(argument: &OsStr, word: &str) -> bool {
    match word.strip_prefix('/') {
        Some(name) => Path::new(argument).file_name() == Some(OsStr::new(name)),
        None => argument == word,
    }
}

/// The origin of a force, for people.
pub fn origin(force: &Force) -> Option<&Origin> {
    match force {
        Force::Toolchain(_, pin) | Force::System(pin) => pin.as_ref().map(|pin| &pin.origin),
        Force::Missing(missing) => Some(&missing.pin.origin),
        Force::Stale => None,
    }
}

#[cfg(test)]
mod tests;
