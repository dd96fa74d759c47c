//! A container image's name and tag: the tools, and the version that it requests of each.
//!
//! `16-alpine` requests 16: what follows the version describes the rest of the image. A tag without a
//! version requests the latest one, as a missing tag does.

use std::borrow::Cow;

use usher_shims::normalize::normalize;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use crate::registry::{KnownTool, Registry};

/// The version that an image requests of a tool.
#[derive(Debug, PartialEq)]
pub(super) enum ImageVersion {
    /// A request for a tool.
    Request(&'static Tool, Request),
    /// It is unknown, for this reason.
    Unknown(&'static str),
}

/// The folder of official images, which mirrors have, too.
const OFFICIAL: &str = "library/";

/// What begins a tag's second part if the version is a pre-release.
const RELEASE_STAGES: [&str; 9] =
    ["rc", "beta", "alpha", "preview", "pre", "dev", "nightly", "ea", "snapshot"];

/// How variables of the project's own image registry begin: an image there has any version.
const OWN_REGISTRY: [&str; 2] = ["$CI_REGISTRY", "${CI_REGISTRY"];

/// The request of a tag without a version.
const LATEST: &str = "latest";

/// The placeholder for a version in an entry of the registry.
const PLACEHOLDER: char = '*';

/// Reads an image reference, `[host/]name[:tag][@digest]`: what it requests of each tool that the
/// registry knows in such an image.
pub(super) fn image_versions(registry: &Registry, reference: &str) -> Vec<ImageVersion> {
    let (named, is_digest) = match reference.split_once('@') {
        Some((named, _)) => (named, true),
        None => (reference, false),
    };
    let (name, tag) = split_tag(named);
    if last_part(name).contains('$') || OWN_REGISTRY.iter().any(|own| name.starts_with(own)) {
        return Vec::new();
    }
    let read = |known| image_version(known, name, tag, is_digest);
    registry.all().filter_map(read).collect()
}

fn image_version(
    known: KnownTool<'_>,
    name: &str,
    tag: Option<&str>,
    is_digest: bool,
) -> Option<ImageVersion> {
    let names = [name, without_host(name)];
    let mut is_image = false;
    for entry in &known.definition.check.images {
        let (entry, mark) = entry.split_once(':').map_or((&**entry, None), |(e, m)| (e, Some(m)));
        let Some(inside) = names.iter().find_map(|name| match_pattern(entry, name)) else {
            continue;
        };
        match mark {
            Some(mark) => {
                if let Some(version) = tag.and_then(|tag| version_behind(tag, mark)) {
                    return Some(requested(&version, known.tool));
                }
            }
            None if !inside.is_empty() => return Some(requested(inside, known.tool)),
            None => is_image = true,
        }
    }
    match tag {
        _ if !is_image => None,
        None if is_digest => Some(ImageVersion::Unknown("a digest names no version")),
        tag => Some(requested(tag.unwrap_or_default(), known.tool)),
    }
}

/// The version that a tag's text is, of a variable that is used in one: 18 of `18-alpine`. `None` if
/// it isn't written like a tag.
pub(super) fn version_before_flavour(text: &str, tool: &'static Tool) -> Option<Request> {
    match requested(text, tool) {
        ImageVersion::Request(_, request) if text.contains('-') && request.as_str() != LATEST => {
            Some(request)
        }
        ImageVersion::Request(..) | ImageVersion::Unknown(_) => None,
    }
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

/// Whether an image has a name; if so, the text where the name has its placeholder.
fn match_pattern<'n>(entry: &str, name: &'n str) -> Option<&'n str> {
    let Some((before, after)) = entry.split_once(PLACEHOLDER) else {
        return (entry == name).then_some("");
    };
    let inside = name.strip_prefix(before)?.strip_suffix(after)?;
    inside.starts_with(|first: char| first.is_ascii_digit()).then_some(inside)
}

/// What follows a mark in a tag, up to the next `-`: 24.1.7 behind `erlang-` in
/// `1.13.2-erlang-24.1.7-alpine-3.15.0`.
fn version_behind(tag: &str, mark: &str) -> Option<String> {
    let mark = mark.trim_end_matches(PLACEHOLDER);
    let starts = tag.match_indices(mark).map(|(place, _)| place + mark.len());
    let mut versions = starts.filter_map(|start| {
        let rest = &tag[start..];
        let version = rest.split('-').next().unwrap_or_default();
        version.starts_with(|first: char| first.is_ascii_digit() || first == '$').then_some(version)
    });
    versions.next().map(str::to_owned)
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
fn requested(tag: &str, tool: &'static Tool) -> ImageVersion {
    let text = request_text(tag, tool);
    if text.contains('$') {
        return ImageVersion::Unknown("its tag isn't in this file");
    }
    match Request::parse(&text, tool, RequestTrust::Project) {
        Ok(request) => ImageVersion::Request(tool, request),
        Err(_) => ImageVersion::Unknown("no version"),
    }
}

fn request_text(tag: &str, tool: &Tool) -> String {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let second = parts.next();
    let both = &tag[..first.len() + second.map_or(0, |second| second.len() + 1)];
    // A spelling of the tool's own has a hyphen in it: `8u402-b06`.
    if second.is_some() && matches!(normalize(both, tool), Cow::Owned(_)) {
        return both.to_owned();
    }
    if let Some(version) = version(first) {
        return match second.filter(|next| is_stage(next)) {
            Some(stage) => format!("{version}-{stage}"),
            None => version,
        };
    }
    let is_line = tool.lts.iter().any(|line| line.name == first);
    match first {
        "lts" if !tool.lts.is_empty() => first.to_owned(),
        _ if is_line => format!("lts/{first}"),
        _ if tag.contains('$') => tag.to_owned(),
        _ => LATEST.to_owned(),
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
        let printed = image_versions(&registry, reference).into_iter().map(|found| match found {
            ImageVersion::Request(tool, request) => format!("{} {request}", tool.name),
            ImageVersion::Unknown(why) => format!("? {why}"),
        });
        let printed: Vec<String> = printed.collect();
        let printed = if printed.is_empty() { "-" } else { &printed.join(", ") };
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
        check("node:$TAG", "? its tag isn't in this file");
        check("node:16-${VARIANT}", "node 16");
        check("$BASE", "-");
        check("x/${BASE}:16", "-");
        check("${REGISTRY}/other:$TAG", "-");
    }
}
