//! `use shim TOOL@REQUEST…`: programs that can be called with a version in their names, kept until
//! they are taken back.

use serde_json::json;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::name::Name;

use super::{ToolArgument, tool_arguments};
use crate::cli::output;
use crate::config::folders;
use crate::session::Session;
use crate::shim_folder::{self, ShimChanges, is_foreign, requested, versioned};

/// What somebody wants to call by name.
struct VersionedShims {
    /// `node@12`: what is kept of it.
    entry: Name,
    /// `node12`, `node@12`.
    names: Vec<String>,
}

/// Makes such shims, or lists those that are kept where none are named.
pub fn run(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    if words.is_empty() {
        return list(session, as_json);
    }
    let wanted = wanted(session, words)?;
    for name in wanted.iter().flat_map(|one| &one.names) {
        let path = session.folders.shims().join(name);
        if is_foreign(&session.folders, &path) {
            let what = format!("{} is there, and no shim of usher's", Shown(&path));
            return Err(Error::new(ErrorKind::CannotCreate, what).hint("move it away"));
        }
    }
    let access = folders::write_access(&session.folders)?;
    for one in &wanted {
        requested::add(&access, &session.folders, &one.entry)?;
    }
    let changes = shim_folder::refresh(session, &access, &[])?;
    report(&changes, &wanted, ("there already", as_json));
    Ok(())
}

/// Takes such shims back. Those of lines on disk stay.
pub fn remove(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    let wanted = wanted(session, words)?;
    let access = folders::write_access(&session.folders)?;
    for one in &wanted {
        if !requested::remove(&access, &session.folders, &one.entry)? {
            let what = format!("{} isn't among what `use shim` made", one.entry);
            return Err(Error::new(ErrorKind::Usage, what).hint("use shim"));
        }
    }
    let changes = shim_folder::refresh(session, &access, &[])?;
    report(&changes, &wanted, ("stay, as lines on disk or kept otherwise", as_json));
    Ok(())
}

fn wanted(session: &Session, words: &[String]) -> Result<Vec<VersionedShims>> {
    tool_arguments(session, words)?.into_iter().map(versioned).collect()
}

fn versioned(ToolArgument { known, request }: ToolArgument<'_>) -> Result<VersionedShims> {
    let tool = known.tool;
    let refuse = |what: String| {
        Error::new(ErrorKind::Usage, what).hint(format!("use shim {}@latest", tool.name))
    };
    let Some(request) = request else {
        return Err(refuse(format!("which version of {}?", tool.name)));
    };
    let word = versioned::request_suffix(&request, tool);
    let entry = word.as_ref().and_then(|word| Name::parse(&format!("{}@{word}", tool.name)));
    let (Some(word), Some(entry)) = (word, entry) else {
        return Err(refuse(format!("{} {request} can't be part of a name", tool.name)));
    };
    Ok(VersionedShims { entry, names: versioned::names(tool, &word) })
}

/// Tells what became of the names; the word is for those of which nothing did.
fn report(changes: &ShimChanges, wanted: &[VersionedShims], (staying, as_json): (&str, bool)) {
    let names: Vec<&String> = wanted.iter().flat_map(|one| &one.names).collect();
    let of = |changed: &[String]| -> Vec<String> {
        names.iter().filter(|name| changed.contains(name)).map(ToString::to_string).collect()
    };
    let (made, removed) = (of(&changes.created), of(&changes.removed));
    let stay: Vec<String> = names
        .iter()
        .filter(|name| !made.contains(name) && !removed.contains(name))
        .map(ToString::to_string)
        .collect();
    if as_json {
        output::json(&json!({ "made": made, "removed": removed, "there": stay }));
        return;
    }
    for (verb, names) in [("made", made), ("removed", removed), (staying, stay)] {
        if !names.is_empty() {
            output::line(format_args!("{verb}: {}", names.join(" ")));
        }
    }
}

/// What is kept, with the names it is called by.
fn list(session: &Session, as_json: bool) -> Result<()> {
    let kept: Vec<(String, Vec<String>)> = requested::all(&session.folders)?
        .into_iter()
        .map(|entry| (entry.clone(), shim_folder::names_of(session, &entry)))
        .collect();
    if as_json {
        let entries = kept.iter().map(|(entry, names)| json!({ "for": entry, "names": names }));
        output::json(&entries.collect::<Vec<_>>());
        return Ok(());
    }
    let row = |(entry, names): &(String, Vec<String>)| vec![entry.clone(), names.join(" ")];
    output::text(output::table(&kept.iter().map(row).collect::<Vec<_>>()).as_bytes());
    Ok(())
}
