//! Variables and settings that name a version's folder, as `GOROOT` does: those of another version
//! are ignored, and those of no version are the user's.

use std::path::PathBuf;

use usher_shims::error::{Escaped, Shown};
use usher_shims::path::listed_paths;
use usher_shims::resolve::{RunningVersion, Selection, version_folder};
use usher_shims::world::World as _;

use crate::inventory::set_folder;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::active_selection;

/// A variable or setting worth knowing of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FolderNotice {
    pub(super) what: String,
    /// What to do about it; `None` if it has no effect.
    pub(super) hint: Option<String>,
    /// The variable, if it is one.
    pub(super) variable: Option<String>,
}

/// What is set, and where.
struct SetPaths {
    /// `GOROOT`, `prefix in ~/.npmrc:1`.
    what: String,
    variable: Option<String>,
    paths: Vec<PathBuf>,
    /// How to unset it.
    hint: String,
}

/// The variables of a tool that are set, and those of its package managers' settings.
pub(super) fn notices(session: &Session, known: KnownTool<'_>) -> Vec<FolderNotice> {
    let running = match active_selection(session, known) {
        Ok(Selection::Toolchain(toolchain, _)) => {
            RunningVersion::of_toolchain(&session.index, known.tool, &toolchain)
        }
        Ok(Selection::System(main, _)) => RunningVersion::of_program(&session.world, &main),
        Ok(Selection::Nothing(_) | Selection::Missing(_) | Selection::Stale) | Err(_) => {
            RunningVersion::default()
        }
    };
    let set = variables(session, known).chain(settings(session, known));
    set.filter_map(|set| notice(session, known, &running, set)).collect()
}

fn variables(session: &Session, known: KnownTool<'_>) -> impl Iterator<Item = SetPaths> {
    known.tool.folder_variables.iter().filter_map(|name| {
        let value = session.world.variable(name).filter(|value| !value.is_empty())?;
        // Other values are for one project (`PYTHONPATH=src`) or words (`off`), and in no version.
        let paths = listed_paths(&value).map(|(_, path)| path.to_path_buf());
        let paths = paths.filter(|path| path.is_absolute());
        let what = format!("{name}={}", Escaped(&value.to_string_lossy()));
        Some(SetPaths {
            what,
            variable: Some((*name).to_owned()),
            paths: paths.collect(),
            hint: format!("unset {name}"),
        })
    })
}

fn settings(session: &Session, known: KnownTool<'_>) -> impl Iterator<Item = SetPaths> {
    let rules = known.definition.package_calls.iter();
    rules.filter_map(|rule| rule.folder_setting.as_ref()).filter_map(|setting| {
        let set = set_folder(&session.world, &session.folders, setting)?;
        let (key, file, line) = (&setting.key, Shown(&set.file), set.line);
        Some(SetPaths {
            what: format!("{key}={} (in {file}:{line})", Shown(&set.folder)),
            variable: None,
            paths: vec![set.folder],
            hint: format!("remove the line from {file}"),
        })
    })
}

fn notice(
    session: &Session,
    known: KnownTool<'_>,
    running: &RunningVersion,
    set: SetPaths,
) -> Option<FolderNotice> {
    let (world, index, tool) = (&session.world, &session.index, known.tool);
    let is_others = |path: &PathBuf| running.excludes(world, index, tool, path);
    let is_elsewhere = |path: &PathBuf| {
        !running.contains(path) && version_folder(world, index, tool, path).is_none()
    };
    let SetPaths { what, variable, paths, hint } = set;
    if paths.iter().any(is_others) {
        let what =
            format!("{what} names another version than the active {}, and is ignored", tool.name);
        return Some(FolderNotice { what, hint: None, variable });
    }
    paths.iter().any(is_elsewhere).then(|| FolderNotice {
        what: format!("{what} applies to every version of {}", tool.name),
        hint: Some(format!("if it isn't meant for all of them: {hint}")),
        variable,
    })
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn check(world: MemoryWorld, tool: &str, expected: &str) {
        let world = world
            .file("/usher/toolchains/go/1.22.10/bin/go", "")
            .file("/usher/toolchains/go/1.23.9/bin/go", "")
            .file("/usher/toolchains/node/18.20.8/bin/node", "")
            .file("/p/.tool-versions", "golang 1.22\nnodejs 18\n");
        let session = session(world);
        let known = session.registry.named(tool).unwrap();
        let notices = notices(&session, known);
        let text: Vec<String> = notices
            .into_iter()
            .flat_map(|notice| [Some(notice.what), notice.hint])
            .flatten()
            .collect();
        let text = text.join("; ");
        assert_eq!(text, expected);
    }

    #[test]
    fn variables_of_other_versions_and_of_none_are_named() {
        let root = |value: &str| MemoryWorld::at("/p").variable("GOROOT", value);
        check(root("/usher/toolchains/go/1.22.10"), "go", "");
        check(root(""), "go", "");
        check(root("off"), "go", "");
        check(root("src:."), "go", "");
        check(
            root("/usher/toolchains/go/1.23.9"),
            "go",
            "GOROOT=/usher/toolchains/go/1.23.9 names another version than the active go, and is \
             ignored",
        );
        check(
            root("/opt/go"),
            "go",
            "GOROOT=/opt/go applies to every version of go; if it isn't meant for all of them: \
             unset GOROOT",
        );
    }

    #[test]
    fn a_setting_is_named_as_a_variable_is() {
        let world = MemoryWorld::at("/p")
            .variable("npm_config_userconfig", "/rc")
            .file("/rc", "prefix=/mine\n");
        check(
            world,
            "node",
            "prefix=/mine (in /rc:1) applies to every version of node; if it isn't meant for all of \
             them: remove the line from /rc",
        );
    }
}
