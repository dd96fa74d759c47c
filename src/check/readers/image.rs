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

/// How the tags of images for Amazon's Lambda name their system.
const AMAZON_LINUX: &str = "al2";

/// What begins a tag's second part if the version is a pre-release.
const RELEASE_STAGES: [&str; 5] = ["rc", "beta", "alpha", "preview", "pre"];

/// The same in a variable, which need not be of an image: there `-dev` is an image with compilers.
const VERSION_STAGES: [&str; 4] = ["dev", "nightly", "ea", "snapshot"];

/// What the variables of a project's own images contain: such an image has any version. Any other
/// variable in front of a name is a mirror of Docker's registry.
const OWN_VARIABLES: [&str; 5] = ["CI_REGISTRY", "CI_PROJECT", "REPOSITORY", "OWNER", "USER"];

/// The folders of official images for one architecture.
const ARCHITECTURES: [&str; 10] = [
    "amd64/",
    "arm32v5/",
    "arm32v6/",
    "arm32v7/",
    "arm64v8/",
    "i386/",
    "mips64le/",
    "ppc64le/",
    "riscv64/",
    "s390x/",
];

/// The request of a tag without a version.
const LATEST: &str = "latest";

/// The placeholder for a version in an entry of the registry.
const PLACEHOLDER: char = '*';

/// The same for a version whose first dot isn't written: 311 for 3.11.
const WITHOUT_DOT: &str = "*.*";

/// Reads an image reference, `[host/]name[:tag][@digest]`: what it requests of each tool that the
/// registry knows in such an image.
pub(super) fn image_versions(registry: &Registry, reference: &str) -> Vec<ImageVersion> {
    let (named, is_digest) = match reference.split_once('@') {
        Some((named, _)) => (named, true),
        None => (reference, false),
    };
    let (name, tag) = split_tag(named);
    let names = public_names(name);
    let read = |known| image_version(known, &names, tag, is_digest);
    registry.all().filter_map(read).collect()
}

fn image_version(
    known: KnownTool<'_>,
    names: &[&str],
    tag: Option<&str>,
    is_digest: bool,
) -> Option<ImageVersion> {
    let mut is_image = false;
    for entry in &known.definition.check.images {
        let (entry, mark) = entry.split_once(':').map_or((&**entry, None), |(e, m)| (e, Some(m)));
        let Some(inside) = names.iter().find_map(|name| match_pattern(entry, name)) else {
            continue;
        };
        match mark {
            Some(mark) => {
                if let Some(version) = tag.and_then(|tag| version_behind(tag, mark)) {
                    return Some(requested(version, known.tool));
                }
            }
            None if !inside.is_empty() => return Some(requested(&inside, known.tool)),
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
    let ends_in_stage = |stage: &&str| text.ends_with(&format!("-{stage}"));
    if VERSION_STAGES.iter().any(ends_in_stage) {
        return None;
    }
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
fn match_pattern(entry: &str, name: &str) -> Option<String> {
    let is_dotless = entry.contains(WITHOUT_DOT);
    let placeholder = if is_dotless { WITHOUT_DOT } else { "*" };
    let Some((before, after)) = entry.split_once(placeholder) else {
        return (entry == name).then(String::new);
    };
    let inside = name.strip_prefix(before)?.strip_suffix(after)?;
    let digits = inside.chars().take_while(char::is_ascii_digit).count();
    match is_dotless {
        true if digits >= 2 => Some(format!("{}.{}", &inside[..1], &inside[1..])),
        false if digits >= 1 => Some(inside.to_owned()),
        _ => None,
    }
}

/// The rest of a tag from the version behind a mark: `24.1.7-alpine-3.15.0` behind `erlang-` in
/// `1.13.2-erlang-24.1.7-alpine-3.15.0`.
fn version_behind<'t>(tag: &'t str, mark: &str) -> Option<&'t str> {
    let mark = mark.trim_end_matches(PLACEHOLDER);
    let mut rests = tag.match_indices(mark).map(|(place, _)| &tag[place + mark.len()..]);
    rests.find(|rest| rest.starts_with(|first: char| first.is_ascii_digit() || first == '$'))
}

/// The names under which the registry may know an image: its own, and without a host. None if it may
/// be the project's own image, or if a part of its name is unknown.
fn public_names(name: &str) -> Vec<&str> {
    if let Some((mirror, official)) = name.rsplit_once(&format!("/{OFFICIAL}")) {
        return if is_own(mirror) || official.contains('$') { Vec::new() } else { vec![official] };
    }
    let Some((first, rest)) = name.split_once('/') else {
        return if name.contains('$') { Vec::new() } else { vec![name] };
    };
    if rest.contains('$') || is_own(first) {
        return Vec::new();
    }
    let is_host = first.contains(['.', ':']) || first == "localhost";
    // A mirror may have folders of its own.
    let mut names = match first.contains('$') {
        true => vec![rest, last_part(rest)],
        false if is_host => vec![name, rest],
        false => vec![name],
    };
    let official = |name: &mut &str| {
        let mut folders = ARCHITECTURES.iter().chain([&OFFICIAL]);
        *name = folders.find_map(|folder| name.strip_prefix(folder)).unwrap_or(name);
    };
    names.iter_mut().for_each(official);
    names
}

/// Whether an image behind this variable is one of the project's own.
fn is_own(registry: &str) -> bool {
    let name = registry.to_ascii_uppercase();
    name.contains('$') && OWN_VARIABLES.iter().any(|own| name.contains(own))
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
    let is_word = |part: &str| part.starts_with(|first: char| first.is_ascii_alphabetic());
    if second.is_some_and(is_word) && matches!(normalize(both, tool), Cow::Owned(_)) {
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
    let part = without_date(part);
    let plain = part.strip_prefix('v').unwrap_or(part);
    let is_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let text = match part.split_once('_') {
        Some((version, build)) if is_number(build) => format!("{version}+{build}"),
        Some((version, _)) => version.to_owned(),
        None => part.to_owned(),
    };
    (is_number(plain) && Version::parse(&text).is_some()).then_some(text)
}

/// The part before the day on which the image was made, 3.12 of `3.12.2024.05.01.10`, or before its
/// system: 8 of `8.al2`.
fn without_date(part: &str) -> &str {
    let is_year = |rest: &str| {
        let year = rest.split('.').next().unwrap_or_default();
        (year.len() == 4 && year.starts_with("20")) || rest.starts_with(AMAZON_LINUX)
    };
    let dots = part.match_indices('.').map(|(place, _)| place);
    let mut ends = dots.filter(|place| is_year(&part[place + 1..]));
    ends.next().map_or(part, |end| &part[..end])
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
        check("node:20-dev", "node 20");
        check("public.ecr.aws/lambda/java:8.al2", "java 8");
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
        check("arm64v8/node:20-slim", "node 20");
        check("docker.io/amd64/python:3.12", "python 3.12");
        check("${PROXY}/hexpm/erlang:27.1-alpine", "erlang 27.1");
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
        check("gcr.io/distroless/java21-debian12:nonroot", "java 21");
        check("gcr.io/distroless/java-base-debian12", "-");
        check("adoptopenjdk/openjdk11:alpine-jre", "java 11");
        check("registry.access.redhat.com/ubi8/openjdk-17-runtime:1.20", "java 17");
    }

    #[test]
    fn a_version_in_a_name_may_lack_its_dot() {
        check("registry.access.redhat.com/ubi9/python-311:1-52", "python 3.11");
        check("ubi10/python-312-minimal", "python 3.12");
        check("ubi8/python-39", "python 3.9");
        check("registry.redhat.io/ubi9/php-83", "php 8.3");
        check("ubi9/ruby-33:latest", "ruby 3.3");
        check("ubi9/perl-532", "perl 5.32");
        check("phusion/passenger-ruby34:3.1.4", "ruby 3.4");
        check("bref/php-82-fpm:2", "php 8.2");
        check("phpdockerio/php80-fpm:latest", "php 8.0");
        check("phpdockerio/php:8.3-fpm", "php 8.3");
        check("ubi9/python-3", "-");
    }

    #[test]
    fn a_version_may_stand_behind_a_mark_in_the_tag() {
        for flavour in ["alpine", "bin", "debian", "ubuntu", "distroless"] {
            check(&format!("denoland/deno:{flavour}-1.40.0"), "deno 1.40.0");
        }
        check("denoland/deno:2.6.9", "deno 2.6.9");
        check("denoland/deno:alpine", "deno latest");
        check("maven:3.9.9-eclipse-temurin-21", "java 21");
        check("maven:3.9-eclipse-temurin-${JAVA}", "? its tag isn't in this file");
        check("maven:3.8.4-openjdk-17-slim", "java 17");
        check("maven:3.5-jdk-8-alpine", "java 8");
        check("maven:3.9.11-amazoncorretto-24-al2023", "java 24");
        check("maven:3.9-sapmachine-21", "java 21");
        check("maven:3.9-ibm-semeru-17-noble", "java 17");
        check("maven:3.9.9", "-");
        check("gradle:8.7.0-jdk21-alpine", "java 21");
        check("gradle:jdk17", "java 17");
        check("gradle:8", "-");
        check("tomcat:10.1-jre17-temurin", "java 17");
        check("cgr.dev/chainguard/jdk:openjdk-17.0.6", "java 17.0.6");
        check("ibm-semeru-runtimes:open-21.0.1_12-jdk-jammy", "java 21.0.1+12");
        check("ghcr.io/graalvm/graalvm-ce:ol8-java21-22.3.0", "java 21");
        check("ghcr.io/graalvm/native-image-community:21-muslib", "java 21");
        check("dunglas/frankenphp:1-php8.4-alpine", "php 8.4");
        check("dunglas/frankenphp:php8.4.14-bookworm", "php 8.4.14");
        check("dunglas/frankenphp:1.2.0-alpine", "-");
        check("wordpress:6.5-php8.2-apache", "php 8.2");
        check("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "python 3.12");
        check("ghcr.io/astral-sh/uv:0.9.18-python3.14-trixie-slim", "python 3.14");
        check("ghcr.io/astral-sh/uv:0.11.29", "-");
        check("mcr.microsoft.com/azure-functions/python:4-python3.11", "python 3.11");
        check("cypress/browsers:node-20.14.0-chrome-126.0.6478", "node 20.14.0");
        check("cypress/browsers:node14.16.0-chrome89-ff86", "node 14.16.0");
        check("cypress/browsers:chrome69", "-");
    }

    #[test]
    fn an_image_may_have_several_tools() {
        check("hexpm/elixir:1.13.2-erlang-24.1.7-alpine-3.15.0", "elixir 1.13.2, erlang 24.1.7");
        check(
            "hexpm/elixir:1.11.4-erlang-24.0-rc3-alpine-3.13.3",
            "elixir 1.11.4, erlang 24.0-rc3",
        );
        check("hexpm/elixir:1.20.4-otp-29.1", "elixir 1.20.4, erlang 29.1");
        check("elixir:1.17.3-otp-25", "elixir 1.17.3, erlang 25");
        check("elixir:1.17", "elixir 1.17");
        check("imbios/bun-node:1.1.3-20.12.2-alpine", "bun 1.1.3, node 20.12.2");
        check("nikolaik/python-nodejs:python3.12-nodejs20", "node 20, python 3.12");
    }

    #[test]
    fn a_version_of_the_image_may_precede() {
        check("mcr.microsoft.com/devcontainers/python:3.12", "python 3.12");
        check("mcr.microsoft.com/devcontainers/python:0-3.11", "python 3.11");
        check("mcr.microsoft.com/devcontainers/python:1-3.12-bookworm", "python 3.12");
        check("mcr.microsoft.com/devcontainers/python:dev-3.13", "python 3.13");
        check("mcr.microsoft.com/devcontainers/typescript-node:1-22-bookworm", "node 22");
        check("mcr.microsoft.com/devcontainers/java:21-bullseye", "java 21");
        check(
            "mcr.microsoft.com/vscode/devcontainers/go:0-$VARIANT",
            "? its tag isn't in this file",
        );
        check("mcr.microsoft.com/devcontainers/base:ubuntu-24.04", "-");
    }

    #[test]
    fn images_of_vendors_have_their_tags() {
        check("public.ecr.aws/lambda/python:3.12-arm64", "python 3.12");
        check("public.ecr.aws/lambda/nodejs:18.2023.05.13.00-x86_64", "node 18");
        check("public.ecr.aws/lambda/java:21", "java 21");
        check("rubylang/ruby:2.7.4-bionic", "ruby 2.7.4");
        check("cgr.dev/chainguard/python:latest-dev", "python latest");
        check("ghcr.io/pnpm/pnpm:11.0.9", "pnpm 11.0.9");
        check("oven/bun:1.1-alpine", "bun 1.1");
        check("mcr.microsoft.com/openjdk/jdk:17-ubuntu", "java 17");
    }

    #[test]
    fn the_projects_own_images_have_any_version() {
        check("$CI_REGISTRY_IMAGE/node:12", "-");
        check("${CI_REGISTRY_IMAGE}/library/node:12", "-");
        check("$CI_REGISTRY/group/node:12", "-");
        check("$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/node:12", "node 12");
        check("ghcr.io/${{ github.repository }}/node:12", "-");
        check("${{ env.REGISTRY }}/${{ github.repository_owner }}/node:12", "-");
        check("$DOCKERHUB_USERNAME/node:12", "-");
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
