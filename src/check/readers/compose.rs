//! Compose files: the images of services, and the variables that they are built and run with.
//! <https://docs.docker.com/reference/compose-file/> describes the format. It names no
//! tool.

use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::variables::expand;
use super::yaml::YamlNode;
use crate::check::mention::MentionKind;

/// Reads the documents of a compose file.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let services = documents.iter().filter_map(|document| document.get("services"));
    for service in services.flat_map(YamlNode::entries) {
        let service = service.value;
        if let Some((image, text)) = service.get("image").and_then(|one| Some((one, one.text()?))) {
            let values = expand(text, &unknown);
            collector.image(&WrittenValues { line: image.line, label: "image: ", values: &values });
        }
        for path in [&["build", "args"][..], &["environment"]] {
            variables(service.at(path), collector);
        }
    }
}

/// Variables as a mapping, or as a list of `NAME=value`.
fn variables(node: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
    let Some(node) = node else { return };
    for entry in node.entries() {
        if let Some(value) = entry.value.text() {
            variable(entry.value.line, entry.key, value, collector);
        }
    }
    for item in node.items() {
        if let Some((name, value)) = item.text().and_then(|text| text.split_once('=')) {
            variable(item.line, name, value, collector);
        }
    }
}

fn variable(line: u32, name: &str, value: &str, collector: &mut MentionCollector<'_>) {
    let Some(tool) = collector.tool_of_variable(name) else { return };
    let label = format!("{name}=");
    let written = WrittenValues { line, label: &label, values: &expand(value, &unknown) };
    collector.requests((tool, MentionKind::Variable), &written);
}

/// Values come from the environment of the user who starts the services: unknown here.
fn unknown(_: &str) -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml("compose.yml", read, (text, expected));
    }

    #[test]
    fn images_of_services_are_mentions() {
        check(
            "services:\n  web:\n    image: node:16-alpine\n  db: {image: postgres:16}\n",
            "3 node 16 | image: node:16-alpine",
        );
        check("services: {web: {image: 'node:${TAG:-16}'}}", "1 node 16 | image: node:16");
        check(
            "services:\n  web:\n    image: node:${TAG}\n",
            "3 note its tag isn't in this file: image: node:${TAG}",
        );
        check(
            "x-base: &base\n  image: node:16\nservices:\n  a: *base\n  b:\n    <<: *base\n    restart: always\n",
            "2 node 16 | image: node:16",
        );
    }

    #[test]
    fn version_variables_of_services_are_mentions() {
        check(
            "services:\n a:\n  build:\n   args:\n    NODE_VERSION: 16\n    X: 1\n",
            "5 node 16 | NODE_VERSION=16",
        );
        check(
            "services:\n a:\n  build:\n   args:\n    - NODE_VERSION=16\n    - NODE_VERSION\n",
            "5 node 16 | NODE_VERSION=16",
        );
        check(
            "services:\n a:\n  environment:\n   PYTHON_VERSION: '3.12'\n",
            "4 python 3.12 | PYTHON_VERSION=3.12",
        );
        check(
            "services:\n a:\n  environment: [PYTHON_VERSION=3.12]\n",
            "3 python 3.12 | PYTHON_VERSION=3.12",
        );
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in [
            "",
            "services: []",
            "services: {a: 1}",
            "services: {a: {image: [node:16], build: .}}",
            "image: node:16",
        ] {
            check(text, "");
        }
    }
}
