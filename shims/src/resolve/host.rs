//! What a tool's versions run on, where they are built for versions of another tool: what of that
//! one is there, and which of its own versions it runs. It must not know what would have to be got.

use std::ffi::OsString;

use super::{Force, Resolver};
use crate::call::Call;
use crate::error::Result;
use crate::path::next_on_path;
use crate::pin::Pin;
use crate::request::{Meaning, Request};
use crate::store::{Found, Toolchain, best, best_that, highest};
use crate::tool::{RunsOn, Tool};
use crate::version::Version;
use crate::world::World;

/// The tool that another one's versions are built for, as it stands here.
#[derive(Debug, Clone)]
pub struct Host {
    /// The tool.
    pub tool: &'static Tool,
    /// How the other one's versions say what they are built for.
    pub rule: RunsOn,
    /// What its version in force runs.
    pub reach: Reach,
    /// Who asks for that version, if anybody does: then no other one will do.
    pub pin: Option<Pin>,
    /// Whether that version isn't on disk.
    pub is_missing: bool,
    /// Where nobody asks, the newest on disk, which children can be led to.
    pub newest: Option<Version>,
}

/// What a version runs of what is built for versions like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Whatever is built for this first number, or a lower one.
    UpTo(u64),
    /// Nobody knows: its version can't be told.
    Unknown,
    /// Nothing, for there is none.
    Nothing,
    /// The index is out of date.
    Stale,
}

impl Reach {
    /// What a version will run that was asked for so.
    pub fn of_request(request: &Request) -> Self {
        match request.meaning() {
            Meaning::Version(version) => reach(Some(version)),
            Meaning::Range(_)
            | Meaning::Latest
            | Meaning::Lts
            | Meaning::LtsBack(_)
            | Meaning::LtsNamed(_)
            | Meaning::System
            | Meaning::Path(_)
            | Meaning::Named(_) => Self::Unknown,
        }
    }

    /// Whether it runs what is built for this, where that is known.
    pub fn runs(self, least: Option<u64>) -> bool {
        match self {
            Self::UpTo(most) => least.is_none_or(|least| least <= most),
            Self::Unknown | Self::Stale => true,
            Self::Nothing => false,
        }
    }
}

impl Host {
    /// Whether the version in force runs what is built for this.
    pub fn runs(&self, least: Option<u64>) -> bool {
        self.reach.runs(least)
    }

    /// Whether one that is on disk does, where nobody asks for another one.
    pub fn can_run(&self, least: Option<u64>) -> bool {
        let newest = self.newest.as_ref().map(|version| Reach::UpTo(version.numbers().at(0)));
        self.runs(least) || newest.is_some_and(|newest| newest.runs(least))
    }

    /// Puts toolchains first that the version in force runs, then those that another one does.
    pub(super) fn put_running_first(&self, toolchains: &mut [Toolchain]) {
        toolchains.sort_by_key(|toolchain| {
            let least = toolchain.version.as_ref().and_then(|version| self.rule.least(version));
            (!self.runs(least), !self.can_run(least))
        });
    }
}

impl<W: World> Resolver<'_, W> {
    /// What a tool's versions are built for, as it stands here; `None` for most tools.
    pub fn host(&self, tool: &Tool) -> Result<Option<Host>> {
        let Some(rule) = tool.runs_on else { return Ok(None) };
        let Some(tool) = self.home.tools.named(rule.tool) else { return Ok(None) };
        let Some(call) = Call::of_interpreter(tool) else { return Ok(None) };
        let force = self.force(&call)?;
        let is_missing = matches!(force, Force::Missing(_));
        let (reach, pin) = match force {
            Force::Toolchain(toolchain, pin) => (reach(toolchain.version.as_ref()), pin),
            Force::Missing(missing) => {
                let request = missing.pin.request();
                (request.map_or(Reach::Unknown, Reach::of_request), Some(missing.pin))
            }
            Force::System(pin) => (self.reach_of_system(&call)?, pin),
            Force::Stale => (Reach::Stale, None),
        };
        let mut host = Host { tool, rule, reach, pin, is_missing, newest: None };
        if host.pin.is_none() && host.reach != Reach::Stale {
            self.look_for_newest(&mut host)?;
        }
        Ok(Some(host))
    }

    fn reach_of_system(&self, call: &Call) -> Result<Reach> {
        let program = next_on_path(self.world, self.shim, call.tool.main_program(), &[]);
        match program {
            Some(_) => Ok(reach(self.system_version(call)?.as_ref())),
            None => Ok(Reach::Nothing),
        }
    }

    /// The newest on disk is also what runs where nobody asks, and PATH has none.
    fn look_for_newest(&self, host: &mut Host) -> Result<()> {
        match highest(self.world, self.home, host.tool, |version| !version.is_prerelease())? {
            Found::Toolchain(toolchain) => host.newest = toolchain.version,
            Found::Nothing => {}
            Found::Stale => host.reach = Reach::Stale,
        }
        if host.reach == Reach::Nothing && host.newest.is_some() {
            host.reach = reach(host.newest.as_ref());
        }
        Ok(())
    }

    /// The highest version on disk that was asked for and that runs here.
    pub fn best(&self, tool: &Tool, request: &Request) -> Result<Found> {
        let (world, home) = (self.world, self.home);
        let Some(host) = self.host(tool)? else { return best(world, home, tool, request) };
        if host.reach == Reach::Stale {
            return Ok(Found::Stale);
        }
        let runs = |version: &Version| host.runs(host.rule.least(version));
        match best_that(world, home, (tool, request), &runs)? {
            Found::Nothing => {}
            found => return Ok(found),
        }
        let can_run = |version: &Version| host.can_run(host.rule.least(version));
        best_that(world, home, (tool, request), &can_run)
    }

    /// What leads children to another version of the host, where nobody asks for one and that in
    /// force is too old: the variable that requests it.
    pub(super) fn for_host(
        &self,
        call: &Call,
        toolchain: &Toolchain,
    ) -> Result<Option<(&'static str, OsString)>> {
        let Some(version) = &toolchain.version else { return Ok(None) };
        let Some(host) = self.host(call.tool)? else { return Ok(None) };
        let least = host.rule.least(version);
        if host.runs(least) || !host.can_run(least) {
            return Ok(None);
        }
        let variable = host.tool.variables.first().copied();
        Ok(variable.zip(host.newest).map(|(name, version)| (name, version.as_str().into())))
    }
}

fn reach(version: Option<&Version>) -> Reach {
    version.map_or(Reach::Unknown, |version| Reach::UpTo(version.numbers().at(0)))
}
