//! `use TOOL[@REQUEST]…`: pins versions in the project, or as the user's default, and installs them.

use std::path::Path;

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::request::{Request, RequestKind, RequestTrust, has_default_flavour};
use usher_shims::tool::Tool;
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::get::{Acquired, Prefer, install_all};
use super::{hinting_at, lock, refresh_shims_after_error, tool_arguments};
use crate::cli::hidden_shims;
use crate::cli::output::{self, ReportPath};
use crate::cli::shims::refresh_shims_of_project;
use crate::config::folders;
use crate::files::confined::command;
use crate::files::interrupt::Unfinished;
use crate::inventory::accounts::{account_number, group_number, require_root};
use crate::project::{
    AssignedDefault, InvalidText, PinTarget, check_target, pin_target, write_pin,
};
use crate::registry::KnownTool;
use crate::releases::ToolRequest;
use crate::session::Session;
use crate::session::active::{constraint, pin_of_files, system_version};
use crate::session::reporter::Notice;
use crate::session::short_paths::ShortPaths;

/// What `use TOOL@REQUEST…` writes where.
struct PinPlan<'a> {
    pins: Vec<PlannedPin<'a>>,
    /// Whether the user's default is written although `--global` wasn't typed: no folder here is a
    /// project's.
    is_default_without_project: bool,
}

struct PlannedPin<'a> {
    known: KnownTool<'a>,
    request: Request,
    target: PinTarget,
    /// Variables that override the pin, with their values.
    overriding: Vec<(&'static str, String)>,
    /// What limits the versions in the project.
    constraint: Option<Pin>,
    /// The pin of a folder above, which the new file is nearer than.
    above: Option<Pin>,
}

/// The pins that were written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct PinAnswer<'a> {
    /// The pins.
    pins: &'a [PinReport],
}

/// A pin as it is in the file now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PinReport {
    /// The tool.
    tool: &'static str,
    /// The request, as it is in the file.
    request: String,
    /// The version that matches; `null` for `system`.
    version: Option<String>,
    /// The file that pins the tool.
    file: ReportPath,
    /// Whether the file was changed.
    changed: bool,
    /// The word that is requested, if a version is written for it and is the one that it means.
    #[serde(skip)]
    word: Option<String>,
    /// Where the pin applies.
    #[serde(skip)]
    place: PinPlace,
    /// What was there and was not a version.
    #[serde(skip)]
    in_place_of: Option<InvalidText>,
    #[serde(skip)]
    notices: Vec<Notice>,
}

/// Where a pin applies, for people.
#[derive(Debug)]
enum PinPlace {
    /// Where this file of a project does.
    Project(String),
    /// Where nothing else is pinned: whose default it is, and its file.
    Default(String, String),
}

/// The version of a pin.
struct PinVersion {
    version: Version,
    /// Whether it is known to be the newest that matches.
    is_newest: bool,
}

/// Where `use TOOL@REQUEST` pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinScope {
    /// In the project.
    Project,
    /// As the user's default.
    Default,
    /// As the default of the account of this name or number.
    Account(String),
    /// As the default of the group of this name or number.
    Group(String),
}

impl PinScope {
    /// By the flags `--global`, `--account` and `--group`.
    pub fn new(is_global: bool, account: Option<String>, group: Option<String>) -> Self {
        match (account, group, is_global) {
            (Some(name), _, _) => Self::Account(name),
            (None, Some(name), _) => Self::Group(name),
            (None, None, true) => Self::Default,
            (None, None, false) => Self::Project,
        }
    }

    /// The default of an account or a group that root sets; `None` for others. It is of the machine's
    /// store: what is only installed for root is no use to an account. `typed` is the command, for a
    /// hint: `--global node@20`.
    pub(super) fn assigned(
        &self,
        session: &Session,
        typed: &str,
    ) -> Result<Option<AssignedDefault>> {
        let folders = &session.folders;
        let (folder, find, kind, name): (_, fn(&str) -> _, _, _) = match self {
            Self::Project | Self::Default => return Ok(None),
            Self::Account(name) => (folders.account_defaults(), account_number, "account", name),
            Self::Group(name) => (folders.group_defaults(), group_number, "group", name),
        };
        let sudo = command("sudo", &[&session.program]);
        require_root("set another account's default")
            .map_err(|error| error.hint(format!("{sudo} {typed} --{kind} {name}")))?;
        if !folders.is_system_wide {
            let what = format!("{} is not for all accounts", Shown(&folders.data));
            return Err(Error::new(ErrorKind::Usage, what)
                .because(format!("only the machine's `use` sets defaults for an {kind}"))
                .hint("./install.sh --system"));
        }
        let (number, name) = find(name)?;
        Ok(Some(AssignedDefault { folder, number, label: format!("{kind} {name}") }))
    }
}

/// Runs the command.
pub fn run(session: &mut Session, words: &[String], scope: &PinScope, as_json: bool) -> Result<()> {
    let assigned = scope.assigned(session, &format!("--global {}", words.join(" ")))?;
    let is_global = !matches!(scope, PinScope::Project);
    let mut plan = decide(session, words, is_global)?;
    if let Some(assigned) = assigned {
        for pin in &mut plan.pins {
            pin.target = PinTarget::Assigned(assigned.clone());
            // They are root's own.
            pin.overriding.clear();
        }
    }
    if plan.is_default_without_project {
        session.note("no project here: pinning your default (--global)");
    }
    let typed = match is_global {
        true => format!("use --global {}", words.join(" ")),
        false => format!("use {}", words.join(" ")),
    };
    for pin in &plan.pins {
        check_target(session, &pin.target, pin.known.tool, &typed)?;
    }
    let tools: Vec<&'static Tool> = plan.pins.iter().map(|pin| pin.known.tool).collect();
    let unchanged = Unfinished::other("no pin was changed");
    let versions = match install(session, &plan.pins) {
        Ok(versions) => versions,
        Err(error) => {
            drop(plan);
            let error = match is_global {
                true => hinting_at("--global", error),
                false => error,
            };
            return Err(refresh_shims_after_error(session, error, &[]));
        }
    };
    drop(unchanged);
    let reports = apply(session, &plan.pins, &versions)?;
    refresh_shims_of_project(session, &tools)?;
    if !is_global {
        let chosen = tools.iter().zip(versions);
        let chosen = chosen.filter_map(|(tool, found)| Some((tool.name, found?.version)));
        lock::update(session, &chosen.collect::<Vec<_>>())?;
    }
    let hidden = hidden_shims::warning(session, tools.iter().map(|tool| tool.main_program()));
    print(session, &reports, hidden.as_ref(), as_json)
}

fn decide<'a>(session: &'a Session, words: &[String], is_global: bool) -> Result<PinPlan<'a>> {
    let mut plan = PinPlan { pins: Vec::new(), is_default_without_project: false };
    for argument in tool_arguments(session, words)? {
        let (known, request) = argument.request_or_default()?;
        let target = match is_global {
            true => PinTarget::Default,
            false => pin_target(session, known.tool, &request)?,
        };
        plan.is_default_without_project |= matches!(target, PinTarget::Default) && !is_global;
        check_allowed(&target, known.tool, &request)?;
        let overriding = overriding_variables(session, known.tool);
        let constraint = match target {
            PinTarget::Default | PinTarget::Assigned(_) => None,
            PinTarget::Existing(_) | PinTarget::NewFile { .. } => constraint(session, known)?,
        };
        let above = match target {
            PinTarget::NewFile { .. } => pin_of_files(session, known),
            PinTarget::Existing(_) | PinTarget::Default | PinTarget::Assigned(_) => None,
        };
        plan.pins.push(PlannedPin { known, request, target, overriding, constraint, above });
    }
    Ok(plan)
}

/// A project's files can't contain every request that a user can type: no `path:/somewhere`.
fn check_allowed(target: &PinTarget, tool: &'static Tool, request: &Request) -> Result<()> {
    match target {
        PinTarget::Default | PinTarget::Assigned(_) => Ok(()),
        PinTarget::Existing(_) | PinTarget::NewFile { .. } => {
            let text = request.as_str();
            Request::parse(text, tool, RequestTrust::Project).map(drop).map_err(|reason| {
                Error::new(ErrorKind::Usage, format!("can't pin {request} in a project"))
                    .because(reason)
                    .hint(format!("use --global {}@{request}", tool.name))
            })
        }
    }
}

/// The tool's variables that are set: each is stronger than a pin in a file.
fn overriding_variables(session: &Session, tool: &Tool) -> Vec<(&'static str, String)> {
    let ignored = &session.settings.ignore_variables;
    let counts = tool.variables.iter().filter(|name| !ignored.iter().any(|one| one == *name));
    let set = counts.filter_map(|name| {
        let value = session.world.variable(name).filter(|value| !value.is_empty())?;
        Some((*name, value.to_string_lossy().into_owned()))
    });
    set.collect()
}

/// Installs the versions to pin: nothing is written before all are installed. `system` has no
/// version.
fn install(session: &Session, pins: &[PlannedPin<'_>]) -> Result<Vec<Option<PinVersion>>> {
    let tool_requests = pins.iter().map(|PlannedPin { known, request, .. }| {
        let tool_request = ToolRequest { known: *known, request, origin: &Origin::CommandLine };
        (tool_request, Prefer::Newest)
    });
    let access = folders::write_access(&session.folders)?;
    let acquired = install_all(session, &access, &tool_requests.collect::<Vec<_>>())?;
    let version = |acquired| match acquired {
        Acquired::Toolchain { toolchain, is_newest, .. } => {
            toolchain.version.map(|version| PinVersion { version, is_newest })
        }
        Acquired::Nothing => None,
    };
    Ok(acquired.into_iter().map(version).collect())
}

impl PlannedPin<'_> {
    /// What the user should know of a pin of this version.
    fn notices(&self, session: &Session, version: Option<&Version>) -> Result<Vec<Notice>> {
        let overriding = self.overriding.iter().map(|(name, value)| {
            format!("{name}={} overrides this pin: unset {name}", Escaped(value))
        });
        let tool = self.known.tool;
        let of_system = match self.request.kind() {
            RequestKind::System => session.resolver().selector().system(tool).main(&[]),
            _ => None,
        };
        let of_system = of_system.map(|main| system_version(session, tool, &main)).transpose()?;
        let version = version.or(of_system.as_ref().and_then(Option::as_ref));
        let broken = version.and_then(|version| self.broken(version)).map(Notice::warning);
        let above = self.above.as_ref().and_then(|pin| {
            let (request, origin) = (pin.request()?, &pin.origin);
            Some(format!("{} {request} (requested by {origin}) no longer applies here", tool.name))
        });
        let is_in_project =
            matches!(self.target, PinTarget::Existing(_) | PinTarget::NewFile { .. });
        let link = session.index.link(tool, self.request.as_str()).filter(|_| is_in_project);
        let of_machine = link.map(|link| {
            let (tool, name) = (tool.name, &link.name);
            Notice::note(format!(
                "{tool} {name} is a link: on other machines, first `use link {tool}@{name} DIR`"
            ))
        });
        let notes = |texts: Vec<String>| texts.into_iter().map(Notice::note);
        let before = notes(above.into_iter().collect());
        let behind = notes(overriding.collect());
        Ok(before.chain(broken).chain(behind).chain(of_machine).collect())
    }

    /// The warning about a version that doesn't satisfy the project's constraint. Constraints don't
    /// speak of flavours.
    fn broken(&self, version: &Version) -> Option<String> {
        let tool = self.known.tool;
        let constraint = self.constraint.as_ref()?;
        let range = constraint.request()?;
        let breaks = has_default_flavour(version, tool) && !range.matches(version, tool);
        let (tool, origin) = (tool.name, &constraint.origin);
        breaks.then(|| format!("{tool} {version} doesn't satisfy {range} (required by {origin})"))
    }
}

fn apply(
    session: &Session,
    pins: &[PlannedPin<'_>],
    versions: &[Option<PinVersion>],
) -> Result<Vec<PinReport>> {
    let reports = pins.iter().zip(versions).map(|(pin, found)| {
        let PlannedPin { known, request, target, .. } = pin;
        let version = found.as_ref().map(|found| &found.version);
        let is_newest = found.as_ref().is_some_and(|found| found.is_newest);
        let written = write_pin(session, target, known.tool, (request, version))?;
        Ok(PinReport {
            tool: known.tool.name,
            request: written.text,
            version: version.map(ToString::to_string),
            file: ReportPath::new(&written.path),
            changed: written.changed,
            word: (written.is_for_word && is_newest).then(|| request.to_string()),
            place: PinPlace::of(session, target, &written.path),
            in_place_of: written.in_place_of,
            notices: pin.notices(session, version)?,
        })
    });
    reports.collect()
}

impl PinReport {
    /// `pinned node 12 (12.22.12) in .nvmrc, in place of “foo bar”`, `pinned node 24.11.1 in .tool-versions (lts)`,
    /// `pinned node 12 (12.22.12) as your default (~/.config/usher/tool-versions)`.
    fn text(&self) -> String {
        let Self { tool, request, .. } = self;
        let version = match &self.version {
            Some(version) if version != request => format!(" ({version})"),
            Some(_) | None => String::new(),
        };
        let word = self.word.as_ref().map_or_else(String::new, |word| format!(" ({word})"));
        let old = match &self.in_place_of {
            Some(InvalidText::Shown(text)) => format!(", in place of “{}”", Escaped(text)),
            Some(InvalidText::Hidden) => ", in place of an invalid version".to_owned(),
            None => String::new(),
        };
        let pin = format!("{tool} {request}{version}");
        match (&self.place, self.changed) {
            (PinPlace::Project(file), true) => format!("pinned {pin} in {file}{word}{old}"),
            (PinPlace::Project(file), false) => format!("{pin} is already pinned in {file}{word}"),
            (PinPlace::Default(whose, file), true) => format!("pinned {pin} as {whose} ({file})"),
            (PinPlace::Default(whose, file), false) => format!("{pin} is already {whose} ({file})"),
        }
    }
}

impl PinPlace {
    fn of(session: &Session, target: &PinTarget, file: &Path) -> Self {
        let whose = match target {
            PinTarget::Existing(_) | PinTarget::NewFile { .. } => {
                return Self::Project(shown_file(session, file));
            }
            PinTarget::Default if session.folders.is_system_wide => {
                "the machine's default, for all accounts".to_owned()
            }
            PinTarget::Default => "your default".to_owned(),
            PinTarget::Assigned(assigned) => format!("the default for {}", assigned.label),
        };
        Self::Default(whose, ShortPaths::of(session).path(file))
    }
}

/// A file that was written: its name in the working directory, else its path.
pub(super) fn shown_file(session: &Session, path: &Path) -> String {
    let directory = session.world.directory().ok();
    let is_here = path.parent().is_some_and(|folder| directory.as_deref() == Some(folder));
    FileLocation::of_file(path.to_path_buf(), is_here).to_string()
}

fn print(
    session: &Session,
    reports: &[PinReport],
    hidden: Option<&Notice>,
    as_json: bool,
) -> Result<()> {
    let printed = match as_json {
        true => output::print_answer(&PinAnswer { pins: reports }),
        false => reports.iter().try_for_each(|report| output::print_line(report.text())),
    };
    for notice in reports.iter().flat_map(|report| &report.notices).chain(hidden) {
        session.reporter.notice(notice);
    }
    printed
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn check(world: MemoryWorld, words: &str, expected: &str) {
        let mut session = session(world);
        session.settings.ignore_variables.push("GO_VERSION".into());
        let is_global = words.starts_with("--global");
        let words: Vec<String> =
            words.split(' ').filter(|word| *word != "--global").map(str::to_owned).collect();
        let decided = decide(&session, &words, is_global);
        let decided = decided.map_or_else(|error| error.to_string(), |plan| plan_text(&plan));
        assert_eq!(decided, expected, "{words:?}");
    }

    fn plan_text(plan: &PinPlan<'_>) -> String {
        let pins =
            plan.pins.iter().map(|PlannedPin { known, request, target, overriding, .. }| {
                let target = match target {
                    PinTarget::Existing(location) => {
                        format!("in {}", location.place.path.display())
                    }
                    PinTarget::NewFile { path, .. } => format!("to {}", path.display()),
                    PinTarget::Default => "as the default".to_owned(),
                    PinTarget::Assigned(assigned) => format!("for {}", assigned.label),
                };
                let overriding =
                    overriding.iter().map(|(name, value)| format!(" · {name}={value}"));
                let overriding: String = overriding.collect();
                format!("{} {request} {target}{overriding}", known.tool.name)
            });
        let pins = pins.collect::<Vec<_>>().join("\n");
        if plan.is_default_without_project { format!("{pins} · no project") } else { pins }
    }

    #[test]
    fn a_pin_is_changed_where_it_is_and_else_added() {
        let project = MemoryWorld::at("/p/sub").file("/p/.nvmrc", "12").folder("/p/.git");
        check(project.clone(), "node@20", "node 20 in /p/.nvmrc");
        check(project.clone(), "node", "node lts in /p/.nvmrc");
        check(project.clone(), "go@1.22", "go 1.22 to /p/.tool-versions");
        check(
            project.clone(),
            "node@20 go@1.22",
            "node 20 in /p/.nvmrc\ngo 1.22 to /p/.tool-versions",
        );
        check(project, "--global node@20", "node 20 as the default");
        check(MemoryWorld::at("/home/u"), "node@20", "node 20 as the default · no project");
        check(MemoryWorld::at("/home/u"), "--global node@20", "node 20 as the default");
    }

    #[test]
    fn variables_that_override_the_pin_are_known() {
        let world = MemoryWorld::at("/p")
            .variable("NODE_VERSION", "18")
            .variable("PYTHON_VERSION", "")
            .variable("GO_VERSION", "1.21");
        let files = "node 20 to /p/.tool-versions · NODE_VERSION=18\n\
                     python 3.12 to /p/.tool-versions\ngo 1.22 to /p/.tool-versions";
        check(world, "node@20 python@3.12 go@1.22", files);
    }

    #[test]
    fn what_a_file_cannot_hold_is_refused() {
        let world =
            MemoryWorld::at("/p").file("/p/package.json", r#"{"volta": {"node": "12.0.0"}}"#);
        let error = "can't pin path:/opt/n in a project";
        let session = session(world);
        let refused = decide(&session, &["go@path:/opt/n".to_owned()], false).err().unwrap();
        assert_eq!((refused.kind(), refused.what.as_str()), (ErrorKind::Usage, error));
        assert_eq!(refused.hint.as_deref(), Some("use --global go@path:/opt/n"));
        // The field needs an exact version, and `system` has none.
        let refused = decide(&session, &["node@system".to_owned()], false).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::BadFile);
        assert!(decide(&session, &["node@20".to_owned()], false).is_ok());
    }

    #[test]
    fn a_report_has_the_version_that_a_partial_request_led_to() {
        let report = |request: &str, version: Option<&str>, changed| PinReport {
            tool: "node",
            request: request.to_owned(),
            version: version.map(str::to_owned),
            file: ReportPath::new("/p/.nvmrc"),
            changed,
            word: None,
            place: PinPlace::Project("/p/.nvmrc".to_owned()),
            in_place_of: None,
            notices: Vec::new(),
        };
        let partial = report("12", Some("12.22.12"), true);
        assert_eq!(partial.text(), "pinned node 12 (12.22.12) in /p/.nvmrc");
        let word =
            PinReport { word: Some("lts".to_owned()), ..report("24.11.1", Some("24.11.1"), true) };
        assert_eq!(word.text(), "pinned node 24.11.1 in /p/.nvmrc (lts)");
        let exact = report("12.22.12", Some("12.22.12"), false);
        assert_eq!(exact.text(), "node 12.22.12 is already pinned in /p/.nvmrc");
        assert_eq!(report("system", None, true).text(), "pinned node system in /p/.nvmrc");
        let default = |changed| PinReport {
            place: PinPlace::Default("your default".to_owned(), "~/versions".to_owned()),
            ..report("12", Some("12.22.12"), changed)
        };
        assert_eq!(default(true).text(), "pinned node 12 (12.22.12) as your default (~/versions)");
        let same = "node 12 (12.22.12) is already your default (~/versions)";
        assert_eq!(default(false).text(), same);
        insta::assert_snapshot!(serde_json::to_string(&partial).unwrap(), @r#"{"tool":"node","request":"12","version":"12.22.12","file":"/p/.nvmrc","changed":true}"#);
    }
}
