//! A container image's name and tag: the tool, and the version that it requests.
//!
//! `16-alpine` requests 16: what follows the version describes the rest of the image. A tag without a
//! version requests the latest one, as a missing tag does.

use usher_shims::tool::Tool;
use usher_shims::version::Version;

use crate::registry::{KnownTool, Registry};

/// The version that an image requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ImageVersion<T = &'static Tool> {
    /// A request for a tool.
    Request(T, String),
    /// It is unknown, for this reason.
    Unknown(&'static str),
    /// The image belongs to no tool.
    Other,
}

/// The folder of official images, which mirrors have, too.
const OFFICIAL: &str = "library/";

/// The names of pre-releases in tags.
const RELEASE_STAGES: [&str; 5] = ["rc", "beta", "alpha", "preview", "pre"];

/// Reads an image reference: `[host/]name[:tag][@digest]`.
pub(super) fn image_version(registry: &Registry, reference: &str) -> ImageVersion {
    let (named, is_digest) = match reference.split_once('@') {
        Some((named, _)) => (named, true),
        None => (reference, false),
    };
    let (name, tag) = split_tag(named);
    if last_part(name).contains('$') {
        return ImageVersion::Unknown("the image's name is unknown");
    }
    let Some((known, inside)) =
        registry.all().find_map(|known| Some((known, image_suffix(known, name)?)))
    else {
        return ImageVersion::Other;
    };
    let tag = match (inside, tag) {
        ("", None) if is_digest => return ImageVersion::Unknown("a digest names no version"),
        ("", tag) => tag.unwrap_or_default(),
        (inside, _) => inside,
    };
    if tag.contains('$') {
        return ImageVersion::Unknown("the image's tag is unknown");
    }
    ImageVersion::Request(known.tool, requested(tag, known.tool))
}

fn split_tag(named: &str) -> (&str, Option<&str>) {
    // A variable with a default may have a colon in it, and a host may have a port.
    let last = named.len() - last_part(named).len();
    match named[last..].split_once(':') {
        Some((name, tag)) => (&named[..last + name.len()], Some(tag)),
        None => (named, None),
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// Whether an image belongs to a tool; if so, the text where the tool's entry has its `*`.
fn image_suffix<'n>(known: KnownTool<'_>, name: &'n str) -> Option<&'n str> {
    let names = [name, without_host(name)];
    let entries = &known.definition.check.images;
    entries.iter().find_map(|entry| names.iter().find_map(|name| match_pattern(entry, name)))
}

fn match_pattern<'n>(entry: &str, name: &'n str) -> Option<&'n str> {
    let Some((before, after)) = entry.split_once('*') else { return (entry == name).then_some("") };
    let inside = name.strip_prefix(before)?.strip_suffix(after)?;
    inside.starts_with(|first: char| first.is_ascii_digit()).then_some(inside)
}

/// A name without its registry and the folder of official images. A leading variable is a registry,
/// too: `${PROXY}/node`.
fn without_host(name: &str) -> &str {
    if let Some((_, official)) = name.rsplit_once(&format!("/{OFFICIAL}")) {
        return official;
    }
    let is_host = |first: &str| first.contains(['.', ':', '$']) || first == "localhost";
    let rest = match name.rfind('$') {
        Some(_) => name.rsplit_once('/').map_or(name, |(_, rest)| rest),
        None => match name.split_once('/') {
            Some((first, rest)) if is_host(first) => rest,
            Some(_) | None => name,
        },
    };
    rest.strip_prefix(OFFICIAL).unwrap_or(rest)
}

/// The request that a tag is, as a version file writes it.
fn requested(tag: &str, tool: &Tool) -> String {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    if let Some(version) = version(first) {
        return match parts.next().filter(|next| is_stage(next)) {
            Some(stage) => format!("{version}-{stage}"),
            None => version,
        };
    }
    let is_line = tool.lts.iter().any(|line| line.name == first);
    match first {
        "lts" if !tool.lts.is_empty() => first.to_owned(),
        _ if is_line => format!("lts/{first}"),
        _ => "latest".to_owned(),
    }
}

/// The version that a part of a tag is; a tag can't have a `+`, and has `_` in its place.
fn version(part: &str) -> Option<String> {
    let plain = part.strip_prefix('v').unwrap_or(part);
    let is_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let text = match part.split_once('_') {
        Some((version, build)) if is_number(build) => format!("{version}+{build}"),
        Some((version, _)) => version.to_owned(),
        None => part.to_owned(),
    };
    (is_number(plain) && Version::parse(&text).is_some()).then_some(text)
}

fn is_stage(part: &str) -> bool {
    let name = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    RELEASE_STAGES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reference: &str, expected: &str) {
        let registry = Registry::load().unwrap();
        let printed = match image_version(&registry, reference) {
            ImageVersion::Request(tool, request) => format!("{} {request}", tool.name),
            ImageVersion::Unknown(why) => format!("? {why}"),
            ImageVersion::Other => "-".to_owned(),
        };
        assert_eq!(printed, expected, "{reference}");
    }

    #[test]
    fn image_tags_start_with_a_version() {
        check("node:16-alpine", "node 16");
        check("node:16", "node 16");
        check("node:v16", "node v16");
        check("node:16.3.0-bullseye", "node 16.3.0");
        check("node:16-alpine3.19", "node 16");
        check("python:3.12-slim-bookworm", "python 3.12");
        check("python:3.13.0rc2-slim", "python 3.13.0rc2");
        check("python:3.14-rc-slim", "python 3.14-rc");
        check("node:3.3.0-rc1-alpine", "node 3.3.0-rc1");
        check("node:3.4.0-preview1", "node 3.4.0-preview1");
        check("node:17-jdk-jammy", "node 17");
        check("node:17.0.8_7-jdk", "node 17.0.8+7");
        check("node:12_browsers", "node 12");
        check("node:20@sha256:0123", "node 20");
    }

    #[test]
    fn image_tags_without_a_version_are_moving_requests() {
        for tag in ["node", "node:latest", "node:alpine", "node:slim", "node:alpine3.19", "node:"] {
            check(tag, "node latest");
        }
        check("node:lts-alpine", "node lts");
        check("node:hydrogen-slim", "node lts/hydrogen");
        check("python:lts", "python latest");
        check("node@sha256:0123", "? a digest names no version");
    }

    #[test]
    fn image_names_may_have_a_registry_prefix() {
        check("docker.io/library/node:16", "node 16");
        check("docker.io/node:16", "node 16");
        check("library/node:16", "node 16");
        check("public.ecr.aws/docker/library/node:16", "node 16");
        check("registry.example.com:5000/node:16", "node 16");
        check("localhost/node:16", "node 16");
        check("${PROXY}/node:16", "node 16");
        check("$PROXY/deep/node:16", "node 16");
        check("cimg/node:16.3.0-browsers", "node 16.3.0");
        check("ghcr.io/x/node:20", "-");
        check("x/node:20", "-");
        check("mynode:20", "-");
        check("postgres:16", "-");
        check("scratch", "-");
        check("", "-");
    }

    #[test]
    fn image_names_may_contain_the_version() {
        check("gcr.io/distroless/nodejs20-debian12", "node 20");
        check("gcr.io/distroless/nodejs20-debian12:nonroot", "node 20");
        check("registry.access.redhat.com/ubi9/nodejs-18:1-105", "node 18");
        check("ubi9/nodejs-18-minimal", "node 18");
        check("gcr.io/distroless/nodejs", "-");
    }

    #[test]
    fn unknown_names_and_tags_have_a_reason() {
        check("node:$TAG", "? the image's tag is unknown");
        check("node:16-${VARIANT}", "? the image's tag is unknown");
        check("$BASE", "? the image's name is unknown");
        check("x/${BASE}:16", "? the image's name is unknown");
        check("${REGISTRY}/other:$TAG", "-");
    }
}
