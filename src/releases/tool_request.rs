//! What is looked for among releases.

use usher_shims::pin::Origin;
use usher_shims::request::Request;

use crate::registry::KnownTool;

/// A request of a tool, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct ToolRequest<'a> {
    /// Of which tool.
    pub known: KnownTool<'a>,
    /// Which version.
    pub request: &'a Request,
    /// Who asks.
    pub origin: &'a Origin,
}
