//! Bitbucket's `bitbucket-pipelines.yml`: the images of the pipelines, their steps and services.
//! <https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/>
//! describes the format. It names no tool.

use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::variables::expand;
use super::yaml::YamlNode;
use crate::check::mention::MentionScope;

/// Reads the documents of a file.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        images(document, collector);
    }
}

/// The images anywhere in a value; each step is a job.
fn images(node: &YamlNode, collector: &mut MentionCollector<'_>) {
    for entry in node.entries() {
        match entry.key {
            "image" => image(entry.value, collector),
            "step" => collector.in_job(None, |collector| images(entry.value, collector)),
            _ => images(entry.value, collector),
        }
    }
    node.items().for_each(|item| images(item, collector));
}

/// An image, by itself or with its credentials.
fn image(node: &YamlNode, collector: &mut MentionCollector<'_>) {
    let named = node.get("name").unwrap_or(node);
    let Some(text) = named.text() else { return };
    let values = expand(text, &|_| Vec::new());
    collector.image(&WrittenValues { line: named.line, label: "image: ", values: &values });
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml("bitbucket-pipelines.yml", read, (text, expected));
    }

    #[test]
    fn images_are_found_everywhere() {
        check("image: node:16\n", "1 node 16 | image: node:16");
        check("image: {name: 'node:16', username: $USER}\n", "1 node 16 | image: node:16");
        check(
            "pipelines:\n  default:\n  - step:\n      image: node:16\n      script: [x]\n  - parallel:\n    - step: {image: 'python:3.12'}\n",
            "4 node 16 | image: node:16\n7 python 3.12 | image: python:3.12",
        );
        check(
            "definitions:\n  services:\n    a: {image: node:16}\n  steps:\n  - step: &s\n      image: node:18\npipelines: {branches: {main: [step: *s]}}\n",
            "3 node 16 | image: node:16\n6 node 18 | image: node:18\n6 node 18 | image: node:18",
        );
        check("image: node:$TAG", "1 note its tag isn't in this file: image: node:$TAG");
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in ["", "a", "[]", "image: []", "image: {name: []}", "pipelines: {default: 1}"] {
            check(text, "");
        }
    }
}
