//! Custom tools: the files of definitions in the user's configuration folder and the machine's, and
//! their errors.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use usher_definition::{Common, Definition};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::index::fingerprint;
use usher_shims::tool::Tool;
use usher_shims::world::{FileContent, World};

/// A file that defines a custom tool.
#[derive(Debug)]
pub struct CustomToolFile {
    /// The file.
    pub path: PathBuf,
    /// Its fingerprint when it was read.
    pub fingerprint: String,
    /// Its text, or why it can't be read.
    text: Result<String>,
}

/// All files of custom tools, the machine's before the user's, which are stronger.
pub fn files(world: &impl World, folders: &Folders) -> Vec<CustomToolFile> {
    let mut configurations = vec![&folders.machine_config];
    configurations.extend((folders.config != folders.machine_config).then_some(&folders.config));
    let paths = configurations.into_iter().flat_map(|folder| paths(&folder.join("registry")));
    paths.filter_map(|path| file(world, path)).collect()
}

/// The definitions in a folder, in the order of their names; a folder that can't be listed has
/// none.
fn paths(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_definition = |path: &PathBuf| {
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        !is_hidden && path.extension().is_some_and(|extension| extension == "toml")
    };
    entries.map(|entry| entry.path()).filter(is_definition).collect()
}

fn file(world: &impl World, path: PathBuf) -> Option<CustomToolFile> {
    let (seen, text) = match world.read(&path) {
        Ok(FileContent { bytes, meta }) => {
            let text = String::from_utf8(bytes);
            (meta, text.map_err(|_| definition_error(&path, None, "it is not UTF-8")))
        }
        Err(error) => (world.metadata(&path).ok().flatten()?, Err(Error::io("read", &path, error))),
    };
    Some(CustomToolFile { path, fingerprint: fingerprint(&seen), text })
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
    let tool =
        common.complete(&tool).map_err(|reason| definition_error(&file.path, None, &reason))?;
    Ok((definition, Box::leak(Box::new(tool))))
}

/// The error for a custom tool with a runtime that doesn't exist.
pub(super) fn missing_runtime(file: &CustomToolFile, host: &str) -> Error {
    let reason = format!("{host} can't be the runtime of other tools");
    definition_error(&file.path, None, &reason)
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
