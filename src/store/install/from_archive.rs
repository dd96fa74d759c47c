//! A toolchain from any archive: a person says where it lies and which version it is; how it is laid
//! out is found in it.

use usher_shims::error::{ErrorKind, Escaped, Result};

use super::archive_layout::find_layout;
use super::assembly::Assembly;
use super::fetcher::Fetcher;
use crate::files::integrity::Integrity;
use crate::releases::{ReleasePart, offline_error};
use crate::store::own::OwnStore;
use crate::store::place::InstallLocation;
use crate::store::receipt::Receipt;

/// An archive that a person named.
pub struct UserArchive {
    /// Its address, or its file's absolute path.
    pub address: String,
    /// The hash that the person knows of it.
    pub integrity: Option<Integrity>,
}

impl UserArchive {
    /// The archive that a toolchain was made of, where a person had named it: its only part came
    /// from where the receipt says that all came from.
    pub(crate) fn of(receipt: &Receipt) -> Option<Self> {
        let [part] = receipt.parts.as_slice() else { return None };
        (part.address == receipt.source).then(|| Self {
            address: part.address.clone(),
            integrity: Integrity::from_hex(&part.sha256),
        })
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

/// Puts a version together from an archive; `source` is what is told and noted of where it lies.
pub(crate) fn assemble_archive<'a>(
    (store, fetcher): (OwnStore<'a>, Fetcher<'a>),
    (place, source): (&'a InstallLocation<'a>, &str),
    archive: &UserArchive,
) -> Result<Assembly<'a>> {
    let (name, tool) = (place.name(), place.known.tool);
    if source.starts_with("http") && fetcher.settings.offline {
        return Err(offline_error(fetcher.settings, tool, &place.version, source));
    }
    let shown = Escaped(source);
    if archive.integrity.is_none() && source.starts_with("http:") {
        store.reporter.note(&format!(
            "WARNING: {name} comes from {shown} unencrypted and unchecked: anybody on the way can change it; \
             get its hash by another way, and say it: --sha256 HEX"
        ));
    }
    if !store.reporter.draws() {
        store.reporter.note(&format!("fetching {name} from {shown}"));
    }
    let mut assembly = Assembly::new((store, fetcher), place, source)?;
    let part = archive.part(tool.main_program());
    assembly
        .add_fitted_part(&part, &|file, scratch| {
            let (layout, strip) = find_layout(place, file, scratch)?;
            Ok(ReleasePart {
                strip_components: strip,
                subdir: layout.inside.into(),
                destination: layout.into.into(),
                links: layout.links,
                ..part.clone()
            })
        })
        .map_err(|error| match error.kind() {
            ErrorKind::Integrity => error.hint("ask whoever made the archive for its hash"),
            _ => error,
        })?;
    if archive.integrity.is_none() {
        let seen = assembly.sha256();
        let told = format!("{name} came without a hash; what came has --sha256 {seen}");
        store.reporter.note(&told);
    }
    Ok(assembly)
}
