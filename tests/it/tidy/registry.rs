//! The registry's page explains every field that there is, and no other.

use std::collections::BTreeMap;

use usher_definition::Definition;

use super::text;

const PAGE: &str = "registry/README.md";
const SOURCES: [&str; 6] = [
    "shims/definition/src/lib.rs",
    "shims/definition/src/check.rs",
    "shims/definition/src/common.rs",
    "shims/definition/src/file.rs",
    "shims/definition/src/index.rs",
    "shims/definition/src/source.rs",
];

/// What a definition is made of: for each type its fields, or its values as they are written.
type Types = BTreeMap<String, Vec<String>>;

#[test]
fn every_field_is_explained() {
    let (page, mut explained) = (text(PAGE), Types::new());
    for marker in page.lines().filter_map(marker) {
        explained.insert(marker.to_owned(), rows(&page, marker));
    }
    let declared: Types = SOURCES.iter().flat_map(|source| types(&text(source))).collect();
    assert!(declared.len() > 10, "types were found: {declared:?}");
    assert_eq!(explained, declared);
}

#[test]
fn the_smallest_definition_of_the_page_is_one() {
    let page = text(PAGE);
    let (_, rest) = page.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("the example's end");
    let example: String = example.lines().flat_map(|line| [line.trim_start(), "\n"]).collect();
    assert_eq!(Definition::parse(&example).map(|definition| definition.name), Ok("deno".into()));
}

/// `fields of File` in `<!-- fields of File -->`.
fn marker(line: &str) -> Option<&str> {
    let marker = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    (marker.starts_with("fields of ") || marker.starts_with("values of ")).then_some(marker)
}

/// The first cells of the table below a marker.
fn rows(page: &str, marker: &str) -> Vec<String> {
    let below = page.lines().skip_while(|line| !line.contains(&format!("<!-- {marker} -->")));
    let table = below.skip(1).take_while(|line| line.starts_with('|')).skip(2);
    let cells = table.filter_map(|row| row.split('`').nth(1));
    cells.map(str::to_owned).collect()
}

/// The types of a source that are read from a definition.
fn types(source: &str) -> Types {
    let mut types = Types::new();
    let mut lines = source.lines();
    let mut is_read = false;
    while let Some(line) = lines.next() {
        is_read |= line.starts_with("#[derive") && line.contains("Deserialize");
        let Some(declaration) = line.strip_suffix(" {").and_then(|line| line.strip_prefix("pub "))
        else {
            continue;
        };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
        if !std::mem::take(&mut is_read) {
            continue;
        }
        let (marker, members) = match declaration.split_once(' ') {
            Some(("struct", name)) => (format!("fields of {name}"), fields(&inside)),
            Some(("enum", name)) => (format!("values of {name}"), values(&inside)),
            _ => continue,
        };
        types.insert(marker, members);
    }
    types
}

fn fields(lines: &[&str]) -> Vec<String> {
    let named = lines.iter().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'));
    named.map(|(name, _)| name.to_owned()).collect()
}

/// The variants, as `rename_all = "kebab-case"` writes them.
fn values(lines: &[&str]) -> Vec<String> {
    let names = lines.iter().filter_map(|line| line.trim().strip_suffix(','));
    names.filter(|name| name.chars().all(char::is_alphanumeric)).map(kebab).collect()
}

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
