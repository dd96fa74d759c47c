//! The mentions of one file: a reader reports what is written, and the collector knows which tool that
//! is.
//!
//! A text that still has a `$` contains a variable or an expression of unknown value.

use std::path::PathBuf;

use usher_shims::request::Request;
use usher_shims::tool::Tool;

use super::image;
use super::mention::{Mention, MentionKind, MentionPlace, Note};
use crate::registry::{KnownTool, Registry};

/// The mentions of a file while it is read.
#[derive(Debug)]
pub(super) struct MentionCollector<'a> {
    pub(super) registry: &'a Registry,
    path: PathBuf,
    /// The mentions.
    pub(super) mentions: Vec<Mention>,
    /// What was skipped.
    pub(super) notes: Vec<Note>,
    /// How many requests they have.
    requests: usize,
    /// Whether there are too many mentions.
    is_full: bool,
}

/// The most mentions, and the most notes, of one file.
const MAX_ENTRIES: usize = 1000;

/// The most requests of one file, and of a project: a matrix may have hundreds at one place.
pub(super) const MAX_REQUESTS: usize = 20_000;

/// The most bytes of a request.
const MAX_REQUEST_LENGTH: usize = 256;

/// How many values, and how many characters, are shown of a place.
const MAX_SHOWN: (usize, usize) = (16, 120);

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
        Self {
            registry,
            path,
            mentions: Vec::new(),
            notes: Vec::new(),
            requests: 0,
            is_full: false,
        }
    }

    /// Notes that something was skipped.
    pub(super) fn note(&mut self, line: u32, what: impl Into<String>) {
        let (place, what) = (Some(MentionPlace { path: self.path.clone(), line }), what.into());
        match self.notes.len() {
            ..MAX_ENTRIES => self.notes.push(Note { place, what }),
            MAX_ENTRIES => {
                self.notes.push(Note { place, what: "more notes are left out".to_owned() });
            }
            _ => {}
        }
    }

    /// Notes that a value was skipped.
    fn skip(&mut self, written: &WrittenValues<'_>, value: &str, why: &str) {
        let shown: String = format!("{}{value}", written.label).chars().take(MAX_SHOWN.1).collect();
        self.note(written.line, format!("skipped {shown}: {why}"));
    }

    /// A container image.
    pub(super) fn image(&mut self, written: &WrittenValues<'_>) {
        let mut requested: Vec<(&'static Tool, Vec<String>)> = Vec::new();
        for value in written.values {
            match image::image_version(self.registry, value) {
                image::ImageVersion::Request(tool, request) => add(&mut requested, tool, request),
                image::ImageVersion::Unknown(why) => self.skip(written, value, why),
                image::ImageVersion::Other => {}
            }
        }
        for (tool, requests) in requested {
            self.mention((tool, MentionKind::Image), requests, written);
        }
    }

    /// The tool whose variable this is.
    pub(super) fn tool_of_variable(&self, name: &str) -> Option<&'static Tool> {
        self.registry.all().map(|known| known.tool).find(|tool| tool.variables.contains(&name))
    }

    /// The tool of which an action's input of this name requests a version.
    pub(super) fn tool_of_input(&self, name: &str) -> Option<&'static Tool> {
        let is_it =
            |known: &KnownTool<'_>| known.definition.check.inputs.iter().any(|one| one == name);
        self.registry.all().find(is_it).map(|known| known.tool)
    }

    /// Values that are requests themselves; an empty one means unset.
    pub(super) fn requests(
        &mut self,
        what: (&'static Tool, MentionKind),
        written: &WrittenValues<'_>,
    ) {
        let mut requests = Vec::new();
        for value in written.values.iter().map(|value| value.trim()) {
            match value {
                _ if value.contains('$') => {
                    self.skip(written, value, "its value is unknown");
                }
                _ if value.len() > MAX_REQUEST_LENGTH => {
                    self.skip(written, value, "it is too long");
                }
                "" => {}
                request => requests.push(request.to_owned()),
            }
        }
        if !requests.is_empty() {
            self.mention(what, requests, written);
        }
    }

    /// Requests that were read in the dialect of a version file.
    pub(super) fn parsed(
        &mut self,
        what: (&'static Tool, MentionKind),
        requests: Vec<Request>,
        (line, label): (u32, &str),
    ) {
        let values: Vec<String> =
            requests.iter().map(|request| request.as_str().to_owned()).collect();
        let count = self.mentions.len();
        self.mention(what, values.clone(), &WrittenValues { line, label, values: &values });
        if let Some(new) = self.mentions.get_mut(count) {
            new.read = requests;
        }
    }

    fn mention(
        &mut self,
        (tool, kind): (&'static Tool, MentionKind),
        requests: Vec<String>,
        written: &WrittenValues<'_>,
    ) {
        let place = MentionPlace { path: self.path.clone(), line: written.line };
        let is_known = self.mentions.iter().rev().take(64).any(|known| {
            known.tool.name == tool.name && known.place == place && known.requests == requests
        });
        if is_known {
            return;
        }
        self.requests = self.requests.saturating_add(requests.len());
        if self.mentions.len() >= MAX_ENTRIES || self.requests > MAX_REQUESTS {
            if !std::mem::replace(&mut self.is_full, true) {
                self.note(
                    written.line,
                    "the rest of the file is skipped: it names too many versions",
                );
            }
            return;
        }
        let values: Vec<&str> =
            written.values.iter().map(String::as_str).take(MAX_SHOWN.0).collect();
        let shown = format!("{}{}", written.label, values.join(", "));
        let shown = shown.chars().take(MAX_SHOWN.1).collect();
        let read = Vec::new();
        self.mentions.push(Mention { tool, requests, read, place, kind, shown });
    }
}

fn add(requested: &mut Vec<(&'static Tool, Vec<String>)>, tool: &'static Tool, request: String) {
    match requested.iter_mut().find(|(known, _)| known.name == tool.name) {
        Some((_, requests)) if requests.contains(&request) => {}
        Some((_, requests)) => requests.push(request),
        None => requested.push((tool, vec![request])),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The mentions in a text, a line each: `3 node 16 | FROM node:16-alpine`; then the notes.
    pub(in crate::check) fn read(
        path: &str,
        read: impl FnOnce(&mut MentionCollector<'_>),
    ) -> String {
        let registry = Registry::load().unwrap();
        let mut collector = MentionCollector::new(&registry, path.into());
        read(&mut collector);
        let mentions = collector.mentions.iter().map(|one| {
            let requests = one.requests.join(" ");
            format!("{} {} {requests} | {}\n", one.place.line, one.tool.name, one.shown)
        });
        let notes = collector.notes.iter().map(|note| {
            let line = note.place.as_ref().map_or(0, |place| place.line);
            format!("{line} note {}\n", note.what)
        });
        mentions.chain(notes).collect()
    }
}
