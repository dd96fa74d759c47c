//! A toolchain that is being put together in staging: its parts, its links, its receipt.
//!
//! Until it is published it is nothing but a folder that anybody may sweep.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Exit, Result};
use usher_shims::store::{Store, Toolchain, is_whole};
use usher_shims::version::Version;

use super::Installer;
use super::space::Space;
use crate::fetch::{
    Artifact, Downloaded, Failure, Integrity, Item, Mode, download, unpack, without_secrets,
};
use crate::interrupt::Interrupt;
use crate::progress::Bar;
use crate::receipt::{self, Receipt};
use crate::registry::Known;
use crate::release::{Part, Release};
use crate::staging::Staging;

/// What is being put together.
pub(super) struct Assembly<'a> {
    installer: &'a Installer<'a>,
    known: Known<'a>,
    receipt: Receipt,
    tree: PathBuf,
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
        fs::create_dir(&tree).map_err(|error| Error::io("make the folder", &tree, &error))?;
        let receipt = Receipt::new(known.tool.name, &release.version, &release.source);
        Ok(Self { installer, known, receipt, tree, staging, _interrupt: interrupt })
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
        let archive = self.staging.path().join("archive");
        let title = if part.title.is_empty() { &self.name() } else { &part.title };
        let bar = self.installer.usher.display.bar(title);
        let (address, downloaded) = self.fetch((part, title), &archive, &bar)?;
        let address = without_secrets(&address);
        let space = Space::of(&archive, &self.tree);
        let told = |error: Error| space.told(error.because(format!("it came from {address}")));
        let part = &fit(&archive, &self.staging.path().join("scratch")).map_err(told)?;
        self.make_folders(&part.into)?;
        let listing = unpack(&archive, &self.tree.join(&part.into), part.strip).map_err(told)?;
        self.receipt.files.add(&part.into.to_string_lossy(), listing);
        for (link, target) in &part.links {
            self.link_where_free(link, target)?;
        }
        fs::remove_file(&archive).map_err(|error| Error::io("delete", &archive, &error))?;
        self.receipt.parts.push(receipt::Part {
            title: part.title.clone(),
            address,
            sha256: downloaded.sha256,
            size: downloaded.size,
            verified: part.integrity.as_ref().map(Integrity::to_string),
        });
        Ok(())
    }

    /// The SHA-256 of what was fetched last.
    pub(super) fn sha256(&self) -> &str {
        self.receipt.parts.last().map_or("", |part| &part.sha256)
    }

    /// Fetches from the first address that can be reached.
    fn fetch(
        &self,
        (part, title): (&Part, &str),
        archive: &Path,
        bar: &Bar<'_>,
    ) -> Result<(String, Downloaded)> {
        let network = self.installer.network;
        let client = if part.from_npm { &network.npm()?.client } else { network.client() };
        let mut last = None;
        for address in &part.addresses {
            let artifact = Artifact { address, integrity: part.integrity.as_ref() };
            match download(client, &artifact, archive, bar) {
                Ok(downloaded) => return Ok((address.clone(), downloaded)),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(failure) => last = Some(Error::from(failure)),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Exit::Network, format!("{title} has no address"))))
    }

    /// The finishing touches: links, the receipt, the folder's mode. What then lacks its
    /// interpreter is no toolchain. The result is the finished tree.
    pub(super) fn finish(&mut self) -> Result<&Path> {
        for (link, target) in &self.known.definition.links {
            self.link_where_free(link, target)?;
        }
        self.receipt.save(&self.tree)?;
        fs::set_permissions(&self.tree, Permissions::from_mode(0o755))
            .map_err(|error| Error::io("change the mode of", &self.tree, &error))?;
        let toolchain = Toolchain {
            version: Version::parse(&self.receipt.version),
            root: self.tree.clone(),
            store: Store::Own,
        };
        if is_whole(&self.installer.usher.world, self.known.tool, &toolchain)? {
            return Ok(&self.tree);
        }
        let (name, source) = (self.name(), &self.receipt.source);
        let program = self.known.tool.main_program();
        Err(Error::new(Exit::Data, format!("{name} from {source} has no {program}")))
    }

    /// Makes a link where upstream left the name free.
    fn link_where_free(&mut self, link: &str, target: &str) -> Result<()> {
        let parent = Path::new(link).parent().unwrap_or(Path::new(""));
        self.make_folders(parent)?;
        let path = self.tree.join(link);
        match symlink(target, &path) {
            Ok(()) => {
                let item = Item::Link { link: target.to_owned() };
                self.receipt.files.0.insert(link.to_owned(), item);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(Error::io("make the link", &path, &error)),
        }
    }

    /// Makes the folders of a path from the tree's root, as far as they aren't there.
    fn make_folders(&mut self, path: &Path) -> Result<()> {
        let ancestors: Vec<&Path> = path.ancestors().filter(|part| *part != "").collect();
        for part in ancestors.into_iter().rev() {
            let folder = self.tree.join(part);
            let failed = |error| Error::io("make the folder", &folder, &error);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made.map_err(failed)?,
            }
            let mode = fs::metadata(&folder).map_err(failed)?.permissions().mode();
            let item = Item::Folder { mode: Mode(mode & 0o7777) };
            self.receipt.files.0.insert(part.to_string_lossy().into_owned(), item);
        }
        Ok(())
    }
}
