//! Debian packages. The format is `deb(5)`, the control file's `deb-control(5)`.

use std::fmt::Write as _;
use std::io;

use ar::{Builder, Header};

use crate::platform::Machine;
use crate::release::{Program, Release, ReleaseFile, package_file};
use crate::tarball::prefix;
use crate::tree::{Entry, MODIFIED, gzip, tar, xz};

/// `usher_VERSION_ARCHITECTURE.deb`: the program in `/usr/bin`. Nothing runs when it is installed or
/// removed: accounts have their homes, which work on.
pub(crate) fn deb(release: &Release<'_>, program: &Program) -> io::Result<ReleaseFile> {
    let name = &release.settings.name;
    let version = version(release.version);
    let architecture = match program.platform.machine {
        Machine::X64 => "amd64",
        Machine::Arm64 => "arm64",
    };
    let documents = format!("share/doc/{name}/");
    let mut entries = prefix(release, program, &documents);
    entries.push(Entry::file(format!("{documents}copyright"), COPYRIGHT));
    let changelog = gzip(include_bytes!("../../CHANGELOG.md"))?;
    entries.push(Entry::file(format!("{documents}changelog.gz"), changelog));
    entries.push(package_file(
        &format!("the Debian package {name}"),
        &format!("sudo apt-get install --only-upgrade {name}"),
        &format!("sudo apt-get remove {name}"),
    ));
    let size: usize = entries.iter().map(|entry| entry.node.content().len()).sum();
    let entries: Vec<Entry> = entries.into_iter().map(|entry| entry.below("usr")).collect();
    let mut control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {}\n\
         Installed-Size: {}\nSection: devel\nPriority: optional\n",
        release.settings.maintainer,
        size.div_ceil(1024),
    );
    if let Some(page) = release.homepage() {
        let _ = writeln!(control, "Homepage: {page}");
    }
    let _ = writeln!(control, "Description: {}", release.settings.summary);
    control.push_str(DESCRIPTION);
    let control = gzip(&tar(&[Entry::file("control", control)])?)?;
    let mut archive = Builder::new(Vec::new());
    for (member, content) in [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", control),
        ("data.tar.xz", xz(&tar(&entries)?)?),
    ] {
        let mut header = Header::new(member.into(), content.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(MODIFIED);
        archive.append(&header, content.as_slice())?;
    }
    let name = format!("{name}_{version}_{architecture}.deb");
    Ok(ReleaseFile { name, content: archive.into_inner()? })
}

/// A version as Debian sorts it: `1.2.3~rc.1` comes before `1.2.3`.
fn version(version: &str) -> String {
    version.replacen('-', "~", 1)
}

/// What follows the first line, each line indented by a space.
const DESCRIPTION: &str = " node, python, ruby and others on PATH are usher's shims. A shim picks the version\n for the current directory, installs it if needed, and runs it.\n";

const COPYRIGHT: &str = "usher may be used under the MIT licence or the Apache licence 2.0, as you choose.\nLICENSE-MIT and LICENSE-APACHE beside this file have their texts.\n";

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_prerelease_comes_before_its_release() {
        assert_eq!(version("1.2.3"), "1.2.3");
        assert_eq!(version("1.2.3-rc.1"), "1.2.3~rc.1");
    }
}
