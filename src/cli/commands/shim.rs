//! `use shim TOOL@REQUEST…`: makes versioned shims, as `node12`. They exist until they are removed
//! with `--remove`, whatever is installed.

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::name::Name;
use usher_shims::pin::Origin;
use usher_shims::request::Request;

use super::get::check_matches;
use super::{ToolArgument, hinting_at, tool_arguments};
use crate::cli::output::{self, Table};
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::ToolRequest;
use crate::session::Session;
use crate::shim_folder::{self, ShimChanges, requested, versioned};

/// The versioned shims that an argument names.
struct VersionedShims<'a> {
    known: KnownTool<'a>,
    request: Request,
    /// The entry that is recorded: `node@12`.
    entry: Name,
    /// The shims: `node12`, `node@12`.
    names: Vec<String>,
}

/// What became of the named shims.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ShimReport {
    /// The shims that were added.
    created: Vec<String>,
    /// The shims that were removed.
    removed: Vec<String>,
    /// The shims that were there already, or stay for an installed version.
    unchanged: Vec<String>,
}

/// What `use shim` added.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ShimAnswer<'a> {
    /// The versioned shims.
    shims: &'a [RequestedShims],
}

/// A recorded request, with its shims.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RequestedShims {
    /// The tool.
    tool: String,
    /// The request.
    request: String,
    /// The names of its shims.
    names: Vec<String>,
}

/// Makes the named shims; without arguments, lists those that were made so.
pub fn run(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    if words.is_empty() {
        return list_versioned_shims(session, as_json);
    }
    let shims = decide(session, words)?;
    let access = folders::write_access(&session.folders)?;
    let requests: Vec<ToolRequest<'_>> = shims.iter().map(VersionedShims::tool_request).collect();
    check_matches(session, &access, &requests).map_err(|error| hinting_at("shim", error))?;
    for one in &shims {
        requested::add_entry(&access, &session.folders, &one.entry)?;
    }
    let changes = shim_folder::refresh(session, &access, &[])?;
    print_report(&ShimReport::of(&shims, &changes), "already there", as_json)
}

/// Removes the named shims. Those that an installed version has of itself stay.
pub fn remove(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    let shims = decide(session, words)?;
    let access = folders::write_access(&session.folders)?;
    for one in &shims {
        if !requested::remove_entry(&access, &session.folders, &one.entry)? {
            // A process that was killed may have removed the entry and left the shims.
            let _ = shim_folder::refresh(session, &access, &[]);
            let what = format!("`use shim` has not made shims for {}", one.entry);
            return Err(Error::new(ErrorKind::Usage, what).hint("use shim"));
        }
    }
    let changes = shim_folder::refresh(session, &access, &[])?;
    print_report(&ShimReport::of(&shims, &changes), "kept for an installed version", as_json)
}

fn decide<'a>(session: &'a Session, words: &[String]) -> Result<Vec<VersionedShims<'a>>> {
    tool_arguments(session, words)?.into_iter().map(versioned_shims).collect()
}

fn versioned_shims(
    ToolArgument { known, request }: ToolArgument<'_>,
) -> Result<VersionedShims<'_>> {
    let tool = known.tool;
    let usage = |what: String| {
        Error::new(ErrorKind::Usage, what).hint(format!("use shim {}@latest", tool.name))
    };
    let Some(request) = request else {
        return Err(usage(format!("which version of {}?", tool.name)));
    };
    let suffix = versioned::request_suffix(&request, known);
    let entry = suffix.as_ref().and_then(|one| Name::parse(&format!("{}@{one}", tool.name)));
    let (Some(suffix), Some(entry)) = (suffix, entry) else {
        return Err(usage(format!("{} {request} can't be part of a shim's name", tool.name)));
    };
    let names = versioned::names_for_suffix(known, &suffix);
    Ok(VersionedShims { known, request, entry, names })
}

impl VersionedShims<'_> {
    fn tool_request(&self) -> ToolRequest<'_> {
        let Self { known, request, .. } = self;
        ToolRequest { known: *known, request, origin: &Origin::CommandLine }
    }
}

impl ShimReport {
    fn of(shims: &[VersionedShims<'_>], changes: &ShimChanges) -> Self {
        let names = || shims.iter().flat_map(|one| &one.names);
        let among = |changed: &[String]| -> Vec<String> {
            names().filter(|name| changed.contains(name)).cloned().collect()
        };
        let is_unchanged =
            |name: &&String| !changes.created.contains(name) && !changes.removed.contains(name);
        Self {
            created: among(&changes.created),
            removed: among(&changes.removed),
            unchanged: names().filter(is_unchanged).cloned().collect(),
        }
    }

    /// The lines for people; `unchanged` describes shims that weren't changed.
    fn text(&self, unchanged: &str) -> Vec<String> {
        let lists =
            [("created", &self.created), ("removed", &self.removed), (unchanged, &self.unchanged)];
        let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
        lists.map(|(word, names)| format!("{word}: {}", names.join(" "))).collect()
    }
}

fn print_report(report: &ShimReport, unchanged: &str, as_json: bool) -> Result<()> {
    match as_json {
        true => output::print_answer(report),
        false => report.text(unchanged).iter().try_for_each(output::print_line),
    }
}

/// Lists what `use shim` made.
fn list_versioned_shims(session: &Session, as_json: bool) -> Result<()> {
    let entries = requested::read_entries(&session.folders)?;
    let shims = entries.iter().filter_map(|entry| requested_shims(session, entry));
    let shims: Vec<RequestedShims> = shims.collect();
    match as_json {
        true => output::print_answer(&ShimAnswer { shims: &shims }),
        false if shims.is_empty() => {
            output::print_line("no versioned shim was added; to add some: use shim node@12")
        }
        false => output::print_text(Table::of_rows(table(&shims))),
    }
}

fn requested_shims(session: &Session, entry: &str) -> Option<RequestedShims> {
    let (tool, request) = entry.split_once('@')?;
    let names = shim_folder::names_of(session, entry);
    Some(RequestedShims { tool: tool.to_owned(), request: request.to_owned(), names })
}

fn table(shims: &[RequestedShims]) -> Vec<Vec<String>> {
    let row = |RequestedShims { tool, request, names }: &RequestedShims| {
        vec![format!("{tool}@{request}"), names.join(" ")]
    };
    shims.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use usher_shims::request::RequestTrust;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn check(words: &str, expected: &str) {
        let session = session(MemoryWorld::at("/p"));
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let decided = decide(&session, &words).map_or_else(
            |error| error.to_string(),
            |shims| {
                let shims =
                    shims.iter().map(|one| format!("{}: {}", one.entry, one.names.join(" ")));
                shims.collect::<Vec<_>>().join("\n")
            },
        );
        assert_eq!(decided, expected, "{words:?}");
    }

    #[test]
    fn a_request_has_shims_of_its_own() {
        check("node@12", "node@12: node12 npm12 npx12 node@12");
        check("node@v12.x node@lts", "node@12: node12 npm12 npx12 node@12\nnode@lts: node@lts");
        check("python@3.7", "python@3.7: python3.7 pip3.7 pydoc3.7 idle3.7 python@3.7");
        let range = "node >=12 can't be part of a shim's name\n  hint: use shim node@latest";
        check("node@>=12", range);
        check("node@12 node", "which version of node?\n  hint: use shim node@latest");
    }

    #[test]
    fn a_report_is_about_the_named_shims_alone() {
        let session = session(MemoryWorld::at("/p"));
        let known = session.registry.named("node").unwrap();
        let shims = VersionedShims {
            known,
            request: Request::parse("12", known.tool, RequestTrust::User).unwrap(),
            entry: Name::parse("node@12").unwrap(),
            names: vec!["node12".to_owned(), "node@12".to_owned()],
        };
        let changes = ShimChanges {
            created: vec!["node12".to_owned(), "npm".to_owned()],
            ..ShimChanges::default()
        };
        let report = ShimReport::of(&[shims], &changes);
        assert_eq!(report.text("already there"), ["created: node12", "already there: node@12"]);
        insta::assert_snapshot!(serde_json::to_string(&report).unwrap(), @r#"{"created":["node12"],"removed":[],"unchanged":["node@12"]}"#);
    }

    #[test]
    fn recorded_requests_are_listed_with_their_shims() {
        let session = session(MemoryWorld::at("/p"));
        let shims: Vec<_> = ["node@12", "odd"]
            .iter()
            .filter_map(|entry| requested_shims(&session, entry))
            .collect();
        assert_eq!(table(&shims), [["node@12", "node12 npm12 npx12 node@12"]]);
        insta::assert_snapshot!(serde_json::to_string(&shims).unwrap(), @r#"[{"tool":"node","request":"12","names":["node12","npm12","npx12","node@12"]}]"#);
    }
}
