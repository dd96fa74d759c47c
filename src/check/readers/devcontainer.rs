//! `devcontainer.json`: <https://containers.dev/implementors/json_reference/> describes the format.
//! Which feature brings which tool is in the registry: `ghcr.io/devcontainers/features/node`, and
//! `ghcr.io/devcontainers/features/node:pnpmVersion` for another option than its version.

use super::collector::{MentionCollector, WrittenValues};
use super::settings::variables;
use super::yaml::YamlNode;
use crate::check::mention::MentionKind;

/// The name of this format in the registry.
const FORMAT: &str = "devcontainer";

/// The option that a feature's version is.
const VERSION: &str = "version";

/// Other versions that are there besides.
const MORE_VERSIONS: &str = "additionalVersions";

/// Values that request no version: the one of the image, or none.
const NO_REQUESTS: [&str; 6] = ["", "false", "none", "os-provided", "system", "true"];

/// Reads the document.
pub(super) fn read(document: &YamlNode, collector: &mut MentionCollector<'_>) {
    if let Some((line, text)) = document.get("image").and_then(|one| Some((one.line, one.text()?)))
    {
        let values = [text.to_owned()];
        collector.image(&WrittenValues { line, label: "image: ", values: &values });
    }
    for path in [&["build", "args"][..], &["containerEnv"]] {
        variables(document.at(path), FORMAT, collector);
    }
    for feature in document.get("features").map(YamlNode::entries).unwrap_or_default() {
        read_feature(without_version(feature.key), feature.value, collector);
    }
}

fn read_feature(name: &str, options: &YamlNode, collector: &mut MentionCollector<'_>) {
    // A text in place of the options is the version.
    let version = options.get(VERSION).or_else(|| options.text().map(|_| options));
    let more = options.get(MORE_VERSIONS).and_then(YamlNode::text).unwrap_or_default();
    read_option(name, (name, version), more, collector);
    for option in options.entries() {
        read_option(name, (&format!("{name}:{}", option.key), Some(option.value)), "", collector);
    }
}

fn read_option(
    feature: &str,
    (setting, node): (&str, Option<&YamlNode>),
    more: &str,
    collector: &mut MentionCollector<'_>,
) {
    let Some(tool) = collector.tool_of_setting(FORMAT, setting) else { return };
    let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return };
    if NO_REQUESTS.contains(&text) {
        return;
    }
    let more = more.split(',').map(str::trim).filter(|one| !NO_REQUESTS.contains(one));
    let values: Vec<String> = [text].into_iter().chain(more).map(str::to_owned).collect();
    let short = feature.rsplit('/').next().unwrap_or_default();
    let option = setting.strip_prefix(feature).and_then(|rest| rest.strip_prefix(':'));
    let label = format!("{short} {}: ", option.unwrap_or(VERSION));
    let written = WrittenValues { line: node.line, label: &label, values: &values };
    collector.requests((tool, MentionKind::Input), &written);
}

/// A feature's name without its own version: `:1`, `@sha256:…`.
fn without_version(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    match name.rsplit_once(':') {
        Some((before, version)) if !version.contains('/') => before,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::read as on_page;
    use super::super::notation::json;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = on_page(".devcontainer/devcontainer.json", |collector| {
            read(&json(text).unwrap(), collector);
        });
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    #[track_caller]
    fn check_feature(feature: &str, expected: &str) {
        check(&format!("{{\"features\": {{{feature}}}}}"), expected);
    }

    #[test]
    fn images_and_variables_are_mentions() {
        check(
            "// For details\n{\n  \"image\": \"node:20-bookworm\", // why\n}",
            "3 node 20 | image: node:20-bookworm",
        );
        check(
            "{\"build\": {\"dockerfile\": \"Dockerfile\", \"args\": {\n\"NODE_VERSION\": \"20\", \"X\": 1}},\n\
             \"containerEnv\": {\"PYTHON_VERSION\": \"3.12\"}}",
            "2 node 20 | NODE_VERSION=20\n3 python 3.12 | PYTHON_VERSION=3.12",
        );
        check(
            "{\"build\": {\"args\": {\"NODE_VERSION\": \"${localEnv:N}\"}}}",
            "1 note its value isn't in this file: NODE_VERSION=${localEnv:N}",
        );
        check("{\"build\": {\"args\": {\"NODE_VERSION\": \"none\"}}, \"image\": 3}", "");
    }

    #[test]
    fn features_are_mentions() {
        let node = "\"ghcr.io/devcontainers/features/node:1\"";
        check_feature(&format!("{node}: {{\"version\": \"20\"}}"), "1 node 20 | node version: 20");
        check_feature(&format!("{node}: {{\"version\": 20}}"), "1 node 20 | node version: 20");
        check_feature(&format!("{node}: \"20\""), "1 node 20 | node version: 20");
        check_feature(
            &format!("{node}: {{\"version\": \"lts\"}}"),
            "1 node lts | node version: lts",
        );
        check_feature(
            "\"ghcr.io/devcontainers/features/python@sha256:0\": {\n\"version\": \"3.12\"}",
            "2 python 3.12 | python version: 3.12",
        );
        check_feature(
            "\"ghcr.io/devcontainers/features/java\": {\"version\": \"17\", \"additionalVersions\": \"21, none\"}",
            "1 java 17 21 | java version: 17, 21",
        );
        check_feature(
            &format!("{node}: {{\"version\": \"none\", \"pnpmVersion\": \"9.1.0\"}}"),
            "1 pnpm 9.1.0 | node pnpmVersion: 9.1.0",
        );
        for nothing in ["{}", "\"none\"", "true", "null", "[\"20\"]", "{\"version\": [\"20\"]}"] {
            check_feature(&format!("{node}: {nothing}"), "");
        }
    }

    #[test]
    fn other_features_are_unknown() {
        for name in
            ["node", "ghcr.io/x/node:1", "./local", "ghcr.io:443/devcontainers/features/node"]
        {
            check_feature(&format!("\"{name}\": {{\"version\": \"20\"}}"), "");
        }
        check("{\"features\": [\"x\"]}", "");
        check("[]", "");
        check("", "");
    }
}
