//! `use link TOOL@NAME DIR`: gives a build of the user's own a name, by which it can be pinned. The
//! folder stays the user's: usher writes and deletes nothing in it.

use std::path::{Component, Path, PathBuf};

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::index::Link;
use usher_shims::name::Name;
use usher_shims::request::RequestKind;
use usher_shims::store::{all_toolchains, is_complete};
use usher_shims::tool::Tool;
use usher_shims::tool_policy::ToolPolicy;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::ToolArgument;
use crate::cli::output::{self, Report, ReportPath, Text};
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::inventory::{link_fault, main_program_version};
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::session::short_paths::ShortPaths;
use crate::store::links;
use crate::store::own::OwnStore;
use crate::text::ShellWord;

/// The arguments of `use link`.
#[derive(Debug, Args)]
pub struct LinkArguments {
    /// The tool, and the name: a version, or a word such as `mine`
    #[arg(value_name = "TOOL@NAME")]
    pub tool: String,
    /// The folder that has `bin` in it
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// A link that was made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LinkReport {
    /// The tool.
    tool: &'static str,
    /// The name.
    name: String,
    /// The folder.
    path: ReportPath,
    /// The version that its main program prints; `null` if that isn't known.
    version: Option<String>,
    /// The folder that had the name before.
    previous_path: Option<ReportPath>,
    /// Why the version isn't known.
    #[serde(skip)]
    fault: Option<Notice>,
    /// The folders as text shows them.
    #[serde(skip)]
    paths: ShortPaths,
}

/// A folder to link.
#[derive(Debug)]
struct PlannedLink<'a> {
    known: KnownTool<'a>,
    link: Link,
    /// What the link gives a name.
    toolchain: Toolchain,
}

/// Runs the command.
pub fn run(session: &mut Session, arguments: &LinkArguments, as_json: bool) -> Result<i32> {
    let plan = decide(session, arguments)?;
    let (tool, version) = (plan.known.tool, plan.printed_version(session)?);
    let fault = version.as_ref().and_then(|version| version.as_ref().err());
    let fault = fault.map(|fault| Notice::warning(format!("{}: {fault}", tool.main_program())));
    let access = folders::write_access(&session.folders)?;
    let before =
        links::link(&OwnStore::new(session, &access), tool, &plan.link.name, &plan.link.root)?;
    let report = LinkReport {
        tool: tool.name,
        name: plan.link.name.to_string(),
        path: ReportPath::new(&plan.link.root),
        version: version.and_then(std::result::Result::ok).map(|version| version.to_string()),
        previous_path: before.map(ReportPath::new),
        fault,
        paths: ShortPaths::of(session),
    };
    drop(access);
    refresh_shims(session, &[])?;
    output::print(&report, as_json, &*session.reporter)
}

fn decide<'a>(session: &'a Session, arguments: &LinkArguments) -> Result<PlannedLink<'a>> {
    let (known, name) = named(session, &arguments.tool)?;
    let root = absolute(session, &arguments.folder)?;
    let link = Link { tool: known.tool.name.to_owned(), name, root };
    let plan = PlannedLink { known, toolchain: link.toolchain(), link };
    plan.check_folder(session)?;
    plan.check_owner(session)?;
    plan.check_name(session)?;
    Ok(plan)
}

/// The tool and the name that an argument has: a whole version or a word, and nothing that means a
/// release.
fn named<'a>(session: &'a Session, word: &str) -> Result<(KnownTool<'a>, Name)> {
    let ToolArgument { known, request } = ToolArgument::parse(session, word)?;
    let tool = known.tool;
    let usage = |what: String| {
        let hint = format!("use link {}@mine DIR", tool.name);
        Error::new(ErrorKind::Usage, what).hint(hint)
    };
    let Some(request) = request else {
        return Err(usage(format!("which name should the {} in that folder have?", tool.name)));
    };
    let is_whole = |version: &Version| {
        !version.flavour().is_empty()
            || version.numbers().as_slice().len() >= usize::from(tool.version_components)
    };
    let name = match request.kind() {
        RequestKind::Named(name) => Some(name.clone()),
        RequestKind::Version(version) if is_whole(version) => Name::parse(version.as_str()),
        _ => None,
    };
    match name {
        Some(name) => Ok((known, name)),
        None => {
            Err(usage(format!("{} {request} is a request, not the name of one build", tool.name))
                .because("a name is a whole version, or a word"))
        }
    }
}

/// A path from the root. Links stay in it, so that the folder can be exchanged behind one; only what
/// a `..` is behind is looked up.
fn absolute(session: &Session, path: &Path) -> Result<PathBuf> {
    let directory = session.world.directory().map_err(|error| Error::io("open", path, error))?;
    let mut whole = PathBuf::new();
    for part in directory.join(path).components() {
        if part == Component::ParentDir {
            whole = session.world.physical(&whole).unwrap_or(whole);
            whole.pop();
        } else {
            whole.push(part);
        }
    }
    Ok(whole)
}

impl PlannedLink<'_> {
    /// An error unless the folder has a main program of the tool in its `bin`.
    fn check_folder(&self, session: &Session) -> Result<()> {
        let (tool, root) = (self.known.tool, &self.link.root);
        if is_complete(&session.world, tool, &self.toolchain)? {
            return Ok(());
        }
        let seen = session.world.metadata(root);
        let what = match seen.map_err(|error| Error::io("look at", root, error))? {
            None => format!("{} does not exist", Shown(root)),
            Some(_) => format!("{} has no bin/{}", Shown(root), tool.main_program()),
        };
        let error = Error::new(ErrorKind::NotFound, what);
        // The program itself was named, or the folder that it is in.
        let above = root.ancestors().skip(1).take(2);
        let mut above = above.map(|root| Link { root: root.to_path_buf(), ..self.link.clone() });
        let fits = |link: &Link| {
            is_complete(&session.world, tool, &link.toolchain()).is_ok_and(|fits| fits)
        };
        Err(match above.find(fits) {
            Some(Link { root, .. }) => {
                let (tool, name) = (tool.name, &self.link.name);
                error.hint(format!("use link {tool}@{name} {}", ShellWord(&root)))
            }
            None => error,
        })
    }

    /// An error for a folder that isn't the user's to link: one of usher's, or of the operating
    /// system's.
    fn check_owner(&self, session: &Session) -> Result<()> {
        let (tool, root) = (self.known.tool, &self.link.root);
        let refused = |what: String| Error::new(ErrorKind::Usage, what);
        let physical = |path: &Path| session.world.physical(path).ok();
        let own = [&session.folders.data, &session.machine].map(|data| physical(data));
        let program = self.toolchain.program(tool.main_program());
        for path in [physical(root), physical(&program)].into_iter().flatten() {
            if own.iter().flatten().any(|own| path.starts_with(own)) {
                return Err(refused(format!("{} is usher's own", Shown(root)))
                    .because(format!("it is in {}", Shown(&path))));
            }
        }
        let is_above = |own: &PathBuf| physical(root).is_some_and(|root| own.starts_with(root));
        if let Some(own) = own.iter().flatten().find(|own| is_above(own)) {
            return Err(refused(format!("{} holds more than one build", Shown(root)))
                .because(format!("usher's own folder is in it: {}", Shown(own))));
        }
        let programs = root.join("bin");
        let mut systems = session.index.system_programs.iter();
        if systems.any(|system| system.tool == tool.name && system.path.starts_with(&programs)) {
            let what = format!("the {} in {} is the system's", tool.name, Shown(root));
            return Err(refused(what).hint(format!("use {}@system", tool.name)));
        }
        match link_fault(&session.world, &session.folders, root) {
            Some(fault) => {
                let what = format!("{} can't be linked for all accounts", Shown(root));
                Err(Error::new(ErrorKind::Permission, what).because(fault))
            }
            None => Ok(()),
        }
    }

    /// An error if the name is an installed version's, or if the policy refuses it.
    fn check_name(&self, session: &Session) -> Result<()> {
        if let Some(policy) = ToolPolicy::of(&session.index.policy, self.known.tool)? {
            policy.check(&self.toolchain)?;
        }
        let Some(version) = &self.toolchain.version else { return Ok(()) };
        let tool = self.known.tool;
        let all = all_toolchains(&session.world, &session.index, tool)?.unwrap_or_default();
        let is_it = |store: &Store| matches!(store, Store::Own | Store::Shared);
        if all.iter().any(|one| is_it(&one.store) && one.version.as_ref() == Some(version)) {
            let what = format!("{} {version} is installed: the name is taken", tool.name);
            let hint = format!("use link {}@mine {}", tool.name, ShellWord(&self.link.root));
            return Err(Error::new(ErrorKind::Usage, what).hint(hint));
        }
        Ok(())
    }

    /// The version that the main program prints, or why it prints none; `None` if it can't be asked.
    /// An error if the name is another version.
    fn printed_version(
        &self,
        session: &Session,
    ) -> Result<Option<std::result::Result<Version, String>>> {
        let (tool, toolchain) = (self.known.tool, &self.toolchain);
        let mut programs = tool.main_programs().iter().map(|program| toolchain.program(program));
        let Some(program) = programs.find(|program| session.world.is_program(program)) else {
            return Ok(None);
        };
        let printed = main_program_version(&session.folders, self.known, &program)?;
        if let (Some(Ok(printed)), Some(name)) = (&printed, &toolchain.version)
            && is_other(name, printed, tool)
        {
            let what = format!("{} is {} {printed}, not {name}", Shown(&program), tool.name);
            let hint = format!("use link {}@{printed} {}", tool.name, ShellWord(&self.link.root));
            return Err(Error::new(ErrorKind::Usage, what).hint(hint));
        }
        Ok(printed)
    }
}

/// Whether a version that is a name is another one than the one that the program prints: with other
/// numbers. What is behind them, or a flavour, is the user's choice.
fn is_other(name: &Version, printed: &Version, tool: &Tool) -> bool {
    let is_plain = name.flavour().is_empty() || tool.vendors.contains(&name.flavour());
    is_plain && !printed.numbers().is_same(name.numbers())
}

impl Report for LinkReport {
    fn text(&self) -> Text {
        let Self { tool, name, paths, .. } = self;
        let path = paths.path(self.path.as_path());
        let version = self.version.as_ref().filter(|version| *version != name);
        let version = version.map_or_else(String::new, |version| format!(" ({version})"));
        let text = match self.previous_path.as_ref().map(ReportPath::as_path) {
            Some(before) if before == self.path.as_path() => {
                format!("{tool}@{name} is already linked to {path}{version}")
            }
            Some(before) => {
                let before = paths.path(before);
                format!("linked {tool}@{name} to {path}{version}; it was linked to {before}")
            }
            None => format!("linked {tool}@{name} to {path}{version}"),
        };
        text.into()
    }

    fn notes(&self) -> Vec<Notice> {
        self.fault.iter().cloned().collect()
    }
}
