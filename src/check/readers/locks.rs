//! Lock files and the like that name the version a project is made for. The registry names
//! the files and fields; no tool is named here.

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::{CollectOptions, ParseOptions};
use serde::de::IgnoredAny;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use usher_definition::{LockfileRule, Notation, line_of};
use usher_shims::tool::Tool;

use super::collector::MentionCollector;
use crate::check::mention::MentionKind;

/// The most values of a lock file, which is read as a tree.
const MAX_VALUES: usize = 100_000;

/// Reads a lock file of a tool.
pub(super) fn read(
    text: &str,
    tool: &'static Tool,
    lock: &LockfileRule,
    collector: &mut MentionCollector<'_>,
) {
    // In both notations a value follows one of these.
    if text.bytes().filter(|byte| b",=[{:".contains(byte)).count() > MAX_VALUES {
        collector.note(0, format!("not compared: it has more than {MAX_VALUES} values"));
        return;
    }
    let found = match lock.notation {
        Notation::Json => json(text, &lock.fields),
        Notation::Toml => toml(text, &lock.fields),
    };
    match found {
        Ok(found) => {
            for LockedField { path, value, offset } in found {
                let line = u32::try_from(line_of(text, offset)).unwrap_or(0);
                collector.requests_of_key((tool, MentionKind::Lock), (line, path), &[value]);
            }
        }
        Err(reason) => collector.note(0, format!("can't be parsed: {reason}")),
    }
}

/// A field that was found.
struct LockedField<'a> {
    path: &'a str,
    value: String,
    offset: usize,
}

fn json<'a>(text: &str, paths: &'a [String]) -> Result<Vec<LockedField<'a>>, String> {
    // The strict parser refuses JSON extensions, and values nested too deep.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string())?;
    let parsed =
        jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let document = parsed.map_err(|error| error.to_string())?.value;
    let find = |path: &'a String| {
        let end = path.split('.').try_fold(document.as_ref()?, child_value)?;
        let Value::StringLit(found) = end else { return None };
        Some(LockedField { path, value: found.value.to_string(), offset: found.range.start })
    };
    Ok(paths.iter().filter_map(find).collect())
}

fn child_value<'d, 't>(value: &'d Value<'t>, key: &str) -> Option<&'d Value<'t>> {
    let Value::Object(object) = value else { return None };
    let is_it = |name: &ObjectPropName<'_>| match name {
        ObjectPropName::String(name) => name.value == key,
        ObjectPropName::Word(_) => false,
    };
    // Of several properties of one name the last counts, as for other JSON parsers.
    object.properties.iter().rev().find(|property| is_it(&property.name)).map(|one| &one.value)
}

fn toml<'a>(text: &str, paths: &'a [String]) -> Result<Vec<LockedField<'a>>, String> {
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let find = |path: &'a String| {
        let found = value_at(table.get_ref(), path)?;
        let value = found.get_ref().as_str()?.to_owned();
        Some(LockedField { path, value, offset: found.span().start })
    };
    Ok(paths.iter().filter_map(find).collect())
}

fn value_at<'d, 't>(table: &'d DeTable<'t>, path: &str) -> Option<&'d Spanned<DeValue<'t>>> {
    match path.split_once('.') {
        None => table.get(path),
        Some((first, rest)) => value_at(table.get(first)?.get_ref().as_table()?, rest),
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::tool::TOOLS;

    use super::super::collector::tests::read as on_page;
    use super::*;

    #[track_caller]
    fn check(notation: Notation, text: &str, expected: &str) {
        let tool = Tool::named(TOOLS, "python").unwrap();
        let fields = ["requires.full", "requires.short"].map(str::to_owned).to_vec();
        let lock = LockfileRule { name: "x".to_owned(), notation, fields };
        let found = on_page("x", |collector| read(text, tool, &lock, collector));
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    #[test]
    fn versions_are_read_from_toml_lock_files() {
        let check = |text, expected| check(Notation::Toml, text, expected);
        check(
            "[packages]\nx = '*'\n[requires]\nshort = '3.7'\n",
            "4 python 3.7 | requires.short: 3.7",
        );
        check(
            "requires = { short = \"3.7\", full = '3.7.4' }",
            "1 python 3.7.4 | requires.full: 3.7.4\n1 python 3.7 | requires.short: 3.7",
        );
        check("requires.short = 3.7", "");
        check("[[requires]]\nshort = '3.7'", "");
        check("[requires\n", "0 note can't be parsed: unclosed table, expected `]`");
    }

    #[test]
    fn versions_are_read_from_json_lock_files() {
        let check = |text, expected| check(Notation::Json, text, expected);
        check("{\n \"requires\": {\n  \"short\": \"3.7\"}}", "3 python 3.7 | requires.short: 3.7");
        check(
            "{\"requires\": {\"short\": \"1\"}, \"requires\": {\"short\": \"3.7\"}}",
            "1 python 3.7 | requires.short: 3.7",
        );
        check("{\"requires\": []}", "");
        check("{\"requires\": {\"short\": 3}}", "");
        check("// x\n{}", "0 note can't be parsed: expected value at line 1 column 1");
    }
}
