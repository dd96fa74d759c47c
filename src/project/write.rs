//! Writing a pin: the new text of its file, and replacing that file.

use std::fs;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::FileLocation;
use usher_shims::read::read;
use usher_shims::request::Request;
use usher_shims::tool::{Reader, Tool, VersionField, VersionFile};
use usher_shims::version::Version;

use super::spelling::{
    NewPin, first_request_text, text_for_field, text_for_plain_file, text_for_tool_versions,
};
use super::{PinLocation, PinTarget};
use crate::config::folders;
use crate::files::durable::make_folders;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;
use crate::project::edit;
use crate::session::{Session, read_text};

/// A pin that was written.
#[derive(Debug)]
pub struct WrittenPin {
    /// The file.
    pub path: PathBuf,
    /// The request, as it is in the file now.
    pub text: String,
    /// Whether the file changed.
    pub changed: bool,
}

/// Writes a pin; `version` is the one that the request means now, for files that need an exact one.
pub fn write_pin(
    session: &Session,
    target: &PinTarget,
    tool: &'static Tool,
    (request, version): (&Request, Option<&Version>),
) -> Result<WrittenPin> {
    let path = match target {
        PinTarget::Existing(pin_location) => pin_location.place.path.clone(),
        PinTarget::NewFile(path) => path.clone(),
        PinTarget::Default => session.folders.config.join("tool-versions"),
    };
    let before = read_text(&path)?.unwrap_or_default();
    let new_pin = NewPin { tool, request, version };
    let (after, text) = match target {
        PinTarget::Existing(pin_location) => edit_pin(&before, pin_location, &new_pin)?,
        PinTarget::NewFile(_) | PinTarget::Default => tool_versions(&before, &new_pin),
    };
    let changed = after != before;
    if changed {
        match target {
            // A project's files are written as the caller.
            PinTarget::Existing(_) | PinTarget::NewFile(_) => replace_file(&path, &after)?,
            PinTarget::Default => {
                write_default(&folders::write_access(&session.folders)?, &path, &after)?;
            }
        }
    }
    Ok(WrittenPin { path, text, changed })
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
            Ok((edit::plain::set(before, &text), text))
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

/// Replaces the user's default, which belongs to the owner of usher's folders.
fn write_default(_: &WriteAccess, path: &Path, text: &str) -> Result<()> {
    replace_file(path, text)
}

/// Replaces a file as a whole, keeping its mode; if it is a link, its target.
pub fn replace_file(path: &Path, text: &str) -> Result<()> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = real.parent().unwrap_or(&real);
    make_folders(folder)?;
    let replacement = FileReplacement {
        target: &real,
        staging: folder,
        prefix: ".tmp",
        mode: FileMode::SameAsBefore,
        durability: Durability::Synced,
    };
    replacement.write(text.as_bytes())
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
        let place = FileLocation {
            path: "/p/file".into(),
            line: found[0].line,
            field: None,
            is_in_directory: true,
        };
        let pin_location = PinLocation { place, file, field: found[0].field };
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
