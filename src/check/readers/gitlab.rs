//! GitLab's `.gitlab-ci.yml`: images, services, variables, `parallel: matrix:`.
//! <https://docs.gitlab.com/ci/yaml/> describes the format. It names no tool, and nothing
//! that a file includes from elsewhere.

use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::expression::LookupBudget;
use super::variables::{MAX_TEXTS, expand};
use super::yaml::YamlNode;
use crate::check::mention::{MentionKind, MentionScope};

/// Keys at the top of a file that aren't jobs.
const GLOBAL_KEYS: [&str; 8] =
    ["cache", "default", "image", "include", "services", "stages", "variables", "workflow"];

/// How many references may follow each other.
const MAX_REFERENCES: usize = 8;

/// Reads the documents of a file.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let budget = LookupBudget::full();
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        let variables = document.get("variables").into_iter().collect();
        let scope = JobScope { budget: &budget, variables, matrix: None };
        scope.read_variables(document.get("variables"), collector);
        scope.read_images(document, collector);
        if let Some(default) = document.get("default") {
            scope.read_images(default, collector);
        }
        for job in document.entries() {
            if !GLOBAL_KEYS.contains(&job.key) {
                collector.in_job(exemption(job.value), |collector| {
                    read_job(&scope, job.value, collector);
                });
            }
        }
    }
}

/// Why a job may fail, and so runs another version on purpose.
fn exemption(job: &YamlNode) -> Option<&'static str> {
    let allowed = job.get("allow_failure")?;
    (allowed.text() != Some("false")).then_some("allow_failure")
}

fn read_job(scope: &JobScope<'_>, job: &YamlNode, collector: &mut MentionCollector<'_>) {
    let matrix = job.at(&["parallel", "matrix"]);
    let own = job.get("variables");
    let variables = own.into_iter().chain(scope.variables.iter().copied()).collect();
    let scope = JobScope { budget: scope.budget, variables, matrix };
    scope.read_variables(own, collector);
    scope.read_matrix(collector);
    scope.read_images(job, collector);
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
    fn read_images(&self, holder: &YamlNode, collector: &mut MentionCollector<'_>) {
        let services = holder.get("services").into_iter().flat_map(YamlNode::items);
        for node in holder.get("image").into_iter().chain(services) {
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
            let values = self.expand(node.text().unwrap_or_default(), MAX_REFERENCES);
            let label = format!("{}: ", entry.key);
            let written = WrittenValues { line: node.line, label: &label, values: &values };
            collector.requests((tool, MentionKind::Variable), &written);
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
            let label = format!("{name}: ");
            collector.requests(
                (tool, MentionKind::Variable),
                &WrittenValues { line, label: &label, values: &values },
            );
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
        let (Some(left), Some(())) = (left.checked_sub(1), self.budget.use_lookup()) else {
            return Vec::new();
        };
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
    use super::super::collector::tests::read as on_page;
    use super::super::yaml::parse;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found =
            on_page(".gitlab-ci.yml", |collector| read(&parse(text).unwrap().documents, collector));
        assert_eq!(found.trim_end(), expected, "{text}");
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
