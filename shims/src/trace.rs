//! What the shim decided, one line per step: for `USHER_DEBUG` only.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::Path;

use crate::call::calls;
use crate::error::{Escaped, Result, Shown};
use crate::resolve::{Outcome, Resolver, Selection};
use crate::search::{Finding, search};
use crate::world::World;

/// The variable that turns it on.
pub const DEBUG: &str = "USHER_DEBUG";

/// The steps of a call, from its name to what it became.
pub fn steps<W: World>(
    resolver: &Resolver<'_, W>,
    name: &str,
    arguments: &[&OsStr],
    outcome: &Result<Outcome>,
) -> Vec<String> {
    let directory = resolver.world.directory();
    let directory =
        directory.map_or_else(|error| error.to_string(), |path| Shown(&path).to_string());
    let mut steps = vec![
        format!("called as {} in {}", Escaped(name), Escaped(&directory)),
        format!(
            "home {}, shims {}",
            Shown(&resolver.index.folders.data),
            Shown(&resolver.shim.folders[0])
        ),
    ];
    let argument = arguments.first().and_then(|argument| argument.to_str());
    for call in calls(resolver.index, name, argument) {
        steps.push(format!("{} is a program of {}", call.program, call.tool.name));
        let searched = search(resolver.world, resolver.index, &call, &mut |finding| {
            steps.push(found(&finding));
            ControlFlow::Continue(())
        });
        if let Err(error) = searched {
            steps.push(error.to_string());
        }
        if let Ok(Selection::Toolchain(toolchain, _)) = resolver.selector().select(&call) {
            let version = toolchain.version.as_ref().map_or_else(String::new, ToString::to_string);
            steps.push(format!(
                "toolchain {version} at {} ({:?})",
                Shown(&toolchain.root),
                toolchain.store
            ));
        }
    }
    steps.push(end(outcome));
    steps
}

fn found(finding: &Finding) -> String {
    let (kind, pin) = match finding {
        Finding::Pin(pin) => ("pin", pin),
        Finding::Constraint(pin) => ("constraint", pin),
        Finding::Default(pin) => ("default", pin),
        Finding::Broken(error, _) => return format!("can't be used: {error}"),
        Finding::Skipped(skipped) => return format!("skipped: {skipped}"),
    };
    let requests: Vec<String> = pin.requests.iter().map(ToString::to_string).collect();
    format!("{kind} {}, requested by {}", requests.join(" or "), pin.origin)
}

fn end(outcome: &Result<Outcome>) -> String {
    match outcome {
        Ok(Outcome::Run(plan)) => {
            let set = plan.set.iter().map(|(name, value)| match value {
                Some(value) => format!(" {name}={}", Shown(Path::new(value))),
                None => format!(" without {name}"),
            });
            format!("runs {}{}", Shown(&plan.program), set.collect::<String>())
        }
        Ok(Outcome::Missing(missing)) => {
            let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
            format!("{} {request} is not installed: handoff to `use`", missing.tool.name)
        }
        Ok(Outcome::Stale) => "the index is out of date: handoff to `use`".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}
