//! `use check`: every version that a project names, compared with the active version.
//!
//! ```text
//! folders ─▶ version files ─▶ Mention ─┐
//! files ─▶ a reader for each kind ─▶ Mention ─▶ Baseline (what runs there) ─▶ Agreement ─▶ CheckReport
//! ```
//!
//! | what | file |
//! |---|---|
//! | the project's folders and files | [`walk`] |
//! | version files, overridden ones included | [`pins`] |
//! | Dockerfiles, compose files, workflows, GitLab's CI, lock files | [`docker`], [`compose`], [`workflow`], [`gitlab`], [`locks`](mod@locks) |
//! | version files that no shim reads | [`unread`](mod@unread) |
//! | shared by these | [`collector`], [`image`], [`yaml`], [`variables`], [`expression`] |
//! | virtual environments | [`venvs`] |
//! | what isn't repeated of them | [`hidden`] |
//! | the version that runs in a folder | [`baseline`], by [`crate::inventory::os_in_folder`] |
//! | whether a mention agrees with it | [`agreement`] |
//!
//! Only reads: nothing is executed, downloaded, installed or written.

mod agreement;
mod baseline;
mod collector;
mod compose;
mod docker;
mod expression;
mod gitlab;
mod hidden;
mod image;
mod locks;
mod mention;
mod pins;
mod report;
mod unread;
mod variables;
mod venvs;
mod walk;
mod workflow;
mod yaml;

use std::path::Path;
use std::rc::Rc;

use usher_definition::{LockfileRule, UnreadFile};
use usher_shims::error::{Error, Result};
use usher_shims::read::decode;
use usher_shims::tool::Tool;
use usher_shims::world::World as _;

pub use agreement::Agreement;
pub use baseline::{Baseline, Expected, Requester};
pub use mention::{Mention, MentionKind, MentionPlace, Note};
pub use report::{CheckReport, ComparedMention, ToolGroup};

use self::collector::{MAX_REQUESTS, MentionCollector};
use self::hidden::{Reached, without_secrets};
use self::mention::MAX_NOTES;
use self::yaml::YamlNode;
use crate::project;
use crate::registry::Registry;
use crate::session::Session;

/// Reads the project of the working directory and compares all versions that it names.
pub fn check(session: &Session) -> Result<CheckReport> {
    let directory = session
        .world
        .directory()
        .map_err(|error| Error::io("find", Path::new("the working directory"), error))?;
    let root = project::project_root(session, &directory)?.unwrap_or(directory);
    let is_relevant = |path: &Path| {
        kind(path).is_some()
            || is_named_in_registry(&session.registry, path)
            || venvs::is_venv_file(&session.registry, path)
    };
    let found = walk::walk(&root, &is_relevant)?;
    let (venvs, faults) = venvs::read(session, &root, &found)?;
    let mut all = ProjectMentions { notes: found.notes, ..ProjectMentions::default() };
    all.add(venvs, faults);
    let names = pins::version_file_names(session);
    for folder in found.folders {
        if all.is_full {
            break;
        }
        let pins = pins::read(session, &root, &folder, &names)?;
        all.add(pins.mentions, pins.notes);
    }
    for file in &found.files {
        if all.is_full {
            break;
        }
        let (named, passed_over) = match session.world.read(file) {
            Ok(content) => {
                let found = read_file(&session.registry, &root, file, &content.bytes);
                let direct = session.world.identity_without_links(file);
                let reached = match direct == Some(content.meta.identity) {
                    true => Reached::Directly,
                    false => Reached::ByLink,
                };
                without_secrets(found, reached)
            }
            Err(error) => {
                let mut collector =
                    MentionCollector::new(&session.registry, pins::relative_path(&root, file));
                collector.note(0, format!("can't read it: {error}"));
                (collector.mentions, collector.notes)
            }
        };
        all.add(named, passed_over);
    }
    report::compare(session, root, all.mentions, all.notes)
}

/// What was found in a project, of bounded size.
#[derive(Default)]
struct ProjectMentions {
    mentions: Vec<Mention>,
    notes: Vec<Note>,
    /// How many requests the mentions have.
    requests: usize,
    /// Whether the rest of the project is skipped.
    is_full: bool,
}

impl ProjectMentions {
    fn add(&mut self, mentions: Vec<Mention>, notes: Vec<Note>) {
        for mention in mentions {
            self.requests += mention.requests.len();
            if self.requests > MAX_REQUESTS {
                self.is_full = true;
                let what =
                    format!("the rest is skipped: more than {MAX_REQUESTS} versions are named");
                self.notes.push(Note { place: None, what });
                break;
            }
            self.mentions.push(mention);
        }
        let room = MAX_NOTES.saturating_sub(self.notes.len());
        self.notes.extend(notes.into_iter().take(room));
    }
}

/// A kind of file that is known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Docker,
    Compose,
    Workflow,
    GitLab,
}

/// The kind of a file, by its name and folder.
fn kind(path: &Path) -> Option<FileKind> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let yaml = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    match (yaml, name.as_str()) {
        (None, name) => is_dockerfile(name).then_some(FileKind::Docker),
        (Some("action"), _) => Some(FileKind::Workflow),
        (Some(stem), _) if stem.ends_with(".gitlab-ci") => Some(FileKind::GitLab),
        (Some(stem), _) if stem.starts_with("compose") || stem.starts_with("docker-compose") => {
            Some(FileKind::Compose)
        }
        (Some(_), _) => is_in_workflows(path).then_some(FileKind::Workflow),
    }
}

fn is_dockerfile(name: &str) -> bool {
    ["dockerfile", "containerfile"].iter().any(|own| {
        let behind =
            name.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let before = name.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'));
        behind || before
    }) && !name.ends_with(".dockerignore")
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

fn is_named_in_registry(registry: &Registry, path: &Path) -> bool {
    locks(registry, path).next().is_some() || unread(registry, path).next().is_some()
}

/// The versions that a file of a project names. The path decides the kind of file; what can't be
/// understood is a note.
pub fn read_file(
    registry: &Registry,
    root: &Path,
    path: &Path,
    content: &[u8],
) -> (Vec<Mention>, Vec<Note>) {
    let mut collector = MentionCollector::new(registry, pins::relative_path(root, path));
    match decode(content) {
        Ok(text) => read(&text, path, &mut collector),
        Err(reason) => collector.note(0, format!("skipped: {reason}")),
    }
    (collector.mentions, collector.notes)
}

fn read(text: &str, path: &Path, collector: &mut MentionCollector<'_>) {
    match kind(path) {
        Some(FileKind::Docker) => docker::read(text, collector),
        Some(FileKind::Compose) => documents(text, collector, compose::read),
        Some(FileKind::Workflow) => documents(text, collector, workflow::read),
        Some(FileKind::GitLab) => documents(text, collector, gitlab::read),
        None => {
            let registry = collector.registry;
            locks(registry, path).for_each(|(tool, lock)| locks::read(text, tool, lock, collector));
            unread(registry, path)
                .for_each(|(tool, file)| unread::read(text, tool, file, collector));
        }
    }
}

fn documents(
    text: &str,
    collector: &mut MentionCollector<'_>,
    read: fn(&[Rc<YamlNode>], &mut MentionCollector<'_>),
) {
    match yaml::parse(text) {
        Ok(documents) => read(&documents, collector),
        Err(reason) => collector.note(0, format!("skipped: {reason}")),
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
            ("MyDockerfile", None),
            ("Dockerfiles", None),
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
            ("x.yml", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(kind(Path::new(path)), *expected, "{path}");
        }
    }
}
