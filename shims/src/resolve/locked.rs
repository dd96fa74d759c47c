//! What a lockfile says of the deciding request: the version that it means.

use crate::error::{Error, ErrorKind, Result};
use crate::lock::{LOCKFILE, locked_version};
use crate::ownership::{is_shared, is_trusted_file, is_trusted_name};
use crate::pin::{FileLocation, LockLine, Origin, Pin};
use crate::read::decode;
use crate::request::{Request, RequestKind};
use crate::tool::Tool;
use crate::world::{World, read_optional};

/// The request for the version that the lockfile beside a version file says; `None` if there is no entry
/// for what the file has now, or the request needs none.
pub(super) fn locked(world: &impl World, tool: &Tool, pin: &Pin) -> Result<Option<Pin>> {
    let Origin::File(location) = &pin.origin else { return Ok(None) };
    if !pin.request().is_some_and(|request| is_open(request, tool)) {
        return Ok(None);
    }
    let Some((folder, file)) = tool.files.iter().find_map(|file| file.split(&location.path)) else {
        return Ok(None);
    };
    let path = folder.join(LOCKFILE);
    let of_line = |line| FileLocation {
        line,
        ..FileLocation::of_file(path.clone(), location.is_in_directory)
    };
    let content = match read_optional(world, &path) {
        Ok(Some(content)) => content,
        Ok(None) => return Ok(None),
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    if let Some(shared) = world.entry(folder).ok().flatten().filter(is_shared)
        && !(is_trusted_name(world, folder, &shared, LOCKFILE)
            && is_trusted_file(world, &shared, &content.meta))
    {
        let what = format!("{} may be another account's", of_line(0));
        return Err(
            Error::new(ErrorKind::Permission, what).because("every account can create files there")
        );
    }
    let text = decode(&content.bytes).map_err(|reason| of_line(0).parse_error(&reason))?;
    let written = pin.written();
    let Some(file) = file.to_str() else { return Ok(None) };
    let found = locked_version(&text, [tool.name, &written, file]);
    let found =
        found.map_err(|error| of_line(error.line).parse_error(&error.reason).hint("use lock"))?;
    let Some((version, line)) = found else { return Ok(None) };
    if !pin.requests.iter().any(|request| request.may_mean(&version, tool)) {
        let error = of_line(line).parse_error("its version doesn't satisfy its request");
        return Err(error.hint("use lock"));
    }
    let entry = LockLine { path, line, request: written.into() };
    let location = FileLocation { locked: Some(Box::new(entry)), ..location.clone() };
    Ok(Some(Pin { requests: vec![Request::of_version(version)], origin: Origin::File(location) }))
}

/// Whether a request may mean another version tomorrow.
fn is_open(request: &Request, tool: &Tool) -> bool {
    match request.kind() {
        RequestKind::Version(_) => request.exact(tool).is_none(),
        RequestKind::Range(_)
        | RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::LtsBack(_)
        | RequestKind::LtsNamed(_)
        | RequestKind::Named(_) => true,
        RequestKind::Exact(_) | RequestKind::System | RequestKind::Path(_) => false,
    }
}
