//! Cases of other projects' suites, put to usher's resolver: a file of JSON lines, one case a line.
//!
//! `tests/conformance/README.md` explains the form.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use usher_shims::tool::{FieldRole, Reader, TOOLS, Tool, VersionField, VersionFile};

use crate::format::{Case, Content};
use crate::{Result, memory, print};

/// A line of a file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutsideCase {
    tool: String,
    kind: Kind,
    via: String,
    input: String,
    versions: Vec<String>,
    expected: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// What the input of a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Pin,
    Constraint,
    File,
}

/// The results of one source's cases.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    differing: Vec<String>,
}

/// Runs the cases in a file and prints for each source how many agree, and those that differ.
/// Returns how many these are.
pub(crate) fn run(path: &Path) -> Result<usize> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (number, line) in (1..).zip(fs::read_to_string(path)?.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let place = |error: &dyn std::fmt::Display| format!("{}:{number}: {error}", path.display());
        let case: OutsideCase = serde_json::from_str(line).map_err(|error| place(&error))?;
        let actual = case.run().map_err(|error| place(&error))?;
        let source = if case.source.is_empty() { &stem } else { &case.source };
        let tally = tallies.entry(source.clone()).or_default();
        tally.cases += 1;
        if outcome(&actual) != case.expected {
            tally.differing.push(format!("{}\n    usher: {actual}", case.described()));
        }
    }
    for (source, Tally { cases, differing }) in &tallies {
        for difference in differing {
            print(&format!("  {difference}"));
        }
        let count = differing.len();
        print(&format!("{source}: {cases} cases, {} agree, {count} differ", cases - count));
    }
    Ok(tallies.values().map(|tally| tally.differing.len()).sum())
}

impl OutsideCase {
    /// What usher makes of it: `3.13.5`, `missing …`, `error …`, `none`.
    fn run(&self) -> Result<String> {
        let case = self.as_case()?;
        let gives = memory::run(&case).gives;
        let of_tool = gives.strip_prefix(&self.tool).and_then(|rest| rest.strip_prefix(' '));
        Ok(match of_tool {
            Some(version) => version.to_owned(),
            None if gives.starts_with("path ") => "none".to_owned(),
            None if gives.starts_with("error 127: ") && self.kind != Kind::Pin => "none".to_owned(),
            None => gives,
        })
    }

    fn as_case(&self) -> Result<Case> {
        let tool = Tool::named(TOOLS, &self.tool)
            .ok_or_else(|| format!("unknown tool “{}”", self.tool))?;
        let installed = self.versions.iter().map(|version| match version.contains(' ') {
            true => version.clone(),
            false => format!("{} {version}", tool.name),
        });
        let files =
            self.files.iter().map(|(name, text)| (name.clone(), Content::Text(text.clone())));
        let mut case = Case {
            installed: Some(installed.collect()),
            call: tool.main_program().to_owned(),
            files: files.collect(),
            ..Case::default()
        };
        // A tool that needs another one finds it on PATH.
        let runtime = tool.built_for.and_then(|built_for| Tool::named(TOOLS, built_for.tool));
        case.path.extend(runtime.map(|runtime| format!("/usr/bin/{}", runtime.main_program())));
        let (name, field) = self.via.split_once('#').unwrap_or((&self.via, ""));
        if tool.variables.contains(&name) {
            case.env.insert(name.to_owned(), self.input.clone());
        } else if name == "argument" {
            case.call = format!("{} +{}", case.call, self.input);
        } else {
            let known = tool.files.iter().find(|file| file.is_at(Path::new(name)));
            let file = known.ok_or_else(|| format!("{} reads no {name}", tool.name))?;
            let text = self.text(tool, file, field)?;
            case.files.insert(name.to_owned(), Content::Text(text));
        }
        Ok(case)
    }

    /// The text of the file that the input stands in.
    fn text(&self, tool: &Tool, file: &VersionFile, field: &str) -> Result<String> {
        if self.kind == Kind::File {
            return Ok(self.input.clone());
        }
        let input = &self.input;
        match file.reader {
            Reader::Plain => return Ok(format!("{input}\n")),
            Reader::ToolVersions => return Ok(format!("{} {input}\n", tool.asdf_name())),
            Reader::Json | Reader::Toml | Reader::Keys | Reader::Lines | Reader::Call => {}
        }
        let is_meant = |known: &&VersionField| match (field, self.kind) {
            ("", Kind::Constraint) => known.role != FieldRole::Pin && !known.extends,
            ("", _) => known.role != FieldRole::Constraint && !known.extends,
            (field, _) => known.path == field,
        };
        let found = file.fields.iter().find(is_meant);
        let field = found.ok_or_else(|| format!("{} has no such field", file.name))?;
        let quoted = serde_json::to_string(input)?;
        Ok(match file.reader {
            Reader::Json => json(field, &quoted),
            Reader::Toml => toml(field, &quoted),
            Reader::Keys => format!("{}={input}\n", field.path),
            Reader::Call => format!("{} {quoted}\n", field.path),
            Reader::Plain | Reader::ToolVersions | Reader::Lines => {
                format!("{}\n{}\n", field.after_line(), field.path.replace("{}", input))
            }
        })
    }

    fn described(&self) -> String {
        let Self { tool, via, input, versions, expected, .. } = self;
        format!("{tool} by {via}: {input:?} of {}; expected: {expected}", versions.join(" "))
    }
}

/// A document with one field.
fn json(field: &VersionField, quoted: &str) -> String {
    let value = match field.entry_name {
        Some(name) => format!("{{\"name\":\"{name}\",\"version\":{quoted}}}"),
        None => quoted.to_owned(),
    };
    let keys = field.path.split('.').rev();
    keys.fold(value, |value, key| format!("{{\"{key}\":{value}}}"))
}

fn toml(field: &VersionField, quoted: &str) -> String {
    match field.path.rsplit_once('.') {
        Some((table, key)) => format!("[{table}]\n\"{key}\" = {quoted}\n"),
        None => format!("\"{}\" = {quoted}\n", field.path),
    }
}

/// What is compared of a result.
fn outcome(actual: &str) -> &str {
    match actual.split(' ').next().unwrap_or_default() {
        word @ ("missing" | "error") => word,
        _ => actual,
    }
}
