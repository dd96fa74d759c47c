//! The schemas in `docs/schema`, which `use schema` prints: made from the types that they describe, and
//! held current by tests. Where one is out of date, the test says which file to copy where.

mod answers;
mod registry;
mod settings;

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use super::commands::schema::SchemaName;

/// Compares a file of the repository with what it should be.
#[track_caller]
fn check_current(file: &str, expected: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if fs::read_to_string(root.join(file)).is_ok_and(|found| found == expected) {
        return;
    }
    let renewed = root.join("target/renewed").join(Path::new(file).file_name().unwrap());
    fs::create_dir_all(renewed.parent().unwrap()).unwrap();
    fs::write(&renewed, expected).unwrap();
    panic!(
        "{file} is out of date: cp {} {file}",
        renewed.strip_prefix(root).unwrap().to_string_lossy()
    );
}

fn text_of(schema: &Value) -> String {
    serde_json::to_string_pretty(schema).unwrap() + "\n"
}

/// A validator of a schema, as users have it.
fn validator(name: SchemaName) -> Validator {
    let schema: Value = serde_json::from_str(name.text()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// What is wrong with a TOML document.
fn faults(validator: &Validator, text: &str) -> Vec<String> {
    let document: Value = toml::from_str(text).unwrap();
    validator.iter_errors(&document).map(|error| error.to_string()).collect()
}
