//! The tables between the markers of `docs/version-files.md` are made from the registry and the
//! suite, and compared. Where they differ, the expected table is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use usher_definition::{Common, Definition};
use usher_shims::tool::{DEFINITIONS, FieldRole, Reader, TOOLS, VersionField, VersionFile};

use super::all;
use super::format::{Case, Content, Odd};

const PAGE: &str = "docs/version-files.md";

#[test]
fn the_page_lists_files_of_every_tool_in_order() {
    check("files", &files());
}

#[test]
fn the_page_lists_the_fields_of_each_file() {
    check("contents", &contents());
}

#[test]
fn the_page_lists_other_managers_defaults() {
    check("defaults", &defaults());
}

#[test]
fn the_page_lists_files_that_no_shim_reads() {
    check("unread", &unread());
}

#[test]
fn the_page_lists_differences_to_other_tools() {
    check("differences", &differences());
}

/// Compares the text between a marker and its end.
#[track_caller]
fn check(marker: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(path).expect("read the page");
    let begin = format!("<!-- {marker} -->\n");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{PAGE} has no {begin}"));
    let (found, _) = rest.split_once("<!-- end -->").expect("the end of a table");
    assert!(
        found.trim() == expected.trim(),
        "{PAGE} is out of step; below {begin}it must contain\n\n{expected}\n"
    );
}

/// A table of tools, each with its files in the order in which they are read.
fn files() -> String {
    let mut table = "| tool | within a folder, strongest first |\n|---|---|\n".to_owned();
    for tool in TOOLS {
        let mut names: Vec<String> =
            tool.files.iter().map(|file| format!("`{}`", file.name)).collect();
        for (name, file) in names.iter_mut().zip(tool.files) {
            if !file.places.is_empty() {
                name.push_str(" and its other places");
            }
        }
        let _ = writeln!(table, "| {} | {} |", tool.name, names.join(", "));
    }
    table
}

/// A table of files, each with what is read of it for which tool.
fn contents() -> String {
    let mut table =
        "| file | for | what is read | only for versions |\n|---|---|---|---|\n".to_owned();
    let common = common();
    for file in common.before.iter().chain(&common.after) {
        table += &row(file, "all");
    }
    for (_, text) in DEFINITIONS {
        let (tool, _) = Definition::parse(text).expect("what was compiled in");
        for file in tool.files {
            table += &row(file, tool.name);
        }
    }
    table
}

fn common() -> Common {
    let common = Path::new(env!("CARGO_MANIFEST_DIR")).join("registry/common.toml");
    let common = fs::read_to_string(common).expect("read what holds for every tool");
    Common::parse(&common).expect("what was compiled in")
}

/// A table of the files in which other managers keep a user's default.
fn defaults() -> String {
    let mut table = "| for | folder, the first that is set | file |\n|---|---|---|\n".to_owned();
    let common = common();
    let definitions: Vec<_> = DEFINITIONS
        .iter()
        .map(|(_, text)| Definition::parse(text).expect("what was compiled in").0)
        .collect();
    let own = definitions
        .iter()
        .flat_map(|tool| tool.defaults.iter().map(|default| (tool.name, default)));
    for (tool, default) in common.default.iter().map(|default| ("all", default)).chain(own) {
        let file = &default.file;
        let places = if file.places.is_empty() { vec![file.name] } else { file.places.to_vec() };
        let folders = default.folders.join("`, `");
        let _ = writeln!(table, "| {tool} | `{folders}` | `{}` |", places.join("`, `"));
    }
    table
}

/// A table of the version files that only `use check` and `use why` read.
fn unread() -> String {
    let mut table = "| for | file | what is read |\n|---|---|---|\n".to_owned();
    let common = common();
    let definitions: Vec<_> = DEFINITIONS
        .iter()
        .map(|(_, text)| Definition::parse(text).expect("what was compiled in"))
        .collect();
    let own = definitions
        .iter()
        .flat_map(|(tool, rest)| rest.check.files.iter().map(|file| (tool.name, file)));
    for (tool, file) in common.unread.iter().map(|file| ("all", file)).chain(own) {
        let fields = file.fields.join("`<br>`").replace("{name}", "TOOL").replace('|', "\\|");
        let role = match (file.conditional, file.role) {
            (true, _) => "; not compared",
            (false, FieldRole::Pin) => "",
            (false, FieldRole::Constraint | FieldRole::Either) => ", a constraint",
        };
        let _ = writeln!(table, "| {tool} | `{}` | `{fields}`{role} |", file.places.join("`, `"));
    }
    table
}

fn row(file: &VersionFile, tool: &str) -> String {
    let named = |text: &str| text.replace("{name}", "TOOL").replace("{variable}", "VARIABLE");
    let call = file.reader == Reader::Call;
    let field = |field: &VersionField| {
        let of = field
            .entry_name
            .as_ref()
            .map_or_else(String::new, |name| format!(" of the name `{name}`"));
        let below = if field.after_line().is_empty() {
            String::new()
        } else {
            format!(" below `{}`", field.after_line())
        };
        let role = match (field.extends, field.role) {
            (true, _) if call => ", its option `file`: another version file",
            (true, _) => ", another such file",
            (false, FieldRole::Pin) => "",
            (false, FieldRole::Constraint) => ", a constraint",
            (false, FieldRole::Either) => ", a constraint if a range",
        };
        let what = if call { "the call of " } else { "" };
        let table = if field.table { ", also as a table" } else { "" };
        format!("{what}`{}`{of}{below}{table}{role}", named(field.path).replace('|', "\\|"))
    };
    let read = match file.reader {
        Reader::Plain => "a request per line".to_owned(),
        Reader::ToolVersions => "the line of the tool".to_owned(),
        Reader::Json | Reader::Toml | Reader::Keys | Reader::Lines | Reader::Call => {
            file.fields.iter().map(field).collect::<Vec<_>>().join("<br>")
        }
    };
    let alone = if file.is_version_only() { "yes" } else { "" };
    let places = if file.places.is_empty() { vec![file.name] } else { file.places.to_vec() };
    format!("| `{}` | {tool} | {read} | {alone} |\n", places.join("`, `"))
}

/// For each subject a table of the cases of which another tool makes something else.
fn differences() -> String {
    let mut tables = String::new();
    for (_, subject) in all() {
        let cases: Vec<Case> =
            subject.cases().into_iter().filter(|case| !case.others.is_empty()).collect();
        let mut peers: Vec<&String> = cases.iter().flat_map(|case| case.others.keys()).collect();
        peers.sort();
        peers.dedup();
        if cases.is_empty() {
            continue;
        }
        let columns: String = peers.iter().map(|peer| format!(" {peer} |")).collect();
        let _ = writeln!(tables, "### {}\n", subject.about);
        let _ = writeln!(tables, "| case | what is written | usher |{columns}");
        let _ = writeln!(tables, "|---|---|---|{}", "---|".repeat(peers.len()));
        for case in &cases {
            let others: String = peers
                .iter()
                .map(|peer| format!(" {} |", case.others.get(*peer).map_or("", String::as_str)))
                .collect();
            let what = [cell(&case.name), written(&case.files), gives(case)];
            let _ = writeln!(tables, "| {} |{others}", what.join(" | "));
        }
        tables.push('\n');
    }
    tables
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The files of a case, so that a cell can hold them.
fn written(files: &BTreeMap<String, Content>) -> String {
    let shown = |(name, content): (&String, &Content)| {
        let text = match content {
            Content::Text(text) => code(text),
            Content::Odd(Odd::Utf16Le(text) | Odd::Utf16Be(text)) => {
                format!("{} in UTF-16", code(text))
            }
            Content::Odd(Odd::Hex(text)) => format!("the bytes {text}"),
            Content::Odd(Odd::Long(text)) => format!("100,000 times {}", code(text)),
            Content::Odd(Odd::Is(kind)) => format!("{kind:?}").to_lowercase(),
        };
        format!("`{name}`: {text}")
    };
    files.iter().map(shown).collect::<Vec<_>>().join("; ")
}

/// Text as code of one line; what a reader wouldn't see is written as an escape.
fn code(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let shown: String = text
        .chars()
        .map(|c| match c {
            '|' => "\\|".to_owned(),
            '\u{a0}' | '\u{feff}' => c.escape_unicode().to_string(),
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect();
    if shown.is_empty() { "nothing".to_owned() } else { format!("`{shown}`") }
}

/// What comes of a case, in a few words: no whole message.
fn gives(case: &Case) -> String {
    match case.gives.split_once(' ') {
        Some(("error", _)) => "error".to_owned(),
        Some(("missing", _)) => "missing".to_owned(),
        Some(("path", _)) => "nothing".to_owned(),
        _ => cell(case.gives.split(" of ").next().unwrap_or_default()),
    }
}
