//! GitLab's `.gitlab-ci.yml`: images, services, variables, `parallel: matrix:`.
//! <https://docs.gitlab.com/ci/yaml/> says how they are written. No tool is known here, and nothing
//! that a file includes from elsewhere.

use std::rc::Rc;

use super::expression::Lookups;
use super::mention::Kind;
use super::page::{Page, Said};
use super::variables::{MOST_TEXTS, expand};
use super::yaml::Node;

/// What stands at the top of a file and is no job.
const NO_JOBS: [&str; 8] =
    ["cache", "default", "image", "include", "services", "stages", "variables", "workflow"];

/// How often a variable may lead to another one.
const FARTHEST: usize = 8;

/// Reads the documents of a file.
pub(super) fn read(documents: &[Rc<Node>], page: &mut Page<'_>) {
    let lookups = Lookups::all();
    for document in documents {
        let variables = document.get("variables").into_iter().collect();
        let scope = Scope { lookups: &lookups, variables, matrix: None };
        scope.read_variables(document.get("variables"), page);
        scope.read_images(document, page);
        if let Some(default) = document.get("default") {
            scope.read_images(default, page);
        }
        for job in document.entries() {
            if !NO_JOBS.contains(&job.key) {
                read_job(&scope, job.value, page);
            }
        }
    }
}

fn read_job(scope: &Scope<'_>, job: &Node, page: &mut Page<'_>) {
    let matrix = job.at(&["parallel", "matrix"]);
    let own = job.get("variables");
    let variables = own.into_iter().chain(scope.variables.iter().copied()).collect();
    let scope = Scope { lookups: scope.lookups, variables, matrix };
    scope.read_variables(own, page);
    scope.read_matrix(page);
    scope.read_images(job, page);
}

/// The values that variables have at one place.
struct Scope<'a> {
    /// How much may still be looked up.
    lookups: &'a Lookups,
    /// Mappings of variables, the strongest first.
    variables: Vec<&'a Node>,
    /// The list of mappings of `parallel: matrix:`.
    matrix: Option<&'a Node>,
}

impl Scope<'_> {
    fn read_images(&self, holder: &Node, page: &mut Page<'_>) {
        let services = holder.get("services").into_iter().flat_map(Node::items);
        for node in holder.get("image").into_iter().chain(services) {
            let named = node.get("name").unwrap_or(node);
            let Some(text) = named.text() else { continue };
            let values = self.expand(text, FARTHEST);
            page.image(&Said { line: named.line, label: "image: ", values: &values });
        }
    }

    fn read_variables(&self, variables: Option<&Node>, page: &mut Page<'_>) {
        for entry in variables.map(Node::entries).unwrap_or_default() {
            let Some(tool) = page.tool_of_variable(entry.key) else { continue };
            let Some(node) = value(entry.value) else { continue };
            let values = self.expand(node.text().unwrap_or_default(), FARTHEST);
            let label = format!("{}: ", entry.key);
            let said = Said { line: node.line, label: &label, values: &values };
            page.requests((tool, Kind::Variable), &said);
        }
    }

    /// The values of a tool's variable in all mappings of the matrix are one mention.
    fn read_matrix(&self, page: &mut Page<'_>) {
        let mappings = self.matrix.into_iter().flat_map(Node::items).take(MOST_TEXTS);
        let mut names: Vec<&str> =
            mappings.flat_map(Node::entries).map(|entry| entry.key).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let Some(tool) = page.tool_of_variable(name) else { continue };
            let nodes = self.in_matrix(name);
            let Some(line) = nodes.first().map(|node| node.line) else { continue };
            let values: Vec<String> =
                nodes.iter().filter_map(|node| node.text()).map(str::to_owned).collect();
            let label = format!("{name}: ");
            page.requests((tool, Kind::Variable), &Said { line, label: &label, values: &values });
        }
    }

    fn in_matrix(&self, name: &str) -> Vec<&Node> {
        let mappings = self.matrix.into_iter().flat_map(Node::items).take(MOST_TEXTS);
        let values = mappings.filter_map(|mapping| mapping.get(name)).flat_map(Node::one_or_more);
        values.filter(|node| node.text().is_some()).take(MOST_TEXTS).collect()
    }

    fn expand(&self, text: &str, left: usize) -> Vec<String> {
        expand(text, &|name| self.values(name, left))
    }

    fn values(&self, name: &str, left: usize) -> Vec<String> {
        let (Some(left), Some(())) = (left.checked_sub(1), self.lookups.take()) else {
            return Vec::new();
        };
        let mut nodes = self.in_matrix(name);
        if nodes.is_empty() {
            nodes.extend(self.variables.iter().find_map(|one| value(one.get(name)?)));
        }
        let texts = nodes.iter().filter_map(|node| node.text());
        texts.flat_map(|text| self.expand(text, left)).take(MOST_TEXTS).collect()
    }
}

/// A variable's value, which may stand beside a description.
fn value(node: &Node) -> Option<&Node> {
    let node = node.get("value").unwrap_or(node);
    node.text().is_some().then_some(node)
}

#[cfg(test)]
mod tests {
    use super::super::page::tests::read as on_page;
    use super::super::yaml::parse;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = on_page(".gitlab-ci.yml", |page| read(&parse(text).unwrap(), page));
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    #[test]
    fn images_at_all_places() {
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
            ".base: &base\n  image: node:16\na: {<<: *base}\nb: {extends: .base}\n",
            "2 node 16 | image: node:16",
        );
        check(
            "image: $CI_PREFIX/node:16\nx:\n  image: $CI_REGISTRY_IMAGE:latest",
            "1 node 16 | image: $CI_PREFIX/node:16\n3 note image: $CI_REGISTRY_IMAGE:latest is passed over: nobody here knows that name",
        );
        check(
            "spec:\n  inputs: {a: {}}\n---\nimage: node:$[[ inputs.a ]]\n",
            "4 note image: node:$[[ inputs.a ]] is passed over: nobody here knows that tag",
        );
    }

    #[test]
    fn variables_are_mentions_and_are_put_in() {
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
            "2 node 16 | image: node:16\n3 note image: node:$A is passed over: nobody here knows that tag",
        );
    }

    #[test]
    fn a_matrix_has_several_values() {
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
    fn other_shapes_say_nothing() {
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
