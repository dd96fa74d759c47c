//! `use install TOOL@VERSION --from ADDRESS-OR-FILE`: takes a version from any archive.

use std::path::Path;

use serde_json::json;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::{ToolArgument, tool_arguments};
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::files::integrity::Integrity;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::session::Session;
use crate::session::current::store_label;
use crate::store::install::fetcher::Fetcher;
use crate::store::install::from_archive::UserArchive;
use crate::store::install::{Installed, install_from_archive};
use crate::store::own::OwnStore;

/// The archive, as it was typed.
#[derive(Debug)]
pub struct ArchiveArguments<'a> {
    /// Its address, or its file.
    pub from: &'a str,
    /// Its SHA-256, where the person knows it.
    pub sha256: Option<&'a str>,
}

/// Runs the verb.
pub fn run(
    session: &mut Session,
    words: &[String],
    archive: &ArchiveArguments<'_>,
    as_json: bool,
) -> Result<()> {
    let (known, version) = wanted(session, words)?;
    let named =
        UserArchive { address: address(session, archive.from)?, integrity: integrity(archive)? };
    let installed = {
        let access = folders::write_access(&session.folders)?;
        let network = Network::keeping(session, &access);
        let store = OwnStore::new(session, &access);
        let fetcher = Fetcher::new(session, &network, &access);
        install_from_archive((store, fetcher), &store.location(known, &version), &named)
    };
    let (tool, installed) = (known.tool, installed?);
    if installed.already_installed {
        session.note(&format!(
            "{} {version} is on disk already, and stays as it is: nothing was taken from {}",
            tool.name,
            Escaped(archive.from)
        ));
    }
    refresh_shims(session, &[tool])?;
    told((tool.name, &version), &installed, as_json);
    Ok(())
}

/// The one version that is wanted.
fn wanted<'a>(session: &'a Session, words: &[String]) -> Result<(KnownTool<'a>, Version)> {
    let refused = |what: String| Error::new(ErrorKind::Usage, what);
    let hint = "use install node@12.0.0 --from node.tar.gz";
    let mut all = tool_arguments(session, words)?;
    let (Some(ToolArgument { known, request }), true) = (all.pop(), all.is_empty()) else {
        return Err(refused("an archive holds one version: which?".to_owned()).hint(hint));
    };
    let exact = request.as_ref().and_then(|request| request.exact(known.tool).cloned());
    exact.map(|version| (known, version)).ok_or_else(|| {
        let word = words.first().map(String::as_str).unwrap_or_default();
        refused(format!(
            "which version an archive holds must be said whole, and {} isn't",
            Escaped(word)
        ))
        .hint(hint)
    })
}

/// An address stays as it is; a file is named by its absolute path.
fn address(session: &Session, from: &str) -> Result<String> {
    if from.contains("://") {
        return Ok(from.to_owned());
    }
    let here = session.world.directory().map_err(|error| {
        Error::new(ErrorKind::Io, "the working directory can't be told").because(error.to_string())
    })?;
    here.join(from).into_os_string().into_string().map_err(|path| {
        Error::new(ErrorKind::Usage, format!("the file {} can't be taken", Shown(Path::new(&path))))
            .because("its name isn't UTF-8")
    })
}

fn integrity(archive: &ArchiveArguments<'_>) -> Result<Option<Integrity>> {
    let read = |text: &str| {
        Integrity::from_hex(text).filter(|hash| matches!(hash, Integrity::Sha256(_))).ok_or_else(
            || {
                Error::new(ErrorKind::Usage, format!("“{}” is no SHA-256", Escaped(text)))
                    .because("that is 64 hexadecimal digits")
            },
        )
    };
    archive.sha256.map(read).transpose()
}

fn told((tool, version): (&str, &Version), installed: &Installed, as_json: bool) {
    let Installed { toolchain, already_installed } = installed;
    if as_json {
        output::json(&json!([{
            "tool": tool,
            "request": version.as_str(),
            "version": version.as_str(),
            "store": store_label(&toolchain.store),
            "path": toolchain.root,
            "installed_now": !already_installed,
        }]));
    } else {
        let state = if *already_installed { "is on disk" } else { "installed" };
        output::line(format_args!("{tool} {version} {state} ({})", Shown(&toolchain.root)));
    }
}
