//! `use install [TOOL@REQUEST…]`: gets versions; without arguments, all that the project asks for.

use std::ops::ControlFlow;

use serde_json::{Value, json};
use usher_shims::error::{Error, Exit, Result};
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::Request;
use usher_shims::search::{Finding, search};
use usher_shims::tool::Tool;

use super::{Asked, Got, asked, get, name_of, store_name, usual, with_shims_of_what_came};
use crate::output;
use crate::registry::Known;
use crate::release::Wanted;
use crate::shim_folder;
use crate::usher::{Usher, interpreter};

/// A request of a tool, and who asks.
type Asking<'a> = (Known<'a>, Request, Origin);

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
    let tools: Vec<&'static Tool> = wanted.iter().map(|(known, ..)| known.tool).collect();
    let report = match get_all(usher, &wanted, as_json) {
        Ok(report) => report,
        Err(error) => return Err(with_shims_of_what_came(usher, error)),
    };
    usher.refresh()?;
    shim_folder::refresh(usher, &tools)?;
    if as_json {
        output::json(&report);
    }
    Ok(())
}

fn get_all(usher: &Usher, wanted: &[Asking<'_>], as_json: bool) -> Result<Vec<Value>> {
    let mut report = Vec::new();
    for (known, request, origin) in wanted {
        let got = get(usher, &Wanted { known: *known, request, origin })?;
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
    Ok(report)
}

/// What is asked for here, a request a tool.
fn of_project(usher: &Usher) -> Result<Vec<Asking<'_>>> {
    let mut wanted = Vec::new();
    for known in usher.registry.all() {
        if let Some(Pin { requests, origin }) = strongest(usher, known.tool)? {
            wanted.extend(requests.into_iter().next().map(|request| (known, request, origin)));
        }
    }
    Ok(wanted)
}

/// The strongest pin, else the nearest constraint, else the default.
fn strongest(usher: &Usher, tool: &'static Tool) -> Result<Option<Pin>> {
    let Some(call) = interpreter(tool) else { return Ok(None) };
    let (mut found, mut constraint) = (None, None);
    let mut broken = None;
    search(&usher.world, &usher.home, &call, &mut |finding| {
        match finding {
            Finding::Pin(pin) => found = Some(pin),
            Finding::Default(pin) => {
                found = constraint.take().or(Some(pin));
            }
            Finding::Broken(error, _) => broken = Some(error),
            Finding::Constraint(pin) => {
                constraint.get_or_insert(pin);
                return ControlFlow::Continue(());
            }
            Finding::Note(_) => return ControlFlow::Continue(()),
        }
        ControlFlow::Break(())
    })?;
    broken.map_or(Ok(found.or(constraint)), Err)
}
