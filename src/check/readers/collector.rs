//! The mentions of one file: a reader reports what is written, and the collector knows which tool that
//! is.
//!
//! A text that still has a `$` contains a variable or an expression of unknown value.

use std::path::{Path, PathBuf};

use usher_shims::range::Dialect;
use usher_shims::request::{Request, RequestKind, RequestTrust, looks_like_request};
use usher_shims::tool::{Tool, VersionField};

use super::image::{self, ImageVersion};
use super::variables::without_marks;
use crate::check::mention::{
    FileMentions, Mention, MentionKind, MentionPlace, MentionScope, Note, UnquotedNumber, shown,
};
use crate::registry::{KnownTool, Registry};

/// The mentions of a file while it is read.
#[derive(Debug)]
pub(super) struct MentionCollector<'a> {
    pub(super) registry: &'a Registry,
    /// What the places that are read next belong to; readers change it.
    pub(super) context: MentionContext,
    path: PathBuf,
    found: FileMentions,
    /// How many CI jobs have begun.
    jobs: u32,
    /// How many requests the mentions have.
    requests: usize,
    /// Whether there are too many mentions.
    is_full: bool,
}

/// What a place belongs to, and what is said of it besides its version.
#[derive(Debug, Clone)]
pub(super) struct MentionContext {
    /// The folder or the repository.
    pub(super) scope: MentionScope,
    /// The number of the CI job in its file.
    pub(super) job: Option<u32>,
    /// Why another version is meant so: `continue-on-error`.
    pub(super) exempt: Option<&'static str>,
}

/// The most mentions, and the most notes, of one file.
const MAX_ENTRIES: usize = 1000;

/// The most requests of one file, and of a project: a matrix may have hundreds at one place.
pub(in crate::check) const MAX_REQUESTS: usize = 20_000;

/// The most bytes of a request.
const MAX_REQUEST_LENGTH: usize = 256;

/// The value of a variable that requests no version, as development containers write it.
const NONE: &str = "none";

/// How many values, and how many characters, are shown of a place.
const MAX_SHOWN: (usize, usize) = (16, 120);

/// Why a place isn't compared: its file doesn't say which version is meant.
const UNKNOWN_VALUE: &str = "its value isn't in this file";

/// The value of an action's input that stands for the project's version file.
const DEFAULT: &str = "default";

/// Why a place isn't compared: what it says is no version.
const NO_VERSION: &str = "no version";

/// What is written at one place: a name and its possible values.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenValues<'a> {
    /// The line, counted from 1.
    pub(super) line: u32,
    /// The text before the value, as a person recognizes it: `FROM `.
    pub(super) label: &'a str,
    /// The values, one for each combination of a matrix.
    pub(super) values: &'a [String],
}

impl<'a> MentionCollector<'a> {
    /// For a file, by its path relative to the project's folder.
    pub(super) fn new(registry: &'a Registry, path: PathBuf) -> Self {
        let context = MentionContext {
            scope: MentionScope::Folder(owning_folder(&path)),
            job: None,
            exempt: None,
        };
        let found = FileMentions::default();
        Self { registry, context, path, found, jobs: 0, requests: 0, is_full: false }
    }

    /// Reads a CI job: its places belong together.
    pub(super) fn in_job(&mut self, exempt: Option<&'static str>, read: impl FnOnce(&mut Self)) {
        self.jobs += 1;
        self.in_context(
            MentionContext { job: Some(self.jobs), exempt, ..self.context.clone() },
            read,
        );
    }

    /// Reads a part of the file to which something else applies.
    pub(super) fn in_context(&mut self, context: MentionContext, read: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.context, context);
        read(self);
        self.context = outer;
    }

    /// What was found.
    pub(super) fn finish(self) -> FileMentions {
        self.found
    }

    /// Notes something about the file or a line of it.
    pub(super) fn note(&mut self, line: u32, why: impl Into<String>) {
        self.push_note(line, why.into(), String::new());
    }

    /// Notes that a value isn't compared.
    fn skip(&mut self, written: &WrittenValues<'_>, value: &str, why: impl Into<String>) {
        let shown = match value.contains('$') || looks_like_request(value) {
            true => without_marks(&format!("{}{value}", written.label))
                .chars()
                .take(MAX_SHOWN.1)
                .collect(),
            false => format!("{}({} bytes)", written.label, value.len()),
        };
        self.push_note(written.line, why.into(), shown);
    }

    fn push_note(&mut self, line: u32, why: String, shown: String) {
        let place = Some(MentionPlace { path: self.path.clone(), line });
        match self.found.notes.len() {
            ..MAX_ENTRIES => self.found.notes.push(Note { place, why, shown }),
            MAX_ENTRIES => self.found.notes.push(Note::about(
                Some(MentionPlace { path: self.path.clone(), line: 0 }),
                "more notes are left out",
            )),
            _ => {}
        }
    }

    /// A container image.
    pub(super) fn image(&mut self, written: &WrittenValues<'_>) {
        self.image_besides(&[], written);
    }

    /// A container image, whose versions of these tools are read elsewhere.
    pub(super) fn image_besides(&mut self, tools: &[&'static Tool], written: &WrittenValues<'_>) {
        if self.is_full {
            return;
        }
        let mut requested: Vec<(&'static Tool, Vec<Request>)> = Vec::new();
        for value in written.values {
            for found in image::image_versions(self.registry, value) {
                match found {
                    ImageVersion::Request(tool, request) => add(&mut requested, tool, request),
                    ImageVersion::Unknown(why) => {
                        let named = value.split('@').next().unwrap_or_default();
                        self.skip(written, named, why);
                    }
                }
            }
        }
        requested.retain(|(tool, _)| tools.iter().all(|read| read.name != tool.name));
        for (tool, requests) in requested {
            self.mention((tool, MentionKind::Image), requests, written);
        }
    }

    /// The tool whose variable this is.
    pub(super) fn tool_of_variable(&self, name: &str) -> Option<&'static Tool> {
        self.registry.all().map(|known| known.tool).find(|tool| tool.variables.contains(&name))
    }

    /// The tools of which an action's input of this name requests a version. The action is known by
    /// its name, `pnpm/action-setup`, or unknown: a composite action, another workflow.
    pub(super) fn tools_of_input(&self, action: Option<&str>, name: &str) -> Vec<&'static Tool> {
        let is_it = |known: &KnownTool<'_>| known.definition.check.has_input(action, name);
        self.registry.all().filter(is_it).map(|known| known.tool).collect()
    }

    /// The tool of which a key of a file of this format requests a version.
    pub(super) fn tool_of_setting(&self, format: &str, key: &str) -> Option<&'static Tool> {
        let is_it = |known: &KnownTool<'_>| known.definition.check.has_setting(format, key);
        self.registry.all().find(is_it).map(|known| known.tool)
    }

    /// The tool whose version file an input of this name names: `node-version-file`.
    pub(super) fn tool_of_file_input(
        &self,
        action: Option<&str>,
        name: &str,
    ) -> Option<&'static Tool> {
        self.tools_of_input(action, name.strip_suffix("-file")?).into_iter().next()
    }

    /// Values that are requests themselves, of a variable as the tag of an image, too; an empty one
    /// and `none` mean unset.
    pub(super) fn requests(
        &mut self,
        what: (&'static Tool, MentionKind),
        written: &WrittenValues<'_>,
    ) {
        self.requests_shown_as(what, written.values, written);
    }

    /// Values that are requests, written in another way: 20 as `nodejs20.x`.
    pub(super) fn requests_shown_as(
        &mut self,
        (tool, kind): (&'static Tool, MentionKind),
        values: &[String],
        written: &WrittenValues<'_>,
    ) {
        if self.is_full {
            return;
        }
        let mut requests = Vec::new();
        for value in values.iter().map(|value| value.trim()) {
            match value {
                "" | NONE => {}
                _ if value.contains('$') => self.skip(written, value, UNKNOWN_VALUE),
                _ if value.len() > MAX_REQUEST_LENGTH => self.skip(written, value, NO_VERSION),
                _ if names_file(value, tool) || (kind, value) == (MentionKind::Input, DEFAULT) => {
                    self.mention((tool, MentionKind::Reference), Vec::new(), written);
                }
                _ => match request(value, tool, kind) {
                    Some(request) => requests.push(request),
                    None => self.skip(written, value, NO_VERSION),
                },
            }
        }
        if !requests.is_empty() {
            self.mention((tool, kind), requests, written);
        }
    }

    /// The same as the value of a key: `node-version: 16`.
    pub(super) fn requests_of_key(
        &mut self,
        what: (&'static Tool, MentionKind),
        (line, key): (u32, &str),
        values: &[String],
    ) {
        let label = format!("{key}: ");
        self.requests(what, &WrittenValues { line, label: &label, values });
    }

    /// The name of a version file in place of a version.
    pub(super) fn reference(&mut self, tool: &'static Tool, written: &WrittenValues<'_>) {
        self.mention((tool, MentionKind::Reference), Vec::new(), written);
    }

    /// Requests that were read in the dialect of a version file, of this field.
    pub(super) fn parsed(
        &mut self,
        what: (&'static Tool, MentionKind),
        requests: Vec<Request>,
        (line, field): (u32, &str),
    ) {
        let shown = shown(Some(field), &requests);
        self.mention(what, requests, &WrittenValues { line, label: "", values: &[shown] });
    }

    fn mention(
        &mut self,
        (tool, kind): (&'static Tool, MentionKind),
        requests: Vec<Request>,
        written: &WrittenValues<'_>,
    ) {
        let place = MentionPlace { path: self.path.clone(), line: written.line };
        let MentionContext { scope, job, exempt } = self.context.clone();
        let is_known = self.found.mentions.iter().rev().take(64).any(|known| {
            known.tool.name == tool.name
                && known.place == place
                && known.requests == requests
                && known.job == job
        });
        if is_known {
            return;
        }
        self.requests = self.requests.saturating_add(requests.len());
        if self.found.mentions.len() >= MAX_ENTRIES || self.requests > MAX_REQUESTS {
            if !std::mem::replace(&mut self.is_full, true) {
                self.note(
                    written.line,
                    "the rest of the file isn't compared: it names too many versions",
                );
            }
            return;
        }
        let values: Vec<&str> =
            written.values.iter().map(String::as_str).take(MAX_SHOWN.0).collect();
        let shown = format!("{}{}", written.label, values.join(", "));
        let shown = without_marks(&shown).chars().take(MAX_SHOWN.1).collect();
        let unquoted = None;
        self.found.mentions.push(Mention {
            tool,
            requests,
            place,
            kind,
            shown,
            scope,
            job,
            exempt,
            unquoted,
        });
    }

    /// Says of mentions that their number is written without the quotes that it needs.
    pub(super) fn mark_unquoted(&mut self, numbers: &[UnquotedNumber]) {
        for mention in &mut self.found.mentions {
            let is_its = |number: &&UnquotedNumber| {
                mention.requests.iter().any(|request| request.as_str() == number.read)
            };
            // One of the mention's own line, if there is one.
            let own = numbers.iter().filter(is_its).find(|one| one.line == mention.place.line);
            mention.unquoted = own.or_else(|| numbers.iter().find(is_its)).cloned();
            if let (Some(number), [_]) = (&mention.unquoted, mention.requests.as_slice())
                && let Some(label) = mention.shown.strip_suffix(&number.read)
            {
                mention.shown = format!("{label}{}", number.written);
            }
        }
    }
}

/// The folder that a file belongs to: of one in `.devcontainer` and in a folder of it that of
/// `.devcontainer`.
fn owning_folder(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    let is_hidden = |folder: &&Path| {
        folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    let hidden = folder.ancestors().take(2).find(is_hidden);
    hidden.and_then(Path::parent).unwrap_or(folder).to_path_buf()
}

/// A value as the tool's version files or npm's ranges would have it: CI actions of all languages
/// understand the latter.
fn request(value: &str, tool: &'static Tool, kind: MentionKind) -> Option<Request> {
    if kind == MentionKind::Variable
        && let Some(version) = image::version_before_flavour(value, tool)
    {
        return Some(version);
    }
    let as_npm = VersionField { dialect: Some(Dialect::Npm), ..VersionField::pinning("") };
    let own = Request::parse(value, tool, RequestTrust::Project);
    let known = own.ok().filter(|request| !matches!(request.kind(), RequestKind::Named(_)));
    known
        .or_else(|| Request::parse_field(value, tool, &as_npm).ok())
        .filter(|request| !matches!(request.kind(), RequestKind::Path(_)))
}

/// Whether a value is the path of a version file: `.ruby-version`, as `rails new` writes it.
fn names_file(value: &str, tool: &Tool) -> bool {
    let path = Path::new(value);
    let is_shared = || path.file_name().is_some_and(|name| name == "package.json");
    tool.files.iter().any(|file| file.is_at(path)) || is_shared()
}

fn add(requested: &mut Vec<(&'static Tool, Vec<Request>)>, tool: &'static Tool, request: Request) {
    match requested.iter_mut().find(|(known, _)| known.name == tool.name) {
        Some((_, requests)) if requests.contains(&request) => {}
        Some((_, requests)) => requests.push(request),
        None => requested.push((tool, vec![request])),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::rc::Rc;

    use super::super::yaml::{YamlNode, parse};
    use super::*;

    /// Compares what a reader of YAML finds in a text with lines as [`read`] has them.
    #[track_caller]
    pub(in crate::check) fn check_yaml(
        path: &str,
        reader: impl FnOnce(&[Rc<YamlNode>], &mut MentionCollector<'_>),
        (text, expected): (&str, &str),
    ) {
        let documents = parse(text).unwrap().documents;
        let found = read(path, |collector| reader(&documents, collector));
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    /// The mentions in a text, a line each: `3 node 16 | FROM node:16-alpine`; then the notes.
    pub(in crate::check) fn read(
        path: &str,
        read: impl FnOnce(&mut MentionCollector<'_>),
    ) -> String {
        let registry = Registry::load().unwrap();
        let mut collector = MentionCollector::new(&registry, path.into());
        read(&mut collector);
        let found = collector.finish();
        let mentions = found.mentions.iter().map(|one| {
            let requests: Vec<&str> = one.requests.iter().map(Request::as_str).collect();
            let requests = if requests.is_empty() { "=" } else { &requests.join(" ") };
            let exempt = one.exempt.map_or_else(String::new, |why| format!(" ({why})"));
            format!("{} {} {requests} | {}{exempt}\n", one.place.line, one.tool.name, one.shown)
        });
        let notes = found.notes.iter().map(|note| {
            let line = note.place.as_ref().map_or(0, |place| place.line);
            let shown = if note.shown.is_empty() { "" } else { &format!(": {}", note.shown) };
            format!("{line} note {}{shown}\n", note.why)
        });
        mentions.chain(notes).collect()
    }
}
