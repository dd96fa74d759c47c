//! The tarball of a program, with its completions and licences.

use std::io;

use crate::release::{Program, Release, ReleaseFile};
use crate::tree::{Entry, gzip, tar};

/// The licences, of which users choose one.
pub(crate) const LICENCES: [(&str, &str); 2] = [
    ("LICENSE-APACHE", include_str!("../../LICENSE-APACHE")),
    ("LICENSE-MIT", include_str!("../../LICENSE-MIT")),
];

/// The program under both its names, its completions and its licences, below a prefix.
pub(crate) fn prefix(release: &Release<'_>, program: &Program, documents: &str) -> Vec<Entry> {
    let mut entries = vec![
        Entry::program("bin/use", program.content.as_slice()),
        Entry::link("bin/usher", "use"),
    ];
    entries.extend(release.completions.iter().cloned());
    for (name, text) in LICENCES {
        entries.push(Entry::file(format!("{documents}{name}"), text));
    }
    entries
}

/// `usher-VERSION-PLATFORM.tar.gz`, in which everything is in one folder.
pub(crate) fn tarball(release: &Release<'_>, program: &Program) -> io::Result<ReleaseFile> {
    let top = format!("{}-{}-{}", release.settings.name, release.version, program.platform);
    let mut entries = prefix(release, program, "");
    entries.push(Entry::file("README.md", include_str!("../../README.md")));
    let entries: Vec<Entry> = entries.into_iter().map(|entry| entry.below(&top)).collect();
    Ok(ReleaseFile { name: format!("{top}.tar.gz"), content: gzip(&tar(&entries)?)? })
}
