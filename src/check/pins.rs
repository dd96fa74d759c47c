//! The pins in one folder, overridden ones included: found by the search that the shims use, so that
//! no file is read in two ways.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use usher_shims::call::Call;
use usher_shims::error::{Error, Shown};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::read::decode;
use usher_shims::request::Request;
use usher_shims::search::{ErrorSource, Finding, Skipped, search};
use usher_shims::tool::{Dialect, FieldRole, Tool, VersionField, VersionFile};
use usher_shims::world::{Os, World as _};

use super::ignores::without_ignored;
use super::mention::{
    BrokenFile, FileMentions, Mention, MentionKind, MentionPlace, MentionScope, Note,
    relative_path, shown,
};
use super::readers::explained::says_minimum;
use super::version_folder::{KnownWords, Prospect, VersionFolder};
use crate::registry::KnownTool;
use crate::session::Session;

/// The longest line, in bytes, that is shown of a version file.
const MAX_SHOWN: usize = 80;

/// The places of all tools' version files, relative to a folder: `.nvmrc`, `.config/mise.toml`.
pub(super) fn version_file_places(session: &Session) -> Vec<&'static str> {
    let files = session.registry.all().flat_map(|known| known.tool.files);
    let mut places: Vec<&str> = files.flat_map(VersionFile::places).copied().collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Those of these places where a folder has something.
pub(super) fn present(folder: &Path, places: &[&'static str]) -> Vec<&'static str> {
    let mut present = Vec::new();
    // A folder that can't be searched has none that could be read.
    let _ = Os.visit_existing(folder, places, &mut |place| {
        present.push(places[place]);
        ControlFlow::Continue(())
    });
    present
}

/// A folder of the project, and the places of version files in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PinFolder<'a> {
    /// The project's folder.
    pub(super) root: &'a Path,
    /// The folder.
    pub(super) folder: &'a Path,
    /// The places of all tools' version files, sorted.
    pub(super) places: &'a [&'static str],
    /// Those that it has.
    pub(super) present: &'a [&'static str],
}

/// Reads the version files of a folder of the project: the strongest of each tool first. Returns how
/// many places a comment ignores, too.
pub(super) fn read(session: &Session, of: PinFolder<'_>) -> (FileMentions, usize) {
    let mut found = FileMentions::default();
    let world = VersionFolder::read(of.folder, of.places, of.present);
    let (mut told, mut doubtful) = (BTreeSet::new(), Vec::new());
    let mut words = KnownWords::default();
    for known in session.registry.all() {
        let prospects = world.prospects(known.tool, &mut words);
        match prospects.iter().map(|(_, prospect)| *prospect).max() {
            Some(Prospect::Version) => {
                told.extend(prospects.iter().map(|(place, _)| *place));
                one_tool(session, (of, &world), known, &mut found);
            }
            Some(Prospect::Fault) => doubtful.push((known, prospects)),
            Some(Prospect::Nothing) | None => {}
        }
    }
    // One tool is enough to tell that a file can't be parsed.
    for (known, prospects) in doubtful {
        let mut is_new = |(place, prospect): &(&'static str, Prospect)| {
            *prospect == Prospect::Fault && told.insert(*place)
        };
        if prospects.iter().filter(|one| is_new(one)).count() > 0 {
            one_tool(session, (of, &world), known, &mut found);
        }
    }
    let mut ignored = 0;
    for (path, content) in world.files() {
        let relative = relative_path(of.root, path);
        read_surroundings((path, &relative), content, &mut found.mentions);
        ignored += without_ignored(&relative, content, &mut found);
    }
    (found, ignored)
}

/// What the lines around a version say of it: that it is the least, as a comment may; and how a
/// constraint is written.
fn read_surroundings((path, relative): (&Path, &Path), content: &[u8], mentions: &mut [Mention]) {
    let of_file = mentions.iter_mut().filter(|one| one.place.path == relative);
    let mut of_file = of_file.filter(|one| one.place.line > 0).peekable();
    if of_file.peek().is_none() {
        return;
    }
    let Ok(text) = decode(content) else { return };
    let lines: Vec<&str> = text.lines().collect();
    for mention in of_file {
        if mention.kind == MentionKind::Pin && says_minimum(&lines, mention.place.line) {
            as_minimum(mention.tool, &mut mention.requests);
        }
        // The text behind a link isn't repeated.
        let is_file = || fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
        if mention.kind == MentionKind::Constraint
            && mention.shown == shown(None, &mention.requests)
            && let Some(line) = lines.get(mention.place.line as usize - 1)
            && line.len() <= MAX_SHOWN
            && is_file()
        {
            line.trim().clone_into(&mut mention.shown);
        }
    }
}

fn one_tool(
    session: &Session,
    (of, world): (PinFolder<'_>, &VersionFolder<'_>),
    known: KnownTool<'_>,
    all: &mut FileMentions,
) {
    let tool = known.tool;
    let (root, folder) = (of.root, of.folder);
    let Some(call) = Call::for_main_program(tool) else { return };
    let found = search(world, &session.index, &call, &mut |finding| {
        match finding {
            Finding::Pin(pin) => {
                let pin = with_minimum(known, pin);
                all.mentions.extend(mention((root, folder), tool, &pin, MentionKind::Pin));
            }
            Finding::Constraint(pin) => {
                all.mentions.extend(mention((root, folder), tool, &pin, MentionKind::Constraint));
            }
            Finding::Broken(error, source) => {
                let (path, line) = match source {
                    ErrorSource::Text(FileLocation { path, line, .. }) => (path, line),
                    ErrorSource::File(path) => (path, 0),
                    ErrorSource::Variable => return ControlFlow::Continue(()),
                };
                let place = MentionPlace { path: relative_path(root, &path), line };
                all.broken.push(BrokenFile { place, what: reason(tool, &error) });
            }
            Finding::Skipped(Skipped::UnusablePin(error, FileLocation { path, line, .. })) => {
                let place = MentionPlace { path: relative_path(root, &path), line };
                all.notes.push(Note::about(Some(place), reason(tool, &error)));
            }
            Finding::Skipped(passed)
                if passed.is_unusable() || matches!(passed, Skipped::UnreadableFolder(_)) =>
            {
                let root = format!("{}/", Shown(root));
                all.notes.push(Note::about(None, passed.to_string().replace(&root, "")));
            }
            Finding::Skipped(_) | Finding::Default(_) => {}
        }
        ControlFlow::Continue(())
    });
    if let Err(error) = found {
        let place = MentionPlace { path: relative_path(root, folder), line: 0 };
        all.broken.push(BrokenFile { place, what: error.line() });
    }
}

/// Why a version file can't be used, without its path.
fn reason(tool: &Tool, error: &Error) -> String {
    match error.causes() {
        [] => error.line(),
        causes => format!("no version of {}: {}", tool.name, causes.join(": ")),
    }
}

/// A pin that lets projects use later versions, as the range that it is to them.
fn with_minimum(known: KnownTool<'_>, mut pin: Pin) -> Pin {
    let Origin::File(location) = &pin.origin else { return pin };
    let name = location.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if known.definition.check.is_minimum(name, location.field) {
        as_minimum(known.tool, &mut pin.requests);
    }
    pin
}

/// Requests as the least versions: 1.24.9 as `>=1.24.9`.
fn as_minimum(tool: &Tool, requests: &mut [Request]) {
    let field = VersionField {
        role: FieldRole::Constraint,
        dialect: Some(Dialect::Minimum),
        ..VersionField::pinning("")
    };
    for request in requests {
        if let Ok(minimum) = Request::parse_field(request.as_str(), tool, &field) {
            *request = minimum;
        }
    }
}

fn mention(
    (root, folder): (&Path, &Path),
    tool: &'static Tool,
    pin: &Pin,
    kind: MentionKind,
) -> Option<Mention> {
    let Origin::File(location) = &pin.origin else { return None };
    Some(Mention {
        tool,
        shown: shown(location.field, &pin.requests),
        requests: pin.requests.clone(),
        place: MentionPlace { path: relative_path(root, &location.path), line: location.line },
        kind,
        scope: MentionScope::Folder(relative_path(root, folder)),
        job: None,
        exempt: None,
        unquoted: None,
    })
}
