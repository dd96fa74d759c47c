//! `use list [TOOL]`: the versions on disk, and whose they are.

use serde::Serialize;
use usher_shims::error::{Result, Shown};
use usher_shims::resolve::Selection;
use usher_shims::store::all;
use usher_shims::toolchain::Toolchain;

use super::refused;
use crate::cli::output;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::current::{active_selection, store_label, version_label};

/// A version on disk.
#[derive(Serialize)]
struct Line {
    tool: &'static str,
    version: String,
    active_selection: bool,
    store: String,
    path: String,
}

/// Runs the verb.
pub fn run(session: &Session, tool: Option<&str>, as_json: bool) -> Result<()> {
    let tools: Vec<KnownTool<'_>> = match tool {
        Some(name) => vec![session.registry.named(name)?],
        None => session.registry.all().collect(),
    };
    let mut lines = Vec::new();
    for known in &tools {
        let known = *known;
        // What can't be resolved here is no reason not to list what is there.
        let force = active_selection(session, known).unwrap_or(Selection::Stale);
        for toolchain in all(&session.world, &session.index, known.tool)?.unwrap_or_default() {
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
        let mark = if line.active_selection { "*" } else { " " };
        vec![
            mark.to_owned(),
            line.tool.to_owned(),
            line.version.clone(),
            line.store.clone(),
            Shown(line.path.as_ref()).to_string(),
        ]
    };
    output::text(output::table(&lines.iter().map(row).collect::<Vec<_>>()).as_bytes());
    for known in tools {
        for refused in refused(session, known) {
            session.note(&refused);
        }
    }
    Ok(())
}

fn line(known: KnownTool<'_>, toolchain: &Toolchain, force: &Selection) -> Line {
    Line {
        tool: known.tool.name,
        version: version_label(toolchain),
        active_selection: matches!(force, Selection::Toolchain(chosen, _) if chosen.root == toolchain.root && chosen.version == toolchain.version),
        store: store_label(&toolchain.store).to_owned(),
        path: toolchain.program(known.tool.main_program()).to_string_lossy().into_owned(),
    }
}
