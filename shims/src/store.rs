//! Installed toolchains: usher's own, shared ones, adopted ones, the operating system's.

use std::cmp::Ordering;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::error::{Error, ErrorKind, Result, Shown};
use crate::index::{AdoptedStore, Index, Link, ReadToolchain, SystemProgram, fingerprint};
use crate::name::Name;
use crate::normalize;
use crate::request::{Request, RequestKind, has_default_flavour};
use crate::tool::Tool;
use crate::toolchain::{RECEIPT, Store, Toolchain};
use crate::version::Version;
use crate::world::World;

/// The result of a search in the stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The best match.
    Toolchain(Toolchain),
    /// None matches.
    Nothing,
    /// A program of the operating system changed since its version was read.
    Stale,
}

/// A request for a tool, and a condition on the version.
pub struct StoreQuery<'a> {
    /// The tool.
    pub tool: &'a Tool,
    /// The request.
    pub request: &'a Request,
    /// Accepts a version.
    pub fits: &'a dyn Fn(&Version) -> bool,
}

/// The highest installed version that matches a request; of equal ones the one in the strongest
/// store.
pub fn best_match(
    world: &impl World,
    index: &Index,
    tool: &Tool,
    request: &Request,
) -> Result<Lookup> {
    best_match_where(world, index, &StoreQuery { tool, request, fits: &|_| true })
}

/// Like [`best_match`], limited to versions that the query accepts.
pub fn best_match_where(
    world: &impl World,
    index: &Index,
    query: &StoreQuery<'_>,
) -> Result<Lookup> {
    let StoreQuery { tool, request, fits } = query;
    // Where a version has builds for several runtimes, its number requests any of them.
    let is_one = |exact: &Version| {
        tool.built_for.is_none_or(|built_for| built_for.minimum_runtime(exact).is_some())
    };
    let exact = request.exact(tool).filter(|exact| is_one(exact) && fits(exact));
    if let Some(exact) = exact {
        let root = index.folders.toolchains().join(tool.name).join(exact.as_str());
        let toolchain = Toolchain { version: Some(exact.clone()), root, store: Store::Own };
        if is_complete(world, tool, &toolchain)? {
            return Ok(Lookup::Toolchain(toolchain));
        }
    }
    match highest_version(world, index, tool, &|version| {
        request.matches(version, tool) && fits(version)
    })? {
        Lookup::Nothing => flavoured(world, index, tool, request),
        found => Ok(found),
    }
}

/// A request that looks like a version with a flavour may be the name of a folder in an adopted
/// store: a virtual environment named `weboob-3.7`.
fn flavoured(world: &impl World, index: &Index, tool: &Tool, request: &Request) -> Result<Lookup> {
    let is_flavoured =
        matches!(request.kind(), RequestKind::Version(version) if !version.flavour().is_empty());
    let name = Name::parse(request.as_str()).filter(|_| is_flavoured);
    let toolchain = match name {
        Some(name) => named_toolchain(world, index, tool, &name)?,
        None => None,
    };
    Ok(toolchain.map_or(Lookup::Nothing, Lookup::Toolchain))
}

/// The highest installed version accepted by `fits`.
///
/// It remembers only the best version so far, so a store of a thousand versions is read once. If
/// the best one is incomplete, it searches for the next best; one that usher installed or the user
/// linked is damaged then, which is an error.
pub fn highest_version(
    world: &impl World,
    index: &Index,
    tool: &Tool,
    fits: &dyn Fn(&Version) -> bool,
) -> Result<Lookup> {
    let mut broken: Vec<PathBuf> = Vec::new();
    loop {
        let mut best_match: Option<StoreCandidate<'_>> = None;
        let is_fresh = each(world, index, tool, &mut |version, place, name| {
            let is_higher = best_match
                .as_ref()
                .is_none_or(|best_match| preference(tool, version, &best_match.version).is_gt());
            if is_higher
                && fits(version)
                && (broken.is_empty() || !broken.contains(&place.root(index, tool, name)))
            {
                // The previous candidate is overwritten, which costs no allocation.
                let candidate = best_match.get_or_insert_with(|| StoreCandidate {
                    version: version.clone(),
                    place,
                    name: String::new(),
                });
                candidate.version.clone_from(version);
                candidate.place = place;
                name.clone_into(&mut candidate.name);
            }
        })?;
        match best_match.map(|best_match| best_match.toolchain(index, tool)) {
            _ if !is_fresh => return Ok(Lookup::Stale),
            None => return Ok(Lookup::Nothing),
            Some(best_match) if is_complete(world, tool, &best_match)? => {
                return Ok(Lookup::Toolchain(best_match));
            }
            Some(best_match) if must_be_complete(world, &best_match) => {
                return Err(damaged(tool, &best_match, tool.main_program()));
            }
            Some(best_match) => broken.push(best_match.root),
        }
    }
}

/// The order in which versions are preferred, where several match.
///
/// Those that match a request without a flavour come first; if these are any vendor's, the higher
/// release, and of equal ones the preferred vendor's.
pub(crate) fn preference(tool: &Tool, one: &Version, other: &Version) -> Ordering {
    let is_default = |version: &Version| has_default_flavour(version, tool);
    let rank = |version: &Version| {
        let place = tool.vendors.iter().position(|vendor| *vendor == version.flavour());
        place.unwrap_or(tool.vendors.len())
    };
    is_default(one).cmp(&is_default(other)).then_with(|| match tool.vendors.is_empty() {
        true => one.cmp(other),
        false => one.cmp_release(other).then_with(|| rank(other).cmp(&rank(one))),
    })
}

/// All installed versions, highest first, of equal ones the one in the strongest store first; behind
/// them the folders that are linked under a word.
///
/// `None` if a program of the operating system changed since its version was read.
pub fn all_toolchains(
    world: &impl World,
    index: &Index,
    tool: &Tool,
) -> Result<Option<Vec<Toolchain>>> {
    let mut found = Vec::new();
    let is_fresh = each(world, index, tool, &mut |version, place, name| {
        let spot = StoreCandidate { version: version.clone(), place, name: name.to_owned() };
        found.push(spot.toolchain(index, tool));
    })?;
    // Stable, so that of equal ones the one in the strongest store stays first.
    sort(&mut found, &|a, b| b.version.cmp(&a.version));
    let linked = index.links.iter().filter(|link| link.tool == tool.name).map(Link::toolchain);
    found.extend(linked.filter(|toolchain| toolchain.version.is_none()));
    Ok(is_fresh.then_some(found))
}

/// Sorts toolchains; equal ones stay in their order. One function for all orders, since a sort is
/// 9 kB of the shim.
pub(crate) fn sort(
    toolchains: &mut [Toolchain],
    order: &dyn Fn(&Toolchain, &Toolchain) -> Ordering,
) {
    toolchains.sort_by(order);
}

/// An installed version: its store, and the name of its folder there.
struct StoreCandidate<'a> {
    version: Version,
    place: StoreLocation<'a>,
    name: String,
}

/// The store of a version.
#[derive(Clone, Copy)]
enum StoreLocation<'a> {
    Own,
    Shared(&'a Path),
    Listed(&'a Path),
    Linked(&'a Link),
    Adopted(&'a AdoptedStore),
    Read(&'a ReadToolchain),
    System(&'a SystemProgram),
}

impl StoreLocation<'_> {
    /// The folder of the toolchain with this name.
    fn root(self, index: &Index, tool: &Tool, name: &str) -> PathBuf {
        match self {
            Self::Own => own(index, tool).join(name),
            Self::Shared(store) => store.join(tool.name).join(name),
            Self::Listed(store) => store.join("toolchains").join(tool.name).join(name),
            Self::Linked(link) => link.root.clone(),
            Self::Adopted(store) => root(store, name),
            Self::Read(toolchain) => toolchain.root.clone(),
            Self::System(program) => program.path.parent().unwrap_or(Path::new("/")).to_path_buf(),
        }
    }
}

impl StoreCandidate<'_> {
    fn toolchain(self, index: &Index, tool: &Tool) -> Toolchain {
        let root = self.place.root(index, tool, &self.name);
        let store = match self.place {
            StoreLocation::Own => Store::Own,
            StoreLocation::Shared(_) | StoreLocation::Listed(_) => Store::Shared,
            StoreLocation::Linked(link) => Store::Linked(link.name.clone()),
            StoreLocation::Adopted(store) => Store::Adopted(store.manager.clone()),
            StoreLocation::Read(toolchain) => Store::Adopted(toolchain.manager.clone()),
            StoreLocation::System(program) => Store::System(program.suffix.clone()),
        };
        Toolchain { version: Some(self.version), root, store }
    }
}

/// usher's own toolchains of a tool.
fn own(index: &Index, tool: &Tool) -> PathBuf {
    index.folders.toolchains().join(tool.name)
}

/// Visits all installed versions with the names of their folders, strongest store first. Returns
/// whether the index's record of the operating system's programs is current.
fn each<'h>(
    world: &impl World,
    index: &'h Index,
    tool: &Tool,
    visit: &mut dyn FnMut(&Version, StoreLocation<'h>, &str),
) -> Result<bool> {
    let own = own(index, tool);
    list(world, &own, &mut |name, version| visit(version, StoreLocation::Own, name))
        .map_err(|error| Error::io("list", &own, error))?;
    let listed = index.stores().iter().map(|store| StoreLocation::Listed(store));
    for store in listed.chain(index.shared_stores.iter().map(|store| StoreLocation::Shared(store)))
    {
        let folder = store.root(index, tool, "");
        list(world, &folder, &mut |name, version| visit(version, store, name))
            .map_err(|error| Error::io("list", &folder, error))?;
    }
    for link in index.links.iter().filter(|link| link.tool == tool.name) {
        if let Some(version) = link.version() {
            visit(&version, StoreLocation::Linked(link), "");
        }
    }
    for store in index.adopted_stores.iter().filter(|store| store.tool == tool.name) {
        let listed = list_adopted(world, store, tool, &mut |name, version| {
            visit(version, StoreLocation::Adopted(store), name);
        });
        // Other managers' stores may be anything, also unreadable: what can't be listed isn't there.
        // That we ourselves have run out of something doesn't mean that.
        match listed {
            Err(error) if is_resource_exhaustion(&error) => {
                return Err(Error::io("list", &store.folder, error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    let is_fresh = |file: &Path, known: &str| {
        world.metadata(file).ok().flatten().is_some_and(|seen| fingerprint(&seen) == known)
    };
    for toolchain in index.read_toolchains.iter().filter(|toolchain| toolchain.tool == tool.name) {
        if !is_fresh(&toolchain.file, &toolchain.fingerprint) {
            return Ok(false);
        }
        visit(&toolchain.version, StoreLocation::Read(toolchain), "");
    }
    for program in index.system_programs.iter().filter(|program| program.tool == tool.name) {
        if !is_fresh(&program.path, &program.fingerprint) {
            return Ok(false);
        }
        visit(&program.version, StoreLocation::System(program), "");
    }
    Ok(true)
}

/// Whether an error means that this process or the machine ran out of a resource.
pub fn is_resource_exhaustion(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

/// A linked folder, or one of an adopted store, by its name.
pub fn named_toolchain(
    world: &impl World,
    index: &Index,
    tool: &Tool,
    name: &Name,
) -> Result<Option<Toolchain>> {
    if let Some(link) = index.link(tool, name.as_str()) {
        let toolchain = link.toolchain();
        return match is_complete(world, tool, &toolchain)? {
            true => Ok(Some(toolchain)),
            false => Err(damaged(tool, &toolchain, tool.main_program())),
        };
    }
    for adopted in index.adopted_stores.iter().filter(|store| store.tool == tool.name) {
        let toolchain = Toolchain {
            version: None,
            root: root(adopted, name.as_str()),
            store: Store::Adopted(adopted.manager.clone()),
        };
        if is_complete(world, tool, &toolchain)? {
            return Ok(Some(toolchain));
        }
    }
    Ok(None)
}

/// Whether a toolchain has its main program; where the user built it, any of them.
pub fn is_complete(world: &impl World, tool: &Tool, toolchain: &Toolchain) -> Result<bool> {
    if has_program(world, toolchain, tool.main_program())? {
        return Ok(true);
    }
    Ok(is_users(&toolchain.store) && other_main_program(world, tool, toolchain)?.is_some())
}

/// Whether the user built a toolchain, and usher knows nothing of its programs.
pub(crate) fn is_users(store: &Store) -> bool {
    matches!(store, Store::Linked(_) | Store::Folder)
}

/// The first of its main programs that a toolchain has: what is built by `make install` has
/// `python3` and no `python`.
pub(crate) fn other_main_program(
    world: &impl World,
    tool: &Tool,
    toolchain: &Toolchain,
) -> Result<Option<PathBuf>> {
    for program in tool.main_programs() {
        if has_program(world, toolchain, program)? {
            return Ok(Some(toolchain.program(program)));
        }
    }
    Ok(None)
}

/// Whether a toolchain has a program.
pub fn has_program(world: &impl World, toolchain: &Toolchain, program: &str) -> Result<bool> {
    let path = toolchain.program(program);
    let seen = world.metadata(&path).map_err(|error| Error::io("look at", &path, error))?;
    Ok(seen.is_some_and(|seen| seen.is_program))
}

/// Whether an incomplete toolchain is an error, and not just none: usher installed it, or the user
/// linked it.
fn must_be_complete(world: &impl World, toolchain: &Toolchain) -> bool {
    match toolchain.store {
        Store::Own | Store::Shared => {
            world.metadata(&toolchain.root.join(RECEIPT)).is_ok_and(|seen| seen.is_some())
        }
        Store::Linked(_) => true,
        Store::Adopted(_) | Store::System(_) | Store::Folder => false,
    }
}

/// Whether a toolchain was installed with a program, which it may lack now: its receipt lists it.
pub fn ships(world: &impl World, toolchain: &Toolchain, program: &str) -> bool {
    let receipt = world.read(&toolchain.root.join(RECEIPT));
    let entry = format!("\"bin/{program}\":");
    matches!(toolchain.store, Store::Own | Store::Shared)
        && receipt
            .is_ok_and(|receipt| memchr::memmem::find(&receipt.bytes, entry.as_bytes()).is_some())
}

/// The error if a toolchain lacks a program that it was installed or linked with.
#[cold]
pub fn damaged(tool: &Tool, toolchain: &Toolchain, program: &str) -> Error {
    if let Store::Linked(name) = &toolchain.store {
        let (tool, root) = (tool.name, Shown(&toolchain.root));
        let what = format!("{tool} {name} is linked to {root}, which has no bin/{program}");
        return Error::new(ErrorKind::NotFound, what).hint(format!("use uninstall {tool}@{name}"));
    }
    let version = toolchain.name().unwrap_or_default();
    let (tool, program) = (tool.name, toolchain.program(program));
    Error::new(ErrorKind::NotFound, format!("{tool} {version} is damaged"))
        .because(format!("{} is missing or not executable", Shown(&program)))
        .hint(format!("use repair {tool}@{version}"))
}

/// The versions in a store with usher's own layout.
fn list(
    world: &impl World,
    folder: &Path,
    visit: &mut dyn FnMut(&str, &Version),
) -> io::Result<()> {
    let mut version = Version::default();
    world.folders(folder, &mut |name| {
        let Some(name) = name.to_str() else { return };
        if version.read(name) {
            visit(name, &version);
        }
    })
}

/// The versions in an adopted store, whose folders may have other spellings, a prefix and a suffix.
fn list_adopted(
    world: &impl World,
    store: &AdoptedStore,
    tool: &Tool,
    visit: &mut dyn FnMut(&str, &Version),
) -> io::Result<()> {
    world.folders(&store.folder, &mut |name| {
        let Some(name) = name.to_str() else { return };
        let Some(behind) = name.strip_prefix(store.prefix.as_str()) else { return };
        let text = match store.version_ends_at.as_str() {
            "" => Some(behind),
            until => behind.split_once(until).map(|(version, _)| version),
        };
        if let Some(version) = text.and_then(|text| normalize::version(text, tool)) {
            visit(name, &version);
        }
    })
}

fn root(adopted: &AdoptedStore, name: &str) -> PathBuf {
    match adopted.subdir.as_str() {
        "" => adopted.folder.join(name),
        inside => adopted.folder.join(name).join(inside),
    }
}
