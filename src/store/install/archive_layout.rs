//! Detecting the layout of an archive from what is in it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use usher_definition::{NpmSource, Source, SourceKind};
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::range::{Dialect, Range};
use usher_shims::version::Version;
use usher_shims::world::{Os, World as _};

use crate::registry::KnownTool;
use crate::store::location::InstallLocation;

/// How many nested folders with a single entry are looked into.
const MAX_DEPTH: usize = 4;

/// Which folder of an archive is used, where in a toolchain it is put, and the links to it.
#[derive(Clone, Default)]
pub(super) struct Layout {
    pub(super) inside: String,
    pub(super) into: String,
    pub(super) links: Vec<(String, String)>,
}

/// The layout of an unpacked archive, and the folder that is used, relative to it.
pub(super) fn find_layout(
    location: &InstallLocation<'_>,
    unpacked: &Path,
) -> Result<(Layout, PathBuf)> {
    let program = location.known.tool.main_program();
    let found = layout_of(location.known, &location.version, unpacked);
    found.ok_or_else(|| {
        let what = format!("this archive doesn't contain {}", location.name());
        Error::new(ErrorKind::BadArchive, what)
            .because(format!("it has no program {program}, neither in bin/ nor at its top"))
    })
}

/// The layout of what was unpacked into a folder.
fn layout_of(
    known: KnownTool<'_>,
    version: &Version,
    unpacked: &Path,
) -> Option<(Layout, PathBuf)> {
    let layouts = layouts(known, version);
    let mut root = Some(unpacked.to_path_buf());
    for _ in 0..MAX_DEPTH {
        let folder = root.as_deref()?;
        let fitting = layouts.iter().find_map(|layout| matching_layout(known, layout, folder));
        if let Some(layout) = fitting.or_else(|| flat_layout(known, &layouts, folder)) {
            let mut used = folder.strip_prefix(unpacked).ok()?.to_path_buf();
            used.extend(Path::new(&layout.inside));
            return Some((layout, used));
        }
        root = only_folder(folder);
    }
    None
}

/// The layout, if it puts the interpreter where toolchains have it.
fn matching_layout(known: KnownTool<'_>, layout: &Layout, folder: &Path) -> Option<Layout> {
    let program = format!("bin/{}", known.tool.main_program());
    let own = layout.links.iter().map(|(link, target)| (link, target));
    let mut links = own.chain(&known.definition.links);
    let location = match links.find(|(link, _)| **link == program).map(|(_, target)| target) {
        Some(target) => resolve_link(Path::new("bin"), target),
        None => PathBuf::from(&program),
    };
    let folder = folder.join(&layout.inside);
    let is_there = |inside: &Path| is_program(&folder.join(inside));
    let shipped = layout.into.is_empty() && is_there(Path::new(&program));
    let matching_layout = shipped || location.strip_prefix(&layout.into).is_ok_and(is_there);
    matching_layout.then(|| layout.clone())
}

/// A layout for programs at the top of the archive: `bin/` gets links to them, and the tool's usual
/// links.
fn flat_layout(known: KnownTool<'_>, layouts: &[Layout], folder: &Path) -> Option<Layout> {
    let programs = known.tool.programs.iter();
    let there = programs.filter(|program| is_program(&folder.join(program)));
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

fn is_program(path: &Path) -> bool {
    Os.is_program(path)
}

/// The layouts to try: the usual one, that folder in it which other managers' stores have, and
/// those in which packages of a version come; what runs on another tool comes only so.
fn layouts(known: KnownTool<'_>, version: &Version) -> Vec<Layout> {
    let packages = known.definition.source.iter().filter_map(|source| packages(source, version));
    let of_packages = packages.map(|packages| Layout {
        inside: String::new(),
        into: packages.destination.clone(),
        links: packages.links.clone().into_iter().collect(),
    });
    let stores = known.definition.store.iter().map(|store| store.subdir.clone());
    let usual = std::iter::once(String::new()).chain(stores.filter(|inside| !inside.is_empty()));
    let usual = usual.map(|inside| Layout { inside, ..Layout::default() });
    usual.filter(|_| known.tool.runtime.is_none()).chain(of_packages).collect()
}

/// A source's packages, if it has some of this version.
fn packages<'a>(source: &'a Source, version: &Version) -> Option<&'a NpmSource> {
    let Some(SourceKind::Npm(packages)) = source.kind() else { return None };
    let range = packages.versions.as_deref().map(|text| Range::parse(text, Dialect::Npm));
    let has = range.is_none_or(|range| range.is_some_and(|range| range.contains(version)));
    has.then_some(packages)
}

/// The folder in a folder, if nothing else is in there.
fn only_folder(folder: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?;
    let (first, second) = (entries.next()?.ok()?, entries.next());
    let is_folder = first.file_type().ok()?.is_dir();
    (is_folder && second.is_none()).then(|| first.path())
}

/// The target of a link in a folder, without reading the disk: `../lib/x` in `bin` is `lib/x`.
fn resolve_link(folder: &Path, target: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for component in Path::new(target).components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            other => path.push(other),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::registry::Registry;

    /// What is made of an archive of Node with these programs: how many folders are left out, the
    /// folder that is taken, and the links.
    fn check(programs: &[&str], expected: Option<(usize, &str, &str)>) {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            let path = folder.path().join(program);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let registry = Registry::load().unwrap();
        let known = registry.named("node").unwrap();
        let found = layout_of(known, &Version::parse("12.22.12").unwrap(), folder.path());
        let found = found.map(|(Layout { inside, links, .. }, used)| {
            let strip = used.components().count() - Path::new(&inside).components().count();
            let links = links.iter().map(|(link, target)| format!("{link} → {target}"));
            (strip, inside, links.collect::<Vec<_>>().join(", "))
        });
        let found = found.as_ref().map(|(strip, inside, links)| (*strip, &inside[..], &links[..]));
        assert_eq!(found, expected, "{programs:?}");
    }

    #[test]
    fn archive_layouts_with_bin_or_top_level_programs_are_found() {
        check(&["bin/node"], Some((0, "", "")));
        check(&["a/b/c/bin/node"], Some((3, "", "")));
        check(&["a/node", "a/npm"], Some((1, "", "bin/node → ../node, bin/npm → ../npm")));
        check(&["a/bin/node", "b/x"], None);
        check(&["a/b/c/d/bin/node"], None);
        check(&["bin/npm"], None);
    }
}
