//! `CircleCI`'s `.circleci/config.yml`: images of jobs and executors, parameters of orbs, variables,
//! with the values that parameters have.
//! <https://circleci.com/docs/reference/configuration-reference/> describes the format; the registry
//! says which orb's parameter is a tool's.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::expression::LookupBudget;
use super::variables::{MAX_TEXTS, expand, expand_between};
use super::yaml::{YamlEntry, YamlNode};
use crate::check::mention::{MentionKind, MentionScope};

/// The format's name in the registry.
const FORMAT: &str = "circleci";

/// How many references may follow each other.
const MAX_REFERENCES: usize = 8;

/// The sections that define what can be called by name.
const DEFINITIONS: [&str; 3] = ["executors", "commands", "jobs"];

/// Reads the documents of a file.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        let config = CircleConfig::new(document);
        for entry in
            DEFINITIONS.iter().filter_map(|name| document.get(name)).flat_map(YamlNode::entries)
        {
            collector.in_job(None, |collector| config.read_definition(entry, collector));
        }
        for call in config.calls.iter().filter(|call| call.caller.is_none()) {
            config.read_call(call, collector);
        }
    }
}

/// A file, with who calls what in it.
struct CircleConfig<'a> {
    /// How many more values may be looked up.
    budget: LookupBudget,
    document: &'a YamlNode,
    /// The calls of executors, commands and jobs, its own and those of orbs.
    calls: Vec<Call<'a>>,
    /// The numbers of the calls of a name.
    of_name: BTreeMap<&'a str, Vec<usize>>,
    /// The numbers of the calls in a definition of this name.
    inside: BTreeMap<&'a str, Vec<usize>>,
}

/// A call of an executor, a command or a job.
struct Call<'a> {
    /// Its name.
    name: &'a str,
    /// The values of its parameters.
    with: &'a YamlNode,
    /// Where it is called; `None` in a workflow.
    caller: Option<YamlEntry<'a>>,
}

impl<'a> CircleConfig<'a> {
    fn new(document: &'a YamlNode) -> Self {
        let mut config = Self {
            budget: LookupBudget::full(),
            document,
            calls: Vec::new(),
            of_name: BTreeMap::new(),
            inside: BTreeMap::new(),
        };
        for caller in
            DEFINITIONS.iter().filter_map(|name| document.get(name)).flat_map(YamlNode::entries)
        {
            if let Some(executor) = caller.value.get("executor") {
                let name = executor.get("name").unwrap_or(executor).text();
                config.add(name.unwrap_or_default(), executor, Some(caller));
            }
            config.add_steps(caller.value.get("steps"), Some(caller));
        }
        for workflow in document.get("workflows").map(YamlNode::entries).unwrap_or_default() {
            config.add_steps(workflow.value.get("jobs"), None);
        }
        config
    }

    /// The steps of a job or a command, or the jobs of a workflow: `name`, or `name: {parameters}`.
    fn add_steps(&mut self, steps: Option<&'a YamlNode>, caller: Option<YamlEntry<'a>>) {
        for step in steps.into_iter().flat_map(YamlNode::items) {
            if let Some(name) = step.text() {
                self.add(name, step, caller);
            }
            for entry in step.entries() {
                self.add(entry.key, entry.value, caller);
                // Of `when` and `unless`.
                self.add_steps(entry.value.get("steps"), caller);
            }
        }
    }

    fn add(&mut self, name: &'a str, with: &'a YamlNode, caller: Option<YamlEntry<'a>>) {
        let number = self.calls.len();
        self.calls.push(Call { name, with, caller });
        self.of_name.entry(name).or_default().push(number);
        if let Some(caller) = caller {
            self.inside.entry(caller.key).or_default().push(number);
        }
    }

    fn read_definition(&self, definition: YamlEntry<'a>, collector: &mut MentionCollector<'_>) {
        let holder = definition.value;
        self.read_variables(definition, holder, collector);
        for container in holder.get("docker").into_iter().flat_map(YamlNode::items) {
            self.read_variables(definition, container, collector);
            let Some(image) = container.get("image") else { continue };
            let Some(text) = image.text() else { continue };
            let values = self.expand(text, Some(definition), MAX_REFERENCES);
            collector.image(&WrittenValues { line: image.line, label: "image: ", values: &values });
        }
        for call in numbered(&self.calls, self.inside.get(definition.key)) {
            self.read_call(call, collector);
        }
    }

    fn read_variables(
        &self,
        definition: YamlEntry<'a>,
        holder: &YamlNode,
        collector: &mut MentionCollector<'_>,
    ) {
        for entry in holder.get("environment").map(YamlNode::entries).unwrap_or_default() {
            let Some(tool) = collector.tool_of_variable(entry.key) else { continue };
            let Some(text) = entry.value.text() else { continue };
            let values = self.expand(text, Some(definition), MAX_REFERENCES);
            let place = (entry.value.line, entry.key);
            collector.requests_of_key((tool, MentionKind::Variable), place, &values);
        }
    }

    fn read_call(&self, call: &Call<'a>, collector: &mut MentionCollector<'_>) {
        for entry in call.with.entries() {
            let Some(text) = entry.value.text() else { continue };
            let key = format!("{}:{}", call.name, entry.key);
            let own = collector.tool_of_setting(FORMAT, &key);
            let tools = collector.tools_of_input(Some(call.name), entry.key);
            for tool in own.into_iter().chain(tools) {
                let values = self.expand(text, call.caller, MAX_REFERENCES);
                let place = (entry.value.line, entry.key);
                collector.requests_of_key((tool, MentionKind::Input), place, &values);
            }
        }
    }

    fn expand(&self, text: &str, inside: Option<YamlEntry<'a>>, left: usize) -> Vec<String> {
        let texts = expand_between(text, ("<<", ">>"), &|name| self.values(name, inside, left));
        texts.iter().flat_map(|text| expand(text, &|_| Vec::new())).take(MAX_TEXTS).collect()
    }

    fn values(&self, name: &str, inside: Option<YamlEntry<'a>>, left: usize) -> Vec<String> {
        let Some(left) = self.budget.follow(left) else { return Vec::new() };
        let path: Vec<&str> = name.split('.').collect();
        match (path.as_slice(), inside) {
            (["pipeline", "parameters", name], _) => {
                let default = self.document.at(&["parameters", name, "default"]);
                default.and_then(YamlNode::text).map(str::to_owned).into_iter().collect()
            }
            (["parameters", name], Some(inside)) => self.parameter(name, inside, left),
            _ => Vec::new(),
        }
    }

    /// What the calls of a definition pass for a parameter; its default where they pass nothing.
    fn parameter(&self, name: &str, definition: YamlEntry<'a>, left: usize) -> Vec<String> {
        let numbers = self.of_name.get(definition.key);
        let mut found: Vec<String> = Vec::new();
        let mut is_default = numbers.is_none();
        for call in numbered(&self.calls, numbers).take(MAX_TEXTS) {
            let listed = call.with.at(&["matrix", "parameters", name]);
            let passed = listed.or_else(|| call.with.get(name));
            is_default |= passed.is_none();
            let texts =
                passed.into_iter().flat_map(YamlNode::one_or_more).filter_map(YamlNode::text);
            let texts = texts.take(MAX_TEXTS);
            found.extend(texts.flat_map(|text| self.expand(text, call.caller, left)));
        }
        if is_default {
            let default = definition.value.at(&["parameters", name, "default"]);
            let texts = default.and_then(YamlNode::text);
            found.extend(
                texts.into_iter().flat_map(|text| self.expand(text, Some(definition), left)),
            );
        }
        found.truncate(MAX_TEXTS);
        found
    }
}

fn numbered<'c, 'a>(
    calls: &'c [Call<'a>],
    numbers: Option<&'c Vec<usize>>,
) -> impl Iterator<Item = &'c Call<'a>> {
    numbers.into_iter().flatten().filter_map(|number| calls.get(*number))
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml(".circleci/config.yml", read, (text, expected));
    }

    #[test]
    fn images_of_jobs_and_executors_are_mentions() {
        check(
            "jobs:\n  a:\n    docker:\n    - image: cimg/node:16.13-browsers\n    - image: postgres:16\n",
            "4 node 16.13 | image: cimg/node:16.13-browsers",
        );
        check(
            "executors:\n  x: {docker: [{image: 'cimg/python:3.12'}]}\njobs:\n  a: {executor: x}\n",
            "2 python 3.12 | image: cimg/python:3.12",
        );
        check(
            "jobs:\n  a:\n    docker: [{image: 'x', environment: {NODE_VERSION: 16}}]\n    environment: {NODE_VERSION: 18}\n",
            "4 node 18 | NODE_VERSION: 18\n3 node 16 | NODE_VERSION: 16",
        );
    }

    #[test]
    fn parameters_of_orbs_are_mentions() {
        check(
            "jobs:\n  a:\n    steps:\n    - checkout\n    - node/install:\n        node-version: '16.13'\n",
            "6 node 16.13 | node-version: 16.13",
        );
        check(
            "jobs:\n  a:\n    executor: {name: node/default, tag: '16.13'}\n    steps: [{when: {condition: x, steps: [{ruby/install: {version: 3.1.2}}]}}]\n",
            "3 node 16.13 | tag: 16.13\n4 ruby 3.1.2 | version: 3.1.2",
        );
        check(
            "workflows:\n  w:\n    jobs:\n    - node/test: {version: '16.13'}\n    - other/test: {version: '1'}\n",
            "4 node 16.13 | version: 16.13",
        );
    }

    #[test]
    fn parameters_are_substituted() {
        check(
            "jobs:\n  a:\n    parameters: {v: {type: string, default: '16'}}\n    docker: [{image: 'cimg/node:<< parameters.v >>'}]\n",
            "4 node 16 | image: cimg/node:16",
        );
        check(
            "jobs:\n  a:\n    parameters: {v: {type: string}}\n    docker: [{image: 'cimg/node:<<parameters.v>>'}]\nworkflows: {w: {jobs: [{a: {v: '16'}}, {a: {matrix: {parameters: {v: ['18', '20']}}}}]}}\n",
            "4 node 16 18 20 | image: cimg/node:16, cimg/node:18, cimg/node:20",
        );
        check(
            "executors:\n  x:\n    parameters: {t: {type: string}}\n    docker: [{image: 'cimg/node:<< parameters.t >>'}]\njobs:\n  a:\n    parameters: {v: {default: '16'}}\n    executor: {name: x, t: << parameters.v >>}\n",
            "4 node 16 | image: cimg/node:16",
        );
        check(
            "parameters: {v: {default: '16'}}\njobs: {a: {docker: [{image: 'cimg/node:<< pipeline.parameters.v >>'}]}}",
            "2 node 16 | image: cimg/node:16",
        );
        check(
            "jobs: {a: {docker: [{image: 'cimg/node:<< parameters.v >>'}, {image: 'cimg/node:$V'}]}}",
            "1 note its tag isn't in this file: image: cimg/node:<< parameters.v >>\n1 note its tag isn't in this file: image: cimg/node:$V",
        );
        check(
            "jobs: {a: {parameters: {v: {default: << parameters.v >>}}, docker: [{image: 'node:<< parameters.v >>'}]}}",
            "1 note its tag isn't in this file: image: node:<< parameters.v >>",
        );
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in [
            "",
            "a",
            "[]",
            "jobs: [1]\nexecutors: 1",
            "jobs: {a: {docker: 1, steps: 1, executor: []}}",
            "workflows: {version: 2, w: {jobs: [1, [], {a: 1}]}}",
        ] {
            check(text, "");
        }
    }
}
