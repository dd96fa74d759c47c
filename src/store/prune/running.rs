//! Which processes run from a toolchain, where the system can list them. Linux keeps their open files
//! until they end, but programs that they start later would be missing.

use std::fs;
use std::path::{Path, PathBuf};

/// The programs of all visible processes.
#[derive(Debug, Default)]
pub struct Processes(Vec<(u32, PathBuf)>);

impl Processes {
    /// The processes that run now; none if the system can't list them.
    pub fn list() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let programs = entries.filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((id, fs::read_link(entry.path().join("exe")).ok()?))
        });
        Self(programs.collect())
    }

    /// The processes whose programs are below a folder.
    pub fn running_from(&self, folder: &Path) -> Vec<u32> {
        // The kernel names files by physical paths.
        let Ok(folder) = fs::canonicalize(folder) else { return Vec::new() };
        let running = self.0.iter().filter(|(_, program)| program.starts_with(&folder));
        let mut ids: Vec<u32> = running.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }
}
