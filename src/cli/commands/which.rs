//! `use which PROGRAM`: the path of the program that runs here. `use where TOOL`: the folder of an
//! installed version.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::request::RequestKind;
use usher_shims::resolve::{MissingVersion, Outcome, Plan};
use usher_shims::store::{all_toolchains, named_toolchain};
use usher_shims::toolchain::Toolchain;

use super::ToolArgument;
use crate::cli::environment::toolchain_folder;
use crate::cli::explanation::install_command;
use crate::cli::output;
use crate::cli::unknown_program::suggest_program;
use crate::session::Session;
use crate::session::active::is_systems;
use crate::shim_folder::foreign::note_hidden_shims;

/// The path of a program, or the folder of its version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct WhichReport {
    /// The program's path; with `--home`, its version's folder.
    #[cfg_attr(test, schemars(with = "String"))]
    path: PrintedPath,
    /// The program, as it was named.
    program: String,
    /// The tool.
    tool: &'static str,
}

/// A path: text output has its bytes, and JSON its UTF-8 form.
#[derive(Debug)]
struct PrintedPath(PathBuf);

impl Serialize for PrintedPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string_lossy())
    }
}

/// Runs `use which PROGRAM`. Nothing is installed for it.
pub fn run(session: &Session, program: &str, as_json: bool) -> Result<()> {
    note_hidden_shims(session, [program]);
    print(&program_path(session, program)?, as_json)
}

/// Runs `use where TOOL[@REQUEST]`; the word may also be a program. Nothing is installed for it.
pub fn run_where(session: &Session, word: &str, as_json: bool) -> Result<()> {
    let report = match word.contains('@') {
        true => requested_folder(session, word)?,
        false => version_folder(session, word)?,
    };
    print(&report, as_json)
}

fn print(report: &WhichReport, as_json: bool) -> Result<()> {
    match as_json {
        true => output::print_answer(report),
        false => output::print_path(&report.path.0),
    }
}

fn program_path(session: &Session, program: &str) -> Result<WhichReport> {
    let plan = plan(session, program)?;
    Ok(WhichReport::of(program, &plan, &plan.program))
}

/// The folder of the version of a program, or of a tool by its name.
fn version_folder(session: &Session, name: &str) -> Result<WhichReport> {
    let tool = session.registry.named(name).ok().map(|known| known.tool);
    let plan = plan(session, tool.map_or(name, |tool| tool.main_program()))?;
    if let Some(folder) = toolchain_folder(session, &plan)? {
        return Ok(WhichReport::of(name, &plan, &folder));
    }
    let what = format!("{name} is one of the system's programs: {}", Shown(&plan.program));
    Err(Error::new(ErrorKind::NotFound, what)
        .because("it has no folder of its own")
        .hint(format!("use which {}", plan.tool.main_program())))
}

/// The folder of the highest installed version that matches a request.
fn requested_folder(session: &Session, word: &str) -> Result<WhichReport> {
    let (known, request) = ToolArgument::parse(session, word)?.request_or_default()?;
    let tool = known.tool;
    let named = match request.kind() {
        RequestKind::Named(name) => named_toolchain(&session.world, &session.index, tool, name)?,
        _ => None,
    };
    let all = all_toolchains(&session.world, &session.index, tool)?.ok_or_else(system_changed)?;
    // The system's programs have no folder of their own.
    let matches = |one: &Toolchain| {
        let version = one.version.as_ref();
        version.is_some_and(|version| request.matches(version, tool)) && !is_systems(&one.store)
    };
    let Some(toolchain) = named.or_else(|| all.into_iter().find(matches)) else {
        let what = format!("{} {request} is not installed", tool.name);
        let hint = install_command(tool.name, &request.to_string());
        return Err(Error::new(ErrorKind::NotInstalled, what).hint(hint));
    };
    let path = PrintedPath(toolchain.root);
    Ok(WhichReport { path, program: tool.main_program().to_owned(), tool: tool.name })
}

impl WhichReport {
    fn of(program: &str, plan: &Plan, path: &Path) -> Self {
        let path = PrintedPath(path.to_path_buf());
        Self { path, program: program.to_owned(), tool: plan.tool.name }
    }
}

fn plan(session: &Session, program: &str) -> Result<Plan> {
    let outcome = session.resolver().resolve(program, &[]);
    let outcome = outcome.map_err(|error| suggest_program(session, "which", program, error))?;
    match outcome {
        Outcome::Run(plan) => Ok(plan),
        Outcome::Missing(missing) => Err(not_installed(&missing)),
        Outcome::Stale => Err(system_changed()),
    }
}

fn system_changed() -> Error {
    Error::new(ErrorKind::NotFound, "the system's programs changed").hint("use reshim")
}

fn not_installed(missing: &MissingVersion) -> Error {
    let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
    let (tool, origin) = (missing.tool.name, &missing.pin.origin);
    let what = format!("{tool} {request} is not installed (requested by {origin})");
    Error::new(ErrorKind::NotInstalled, what).hint(install_command(tool, &request))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn world() -> MemoryWorld {
        MemoryWorld::at("/p")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
            .file("/usher/toolchains/node/12.22.12/bin/npm", "")
            .file("/sys/bin/java", "")
            .variable("PATH", "/usher/shims:/sys/bin")
    }

    #[test]
    fn a_program_and_the_folder_of_its_version() {
        let session = session(world().file("/p/.nvmrc", "12"));
        let npm = program_path(&session, "npm").unwrap();
        assert_eq!(
            serde_json::to_value(&npm).unwrap(),
            json!({
                "program": "npm",
                "path": "/usher/toolchains/node/12.22.12/bin/npm",
                "tool": "node",
            })
        );
        let home = |name| version_folder(&session, name).map(|report| report.path.0);
        let node = PathBuf::from("/usher/toolchains/node/12.22.12");
        assert_eq!((home("npm"), home("node")), (Ok(node.clone()), Ok(node)));
        let java = program_path(&session, "java").unwrap();
        assert_eq!(java.path.0, Path::new("/sys/bin/java"));
        assert_eq!(
            home("java").unwrap_err().to_string(),
            "java is one of the system's programs: /sys/bin/java\n  \
             it has no folder of its own\n  hint: use which java"
        );
    }

    #[test]
    fn a_missing_version_and_a_broken_pin_are_errors() {
        let error = |world| program_path(&session(world), "npm").unwrap_err();
        insta::assert_snapshot!(error(world().file("/p/.nvmrc", "13")), @"
        node 13 is not installed (requested by .nvmrc:1)
          hint: use install node@13
        ");
        assert_eq!(error(world().file("/p/.nvmrc", "../x")).kind(), ErrorKind::BadFile);
        let unreadable = world().file("/p/.nvmrc", "12").unreadable("/p/.nvmrc");
        assert_eq!(error(unreadable).kind(), ErrorKind::Permission);
    }
}
