//! Workflows and composite actions of GitHub and compatible forges: inputs of actions, images,
//! variables.
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax> describes the
//! format. It names no tool.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::collector::{MentionCollector, MentionContext, WrittenValues};
use super::expression::{ExpandedText, LookupBudget, WorkflowScope};
use super::settings::exemption;
use super::yaml::YamlNode;
use crate::check::mention::{MentionKind, MentionScope};

/// The key of jobs and steps that may fail.
const ALLOWED: &str = "continue-on-error";

/// The prefix of an image in `uses`.
const DOCKER: &str = "docker://";

/// Reads the documents of a workflow or of an `action.yml`.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let budget = LookupBudget::full();
    collector.context.scope = MentionScope::Repository;
    for document in documents {
        let called = ["workflow_call", "workflow_dispatch"];
        let called = called.into_iter().filter_map(|event| document.at(&["on", event, "inputs"]));
        let inputs = called.chain(document.get("inputs")).collect();
        let scope = WorkflowScope { budget: &budget, matrix: None, env: Vec::new(), inputs };
        let scope = variables(&scope, document, collector);
        if let Some(folder) = working_directory(document) {
            collector.context.scope = MentionScope::Folder(folder);
        }
        let jobs = document.get("jobs").map(YamlNode::entries).unwrap_or_default();
        for job in jobs.into_iter().filter(|job| !is_off(job.value)) {
            collector.in_job(exemption(job.value.get(ALLOWED), ALLOWED), |collector| {
                read_job(&scope, job.value, collector);
            });
        }
        if let Some(runs) = document.get("runs") {
            docker(&scope, runs.get("image"), collector);
            steps(&scope, runs, collector);
        }
    }
}

fn read_job(scope: &WorkflowScope<'_>, job: &YamlNode, collector: &mut MentionCollector<'_>) {
    let scope = WorkflowScope { matrix: job.at(&["strategy", "matrix"]), ..scope.clone() };
    if let Some(folder) = working_directory(job) {
        collector.context.scope = MentionScope::Folder(folder);
    }
    let scope = variables(&scope, job, collector);
    if let Some(container) = job.get("container") {
        image(&scope, "container: ", Some(container), collector);
        image(&scope, "image: ", container.get("image"), collector);
        variables(&scope, container, collector);
    }
    for service in job.get("services").map(YamlNode::entries).unwrap_or_default() {
        image(&scope, "image: ", service.value.get("image"), collector);
    }
    // A job that calls another workflow has inputs, too.
    inputs(&scope, None, job, collector);
    steps(&scope, job, collector);
}

/// Whether a job or a step never runs.
fn is_off(holder: &YamlNode) -> bool {
    let condition = holder.get("if").and_then(YamlNode::text);
    condition.is_some_and(|text| text.replace(['$', '{', '}', ' '], "") == "false")
}

/// The folder in which a job runs its commands, if it is one of the project.
fn working_directory(job: &YamlNode) -> Option<PathBuf> {
    let named = job.at(&["defaults", "run", "working-directory"])?.text()?;
    let path = Path::new(named.trim_start_matches("./"));
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    (is_inside && !named.contains('$')).then(|| path.to_path_buf())
}

fn steps(scope: &WorkflowScope<'_>, holder: &YamlNode, collector: &mut MentionCollector<'_>) {
    let all = holder.get("steps").into_iter().flat_map(YamlNode::items);
    for step in all.filter(|step| !is_off(step)) {
        let scope = variables(scope, step, collector);
        docker(&scope, step.get("uses"), collector);
        let action = step.get("uses").and_then(YamlNode::text);
        let action = action.map(|uses| uses.split('@').next().unwrap_or_default());
        let exempt = collector.context.exempt.or_else(|| exemption(step.get(ALLOWED), ALLOWED));
        let context = MentionContext { exempt, ..collector.context.clone() };
        collector.in_context(context, |collector| inputs(&scope, action, step, collector));
    }
}

/// What `env` sets, and the scope with it.
fn variables<'a>(
    scope: &WorkflowScope<'a>,
    holder: &'a YamlNode,
    collector: &mut MentionCollector<'_>,
) -> WorkflowScope<'a> {
    let env = holder.get("env");
    let scope = scope.with_env(env);
    for entry in env.map(YamlNode::entries).unwrap_or_default() {
        let Some(tool) = collector.tool_of_variable(entry.key) else { continue };
        let Some(ExpandedText { line, texts }) = scope.expand_scalar(entry.value) else { continue };
        collector.requests_of_key((tool, MentionKind::Variable), (line, entry.key), &texts);
    }
    scope
}

/// The inputs that `with` passes to an action.
fn inputs(
    scope: &WorkflowScope<'_>,
    action: Option<&str>,
    holder: &YamlNode,
    collector: &mut MentionCollector<'_>,
) {
    for entry in holder.get("with").map(YamlNode::entries).unwrap_or_default() {
        let Some(ExpandedText { line, texts }) = scope.expand_scalar(entry.value) else { continue };
        if let Some(tool) = collector.tool_of_file_input(action, entry.key) {
            let label = format!("{}: ", entry.key);
            collector.reference(tool, &WrittenValues { line, label: &label, values: &texts });
        }
        // Several lines are several versions.
        let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim);
        let values: Vec<String> =
            lines.filter(|value| !value.is_empty()).map(str::to_owned).collect();
        for tool in collector.tools_of_input(action, entry.key) {
            collector.requests_of_key((tool, MentionKind::Input), (line, entry.key), &values);
        }
    }
}

/// An image after `docker://`.
fn docker(
    scope: &WorkflowScope<'_>,
    node: Option<&YamlNode>,
    collector: &mut MentionCollector<'_>,
) {
    let Some(ExpandedText { line, texts }) = node.and_then(|node| scope.expand_scalar(node)) else {
        return;
    };
    let images = texts.iter().filter_map(|text| text.strip_prefix(DOCKER));
    let values: Vec<String> = images.map(str::to_owned).collect();
    collector.image(&WrittenValues { line, label: DOCKER, values: &values });
}

fn image(
    scope: &WorkflowScope<'_>,
    label: &str,
    node: Option<&YamlNode>,
    collector: &mut MentionCollector<'_>,
) {
    let Some(ExpandedText { line, texts }) = node.and_then(|node| scope.expand_scalar(node)) else {
        return;
    };
    collector.image(&WrittenValues { line, label, values: &texts });
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml("ci.yml", read, (text, expected));
    }

    /// A job of these lines.
    #[track_caller]
    fn check_job(lines: &str, expected: &str) {
        let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
        check(&format!("jobs:\n  test:\n{lines}"), expected);
    }

    #[test]
    fn version_inputs_of_actions_are_mentions() {
        check_job(
            "steps:\n- uses: x\n  with:\n    node-version: 16.x\n    cache: npm\n",
            "6 node 16.x | node-version: 16.x",
        );
        check_job("steps: [{with: {python-version: 3.10}}]", "3 python 3.1 | python-version: 3.1");
        check_job(
            "steps: [{with: {python-version: '3.10'}}]",
            "3 python 3.10 | python-version: 3.10",
        );
        check_job(
            "steps:\n- with:\n    python-version: |\n      3.8\n      3.9\n",
            "6 python 3.8 3.9 | python-version: 3.8, 3.9",
        );
        check_job(
            "uses: ./.github/workflows/x.yml\nwith: {node-version: 16}",
            "4 node 16 | node-version: 16",
        );
        check_job("steps: [{with: {node-version: ''}}, {with: {node-version: }}]", "");
    }

    #[test]
    fn a_matrix_has_several_values() {
        let matrix = "strategy:\n  matrix:\n    node: [16, 18]\n    include:\n    - node: 20\n    - other: 1\n";
        let uses = |text: &str| format!("{matrix}steps: [{{with: {{node-version: \"{text}\"}}}}]");
        check_job(&uses("${{ matrix.node }}"), "5 node 16 18 20 | node-version: 16, 18, 20");
        check_job(&uses("${{matrix['node']}}"), "5 node 16 18 20 | node-version: 16, 18, 20");
        check_job(
            &uses("${{ matrix.node }}.x"),
            "9 node 16.x 18.x 20.x | node-version: 16.x, 18.x, 20.x",
        );
        check_job(
            "strategy: {matrix: {v: [{node: 16}, {node: 18}]}}\ncontainer: node:${{ matrix.v.node }}",
            "4 node 16 18 | container: node:16, node:18",
        );
        check_job(
            "strategy: {matrix: {include: [{node: 16}]}}\ncontainer: {image: 'node:${{ matrix.node }}'}",
            "4 node 16 | image: node:16",
        );
        check_job(
            "strategy: {matrix: {node: [16, 18, 20], exclude: [{node: 16}, {node: 18, os: x}]}}\ncontainer: node:${{ matrix.node }}",
            "4 node 18 20 | container: node:18, node:20",
        );
        check_job(
            "strategy: {matrix: {node: \"${{ fromJSON('[16, \\\"18\\\"]') }}\"}}\ncontainer: node:${{ matrix.node }}",
            "4 node 16 18 | container: node:16, node:18",
        );
    }

    #[test]
    fn one_of_several_values_is_enough() {
        check_job(
            "steps: [{with: {node-version: \"${{ matrix.old == 'x' && '16' || '18' }}\"}}]",
            "3 node 16 18 | node-version: 16, 18",
        );
        check_job(
            "strategy: {matrix: {a: [1]}}\nsteps: [{with: {node-version: \"${{ matrix.node || '18' }}\"}}]",
            "4 node 18 | node-version: 18",
        );
        check_job(
            "steps: [{with: {node-version: \"${{ vars.NODE || '18' }}\"}}]",
            "3 note its value isn't in this file: node-version: ${{ vars.NODE || '18' }}",
        );
        check(
            "on: {workflow_call: {inputs: {v: {type: string}}}}\njobs: {a: {container: \"node:${{ inputs.v || '16' }}\"}}",
            "2 node 16 | container: node:16",
        );
        check(
            "on: {workflow_dispatch: {inputs: {v: {type: choice, default: 16, options: [16, 18]}}}}\njobs: {a: {container: 'node:${{ inputs.v }}'}}",
            "2 node 16 18 | container: node:16, node:18",
        );
    }

    #[test]
    fn variables_and_inputs_are_substituted() {
        check(
            "env: {NODE_VERSION: 16}\njobs: {a: {steps: [{with: {node-version: '${{ env.NODE_VERSION }}'}}]}}",
            "1 node 16 | NODE_VERSION: 16\n1 node 16 | node-version: 16",
        );
        check(
            "env: {V: 16}\njobs:\n  a:\n    env: {V: 18}\n    steps: [{env: {W: '${{ env.V }}'}, with: {node-version: '${{ env.W }}'}}]",
            "4 node 18 | node-version: 18",
        );
        check(
            "on:\n  workflow_call:\n    inputs:\n      v: {default: 16}\njobs: {a: {container: 'node:${{ inputs.v }}'}}",
            "5 node 16 | container: node:16",
        );
        check(
            "inputs:\n  v:\n    default: '16'\nruns:\n  using: composite\n  steps:\n  - with:\n      node-version: ${{ inputs.v || '18' }}",
            "3 node 16 18 | node-version: 16, 18",
        );
        check(
            "env: {A: '${{ env.A }}', NODE_VERSION: '${{ env.A }}'}",
            "1 note its value isn't in this file: NODE_VERSION: ${{ env.A }}",
        );
    }

    #[test]
    fn actions_have_inputs_of_their_own() {
        let uses =
            |action: &str, with: &str| format!("steps: [{{uses: {action}, with: {{{with}}}}}]");
        check_job(&uses("pnpm/action-setup@v4", "version: 9.1.0"), "3 pnpm 9.1.0 | version: 9.1.0");
        check_job(&uses("x/other-setup@v4", "version: 9.1.0"), "");
        check_job(&uses("mlugg/setup-zig@v2", "version: 0.14.1"), "3 zig 0.14.1 | version: 0.14.1");
        check_job(
            &uses("goto-bus-stop/setup-zig@v2", "version: 0.13.0"),
            "3 zig 0.13.0 | version: 0.13.0",
        );
        check_job(
            &uses("erlef/setup-beam@v1", "otp-version: 27.1, elixir-version: 1.17.3"),
            "3 erlang 27.1 | otp-version: 27.1\n3 elixir 1.17.3 | elixir-version: 1.17.3",
        );
        check_job(
            &uses("erlef/setup-beam@v1", "version-file: .tool-versions, version-type: strict"),
            "3 elixir = | version-file: .tool-versions\n3 erlang = | version-file: .tool-versions",
        );
        check_job(
            &uses("oven-sh/setup-bun@v2", "bun-version: 1.1"),
            "3 bun 1.1 | bun-version: 1.1",
        );
        check_job(
            &uses("denoland/setup-deno@v2", "deno-version: v2.x"),
            "3 deno v2.x | deno-version: v2.x",
        );
        check_job(
            &uses("astral-sh/setup-uv@v6", "version: 0.9.1, python-version: '3.12'"),
            "3 python 3.12 | python-version: 3.12",
        );
        check_job(
            &uses("shogo82148/actions-setup-perl@v1", "perl-version: '5.38'"),
            "3 perl 5.38 | perl-version: 5.38",
        );
        check_job(
            &uses("shivammathur/setup-php@v2", "php-version: '8.3'"),
            "3 php 8.3 | php-version: 8.3",
        );
    }

    #[test]
    fn a_version_file_agrees_with_itself() {
        let uses = |with: &str| format!("steps: [{{with: {{{with}}}}}]");
        for file in [".nvmrc", "package.json", "web/.nvmrc"] {
            check_job(
                &uses(&format!("node-version-file: {file}")),
                &format!("3 node = | node-version-file: {file}"),
            );
        }
        check_job(&uses("go-version-file: go.mod"), "3 go = | go-version-file: go.mod");
        check_job(&uses("ruby-version: .ruby-version"), "3 ruby = | ruby-version: .ruby-version");
        check_job(&uses("ruby-version: default"), "3 ruby = | ruby-version: default");
    }

    #[test]
    fn jobs_that_never_run_are_passed_over() {
        check_job("if: false\ncontainer: node:16", "");
        check_job("if: ${{ false }}\ncontainer: node:16", "");
        check_job("steps: [{if: false, with: {node-version: 16}}]", "");
        check_job("if: github.ref != 'x'\ncontainer: node:16", "4 node 16 | container: node:16");
    }

    #[test]
    fn what_may_fail_is_exempt() {
        check_job(
            "continue-on-error: ${{ matrix.experimental }}\ncontainer: node:16",
            "4 node 16 | container: node:16 (continue-on-error)",
        );
        check_job(
            "steps: [{continue-on-error: true, with: {node-version: 16}}, {with: {node-version: 18}}]",
            "3 node 16 | node-version: 16 (continue-on-error)\n3 node 18 | node-version: 18",
        );
        check_job("continue-on-error: false\ncontainer: node:16", "4 node 16 | container: node:16");
    }

    #[test]
    fn an_unknown_value_is_a_note() {
        check_job(
            "steps: [{with: {node-version: '${{ fromJSON(needs.a.outputs.b) }}'}}]",
            "3 note its value isn't in this file: node-version: ${{ fromJSON(needs.a.outputs.b) }}",
        );
        check_job(
            "strategy: {matrix: '${{ fromJSON(x) }}'}\ncontainer: node:${{ matrix.node }}",
            "4 note its tag isn't in this file: container: node:${{ matrix.node }}",
        );
        check_job("container: ${{ vars.IMAGE }}", "");
    }

    #[test]
    fn container_and_service_images_are_mentions() {
        check_job(
            "container: node:16\nservices:\n  db: {image: postgres}\n  app: {image: node:18}",
            "3 node 16 | container: node:16\n6 node 18 | image: node:18",
        );
        check_job(
            "container:\n  image: node:16\n  env: {NODE_VERSION: 18}",
            "4 node 16 | image: node:16\n5 node 18 | NODE_VERSION: 18",
        );
        check_job(
            "steps: [{uses: 'docker://node:16'}, {uses: actions/setup-node@v4}]",
            "3 node 16 | docker://node:16",
        );
        check("runs: {using: docker, image: 'docker://node:16'}", "1 node 16 | docker://node:16");
    }

    #[test]
    fn other_yaml_shapes_have_no_mentions() {
        for text in [
            "",
            "a",
            "[]",
            "jobs: []",
            "jobs: {a: 1, b: {steps: {with: 1}, container: [], services: 1, strategy: 1}}",
            "runs: 1\nenv: []\non: push",
        ] {
            check(text, "");
        }
    }
}
