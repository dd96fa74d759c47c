//! A toolchain from any archive. The user names the archive and the version; its layout is detected.

use usher_shims::error::{ErrorKind, Escaped, Result};

use super::archive_layout::{Layout, find_layout};
use super::assembly::Assembly;
use super::fetcher::Fetcher;
use crate::files::integrity::Integrity;
use crate::http::Address;
use crate::releases::{ReleasePart, offline_error};
use crate::store::location::InstallLocation;
use crate::store::own::OwnStore;
use crate::store::receipt::Receipt;

/// An archive that the user named.
pub struct UserArchive {
    /// Its address.
    pub address: Address,
    /// Its checksum, if the user knows it.
    pub integrity: Option<Integrity>,
}

impl UserArchive {
    /// The archive from which a toolchain was installed, if the user named it: then the receipt's
    /// source is the address of its only part.
    pub(crate) fn of(receipt: &Receipt) -> Option<Self> {
        let [part] = receipt.parts.as_slice() else { return None };
        let address =
            Address::parse(&part.address).ok().filter(|_| part.address == receipt.source)?;
        Some(Self { address, integrity: Integrity::from_hex(&part.sha256) })
    }

    fn part(&self, program: &str) -> ReleasePart {
        ReleasePart {
            addresses: vec![self.address.clone()],
            integrity: self.integrity,
            program: program.to_owned(),
            ..ReleasePart::default()
        }
    }
}

/// Assembles a version from an archive. Its address is reported and recorded without secrets.
pub(crate) fn assemble_archive<'a>(
    store: OwnStore<'a>,
    fetcher: Fetcher<'a>,
    location: &'a InstallLocation<'a>,
    archive: &UserArchive,
) -> Result<Assembly<'a>> {
    let (name, tool) = (location.name(), location.known.tool);
    let source = archive.address.without_secrets();
    if !archive.address.is_file() && fetcher.settings.offline {
        return Err(offline_error(fetcher.settings, tool, &location.version, &source));
    }
    let shown = Escaped(&source);
    if archive.integrity.is_none() && source.starts_with("http:") {
        store.reporter.note(&format!(
            "WARNING: {name} is fetched from {shown} without encryption or checksum: the network can change \
             it. Get its checksum from somewhere else and add --sha256 HEX"
        ));
    }
    if !store.reporter.draws() {
        store.reporter.note(&format!("fetching {name} from {shown}"));
    }
    let mut assembly = Assembly::new(store, fetcher, location, &source)?;
    let part = archive.part(tool.main_program());
    assembly
        .add_detected_part(&part, &|unpacked| {
            let (layout, subdir) = find_layout(location, unpacked)?;
            let Layout { into, links, .. } = layout;
            Ok(ReleasePart { subdir, destination: into.into(), links, ..part.clone() })
        })
        .map_err(|error| match error.kind() {
            ErrorKind::Integrity => {
                error.hint("get the checksum from where the archive is published")
            }
            _ => error,
        })?;
    if archive.integrity.is_none() {
        let seen = assembly.sha256();
        let notice = format!("{name} was not verified; its checksum is --sha256 {seen}");
        store.reporter.note(&notice);
    }
    Ok(assembly)
}
