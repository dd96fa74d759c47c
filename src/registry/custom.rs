//! Custom tools: the files of definitions in the user's configuration folder and the machine's, and
//! their errors.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use usher_definition::{Common, Definition};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::index::fingerprint;
use usher_shims::tool::Tool;
use usher_shims::world::FileContent;

use crate::files::own_folder::{OwnFolder, Refusal};

/// A file that defines a custom tool.
#[derive(Debug)]
pub struct CustomToolFile {
    /// The file.
    pub path: PathBuf,
    /// Its fingerprint when it was read; empty if it can't be.
    pub fingerprint: String,
    /// Its text, or why it can't be read.
    text: Result<String>,
}

/// All files of custom tools, the machine's before the user's, which are stronger.
/// [`ErrorKind::Permission`] if another account could have written one.
pub fn files(folders: &Folders) -> Result<Vec<CustomToolFile>> {
    let mut configurations = vec![&folders.machine_config];
    configurations.extend((folders.config != folders.machine_config).then_some(&folders.config));
    let mut files = Vec::new();
    for configuration in configurations {
        let Some(configuration) = OwnFolder::open(configuration)? else { continue };
        let Some(folder) = configuration.folder(OsStr::new("registry"))? else { continue };
        for name in names(&folder)? {
            files.extend(file(&folder, &name)?);
        }
    }
    Ok(files)
}

/// The names of the definitions in a folder, in their order; a folder that can't be listed has none.
fn names(folder: &OwnFolder) -> Result<BTreeSet<OsString>> {
    let is_definition = |name: &OsString| {
        let is_toml = Path::new(name).extension().is_some_and(|extension| extension == "toml");
        is_toml && name.as_encoded_bytes()[0] != b'.'
    };
    match folder.names() {
        Ok(names) => Ok(names.into_iter().filter(is_definition).collect()),
        Err(Refusal::Planted(error)) => Err(error),
        Err(Refusal::Failed(_)) => Ok(BTreeSet::new()),
    }
}

/// A definition; `None` if it was just deleted.
fn file(folder: &OwnFolder, name: &OsStr) -> Result<Option<CustomToolFile>> {
    let path = folder.path().join(name);
    let (fingerprint, text) = match folder.read(name) {
        Ok(None) => return Ok(None),
        Ok(Some(FileContent { bytes, meta })) => {
            let text = String::from_utf8(bytes);
            let not_utf8 = |_| definition_error(&path, None, "it is not UTF-8");
            (fingerprint(&meta), text.map_err(not_utf8))
        }
        Err(Refusal::Planted(error)) => return Err(error),
        Err(Refusal::Failed(error)) => (String::new(), Err(error)),
    };
    Ok(Some(CustomToolFile { path, fingerprint, text }))
}

/// The tool that a file defines.
pub(super) fn definition(
    file: &CustomToolFile,
    common: &Common,
) -> Result<(Definition, &'static Tool)> {
    let text = file.text.clone()?;
    let (tool, definition) = Definition::parse(&text).map_err(|refusal| {
        let line = refusal.line.and_then(|line| Some((line, text.lines().nth(line - 1)?)));
        definition_error(&file.path, line, &refusal.reason)
    })?;
    Ok((definition, Box::leak(Box::new(common.complete(&tool)))))
}

/// The error for a custom tool with a runtime that doesn't exist.
pub(super) fn missing_runtime(file: &CustomToolFile, host: &str) -> Error {
    let reason = format!("{host} can't be the runtime of other tools");
    definition_error(&file.path, None, &reason)
}

/// The error for a custom tool that has the name of a verb.
pub(super) fn named_as_verb(file: &CustomToolFile, verb: &str) -> Error {
    let reason = format!("{verb} is a verb of use");
    definition_error(&file.path, None, &reason).because(format!(
        "rename the tool; until then, use {verb}@REQUEST means it, and use {verb} the verb"
    ))
}

/// The error for a file, with its line.
fn definition_error(path: &Path, line: Option<(usize, &str)>, reason: &str) -> Error {
    let location = match line {
        Some((number, _)) => format!("{}:{number}", Shown(path)),
        None => Shown(path).to_string(),
    };
    let reason = Escaped(reason);
    let error =
        Error::new(ErrorKind::BadFile, format!("invalid tool definition {location}: {reason}"));
    match line.map(|(_, text)| text.trim()).filter(|text| !text.is_empty()) {
        Some(text) => error.because(format!("the line: {}", Escaped(text))),
        None => error,
    }
}
