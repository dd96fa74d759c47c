//! Installing a runtime: the tool that another one needs, as Erlang for Elixir.

use usher_shims::error::Result;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;

use super::install::Installer;
use super::own::OwnStore;
use crate::registry::Registry;
use crate::releases::ToolRequest;
use crate::releases::runtime::MissingRuntime;
use crate::session::active::version_label;

/// Installs the runtime that a toolchain needs, and reports that: no command does.
pub fn install_runtime(
    installer: &Installer<'_>,
    registry: &Registry,
    (dependent, toolchain): (&Tool, &Toolchain),
    missing: &MissingRuntime,
) -> Result<()> {
    let MissingRuntime { tool, request, origin } = missing;
    let dependent = format!("{} {}", dependent.name, version_label(toolchain));
    let tool_request = ToolRequest { known: registry.named(tool.name)?, request, origin };
    let notice =
        format!("{dependent} needs {}: installing {} {request} too", tool.title, tool.name);
    installer.store.reporter.note(&notice);
    let store = OwnStore { announces: true, ..installer.store };
    let installer = Installer { store, ..*installer };
    let result = installer
        .finder
        .find(&tool_request)
        .and_then(|release| installer.install_from_any(&tool_request, release));
    result.map(drop).map_err(|error| error.because(format!("{dependent} needs {}", tool.name)))
}
