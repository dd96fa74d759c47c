//! A toolchain that is being put together in staging: its parts, its links, its receipt.
//!
//! Until it is published it is nothing but a folder that anybody may sweep.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::store::is_whole;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use super::space::Space;
use super::{Installer, arrange};
use crate::archive::{UnpackOptions, unpack};
use crate::cli::progress::Bar;
use crate::files::integrity::Integrity;
use crate::files::interrupt::Interrupt;
use crate::files::manifest::{Manifest, ManifestEntry, Mode};
use crate::files::staging::Staging;
use crate::http::{Artifact, Downloaded, Downloads, Failure, without_secrets};
use crate::registry::Known;
use crate::releases::{Part, Release};
use crate::store::receipt::{self, RECEIPT, Receipt};

/// What is being put together.
pub(super) struct Assembly<'a> {
    installer: &'a Installer<'a>,
    known: Known<'a>,
    receipt: Receipt,
    tree: PathBuf,
    /// What it was made of: kept until it is published, for another try.
    taken: Vec<Downloaded>,
    staging: Staging,
    _interrupt: Interrupt,
}

impl<'a> Assembly<'a> {
    /// An empty one, in a staging folder of its own.
    pub(super) fn new(
        installer: &'a Installer<'a>,
        known: Known<'a>,
        release: &Release,
    ) -> Result<Self> {
        let staging = installer.staging(known, &release.version)?;
        let interrupt = Interrupt::removing(staging.path());
        let tree = staging.path().join("tree");
        fs::create_dir(&tree).map_err(|error| Error::io("make the folder", &tree, error))?;
        let receipt = Receipt::new(known.tool.name, &release.version, &release.source);
        let taken = Vec::new();
        Ok(Self { installer, known, receipt, tree, taken, staging, _interrupt: interrupt })
    }

    /// `node 12.22.12`.
    fn name(&self) -> String {
        format!("{} {}", self.receipt.tool, self.receipt.version)
    }

    /// Fetches a part, and unpacks it where it goes.
    pub(super) fn take(&mut self, part: &Part) -> Result<()> {
        self.take_fitting(part, &|_, _| Ok(part.clone()))
    }

    /// The same for a part of which only its archive tells where it goes: `fit` is shown that, and
    /// a path where it may unpack it.
    pub(super) fn take_fitting(
        &mut self,
        part: &Part,
        fit: &dyn Fn(&Path, &Path) -> Result<Part>,
    ) -> Result<()> {
        let title = if part.title.is_empty() { &self.name() } else { &part.title };
        let bar = self.installer.usher.display.bar(title);
        let (address, downloaded) = self.fetch((part, title), &bar)?;
        let address = without_secrets(&address);
        let unpacked = fit(downloaded.path(), &self.staging.path().join("scratch"))
            .and_then(|part| Ok((self.unpack(&part, downloaded.path())?, part)));
        let (listing, part) = match unpacked {
            Ok(unpacked) => unpacked,
            Err(error) => {
                let space = Space::of(downloaded.path(), &self.tree);
                // It was published broken: another try with the same bytes would end alike. After
                // a full disk it isn't, and needs no second download.
                if error.kind() == ErrorKind::BadArchive {
                    downloaded.discard();
                }
                return Err(space.told(error.because(format!("it came from {address}"))));
            }
        };
        self.receipt.files.add(&part.into.to_string_lossy(), listing);
        for (link, target) in &part.links {
            self.link_where_free(link, target)?;
        }
        self.receipt.parts.push(receipt::Part {
            title: part.title.clone(),
            address,
            sha256: downloaded.sha256.clone(),
            size: downloaded.size,
            verified: part.integrity.as_ref().map(Integrity::to_string),
        });
        self.taken.push(downloaded);
        Ok(())
    }

    /// Unpacks an archive where its part goes.
    fn unpack(&mut self, part: &Part, archive: &Path) -> Result<Manifest> {
        self.make_folders(&part.into)?;
        let from = part.inside.to_string_lossy();
        let program = part.program.as_str();
        let shape = UnpackOptions { strip: part.strip, from: &from, program, reserved: RECEIPT };
        unpack(archive, &self.tree.join(&part.into), &shape)
    }

    /// The SHA-256 of what was fetched last.
    pub(super) fn sha256(&self) -> &str {
        self.receipt.parts.last().map_or("", |part| &part.sha256)
    }

    /// Fetches from the first address that can be reached.
    fn fetch(&self, (part, title): (&Part, &str), bar: &Bar<'_>) -> Result<(String, Downloaded)> {
        let Installer { usher, network, .. } = self.installer;
        let downloads = Downloads::new(&usher.folders.cache, self.staging.path());
        let client = network.client_for(part.via)?;
        let mut last = None;
        for address in &part.addresses {
            let artifact =
                Artifact { address, integrity: part.integrity.as_ref(), size: part.size };
            match downloads.fetch(client, &artifact, bar) {
                Ok(downloaded) => return Ok((address.clone(), downloaded)),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(failure) => last = Some(Error::from(failure)),
            }
        }
        Err(last
            .unwrap_or_else(|| Error::new(ErrorKind::Network, format!("{title} has no address"))))
    }

    /// Runs the commands that finish what was unpacked and will lie at `target`; what they changed
    /// is noted as if it had come so.
    pub(super) fn settle(&mut self, parts: &[Part], target: &Path) -> Result<()> {
        let commands: Vec<_> = parts.iter().flat_map(|part| part.after.clone()).collect();
        if commands.is_empty() {
            return Ok(());
        }
        arrange::finish(&commands, &self.tree, target)?;
        self.receipt.files = Manifest::read(&self.tree)?;
        Ok(())
    }

    /// The finishing touches: links, the receipt, the folder's mode. What then lacks its
    /// interpreter is no toolchain. The result is the finished tree.
    pub(super) fn finish(&mut self) -> Result<&Path> {
        self.complete().map_err(|error| self.space().told(error))?;
        Ok(&self.tree)
    }

    /// The room that all of it takes.
    pub(super) fn space(&self) -> Space {
        Space::for_bytes(self.receipt.files.bytes(), &self.tree)
    }

    fn complete(&mut self) -> Result<()> {
        for (link, target) in &self.known.definition.links {
            self.link_where_free(link, target)?;
        }
        self.receipt.save(&self.tree)?;
        fs::set_permissions(&self.tree, Permissions::from_mode(0o755))
            .map_err(|error| Error::io("change the mode of", &self.tree, error))?;
        let toolchain = Toolchain {
            version: Version::parse(&self.receipt.version),
            root: self.tree.clone(),
            store: Store::Own,
        };
        if is_whole(&self.installer.usher.world, self.known.tool, &toolchain)? {
            return Ok(());
        }
        let (name, source) = (self.name(), &self.receipt.source);
        let program = self.known.tool.main_program();
        Err(Error::new(ErrorKind::BadArchive, format!("{name} from {source} has no {program}")))
    }

    /// What it was made of isn't needed any more: it is published.
    pub(super) fn end(self) {
        for downloaded in self.taken {
            downloaded.discard();
        }
    }

    /// All that came with the toolchain.
    pub(super) fn listing(&self) -> &Manifest {
        &self.receipt.files
    }

    /// Notes what the same files were checked against when they were fetched first: the hash that
    /// a repair wants is the receipt's own. Before the end.
    pub(super) fn was_verified_as(&mut self, before: &Receipt) {
        for (part, before) in self.receipt.parts.iter_mut().zip(&before.parts) {
            part.verified.clone_from(&before.verified);
        }
    }

    /// Makes a link where upstream left the name free.
    fn link_where_free(&mut self, link: &str, target: &str) -> Result<()> {
        let parent = Path::new(link).parent().unwrap_or(Path::new(""));
        self.make_folders(parent)?;
        let path = self.tree.join(link);
        match symlink(target, &path) {
            Ok(()) => {
                let item = ManifestEntry::Link { link: target.to_owned() };
                self.receipt.files.0.insert(link.to_owned(), item);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(Error::io("make the link", &path, error)),
        }
    }

    /// Makes the folders of a path from the tree's root, as far as they aren't there.
    fn make_folders(&mut self, path: &Path) -> Result<()> {
        let ancestors: Vec<&Path> = path.ancestors().filter(|part| *part != "").collect();
        for part in ancestors.into_iter().rev() {
            let folder = self.tree.join(part);
            let failed = |error| Error::io("make the folder", &folder, error);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made.map_err(failed)?,
            }
            let mode = fs::metadata(&folder).map_err(failed)?.permissions().mode();
            let item = ManifestEntry::Folder { mode: Mode(mode & 0o7777) };
            self.receipt.files.0.insert(part.to_string_lossy().into_owned(), item);
        }
        Ok(())
    }
}
