//! `use install [TOOL@REQUEST…]`: installs versions; without arguments, all that the project
//! requests.

use std::path::{Path, PathBuf};

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::{Request, RequestKind};
use usher_shims::resolve::Selection;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::world::World as _;

use super::get::{Acquired, Prefer, ReportedBy, stops_the_batch, try_install_all};
use super::{ended, hinting_at, refresh_shims_after_error, tool_arguments};
use crate::cli::output::json::Versions;
use crate::cli::output::{self, Line, Meaning, ReportPath};
use crate::cli::shims::{refresh_shims, refresh_shims_of_project};
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::ToolRequest;
use crate::session::Session;
use crate::session::active::{active_selection, store_label, system_version, version_label};
use crate::store::receipt::Receipt;

/// A version to install, and what requests it.
struct InstallRequest<'a> {
    known: KnownTool<'a>,
    request: Request,
    origin: Origin,
}

/// What there is to do.
#[derive(Default)]
struct InstallPlan<'a> {
    requests: Vec<InstallRequest<'a>>,
    /// The system's versions that satisfy a constraint of the project.
    satisfied: Vec<InstallReport>,
}

/// A version that `use install` made available.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct InstallReport {
    /// The tool.
    pub(super) tool: &'static str,
    /// The request.
    pub(super) request: String,
    /// The version that matches.
    pub(super) version: String,
    /// Its store.
    pub(super) store: String,
    /// Its folder; of the system's version, the one of its program.
    pub(super) path: ReportPath,
    /// The host that sent its archive, after redirects; the path of a file; `null` without a receipt.
    pub(super) host: Option<String>,
    /// Whether it was installed now, and not before.
    pub(super) newly_installed: bool,
}

/// The results of all requests; `error` is the command's result.
struct InstallReports {
    installed: Vec<InstallReport>,
    error: Option<Error>,
}

/// Runs the command.
pub fn run(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    let plan = decide(session, words)?;
    let tools: Vec<&'static Tool> = plan.requests.iter().map(|one| one.known.tool).collect();
    let reports = apply(session, plan)?;
    if let Some(error) = reports.error {
        let error = refresh_shims_after_error(session, error, &tools);
        return ended(session, Some(error), print_text(&reports.installed, as_json));
    }
    refresh_shims_of_project(session, &tools)?;
    print(&reports.installed, as_json)
}

/// Runs the command for a shared store: versions installed elsewhere don't count.
pub fn into_store(
    session: &mut Session,
    words: &[String],
    store: &Path,
    as_json: bool,
) -> Result<()> {
    let store = absolute_path(session, store)?;
    let reports = session.with_store(&store, |session| apply(session, decide(session, words)?))?;
    if let Some(error) = reports.error {
        return ended(session, Some(error), print_text(&reports.installed, as_json));
    }
    refresh_shims(session, &[])?;
    let printed = print(&reports.installed, as_json);
    if !session.index.stores().contains(&store) {
        let (shown, file) = (Shown(&store), session.folders.machine_settings_file());
        session.note(&format!("to use it, add stores = [\"{shown}\"] to {}", Shown(&file)));
    }
    printed
}

/// The versions to install: those on the command line, else what the project requests.
fn decide<'a>(session: &'a Session, words: &[String]) -> Result<InstallPlan<'a>> {
    if !words.is_empty() {
        let named = tool_arguments(session, words)?.into_iter().map(|argument| {
            let (known, request) = argument.request_or_default()?;
            Ok(InstallRequest { known, request, origin: Origin::CommandLine })
        });
        return Ok(InstallPlan { requests: named.collect::<Result<_>>()?, satisfied: Vec::new() });
    }
    let plan = requested_here(session)?;
    if plan.requests.is_empty() && plan.satisfied.is_empty() {
        return Err(
            Error::new(ErrorKind::Usage, "no tool is pinned here").hint("use install node@lts")
        );
    }
    Ok(plan)
}

/// What is requested in this folder, one request for each tool.
fn requested_here(session: &Session) -> Result<InstallPlan<'_>> {
    let mut plan = InstallPlan::default();
    for known in session.registry.all() {
        let pin = match active_selection(session, known)? {
            Selection::Missing(missing) => Some(missing.pin),
            Selection::Toolchain(_, pin) | Selection::Nothing(pin) => pin,
            Selection::System(_, Some(pin)) if has_system(&pin) => Some(pin),
            // A constraint decides, and the system's version satisfies it.
            Selection::System(main, Some(pin)) => {
                plan.satisfied.extend(InstallReport::of_system(session, known, &main, &pin)?);
                None
            }
            Selection::System(_, None) | Selection::Stale => None,
        };
        if let Some(pin) = pin
            && let Some(request) = pin.requests.into_iter().next()
        {
            plan.requests.push(InstallRequest { known, request, origin: pin.origin });
        }
    }
    Ok(plan)
}

/// Whether the system's version is requested, in words.
fn has_system(pin: &Pin) -> bool {
    pin.requests.iter().any(|request| matches!(request.kind(), RequestKind::System))
}

/// Installs all of them. One that can't be found or fetched doesn't stop the others.
fn apply(session: &Session, plan: InstallPlan<'_>) -> Result<InstallReports> {
    let tool_requests = plan.requests.iter().map(|InstallRequest { known, request, origin }| {
        // For a project any version that matches is right; for a user who names one, the newest is.
        let prefer = match origin {
            Origin::CommandLine => Prefer::Newest,
            _ => Prefer::Installed,
        };
        (ToolRequest { known: *known, request, origin }, prefer)
    });
    let tool_requests: Vec<_> = tool_requests.collect();
    let access = folders::write_access(&session.folders)?;
    let mut reports = InstallReports { installed: plan.satisfied, error: None };
    let mut errors: Vec<Error> = Vec::new();
    let results = try_install_all(session, &access, &tool_requests, ReportedBy::Command);
    for ((tool_request, _), result) in tool_requests.iter().zip(results) {
        match result {
            Some(Ok(Acquired::Toolchain { toolchain, newly_installed, .. })) => {
                reports.installed.push(InstallReport::of(
                    tool_request,
                    &toolchain,
                    newly_installed,
                ));
            }
            Some(Err(error)) => errors.push(match tool_request.origin {
                Origin::CommandLine => hinting_at("install", error),
                _ => error,
            }),
            Some(Ok(Acquired::Nothing)) | None => {}
        }
    }
    if !errors.is_empty() {
        // The error that stopped the others is the command's; else the first.
        let decisive = errors.iter().position(stops_the_batch).unwrap_or(0);
        reports.error = Some(errors.remove(decisive));
    }
    for other in &errors {
        session.reporter.error(other);
    }
    Ok(reports)
}

impl InstallReport {
    fn of(tool_request: &ToolRequest<'_>, toolchain: &Toolchain, newly_installed: bool) -> Self {
        Self {
            tool: tool_request.known.tool.name,
            request: tool_request.request.to_string(),
            version: version_label(toolchain),
            store: store_label(&toolchain.store).to_owned(),
            path: ReportPath::new(&toolchain.root),
            host: Receipt::host_of(&toolchain.root),
            newly_installed,
        }
    }

    /// The system's version in use, if both its version and what requests it are known.
    fn of_system(
        session: &Session,
        known: KnownTool<'_>,
        main: &Path,
        pin: &Pin,
    ) -> Result<Option<Self>> {
        let version = system_version(session, known.tool, main)?;
        Ok(version.zip(pin.request()).map(|(version, request)| Self {
            tool: known.tool.name,
            request: request.to_string(),
            version: version.to_string(),
            store: "system".to_owned(),
            path: ReportPath::new(main.parent().unwrap_or(main)),
            host: None,
            newly_installed: false,
        }))
    }

    /// `installed node 12.22.12 (/home/u/…/12.22.12)`.
    fn text(&self) -> Line {
        let Self { tool, version, path, .. } = self;
        let line = match self.newly_installed {
            true => Line::of(Meaning::Active, "installed").then(format!(" {tool} {version}")),
            false => format!("{tool} {version} is already installed").into(),
        };
        line.and(Meaning::Muted, format!(" ({path})"))
    }
}

/// Prints what was installed.
pub(super) fn print(reports: &[InstallReport], as_json: bool) -> Result<()> {
    match as_json {
        true => output::print_answer(&Versions { versions: reports }),
        false => print_text(reports, as_json),
    }
}

/// Prints what was installed before an error. With `--json` the output is only the error.
fn print_text(reports: &[InstallReport], as_json: bool) -> Result<()> {
    reports.iter().filter(|_| !as_json).try_for_each(|report| output::print_line(report.text()))
}

/// A store's path from the root.
fn absolute_path(session: &Session, store: &Path) -> Result<PathBuf> {
    let directory = session.world.directory();
    let directory = directory.map_err(|error| Error::io("find", Path::new("."), error))?;
    Ok(directory.join(store).components().collect())
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::cli::output::Text;
    use crate::session::in_memory::{session, session_with_system};

    fn check(world: MemoryWorld, words: &[&str], expected: &str) {
        let session = session(world);
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let described = |one: &InstallRequest<'_>| {
            let origin = match &one.origin {
                Origin::File(location) => location.path.display().to_string(),
                origin => origin.to_string(),
            };
            format!("{} {} by {origin}", one.known.tool.name, one.request)
        };
        let decided = decide(&session, &words).map_or_else(
            |error| error.to_string(),
            |plan| plan.requests.iter().map(described).collect::<Vec<_>>().join("\n"),
        );
        assert_eq!(decided, expected, "{words:?}");
    }

    #[test]
    fn arguments_are_installed_and_else_what_the_project_requests() {
        let project = MemoryWorld::at("/p")
            .file("/p/.nvmrc", "12")
            .file("/p/.tool-versions", "python 3.12\nruby system\n")
            .file("/usher/toolchains/node/12.22.12/bin/node", "");
        check(project.clone(), &["node@20"], "node 20 by the command line");
        check(
            project.clone(),
            &["node", "go"],
            "node lts by the command line\ngo latest by the command line",
        );
        let requested = "node 12 by /p/.nvmrc\npython 3.12 by /p/.tool-versions\n\
                         ruby system by /p/.tool-versions";
        check(project, &[], requested);
    }

    #[test]
    fn a_folder_without_pins_has_nothing_to_install() {
        check(MemoryWorld::at("/p"), &[], "no tool is pinned here\n  hint: use install node@lts");
    }

    #[test]
    fn a_constraint_that_the_systems_version_satisfies_needs_none() {
        let world = MemoryWorld::at("/p").file("/p/package.json", r#"{"engines":{"node":">=18"}}"#);
        let session = session_with_system(world, "node", "20.2.0");
        assert!(
            decide(&session, &[])
                .is_ok_and(|plan| plan.requests.is_empty() && plan.satisfied.len() == 1)
        );
    }

    #[test]
    fn versions_are_reported_as_new_or_as_installed_before() {
        let report = |newly_installed| InstallReport {
            tool: "node",
            request: "12".to_owned(),
            version: "12.22.12".to_owned(),
            store: "usher".to_owned(),
            path: ReportPath::new("/usher/toolchains/node/12.22.12"),
            host: None,
            newly_installed,
        };
        let path = "(/usher/toolchains/node/12.22.12)";
        let text = |newly_installed| Text::from(report(newly_installed).text()).to_string();
        assert_eq!(text(true), format!("installed node 12.22.12 {path}\n"));
        assert_eq!(text(false), format!("node 12.22.12 is already installed {path}\n"));
        insta::assert_snapshot!(serde_json::to_string_pretty(&report(true)).unwrap(), @r#"
        {
          "tool": "node",
          "request": "12",
          "version": "12.22.12",
          "store": "usher",
          "path": "/usher/toolchains/node/12.22.12",
          "host": null,
          "newly_installed": true
        }
        "#);
    }
}
