//! Installs what accounts request, as far as the policy allows, and answers each request.

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::Origin;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::tool_policy::ToolPolicy;

use super::Sync;
use super::change::{Action, Change};
use crate::registry::KnownTool;
use crate::releases::ToolRequest;
use crate::store::requests::served::ServedVersions;
use crate::store::requests::{Answer, VersionRequest};

/// What became of a request that was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Served {
    /// The version was installed before.
    Already,
    /// It was installed now.
    Installed,
}

impl Sync<'_> {
    /// Serves all requests that there are.
    pub(super) fn serve(&mut self) -> Result<()> {
        let access = Some(self.access).filter(|_| !self.log.is_dry_run);
        let requests = self.spool.take(access)?;
        if requests.is_empty() {
            return Ok(());
        }
        let mut served = ServedVersions::load(&self.spool)?;
        for request in requests {
            let result = self.serve_one(&request, &mut served);
            if let Some(access) = access {
                let answer = result.as_ref().map_or_else(Answer::refused, |_| Answer::served());
                self.spool.answer(access, &request, &answer)?;
            }
            self.record(&request, result)?;
        }
        if let Some(access) = access {
            self.spool.remove_old_answers(access);
        }
        Ok(())
    }

    /// Logs what became of a request. Only what concerns the machine is an error of this run: any
    /// account can request what doesn't exist.
    fn record(&mut self, request: &VersionRequest, result: Result<Served>) -> Result<()> {
        let change = |action| {
            Change::new(action, request.tool.as_str(), &request.version)
                .for_account(request.account)
        };
        match result {
            Ok(Served::Already) => Ok(()),
            Ok(Served::Installed) => self.log.record(change(Action::Served)),
            Err(error) => {
                self.log.record(change(Action::Refused).refused(&error))?;
                let kind = error.kind();
                if !kind.is_absence() && !kind.is_usage() && kind != ErrorKind::Forbidden {
                    self.errors.push(error);
                }
                Ok(())
            }
        }
    }

    fn serve_one(&self, request: &VersionRequest, served: &mut ServedVersions) -> Result<Served> {
        let VersionRequest { tool, version, account, .. } = request;
        let session = self.session;
        if !self.serves_requests() {
            return Err(session.policy.fetch_refusal(&format!("{tool} {version}")));
        }
        let known = session.registry.named(tool.as_str())?;
        if let Some(policy) = ToolPolicy::of(&session.index.policy, known.tool)?
            && !policy.allows(version)
        {
            return Err(policy.refusal(Some(version)));
        }
        let store = &self.installer.store;
        if store.find_installed(&store.location(known, version))?.is_some() {
            return Ok(Served::Already);
        }
        served.check(*account, |tool, version| {
            let known = session.registry.named(tool.as_str());
            known.is_ok_and(|known| store.location(known, version).root.is_dir())
        })?;
        if !self.log.is_dry_run {
            self.install_exactly(known, request)?;
            served.add(self.access, &self.spool, request)?;
        }
        Ok(Served::Installed)
    }

    /// Installs this version, and no other that a request of the same text could mean.
    fn install_exactly(&self, known: KnownTool<'_>, requested: &VersionRequest) -> Result<()> {
        let VersionRequest { version, account, .. } = requested;
        let name = format!("{} {version}", known.tool.name);
        let no_release =
            || Error::new(ErrorKind::NoMatchingVersion, format!("no release is {name}"));
        let exact = Request::parse(version.as_str(), known.tool, RequestTrust::Project);
        let request = exact.map_err(|_| no_release())?;
        let tool_request = ToolRequest { known, request: &request, origin: &Origin::CommandLine };
        let release = self.finder.find(&tool_request).map_err(without_origin)?;
        if release.version != *version {
            return Err(no_release());
        }
        let installed = self.installer.install_from_any(&tool_request, release);
        installed
            .map(drop)
            .map_err(|error| error.because(format!("requested by account {account}")))
    }
}

/// An error without the origin of the request, which is an account and not the command line.
fn without_origin(error: Error) -> Error {
    let what = error.what.replace(&format!(" (requested by {})", Origin::CommandLine), "");
    error.renamed(what)
}
