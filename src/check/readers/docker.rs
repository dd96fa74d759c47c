//! Dockerfiles: the images that they start from and take files from, and the variables that they
//! set. <https://docs.docker.com/reference/dockerfile/> describes the format. It names
//! no tool, and runs no instruction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use usher_shims::tool::Tool;

use super::collector::{MentionCollector, WrittenValues};
use super::variables::expand;
use crate::check::mention::MentionKind;

/// The most variables, and the most stages, of a file. The value of one more is unknown.
const MAX_NAMES: usize = 4096;

/// How the variables of other managers end with which a user requests a version: `PYENV_VERSION`.
const MANAGERS_ENDING: &str = "ENV_VERSION";

/// Reads a Dockerfile.
pub(super) fn read(text: &str, collector: &mut MentionCollector<'_>) {
    if text.contains('\0') {
        collector.note(0, "not a Dockerfile: it contains NUL bytes");
        return;
    }
    let mut build = Build::default();
    each_instruction(text, &mut |line, instruction| {
        let (name, rest) = instruction.split_once(char::is_whitespace).unwrap_or((instruction, ""));
        let name = name.to_ascii_uppercase();
        match name.as_str() {
            "FROM" => build.from(line, rest.trim(), collector),
            "ARG" | "ENV" => build.set((line, &name), rest.trim(), collector),
            "COPY" | "ADD" | "RUN" => build.read_image_flags((line, &name), rest, collector),
            _ => {}
        }
    });
}

/// What is known after some of the instructions.
#[derive(Default)]
struct Build {
    /// Set by `ARG` before the first stage, for `FROM` only.
    global: BTreeMap<String, String>,
    /// Set in this stage.
    stage: BTreeMap<String, String>,
    /// The names of the stages so far, in lower case.
    names: BTreeSet<String>,
    /// How many stages there are so far.
    stages: usize,
}

impl Build {
    fn from(&mut self, line: u32, rest: &str, collector: &mut MentionCollector<'_>) {
        let mut words = rest.split_whitespace().skip_while(|word| word.starts_with("--"));
        let Some(image) = words.next() else {
            collector.note(line, "FROM names no image");
            return;
        };
        let values = expand(unquote(image), &|name| value_of(&self.global, name));
        if !is_template(rest) && !values.iter().any(|image| self.is_stage(image)) {
            let read = self.tools_read_before(image, collector);
            let written = WrittenValues { line, label: "FROM ", values: &values };
            collector.image_besides(&read, &written);
        }
        let has_name = words.next().is_some_and(|word| word.eq_ignore_ascii_case("as"));
        if has_name && self.names.len() < MAX_NAMES {
            self.names.extend(words.next().map(str::to_lowercase));
        }
        self.stage.clear();
        self.stages += 1;
    }

    /// The tools whose versions are in an image by their variables: those were read where they are set.
    fn tools_read_before(
        &self,
        image: &str,
        collector: &MentionCollector<'_>,
    ) -> Vec<&'static Tool> {
        let is_set = |name: &&str| self.global.get(*name).is_some_and(|value| !value.is_empty());
        variables_in(image)
            .filter(is_set)
            .filter_map(|name| collector.tool_of_variable(name))
            .collect()
    }

    fn is_stage(&self, name: &str) -> bool {
        self.names.contains(&name.to_lowercase())
    }

    /// `ARG` and `ENV`: several `NAME=value`, or one `NAME value`.
    fn set(
        &mut self,
        (line, instruction): (u32, &str),
        rest: &str,
        collector: &mut MentionCollector<'_>,
    ) {
        let first = rest.split_whitespace().next().unwrap_or_default();
        if instruction == "ENV" && !first.contains('=') {
            let value = rest[first.len()..].trim();
            return self.set_one((line, instruction), (first, Some(value)), collector);
        }
        for word in words(rest) {
            let pair =
                word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            self.set_one((line, instruction), pair, collector);
        }
    }

    fn set_one(
        &mut self,
        (line, instruction): (u32, &str),
        (name, value): (&str, Option<&str>),
        collector: &mut MentionCollector<'_>,
    ) {
        // Without a value it is the one from before the first stage, or the caller's.
        let Some(value) = value else {
            if let Some(global) = self.global.get(name) {
                self.stage.insert(name.to_owned(), global.clone());
            }
            return;
        };
        let known = if self.stages == 0 { &self.global } else { &self.stage };
        let values = expand(unquote(value), &|name| value_of(known, name));
        // As an argument of a build it is another manager's own version: it is installed there.
        let is_managers = instruction == "ARG" && name.ends_with(MANAGERS_ENDING);
        if let Some(tool) = collector.tool_of_variable(name).filter(|_| !is_managers) {
            let label = format!("{instruction} {name}=");
            collector.requests(
                (tool, MentionKind::Variable),
                &WrittenValues { line, label: &label, values: &values },
            );
        }
        let scope = if self.stages == 0 { &mut self.global } else { &mut self.stage };
        if scope.len() < MAX_NAMES || scope.contains_key(name) {
            scope.insert(name.to_owned(), values.into_iter().next().unwrap_or_default());
        }
    }

    /// `COPY --from=image` and `RUN --mount=from=image`.
    fn read_image_flags(
        &self,
        (line, instruction): (u32, &str),
        rest: &str,
        collector: &mut MentionCollector<'_>,
    ) {
        for flag in rest.split_whitespace().take_while(|word| word.starts_with("--")) {
            let from = match flag.strip_prefix("--mount=") {
                Some(mount) => mount.split(',').find_map(|part| part.strip_prefix("from=")),
                None => flag.strip_prefix("--from="),
            };
            let Some(image) = from else { continue };
            let values = expand(unquote(image), &|name| value_of(&self.global, name));
            let is_number = values.iter().any(|image| image.parse::<usize>().is_ok());
            if !is_number && !values.iter().any(|image| self.is_stage(image)) {
                let label = format!("{instruction} --from=");
                collector.image(&WrittenValues { line, label: &label, values: &values });
            }
        }
    }
}

/// The variables of a text: `NODE_VERSION` of `node:${NODE_VERSION}-alpine`.
fn variables_in(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split('$').skip(1).map(move |behind| {
        behind.trim_start_matches('{').split(|c| !is_part(c)).next().unwrap_or_default()
    })
}

/// Whether a program fills something in before this is a Dockerfile: `FROM node:{{ version }}`.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%", "%%"].iter().any(|mark| text.contains(mark))
}

/// The words of a text. In quotes and after a backslash a blank is part of a word.
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quote, mut is_escaped) = (None, None, false);
    for (place, character) in text.char_indices() {
        let is_end = character.is_whitespace() && quote.is_none() && !is_escaped;
        match (is_end, start) {
            (true, Some(begin)) => found.push(&text[begin..place]),
            (false, None) => start = Some(place),
            (true, None) | (false, Some(_)) => {}
        }
        if is_end {
            start = None;
        } else if is_escaped {
            is_escaped = false;
        } else {
            match (character, quote) {
                ('\\', _) => is_escaped = true,
                ('"' | '\'', None) => quote = Some(character),
                (_, Some(open)) if open == character => quote = None,
                _ => {}
            }
        }
    }
    found.extend(start.map(|begin| &text[begin..]));
    found
}

fn value_of(scope: &BTreeMap<String, String>, name: &str) -> Vec<String> {
    scope.get(name).cloned().into_iter().collect()
}

fn unquote(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// Visits the instructions, each with its first line: continued lines joined, comments and
/// here-documents left out.
fn each_instruction(text: &str, visit: &mut dyn FnMut(u32, &str)) {
    let escape = escape(text);
    let words: HashSet<&str> = heredoc_words(text).collect();
    // The last line on which each of them may end its here-document.
    let last: HashMap<&str, u32> = text
        .lines()
        .map(|line| line.trim_start_matches('\t'))
        .zip(1..)
        .filter(|(line, _)| words.contains(line))
        .collect();
    let mut lines = (1..).zip(text.lines());
    let mut open: Option<(u32, String)> = None;
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (start, mut joined) = open.take().unwrap_or((number, String::new()));
        if let Some(begun) = line.strip_suffix(escape) {
            joined.push_str(begun);
            open = Some((start, joined));
            continue;
        }
        joined.push_str(line);
        let has_heredocs = ["RUN", "COPY", "ADD"]
            .iter()
            .any(|name| first_word(&joined).eq_ignore_ascii_case(name));
        for word in heredoc_words(&joined).filter(|_| has_heredocs) {
            if last.get(word).is_some_and(|last| *last > number) {
                lines.by_ref().find(|(_, line)| line.trim_start_matches('\t') == word);
            }
        }
        visit(start, &joined);
    }
    if let Some((start, joined)) = open {
        visit(start, &joined);
    }
}

fn first_word(instruction: &str) -> &str {
    instruction.split_whitespace().next().unwrap_or_default()
}

/// The character that continues a line: a backslash, unless a directive at the top changes it.
fn escape(text: &str) -> char {
    let comments = text.lines().map_while(|line| line.trim().strip_prefix('#'));
    // Directives end with the first comment that is none.
    let mut directives = comments.map_while(|comment| comment.split_once('='));
    let escape = directives.find(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    escape.and_then(|(_, value)| value.trim().chars().next()).unwrap_or('\\')
}

/// The words that end here-documents: `EOF` in `RUN <<EOF`.
fn heredoc_words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split("<<").skip(1).map(move |rest| {
        let rest = rest.trim_start_matches('-').trim_start_matches(['"', '\'']);
        rest.split(|c| !is_part(c)).next().unwrap_or_default()
    });
    let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    words.filter(is_word)
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::read as on_page;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(
            on_page("Dockerfile", |collector| read(text, collector)).trim_end(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn from_images_are_mentions() {
        check("FROM node:16-alpine", "1 node 16 | FROM node:16-alpine");
        check(
            "# x\n\nfrom --platform=$BUILDPLATFORM node:16 as build\n",
            "3 node 16 | FROM node:16",
        );
        check(
            "FROM node:16 AS Base\nFROM base\nFROM BASE as x\nFROM x",
            "1 node 16 | FROM node:16",
        );
        check("FROM scratch\nFROM postgres:16\n", "");
        check("FROM \\\n  # why\n\n  node:16 \\\n  AS x\n", "1 node 16 | FROM node:16");
        check(
            "# escape=`\nFROM `\n node:16\nRUN x \\\nFROM node:18",
            "2 node 16 | FROM node:16\n5 node 18 | FROM node:18",
        );
        check(
            "# syntax=docker/dockerfile:1\n# escape=`\nFROM `\nnode:16",
            "3 node 16 | FROM node:16",
        );
        check(
            "# why\n# escape=`\nFROM node:16 `\nFROM node:18",
            "3 node 16 | FROM node:16\n4 node 18 | FROM node:18",
        );
        check("FROM node:16 \\", "1 node 16 | FROM node:16");
        check(
            "FROM node:16\r\nFROM python:3.12\r\n",
            "1 node 16 | FROM node:16\n2 python 3.12 | FROM python:3.12",
        );
        check("FROM node@sha256:0", "1 note a digest names no version: FROM node");
        check("FROM --platform=x", "1 note FROM names no image");
    }

    #[test]
    fn build_args_are_substituted() {
        check("ARG TAG=16\nFROM node:${TAG}-alpine", "2 node 16 | FROM node:16-alpine");
        check("ARG A=1 B=6\nFROM node:$A$B", "2 node 16 | FROM node:16");
        check("ARG A=\"16\"\nARG B=$A.1\nFROM node:${B}", "3 node 16.1 | FROM node:16.1");
        check("FROM node:${TAG:-16}", "1 node 16 | FROM node:16");
        check("ARG BASE=node:16\nFROM $BASE", "2 node 16 | FROM node:16");
        check("ARG TAG\nFROM node:$TAG", "2 note its tag isn't in this file: FROM node:$TAG");
        // What a stage sets, the next FROM doesn't see.
        check("FROM scratch\nARG TAG=16\nFROM node:${TAG:-18}", "3 node 18 | FROM node:18");
    }

    #[test]
    fn version_variables_are_mentions() {
        check("ARG NODE_VERSION=16", "1 node 16 | ARG NODE_VERSION=16");
        check("FROM x\nENV NODE_VERSION 16.1\n", "2 node 16.1 | ENV NODE_VERSION=16.1");
        check(
            "FROM x\nENV A='b' PYTHON_VERSION='3.12' C=\"d e\"",
            "2 python 3.12 | ENV PYTHON_VERSION=3.12",
        );
        check(
            "FROM x\nENV A=\"-x NODE_VERSION=14\" B=c\\ d PYTHON_VERSION=\"3.12\"",
            "2 python 3.12 | ENV PYTHON_VERSION=3.12",
        );
        check("ARG PYENV_VERSION=v2.6.16\nFROM x\nARG NODENV_VERSION=1.5.0", "");
        check("ENV PYENV_VERSION=3.12", "1 python 3.12 | ENV PYENV_VERSION=3.12");
        check("LABEL NODE_VERSION=16\nONBUILD ARG NODE_VERSION=16", "");
        check("ARG V=16\nFROM x\nARG V\nENV NODE_VERSION=$V", "4 node 16 | ENV NODE_VERSION=16");
        check(
            "FROM x\nENV NODE_VERSION=$V",
            "2 note its value isn't in this file: ENV NODE_VERSION=$V",
        );
        check("ENV NODE_VERSION=\nARG NODE_VERSION\nENV\nARG\n", "");
    }

    #[test]
    fn an_argument_that_an_image_uses_is_one_mention() {
        let node = "1 node 16 | ARG NODE_VERSION=16";
        check("ARG NODE_VERSION=16\nFROM node:$NODE_VERSION", node);
        check("ARG NODE_VERSION=16\nFROM ${HUB:-x.io}/node:${NODE_VERSION}-slim", node);
        check(
            "ARG NODE_VERSION=18-alpine\nFROM node:$NODE_VERSION",
            "1 node 18 | ARG NODE_VERSION=18-alpine",
        );
        check(
            "ARG PYTHON_VERSION=3.11-slim-bookworm\nFROM python:$PYTHON_VERSION",
            "1 python 3.11 | ARG PYTHON_VERSION=3.11-slim-bookworm",
        );
        check(
            "ARG NODE_VERSION=lts-alpine\nFROM node:$NODE_VERSION",
            "1 node lts | ARG NODE_VERSION=lts-alpine",
        );
        // Its name is no tool's: the image says whose version it is.
        check("ARG TAG=16\nFROM node:$TAG", "2 node 16 | FROM node:16");
        // Another tool's version in the same image is read there.
        check(
            "ARG NODE_VERSION=16\nFROM python:3.12-node$NODE_VERSION",
            &format!("{node}\n2 python 3.12 | FROM python:3.12-node16"),
        );
    }

    #[test]
    fn what_a_template_fills_in_is_unknown() {
        check("FROM node:{{ version }}-alpine\nFROM node:<%= v %>\nFROM node:%%TAG%%", "");
    }

    #[test]
    fn copy_and_mount_images_are_mentions() {
        check(
            "FROM x AS a\nCOPY --chown=1 --from=node:16 / /\nCOPY --from=a / /\nCOPY --from=0 / /",
            "2 node 16 | COPY --from=node:16",
        );
        check("RUN --mount=type=bind,from=node:16,target=/x y", "1 node 16 | RUN --from=node:16");
        check("RUN echo --from=node:16", "");
    }

    #[test]
    fn heredocs_are_skipped() {
        check("RUN <<EOF\nFROM node:16\nEOF\nFROM node:18", "4 node 18 | FROM node:18");
        check(
            "COPY <<-'A' <<\"B\" /x\nFROM node:14\n\tA\nFROM node:16\nB\nFROM node:18",
            "6 node 18 | FROM node:18",
        );
        check("RUN echo $((1<<2)) <<NEVER\nFROM node:16", "2 node 16 | FROM node:16");
    }

    #[test]
    fn other_files_have_no_mentions() {
        check("", "");
        check("hello\nworld", "");
        check("FROM node:16\0", "0 note not a Dockerfile: it contains NUL bytes");
    }
}
