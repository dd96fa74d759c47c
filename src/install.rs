//! Getting a toolchain: locked, looked for again, fetched, verified, unpacked, finished, synced,
//! renamed. The rename is the install; before it nothing looks installed.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, RenameFlags};
use serde::Serialize;
use usher_shims::error::{Error, Exit, Result};
use usher_shims::store::{Store, Toolchain, is_whole};

use crate::arrange::{self, lift};
use crate::fetch::{Artifact, Downloaded, Failure, Integrity, download, remove_tree, unpack};
use crate::interrupt::Interrupt;
use crate::lock::{Lock, lock};
use crate::network::Network;
use crate::progress::Bar;
use crate::registry::Known;
use crate::release::{Finder, Part, Release, Wanted};
use crate::staging::Staging;
use crate::umask::Umask;
use crate::usher::Usher;

/// The file in a toolchain that says where it came from.
pub const RECEIPT: &str = ".usher-receipt.json";

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

/// Where a toolchain came from.
#[derive(Serialize)]
struct Receipt {
    tool: String,
    version: String,
    source: String,
    /// Seconds since 1970.
    installed: u64,
    usher: &'static str,
    parts: Vec<ReceiptPart>,
}

#[derive(Serialize)]
struct ReceiptPart {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    address: String,
    sha256: String,
    size: u64,
    /// The published hash it was checked against; none where upstream publishes none.
    verified: Option<String>,
}

impl Installer<'_> {
    /// Installs a release, unless it is there already.
    pub fn install(&self, known: Known<'_>, release: &Release) -> Result<Installed> {
        let _umask = Umask::of(&self.usher.folders);
        let target = self.target(known, release);
        if let Some(toolchain) = self.there(known, release, &target)? {
            return Ok(Installed { toolchain, was_there: true });
        }
        let _lock = self.lock(known, release)?;
        if let Some(toolchain) = self.there(known, release, &target)? {
            return Ok(Installed { toolchain, was_there: true });
        }
        let toolchain = self.make(known, release, &target)?;
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
                Err(error) if error.exit == Exit::Network && !self.usher.settings.offline => error,
                ended => return ended,
            };
            passed.push(release.source);
            let Ok(next) = finder.find_elsewhere(wanted, &passed) else { return Err(error) };
            self.usher.tell(&format!("{}; {} is asked instead", error.what, next.source));
            release = next;
        }
    }

    /// Takes a toolchain of our own away: out of the store first, then off the disk.
    pub fn uninstall(&self, known: Known<'_>, toolchain: &Toolchain) -> Result<()> {
        let version = toolchain.version.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = format!("{}-{version}", known.tool.name);
        let folders = &self.usher.folders;
        let _lock = lock(&folders.locks(), &name, self.usher.settings.lock_timeout, &|text| {
            self.usher.tell(text);
        })?;
        let staging = Staging::new(&folders.staging(), &folders.locks(), &name)?;
        let aside = staging.path().join("gone");
        fs::rename(&toolchain.root, &aside)
            .map_err(|error| Error::io("move", &toolchain.root, &error))?;
        remove_tree(&aside)
    }

    fn target(&self, known: Known<'_>, release: &Release) -> PathBuf {
        self.usher.folders.toolchains().join(known.tool.name).join(release.version.as_str())
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
                Exit::CannotCreate,
                format!("{} is there, but is no {}", target.display(), known.tool.name),
            )
            .hint(format!("move it away: mv '{}' /somewhere/else", target.display()))),
            Err(_) => Ok(None),
        }
    }

    fn lock(&self, known: Known<'_>, release: &Release) -> Result<Lock> {
        let name = format!("{}-{}", known.tool.name, release.version);
        let waiting = |text: &str| self.usher.tell(text);
        lock(&self.usher.folders.locks(), &name, self.usher.settings.lock_timeout, &waiting)
    }

    fn make(&self, known: Known<'_>, release: &Release, target: &Path) -> Result<Toolchain> {
        let began = Instant::now();
        let name = format!("{} {}", known.tool.name, release.version);
        if self.usher.settings.offline {
            return Err(is_offline(&name, release));
        }
        let parts = Finder::new(self.usher, self.network).parts(known, release)?;
        self.check_hashes(&name, &parts)?;
        let folders = &self.usher.folders;
        let staging = Staging::new(
            &folders.staging(),
            &folders.locks(),
            &format!("{}-{}", known.tool.name, release.version),
        )?;
        let _interrupt = Interrupt::removing(staging.path());
        if !self.usher.shows_progress() {
            self.usher.tell(&format!("fetching {name} from {}", release.source));
        }
        let tree = staging.path().join("tree");
        let mut receipt = Receipt {
            tool: known.tool.name.to_owned(),
            version: release.version.to_string(),
            source: release.source.clone(),
            installed: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            usher: env!("CARGO_PKG_VERSION"),
            parts: Vec::new(),
        };
        for (place, part) in parts.iter().enumerate() {
            let archive = staging.path().join(format!("part-{place}"));
            receipt.parts.push(self.take(part, &name, &archive, &tree)?);
        }
        for part in &parts {
            arrange::finish(&part.after, &tree, target)?;
        }
        finish(known, &tree, &receipt)?;
        let made = |root: &Path| Toolchain {
            version: Some(release.version.clone()),
            root: root.to_path_buf(),
            store: Store::Own,
        };
        if !is_whole(&self.usher.world, known.tool, &made(&tree))? {
            let program = known.tool.main_program();
            let what = format!("{name} from {} has no {program}", release.source);
            return Err(Error::new(Exit::Data, what));
        }
        publish(&tree, target)?;
        self.usher.tell(&format!("{name} is ready ({:.1} s)", began.elapsed().as_secs_f64()));
        Ok(made(target))
    }

    fn check_hashes(&self, name: &str, parts: &[Part]) -> Result<()> {
        if parts.is_empty() {
            return Err(Error::new(Exit::Network, format!("{name} isn't made for this platform")));
        }
        let unhashed = parts.iter().any(|part| part.integrity.is_none());
        match (unhashed, self.unhashed) {
            (true, Unhashed::Refused) => Err(Error::new(
                Exit::NotRunnable,
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

    /// Fetches a part, and unpacks it where it goes.
    fn take(&self, part: &Part, name: &str, archive: &Path, tree: &Path) -> Result<ReceiptPart> {
        let title = if part.title.is_empty() { name } else { &part.title };
        let (address, downloaded) = self.fetch(part, title, archive)?;
        let into = tree.join(&part.into);
        let parent = into.parent().unwrap_or(tree);
        fs::create_dir_all(parent).map_err(|error| Error::io("make the folder", parent, &error))?;
        if part.into.as_os_str().is_empty() {
            fs::create_dir(tree).map_err(|error| Error::io("make the folder", tree, &error))?;
        } else {
            fs::create_dir(&into).map_err(|error| Error::io("make the folder", &into, &error))?;
        }
        unpack(archive, &into, part.strip)
            .and_then(|_| lift(&into, &part.inside))
            .map_err(|error| error.because(format!("it came from {address}")))?;
        for (link, target) in &part.links {
            link_where_free(tree, link, target)?;
        }
        fs::remove_file(archive).map_err(|error| Error::io("delete", archive, &error))?;
        Ok(ReceiptPart {
            title: part.title.clone(),
            address,
            sha256: downloaded.sha256,
            size: downloaded.size,
            verified: part.integrity.as_ref().map(Integrity::to_string),
        })
    }

    fn fetch(&self, part: &Part, title: &str, archive: &Path) -> Result<(String, Downloaded)> {
        let client = self.network.client_for(part.via)?;
        let mut last = None;
        for address in &part.addresses {
            let bar = Bar::new(title, self.usher.shows_progress());
            let artifact = Artifact { address, integrity: part.integrity.as_ref() };
            match download(client, &artifact, archive, &bar) {
                Ok(downloaded) => return Ok((address.clone(), downloaded)),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(failure) => last = Some(Error::from(failure)),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Exit::Network, format!("{title} has no address"))))
    }
}

fn is_offline(name: &str, release: &Release) -> Error {
    let setting = "unset USHER_OFFLINE, or take `offline` out of config.toml";
    Error::new(Exit::Network, format!("{name} isn't on disk, and usher is offline"))
        .because(format!("it would have been fetched from {}", release.source))
        .hint(setting)
}

/// The finishing touches: links, the receipt, the folder's mode.
fn finish(known: Known<'_>, tree: &Path, receipt: &Receipt) -> Result<()> {
    let links: &BTreeMap<String, String> = &known.definition.links;
    for (link, target) in links {
        link_where_free(tree, link, target)?;
    }
    let path = tree.join(RECEIPT);
    let text = serde_json::to_vec_pretty(receipt).unwrap_or_default();
    let written = File::options().write(true).create_new(true).open(&path);
    written
        .and_then(|mut file| io::Write::write_all(&mut file, &text))
        .map_err(|error| Error::io("write", &path, &error))?;
    fs::set_permissions(tree, Permissions::from_mode(0o755))
        .map_err(|error| Error::io("change the mode of", tree, &error))
}

/// Makes a link where upstream left the name free.
fn link_where_free(tree: &Path, link: &str, target: &str) -> Result<()> {
    let path = tree.join(link);
    let parent = path.parent().unwrap_or(tree);
    fs::create_dir_all(parent).map_err(|error| Error::io("make the folder", parent, &error))?;
    match symlink(target, &path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("make the link", &path, &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Syncs a finished tree and gives it its final name, which must be free.
fn publish(tree: &Path, target: &Path) -> Result<()> {
    sync(tree)?;
    let parent = target.parent().unwrap_or(target);
    fs::create_dir_all(parent).map_err(|error| Error::io("make the folder", parent, &error))?;
    rename_where_free(tree, target)
        .map_err(|error| Error::io("put the toolchain at", target, &error))?;
    // It is there now; what fails from here on can't take it away again.
    let _ = File::open(parent).and_then(|folder| folder.sync_all());
    Ok(())
}

fn rename_where_free(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without it: the lock still keeps others away.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::rename(from, to),
        other => other.map_err(Into::into),
    }
}

/// Writes all of the tree's file system to disk: one call for thousands of files.
#[cfg(target_os = "linux")]
fn sync(tree: &Path) -> Result<()> {
    let folder = File::open(tree).map_err(|error| Error::io("open", tree, &error))?;
    rustix::fs::syncfs(&folder).map_err(|error| Error::io("sync", tree, &error.into()))
}

#[cfg(not(target_os = "linux"))]
fn sync(_: &Path) -> Result<()> {
    rustix::fs::sync();
    Ok(())
}
