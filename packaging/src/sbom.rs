//! The list of what was built in, for those who look for what is vulnerable or licensed otherwise:
//! `CycloneDX` 1.5 (<https://cyclonedx.org/docs/1.5/json/>), from what `cargo metadata` prints.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::Result;
use crate::settings::Settings;

/// The packages of the workspace that are in the programs.
const ROOTS: [&str; 2] = ["usher", "usher-shims"];

/// All packages that the programs for some targets contain, with those that each depends on: a
/// `metadata` per target.
pub(crate) fn sbom(settings: &Settings, version: &str, metadata: &[Value]) -> Result<String> {
    let mut packages = BTreeMap::new();
    let mut linked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for target in metadata {
        add_target(target, &mut packages, &mut linked)?;
    }
    let mut components = Vec::new();
    let mut edges = Vec::new();
    for (id, dependencies) in &linked {
        let package = packages[id];
        components.push(json!({
            "type": "library",
            "bom-ref": reference(package),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(package),
            "licenses": [{ "expression": package["license"] }],
        }));
        let dependencies: BTreeSet<String> =
            dependencies.iter().map(|id| reference(packages[id])).collect();
        edges.push(json!({ "ref": reference(package), "dependsOn": dependencies }));
    }
    let sbom = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": { "type": "application", "name": settings.name, "version": version },
        },
        "components": components,
        "dependencies": edges,
    });
    Ok(format!("{sbom:#}\n"))
}

/// Adds what the programs for one target contain: each package with those that it links.
fn add_target<'a>(
    metadata: &'a Value,
    packages: &mut BTreeMap<&'a str, &'a Value>,
    linked: &mut BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> Result<()> {
    let with_id = |value: &'a Value| Some((value["id"].as_str()?, value));
    packages.extend(array(&metadata["packages"]).filter_map(with_id));
    let nodes: BTreeMap<&str, &Value> =
        array(&metadata["resolve"]["nodes"]).filter_map(with_id).collect();
    let members = array(&metadata["workspace_members"]).filter_map(Value::as_str);
    let is_root = |id: &&str| {
        let name = packages.get(id).and_then(|package| package["name"].as_str());
        name.is_some_and(|name| ROOTS.contains(&name))
    };
    let mut open: Vec<&str> = members.filter(is_root).collect();
    if open.len() != ROOTS.len() {
        return Err("cargo metadata lists no usher".to_owned());
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node =
            nodes.get(id).ok_or_else(|| format!("cargo metadata has no dependencies of {id}"))?;
        let dependencies: Vec<&str> = dependencies(node).collect();
        open.extend(&dependencies);
        linked.entry(id).or_default().extend(dependencies);
    }
    Ok(())
}

/// The packages that are linked into one: neither those of its tests nor those of its build script.
fn dependencies(node: &Value) -> impl Iterator<Item = &str> {
    let is_linked =
        |dependency: &&Value| array(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
    array(&node["deps"]).filter(is_linked).filter_map(|dependency| dependency["pkg"].as_str())
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A package's address for tools (<https://github.com/package-url/purl-spec>).
fn reference(package: &Value) -> String {
    let part = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", part("name"), part("version"))
}
