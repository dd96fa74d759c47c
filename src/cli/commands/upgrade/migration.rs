//! What package managers added to the versions that were in force, and the newer ones lack: carried
//! over if somebody agrees, else told. Nothing that goes wrong here makes the upgrade a failure.

use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use super::row::{PackageOutcome, UpgradeRow, VersionChange};
use crate::cli::commands::count_of;
use crate::cli::output;
use crate::cli::package_migration::{GlobalPackage, GlobalPackages, PackageManager};
use crate::session::Session;

/// Whether anybody agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MigrationConsent {
    /// Beforehand.
    ProcessArgs,
    /// Somebody sits there to be asked.
    Asked,
    /// What would be done is told.
    Pretended,
    /// Nobody can be asked.
    None,
}

/// What one newer version lacks.
struct PackageMigration<'a> {
    /// Which line it is of.
    place: usize,
    tool: &'a str,
    step: VersionChange,
    manager: PackageManager<'a>,
    added: GlobalPackages,
}

/// Offers what was added to the older versions to the newer ones, and does what was agreed to.
pub(super) fn offer(
    session: &Session,
    rows: &mut [UpgradeRow],
    (consent, as_json): (MigrationConsent, bool),
) {
    let mut all = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        match pending_migration(session, place, row, consent) {
            Ok(found) => all.extend(found),
            Err(error) => session.note(&error.to_string()),
        }
    }
    let is_agreed = match consent {
        MigrationConsent::ProcessArgs => true,
        MigrationConsent::Asked => {
            all.iter().any(PackageMigration::has_packages) && output::ask(question(&all))
        }
        MigrationConsent::Pretended | MigrationConsent::None => false,
    };
    for one in &all {
        let global_packages = match (is_agreed, consent) {
            (true, _) => one.carry(session),
            (false, MigrationConsent::Pretended) => one.pretend(as_json),
            (false, _) => one.leave(session),
        };
        if let Some(row) = rows.get_mut(one.place) {
            row.global_packages = Some(global_packages);
        }
    }
}

fn pending_migration<'a>(
    session: &'a Session,
    place: usize,
    row: &UpgradeRow,
    consent: MigrationConsent,
) -> Result<Option<PackageMigration<'a>>> {
    let Some(step) = row.step.clone() else { return Ok(None) };
    let known = session.registry.named(row.tool)?;
    let Some(manager) = PackageManager::of(session, (known, &step.old_toolchain)) else {
        return Ok(None);
    };
    // What is only told about isn't on disk.
    let to = Some(&step.to).filter(|_| consent != MigrationConsent::Pretended);
    let added = manager.missing_packages(&step.from, to)?;
    let found = PackageMigration { place, tool: known.tool.name, step, manager, added };
    Ok(Some(found).filter(|found| found.added != GlobalPackages::default()))
}

/// One question for all.
fn question(all: &[PackageMigration<'_>]) -> String {
    let parts = all.iter().filter(|one| one.has_packages()).map(PackageMigration::said);
    format!("carry over {}?", parts.collect::<Vec<_>>().join(", and "))
}

impl PackageMigration<'_> {
    fn has_packages(&self) -> bool {
        !self.added.packages.is_empty()
    }

    /// `2 packages that npm added to node 12.0.0 (a@1, b@2)`.
    fn said(&self) -> String {
        let packages = &self.added.packages;
        let count = count_of(packages.len(), "package");
        let (program, tool, from) = (self.manager.program(), self.tool, &self.step.from);
        let names = self.words(packages).join(", ");
        format!("{count} that {program} added to {tool} {from} ({})", Escaped(&names))
    }

    fn words(&self, packages: &[GlobalPackage]) -> Vec<String> {
        packages.iter().map(|package| self.manager.word(package)).collect()
    }

    fn carry(&self, session: &Session) -> PackageOutcome {
        let (tool, VersionChange { to, .. }) = (self.tool, &self.step);
        if self.has_packages() {
            session.note(&format!("carrying over {} to {to}", self.said()));
        }
        let carried = self.manager.install(to, self.added.packages.clone());
        let carried = carried.unwrap_or_else(|error| {
            session.note(&error.to_string());
            let failed = self.added.packages.clone();
            crate::cli::package_migration::MigrationReport { failed, ..Default::default() }
        });
        if !carried.failed.is_empty() {
            let names = self.words(&carried.failed).join(", ");
            let what = format!("{tool} {to} lacks {}", Escaped(&names));
            let program = self.manager.program();
            let error = Error::new(ErrorKind::ProgramFailed, what)
                .because(format!("{program} couldn't add it; what it said stands above"))
                .hint(self.manager.command_line(to, &carried.failed));
            session.note(&error.to_string());
        }
        self.tell_local(session);
        let (carried, failed) = (self.words(&carried.added), self.words(&carried.failed));
        PackageOutcome {
            carried,
            failed,
            local: self.added.local.clone(),
            ..PackageOutcome::default()
        }
    }

    fn pretend(&self, as_json: bool) -> PackageOutcome {
        if !as_json && self.has_packages() {
            output::line(format_args!("  with --carry: {}", self.said()));
        }
        self.left()
    }

    fn leave(&self, session: &Session) -> PackageOutcome {
        if self.has_packages() {
            let (tool, to) = (self.tool, &self.step.to);
            let error =
                Error::new(ErrorKind::FaultsFound, format!("{tool} {to} lacks {}", self.said()))
                    .hint(self.manager.command_line(to, &self.added.packages));
            session.note(&error.to_string());
        }
        self.tell_local(session);
        self.left()
    }

    fn left(&self) -> PackageOutcome {
        let lacking = self.words(&self.added.packages);
        PackageOutcome {
            missing: lacking,
            local: self.added.local.clone(),
            ..PackageOutcome::default()
        }
    }

    /// What came from elsewhere: a registry may have another one of that name.
    fn tell_local(&self, session: &Session) {
        if !self.added.local.is_empty() {
            let (tool, VersionChange { from, to, .. }) = (self.tool, &self.step);
            let names = self.added.local.join(", ");
            session.note(&format!(
                "{tool} {to} lacks what was added to {from} from elsewhere than a registry: {}",
                Escaped(&names)
            ));
        }
    }
}
