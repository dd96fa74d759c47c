//! `use uninstall TOOL@VERSION…`: removes versions from usher's own store.

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::request::Request;
use usher_shims::store::all_toolchains;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use super::{ToolArgument, refresh_shims_after_error, tool_arguments};
use crate::cli::output::{self, ReportPath};
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::{store_label, version_label};
use crate::store::own::OwnStore;
use crate::store::uninstall;

/// A version to remove.
struct VersionRemoval<'a> {
    known: KnownTool<'a>,
    version: Version,
    toolchain: Toolchain,
}

/// A version that was removed.
#[derive(Debug, Serialize)]
struct UninstallReport {
    tool: &'static str,
    version: String,
    path: ReportPath,
    removed: bool,
}

/// Runs the command. Nothing is removed unless all arguments name an installed version.
pub fn run(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    let result = decide(session, words).and_then(|removals| apply(session, &removals));
    match result {
        Ok(reports) => {
            refresh_shims(session, &[])?;
            print(&reports, as_json)
        }
        // The version may have been removed by a process that was killed before it could update the
        // shims.
        Err(error) if error.kind().is_absence() => Err(refresh_shims_after_error(session, error)),
        Err(error) => Err(error),
    }
}

fn decide<'a>(session: &'a Session, words: &[String]) -> Result<Vec<VersionRemoval<'a>>> {
    let arguments = tool_arguments(session, words)?.into_iter();
    arguments
        .map(|ToolArgument { known, request }| own_version(session, known, request.as_ref()))
        .collect()
}

/// The one version of usher's own that an argument names.
fn own_version<'a>(
    session: &'a Session,
    known: KnownTool<'a>,
    request: Option<&Request>,
) -> Result<VersionRemoval<'a>> {
    let tool = known.tool.name;
    let installed = all_toolchains(&session.world, &session.index, known.tool)?.unwrap_or_default();
    let Some(request) = request else {
        return Err(Error::new(ErrorKind::Usage, format!("which version of {tool}?"))
            .because(own_versions(&installed))
            .hint(format!("use uninstall {tool}@VERSION")));
    };
    let versions = installed.iter().filter_map(|toolchain| {
        let version = toolchain.version.as_ref()?;
        request.matches(version, known.tool).then_some((version, toolchain))
    });
    let (own, foreign): (Vec<_>, Vec<_>) =
        versions.partition(|(_, toolchain)| toolchain.store == Store::Own);
    match (own.as_slice(), foreign.first()) {
        ([(version, toolchain)], _) => {
            let (version, toolchain) = ((*version).clone(), (*toolchain).clone());
            Ok(VersionRemoval { known, version, toolchain })
        }
        ([], Some((_, foreign))) => Err(not_ours(session, known, foreign)),
        ([], None) => {
            Err(Error::new(ErrorKind::NotInstalled, format!("{tool} {request} is not installed"))
                .because(own_versions(&installed)))
        }
        ([(first, _), ..], _) => {
            let names: Vec<&str> = own.iter().map(|(version, _)| version.as_str()).collect();
            let what = format!("{tool} {request} matches several versions: {}", names.join(", "));
            Err(Error::new(ErrorKind::Usage, what).hint(format!("use uninstall {tool}@{first}")))
        }
    }
}

/// A version that another version manager or the system installed is removed by that one.
fn not_ours(session: &Session, known: KnownTool<'_>, foreign: &Toolchain) -> Error {
    let (name, owner) =
        (format!("{} {}", known.tool.name, version_label(foreign)), store_label(&foreign.store));
    let what = format!("{name} was not installed by usher: it belongs to {owner}");
    let error = Error::new(ErrorKind::Permission, what)
        .because(format!("it is in {}", Shown(&foreign.root)));
    match session.registry.uninstall_command(known.tool, foreign) {
        Some(command) => error.hint(command),
        None => error,
    }
}

fn own_versions(installed: &[Toolchain]) -> String {
    let own = installed.iter().filter(|toolchain| toolchain.store == Store::Own);
    let names: Vec<String> = own.map(version_label).collect();
    match names.is_empty() {
        true => "usher has installed none".to_owned(),
        false => format!("installed by usher: {}", names.join(", ")),
    }
}

fn apply(session: &Session, removals: &[VersionRemoval<'_>]) -> Result<Vec<UninstallReport>> {
    let access = folders::write_access(&session.folders)?;
    let store = OwnStore::new(session, &access);
    let reports = removals.iter().map(|VersionRemoval { known, version, toolchain }| {
        uninstall::uninstall(&store, &store.location(*known, version))?;
        Ok(UninstallReport {
            tool: known.tool.name,
            version: version.to_string(),
            path: ReportPath::new(&toolchain.root),
            removed: true,
        })
    });
    reports.collect()
}

fn print(reports: &[UninstallReport], as_json: bool) -> Result<()> {
    if as_json {
        return output::print_json(&reports);
    }
    reports.iter().try_for_each(|UninstallReport { tool, version, .. }| {
        output::print_line(format_args!("removed {tool} {version}"))
    })
}

#[cfg(test)]
mod tests {
    use usher_shims::index::AdoptedStore;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::Session;
    use crate::session::in_memory::session;

    /// usher's own node 10.24.1, 12.0.0 and 12.22.12, and an adopted 8.17.0 and 12.0.0.
    fn machine() -> Session {
        let mut world = MemoryWorld::at("/p").file("/nvm/v8.17.0/bin/node", "");
        world = world.file("/nvm/v12.0.0/bin/node", "");
        for version in ["10.24.1", "12.0.0", "12.22.12"] {
            world = world.file(format!("/usher/toolchains/node/{version}/bin/node"), "");
        }
        let mut session = session(world);
        session.index.adopted_stores.push(AdoptedStore {
            tool: "node".into(),
            manager: "nvm".into(),
            folder: "/nvm".into(),
            prefix: "v".into(),
            version_ends_at: String::new(),
            subdir: String::new(),
        });
        session
    }

    fn check(words: &str, expected: &str) {
        let session = machine();
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let decided = decide(&session, &words).map_or_else(
            |error| error.to_string(),
            |removals| {
                let paths = removals.iter().map(|one| one.toolchain.root.display().to_string());
                paths.collect::<Vec<_>>().join(" ")
            },
        );
        assert_eq!(decided, expected, "{words:?}");
    }

    #[test]
    fn one_version_of_our_own_is_removed() {
        let store = "/usher/toolchains/node";
        check("node@10", &format!("{store}/10.24.1"));
        check("node@12.22.12", &format!("{store}/12.22.12"));
        check("node@12.22 node@10.24.1", &format!("{store}/12.22.12 {store}/10.24.1"));
        // An adopted version of the same number stays.
        check("node@12.0.0", &format!("{store}/12.0.0"));
    }

    #[test]
    fn what_names_no_single_version_of_our_own_is_refused() {
        let own = "installed by usher: 12.22.12, 12.0.0, 10.24.1";
        check("node@14", &format!("node 14 is not installed\n  {own}"));
        check(
            "node@12",
            "node 12 matches several versions: 12.22.12, 12.0.0\n  hint: use uninstall node@12.22.12",
        );
        check(
            "node",
            &format!("which version of node?\n  {own}\n  hint: use uninstall node@VERSION"),
        );
        check("go@1.22", "go 1.22 is not installed\n  usher has installed none");
        check(
            "node@8",
            "node 8.17.0 was not installed by usher: it belongs to nvm\n  it is in /nvm/v8.17.0\n  hint: nvm uninstall v8.17.0",
        );
        // One bad argument refuses all.
        check("node@10 node@14", &format!("node 14 is not installed\n  {own}"));
    }
}
