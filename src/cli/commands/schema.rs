//! `use schema NAME`: a JSON Schema, with which editors complete and check a file, and programs what
//! `--json` prints.

use clap::ValueEnum;
use usher_shims::error::Result;

use crate::cli::output;

/// A schema that usher has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// Of usher's settings, config.toml
    Config,
    /// Of a tool's file in the registry
    Registry,
    /// Of what `--json` prints
    Json,
}

impl SchemaName {
    /// The schema's text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Config => include_str!("../../../docs/schema/config.schema.json"),
            Self::Registry => include_str!("../../../docs/schema/registry.schema.json"),
            Self::Json => include_str!("../../../docs/schema/json.schema.json"),
        }
    }
}

/// Runs the command.
pub fn run(name: SchemaName) -> Result<()> {
    output::print_exact(name.text().as_bytes())
}
