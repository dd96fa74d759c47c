//! `use TOOL@REQUEST… -- COMMAND…`: one command with these versions; nothing is written.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::exec::become_program;
use usher_shims::path::with_shims;
use usher_shims::pin::Origin;
use usher_shims::world::World as _;

use super::get::{self, Prefer};
use super::{ToolArgument, default_request, tool_arguments};
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::config::settings;
use crate::releases::ToolRequest;
use crate::session::Session;

/// Runs the verb; returns only with what went wrong.
pub fn run(session: &mut Session, words: &[String], command: &[OsString]) -> Result<()> {
    let mut set: Vec<(&'static str, OsString)> = Vec::new();
    let mut tools = Vec::new();
    let mut wanted = Vec::new();
    for ToolArgument { known, request } in tool_arguments(session, words)? {
        wanted.push((known, request.map_or_else(|| default_request(known), Ok)?));
    }
    let asking = wanted.iter().map(|(known, request)| {
        (ToolRequest { known: *known, request, origin: &Origin::CommandLine }, Prefer::Installed)
    });
    get::install_all(
        session,
        &folders::write_access(&session.folders)?,
        &asking.collect::<Vec<_>>(),
    )?;
    for (known, request) in &wanted {
        set.extend(
            known.tool.variables.first().map(|variable| (*variable, request.as_str().into())),
        );
        tools.push(known.tool);
    }
    refresh_shims(session, &tools)?;
    let path = shims_first(session);
    let program =
        find(session, &path, command.first().map_or(OsStr::new(""), OsString::as_os_str))?;
    set.push(("PATH", path));
    if matches!(session.settings.origin("offline"), settings::Origin::Flag(_)) {
        // What the command calls is to do without the network as well.
        set.push(("USHER_OFFLINE", "true".into()));
    }
    let arguments: Vec<CString> = command
        .iter()
        .skip(1)
        .filter_map(|argument| CString::new(argument.as_bytes()).ok())
        .collect();
    let arguments: Vec<_> = arguments.iter().map(CString::as_c_str).collect();
    Err(become_program(&program, &arguments, &session.given.environment, &set))
}

/// PATH with the shims first, and once.
fn shims_first(session: &Session) -> OsString {
    let shims = session.folders.shims();
    let Some(path) = session.world.variable("PATH").filter(|path| !path.is_empty()) else {
        return with_shims(&session.world, &session.shim).unwrap_or_else(|| shims.into_os_string());
    };
    let others: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|folder| *folder != shims).collect();
    std::env::join_paths(std::iter::once(shims).chain(others)).unwrap_or(path)
}

/// The command, as a shell would find it; relative entries of PATH are the working directory's, and
/// never searched.
fn find(session: &Session, path: &OsStr, command: &OsStr) -> Result<PathBuf> {
    let name = Path::new(command);
    if command.as_bytes().contains(&b'/') {
        return match session.world.metadata(name) {
            Ok(None) => Err(Error::new(
                ErrorKind::NotFound,
                format!("there is no program {}", Escaped(&name.to_string_lossy())),
            )),
            Ok(Some(_)) | Err(_) => Ok(name.to_path_buf()),
        };
    }
    let candidates = std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(command));
    let found = candidates.into_iter().find(|candidate| {
        session.world.metadata(candidate).ok().flatten().is_some_and(|seen| seen.is_program)
    });
    found.ok_or_else(|| {
        let name = name.to_string_lossy();
        Error::new(ErrorKind::NotFound, format!("there is no program “{}” on PATH", Escaped(&name)))
    })
}
