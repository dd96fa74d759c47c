//! What the files of several services share: variables of a build, and a folder that they are about.

use std::path::{Component, Path};

use super::collector::{MentionCollector, WrittenValues};
use super::yaml::YamlNode;
use crate::check::mention::{MentionKind, MentionScope};

/// Why a job or a step may fail, and so runs another version on purpose: the key that allows it,
/// `continue-on-error`.
pub(super) fn exemption(allowed: Option<&YamlNode>, key: &'static str) -> Option<&'static str> {
    (allowed?.text() != Some("false")).then_some(key)
}

/// Variables as a mapping, or as a list of mappings with a name and a `value`. Of tools' variables
/// and of those that the registry knows for this format.
pub(super) fn variables(
    node: Option<&YamlNode>,
    format: &str,
    collector: &mut MentionCollector<'_>,
) {
    let Some(node) = node else { return };
    for entry in node.entries() {
        variable(entry.key, entry.value, format, collector);
    }
    for item in node.items() {
        let name = ["key", "name"].iter().find_map(|key| item.get(key)?.text());
        if let (Some(name), Some(value)) = (name, item.get("value")) {
            variable(name, value, format, collector);
        }
    }
}

fn variable(name: &str, value: &YamlNode, format: &str, collector: &mut MentionCollector<'_>) {
    let own = collector.tool_of_variable(name);
    let Some(tool) = own.or_else(|| collector.tool_of_setting(format, name)) else { return };
    let Some(text) = value.text() else { return };
    let label = format!("{name}=");
    let written = WrittenValues { line: value.line, label: &label, values: &[text.to_owned()] };
    collector.requests((tool, MentionKind::Variable), &written);
}

/// Reads a part of a file that is about a folder, given relative to the file's own.
pub(super) fn in_folder<'r>(
    folder: Option<&YamlNode>,
    collector: &mut MentionCollector<'r>,
    read: impl FnOnce(&mut MentionCollector<'r>),
) {
    let mut context = collector.context.clone();
    let folder = folder.and_then(YamlNode::text).unwrap_or_default();
    if let MentionScope::Folder(own) = &mut context.scope {
        let parts = Path::new(folder.trim_start_matches('/')).components();
        let below: Option<Vec<_>> = parts
            .filter(|part| *part != Component::CurDir)
            .map(|part| matches!(part, Component::Normal(_)).then_some(part))
            .collect();
        own.extend(below.unwrap_or_default());
    }
    collector.in_context(context, read);
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::notation::json;
    use super::*;
    use crate::registry::Registry;

    #[track_caller]
    fn check(folder: &str, expected: &str) {
        let registry = Registry::load().unwrap();
        let mut collector = MentionCollector::new(&registry, "a/x.json".into());
        let node = json(folder).unwrap();
        let mut found = None;
        in_folder(Some(&node), &mut collector, |collector| {
            found = Some(collector.context.scope.clone());
        });
        assert_eq!(found, Some(MentionScope::Folder(PathBuf::from(expected))), "{folder}");
        assert_eq!(collector.context.scope, MentionScope::Folder("a".into()));
    }

    #[test]
    fn a_part_of_a_file_is_about_a_folder_below() {
        check("\"web\"", "a/web");
        check("\"/web/app/\"", "a/web/app");
        check("\"./web\"", "a/web");
        check("\".\"", "a");
        check("\"\"", "a");
        check("[1]", "a");
        check("\"../b\"", "a");
    }
}
