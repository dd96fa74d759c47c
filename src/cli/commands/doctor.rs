//! `use doctor`: looks for problems, and prints what to do about each.

mod all_accounts;
mod check;
mod check_id;
mod folder_variables;
mod links;
mod moved_scripts;
mod text;
mod venvs;

use std::path::{Path, PathBuf};

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::folders::{CUSTOM_TOOLS, shims_in};
use usher_shims::index::{Index, index_file};
use usher_shims::policy::policy_file;
use usher_shims::resolve::{Selection, versions_with_packages};
use usher_shims::settings::may_set_shared;
use usher_shims::store::{all_toolchains, damaged, has_program, ships};
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;
use usher_shims::world::World as _;

use self::all_accounts::{AllAccountsNotice, path_of_all_accounts};
use self::check::{CheckState, DoctorCheck};
use self::check_id::CheckId;
use self::folder_variables::{FolderNotice, notices};
use self::moved_scripts::moved_scripts;
use self::venvs::VenvNotice;
use super::refused_system_programs;
use super::setup::{command_of_account, remedy};
use super::shim_faults::{ShimFault, shim_faults};
use crate::cli::explanation::install_command;
use crate::cli::output::{self, Report, Text};
use crate::cli::search_path::{SearchPath, hiding_text};
use crate::cli::shims::pinned_tools;
use crate::config::settings;
use crate::inventory::names_in_folder;
use crate::project::notices::ProjectFindings;
use crate::registry::KnownTool;
use crate::releases::network::plain_http_note;
use crate::releases::platform::platform;
use crate::releases::{PlainHttpSource, plain_http_sources};
use crate::session::Session;
use crate::session::active::{active_selection, pin_of_files, version_label};
use crate::session::end_of_life::EndOfLife;
use crate::session::policy::Rule;
use crate::session::reporter::Notice;
use crate::session::retired::{RetiredToolchains, retired_text};
use crate::shim_folder;
use crate::text::short_list;

/// The result of all checks.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct DoctorReport {
    /// The results of the checks.
    checks: Vec<DoctorCheck>,
    /// Whether text lists what is as it should be, too.
    #[serde(skip)]
    all: bool,
    /// How many problems were found, if any.
    #[serde(skip)]
    error: Option<Error>,
}

/// What the shim folder lacks, what is wrong in it, and what else is in it.
#[derive(Debug, Default)]
struct ShimFolderState {
    missing: Vec<String>,
    faults: Vec<ShimFault>,
    /// A notice of files that aren't usher's.
    foreign_files: Option<String>,
}

/// Runs `use doctor`; with `all`, text lists what is as it should be, too.
pub fn run(session: &Session, all: bool, as_json: bool) -> Result<i32> {
    let mut report = decide(session, shim_folder_state(session));
    report.all = all;
    let scripts = moved_scripts(session).into_iter();
    report.checks.extend(scripts.map(|notice| {
        let check = DoctorCheck::note(CheckId::ScriptsMoved, notice.what, notice.hint);
        check.of_tool(notice.tool).at(&notice.path)
    }));
    let for_all = path_of_all_accounts(session).into_iter();
    report.checks.extend(for_all.map(|AllAccountsNotice { what, hint }| match hint {
        Some(hint) => DoctorCheck::note(CheckId::AllAccountsPath, what, hint),
        None => DoctorCheck::ok(CheckId::AllAccountsPath, what),
    }));
    output::print(&report, as_json, &*session.reporter)
}

fn shim_folder_state(session: &Session) -> Result<ShimFolderState> {
    if !session.folders.shims().is_dir() {
        return Ok(ShimFolderState::default());
    }
    let changes = shim_folder::pending_changes(session, &pinned_tools(session))?;
    let foreign_files = (!changes.foreign.is_empty())
        .then(|| shim_folder::foreign::foreign_files_notice(session, &changes.foreign));
    let faults = shim_faults(session, &changes.mended);
    Ok(ShimFolderState { missing: changes.created, faults, foreign_files })
}

fn decide(session: &Session, shim_folder: Result<ShimFolderState>) -> DoctorReport {
    let mut checks = vec![
        DoctorCheck::ok(
            CheckId::Usher,
            format!(
                "usher {} on {}, at {}",
                env!("CARGO_PKG_VERSION"),
                platform(&session.world),
                Shown(&session.folders.data)
            ),
        )
        .at(&session.folders.data),
        path(session),
        index(session),
    ];
    checks.extend(shims(shim_folder));
    checks.push(writable(session));
    checks.extend(own_definitions(session));
    checks.extend(version_files(session));
    let retired = RetiredToolchains::read(session);
    for known in session.registry.all() {
        checks.extend(variables(session, known));
        checks.extend(folder_variables(session, known));
        checks.extend(check_selected_version(session, known));
        checks.extend(retired_version(session, known, &retired));
        checks.extend(ended_version(session, known));
        checks.extend(virtual_environments(session, known));
        checks.extend(rejected_programs(session, known));
        checks.extend(orphaned_packages(session, known));
    }
    checks.extend(links::faults(session));
    checks.extend(settings_without_index(session));
    checks.extend(settings_in_use(session));
    checks.extend(policy_rules(session));
    checks.extend(plain_http(session));
    let checks = without_repetitions(checks);
    let count = checks.iter().filter(|check| check.state == CheckState::Error).count();
    let error = match count {
        0 => None,
        1 => Some(Error::new(ErrorKind::FaultsFound, "1 problem found")),
        _ => Some(Error::new(ErrorKind::FaultsFound, format!("{count} problems found"))),
    };
    DoctorReport { checks, all: false, error }
}

/// Each check once: a file that is broken for one tool is so for others too.
fn without_repetitions(checks: Vec<DoctorCheck>) -> Vec<DoctorCheck> {
    checks.into_iter().fold(Vec::new(), |mut kept: Vec<DoctorCheck>, check| {
        match kept.iter_mut().find(|one| one.has_same_text(&check)) {
            Some(one) if one.tool != check.tool => one.tool = None,
            Some(_) => {}
            None => kept.push(check),
        }
        kept
    })
}

impl Report for DoctorReport {
    fn text(&self) -> Text {
        text::text(&self.checks, self.all)
    }

    fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

/// The note on an active version that the machine removes.
fn retired_version(
    session: &Session,
    known: KnownTool<'_>,
    retired: &RetiredToolchains,
) -> Option<DoctorCheck> {
    let Ok(Selection::Toolchain(toolchain, _)) = active_selection(session, known) else {
        return None;
    };
    let date = retired.date_of(session, known.tool, &toolchain)?;
    let what = retired_text(known.tool, &version_label(&toolchain), date);
    let hint = format!("use available {}", known.tool.name);
    let check = DoctorCheck::note(CheckId::VersionRetired, what, hint);
    Some(check.of_tool(known.tool.name).at(&toolchain.root))
}

/// The note on an active version that is no longer maintained, or soon won't be.
fn ended_version(session: &Session, known: KnownTool<'_>) -> Option<DoctorCheck> {
    let Ok(Selection::Toolchain(toolchain, _)) = active_selection(session, known) else {
        return None;
    };
    let end_of_life = EndOfLife::of_toolchain(session, known, &toolchain)?;
    let what = end_of_life.text(known.tool, toolchain.version.as_ref()?)?;
    // Which line a project moves to is its own matter; the list has the marks of each.
    let hint =
        (!known.definition.source.is_empty()).then(|| format!("use available {}", known.tool.name));
    let check = DoctorCheck::new(CheckId::EndOfLife, CheckState::Note, what, hint);
    Some(check.of_tool(known.tool.name).at(&toolchain.root))
}

/// Whether the shims come first on PATH.
fn path(session: &Session) -> DoctorCheck {
    let shims = session.folders.shims();
    let Some(path) = SearchPath::of(session) else {
        let setup = match session.folders.is_system_wide {
            true => "use setup --system".to_owned(),
            false => command_of_account(session),
        };
        let what = format!("PATH doesn't contain {}", Shown(&shims));
        return DoctorCheck::error(CheckId::ShimsOnPath, what, setup).at(&shims);
    };
    let path = path.without_venvs(session);
    let hiding = path.all_hiding(session);
    let Some(first) = hiding.first() else {
        let what = format!("{} is on PATH", Shown(&path.shims));
        return DoctorCheck::ok(CheckId::ShimsOnPath, what).at(&path.shims);
    };
    let what = hiding_text(&hiding);
    DoctorCheck::error(CheckId::ShimsHidden, what, remedy(session, &path, first)).at(first)
}

/// Whether the shims' index is up to date.
fn index(session: &Session) -> DoctorCheck {
    let own = session.folders.shims();
    match index_in(session, &own) {
        Some(index) if index.print() == session.index.print() => {
            DoctorCheck::ok(CheckId::IndexUpToDate, "the shims' index is up to date")
        }
        Some(index) if index.folders.data != session.folders.data => {
            let before = Shown(&index.folders.data);
            DoctorCheck::note(
                CheckId::HomeMoved,
                format!("this folder was moved or copied from {before}"),
                "use reshim",
            )
            .at(&session.folders.data)
        }
        Some(_) => DoctorCheck::note(
            CheckId::IndexUpToDate,
            "the shims' index is out of date",
            "use reshim",
        ),
        None => used_machine_shims(session).map_or_else(
            || {
                let what = format!("{} is missing or unreadable", Shown(&index_file(&own)));
                DoctorCheck::error(CheckId::IndexMissing, what, "use reshim").at(&index_file(&own))
            },
            |shims| {
                let what = format!("the machine's shims are used: {}", Shown(&shims));
                DoctorCheck::ok(CheckId::MachineShims, what).at(&shims)
            },
        ),
    }
}

fn index_in(session: &Session, shims: &Path) -> Option<Index> {
    Index::parse(&session.world.read(&index_file(shims)).ok()?.bytes)
}

/// The machine's shim folder, for an account that has none of its own yet.
fn used_machine_shims(session: &Session) -> Option<PathBuf> {
    let shims = shims_in(&session.machine);
    (!exists(session, &session.folders.shims()) && index_in(session, &shims).is_some())
        .then_some(shims)
}

/// Whether something is there, or may be.
fn exists(session: &Session, path: &Path) -> bool {
    session.world.metadata(path).map_or(true, |seen| seen.is_some())
}

/// Whether shims are missing or damaged, and whether foreign files are among them.
fn shims(folder: Result<ShimFolderState>) -> Vec<DoctorCheck> {
    let folder = match folder {
        Ok(folder) => folder,
        Err(error) => {
            return vec![DoctorCheck::error(CheckId::ShimsUnreadable, error.what, "use reshim")];
        }
    };
    let missing = (!folder.missing.is_empty()).then(|| {
        let count = match folder.missing.len() {
            1 => "1 shim is".to_owned(),
            count => format!("{count} shims are"),
        };
        let what = format!("{count} missing ({})", short_list(&folder.missing));
        DoctorCheck::note(CheckId::ShimsMissing, what, "use reshim")
    });
    let faults = folder.faults.into_iter().map(|fault| {
        let state = if fault.is_harmless { CheckState::Note } else { CheckState::Error };
        let then = fault.for_program.map_or_else(String::new, |hint| format!(", then: {hint}"));
        let hint = Some(format!("use reshim{then}"));
        DoctorCheck::new(CheckId::ShimsFaulty, state, fault.what, hint)
    });
    let foreign = folder
        .foreign_files
        .map(|notice| DoctorCheck::error(CheckId::ForeignFiles, notice, "use reshim"));
    missing.into_iter().chain(faults).chain(foreign).collect()
}

fn writable(session: &Session) -> DoctorCheck {
    let data = &session.folders.data;
    // It is made when it is needed.
    let existing = data.ancestors().find(|folder| exists(session, folder)).unwrap_or(data);
    let check = match session.world.is_writable(existing) {
        true => DoctorCheck::ok(CheckId::HomeWritable, format!("{} is writable", Shown(data))),
        false => DoctorCheck::note(
            CheckId::HomeWritable,
            format!(
                "{} isn't writable: installed versions run, but none can be installed",
                Shown(data)
            ),
            "export USHER_HOME=/path/to/a/folder",
        ),
    };
    check.at(data)
}

/// Sources whose answers others on the network can change.
fn plain_http(session: &Session) -> Vec<DoctorCheck> {
    let sources = plain_http_sources(session).into_iter();
    let check = |PlainHttpSource { origin, host }| {
        let host = Escaped(&host).to_string();
        DoctorCheck::note(
            CheckId::PlainHttp,
            format!("{} (set by {})", plain_http_note(&host), Escaped(&origin)),
            format!("if {host} has one, use its https:// address"),
        )
    };
    sources.map(check).collect()
}

/// What is in the project's version files and decides nothing.
fn version_files(session: &Session) -> Vec<DoctorCheck> {
    let findings = ProjectFindings::of(session);
    let unusable = findings.unusable().into_iter();
    let unusable = unusable.map(|notice| (CheckId::VersionFileUnusable, notice));
    let unlocked = findings.unlocked().into_iter();
    let unlocked = unlocked.map(|notice| (CheckId::RequestNotLocked, notice));
    let unknown = findings.unknown_tools().into_iter();
    let unknown = unknown.map(|notice| (CheckId::UnknownTools, notice));
    let notices = unusable.chain(unlocked).chain(unknown);
    let check =
        |(id, Notice { what, hint, .. })| DoctorCheck::new(id, CheckState::Note, what, hint);
    notices.map(check).collect()
}

/// Tools' variables that are set: official images set them as labels of what they contain.
fn variables(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    let set = known.tool.variables.iter().filter_map(|name| {
        let value = session.world.variable(name).filter(|value| !value.is_empty())?;
        Some((*name, Escaped(&value.to_string_lossy()).to_string()))
    });
    let check = |(name, value): (&str, String)| {
        if session.settings.ignore_variables.iter().any(|ignored| ignored == name) {
            let what =
                format!("{name}={value} is set, and ignored by the setting `ignore_variables`");
            return DoctorCheck::ok(CheckId::VariableIgnored, what).of_variable(name);
        }
        let overridden =
            overridden_pin(session, known).unwrap_or_else(|| "all version files".to_owned());
        DoctorCheck::note(
            CheckId::VariableOverrides,
            format!("{name}={value} is set, and overrides {overridden}"),
            format!(
                "unset {name}, or put ignore_variables = [\"{name}\"] into {}",
                Shown(&session.folders.settings_file())
            ),
        )
        .of_variable(name)
    };
    set.map(|set| check(set).of_tool(known.tool.name)).collect()
}

/// Variables and settings that name a version's folder.
fn folder_variables(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    let check = |FolderNotice { what, hint, variable }| {
        let state = if hint.is_some() { CheckState::Note } else { CheckState::Ok };
        let check = DoctorCheck::new(CheckId::FolderVariable, state, what, hint);
        DoctorCheck { variable, ..check }.of_tool(known.tool.name)
    };
    notices(session, known).into_iter().map(check).collect()
}

/// Virtual environments of the project, and the active one.
fn virtual_environments(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    let check = |notice| match notice {
        VenvNotice::Fault(what, hint) => DoctorCheck::error(CheckId::EnvironmentFaulty, what, hint),
        VenvNotice::Active(what, hint) => DoctorCheck::note(CheckId::EnvironmentActive, what, hint),
    };
    let notices = venvs::notices(session, known).into_iter();
    notices.map(|notice| check(notice).of_tool(known.tool.name)).collect()
}

/// The pin of the project's files that a variable overrides.
fn overridden_pin(session: &Session, known: KnownTool<'_>) -> Option<String> {
    let pin = pin_of_files(session, known)?;
    let request = pin.request()?;
    Some(format!("{request} (requested by {})", pin.origin))
}

/// Problems of the user's own tool definitions, and which of them replace usher's.
fn own_definitions(session: &Session) -> Vec<DoctorCheck> {
    let faulty = session.registry.definition_errors().iter().map(|fault| {
        let hint = "fix the file, then: use reshim";
        DoctorCheck::error(CheckId::DefinitionInvalid, fault.line(), hint)
    });
    let replaced = session.registry.replaced_tools().map(|(tool, file)| {
        let (name, path, file) = (tool.name, file, Shown(file));
        DoctorCheck::note(
            CheckId::DefinitionReplaced,
            format!("{file} replaces usher's own definition of {name}"),
            format!("to use usher's own definition: rm '{file}'"),
        )
        .of_tool(name)
        .at(path)
    });
    faulty.chain(replaced).collect()
}

/// The system's programs that usher doesn't use, of a pinned tool.
fn rejected_programs(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    if active_selection(session, known).is_ok_and(|active| active.origin().is_none()) {
        return Vec::new();
    }
    let note = |Notice { what, hint, .. }| {
        DoctorCheck::new(CheckId::ProgramRejected, CheckState::Note, what, hint)
            .of_tool(known.tool.name)
    };
    refused_system_programs(session, known).into_iter().map(note).collect()
}

/// Global packages of versions that are no longer installed.
fn orphaned_packages(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    let (world, index, tool) = (&session.world, &session.index, known.tool);
    let Ok(Some(installed)) = all_toolchains(world, index, tool) else { return Vec::new() };
    let mut orphaned = versions_with_packages(world, index, tool);
    orphaned.retain(|version| installed.iter().all(|one| one.version.as_ref() != Some(version)));
    orphaned.sort();
    let check = |version: Version| {
        let folder = index.packages_folder(tool, &version);
        let names = names_in_folder(&folder.join("bin")).unwrap_or_default();
        let names: Vec<String> = names.into_iter().collect();
        let tool = tool.name;
        let what = format!("{tool} {version} is no longer installed, and has global packages");
        (!names.is_empty()).then(|| {
            DoctorCheck::note(
                CheckId::PackagesOrphaned,
                format!("{what}: {}", short_list(&names)),
                format!("use install {tool}@{version}, or: rm -r '{}'", Shown(&folder)),
            )
            .of_tool(tool)
            .at(&folder)
        })
    };
    orphaned.into_iter().filter_map(check).collect()
}

/// Settings for the shims, or tools, in an account that has no index: each of its calls starts `use`,
/// which reads them.
fn settings_without_index(session: &Session) -> Option<DoctorCheck> {
    used_machine_shims(session)?;
    let (settings, tools) =
        (session.folders.settings_file(), session.folders.config.join(CUSTOM_TOOLS));
    let content = session.world.read(&settings).ok();
    let slow = match content.is_some_and(|content| may_set_shared(&content.bytes)) {
        true => Some(settings),
        false => Some(tools).filter(|tools| exists(session, tools)),
    };
    slow.map(|path| {
        let what = format!("{} slows down each call of a shim: no index has it", Shown(&path));
        DoctorCheck::note(CheckId::IndexLacksSettings, what, "use reshim").at(&path)
    })
}

/// Whether a pinned tool can run, and what runs where it isn't pinned.
fn check_selected_version(session: &Session, known: KnownTool<'_>) -> Option<DoctorCheck> {
    let tool = known.tool.name;
    let check = match active_selection(session, known) {
        Err(error) => {
            let what = error.line();
            Some(DoctorCheck::new(CheckId::RequestBroken, CheckState::Error, what, error.hint))
        }
        Ok(Selection::Missing(missing)) => {
            let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
            let origin = &missing.pin.origin;
            let what = format!("{tool} {request} is not installed (requested by {origin})");
            let hint = install_command(tool, &request);
            Some(DoctorCheck::note(CheckId::NotInstalled, what, hint))
        }
        Ok(Selection::System(main, None)) => {
            let what = format!("{tool} is not pinned: {} runs", Shown(&main));
            Some(DoctorCheck::ok(CheckId::NotPinned, what).at(&main))
        }
        Ok(Selection::Toolchain(toolchain, _)) => damage(session, known, &toolchain),
        Ok(Selection::System(..) | Selection::Nothing(_) | Selection::Stale) => None,
    };
    check.map(|check| check.of_tool(tool))
}

/// A program that a version was installed with, and lacks.
fn damage(session: &Session, known: KnownTool<'_>, toolchain: &Toolchain) -> Option<DoctorCheck> {
    let world = &session.world;
    let lacks = |program: &&&str| {
        has_program(world, toolchain, program).is_ok_and(|has| !has)
            && ships(world, toolchain, program)
    };
    let program = known.tool.programs.iter().find(lacks)?;
    let error = damaged(known.tool, toolchain, program);
    let what = error.line();
    let check = DoctorCheck::new(CheckId::VersionDamaged, CheckState::Error, what, error.hint);
    Some(check.at(&toolchain.root))
}

/// What the machine's policy limits.
fn policy_rules(session: &Session) -> impl Iterator<Item = DoctorCheck> {
    let file = policy_file();
    session.policy.rules().into_iter().map(move |Rule { key, value, line }| {
        let what = format!("{key} = {value} ({}:{line})", Shown(&file));
        DoctorCheck::ok(CheckId::PolicyRule, what).at(&file)
    })
}

/// Settings that aren't the default.
fn settings_in_use(session: &Session) -> Vec<DoctorCheck> {
    let set = session
        .settings
        .list()
        .filter(|(_, _, origin)| **origin != settings::SettingOrigin::Default);
    let check = |(setting, value, origin): (&settings::Setting, _, &settings::SettingOrigin)| {
        DoctorCheck::ok(CheckId::Setting, format!("{} = {value} ({origin})", setting.key))
    };
    set.map(check).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;
    use usher_shims::index::RejectedProgram;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::end_of_life::tests::day_of_2027;
    use crate::session::in_memory::session;

    /// Node 12 is pinned and installed, the shims are on PATH, and their index is up to date.
    fn world() -> MemoryWorld {
        let world = MemoryWorld::at("/p")
            .file("/p/.nvmrc", "12")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
            .file("/usher/shims/npm", "")
            .variable("PATH", "/usher/shims:/sys/bin");
        let index = session(world.clone()).index.print();
        world.file("/usher/shims/.usher", index)
    }

    fn refused_python() -> RejectedProgram {
        RejectedProgram {
            tool: "python".to_owned(),
            path: "/usr/bin/python3".into(),
            fingerprint: String::new(),
            reason: "it has no venv".to_owned(),
            hint: String::new(),
        }
    }

    fn report(world: MemoryWorld) -> DoctorReport {
        decide(&session(world), Ok(ShimFolderState::default()))
    }

    /// The results but for the first line, which names the platform.
    fn text(report: &DoctorReport) -> String {
        shown(&report.checks[1..])
    }

    /// Checks as they are printed.
    fn shown(checks: &[DoctorCheck]) -> String {
        let about = DoctorCheck::ok(CheckId::Usher, "usher");
        let text = text::text(&[&[about], checks].concat(), true).to_string();
        text.strip_prefix("usher\n").unwrap().to_owned()
    }

    #[test]
    fn an_active_version_of_a_release_line_that_ends_is_a_note() {
        let mut session = session(world());
        let notes = |session: &Session| {
            let report = decide(session, Ok(ShimFolderState::default()));
            let is_note = |check: &&DoctorCheck| check.state == CheckState::Note;
            shown(&report.checks.iter().filter(is_note).cloned().collect::<Vec<_>>())
        };
        assert_eq!(notes(&session), "0 checks passed\n");
        session.now = day_of_2027(0);
        insta::assert_snapshot!(notes(&session), @"
        note   node 12.22.12 is past its end of life, 2022-04-30: it gets no fixes
               hint: use available node
        1 note, 0 checks passed
        ");
    }

    #[test]
    fn all_is_well() {
        let report = report(world());
        insta::assert_snapshot!(text(&report), @"
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        3 checks passed
        ");
        assert_eq!(report.exit_code(), 0);
        let first = &report.checks[0].what;
        assert!(first.starts_with("usher ") && first.ends_with(", at /usher"), "{first}");
        assert_eq!(
            serde_json::to_value(&report).unwrap()["checks"][1],
            json!({
                "id": "shims-on-path",
                "state": "ok",
                "path": "/usher/shims",
                "what": "/usher/shims is on PATH",
            })
        );
    }

    #[test]
    fn path_lacks_the_shims_or_hides_them() {
        let lacks = report(world().variable("PATH", "/sys/bin"));
        assert_eq!(
            lacks.checks[1],
            DoctorCheck::error(
                CheckId::ShimsOnPath,
                "PATH doesn't contain /usher/shims",
                "/usher/shims/use setup"
            )
            .at(Path::new("/usher/shims"))
        );
        assert_eq!(lacks.exit_code(), 65);
        assert_eq!(lacks.error().unwrap().what, "1 problem found");
        // Without a shim of its name, nothing is hidden.
        let other = world().file("/other/bin/jar", "").variable("PATH", "/other/bin:/usher/shims");
        assert_eq!(report(other).checks[1].state, CheckState::Ok);
        let hidden = world().file("/other/bin/npm", "").variable("PATH", "/other/bin:/usher/shims");
        insta::assert_snapshot!(shown(&report(hidden).checks[1..2]), @"
        error  /other/bin/npm comes before the shims on PATH and hides one
               hint: use setup
        0 checks passed
        ");
        let several = ["node", "npm", "npx", "java"]
            .iter()
            .fold(world(), |world, name| {
                let world = world.file(format!("/usher/shims/{name}"), "");
                world.file(format!("/other/bin/{name}"), "")
            })
            .variable("PATH", "/other/bin:/usher/shims");
        let what = "4 programs come before the shims on PATH and hide them: /other/bin/java, \
                    /other/bin/node, …";
        assert_eq!(report(several).checks[1].what, what);
    }

    #[test]
    fn a_version_that_lacks_its_program_is_damaged() {
        let root = "/usher/toolchains/node/12.22.12";
        let receipt = "{\"files\": {\"bin/node\": {}, \"bin/npx\": {}}}";
        let world = world().file(format!("{root}/{}", usher_shims::toolchain::RECEIPT), receipt);
        let damaged = report(world.clone());
        let expected = DoctorCheck::error(
            CheckId::VersionDamaged,
            format!("node 12.22.12 is damaged: {root}/bin/npx is missing or not executable"),
            "use repair node@12.22.12",
        );
        let expected = expected.of_tool("node").at(Path::new(root));
        assert!(damaged.checks.contains(&expected), "{:?}", damaged.checks);
        assert!(report(world.file(format!("{root}/bin/npx"), "")).error.is_none());
    }

    #[test]
    fn a_file_that_is_broken_for_all_tools_is_one_problem() {
        let report = report(world().file("/p/mise.toml", "").unreadable("/p/mise.toml"));
        let whats = report.checks.iter().map(|check| check.what.as_str());
        assert_eq!(whats.filter(|what| what.contains("/p/mise.toml")).count(), 1);
        assert_eq!(report.error.map(|error| error.what).as_deref(), Some("1 problem found"));
    }

    #[test]
    fn the_index_and_the_shim_folder() {
        let mut old = session(world()).index;
        old.rejected_programs.push(refused_python());
        let outdated = report(world().file("/usher/shims/.usher", old.print()));
        assert_eq!(
            outdated.checks[2],
            DoctorCheck::note(
                CheckId::IndexUpToDate,
                "the shims' index is out of date",
                "use reshim"
            )
        );
        let broken = report(world().file("/usher/shims/.usher", "garbage"));
        insta::assert_snapshot!(shown(&broken.checks[2..3]), @"
        error  /usher/shims/.usher is missing or unreadable
               hint: use reshim
        0 checks passed
        ");
        let unreadable = report(world().unreadable("/usher/shims/.usher"));
        assert_eq!(unreadable.checks[2], broken.checks[2]);
        let folder = ShimFolderState {
            missing: vec!["node10".to_owned(), "npm".to_owned()],
            faults: vec![
                ShimFault {
                    what: "shims that are empty: node npx".to_owned(),
                    is_harmless: false,
                    for_program: None,
                },
                ShimFault {
                    what: "shims that have capabilities: node".to_owned(),
                    is_harmless: true,
                    for_program: Some("setcap X node".to_owned()),
                },
            ],
            foreign_files: Some("/usher/shims has x".to_owned()),
        };
        let checks = shown(&shims(Ok(folder)));
        insta::assert_snapshot!(checks, @"
        error  shims that are empty: node npx
               hint: use reshim
        error  /usher/shims has x
               hint: use reshim
        note   2 shims are missing (node10, npm)
               hint: use reshim
        note   shims that have capabilities: node
               hint: use reshim, then: setcap X node
        2 notes, 0 checks passed
        ");
        let failed = Error::io("list", Path::new("/usher/shims"), std::io::ErrorKind::Other.into());
        assert_eq!(
            shims(Err(failed)),
            [DoctorCheck::error(CheckId::ShimsUnreadable, "can't list /usher/shims", "use reshim")]
        );
    }

    #[test]
    fn an_account_without_a_folder_uses_the_machines_shims() {
        let world = || MemoryWorld::at("/p").variable("PATH", "/usher/shims:/sys/bin");
        let index = session(world()).index.print();
        let machine = report(world().file("/machine/shims/.usher", index));
        let used = "the machine's shims are used: /machine/shims";
        let used = DoctorCheck::ok(CheckId::MachineShims, used).at(Path::new("/machine/shims"));
        assert_eq!(machine.checks[2], used);
        assert_eq!(machine.exit_code(), 0);
        let none = report(world());
        assert_eq!(none.checks[2].state, CheckState::Error);
    }

    #[test]
    fn a_folder_that_is_not_writable_is_a_note() {
        let report = report(world().unwritable("/usher"));
        insta::assert_snapshot!(shown(&report.checks[3..4]), @"
        note   /usher isn't writable: installed versions run, but none can be installed
               hint: export USHER_HOME=/path/to/a/folder
        1 note, 0 checks passed
        ");
        assert_eq!(report.exit_code(), 0);
    }

    #[test]
    fn a_variable_overrides_the_project() {
        let set = |value: &str| world().variable("NODE_VERSION", value);
        insta::assert_snapshot!(text(&report(set("12.22"))), @r#"
        note   NODE_VERSION=12.22 is set, and overrides 12 (requested by .nvmrc:1)
               hint: unset NODE_VERSION, or put ignore_variables = ["NODE_VERSION"] into /usher/config/config.toml
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        1 note, 3 checks passed
        "#);
        insta::assert_snapshot!(text(&report(set("12\u{1b}[31m"))), @r#"
        error  invalid node version “12\u{1b}[31m” (requested by NODE_VERSION): it has control characters
               hint: unset NODE_VERSION
        note   NODE_VERSION=12\u{1b}[31m is set, and overrides 12 (requested by .nvmrc:1)
               hint: unset NODE_VERSION, or put ignore_variables = ["NODE_VERSION"] into /usher/config/config.toml
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        1 note, 3 checks passed
        "#);
        let mut ignoring = session(set("10"));
        ignoring.settings.ignore_variables = vec!["NODE_VERSION".to_owned()];
        let report = decide(&ignoring, Ok(ShimFolderState::default()));
        let ignored = "NODE_VERSION=10 is set, and ignored by the setting `ignore_variables`";
        let ignored = DoctorCheck::ok(CheckId::VariableIgnored, ignored);
        let ignored = ignored.of_variable("NODE_VERSION").of_tool("node");
        assert!(report.checks.contains(&ignored), "{report:?}");
    }

    #[test]
    fn files_that_decide_nothing_are_notes() {
        let report = report(
            world()
                .file("/p/package.json", "{")
                .file("/p/.env", "PHP_VERSION=8.1-fpm-alpine\n")
                .file("/p/.tool-versions", "terraform 1.5.7\n"),
        );
        insta::assert_snapshot!(text(&report), @"
        note   ignored: invalid php version “8.1-fpm-alpine” (requested by .env:1): expected a version, a range or an alias
        note   ignored: can't parse package.json: EOF while parsing an object at line 1 column 1
        note   unknown tool: terraform (.tool-versions)
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        3 notes, 3 checks passed
        ");
        assert_eq!(report.exit_code(), 0);
    }

    #[test]
    fn pins_that_cannot_run_and_tools_that_are_not_pinned() {
        let report = report(
            world()
                .file("/p/.nvmrc", "13")
                .file("/p/.python-version", "\n")
                .file("/sys/bin/java", ""),
        );
        insta::assert_snapshot!(text(&report), @"
        error  can't parse .python-version: it names no version
               hint: use python
        note   node 13 is not installed (requested by .nvmrc:1)
               hint: use install node@13
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        ok     java is not pinned: /sys/bin/java runs
        1 note, 4 checks passed
        ");
        assert_eq!(report.exit_code(), 65);
    }

    #[test]
    fn refused_programs_are_notes_where_the_tool_is_pinned() {
        let checks = |world| {
            let mut session = session(world);
            session.index.rejected_programs.push(refused_python());
            let python = session.registry.named("python").unwrap();
            rejected_programs(&session, python)
        };
        assert_eq!(checks(world()), []);
        let what = "the system's python at /usr/bin/python3 is ignored: it has no venv".to_owned();
        assert_eq!(
            checks(world().file("/p/.python-version", "3.12")),
            [DoctorCheck::new(CheckId::ProgramRejected, CheckState::Note, what, None)
                .of_tool("python")]
        );
    }
}
