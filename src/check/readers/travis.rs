//! Travis CI's `.travis.yml`: the versions of a language, of which a build tests several.
//! <https://docs.travis-ci.com/user/languages/> describes the keys; the registry says which one is a
//! tool's.

use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::variables::{MAX_TEXTS, expand};
use super::yaml::YamlNode;
use crate::check::mention::{MentionKind, MentionScope};

/// The format's name in the registry.
const FORMAT: &str = "travis";

/// The names of the section with further jobs.
const JOBS: [&str; 2] = ["jobs", "matrix"];

/// Reads the documents of a file: all of its jobs are one matrix, of which one value is enough.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        collector.in_job(None, |collector| read_matrix(document, collector));
    }
}

fn read_matrix(document: &YamlNode, collector: &mut MentionCollector<'_>) {
    let in_jobs = |key: &'static str| {
        let sections = JOBS.iter().filter_map(|name| document.get(name)?.get(key));
        sections.flat_map(YamlNode::items)
    };
    let allowed: Vec<&YamlNode> = in_jobs("allow_failures").take(MAX_TEXTS).collect();
    for holder in std::iter::once(document).chain(in_jobs("include")) {
        read_keys(holder, &allowed, collector);
    }
}

fn read_keys(holder: &YamlNode, allowed: &[&YamlNode], collector: &mut MentionCollector<'_>) {
    for entry in holder.entries() {
        if entry.key == "env" {
            let global = entry.value.get("global").unwrap_or(entry.value);
            global.one_or_more().for_each(|node| read_variables(node, collector));
        }
        let Some(tool) = collector.tool_of_setting(FORMAT, entry.key) else { continue };
        let may_fail = |text: &&str| {
            allowed.iter().any(|one| one.at(&[entry.key]).and_then(YamlNode::text) == Some(text))
        };
        let texts = entry.value.one_or_more().filter_map(YamlNode::text);
        let values: Vec<String> =
            texts.filter(|text| !may_fail(text)).take(MAX_TEXTS).map(str::to_owned).collect();
        let place = (entry.value.line, entry.key);
        collector.requests_of_key((tool, MentionKind::Input), place, &values);
    }
}

/// Variables as a mapping, or as a text: `NODE_VERSION=16 X=1`.
fn read_variables(node: &YamlNode, collector: &mut MentionCollector<'_>) {
    let listed = node.text().into_iter().flat_map(str::split_whitespace);
    let listed = listed.filter_map(|word| word.split_once('=')).map(|pair| (pair, node.line));
    let mapped = node
        .entries()
        .into_iter()
        .filter_map(|entry| Some(((entry.key, entry.value.text()?), entry.value.line)));
    for ((name, value), line) in listed.chain(mapped) {
        let Some(tool) = collector.tool_of_variable(name) else { continue };
        let value = value.trim_matches(['"', '\'']);
        let (label, values) = (format!("{name}="), expand(value, &|_| Vec::new()));
        let written = WrittenValues { line, label: &label, values: &values };
        collector.requests((tool, MentionKind::Variable), &written);
    }
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml(".travis.yml", read, (text, expected));
    }

    #[test]
    fn keys_of_languages_are_mentions() {
        check("language: node_js\nnode_js: 16\n", "2 node 16 | node_js: 16");
        check("node_js:\n  - '16'\n  - lts/*\n", "2 node 16 lts/* | node_js: 16, lts/*");
        check("python: ['3.8', 3.10]", "1 python 3.8 3.1 | python: 3.8, 3.1");
        check("rvm: [2.7.8, 3.3]", "1 ruby 2.7.8 3.3 | rvm: 2.7.8, 3.3");
        check("php: 8.3", "1 php 8.3 | php: 8.3");
        check("go: [1.21.x, '1.22']", "1 go 1.21.x 1.22 | go: 1.21.x, 1.22");
        check("perl: '5.38'", "1 perl 5.38 | perl: 5.38");
        check(
            "elixir: 1.5.1\notp_release: 20.0",
            "1 elixir 1.5.1 | elixir: 1.5.1\n2 erlang 20 | otp_release: 20",
        );
        check("jdk: openjdk11", "1 java openjdk11 | jdk: openjdk11");
    }

    #[test]
    fn jobs_have_keys_too() {
        check(
            "jobs:\n  include:\n  - node_js: 16\n  - stage: x\n    node_js: 18\n",
            "3 node 16 | node_js: 16\n5 node 18 | node_js: 18",
        );
        check("matrix: {include: [{node_js: 16}]}", "1 node 16 | node_js: 16");
        check(
            "node_js: [16, 18]\njobs:\n  allow_failures:\n  - node_js: 16\n  - os: osx\n",
            "1 node 18 | node_js: 18",
        );
    }

    #[test]
    fn variables_are_mentions() {
        check("env: NODE_VERSION=16 X=1", "1 node 16 | NODE_VERSION=16");
        check(
            "env:\n  global:\n  - NODE_VERSION=\"16\"\n  - secure: x\n",
            "3 node 16 | NODE_VERSION=16",
        );
        check("env:\n  NODE_VERSION: 16\n", "2 node 16 | NODE_VERSION=16");
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in
            ["", "a", "[]", "node_js: {}", "node_js: [[16]]", "jobs: 1\nmatrix: []", "env: [[1]]"]
        {
            check(text, "");
        }
    }
}
