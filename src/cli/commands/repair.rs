//! `use repair [TOOL[@VERSION]…]`: makes what isn't as it was installed so again.

use serde_json::{Value, json};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::toolchain::Store;

use super::count_of;
use super::verify::{chosen, name};
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::releases::Finder;
use crate::releases::network::Network;
use crate::session::Session;
use crate::store::contents::StoreContents;
use crate::store::install::Installer;
use crate::store::location::InstallLocation;
use crate::store::repair::{self, Repaired};
use crate::store::verify::verify;

/// The most names that are told of what is gone.
const MAX_LISTED: usize = 5;

/// Runs the verb. One that can't be repaired keeps no other back, and is the error in the end.
pub fn run(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    let (report, failed) = repair_all(session, words, as_json)?;
    refresh_shims(session, &[])?;
    if let Some(error) = failed {
        return Err(error);
    }
    if as_json {
        output::json(&report);
    }
    Ok(())
}

fn repair_all(
    session: &Session,
    words: &[String],
    as_json: bool,
) -> Result<(Vec<Value>, Option<Error>)> {
    let StoreContents { locations, unexpected } = chosen(session, words)?;
    let access = folders::write_access(&session.folders)?;
    let network = Network::keeping(session, &access);
    let finder = Finder::new(session, &network);
    let installer = Installer::new(session, &access, &network, &finder);
    let (mut report, mut failed) = (Vec::new(), None);
    for location in &locations {
        match repair_one(&installer, location) {
            Ok(repaired) => report.push(told(location, repaired.as_ref(), as_json)),
            Err(error) => {
                if let Some(earlier) = failed.replace(error) {
                    session.note(&earlier.to_string());
                }
            }
        }
    }
    for unexpected_entry in &unexpected {
        session.note(&format!(
            "{}: {}; nobody touches it",
            Shown(&unexpected_entry.path),
            unexpected_entry.what
        ));
    }
    if locations.is_empty() && !as_json {
        output::line("no version is in usher's own store");
    }
    Ok((report, failed))
}

/// Repairs one, if it is faulty: only then it is locked.
fn repair_one(
    installer: &Installer<'_>,
    location: &InstallLocation<'_>,
) -> Result<Option<Repaired>> {
    if verify(location)?.is_intact() {
        return Ok(None);
    }
    if location.store != Store::Own {
        let what = format!("{} isn't yours to repair", name(location));
        return Err(Error::new(ErrorKind::Permission, what)
            .because(format!("it lies at {}", Shown(&location.root)))
            .hint("ask whoever keeps this machine"));
    }
    repair::repair(installer, location)
}

/// Tells what came of one, and is what is reported of it.
fn told(location: &InstallLocation<'_>, repaired: Option<&Repaired>, as_json: bool) -> Value {
    let name = name(location);
    let (kept, gone) = repaired.map_or((0, &[][..]), |one| (one.kept, &one.gone));
    if !as_json {
        match repaired {
            None => output::line(format_args!("{name} is as it was installed")),
            Some(_) => output::line(format_args!("{name} is repaired{}", with(kept))),
        }
        for path in gone.iter().take(MAX_LISTED) {
            output::line(format_args!("  gone, as it didn't come with it: {}", Escaped(path)));
        }
        if let more @ 1.. = gone.len().saturating_sub(MAX_LISTED) {
            output::line(format_args!("  and {more} more"));
        }
    }
    json!({
        "tool": location.known.tool.name,
        "version": location.version.as_str(),
        "path": location.root,
        "repaired": repaired.is_some(),
        "kept": kept,
        "gone": gone,
    })
}

fn with(kept: usize) -> String {
    match kept {
        0 => String::new(),
        _ => format!(", with {} that package managers added", count_of(kept, "thing")),
    }
}
