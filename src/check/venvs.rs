//! Virtual environments in a project. One that git ignores is on this machine only, so that it is
//! worth a note; one that it doesn't ignore is a place that names a version.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::Result;
use usher_shims::pin::Origin;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::resolve::Selection;
use usher_shims::tool::Tool;
use usher_shims::world::World as _;

use super::files::{ProjectFiles, is_venv_file};
use super::mention::{
    FileMentions, Mention, MentionKind, MentionPlace, MentionScope, Note, relative_path,
};
use crate::inventory::os_in_folder::{OsInFolder, Visibility};
use crate::registry::KnownTool;
use crate::session::Session;
use crate::store::venvs::{Venv, VenvFault};

/// The versions of the environments in a project, and what is wrong with them on this machine.
pub(super) fn read(session: &Session, root: &Path, found: &ProjectFiles) -> Result<FileMentions> {
    let (mut mentions, mut notes) = (Vec::new(), Vec::new());
    let own: BTreeSet<&Path> = found
        .files
        .iter()
        .filter(|file| is_venv_file(&session.registry, file))
        .map(PathBuf::as_path)
        .collect();
    for (known, rules) in session.registry.with_venvs() {
        // One that git ignores isn't found: it is looked for beside the tool's version files.
        let is_its = |place: &&'static str| {
            known.tool.files.iter().any(|file| file.places().contains(place))
        };
        let folders = found.version_files.iter().filter(|(_, places)| places.iter().any(is_its));
        let folders = folders.map(|(folder, _)| folder.as_path()).chain([root]);
        let usual =
            folders.flat_map(|folder| rules.names.iter().map(move |name| folder.join(name)));
        let tracked = own.iter().filter_map(|file| file.parent()).map(Path::to_path_buf);
        for folder in tracked.chain(usual).collect::<BTreeSet<_>>() {
            let Some(venv) = Venv::read(&session.world, known, &folder) else { continue };
            let is_tracked = own.contains(venv.file.as_path());
            let fault = fault(session, known, &venv)?;
            if is_tracked && fault != Some(VenvFault::Broken) {
                mentions.extend(mention(session, root, &venv));
            } else if let Some(fault) = fault {
                notes.push(note(session, root, &venv, &fault));
            }
        }
    }
    Ok(FileMentions { mentions, notes, ..FileMentions::default() })
}

/// What is wrong with an environment, in the folder that it is in.
fn fault(session: &Session, known: KnownTool<'_>, venv: &Venv) -> Result<Option<VenvFault>> {
    let folder = venv.folder.parent().unwrap_or(&venv.folder);
    Ok(venv.fault(session, &selection_in(session, folder, known.tool)?))
}

fn selection_in(session: &Session, folder: &Path, tool: &'static Tool) -> Result<Selection> {
    let world = OsInFolder { folder, visibility: Visibility::Everything };
    let resolver = session.resolver_in(&world);
    match Call::for_main_program(tool) {
        Some(call) => resolver.selector().select(&call),
        None => Ok(Selection::Nothing(None)),
    }
}

fn mention(session: &Session, root: &Path, venv: &Venv) -> Option<Mention> {
    let version = venv.version(session)?.to_string();
    let line = venv.recorded.as_ref().map_or(venv.base_line, |(_, line)| *line);
    let command = venv.create_command(&session.world.directory().unwrap_or_default());
    Some(Mention {
        tool: venv.tool,
        shown: format!("virtual environment of {} {version}: {command}", venv.tool.name),
        requests: vec![Request::parse(&version, venv.tool, RequestTrust::Project).ok()?],
        place: place(root, venv, line),
        kind: MentionKind::VirtualEnvironment,
        scope: MentionScope::Folder(relative_path(root, venv.folder.parent()?)),
        job: None,
        exempt: None,
        unquoted: None,
    })
}

fn note(session: &Session, root: &Path, venv: &Venv, fault: &VenvFault) -> Note {
    let tool = venv.tool.name;
    let (line, what) = match fault {
        VenvFault::Broken => (venv.base_line, format!("can't run, its {tool} is gone")),
        VenvFault::OtherVersion { version, line, pin } => {
            let request = pin.request().map(ToString::to_string).unwrap_or_default();
            let origin = origin_text(root, &pin.origin);
            (*line, format!("has {tool} {version}, but {request} is requested by {origin}"))
        }
    };
    let command = venv.create_command(&session.world.directory().unwrap_or_default());
    let what = format!("the virtual environment on this machine {what}: {command}");
    Note::about(Some(place(root, venv, line)), what)
}

/// An origin, with a file of the project relative to its folder.
fn origin_text(root: &Path, origin: &Origin) -> String {
    match origin {
        Origin::File(place) if place.path.starts_with(root) => {
            place.with_paths(|path| relative_path(root, path)).to_string()
        }
        origin => origin.to_string(),
    }
}

fn place(root: &Path, venv: &Venv, line: u32) -> MentionPlace {
    MentionPlace { path: relative_path(root, &venv.file), line }
}
