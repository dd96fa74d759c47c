//! Assembling a toolchain in staging: its parts, its links, its receipt.
//!
//! Until it is published it is only a folder, safe to delete at any time.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::store::is_complete;
use usher_shims::toolchain::Toolchain;
use usher_shims::world::Os;

use super::disk_space::DiskSpace;
use super::fetcher::Fetcher;
use super::post_install::run_post_install;
use crate::archive::{UnpackOptions, manifest_of_folder, unpack};
use crate::files::integrity::Integrity;
use crate::files::interrupt::InterruptGuard;
use crate::files::manifest::{Manifest, ManifestEntry, Mode};
use crate::files::remove::remove_tree;
use crate::files::staging::Staging;
use crate::http::Downloaded;
use crate::releases::{ReleasePart, ServedFrom};
use crate::store::location::InstallLocation;
use crate::store::own::OwnStore;
use crate::store::receipt::{self, RECEIPT, Receipt};
use crate::text::human_size;

/// What was unpacked, and the part with its layout.
type UnpackedPart = (Manifest, ReleasePart);

/// A toolchain that is being assembled.
pub(crate) struct Assembly<'a> {
    store: OwnStore<'a>,
    fetcher: Fetcher<'a>,
    location: &'a InstallLocation<'a>,
    /// The source, or the mirror in its place.
    from: String,
    receipt: Receipt,
    tree: PathBuf,
    /// The downloads that it is made of: cached until it is published, for a retry.
    downloads: Vec<Downloaded>,
    staging: Staging<'a>,
    _interrupt: InterruptGuard,
}

impl<'a> Assembly<'a> {
    /// An empty assembly for a location, in a staging folder of its own.
    pub(crate) fn new(
        store: OwnStore<'a>,
        fetcher: Fetcher<'a>,
        location: &'a InstallLocation<'a>,
        source: &str,
    ) -> Result<Self> {
        let staging = store.staging(location)?;
        let interrupt = InterruptGuard::removing_on_interrupt(store.access, staging.path());
        let tree = staging.path().join("tree");
        fs::create_dir(&tree).map_err(|error| Error::io("make the folder", &tree, error))?;
        let receipt = Receipt::new(location.known.tool.name, &location.version, source);
        let downloads = Vec::new();
        Ok(Self {
            store,
            fetcher,
            location,
            from: source.to_owned(),
            receipt,
            tree,
            downloads,
            staging,
            _interrupt: interrupt,
        })
    }

    /// The same assembly, from a mirror of its source.
    pub(crate) fn served_from(self, from: &ServedFrom) -> Self {
        Self { from: from.source.clone(), ..self }
    }

    /// Fetches a part and unpacks it.
    pub(crate) fn add_part(&mut self, part: &ReleasePart) -> Result<()> {
        self.add(part, &|assembly, archive| Ok((assembly.unpack(part, archive)?, part.clone())))
    }

    /// The same for a part whose layout depends on what is in its archive: `detect` is given the
    /// folder that all of it was unpacked into.
    pub(crate) fn add_detected_part(
        &mut self,
        part: &ReleasePart,
        detect: &dyn Fn(&Path) -> Result<ReleasePart>,
    ) -> Result<()> {
        self.add(part, &|assembly, archive| {
            let scratch = assembly.staging.path().join("scratch");
            fs::create_dir(&scratch)
                .map_err(|error| Error::io("make the folder", &scratch, error))?;
            let options = UnpackOptions { program: &part.program, ..UnpackOptions::default() };
            let all = unpack(archive, &scratch, &options)?;
            let detected = detect(&scratch)?;
            let folder = detected.subdir.to_string_lossy();
            let manifest = manifest_of_folder(archive, all, &folder, RECEIPT)?;
            assembly.move_in(&scratch.join(&detected.subdir), &detected.destination)?;
            remove_tree(&scratch)?;
            Ok((manifest, detected))
        })
    }

    /// Moves an unpacked folder to its place in the tree. It gets the mode of the folders there.
    fn move_in(&mut self, from: &Path, destination: &Path) -> Result<()> {
        self.make_folders(destination)?;
        let target = self.tree.join(destination);
        fs::metadata(&target)
            .and_then(|made| fs::set_permissions(from, made.permissions()))
            .and_then(|()| fs::rename(from, &target))
            .map_err(|error| Error::io("move", from, error))
    }

    /// Fetches a part, and adds what `unpack` makes of its archive.
    fn add(
        &mut self,
        part: &ReleasePart,
        unpack: &dyn Fn(&mut Self, &Path) -> Result<UnpackedPart>,
    ) -> Result<()> {
        let title = if part.title.is_empty() { &self.location.name() } else { &part.title };
        let task = self.store.reporter.task("downloading", title);
        let fallback = self.staging.path();
        let (address, downloaded) = self.fetcher.fetch((part, title), fallback, &*task)?;
        let (reporter, size) = (self.store.reporter, human_size(downloaded.size));
        reporter.detail(&format!("archive {}: {size}", address.without_secrets()));
        task.step("unpacking");
        let (manifest, part) = match unpack(self, downloaded.path()) {
            Ok(unpacked) => unpacked,
            Err(error) => {
                let space = DiskSpace::of(downloaded.path(), &self.tree);
                // The archive was published broken: a retry needs a new download. After a full disk
                // the archive is good, and a retry can use it.
                if error.kind() == ErrorKind::BadArchive {
                    downloaded.discard();
                }
                return Err(space.explain(error.because(format!("downloaded from {address}"))));
            }
        };
        self.receipt.files.add(&part.destination.to_string_lossy(), manifest);
        for (link, target) in &part.links {
            self.link_where_free(link, target)?;
        }
        self.receipt.parts.push(receipt::ReceiptPart {
            title: part.title.clone(),
            address: address.without_secrets(),
            host: Some(downloaded.host.clone()).filter(|host| *host != address.host()),
            sha256: downloaded.sha256.clone(),
            size: downloaded.size,
            verified: part.integrity.as_ref().map(Integrity::to_string),
        });
        self.downloads.push(downloaded);
        Ok(())
    }

    /// Unpacks a part's archive.
    fn unpack(&mut self, part: &ReleasePart, archive: &Path) -> Result<Manifest> {
        self.make_folders(&part.destination)?;
        let subdir = part.subdir.to_string_lossy();
        let program = part.program.as_str();
        let shape = UnpackOptions {
            strip_components: part.strip_components,
            subdir: &subdir,
            program,
            reserved: RECEIPT,
        };
        unpack(archive, &self.tree.join(&part.destination), &shape)
    }

    /// The SHA-256 of what was fetched last.
    pub(crate) fn sha256(&self) -> &str {
        self.receipt.parts.last().map_or("", |part| &part.sha256)
    }

    /// Runs the definition's post-install commands. The manifest has the files as these leave them.
    pub(crate) fn run_post_install(&mut self, parts: &[ReleasePart]) -> Result<()> {
        let commands: Vec<_> = parts.iter().flat_map(|part| part.post_install.clone()).collect();
        if commands.is_empty() {
            return Ok(());
        }
        let _shown = self.store.reporter.task("setting up", &self.location.name());
        run_post_install(&commands, &self.tree, &self.location.root)?;
        self.receipt.files = Manifest::read(&self.tree)?;
        Ok(())
    }

    /// Writes the links, the receipt and the folder's mode, and returns the finished tree. An error if
    /// it has no interpreter.
    pub(crate) fn finish(&mut self) -> Result<&Path> {
        self.write_receipt().map_err(|error| self.required_space().explain(error))?;
        Ok(&self.tree)
    }

    /// The disk space that all of it needs.
    pub(crate) fn required_space(&self) -> DiskSpace {
        DiskSpace::for_bytes(self.bytes(), &self.tree)
    }

    /// The size of its files.
    pub(crate) fn bytes(&self) -> u64 {
        self.receipt.files.bytes()
    }

    fn write_receipt(&mut self) -> Result<()> {
        for (link, target) in &self.location.known.definition.links {
            self.link_where_free(link, target)?;
        }
        self.receipt.save(self.store.access, &self.tree)?;
        fs::set_permissions(&self.tree, Permissions::from_mode(0o755))
            .map_err(|error| Error::io("change the mode of", &self.tree, error))?;
        let tool = self.location.known.tool;
        let toolchain = Toolchain { root: self.tree.clone(), ..self.location.toolchain() };
        if is_complete(&Os, tool, &toolchain)? {
            return Ok(());
        }
        let (name, program) = (self.location.name(), tool.main_program());
        let what = format!("{name} from {} has no {program}", Escaped(&self.from));
        Err(Error::new(ErrorKind::BadArchive, what))
    }

    /// Deletes the cached downloads, once the toolchain is published.
    pub(crate) fn discard_downloads(self) {
        for downloaded in self.downloads {
            downloaded.discard();
        }
    }

    /// All files of the toolchain.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.receipt.files
    }

    /// Records the published checksums of the first install. A repair checks the same files against
    /// the old receipt, which would otherwise be recorded as the publisher. Call before
    /// [`Self::finish`].
    pub(crate) fn keep_verified_hashes(&mut self, before: &Receipt) {
        for (part, before) in self.receipt.parts.iter_mut().zip(&before.parts) {
            part.verified.clone_from(&before.verified);
        }
    }

    /// Makes a link, unless upstream has something of that name.
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

    /// Makes the missing folders of a path below the tree's root.
    fn make_folders(&mut self, path: &Path) -> Result<()> {
        let ancestors: Vec<&Path> =
            path.ancestors().filter(|part| *part != Path::new("")).collect();
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
