//! Files of services that build and host: the variables that they build with. No service is known
//! here but by its file, and no tool.

use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::runtimes::runtime;
use super::settings::{in_folder, variables};
use super::yaml::YamlNode;

/// `netlify.toml`: <https://docs.netlify.com/build/configure-builds/file-based-configuration/>.
pub(super) fn netlify(file: &YamlNode, collector: &mut MentionCollector<'_>) {
    in_folder(file.at(&["build", "base"]), collector, |collector| {
        variables(file.at(&["build", "environment"]), "netlify", collector);
        for context in file.get("context").map(YamlNode::entries).unwrap_or_default() {
            variables(context.value.get("environment"), "netlify", collector);
        }
    });
}

/// `vercel.json`: <https://vercel.com/docs/project-configuration/vercel-json>.
pub(super) fn vercel(file: &YamlNode, collector: &mut MentionCollector<'_>) {
    for path in [&["build", "env"][..], &["env"]] {
        variables(file.at(path), "vercel", collector);
    }
    for function in file.get("functions").map(YamlNode::entries).unwrap_or_default() {
        runtime(function.value.get("runtime"), collector);
    }
}

/// `render.yaml`: <https://render.com/docs/blueprint-spec>.
pub(super) fn render(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let files = documents.iter().map(Rc::as_ref);
    let projects = files.clone().filter_map(|file| file.get("projects")).flat_map(YamlNode::items);
    let environments =
        projects.filter_map(|project| project.get("environments")).flat_map(YamlNode::items);
    for holder in files.chain(environments) {
        for group in holder.get("envVarGroups").into_iter().flat_map(YamlNode::items) {
            variables(group.get("envVars"), "render", collector);
        }
        for service in holder.get("services").into_iter().flat_map(YamlNode::items) {
            in_folder(service.get("rootDir"), collector, |collector| {
                image(service.at(&["image", "url"]), collector);
                variables(service.get("envVars"), "render", collector);
            });
        }
    }
}

/// `fly.toml`: <https://fly.io/docs/reference/configuration/>.
pub(super) fn fly(file: &YamlNode, collector: &mut MentionCollector<'_>) {
    image(file.at(&["build", "image"]), collector);
    variables(file.at(&["build", "args"]), "fly", collector);
}

/// `project.toml` of Cloud Native Buildpacks:
/// <https://github.com/buildpacks/spec/blob/main/extensions/project-descriptor.md>.
pub(super) fn buildpacks(file: &YamlNode, collector: &mut MentionCollector<'_>) {
    for path in [&["io", "buildpacks", "build", "env"][..], &["build", "env"]] {
        variables(file.at(path), "buildpacks", collector);
    }
}

fn image(node: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
    let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return };
    let written = WrittenValues { line: node.line, label: "image: ", values: &[text.to_owned()] };
    collector.image(&written);
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::read as on_page;
    use super::super::notation::{json, toml};
    use super::super::yaml::parse;
    use super::*;

    type Reader = fn(&YamlNode, &mut MentionCollector<'_>);

    #[track_caller]
    fn check((path, reader): (&str, Reader), text: &str, expected: &str) {
        let found = on_page(path, |collector| match path != "vercel.json" {
            true => reader(&toml(text).unwrap(), collector),
            false => reader(&json(text).unwrap(), collector),
        });
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    #[test]
    fn netlify_sets_variables_of_a_build_and_of_contexts() {
        let check = |text, expected| check(("netlify.toml", netlify), text, expected);
        check(
            "[build.environment]\nNODE_VERSION = \"20\"\nNPM_FLAGS = '--x'\n",
            "2 node 20 | NODE_VERSION=20",
        );
        check(
            "[build]\nenvironment = { PYTHON_VERSION = '3.12', NPM_VERSION = '10.2.0' }\n",
            "2 python 3.12 | PYTHON_VERSION=3.12\n2 npm 10.2.0 | NPM_VERSION=10.2.0",
        );
        check(
            "[context.deploy-preview.environment]\nNODE_VERSION = 'v18.1.0'\nRUBY_VERSION = 3.2\n",
            "2 node v18.1.0 | NODE_VERSION=v18.1.0\n3 ruby 3.2 | RUBY_VERSION=3.2",
        );
        check("build = 3\ncontext = ['x']\n[[x]]\n", "");
    }

    #[test]
    fn vercel_names_runtimes_and_variables() {
        let check = |text, expected| check(("vercel.json", vercel), text, expected);
        check(
            "{\"functions\": {\"api/*.js\": {\"runtime\": \"nodejs18.x\", \"memory\": 1},\n \
             \"b\": {\"runtime\": \"now-php@0.0.8\"}}}",
            "1 node 18 | runtime: nodejs18.x",
        );
        check(
            "{\"build\": {\"env\": {\"NODE_VERSION\": \"20\"}}, \"env\": {\"X\": \"@x\"}}",
            "1 node 20 | NODE_VERSION=20",
        );
        check("{\"functions\": [], \"build\": {\"env\": [1]}}", "");
    }

    #[test]
    fn render_sets_variables_of_services_and_groups() {
        let check = |text: &str, expected: &str| {
            let found = on_page("render.yaml", |collector| {
                render(&parse(text).unwrap().documents, collector);
            });
            assert_eq!(found.trim_end(), expected, "{text}");
        };
        check(
            "services:\n- type: web\n  runtime: node\n  envVars:\n  - key: NODE_VERSION\n    \
             value: 20.1.0\n  - key: SECRET\n    sync: false\n  - fromGroup: x\n",
            "6 node 20.1.0 | NODE_VERSION=20.1.0",
        );
        check(
            "envVarGroups:\n- name: x\n  envVars:\n  - {key: PYTHON_VERSION, value: 3.12.1}\n",
            "4 python 3.12.1 | PYTHON_VERSION=3.12.1",
        );
        check(
            "projects:\n- environments:\n  - services:\n    - runtime: image\n      image: {url: 'docker.io/library/ruby:3.3'}\n",
            "5 ruby 3.3 | image: docker.io/library/ruby:3.3",
        );
        check("services: {a: 1}\nprojects: x\nenvVarGroups: [1, {envVars: 2}]", "");
    }

    #[test]
    fn others_set_variables() {
        check(
            ("fly.toml", fly),
            "[build]\nimage = 'node:20'\n[build.args]\nNODE_VERSION = '20'\n",
            "2 node 20 | image: node:20\n4 node 20 | NODE_VERSION=20",
        );
        check(
            ("project.toml", buildpacks),
            "[[io.buildpacks.build.env]]\nname = 'BP_NODE_VERSION'\nvalue = '~20'\n\
             [[build.env]]\nname = 'GOOGLE_PYTHON_VERSION'\nvalue = '3.12'\n",
            "3 node ~20 | BP_NODE_VERSION=~20\n6 python 3.12 | GOOGLE_PYTHON_VERSION=3.12",
        );
    }
}
