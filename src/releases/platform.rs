//! The platform of this machine, as the registry spells it: `linux-x64-glibc2.36`,
//! `linux-arm64-musl`, `macos-arm64`.

use std::path::Path;

use memchr::memmem;
use usher_shims::world::World;

use crate::sys::machine;

/// The loaders of glibc and musl, and whether they are musl's. A system has the one that its programs
/// need.
const LOADERS: [(&str, bool); 4] = [
    ("/lib64/ld-linux-x86-64.so.2", false),
    ("/lib/ld-linux-aarch64.so.1", false),
    ("/lib/ld-musl-x86_64.so.1", true),
    ("/lib/ld-musl-aarch64.so.1", true),
];

/// The possible paths of glibc, in the layouts of several distributions.
const GLIBC: [&str; 5] = [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
    "/lib/libc.so.6",
];

/// The platform that can translate, and the one whose programs it translates.
const TRANSLATES: &str = "macos-arm64";
const INTEL: &str = "macos-x64";

/// The texts before the version in glibc's banner.
const BANNER: &[u8] = b"GNU C Library";
const RELEASE: &[u8] = b"release version ";

/// A file of Rosetta, which translates programs for Intel's processors on other Macs: the second one
/// is where newer systems have it.
const ROSETTA: [&str; 2] = [
    "/Library/Apple/usr/share/rosetta/rosetta",
    "/Library/Apple/usr/libexec/oah/libRosettaRuntime",
];

/// This machine's platform. A `use` that is translated itself installs what isn't.
pub fn platform(world: &impl World) -> String {
    let system = std::env::consts::OS;
    let library = if system == "linux" { library(world) } else { String::new() };
    format!("{system}-{}{library}", machine())
}

/// The platform whose programs this one translates: a Mac with Rosetta runs those of Intel's. Before
/// node 16 there is no node for the others, for example.
pub(super) fn translated(world: &impl World, platform: &str) -> Option<&'static str> {
    let has = |file: &&str| world.metadata(Path::new(file)).ok().flatten().is_some();
    (platform == TRANSLATES && ROSETTA.iter().any(has)).then_some(INTEL)
}

/// Why releases for another processor were not considered, where the system could translate them.
pub(super) fn without_translation(
    platform: &str,
    translated: Option<&'static str>,
) -> Option<&'static str> {
    (platform == TRANSLATES && translated.is_none()).then_some(
        "releases for Intel's processors need Rosetta: softwareupdate --install-rosetta, then again",
    )
}

/// The suffix for the C library that programs on this machine use.
fn library(world: &impl World) -> String {
    let there =
        |loader: &&(&str, bool)| world.metadata(Path::new(loader.0)).ok().flatten().is_some();
    match LOADERS.iter().find(there) {
        Some((_, true)) => "-musl".to_owned(),
        Some((_, false)) | None => {
            glibc(world).map_or_else(String::new, |it| format!("-glibc{it}"))
        }
    }
}

/// The version of glibc, from its banner: `2.36`.
fn glibc(world: &impl World) -> Option<String> {
    GLIBC.iter().find_map(|path| banner_version(&world.read(Path::new(path)).ok()?.bytes))
}

fn banner_version(library: &[u8]) -> Option<String> {
    let start = memmem::find(library, BANNER)?;
    let banner = library.get(start..)?;
    let line = banner.split(|byte| *byte == b'\n').next()?;
    let version = line.get(memmem::find(line, RELEASE)? + RELEASE.len()..)?;
    let digits: Vec<u8> =
        version.iter().copied().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').collect();
    let text = String::from_utf8(digits).ok()?;
    let mut numbers = text.trim_end_matches('.').splitn(3, '.');
    Some(format!("{}.{}", numbers.next()?, numbers.next()?))
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;

    #[test]
    fn programs_for_intel_need_rosetta() {
        let without = MemoryWorld::at("/");
        for file in ROSETTA {
            let with = MemoryWorld::at("/").file(file, "");
            assert_eq!(translated(&with, "macos-arm64"), Some("macos-x64"), "{file}");
            for platform in ["macos-x64", "linux-arm64-glibc2.36"] {
                assert_eq!(translated(&with, platform), None);
                assert_eq!(without_translation(platform, None), None);
            }
        }
        assert_eq!(translated(&without, "macos-arm64"), None);
        assert!(without_translation("macos-arm64", None).is_some());
        assert_eq!(without_translation("macos-arm64", Some("macos-x64")), None);
    }

    #[test]
    fn the_version_of_glibc_is_read_from_its_banner() {
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(banner_version(text).as_deref(), expected);
        };
        let debian =
            b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u13) stable release version 2.36.\nC";
        check(debian, Some("2.36"));
        check(b"GNU C Library (GNU libc) stable release version 2.17, by Roland", Some("2.17"));
        check(b"GNU C Library (GNU libc) development release version 2.42.9000.\n", Some("2.42"));
        check(b"GNU C Library\nrelease version 2.36", None);
        check(b"musl libc", None);
    }
}
