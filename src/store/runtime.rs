//! Getting what a tool's versions run on, where that is a version of another tool.

use usher_shims::error::Result;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;

use super::install::Installer;
use crate::registry::Registry;
use crate::releases::ToolRequest;
use crate::releases::runtime::MissingRuntime;
use crate::session::current::version_label;

/// Gets what a tool's toolchain runs on, and says so.
pub fn install_runtime(
    installer: &Installer<'_>,
    registry: &Registry,
    (guest, toolchain): (&Tool, &Toolchain),
    lacking: &MissingRuntime,
) -> Result<()> {
    let MissingRuntime { tool, request, origin } = lacking;
    let guest = format!("{} {}", guest.name, version_label(toolchain));
    let wanted = ToolRequest { known: registry.named(tool.name)?, request, origin };
    let told = format!("{guest} runs on {}: {} {request} is got too", tool.title, tool.name);
    installer.store.reporter.note(&told);
    let got = installer
        .finder
        .find(&wanted)
        .and_then(|release| installer.install_from_any(&wanted, release));
    got.map(drop).map_err(|error| error.because(format!("{guest} runs on {}", tool.name)))
}
