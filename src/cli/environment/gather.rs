//! Finds out which versions are active, and what their tools need.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::resolve::{Outcome, Plan, RunningVersion, Selection};
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::world::World as _;

use super::{EnvReport, EnvTool, utf8};
use crate::cli::handoff::{Readiness, resolve_until_ready};
use crate::session::Session;
use crate::session::active::{store_label, system_version, version_label};

/// What provides a tool's programs.
enum ToolProvider {
    /// A toolchain with a folder of its own, and its tool.
    Toolchain(&'static Tool, Toolchain),
    /// The tool's shims, since its programs are among the system's; its version, if it is installed.
    Shims(Option<EnvTool>),
    /// PATH as it is, and the system's version on it, if the tool is listed.
    Path(Option<EnvTool>),
}

/// What all pinned tools need. A missing version is installed if a shim would install it.
pub fn for_pinned_tools(session: &mut Session) -> Result<EnvReport> {
    let mut providers = Vec::new();
    let tools: Vec<&'static Tool> = session.index.tools.all().collect();
    for tool in tools {
        let Some(call) = Call::for_main_program(tool) else { continue };
        let provider = resolve_until_ready(session, tool.name, &|session| {
            Ok(match session.resolver().selector().select(&call)? {
                Selection::Toolchain(toolchain, Some(_)) => {
                    Readiness::Ready(ToolProvider::of(tool, toolchain))
                }
                Selection::System(main, Some(_)) => {
                    let tool = EnvTool::of_system(session, tool, &main)?;
                    Readiness::Ready(ToolProvider::Shims(Some(tool)))
                }
                Selection::Nothing(Some(_)) => Readiness::Ready(ToolProvider::Shims(None)),
                Selection::Toolchain(_, None)
                | Selection::System(_, None)
                | Selection::Nothing(None) => Readiness::Ready(ToolProvider::Path(None)),
                Selection::Missing(missing) => Readiness::MissingVersion(missing),
                Selection::Stale => Readiness::Stale,
            })
        })?;
        providers.push((tool, provider));
    }
    report(session, providers)
}

/// What these tools need, pinned or not. A missing version is installed if a shim would install it.
pub fn for_tools(session: &mut Session, tools: &[&'static Tool]) -> Result<EnvReport> {
    let mut providers = Vec::new();
    for tool in tools.iter().copied() {
        let provider = resolve_until_ready(session, tool.name, &|session| {
            Ok(match session.resolver().resolve(tool.main_program(), &[])? {
                Outcome::Run(plan) => Readiness::Ready(ToolProvider::of_plan(session, plan)?),
                Outcome::Missing(missing) => Readiness::MissingVersion(missing),
                Outcome::Stale => Readiness::Stale,
            })
        })?;
        if matches!(provider, ToolProvider::Path(_)) {
            session.note(&format!("{}: the system's version is used; nothing to set", tool.name));
        }
        providers.push((tool, provider));
    }
    report(session, providers)
}

/// The folder of the toolchain of a plan's program; `None` for a program among the system's.
pub fn toolchain_folder(session: &Session, plan: &Plan) -> Result<Option<PathBuf>> {
    let toolchain = match &plan.toolchain {
        Some(toolchain) => Some(toolchain.clone()),
        None => toolchain_on_path(session, plan)?,
    };
    Ok(toolchain.filter(|one| !is_of_system(one)).map(|toolchain| toolchain.root))
}

impl ToolProvider {
    fn of_plan(session: &Session, plan: Plan) -> Result<Self> {
        let on_path = toolchain_on_path(session, &plan)?;
        Ok(match (plan.toolchain, on_path) {
            (Some(toolchain), _) => Self::of(plan.tool, toolchain),
            (None, Some(toolchain)) => Self::Toolchain(plan.tool, toolchain),
            (None, None) => {
                Self::Path(Some(EnvTool::of_system(session, plan.tool, &plan.program)?))
            }
        })
    }

    /// A system's programs are among others, some under other names: no folder on PATH has just
    /// these.
    fn of(tool: &'static Tool, toolchain: Toolchain) -> Self {
        match is_of_system(&toolchain) {
            true => Self::Shims(Some(EnvTool {
                tool: tool.name,
                version: Some(version_label(&toolchain)),
                store: store_label(&toolchain.store).to_owned(),
                path: None,
                programs: toolchain.programs().to_string_lossy().into_owned(),
            })),
            false => Self::Toolchain(tool, toolchain),
        }
    }
}

fn is_of_system(toolchain: &Toolchain) -> bool {
    matches!(toolchain.store, Store::System(_))
}

/// The toolchain of the next program on PATH, if it belongs to one: a system's program may be a link
/// into a toolchain.
fn toolchain_on_path(session: &Session, plan: &Plan) -> Result<Option<Toolchain>> {
    let identity = |path: &Path| session.world.identity(path);
    let Some(program) = identity(&plan.program) else { return Ok(None) };
    let Some(name) = plan.program.file_name().and_then(|name| name.to_str()) else {
        return Ok(None);
    };
    let toolchains = all_toolchains(&session.world, &session.index, plan.tool)?.unwrap_or_default();
    let is_its = |toolchain: &Toolchain| {
        !is_of_system(toolchain) && identity(&toolchain.program(name)) == Some(program)
    };
    Ok(toolchains.into_iter().find(is_its))
}

/// A tool that runs on another one comes first on PATH, since it is pinned itself and the other one
/// may bundle programs of the same names.
fn report(
    session: &Session,
    mut providers: Vec<(&'static Tool, ToolProvider)>,
) -> Result<EnvReport> {
    let mut report = EnvReport::default();
    providers.sort_by_key(|(tool, _)| tool.runtime.is_none());
    let needs_shims =
        providers.iter().any(|(_, provider)| matches!(provider, ToolProvider::Shims(_)));
    for (_, provider) in providers {
        match provider {
            ToolProvider::Toolchain(tool, toolchain) => {
                report.add_toolchain(session, tool, &toolchain)?;
            }
            ToolProvider::Shims(tool) | ToolProvider::Path(tool) => report.tools.extend(tool),
        }
    }
    if needs_shims {
        report.add_folder(&session.folders.shims())?;
    }
    Ok(report)
}

impl EnvTool {
    /// The system's version, by its main program.
    fn of_system(session: &Session, tool: &'static Tool, main: &Path) -> Result<Self> {
        let version = system_version(session, tool, main)?;
        Ok(Self {
            tool: tool.name,
            version: version.map(|version| version.to_string()),
            store: "system".to_owned(),
            path: None,
            programs: main.parent().unwrap_or(main).to_string_lossy().into_owned(),
        })
    }
}

impl EnvReport {
    fn add_toolchain(
        &mut self,
        session: &Session,
        tool: &'static Tool,
        toolchain: &Toolchain,
    ) -> Result<()> {
        let is_folder = |path: &PathBuf| {
            session.world.metadata(path).ok().flatten().is_some_and(|file| file.is_folder)
        };
        // As for the shims: what may replace a program of this version first, then what may not.
        let packages = session.index.global_packages_folder(tool, toolchain);
        let packages = packages.map(|folder| folder.join("bin")).filter(is_folder);
        let beside = session.index.package_programs(tool, toolchain).filter(is_folder);
        let for_all = Some(session.index.user_wide_programs(tool)).filter(is_folder);
        let own = Some(toolchain.programs());
        for folder in [packages, own, beside, for_all].into_iter().flatten() {
            self.add_folder(&folder)?;
        }
        self.add_variables(session, tool, toolchain)?;
        self.tools.push(EnvTool {
            tool: tool.name,
            version: Some(version_label(toolchain)),
            store: store_label(&toolchain.store).to_owned(),
            path: Some(utf8(&toolchain.root)?.to_owned()),
            programs: utf8(&toolchain.programs())?.to_owned(),
        });
        Ok(())
    }

    /// The variables that all programs of a toolchain need; and as for the shims, those that name
    /// another version count as unset.
    fn add_variables(
        &mut self,
        session: &Session,
        tool: &'static Tool,
        toolchain: &Toolchain,
    ) -> Result<()> {
        let Some(call) = Call::for_main_program(tool) else { return Ok(()) };
        let resolver = session.resolver();
        let environment = resolver.environment();
        let running = RunningVersion::of_toolchain(&session.index, tool, toolchain);
        let needed = environment.for_all_programs(&call, toolchain).into_iter();
        let mut all: Vec<_> = needed.map(|(name, value)| (name, Some(value))).collect();
        environment.remove_of_others(tool, &running, &mut all);
        for (name, value) in all {
            match value {
                Some(value) => self.variables.push((name, variable_text(name, value)?)),
                None if self.unset.contains(&name) => {}
                None => self.unset.push(name),
            }
        }
        Ok(())
    }
}

/// A variable's value as text.
fn variable_text(name: &str, value: OsString) -> Result<String> {
    value.into_string().map_err(|value| {
        let value = value.to_string_lossy().into_owned();
        let what = format!("can't set {name} to this value: {}", Escaped(&value));
        Error::new(ErrorKind::BadValue, what).because("it isn't UTF-8")
    })
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
            .file("/usher/toolchains/java/21.0.4/bin/java", "")
            .file("/usher/toolchains/pnpm/9.1.0/bin/pnpm", "")
    }

    fn pinned(world: MemoryWorld) -> Result<EnvReport> {
        for_pinned_tools(&mut session(world))
    }

    #[test]
    fn folders_and_variables_of_pinned_tools() {
        let report = pinned(world().file("/p/.tool-versions", "nodejs 12\njava 21\n")).unwrap();
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            json!({
                "path": [
                    "/usher/toolchains/java/21.0.4/bin",
                    "/usher/toolchains/node/12.22.12/bin",
                ],
                "variables": { "JAVA_HOME": "/usher/toolchains/java/21.0.4" },
                "tools": [
                    {
                        "tool": "java",
                        "version": "21.0.4",
                        "store": "usher",
                        "path": "/usher/toolchains/java/21.0.4",
                        "programs": "/usher/toolchains/java/21.0.4/bin",
                    },
                    {
                        "tool": "node",
                        "version": "12.22.12",
                        "store": "usher",
                        "path": "/usher/toolchains/node/12.22.12",
                        "programs": "/usher/toolchains/node/12.22.12/bin",
                    },
                ],
            })
        );
        assert!(pinned(world()).unwrap().is_empty(), "nothing is pinned");
    }

    #[test]
    fn variables_of_another_version_are_unset() {
        let other = "/usher/toolchains/node/10.24.1";
        let world = world()
            .file("/p/.tool-versions", "nodejs 12\njava 21\n")
            .file(format!("{other}/bin/node"), "")
            .file("/usher/toolchains/java/17.0.9/bin/java", "")
            .variable("npm_config_prefix", other)
            .variable("NODE_PATH", format!("{other}/lib/node_modules:/mine"))
            .variable("JAVA_HOME", "/usher/toolchains/java/17.0.9")
            .variable("GOROOT", "/opt/go");
        let report = pinned(world).unwrap();
        assert_eq!(report.unset, ["npm_config_prefix"]);
        let java = ("JAVA_HOME", "/usher/toolchains/java/21.0.4".to_owned());
        assert_eq!(report.variables, [java, ("NODE_PATH", "/mine".to_owned())]);
    }

    #[test]
    fn a_tool_comes_before_its_runtime() {
        let pins = world().file("/p/.tool-versions", "nodejs 12\npnpm 9.1.0\n");
        let folders = ["/usher/toolchains/pnpm/9.1.0/bin", "/usher/toolchains/node/12.22.12/bin"];
        assert_eq!(pinned(pins).unwrap().path, folders);
    }

    #[test]
    fn a_pinned_system_is_reached_by_its_shims() {
        let report = pinned(world().file("/p/.nvmrc", "system")).unwrap();
        assert_eq!((report.path, report.tools.len()), (vec!["/usher/shims".to_owned()], 0));
    }

    #[test]
    fn an_unpinned_tool_is_the_one_on_path() {
        let mut session =
            session(world().file("/sys/bin/java", "").variable("PATH", "/usher/shims:/sys/bin"));
        let java = session.registry.named("java").unwrap().tool;
        let report = for_tools(&mut session, &[java]).unwrap();
        assert!(report.is_empty());
        assert_eq!(
            serde_json::to_value(&report.tools).unwrap(),
            json!([{
                "tool": "java",
                "version": null,
                "store": "system",
                "path": null,
                "programs": "/sys/bin",
            }])
        );
    }

    #[test]
    fn a_broken_pin_and_an_unreadable_file_are_errors() {
        let broken = pinned(world().file("/p/.nvmrc", "../x")).unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::BadFile);
        let unreadable = world().file("/p/.nvmrc", "12").unreadable("/p/.nvmrc");
        assert_eq!(pinned(unreadable).unwrap_err().kind(), ErrorKind::Permission);
    }

    #[test]
    fn a_folder_with_a_colon_is_refused() {
        let mut report = EnvReport::default();
        assert_eq!(
            report.add_folder(Path::new("/a:b")).unwrap_err().to_string(),
            "can't add this folder to PATH: /a:b\n  a colon separates folders there\n  \
             hint: choose another folder with USHER_HOME"
        );
    }
}
