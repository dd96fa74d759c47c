//! The list of what was built in, for those who look for what is vulnerable or licensed otherwise:
//! `CycloneDX` 1.5 (<https://cyclonedx.org/docs/1.5/json/>), from what `cargo metadata` prints.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::Result;
use crate::settings::Settings;

/// The packages of the workspace that are in the programs.
const ROOTS: [&str; 2] = ["usher", "usher-shims"];

/// All packages that programs contain, on any platform, with those that each depends on.
pub(crate) fn sbom(settings: &Settings, version: &str, metadata: &Value) -> Result<String> {
    let packages: BTreeMap<&str, &Value> = array(&metadata["packages"])
        .filter_map(|package| Some((text(&package["id"])?, package)))
        .collect();
    let nodes: BTreeMap<&str, &Value> = array(&metadata["resolve"]["nodes"])
        .filter_map(|node| Some((text(&node["id"])?, node)))
        .collect();
    let members: BTreeSet<&str> = array(&metadata["workspace_members"]).filter_map(text).collect();
    let is_root = |id: &&str| {
        members.contains(*id)
            && packages[*id]["name"].as_str().is_some_and(|name| ROOTS.contains(&name))
    };
    let mut open: Vec<&str> = packages.keys().copied().filter(is_root).collect();
    if open.len() != ROOTS.len() {
        return Err("cargo metadata lists no usher".to_owned());
    }
    let mut seen: BTreeSet<&str> = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        let node =
            nodes.get(id).ok_or_else(|| format!("cargo metadata has no dependencies of {id}"))?;
        for next in dependencies(node) {
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    let mut components = Vec::new();
    let mut edges = Vec::new();
    for id in &seen {
        let package = packages[*id];
        components.push(json!({
            "type": "library",
            "bom-ref": reference(package),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(package),
            "licenses": [{ "expression": package["license"] }],
        }));
        let on: BTreeSet<String> =
            dependencies(nodes[*id]).map(|id| reference(packages[id])).collect();
        edges.push(json!({ "ref": reference(package), "dependsOn": on }));
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

/// The packages that are linked into one: neither those of its tests nor those of its build script.
fn dependencies(node: &Value) -> impl Iterator<Item = &str> {
    let is_linked =
        |dependency: &&Value| array(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
    array(&node["deps"]).filter(is_linked).filter_map(|dependency| text(&dependency["pkg"]))
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// A package's address for tools (<https://github.com/package-url/purl-spec>).
fn reference(package: &Value) -> String {
    let part = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", part("name"), part("version"))
}
