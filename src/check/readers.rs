//! The readers of a project's files, one for each format. A file's name and folder say which one reads
//! it; a reader reports what is written to the [`MentionCollector`], which knows whose version that
//! is.

mod azure;
mod bitbucket;
mod buildkite;
mod circleci;
pub(super) mod collector;
mod compose;
mod devcontainer;
mod docker;
pub(super) mod explained;
mod expression;
mod gitlab;
mod hosting;
mod image;
mod locks;
mod notation;
mod pom;
mod readthedocs;
mod runtimes;
mod settings;
mod travis;
mod unread;
mod variables;
mod workflow;
mod yaml;

use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use usher_definition::{LockfileRule, UnreadFile};
use usher_shims::read::decode;
use usher_shims::tool::Tool;

use self::collector::MentionCollector;
use self::yaml::YamlNode;
use super::mention::FileMentions;
use crate::registry::Registry;

/// A kind of file that is known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Docker,
    Compose,
    Workflow,
    GitLab,
    Service(ServiceFile),
    GitLabIncluded,
    CircleCi,
    Azure,
    Travis,
    Bitbucket,
    Buildkite,
}

/// A file of another service or of a build, which is known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServiceFile {
    AppEngine,
    Buildpacks,
    DevContainer,
    Firebase,
    Fly,
    Netlify,
    Pom,
    ReadTheDocs,
    Render,
    Sam,
    Serverless,
    Vercel,
}

/// The names of the files that some reader reads. Looking for one of them in a project of many files
/// costs little.
pub(super) struct FileNames<'a> {
    registry: &'a Registry,
    /// The names of the files that the registry lists for tools.
    listed: HashSet<&'a str>,
    /// The same of those with a `*` in their name: what is before and behind it.
    patterns: Vec<(&'a str, &'a str)>,
}

impl<'a> FileNames<'a> {
    /// All of them.
    pub(super) fn of(registry: &'a Registry) -> Self {
        let mut names = Self { registry, listed: HashSet::new(), patterns: Vec::new() };
        for known in registry.all() {
            names.listed.extend(known.definition.check.locks.iter().map(|lock| lock.name.as_str()));
            for place in registry.unread_files(known).flat_map(|file| &file.places) {
                let name = place.rsplit('/').next().unwrap_or(place);
                match name.split_once('*') {
                    Some(pattern) if !names.patterns.contains(&pattern) => {
                        names.patterns.push(pattern);
                    }
                    Some(_) => {}
                    None => drop(names.listed.insert(name)),
                }
            }
        }
        names
    }

    /// Whether some reader reads a file of this name.
    pub(super) fn is_read(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_alike = |(start, end): &(&str, &str)| name.starts_with(start) && name.ends_with(end);
        let may_be_listed = self.listed.contains(name) || self.patterns.iter().any(is_alike);
        kind_in(self.registry, path).is_some()
            || may_be_listed
                && (locks(self.registry, path).next().is_some()
                    || unread(self.registry, path).next().is_some())
    }
}

/// The versions that a file of a project names. The path, relative to the project's folder, decides
/// which reader reads it; what can't be understood is a note.
pub fn read_file(registry: &Registry, path: &Path, content: &[u8]) -> FileMentions {
    let mut collector = MentionCollector::new(registry, path.to_path_buf());
    let text = match decode(content) {
        Ok(text) => text,
        // A comment in another encoding is no reason to pass over the versions.
        Err(_) if !content.contains(&0) => String::from_utf8_lossy(content),
        Err(reason) => {
            collector.note(0, format!("can't be read: {reason}"));
            return collector.finish();
        }
    };
    let kind = kind_in(registry, path);
    read(&text, path, kind, &mut collector);
    let mut found = collector.finish();
    if kind.is_some() {
        explained::mark_explained(&text, &mut found);
    }
    found
}

/// The kind of a file. What the registry says isn't a Dockerfile has none: `dockerfile.go`.
fn kind_in(registry: &Registry, path: &Path) -> Option<FileKind> {
    kind(path).filter(|kind| *kind != FileKind::Docker || !registry.is_document(path))
}

/// The kind of a file, by its name and folder.
fn kind(path: &Path) -> Option<FileKind> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    if let Some(service) = service_file(path, &name) {
        return Some(FileKind::Service(service));
    }
    let yaml = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    match (yaml, name.as_str()) {
        (None, name) => is_dockerfile(name).then_some(FileKind::Docker),
        (Some("action"), _) => Some(FileKind::Workflow),
        (Some(stem), _) if stem.ends_with(".gitlab-ci") => Some(FileKind::GitLab),
        (Some(stem), _) if stem.starts_with("compose") || stem.starts_with("docker-compose") => {
            Some(FileKind::Compose)
        }
        (Some(_), _) if is_in_workflows(path) => Some(FileKind::Workflow),
        (Some(stem), _) => pipeline_kind(stem, path),
    }
}

/// The kind of a CI service's file, by its name without the ending, and its folders.
fn pipeline_kind(stem: &str, path: &Path) -> Option<FileKind> {
    let is_in = |folders: &[&str]| {
        let parents = path.parent().into_iter().flat_map(Path::iter);
        parents.into_iter().any(|name| folders.iter().any(|folder| name == *folder))
    };
    match stem {
        ".travis" => Some(FileKind::Travis),
        "bitbucket-pipelines" => Some(FileKind::Bitbucket),
        "buildkite" => Some(FileKind::Buildkite),
        _ if stem.starts_with("azure-pipeline") => Some(FileKind::Azure),
        _ if is_in(&[".circleci"]) => Some(FileKind::CircleCi),
        _ if is_in(&[".buildkite"]) => Some(FileKind::Buildkite),
        _ if is_in(&[".azure-pipelines", "azure-pipelines", ".azuredevops", ".azure"]) => {
            Some(FileKind::Azure)
        }
        _ if is_in(&[".gitlab", ".gitlab-ci"]) => Some(FileKind::GitLabIncluded),
        _ if path.parent().is_some_and(|folder| folder == Path::new("ci")) => {
            Some(FileKind::GitLabIncluded)
        }
        _ => None,
    }
}

/// `Dockerfile`, `Dockerfile.web`, `Dockerfile-web`, `Dockerfile_web`, `web.Dockerfile`, and the same
/// of Podman's name, in lower case.
fn is_dockerfile(name: &str) -> bool {
    ["dockerfile", "containerfile"].iter().any(|own| {
        let behind = name
            .strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']));
        let before = name.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'));
        behind || before
    })
}

/// The file of a service or of a build that has this name, in lower case.
fn service_file(path: &Path, name: &str) -> Option<ServiceFile> {
    let in_folder =
        |folder: &str| path.ancestors().skip(1).take(2).any(|one| one.ends_with(folder));
    Some(match name {
        ".devcontainer.json" => ServiceFile::DevContainer,
        "devcontainer.json" if in_folder(".devcontainer") => ServiceFile::DevContainer,
        ".readthedocs.yaml" | ".readthedocs.yml" | "readthedocs.yaml" | "readthedocs.yml" => {
            ServiceFile::ReadTheDocs
        }
        "app.yaml" | "app.yml" => ServiceFile::AppEngine,
        "firebase.json" => ServiceFile::Firebase,
        "fly.toml" => ServiceFile::Fly,
        "netlify.toml" => ServiceFile::Netlify,
        "pom.xml" => ServiceFile::Pom,
        "project.toml" => ServiceFile::Buildpacks,
        "render.yaml" | "render.yml" => ServiceFile::Render,
        "serverless.yaml" | "serverless.yml" => ServiceFile::Serverless,
        "template.yaml" | "template.yml" => ServiceFile::Sam,
        "vercel.json" => ServiceFile::Vercel,
        _ => return None,
    })
}

/// Whether a file is in a folder where GitHub, or a forge that runs its workflows, looks for them.
fn is_in_workflows(path: &Path) -> bool {
    let forges = [".github", ".gitea", ".forgejo"];
    path.parent().is_some_and(|folder| {
        forges.iter().any(|forge| folder.ends_with(Path::new(forge).join("workflows")))
    })
}

/// The tools whose lock file this is.
fn locks<'a>(
    registry: &'a Registry,
    path: &'a Path,
) -> impl Iterator<Item = (&'static Tool, &'a LockfileRule)> {
    let all = registry
        .all()
        .flat_map(|known| known.definition.check.locks.iter().map(move |lock| (known.tool, lock)));
    all.filter(move |(_, lock)| path.file_name().is_some_and(|name| name == lock.name.as_str()))
}

/// The tools whose version file this is, although no shim reads it.
fn unread<'a>(
    registry: &'a Registry,
    path: &'a Path,
) -> impl Iterator<Item = (&'static Tool, &'a UnreadFile)> {
    registry.all().flat_map(move |known| {
        let is_read = || known.tool.files.iter().any(|file| file.is_at(path));
        let files = registry.unread_files(known).filter(|file| file.is_at(path));
        files.filter(move |_| !is_read()).map(move |file| (known.tool, file))
    })
}

fn read(text: &str, path: &Path, kind: Option<FileKind>, collector: &mut MentionCollector<'_>) {
    match kind {
        Some(FileKind::Docker) => docker::read(text, collector),
        Some(FileKind::Compose) => documents(text, collector, compose::read),
        Some(FileKind::Workflow) => documents(text, collector, workflow::read),
        Some(FileKind::GitLab) => documents(text, collector, gitlab::read),
        Some(FileKind::Service(file)) => read_service_file(text, file, collector),
        // Another purpose is likelier.
        Some(FileKind::GitLabIncluded) => {
            documents(text, collector, gitlab::read_included);
            read_listed(text, path, collector);
        }
        Some(FileKind::CircleCi) => documents(text, collector, circleci::read),
        Some(FileKind::Azure) => documents(text, collector, azure::read),
        Some(FileKind::Travis) => documents(text, collector, travis::read),
        Some(FileKind::Bitbucket) => documents(text, collector, bitbucket::read),
        Some(FileKind::Buildkite) => documents(text, collector, buildkite::read),
        None => read_listed(text, path, collector),
    }
}

/// Reads a file that the registry lists for a tool.
fn read_listed(text: &str, path: &Path, collector: &mut MentionCollector<'_>) {
    let registry = collector.registry;
    locks(registry, path).for_each(|(tool, lock)| locks::read(text, tool, lock, collector));
    unread(registry, path).for_each(|(tool, file)| unread::read(text, tool, file, collector));
}

fn read_service_file(text: &str, file: ServiceFile, collector: &mut MentionCollector<'_>) {
    match file {
        ServiceFile::AppEngine => documents(text, collector, runtimes::app_engine),
        ServiceFile::Buildpacks => document(notation::toml(text), collector, hosting::buildpacks),
        ServiceFile::DevContainer => document(notation::json(text), collector, devcontainer::read),
        ServiceFile::Firebase => document(notation::json(text), collector, runtimes::firebase),
        ServiceFile::Fly => document(notation::toml(text), collector, hosting::fly),
        ServiceFile::Netlify => document(notation::toml(text), collector, hosting::netlify),
        ServiceFile::Pom => pom::read(text, collector),
        ServiceFile::ReadTheDocs => documents(text, collector, readthedocs::read),
        ServiceFile::Render => documents(text, collector, hosting::render),
        ServiceFile::Sam => documents(text, collector, runtimes::sam),
        ServiceFile::Serverless => documents(text, collector, runtimes::serverless),
        ServiceFile::Vercel => document(notation::json(text), collector, hosting::vercel),
    }
}

fn document(
    parsed: Result<Rc<YamlNode>, String>,
    collector: &mut MentionCollector<'_>,
    read: fn(&YamlNode, &mut MentionCollector<'_>),
) {
    match parsed {
        Ok(document) => read(&document, collector),
        Err(reason) => collector.note(0, format!("can't be parsed: {reason}")),
    }
}

fn documents(
    text: &str,
    collector: &mut MentionCollector<'_>,
    read: fn(&[Rc<YamlNode>], &mut MentionCollector<'_>),
) {
    match yaml::parse(text) {
        Ok(file) => {
            read(&file.documents, collector);
            collector.mark_unquoted(&file.unquoted);
        }
        Err(reason) => collector.note(0, format!("can't be parsed: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checked_files_are_recognized_by_name() {
        let cases: &[(&str, Option<FileKind>)] = &[
            ("Dockerfile", Some(FileKind::Docker)),
            ("a/Containerfile", Some(FileKind::Docker)),
            ("web.Dockerfile", Some(FileKind::Docker)),
            ("web.dockerfile", Some(FileKind::Docker)),
            ("Dockerfile.web", Some(FileKind::Docker)),
            ("Dockerfile.dockerignore", None),
            ("Dockerfile-web", Some(FileKind::Docker)),
            ("Dockerfile_web", Some(FileKind::Docker)),
            ("Dockerfile-3.10", Some(FileKind::Docker)),
            ("Containerfile.web", Some(FileKind::Docker)),
            ("a.go.Dockerfile", Some(FileKind::Docker)),
            ("MyDockerfile", None),
            ("Dockerfiles", None),
            ("dockerfile.go", None),
            ("lib/dockerfile.pm", None),
            ("dockerfile_test.go", None),
            ("dockerfile-parser.ts", None),
            ("Dockerfile.md", None),
            ("Dockerfile.bak", None),
            ("Dockerfile.orig", None),
            ("Dockerfile.j2", None),
            ("Dockerfile.web.tmpl", None),
            ("Dockerfile~", None),
            ("compose.yml", Some(FileKind::Compose)),
            ("compose.override.yaml", Some(FileKind::Compose)),
            ("docker-compose.prod.yml", Some(FileKind::Compose)),
            ("docker-compose.md", None),
            (".github/workflows/ci.yml", Some(FileKind::Workflow)),
            ("a/.forgejo/workflows/ci.yaml", Some(FileKind::Workflow)),
            (".github/dependabot.yml", None),
            ("workflows/ci.yml", None),
            (".github/actions/x/action.yml", Some(FileKind::Workflow)),
            (".gitlab-ci.yml", Some(FileKind::GitLab)),
            ("ci/test.gitlab-ci.yml", Some(FileKind::GitLab)),
            (".devcontainer.json", Some(FileKind::Service(ServiceFile::DevContainer))),
            (
                "a/.devcontainer/devcontainer.json",
                Some(FileKind::Service(ServiceFile::DevContainer)),
            ),
            (
                ".devcontainer/x/devcontainer.json",
                Some(FileKind::Service(ServiceFile::DevContainer)),
            ),
            (".devcontainer/x/y/devcontainer.json", None),
            ("devcontainer.json", None),
            ("a/netlify.toml", Some(FileKind::Service(ServiceFile::Netlify))),
            (".readthedocs.yml", Some(FileKind::Service(ServiceFile::ReadTheDocs))),
            ("pom.xml", Some(FileKind::Service(ServiceFile::Pom))),
            (".gitlab/ci/test.yml", Some(FileKind::GitLabIncluded)),
            ("ci/test.yml", Some(FileKind::GitLabIncluded)),
            ("a/ci/test.yml", None),
            (".circleci/config.yml", Some(FileKind::CircleCi)),
            (".circleci/docker-compose.yml", Some(FileKind::Compose)),
            ("azure-pipelines.yml", Some(FileKind::Azure)),
            ("azure-pipelines-nightly.yaml", Some(FileKind::Azure)),
            ("build/azure-pipeline.stable.yml", Some(FileKind::Azure)),
            (".azure/templates/build.yml", Some(FileKind::Azure)),
            (".travis.yml", Some(FileKind::Travis)),
            ("bitbucket-pipelines.yml", Some(FileKind::Bitbucket)),
            (".buildkite/pipeline.yml", Some(FileKind::Buildkite)),
            ("x.yml", None),
            ("", None),
        ];
        let registry = Registry::load().unwrap();
        for (path, expected) in cases {
            assert_eq!(kind_in(&registry, Path::new(path)), *expected, "{path}");
        }
    }

    #[test]
    fn no_beginning_of_a_file_makes_a_reader_fail() {
        let registry = Registry::load().unwrap();
        let texts = [
            "{\"image\": \"node:20\", \"features\": {\"ghcr.io/devcontainers/features/node:1\": {\"version\": \"é\"}}}",
            "[build.environment]\nNODE_VERSION = \"20\" # é\n[[services]]\nimage = {url = 'node:20'}\n",
            "runtime: nodejs20.x\nbuild: {tools: {python: 3.10}}\nservices: [{envVars: [{key: NODE_VERSION, value: é}]}]\n",
            "<?xml version=\"1.0\"?><!-- é --><project><properties><java.version>&#49;7</java.version></properties></project>",
            "ARG NODE_VERSION=\"18 é\"\nFROM --platform=$X node:${NODE_VERSION:-20} AS é\nRUN <<EOF\né\nEOF\nENV A='b\\' C d\n",
        ];
        let paths = [
            "Dockerfile",
            "compose.yml",
            ".devcontainer.json",
            ".readthedocs.yaml",
            "app.yaml",
            "firebase.json",
            "fly.toml",
            "netlify.toml",
            "pom.xml",
            "project.toml",
            "render.yaml",
            "serverless.yml",
            "template.yaml",
            "vercel.json",
            "build.gradle",
            "environment.yml",
            "Pipfile.lock",
        ];
        for path in paths {
            assert!(FileNames::of(&registry).is_read(Path::new(path)), "{path}");
            for text in texts {
                for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                    read_file(&registry, Path::new(path), &text.as_bytes()[..end]);
                }
            }
        }
    }
}
