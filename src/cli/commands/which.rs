//! `use which PROGRAM`: the path of what a shim becomes here; with `--index` the folder of its version.

use serde_json::json;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::resolve::{MissingVersion, Outcome, Plan};

use crate::cli::environment;
use crate::cli::output;
use crate::session::Session;

/// Runs the verb. Nothing is installed for it.
pub fn run(session: &Session, program: &str, as_json: bool) -> Result<()> {
    let plan = plan(session, program)?;
    if as_json {
        output::json(&json!({ "program": program, "path": plan.program, "tool": plan.tool.name }));
    } else {
        output::path(&plan.program);
    }
    Ok(())
}

/// The same for the folder of the version that a program, or a tool by its name, is of.
pub fn home(session: &Session, name: &str, as_json: bool) -> Result<()> {
    let tool = session.registry.named(name).ok().map(|known| known.tool);
    let plan = plan(session, tool.map_or(name, |tool| tool.main_program()))?;
    let Some(folder) = environment::folder(session, &plan)? else {
        let what =
            format!("{name} is {}, which lies among the system's programs", Shown(&plan.program));
        return Err(Error::new(ErrorKind::NotFound, what)
            .because("it has no folder of its own")
            .hint(format!("use {}@latest", plan.tool.name)));
    };
    if as_json {
        output::json(&json!({ "program": name, "path": folder, "tool": plan.tool.name }));
    } else {
        output::path(&folder);
    }
    Ok(())
}

fn plan(session: &Session, program: &str) -> Result<Plan> {
    match session.resolver().resolve(program, &[])? {
        Outcome::Run(plan) => Ok(plan),
        Outcome::Missing(missing) => Err(absent(&missing)),
        Outcome::Stale => {
            Err(Error::new(ErrorKind::NotFound, "the system's programs changed").hint("use reshim"))
        }
    }
}

fn absent(missing: &MissingVersion) -> Error {
    let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
    let (tool, origin) = (missing.tool.name, &missing.pin.origin);
    let what = format!("{tool} {request} was asked for by {origin}, but isn't on disk");
    Error::new(ErrorKind::NotInstalled, what).hint(format!("use install {tool}@{request}"))
}
