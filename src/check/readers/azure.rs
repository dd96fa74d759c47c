//! Azure Pipelines: inputs of tasks, containers, variables, the matrix of a job.
//! <https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/> describes the format; the
//! registry says which task's input is a tool's.

use std::rc::Rc;

use super::collector::{MentionCollector, MentionContext, WrittenValues};
use super::expression::LookupBudget;
use super::settings::exemption;
use super::variables::{MAX_TEXTS, expand_between};
use super::yaml::YamlNode;
use crate::check::mention::{MentionKind, MentionScope};

/// The format's name in the registry.
const FORMAT: &str = "azure";

/// The key of jobs and steps that may fail.
const ALLOWED: &str = "continueOnError";

/// How many references may follow each other.
const MAX_REFERENCES: usize = 8;

/// What is between these is a variable, or an expression with one.
const EXPRESSIONS: [(&str, &str); 3] = [("${{", "}}"), ("$[", "]"), ("$(", ")")];

/// Reads the documents of a pipeline or a template.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let budget = LookupBudget::full();
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        let containers = document.at(&["resources", "containers"]);
        let parameters = document.get("parameters");
        let scope = PipelineScope {
            budget: &budget,
            variables: Vec::new(),
            matrix: None,
            parameters,
            containers,
        };
        for container in containers.into_iter().flat_map(YamlNode::items) {
            scope.read_image("image: ", container.get("image"), collector);
        }
        collector.in_job(None, |collector| scope.read_part(document, collector));
    }
}

/// The values that expressions at one place can name.
#[derive(Clone)]
struct PipelineScope<'a> {
    /// How many more values may be looked up.
    budget: &'a LookupBudget,
    /// The variables of the pipeline, the stage and the job, the outermost first.
    variables: Vec<&'a YamlNode>,
    /// `strategy.matrix` of the job: a mapping of variables for each of its runs.
    matrix: Option<&'a YamlNode>,
    /// The parameters of the file.
    parameters: Option<&'a YamlNode>,
    /// The containers that jobs use by name.
    containers: Option<&'a YamlNode>,
}

impl<'a> PipelineScope<'a> {
    /// A pipeline, a stage, a job, a list of steps, or what an expression surrounds.
    fn read_part(&self, node: &'a YamlNode, collector: &mut MentionCollector<'_>) {
        if is_off(node) {
            return;
        }
        let mut scope = self.clone();
        scope.variables.extend(node.get("variables"));
        scope.matrix = node.at(&["strategy", "matrix"]).or(scope.matrix);
        scope.read_variables(node.get("variables"), collector);
        scope.read_container(node.get("container"), collector);
        if let Some(task) = node.get("task").and_then(YamlNode::text) {
            scope.read_task(task, node, collector);
        }
        for entry in node.entries() {
            match entry.key {
                "variables" | "matrix" | "inputs" | "container" | "resources" => {}
                "jobs" => entry.value.items().for_each(|job| {
                    collector.in_job(exemption(job.get(ALLOWED), ALLOWED), |collector| {
                        scope.read_part(job, collector);
                    });
                }),
                _ => scope.read_part(entry.value, collector),
            }
        }
        node.items().for_each(|item| scope.read_part(item, collector));
    }

    fn read_task(&self, task: &str, step: &YamlNode, collector: &mut MentionCollector<'_>) {
        let task = task.split('@').next().unwrap_or_default();
        let exempt = collector.context.exempt.or_else(|| exemption(step.get(ALLOWED), ALLOWED));
        let context = MentionContext { exempt, ..collector.context.clone() };
        collector.in_context(context, |collector| {
            for entry in step.get("inputs").map(YamlNode::entries).unwrap_or_default() {
                let key = format!("{task}:{}", entry.key);
                let Some(tool) = collector.tool_of_setting(FORMAT, &key) else { continue };
                let Some(text) = entry.value.text() else { continue };
                let values = self.expand(text, MAX_REFERENCES);
                let place = (entry.value.line, entry.key);
                collector.requests_of_key((tool, MentionKind::Input), place, &values);
            }
        });
    }

    /// An image, or the name of a container of the pipeline's resources.
    fn read_container(&self, node: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
        let Some(node) = node else { return };
        let mut named = self.containers.into_iter().flat_map(YamlNode::items);
        let is_name = named.any(|one| one.get("container").and_then(YamlNode::text) == node.text());
        match node.get("image") {
            Some(image) => self.read_image("image: ", Some(image), collector),
            None if !is_name => self.read_image("container: ", Some(node), collector),
            None => {}
        }
    }

    fn read_image(
        &self,
        label: &str,
        node: Option<&YamlNode>,
        collector: &mut MentionCollector<'_>,
    ) {
        let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return };
        let values = self.expand(text, MAX_REFERENCES);
        collector.image(&WrittenValues { line: node.line, label, values: &values });
    }

    fn read_variables(&self, holder: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
        let Some(holder) = holder else { return };
        let mapped = holder.entries().into_iter().map(|entry| (entry.key, entry.value));
        let listed =
            holder.items().filter_map(|one| Some((one.get("name")?.text()?, one.get("value")?)));
        for (name, node) in mapped.chain(listed) {
            let Some(tool) = collector.tool_of_variable(name) else { continue };
            let Some(text) = node.text() else { continue };
            let values = self.expand(text, MAX_REFERENCES);
            collector.requests_of_key((tool, MentionKind::Variable), (node.line, name), &values);
        }
    }

    fn expand(&self, text: &str, left: usize) -> Vec<String> {
        let mut texts = vec![text.to_owned()];
        for marks in EXPRESSIONS {
            let values = |name: &str| self.values(name, left);
            let replaced = texts.iter().flat_map(|text| expand_between(text, marks, &values));
            texts = replaced.take(MAX_TEXTS).collect();
        }
        texts
    }

    fn values(&self, name: &str, left: usize) -> Vec<String> {
        let Some(left) = self.budget.follow(left) else { return Vec::new() };
        let nodes = match name.strip_prefix("parameters.") {
            Some(name) => self.parameter(name),
            None => self.variable(name.strip_prefix("variables.").unwrap_or(name)),
        };
        let texts = nodes.into_iter().filter_map(YamlNode::text);
        texts.flat_map(|text| self.expand(text, left)).take(MAX_TEXTS).collect()
    }

    fn variable(&self, name: &str) -> Vec<&YamlNode> {
        let runs = self.matrix.map(YamlNode::entries).unwrap_or_default();
        let in_matrix: Vec<&YamlNode> =
            runs.into_iter().take(MAX_TEXTS).filter_map(|run| run.value.get(name)).collect();
        if !in_matrix.is_empty() {
            return in_matrix;
        }
        let found = self.variables.iter().rev().find_map(|holder| {
            let listed = || named(holder, name).and_then(|one| one.get("value"));
            holder.get(name).or_else(listed)
        });
        found.into_iter().collect()
    }

    /// A parameter's default, and the values to choose from.
    fn parameter(&self, name: &str) -> Vec<&YamlNode> {
        let Some(parameters) = self.parameters else { return Vec::new() };
        let Some(one) = named(parameters, name) else {
            return parameters.get(name).into_iter().collect();
        };
        let default = one.get("default");
        let choices = one.get("values").into_iter().flat_map(YamlNode::items);
        let others = choices.filter(|one| one.text() != default.and_then(YamlNode::text));
        default.into_iter().chain(others).take(MAX_TEXTS).collect()
    }
}

/// The item of a list that has this name.
fn named<'a>(list: &'a YamlNode, name: &str) -> Option<&'a YamlNode> {
    list.items().find(|one| one.get("name").and_then(YamlNode::text) == Some(name))
}

/// Whether a stage, a job or a step never runs.
fn is_off(node: &YamlNode) -> bool {
    let is_false = |key, text| node.get(key).and_then(YamlNode::text) == Some(text);
    is_false("condition", "false") || is_false("enabled", "false")
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml("azure-pipelines.yml", read, (text, expected));
    }

    #[test]
    fn inputs_of_tasks_are_mentions() {
        let uses =
            |task: &str, inputs: &str| format!("steps:\n- task: {task}\n  inputs: {{{inputs}}}");
        check(&uses("NodeTool@0", "versionSpec: 16.x"), "3 node 16.x | versionSpec: 16.x");
        check(&uses("UseNode@1", "version: '16'"), "3 node 16 | version: 16");
        check(&uses("UsePythonVersion@0", "versionSpec: 3.10"), "3 python 3.1 | versionSpec: 3.1");
        check(&uses("JavaToolInstaller@0", "versionSpec: 17"), "3 java 17 | versionSpec: 17");
        check(&uses("GoTool@0", "version: 1.22.1"), "3 go 1.22.1 | version: 1.22.1");
        check(
            &uses("UseRubyVersion@0", "versionSpec: '>= 3.1'"),
            "3 ruby >= 3.1 | versionSpec: >= 3.1",
        );
        check(&uses("Other@0", "versionSpec: 16"), "");
        check(
            "extends:\n  parameters:\n    buildSteps: [{task: NodeTool@0, inputs: {versionSpec: 16}}]",
            "3 node 16 | versionSpec: 16",
        );
        check(
            "stages:\n- stage: x\n  jobs:\n  - job: y\n    steps:\n    - ${{ if eq(1, 1) }}:\n      - task: NodeTool@0\n        continueOnError: true\n        inputs: {versionSpec: 16}\n",
            "9 node 16 | versionSpec: 16 (continueOnError)",
        );
        check(
            "jobs:\n- deployment: y\n  strategy: {runOnce: {deploy: {steps: [{task: NodeTool@0, inputs: {versionSpec: 16}}]}}}\n",
            "3 node 16 | versionSpec: 16",
        );
        check("jobs:\n- job: y\n  condition: false\n  container: node:16", "");
    }

    #[test]
    fn containers_are_mentions() {
        check("container: node:16", "1 node 16 | container: node:16");
        check("jobs:\n- job: x\n  container: {image: 'node:16'}\n", "3 node 16 | image: node:16");
        check(
            "resources:\n  containers:\n  - container: node\n    image: node:16\njobs:\n- job: x\n  container: node\n",
            "4 node 16 | image: node:16",
        );
    }

    #[test]
    fn variables_and_parameters_are_substituted() {
        check(
            "variables: {v: 16}\nsteps: [{task: NodeTool@0, inputs: {versionSpec: $(v)}}]",
            "2 node 16 | versionSpec: 16",
        );
        check(
            "variables:\n- name: v\n  value: 16\n- group: x\nsteps: [{task: NodeTool@0, inputs: {versionSpec: '${{ variables.v }}.x'}}]",
            "5 node 16.x | versionSpec: 16.x",
        );
        check(
            "parameters:\n- name: v\n  default: 16\n  values: [16, 18]\nsteps: [{task: NodeTool@0, inputs: {versionSpec: '${{ parameters.v }}'}}]",
            "5 node 16 18 | versionSpec: 16, 18",
        );
        check(
            "parameters: {v: 16}\ncontainer: 'node:${{ parameters.v }}'",
            "2 node 16 | container: node:16",
        );
        check(
            "jobs:\n- job: x\n  strategy:\n    matrix:\n      a: {python.version: '3.11'}\n      b: {python.version: '3.12'}\n  steps: [{task: UsePythonVersion@0, inputs: {versionSpec: '$(python.version)'}}]",
            "7 python 3.11 3.12 | versionSpec: 3.11, 3.12",
        );
        check(
            "steps: [{task: NodeTool@0, inputs: {versionSpec: $(v)}}]",
            "1 note its value isn't in this file: versionSpec: $(v)",
        );
        check(
            "variables: {a: $(b), b: $(a)}\nsteps: [{task: NodeTool@0, inputs: {versionSpec: $(a)}}]",
            "2 note its value isn't in this file: versionSpec: $(a)",
        );
        check("variables: {NODE_VERSION: 16}", "1 node 16 | NODE_VERSION: 16");
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in [
            "",
            "a",
            "[]",
            "steps: [{task: [], inputs: 1}]",
            "jobs: 1\nvariables: [[1]]",
            "container: []",
        ] {
            check(text, "");
        }
    }
}
