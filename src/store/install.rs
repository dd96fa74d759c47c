//! Installing a toolchain: lock, check again, fetch, verify, unpack, finish, sync, rename. The rename
//! is the install; before it nothing looks installed.
//!
//! | what | file |
//! |---|---|
//! | assembling a toolchain in staging | `assembly.rs` |
//! | fetching its parts | [`fetcher`] |
//! | commands that the definition runs in it | `post_install.rs` |
//! | from an archive that the user named | [`from_archive`], `archive_layout.rs` |
//! | how much disk space it needs | `disk_space.rs` |

mod archive_layout;
pub(crate) mod assembly;
pub(crate) mod disk_space;
pub mod fetcher;
pub mod from_archive;
mod post_install;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Instant;

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::toolchain::Toolchain;

use self::assembly::Assembly;
use self::fetcher::Fetcher;
use self::from_archive::{UserArchive, assemble_archive};
use super::location::InstallLocation;
use super::own::OwnStore;
use super::publish::publish;
use crate::files::interrupt::Unfinished;
use crate::files::write_access::WriteAccess;
use crate::registry::KnownTool;
use crate::releases::cache_folder::clean;
use crate::releases::network::Network;
use crate::releases::{Finder, Release, ReleasePart, ToolRequest};
use crate::session::Session;
use crate::text::human_size;

/// Whether a release may be installed that upstream publishes no checksum for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnverifiedPolicy {
    /// The user typed the command that installs it: install it, with a warning.
    Allow,
    /// A shim installs it on its own: refuse.
    Deny,
}

/// Installs releases into usher's own store.
#[derive(Clone, Copy)]
pub struct Installer<'a> {
    /// The store that they are installed in.
    pub store: OwnStore<'a>,
    /// Downloads their parts.
    pub fetcher: Fetcher<'a>,
    /// Finds releases, and the parts that they consist of.
    pub finder: &'a Finder<'a>,
    /// What happens to releases without a checksum.
    pub policy: UnverifiedPolicy,
}

/// The result of an install.
#[derive(Debug)]
pub struct Installed {
    /// The toolchain.
    pub toolchain: Toolchain,
    /// Whether it was installed before.
    pub already_installed: bool,
}

impl<'a> Installer<'a> {
    /// An installer into the session's own store. It warns about releases without a checksum, and
    /// installs them.
    pub fn new(
        session: &'a Session,
        access: &'a WriteAccess,
        network: &'a Network<'a>,
        finder: &'a Finder<'a>,
    ) -> Self {
        Self {
            store: OwnStore::new(session, access),
            fetcher: Fetcher::new(session, network, access),
            finder,
            policy: UnverifiedPolicy::Allow,
        }
    }

    /// The same installer, for a command that reports itself what was installed.
    #[must_use]
    pub fn without_announcements(self) -> Self {
        Self { store: self.store.without_announcements(), ..self }
    }

    /// The same installer, which refuses releases without a checksum.
    #[must_use]
    pub fn verified_only(self) -> Self {
        Self { policy: UnverifiedPolicy::Deny, ..self }
    }
}

impl Installer<'_> {
    /// Installs a release, unless it is installed already. Where the machine installs versions for
    /// accounts, it is requested from it.
    pub fn install(&self, known: KnownTool<'_>, release: &Release) -> Result<Installed> {
        let location = self.store.location(known, &release.version);
        if self.store.find_installed(&location)?.is_none()
            && let Some(toolchain) = self.store.request_from_machine(&location)?
        {
            return Ok(Installed { toolchain, already_installed: false });
        }
        install_assembled(&self.store, &location, || {
            let parts = self.finder.release_parts(known, release)?;
            self.assemble(&location, release, &parts)
        })
    }

    /// Installs a release that was found. If its source can't be reached after all (its index may
    /// have been cached), installs the newest release of the next source instead.
    pub fn install_from_any(
        &self,
        tool_request: &ToolRequest<'_>,
        found: Release,
    ) -> Result<Installed> {
        let mut release = found;
        let mut tried = Vec::new();
        loop {
            let error = match self.install(tool_request.known, &release) {
                Err(error)
                    if error.kind().is_unavailability() && !self.fetcher.settings.offline =>
                {
                    error
                }
                ended => return ended,
            };
            tried.push(release.source);
            let Ok(next) = self.finder.find_excluding(tool_request, &tried) else {
                return Err(error);
            };
            let from = self.finder.served_from(tool_request.known, &next);
            self.store.reporter.note(&format!("{}; trying {from} instead", error.what));
            release = next;
        }
    }

    /// Assembles these parts in staging.
    pub(crate) fn assemble<'s>(
        &'s self,
        location: &'s InstallLocation<'s>,
        release: &Release,
        parts: &[ReleasePart],
    ) -> Result<Assembly<'s>> {
        let (name, reporter) = (location.name(), self.store.reporter);
        if let Some(warning) = self.policy.check(&name, parts)? {
            reporter.note(&warning);
        }
        let from = self.finder.served_from(location.known, release);
        let assembly = Assembly::new(self.store, self.fetcher, location, &release.source)?;
        let mut assembly = assembly.served_from(&from);
        if !reporter.draws() {
            reporter.note(&format!("fetching {name} from {from}"));
        }
        for part in parts {
            assembly.add_part(part)?;
        }
        assembly.run_post_install(parts)?;
        Ok(assembly)
    }
}

/// Installs a version from an archive, unless that version is installed already.
pub fn install_from_archive(
    store: OwnStore<'_>,
    fetcher: Fetcher<'_>,
    location: &InstallLocation<'_>,
    archive: &UserArchive,
) -> Result<Installed> {
    install_assembled(&store, location, || assemble_archive(store, fetcher, location, archive))
}

/// Publishes what `assemble` makes, unless the version is installed already.
fn install_assembled<'a>(
    store: &OwnStore<'_>,
    location: &InstallLocation<'_>,
    assemble: impl FnOnce() -> Result<Assembly<'a>>,
) -> Result<Installed> {
    if let Some(toolchain) = store.find_installed(location)? {
        return Ok(Installed { toolchain, already_installed: true });
    }
    let _unfinished = Unfinished::install(location.name(), &location.root);
    let _lock = store.lock(location)?;
    if let Some(toolchain) = store.find_installed(location)? {
        return Ok(Installed { toolchain, already_installed: true });
    }
    store.check_fetch(location)?;
    let began = Instant::now();
    let published = assemble().and_then(|mut assembly| {
        store.check_room(location, assembly.bytes())?;
        let _shown = store.reporter.task("installing", &location.name());
        publish(store.access, assembly.finish()?, &location.root)?;
        assembly.discard_downloads();
        Ok(())
    });
    published.map_err(|error| with_cached(store.folders, error))?;
    store.reporter.detail(&format!("installed in {}", Shown(&location.root)));
    if store.announces {
        let seconds = began.elapsed().as_secs_f64();
        store.reporter.note(&format!("{} is ready ({seconds:.1} s)", location.name()));
    }
    Ok(Installed { toolchain: location.toolchain(), already_installed: false })
}

/// How many bytes a full disk's message names: an index alone makes no room.
const WORTH_DELETING: u64 = 1_000_000;

/// Adds to a disk-full error how much is cached on the same disk, and can be deleted.
fn with_cached(folders: &Folders, error: Error) -> Error {
    let cache = &folders.cache;
    let device = |folder: &Path| fs::metadata(folder).ok().map(|seen| seen.dev());
    let is_full = || {
        device(cache).is_some() && device(cache) == device(&folders.staging())
            || error.what.contains(&Shown(cache).to_string())
    };
    if error.kind() != ErrorKind::DiskFull || !is_full() {
        return error;
    }
    match clean(cache, None).bytes {
        ..WORTH_DELETING => error,
        bytes => error
            .because(format!("{} can be deleted from the cache", human_size(bytes)))
            .hint("use cache clean"),
    }
}

impl UnverifiedPolicy {
    /// Whether a release of these parts may be installed: a warning if it may, and one is due.
    fn check(self, name: &str, parts: &[ReleasePart]) -> Result<Option<String>> {
        if parts.is_empty() {
            return Err(Error::new(
                ErrorKind::UnsupportedPlatform,
                format!("{name} isn't available for this platform"),
            ));
        }
        if parts.iter().all(|part| part.integrity.is_some()) {
            return Ok(None);
        }
        let unverified = format!("no checksum is published for {name}");
        match self {
            Self::Allow => Ok(Some(unverified)),
            Self::Deny => {
                let what =
                    format!("{name} is not installed; a shim installs verified archives only");
                Err(Error::new(ErrorKind::NotRunnable, what)
                    .because(unverified)
                    .hint(format!("use install {}", name.replace(' ', "@"))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::integrity::Integrity;

    #[test]
    fn releases_without_a_checksum_are_installed_for_users_and_not_for_shims() {
        const HASH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let verified =
            ReleasePart { integrity: Integrity::from_hex(HASH), ..ReleasePart::default() };
        let unverified = ReleasePart::default();
        let check = |policy: UnverifiedPolicy, parts: &[ReleasePart]| {
            policy.check("node 1.0.0", parts).map_err(|error| error.kind())
        };
        for policy in [UnverifiedPolicy::Allow, UnverifiedPolicy::Deny] {
            assert_eq!(check(policy, std::slice::from_ref(&verified)), Ok(None));
            assert_eq!(check(policy, &[]), Err(ErrorKind::UnsupportedPlatform));
        }
        let mixed = [verified, unverified];
        let warning = "no checksum is published for node 1.0.0";
        assert_eq!(check(UnverifiedPolicy::Allow, &mixed), Ok(Some(warning.to_owned())));
        assert_eq!(check(UnverifiedPolicy::Deny, &mixed), Err(ErrorKind::NotRunnable));
    }
}
