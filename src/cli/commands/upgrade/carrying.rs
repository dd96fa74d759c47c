//! What package managers added to the versions that were in force, and the newer ones lack: carried
//! over if somebody agrees, else told. Nothing that goes wrong here makes the upgrade a failure.

use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use super::line::{Additions, Line, Step};
use crate::cli::commands::verify::counted;
use crate::cli::output;
use crate::cli::package_migration::{Added, Manager, Package};
use crate::session::Session;

/// Whether anybody agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
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
struct Lacking<'a> {
    /// Which line it is of.
    place: usize,
    tool: &'a str,
    step: Step,
    manager: Manager<'a>,
    added: Added,
}

/// Offers what was added to the older versions to the newer ones, and does what was agreed to.
pub(super) fn offer(session: &Session, lines: &mut [Line], (consent, as_json): (Consent, bool)) {
    let mut all = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        match lacking(session, place, line, consent) {
            Ok(found) => all.extend(found),
            Err(error) => session.note(&error.to_string()),
        }
    }
    let is_agreed = match consent {
        Consent::ProcessArgs => true,
        Consent::Asked => all.iter().any(Lacking::has_packages) && output::ask(question(&all)),
        Consent::Pretended | Consent::None => false,
    };
    for one in &all {
        let additions = match (is_agreed, consent) {
            (true, _) => one.carry(session),
            (false, Consent::Pretended) => one.pretend(as_json),
            (false, _) => one.leave(session),
        };
        if let Some(line) = lines.get_mut(one.place) {
            line.additions = Some(additions);
        }
    }
}

fn lacking<'a>(
    session: &'a Session,
    place: usize,
    line: &Line,
    consent: Consent,
) -> Result<Option<Lacking<'a>>> {
    let Some(step) = line.step.clone() else { return Ok(None) };
    let known = session.registry.named(line.tool)?;
    let Some(manager) = Manager::of(session, (known, &step.held)) else { return Ok(None) };
    // What is only told about isn't on disk.
    let to = Some(&step.to).filter(|_| consent != Consent::Pretended);
    let added = manager.lacking(&step.from, to)?;
    let found = Lacking { place, tool: known.tool.name, step, manager, added };
    Ok(Some(found).filter(|found| found.added != Added::default()))
}

/// One question for all.
fn question(all: &[Lacking<'_>]) -> String {
    let parts = all.iter().filter(|one| one.has_packages()).map(Lacking::said);
    format!("carry over {}?", parts.collect::<Vec<_>>().join(", and "))
}

impl Lacking<'_> {
    fn has_packages(&self) -> bool {
        !self.added.packages.is_empty()
    }

    /// `2 packages that npm added to node 12.0.0 (a@1, b@2)`.
    fn said(&self) -> String {
        let packages = &self.added.packages;
        let count = counted(packages.len(), "package");
        let (program, tool, from) = (self.manager.program(), self.tool, &self.step.from);
        let names = self.words(packages).join(", ");
        format!("{count} that {program} added to {tool} {from} ({})", Escaped(&names))
    }

    fn words(&self, packages: &[Package]) -> Vec<String> {
        packages.iter().map(|package| self.manager.word(package)).collect()
    }

    fn carry(&self, session: &Session) -> Additions {
        let (tool, Step { to, .. }) = (self.tool, &self.step);
        if self.has_packages() {
            session.note(&format!("carrying over {} to {to}", self.said()));
        }
        let carried = self.manager.add(to, self.added.packages.clone());
        let carried = carried.unwrap_or_else(|error| {
            session.note(&error.to_string());
            let failed = self.added.packages.clone();
            crate::cli::package_migration::Carried { failed, ..Default::default() }
        });
        if !carried.failed.is_empty() {
            let names = self.words(&carried.failed).join(", ");
            let what = format!("{tool} {to} lacks {}", Escaped(&names));
            let program = self.manager.program();
            let error = Error::new(ErrorKind::ProgramFailed, what)
                .because(format!("{program} couldn't add it; what it said stands above"))
                .hint(self.manager.typed(to, &carried.failed));
            session.note(&error.to_string());
        }
        self.tell_local(session);
        let (carried, failed) = (self.words(&carried.added), self.words(&carried.failed));
        Additions { carried, failed, local: self.added.local.clone(), ..Additions::default() }
    }

    fn pretend(&self, as_json: bool) -> Additions {
        if !as_json && self.has_packages() {
            output::line(format_args!("  with --carry: {}", self.said()));
        }
        self.left()
    }

    fn leave(&self, session: &Session) -> Additions {
        if self.has_packages() {
            let (tool, to) = (self.tool, &self.step.to);
            let error =
                Error::new(ErrorKind::FaultsFound, format!("{tool} {to} lacks {}", self.said()))
                    .hint(self.manager.typed(to, &self.added.packages));
            session.note(&error.to_string());
        }
        self.tell_local(session);
        self.left()
    }

    fn left(&self) -> Additions {
        let lacking = self.words(&self.added.packages);
        Additions { lacking, local: self.added.local.clone(), ..Additions::default() }
    }

    /// What came from elsewhere: a registry may have another one of that name.
    fn tell_local(&self, session: &Session) {
        if !self.added.local.is_empty() {
            let (tool, Step { from, to, .. }) = (self.tool, &self.step);
            let names = self.added.local.join(", ");
            session.note(&format!(
                "{tool} {to} lacks what was added to {from} from elsewhere than a registry: {}",
                Escaped(&names)
            ));
        }
    }
}
