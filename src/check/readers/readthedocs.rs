//! Read the Docs' `.readthedocs.yaml`: <https://docs.readthedocs.com/platform/stable/config-file/v2.html>.
//! Which of its tools is which is in the registry.

use std::rc::Rc;

use super::collector::MentionCollector;
use super::yaml::YamlNode;
use crate::check::mention::MentionKind;

/// The name of this format in the registry.
const FORMAT: &str = "readthedocs";

/// Reads the documents of a file.
pub(super) fn read(documents: &[Rc<YamlNode>], collector: &mut MentionCollector<'_>) {
    let tools = documents.iter().filter_map(|document| document.at(&["build", "tools"]));
    for entry in tools.flat_map(YamlNode::entries) {
        let Some(tool) = collector.tool_of_setting(FORMAT, entry.key) else { continue };
        let Some(text) = entry.value.text() else { continue };
        // `miniconda3-4.7` is a version of something else, which brings the tool along.
        let is_own = text == "latest" || text.starts_with(|c: char| c.is_ascii_digit());
        if !is_own {
            continue;
        }
        let place = (entry.value.line, entry.key);
        collector.requests_of_key((tool, MentionKind::Input), place, &[text.to_owned()]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::check_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_yaml(".readthedocs.yaml", read, (text, expected));
    }

    #[test]
    fn tools_of_a_build_are_mentions() {
        check(
            "version: 2\nbuild:\n  os: ubuntu-22.04\n  tools:\n    python: \"3.11\"\n    nodejs: '20'\n    rust: '1.70'\n    golang: '1.21'\n",
            "5 python 3.11 | python: 3.11\n6 node 20 | nodejs: 20\n8 go 1.21 | golang: 1.21",
        );
        check("build: {tools: {python: 3.10}}", "1 python 3.1 | python: 3.1");
        check("build: {tools: {python: latest}}", "1 python latest | python: latest");
    }

    #[test]
    fn other_tools_and_shapes_have_no_mentions() {
        for text in [
            "",
            "build: {tools: {python: miniconda3-4.7}}",
            "build: {tools: {python: mambaforge-latest}}",
            "build: {tools: {python: ['3.11']}}",
            "build: {tools: [python]}",
            "build: {image: latest}",
            "python: {version: 3.8}",
        ] {
            check(text, "");
        }
    }
}
