//! The names of platforms, and which entry of a table is for this machine.
//!
//! A machine is `linux-x64-glibc2.36`, `linux-arm64-musl` or `macos-arm64`; a table's key may omit
//! the C library, or name the oldest one that works.

use std::collections::BTreeMap;

/// The platforms that usher supports.
pub const PLATFORMS: [&str; 6] =
    ["linux-x64", "linux-x64-musl", "linux-arm64", "linux-arm64-musl", "macos-x64", "macos-arm64"];

/// The key for all other platforms.
const ANY: &str = "any";

/// The text before the version of a C library.
const GLIBC: &str = "-glibc";

/// The entry of a table for this machine: the one for the newest C library that this machine has,
/// else the one without a C library, else `any`.
pub fn entry_for<'a, T>(table: &'a BTreeMap<String, T>, machine: &str) -> Option<&'a T> {
    let (platform, has) = split(machine);
    let demanding = table.iter().filter_map(|(key, entry)| {
        let (name, required) = split(key);
        (name == platform && required.is_some() && required <= has).then_some((required, entry))
    });
    let best = demanding.max_by_key(|(required, _)| *required).map(|(_, entry)| entry);
    best.or_else(|| table.get(platform)).or_else(|| table.get(ANY))
}

/// A platform without its C library's version, and that.
pub fn split(machine: &str) -> (&str, Option<(u32, u32)>) {
    let Some((platform, version)) = machine.split_once(GLIBC) else { return (machine, None) };
    let numbers = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    (platform, numbers)
}

/// What is wrong with a table's key.
pub(crate) fn fault(key: &str) -> Option<String> {
    let (platform, version) = split(key);
    let is_known = key == ANY || PLATFORMS.contains(&platform);
    let is_plain = !key.contains(GLIBC) || (version.is_some() && platform.starts_with("linux-"));
    (!is_known || !is_plain || (version.is_some() && platform.ends_with("-musl")))
        .then(|| format!("`{key}` isn't a platform; platforms: {}", PLATFORMS.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_for_the_newest_c_library_is_used() {
        let keys = ["linux-x64", "linux-x64-glibc2.35", "linux-x64-glibc2.39", "linux-x64-musl"];
        let table: BTreeMap<String, &str> = keys.map(|key| (key.to_owned(), key)).into();
        let check = |machine: &str, expected: Option<&str>| {
            assert_eq!(entry_for(&table, machine).copied(), expected, "{machine}");
        };
        check("linux-x64-glibc2.36", Some("linux-x64-glibc2.35"));
        check("linux-x64-glibc2.40", Some("linux-x64-glibc2.39"));
        check("linux-x64-glibc2.17", Some("linux-x64"));
        check("linux-x64", Some("linux-x64"));
        check("linux-x64-musl", Some("linux-x64-musl"));
        check("macos-arm64", None);
    }

    #[test]
    fn invalid_platforms_are_errors() {
        for key in ["any", "linux-x64", "linux-arm64-glibc2.35", "macos-arm64", "linux-x64-musl"] {
            assert_eq!(fault(key), None, "{key}");
        }
        for key in
            ["windows-x64", "linux-x64-glibc", "macos-x64-glibc2.3", "linux-x64-musl-glibc2.3"]
        {
            assert!(fault(key).is_some(), "{key}");
        }
    }
}
