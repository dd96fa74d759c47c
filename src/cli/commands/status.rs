//! Bare `use`: the active version of each tool, and what requests it.

use serde::Serialize;
use usher_shims::error::{Error, Result};
use usher_shims::pin::Pin;
use usher_shims::resolve::Selection;

use crate::cli::output::json::{ErrorReport, RequestOrigin};
use crate::cli::output::{self, Report, ReportPath, Table, Text};
use crate::cli::shims::make_missing_shims;
use crate::project::notices::ProjectFindings;
use crate::registry::KnownTool;
use crate::releases::updates::is_unknown_word;
use crate::session::Session;
use crate::session::active::{
    active_selection, is_constraint, shared_owner, store_label, system_version, version_label,
};
use crate::session::reporter::Notice;
use crate::session::retired::RetiredToolchains;

/// The active versions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct StatusReport {
    /// The active versions.
    #[serde(rename = "tools")]
    rows: Vec<StatusRow>,
    /// The first tool's error; the others still have their rows.
    #[serde(skip)]
    error: Option<Error>,
    /// Whether there are rows of tools that nothing requests here.
    #[serde(skip)]
    has_others: bool,
    /// What decides nothing, and why.
    #[serde(skip)]
    notes: Vec<Notice>,
}

/// The active version of one tool.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StatusRow {
    /// The tool.
    tool: &'static str,
    /// The active version; `null` if it isn't installed, or is the system's and unknown.
    version: Option<String>,
    /// The request; `null` if the tool isn't pinned.
    request: Option<String>,
    /// Where the request is written.
    requested_by: Option<RequestOrigin>,
    /// Whether a version that matches is installed.
    installed: bool,
    /// Whether the request only limits the versions.
    #[serde(skip)]
    is_constraint: bool,
    /// The version's store.
    store: Option<String>,
    /// Whose the version is, if it is in a shared store.
    #[serde(skip)]
    shared_owner: &'static str,
    /// The version's folder; `null` for the system's version, which has none.
    path: Option<ReportPath>,
    /// The path of its main program.
    main_program: Option<ReportPath>,
    /// Whether the request is a word that nothing can match.
    #[serde(skip)]
    is_unknown: bool,
    /// The day from which on the machine may remove the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<String>,
    /// Why the request can't be used. The first of these is the command's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorReport>,
}

/// Runs bare `use`; with `all`, and for programs, also for tools that nothing requests here. Shims
/// that the project's pins need are made if they are missing.
pub fn run(session: &mut Session, all: bool, as_json: bool) -> Result<i32> {
    let code = output::print(&decide(session, all || as_json), as_json, &*session.reporter);
    make_missing_shims(session);
    code
}

fn decide(session: &Session, all: bool) -> StatusReport {
    let findings = ProjectFindings::of(session);
    let notes = [findings.overridden(), findings.unusable(), findings.unknown_tools()].concat();
    let mut report = StatusReport { rows: Vec::new(), error: None, has_others: false, notes };
    let retired = RetiredToolchains::read(session);
    for known in session.registry.all() {
        match status(session, known, &retired) {
            Ok(Some(row)) if all || row.request.is_some() => report.rows.push(row),
            Ok(row) => report.has_others |= row.is_some(),
            Err(error) => {
                report.rows.push(StatusRow {
                    tool: known.tool.name,
                    error: Some(ErrorReport::of(&error)),
                    ..StatusRow::default()
                });
                report.error.get_or_insert(error);
            }
        }
    }
    report
}

/// `None` for a tool that is neither pinned nor installed.
fn status(
    session: &Session,
    known: KnownTool<'_>,
    retired: &RetiredToolchains,
) -> Result<Option<StatusRow>> {
    let selection = active_selection(session, known)?;
    let is_constraint = match selection.origin() {
        Some(origin) => is_constraint(session, known, origin)?,
        None => false,
    };
    let requested =
        |pin: Option<&Pin>| StatusRow { is_constraint, ..StatusRow::requested(known, pin) };
    Ok(match selection {
        Selection::Toolchain(toolchain, pin) => Some(StatusRow {
            version: Some(version_label(&toolchain)),
            installed: true,
            store: Some(store_label(&toolchain.store).to_owned()),
            shared_owner: shared_owner(session, &toolchain.root),
            path: Some(ReportPath::new(&toolchain.root)),
            main_program: Some(ReportPath::new(toolchain.program(known.tool.main_program()))),
            retired: retired.date_of(session, known.tool, &toolchain).map(|date| date.to_string()),
            ..requested(pin.as_ref())
        }),
        Selection::System(main, pin) => {
            let version = system_version(session, known.tool, &main)?;
            Some(StatusRow {
                version: version.map(|version| version.to_string()),
                installed: true,
                store: Some("system".to_owned()),
                main_program: Some(ReportPath::new(&main)),
                ..requested(pin.as_ref())
            })
        }
        Selection::Missing(missing) => Some(StatusRow {
            is_unknown: missing.pin.requests.iter().all(|one| is_unknown_word(known, one)),
            ..requested(Some(&missing.pin))
        }),
        Selection::Nothing(pin) => pin.map(|pin| requested(Some(&pin))),
        Selection::Stale => None,
    })
}

impl StatusRow {
    /// A tool that isn't installed, with its request.
    fn requested(known: KnownTool<'_>, pin: Option<&Pin>) -> Self {
        Self {
            tool: known.tool.name,
            request: pin.and_then(Pin::request).map(ToString::to_string),
            requested_by: pin.map(|pin| RequestOrigin::of(&pin.origin)),
            ..Self::default()
        }
    }

    fn cells(&self) -> Vec<String> {
        let version = self.version.clone().unwrap_or_else(|| "?".to_owned());
        vec![self.tool.to_owned(), version, self.state(), self.request_text()]
    }

    fn state(&self) -> String {
        match (&self.error, self.installed, self.store.as_deref(), &self.main_program) {
            (Some(_), ..) => "broken".to_owned(),
            (None, false, ..) if self.is_unknown => {
                format!("no such release: use available {}", self.tool)
            }
            (None, false, ..) => "not installed: use install".to_owned(),
            (None, true, ..) if self.retired.is_some() => {
                format!("retired: {}", self.retired.as_deref().unwrap_or_default())
            }
            (None, true, Some("usher"), _) => "installed".to_owned(),
            (None, true, Some("system"), Some(path)) => path.to_string(),
            (None, true, Some("shared"), _) => self.shared_owner.to_owned(),
            (None, true, store, _) => format!("from {}", store.unwrap_or("?")),
        }
    }

    fn request_text(&self) -> String {
        match (&self.request, &self.requested_by, &self.error) {
            (_, _, Some(error)) => error.what.clone(),
            (Some(request), Some(origin), None) if self.is_constraint && self.installed => {
                format!("satisfies {request} in {origin}")
            }
            (Some(request), Some(origin), None) => format!("{request} requested by {origin}"),
            _ => "not pinned".to_owned(),
        }
    }
}

impl Report for StatusReport {
    fn text(&self) -> Text {
        match (self.rows.is_empty(), self.has_others) {
            (true, true) => "no tool is pinned here: use --all".into(),
            (true, false) => "no tool is pinned or installed here: use node@lts".into(),
            (false, _) => Table::of_rows(self.rows.iter().map(StatusRow::cells)).into(),
        }
    }

    fn notes(&self) -> Vec<Notice> {
        self.notes.clone()
    }

    fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::index::AdoptedStore;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::{session, session_with_system};

    fn report(world: MemoryWorld) -> StatusReport {
        decide(&session(world), true)
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
            serde_json::to_value(&report).unwrap()["tools"][1],
            json!({
                "tool": "node",
                "version": "10.24.1",
                "request": "v10",
                "requested_by": report.rows[1].requested_by,
                "installed": true,
                "store": "usher",
                "path": "/usher/toolchains/node/10.24.1",
                "main_program": "/usher/toolchains/node/10.24.1/bin/node",
            })
        );
    }

    #[test]
    fn only_what_is_requested_here_is_listed() {
        let world = MemoryWorld::at("/p")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
            .file("/usher/toolchains/python/3.12.1/bin/python", "");
        let text = |world: &MemoryWorld| decide(&session(world.clone()), false).text();
        assert_eq!(text(&world), "no tool is pinned here: use --all\n");
        let engines = world
            .file("/p/package.json", r#"{"engines":{"node":">=12"}}"#)
            .file("/usher/config/tool-versions", "ruby 3.4\n");
        insta::assert_snapshot!(text(&engines), @"
        node  12.22.12  installed                   satisfies >=12 in package.json (engines.node)
        ruby  ?         not installed: use install  3.4 requested by your default, /usher/config/tool-versions:1
        ");
    }

    #[test]
    fn a_constraint_that_the_systems_version_satisfies_is_named() {
        let world = MemoryWorld::at("/p").file("/p/package.json", r#"{"engines":{"node":">=18"}}"#);
        let session = session_with_system(world, "node", "20.2.0");
        insta::assert_snapshot!(decide(&session, false).text(), @"node  20.2.0  /sys/bin/node  satisfies >=18 in package.json (engines.node)");
    }

    #[test]
    fn the_version_behind_a_link_is_known() {
        let world = MemoryWorld::at("/p")
            .file("/home/u/.sdkman/candidates/java/21.0.5-tem/bin/java", "")
            .link("/sys/bin/java", "/home/u/.sdkman/candidates/java/21.0.5-tem/bin/java")
            .variable("PATH", "/usher/shims:/sys/bin");
        let mut session = session(world);
        session.index.adopted_stores.push(AdoptedStore {
            tool: "java".to_owned(),
            manager: "SDKMAN".to_owned(),
            folder: "/home/u/.sdkman/candidates/java".into(),
            prefix: String::new(),
            version_ends_at: String::new(),
            subdir: String::new(),
        });
        let text = decide(&session, true).text().to_string();
        assert!(text.contains("21.0.5"), "{text}");
    }

    #[test]
    fn files_that_decide_nothing_are_notes() {
        let notes = |world: MemoryWorld| {
            let notes = decide(&session(world), false).notes();
            notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let world = || MemoryWorld::at("/p").file("/usher/toolchains/node/12.22.12/bin/node", "");
        insta::assert_snapshot!(
            notes(
                world()
                    .file("/p/package.json", "{\"volta\": {")
                    .file("/p/pyproject.toml", "[project\n")
                    .file("/p/Gemfile", b"ruby '3.1'\n\xff\n".to_vec())
                    .file("/p/.env", "NODE_VERSION=18-alpine\nPHP_VERSION=8.1-fpm-alpine\n")
                    .file("/p/composer.json", "{}")
            ),
            @"
        ignored: can't parse package.json: EOF while parsing an object at line 1 column 11
        ignored: invalid node version “18-alpine” (requested by .env:1): expected a version, a range or an alias
        ignored: invalid php version “8.1-fpm-alpine” (requested by .env:2): expected a version, a range or an alias
        ignored: can't parse Gemfile: line 2 is not UTF-8
        ignored: can't parse pyproject.toml: line 1: unclosed table
        ");
        insta::assert_snapshot!(
            notes(
                world()
                    .file("/p/.tool-versions", "terraform 1.5.7 # ours\nnodejs 12\nkubectl 1.30\n")
                    .file("/p/mise.toml", "[tools]\nnode = '12'\n'npm:prettier' = '3'\n")
                    .file("/p/.prototools", "moon = '1.2'\nnode = '12'\n[settings]\nx = 'y'\n")
                    .file("/p/.sdkmanrc", "java=21-tem\ngradle=8.5\n")
            ),
            @"
        .tool-versions names unknown tools: terraform, kubectl
        mise.toml names an unknown tool: npm:prettier
        .prototools names an unknown tool: moon
        .sdkmanrc names an unknown tool: gradle
        ");
        let overridden = world().file("/p/.nvmrc", "10");
        insta::assert_snapshot!(notes(overridden.clone().variable("NODE_VERSION", "12")), @"
        NODE_VERSION overrides .nvmrc:1
          hint: unset NODE_VERSION
        ");
        assert_eq!(notes(overridden.variable("NODE_VERSION", "10")), "");
    }

    #[test]
    fn a_document_for_versions_that_cannot_be_parsed_is_an_error() {
        let world = MemoryWorld::at("/p").file("/p/mise.toml", "[tools\nnode = '12'\n");
        let report = report(world);
        assert_eq!(report.exit_code(), 65);
        assert_eq!(report.notes().len(), 0, "{:?}", report.notes());
        insta::assert_snapshot!(report.text(), @"node  ?  broken  can't parse mise.toml");
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
        let rows = &serde_json::to_value(&report).unwrap()["tools"];
        assert_eq!(rows[0]["installed"], json!(false));
        assert_eq!(rows[0]["error"], json!(ErrorReport::of(&report.error.unwrap())));
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
        assert_eq!(serde_json::to_string(&report).unwrap(), r#"{"tools":[]}"#);
    }

    #[test]
    fn a_pinned_system_that_has_no_program_is_not_installed() {
        let report = report(MemoryWorld::at("/p").file("/p/.nvmrc", "system"));
        insta::assert_snapshot!(report.text(), @"node  ?  not installed: use install  system requested by .nvmrc:1");
    }
}
