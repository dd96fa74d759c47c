//! Versions that the list no longer wants: they are retired, and removed after their day, once nothing
//! uses them.
//!
//! Only versions that the list wanted before are retired. `listed-versions` in the machine's folder has
//! them: what the administrator installed by hand, or an account requested, is left alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use usher_shims::error::Result;
use usher_shims::toolchain::Store;

use super::change::{Action, Change};
use super::wanted::Wanted;
use super::{Sync, days};
use crate::cli::commands::dependents::{Dependents, venv_text};
use crate::config::retired::RetiredVersions;
use crate::files::clock::Date;
use crate::files::own_folder;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;
use crate::session::Session;
use crate::store::contents::StoreContents;
use crate::store::location::InstallLocation;
use crate::store::prune::running::Processes;
use crate::store::uninstall::uninstall;

/// The record's file in the machine's data folder.
const RECORD: &str = "listed-versions";

/// In the record, behind a version that was retired because no line wants it.
const RETIRED: &str = "retired";

/// The versions that the list wanted, and whether each was retired since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ListedVersions(BTreeMap<(String, String), bool>);

impl ListedVersions {
    fn load(data: &Path) -> Result<Self> {
        let content = own_folder::read(&data.join(RECORD))?;
        let text = content.map(|content| String::from_utf8_lossy(&content.bytes).into_owned());
        Ok(text.map(|text| Self::parse(&text)).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let entry = |line: &str| {
            let mut words = line.split(' ');
            let version = (words.next()?.to_owned(), words.next()?.to_owned());
            Some((version, words.next() == Some(RETIRED)))
        };
        Self(text.lines().filter_map(entry).collect())
    }

    fn text(&self) -> String {
        let line = |((tool, version), is_retired): (&(String, String), &bool)| match is_retired {
            true => format!("{tool} {version} {RETIRED}\n"),
            false => format!("{tool} {version}\n"),
        };
        self.0.iter().map(line).collect()
    }

    fn write(&self, _: &WriteAccess, data: &Path) -> Result<()> {
        let replacement = FileReplacement {
            target: &data.join(RECORD),
            staging: data,
            prefix: ".listed-",
            mode: FileMode::Exact(0o644),
            durability: Durability::Synced,
        };
        replacement.write(self.text().as_bytes())
    }
}

fn key(location: &InstallLocation<'_>) -> (String, String) {
    (location.known.tool.name.to_owned(), location.version.to_string())
}

impl Sync<'_> {
    /// Retires the versions that the list wanted, and that no line wants any more. One that is wanted
    /// again is no longer retired.
    pub(super) fn retire_unwanted(&mut self, list: &[Wanted<'_>], after_days: u16) -> Result<()> {
        let data = self.session.folders.data.clone();
        let before = ListedVersions::load(&data)?;
        let mut listed = before.clone();
        let mut wanted_now = Vec::new();
        for wanted in list {
            wanted_now.extend(self.newest_installed(wanted)?.as_ref().map(key));
        }
        let installed: Vec<_> =
            self.installed()?.iter().map(|one| (key(one), one.known.tool)).collect();
        listed.0.retain(|version, _| installed.iter().any(|(one, _)| one == version));
        let retired = RetiredVersions::read(&self.session.folders)?;
        let mut changed = retired.clone();
        let date = Date::of(SystemTime::now() + days(after_days));
        let mut changes = Vec::new();
        for (version, tool) in &installed {
            let is_wanted = wanted_now.contains(version);
            let is_retired = listed.0.get(version).copied();
            if is_wanted && is_retired == Some(true) {
                changed = changed.without(tool, &version.1).unwrap_or(changed);
            }
            if !is_wanted && is_retired == Some(false) {
                changed = changed.with(tool, &version.1, date);
                let reason = format!("no longer wanted; may be removed from {date} on");
                changes.push(Change::new(Action::Retired, tool.name, &version.1).because(reason));
            }
            if is_wanted || is_retired.is_some() {
                listed.0.insert(version.clone(), !is_wanted);
            }
        }
        if !self.log.is_dry_run {
            if changed != retired {
                changed.write()?;
            }
            if listed != before {
                listed.write(self.access, &data)?;
            }
        }
        changes.into_iter().try_for_each(|change| self.log.record(change))
    }

    /// Removes the retired versions whose day has come, and that nothing uses.
    pub(super) fn remove_due(&mut self, projects: &[PathBuf]) -> Result<()> {
        let session = self.session;
        let retired = RetiredVersions::read(&session.folders)?;
        let today = Date::of(SystemTime::now());
        let due: Vec<(InstallLocation<'_>, Date)> = {
            let date = |one: &InstallLocation<'_>| retired.due(one.known.tool, &one.version, today);
            let installed = installed_of(session)?.into_iter();
            installed.filter_map(|one| date(&one).map(|date| (one, date))).collect()
        };
        if due.is_empty() {
            return Ok(());
        }
        let mut dependents = Dependents::of_projects(session, projects)?;
        dependents.references.add_current_folder(session)?;
        if let Err(error) = dependents.require_all_read() {
            self.errors.push(error);
            return Ok(());
        }
        let processes = Processes::list();
        for (location, date) in due {
            if let Some(reason) = reason_to_keep(session, &location, &dependents, &processes) {
                if self.log.is_dry_run {
                    session.note(&format!("keeping {}: {reason}", location.name()));
                }
                continue;
            }
            if !self.log.is_dry_run {
                uninstall(&self.installer.store, &location)?;
                // An account that requests it again gets a version that isn't retired.
                let list = RetiredVersions::read(&session.folders)?;
                if let Some(shorter) = list.without(location.known.tool, location.version.as_str())
                {
                    shorter.write()?;
                }
            }
            let (tool, version) = (location.known.tool.name, &location.version);
            let change = Change::new(Action::Removed, tool, version);
            self.log.record(change.because(format!("retired; its day was {date}")))?;
        }
        Ok(())
    }
}

fn installed_of(session: &Session) -> Result<Vec<InstallLocation<'_>>> {
    let store = session.folders.toolchains();
    Ok(StoreContents::of(&session.registry, &store, &Store::Own)?.locations)
}

/// What uses a version.
fn reason_to_keep(
    session: &Session,
    location: &InstallLocation<'_>,
    dependents: &Dependents,
    processes: &Processes,
) -> Option<String> {
    if let Some(origin) = dependents.references.requester_of(&location.root) {
        return Some(format!("requested by {origin}"));
    }
    if let Some(process) = processes.running_from(&location.root).first() {
        return Some(format!("in use by process {process}"));
    }
    dependents.venvs(session, &location.root).first().map(venv_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_read_back() {
        let text = "node 12.22.12\nnode 8.17.0 retired\npython 3.12.1\n";
        assert_eq!(ListedVersions::parse(text).text(), text);
        assert_eq!(ListedVersions::parse("\nnode\n").text(), "");
    }
}
