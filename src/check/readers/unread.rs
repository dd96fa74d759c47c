//! Version files that no shim reads: `*.gemspec`, mise's `conf.d`.

use usher_definition::UnreadFile;
use usher_shims::tool::{FieldRole, Tool};

use super::collector::MentionCollector;
use crate::check::mention::MentionKind;
use crate::project::unread::{UnreadField, fields};

/// Reads such a file for a tool.
pub(super) fn read(
    text: &str,
    tool: &'static Tool,
    file: &UnreadFile,
    collector: &mut MentionCollector<'_>,
) {
    let found = match fields(text, file, tool) {
        Ok(found) => found,
        Err(reason) => return collector.note(0, format!("can't be parsed: {reason}")),
    };
    for UnreadField { line, field, requests } in found {
        let requests = match requests {
            Ok(requests) => requests,
            Err(reason) => {
                collector
                    .note(line, format!("its version of {} isn't compared: {reason}", tool.name));
                continue;
            }
        };
        if file.conditional {
            collector.note(line, "not compared: it counts in some environments only");
            continue;
        }
        let kind = match field.role {
            FieldRole::Pin => MentionKind::UnreadPin,
            FieldRole::Constraint | FieldRole::Either => MentionKind::Constraint,
        };
        collector.parsed((tool, kind), requests, (line, field.path));
    }
}
