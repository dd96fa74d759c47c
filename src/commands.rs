//! The verbs of the command line, a file each, and what several of them share.

pub mod available;
pub mod cache;
pub mod check;
pub mod doctor;
pub mod install;
pub mod install_itself;
pub mod list;
pub mod outdated;
pub mod pin;
pub mod reshim;
pub mod run;
pub mod setup;
pub mod shim;
pub mod status;
pub mod uninstall;
pub mod upgrade;
pub mod which;
pub mod why;

use std::path::Path;

use usher_shims::error::{Error, Escaped, Exit, Result};
use usher_shims::pin::Origin;
use usher_shims::request::{Author, Meaning, Request};
use usher_shims::resolve::Force;
use usher_shims::store::{Found, Store, Toolchain, best, is_whole, named};
use usher_shims::version::Version;

use crate::install::{Installer, Unhashed};
use crate::network::Network;
use crate::registry::Known;
use crate::release::{Finder, Wanted};
use crate::shim_folder;
use crate::usher::{Usher, interpreter};

/// A tool that was named on the command line, with a request where one was.
struct Asked<'a> {
    known: Known<'a>,
    request: Option<Request>,
}

/// Reads `TOOL[@REQUEST]` words.
fn asked<'a>(usher: &'a Usher, words: &[String]) -> Result<Vec<Asked<'a>>> {
    words.iter().map(|word| one_asked(usher, word)).collect()
}

fn one_asked<'a>(usher: &'a Usher, word: &str) -> Result<Asked<'a>> {
    let (name, request) = match word.split_once('@') {
        Some((name, request)) => (name, Some(request)),
        None => (word, None),
    };
    let known = usher.registry.named(name)?;
    let request = request.map(|text| {
        Request::parse(text, known.tool, Author::Person).map_err(|reason| {
            Error::new(
                Exit::Usage,
                format!("“{}” is no version of {}", Escaped(text), known.tool.name),
            )
            .because(reason)
            .hint(format!("use available {}", known.tool.name))
        })
    });
    Ok(Asked { known, request: request.transpose()? })
}

/// What a tool is pinned to where nobody said it: the newest LTS, where there is such a thing.
fn usual(known: Known<'_>) -> Result<Request> {
    let text = if known.tool.lts.is_empty() { "latest" } else { "lts" };
    Request::parse(text, known.tool, Author::Person)
        .map_err(|reason| Error::new(Exit::Usage, reason))
}

/// What fetching came to.
enum Got {
    /// This is on disk now; the flag says whether it was before.
    Toolchain(Toolchain, bool),
    /// Nothing is to be fetched for this request: `system`.
    Nothing,
}

/// Gets a release only if nothing on disk answers.
fn ensure(usher: &Usher, wanted: &Wanted<'_>) -> Result<Got> {
    match best(&usher.world, &usher.home, wanted.known.tool, wanted.request)? {
        Found::Toolchain(toolchain) => Ok(Got::Toolchain(toolchain, true)),
        Found::Nothing | Found::Stale => get(usher, wanted),
    }
}

/// Gets the newest release that answers a request; with the network away, the newest on disk.
fn get(usher: &Usher, wanted: &Wanted<'_>) -> Result<Got> {
    let Wanted { known, request, .. } = *wanted;
    let on_disk = match request.meaning() {
        Meaning::System => return Ok(Got::Nothing),
        Meaning::Path(folder) => {
            return in_folder(usher, known, folder)
                .map(|toolchain| Got::Toolchain(toolchain, true));
        }
        Meaning::Named(name) => match named(&usher.world, &usher.home, known.tool, name)? {
            Some(toolchain) => return Ok(Got::Toolchain(toolchain, true)),
            None => None,
        },
        Meaning::Version(_)
        | Meaning::Range(_)
        | Meaning::Latest
        | Meaning::Lts
        | Meaning::LtsBack(_)
        | Meaning::LtsNamed(_) => match best(&usher.world, &usher.home, known.tool, request)? {
            Found::Toolchain(toolchain) => Some(toolchain),
            Found::Nothing | Found::Stale => None,
        },
    };
    // An exact version that is on disk is what was asked for: nobody needs to be asked.
    if request.exact(known.tool).is_some()
        && let Some(toolchain) = on_disk
    {
        return Ok(Got::Toolchain(toolchain, true));
    }
    match (newest(usher, wanted, on_disk.as_ref()), on_disk) {
        (Err(error), Some(toolchain)) if matches!(error.exit, Exit::Network | Exit::NotFound) => {
            tell_what_serves(usher, wanted, &toolchain, &error);
            Ok(Got::Toolchain(toolchain, true))
        }
        (got, _) => got,
    }
}

/// The toolchain in a folder that a person named.
fn in_folder(usher: &Usher, known: Known<'_>, folder: &Path) -> Result<Toolchain> {
    let toolchain = Toolchain { version: None, root: folder.to_path_buf(), store: Store::Folder };
    if is_whole(&usher.world, known.tool, &toolchain)? {
        return Ok(toolchain);
    }
    let program = toolchain.program(known.tool.main_program());
    let shown = program.to_string_lossy();
    Err(Error::new(Exit::NotFound, format!("there is no program {}", Escaped(&shown))))
}

/// Gets the newest release that answers a request, unless that is on disk.
fn newest(usher: &Usher, wanted: &Wanted<'_>, on_disk: Option<&Toolchain>) -> Result<Got> {
    let Wanted { known, request, origin } = *wanted;
    let network = Network::new(usher);
    let release = Finder::new(usher, &network).find(wanted)?;
    let is_it = |toolchain: &&Toolchain| toolchain.version.as_ref() == Some(&release.version);
    if let Some(toolchain) = on_disk.filter(is_it) {
        return Ok(Got::Toolchain(toolchain.clone(), true));
    }
    let installer = Installer { usher, network: &network, unhashed: Unhashed::Allowed };
    let got = installer.install_from_any(wanted, release).map_err(|error| match origin {
        Origin::CommandLine => error,
        by => error.because(format!("{} {request} was asked for by {by}", known.tool.name)),
    })?;
    Ok(Got::Toolchain(got.toolchain, got.was_there))
}

/// Of several versions that were asked for, one can't be had: those that came before it are on
/// disk, and shims are made for what is on disk.
fn with_shims_of_what_came(usher: &mut Usher, failed: Error) -> Error {
    if failed.exit == Exit::Usage {
        return failed;
    }
    // The failure matters more than one that follows from it.
    let _ = usher.refresh().and_then(|()| shim_folder::refresh(usher, &[]));
    failed
}

/// No release could be had, but something on disk answers the request.
fn tell_what_serves(usher: &Usher, wanted: &Wanted<'_>, toolchain: &Toolchain, failed: &Error) {
    let Wanted { known, request, .. } = wanted;
    let serves = format!("{} {}, which is on disk, serves", known.tool.name, name_of(toolchain));
    let told = match failed.exit {
        Exit::NotFound => format!("{serves}: no release answers {request}"),
        _ => format!("{serves}: {failed}"),
    };
    usher.tell(&told);
}

/// Which version of a tool is in force here.
pub(crate) fn in_force(usher: &Usher, known: Known<'_>) -> Result<Force> {
    match interpreter(known.tool) {
        Some(call) => usher.resolver().force(&call),
        None => Ok(Force::System(None)),
    }
}

/// A toolchain's version, or the folder that names it.
fn name_of(toolchain: &Toolchain) -> String {
    match &toolchain.version {
        Some(version) => version.to_string(),
        None => toolchain.root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

/// Whose a toolchain is, in a word.
pub(crate) fn store_name(store: &Store) -> &str {
    match store {
        Store::Own => "usher",
        Store::Shared => "shared",
        Store::Adopted(manager) => manager,
        Store::System(_) => "system",
        Store::Folder => "folder",
    }
}

/// The version of what would run without usher, where it was asked before.
pub(crate) fn system_version(usher: &Usher, program: &Path) -> Option<Version> {
    use usher_shims::world::World as _;
    let seen = usher.world.look(program).ok().flatten()?;
    let stamp = usher_shims::home::stamp(&seen);
    usher.home.system.iter().find(|known| known.stamp == stamp).map(|known| known.version.clone())
}
