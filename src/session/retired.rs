//! Which toolchains are retired: those of the machine's store that are on its list.

use usher_shims::retired::is_machines;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;

use super::Session;
use crate::config::retired::RetiredVersions;
use crate::files::clock::Date;

/// The machine's list of retired versions, for the toolchains of a session.
#[derive(Debug)]
pub struct RetiredToolchains(RetiredVersions);

impl RetiredToolchains {
    /// Reads the machine's list. One that can't be read is reported, and nothing is retired then.
    pub fn read(session: &Session) -> Self {
        Self(RetiredVersions::read(&session.folders).unwrap_or_else(|error| {
            session.note(&error.line());
            RetiredVersions::default()
        }))
    }

    /// The day from which on a toolchain may be removed; `None` if it isn't retired.
    pub fn date_of(&self, session: &Session, tool: &Tool, toolchain: &Toolchain) -> Option<Date> {
        let version =
            toolchain.version.as_ref().filter(|_| is_machines(&session.index, toolchain))?;
        self.0.date_of(tool, version)
    }
}

/// What a person is told of a retired version: `node 8.17.0 is retired: …`.
pub fn retired_text(tool: &Tool, version: &str, date: Date) -> String {
    usher_shims::retired::text(tool, version, &date.to_string())
}
