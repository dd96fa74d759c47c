//! `use cache clean`: deletes what can be downloaded again: indexes, and cached or partial downloads.

use std::path::Path;

use serde::Serialize;
use usher_shims::error::{Error, Result};

use crate::cli::output::{self, Report, ReportPath, Text};
use crate::config::folders;
use crate::files::own_folder::OwnFolder;
use crate::releases::cache_folder::{CacheCleanup, SkippedRule, clean};
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::text::human_size;

/// Whether files are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanMode {
    /// They are.
    Delete,
    /// What would be deleted is reported.
    DryRun,
}

/// What was deleted from the cache, or would be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CleanReport {
    /// The cache folder.
    path: ReportPath,
    /// How many files were deleted, or would be.
    files: u64,
    /// Their size.
    bytes: u64,
    /// Whether they are deleted; with `--dry-run` they aren't.
    removed: bool,
    /// What isn't deleted.
    skipped: Vec<SkippedCacheFile>,
    #[serde(skip)]
    error: Option<Error>,
}

/// A file that isn't deleted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SkippedCacheFile {
    /// The file or folder.
    path: ReportPath,
    /// Why it isn't deleted.
    rule: SkippedRule,
    /// The same in words.
    reason: &'static str,
}

/// Runs `use cache clean`. What can't be deleted is the error in the end; the rest is deleted.
pub fn run(session: &Session, mode: CleanMode, as_json: bool) -> Result<i32> {
    let access = match mode {
        CleanMode::Delete => Some(folders::write_access(&session.folders)?),
        CleanMode::DryRun => None,
    };
    let cache = &session.folders.cache;
    // Nothing is deleted in a folder that may be another account's.
    OwnFolder::open(cache)?;
    let report = CleanReport::of(cache, mode, clean(cache, access.as_ref()));
    match report.error {
        Some(error) if as_json => Err(error),
        _ => output::print(&report, as_json, &*session.reporter),
    }
}

impl CleanReport {
    fn of(cache: &Path, mode: CleanMode, cleaned: CacheCleanup) -> Self {
        let skipped = cleaned.skipped.iter().map(|file| SkippedCacheFile {
            path: ReportPath::new(&file.path),
            rule: file.rule,
            reason: file.rule.reason(),
        });
        Self {
            path: ReportPath::new(cache),
            files: cleaned.files,
            bytes: cleaned.bytes,
            removed: mode == CleanMode::Delete,
            skipped: skipped.collect(),
            error: cleaned.error,
        }
    }
}

impl Report for CleanReport {
    fn text(&self) -> Text {
        let verb = if self.removed { "deleted" } else { "would delete" };
        let files = match self.files {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let path = &self.path;
        format!("{verb} {files}, {}, in {path}", human_size(self.bytes)).into()
    }

    fn notes(&self) -> Vec<Notice> {
        let note = |file: &SkippedCacheFile| {
            Notice::note(format!("not deleted: {}: {}", file.path, file.reason))
        };
        self.skipped.iter().map(note).collect()
    }

    fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::error::ErrorKind;

    use super::*;
    use crate::releases::cache_folder::SkippedFile;

    fn report(mode: CleanMode, cleaned: CacheCleanup) -> CleanReport {
        CleanReport::of(Path::new("/cache"), mode, cleaned)
    }

    #[test]
    fn deleted_and_skipped_files() {
        let file = SkippedFile { path: "/cache/x".into(), rule: SkippedRule::Foreign };
        let cleaned = CacheCleanup { files: 2, bytes: 2000, skipped: vec![file], error: None };
        let report = report(CleanMode::Delete, cleaned);
        assert_eq!(report.text(), "deleted 2 files, 2.0 kB, in /cache\n");
        assert_eq!(report.notes(), ["not deleted: /cache/x: it isn't usher's"]);
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            json!({
                "path": "/cache",
                "files": 2,
                "bytes": 2000,
                "removed": true,
                "skipped": [{ "path": "/cache/x", "rule": "foreign", "reason": "it isn't usher's" }],
            })
        );
    }

    #[test]
    fn a_dry_run_and_a_failure() {
        let dry = report(CleanMode::DryRun, CacheCleanup { files: 1, ..CacheCleanup::default() });
        assert_eq!(dry.text(), "would delete 1 file, 0 bytes, in /cache\n");
        assert_eq!(serde_json::to_value(&dry).unwrap()["removed"], json!(false));
        let error = Some(Error::new(ErrorKind::Permission, "can't delete /cache/x"));
        let failed = report(CleanMode::Delete, CacheCleanup { error, ..CacheCleanup::default() });
        assert_eq!(failed.text(), "deleted 0 files, 0 bytes, in /cache\n");
        assert_eq!(failed.exit_code(), 77);
    }
}
