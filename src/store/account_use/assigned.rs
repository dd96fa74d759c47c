//! The defaults that root set for single accounts and for groups: they request versions for accounts
//! that may not have run anything yet.

use std::path::Path;

use usher_shims::error::{Error, Result};
use usher_shims::pin::FileLocation;
use usher_shims::read::{TOOL_VERSIONS, decode, read};
use usher_shims::request::{Request, RequestTrust};

use super::UseKind;
use super::homes::FoundRequest;
use crate::files::own_folder;
use crate::inventory::names_in_folder;
use crate::session::Session;

/// The requests in a folder of such defaults, each with the number that its file is named by; or why a
/// file can't be used.
pub(super) fn assigned_requests(
    session: &Session,
    folder: &Path,
) -> Result<Vec<(u32, Result<FoundRequest>)>> {
    let mut all = Vec::new();
    for name in names_in_folder(folder)? {
        let Ok(number) = name.parse() else { continue };
        let path = folder.join(&name);
        match requests_in(session, &path) {
            Ok(found) => all.extend(found.into_iter().map(|one| (number, Ok(one)))),
            Err(error) => all.push((number, Err(error))),
        }
    }
    Ok(all)
}

fn requests_in(session: &Session, path: &Path) -> Result<Vec<FoundRequest>> {
    let Some(content) = own_folder::read(path)? else { return Ok(Vec::new()) };
    let location = |line| FileLocation { line, ..FileLocation::of_file(path.to_path_buf(), false) };
    let failed = |line, reason: &str| -> Error { location(line).parse_error(reason) };
    let text = decode(&content.bytes).map_err(|reason| failed(0, &reason))?;
    let mut found = Vec::new();
    for known in session.registry.all() {
        let tool = known.tool;
        let raw = read(&text, &TOOL_VERSIONS, tool).map_err(|reason| failed(0, &reason))?;
        for (text, line) in raw.iter().flat_map(|raw| raw.texts.iter().map(|text| (text, raw.line)))
        {
            let request = Request::parse(text, tool, RequestTrust::User)
                .map_err(|reason| failed(line, reason))?;
            let (kind, location) = (UseKind::Default, location(line));
            found.push(FoundRequest { tool, request, kind, location });
        }
    }
    Ok(found)
}
