//! GitLab's `.gitlab-ci.yml`: images, services, variables, `parallel: matrix:`.
//! <https://docs.gitlab.com/ci/yaml/> describes the format. It names no tool, and nothing
//! that a file includes from elsewhere: included files of the project are read by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::expression::LookupBudget;
use super::settings::exemption;
use super::variables::{MAX_TEXTS, expand};
use super::yaml::YamlNode;
use crate::check::mention::{MentionKind, MentionScope};

/// Keys at the top of a file that aren't jobs.
const GLOBAL_KEYS: [&str; 8] =
    ["cache", "default", "image", "include", "services", "stages", "variables", "workflow"];

/// The key of jobs that may fail.
const ALLOWED: &str = "allow_failure";

/// How many references may follow each other.
const MAX_REFERENCES: usize = 8;

/// The most jobs that one extends, directly or not.
const MAX_PARENTS: usize = 16;

/// Reads the documents of a file that is included, if its jobs look like GitLab's.
pub(super) fn read_included(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let has_key = |job: &YamlNode| {
        ["script", "stage", "extends", "trigger"].iter().any(|key| job.get(key).is_some())
    };
    let mut entries = documents.iter().flat_map(|document| document.entries());
    if entries.any(|entry| has_key(entry.value)) {
        read(documents, collector);
    }
}

/// Reads the documents of a file.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let budget = LookupBudget::full();
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        let variables = document.get("variables").into_iter().collect();
        let scope = JobScope { budget: &budget, variables, matrix: None };
        scope.read_variables(document.get("variables"), collector);
        for holder in [Some(&**document), document.get("default")].into_iter().flatten() {
            scope.read_images(holder.get("image"), holder.get("services"), collector);
        }
        let entries = document.entries().into_iter();
        let jobs: BTreeMap<&str, &YamlNode> =
            entries.map(|entry| (entry.key, entry.value)).collect();
        let extended: BTreeSet<&str> = jobs.values().flat_map(|job| parents(job)).collect();
        for job in document.entries() {
            // What others extend is read with their variables.
            let is_template = job.key.starts_with('.') && extended.contains(job.key);
            if !is_template && !GLOBAL_KEYS.contains(&job.key) {
                let mut line = Vec::new();
                add_with_parents(&jobs, job.value, &mut line);
                collector.in_job(exemption(inherited(&line, &[ALLOWED]), ALLOWED), |collector| {
                    read_job(&scope, &line, collector);
                });
            }
        }
    }
}

/// The names of the jobs that a job extends.
fn parents(job: &YamlNode) -> impl DoubleEndedIterator<Item = &str> {
    let named = job.get("extends").into_iter().flat_map(YamlNode::one_or_more);
    named.filter_map(YamlNode::text).take(MAX_PARENTS).collect::<Vec<_>>().into_iter()
}

/// Adds a job and those that it extends, the strongest first.
fn add_with_parents<'a>(
    jobs: &BTreeMap<&str, &'a YamlNode>,
    job: &'a YamlNode,
    line: &mut Vec<&'a YamlNode>,
) {
    if line.len() >= MAX_PARENTS || line.iter().any(|known| std::ptr::eq(*known, job)) {
        return;
    }
    line.push(job);
    for parent in parents(job).rev().filter_map(|name| jobs.get(name)) {
        add_with_parents(jobs, parent, line);
    }
}

/// The strongest value of a key.
fn inherited<'a>(line: &[&'a YamlNode], path: &[&str]) -> Option<&'a YamlNode> {
    line.iter().find_map(|job| job.at(path))
}

/// Reads a job, with those that it extends.
fn read_job(scope: &JobScope<'_>, line: &[&YamlNode], collector: &mut MentionCollector<'_>) {
    let matrix = inherited(line, &["parallel", "matrix"]);
    let own: Vec<&YamlNode> = line.iter().filter_map(|job| job.get("variables")).collect();
    let variables = own.iter().chain(&scope.variables).copied().collect();
    let scope = JobScope { budget: scope.budget, variables, matrix };
    for own in own {
        scope.read_variables(Some(own), collector);
    }
    scope.read_matrix(collector);
    let (image, services) = (inherited(line, &["image"]), inherited(line, &["services"]));
    scope.read_images(image, services, collector);
}

/// The values that variables have at one place.
struct JobScope<'a> {
    /// How many more values may be looked up.
    budget: &'a LookupBudget,
    /// Mappings of variables, the strongest first.
    variables: Vec<&'a YamlNode>,
    /// The list of mappings of `parallel: matrix:`.
    matrix: Option<&'a YamlNode>,
}

impl JobScope<'_> {
    fn read_images(
        &self,
        image: Option<&YamlNode>,
        services: Option<&YamlNode>,
        collector: &mut MentionCollector<'_>,
    ) {
        let services = services.into_iter().flat_map(YamlNode::items);
        for node in image.into_iter().chain(services) {
            let named = node.get("name").unwrap_or(node);
            let Some(text) = named.text() else { continue };
            let values = self.expand(text, MAX_REFERENCES);
            collector.image(&WrittenValues { line: named.line, label: "image: ", values: &values });
        }
    }

    fn read_variables(&self, variables: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
        for entry in variables.map(YamlNode::entries).unwrap_or_default() {
            let Some(tool) = collector.tool_of_variable(entry.key) else { continue };
            let Some(node) = value(entry.value) else { continue };
            // One that a stronger job sets otherwise doesn't count.
            let strongest = self.variables.iter().find_map(|one| value(one.get(entry.key)?));
            if !strongest.is_some_and(|strongest| std::ptr::eq(strongest, node)) {
                continue;
            }
            let values = self.expand(node.text().unwrap_or_default(), MAX_REFERENCES);
            let place = (node.line, entry.key);
            collector.requests_of_key((tool, MentionKind::Variable), place, &values);
        }
    }

    /// The values of a tool's variable in all mappings of the matrix are one mention.
    fn read_matrix(&self, collector: &mut MentionCollector<'_>) {
        let mappings = self.matrix.into_iter().flat_map(YamlNode::items).take(MAX_TEXTS);
        let mut names: Vec<&str> =
            mappings.flat_map(YamlNode::entries).map(|entry| entry.key).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let Some(tool) = collector.tool_of_variable(name) else { continue };
            let nodes = self.in_matrix(name);
            let Some(line) = nodes.first().map(|node| node.line) else { continue };
            let values: Vec<String> =
                nodes.iter().filter_map(|node| node.text()).map(str::to_owned).collect();
            collector.requests_of_key((tool, MentionKind::Variable), (line, name), &values);
        }
    }

    fn in_matrix(&self, name: &str) -> Vec<&YamlNode> {
        let mappings = self.matrix.into_iter().flat_map(YamlNode::items).take(MAX_TEXTS);
        let values =
            mappings.filter_map(|mapping| mapping.get(name)).flat_map(YamlNode::one_or_more);
        values.filter(|node| node.text().is_some()).take(MAX_TEXTS).collect()
    }

    fn expand(&self, text: &str, left: usize) -> Vec<String> {
        expand(text, &|name| self.values(name, left))
    }

    fn values(&self, name: &str, left: usize) -> Vec<String> {
        let Some(left) = self.budget.follow(left) else { return Vec::new() };
        let mut nodes = self.in_matrix(name);
        if nodes.is_empty() {
            nodes.extend(self.variables.iter().find_map(|one| value(one.get(name)?)));
        }
        let texts = nodes.iter().filter_map(|node| node.text());
        texts.flat_map(|text| self.expand(text, left)).take(MAX_TEXTS).collect()
    }
}

/// A variable's value, which may have a description beside it.
fn value(node: &YamlNode) -> Option<&YamlNode> {
    let node = node.get("value").unwrap_or(node);
    node.text().is_some().then_some(node)
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::{check_yaml, read as on_page};
    use super::super::yaml::parse;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml(".gitlab-ci.yml", read, (text, expected));
    }

    #[test]
    fn images_are_found_at_every_level() {
        check("image: node:16", "1 node 16 | image: node:16");
        check(
            "default:\n  image: {name: 'node:16', entrypoint: ['']}\n",
            "2 node 16 | image: node:16",
        );
        check(
            "test:\n  image: node:16\n  services: [postgres:16, {name: 'node:18', alias: x}]\n",
            "2 node 16 | image: node:16\n3 node 18 | image: node:18",
        );
        check(
            ".base: &base\n  image: node:16\na: {<<: *base}\n",
            "2 node 16 | image: node:16\n2 node 16 | image: node:16",
        );
        check(
            "image: $CI_PREFIX/node:16\nx:\n  image: $CI_REGISTRY_IMAGE:latest",
            "1 node 16 | image: $CI_PREFIX/node:16",
        );
        check(
            "spec:\n  inputs: {a: {}}\n---\nimage: node:$[[ inputs.a ]]\n",
            "4 note its tag isn't in this file: image: node:$[[ inputs.a ]]",
        );
    }

    #[test]
    fn jobs_extend_others() {
        check(
            ".base:\n  image: node:$V\na: {extends: .base, variables: {V: 16}}\nb:\n  extends: [.x, .base]\n  variables: {V: 18}\n",
            "2 node 16 | image: node:16\n2 node 18 | image: node:18",
        );
        check(
            ".a: {image: 'node:16', variables: {NODE_VERSION: 16}}\n.b: {extends: .a, image: 'node:18'}\nc: {extends: .b, variables: {NODE_VERSION: 18}, allow_failure: true}\n",
            "3 node 18 | NODE_VERSION: 18 (allow_failure)\n2 node 18 | image: node:18 (allow_failure)",
        );
        check(
            "a: {extends: b, image: 'node:16'}\nb: {extends: a}",
            "1 node 16 | image: node:16\n1 node 16 | image: node:16",
        );
        check(".unused: {image: 'node:16'}", "1 node 16 | image: node:16");
        check("a: {image: !reference [.x, image], extends: [[b], {c: d}]}", "");
    }

    #[test]
    fn included_files_are_read_if_they_have_jobs() {
        let found = |text: &str| {
            on_page("ci/a.yml", |collector| {
                read_included(&parse(text).unwrap().documents, collector);
            })
        };
        assert_eq!(found("a:\n  image: node:16\n  script: [x]\n"), "2 node 16 | image: node:16\n");
        assert_eq!(found("a:\n  image: node:16\n"), "");
        assert_eq!(found("[]"), "");
    }

    #[test]
    fn variables_are_mentions_and_are_substituted() {
        check(
            "variables:\n  NODE_VERSION: '16'\nimage: node:$NODE_VERSION-alpine\n",
            "2 node 16 | NODE_VERSION: 16\n3 node 16 | image: node:16-alpine",
        );
        check(
            "variables: {V: {value: '16', description: x}}\na: {image: 'node:${V}'}\nb: {variables: {V: 18}, image: 'node:${V}'}",
            "2 node 16 | image: node:16\n3 node 18 | image: node:18",
        );
        check(
            "variables: {A: $B, B: $A, C: $D, D: 16}\na: {image: 'node:$C'}\nb: {image: 'node:$A'}",
            "2 node 16 | image: node:16\n3 note its tag isn't in this file: image: node:$A",
        );
    }

    #[test]
    fn a_matrix_variable_has_several_values() {
        check(
            "a:\n  parallel:\n    matrix:\n      - V: ['16', '18']\n      - V: '20'\n  image: node:$V",
            "6 node 16 18 20 | image: node:16, node:18, node:20",
        );
        check(
            "a:\n  parallel:\n    matrix:\n      - NODE_VERSION: ['16', '18']\n        X: y\n",
            "4 node 16 18 | NODE_VERSION: 16, 18",
        );
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in [
            "",
            "a",
            "image: []",
            "a: {parallel: 3, services: x}",
            "stages: [image]\ninclude: {image: node:16}",
            "variables: [NODE_VERSION]",
        ] {
            check(text, "");
        }
    }
}
