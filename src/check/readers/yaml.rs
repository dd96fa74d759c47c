//! YAML as a tree with line numbers, of bounded size and depth. It must not know what the documents
//! mean.
//!
//! An alias is the node itself, not a copy. A walk of the tree meets at most [`MAX_VALUES`] values: a
//! document that expands to more is refused.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::check::mention::UnquotedNumber;

/// The most values in a file, with aliases expanded.
pub(super) const MAX_VALUES: usize = 100_000;

/// The deepest nesting of values.
pub(super) const MAX_DEPTH: usize = 64;

/// The key of mappings to merge into this one: <https://yaml.org/type/merge.html>.
const MERGE: &str = "<<";

/// A value of a YAML document.
#[derive(Debug)]
pub(super) struct YamlNode {
    /// The line on which it begins, counted from 1.
    pub(super) line: u32,
    value: YamlValue,
    /// How many values it contains, including itself.
    weight: usize,
    /// The depth of its deepest value.
    height: usize,
}

#[derive(Debug)]
enum YamlValue {
    Text(String),
    List(Vec<Rc<YamlNode>>),
    Map(Vec<(Rc<YamlNode>, Rc<YamlNode>)>),
}

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct YamlEntry<'a> {
    /// Its key.
    pub(super) key: &'a str,
    /// Its value.
    pub(super) value: &'a YamlNode,
}

impl YamlNode {
    /// The text of a scalar, a number as YAML's readers understand it: `3.10` is `3.1`.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Text(text) => Some(text),
            YamlValue::List(_) | YamlValue::Map(_) => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = &YamlNode> {
        let items = match &self.value {
            YamlValue::List(items) => items.as_slice(),
            YamlValue::Text(_) | YamlValue::Map(_) => &[],
        };
        items.iter().map(Rc::as_ref)
    }

    /// The items of a list, or the one value in its place.
    pub(super) fn one_or_more(&self) -> impl Iterator<Item = &YamlNode> {
        let is_one = !matches!(self.value, YamlValue::List(_));
        self.items().chain(is_one.then_some(self))
    }

    /// The entries of a mapping, and merged ones whose keys it lacks.
    pub(super) fn entries(&self) -> Vec<YamlEntry<'_>> {
        let mut entries = Vec::new();
        self.collect(&mut entries, &mut BTreeSet::new());
        entries
    }

    /// A text of another notation.
    pub(super) fn of_text(line: u32, text: String) -> Rc<Self> {
        Rc::new(Self { line, value: YamlValue::Text(text), weight: 1, height: 1 })
    }

    /// A list of another notation.
    pub(super) fn of_items(line: u32, items: Vec<Rc<Self>>) -> Rc<Self> {
        let (weight, height) = size(items.iter());
        Rc::new(Self { line, value: YamlValue::List(items), weight, height })
    }

    /// A mapping of another notation.
    pub(super) fn of_entries(line: u32, entries: Vec<(Rc<Self>, Rc<Self>)>) -> Rc<Self> {
        let (weight, height) = size(entries.iter().flat_map(|(key, value)| [key, value]));
        Rc::new(Self { line, value: YamlValue::Map(entries), weight, height })
    }

    fn collect<'a>(&'a self, entries: &mut Vec<YamlEntry<'a>>, known: &mut BTreeSet<&'a str>) {
        for (key, value) in self.entries_without_merges() {
            if key != MERGE && known.insert(key) {
                entries.push(YamlEntry { key, value });
            }
        }
        for merged in self.merged() {
            merged.collect(entries, known);
        }
    }

    fn entries_without_merges(&self) -> impl Iterator<Item = (&str, &YamlNode)> {
        let own = match &self.value {
            YamlValue::Map(entries) => entries.as_slice(),
            YamlValue::Text(_) | YamlValue::List(_) => &[],
        };
        own.iter().filter_map(|(key, value)| Some((key.text()?, value.as_ref())))
    }

    fn merged(&self) -> impl Iterator<Item = &YamlNode> {
        let merges = self.entries_without_merges().filter(|(key, _)| *key == MERGE);
        merges.flat_map(|(_, value)| value.one_or_more())
    }

    /// The value at a path through mappings.
    pub(super) fn at(&self, path: &[&str]) -> Option<&YamlNode> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&YamlNode> {
        let own =
            self.entries_without_merges().find(|(one, _)| *one == key).map(|(_, value)| value);
        own.or_else(|| self.merged().find_map(|merged| merged.get(key)))
    }
}

/// A file of YAML.
#[derive(Debug, Default)]
pub(super) struct YamlFile {
    /// Its documents.
    pub(super) documents: Vec<Rc<YamlNode>>,
    /// Its numbers that lose digits for want of quotes.
    pub(super) unquoted: Vec<UnquotedNumber>,
}

/// Parses all documents of a file; the error is a short reason.
pub(super) fn parse(text: &str) -> Result<YamlFile, String> {
    let mut builder = YamlBuilder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            format!("line {}: invalid YAML: {}", error.marker().line(), error.info())
        })?;
        builder.add(event, span)?;
    }
    Ok(builder.file)
}

/// The tree while it is built.
#[derive(Default)]
struct YamlBuilder {
    file: YamlFile,
    open: Vec<OpenNode>,
    anchors: HashMap<usize, Rc<YamlNode>>,
    count: usize,
}

/// A list or a mapping that isn't complete yet.
struct OpenNode {
    line: u32,
    anchor: usize,
    is_map: bool,
    children: Vec<Rc<YamlNode>>,
}

impl YamlBuilder {
    fn add(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let text = match style {
                    ScalarStyle::Plain => self.as_number(line, text.into_owned()),
                    _ => text.into_owned(),
                };
                self.push_node(
                    YamlNode { line, value: YamlValue::Text(text), weight: 1, height: 1 },
                    anchor,
                )
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.put_shared(node),
                None => Err(format!("line {line}: an alias refers to a value that contains it")),
            },
            Event::SequenceStart(anchor, _) => self.begin_collection(line, anchor, false),
            Event::MappingStart(anchor, _) => self.begin_collection(line, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.end_collection(),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    /// A plain scalar as YAML's readers understand it: `3.10` is the number 3.1.
    fn as_number(&mut self, line: u32, written: String) -> String {
        let Some(read) = shortened(&written).map(ToOwned::to_owned) else { return written };
        self.file.unquoted.push(UnquotedNumber { line, written, read: read.clone() });
        read
    }

    fn begin_collection(&mut self, line: u32, anchor: usize, is_map: bool) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(line));
        }
        self.open.push(OpenNode { line, anchor, is_map, children: Vec::new() });
        Ok(())
    }

    fn end_collection(&mut self) -> Result<(), String> {
        let Some(OpenNode { line, anchor, is_map, children }) = self.open.pop() else {
            return Ok(());
        };
        let (weight, height) = size(children.iter());
        if weight > MAX_VALUES {
            return Err(too_many(line));
        }
        if height > MAX_DEPTH {
            return Err(too_deep(line));
        }
        let value = match is_map {
            true => YamlValue::Map(key_value_pairs(children)),
            false => YamlValue::List(children),
        };
        self.push_node(YamlNode { line, value, weight, height }, anchor)
    }

    fn push_node(&mut self, node: YamlNode, anchor: usize) -> Result<(), String> {
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.put_shared(node)
    }

    fn put_shared(&mut self, node: Rc<YamlNode>) -> Result<(), String> {
        self.count += 1;
        if self.count > MAX_VALUES {
            return Err(too_many(node.line));
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.file.documents.push(node),
        }
        Ok(())
    }
}

/// The weight and the height of a value with these in it.
fn size<'a>(children: impl Iterator<Item = &'a Rc<YamlNode>>) -> (usize, usize) {
    children.fold((1, 1), |(weight, height), child| {
        (weight.saturating_add(child.weight), height.max(child.height + 1))
    })
}

fn key_value_pairs(children: Vec<Rc<YamlNode>>) -> Vec<(Rc<YamlNode>, Rc<YamlNode>)> {
    let mut children = children.into_iter();
    let mut pairs = Vec::with_capacity(children.len() / 2);
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn too_many(line: u32) -> String {
    format!("line {line}: it expands to more than {MAX_VALUES} values")
}

fn too_deep(line: u32) -> String {
    format!("line {line}: values are nested more than {MAX_DEPTH} levels deep")
}

/// The number that a text is to YAML's readers, if they shorten it: 3.1 of `3.10`.
fn shortened(text: &str) -> Option<&str> {
    let (whole, rest) = text.split_once('.')?;
    let short = text.trim_end_matches('0');
    (is_digits(whole) && is_digits(rest) && short != text)
        .then(|| short.strip_suffix('.').unwrap_or(short))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// The entries and items of a document, with their lines.
    fn print(node: &YamlNode) -> String {
        if let Some(text) = node.text() {
            return format!("{text}@{}", node.line);
        }
        let items: Vec<String> = node.items().map(print).collect();
        let entries = node.entries();
        let entries: Vec<String> =
            entries.iter().map(|entry| format!("{}: {}", entry.key, print(entry.value))).collect();
        match items.is_empty() {
            true => format!("{{{}}}", entries.join(", ")),
            false => format!("[{}]", items.join(", ")),
        }
    }

    fn check(text: &str, expected: &str) {
        let printed = match parse(text) {
            Ok(file) => {
                file.documents.iter().map(|one| print(one)).collect::<Vec<_>>().join(" --- ")
            }
            Err(reason) => format!("error: {reason}"),
        };
        assert_eq!(printed, expected, "{text}");
    }

    #[test]
    fn yaml_values_have_line_numbers() {
        check("a: 1\nb:\n  - x\n  - 'y'\n", "{a: 1@1, b: [x@3, y@4]}");
        check("{a: [1, 2],\n b: \"c\"}", "{a: [1@1, 2@1], b: c@2}");
        check("a: |\n  x\n  y\nb: z", "{a: x\ny\n@2, b: z@4}");
        check("a\n---\nb", "a@1 --- b@3");
        check("", "");
        check("a:\n", "{a: @1}");
    }

    #[test]
    fn unquoted_decimals_are_numbers() {
        check(
            "[3.10, 3.9, 3.0, 16.20.0, 10, '3.10', v3.10, 3.]",
            "[3.1@1, 3.9@1, 3@1, 16.20.0@1, 10@1, 3.10@1, v3.10@1, 3.@1]",
        );
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        check("a: &x 1\nb: *x\n", "{a: 1@1, b: 1@1}");
        check(
            "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3",
            "{a: {k: 1@1, l: 2@1}, b: {l: 3@4, k: 1@1}}",
        );
        check(
            "a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}",
            "{a: {k: 1@1}, b: {k: 2@2, m: 3@2}, c: {k: 1@1, m: 3@2}}",
        );
        let documents = parse("a: &x {k: 1}\nb: {<<: *x}").unwrap().documents;
        assert_eq!(documents[0].at(&["b", "k"]).and_then(YamlNode::text), Some("1"));
        assert!(documents[0].at(&["b", "l"]).is_none());
    }

    #[test]
    fn yaml_bombs_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..40 {
            let inside = format!("*a{}, ", level - 1).repeat(10);
            let _ = writeln!(bomb, "a{level}: &a{level} [{inside}]");
        }
        check(&bomb, "error: line 5: it expands to more than 100000 values");
        let merges = bomb.replace('[', "{<<: [").replace("]\n", "]}\n");
        check(&merges, "error: line 5: it expands to more than 100000 values");
        check("&a [*a]", "error: line 1: an alias refers to a value that contains it");
        check(&"- ".repeat(100), "error: line 1: values are nested more than 64 levels deep");
        check(&"[".repeat(60_000), "error: line 1: invalid YAML: recursion limit exceeded");
        let mut tower = "a0: &a0 [x]\n".to_owned();
        for level in 1..80 {
            let _ = writeln!(tower, "a{level}: &a{level} [*a{}]", level - 1);
        }
        check(&tower, "error: line 64: values are nested more than 64 levels deep");
        check(
            &"- x\n".repeat(100_001),
            "error: line 100001: it expands to more than 100000 values",
        );
    }

    proptest! {
        #[test]
        fn the_yaml_parser_never_panics(text in "[-:?,*&!|>{}\\[\\]'\"%@`# \n\ta-c0-2.<]{0,200}") {
            let _ = parse(&text);
        }
    }
}
