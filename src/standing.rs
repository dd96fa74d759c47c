//! How a tool stands here: what is in force, who asks for it, and what there is by now. Prints and
//! fetches nothing but indexes.

use std::ops::ControlFlow;

use usher_shims::call::Call;
use usher_shims::error::Result;
use usher_shims::path::next_on_path;
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::{Author, Meaning, Request};
use usher_shims::resolve::Selection;
use usher_shims::search::{Finding, search};
use usher_shims::store::{Found, highest};
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use crate::commands::{in_force, system_version};
use crate::registry::Known;
use crate::release::{Finder, Freshness, Listed, Release, Wanted};
use crate::usher::Usher;

/// How a tool stands here.
pub struct Standing<'a> {
    /// Which tool.
    pub known: Known<'a>,
    /// The version in force; nothing where none on disk answers, or none can be told.
    pub version: Option<Version>,
    /// The toolchain in force, if it is one with a folder that usher knows.
    pub toolchain: Option<Toolchain>,
    /// What decides, if anybody asks.
    pub pin: Option<Pin>,
    /// Whether what decides is a range that picks only where nothing pins.
    pub is_constraint: bool,
}

/// What of a tool's releases matters here.
pub struct News {
    /// The newest that the request admits.
    pub admitted: Option<Release>,
    /// The newest there is.
    pub newest: Option<Release>,
    /// How old the index is that says so, and which source's it is.
    pub freshness: Freshness,
    /// The source.
    pub source: String,
}

impl<'a> Standing<'a> {
    /// Finds out how a tool stands; an error where what decides can't be used.
    pub fn of(usher: &Usher, known: Known<'a>) -> Result<Self> {
        let mut on_disk = None;
        let (version, pin) = match in_force(usher, known)? {
            Selection::Toolchain(toolchain, pin) => {
                (on_disk.insert(toolchain).version.clone(), pin)
            }
            Selection::Missing(missing) => (None, Some(missing.pin)),
            Selection::System(pin) => (without_usher(usher, known, pin.is_none())?, pin),
            Selection::Stale => (None, None),
        };
        let is_constraint = match &pin {
            Some(pin) => is_constraint(usher, known, &pin.origin)?,
            None => false,
        };
        Ok(Self { known, version, toolchain: on_disk, pin, is_constraint })
    }

    /// The request that decides, and who made it.
    pub fn asked(&self) -> Option<(&Request, &Origin)> {
        self.pin.as_ref().and_then(|pin| Some((pin.request()?, &pin.origin)))
    }

    /// What can be had by now.
    pub fn news(&self, finder: &Finder<'_>) -> Result<News> {
        let Listed { releases, source, freshness } = finder.all(self.known)?;
        let latest = Request::parse("latest", self.known.tool, Author::Person).ok();
        let newest = match latest {
            Some(latest) => finder.newest(&releases, (&latest, self.known.tool))?,
            None => None,
        };
        let asked = self.asked().filter(|(request, _)| is_of_releases(self.known, request));
        let admitted = match asked {
            None => None,
            Some((request, origin)) => {
                match finder.newest(&releases, (request, self.known.tool))? {
                    Some(release) => Some(release),
                    // Another source may have it, or this one by now.
                    None => finder.find(&Wanted { known: self.known, request, origin }).ok(),
                }
            }
        };
        Ok(News { admitted, newest, freshness, source })
    }

    /// Whether a release is newer than what is in force: of two flavours none is.
    pub fn is_new(&self, release: &Release) -> bool {
        self.version.as_ref().is_none_or(|version| {
            version.flavour() == release.version.flavour() && release.version > *version
        })
    }
}

/// Whether a request is one that releases can answer.
pub fn is_of_releases(known: Known<'_>, request: &Request) -> bool {
    match request.meaning() {
        Meaning::System | Meaning::Path(_) => false,
        Meaning::Named(name) => known.has_flavour(name.as_str()),
        Meaning::Version(_)
        | Meaning::Range(_)
        | Meaning::Latest
        | Meaning::Lts
        | Meaning::LtsBack(_)
        | Meaning::LtsNamed(_) => true,
    }
}

/// The version of what would run without usher; where that is nothing and nobody asks, of the
/// newest on disk.
fn without_usher(usher: &Usher, known: Known<'_>, nobody_asks: bool) -> Result<Option<Version>> {
    let mut programs = known.tool.programs.iter();
    let program = programs.find_map(|name| next_on_path(&usher.world, &usher.shim, name, &[]));
    if let Some(program) = program {
        return Ok(system_version(usher, &program));
    }
    let is_release = |version: &Version| nobody_asks && !version.is_prerelease();
    Ok(match highest(&usher.world, &usher.home, known.tool, is_release)? {
        Found::Toolchain(toolchain) => toolchain.version,
        Found::Nothing | Found::Stale => None,
    })
}

fn is_constraint(usher: &Usher, known: Known<'_>, decides: &Origin) -> Result<bool> {
    let Some(call) = Call::of_interpreter(known.tool) else { return Ok(false) };
    let mut found = false;
    search(&usher.world, &usher.home, &call, &mut |finding| {
        found |= matches!(finding, Finding::Constraint(pin) if pin.origin == *decides);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
