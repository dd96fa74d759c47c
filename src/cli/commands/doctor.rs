//! `use doctor`: looks for problems, and prints what to do about each.

mod all_accounts;
mod folder_variables;
mod moved_scripts;
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
use self::folder_variables::{FolderNotice, notices};
use self::moved_scripts::moved_scripts;
use self::venvs::VenvNotice;
use super::refused_system_programs;
use super::shim_faults::{ShimFault, shim_faults};
use crate::cli::explanation::install_command;
use crate::cli::output::{self, Report, Text};
use crate::cli::search_path::SearchPath;
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
#[serde(transparent)]
struct DoctorReport {
    checks: Vec<DoctorCheck>,
    /// How many problems were found, if any.
    #[serde(skip)]
    error: Option<Error>,
}

/// The result of one check.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct DoctorCheck {
    state: CheckState,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// How bad a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum CheckState {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// A problem: `use doctor` fails.
    Error,
}

/// What the shim folder lacks, what is wrong in it, and what else is in it.
#[derive(Debug, Default)]
struct ShimFolderState {
    missing: Vec<String>,
    faults: Vec<ShimFault>,
    /// A notice of files that aren't usher's.
    foreign_files: Option<String>,
}

/// Runs `use doctor`.
pub fn run(session: &Session, as_json: bool) -> Result<i32> {
    let mut report = decide(session, shim_folder_state(session));
    let scripts = moved_scripts(session).into_iter();
    report.checks.extend(scripts.map(|notice| DoctorCheck::note(notice.what, notice.hint)));
    let for_all = path_of_all_accounts(session).into_iter();
    report.checks.extend(for_all.map(|AllAccountsNotice { what, hint }| match hint {
        Some(hint) => DoctorCheck::note(what, hint),
        None => DoctorCheck::ok(what),
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
        DoctorCheck::ok(format!(
            "usher {} on {}, at {}",
            env!("CARGO_PKG_VERSION"),
            platform(&session.world),
            Shown(&session.folders.data)
        )),
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
    DoctorReport { checks, error }
}

/// Each check once: a file that is broken for one tool is so for others too.
fn without_repetitions(checks: Vec<DoctorCheck>) -> Vec<DoctorCheck> {
    checks.into_iter().fold(Vec::new(), |mut kept, check| {
        if !kept.contains(&check) {
            kept.push(check);
        }
        kept
    })
}

impl DoctorCheck {
    fn ok(what: impl Into<String>) -> Self {
        Self { state: CheckState::Ok, what: what.into(), hint: None }
    }

    fn note(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: CheckState::Note, what: what.into(), hint: Some(hint.into()) }
    }

    fn error(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: CheckState::Error, what: what.into(), hint: Some(hint.into()) }
    }

    fn text(&self) -> String {
        let mark = match self.state {
            CheckState::Ok => "ok",
            CheckState::Note => "note",
            CheckState::Error => "error",
        };
        let hint = self.hint.as_ref().map_or_else(String::new, |hint| format!("       {hint}\n"));
        format!("{mark:5}  {}\n{hint}", self.what)
    }
}

impl Report for DoctorReport {
    fn text(&self) -> Text {
        self.checks.iter().map(DoctorCheck::text).collect::<String>().into()
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
    Some(DoctorCheck::note(what, format!("use available {}", known.tool.name)))
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
    Some(DoctorCheck { state: CheckState::Note, what, hint })
}

/// Whether the shims come first on PATH.
fn path(session: &Session) -> DoctorCheck {
    let shims = session.folders.shims();
    let setup = if session.folders.is_system_wide { "use setup --system" } else { "use setup" };
    let Some(path) = SearchPath::of(session) else {
        return DoctorCheck::error(format!("PATH doesn't contain {}", Shown(&shims)), setup);
    };
    let path = path.without_venvs(session);
    let programs = session.registry.all().flat_map(|known| known.tool.programs);
    let mut with_shim = programs.filter(|program| path.has_shim(session, program));
    let hiding = with_shim.find_map(|program| path.hiding(session, program));
    match hiding {
        Some(program) => DoctorCheck::error(
            format!("{} comes before the shims on PATH and hides them", Shown(&program)),
            format!("move {} to the front of PATH, or: {setup}", Shown(&shims)),
        ),
        None => DoctorCheck::ok(format!("{} is on PATH", Shown(&path.shims))),
    }
}

/// Whether the shims' index is up to date.
fn index(session: &Session) -> DoctorCheck {
    let own = session.folders.shims();
    match index_in(session, &own) {
        Some(index) if index.print() == session.index.print() => {
            DoctorCheck::ok("the shims' index is up to date")
        }
        Some(index) if index.folders.data != session.folders.data => {
            let before = Shown(&index.folders.data);
            DoctorCheck::note(
                format!("this folder was moved or copied from {before}"),
                "use reshim",
            )
        }
        Some(_) => DoctorCheck::note("the shims' index is out of date", "use reshim"),
        None => used_machine_shims(session).map_or_else(
            || {
                let what = format!("{} is missing or unreadable", Shown(&index_file(&own)));
                DoctorCheck::error(what, "use reshim")
            },
            |shims| DoctorCheck::ok(format!("the machine's shims are used: {}", Shown(&shims))),
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
        Err(error) => return vec![DoctorCheck::error(error.what, "use reshim")],
    };
    let missing = (!folder.missing.is_empty()).then(|| {
        let count = match folder.missing.len() {
            1 => "1 shim is".to_owned(),
            count => format!("{count} shims are"),
        };
        let what = format!("{count} missing ({})", short_list(&folder.missing));
        DoctorCheck::note(what, "use reshim")
    });
    let faults = folder.faults.into_iter().map(|fault| {
        let state = if fault.is_harmless { CheckState::Note } else { CheckState::Error };
        let then = fault.for_program.map_or_else(String::new, |hint| format!(", then: {hint}"));
        DoctorCheck { state, what: fault.what, hint: Some(format!("use reshim{then}")) }
    });
    let foreign = folder.foreign_files.map(|notice| DoctorCheck::error(notice, "use reshim"));
    missing.into_iter().chain(faults).chain(foreign).collect()
}

fn writable(session: &Session) -> DoctorCheck {
    let data = &session.folders.data;
    // It is made when it is needed.
    let existing = data.ancestors().find(|folder| exists(session, folder)).unwrap_or(data);
    match session.world.is_writable(existing) {
        true => DoctorCheck::ok(format!("{} is writable", Shown(data))),
        false => DoctorCheck::note(
            format!(
                "{} isn't writable: installed versions run, but none can be installed",
                Shown(data)
            ),
            "export USHER_HOME=/path/to/a/folder",
        ),
    }
}

/// Sources whose answers others on the network can change.
fn plain_http(session: &Session) -> Vec<DoctorCheck> {
    let sources = plain_http_sources(session).into_iter();
    let check = |PlainHttpSource { origin, host }| {
        let host = Escaped(&host).to_string();
        DoctorCheck::note(
            format!("{} (set by {})", plain_http_note(&host), Escaped(&origin)),
            format!("if {host} has one, use its https:// address"),
        )
    };
    sources.map(check).collect()
}

/// What is in the project's version files and decides nothing.
fn version_files(session: &Session) -> Vec<DoctorCheck> {
    let findings = ProjectFindings::of(session);
    let notices = findings.unusable().into_iter().chain(findings.unknown_tools());
    let check = |Notice { what, hint, .. }| DoctorCheck { state: CheckState::Note, what, hint };
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
            return DoctorCheck::ok(format!(
                "{name}={value} is set, and ignored by the setting `ignore_variables`"
            ));
        }
        let overridden =
            overridden_pin(session, known).unwrap_or_else(|| "all version files".to_owned());
        DoctorCheck::note(
            format!("{name}={value} is set, and overrides {overridden}"),
            format!(
                "unset {name}, or put ignore_variables = [\"{name}\"] into {}",
                Shown(&session.folders.settings_file())
            ),
        )
    };
    set.map(check).collect()
}

/// Variables and settings that name a version's folder.
fn folder_variables(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    let check = |FolderNotice { what, hint }| match hint {
        Some(hint) => DoctorCheck::note(what, hint),
        None => DoctorCheck::ok(what),
    };
    notices(session, known).into_iter().map(check).collect()
}

/// Virtual environments of the project, and the active one.
fn virtual_environments(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    let check = |notice| match notice {
        VenvNotice::Fault(what, hint) => DoctorCheck::error(what, hint),
        VenvNotice::Active(what, hint) => DoctorCheck::note(what, hint),
    };
    venvs::notices(session, known).into_iter().map(check).collect()
}

/// The pin of the project's files that a variable overrides.
fn overridden_pin(session: &Session, known: KnownTool<'_>) -> Option<String> {
    let pin = pin_of_files(session, known)?;
    let request = pin.request()?;
    Some(format!("{request} (requested by {})", pin.origin))
}

/// Problems of the user's own tool definitions, and which of them replace usher's.
fn own_definitions(session: &Session) -> Vec<DoctorCheck> {
    let faulty = session
        .registry
        .definition_errors()
        .iter()
        .map(|fault| DoctorCheck::error(fault.line(), "fix the file, then: use reshim"));
    let replaced = session.registry.replaced_tools().map(|(tool, file)| {
        let (name, file) = (tool.name, Shown(file));
        DoctorCheck::note(
            format!("{file} replaces usher's own definition of {name}"),
            format!("to use usher's own definition: rm '{file}'"),
        )
    });
    faulty.chain(replaced).collect()
}

/// The system's programs that usher doesn't use, of a pinned tool.
fn rejected_programs(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    if active_selection(session, known).is_ok_and(|active| active.origin().is_none()) {
        return Vec::new();
    }
    let note = |Notice { what, hint, .. }| DoctorCheck { state: CheckState::Note, what, hint };
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
                format!("{what}: {}", short_list(&names)),
                format!("use install {tool}@{version}, or: rm -r '{}'", Shown(&folder)),
            )
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
        DoctorCheck::note(what, "use reshim")
    })
}

/// Whether a pinned tool can run, and what runs where it isn't pinned.
fn check_selected_version(session: &Session, known: KnownTool<'_>) -> Option<DoctorCheck> {
    let tool = known.tool.name;
    match active_selection(session, known) {
        Err(error) => {
            let what = error.line();
            Some(DoctorCheck { state: CheckState::Error, what, hint: error.hint })
        }
        Ok(Selection::Missing(missing)) => {
            let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
            let origin = &missing.pin.origin;
            let what = format!("{tool} {request} is not installed (requested by {origin})");
            Some(DoctorCheck::note(what, install_command(tool, &request)))
        }
        Ok(Selection::System(main, None)) => {
            Some(DoctorCheck::ok(format!("{tool} is not pinned: {} runs", Shown(&main))))
        }
        Ok(Selection::Toolchain(toolchain, _)) => damage(session, known, &toolchain),
        Ok(Selection::System(..) | Selection::Nothing(_) | Selection::Stale) => None,
    }
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
    Some(DoctorCheck { state: CheckState::Error, what: error.line(), hint: error.hint })
}

/// Settings that aren't the default.
/// What the machine's policy limits.
fn policy_rules(session: &Session) -> impl Iterator<Item = DoctorCheck> {
    let file = policy_file();
    session.policy.rules().into_iter().map(move |Rule { key, value, line }| {
        DoctorCheck::ok(format!("{key} = {value} ({}:{line})", Shown(&file)))
    })
}

fn settings_in_use(session: &Session) -> Vec<DoctorCheck> {
    let set = session
        .settings
        .list()
        .filter(|(_, _, origin)| **origin != settings::SettingOrigin::Default);
    let check = |(setting, value, origin): (&settings::Setting, _, &settings::SettingOrigin)| {
        DoctorCheck::ok(format!("{} = {value} ({origin})", setting.key))
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
        report.checks[1..].iter().map(DoctorCheck::text).collect()
    }

    #[test]
    fn an_active_version_of_a_release_line_that_ends_is_a_note() {
        let mut session = session(world());
        let notes = |session: &Session| {
            let report = decide(session, Ok(ShimFolderState::default()));
            let is_note = |check: &&DoctorCheck| check.state == CheckState::Note;
            report.checks.iter().filter(is_note).map(DoctorCheck::text).collect::<String>()
        };
        assert_eq!(notes(&session), "");
        session.now = day_of_2027(0);
        insta::assert_snapshot!(notes(&session), @"
        note   node 12.22.12 is past its end of life, 2022-04-30: it gets no fixes
               use available node
        ");
    }

    #[test]
    fn all_is_well() {
        let report = report(world());
        insta::assert_snapshot!(text(&report), @"
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        ");
        assert_eq!(report.exit_code(), 0);
        let first = &report.checks[0].what;
        assert!(first.starts_with("usher ") && first.ends_with(", at /usher"), "{first}");
        assert_eq!(
            serde_json::to_value(&report).unwrap()[1],
            json!({ "state": "ok", "what": "/usher/shims is on PATH" })
        );
    }

    #[test]
    fn path_lacks_the_shims_or_hides_them() {
        let lacks = report(world().variable("PATH", "/sys/bin"));
        assert_eq!(
            lacks.checks[1],
            DoctorCheck::error("PATH doesn't contain /usher/shims", "use setup")
        );
        assert_eq!(lacks.exit_code(), 65);
        assert_eq!(lacks.error().unwrap().what, "1 problem found");
        // Without a shim of its name, nothing is hidden.
        let other = world().file("/other/bin/jar", "").variable("PATH", "/other/bin:/usher/shims");
        assert_eq!(report(other).checks[1].state, CheckState::Ok);
        let hidden = world().file("/other/bin/npm", "").variable("PATH", "/other/bin:/usher/shims");
        insta::assert_snapshot!(report(hidden).checks[1].text(), @"
        error  /other/bin/npm comes before the shims on PATH and hides them
               move /usher/shims to the front of PATH, or: use setup
        ");
    }

    #[test]
    fn a_version_that_lacks_its_program_is_damaged() {
        let root = "/usher/toolchains/node/12.22.12";
        let receipt = "{\"files\": {\"bin/node\": {}, \"bin/npx\": {}}}";
        let world = world().file(format!("{root}/{}", usher_shims::toolchain::RECEIPT), receipt);
        let damaged = report(world.clone());
        let expected = DoctorCheck::error(
            format!("node 12.22.12 is damaged: {root}/bin/npx is missing or not executable"),
            "use repair node@12.22.12",
        );
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
            DoctorCheck::note("the shims' index is out of date", "use reshim")
        );
        let broken = report(world().file("/usher/shims/.usher", "garbage"));
        insta::assert_snapshot!(broken.checks[2].text(), @"
        error  /usher/shims/.usher is missing or unreadable
               use reshim
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
        let checks: String = shims(Ok(folder)).iter().map(DoctorCheck::text).collect();
        insta::assert_snapshot!(checks, @"
        note   2 shims are missing (node10, npm)
               use reshim
        error  shims that are empty: node npx
               use reshim
        note   shims that have capabilities: node
               use reshim, then: setcap X node
        error  /usher/shims has x
               use reshim
        ");
        let failed = Error::io("list", Path::new("/usher/shims"), std::io::ErrorKind::Other.into());
        assert_eq!(
            shims(Err(failed)),
            [DoctorCheck::error("can't list /usher/shims", "use reshim")]
        );
    }

    #[test]
    fn an_account_without_a_folder_uses_the_machines_shims() {
        let world = || MemoryWorld::at("/p").variable("PATH", "/usher/shims:/sys/bin");
        let index = session(world()).index.print();
        let machine = report(world().file("/machine/shims/.usher", index));
        let used = DoctorCheck::ok("the machine's shims are used: /machine/shims");
        assert_eq!(machine.checks[2], used);
        assert_eq!(machine.exit_code(), 0);
        let none = report(world());
        assert_eq!(none.checks[2].state, CheckState::Error);
    }

    #[test]
    fn a_folder_that_is_not_writable_is_a_note() {
        let report = report(world().unwritable("/usher"));
        insta::assert_snapshot!(report.checks[3].text(), @"
        note   /usher isn't writable: installed versions run, but none can be installed
               export USHER_HOME=/path/to/a/folder
        ");
        assert_eq!(report.exit_code(), 0);
    }

    #[test]
    fn a_variable_overrides_the_project() {
        let set = |value: &str| world().variable("NODE_VERSION", value);
        insta::assert_snapshot!(text(&report(set("12.22"))), @r#"
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        note   NODE_VERSION=12.22 is set, and overrides 12 (requested by .nvmrc:1)
               unset NODE_VERSION, or put ignore_variables = ["NODE_VERSION"] into /usher/config/config.toml
        "#);
        insta::assert_snapshot!(text(&report(set("12\u{1b}[31m"))), @r#"
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        note   NODE_VERSION=12\u{1b}[31m is set, and overrides 12 (requested by .nvmrc:1)
               unset NODE_VERSION, or put ignore_variables = ["NODE_VERSION"] into /usher/config/config.toml
        error  invalid node version “12\u{1b}[31m” (requested by NODE_VERSION): it has control characters
               unset NODE_VERSION
        "#);
        let mut ignoring = session(set("10"));
        ignoring.settings.ignore_variables = vec!["NODE_VERSION".to_owned()];
        let report = decide(&ignoring, Ok(ShimFolderState::default()));
        let ignored = "NODE_VERSION=10 is set, and ignored by the setting `ignore_variables`";
        assert!(report.checks.contains(&DoctorCheck::ok(ignored)), "{report:?}");
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
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        note   ignored: invalid php version “8.1-fpm-alpine” (requested by .env:1): expected a version, a range or an alias
        note   ignored: can't parse package.json: EOF while parsing an object at line 1 column 1
        note   unknown tool: terraform (.tool-versions)
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
        ok     /usher/shims is on PATH
        ok     the shims' index is up to date
        ok     /usher is writable
        ok     java is not pinned: /sys/bin/java runs
        note   node 13 is not installed (requested by .nvmrc:1)
               use install node@13
        error  can't parse .python-version: it names no version
               use python
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
            [DoctorCheck { state: CheckState::Note, what, hint: None }]
        );
    }
}
