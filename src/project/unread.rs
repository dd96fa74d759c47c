//! Version files that no shim reads, since they have no fixed name or count in some environments only.
//! `use check` compares what they name, `use why` mentions it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use usher_definition::UnreadFile;
use usher_shims::error::Shown;
use usher_shims::read::{decode, read};
use usher_shims::request::{Request, looks_like_request};
use usher_shims::tool::{Reader, Tool, VersionField};
use usher_shims::world::World as _;

use super::project_root;
use crate::registry::KnownTool;
use crate::session::Session;

/// The most such files in a folder that are read.
const MAX_FILES: usize = 100;

/// A field of such a file.
#[derive(Debug)]
pub struct UnreadField {
    /// The line, counted from 1.
    pub line: u32,
    /// The field.
    pub field: &'static VersionField,
    /// The requests, or why they are none.
    pub requests: Result<Vec<Request>, &'static str>,
}

/// The fields of a tool in the text of a file, or why it can't be parsed.
pub fn fields(text: &str, file: &UnreadFile, tool: &Tool) -> Result<Vec<UnreadField>, String> {
    let text = &without_comments(text, file);
    let mut lines = BTreeSet::new();
    // Of several patterns for a line the first one counts.
    let found =
        read(text, &file.of_tool(tool), tool)?.into_iter().filter(|raw| lines.insert(raw.line));
    let found = found.filter_map(|raw| {
        let field = raw.field?;
        let parse = |text: &String| Request::parse_field(text, tool, field);
        let requests = match raw.texts.is_empty() {
            true => Err("it is not a plain value"),
            false => raw.texts.iter().map(parse).collect(),
        };
        Some(UnreadField { line: raw.line, field, requests })
    });
    Ok(found.collect())
}

/// The text without the lines that are comments, or within one, where lines are searched for a
/// pattern. One with a `#` the pattern itself refuses.
fn without_comments<'t>(text: &'t str, file: &UnreadFile) -> Cow<'t, str> {
    if file.reader != Reader::Lines || !(text.contains("//") || text.contains("/*")) {
        return Cow::Borrowed(text);
    }
    let is_comment = |line: &str| ["//", "/*", "*"].iter().any(|mark| line.starts_with(mark));
    let line = |line: &'t str| if is_comment(line.trim_start()) { "" } else { line };
    Cow::Owned(text.lines().map(line).collect::<Vec<_>>().join("\n"))
}

/// What such a file says of a tool.
#[derive(Debug)]
pub struct UnreadNotice {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1, if it can be parsed.
    pub line: Option<u32>,
    /// What it says, for people.
    pub text: String,
}

/// What these files say of a tool, from the working directory up to the project's folder, nearest
/// first.
pub fn named_above(session: &Session, known: KnownTool<'_>) -> Vec<UnreadNotice> {
    let Ok(directory) = session.world.directory() else { return Vec::new() };
    let Ok(Some(root)) = project_root(session, &directory) else { return Vec::new() };
    let folders = directory.ancestors().take_while(|folder| folder.starts_with(&root));
    folders.flat_map(|folder| named_in(session, known, folder)).collect()
}

fn named_in(session: &Session, known: KnownTool<'_>, folder: &Path) -> Vec<UnreadNotice> {
    let mut lines = Vec::new();
    for file in session.registry.unread_files(known) {
        let folders: BTreeSet<&str> = file.folders().collect();
        let paths = folders.into_iter().flat_map(|below| paths_in(&folder.join(below)));
        let is_read = |path: &Path| known.tool.files.iter().any(|read| read.is_at(path));
        for path in paths.filter(|path| file.is_at(path) && !is_read(path)).take(MAX_FILES) {
            lines.extend(named(session, known.tool, file, &path));
        }
    }
    lines
}

/// The paths in a folder, by name.
fn paths_in(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

/// What one file says. The text behind a link isn't repeated.
fn named(session: &Session, tool: &Tool, file: &UnreadFile, path: &Path) -> Vec<UnreadNotice> {
    let Ok(content) = session.world.read(path) else { return Vec::new() };
    let is_linked = session.world.identity_without_links(path) != Some(content.meta.identity);
    let found = decode(&content.bytes).map(|text| fields(&text, file, tool));
    let shown = Shown(path);
    let notice = |line, text| UnreadNotice { path: path.to_path_buf(), line, text };
    let Ok(Ok(found)) = found else {
        return vec![notice(None, format!("{shown} can't be parsed"))];
    };
    let text = |found: &UnreadField| {
        let texts = match &found.requests {
            Ok(requests) => requests.iter().map(Request::to_string).collect(),
            Err(reason) => return format!("{shown}:{}: {reason}", found.line),
        };
        let texts: Vec<String> = texts;
        let may_be_shown = !is_linked && texts.iter().all(|text| looks_like_request(text));
        let what = if may_be_shown { texts.join(" ") } else { "a version".to_owned() };
        format!("{shown}:{} names {what}: no shim reads it", found.line)
    };
    found.iter().map(|found| notice(Some(found.line), text(found))).collect()
}
