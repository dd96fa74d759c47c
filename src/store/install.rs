//! Getting a toolchain: locked, looked for again, fetched, verified, unpacked, finished, synced,
//! renamed. The rename is the install; before it nothing looks installed.
//!
//! `install/assembly.rs` puts a toolchain together in staging, `install/publish.rs` gives it its
//! name, `install/removal.rs` takes one away, `install/repair.rs` mends one, and
//! `install/carry.rs` keeps what package managers added to it; `install/arrange.rs` runs what
//! upstream wants run, and `install/from.rs` takes an archive that a person named.

mod arrange;
mod assembly;
mod carry;
mod from;
mod publish;
mod removal;
mod repair;
mod space;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::store::is_whole;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use crate::files::lock::{Lock, lock};
use crate::files::staging::Staging;
use crate::registry::Known;
use crate::releases::network::Network;
use crate::releases::{Finder, Part, Release, Wanted};
use crate::session::Usher;
use assembly::Assembly;
pub use from::Named;
pub use repair::Repaired;

/// Whether a release may be installed that upstream publishes no hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unhashed {
    /// A person asked for this very install.
    Allowed,
    /// A shim asked.
    Refused,
}

/// Installs releases.
pub struct Installer<'a> {
    /// All there is to know.
    pub usher: &'a Usher,
    /// The network.
    pub network: &'a Network<'a>,
    /// Whether releases without a hash may be installed.
    pub unhashed: Unhashed,
}

/// What came of an install.
#[derive(Debug)]
pub struct Installed {
    /// The toolchain.
    pub toolchain: Toolchain,
    /// Whether it was there already.
    pub was_there: bool,
}

impl Installer<'_> {
    /// Installs a release, unless it is there already.
    pub fn install(&self, known: Known<'_>, release: &Release) -> Result<Installed> {
        self.install_assembled(known, release, &|| self.assemble(known, release))
    }

    /// Installs what is put together, unless it is there already.
    fn install_assembled<'s>(
        &'s self,
        known: Known<'s>,
        release: &Release,
        assemble: &dyn Fn() -> Result<Assembly<'s>>,
    ) -> Result<Installed> {
        let target = self.target(known, &release.version);
        if let Some(toolchain) = self.there(known, release, &target)? {
            return Ok(Installed { toolchain, was_there: true });
        }
        let _lock = self.lock(known, &release.version)?;
        self.put_back(known, &release.version)?;
        if let Some(toolchain) = self.there(known, release, &target)? {
            return Ok(Installed { toolchain, was_there: true });
        }
        let began = Instant::now();
        let mut assembly = assemble()?;
        publish::publish(assembly.finish()?, &target)?;
        assembly.end();
        let seconds = began.elapsed().as_secs_f64();
        let name = format!("{} {}", known.tool.name, release.version);
        self.usher.tell(&format!("{name} is ready ({seconds:.1} s)"));
        let version = Some(release.version.clone());
        let toolchain = Toolchain { version, root: target, store: Store::Own };
        Ok(Installed { toolchain, was_there: false })
    }

    /// Installs a release that was found; where its source can't be reached after all (its index
    /// may have been a kept one), the newest of the next source's.
    pub fn install_from_any(&self, wanted: &Wanted<'_>, found: Release) -> Result<Installed> {
        let finder = Finder::new(self.usher, self.network);
        let mut release = found;
        let mut passed = Vec::new();
        loop {
            let error = match self.install(wanted.known, &release) {
                Err(error) if error.kind().is_unavailability() && !self.usher.settings.offline => {
                    error
                }
                ended => return ended,
            };
            passed.push(release.source);
            let Ok(next) = finder.find_excluding(wanted, &passed) else { return Err(error) };
            self.usher.tell(&format!("{}; {} is asked instead", error.what, next.source));
            release = next;
        }
    }

    /// Where a version goes.
    fn target(&self, known: Known<'_>, version: &Version) -> PathBuf {
        self.usher.folders.toolchains().join(known.tool.name).join(version.as_str())
    }

    fn there(
        &self,
        known: Known<'_>,
        release: &Release,
        target: &Path,
    ) -> Result<Option<Toolchain>> {
        let toolchain = Toolchain {
            version: Some(release.version.clone()),
            root: target.to_path_buf(),
            store: Store::Own,
        };
        if is_whole(&self.usher.world, known.tool, &toolchain)? {
            return Ok(Some(toolchain));
        }
        match fs::symlink_metadata(target) {
            Ok(_) => Err(Error::new(
                ErrorKind::CannotCreate,
                format!("{} is there, but is no {}", Shown(target), known.tool.name),
            )
            .hint(format!("move it away: mv '{}' /somewhere/else", Shown(target)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("look at", target, error)),
        }
    }

    /// Keeps others from changing the same toolchain.
    fn lock(&self, known: Known<'_>, version: &Version) -> Result<Lock> {
        let name = format!("{}-{version}", known.tool.name);
        let waiting = |text: &str| self.usher.tell(text);
        lock(&self.usher.folders.locks(), &name, self.usher.settings.lock_timeout, &waiting)
    }

    /// A folder for something half-made of this version.
    fn staging(&self, known: Known<'_>, version: &Version) -> Result<Staging> {
        let folders = &self.usher.folders;
        let name = format!("{}-{version}", known.tool.name);
        Staging::new(&folders.staging(), &folders.locks(), &name)
    }

    /// Puts a release together in staging.
    fn assemble<'s>(&'s self, known: Known<'s>, release: &Release) -> Result<Assembly<'s>> {
        let parts = self.parts(known, release)?;
        self.put_together(known, release, &parts)
    }

    /// What to fetch for a release.
    fn parts(&self, known: Known<'_>, release: &Release) -> Result<Vec<Part>> {
        Finder::new(self.usher, self.network).parts(known, release)
    }

    /// Puts these parts together in staging.
    fn put_together<'s>(
        &'s self,
        known: Known<'s>,
        release: &Release,
        parts: &[Part],
    ) -> Result<Assembly<'s>> {
        let name = format!("{} {}", known.tool.name, release.version);
        self.check_hashes(&name, parts)?;
        let mut assembly = Assembly::new(self, known, release)?;
        if !self.usher.display.is_shown() {
            self.usher.tell(&format!("fetching {name} from {}", release.source));
        }
        for part in parts {
            assembly.take(part)?;
        }
        assembly.settle(parts, &self.target(known, &release.version))?;
        Ok(assembly)
    }

    fn check_hashes(&self, name: &str, parts: &[Part]) -> Result<()> {
        if parts.is_empty() {
            return Err(Error::new(
                ErrorKind::UnsupportedPlatform,
                format!("{name} isn't made for this platform"),
            ));
        }
        let unhashed = parts.iter().any(|part| part.integrity.is_none());
        match (unhashed, self.unhashed) {
            (true, Unhashed::Refused) => Err(Error::new(
                ErrorKind::NotRunnable,
                format!("{name} is published without a hash to check it against"),
            )
            .hint(format!("use install {}", name.replace(' ', "@")))),
            (true, Unhashed::Allowed) => {
                self.usher.tell(&format!("{name} is published without a hash to check it against"));
                Ok(())
            }
            (false, _) => Ok(()),
        }
    }
}
