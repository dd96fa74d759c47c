//! `use cache clean`: takes away what can be fetched again: indexes, and kept or partial downloads.

use serde_json::json;
use usher_shims::error::{Result, Shown};

use crate::cli::output;
use crate::config::folders;
use crate::releases::cache_folder::{CacheCleanup, clean};
use crate::session::Session;
use crate::text::human_size;

/// Whether something goes, or is only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It goes.
    Real,
    /// It stays; what would go is told.
    Pretended,
}

/// Runs the verb. What can't be removed keeps nothing else back, and is the error in the end.
pub fn run(session: &Session, removal: Removal, as_json: bool) -> Result<()> {
    let access = match removal {
        Removal::Real => Some(folders::write_access(&session.folders)?),
        Removal::Pretended => None,
    };
    let cleaned = clean(&session.folders.cache, access.as_ref());
    if as_json && cleaned.error.is_none() {
        output::json(&json!({
            "path": session.folders.cache,
            "files": cleaned.files,
            "bytes": cleaned.bytes,
            "removed": removal == Removal::Real,
            "left": cleaned.skipped,
        }));
    }
    if !as_json {
        note(session, removal, &cleaned);
    }
    cleaned.error.map_or(Ok(()), Err)
}

fn note(session: &Session, removal: Removal, cleaned: &CacheCleanup) {
    for left in &cleaned.skipped {
        session.note(&format!("{} stays: {}", Shown(&left.path), left.reason));
    }
    let verb = match removal {
        Removal::Real => "removed",
        Removal::Pretended => "would remove",
    };
    let files = match cleaned.files {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let (bytes, cache) = (human_size(cleaned.bytes), Shown(&session.folders.cache));
    output::line(format_args!("{verb} {files}, {bytes}, from {cache}"));
}
