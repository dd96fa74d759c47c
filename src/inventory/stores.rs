//! Finds other managers' stores, and toolchains whose version is in a file instead of the folder's
//! name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use usher_definition::{ForeignStore, VersionInfoFile};
use usher_shims::error::{Error, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::index::{AdoptedStore, ReadToolchain, fingerprint};
use usher_shims::normalize;
use usher_shims::ownership::{ROOT, is_shared};
use usher_shims::store::{self, is_resource_exhaustion};
use usher_shims::tool::Tool;
use usher_shims::toolchain::{self, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::{AnyWorld, Identity, World as _};

use super::folders::{expand_folder, names_in_folder};
use super::scan::MachineScan;
use crate::files::account::with_owners_rights;
use crate::registry::{KnownTool, Registry};

/// The existing stores of other managers. A machine-wide home adopts those that no account can change
/// and every account can read.
pub(super) fn find_adopted_stores(
    scan: &MachineScan<'_>,
    known: KnownTool<'_>,
    before: &[AdoptedStore],
) -> Result<Vec<AdoptedStore>> {
    let is_for_all =
        |folder: &Path| !scan.folders.is_system_wide || unfit_for_all(scan.world, folder).is_none();
    let mut found: Vec<AdoptedStore> = Vec::new();
    for (store, folder) in folders_of(scan, known, |store| !store.version_from_file)? {
        let adopted = AdoptedStore {
            tool: known.tool.name.to_owned(),
            manager: store.manager.clone(),
            folder,
            prefix: store.prefix.clone(),
            version_ends_at: store.version_ends_at.clone().unwrap_or_default(),
            subdir: store.subdir.clone(),
        };
        let is_new = !found.contains(&adopted);
        if is_new
            && scan.is_folder(&adopted.folder)
            && is_for_all(&adopted.folder)
            && is_laid_out_so(scan, &adopted)?
        {
            found.push(adopted);
        }
    }
    let is_lost =
        |store: &&AdoptedStore| found.iter().all(|adopted| adopted.folder != store.folder);
    let of_tool = before.iter().filter(|store| store.tool == known.tool.name);
    let is_there =
        |store: &&AdoptedStore| scan.is_folder(&store.folder) && is_for_all(&store.folder);
    let lost: Vec<AdoptedStore> = of_tool.filter(is_lost).filter(is_there).cloned().collect();
    found.extend(lost);
    Ok(found)
}

/// Why a store isn't adopted for all accounts: another account than root could change it, or not every
/// account can read it.
pub(super) fn unfit_for_all(world: &AnyWorld, folder: &Path) -> Option<String> {
    let Ok(physical) = world.physical(folder) else {
        return Some(format!("{} can't be read", Shown(folder)));
    };
    physical.ancestors().find_map(|part| {
        let Some(seen) = world.metadata(part).ok().flatten() else {
            return Some(format!("{} can't be read", Shown(part)));
        };
        let needed = if part == physical { READ_AND_SEARCH } else { SEARCH };
        let why = match () {
            () if seen.owner != ROOT => format!("belongs to account {}", seen.owner),
            () if seen.mode & WRITABLE != 0 && !is_shared(&seen) => {
                "is writable for others than root".to_owned()
            }
            () if seen.mode & needed != needed => "is closed to other accounts".to_owned(),
            () => return None,
        };
        Some(format!("{} {why}", Shown(part)))
    })
}

/// What everyone may do with a folder, and who else than its owner may write.
const READ_AND_SEARCH: u32 = 0o005;
const SEARCH: u32 = 0o001;
const WRITABLE: u32 = 0o022;

/// The stores that the caller's variables name and that the machine's home doesn't adopt, each with the
/// variable and the reason.
pub fn refused_stores(
    world: &AnyWorld,
    folders: &Folders,
    registry: &Registry,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if !folders.is_system_wide {
        return Ok(found);
    }
    for store in registry.all().flat_map(|known| &known.definition.store) {
        for pattern in store.folders.iter().filter(|folder| folder.starts_with('$')) {
            let variable = pattern.trim_start_matches('$').split('/').next().unwrap_or_default();
            for folder in expand_folder(world, &with_variables(folders), pattern)? {
                let is_there = world.metadata(&folder).ok().flatten().is_some();
                let reason = unfit_for_all(world, &folder).filter(|_| is_there);
                let text = reason.map(|reason| {
                    let folder = Shown(&folder);
                    format!("{folder} ({variable}) is not used for all accounts: {reason}")
                });
                found.extend(text.filter(|text| !found.contains(text)));
            }
        }
    }
    Ok(found)
}

/// The folders with which variables count, also in the machine's home: the account that runs `use reshim` there
/// names stores by them. An account's own home folder doesn't.
fn with_variables(folders: &Folders) -> Folders {
    match folders.is_system_wide {
        true => Folders { is_system_wide: false, user_home: None, ..folders.clone() },
        false => folders.clone(),
    }
}

/// The existing folders of a tool's stores that `accepts` selects.
fn folders_of<'k>(
    scan: &MachineScan<'_>,
    known: KnownTool<'k>,
    accepts: fn(&ForeignStore) -> bool,
) -> Result<Vec<(&'k ForeignStore, PathBuf)>> {
    let mut found = Vec::new();
    let folders = with_variables(scan.folders);
    for store in known.definition.store.iter().filter(|store| accepts(store)) {
        for pattern in &store.folders {
            let is_named = scan.folders.is_system_wide && pattern.starts_with('$');
            let mut existing = expand_folder(scan.world, &folders, pattern)?;
            existing.retain(|folder| !is_named || unfit_for_all(scan.world, folder).is_none());
            found.extend(existing.into_iter().map(|folder| (store, folder)));
        }
    }
    Ok(found)
}

/// Whether a store has its toolchains in the subfolder that its definition names; `true` for an
/// empty store. A store for another platform may share its folder.
fn is_laid_out_so(scan: &MachineScan<'_>, store: &AdoptedStore) -> Result<bool> {
    let names = match store.subdir.as_str() {
        "" => BTreeSet::new(),
        _ => names_in_folder(&store.folder)?,
    };
    let holds = |name: &String| scan.is_folder(&store.folder.join(name).join(&store.subdir));
    Ok(names.is_empty() || names.iter().any(holds))
}

/// Toolchains whose version is in a file; each once, even if several links lead to it.
pub(super) fn read(scan: &MachineScan<'_>, known: KnownTool<'_>) -> Result<Vec<ReadToolchain>> {
    let mut found = Vec::new();
    let Some(release) = &known.definition.version_info else { return Ok(found) };
    let mut seen: Vec<Identity> = Vec::new();
    for (store, folder) in folders_of(scan, known, |store| store.version_from_file)? {
        for root in roots(&folder, &store.subdir)? {
            let identity = scan.world.identity(&root);
            let Some(identity) = identity.filter(|identity| !seen.contains(identity)) else {
                continue;
            };
            let toolchain = read_one(scan, (known.tool, store, release), &root)?;
            seen.extend(toolchain.as_ref().map(|_| identity));
            found.extend(toolchain);
        }
    }
    Ok(found)
}

fn read_one(
    scan: &MachineScan<'_>,
    (tool, store, release): (&Tool, &ForeignStore, &VersionInfoFile),
    root: &Path,
) -> Result<Option<ReadToolchain>> {
    let file = root.join(&release.file);
    let release_file = match with_owners_rights(&file, || scan.world.read(&file)) {
        Err(error) if is_resource_exhaustion(&error) => {
            return Err(Error::io("read", &file, error));
        }
        Ok(content) => content,
        Err(_) => return Ok(None),
    };
    let version = version_in(&String::from_utf8_lossy(&release_file.bytes), release, tool);
    let Some(version) = version else { return Ok(None) };
    let manager = &store.manager;
    let toolchain = Toolchain {
        version: Some(version.clone()),
        root: root.to_path_buf(),
        store: toolchain::Store::Adopted(manager.clone()),
    };
    if !store::is_complete(scan.world, tool, &toolchain).is_ok_and(|is_complete| is_complete) {
        return Ok(None);
    }
    Ok(Some(ReadToolchain {
        tool: tool.name.to_owned(),
        manager: manager.clone(),
        version,
        root: root.to_path_buf(),
        file,
        fingerprint: fingerprint(&release_file.meta),
    }))
}

/// The possible roots of the toolchains in a folder; folders before links to them.
fn roots(folder: &Path, inside: &str) -> Result<Vec<PathBuf>> {
    let names = names_in_folder(folder)?.into_iter();
    let mut roots: Vec<PathBuf> = names.map(|name| folder.join(name)).collect();
    roots.sort_by_key(|root| root.is_symlink());
    Ok(match inside {
        "" => roots,
        inside => roots.into_iter().map(|root| root.join(inside)).collect(),
    })
}

/// The version in a release file, with its flavour.
fn version_in(text: &str, release: &VersionInfoFile, tool: &Tool) -> Option<Version> {
    let value = |key: &String| {
        let assigned = |line: &str| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned());
        let value = text.lines().find_map(assigned)?;
        Some(value.trim().trim_matches('"').to_owned())
    };
    let version = release.version.iter().find_map(|key| {
        let value = value(key)?;
        // What follows the numbers, as in 17.0.15+6-Debian-1, is the packager's.
        let end = value.find(|c: char| !(c.is_ascii_digit() || "._+".contains(c)));
        normalize::version(&value[..end.unwrap_or(value.len())], tool)
    })?;
    let vendor = release.vendor.as_ref().and_then(value);
    let known = release.vendors.iter().find(|[name, _]| Some(name) == vendor.as_ref());
    match known {
        Some([_, flavour]) => Version::parse(&format!("{flavour}-{version}")),
        None => Some(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_shims::tool::TOOLS;

    #[test]
    fn a_release_file_has_version_and_vendor() {
        let tool = Tool::named(TOOLS, "java").unwrap();
        let vendors = [["Eclipse Adoptium", "temurin"], ["Debian", "openjdk"]];
        let release = VersionInfoFile {
            file: "release".to_owned(),
            version: ["RUNTIME", "VERSION"].map(str::to_owned).into(),
            vendor: Some("BY".to_owned()),
            vendors: vendors.map(|pair| pair.map(str::to_owned)).into(),
        };
        let check = |text: &str, expected: Option<&str>| {
            let version = version_in(text, &release, tool);
            assert_eq!(version.map(|version| version.to_string()).as_deref(), expected, "{text}");
        };
        check("BY=\"Debian\"\nVERSION=\"17.0.15\"\n", Some("openjdk-17.0.15"));
        check(
            "VERSION=\"17.0.15\"\r\nRUNTIME=\"17.0.15+6-Debian-1deb12u1\"\r\nBY=\"Debian\"\r\n",
            Some("openjdk-17.0.15+6"),
        );
        check("BY=\"Eclipse Adoptium\"\nRUNTIME=\"25.0.3+9-LTS\"", Some("temurin-25.0.3+9"));
        check("BY=\"N/A\"\nVERSION=\"1.8.0_382\"", Some("8.0.382"));
        check("VERSION=\"1.8.0_382\"\nRUNTIME=\"unknown\"", Some("8.0.382"));
        check("JAVA_VERSION=\"17\"", None);
        check("VERSION=\"\"", None);
    }
}
