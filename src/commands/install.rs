//! `use install [TOOL@REQUEST…]`: gets versions; without arguments, all that the project asks for.

use serde_json::json;
use usher_shims::error::{Error, Exit, Result};
use usher_shims::pin::Origin;
use usher_shims::request::Request;
use usher_shims::resolve::Force;
use usher_shims::tool::Tool;

use super::{Asked, Got, asked, ensure, get, in_force, name_of, store_name, usual};
use crate::output;
use crate::registry::Known;
use crate::shim_folder;
use crate::usher::Usher;

/// Runs the verb.
pub fn run(usher: &mut Usher, words: &[String], as_json: bool) -> Result<()> {
    let mut wanted = Vec::new();
    for Asked { known, request } in asked(usher, words)? {
        wanted.push((known, request.map_or_else(|| usual(known), Ok)?, Origin::CommandLine));
    }
    if words.is_empty() {
        wanted = of_project(usher)?;
    }
    if wanted.is_empty() {
        return Err(
            Error::new(Exit::Usage, "nothing here asks for a version").hint("use install node@lts")
        );
    }
    let mut report = Vec::new();
    let mut tools: Vec<&'static Tool> = Vec::new();
    for (known, request, origin) in &wanted {
        let got = if words.is_empty() {
            ensure(usher, *known, request)
        } else {
            get(usher, *known, request)
        };
        let got = got.map_err(|error| match origin {
            Origin::CommandLine => error,
            by => error.because(format!("{} {request} was asked for by {by}", known.tool.name)),
        })?;
        tools.push(known.tool);
        if let Got::Toolchain(toolchain, was_there) = got {
            let (tool, version) = (known.tool.name, name_of(&toolchain));
            if !as_json {
                let state = if was_there { "is on disk" } else { "installed" };
                output::line(format_args!(
                    "{tool} {version} {state} ({})",
                    toolchain.root.display()
                ));
            }
            report.push(json!({
                "tool": tool,
                "request": request.as_str(),
                "version": version,
                "store": store_name(&toolchain.store),
                "path": toolchain.root,
                "installed_now": !was_there,
            }));
        }
    }
    usher.refresh()?;
    shim_folder::refresh(usher, &tools)?;
    if as_json {
        output::json(&report);
    }
    Ok(())
}

/// What is asked for here, a request a tool: what is missing, and what is there already.
fn of_project(usher: &Usher) -> Result<Vec<(Known<'_>, Request, Origin)>> {
    let mut wanted = Vec::new();
    for known in usher.registry.all() {
        let pin = match in_force(usher, known)? {
            Force::Missing(missing) => Some(missing.pin),
            Force::Toolchain(_, pin) | Force::System(pin) => pin,
            Force::Stale => None,
        };
        let first = pin.and_then(|pin| Some((pin.requests.into_iter().next()?, pin.origin)));
        wanted.extend(first.map(|(request, origin)| (known, request, origin)));
    }
    Ok(wanted)
}
