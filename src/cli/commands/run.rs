//! `use TOOL@REQUEST… -- COMMAND…` and `use exec`: one command with these versions, or with the
//! project's; nothing is pinned.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::exec::become_program;
use usher_shims::path::path_with_shims;
use usher_shims::pin::Origin;
use usher_shims::request::Request;
use usher_shims::world::{AnyWorld, World as _};

use super::get::{Prefer, install_all};
use super::{ToolArgument, tool_arguments};
use crate::cli::shims::{make_missing_shims, refresh_shims};
use crate::config::folders;
use crate::config::settings;
use crate::files::interrupt::stop_if_interrupted;
use crate::registry::{KnownTool, Registry};
use crate::releases::ToolRequest;
use crate::session::Session;
use crate::text::shell_line;

/// What to run, and with which variables.
#[derive(Debug, PartialEq, Eq)]
struct RunPlan {
    program: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

/// Runs `use exec COMMAND…` or `use exec TOOL@REQUEST… -- COMMAND…`; returns only with an error.
pub fn exec(session: &mut Session, words: &[OsString]) -> Result<()> {
    let (versions, command) = versions_and_command(&session.registry, words)?;
    if !versions.is_empty() {
        return run(session, &versions, command);
    }
    // The shims install what is missing.
    make_missing_shims(session);
    become_command(session, Vec::new(), command)
}

/// The versions before `--` and the command behind it. Without versions, a `--` is the command's.
fn versions_and_command<'a>(
    registry: &Registry,
    words: &'a [OsString],
) -> Result<(Vec<String>, &'a [OsString])> {
    let is_tool = |word: &OsString| {
        let name = word.to_str().map(|word| word.split_once('@').map_or(word, |(name, _)| name));
        name.is_some_and(|name| registry.named(name).is_ok())
    };
    let end = words.iter().position(|word| word == "--");
    if let Some(end) = end.filter(|end| words[..*end].iter().all(is_tool)) {
        let versions = words[..end].iter().map(|word| word.to_string_lossy().into_owned());
        return match words.get(end + 1..) {
            Some([]) | None => Err(missing_command(&versions.collect::<Vec<_>>())),
            Some(command) => Ok((versions.collect(), command)),
        };
    }
    let is_version = |word: &&OsString| is_tool(word) && word.to_string_lossy().contains('@');
    let versions = words.iter().take_while(is_version);
    let versions: Vec<String> = versions.map(|word| word.to_string_lossy().into_owned()).collect();
    match (versions.as_slice(), words.get(versions.len()..)) {
        ([], _) => Ok((versions, words)),
        (_, Some([]) | None) => Err(missing_command(&versions)),
        (_, Some(command)) => {
            let command: Vec<String> =
                command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            let (versions, command) = (shell_line(&versions), shell_line(&command));
            Err(Error::new(ErrorKind::Usage, "missing `--` between the versions and the command")
                .hint(format!("use exec {versions} -- {command}")))
        }
    }
}

fn missing_command(versions: &[String]) -> Error {
    Error::new(ErrorKind::Usage, "missing command")
        .hint(format!("use exec {} -- bash", shell_line(versions)))
}

/// Runs the command; returns only with an error.
pub fn run(session: &mut Session, words: &[String], command: &[OsString]) -> Result<()> {
    let requests = requests(session, words)?;
    let tool_requests = requests.iter().map(|(known, request)| {
        let tool_request = ToolRequest { known: *known, request, origin: &Origin::CommandLine };
        (tool_request, Prefer::Installed)
    });
    let access = folders::write_access(&session.folders)?;
    install_all(session, &access, &tool_requests.collect::<Vec<_>>())?;
    drop(access);
    let variables = variables(&requests);
    let tools: Vec<_> = requests.iter().map(|(known, _)| known.tool).collect();
    refresh_shims(session, &tools)?;
    become_command(session, variables, command)
}

/// Becomes the command; returns only with an error.
fn become_command(
    session: &Session,
    variables: Vec<(&'static str, OsString)>,
    command: &[OsString],
) -> Result<()> {
    let program = command.first().map_or(OsStr::new(""), OsString::as_os_str);
    // Only now: a refresh may have made the shim that the command names.
    let plan = decide(session, variables, program)?;
    let arguments = command.iter().skip(1);
    let arguments: Vec<CString> =
        arguments.filter_map(|argument| CString::new(argument.as_bytes()).ok()).collect();
    let arguments: Vec<_> = arguments.iter().map(CString::as_c_str).collect();
    let set: Vec<_> = plan.variables.into_iter().map(|(name, value)| (name, Some(value))).collect();
    stop_if_interrupted();
    Err(become_program(plan.program.as_path().into(), &arguments, &session.given.environment, &set))
}

fn requests<'a>(session: &'a Session, words: &[String]) -> Result<Vec<(KnownTool<'a>, Request)>> {
    tool_arguments(session, words)?.into_iter().map(ToolArgument::request_or_default).collect()
}

/// The tools' own variables, by which their shims pick these versions.
fn variables(requests: &[(KnownTool<'_>, Request)]) -> Vec<(&'static str, OsString)> {
    let variables = requests.iter().filter_map(|(known, request)| {
        let variable = known.tool.variables.first()?;
        Some((*variable, request.as_str().into()))
    });
    variables.collect()
}

fn decide(
    session: &Session,
    mut variables: Vec<(&'static str, OsString)>,
    command: &OsStr,
) -> Result<RunPlan> {
    let path = shims_first(session);
    let program = find(&session.world, &path, command)?;
    variables.push(("PATH", path));
    if matches!(session.settings.origin("offline"), settings::SettingOrigin::Flag(_)) {
        // Programs that the command starts are offline as well.
        variables.push(("USHER_OFFLINE", "true".into()));
    }
    Ok(RunPlan { program, variables })
}

/// PATH with the shims first, and once.
fn shims_first(session: &Session) -> OsString {
    let shims = session.folders.shims();
    let Some(path) = session.world.variable("PATH").filter(|path| !path.is_empty()) else {
        return path_with_shims(&session.world, &session.shim)
            .unwrap_or_else(|| shims.into_os_string());
    };
    let others: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|folder| *folder != shims).collect();
    std::env::join_paths(std::iter::once(shims).chain(others)).unwrap_or(path)
}

/// The program, as a shell finds it. Relative entries of PATH are the working directory's, and
/// aren't searched.
fn find(world: &AnyWorld, path: &OsStr, command: &OsStr) -> Result<PathBuf> {
    let name = command.to_string_lossy();
    let not_found = |what: String| Error::new(ErrorKind::NotFound, what);
    if command.as_bytes().contains(&b'/') {
        let path = PathBuf::from(command);
        return match world.metadata(&path) {
            Ok(None) => Err(not_found(format!("no program {}", Escaped(&name)))),
            // Starting it gives the better error.
            Ok(Some(_)) | Err(_) => Ok(path),
        };
    }
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    let mut candidates = folders.map(|folder| folder.join(command));
    candidates
        .find(|path| world.is_program(path))
        .ok_or_else(|| not_found(format!("no program “{}” on PATH", Escaped(&name))))
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn world(path: &str) -> MemoryWorld {
        MemoryWorld::at("/p")
            .file("/usher/shims/node", "")
            .file("/bin/node", "")
            .file("/bin/make", "")
            .file("/p/bin/tool", "")
            .variable("PATH", path)
    }

    fn check(path: &str, command: &str, expected: std::result::Result<&str, &str>) {
        let decided = decide(&session(world(path)), Vec::new(), OsStr::new(command));
        let decided = decided.map(|plan| plan.program.display().to_string());
        assert_eq!(
            decided.as_deref().map_err(|error| error.what.as_str()),
            expected,
            "{command} on {path}"
        );
    }

    #[test]
    fn the_program_is_found_as_a_shell_finds_it() {
        check("/bin", "node", Ok("/usher/shims/node"));
        check("/bin:/usher/shims", "make", Ok("/bin/make"));
        check("/bin", "/bin/make", Ok("/bin/make"));
        check("/bin", "absent", Err("no program “absent” on PATH"));
        check("/bin", "/bin/absent", Err("no program /bin/absent"));
        check("bin:/bin", "tool", Err("no program “tool” on PATH"));
        check("/bin", "", Err("no program “” on PATH"));
    }

    #[test]
    fn the_command_gets_the_versions_and_the_shims_first_on_its_path() {
        let session = session(world("/bin:/usher/shims"));
        let words = ["node@12", "go"].map(str::to_owned);
        let variables = variables(&requests(&session, &words).unwrap());
        let plan = decide(&session, variables, OsStr::new("make")).unwrap();
        let expected: Vec<(&str, OsString)> = vec![
            ("NODE_VERSION", "12".into()),
            ("GO_VERSION", "latest".into()),
            ("PATH", "/usher/shims:/bin".into()),
        ];
        assert_eq!(plan.variables, expected);
    }
}
