//! Bare `use`: the active version of each tool, and what requests it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::Serialize;
use usher_shims::call::Call;
use usher_shims::error::{Error, Result};
use usher_shims::pin::Pin;
use usher_shims::resolve::Selection;
use usher_shims::search::{Finding, Skipped, search};

use crate::cli::output::{self, Report, ReportPath};
use crate::registry::KnownTool;
use crate::releases::updates::is_unknown_word;
use crate::session::Session;
use crate::session::active::{active_selection, store_label, system_version, version_label};

/// The active versions.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct StatusReport {
    rows: Vec<StatusRow>,
    /// The first tool's error; the others still have their rows.
    #[serde(skip)]
    error: Option<Error>,
    /// Files that may be another account's.
    #[serde(skip)]
    skipped: BTreeSet<String>,
}

/// The active version of one tool.
#[derive(Debug, Default, Serialize)]
struct StatusRow {
    tool: &'static str,
    version: Option<String>,
    request: Option<String>,
    requested_by: Option<String>,
    installed: bool,
    store: Option<String>,
    path: Option<ReportPath>,
    /// Whether the request is a word that nothing can match.
    #[serde(skip)]
    is_unknown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs bare `use`.
pub fn run(session: &Session, as_json: bool) -> Result<i32> {
    output::print(&decide(session), as_json, &*session.reporter)
}

fn decide(session: &Session) -> StatusReport {
    let mut report = StatusReport { rows: Vec::new(), error: None, skipped: BTreeSet::new() };
    for known in session.registry.all() {
        report.skipped.extend(untrusted_files(session, known));
        match status(session, known) {
            Ok(row) => report.rows.extend(row),
            Err(error) => {
                report.rows.push(StatusRow {
                    tool: known.tool.name,
                    error: Some(error.what.clone()),
                    ..StatusRow::default()
                });
                report.error.get_or_insert(error);
            }
        }
    }
    report
}

/// The version files that don't count, since they may be another account's.
fn untrusted_files(session: &Session, known: KnownTool<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let Some(call) = Call::for_main_program(known.tool) else { return found };
    // An error is in the tool's row.
    let _ = search(&session.world, &session.index, &call, &mut |finding| {
        if let Finding::Skipped(skipped @ Skipped::Untrusted(_)) = &finding {
            found.push(skipped.to_string());
        }
        ControlFlow::Continue(())
    });
    found
}

/// `None` for a tool that is neither pinned nor installed.
fn status(session: &Session, known: KnownTool<'_>) -> Result<Option<StatusRow>> {
    let selection = active_selection(session, known)?;
    Ok(match selection {
        Selection::Toolchain(toolchain, pin) => Some(StatusRow {
            version: Some(version_label(&toolchain)),
            installed: true,
            store: Some(store_label(&toolchain.store).to_owned()),
            path: Some(ReportPath::new(&toolchain.root)),
            ..StatusRow::requested(known, pin.as_ref())
        }),
        Selection::System(main, pin) => {
            let version = system_version(session, known.tool, &main)?;
            Some(StatusRow {
                version: version.map(|version| version.to_string()),
                installed: true,
                store: Some("system".to_owned()),
                path: Some(ReportPath::new(&main)),
                ..StatusRow::requested(known, pin.as_ref())
            })
        }
        Selection::Missing(missing) => Some(StatusRow {
            is_unknown: missing.pin.requests.iter().all(|one| is_unknown_word(known, one)),
            ..StatusRow::requested(known, Some(&missing.pin))
        }),
        Selection::Nothing(pin) => pin.map(|pin| StatusRow::requested(known, Some(&pin))),
        Selection::Stale => None,
    })
}

impl StatusRow {
    /// A tool that isn't installed, with its request.
    fn requested(known: KnownTool<'_>, pin: Option<&Pin>) -> Self {
        Self {
            tool: known.tool.name,
            request: pin.and_then(Pin::request).map(ToString::to_string),
            requested_by: pin.map(|pin| pin.origin.to_string()),
            ..Self::default()
        }
    }

    fn cells(&self) -> Vec<String> {
        let version = self.version.clone().unwrap_or_else(|| "?".to_owned());
        vec![self.tool.to_owned(), version, self.state(), self.request_text()]
    }

    fn state(&self) -> String {
        match (&self.error, self.installed, self.store.as_deref(), &self.path) {
            (Some(_), ..) => "broken".to_owned(),
            (None, false, ..) if self.is_unknown => {
                format!("no such release: use available {}", self.tool)
            }
            (None, false, ..) => "not installed: use install".to_owned(),
            (None, true, Some("usher"), _) => "installed".to_owned(),
            (None, true, Some("system"), Some(path)) => path.to_string(),
            (None, true, store, _) => format!("from {}", store.unwrap_or("?")),
        }
    }

    fn request_text(&self) -> String {
        match (&self.request, &self.requested_by, &self.error) {
            (_, _, Some(error)) => error.clone(),
            (Some(request), Some(origin), None) => format!("{request} requested by {origin}"),
            _ => "not pinned".to_owned(),
        }
    }
}

impl Report for StatusReport {
    fn text(&self) -> String {
        match self.rows.is_empty() {
            true => "no tool is pinned or installed here: use node@lts\n".to_owned(),
            false => {
                output::align_columns(&self.rows.iter().map(StatusRow::cells).collect::<Vec<_>>())
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        self.skipped.iter().cloned().collect()
    }

    fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn report(world: MemoryWorld) -> StatusReport {
        decide(&session(world))
    }

    #[test]
    fn active_versions_and_their_requests() {
        let report = report(
            MemoryWorld::at("/p")
                .file("/p/.nvmrc", "# ours\nv10")
                .file("/p/.ruby-version", "3.2.0")
                .file("/usher/toolchains/node/10.24.1/bin/node", "")
                .file("/usher/toolchains/python/3.12.1/bin/python", "")
                .file("/sys/bin/java", "")
                .variable("PATH", "/usher/shims:/sys/bin"),
        );
        insta::assert_snapshot!(report.text(), @"
        java    ?        /sys/bin/java               not pinned
        node    10.24.1  installed                   v10 requested by .nvmrc:2
        python  3.12.1   installed                   not pinned
        ruby    ?        not installed: use install  3.2.0 requested by .ruby-version:1
        ");
        assert_eq!(report.exit_code(), 0);
        assert_eq!(
            serde_json::to_value(&report).unwrap()[1],
            json!({
                "tool": "node",
                "version": "10.24.1",
                "request": "v10",
                "requested_by": report.rows[1].requested_by,
                "installed": true,
                "store": "usher",
                "path": "/usher/toolchains/node/10.24.1",
            })
        );
    }

    #[test]
    fn a_broken_pin_is_the_error_and_hides_no_other_tool() {
        let broken =
            MemoryWorld::at("/p").file("/p/.nvmrc", "../x").file("/p/.ruby-version", "3.2");
        let report = report(broken);
        insta::assert_snapshot!(report.text(), @"
        node  ?  broken                      invalid node version “../x” (requested by .nvmrc:1)
        ruby  ?  not installed: use install  3.2 requested by .ruby-version:1
        ");
        assert_eq!(report.exit_code(), 65);
        let rows = serde_json::to_value(&report).unwrap();
        assert_eq!(rows[0]["installed"], json!(false));
        assert_eq!(rows[0]["error"], json!(report.error.unwrap().what));
        assert_eq!(rows[1].get("error"), None);
    }

    #[test]
    fn an_unreadable_pin_is_an_error() {
        let world = MemoryWorld::at("/p").file("/p/.nvmrc", "12").unreadable("/p/.nvmrc");
        let report = report(world);
        assert_eq!(report.exit_code(), 77);
        insta::assert_snapshot!(report.text(), @"node  ?  broken  can't read /p/.nvmrc");
    }

    #[test]
    fn nothing_is_pinned_or_installed() {
        let report = report(MemoryWorld::at("/p"));
        assert_eq!(report.text(), "no tool is pinned or installed here: use node@lts\n");
        assert_eq!(serde_json::to_string(&report).unwrap(), "[]");
    }

    #[test]
    fn a_pinned_system_that_has_no_program_is_not_installed() {
        let report = report(MemoryWorld::at("/p").file("/p/.nvmrc", "system"));
        insta::assert_snapshot!(report.text(), @"node  ?  not installed: use install  system requested by .nvmrc:1");
    }
}
