//! The `PyPI` index: the versions of a project for a platform, and their files.

use std::collections::BTreeMap;

use serde::Deserialize;
use usher_definition::{PypiSource, split_platform};
use usher_shims::error::Escaped;
use usher_shims::version::Version;

use super::index_entry::{Hash, IndexEntry, IndexProblem, ListedArchive};
use super::release::Release;
use super::release_part::{FetchClient, ReleasePart};
use super::version_range::applies_to;
use crate::files::integrity::Integrity;
use crate::http::{Address, FetchError};

/// The `Accept` header: JSON, and HTML pages, which some mirrors only have
/// (<https://peps.python.org/pep-0691/>).
pub(super) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.2";

/// The address of a project's page.
pub(super) fn address(index: &Address, project: &str) -> Result<Address, FetchError> {
    index.below(&format!("{project}/"))
}

/// What to fetch for a release.
pub(super) fn release_part(source: &PypiSource, release: &Release) -> Option<ReleasePart> {
    let archive = release.archive.as_ref()?;
    Some(ReleasePart {
        addresses: vec![archive.address.clone()],
        integrity: archive.integrity(),
        size: archive.size.clone().ok().flatten(),
        client: FetchClient::Pypi,
        subdir: source.subdir.as_str().into(),
        ..ReleasePart::default()
    })
}

/// A file of a project.
struct ProjectFile {
    name: String,
    address: String,
    sha256: Option<String>,
    /// In bytes; HTML pages don't have it.
    size: Option<u64>,
    is_yanked: bool,
}

/// Parses a project's page, in either format; returns the newest file for each version of the tool.
pub(super) fn read(
    text: &[u8],
    source: &PypiSource,
    platform: &str,
    page: &Address,
) -> Result<Vec<IndexEntry>, IndexProblem> {
    let files = match text.trim_ascii_start().starts_with(b"{") {
        true => json(text)?,
        false => html(&String::from_utf8_lossy(text)),
    };
    if files.is_empty() {
        return Err("it lists no files".into());
    }
    // For each version of the tool, the newest version of the project.
    let mut best: BTreeMap<String, (Version, IndexEntry)> = BTreeMap::new();
    for file in files.into_iter().filter(|file| !file.is_yanked) {
        let Some((full, tags)) = wheel(&file.name) else { continue };
        let (Some(full), true) = (Version::parse(full), matches_platform(tags, platform)) else {
            continue;
        };
        let Some(version) = tool_version(&full, source) else { continue };
        let is_newest = best.get(version.as_str()).is_none_or(|(known, _)| *known < full);
        if is_newest && applies_to(source.versions.as_deref(), &version) {
            let name = version.as_str().to_owned();
            best.insert(name, (full, entry(version, &file, page)?));
        }
    }
    Ok(best.into_values().map(|(_, entry)| entry).collect())
}

fn entry(version: Version, file: &ProjectFile, page: &Address) -> Result<IndexEntry, IndexProblem> {
    let address =
        page.join(&file.address).map_err(|why| format!("{}: {why}", Escaped(&file.name)))?;
    let integrity = file.sha256.as_deref().and_then(Integrity::from_hex);
    let Some(integrity) = integrity else {
        return Err(format!("it has no SHA-256 of {}", Escaped(&file.name)).into());
    };
    let hash = Ok(Some(Hash::Known(integrity)));
    let archive = ListedArchive { address, hash, size: Ok(file.size), rule: 0 };
    Ok(IndexEntry { version, lts: None, archive, engines: None })
}

/// The tool's version in a project's version: without the components that count builds of the wheel.
fn tool_version(full: &Version, source: &PypiSource) -> Option<Version> {
    let numbers = full.numbers().as_slice();
    let parts = source.version_components.map_or(numbers.len(), usize::from);
    let is_rebuilt = source.version_components.is_some() && full.tail().starts_with(".post");
    let tail = if is_rebuilt { "" } else { full.tail() };
    let numbers: Vec<String> = numbers.iter().take(parts).map(ToString::to_string).collect();
    Version::parse(&format!("{}{tail}", numbers.join(".")))
}

/// The version and the platform tags in a wheel's name
/// (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>).
fn wheel(name: &str) -> Option<(&str, &str)> {
    let mut parts = name.strip_suffix(".whl")?.split('-');
    let version = parts.nth(1)?;
    let tags = parts.next_back()?;
    Some((version, tags))
}

/// Whether one of a wheel's platform tags, separated by dots, is for this platform.
fn matches_platform(tags: &str, machine: &str) -> bool {
    let (platform, glibc) = split_platform(machine);
    let mut parts = platform.split('-');
    let (system, chip) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let chips: &[&str] = match (system, chip) {
        ("macos", "arm64") => &["arm64", "universal2"],
        ("macos", _) => &["x86_64", "universal2", "intel"],
        (_, "x64") => &["x86_64"],
        (_, "arm64") => &["aarch64"],
        _ => &[],
    };
    let is_musl = parts.next() == Some("musl");
    tags.split('.').any(|tag| {
        let Some(rest) = chips.iter().find_map(|chip| tag.strip_suffix(&format!("_{chip}"))) else {
            return tag == "any";
        };
        match (system, is_musl) {
            ("macos", _) => rest.starts_with("macosx_"),
            (_, true) => rest.starts_with("musllinux_"),
            (_, false) => min_glibc(rest).is_some_and(|wants| glibc.is_none_or(|has| wants <= has)),
        }
    })
}

/// The lowest glibc version that a wheel runs on (<https://peps.python.org/pep-0600/>).
fn min_glibc(tag: &str) -> Option<(u32, u32)> {
    match tag {
        "manylinux1" => return Some((2, 5)),
        "manylinux2010" => return Some((2, 12)),
        "manylinux2014" => return Some((2, 17)),
        "linux" => return Some((0, 0)),
        _ => {}
    }
    let (major, minor) = tag.strip_prefix("manylinux_")?.split_once('_')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[derive(Deserialize)]
struct Project {
    files: Vec<PypiFile>,
}

#[derive(Deserialize)]
struct PypiFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    /// A number since <https://peps.python.org/pep-0700/>; anything else is ignored.
    #[serde(default)]
    size: serde_json::Value,
    /// `false`, or `true`, or the reason.
    #[serde(default)]
    yanked: serde_json::Value,
}

fn json(text: &[u8]) -> Result<Vec<ProjectFile>, IndexProblem> {
    let project: Project = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let file = |mut listed: PypiFile| ProjectFile {
        name: listed.filename,
        address: listed.url,
        sha256: listed.hashes.remove("sha256"),
        size: listed.size.as_u64(),
        is_yanked: !matches!(
            listed.yanked,
            serde_json::Value::Null | serde_json::Value::Bool(false)
        ),
    };
    Ok(project.files.into_iter().map(file).collect())
}

/// The links of an HTML page (<https://peps.python.org/pep-0503/>).
fn html(page: &str) -> Vec<ProjectFile> {
    let links = page.split("<a ").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (name, _) = rest.split_once('<')?;
        let href = unescaped(attribute(attributes, "href")?);
        let (address, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let sha256 = fragment.split('&').find_map(|part| part.strip_prefix("sha256="));
        Some(ProjectFile {
            name: unescaped(name.trim()),
            address: address.to_owned(),
            sha256: sha256.map(str::to_owned),
            size: None,
            is_yanked: attributes.contains("data-yanked"),
        })
    });
    links.collect()
}

/// An attribute's value, in single or double quotes.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = attributes.split_once(&format!("{name}="))?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(value, _)| value)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "abababababababababababababababababababababababababababababababab";

    fn source() -> PypiSource {
        PypiSource {
            project: "x-bin".into(),
            version_components: Some(3),
            versions: None,
            subdir: "x".into(),
        }
    }

    fn page() -> Address {
        Address::parse("https://i.example/simple/x-bin/").unwrap()
    }

    fn check(text: &str, expected: &str) {
        let read = match read(text.as_bytes(), &source(), "linux-x64-glibc2.36", &page()) {
            Ok(entries) => entries
                .into_iter()
                .map(|entry| format!("{} {}", entry.version, entry.archive.address.with_secrets()))
                .collect::<Vec<_>>()
                .join("\n"),
            Err(problem) => problem.to_string(),
        };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn both_formats_are_parsed() {
        let wheel = "x_bin-1.2.3-py3-none-manylinux_2_17_x86_64.whl";
        let page = format!(
            "<!DOCTYPE html><a href=\"../../p/{wheel}?a=1&amp;b=2#sha256={HASH}\" \
             data-requires-python='&gt;=3.7'>{wheel}</a><a href='/p/x-1.2.4.tar.gz#sha256={HASH}'>\
             x-1.2.4.tar.gz</a>"
        );
        check(&page, &format!("1.2.3 https://i.example/p/{wheel}?a=1&b=2"));
        let file = |version: &str, rest: &str| {
            let name = format!("x_bin-{version}-py3-none-manylinux_2_17_x86_64.whl");
            format!(
                r#"{{"filename":"{name}","url":"/p/{version}","hashes":{{"sha256":"{HASH}"}}{rest}}}"#
            )
        };
        let files = [
            file("2.0.0.post0", ""),
            file("1.2.3.1", ""),
            file("1.2.3", ""),
            file("1.3.0", r#","yanked":"broken""#),
        ];
        let document = format!(r#"{{"meta":{{}},"files":[{}]}}"#, files.join(","));
        let both = "1.2.3 https://i.example/p/1.2.3.1\n2.0.0 https://i.example/p/2.0.0.post0";
        check(&document, both);
        check("<html></html>", "it lists no files");
        check(r#"{"files":[]}"#, "it lists no files");
        let unhashed = document.replace("sha256", "md5");
        let expected = "it has no SHA-256 of x_bin-2.0.0.post0-py3-none-manylinux_2_17_x86_64.whl";
        check(&unhashed, expected);
    }

    #[test]
    fn an_invalid_pypi_size_is_ignored() {
        let name = "x_bin-1.2.3-py3-none-any.whl";
        for (value, expected) in [
            (r#","size":123"#, Some(123)),
            ("", None),
            (r#","size":null"#, None),
            (r#","size":"123""#, None),
            (r#","size":-1"#, None),
        ] {
            let text = format!(
                r#"{{"files":[{{"filename":"{name}","url":"/p","hashes":{{"sha256":"{HASH}"}}{value}}}]}}"#
            );
            let page = page();
            let IndexEntry { version, archive, .. } =
                read(text.as_bytes(), &source(), "linux-x64", &page).unwrap().remove(0);
            let source_name = "pypi".to_owned();
            let release = Release {
                version,
                lts: None,
                source: source_name,
                archive: Some(archive),
                is_translated: false,
            };
            assert_eq!(release_part(&source(), &release).unwrap().size, expected, "{value}");
        }
    }

    #[test]
    fn wheels_are_matched_with_platforms() {
        let check = |tags: &str, fit: &str| {
            for machine in [
                "linux-x64-glibc2.36",
                "linux-arm64-glibc2.28",
                "linux-x64-musl",
                "macos-arm64",
                "macos-x64",
            ] {
                assert_eq!(
                    matches_platform(tags, machine),
                    fit.split(' ').any(|one| one == machine),
                    "{tags} {machine}"
                );
            }
        };
        check("manylinux_2_17_x86_64.manylinux2014_x86_64", "linux-x64-glibc2.36");
        check("manylinux_2_17_aarch64", "linux-arm64-glibc2.28");
        check("manylinux_2_31_aarch64", "");
        check("manylinux_2_12_x86_64.musllinux_1_1_x86_64", "linux-x64-glibc2.36 linux-x64-musl");
        check("macosx_11_0_arm64", "macos-arm64");
        check("macosx_10_9_universal2", "macos-arm64 macos-x64");
        check("win_amd64", "");
        check(
            "any",
            "linux-x64-glibc2.36 linux-arm64-glibc2.28 linux-x64-musl macos-arm64 macos-x64",
        );
    }
}
