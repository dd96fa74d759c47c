//! Files of services that run functions: `nodejs20.x`, `python312` in one word is a tool with its
//! version. Which words those are is in the registry: `nodejs*`, and `python*.*` for a version of
//! which the service may leave out the first dot.

use std::rc::Rc;

use super::collector::{MentionCollector, WrittenValues};
use super::yaml::YamlNode;
use crate::check::mention::MentionKind;

/// The name of this format in the registry.
const FORMAT: &str = "runtime";

/// App Engine's `app.yaml`: <https://cloud.google.com/appengine/docs/standard/reference/app-yaml>.
pub(super) fn app_engine(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    for document in documents {
        let own = document.get("runtime");
        runtime(own, collector);
        // In the flexible environment the version stands apart.
        let Some(version) = document.at(&["runtime_config", "runtime_version"]) else { continue };
        if let (Some(name), Some(text)) = (own.and_then(YamlNode::text), version.text()) {
            let written = WrittenValues {
                line: version.line,
                label: "runtime_version: ",
                values: &[text.to_owned()],
            };
            let known = [format!("{name}*"), format!("{name}*.*")];
            if let Some(tool) = known.iter().find_map(|key| collector.tool_of_setting(FORMAT, key))
            {
                collector.requests((tool, MentionKind::Input), &written);
            }
        }
    }
}

/// `serverless.yml`: <https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml>.
pub(super) fn serverless(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    for document in documents {
        runtime(document.at(&["provider", "runtime"]), collector);
        for function in document.get("functions").into_iter().flat_map(YamlNode::one_or_more) {
            // A list has files with mappings, which are read elsewhere, or mappings.
            for entry in function.entries() {
                runtime(entry.value.get("runtime"), collector);
            }
        }
    }
}

/// `template.yaml` of AWS SAM:
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html>.
pub(super) fn sam(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    for document in documents {
        runtime(document.at(&["Globals", "Function", "Runtime"]), collector);
        for resource in document.get("Resources").map(YamlNode::entries).unwrap_or_default() {
            runtime(resource.value.at(&["Properties", "Runtime"]), collector);
        }
    }
}

/// `firebase.json`: <https://firebase.google.com/docs/functions/manage-functions>.
pub(super) fn firebase(file: &YamlNode, collector: &mut MentionCollector<'_>) {
    for function in file.get("functions").into_iter().flat_map(YamlNode::one_or_more) {
        super::settings::in_folder(function.get("source"), collector, |collector| {
            runtime(function.get("runtime"), collector);
        });
    }
}

/// A tool with its version in one word.
pub(super) fn runtime(node: Option<&YamlNode>, collector: &mut MentionCollector<'_>) {
    let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return };
    let Some((name, version)) = split(text) else { return };
    let whole = collector.tool_of_setting(FORMAT, &format!("{name}*"));
    let dotted = collector.tool_of_setting(FORMAT, &format!("{name}*.*"));
    let (tool, version) = match (whole, dotted) {
        (Some(tool), _) => (tool, version.to_owned()),
        (None, Some(tool)) => (tool, with_dot(version)),
        (None, None) => return,
    };
    let written = WrittenValues { line: node.line, label: "runtime: ", values: &[text.to_owned()] };
    collector.requests_shown_as((tool, MentionKind::Input), &[version], &written);
}

/// The name and the version of `nodejs20.x`, `java8.al2`, `python3.12`. `None` if it isn't both.
fn split(text: &str) -> Option<(&str, &str)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let (name, rest) = text.split_at(start);
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (version, behind) = (rest[..end].trim_end_matches('.'), &rest[end..]);
    let is_whole = behind.is_empty() || rest[..end].ends_with('.');
    (is_name && is_whole).then_some((name, version))
}

/// A version of at least two digits without a dot has one behind the first: 3.12 of `312`.
fn with_dot(version: &str) -> String {
    match version.split_at_checked(1) {
        Some((first, rest)) if !rest.is_empty() && !version.contains('.') => {
            format!("{first}.{rest}")
        }
        _ => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::read as on_page;
    use super::super::notation::json;
    use super::super::yaml::parse;
    use super::*;

    type Reader = fn(&[Rc<YamlNode>], &mut MentionCollector<'_>);

    #[track_caller]
    fn check(reader: Reader, text: &str, expected: &str) {
        let found =
            on_page("x.yaml", |collector| reader(&parse(text).unwrap().documents, collector));
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    #[test]
    fn a_runtime_is_a_tool_and_its_version() {
        let check = |written: &str, expected: &str| {
            let expected = match expected {
                "" => String::new(),
                expected => format!("1 {expected} | runtime: {written}"),
            };
            check(app_engine, &format!("runtime: {written}"), &expected);
        };
        check("nodejs20", "node 20");
        check("nodejs20.x", "node 20");
        check("nodejs6.10", "node 6.10");
        check("python312", "python 3.12");
        check("python27", "python 2.7");
        check("python3.12", "python 3.12");
        check("python3", "python 3");
        check("go122", "go 1.22");
        check("go1.x", "go 1");
        check("php83", "php 8.3");
        check("ruby33", "ruby 3.3");
        check("java21", "java 21");
        check("java8.al2", "java 8");
        for other in [
            "python",
            "provided.al2",
            "provided.al2023",
            "dotnet8",
            "go1-x",
            "3",
            "\"\"",
            "[a]",
            "${self:custom.runtime}",
            "nodejs20-debian12",
            "PYTHON312",
            "nodejs99999999999999999999x",
        ] {
            check(other, "");
        }
    }

    #[test]
    fn services_name_runtimes_at_several_places() {
        check(
            app_engine,
            "runtime: python\nenv: flex\nruntime_config:\n  operating_system: ubuntu22\n  runtime_version: '3.12'\n",
            "5 python 3.12 | runtime_version: 3.12",
        );
        check(
            serverless,
            "service: x\nprovider:\n  name: aws\n  runtime: nodejs20.x\nfunctions:\n  a: {handler: x, runtime: python3.11}\n  b: ${file(x.yml)}\n",
            "4 node 20 | runtime: nodejs20.x\n6 python 3.11 | runtime: python3.11",
        );
        check(
            serverless,
            "functions:\n- ${file(x.yml)}\n- a:\n    runtime: java17\n",
            "4 java 17 | runtime: java17",
        );
        check(
            sam,
            "Globals:\n  Function:\n    Runtime: nodejs18.x\nResources:\n  A:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: python3.9, Role: !Ref R}\n  B: {Properties: [1]}\n",
            "3 node 18 | runtime: nodejs18.x\n7 python 3.9 | runtime: python3.9",
        );
        for text in ["", "provider: 1\nfunctions: 2", "functions: [[1], {a: b}]", "[1]"] {
            for reader in [app_engine as Reader, serverless, sam] {
                check(reader, text, "");
            }
        }
    }

    #[test]
    fn firebase_names_runtimes_of_folders() {
        let check = |text: &str, expected: &str| {
            let found =
                on_page("firebase.json", |collector| firebase(&json(text).unwrap(), collector));
            assert_eq!(found.trim_end(), expected, "{text}");
        };
        check(
            "{\"functions\": {\"source\": \"functions\", \"runtime\": \"nodejs20\"}}",
            "1 node 20 | runtime: nodejs20",
        );
        check(
            "{\"functions\": [{\"runtime\": \"nodejs20\"},\n{\"runtime\": \"python312\"}, 3]}",
            "1 node 20 | runtime: nodejs20\n2 python 3.12 | runtime: python312",
        );
    }
}
