//! Getting a toolchain: locked, looked for again, fetched, verified, unpacked, finished, synced,
//! renamed. The rename is the install; before it nothing looks installed.
//!
//! | what | file |
//! |---|---|
//! | putting a toolchain together in staging | `assembly.rs` |
//! | fetching its parts | [`fetcher`] |
//! | what upstream wants run in it | `post_install.rs` |
//! | from an archive that a person named | [`from_archive`], `archive_layout.rs` |
//! | how much room it takes | `disk_space.rs` |

mod archive_layout;
pub(crate) mod assembly;
pub(crate) mod disk_space;
pub mod fetcher;
pub mod from_archive;
mod post_install;

use std::time::Instant;

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::toolchain::Toolchain;

use self::assembly::Assembly;
use self::fetcher::Fetcher;
use self::from_archive::{UserArchive, assemble_archive};
use super::location::InstallLocation;
use super::own::OwnStore;
use super::publish::publish;
use crate::http::without_secrets;
use crate::registry::KnownTool;
use crate::releases::{Finder, Part, Release, ToolRequest};

/// Whether a release may be installed that upstream publishes no hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnverifiedPolicy {
    /// A person asked for this very install.
    Allow,
    /// A shim asked.
    Deny,
}

/// Installs releases.
#[derive(Clone, Copy)]
pub struct Installer<'a> {
    /// Where they go.
    pub store: OwnStore<'a>,
    /// What gets them here.
    pub fetcher: Fetcher<'a>,
    /// What found them, and knows of what parts they are.
    pub finder: &'a Finder<'a>,
    /// Whether releases without a hash may be installed.
    pub policy: UnverifiedPolicy,
}

/// What came of an install.
#[derive(Debug)]
pub struct Installed {
    /// The toolchain.
    pub toolchain: Toolchain,
    /// Whether it was there already.
    pub already_installed: bool,
}

impl Installer<'_> {
    /// Installs a release, unless it is there already.
    pub fn install(&self, known: KnownTool<'_>, release: &Release) -> Result<Installed> {
        let location = self.store.location(known, &release.version);
        install_assembled(&self.store, &location, || {
            let parts = self.finder.parts(known, release)?;
            self.assemble((&location, &release.source), &parts)
        })
    }

    /// Installs a release that was found; where its source can't be reached after all (its index
    /// may have been a kept one), the newest of the next source's.
    pub fn install_from_any(&self, wanted: &ToolRequest<'_>, found: Release) -> Result<Installed> {
        let mut release = found;
        let mut passed = Vec::new();
        loop {
            let error = match self.install(wanted.known, &release) {
                Err(error)
                    if error.kind().is_unavailability() && !self.fetcher.settings.offline =>
                {
                    error
                }
                ended => return ended,
            };
            passed.push(release.source);
            let Ok(next) = self.finder.find_excluding(wanted, &passed) else { return Err(error) };
            self.store.reporter.note(&format!("{}; {} is asked instead", error.what, next.source));
            release = next;
        }
    }

    /// Puts these parts together in staging.
    pub(crate) fn assemble<'s>(
        &'s self,
        (location, source): (&'s InstallLocation<'s>, &str),
        parts: &[Part],
    ) -> Result<Assembly<'s>> {
        let (name, reporter) = (location.name(), self.store.reporter);
        if let Some(warning) = self.policy.check(&name, parts)? {
            reporter.note(&warning);
        }
        let mut assembly = Assembly::new((self.store, self.fetcher), location, source)?;
        if !reporter.draws() {
            reporter.note(&format!("fetching {name} from {source}"));
        }
        for part in parts {
            assembly.add_part(part)?;
        }
        assembly.run_post_install(parts)?;
        Ok(assembly)
    }
}

/// Installs a version from an archive, unless that version is there already.
pub fn install_from_archive(
    (store, fetcher): (OwnStore<'_>, Fetcher<'_>),
    location: &InstallLocation<'_>,
    archive: &UserArchive,
) -> Result<Installed> {
    let source = without_secrets(&archive.address);
    install_assembled(&store, location, || {
        assemble_archive((store, fetcher), (location, &source), archive)
    })
}

/// Installs what is put together, unless it is there already.
fn install_assembled<'a>(
    store: &OwnStore<'_>,
    location: &InstallLocation<'_>,
    assemble: impl FnOnce() -> Result<Assembly<'a>>,
) -> Result<Installed> {
    if let Some(toolchain) = store.find_installed(location)? {
        return Ok(Installed { toolchain, already_installed: true });
    }
    let _lock = store.lock(location)?;
    if let Some(toolchain) = store.find_installed(location)? {
        return Ok(Installed { toolchain, already_installed: true });
    }
    let began = Instant::now();
    let mut assembly = assemble()?;
    publish(store.access, assembly.finish()?, &location.root)?;
    assembly.discard_downloads();
    let seconds = began.elapsed().as_secs_f64();
    store.reporter.note(&format!("{} is ready ({seconds:.1} s)", location.name()));
    Ok(Installed { toolchain: location.toolchain(), already_installed: false })
}

impl UnverifiedPolicy {
    /// Whether a release of these parts may be installed; the result is what is to be told then.
    fn check(self, name: &str, parts: &[Part]) -> Result<Option<String>> {
        if parts.is_empty() {
            return Err(Error::new(
                ErrorKind::UnsupportedPlatform,
                format!("{name} isn't made for this platform"),
            ));
        }
        if parts.iter().all(|part| part.integrity.is_some()) {
            return Ok(None);
        }
        let what = format!("{name} is published without a hash to check it against");
        match self {
            Self::Allow => Ok(Some(what)),
            Self::Deny => Err(Error::new(ErrorKind::NotRunnable, what)
                .hint(format!("use install {}", name.replace(' ', "@")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::integrity::Integrity;

    #[test]
    fn what_has_no_hash_is_told_to_a_person_and_refused_to_a_shim() {
        const HASH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let verified = Part { integrity: Integrity::from_hex(HASH), ..Part::default() };
        let unverified = Part::default();
        let check = |policy: UnverifiedPolicy, parts: &[Part]| {
            policy.check("node 1.0.0", parts).map_err(|error| error.kind())
        };
        for policy in [UnverifiedPolicy::Allow, UnverifiedPolicy::Deny] {
            assert_eq!(check(policy, std::slice::from_ref(&verified)), Ok(None));
            assert_eq!(check(policy, &[]), Err(ErrorKind::UnsupportedPlatform));
        }
        let mixed = [verified, unverified];
        let told = "node 1.0.0 is published without a hash to check it against";
        assert_eq!(check(UnverifiedPolicy::Allow, &mixed), Ok(Some(told.to_owned())));
        assert_eq!(check(UnverifiedPolicy::Deny, &mixed), Err(ErrorKind::NotRunnable));
    }
}
