//! What is said where no source could ever have a release: the tool has none, or none for this
//! platform. It asks nobody; what is on disk is the only way out.

use usher_shims::error::{Error, ErrorKind};
use usher_shims::store::all;
use usher_shims::version::Version;

use super::Wanted;
use crate::registry::Known;
use crate::session::Usher;

/// Nobody can be asked for what somebody asks for.
pub(super) fn for_request(usher: &Usher, wanted: &Wanted<'_>, platform: &str) -> Error {
    let Wanted { known, request, origin } = wanted;
    let tool = known.tool.name;
    let what = format!("{tool} {request} was asked for by {origin}, but isn't on disk");
    let error = Error::new(ErrorKind::NoMatchingVersion, what).because(reason(*known, platform));
    let on_disk = on_disk(usher, *known);
    let Some(newest) = on_disk.iter().find(|version| !version.is_prerelease()) else {
        return error
            .because(format!("no {tool} is on disk either; usher {}", looks_at(*known)))
            .hint(format!("install {} there, then: use reshim", known.tool.title));
    };
    let listed: Vec<&str> = on_disk.iter().map(Version::as_str).collect();
    error
        .because(format!("on disk: {}; usher {}", listed.join(", "), looks_at(*known)))
        .hint(format!("use {tool}@{newest}"))
}

/// Nobody can be asked for a list of what there is.
pub(super) fn for_list(known: Known<'_>, platform: &str) -> Error {
    let tool = known.tool.name;
    let what = format!("the releases of {tool} can't be listed");
    Error::new(ErrorKind::NoMatchingVersion, what)
        .because(reason(known, platform))
        .hint(format!("use list {tool}"))
}

fn reason(known: Known<'_>, platform: &str) -> String {
    let tool = known.tool.name;
    match known.definition.source.is_empty() {
        true => format!("usher has no source for {tool} yet: it runs what is on disk"),
        false => format!("no source has {tool} for {platform}"),
    }
}

/// Whose versions are used where they lie.
fn looks_at(known: Known<'_>) -> String {
    let stores = known.definition.store.iter().map(|store| store.manager.as_str());
    let system = known.definition.system.iter().map(|_| "the system");
    let mut names: Vec<&str> = stores.chain(system).collect();
    names.dedup();
    match names.as_slice() {
        [] => "knows no other place for it".to_owned(),
        names => format!("looks at what these have: {}", names.join(", ")),
    }
}

/// The versions on disk, highest first, each once.
fn on_disk(usher: &Usher, known: Known<'_>) -> Vec<Version> {
    let found = all(&usher.world, &usher.home, known.tool).ok().flatten().unwrap_or_default();
    let mut versions: Vec<Version> =
        found.into_iter().filter_map(|toolchain| toolchain.version).collect();
    versions.dedup();
    versions
}
