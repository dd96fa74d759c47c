//! A container image's name and tag: which tool it is of, and what it asks for.
//!
//! `16-alpine` asks for 16: what follows the version says what else is in the image. A tag without
//! a version is one that moves, as is no tag at all.

use usher_shims::tool::Tool;
use usher_shims::version::Version;

use crate::registry::{KnownTool, Registry};

/// What an image says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant<T = &'static Tool> {
    /// This request of this tool.
    Request(T, String),
    /// Nobody can tell, and why.
    Unknown(&'static str),
    /// It is of no tool.
    Other,
}

/// A folder of official images that mirrors keep.
const OFFICIAL: &str = "library/";

/// What a release that isn't one yet is called in a tag.
const STAGES: [&str; 5] = ["rc", "beta", "alpha", "preview", "pre"];

/// Reads an image reference: `[host/]name[:tag][@digest]`.
pub(super) fn request(registry: &Registry, reference: &str) -> Meant {
    let (named, is_digest) = match reference.split_once('@') {
        Some((named, _)) => (named, true),
        None => (reference, false),
    };
    let (name, tag) = split_tag(named);
    if last_part(name).contains('$') {
        return Meant::Unknown("nobody here knows that name");
    }
    let Some((known, inside)) = registry.all().find_map(|known| Some((known, of(known, name)?)))
    else {
        return Meant::Other;
    };
    let tag = match (inside, tag) {
        ("", None) if is_digest => return Meant::Unknown("a digest tells no version"),
        ("", tag) => tag.unwrap_or_default(),
        (inside, _) => inside,
    };
    if tag.contains('$') {
        return Meant::Unknown("nobody here knows that tag");
    }
    Meant::Request(known.tool, asked(tag, known.tool))
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

/// Whether an image is of a tool: what stands where the tool's entry has its `*`.
fn of<'n>(known: KnownTool<'_>, name: &'n str) -> Option<&'n str> {
    let names = [name, without_host(name)];
    let entries = &known.definition.check.images;
    entries.iter().find_map(|entry| names.iter().find_map(|name| inside(entry, name)))
}

fn inside<'n>(entry: &str, name: &'n str) -> Option<&'n str> {
    let Some((before, after)) = entry.split_once('*') else { return (entry == name).then_some("") };
    let inside = name.strip_prefix(before)?.strip_suffix(after)?;
    inside.starts_with(|first: char| first.is_ascii_digit()).then_some(inside)
}

/// A name without the registry in front and the folder of official images. A variable in front is
/// some registry, too: `${PROXY}/node`.
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

/// The request that a tag is, in the words of version files.
fn asked(tag: &str, tool: &Tool) -> String {
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
    STAGES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reference: &str, expected: &str) {
        let registry = Registry::load().unwrap();
        let printed = match request(&registry, reference) {
            Meant::Request(tool, request) => format!("{} {request}", tool.name),
            Meant::Unknown(why) => format!("? {why}"),
            Meant::Other => "-".to_owned(),
        };
        assert_eq!(printed, expected, "{reference}");
    }

    #[test]
    fn tags_begin_with_a_version() {
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
    fn tags_without_a_version_move() {
        for tag in ["node", "node:latest", "node:alpine", "node:slim", "node:alpine3.19", "node:"] {
            check(tag, "node latest");
        }
        check("node:lts-alpine", "node lts");
        check("node:hydrogen-slim", "node lts/hydrogen");
        check("python:lts", "python latest");
        check("node@sha256:0123", "? a digest tells no version");
    }

    #[test]
    fn names_may_have_a_registry_in_front() {
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
    fn names_may_hold_the_version() {
        check("gcr.io/distroless/nodejs20-debian12", "node 20");
        check("gcr.io/distroless/nodejs20-debian12:nonroot", "node 20");
        check("registry.access.redhat.com/ubi9/nodejs-18:1-105", "node 18");
        check("ubi9/nodejs-18-minimal", "node 18");
        check("gcr.io/distroless/nodejs", "-");
    }

    #[test]
    fn what_nobody_knows_is_said() {
        check("node:$TAG", "? nobody here knows that tag");
        check("node:16-${VARIANT}", "? nobody here knows that tag");
        check("$BASE", "? nobody here knows that name");
        check("x/${BASE}:16", "? nobody here knows that name");
        check("${REGISTRY}/other:$TAG", "-");
    }
}
