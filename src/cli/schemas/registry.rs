//! The schema of a tool's file in the registry: made from the types that read it. Two of them share the
//! file, one for what every call of a shim needs and one for the rest, and so they do its
//! `package_calls`.

use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use usher_definition::{Definition, PackageCallRule};
use usher_shims::tool::{PackageCall, Tool};

use super::{check_current, faults, text_of, validator};
use crate::cli::commands::schema::SchemaName;

fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let tool = Tool::json_schema(&mut generator).to_value();
    let rest = Definition::json_schema(&mut generator).to_value();
    let calls = PackageCall::json_schema(&mut generator).to_value();
    let rest_of_calls = PackageCallRule::json_schema(&mut generator).to_value();
    let mut schema = both(tool, &rest);
    let mut definitions: Map<String, Value> =
        generator.take_definitions(true).into_iter().collect();
    definitions.remove("PackageCallRule");
    definitions.insert("PackageCall".to_owned(), both(calls, &rest_of_calls));
    schema["properties"]["package_calls"]["items"] = json!({ "$ref": "#/$defs/PackageCall" });
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A tool's file in usher's registry");
    schema["description"] =
        json!("Where a tool's versions come from, which files pin it, and what its programs are.");
    schema["$defs"] = Value::Object(definitions);
    without_links(&mut schema);
    schema
}

/// The schema of what has the properties of two others, and no more.
fn both(one: Value, other: &Value) -> Value {
    let mut both = one;
    let properties = other["properties"].as_object().unwrap();
    for (name, property) in properties {
        both["properties"].as_object_mut().unwrap().entry(name).or_insert(property.clone());
    }
    let required = other["required"].as_array().into_iter().flatten().cloned();
    both["required"].as_array_mut().unwrap().extend(required);
    both["additionalProperties"] = json!(false);
    both
}

/// Descriptions name other types as links, which only Rust's documentation can follow; a Rust default
/// is no default of the file's.
fn without_links(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            // A property of that name has a description.
            entries.retain(|name, value| name != "default" || !value["description"].is_null());
            for (name, value) in entries {
                match value {
                    Value::String(text) if name == "description" => *text = plain(text),
                    value => without_links(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_links),
        _ => {}
    }
}

fn plain(text: &str) -> String {
    let text = text.replace("; see below.", ".").replace('\n', " ");
    let mut parts = text.split("; see [`");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once("`]").map_or(part, |(_, rest)| rest));
    }
    plain.replace("[`", "`").replace("`]", "`")
}

#[test]
fn the_schema_is_current() {
    check_current("docs/schema/registry.schema.json", &text_of(&schema()));
}

#[test]
fn the_registrys_files_fit_and_others_do_not() {
    let validator = validator(SchemaName::Registry);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("registry");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_tool =
            path.extension().is_some_and(|one| one == "toml") && !path.ends_with("common.toml");
        if is_tool {
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(faults(&validator, &text), [""; 0], "{path:?}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
    let tool = "name = 'x'\ntitle = 'X'\nprograms = ['x']\nvariables = []\ndialect = 'npm'\n\
                version_components = 3\n";
    assert_eq!(faults(&validator, tool), [""; 0]);
    for (wrong, fault) in [
        ("nick = 'y'", "('nick' was unexpected)"),
        ("plus_requests = 'no'", "\"no\" is not of type \"boolean\""),
        ("[[file]]\nname = '.x'\nreader = 'yaml'", "\"yaml\" is not valid"),
        ("[[file]]\nname = '.x'", "\"reader\" is a required property"),
        ("[[package_calls]]\nprogram = 'p'\nfolder = ['~/x']", "('folder' was unexpected)"),
        ("[end_of_life]\n'16' = 2023", "2023 is not of type \"string\""),
    ] {
        let found = faults(&validator, &format!("{tool}{wrong}\n"));
        assert!(found.len() == 1 && found[0].contains(fault), "{wrong}: {found:?}");
    }
    for required in ["name", "title", "programs", "variables", "dialect", "version_components"] {
        let lines = tool.lines().filter(|line| !line.starts_with(&format!("{required} ")));
        let without: String = lines.map(|line| format!("{line}\n")).collect();
        assert_eq!(
            faults(&validator, &without),
            [format!("\"{required}\" is a required property")]
        );
    }
}
