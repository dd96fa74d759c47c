//! Every `--json` output against `docs/json.md`: each key that a command prints is listed there, with
//! the types it may have, and each key listed there is printed.
//!
//! The examples of that page are checked in the same way.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::upgrade::with_global_packages;
use super::{offline_sandbox, sandbox, with_sourceless_tool};
use crate::stores::account_use;
use crate::support::{Sandbox, Upstream};
use crate::tidy::text;

/// The keys of a command and the types of each: `[].tool`, `string or null`.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// The keys that a section of the page lists.
struct Section {
    keys: Keys,
    /// Those that may be left out, and items of lists that may be empty.
    optional: BTreeSet<String>,
    example: Option<Value>,
}

/// The sections on what only a machine with accounts prints: [`check_output`] compares those.
const MACHINE_SECTIONS: [&str; 2] = ["use prune --copies", "use sync"];

/// The sections of the page, by their headings.
fn sections() -> BTreeMap<String, Section> {
    let page = text("docs/json.md");
    let sections = page.split("\n## ").skip(1).map(|section| {
        let (heading, body) = section.split_once('\n').expect("a heading");
        (heading.replace('`', ""), Section::parse(body))
    });
    sections.collect()
}

impl Section {
    fn parse(body: &str) -> Self {
        let (mut keys, mut optional) = (Keys::new(), BTreeSet::new());
        for line in body.lines().filter_map(|line| line.strip_prefix("| `")) {
            let (key, rest) = line.split_once("` | ").expect("a key");
            let types = rest.split(" |").next().expect("a type");
            let always = types.strip_suffix(", optional");
            if always.is_some() {
                optional.insert(key.to_owned());
            }
            let types = always.unwrap_or(types).split(" or ").map(str::to_owned).collect();
            assert!(keys.insert(key.to_owned(), types).is_none(), "{key} is listed twice");
        }
        let example = body.split_once("```json\n").map(|(_, rest)| {
            let (example, _) = rest.split_once("```").expect("the end of an example");
            serde_json::from_str(example).expect("an example is JSON")
        });
        Self { keys, optional, example }
    }

    /// What is wrong with an output: keys that aren't listed, types that aren't.
    fn faults(&self, found: &Keys) -> Vec<String> {
        let fault = |(key, types): (&String, &BTreeSet<String>)| match self.keys.get(key) {
            None => Some(format!("{key} isn't listed")),
            Some(listed) => {
                let others: Vec<&String> = types.difference(listed).collect();
                (!others.is_empty()).then(|| format!("{key} is {others:?}"))
            }
        };
        found.iter().filter_map(fault).collect()
    }
}

/// Adds all keys of a value, with their types. The names of variables are `*`.
fn collect(value: &Value, path: &str, keys: &mut Keys) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    let is_listed = !path.is_empty() && (path.ends_with(|c| c != ']') || !value.is_object());
    if is_listed {
        keys.entry(path.to_owned()).or_default().insert(kind.to_owned());
    }
    match value {
        Value::Array(items) => {
            for item in items {
                collect(item, &format!("{path}[]"), keys);
            }
        }
        Value::Object(entries) => {
            for (name, value) in entries {
                let name = if path == "variables" { "*" } else { name };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                collect(value, &path, keys);
            }
        }
        _ => {}
    }
}

/// The keys of outputs.
fn keys_of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Keys {
    let mut keys = Keys::new();
    values.into_iter().for_each(|value| collect(value, "", &mut keys));
    keys
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
        let example = || sections().remove(heading).and_then(|section| section.example);
        let printed = printed.as_ref().map(|outputs| outputs[heading].clone());
        outputs.add_output(heading, printed.or_else(example).expect("an output"));
    }
}

/// A project that pins an old node, and a python that isn't installed.
fn with_network(outputs: &mut Outputs) {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("SHELL", "/bin/bash");
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.fake_toolchain("java", "21.0.4");
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
    ] {
        outputs.add(heading, &sandbox, words);
    }
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
}

/// A broken pin, a tool without a source, and a version that isn't installed.
fn without_network(outputs: &mut Outputs) {
    let sandbox = offline_sandbox();
    with_sourceless_tool(&sandbox);
    sandbox.fake_toolchain("plain", "1.0.0");
    sandbox.file("project/.tool-versions", "plain 1.0.0\nnodejs 12\n");
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
}

/// Compares the outputs of a command that needs a machine with accounts with their section.
#[track_caller]
pub(crate) fn check_output(heading: &str, outputs: &[Value]) {
    assert!(MACHINE_SECTIONS.contains(&heading), "{heading}");
    let faults = faults_of(heading, &sections()[heading], outputs);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The keys of outputs that aren't listed, and those listed that aren't in them.
fn faults_of(heading: &str, section: &Section, outputs: &[Value]) -> Vec<String> {
    let found = keys_of(outputs);
    let mut faults = section.faults(&found);
    let missing = section.keys.keys().filter(|key| !found.contains_key(*key));
    let is_item = |key: &String| key.ends_with("[]") && section.optional.contains(key);
    let missing = missing.filter(|key| !is_item(key));
    faults.extend(missing.map(|key| format!("{key} is never printed")));
    faults.into_iter().map(|fault| format!("{heading}: {fault}")).collect()
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_printed() {
    let sections = sections();
    let outputs = outputs().0;
    let headings = sections.keys().map(String::as_str);
    let headings: Vec<&str> =
        headings.filter(|heading| !MACHINE_SECTIONS.contains(heading)).collect();
    assert_eq!(headings, outputs.keys().copied().collect::<Vec<_>>(), "a command each");
    let faults = outputs
        .iter()
        .flat_map(|(heading, values)| faults_of(heading, &sections[*heading], values));
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn examples_have_documented_keys() {
    let mut faults = Vec::new();
    for (heading, section) in sections() {
        let found = section.example.iter().flat_map(|example| section.faults(&keys_of([example])));
        faults.extend(found.map(|fault| format!("{heading}: {fault}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
