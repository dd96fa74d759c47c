//! `use uninstall TOOL@VERSION…`: takes versions of our own off the disk.

use serde_json::json;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::request::Request;
use usher_shims::store::all;
use usher_shims::toolchain::{Store, Toolchain};

use super::{ToolArgument, refresh_shims_then, tool_arguments};
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::current::{store_label, version_label};
use crate::store::own::OwnStore;
use crate::store::uninstall;

/// Runs the verb. What isn't there may be what one that was killed took away: shims are made for
/// what is on disk now.
pub fn run(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    uninstall(session, words, as_json).map_err(|failed| match failed.kind() {
        kind if kind.is_absence() => refresh_shims_then(session, failed),
        _ => failed,
    })
}

/// All are found before the first one goes.
fn uninstall(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    let mut chosen = Vec::new();
    for ToolArgument { known, request } in tool_arguments(session, words)? {
        chosen.push((known, choose(session, known, request.as_ref())?));
    }
    let access = folders::write_access(&session.folders)?;
    let store = OwnStore::new(session, &access);
    let mut report = Vec::new();
    for (known, toolchain) in &chosen {
        if let Some(version) = &toolchain.version {
            uninstall::uninstall(&store, &store.location(*known, version))?;
        }
        let (tool, version) = (known.tool.name, version_label(toolchain));
        if !as_json {
            output::line(format_args!("{tool} {version} is gone"));
        }
        report.push(json!({ "tool": tool, "version": version, "path": toolchain.root }));
    }
    drop(access);
    refresh_shims(session, &[])?;
    if as_json {
        output::json(&report);
    }
    Ok(())
}

/// The one toolchain that is meant.
fn choose(session: &Session, known: KnownTool<'_>, request: Option<&Request>) -> Result<Toolchain> {
    let tool = known.tool.name;
    let there = all(&session.world, &session.index, known.tool)?.unwrap_or_default();
    let Some(request) = request else {
        return Err(Error::new(ErrorKind::Usage, format!("which {tool}? {}", listed(&there)))
            .hint(format!("use uninstall {tool}@VERSION")));
    };
    let fits = |toolchain: &&Toolchain| {
        toolchain.version.as_ref().is_some_and(|version| request.matches(version, known.tool))
    };
    let fitting: Vec<&Toolchain> = there.iter().filter(fits).collect();
    let own: Vec<&&Toolchain> =
        fitting.iter().filter(|toolchain| toolchain.store == Store::Own).collect();
    match (own.as_slice(), fitting.first()) {
        ([one], _) => Ok((**one).clone()),
        ([], Some(foreign)) => Err(not_ours(session, known, foreign)),
        ([], None) => {
            Err(Error::new(ErrorKind::NotInstalled, format!("{tool} {request} isn't on disk"))
                .because(listed(&there)))
        }
        (several, _) => {
            let names: Vec<String> =
                several.iter().map(|toolchain| version_label(toolchain)).collect();
            Err(Error::new(
                ErrorKind::Usage,
                format!("{tool} {request} means several: {}", names.join(", ")),
            )
            .hint(format!(
                "use uninstall {tool}@{}",
                names.first().map_or("VERSION", String::as_str)
            )))
        }
    }
}

/// What is somebody else's is theirs to take away.
fn not_ours(session: &Session, known: KnownTool<'_>, foreign: &Toolchain) -> Error {
    let whose = store_label(&foreign.store);
    let what = format!(
        "{} {} isn't usher's to delete: it is {whose}'s",
        known.tool.name,
        version_label(foreign)
    );
    let error = Error::new(ErrorKind::Permission, what)
        .because(format!("it lies at {}", Shown(&foreign.root)));
    match session.registry.uninstall_command(known.tool, foreign) {
        Some(command) => error.hint(command),
        None => error,
    }
}

fn listed(there: &[Toolchain]) -> String {
    let own = there.iter().filter(|toolchain| toolchain.store == Store::Own);
    let names: Vec<String> = own.map(version_label).collect();
    if names.is_empty() {
        "none is in usher's own store".to_owned()
    } else {
        format!("there is {}", names.join(", "))
    }
}
