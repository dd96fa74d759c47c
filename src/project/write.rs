//! Writing a pin: finding its file without leaving the project, its new text, and replacing it.

use std::fs;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::pin::FileLocation;
use usher_shims::read::{RawRequest, TOOL_VERSIONS, read};
use usher_shims::request::{Request, RequestTrust, looks_like_request};
use usher_shims::tool::{Reader, Tool, VersionField, VersionFile};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::spelling::{
    NewPin, first_request_text, instead_of_word, is_word, text_for_field, text_for_plain_file,
    text_for_tool_versions,
};
use super::version_text::{check_mistaken_text, check_version_text};
use super::{AssignedDefault, PinLocation, PinTarget};
use crate::config::folders;
use crate::files::account::with_owners_rights;
use crate::files::confined::{ConfinedFile, ConfinedFolder, command};
use crate::files::own_folder::OwnFolder;
use crate::files::replace::FileMode;
use crate::project::edit;
use crate::releases::updates::is_unknown_word;
use crate::session::Session;

/// A pin that was written.
#[derive(Debug)]
pub struct WrittenPin {
    /// The file.
    pub path: PathBuf,
    /// The request, as it is in the file now.
    pub text: String,
    /// Whether the file changed.
    pub changed: bool,
    /// Whether a version was written for a word that was typed.
    pub is_for_word: bool,
    /// What is no longer in its place and was not a version.
    pub in_place_of: Option<InvalidText>,
}

/// A text at a pin's place that is not a version.
#[derive(Debug)]
pub enum InvalidText {
    /// It may be repeated.
    Shown(String),
    /// It may be a secret.
    Hidden,
}

/// An error if a pin can't be written because of what is in its place now: a link out of the project,
/// or something else than a version file. `typed` is the command, for a hint.
pub fn check_target(
    session: &Session,
    target: &PinTarget,
    tool: &'static Tool,
    typed: &str,
) -> Result<()> {
    as_writer(session, target, || match target {
        PinTarget::Default if !session.folders.config.exists() => Ok(()),
        PinTarget::Assigned(assigned) if !assigned.folder.exists() => Ok(()),
        _ => {
            let found = open_file(session, target)?;
            found.check(tool).map_err(|reason| found.refusal(&reason, Some(typed)))
        }
    })
}

/// Writes a pin; `version` is the one that the request means on this day, for files that need an exact
/// one, and in a project for words, by the setting `pin_as`.
pub fn write_pin(
    session: &Session,
    target: &PinTarget,
    tool: &'static Tool,
    (request, version): (&Request, Option<&Version>),
) -> Result<WrittenPin> {
    as_writer(session, target, || {
        let file = find_file(session, target, tool)?;
        let before = file.text().unwrap_or_default();
        let instead = match keeps_words(target, before, tool) {
            true => None,
            false => version.filter(|_| is_word(request, version, tool)).and_then(|version| {
                let release_line = session.registry.named(tool.name).ok()?.definition.release_line;
                instead_of_word(version, tool, session.settings.pin_as, release_line)
            }),
        };
        let new_pin = NewPin { tool, request: instead.as_ref().unwrap_or(request), version };
        let (after, text) = match target {
            PinTarget::Existing(pin_location) => edit_pin(before, pin_location, &new_pin)?,
            PinTarget::Assigned(assigned) if before.is_empty() => {
                tool_versions(&format!("# the default for {}\n", assigned.label), &new_pin)
            }
            PinTarget::NewFile { .. } | PinTarget::Default | PinTarget::Assigned(_) => {
                tool_versions(before, &new_pin)
            }
        };
        let changed = after != before;
        let in_place_of = match target {
            PinTarget::Existing(location) if changed => {
                invalid_text(session, &file, location, tool)
            }
            _ => None,
        };
        if changed {
            file.replace(&after)?;
        }
        let is_for_word = instead.is_some();
        let path = file.path().to_path_buf();
        Ok(WrittenPin { path, text, changed, is_for_word, in_place_of })
    })
}

/// What a file has at a pin's place, if no version of the tool can be meant by it.
fn invalid_text(
    session: &Session,
    file: &ConfinedFile,
    location: &PinLocation,
    tool: &'static Tool,
) -> Option<InvalidText> {
    let known = session.registry.named(tool.name).ok()?;
    let text = file.text()?;
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = read(body, location.file, tool).ok()?.into_iter();
    let is_there = |raw: &RawRequest| location.field.is_none() || raw.field == location.field;
    let texts = found.find(is_there)?.texts;
    let parse = |text: &String| match location.field {
        Some(field) => Request::parse_field(text, tool, field),
        None => Request::parse(text, tool, RequestTrust::Project),
    };
    let is_valid = |text: &String| parse(text).is_ok_and(|one| !is_unknown_word(known, &one));
    let joined = texts.join(" ");
    match texts.iter().all(is_valid) {
        true => None,
        false if looks_like_request(&joined) && !file.is_linked() => {
            Some(InvalidText::Shown(joined))
        }
        false => Some(InvalidText::Hidden),
    }
}

/// Whether a word is written as it is: as a default, which may change its meaning, and in a file that
/// pins by a word already and whose own tool understands words.
fn keeps_words(target: &PinTarget, before: &str, tool: &'static Tool) -> bool {
    match target {
        PinTarget::Default | PinTarget::Assigned(_) => true,
        PinTarget::NewFile { .. } => false,
        PinTarget::Existing(location) => {
            location.file.reader != Reader::ToolVersions
                && request_at(before, location, tool).is_some_and(|old| is_word(&old, None, tool))
        }
    }
}

/// What removing a pin changes.
#[derive(Debug)]
pub struct PinRemoval {
    /// The file.
    pub path: PathBuf,
    /// The request that is removed; `None` if it isn't one, or if a link leads to the file.
    pub request: Option<Request>,
    /// What is removed, if it is not a version.
    pub invalid: Option<InvalidText>,
    /// Whether nothing else is in the file, so that it is deleted.
    pub deletes_file: bool,
}

/// What [`remove_pin`] would change; `None` if the file doesn't pin the tool.
pub fn planned_removal(
    session: &Session,
    target: &PinTarget,
    tool: &'static Tool,
) -> Result<Option<PinRemoval>> {
    as_writer(session, target, || Ok(removal(session, target, tool)?.map(|found| found.plan)))
}

/// Removes a tool's pin from its file; `None` if the file doesn't pin the tool.
pub fn remove_pin(
    session: &Session,
    target: &PinTarget,
    tool: &'static Tool,
) -> Result<Option<PinRemoval>> {
    as_writer(session, target, || {
        let Some(Removal { file, rest, plan }) = removal(session, target, tool)? else {
            return Ok(None);
        };
        match plan.deletes_file {
            true => file.delete()?,
            false => file.replace(&rest)?,
        }
        Ok(Some(plan))
    })
}

/// A removal, and the file with what is left of its text.
struct Removal {
    file: ConfinedFile,
    rest: String,
    plan: PinRemoval,
}

fn removal(session: &Session, target: &PinTarget, tool: &'static Tool) -> Result<Option<Removal>> {
    let folder = match target {
        PinTarget::Existing(_) | PinTarget::NewFile { .. } => None,
        PinTarget::Default => Some(&session.folders.config),
        PinTarget::Assigned(assigned) => Some(&assigned.folder),
    };
    if folder.is_some_and(|folder| !folder.exists()) {
        return Ok(None);
    }
    let file = find_file(session, target, tool)?;
    let before = file.text().unwrap_or_default();
    let (request, rest) = match target {
        PinTarget::Existing(location) => {
            let request = request_at(before, location, tool);
            (request, text_without_pin(before, location, tool)?)
        }
        PinTarget::NewFile { .. } | PinTarget::Default | PinTarget::Assigned(_) => {
            let names: Vec<&str> = tool.all_names().collect();
            let rest = edit::tool_versions::remove(before, &names);
            if rest == before {
                return Ok(None);
            }
            (default_request_in(before, tool), rest)
        }
    };
    let request = request.filter(|_| !file.is_linked());
    let deletes_file = match target {
        PinTarget::Existing(location) => is_dedicated(location.file) && is_blank(&rest),
        // The first line only says whose default it is.
        PinTarget::Assigned(_) => rest.lines().all(|line| line.trim_start().starts_with('#')),
        // The user's own folder; the file may be a link to one of their dotfiles.
        PinTarget::NewFile { .. } | PinTarget::Default => false,
    };
    let invalid = match target {
        PinTarget::Existing(location) => invalid_text(session, &file, location, tool),
        PinTarget::NewFile { .. } | PinTarget::Default | PinTarget::Assigned(_) => None,
    };
    let plan = PinRemoval { path: file.path().to_path_buf(), request, invalid, deletes_file };
    if let PinTarget::Existing(location) = target {
        refuse_useless_rest(&file, location, &rest, &plan)?;
    }
    Ok(Some(Removal { file, rest, plan }))
}

/// Whether a file exists for versions alone.
fn is_dedicated(file: &VersionFile) -> bool {
    matches!(file.reader, Reader::Plain | Reader::ToolVersions)
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

/// An error where what is left of a file would be no version file, so that every call fails: nothing
/// but comments or settings, or an empty file that a link leads to.
fn refuse_useless_rest(
    file: &ConfinedFile,
    location: &PinLocation,
    rest: &str,
    plan: &PinRemoval,
) -> Result<()> {
    let path = &location.place.path;
    let what = match location.file.reader {
        _ if plan.deletes_file && file.is_linked() => {
            format!("{} is a link to {}, which has only this pin", Shown(path), Shown(file.path()))
        }
        Reader::Plain if !is_blank(rest) => {
            format!("{} has only comments or settings besides this pin", Shown(path))
        }
        Reader::Plain
        | Reader::ToolVersions
        | Reader::Json
        | Reader::Toml
        | Reader::Keys
        | Reader::Lines
        | Reader::Call => return Ok(()),
    };
    Err(Error::new(ErrorKind::BadFile, what)
        .because("without a version, it can't be used")
        .hint(command("rm", &[path])))
}

/// The request that a file has at a pin's place.
fn request_at(text: &str, location: &PinLocation, tool: &'static Tool) -> Option<Request> {
    if let Some(field) = location.field {
        let text = field_text(text, location, field, tool)?;
        return Request::parse_field(&text, tool, field).ok();
    }
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = first_request_text(read(body, location.file, tool).ok()?)?;
    Request::parse(&text, tool, RequestTrust::Project).ok()
}

/// The user's request for a tool in a file of defaults.
fn default_request_in(text: &str, tool: &'static Tool) -> Option<Request> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = first_request_text(read(body, &TOOL_VERSIONS, tool).ok()?)?;
    Request::parse(&text, tool, RequestTrust::User).ok()
}

/// The text of a project's file without a pin.
fn text_without_pin(before: &str, location: &PinLocation, tool: &'static Tool) -> Result<String> {
    let file = location.file;
    let rest = match (file.reader, location.field) {
        (Reader::Plain, _) => Some(edit::plain::remove(before)),
        (Reader::ToolVersions, _) => {
            let names: Vec<&str> = tool.all_names().collect();
            Some(edit::tool_versions::remove(before, &names))
        }
        (_, Some(field)) => {
            let count = |text: &str| requests_of_field(text, file, field, tool);
            let rest = remove_field(before, location, field)?;
            // Only if the reader agrees that it is gone.
            rest.filter(|rest| count(rest).is_some_and(|now| Some(now) < count(before)))
        }
        (_, None) => None,
    };
    rest.filter(|rest| rest != before).ok_or_else(|| cannot_edit(&location.place, tool))
}

fn remove_field(
    before: &str,
    location: &PinLocation,
    field: &VersionField,
) -> Result<Option<String>> {
    let keys: Vec<&str> = field.path.split('.').collect();
    let line = location.place.line;
    let path = &location.place.path;
    match (location.file.reader, field.entry_name) {
        (Reader::Plain | Reader::ToolVersions, _) => Ok(None),
        (Reader::Json, Some(name)) => {
            edit::json::remove_named(before, &keys, name).map_err(|fault| fault.in_file(path))
        }
        (Reader::Json, None) => {
            edit::json::remove(before, &keys).map_err(|fault| fault.in_file(path))
        }
        (Reader::Toml, _) => Ok(edit::toml::remove(before, &keys)),
        (Reader::Keys, _) => Ok(edit::keys::remove(before, line)),
        (Reader::Lines, _) => Ok(edit::pattern::remove(before, line, field.path)),
        (Reader::Call, _) => Ok(edit::call::remove(before, field.path)),
    }
}

/// How many requests a file has in a field; `None` if it can't be read.
fn requests_of_field(
    text: &str,
    file: &VersionFile,
    field: &VersionField,
    tool: &'static Tool,
) -> Option<usize> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let found = read(body, file, tool).ok()?;
    Some(found.iter().filter(|written| written.field == Some(field)).count())
}

/// Runs `write` as the account that the file belongs to: the user's default as the owner of usher's
/// folders, a project's files as the caller.
fn as_writer<T>(
    session: &Session,
    target: &PinTarget,
    write: impl FnOnce() -> Result<T>,
) -> Result<T> {
    match target {
        PinTarget::Default => {
            let _access = folders::write_access(&session.folders)?;
            with_owners_rights(&session.folders.config, write)
        }
        PinTarget::Assigned(_) => {
            let _access = folders::write_access(&session.folders)?;
            write()
        }
        PinTarget::Existing(_) | PinTarget::NewFile { .. } => write(),
    }
}

/// The file of a target, and what it is.
struct FoundFile {
    file: ConfinedFile,
    /// Its path as it is named where the pin is.
    asked: PathBuf,
    reader: Reader,
}

/// Reads the file of a target, if it is a version file.
fn find_file(session: &Session, target: &PinTarget, tool: &'static Tool) -> Result<ConfinedFile> {
    let found = open_file(session, target)?;
    match found.check(tool) {
        Ok(()) => Ok(found.file),
        Err(reason) => Err(found.refusal(&reason, None)),
    }
}

/// Reads the file of a target.
fn open_file(session: &Session, target: &PinTarget) -> Result<FoundFile> {
    let directory = session.world.directory();
    let directory = directory.map_err(|error| Error::io("find", Path::new("."), error))?;
    let (file, asked, reader) = match target {
        PinTarget::Existing(PinLocation { place, project, file, .. }) => {
            (project_file(&directory, project, &place.path)?, place.path.clone(), file.reader)
        }
        PinTarget::NewFile { path, project } => {
            (project_file(&directory, project, path)?, path.clone(), Reader::ToolVersions)
        }
        PinTarget::Default => {
            let path = session.folders.default_file();
            (config_file(&session.folders, &path)?, path, Reader::ToolVersions)
        }
        PinTarget::Assigned(AssignedDefault { folder, number, .. }) => {
            OwnFolder::create(folder)?;
            let name = number.to_string();
            let confined = ConfinedFolder::open(folder, "usher's configuration folder")?;
            (confined.file(Path::new(&name))?, folder.join(&name), Reader::ToolVersions)
        }
    };
    Ok(FoundFile { file, asked, reader })
}

impl FoundFile {
    /// The reason why it is no version file. One that a link leads to may be another file of the user's.
    fn check(&self, tool: &Tool) -> std::result::Result<(), String> {
        let Some(text) = self.file.text() else { return Ok(()) };
        match self.file.is_linked() {
            true => check_version_text(text, self.reader, tool),
            false => check_mistaken_text(text, self.reader, tool),
        }
    }

    /// The error for a file that contains something else, with what is typed `then`. Its text isn't
    /// quoted.
    fn refusal(&self, reason: &str, then: Option<&str>) -> Error {
        let Self { file, asked, .. } = self;
        let shown = Shown(asked);
        let (what, hint) = match file.is_linked() {
            true => {
                let what = format!("{shown} is a link to {}", Shown(file.path()));
                (format!("{what}, which is not a version file"), command("rm", &[asked]))
            }
            false => (format!("{shown} is not a version file"), move_away(asked)),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " @._-+/".contains(c);
        let then = then.filter(|then| then.chars().all(is_plain));
        let hint = then.map_or_else(|| hint.clone(), |then| format!("{hint} && {then}"));
        Error::new(ErrorKind::BadFile, what).because(reason).hint(hint)
    }
}

/// Finds a file of the project, from the working directory up.
pub(super) fn project_file(directory: &Path, project: &Path, path: &Path) -> Result<ConfinedFile> {
    ConfinedFolder::open_above(directory, project, "this project")?.file(path)
}

/// Changes a file in usher's configuration folder, as the owner of that folder: `change` is given its
/// text and returns the new one. `mode` is that of a new file.
pub fn change_config_file(
    folders: &Folders,
    path: &Path,
    mode: FileMode,
    change: impl FnOnce(&str) -> Result<String>,
) -> Result<()> {
    let _access = folders::write_access(folders)?;
    with_owners_rights(&folders.config, || {
        let file = config_file(folders, path)?;
        let before = file.text().unwrap_or_default();
        let after = change(before)?;
        match after == before {
            true => Ok(()),
            false => file.replace_or_create(&after, mode),
        }
    })
}

/// A file in usher's configuration folder may be a link to one in the home folder: a repository of
/// dotfiles.
fn config_file(folders: &Folders, path: &Path) -> Result<ConfinedFile> {
    let config = &folders.config;
    OwnFolder::create(config)?;
    let config = fs::canonicalize(config).map_err(|error| Error::io("read", config, error))?;
    let home = folders.user_home.as_ref().and_then(|home| fs::canonicalize(home).ok());
    let folder = match home.filter(|home| config.starts_with(home)) {
        Some(home) => ConfinedFolder::open(&home, "your home folder"),
        None => ConfinedFolder::open(&config, "usher's configuration folder"),
    };
    folder?.file(&config.join(path.file_name().unwrap_or_default()))
}

/// `mv /p/.nvmrc /p/.nvmrc.old`
fn move_away(path: &Path) -> String {
    let mut other = path.as_os_str().to_owned();
    other.push(".old");
    command("mv", &[path, Path::new(&other)])
}

/// The new text of a file that pins the tool already, and the request as that text spells it.
fn edit_pin(
    before: &str,
    pin_location: &PinLocation,
    new_pin: &NewPin<'_>,
) -> Result<(String, String)> {
    match (pin_location.file.reader, pin_location.field) {
        (Reader::Plain, _) => {
            let text = text_for_plain_file(&pin_location.place.path, new_pin.request);
            let tool = new_pin.tool;
            let names: Vec<&str> = tool.all_names().chain(tool.prefixes.iter().copied()).collect();
            Ok((edit::plain::set(before, &names, &text), text))
        }
        (Reader::ToolVersions, _) => Ok(tool_versions(before, new_pin)),
        (_, Some(field)) => change_field(before, pin_location, field, new_pin),
        (_, None) => Err(cannot_edit(&pin_location.place, new_pin.tool)),
    }
}

fn tool_versions(before: &str, new_pin: &NewPin<'_>) -> (String, String) {
    let text = text_for_tool_versions(before, new_pin);
    let names: Vec<&str> = new_pin.tool.all_names().collect();
    (edit::tool_versions::set(before, &names, &text), text)
}

/// A field's new value. It is written only if the reader would find it there.
fn change_field(
    before: &str,
    pin_location: &PinLocation,
    field: &'static VersionField,
    new_pin: &NewPin<'_>,
) -> Result<(String, String)> {
    let NewPin { tool, request, version } = *new_pin;
    let old = field_text(before, pin_location, field, tool).unwrap_or_default();
    let Some(text) = text_for_field(&old, field, new_pin) else {
        return Err(needs_exact_version(&pin_location.place, tool, request));
    };
    let is_flavoured = version.is_some_and(|version| !version.flavour().is_empty());
    let edited = match has_separate_flavour_field(pin_location.file, field) && is_flavoured {
        true => None,
        false => edit_field(before, pin_location, field, &text)?,
    };
    let parse = |text: &str| Request::parse_field(text, tool, field).ok();
    let found = edited.and_then(|after| {
        let now = field_text(&after, pin_location, field, tool)?;
        let means = |text: &str| parse(text).map(|request| request.kind().clone());
        (means(&now).is_some() && means(&now) == means(&text)).then_some((after, now))
    });
    found.ok_or_else(|| cannot_edit(&pin_location.place, tool))
}

fn edit_field(
    before: &str,
    pin_location: &PinLocation,
    field: &VersionField,
    text: &str,
) -> Result<Option<String>> {
    let keys: Vec<&str> = field.path.split('.').collect();
    let line = pin_location.place.line;
    match (pin_location.file.reader, field.entry_name) {
        (Reader::Plain | Reader::ToolVersions, _) => Ok(None),
        (Reader::Json, Some(name)) => edit::json::set_named(before, &keys, name, text)
            .map_err(|fault| fault.in_file(&pin_location.place.path)),
        (Reader::Json, None) => edit::json::set(before, &keys, text)
            .map_err(|fault| fault.in_file(&pin_location.place.path)),
        (Reader::Toml, _) => Ok(edit::toml::set(before, &keys, text)),
        (Reader::Keys, _) => Ok(edit::keys::set(before, line, text)),
        (Reader::Lines, _) => Ok(edit::pattern::set(before, line, field.path, text)),
        (Reader::Call, _) => Ok(edit::call::set(before, field.path, text)),
    }
}

/// The text of a field.
fn field_text(
    text: &str,
    pin_location: &PinLocation,
    field: &VersionField,
    tool: &'static Tool,
) -> Option<String> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = read(body, pin_location.file, tool).ok()?;
    found.retain(|written| written.field == Some(field));
    first_request_text(found)
}

/// Whether such a file has flavours in another field than this one.
fn has_separate_flavour_field(file: &VersionFile, field: &VersionField) -> bool {
    let has = |field: &VersionField| field.path.contains("{flavour}");
    file.fields.iter().any(has) && !has(field)
}

/// The error for a pin that usher can't change.
pub(super) fn cannot_edit(location: &FileLocation, tool: &Tool) -> Error {
    Error::new(ErrorKind::BadFile, format!("can't change the pin of {} in {location}", tool.name))
        .hint("change it by hand")
}

/// The error where the file needs an exact version, and the request means none.
pub(super) fn needs_exact_version(
    location: &FileLocation,
    tool: &Tool,
    request: &Request,
) -> Error {
    let tool = tool.name;
    Error::new(ErrorKind::BadFile, format!("{location} needs an exact version of {tool}"))
        .because(format!("{tool} {request} is not an exact version"))
        .hint(format!("use available {tool}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_shims::range::Dialect;
    use usher_shims::request::RequestTrust;
    use usher_shims::tool::{FieldRole, TOOLS};

    /// A tool with vendors, whose versions another manager spells its own way.
    static TOOL: Tool = Tool {
        name: "java",
        title: "Java",
        names: &[],
        programs: &["java"],
        variables: &[],
        dialect: Dialect::Npm,
        version_components: 3,
        prefixes: &[],
        normalize: &[
            ("{}u{}", "{}.0.{}"),
            ("1.{}", "{}"),
            ("temurin64-1.{}", "temurin-{}"),
            ("{}-tem", "temurin-{}"),
            ("{}-zulu", "zulu-{}"),
        ],
        vendors: &["temurin", "zulu"],
        runtime: None,
        built_for: None,
        files: &[],
        ..TOOLS[0]
    };

    const FIELD: VersionField = VersionField::pinning("java");

    const EXACT: VersionField = VersionField { exact: true, ..FIELD };

    const ENGINE: &str = "java \"{_}\", engine: \"{flavour}\", engine_version: \"{}\"";

    static SDKMANRC: VersionFile = file(Reader::Keys, &[EXACT]);
    static ENV: VersionFile = file(Reader::Keys, &[FIELD]);
    static MISE: VersionFile = file(Reader::Toml, &[VersionField { path: "tools.java", ..FIELD }]);
    static PACKAGE: VersionFile = file(
        Reader::Json,
        &[VersionField { path: "packageManager", entry_name: Some("java"), ..EXACT }],
    );
    static PLATFORM: VersionFile = file(
        Reader::Json,
        &[VersionField { path: "platform.java", version_components: 2, ..FIELD }],
    );
    static GEMFILE: VersionFile = file(
        Reader::Lines,
        &[
            VersionField { path: ENGINE, ..EXACT },
            VersionField { path: "java \"{}\"", role: FieldRole::Either, ..FIELD },
        ],
    );
    static GO_MOD: VersionFile =
        file(Reader::Lines, &[VersionField { path: "toolchain go{}", ..EXACT }]);

    const fn file(reader: Reader, fields: &'static [VersionField]) -> VersionFile {
        VersionFile::new("file", reader, fields)
    }

    fn check(
        (file, before): (&'static VersionFile, &str),
        (request, version): (&str, Option<&str>),
        after: &str,
    ) {
        let found = read(before, file, &TOOL).unwrap();
        let place =
            FileLocation { line: found[0].line, ..FileLocation::of_file("/p/file".into(), true) };
        let pin_location = PinLocation { place, project: "/p".into(), file, field: found[0].field };
        let request = Request::parse(request, &TOOL, RequestTrust::User).unwrap();
        let version = version.map(|version| Version::parse(version).unwrap());
        let new_pin = NewPin { tool: &TOOL, request: &request, version: version.as_ref() };
        let outcome = edit_pin(before, &pin_location, &new_pin);
        let printed = outcome.map_or_else(|error| error.what, |(after, _)| after);
        assert_eq!(printed, after, "{request} in {before:?}");
        if let Ok((again, _)) = edit_pin(after, &pin_location, &new_pin) {
            assert_eq!(again, after, "twice is once");
        }
    }

    #[test]
    fn the_value_is_written_in_the_style_of_its_file() {
        let zulu = ("zulu", Some("zulu-21.0.5+11"));
        let temurin = ("21", Some("temurin-21.0.5+11"));
        check((&SDKMANRC, "# x\njava=17.0.9-tem\n"), temurin, "# x\njava=21.0.5-tem\n");
        check((&SDKMANRC, "java=17.0.9-tem\n"), zulu, "java=21.0.5-zulu\n");
        check((&SDKMANRC, "java=17.0.9-zulu\n"), temurin, "java=21.0.5-tem\n");
        check((&SDKMANRC, "java=1.8.0\n"), ("21", Some("21.0.5")), "java=21.0.5\n");
        check((&SDKMANRC, "java=8u402\n"), ("8", Some("8.0.432")), "java=8.0.432\n");
        check((&SDKMANRC, "java=17.0.9\n"), temurin, "java=temurin-21.0.5+11\n");
        check((&ENV, "java='17' # x\n"), ("21", None), "java='21' # x\n");
        check((&ENV, "java=17.0.9-tem\n"), ("21", Some("21.0.5")), "java=21\n");
        check((&MISE, "[tools]\njava = [\"17\", '11']"), temurin, "[tools]\njava = [\"21\"]");
        check(
            (&PACKAGE, r#"{"packageManager": "java@9.1.0+sha512.a1"}"#),
            ("9", Some("9.2.0")),
            r#"{"packageManager": "java@9.2.0"}"#,
        );
        check(
            (&PLATFORM, r#"{"platform": {"java": "8.1.0"}}"#),
            ("8.2", Some("8.2.9")),
            r#"{"platform": {"java": "8.2.9"}}"#,
        );
        check(
            (&GO_MOD, "go 1.22\n\ntoolchain go20.0.1 // x\n"),
            ("21", Some("21.0.5")),
            "go 1.22\n\ntoolchain go21.0.5 // x\n",
        );
    }

    #[test]
    fn rewriting_a_pin_never_makes_it_a_constraint() {
        check((&GEMFILE, "java '3.2.1' # x\n"), ("3.3", None), "java '3.3' # x\n");
        check((&GEMFILE, "java '3.2'\n"), (">=3", Some("3.3.0")), "java '3.3.0'\n");
        let engine =
            |version: &str| format!("java '3.1', engine: 'j', engine_version: '{version}'\n");
        check((&GEMFILE, &engine("9.4.8")), ("j-9", Some("j-9.5.0")), &engine("9.5.0"));
    }

    #[test]
    fn edits_with_another_meaning_are_refused() {
        let cannot = "can't change the pin of java in file:1";
        check((&GEMFILE, "java '3.2.1'\n"), ("j-9", Some("j-9.5.0")), cannot);
        let engine = "java '3.1', engine: 'j', engine_version: '9.4.8'";
        check((&GEMFILE, engine), ("3.3", Some("3.3.0")), cannot);
        check((&ENV, "java='17'\n"), ("21", None), "java='21'\n");
        let exact = "file:1 needs an exact version of java";
        check((&SDKMANRC, "java=17.0.9-tem\n"), ("system", None), exact);
        check((&GO_MOD, "toolchain go1.22.5"), ("system", None), exact);
        let list = "[tools]\njava = ['17', { version = '11' }]";
        let cannot = "can't change the pin of java in file:2";
        check((&MISE, list), ("21", None), cannot);
    }
}
