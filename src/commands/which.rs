//! `use which PROGRAM`: the path of what a shim becomes here.

use serde_json::json;
use usher_shims::error::{Error, Exit, Result};
use usher_shims::resolve::Outcome;

use crate::output;
use crate::usher::Usher;

/// Runs the verb. Nothing is installed for it.
pub fn run(usher: &Usher, program: &str, as_json: bool) -> Result<()> {
    match usher.resolver().resolve(program, &[])? {
        Outcome::Run(plan) => {
            if as_json {
                output::json(
                    &json!({ "program": program, "path": plan.program, "tool": plan.tool.name }),
                );
            } else {
                output::line(plan.program.display());
            }
            Ok(())
        }
        Outcome::Missing(missing) => {
            let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
            let (tool, origin) = (missing.tool.name, missing.pin.origin);
            Err(Error::new(
                Exit::NotFound,
                format!("{tool} {request} was asked for by {origin}, but isn't on disk"),
            )
            .hint(format!("use install {tool}@{request}")))
        }
        Outcome::Stale => {
            Err(Error::new(Exit::NotFound, "the system's programs changed").hint("use reshim"))
        }
    }
}
