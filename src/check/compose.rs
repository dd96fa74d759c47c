//! Compose files: the images of services, and the variables that they are built and run with.
//! <https://docs.docker.com/reference/compose-file/> says how they are written. No tool is known
//! here.

use std::rc::Rc;

use super::mention::Kind;
use super::page::{Page, Said};
use super::variables::expand;
use super::yaml::Node;

/// Reads the documents of a compose file.
pub(super) fn read(documents: &[Rc<Node>], page: &mut Page<'_>) {
    let services = documents.iter().filter_map(|document| document.get("services"));
    for service in services.flat_map(Node::entries) {
        let service = service.value;
        if let Some((image, text)) = service.get("image").and_then(|one| Some((one, one.text()?))) {
            let values = expand(text, &unknown);
            page.image(&Said { line: image.line, label: "image: ", values: &values });
        }
        for way in [&["build", "args"][..], &["environment"]] {
            variables(service.at(way), page);
        }
    }
}

/// Variables as a mapping, or as a list of `NAME=value`.
fn variables(node: Option<&Node>, page: &mut Page<'_>) {
    let Some(node) = node else { return };
    for entry in node.entries() {
        if let Some(value) = entry.value.text() {
            variable((entry.value.line, entry.key), value, page);
        }
    }
    for item in node.items() {
        if let Some((name, value)) = item.text().and_then(|text| text.split_once('=')) {
            variable((item.line, name), value, page);
        }
    }
}

fn variable((line, name): (u32, &str), value: &str, page: &mut Page<'_>) {
    let Some(tool) = page.tool_of_variable(name) else { return };
    let label = format!("{name}=");
    let said = Said { line, label: &label, values: &expand(value, &unknown) };
    page.requests((tool, Kind::Variable), &said);
}

/// Values come from the environment of who starts it, and that is nobody's here.
fn unknown(_: &str) -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::page::tests::read as on_page;
    use super::super::yaml::parse;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = on_page("compose.yml", |page| read(&parse(text).unwrap(), page));
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    #[test]
    fn services_have_images() {
        check(
            "services:\n  web:\n    image: node:16-alpine\n  db: {image: postgres:16}\n",
            "3 node 16 | image: node:16-alpine",
        );
        check("services: {web: {image: 'node:${TAG:-16}'}}", "1 node 16 | image: node:16");
        check(
            "services:\n  web:\n    image: node:${TAG}\n",
            "3 note image: node:$TAG is passed over: nobody here knows that tag",
        );
        check(
            "x-base: &base\n  image: node:16\nservices:\n  a: *base\n  b:\n    <<: *base\n    restart: always\n",
            "2 node 16 | image: node:16",
        );
    }

    #[test]
    fn services_have_variables() {
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
    fn other_shapes_say_nothing() {
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
