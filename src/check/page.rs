//! One file while it is read: a reader says what it sees, and the page knows which tool that is.
//!
//! A text that still has a `$` in it holds a variable or an expression that nobody here knows.

use std::path::PathBuf;

use usher_shims::tool::Tool;

use super::image;
use super::mention::{Kind, Mention, Note, Place};
use crate::registry::{KnownTool, Registry};

/// A file while it is read, and what was found in it.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) registry: &'a Registry,
    path: PathBuf,
    /// What was found.
    pub(super) mentions: Vec<Mention>,
    /// What was passed over.
    pub(super) notes: Vec<Note>,
    /// Whether there was too much to keep.
    is_full: bool,
}

/// The most mentions, and the most notes, of one file.
const MOST: usize = 1000;

/// The most bytes of a request.
const LONGEST: usize = 256;

/// How many values, and how many characters, are shown of a place.
const SHOWN: (usize, usize) = (16, 120);

/// What stands at one place: a name and its possible values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// The line, counted from 1.
    pub(super) line: u32,
    /// What stands before the value, as a person recognises it: `FROM `.
    pub(super) label: &'a str,
    /// The values, one for each combination of a matrix.
    pub(super) values: &'a [String],
}

impl<'a> Page<'a> {
    /// A file that nothing was found in yet; the path is from the project's folder.
    pub(super) fn new(registry: &'a Registry, path: PathBuf) -> Self {
        Self { registry, path, mentions: Vec::new(), notes: Vec::new(), is_full: false }
    }

    /// Notes that something was passed over.
    pub(super) fn note(&mut self, line: u32, what: impl Into<String>) {
        let (place, what) = (Some(Place { path: self.path.clone(), line }), what.into());
        match self.notes.len() {
            ..MOST => self.notes.push(Note { place, what }),
            MOST => self.notes.push(Note { place, what: "and so on".to_owned() }),
            _ => {}
        }
    }

    /// Notes that a value was passed over.
    fn pass_over(&mut self, said: &Said<'_>, value: &str, why: &str) {
        let shown: String = format!("{}{value}", said.label).chars().take(SHOWN.1).collect();
        self.note(said.line, format!("{shown} is passed over: {why}"));
    }

    /// A container image.
    pub(super) fn image(&mut self, said: &Said<'_>) {
        let mut asked: Vec<(&'static Tool, Vec<String>)> = Vec::new();
        for value in said.values {
            match image::request(self.registry, value) {
                image::Meant::Request(tool, request) => add(&mut asked, tool, request),
                image::Meant::Unknown(why) => self.pass_over(said, value, why),
                image::Meant::Other => {}
            }
        }
        for (tool, requests) in asked {
            self.mention((tool, Kind::Image), requests, said);
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
    pub(super) fn requests(&mut self, what: (&'static Tool, Kind), said: &Said<'_>) {
        let mut requests = Vec::new();
        for value in said.values.iter().map(|value| value.trim()) {
            match value {
                _ if value.contains('$') => {
                    self.pass_over(said, value, "nobody here knows that value");
                }
                _ if value.len() > LONGEST => self.pass_over(said, value, "it is too long"),
                "" => {}
                request => requests.push(request.to_owned()),
            }
        }
        if !requests.is_empty() {
            self.mention(what, requests, said);
        }
    }

    fn mention(
        &mut self,
        (tool, kind): (&'static Tool, Kind),
        requests: Vec<String>,
        said: &Said<'_>,
    ) {
        let place = Place { path: self.path.clone(), line: said.line };
        let is_known = self.mentions.iter().rev().take(64).any(|known| {
            known.tool.name == tool.name && known.place == place && known.requests == requests
        });
        if is_known {
            return;
        }
        if self.mentions.len() >= MOST {
            if !std::mem::replace(&mut self.is_full, true) {
                self.note(said.line, "from here on it is passed over: it names too many versions");
            }
            return;
        }
        let values: Vec<&str> = said.values.iter().map(String::as_str).take(SHOWN.0).collect();
        let shown = format!("{}{}", said.label, values.join(", "));
        let shown = shown.chars().take(SHOWN.1).collect();
        self.mentions.push(Mention { tool, requests, place, kind, shown });
    }
}

fn add(asked: &mut Vec<(&'static Tool, Vec<String>)>, tool: &'static Tool, request: String) {
    match asked.iter_mut().find(|(known, _)| known.name == tool.name) {
        Some((_, requests)) if requests.contains(&request) => {}
        Some((_, requests)) => requests.push(request),
        None => asked.push((tool, vec![request])),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a reader finds in a text, a line each: `3 node 16 | FROM node:16-alpine`; then notes.
    pub(in crate::check) fn read(path: &str, read: impl FnOnce(&mut Page<'_>)) -> String {
        let registry = Registry::load().unwrap();
        let mut page = Page::new(&registry, path.into());
        read(&mut page);
        let mentions = page.mentions.iter().map(|one| {
            let requests = one.requests.join(" ");
            format!("{} {} {requests} | {}\n", one.place.line, one.tool.name, one.shown)
        });
        let notes = page.notes.iter().map(|note| {
            let line = note.place.as_ref().map_or(0, |place| place.line);
            format!("{line} note {}\n", note.what)
        });
        mentions.chain(notes).collect()
    }
}
