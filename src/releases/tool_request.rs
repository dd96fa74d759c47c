//! A version request for a tool.

use usher_shims::pin::Origin;
use usher_shims::request::Request;

use crate::registry::KnownTool;

/// A version request for a tool, and its origin.
#[derive(Debug, Clone, Copy)]
pub struct ToolRequest<'a> {
    /// The tool.
    pub known: KnownTool<'a>,
    /// The requested version.
    pub request: &'a Request,
    /// Where the request is written.
    pub origin: &'a Origin,
}
