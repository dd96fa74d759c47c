//! `use list [TOOL[@REQUEST]…]`: the installed versions, newest first, and the store of each.

use serde::Serialize;
use usher_shims::error::Result;
use usher_shims::request::RequestKind;
use usher_shims::resolve::Selection;
use usher_shims::store::all_toolchains;
use usher_shims::toolchain::{Store, Toolchain};

use super::{
    ToolArgument, default_request, end_of_life_cell, refused_system_programs, tool_arguments,
};
use crate::cli::output::{self, Line, Meaning, Report, ReportPath, Table, Text};
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::{active_selection, is_active, is_systems, store_label, version_label};
use crate::session::end_of_life::EndOfLife;
use crate::session::reporter::Notice;
use crate::session::retired::RetiredToolchains;
use crate::session::short_paths::ShortPaths;

/// The installed versions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ListReport {
    /// The installed versions.
    #[serde(rename = "versions")]
    rows: Vec<ListRow>,
    #[serde(skip)]
    notes: Vec<Notice>,
    /// The text where no version is listed.
    #[serde(skip)]
    empty: Line,
    /// How the text shows paths; `None` if it doesn't.
    #[serde(skip)]
    paths: Option<ShortPaths>,
}

/// An installed version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ListRow {
    /// The tool.
    tool: &'static str,
    /// The version.
    version: String,
    /// Whether it runs here.
    active: bool,
    /// Its store.
    store: String,
    /// Its folder; `null` for the system's version, which has none.
    path: Option<ReportPath>,
    /// The path of its main program.
    main_program: ReportPath,
    /// The day from which on the machine may remove it.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<String>,
    /// The last day on which its release line is maintained.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_of_life: Option<EndOfLife>,
}

/// Runs `use list`; `with_paths` adds the paths to the text.
pub fn run(session: &Session, words: &[String], with_paths: bool, as_json: bool) -> Result<i32> {
    let paths = with_paths.then(|| ShortPaths::of(session));
    let report = ListReport { paths, ..decide(session, words)? };
    output::print(&report, as_json, &*session.reporter)
}

fn decide(session: &Session, words: &[String]) -> Result<ListReport> {
    let arguments = tool_arguments(session, words)?;
    let of_tool = |known: KnownTool<'_>| {
        arguments.iter().filter(move |argument| argument.known.tool.name == known.tool.name)
    };
    let is_listed = |known: &KnownTool<'_>| words.is_empty() || of_tool(*known).next().is_some();
    let tools: Vec<KnownTool<'_>> = session.registry.all().filter(is_listed).collect();
    let empty = nothing_installed(&arguments)?;
    let retired = RetiredToolchains::read(session);
    let mut rows = Vec::new();
    for known in tools.iter().copied() {
        // A broken pin makes no version active; the versions are listed all the same.
        let active = active_selection(session, known).unwrap_or(Selection::Stale);
        let installed =
            all_toolchains(&session.world, &session.index, known.tool)?.unwrap_or_default();
        let is_named = |toolchain: &&Toolchain| {
            words.is_empty() || of_tool(known).any(|argument| is_requested(toolchain, argument))
        };
        rows.extend(installed.iter().filter(is_named).map(|toolchain| {
            let active = is_active(session, known.tool, toolchain, &active);
            let date = retired.date_of(session, known.tool, toolchain);
            let retired = date.map(|date| date.to_string());
            let end_of_life = EndOfLife::of_toolchain(session, known, toolchain);
            ListRow { retired, end_of_life, ..ListRow::of(known, toolchain, active) }
        }));
    }
    let refused = tools.into_iter().flat_map(|known| refused_system_programs(session, known));
    Ok(ListReport { rows, notes: refused.collect(), empty, paths: None })
}

/// Whether an argument names an installed version of its tool.
fn is_requested(toolchain: &Toolchain, argument: &ToolArgument<'_>) -> bool {
    let Some(request) = &argument.request else { return true };
    match (request.kind(), &toolchain.version) {
        (RequestKind::System, _) => is_systems(&toolchain.store),
        (_, Some(version)) => request.matches(version, argument.known.tool),
        (_, None) => request.as_str() == version_label(toolchain),
    }
}

/// The text where nothing is listed.
fn nothing_installed(arguments: &[ToolArgument<'_>]) -> Result<Line> {
    let Some(ToolArgument { known, .. }) = arguments.first() else {
        return Ok(Line::from("no version is installed: ").and(Meaning::Hint, "use node@lts"));
    };
    let name = |one: &ToolArgument<'_>| match &one.request {
        Some(request) => format!("{} {request}", one.known.tool.name),
        None => one.known.tool.name.to_owned(),
    };
    let names: Vec<String> = arguments.iter().map(name).collect();
    let names = names.join(" or ");
    let tool = known.tool.name;
    Ok(match arguments.iter().any(|one| one.request.is_some()) {
        true => Line::from(format!("no installed version is {names}: "))
            .and(Meaning::Hint, format!("use list {tool}")),
        false => Line::from(format!("no version of {names} is installed: "))
            .and(Meaning::Hint, format!("use {tool}@{}", default_request(*known)?)),
    })
}

impl ListRow {
    fn of(known: KnownTool<'_>, toolchain: &Toolchain, active: bool) -> Self {
        Self {
            tool: known.tool.name,
            version: version_label(toolchain),
            active,
            store: store_label(&toolchain.store).to_owned(),
            path: (!matches!(toolchain.store, Store::System(_)))
                .then(|| ReportPath::new(&toolchain.root)),
            main_program: ReportPath::new(toolchain.program(known.tool.main_program())),
            retired: None,
            end_of_life: None,
        }
    }

    /// The folder, or the program of a version that has none of its own.
    fn shown_path(&self, paths: &ShortPaths) -> String {
        paths.path(self.path.as_ref().unwrap_or(&self.main_program).as_path())
    }

    /// `is_first` is whether the row is the tool's first; only that names the tool.
    fn cells(&self, is_first: bool, paths: Option<&ShortPaths>) -> [Line; 7] {
        let (version, state) = match self.active {
            true => (Line::of(Meaning::Active, &self.version), Line::of(Meaning::Active, "active")),
            false => (Line::from(&self.version), Line::new()),
        };
        let retired = self.retired.as_ref();
        [
            if is_first { self.tool.into() } else { Line::new() },
            version,
            state,
            self.store.as_str().into(),
            end_of_life_cell(self.end_of_life),
            retired.map_or_else(Line::new, |date| Line::of(Meaning::Warning, date)),
            paths.map_or_else(Line::new, |paths| self.shown_path(paths).into()),
        ]
    }
}

impl Report for ListReport {
    fn text(&self) -> Text {
        if self.rows.is_empty() {
            return self.empty.clone().into();
        }
        let headings = ["TOOL", "VERSION", "STATE", "STORE", "END OF LIFE", "RETIRED", "PATH"];
        let mut table = Table::with_headings(headings);
        let mut last = "";
        for row in &self.rows {
            table.row(row.cells(row.tool != last, self.paths.as_ref()));
            last = row.tool;
        }
        table.without_empty_columns().into()
    }

    fn notes(&self) -> Vec<Notice> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::index::{AdoptedStore, RejectedProgram};
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::cli::output::at_widths;
    use crate::files::clock::Date;
    use crate::session::end_of_life::tests::day_of_2027;
    use crate::session::in_memory::session;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn world() -> MemoryWorld {
        MemoryWorld::at("/p")
            .file("/usher/toolchains/node/10.24.1/bin/node", "")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
            .file("/usher/toolchains/python/3.12.1/bin/python", "")
    }

    #[test]
    fn installed_versions_are_listed_and_the_active_one_is_marked() {
        let session = session(world().file("/p/.nvmrc", "10"));
        let report = decide(&session, &[]).unwrap();
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60, 80, 120
        TOOL    VERSION   STATE   STORE
        node    12.22.12          usher
                10.24.1   active  usher
        python  3.12.1    active  usher
        --- colours
        <heading>TOOL</>    <heading>VERSION</>   <heading>STATE</>   <heading>STORE</>
        node    12.22.12          usher
                <active>10.24.1</>   <active>active</>  usher
        python  <active>3.12.1</>    <active>active</>  usher
        ");
        let rows = &serde_json::to_value(&report).unwrap()["versions"];
        assert_eq!(
            rows[1],
            json!({
                "tool": "node",
                "version": "10.24.1",
                "active": true,
                "store": "usher",
                "path": "/usher/toolchains/node/10.24.1",
                "main_program": "/usher/toolchains/node/10.24.1/bin/node",
                "end_of_life": "2021-04-30",
            })
        );
        let python = decide(&session, &words("python")).unwrap();
        assert_eq!(python.rows.iter().map(|row| row.tool).collect::<Vec<_>>(), ["python"]);
        let unknown = decide(&session, &words("pythom")).unwrap_err();
        assert_eq!(unknown.hint.as_deref(), Some("use python"));
    }

    #[test]
    fn only_what_is_named_is_listed() {
        let session = session(world());
        for (line, expected) in [
            ("node python", "node 12.22.12, node 10.24.1, python 3.12.1"),
            ("python node@10", "node 10.24.1, python 3.12.1"),
            ("nodejs@12 node@10", "node 12.22.12, node 10.24.1"),
            ("node node@10", "node 12.22.12, node 10.24.1"),
            ("node@<12", "node 10.24.1"),
            ("node@18", "no installed version is node 18: use list node"),
            ("node@system go", "no installed version is node system or go: use list node"),
            ("go zig", "no version of go or zig is installed: use go@latest"),
        ] {
            let report = decide(&session, &words(line)).unwrap();
            let rows = report.rows.iter().map(|row| format!("{} {}", row.tool, row.version));
            let listed = match report.rows.is_empty() {
                true => report.text().to_string().trim().to_owned(),
                false => rows.collect::<Vec<_>>().join(", "),
            };
            assert_eq!(listed, expected, "{line}");
        }
    }

    #[test]
    fn versions_of_release_lines_that_end_are_marked() {
        let world = world().file("/usher/toolchains/node/22.20.0/bin/node", "");
        let mut session = session(world);
        let marked = |session: &Session| {
            let text = decide(session, &[]).unwrap().text().to_string();
            let last_words = text.lines().skip(1).filter_map(|line| line.split_whitespace().last());
            let dates = last_words.filter(|word| word.parse::<Date>().is_ok());
            dates.map(str::to_owned).collect::<Vec<_>>()
        };
        session.now = day_of_2027(28);
        assert_eq!(marked(&session), ["2022-04-30", "2021-04-30"]);
        session.now = day_of_2027(29);
        assert_eq!(marked(&session), ["2027-04-30", "2022-04-30", "2021-04-30"]);
    }

    #[test]
    fn what_ends_is_marked_and_paths_are_shown_on_request() {
        let world = MemoryWorld::at("/home/u/app")
            .file("/home/u/app/.nvmrc", "22")
            .file("/home/u/.nvm/versions/node/v22.20.0/bin/node", "")
            .file("/home/u/.nvm/versions/node/v12.22.12/bin/node", "");
        let mut session = session(world);
        session.now = day_of_2027(0);
        session.index.adopted_stores.push(AdoptedStore {
            tool: "node".to_owned(),
            manager: "nvm".to_owned(),
            folder: "/home/u/.nvm/versions/node".into(),
            prefix: "v".to_owned(),
            version_ends_at: String::new(),
            subdir: String::new(),
        });
        let mut report = decide(&session, &[]).unwrap();
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60, 80, 120
        TOOL  VERSION   STATE   STORE  END OF LIFE
        node  22.20.0   active  nvm
              12.22.12          nvm    2022-04-30
        --- colours
        <heading>TOOL</>  <heading>VERSION</>   <heading>STATE</>   <heading>STORE</>  <heading>END OF LIFE</>
        node  <active>22.20.0</>   <active>active</>  nvm
              12.22.12          nvm    <warning>2022-04-30</>
        ");
        report.rows[1].retired = Some("2027-01-31".to_owned());
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60, 80, 120
        TOOL  VERSION   STATE   STORE  END OF LIFE  RETIRED
        node  22.20.0   active  nvm
              12.22.12          nvm    2022-04-30   2027-01-31
        --- colours
        <heading>TOOL</>  <heading>VERSION</>   <heading>STATE</>   <heading>STORE</>  <heading>END OF LIFE</>  <heading>RETIRED</>
        node  <active>22.20.0</>   <active>active</>  nvm
              12.22.12          nvm    <warning>2022-04-30</>   <warning>2027-01-31</>
        ");
        report.rows[1].retired = None;
        report.paths = Some(ShortPaths::of(&session));
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60
        TOOL  VERSION   STATE   STORE  END OF LIFE  PATH
        node  22.20.0   active  nvm                 ~/.nvm/versions/
                                                    node/v22.20.0
              12.22.12          nvm    2022-04-30   ~/.nvm/versions/
                                                    node/v12.22.12
        --- 80, 120
        TOOL  VERSION   STATE   STORE  END OF LIFE  PATH
        node  22.20.0   active  nvm                 ~/.nvm/versions/node/v22.20.0
              12.22.12          nvm    2022-04-30   ~/.nvm/versions/node/v12.22.12
        --- colours
        <heading>TOOL</>  <heading>VERSION</>   <heading>STATE</>   <heading>STORE</>  <heading>END OF LIFE</>  <heading>PATH</>
        node  <active>22.20.0</>   <active>active</>  nvm                 ~/.nvm/versions/node/v22.20.0
              12.22.12          nvm    <warning>2022-04-30</>   ~/.nvm/versions/node/v12.22.12
        ");
    }

    #[test]
    fn a_broken_pin_hides_no_version() {
        let pinned = |request: &str| world().file("/p/.nvmrc", request);
        for world in [pinned("../x"), pinned("12").unreadable("/p/.nvmrc")] {
            let report = decide(&session(world), &words("node")).unwrap();
            assert_eq!(
                report.rows.iter().map(|row| row.active).collect::<Vec<_>>(),
                [false, false]
            );
        }
    }

    #[test]
    fn nothing_is_installed() {
        let report = decide(&session(MemoryWorld::at("/p")), &[]).unwrap();
        assert_eq!(report.text(), "no version is installed: use node@lts\n");
        assert_eq!(serde_json::to_string(&report).unwrap(), r#"{"versions":[]}"#);
        let text = |tool| decide(&session(MemoryWorld::at("/p")), &words(tool)).unwrap().text();
        assert_eq!(text("go"), "no version of go is installed: use go@latest\n");
        assert_eq!(text("nodejs"), "no version of node is installed: use node@lts\n");
    }

    #[test]
    fn refused_programs_are_notes() {
        let mut session = session(MemoryWorld::at("/p"));
        session.index.rejected_programs.push(RejectedProgram {
            tool: "python".to_owned(),
            fingerprint: String::new(),
            path: "/usr/bin/python3".into(),
            reason: "it has no venv".to_owned(),
            hint: "apt install python3-venv".to_owned(),
        });
        assert_eq!(
            decide(&session, &[]).unwrap().notes(),
            ["the system's python at /usr/bin/python3 is ignored: it has no venv\n  \
              hint: apt install python3-venv"]
        );
        assert_eq!(decide(&session, &words("node")).unwrap().notes().len(), 0);
    }
}
