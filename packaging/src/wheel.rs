//! Wheels that contain the program, for pip, pipx and uv. The format is that of
//! <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::Result;
use crate::platform::{Machine, Platform, System};
use crate::release::{Program, Release, ReleaseFile, package_file};
use crate::tarball::LICENCES;
use crate::tree::Entry;

/// The program's other name. A wheel has no links.
const OTHER_NAME: &str = "#!/bin/sh\nexec \"${0%/*}/use\" \"$@\"\n";

/// `usher-VERSION-py3-none-TAGS.whl`.
pub(crate) fn wheel(release: &Release<'_>, program: &Program) -> Result<ReleaseFile> {
    let settings = release.settings;
    let version = version(release.version)?;
    let tags = tags(program.platform);
    // A wheel's file name separates its parts by hyphens.
    let top = format!("{}-{version}", settings.name.replace('-', "_"));
    let mut metadata = format!(
        "Metadata-Version: 2.1\nName: {}\nVersion: {version}\nSummary: {}\nAuthor: {}\n\
         License: MIT OR Apache-2.0\nRequires-Python: >=3.8\nDescription-Content-Type: text/markdown\n",
        settings.name, settings.summary, settings.maintainer,
    );
    if let Some(page) = release.homepage() {
        let _ = writeln!(metadata, "Home-page: {page}");
    }
    let _ = write!(metadata, "\n{}", include_str!("../../README.md"));
    let mut about =
        "Wheel-Version: 1.0\nGenerator: usher-packaging\nRoot-Is-Purelib: false\n".to_owned();
    for tag in &tags {
        let _ = writeln!(about, "Tag: py3-none-{tag}");
    }
    let name = &settings.name;
    let manager = package_file(
        &format!("pip, pipx or uv (the Python package {name})"),
        &format!(
            "pip install --upgrade {name}   # or pipx upgrade {name}, or uv tool upgrade {name}"
        ),
        &format!("pip uninstall {name}   # or pipx uninstall {name}, or uv tool uninstall {name}"),
    );
    let mut entries = vec![
        Entry::program(format!("{top}.data/scripts/use"), program.content.as_slice()),
        Entry::program(format!("{top}.data/scripts/usher"), OTHER_NAME),
        manager.below(&format!("{top}.data/data")),
        Entry::file(format!("{top}.dist-info/METADATA"), metadata),
        Entry::file(format!("{top}.dist-info/WHEEL"), about),
    ];
    for (name, text) in LICENCES {
        entries.push(Entry::file(format!("{top}.dist-info/licenses/{name}"), text));
    }
    let name = format!("{top}-py3-none-{}.whl", tags.join("."));
    let content = archive(&top, &entries).map_err(|error| format!("{name}: {error}"))?;
    Ok(ReleaseFile { name, content })
}

/// The zip archive of these files and of the list of their hashes.
fn archive(top: &str, entries: &[Entry]) -> std::result::Result<Vec<u8>, ZipError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::from_date_and_time(2020, 1, 1, 0, 0, 0)?);
    let mut record = String::new();
    for Entry { path, node } in entries {
        archive.start_file(path.as_str(), options.unix_permissions(node.mode()))?;
        archive.write_all(node.content())?;
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(node.content()));
        let _ = writeln!(record, "{path},sha256={hash},{}", node.content().len());
    }
    let path = format!("{top}.dist-info/RECORD");
    let _ = writeln!(record, "{path},,");
    archive.start_file(path, options.unix_permissions(0o644))?;
    archive.write_all(record.as_bytes())?;
    Ok(archive.finish()?.into_inner())
}

/// The platforms of Python's that a program runs on.
fn tags(platform: &Platform) -> Vec<&'static str> {
    match (platform.system, platform.machine) {
        // A static program runs with both C libraries, however old.
        (System::Linux, Machine::X64) => vec!["manylinux2014_x86_64", "musllinux_1_1_x86_64"],
        (System::Linux, Machine::Arm64) => vec!["manylinux2014_aarch64", "musllinux_1_1_aarch64"],
        (System::LinuxGlibc, Machine::X64) => vec!["manylinux2014_x86_64"],
        (System::LinuxGlibc, Machine::Arm64) => vec!["manylinux2014_aarch64"],
        (System::Macos, Machine::X64) => vec!["macosx_11_0_x86_64"],
        (System::Macos, Machine::Arm64) => vec!["macosx_11_0_arm64"],
    }
}

/// A version as Python writes it: `1.2.3rc1` (PEP 440).
fn version(version: &str) -> Result<String> {
    let Some((release, suffix)) = version.split_once('-') else { return Ok(version.to_owned()) };
    let written = suffix.split_once('.').and_then(|(word, number)| {
        let word = match word {
            "alpha" => "a",
            "beta" => "b",
            "rc" => "rc",
            _ => return None,
        };
        number.parse::<u32>().ok().map(|number| format!("{release}{word}{number}"))
    });
    written.ok_or_else(|| format!("Python has no version like {version}: alpha.N, beta.N or rc.N"))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn prereleases_are_written_as_python_does() {
        let check = |given: &str, expected: &str| assert_eq!(version(given).unwrap(), expected);
        check("1.2.3", "1.2.3");
        check("1.2.3-rc.1", "1.2.3rc1");
        check("1.2.3-alpha.12", "1.2.3a12");
        assert!(version("1.2.3-nightly").is_err());
        assert!(version("1.2.3-rc.x").is_err());
    }
}
