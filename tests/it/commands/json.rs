//! Every `--json` output against the schema, `docs/schema/json.schema.json`: each output is valid, has no
//! key that isn't in the schema, and each key of the schema is printed.
//!
//! The examples of `docs/json.md` are checked in the same way, and its tables are made from the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::upgrade::with_global_packages;
use super::{offline_sandbox, sandbox, with_sourceless_tool};
use crate::stores::account_use;
use crate::support::{Sandbox, Upstream};
use crate::tidy::text;

/// The answers of what only a machine with accounts, or a release of usher, prints: [`check_output`]
/// compares those.
const MACHINE_ANSWERS: [&str; 4] =
    ["use prune --copies", "use sync", "use sync --log json", "use self update"];

/// Types that several answers have, and the section of the page on each.
const SHARED: [(&str, &str); 2] = [("origin", "origins"), ("error", "errors")];

/// From how many values on an enum has a table of its own.
const MANY_VALUES: usize = 9;

/// The schema of all answers.
struct Answers {
    schema: Value,
}

/// A key of an answer, as a row of the page's table.
struct Row {
    /// `versions[].tool`.
    path: String,
    /// `string or null`.
    types: String,
    meaning: String,
    is_optional: bool,
}

impl Answers {
    fn read() -> Self {
        let schema = text("docs/schema/json.schema.json");
        Self { schema: serde_json::from_str(&schema).expect("a schema") }
    }

    fn definitions(&self) -> &serde_json::Map<String, Value> {
        self.schema["$defs"].as_object().expect("definitions")
    }

    /// The name of the definition of the answer with this heading.
    fn name(&self, heading: &str) -> String {
        let mut definitions = self.definitions().iter();
        let found = definitions.find(|(_, schema)| schema["title"] == heading);
        found.unwrap_or_else(|| panic!("no answer is called {heading}")).0.clone()
    }

    /// The headings of all answers.
    fn headings(&self) -> BTreeSet<&str> {
        self.definitions().values().filter_map(|schema| schema["title"].as_str()).collect()
    }

    /// What is wrong with an output: it isn't valid, or has keys that the schema doesn't have.
    fn faults(&self, name: &str, output: &Value) -> Vec<String> {
        let mut schema = json!({ "$ref": format!("#/$defs/{name}"), "$defs": self.definitions() });
        without_other_keys(&mut schema);
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let fault = |error: jsonschema::ValidationError<'_>| {
            format!("{name}: {}: {error}", error.instance_path())
        };
        validator.iter_errors(output).map(fault).collect()
    }

    /// A schema, or the one that it refers to, and the name of that.
    fn resolved<'s>(&'s self, schema: &'s Value) -> (&'s Value, Option<&'s str>) {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let name = reference.rsplit('/').next().expect("a name");
                (&self.definitions()[name], Some(name))
            }
            None => (schema, None),
        }
    }

    /// The keys of an answer or a shared type.
    fn rows(&self, name: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        self.add_rows(&self.definitions()[name], "", &mut rows);
        rows
    }

    fn add_rows(&self, schema: &Value, path: &str, rows: &mut Vec<Row>) {
        let alternatives = schema["oneOf"].as_array().into_iter().flatten();
        for schema in [schema].into_iter().chain(alternatives) {
            let required: Vec<&str> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                if !rows.iter().any(|row| row.path == path) {
                    let is_optional = !required.contains(&key.as_str());
                    self.add_row(property, path, is_optional, rows);
                }
            }
        }
    }

    fn add_row(&self, property: &Value, path: String, is_optional: bool, rows: &mut Vec<Row>) {
        let (types, values, inner) = self.types(property);
        let meaning = property["description"].as_str().or_else(|| {
            let (schema, _) = self.resolved(property);
            schema["description"].as_str()
        });
        let mut meaning = meaning.unwrap_or_default().replace('\n', " ");
        let listed: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        match listed.len() {
            0 => {}
            MANY_VALUES.. => meaning.push_str(" One of the values below."),
            _ => {
                let _ = write!(meaning, " One of {}.", listed.join(", "));
            }
        }
        let is_list = types.starts_with("list");
        rows.push(Row { path: path.clone(), types, meaning, is_optional });
        if let Some(inner) = inner {
            self.add_rows(inner, &if is_list { format!("{path}[]") } else { path }, rows);
        }
    }

    /// The types of a property, its values if it has few, and the schema of the keys in it.
    fn types<'s>(&'s self, property: &'s Value) -> (String, Vec<&'s str>, Option<&'s Value>) {
        let (schema, name) = self.resolved(property);
        if let Some((name, section)) = SHARED.into_iter().find(|(one, _)| Some(*one) == name) {
            return (format!("[{name}](#{section})"), Vec::new(), None);
        }
        let values = values(schema);
        if !values.is_empty() {
            return ("string".to_owned(), values.iter().map(|(value, _)| *value).collect(), None);
        }
        let alternatives = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
        if let Some(alternatives) = alternatives.filter(|_| schema["properties"].is_null()) {
            if alternatives.iter().all(|one| one["type"] == "object") {
                return ("object".to_owned(), Vec::new(), Some(schema));
            }
            let all: Vec<_> = alternatives.iter().map(|one| self.types(one)).collect();
            let types: Vec<&str> = all.iter().map(|(types, ..)| types.as_str()).collect();
            let inner = all.iter().find_map(|(_, _, inner)| *inner);
            let values = all.iter().flat_map(|(_, values, _)| values.iter().copied()).collect();
            return (types.join(" or "), values, inner);
        }
        let word = |one: &str| match one {
            "boolean" => "bool".to_owned(),
            "integer" => "number".to_owned(),
            other => other.to_owned(),
        };
        match &schema["type"] {
            Value::String(one) if one == "array" => {
                let (types, values, inner) = self.types(&schema["items"]);
                (format!("list of {types}s"), values, inner)
            }
            Value::String(one) => {
                (word(one), Vec::new(), schema["properties"].is_object().then_some(schema))
            }
            Value::Array(several) => {
                let words: Vec<String> =
                    several.iter().filter_map(Value::as_str).map(word).collect();
                (words.join(" or "), Vec::new(), None)
            }
            other => panic!("what type is {other} in {schema}?"),
        }
    }
}

/// The values of an enum, and their meanings.
fn values(schema: &Value) -> Vec<(&str, &str)> {
    let constants = schema["oneOf"].as_array().into_iter().flatten().filter_map(|one| {
        Some((one["const"].as_str()?, one["description"].as_str().unwrap_or_default()))
    });
    let plain = schema["enum"].as_array().into_iter().flatten();
    constants.chain(plain.filter_map(|one| Some((one.as_str()?, "")))).collect()
}

/// Refuses keys that aren't in the schema.
fn without_other_keys(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            if entries.get("properties").is_some_and(Value::is_object) {
                entries.entry("additionalProperties").or_insert(json!(false));
            }
            entries.values_mut().for_each(without_other_keys);
        }
        Value::Array(items) => items.iter_mut().for_each(without_other_keys),
        _ => {}
    }
}

/// The keys of a value, as rows have them.
fn collect(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => {
            for item in items {
                collect(item, &format!("{path}[]"), keys);
            }
        }
        Value::Object(entries) => {
            for (name, value) in entries {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                keys.insert(path.clone());
                collect(value, &path, keys);
            }
        }
        _ => {}
    }
}

/// The page's sections: the heading of each, and its text.
fn sections(page: &str) -> Vec<(String, &str)> {
    let sections = page.split("\n## ").skip(1).map(|section| {
        let (heading, body) = section.split_once('\n').expect("a heading");
        (heading.replace('`', ""), body)
    });
    sections.collect()
}

/// The example of a section.
fn example(body: &str) -> Option<(Value, &str)> {
    let (_, rest) = body.split_once("```json\n")?;
    let (example, _) = rest.split_once("```").expect("the end of an example");
    Some((serde_json::from_str(example).expect("an example is JSON"), example))
}

/// The example of an answer.
fn example_of(heading: &str) -> Value {
    let page = text("docs/json.md");
    let found = sections(&page).into_iter().find(|(one, _)| one == heading);
    found.and_then(|(_, body)| example(body)).expect("an example").0
}

/// The outputs of commands, by the heading of their section.
#[derive(Default)]
struct Outputs(BTreeMap<&'static str, Vec<Value>>);

impl Outputs {
    /// Runs a command, whatever its exit code.
    fn add(&mut self, heading: &'static str, sandbox: &Sandbox, words: &str) {
        let words: Vec<&str> = words.split_whitespace().chain(["--json"]).collect();
        self.add_output(heading, sandbox.use_command(&words).run().json());
    }

    fn add_output(&mut self, heading: &'static str, value: Value) {
        self.0.entry(heading).or_default().push(value);
    }
}

fn outputs() -> Outputs {
    let mut outputs = Outputs::default();
    with_network(&mut outputs);
    without_network(&mut outputs);
    let upstream = Upstream::start();
    let packages = with_global_packages(&upstream, "\"semver\": {\"version\": \"7.6.0\"}, ");
    outputs.add("use upgrade", &packages, "upgrade --migrate-packages");
    of_machine(&mut outputs);
    outputs
}

/// The machine's store, with an account's default and a retired version. Where a test can't have one,
/// the page's own examples.
fn of_machine(outputs: &mut Outputs) {
    let printed = account_use::json_outputs();
    for heading in ["use", "use list", "use list --accounts", "use retire", "use why"] {
        let printed = printed.as_ref().map(|outputs| outputs[heading].clone());
        outputs.add_output(heading, printed.unwrap_or_else(|| example_of(heading)));
    }
}

/// A project that pins an old node, and a python that isn't installed.
fn with_network(outputs: &mut Outputs) {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("SHELL", "/bin/bash");
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.fake_toolchain("java", "21.0.4");
    sandbox.fake_program("mine/bin/node");
    sandbox.file("project/.nvmrc", "v12\n");
    sandbox.file("project/.java-version", "21\n");
    sandbox.file("project/Dockerfile", "FROM node:16\nFROM node:latest\n");
    sandbox.reshim();
    let hidden = sandbox.use_command(&["why", "node", "--json"]);
    let path = format!("{}:{}", sandbox.root().join("other").display(), sandbox.shims().display());
    sandbox.executable("other/node", "#!/bin/sh\n");
    outputs.add_output("use why", hidden.variable("PATH", path).run().json());
    for (heading, words) in [
        ("use", ""),
        ("use outdated", "outdated node"),
        ("use why", "why node"),
        ("use upgrade", "upgrade --dry-run"),
        ("use install", "install node@12.22.12 node@12.22.11"),
        ("use TOOL@REQUEST", "node@12.22.12"),
        ("use list", "list"),
        ("use available", "available node"),
        ("use which", "which node"),
        ("use env", "env"),
        ("use check", "check"),
        ("use shim TOOL@REQUEST", "shim node@12"),
        ("use shim", "shim"),
        ("use reshim", "reshim"),
        ("use doctor", "doctor"),
        ("use setup", "setup"),
        ("use prune", "prune node@12.22.11 --dry-run"),
        ("use cache clean", "cache clean --dry-run"),
        ("use config set", "config set auto_install never"),
        ("use config list", "config list"),
        ("use config get", "config get auto_install"),
        ("use link", "link node@mine ../mine"),
    ] {
        outputs.add(heading, &sandbox, words);
    }
    let offline = sandbox.use_command(&["config", "get", "offline", "--json"]);
    let offline = offline.variable("USHER_OFFLINE", "1").run();
    outputs.add_output("use config get", offline.json());
    outputs.add_output(
        "use config list",
        sandbox
            .use_command(&["config", "list", "--json"])
            .variable("USHER_OFFLINE", "1")
            .run()
            .json(),
    );
    sandbox.use_command(&["config", "unset", "auto_install"]).run().succeeds();
    let other = sandbox.toolchain("node", "10.24.1");
    let env = sandbox.use_command(&["env", "--json"]).variable("npm_config_prefix", other).run();
    outputs.add_output("use env", env.json());
    let node = sandbox.toolchain("node", "12.22.12");
    std::fs::write(node.join("LICENSE"), "changed\n").expect("change a file");
    std::fs::write(node.join("stray"), "").expect("add a file");
    sandbox.folder(node.join("lib/node_modules/yarn"));
    sandbox.folder(sandbox.usher().join("toolchains/node/odd"));
    sandbox.file("home/.cache/usher/notes", "mine");
    outputs.add("use policy", &sandbox, "policy");
    let policy = sandbox.file("policy.toml", "deny = [\"node@17\"]\n");
    outputs.add("use policy", &sandbox, &format!("policy {}", policy.display()));
    outputs.add("use verify", &sandbox, "verify");
    outputs.add("use repair", &sandbox, "repair node@12.22.12");
    std::fs::write(node.join(".usher-receipt.json"), "garbage").expect("damage the receipt");
    outputs.add("use verify", &sandbox, "verify");
    outputs.add("use cache clean", &sandbox, "cache clean");
    outputs.add("use uninstall", &sandbox, "uninstall node@12.22.11");
    sandbox.file("project/package.json", "{\"engines\":{\"node\":\">=12\"}}");
    outputs.add("use unpin", &sandbox, "unpin node java");
    sandbox.file("home/.config/usher/notes", "mine");
    outputs.add("use self uninstall", &sandbox, "self uninstall --yes");
    with_lockfile(outputs, &upstream);
}

/// A project whose lockfile has an older node than the newest that matches.
fn with_lockfile(outputs: &mut Outputs, upstream: &Upstream) {
    let sandbox = sandbox(upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let entry = "{ tool = \"node\", request = \"12\", file = \".nvmrc\", version = \"12.22.11\" },";
    let text = format!("format = 1\nrequests = [\n  {entry}\n]\narchives = [\n]\n");
    sandbox.file("project/usher.lock", text);
    outputs.add("use", &sandbox, "");
    outputs.add("use lock", &sandbox, "lock --check");
    outputs.add("use lock", &sandbox, "lock --upgrade node");
}

/// A broken pin, a tool without a source, and a version that isn't installed.
fn without_network(outputs: &mut Outputs) {
    let sandbox = offline_sandbox();
    with_sourceless_tool(&sandbox);
    sandbox.fake_toolchain("plain", "1.0.0");
    sandbox.file("project/.tool-versions", "plain 1.0.0\nnodejs 12\nruby 3.2.0\n");
    sandbox.file("project/.env", "NODE_VERSION=18-alpine\n");
    sandbox.file("project/.python-version", "../x\n");
    for (heading, words) in [
        ("use", ""),
        ("use outdated", "outdated"),
        ("use upgrade", "upgrade"),
        ("use why", "why"),
        ("use doctor", "doctor"),
        ("Errors", "which node"),
        ("Errors", "available node"),
    ] {
        outputs.add(heading, &sandbox, words);
    }
    for (heading, verb) in [("use why", "why"), ("use doctor", "doctor")] {
        let command = sandbox.use_command(&[verb, "--json"]).variable("NODE_VERSION", "12");
        let command = command.variable("USHER_IGNORE_VARIABLES", "NODE_VERSION");
        outputs.add_output(heading, command.run().json());
    }
}

/// Compares the outputs of a command that needs a machine with accounts with the schema.
#[track_caller]
pub(crate) fn check_output(heading: &str, outputs: &[Value]) {
    assert!(MACHINE_ANSWERS.contains(&heading), "{heading}");
    let faults = faults_of(&Answers::read(), heading, outputs);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What is wrong with the outputs of a command, and the keys that aren't in them.
fn faults_of(answers: &Answers, heading: &str, outputs: &[Value]) -> Vec<String> {
    let name = answers.name(heading);
    let mut found = BTreeSet::new();
    for output in outputs {
        collect(output, "", &mut found);
    }
    let mut faults: Vec<String> =
        outputs.iter().flat_map(|output| answers.faults(&name, output)).collect();
    let missing = answers.rows(&name).into_iter().filter(|row| !found.contains(&row.path));
    faults.extend(missing.map(|row| format!("{heading}: {} is never printed", row.path)));
    faults
}

#[test]
fn every_output_fits_the_schema_and_every_key_is_printed() {
    let answers = Answers::read();
    let outputs = outputs().0;
    let mut headings = answers.headings();
    headings.retain(|heading| !MACHINE_ANSWERS.contains(heading));
    assert_eq!(headings, outputs.keys().copied().collect(), "a command each");
    let faults = outputs.iter().flat_map(|(heading, values)| faults_of(&answers, heading, values));
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_schema_refuses_other_outputs() {
    let answers = Answers::read();
    let mut list = example_of("use list");
    assert_eq!(answers.faults("use-list", &list), [""; 0]);
    list["versions"][0]["active"] = json!("yes");
    list["versions"][0]["colour"] = json!("red");
    list["format"] = json!(2);
    let faults = answers.faults("use-list", &list).join("\n");
    for fault in ["/versions/0/active", "('colour' was unexpected)", "/format: 1 was expected"] {
        assert!(faults.contains(fault), "{faults}");
    }
    assert!(!answers.faults("use-list", &json!([])).is_empty());
}

#[test]
fn use_prints_the_schemas_without_a_session() {
    let sandbox = offline_sandbox();
    for name in ["config", "registry", "json"] {
        let printed = sandbox.use_command(&["schema", name]).run().succeeds();
        assert_eq!(printed.stdout, text(format!("docs/schema/{name}.schema.json")), "{name}");
    }
    let unknown = sandbox.use_command(&["schema", "settings"]).run().fails_with(2);
    unknown.stderr_contains("expected: config, registry, json");
    sandbox
        .use_command(&["schema"])
        .run()
        .fails_with(2)
        .stderr_contains("usage: use schema [OPTIONS] NAME");
}

#[test]
fn the_page_has_each_answer_with_a_valid_example() {
    let (answers, page) = (Answers::read(), text("docs/json.md"));
    let mut headings = answers.headings();
    for (heading, body) in sections(&page) {
        let Some((example, _)) = example(body) else { continue };
        let shared = SHARED.iter().find(|(_, section)| *section == heading.to_lowercase());
        let is_answer = headings.remove(heading.as_str());
        let name = match (is_answer, shared) {
            (true, _) => answers.name(&heading),
            (false, Some((name, _))) => (*name).to_owned(),
            (false, None) => panic!("no answer is called {heading}"),
        };
        assert_eq!(answers.faults(&name, &example), [""; 0], "{heading}");
    }
    assert!(headings.is_empty(), "without an example: {headings:?}");
}

#[test]
fn the_pages_tables_are_current() {
    let page = text("docs/json.md");
    let renewed = with_tables(&Answers::read(), &page);
    if page != renewed {
        let file = crate::tidy::checkout().join("target/renewed/json.md");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("make a folder");
        std::fs::write(&file, renewed).expect("write the page");
        panic!("docs/json.md is out of date: cp target/renewed/json.md docs/json.md");
    }
}

/// The page with the tables that the schema has.
fn with_tables(answers: &Answers, page: &str) -> String {
    let mut renewed = String::new();
    let mut parts = page.split("<!-- ");
    renewed.push_str(parts.next().unwrap_or_default());
    while let Some(part) = parts.next() {
        let (mark, _) = part.split_once(" -->").expect("the end of a comment");
        let end = parts.next().expect("the end of a table");
        let table = if let Some(name) = mark.strip_prefix("values: ") {
            values_table(&answers.definitions()[name])
        } else {
            let (_, body) = renewed.rsplit_once("\n## ").expect("a section");
            let heading = body.lines().next().unwrap_or_default().replace('`', "");
            let shared = SHARED
                .iter()
                .find(|(one, section)| *section == heading.to_lowercase() && *one != "error");
            let name = shared.map_or_else(|| answers.name(&heading), |(one, _)| (*one).to_owned());
            let mut rows = answers.rows(&name);
            if heading == "Errors" {
                let keys = answers.rows("error").into_iter();
                rows.extend(keys.map(|row| Row { path: format!("error.{}", row.path), ..row }));
            }
            let order = example(body).map_or("", |(_, text)| text);
            keys_table(rows, order)
        };
        let rest = end.strip_prefix("end -->").expect("the end of a table");
        let _ = write!(renewed, "<!-- {mark} -->\n{table}<!-- end -->{rest}");
    }
    renewed
}

/// The table of an answer's keys, in the order of its example; but for the format, which all have.
fn keys_table(mut rows: Vec<Row>, example: &str) -> String {
    rows.retain(|row| row.path != "format");
    // A key is behind the one that it is in, and among others of that in the order of the example.
    let place = |path: &str| {
        let parts = path.split('.').map(|part| {
            let key = format!("\"{}\":", part.trim_end_matches("[]"));
            example.find(&key).unwrap_or(usize::MAX)
        });
        parts.collect::<Vec<_>>()
    };
    rows.sort_by_cached_key(|row| place(&row.path));
    let row = |Row { path, types, meaning, is_optional }: &Row| {
        let optional = if *is_optional { ", optional" } else { "" };
        format!("| `{path}` | {types}{optional} | {meaning} |\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("| key | type | meaning |\n|---|---|---|\n{rows}")
}

/// The table of an enum's values.
fn values_table(schema: &Value) -> String {
    let row = |(value, meaning)| format!("| `{value}` | {meaning} |\n");
    let rows: String = values(schema).into_iter().map(row).collect();
    format!("| value | meaning |\n|---|---|\n{rows}")
}
