//! JSON with comments and TOML as the tree that YAML is read as, so that a reader knows one kind of
//! document. It must not know what the documents mean.

use std::collections::BTreeMap;
use std::rc::Rc;

use jsonc_parser::ast::{ObjectProp, ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::yaml::{MAX_DEPTH, MAX_VALUES, YamlNode};

/// Parses a JSON document with comments; the error is a short reason.
pub(super) fn json(text: &str) -> Result<Rc<YamlNode>, String> {
    let tree = Tree::of(text)?;
    // The parser itself refuses values that are nested too deep for it.
    let parsed =
        jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    match parsed.map_err(|error| error.to_string())?.value {
        Some(value) => tree.json(&value, 1),
        None => Ok(YamlNode::of_text(1, String::new())),
    }
}

/// Parses a TOML document; the error is a short reason.
pub(super) fn toml(text: &str) -> Result<Rc<YamlNode>, String> {
    let tree = Tree::of(text)?;
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    tree.table(1, table.get_ref(), 1)
}

/// A document while its tree is built.
struct Tree {
    /// Where its lines begin.
    starts: Vec<usize>,
}

type Built = Result<Rc<YamlNode>, String>;

impl Tree {
    fn of(text: &str) -> Result<Self, String> {
        // In both notations a value follows one of these.
        if text.bytes().filter(|byte| b",=[{:".contains(byte)).count() > MAX_VALUES {
            return Err(format!("it has more than {MAX_VALUES} values"));
        }
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Ok(Self { starts: breaks.map(|(place, _)| place + 1).collect() })
    }

    fn line(&self, offset: usize) -> u32 {
        let before = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }

    fn json(&self, value: &Value<'_>, depth: usize) -> Built {
        let line = self.line(value.range().start);
        check_depth(line, depth)?;
        Ok(match value {
            Value::Object(object) => {
                // Of several properties of one name the last counts, as for other JSON parsers.
                let mut last: BTreeMap<&str, &ObjectProp<'_>> = BTreeMap::new();
                last.extend(object.properties.iter().map(|one| (name(&one.name), one)));
                let mut found: Vec<_> = last.into_iter().collect();
                found.sort_by_key(|(_, property)| property.range.start);
                let entry = |(name, property): (&str, &ObjectProp<'_>)| {
                    let key = YamlNode::of_text(self.line(property.range.start), name.to_owned());
                    Ok((key, self.json(&property.value, depth + 1)?))
                };
                let entries = found.into_iter().map(entry).collect::<Result<_, String>>()?;
                YamlNode::of_entries(line, entries)
            }
            Value::Array(array) => {
                let items = array.elements.iter().map(|item| self.json(item, depth + 1));
                YamlNode::of_items(line, items.collect::<Result<_, String>>()?)
            }
            Value::StringLit(text) => YamlNode::of_text(line, text.value.to_string()),
            Value::NumberLit(number) => YamlNode::of_text(line, number.value.to_owned()),
            Value::BooleanLit(known) => YamlNode::of_text(line, known.value.to_string()),
            Value::NullKeyword(_) => YamlNode::of_text(line, String::new()),
        })
    }

    fn toml(&self, value: &Spanned<DeValue<'_>>, depth: usize) -> Built {
        let line = self.line(value.span().start);
        check_depth(line, depth)?;
        Ok(match value.get_ref() {
            DeValue::Table(table) => return self.table(line, table, depth),
            DeValue::Array(array) => {
                let items = array.iter().map(|item| self.toml(item, depth + 1));
                YamlNode::of_items(line, items.collect::<Result<_, String>>()?)
            }
            DeValue::String(text) => YamlNode::of_text(line, text.to_string()),
            DeValue::Integer(number) => YamlNode::of_text(line, number.to_string()),
            DeValue::Float(number) => YamlNode::of_text(line, number.to_string()),
            DeValue::Boolean(known) => YamlNode::of_text(line, known.to_string()),
            DeValue::Datetime(date) => YamlNode::of_text(line, date.to_string()),
        })
    }

    fn table(&self, line: u32, table: &DeTable<'_>, depth: usize) -> Built {
        let mut found: Vec<_> = table.iter().collect();
        found.sort_by_key(|(key, _)| key.span().start);
        let mut entries = Vec::new();
        for (key, value) in found {
            let line = self.line(key.span().start);
            let key = YamlNode::of_text(line, key.get_ref().to_string());
            entries.push((key, self.toml(value, depth + 1)?));
        }
        Ok(YamlNode::of_entries(line, entries))
    }
}

fn check_depth(line: u32, depth: usize) -> Result<(), String> {
    match depth > MAX_DEPTH {
        true => Err(format!("line {line}: values are nested more than {MAX_DEPTH} levels deep")),
        false => Ok(()),
    }
}

fn name<'a>(name: &'a ObjectPropName<'_>) -> &'a str {
    match name {
        ObjectPropName::String(text) => &text.value,
        ObjectPropName::Word(word) => word.value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of a tree with their lines: `a.b=1@3`.
    fn shown(node: &YamlNode, path: &str, texts: &mut Vec<String>) {
        if let Some(text) = node.text() {
            texts.push(format!("{path}={text}@{}", node.line));
        }
        for entry in node.entries() {
            shown(entry.value, &format!("{path}.{}", entry.key), texts);
        }
        node.items().for_each(|item| shown(item, &format!("{path}[]"), texts));
    }

    #[track_caller]
    fn check(parsed: Built, expected: &str) {
        let mut texts = Vec::new();
        match parsed {
            Ok(node) => shown(&node, "", &mut texts),
            Err(reason) => texts.push(reason),
        }
        assert_eq!(texts.join(" "), expected);
    }

    #[test]
    fn json_with_comments_is_a_tree() {
        check(
            json("// x\n{\"a\": {\n \"b\": \"1\", /* y */ \"c\": [2.10, true, null,],\n},}"),
            ".a.b=1@3 .a.c[]=2.10@3 .a.c[]=true@3 .a.c[]=@3",
        );
        check(json("{\"a\": 1,\n\"b\": 2,\n\"a\": 3}"), ".b=2@2 .a=3@3");
        check(json(""), "=@1");
        check(
            json("{\"a\""),
            "Expected colon after the string or word in object property on line 1 column 5",
        );
    }

    #[test]
    fn toml_is_a_tree() {
        check(
            toml("a = '1'\n[b.c]\nd = 2\n[[e]]\nf = 3.10\n[[e]]\ng = [4]"),
            ".a=1@1 .b.c.d=2@3 .e[].f=3.10@5 .e[].g[]=4@7",
        );
        check(toml("a = 1979-05-27\nb = true"), ".a=1979-05-27@1 .b=true@2");
        check(toml("a = "), "string values must be quoted, expected literal string");
    }

    #[test]
    fn documents_are_of_bounded_size() {
        let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
        check(json(&deep(60)), "");
        check(json(&deep(70)), "line 1: values are nested more than 64 levels deep");
        assert!(json(&deep(90_000)).is_err());
        assert!(toml(&format!("a = {}", deep(90_000))).is_err());
        assert!(toml(&format!("{}a = 1", "a.".repeat(1_000_000))).is_err());
        assert!(toml(&format!("[{}a]", "a.".repeat(1_000_000))).is_err());
        check(
            toml(&format!("{}a = 1", "a.".repeat(70))),
            "line 1: values are nested more than 64 levels deep",
        );
        check(json(&format!("[{}]", "1,".repeat(MAX_VALUES))), "it has more than 100000 values");
    }
}
