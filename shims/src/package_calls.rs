//! Calls of package managers that change global packages: the shims must be updated after them.

use std::ffi::OsStr;
use std::path::Path;

use crate::index::Index;
use crate::name::split_version;
use crate::resolve::Plan;
use crate::tool::{PackageCall, Tool};

/// The rule that matches a call which installs or removes global packages: the plan's tool or its
/// runtime, and the index of the rule.
pub fn package_call(
    index: &Index,
    plan: &Plan,
    program: &str,
    arguments: &[&OsStr],
) -> Option<(&'static Tool, usize)> {
    let is_installed = plan.toolchain.is_some();
    let base = split_version(program).map_or(program, |(base, _)| base);
    let matches = |rule: &PackageCall| {
        (is_installed || rule.system)
            && (rule.program == program || rule.program == base)
            && is_package_call(rule, arguments)
    };
    let runtime = plan.tool.runtime.and_then(|runtime| index.tools.named(runtime));
    let mut tools = [plan.tool].into_iter().chain(runtime);
    tools.find_map(|tool| Some((tool, tool.package_calls.iter().position(matches)?)))
}

fn is_package_call(rule: &PackageCall, arguments: &[&OsStr]) -> bool {
    let own = arguments.split(|argument| *argument == "--").next().unwrap_or_default();
    let after = match rule.after.len() {
        0 => Some(own),
        length => (0..own.len())
            .find(|start| {
                own.get(*start..*start + length).is_some_and(|window| {
                    window.iter().zip(rule.after).all(|(one, word)| is_word(one, word))
                })
            })
            .map(|start| &own[start + length..]),
    };
    after.is_some_and(|rest| {
        let is_verb = |argument: &OsStr| rule.verbs.iter().any(|verb| argument == *verb);
        rest.iter().any(|argument| rule.verbs.is_empty() || is_verb(argument))
    })
}

/// Whether an argument matches a word of a rule; after a slash, by its file name.
fn is_word(argument: &OsStr, word: &str) -> bool {
    match word.strip_prefix('/') {
        Some(name) => Path::new(argument).file_name() == Some(OsStr::new(name)),
        None => argument == word,
    }
}
