//! Migrating global packages: what package managers installed in the older version and the newer one
//! lacks. It is installed there if the user agrees, else reported. No error here makes the upgrade
//! fail.

use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::version::Version;

use super::row::{PackageOutcome, UpgradeOutcome, VersionStep};
use crate::cli::commands::count_of;
use crate::cli::output;
use crate::cli::package_migration::{
    GlobalPackages, ListedPackage, MigrationReport, PackageManager,
};
use crate::files::interrupt::Unfinished;
use crate::session::Session;

/// Whether packages are migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MigrationPolicy {
    /// `--migrate-packages` was typed.
    Always,
    /// The user must confirm.
    Ask,
    /// Nothing is changed: what would be migrated is listed.
    DryRun,
    /// There is no terminal to ask on, or no network.
    Never,
}

/// The packages that one newer version lacks.
struct PackageMigration<'a> {
    /// The outcome that it belongs to.
    index: usize,
    tool: &'static str,
    from: Version,
    to: Version,
    manager: PackageManager<'a>,
    packages: GlobalPackages,
}

/// Migrates the packages that the newer versions lack, if the policy allows it. An error only if a list
/// of them can't be printed.
pub(super) fn migrate(
    session: &Session,
    outcomes: &mut [UpgradeOutcome],
    policy: MigrationPolicy,
    as_json: bool,
) -> Result<()> {
    let unfinished = Unfinished::other("no packages were migrated");
    let mut migrations = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        match migration_for(session, index, outcome, policy) {
            Ok(pending) => migrations.extend(pending),
            Err(error) => session.note(&error.to_string()),
        }
    }
    let is_confirmed = match policy {
        MigrationPolicy::Always => true,
        MigrationPolicy::Ask => {
            migrations.iter().any(PackageMigration::has_packages)
                && output::confirm(confirmation_question(&migrations), "no packages were migrated")
        }
        MigrationPolicy::DryRun | MigrationPolicy::Never => false,
    };
    drop(unfinished);
    for migration in &migrations {
        let packages = match (is_confirmed, policy) {
            (true, _) => migration.run(session),
            (false, MigrationPolicy::DryRun) => migration.list_packages(as_json)?,
            (false, _) => migration.report_missing(session),
        };
        if let Some(outcome) = outcomes.get_mut(migration.index) {
            outcome.row.global_packages = Some(packages);
        }
    }
    Ok(())
}

/// The migration to the newer version of an outcome; `None` if no package is missing there.
fn migration_for<'a>(
    session: &'a Session,
    index: usize,
    outcome: &UpgradeOutcome,
    policy: MigrationPolicy,
) -> Result<Option<PackageMigration<'a>>> {
    let Some(VersionStep { from, to, old }) = outcome.step.clone() else { return Ok(None) };
    let known = session.registry.named(outcome.row.tool)?;
    let Some(manager) = PackageManager::of(session, known, &old) else { return Ok(None) };
    // In a dry run the newer version isn't installed.
    let installed = Some(&to).filter(|_| policy != MigrationPolicy::DryRun);
    let _shown =
        session.reporter.task("listing packages of", &format!("{} {from}", known.tool.name));
    let packages = manager.missing_packages(&from, installed)?;
    let tool = known.tool.name;
    let is_empty = packages == GlobalPackages::default();
    Ok((!is_empty).then_some(PackageMigration { index, tool, from, to, manager, packages }))
}

/// One question for all migrations.
fn confirmation_question(migrations: &[PackageMigration<'_>]) -> String {
    let parts = migrations.iter().filter(|one| one.has_packages()).map(PackageMigration::summary);
    format!("migrate {}?", parts.collect::<Vec<_>>().join(", and "))
}

impl PackageMigration<'_> {
    fn has_packages(&self) -> bool {
        !self.packages.packages.is_empty()
    }

    /// `2 npm packages of node 12.0.0 (a@1, b@2)`.
    fn summary(&self) -> String {
        let Self { tool, from, manager, .. } = self;
        let packages = &self.packages.packages;
        let count = count_of(packages.len(), &format!("{} package", manager.program()));
        let names = self.package_arguments(packages).join(", ");
        format!("{count} of {tool} {from} ({})", Escaped(&names))
    }

    fn package_arguments(&self, packages: &[ListedPackage]) -> Vec<String> {
        packages.iter().map(|package| self.manager.argument(package)).collect()
    }

    fn run(&self, session: &Session) -> PackageOutcome {
        let Self { tool, from, to, manager, packages, .. } = self;
        if self.has_packages() {
            session.note(&format!("migrating {} to {to}", self.summary()));
        }
        let name = manager.program();
        let unfinished =
            Unfinished::other(&format!("{tool} {to} may lack {name} packages of {from}"));
        let report = manager.install(to, packages.packages.clone()).unwrap_or_else(|error| {
            session.note(&error.to_string());
            MigrationReport { failed: packages.packages.clone(), ..MigrationReport::default() }
        });
        drop(unfinished);
        if !report.failed.is_empty() {
            let names = self.package_arguments(&report.failed).join(", ");
            let what = format!("{tool} {to} lacks {}", Escaped(&names));
            let error = Error::new(ErrorKind::ProgramFailed, what)
                .because(format!("{} couldn't install it; its output is above", manager.program()))
                .hint(manager.command_line(to, &report.failed));
            session.note(&error.to_string());
        }
        self.note_local(session);
        PackageOutcome {
            migrated: self.package_arguments(&report.added),
            failed: self.package_arguments(&report.failed),
            local: packages.local.clone(),
            ..PackageOutcome::default()
        }
    }

    fn list_packages(&self, as_json: bool) -> Result<PackageOutcome> {
        if !as_json && self.has_packages() {
            output::print_line(format!("  with --migrate-packages: {}", self.summary()))?;
        }
        Ok(self.missing())
    }

    fn report_missing(&self, session: &Session) -> PackageOutcome {
        if self.has_packages() {
            let what = format!("{} {} lacks {}", self.tool, self.to, self.summary());
            let error = Error::new(ErrorKind::FaultsFound, what)
                .hint(self.manager.command_line(&self.to, &self.packages.packages));
            session.note(&error.to_string());
        }
        self.note_local(session);
        self.missing()
    }

    fn missing(&self) -> PackageOutcome {
        PackageOutcome {
            missing: self.package_arguments(&self.packages.packages),
            local: self.packages.local.clone(),
            ..PackageOutcome::default()
        }
    }

    /// Packages that aren't from a registry are never migrated: the registry may have another one
    /// of that name.
    fn note_local(&self, session: &Session) {
        let Self { tool, from, to, .. } = self;
        if !self.packages.local.is_empty() {
            let names = self.packages.local.join(", ");
            session.note(&format!(
                "{tool} {to} lacks packages of {from} that are not from a registry: {}",
                Escaped(&names)
            ));
        }
    }
}
