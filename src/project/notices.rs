//! What people should know of a project's version files, although it decides nothing: what can't be
//! used, what a variable overrides, tools that usher doesn't know.
//!
//! Found by the search that the shims use, so that no file is read in two ways.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::{Error, Escaped};
use usher_shims::lock::{LOCKFILE, locked_version};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::read::{decode, read};
use usher_shims::request::looks_like_request;
use usher_shims::search::{ErrorSource, Finding, Skipped, search};
use usher_shims::tool::{Reader, Tool, VersionField, VersionFile};
use usher_shims::world::{World as _, read_optional};

use super::lockfile::lockable_of;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::session::short_paths::ShortPaths;

/// The most unknown tools that a notice names.
const MAX_NAMED: usize = 5;

/// All that the search finds for each tool.
pub struct ProjectFindings<'a> {
    session: &'a Session,
    of_tools: Vec<(KnownTool<'a>, Vec<Finding>)>,
}

impl<'a> ProjectFindings<'a> {
    /// Searches for every tool. An error is the tool's own, and not a notice.
    pub fn of(session: &'a Session) -> Self {
        let of_tools = session.registry.all().map(|known| (known, findings(session, known)));
        Self { session, of_tools: of_tools.collect() }
    }

    /// Files and requests that can't be used or may be another account's, each once, as warnings.
    pub fn unusable(&self) -> Vec<Notice> {
        let mut texts = Vec::new();
        for (_, findings) in &self.of_tools {
            texts.extend(findings.iter().filter_map(unusable));
        }
        // A reader ends early where a file doesn't name its tool.
        let errors = self.files().into_iter().filter_map(|file| self.syntax_error(&file));
        texts.extend(errors.filter(|error| !self.is_reported(error)).map(|error| ignored(&error)));
        let mut notices: Vec<Notice> = Vec::new();
        for text in texts {
            if notices.iter().all(|notice| notice.what != text) {
                notices.push(Notice::warning(text));
            }
        }
        notices
    }

    /// Variables that override a pin of the project's files: images set them as labels.
    pub fn overridden(&self) -> Vec<Notice> {
        self.of_tools.iter().filter_map(|(_, findings)| overridden(findings)).collect()
    }

    /// Requests that the lockfile of their folder has no entry for: it counts for nothing there.
    pub fn unlocked(&self) -> Vec<Notice> {
        let paths = ShortPaths::of(self.session);
        let mut lockfiles: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
        let mut notices = Vec::new();
        for (known, findings) in &self.of_tools {
            let Ok(Some(lockable)) = lockable_of(*known, findings) else { continue };
            let path = lockable.folder.join(LOCKFILE);
            let text = lockfiles.entry(path.clone()).or_insert_with(|| {
                let content = read_optional(&self.session.world, &path).ok()??;
                decode(&content.bytes).ok().map(Cow::into_owned)
            });
            let written = lockable.pin.written();
            let key = [known.tool.name, &written, &lockable.file];
            if text.as_ref().is_some_and(|text| locked_version(text, key) == Ok(None)) {
                let (file, pin) = (paths.path(&path), &lockable.pin);
                let request = format!("{} {}", known.tool.name, Escaped(&written));
                let origin = paths.origin(&pin.origin);
                let what = format!("{file} doesn't lock {request}, which {origin} requests");
                notices.push(Notice::warning(what).hint(format!("use lock {}", known.tool.name)));
            }
        }
        notices
    }

    /// Tools that files for the versions of any tool name, and that usher doesn't know: one notice for
    /// the project.
    pub fn unknown_tools(&self) -> Option<Notice> {
        let paths = ShortPaths::of(self.session);
        let of_file = |file: FileOfTools| {
            let names = self.unknown_names(&file)?;
            Some((names.count, format!("{} ({})", names.text(), paths.path(&file.path))))
        };
        let (counts, texts): (Vec<usize>, Vec<String>) =
            self.files().into_iter().filter_map(of_file).unzip();
        let tools = if counts.iter().sum::<usize>() == 1 { "tool" } else { "tools" };
        let what = format!("unknown {tools}: {}", texts.join(", "));
        (!texts.is_empty()).then(|| Notice::note(what))
    }

    /// The place or the file that makes a tool's request broken.
    pub fn broken_place(&self, known: KnownTool<'_>, paths: &ShortPaths) -> Option<String> {
        let is_of_tool = |(other, _): &&(KnownTool<'_>, _)| other.tool.name == known.tool.name;
        let (_, findings) = self.of_tools.iter().find(is_of_tool)?;
        findings.iter().find_map(|finding| match finding {
            Finding::Broken(_, ErrorSource::Text(location)) => Some(paths.location(location)),
            Finding::Broken(_, ErrorSource::File(path)) => Some(paths.path(path)),
            Finding::Broken(_, ErrorSource::Variable)
            | Finding::Pin(_)
            | Finding::Constraint(_)
            | Finding::Default(_)
            | Finding::Skipped(_) => None,
        })
    }

    /// The version files that were found, each once.
    fn files(&self) -> Vec<FileOfTools> {
        let mut files: Vec<FileOfTools> = Vec::new();
        for (known, findings) in &self.of_tools {
            for path in findings.iter().filter_map(path_of) {
                let kind = known.tool.files.iter().find(|kind| kind.is_at(path));
                if let Some(kind) = kind.filter(|_| files.iter().all(|file| file.path != path)) {
                    files.push(FileOfTools { path: path.to_path_buf(), kind });
                }
            }
        }
        files
    }

    /// Why a document can't be parsed.
    fn syntax_error(&self, file: &FileOfTools) -> Option<Error> {
        const WHOLE: &[VersionField] = &[VersionField::pinning("")];
        let reader = file.kind.reader;
        if !matches!(reader, Reader::Json | Reader::Toml) {
            return None;
        }
        let text = self.text(file)?;
        let tool = self.of_tools.first()?.0.tool;
        let reason = read(&text, &VersionFile::new("", reader, WHOLE), tool).err()?;
        Some(self.location(&file.path).parse_error(&reason))
    }

    /// Whether the search reported this file.
    fn is_reported(&self, error: &Error) -> bool {
        let mut all = self.of_tools.iter().flat_map(|(_, findings)| findings);
        all.any(|finding| match finding {
            Finding::Broken(known, _) | Finding::Skipped(Skipped::UnusableFile(known)) => {
                known.what == error.what
            }
            Finding::Pin(_)
            | Finding::Constraint(_)
            | Finding::Default(_)
            | Finding::Skipped(_) => false,
        })
    }

    fn text(&self, file: &FileOfTools) -> Option<String> {
        let content = self.session.world.read(&file.path).ok()?;
        Some(decode(&content.bytes).ok()?.into_owned())
    }

    /// The names in a file that no tool has; `None` if there are none.
    fn unknown_names(&self, file: &FileOfTools) -> Option<UnknownNames> {
        let kind = file.kind;
        if !kind.is_version_only() {
            return None;
        }
        let text = self.text(file)?;
        let mut names = match kind.reader {
            Reader::ToolVersions => first_words(&text),
            Reader::Keys => keys(&text),
            Reader::Toml => table_keys(&text, kind.fields.first()?.path)?,
            Reader::Plain | Reader::Json | Reader::Lines | Reader::Call => return None,
        };
        names.retain(|name| !self.is_known(file, name));
        let count = names.len();
        // Other words, and those behind a link, may be secrets.
        names.retain(|name| looks_like_request(&name.replace(':', "/")) && !self.is_linked(file));
        names.truncate(MAX_NAMED);
        (count > 0).then_some(UnknownNames { count, named: names })
    }

    fn is_linked(&self, file: &FileOfTools) -> bool {
        let seen = self.session.world.metadata(&file.path).ok().flatten();
        self.session.world.identity_without_links(&file.path) != seen.map(|seen| seen.identity)
    }

    /// Whether a name in a file is a tool's.
    fn is_known(&self, file: &FileOfTools, name: &str) -> bool {
        let is_by_name = file.kind.reader == Reader::ToolVersions;
        let has_field = |tool: &Tool| {
            let mut kinds = tool.files.iter().filter(|kind| kind.name == file.kind.name);
            kinds.any(|kind| kind.fields.iter().any(|field| last_key(field.path) == name))
        };
        let is_tools = |tool: &Tool| {
            (is_by_name && tool.all_names().any(|known| known == name)) || has_field(tool)
        };
        self.of_tools.iter().any(|(known, _)| is_tools(known.tool))
    }

    fn location(&self, path: &Path) -> FileLocation {
        let directory = self.session.world.directory().ok();
        let is_in_directory = directory.is_some_and(|one| path.parent() == Some(&one));
        FileLocation::of_file(path.to_path_buf(), is_in_directory)
    }
}

/// A version file that was found.
struct FileOfTools {
    path: PathBuf,
    kind: &'static VersionFile,
}

/// Names that no tool has.
struct UnknownNames {
    count: usize,
    /// Those that may be repeated, at most [`MAX_NAMED`].
    named: Vec<String>,
}

impl UnknownNames {
    /// `terraform, kubectl and 2 more`, or just how many.
    fn text(&self) -> String {
        let Self { count, named } = self;
        let named_text = named.join(", ");
        match count - named.len() {
            count if named.is_empty() => count.to_string(),
            0 => named_text,
            more => format!("{named_text} and {more} more"),
        }
    }
}

fn findings(session: &Session, known: KnownTool<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(call) = Call::for_main_program(known.tool) {
        // What ends the search is the tool's error.
        let _ = search(&session.world, &session.index, &call, &mut |finding| {
            all.push(finding);
            ControlFlow::Continue(())
        });
    }
    all
}

fn unusable(finding: &Finding) -> Option<String> {
    match finding {
        Finding::Skipped(skipped) if skipped.is_unusable() => Some(format!("ignored: {skipped}")),
        Finding::Skipped(skipped @ Skipped::Untrusted(_)) => Some(skipped.to_string()),
        Finding::Skipped(_)
        | Finding::Pin(_)
        | Finding::Constraint(_)
        | Finding::Default(_)
        | Finding::Broken(..) => None,
    }
}

fn ignored(error: &Error) -> String {
    format!("ignored: {}", error.line())
}

/// The notice if the strongest pin is a variable's, and the next one is another of the project's.
fn overridden(findings: &[Finding]) -> Option<Notice> {
    let mut pins = findings.iter().filter_map(|finding| match finding {
        Finding::Pin(pin) => Some(pin),
        _ => None,
    });
    let Pin { requests, origin: Origin::Variable(name) } = pins.next()? else { return None };
    let is_of_file = |pin: &&Pin| matches!(pin.origin, Origin::File(_));
    let pin = pins.find(is_of_file).filter(|pin| pin.requests != *requests)?;
    let hint = Some(format!("unset {name}"));
    let notice = Notice::warning(format!("{name} overrides {}", pin.origin));
    Some(Notice { hint, ..notice })
}

/// The file of a finding.
fn path_of(finding: &Finding) -> Option<&Path> {
    match finding {
        Finding::Pin(pin) | Finding::Constraint(pin) => match &pin.origin {
            Origin::File(location) => Some(&location.path),
            _ => None,
        },
        Finding::Broken(_, ErrorSource::Text(location))
        | Finding::Skipped(Skipped::UnusablePin(_, location)) => Some(&location.path),
        Finding::Skipped(Skipped::NoVersion(path)) => Some(path),
        Finding::Default(_) | Finding::Broken(..) | Finding::Skipped(_) => None,
    }
}

/// The first word of each line: `terraform 1.5.7`.
fn first_words(text: &str) -> Vec<String> {
    let lines = text.split(['\n', '\r']).map(|line| line.split('#').next().unwrap_or_default());
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// The key of each line: `gradle=8.5`.
fn keys(text: &str) -> Vec<String> {
    let lines = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim().to_owned()).collect()
}

/// The keys of the table that a field is in; of the document itself those with a version, since its
/// tables are settings.
fn table_keys(text: &str, field: &str) -> Option<Vec<String>> {
    let document: toml::Table = text.parse().ok()?;
    let table = match field.split_once('.') {
        Some((table, _)) => document.get(table)?.as_table()?.clone(),
        None => document.into_iter().filter(|(_, value)| value.is_str()).collect(),
    };
    Some(table.into_iter().map(|(key, _)| key).collect())
}

/// The name of a tool in a field: `core:node` in `tools.core:node`.
fn last_key(field: &str) -> &str {
    field.split_once('.').map_or(field, |(_, key)| key)
}
