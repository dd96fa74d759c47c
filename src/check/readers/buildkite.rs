//! Buildkite's pipelines: the images of plugins and containers, variables.
//! <https://buildkite.com/docs/pipelines/configure/defining-steps> describes the format. It names no
//! tool.

use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::variables::{expand, expand_between};
use super::yaml::YamlNode;
use crate::check::mention::{MentionKind, MentionScope};

/// Reads the documents of a pipeline.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        part(document, None, collector);
    }
}

/// The images and variables anywhere in a value; each step is a job.
fn part(node: &YamlNode, matrix: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
    for entry in node.entries() {
        match entry.key {
            "image" => image(entry.value, matrix, collector),
            "env" | "environment" => variables(entry.value, collector),
            "steps" => entry.value.items().for_each(|step| read_step(step, collector)),
            _ => part(entry.value, matrix, collector),
        }
    }
    node.items().for_each(|item| part(item, matrix, collector));
}

fn read_step(step: &YamlNode, collector: &mut MentionCollector<'_>) {
    let may_fail = step.get("soft_fail").is_some_and(|soft| soft.text() != Some("false"));
    collector.in_job(may_fail.then_some("soft_fail"), |collector| {
        part(step, step.get("matrix"), collector);
    });
}

fn image(node: &YamlNode, matrix: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
    let Some(text) = node.text() else { return };
    let mut values = expand_between(text, ("{{", "}}"), &|name| in_matrix(matrix, name));
    for value in &mut values {
        *value = expand(value, &|_| Vec::new()).swap_remove(0);
    }
    collector.image(&WrittenValues { line: node.line, label: "image: ", values: &values });
}

/// The values of `matrix`, or of one of its dimensions: `matrix.node`.
fn in_matrix(matrix: Option<&YamlNode>, name: &str) -> Vec<String> {
    let setup = matrix.map(|matrix| matrix.get("setup").unwrap_or(matrix));
    let listed = match name.split_once('.') {
        Some((_, dimension)) => setup.and_then(|setup| setup.get(dimension)),
        None => setup,
    };
    let items = listed.into_iter().flat_map(YamlNode::items);
    items.filter_map(YamlNode::text).map(str::to_owned).collect()
}

fn variables(node: &YamlNode, collector: &mut MentionCollector<'_>) {
    for entry in node.entries() {
        let Some(tool) = collector.tool_of_variable(entry.key) else { continue };
        let Some(value) = entry.value.text() else { continue };
        let (label, values) = (format!("{}: ", entry.key), [value.to_owned()]);
        let written = WrittenValues { line: entry.value.line, label: &label, values: &values };
        collector.requests((tool, MentionKind::Variable), &written);
    }
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml(".buildkite/pipeline.yml", read, (text, expected));
    }

    #[test]
    fn images_of_plugins_are_mentions() {
        check(
            "steps:\n- command: x\n  plugins:\n  - docker#v5.9.0:\n      image: \"node:16\"\n",
            "5 node 16 | image: node:16",
        );
        check(
            "steps:\n- plugins: {docker#v5.9.0: {image: node:16}}\n  soft_fail: true\n",
            "2 node 16 | image: node:16 (soft_fail)",
        );
        check("image: node:16\nsteps: [wait]", "1 node 16 | image: node:16");
        check(
            "steps:\n- group: x\n  steps: [{image: 'node:16'}, {image: 'node:$$TAG'}]\n",
            "3 node 16 | image: node:16\n3 note its tag isn't in this file: image: node:$$TAG",
        );
    }

    #[test]
    fn a_matrix_has_several_values() {
        check(
            "steps:\n- matrix: [16, 18]\n  image: node:{{matrix}}-slim\n",
            "3 node 16 18 | image: node:16-slim, node:18-slim",
        );
        check(
            "steps:\n- matrix: {setup: {node: ['16', '18']}}\n  image: 'node:{{ matrix.node }}'\n",
            "3 node 16 18 | image: node:16, node:18",
        );
        check(
            "steps: [{image: 'node:{{matrix.os}}'}]",
            "1 note its tag isn't in this file: image: node:{{matrix.os}}",
        );
    }

    #[test]
    fn variables_are_mentions() {
        check("env:\n  NODE_VERSION: 16\n", "2 node 16 | NODE_VERSION: 16");
        check("env: {A: 1}\nsteps: [{env: {NODE_VERSION: 16}}]", "2 node 16 | NODE_VERSION: 16");
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in
            ["", "a", "[]", "steps: 1", "steps: [1, [], {plugins: x, image: []}]", "env: []"]
        {
            check(text, "");
        }
    }
}
