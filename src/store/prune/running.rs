//! Which processes run from a toolchain, where the system can list them. Linux keeps their open files
//! until they end, but programs that they start later would be missing.

use std::fs;
use std::path::Path;

use crate::sys::{RunningProgram, running_programs};

/// The programs of all visible processes.
#[derive(Debug, Default)]
pub struct Processes(Vec<RunningProgram>);

impl Processes {
    /// The processes that run now; none if the system can't list them.
    pub fn list() -> Self {
        Self(running_programs())
    }

    /// The processes whose programs are below a folder.
    pub fn running_from(&self, folder: &Path) -> Vec<u32> {
        self.of(folder).into_iter().map(|process| process.id).collect()
    }

    /// The same, with the account of each.
    pub(crate) fn of(&self, folder: &Path) -> Vec<&RunningProgram> {
        // The kernel names files by physical paths.
        let Ok(folder) = fs::canonicalize(folder) else { return Vec::new() };
        let mut running: Vec<_> =
            self.0.iter().filter(|process| process.path.starts_with(&folder)).collect();
        running.sort_unstable_by_key(|process| process.id);
        running
    }
}
