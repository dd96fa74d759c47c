//! A toolchain from any archive: a person says where it lies and which version it is; how it is laid
//! out is found in it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use usher_definition::{NpmSource, Source, SourceKind};
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::range::{Dialect, Range};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::assembly::Assembly;
use super::{Installed, Installer};
use crate::archive::{UnpackOptions, unpack};
use crate::files::integrity::Integrity;
use crate::files::remove::remove_tree;
use crate::http::without_secrets;
use crate::registry::Known;
use crate::releases::{Part, Release, would_be_fetched};
use crate::store::receipt::Receipt;

/// How many folders that lie alone in each other are looked into.
const DEEPEST: usize = 4;

/// An archive that a person named.
pub struct Named {
    /// Its address, or its file's absolute path.
    pub address: String,
    /// The hash that the person knows of it.
    pub integrity: Option<Integrity>,
}

/// Which folder of an archive is wanted, where in a toolchain it goes, and the links that are made
/// to it.
#[derive(Clone, Default)]
struct Layout {
    inside: String,
    into: String,
    links: Vec<(String, String)>,
}

impl Installer<'_> {
    /// Installs a version from an archive, unless that version is there already.
    pub fn install_from(
        &self,
        known: Known<'_>,
        version: &Version,
        archive: &Named,
    ) -> Result<Installed> {
        let source = without_secrets(&archive.address);
        let release = Release { version: version.clone(), lts: None, source, artifact: None };
        self.install_assembled(known, &release, &|| self.assemble_from(known, &release, archive))
    }

    pub(super) fn assemble_from<'s>(
        &'s self,
        known: Known<'s>,
        release: &Release,
        archive: &Named,
    ) -> Result<Assembly<'s>> {
        let name = format!("{} {}", known.tool.name, release.version);
        let is_web = release.source.starts_with("http");
        if is_web && self.usher.settings.offline {
            let version = (known.tool, &release.version);
            return Err(would_be_fetched(&self.usher.settings, version, &release.source));
        }
        let source = Escaped(&release.source);
        if archive.integrity.is_none() && release.source.starts_with("http:") {
            self.usher.tell(&format!(
                "WARNING: {name} comes from {source} unencrypted and unchecked: anybody on the way can change it; \
                 get its hash by another way, and say it: --sha256 HEX"
            ));
        }
        if !self.usher.display.is_shown() {
            self.usher.tell(&format!("fetching {name} from {source}"));
        }
        let mut assembly = Assembly::new(self, known, release)?;
        let part = Part { program: known.tool.main_program().to_owned(), ..part(archive) };
        assembly
            .take_fitting(&part, &|file, scratch| {
                let found = self.fitting((known, release), file, scratch)?;
                Ok(Part {
                    strip: found.1,
                    inside: found.0.inside.into(),
                    into: found.0.into.into(),
                    links: found.0.links,
                    ..part.clone()
                })
            })
            .map_err(|error| match error.kind() {
                ErrorKind::Integrity => error.hint("ask whoever made the archive for its hash"),
                _ => error,
            })?;
        if archive.integrity.is_none() {
            let seen = assembly.sha256();
            self.usher.tell(&format!("{name} came without a hash; what came has --sha256 {seen}"));
        }
        Ok(assembly)
    }

    /// How an archive is laid out, and how many leading folders of its names are to be left out.
    ///
    /// It is unpacked for that, and then once more as it is laid out: what its links may lead to
    /// depends on it.
    fn fitting(
        &self,
        (known, release): (Known<'_>, &Release),
        archive: &Path,
        scratch: &Path,
    ) -> Result<(Layout, usize)> {
        fs::create_dir(scratch).map_err(|error| Error::io("make the folder", scratch, error))?;
        let program = known.tool.main_program();
        unpack(archive, scratch, &UnpackOptions { program, ..UnpackOptions::default() })?;
        let layouts = layouts(known, &release.version);
        let mut root = Some(scratch.to_path_buf());
        let mut found = None;
        for strip in 0..DEEPEST {
            let Some(folder) = root.as_deref() else { break };
            let fitting = layouts.iter().find_map(|layout| self.fits(known, layout, folder));
            if let Some(layout) = fitting.or_else(|| self.loose(known, &layouts, folder)) {
                found = Some((layout, strip));
                break;
            }
            root = only_folder(folder);
        }
        remove_tree(scratch)?;
        found.ok_or_else(|| {
            let (tool, program) = (known.tool.name, known.tool.main_program());
            let what = format!("{tool} {} can't be made of this archive", release.version);
            Error::new(ErrorKind::BadArchive, what)
                .because(format!("it has no program {program}: not in bin/, and not at its top"))
        })
    }

    /// The layout, if with it the interpreter is where toolchains have it.
    fn fits(&self, known: Known<'_>, layout: &Layout, folder: &Path) -> Option<Layout> {
        let program = format!("bin/{}", known.tool.main_program());
        let own = layout.links.iter().map(|(link, target)| (link, target));
        let mut links = own.chain(&known.definition.links);
        let place = match links.find(|(link, _)| **link == program).map(|(_, target)| target) {
            Some(target) => joined(Path::new("bin"), target),
            None => PathBuf::from(&program),
        };
        let folder = folder.join(&layout.inside);
        let is_there = |inside: &Path| self.is_program(&folder.join(inside));
        let shipped = layout.into.is_empty() && is_there(Path::new(&program));
        let fits = shipped || place.strip_prefix(&layout.into).is_ok_and(is_there);
        fits.then(|| layout.clone())
    }

    /// A layout for programs that lie at the top: `bin/` gets links to them, and what the tool has
    /// where it comes so.
    fn loose(&self, known: Known<'_>, layouts: &[Layout], folder: &Path) -> Option<Layout> {
        let programs = known.tool.programs.iter();
        let there = programs.filter(|program| self.is_program(&folder.join(program)));
        let mut links: Vec<(String, String)> =
            there.map(|program| (format!("bin/{program}"), format!("../{program}"))).collect();
        let main = format!("bin/{}", known.tool.main_program());
        if links.iter().all(|(link, _)| *link != main) {
            return None;
        }
        let usual = layouts.iter().filter(|layout| layout.into.is_empty());
        links.extend(usual.flat_map(|layout| layout.links.clone()));
        Some(Layout { links, ..Layout::default() })
    }

    fn is_program(&self, path: &Path) -> bool {
        self.usher.world.look(path).ok().flatten().is_some_and(|seen| seen.is_program)
    }
}

/// The archive that a toolchain was made of, where a person had named it: its only part came from
/// where the receipt says that all came from.
pub(super) fn named(receipt: &Receipt) -> Option<Named> {
    let [part] = receipt.parts.as_slice() else { return None };
    (part.address == receipt.source).then(|| Named {
        address: part.address.clone(),
        integrity: Integrity::from_hex(&part.sha256),
    })
}

fn part(archive: &Named) -> Part {
    Part {
        addresses: vec![archive.address.clone()],
        integrity: archive.integrity,
        ..Part::default()
    }
}

/// The layouts to try: the usual one, that folder in it which other managers' stores have, and
/// those in which packages of a version come; what runs on another tool comes only so.
fn layouts(known: Known<'_>, version: &Version) -> Vec<Layout> {
    let packages = known.definition.source.iter().filter_map(|source| packages(source, version));
    let of_packages = packages.map(|packages| Layout {
        inside: String::new(),
        into: packages.into.clone(),
        links: packages.links.clone().into_iter().collect(),
    });
    let stores = known.definition.store.iter().map(|store| store.inside.clone());
    let usual = std::iter::once(String::new()).chain(stores.filter(|inside| !inside.is_empty()));
    let usual = usual.map(|inside| Layout { inside, ..Layout::default() });
    usual.filter(|_| known.tool.host.is_none()).chain(of_packages).collect()
}

/// A source's packages, if it has some of this version.
fn packages<'a>(source: &'a Source, version: &Version) -> Option<&'a NpmSource> {
    let Some(SourceKind::Npm(packages)) = source.kind() else { return None };
    let range = packages.versions.as_deref().map(|text| Range::parse(text, Dialect::Npm));
    let has = range.is_none_or(|range| range.is_some_and(|range| range.admits(version)));
    has.then_some(packages)
}

/// The folder in a folder, if nothing else is in there.
fn only_folder(folder: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?;
    let (first, second) = (entries.next()?.ok()?, entries.next());
    let is_folder = first.file_type().ok()?.is_dir();
    (is_folder && second.is_none()).then(|| first.path())
}

/// Where a link in a folder leads, without the disk: `../lib/x` in `bin` is `lib/x`.
fn joined(folder: &Path, target: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for component in Path::new(target).components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            other => path.push(other),
        }
    }
    path
}
