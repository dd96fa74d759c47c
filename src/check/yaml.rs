//! YAML as a tree with line numbers, bounded in every direction. It knows nothing of what the
//! documents mean.
//!
//! An alias is the node itself and not a copy, and whoever walks the tree meets at most
//! [`MOST_VALUES`] of them: a document that unfolds to more is refused before anybody does.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// The most values in a file, with aliases unfolded.
const MOST_VALUES: usize = 100_000;

/// How deep values may lie in each other.
const DEEPEST: usize = 64;

/// The key whose mapping's entries are meant as well: <https://yaml.org/type/merge.html>.
const MERGE: &str = "<<";

/// A value of a YAML document.
#[derive(Debug)]
pub(super) struct Node {
    /// The line on which it begins, counted from 1.
    pub(super) line: u32,
    value: Value,
    /// How many values it comprises, with itself.
    weight: usize,
    /// How deep the deepest value in it lies.
    height: usize,
}

#[derive(Debug)]
enum Value {
    Text(String),
    List(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// Its key.
    pub(super) key: &'a str,
    /// Its value.
    pub(super) value: &'a Node,
}

impl Node {
    /// The text of a scalar, a number as YAML's readers understand it: `3.10` is `3.1`.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = &Node> {
        let items = match &self.value {
            Value::List(items) => items.as_slice(),
            Value::Text(_) | Value::Map(_) => &[],
        };
        items.iter().map(Rc::as_ref)
    }

    /// The items of a list, or the one value that stands in its place.
    pub(super) fn one_or_more(&self) -> impl Iterator<Item = &Node> {
        let is_one = !matches!(self.value, Value::List(_));
        self.items().chain(is_one.then_some(self))
    }

    /// The entries of a mapping, and those that it merges in and doesn't have itself.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        self.collect(&mut entries, &mut BTreeSet::new());
        entries
    }

    fn collect<'a>(&'a self, entries: &mut Vec<Entry<'a>>, known: &mut BTreeSet<&'a str>) {
        for (key, value) in self.own() {
            if key != MERGE && known.insert(key) {
                entries.push(Entry { key, value });
            }
        }
        for merged in self.merged() {
            merged.collect(entries, known);
        }
    }

    fn own(&self) -> impl Iterator<Item = (&str, &Node)> {
        let own = match &self.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Text(_) | Value::List(_) => &[],
        };
        own.iter().filter_map(|(key, value)| Some((key.text()?, value.as_ref())))
    }

    fn merged(&self) -> impl Iterator<Item = &Node> {
        let merges = self.own().filter(|(key, _)| *key == MERGE);
        merges.flat_map(|(_, value)| value.one_or_more())
    }

    /// What stands at the end of a way through mappings.
    pub(super) fn at(&self, way: &[&str]) -> Option<&Node> {
        way.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let own = self.own().find(|(one, _)| *one == key).map(|(_, value)| value);
        own.or_else(|| self.merged().find_map(|merged| merged.get(key)))
    }
}

/// Reads all documents of a file; the error says in a few words what is wrong.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, String> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            format!("line {}: it is no YAML: {}", error.marker().line(), error.info())
        })?;
        tree.add(event, span)?;
    }
    Ok(tree.documents)
}

/// The tree while it grows.
#[derive(Default)]
struct Tree {
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    count: usize,
}

/// A list or a mapping whose end is yet to come.
struct Open {
    line: u32,
    anchor: usize,
    is_map: bool,
    children: Vec<Rc<Node>>,
}

impl Tree {
    fn add(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let text = match style {
                    ScalarStyle::Plain => as_number(text.into_owned()),
                    _ => text.into_owned(),
                };
                self.put(Node { line, value: Value::Text(text), weight: 1, height: 1 }, anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.put_shared(node),
                None => Err(format!("line {line}: an alias stands in what it names")),
            },
            Event::SequenceStart(anchor, _) => self.begin(line, anchor, false),
            Event::MappingStart(anchor, _) => self.begin(line, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, line: u32, anchor: usize, is_map: bool) -> Result<(), String> {
        if self.open.len() >= DEEPEST {
            return Err(too_deep(line));
        }
        self.open.push(Open { line, anchor, is_map, children: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(Open { line, anchor, is_map, children }) = self.open.pop() else { return Ok(()) };
        let weight = children.iter().fold(1, |sum: usize, child| sum.saturating_add(child.weight));
        let height = 1 + children.iter().map(|child| child.height).max().unwrap_or(0);
        if weight > MOST_VALUES {
            return Err(too_many(line));
        }
        if height > DEEPEST {
            return Err(too_deep(line));
        }
        let value = match is_map {
            true => Value::Map(pairs(children)),
            false => Value::List(children),
        };
        self.put(Node { line, value, weight, height }, anchor)
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.put_shared(node)
    }

    fn put_shared(&mut self, node: Rc<Node>) -> Result<(), String> {
        self.count += 1;
        if self.count > MOST_VALUES {
            return Err(too_many(node.line));
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.documents.push(node),
        }
        Ok(())
    }
}

fn pairs(children: Vec<Rc<Node>>) -> Vec<(Rc<Node>, Rc<Node>)> {
    let mut children = children.into_iter();
    let mut pairs = Vec::with_capacity(children.len() / 2);
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn too_many(line: u32) -> String {
    format!("line {line}: it unfolds to more than {MOST_VALUES} values")
}

fn too_deep(line: u32) -> String {
    format!("line {line}: values lie more than {DEEPEST} deep in each other")
}

/// An unquoted `3.10` is the number 3.1 to everybody who reads it.
fn as_number(text: String) -> String {
    let is_decimal =
        text.split_once('.').is_some_and(|(whole, rest)| [whole, rest].into_iter().all(is_digits));
    if !is_decimal {
        return text;
    }
    let short = text.trim_end_matches('0');
    short.strip_suffix('.').map_or_else(|| short.to_owned(), ToOwned::to_owned)
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
    fn print(node: &Node) -> String {
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
            Ok(documents) => {
                documents.iter().map(|one| print(one)).collect::<Vec<_>>().join(" --- ")
            }
            Err(complaint) => format!("error: {complaint}"),
        };
        assert_eq!(printed, expected, "{text}");
    }

    #[test]
    fn values_have_lines() {
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
        let documents = parse("a: &x {k: 1}\nb: {<<: *x}").unwrap();
        assert_eq!(documents[0].at(&["b", "k"]).and_then(Node::text), Some("1"));
        assert!(documents[0].at(&["b", "l"]).is_none());
    }

    #[test]
    fn what_explodes_is_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..40 {
            let inside = format!("*a{}, ", level - 1).repeat(10);
            let _ = writeln!(bomb, "a{level}: &a{level} [{inside}]");
        }
        check(&bomb, "error: line 5: it unfolds to more than 100000 values");
        let merges = bomb.replace('[', "{<<: [").replace("]\n", "]}\n");
        check(&merges, "error: line 5: it unfolds to more than 100000 values");
        check("&a [*a]", "error: line 1: an alias stands in what it names");
        check(&"- ".repeat(100), "error: line 1: values lie more than 64 deep in each other");
        check(&"[".repeat(60_000), "error: line 1: it is no YAML: recursion limit exceeded");
        let mut tower = "a0: &a0 [x]\n".to_owned();
        for level in 1..80 {
            let _ = writeln!(tower, "a{level}: &a{level} [*a{}]", level - 1);
        }
        check(&tower, "error: line 64: values lie more than 64 deep in each other");
        check(
            &"- x\n".repeat(100_001),
            "error: line 100001: it unfolds to more than 100000 values",
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-:?,*&!|>{}\\[\\]'\"%@`# \n\ta-c0-2.<]{0,200}") {
            let _ = parse(&text);
        }
    }
}
