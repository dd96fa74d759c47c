//! `use unpin TOOL…`: removes pins from the project's files, or the user's defaults, and says what
//! decides without them. Nothing is uninstalled.

use std::ops::ControlFlow;
use std::path::Path;

use clap::Args;
use serde::Serialize;
use usher_shims::call::Call;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::search::{Finding, search};

use super::pin::{PinScope, shown_file};
use crate::cli::output::json::RequestOrigin;
use crate::cli::output::{self, Line, Meaning, Report, ReportPath, Text};
use crate::project::{
    InvalidText, PinRemoval, PinTarget, ProjectPin, planned_removal, project_pin, remove_pin,
};
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::ActiveVersion;
use crate::session::reporter::Notice;

/// The arguments of `use unpin`.
#[derive(Debug, Args)]
pub struct UnpinArguments {
    /// The tools
    #[arg(value_name = "TOOL", required = true)]
    pub tools: Vec<String>,
    /// Remove your default
    #[arg(short, long)]
    pub global: bool,
    /// With --global: remove the default of this account of the machine (root)
    #[arg(long, value_name = "NAME", requires = "global", conflicts_with = "group")]
    pub account: Option<String>,
    /// With --global: remove the default of this group's accounts (root)
    #[arg(long, value_name = "NAME", requires = "global")]
    pub group: Option<String>,
}

/// The pins that were removed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct UnpinReport {
    /// The pins.
    removed: Vec<RemovedPin>,
}

/// A pin that was removed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RemovedPin {
    /// The tool.
    tool: &'static str,
    /// The request; `null` if what was written is none.
    request: Option<String>,
    /// The file that pinned the tool.
    file: ReportPath,
    /// Whether the file was deleted, because it had nothing else.
    file_deleted: bool,
    /// What requests a version without the pin; `null` if nothing does.
    next: Option<NextRequest>,
    /// The file as text shows it.
    #[serde(skip)]
    shown_file: String,
    /// What was written, if it is no request.
    #[serde(skip)]
    invalid: Option<InvalidText>,
    /// Why it isn't known what decides without the pin.
    #[serde(skip)]
    error: Option<Error>,
}

/// What requests or limits a version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NextRequest {
    /// The request.
    request: String,
    /// Where it is written.
    requested_by: RequestOrigin,
    /// Whether it only limits the versions.
    constraint: bool,
}

/// A pin to remove.
struct PlannedRemoval<'a> {
    known: KnownTool<'a>,
    target: PinTarget,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &UnpinArguments, as_json: bool) -> Result<i32> {
    let UnpinArguments { tools, global, account, group } = arguments;
    let scope = PinScope::new(*global, account.clone(), group.clone());
    let plans = decide(session, tools, &scope)?;
    let report = UnpinReport { removed: apply(session, &plans)? };
    output::print(&report, as_json, &*session.reporter)
}

/// Nothing is removed before all tools are known to be pinned.
fn decide<'a>(
    session: &'a Session,
    names: &[String],
    scope: &PinScope,
) -> Result<Vec<PlannedRemoval<'a>>> {
    let assigned = scope.assigned(session, &format!("unpin --global {}", names.join(" ")))?;
    let mut plans: Vec<PlannedRemoval<'a>> = Vec::new();
    for name in names {
        let known = tool_named(session, name)?;
        if plans.iter().any(|plan| plan.known.tool.name == known.tool.name) {
            continue;
        }
        let target = match (scope, &assigned) {
            (_, Some(assigned)) => PinTarget::Assigned(assigned.clone()),
            (PinScope::Project, None) => project_target(session, known)?,
            (_, None) => PinTarget::Default,
        };
        if planned_removal(session, &target, known.tool)?.is_none() {
            return Err(no_default(session, known, &target));
        }
        plans.push(PlannedRemoval { known, target });
    }
    Ok(plans)
}

/// A tool by its name: a pin has one version, so none is typed.
fn tool_named<'a>(session: &'a Session, word: &str) -> Result<KnownTool<'a>> {
    let named = |name| {
        session.registry.named(name).map_err(|error| {
            let nearest = error.hint.as_deref().and_then(|hint| hint.strip_prefix("use "));
            match nearest.map(str::to_owned) {
                Some(nearest) => error.hint(format!("use unpin {nearest}")),
                None => error,
            }
        })
    };
    let Some((name, _)) = word.split_once('@') else { return named(word) };
    let known = named(name)?;
    let what = format!("`use unpin` takes tools without versions: “{}”", Escaped(word));
    Err(Error::new(ErrorKind::Usage, what).hint(format!("use unpin {}", known.tool.name)))
}

/// The project's file that pins a tool.
fn project_target(session: &Session, known: KnownTool<'_>) -> Result<PinTarget> {
    let tool = known.tool.name;
    match project_pin(session, known.tool)? {
        ProjectPin::Pinned(location) => Ok(PinTarget::Existing(location)),
        ProjectPin::NoProject => {
            let error = Error::new(ErrorKind::Usage, "no project here, so nothing is pinned");
            Err(error.hint(format!("use unpin --global {tool}")))
        }
        ProjectPin::Unpinned { .. } => Err(not_pinned(session, known)),
    }
}

/// What is found first for a tool, if it isn't pinned in the project.
enum Deciding {
    Pin(Pin),
    Constraint(Pin),
    Broken(Error),
}

/// The error for a project that doesn't pin a tool: what decides there.
fn not_pinned(session: &Session, known: KnownTool<'_>) -> Error {
    let tool = known.tool.name;
    let error = Error::new(ErrorKind::Usage, format!("this project doesn't pin {tool}"));
    match deciding(session, known) {
        Some(Deciding::Constraint(pin)) => {
            let (request, origin) = (text_of(&pin), &pin.origin);
            let error = error.because(format!("{origin} is a constraint, not a pin: {request}"));
            error.hint(format!("use why {tool}"))
        }
        Some(Deciding::Broken(broken)) => error.because(broken.line()),
        Some(Deciding::Pin(pin)) => because_of(session, error, tool, &pin),
        None => error.because(format!("nothing requests a version of {tool} here")),
    }
}

/// The error with the pin that decides from outside of the project.
fn because_of(session: &Session, error: Error, tool: &str, pin: &Pin) -> Error {
    let because = |what: String| error.because(what);
    let (request, origin) = (text_of(pin), &pin.origin);
    match origin {
        Origin::Variable(name) => {
            because(format!("{name} requests {request}")).hint(format!("unset {name}"))
        }
        Origin::File(FileLocation { path, .. }) => {
            let folder = path.parent().unwrap_or(path);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
            let shown = Shown(folder).to_string();
            let error = because(format!(
                "{tool} {request} is requested by {origin}, outside of the project"
            ));
            match shown.chars().all(is_plain) {
                true => error.hint(format!("cd {shown} && use unpin {tool}")),
                false => error,
            }
        }
        Origin::Default(location) if location.path == session.folders.default_file() => {
            because(format!("{tool} {request} is {origin}"))
                .hint(format!("use unpin --global {tool}"))
        }
        Origin::Default(_)
        | Origin::Account(_)
        | Origin::Group(_)
        | Origin::Machine(_)
        | Origin::Argument
        | Origin::Name(_)
        | Origin::CommandLine => because(format!("{tool} {request} is requested by {origin}")),
    }
}

/// The request, as messages show it.
fn text_of(pin: &Pin) -> String {
    pin.request().map(ToString::to_string).unwrap_or_default()
}

/// What decides which version of a tool is active, if something requests or limits it.
fn deciding(session: &Session, known: KnownTool<'_>) -> Option<Deciding> {
    let call = Call::for_main_program(known.tool)?;
    let (mut found, mut constraint) = (None, None);
    let searched = search(&session.world, &session.index, &call, &mut |finding| {
        match finding {
            Finding::Pin(pin) => found = Some(Deciding::Pin(pin)),
            Finding::Broken(error, _) => found = Some(Deciding::Broken(error)),
            Finding::Constraint(pin) => {
                constraint.get_or_insert(pin);
            }
            // A constraint is nearer than a default, and more likely what was meant.
            Finding::Default(pin) if constraint.is_none() => found = Some(Deciding::Pin(pin)),
            Finding::Default(_) | Finding::Skipped(_) => {}
        }
        match &found {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    });
    searched.ok()?;
    found.or(constraint.map(Deciding::Constraint))
}

/// The error where the file of a default has none for a tool.
fn no_default(session: &Session, known: KnownTool<'_>, target: &PinTarget) -> Error {
    let tool = known.tool.name;
    let what = match target {
        PinTarget::Assigned(assigned) => format!("{} has no default for {tool}", assigned.label),
        PinTarget::Default | PinTarget::Existing(_) | PinTarget::NewFile { .. } => {
            format!("you have no default for {tool}")
        }
    };
    let error = Error::new(ErrorKind::Usage, what);
    if matches!(target, PinTarget::Assigned(_)) {
        return error;
    }
    match deciding(session, known) {
        Some(Deciding::Pin(pin)) if matches!(pin.origin, Origin::File(_)) => {
            let (request, origin) = (text_of(&pin), &pin.origin);
            let error = error.because(format!("{tool} {request} is requested by {origin}"));
            error.hint(format!("use unpin {tool}"))
        }
        Some(Deciding::Pin(pin)) => because_of(session, error, tool, &pin),
        Some(Deciding::Constraint(_) | Deciding::Broken(_)) | None => error,
    }
}

fn apply(session: &Session, plans: &[PlannedRemoval<'_>]) -> Result<Vec<RemovedPin>> {
    let mut removed = Vec::new();
    for PlannedRemoval { known, target } in plans {
        // Another tool's pin may have been in the same file.
        let Some(plan) = planned_removal(session, target, known.tool)? else { continue };
        let shown_file = shown_file(session, path_of(target, &plan));
        if plan.deletes_file {
            session.note(&format!("deleting {shown_file}: it has nothing else"));
        }
        let Some(done) = remove_pin(session, target, known.tool)? else { continue };
        let next = NextRequest::of(session, *known);
        let (next, error) = match next {
            Ok(next) => (next, None),
            Err(error) => (None, Some(error)),
        };
        removed.push(RemovedPin {
            tool: known.tool.name,
            request: done.request.as_ref().map(|request| request.as_str().to_owned()),
            file: ReportPath::new(&done.path),
            file_deleted: done.deletes_file,
            next,
            shown_file,
            invalid: done.invalid,
            error,
        });
    }
    Ok(removed)
}

/// The file, as it is named where the pin is.
fn path_of<'a>(target: &'a PinTarget, plan: &'a PinRemoval) -> &'a Path {
    match target {
        PinTarget::Existing(location) => &location.place.path,
        PinTarget::NewFile { .. } | PinTarget::Default | PinTarget::Assigned(_) => &plan.path,
    }
}

impl NextRequest {
    /// What requests or limits a tool's version here.
    fn of(session: &Session, known: KnownTool<'_>) -> Result<Option<Self>> {
        let active = ActiveVersion::of(session, known)?;
        Ok(active.requested().map(|(request, origin)| Self {
            request: request.as_str().to_owned(),
            requested_by: RequestOrigin::of(origin),
            constraint: active.is_constraint,
        }))
    }
}

impl RemovedPin {
    /// What decides without the pin.
    fn next_line(&self) -> Line {
        let Self { tool, next, .. } = self;
        match next {
            Some(NextRequest { request, requested_by, constraint: false }) => {
                let request = Escaped(request);
                Line::from(format!("{tool} {request} applies here (requested by {requested_by})"))
            }
            Some(NextRequest { request, requested_by, constraint: true }) => {
                let request = Escaped(request);
                Line::from(format!("{tool} is not pinned here; {requested_by} requires {request}"))
            }
            None => Line::of(Meaning::Muted, format!("{tool} is not pinned here")),
        }
    }
}

impl Report for UnpinReport {
    fn text(&self) -> Text {
        let mut text = Text::new();
        for pin in &self.removed {
            let RemovedPin { tool, request, shown_file, invalid, .. } = pin;
            let request = match (invalid, request) {
                (Some(InvalidText::Shown(text)), _) => format!(" “{}”", Escaped(text)),
                (None, Some(request)) => format!(" {}", Escaped(request)),
                (Some(InvalidText::Hidden), _) | (None, None) => String::new(),
            };
            text.line(format!("unpinned {tool}{request} ({shown_file})"));
            if pin.error.is_none() {
                text.line(pin.next_line());
            }
        }
        text
    }

    fn notes(&self) -> Vec<Notice> {
        let errors = self.removed.iter().filter_map(|pin| pin.error.as_ref());
        errors.map(|error| Notice::warning(error.line())).collect()
    }
}
