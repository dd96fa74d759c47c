//! `use check`: all that can name a version in a project, compared with what usher would run.
//!
//! ```text
//! folders ─▶ version files ─▶ Mention ─┐
//! files ─▶ a reader for each kind ─▶ Mention ─▶ Measure (what runs there) ─▶ Verdict ─▶ Report
//! ```
//!
//! | what | file |
//! |---|---|
//! | the project's folders and files | [`walk`] |
//! | version files, the losing ones too | [`pins`] |
//! | Dockerfiles, compose files, workflows, GitLab's CI, lock files | [`docker`], [`compose`], [`workflow`], [`gitlab`], [`locks`](mod@locks) |
//! | what these have in common | [`page`], [`image`], [`yaml`], [`variables`], [`expression`] |
//! | what runs in a folder | [`measure`], seen from there: [`crate::inventory::inside`] |
//! | whether that agrees | [`verdict`] |
//!
//! It reads only: nothing that it reads is executed, nothing is fetched, installed or written.

mod compose;
mod docker;
mod expression;
mod gitlab;
mod image;
mod locks;
mod measure;
mod mention;
mod page;
mod pins;
mod report;
mod variables;
mod verdict;
mod walk;
mod workflow;
mod yaml;

use std::path::Path;
use std::rc::Rc;

use usher_definition::LockfileRule;
use usher_shims::error::{Error, Result};
use usher_shims::read::decode;
use usher_shims::tool::Tool;
use usher_shims::world::World as _;

pub use measure::{Asker, Measure, What};
pub use mention::{Kind, Mention, Note, Place};
pub use report::{Group, Judged, Report};
pub use verdict::Verdict;

use self::page::Page;
use self::yaml::Node;
use crate::project;
use crate::registry::Registry;
use crate::session::Session;

/// Reads the project of the working directory and compares all that it says.
pub fn check(session: &Session) -> Result<Report> {
    let directory = session
        .world
        .directory()
        .map_err(|error| Error::io("find", Path::new("the working directory"), error))?;
    let root = project::root(session, &directory)?.unwrap_or(directory);
    let wants =
        |path: &Path| kind(path).is_some() || locks(&session.registry, path).next().is_some();
    let found = walk::walk(&root, &wants)?;
    let (mut mentions, mut notes) = (Vec::new(), found.notes);
    let names = pins::names(session);
    for folder in &found.folders {
        let pins = pins::read(session, (&root, folder), &names)?;
        mentions.extend(pins.mentions);
        notes.extend(pins.notes);
    }
    for file in &found.files {
        let (named, passed_over) = match session.world.read(file) {
            Ok(content) => read_file(&session.registry, (&root, file), &content),
            Err(error) => {
                let mut page = Page::new(&session.registry, pins::relative(&root, file));
                page.note(0, format!("it can't be read: {error}"));
                (page.mentions, page.notes)
            }
        };
        mentions.extend(named);
        notes.extend(passed_over);
    }
    report::compare(session, root, (mentions, notes))
}

/// A kind of file that is known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Docker,
    Compose,
    Workflow,
    GitLab,
}

/// Which kind of file this is, by its name and where it lies.
fn kind(path: &Path) -> Option<Form> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let yaml = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    match (yaml, name.as_str()) {
        (None, name) => is_dockerfile(name).then_some(Form::Docker),
        (Some("action"), _) => Some(Form::Workflow),
        (Some(stem), _) if stem.ends_with(".gitlab-ci") => Some(Form::GitLab),
        (Some(stem), _) if stem.starts_with("compose") || stem.starts_with("docker-compose") => {
            Some(Form::Compose)
        }
        (Some(_), _) => is_in_workflows(path).then_some(Form::Workflow),
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

/// The folders in which GitHub, and the forges that took its workflows over, look for them.
fn is_in_workflows(path: &Path) -> bool {
    let forges = [".github", ".gitea", ".forgejo"];
    path.parent().is_some_and(|folder| {
        forges.iter().any(|forge| folder.ends_with(Path::new(forge).join("workflows")))
    })
}

/// The lock files of tools that this file is.
fn locks<'a>(
    registry: &'a Registry,
    path: &'a Path,
) -> impl Iterator<Item = (&'static Tool, &'a LockfileRule)> {
    let all = registry
        .all()
        .flat_map(|known| known.definition.check.locks.iter().map(move |lock| (known.tool, lock)));
    all.filter(move |(_, lock)| path.file_name().is_some_and(|name| name == lock.name.as_str()))
}

/// What a file of a project says. Its path tells of which kind it is; what makes no sense is a note.
pub fn read_file(
    registry: &Registry,
    (root, path): (&Path, &Path),
    content: &[u8],
) -> (Vec<Mention>, Vec<Note>) {
    let mut page = Page::new(registry, pins::relative(root, path));
    match decode(content) {
        Ok(text) => read(&text, path, &mut page),
        Err(complaint) => page.note(0, format!("it is passed over: {complaint}")),
    }
    (page.mentions, page.notes)
}

fn read(text: &str, path: &Path, page: &mut Page<'_>) {
    match kind(path) {
        Some(Form::Docker) => docker::read(text, page),
        Some(Form::Compose) => documents(text, page, compose::read),
        Some(Form::Workflow) => documents(text, page, workflow::read),
        Some(Form::GitLab) => documents(text, page, gitlab::read),
        None => locks(page.registry, path).for_each(|lock| locks::read(text, lock, page)),
    }
}

fn documents(text: &str, page: &mut Page<'_>, read: fn(&[Rc<Node>], &mut Page<'_>)) {
    match yaml::parse(text) {
        Ok(documents) => read(&documents, page),
        Err(complaint) => page.note(0, format!("it is passed over: {complaint}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        let cases: &[(&str, Option<Form>)] = &[
            ("Dockerfile", Some(Form::Docker)),
            ("a/Containerfile", Some(Form::Docker)),
            ("web.Dockerfile", Some(Form::Docker)),
            ("web.dockerfile", Some(Form::Docker)),
            ("Dockerfile.web", Some(Form::Docker)),
            ("Dockerfile.dockerignore", None),
            ("MyDockerfile", None),
            ("Dockerfiles", None),
            ("compose.yml", Some(Form::Compose)),
            ("compose.override.yaml", Some(Form::Compose)),
            ("docker-compose.prod.yml", Some(Form::Compose)),
            ("docker-compose.md", None),
            (".github/workflows/ci.yml", Some(Form::Workflow)),
            ("a/.forgejo/workflows/ci.yaml", Some(Form::Workflow)),
            (".github/dependabot.yml", None),
            ("workflows/ci.yml", None),
            (".github/actions/x/action.yml", Some(Form::Workflow)),
            (".gitlab-ci.yml", Some(Form::GitLab)),
            ("ci/test.gitlab-ci.yml", Some(Form::GitLab)),
            ("x.yml", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(kind(Path::new(path)), *expected, "{path}");
        }
    }
}
