//! Checks that the tables of the registry's page equal those generated from the types' fields and
//! doc comments. If they differ, prints the generated table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Fields, Item, Lit, Meta, Token, Visibility};
use usher::registry::VERBS;
use usher_definition::Definition;
use usher_shims::tool::TOOLS;

use super::{files, text, with_extension};

const PAGE: &str = "registry/README.md";

/// For each type: its fields or values as in a definition, each with its doc comment.
type Types = BTreeMap<String, Vec<(String, String)>>;

#[test]
fn the_registry_page_matches_the_types() {
    let (page, mut types) = (text(PAGE), types());
    assert!(types.len() > 20, "too few types were found: {types:?}");
    for section in page.split("<!-- ").skip(1) {
        let (marker, below) = section.split_once(" -->\n").expect("the end of the marker");
        let (_, names) = marker.split_once(" of ").expect("the names in the marker");
        let members = names.split(" and ").flat_map(|name| {
            types
                .remove(name)
                .unwrap_or_else(|| panic!("{PAGE}: {name} isn't a type, or has two tables"))
        });
        let expected = rows(members);
        let found: String = below
            .lines()
            .take_while(|line| line.starts_with('|'))
            .skip(2)
            .flat_map(|line| [line, "\n"])
            .collect();
        assert!(found == expected, "{PAGE}: expected below <!-- {marker} -->\n\n{expected}");
    }
    assert!(types.is_empty(), "missing from {PAGE}: {:?}", types.into_keys());
}

#[test]
fn the_smallest_definition_on_the_page_is_valid() {
    let page = text(PAGE);
    let (_, rest) = page.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("the example's end");
    let example: String = example.lines().flat_map(|line| [line.trim_start(), "\n"]).collect();
    assert_eq!(Definition::parse(&example).map(|(tool, _)| tool.name), Ok("deno"));
}

/// `use WORD` is a verb if there is one.
#[test]
fn no_tool_is_named_as_a_verb() {
    let names = TOOLS.iter().flat_map(usher_shims::tool::Tool::all_names);
    let verbs: Vec<&str> = names.filter(|name| VERBS.contains(name)).collect();
    assert_eq!(verbs, Vec::<&str>::new());
}

/// The rows of a table. A field that several types have is listed once, with the first description.
fn rows(members: impl Iterator<Item = (String, String)>) -> String {
    let (mut rows, mut seen) = (String::new(), BTreeSet::new());
    for (name, comment) in members {
        if seen.insert(name.clone()) {
            let _ = writeln!(rows, "| `{name}` | {} |", comment.replace('|', "\\|"));
        }
    }
    rows
}

/// The types that definitions are parsed into.
fn types() -> Types {
    let sources = [files("shims/tool/src"), files("shims/definition/src")].concat();
    let mut types = Types::new();
    for path in with_extension(sources, "rs") {
        let file = syn::parse_file(&text(&path)).expect("parse a source file");
        for item in file.items {
            let (attributes, shown, name, members) = match item {
                Item::Struct(one) => (one.attrs, one.vis, one.ident, fields(&one.fields)),
                Item::Enum(one) => {
                    let values = one.variants.iter();
                    let values =
                        values.map(|one| (kebab(&one.ident.to_string()), comment(&one.attrs)));
                    (one.attrs, one.vis, one.ident, values.collect())
                }
                _ => continue,
            };
            let is_read = attributes.iter().any(|one| is_derived(one, "Deserialize"));
            if is_read && matches!(shown, Visibility::Public(_)) && !members.is_empty() {
                types.insert(name.to_string(), members);
            }
        }
    }
    types
}

fn fields(fields: &Fields) -> Vec<(String, String)> {
    let named = fields.iter().filter_map(|field| {
        let name = renamed(&field.attrs).or_else(|| Some(field.ident.as_ref()?.to_string()))?;
        Some((name, comment(&field.attrs)))
    });
    named.collect()
}

fn is_derived(attribute: &Attribute, name: &str) -> bool {
    let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
    attribute.path().is_ident("derive")
        && attribute
            .parse_args_with(parse)
            .is_ok_and(|all| all.iter().any(|one| one.path().is_ident(name)))
}

/// The name of a field in definitions, if it differs from the Rust name.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|one| one.path().is_ident("serde")) {
        let parsed = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        for meta in parsed.expect("parse serde's attribute") {
            if let Meta::NameValue(pair) = meta
                && pair.path.is_ident("rename")
            {
                name = Some(literal(&pair.value));
            }
        }
    }
    name
}

/// A comment on one line. Links to types become the word "below".
fn comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(literal(&pair.value)),
        _ => None,
    });
    let mut text = lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join(" ");
    while let Some((before, rest)) = text.split_once("[`")
        && let Some((_, after)) = rest.split_once("`]")
    {
        text = [before, "below", after].concat();
    }
    text
}

fn literal(value: &Expr) -> String {
    match value {
        Expr::Lit(one) => match &one.lit {
            Lit::Str(text) => text.value(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// A variant's name in `kebab-case`, as serde writes it.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(character.to_lowercase());
    }
    kebab
}
