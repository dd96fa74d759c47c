//! Bare `use`: what this project pins, and the version that runs for it.
//!
//! Defaults, constraints and tools that nothing requests are counted; `--all` lists them.

use serde::Serialize;
use usher_shims::error::{Error, Escaped, Result};
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::RequestKind;
use usher_shims::resolve::Selection;

use super::count_of;
use crate::cli::commands::outdated::ToolFilter;
use crate::cli::hidden_shims;
use crate::cli::output::json::{ErrorReport, RequestOrigin};
use crate::cli::output::{self, Line, Meaning, Report, ReportPath, Table, Text};
use crate::cli::shims::make_missing_shims;
use crate::project::notices::ProjectFindings;
use crate::registry::KnownTool;
use crate::releases::ToolRequest;
use crate::releases::updates::{is_unknown_word, unknown_word_error};
use crate::session::Session;
use crate::session::active::{
    active_selection, is_constraint, store_label, system_version, version_label,
};
use crate::session::reporter::Notice;
use crate::session::retired::RetiredToolchains;
use crate::session::short_paths::ShortPaths;

/// The active versions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct StatusReport {
    /// The active versions.
    #[serde(rename = "tools")]
    rows: Vec<StatusRow>,
    /// A tool's error each; the first is the command's.
    #[serde(skip)]
    errors: Vec<Error>,
    /// How many tools have a version here that nothing requests, and no row.
    #[serde(skip)]
    hidden: usize,
    /// The tools without a row whose version a constraint or a default decides.
    #[serde(skip)]
    decided: Vec<String>,
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
    /// The version that a lockfile says it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<String>,
    /// Whether a version that matches is installed.
    installed: bool,
    /// What kind of request selects the version.
    #[serde(skip)]
    requested: Requested,
    /// Where the request is written, as people read it.
    #[serde(skip)]
    written_in: String,
    /// Whether `use install` can install what is missing.
    #[serde(skip)]
    is_installable: bool,
    /// The version's store.
    store: Option<String>,
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

/// What kind of request selects a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Requested {
    /// None.
    #[default]
    Not,
    /// A pin of this project, or of a variable.
    Here,
    /// A constraint, such as `engines`.
    Constraint,
    /// A default: the account's, its groups', the machine's.
    Default,
}

/// Runs bare `use` and `use current`; programs also read of tools that this project doesn't pin. Shims
/// that the project's pins need are made if they are missing.
pub fn run(session: &mut Session, filter: &ToolFilter<'_>, as_json: bool) -> Result<i32> {
    let mut report = match filter {
        ToolFilter::Pinned => decide(session, as_json),
        ToolFilter::All => decide(session, true),
        ToolFilter::Named(names) => {
            let tools = names.iter().map(|name| session.registry.named(name));
            decide_on(session, true, tools.collect::<Result<Vec<_>>>()?)
        }
    };
    report.notes.extend(report.hidden_shims(session));
    let code = output::print(&report, as_json, &*session.reporter);
    make_missing_shims(session);
    code
}

fn decide(session: &Session, all: bool) -> StatusReport {
    decide_on(session, all, session.registry.all())
}

fn decide_on<'a>(
    session: &'a Session,
    all: bool,
    tools: impl IntoIterator<Item = KnownTool<'a>>,
) -> StatusReport {
    let findings = ProjectFindings::of(session);
    let paths = ShortPaths::of(session);
    let mut notes = [findings.overridden(), findings.unusable(), findings.unlocked()].concat();
    notes.extend(findings.unknown_tools());
    let mut report = StatusReport {
        rows: Vec::new(),
        errors: Vec::new(),
        hidden: 0,
        decided: Vec::new(),
        notes,
    };
    let retired = RetiredToolchains::read(session);
    for known in tools {
        let (row, error) = match status(session, known, &retired, &paths) {
            Ok((row, error)) => (row, error),
            Err(error) => {
                let written_in = findings.broken_place(known, &paths).unwrap_or_default();
                let row = StatusRow { tool: known.tool.name, written_in, ..StatusRow::default() };
                (Some(row), Some(error))
            }
        };
        let Some(row) = row else { continue };
        if !all && error.is_none() && row.requested != Requested::Here {
            match row.requested {
                Requested::Constraint | Requested::Default => report.decided.push(row.name()),
                Requested::Not | Requested::Here => report.hidden += 1,
            }
            continue;
        }
        let reported = error.as_ref().map(ErrorReport::of);
        report.rows.push(StatusRow { error: reported, ..row });
        report.errors.extend(error);
    }
    report
}

/// A tool's row, and the error of a request that nothing can match; no row for a tool that is neither
/// requested nor installed.
fn status(
    session: &Session,
    known: KnownTool<'_>,
    retired: &RetiredToolchains,
    paths: &ShortPaths,
) -> Result<(Option<StatusRow>, Option<Error>)> {
    let selection = active_selection(session, known)?;
    let requested = |pin: Option<&Pin>| StatusRow::requested(session, known, pin, paths);
    let mut unknown = None;
    let row = match selection {
        Selection::Toolchain(toolchain, pin) => Some(StatusRow {
            version: Some(version_label(&toolchain)),
            installed: true,
            store: Some(store_label(&toolchain.store).to_owned()),
            path: Some(ReportPath::new(&toolchain.root)),
            main_program: Some(ReportPath::new(toolchain.program(known.tool.main_program()))),
            retired: retired.date_of(session, known.tool, &toolchain).map(|date| date.to_string()),
            ..requested(pin.as_ref())?
        }),
        Selection::System(main, pin) => {
            let version = system_version(session, known.tool, &main)?;
            Some(StatusRow {
                version: version.map(|version| version.to_string()),
                installed: true,
                store: Some("system".to_owned()),
                main_program: Some(ReportPath::new(&main)),
                ..requested(pin.as_ref())?
            })
        }
        Selection::Missing(missing) => {
            unknown = unknown_word(known, &missing.pin);
            let row = requested(Some(&missing.pin))?;
            Some(StatusRow { is_unknown: unknown.is_some(), ..row })
        }
        Selection::Nothing(pin) => pin.map(|pin| requested(Some(&pin))).transpose()?,
        Selection::Stale => None,
    };
    Ok((row, unknown))
}

/// The error of a pin that consists of words that nothing can match.
fn unknown_word(known: KnownTool<'_>, pin: &Pin) -> Option<Error> {
    let request = pin.request()?;
    let is_unknown = pin.requests.iter().all(|one| is_unknown_word(known, one));
    let origin = &pin.origin;
    is_unknown.then(|| unknown_word_error(&ToolRequest { known, request, origin }))
}

impl StatusRow {
    /// A tool that isn't installed, with its request.
    fn requested(
        session: &Session,
        known: KnownTool<'_>,
        pin: Option<&Pin>,
        paths: &ShortPaths,
    ) -> Result<Self> {
        let row = Self { tool: known.tool.name, ..Self::default() };
        let Some(pin) = pin else { return Ok(row) };
        let requested = match &pin.origin {
            // A lockfile makes a constraint a pin.
            origin if origin.locked().is_none() && is_constraint(session, known, origin)? => {
                Requested::Constraint
            }
            Origin::Default(_) | Origin::Account(_) | Origin::Group(_) | Origin::Machine(_) => {
                Requested::Default
            }
            Origin::Argument
            | Origin::Name(_)
            | Origin::Variable(_)
            | Origin::File(_)
            | Origin::CommandLine => Requested::Here,
        };
        let written = pin.origin.locked().map(|entry| Escaped(&entry.request).to_string());
        let is_systems = pin.request().is_some_and(|one| *one.kind() == RequestKind::System);
        Ok(Self {
            request: written.or_else(|| pin.request().map(ToString::to_string)),
            locked: pin.origin.locked().and(pin.request()).map(ToString::to_string),
            requested_by: Some(RequestOrigin::of(&pin.origin)),
            requested,
            written_in: paths.origin(&pin.origin),
            is_installable: requested == Requested::Here && !is_systems,
            ..row
        })
    }

    /// The tool with its version: `node 22.3.0`, `ruby 3.4 (not installed)`.
    fn name(&self) -> String {
        match (&self.version, self.wanted()) {
            (Some(version), _) => format!("{} {version}", self.tool),
            (None, Some(request)) if !self.installed => {
                format!("{} {request} (not installed)", self.tool)
            }
            (None, _) => self.tool.to_owned(),
        }
    }

    /// What should be installed: the locked version, else the request.
    fn wanted(&self) -> Option<&str> {
        self.locked.as_deref().or(self.request.as_deref())
    }

    fn cells(&self) -> [Line; 4] {
        let cells = [self.tool.into(), self.version_cell(), self.state(), self.request_cell()];
        match self.requested {
            Requested::Not if self.error.is_none() => {
                cells.map(|cell| cell.with_meaning(Meaning::Muted))
            }
            Requested::Not | Requested::Here | Requested::Constraint | Requested::Default => cells,
        }
    }

    /// The active version, or the request that isn't met.
    fn version_cell(&self) -> Line {
        match (&self.version, self.wanted()) {
            (Some(version), _) => Line::of(Meaning::Active, version),
            (None, Some(request)) if !self.installed => request.into(),
            (None, _) => "?".into(),
        }
    }

    fn state(&self) -> Line {
        match (&self.error, &self.retired, self.store.as_deref()) {
            (Some(_), ..) if self.is_unknown => Line::of(Meaning::Error, "no such release"),
            (Some(_), ..) => Line::of(Meaning::Error, "broken"),
            (None, ..) if !self.installed => Line::of(Meaning::Warning, "not installed"),
            (None, Some(date), _) => Line::of(Meaning::Warning, format!("retired: {date}")),
            (None, None, Some("usher") | None) => "installed".into(),
            (None, None, Some(store)) => store.into(),
        }
    }

    fn request_cell(&self) -> Line {
        let written_in = &self.written_in;
        match &self.request {
            Some(request) if self.requested == Requested::Constraint && self.installed => {
                format!("satisfies {request} in {written_in}").into()
            }
            Some(request) => format!("{request} in {written_in}").into(),
            None if self.error.is_some() => written_in.into(),
            None => "not pinned".into(),
        }
    }
}

impl StatusReport {
    /// The warning about programs that run in place of the shims of what is pinned here.
    fn hidden_shims(&self, session: &Session) -> Option<Notice> {
        let pinned = self.rows.iter().filter(|row| row.requested == Requested::Here);
        let known = pinned.filter_map(|row| session.registry.named(row.tool).ok());
        hidden_shims::warning(session, known.map(|known| known.tool.main_program()))
    }
}

impl Report for StatusReport {
    fn text(&self) -> Text {
        let mut text = Text::new();
        let command = |what: &str, hint: &str| Line::from(what).and(Meaning::Hint, hint);
        if self.rows.is_empty() && self.decided.is_empty() {
            text.line(command("no tool is pinned here; to pin one: ", "use node@lts"));
        } else if self.rows.is_empty() {
            // A pin against the constraint would be no help.
            text.line("no tool is pinned here");
        } else {
            let mut table = Table::with_headings(["TOOL", "VERSION", "STATE", "REQUESTED BY"]);
            self.rows.iter().for_each(|row| table.row(row.cells()));
            text.table(table);
        }
        let is_missing =
            |row: &StatusRow| row.is_installable && !row.installed && row.error.is_none();
        if self.rows.iter().any(is_missing) {
            text.line(command("to install what is missing: ", "use install"));
        }
        let mut muted = |line: String| text.line(Line::of(Meaning::Muted, line));
        if !self.decided.is_empty() {
            muted(format!("by a constraint or a default: {}", self.decided.join(", ")));
        }
        match (self.hidden, self.decided.is_empty()) {
            (0, true) => {}
            (0, false) => muted("where that is written: use --all".to_owned()),
            (count, _) => muted(format!("{}: use --all", count_of(count, "more tool"))),
        }
        text
    }

    fn notes(&self) -> Vec<Notice> {
        let others = self.errors.iter().skip(1);
        let others = others.map(|error| Notice::warning(error.to_string()));
        self.notes.iter().cloned().chain(others).collect()
    }

    fn error(&self) -> Option<&Error> {
        self.errors.first()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::index::AdoptedStore;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::cli::output::at_widths;
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
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60, 80, 120
        TOOL    VERSION  STATE          REQUESTED BY
        java    ?        system         not pinned
        node    10.24.1  installed      v10 in .nvmrc:2
        python  3.12.1   installed      not pinned
        ruby    3.2.0    not installed  3.2.0 in .ruby-version:1
        to install what is missing: use install
        --- colours
        <heading>TOOL</>    <heading>VERSION</>  <heading>STATE</>          <heading>REQUESTED BY</>
        <muted>java</>    <muted>?</>        <muted>system</>         <muted>not pinned</>
        node    <active>10.24.1</>  installed      v10 in .nvmrc:2
        <muted>python</>  <muted>3.12.1</>   <muted>installed</>      <muted>not pinned</>
        ruby    3.2.0    <warning>not installed</>  3.2.0 in .ruby-version:1
        to install what is missing: <hint>use install</>
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
        let report = |all| {
            let world = world.clone().file("/p/.ruby-version", "3.2.0\n");
            let engines = r#"{"engines":{"node":">=12"}}"#;
            let world = world.file("/p/package.json", engines);
            let world = world.file("/usher/config/tool-versions", "php 8.4\n");
            decide(&session(world), all).text()
        };
        insta::assert_snapshot!(at_widths(&report(false)), @"
        --- 60
        TOOL  VERSION  STATE          REQUESTED BY
        ruby  3.2.0    not installed  3.2.0 in .ruby-version:1
        to install what is missing: use install
        by a constraint or a default: node 12.22.12, php 8.4 (not
          installed)
        1 more tool: use --all
        --- 80, 120
        TOOL  VERSION  STATE          REQUESTED BY
        ruby  3.2.0    not installed  3.2.0 in .ruby-version:1
        to install what is missing: use install
        by a constraint or a default: node 12.22.12, php 8.4 (not installed)
        1 more tool: use --all
        --- colours
        <heading>TOOL</>  <heading>VERSION</>  <heading>STATE</>          <heading>REQUESTED BY</>
        ruby  3.2.0    <warning>not installed</>  3.2.0 in .ruby-version:1
        to install what is missing: <hint>use install</>
        <muted>by a constraint or a default: node 12.22.12, php 8.4 (not installed)</>
        <muted>1 more tool: use --all</>
        ");
        insta::assert_snapshot!(at_widths(&report(true)), @"
        --- 60
        TOOL    VERSION   STATE          REQUESTED BY
        node    12.22.12  installed      satisfies >=12 in
                                         package.json (engines.node)
        php     8.4       not installed  8.4 in your default
        python  3.12.1    installed      not pinned
        ruby    3.2.0     not installed  3.2.0 in .ruby-version:1
        to install what is missing: use install
        --- 80, 120
        TOOL    VERSION   STATE          REQUESTED BY
        node    12.22.12  installed      satisfies >=12 in package.json (engines.node)
        php     8.4       not installed  8.4 in your default
        python  3.12.1    installed      not pinned
        ruby    3.2.0     not installed  3.2.0 in .ruby-version:1
        to install what is missing: use install
        --- colours
        <heading>TOOL</>    <heading>VERSION</>   <heading>STATE</>          <heading>REQUESTED BY</>
        node    <active>12.22.12</>  installed      satisfies >=12 in package.json (engines.node)
        php     8.4       <warning>not installed</>  8.4 in your default
        <muted>python</>  <muted>3.12.1</>    <muted>installed</>      <muted>not pinned</>
        ruby    3.2.0     <warning>not installed</>  3.2.0 in .ruby-version:1
        to install what is missing: <hint>use install</>
        ");
        let nothing = decide(&session(world), false).text();
        insta::assert_snapshot!(at_widths(&nothing), @"
        --- 60, 80, 120
        no tool is pinned here; to pin one: use node@lts
        2 more tools: use --all
        --- colours
        no tool is pinned here; to pin one: <hint>use node@lts</>
        <muted>2 more tools: use --all</>
        ");
    }

    #[test]
    fn the_state_names_the_store() {
        let world = MemoryWorld::at("/home/u/app/web")
            .file("/home/u/app/.tool-versions", "nodejs 12\npython system\nruby 3.2\ngo 1.24\n")
            .file("/home/u/.nvm/versions/node/v12.22.12/bin/node", "")
            .file("/usher/toolchains/ruby/3.2.1/bin/ruby", "")
            .file("/machine/toolchains/go/1.24.1/bin/go", "");
        let mut session = session_with_system(world, "python", "3.11.2");
        session.index.adopted_stores.push(adopted(
            "node",
            "nvm",
            "/home/u/.nvm/versions/node",
            "v",
        ));
        session.index.shared_stores.push("/machine/toolchains".into());
        insta::assert_snapshot!(at_widths(&decide(&session, false).text()), @"
        --- 60
        TOOL    VERSION   STATE      REQUESTED BY
        go      1.24.1    shared     1.24 in ~/app/.tool-versions:4
        node    12.22.12  nvm        12 in ~/app/.tool-versions:1
        python  3.11.2    system     system in
                                     ~/app/.tool-versions:2
        ruby    3.2.1     installed  3.2 in ~/app/.tool-versions:3
        --- 80, 120
        TOOL    VERSION   STATE      REQUESTED BY
        go      1.24.1    shared     1.24 in ~/app/.tool-versions:4
        node    12.22.12  nvm        12 in ~/app/.tool-versions:1
        python  3.11.2    system     system in ~/app/.tool-versions:2
        ruby    3.2.1     installed  3.2 in ~/app/.tool-versions:3
        --- colours
        <heading>TOOL</>    <heading>VERSION</>   <heading>STATE</>      <heading>REQUESTED BY</>
        go      <active>1.24.1</>    shared     1.24 in ~/app/.tool-versions:4
        node    <active>12.22.12</>  nvm        12 in ~/app/.tool-versions:1
        python  <active>3.11.2</>    system     system in ~/app/.tool-versions:2
        ruby    <active>3.2.1</>     installed  3.2 in ~/app/.tool-versions:3
        ");
    }

    fn adopted(tool: &str, manager: &str, folder: &str, prefix: &str) -> AdoptedStore {
        AdoptedStore {
            tool: tool.to_owned(),
            manager: manager.to_owned(),
            folder: folder.into(),
            prefix: prefix.to_owned(),
            version_ends_at: String::new(),
            subdir: String::new(),
        }
    }

    #[test]
    fn a_word_that_nothing_matches_is_the_error() {
        let world = MemoryWorld::at("/p")
            .file("/p/.nvmrc", "lts/hydorgen")
            .file("/p/.python-version", "pypi3.10")
            .file("/p/.ruby-version", "3.2");
        let report = report(world);
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60
        TOOL    VERSION       STATE            REQUESTED BY
        node    lts/hydorgen  no such release  lts/hydorgen in
                                               .nvmrc:1
        python  pypi3.10      not installed    pypi3.10 in
                                               .python-version:1
        ruby    3.2           not installed    3.2 in
                                               .ruby-version:1
        to install what is missing: use install
        --- 80, 120
        TOOL    VERSION       STATE            REQUESTED BY
        node    lts/hydorgen  no such release  lts/hydorgen in .nvmrc:1
        python  pypi3.10      not installed    pypi3.10 in .python-version:1
        ruby    3.2           not installed    3.2 in .ruby-version:1
        to install what is missing: use install
        --- colours
        <heading>TOOL</>    <heading>VERSION</>       <heading>STATE</>            <heading>REQUESTED BY</>
        node    lts/hydorgen  <error>no such release</>  lts/hydorgen in .nvmrc:1
        python  pypi3.10      <warning>not installed</>    pypi3.10 in .python-version:1
        ruby    3.2           <warning>not installed</>    3.2 in .ruby-version:1
        to install what is missing: <hint>use install</>
        ");
        assert_eq!(report.exit_code(), 127);
        insta::assert_snapshot!(report.error().unwrap(), @"
        no node release matches lts/hydorgen (requested by .nvmrc:1)
          nearest: lts/hydrogen
          hint: use node@lts/hydrogen
        ");
        let row = &serde_json::to_value(&report).unwrap()["tools"][0];
        assert_eq!(row["error"], json!(ErrorReport::of(&report.errors[0])));
        assert_eq!(row["request"], json!("lts/hydorgen"));
    }

    #[test]
    fn a_constraint_that_the_systems_version_satisfies_is_named() {
        let world = MemoryWorld::at("/p").file("/p/package.json", r#"{"engines":{"node":">=18"}}"#);
        let session = session_with_system(world, "node", "20.2.0");
        insta::assert_snapshot!(decide(&session, true).text(), @"
        TOOL  VERSION  STATE   REQUESTED BY
        node  20.2.0   system  satisfies >=18 in package.json (engines.node)
        ");
        let text = decide(&session, false).text().to_string();
        let named = "by a constraint or a default: node 20.2.0\nwhere that is written: use --all\n";
        assert!(text.ends_with(named), "{text}");
    }

    #[test]
    fn the_version_behind_a_link_is_known() {
        let world = MemoryWorld::at("/p")
            .file("/home/u/.sdkman/candidates/java/21.0.5-tem/bin/java", "")
            .link("/sys/bin/java", "/home/u/.sdkman/candidates/java/21.0.5-tem/bin/java")
            .variable("PATH", "/usher/shims:/sys/bin");
        let mut session = session(world);
        let folder = "/home/u/.sdkman/candidates/java";
        session.index.adopted_stores.push(adopted("java", "SDKMAN", folder, ""));
        let text = decide(&session, true).text().to_string();
        assert!(text.contains("21.0.5"), "{text}");
    }

    #[test]
    fn files_that_decide_nothing_are_warnings_and_unknown_tools_a_note() {
        let notes = |world: MemoryWorld| {
            let notes = decide(&session(world), false).notes().into_iter();
            notes.map(|one| format!("{:?}: {one}", one.severity)).collect::<Vec<_>>().join("\n")
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
        Warning: ignored: can't parse package.json: EOF while parsing an object at line 1 column 11
        Warning: ignored: invalid node version “18-alpine” (requested by .env:1): expected a version, a range or an alias
        Warning: ignored: invalid php version “8.1-fpm-alpine” (requested by .env:2): expected a version, a range or an alias
        Warning: ignored: can't parse Gemfile: line 2 is not UTF-8
        Warning: ignored: can't parse pyproject.toml: line 1: unclosed table
        ");
        insta::assert_snapshot!(
            notes(
                world()
                    .file("/p/.tool-versions", "terraform 1.5.7 # ours\nnodejs 12\nkubectl 1.30\n")
                    .file("/p/mise.toml", "[tools]\nnode = '12'\n'npm:prettier' = '3'\n")
                    .file("/p/.prototools", "moon = '1.2'\nnode = '12'\n[settings]\nx = 'y'\n")
                    .file("/p/.sdkmanrc", "java=21-tem\ngradle=8.5\n")
            ),
            @"Note: unknown tools: terraform, kubectl (.tool-versions), npm:prettier (mise.toml), moon (.prototools), gradle (.sdkmanrc)");
        let overridden = world().file("/p/.nvmrc", "10");
        insta::assert_snapshot!(notes(overridden.clone().variable("NODE_VERSION", "12")), @"
        Warning: NODE_VERSION overrides .nvmrc:1
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
        insta::assert_snapshot!(report.text(), @"
        TOOL  VERSION  STATE   REQUESTED BY
        node  ?        broken  mise.toml
        ");
    }

    #[test]
    fn a_broken_pin_is_the_error_and_hides_no_other_tool() {
        let broken =
            MemoryWorld::at("/p").file("/p/.nvmrc", "../x").file("/p/.ruby-version", "3.2");
        let report = report(broken);
        insta::assert_snapshot!(report.text(), @"
        TOOL  VERSION  STATE          REQUESTED BY
        node  ?        broken         .nvmrc:1
        ruby  3.2      not installed  3.2 in .ruby-version:1
        to install what is missing: use install
        ");
        assert_eq!(report.exit_code(), 65);
        assert_eq!(report.notes().len(), 0, "{:?}", report.notes());
        let rows = &serde_json::to_value(&report).unwrap()["tools"];
        assert_eq!(rows[0]["installed"], json!(false));
        assert_eq!(rows[0]["error"], json!(ErrorReport::of(&report.errors[0])));
        assert_eq!(rows[1].get("error"), None);
    }

    #[test]
    fn every_error_is_printed_in_full() {
        let world = MemoryWorld::at("/p").file("/p/.nvmrc", "../x").file("/p/.ruby-version", "a b");
        let report = report(world);
        let notes: Vec<String> = report.notes().iter().map(ToString::to_string).collect();
        assert_eq!(notes, [report.errors[1].to_string()]);
        assert!(notes[0].contains(".ruby-version"), "{notes:?}");
    }

    #[test]
    fn an_unreadable_pin_is_an_error() {
        let world = MemoryWorld::at("/p").file("/p/.nvmrc", "12").unreadable("/p/.nvmrc");
        let report = report(world);
        assert_eq!(report.exit_code(), 77);
        insta::assert_snapshot!(report.text(), @"
        TOOL  VERSION  STATE   REQUESTED BY
        node  ?        broken  .nvmrc
        ");
    }

    #[test]
    fn a_retired_version_has_its_date_for_a_state() {
        let world = MemoryWorld::at("/p").file("/p/.nvmrc", "12");
        let mut report = report(world.file("/usher/toolchains/node/12.22.12/bin/node", ""));
        report.rows[0].retired = Some("2027-01-31".to_owned());
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60, 80, 120
        TOOL  VERSION   STATE                REQUESTED BY
        node  12.22.12  retired: 2027-01-31  12 in .nvmrc:1
        --- colours
        <heading>TOOL</>  <heading>VERSION</>   <heading>STATE</>                <heading>REQUESTED BY</>
        node  <active>12.22.12</>  <warning>retired: 2027-01-31</>  12 in .nvmrc:1
        ");
    }

    #[test]
    fn nothing_is_pinned_or_installed() {
        let report = report(MemoryWorld::at("/p"));
        assert_eq!(report.text(), "no tool is pinned here; to pin one: use node@lts\n");
        assert_eq!(serde_json::to_string(&report).unwrap(), r#"{"tools":[]}"#);
    }

    #[test]
    fn a_pinned_system_that_has_no_program_is_not_installed() {
        let report = report(MemoryWorld::at("/p").file("/p/.nvmrc", "system"));
        insta::assert_snapshot!(report.text(), @"
        TOOL  VERSION  STATE          REQUESTED BY
        node  system   not installed  system in .nvmrc:1
        ");
    }
}
