//! `use list [TOOL]`: the versions on disk, and whose they are.

use serde::Serialize;
use usher_shims::error::{Result, Shown};
use usher_shims::resolve::Selection;
use usher_shims::store::all;
use usher_shims::toolchain::Toolchain;

use super::refused;
use crate::cli::output;
use crate::registry::Known;
use crate::session::Usher;
use crate::session::current::{in_force, name_of, store_name};

/// A version on disk.
#[derive(Serialize)]
struct Line {
    tool: &'static str,
    version: String,
    in_force: bool,
    store: String,
    path: String,
}

/// Runs the verb.
pub fn run(usher: &Usher, tool: Option<&str>, as_json: bool) -> Result<()> {
    let tools: Vec<Known<'_>> = match tool {
        Some(name) => vec![usher.registry.named(name)?],
        None => usher.registry.all().collect(),
    };
    let mut lines = Vec::new();
    for known in &tools {
        let known = *known;
        // What can't be resolved here is no reason not to list what is there.
        let force = in_force(usher, known).unwrap_or(Selection::Stale);
        for toolchain in all(&usher.world, &usher.home, known.tool)?.unwrap_or_default() {
            lines.push(line(known, &toolchain, &force));
        }
    }
    if as_json {
        output::json(&lines);
        return Ok(());
    }
    if lines.is_empty() {
        output::line("nothing is on disk: use node@lts");
    }
    let row = |line: &Line| {
        let mark = if line.in_force { "*" } else { " " };
        vec![
            mark.to_owned(),
            line.tool.to_owned(),
            line.version.clone(),
            line.store.clone(),
            Shown(line.path.as_ref()).to_string(),
        ]
    };
    output::table(&lines.iter().map(row).collect::<Vec<_>>());
    for known in tools {
        for refused in refused(usher, known) {
            usher.tell(&refused);
        }
    }
    Ok(())
}

fn line(known: Known<'_>, toolchain: &Toolchain, force: &Selection) -> Line {
    Line {
        tool: known.tool.name,
        version: name_of(toolchain),
        in_force: matches!(force, Selection::Toolchain(chosen, _) if chosen.root == toolchain.root && chosen.version == toolchain.version),
        store: store_name(&toolchain.store).to_owned(),
        path: toolchain.program(known.tool.main_program()).to_string_lossy().into_owned(),
    }
}
