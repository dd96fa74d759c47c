//! Turns the files of `registry/` into the static tables of the hot half.
//!
//! A definition that can't be accepted ends the build with its file and line.
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]
#![expect(clippy::panic, reason = "a build script ends the build")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use usher_definition::{
    Adds, Asks, Common, Definition, Dialect, Environment, Field, File, PassOver, Reader, Refusal,
};

/// The file of what holds for every tool.
const COMMON: &str = "common.toml";

fn main() {
    let registry = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../registry");
    println!("cargo::rerun-if-changed={}", registry.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(&registry)
        .unwrap_or_else(|error| panic!("{}: {error}", registry.display()))
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let common = paths.iter().position(|path| path.ends_with(COMMON)).map(|at| paths.remove(at));
    write_text("common.rs", common.as_deref().map(included));
    let common = common.map(|path| read(&path, Common::parse)).unwrap_or_default();
    let mut definitions: Vec<Definition> =
        paths.iter().map(|path| read(path, Definition::parse)).collect();
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    let tools: String = definitions.iter().map(|definition| tool(definition, &common)).collect();
    write("tools.rs", &tools);
    let texts: String = paths.iter().map(|path| text(path)).collect();
    write("definitions.rs", &texts);
}

/// Writes a list that the library includes.
fn write(name: &str, entries: &str) {
    write_text(name, Some(format!("&[{entries}]")));
}

/// Writes an expression that the library includes; where there is none, an empty text.
fn write_text(name: &str, expression: Option<String>) {
    let target = Path::new(&variable("OUT_DIR")).join(name);
    fs::write(&target, expression.unwrap_or_else(|| "\"\"".to_owned()))
        .unwrap_or_else(|error| panic!("{}: {error}", target.display()));
}

/// A definition's file name and text.
fn text(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("({name:?}, {}),", included(path))
}

/// A file's text, as an expression.
fn included(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    format!("include_str!({:?})", path.to_string_lossy())
}

#[expect(clippy::disallowed_methods, reason = "how cargo speaks to a build script")]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read<T>(path: &Path, parse: fn(&str) -> Result<T, Refusal>) -> T {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text).unwrap_or_else(|refusal| {
        let line = refusal.line.map_or_else(String::new, |line| format!(":{line}"));
        panic!("{}{line}: {}", path.display(), refusal.reason)
    })
}

fn tool(definition: &Definition, common: &Common) -> String {
    let mut lts = String::new();
    for line in &definition.lts {
        let _ = write!(lts, "LtsLine {{ name: {:?}, versions: {:?} }},", line.name, line.versions);
    }
    let files = common.files(definition);
    assert!(files.len() <= 32, "{}: more than 32 version files", definition.name);
    let mut text = String::new();
    let _ = write!(
        text,
        "Tool {{ name: {:?}, title: {:?}, names: &{:?}, programs: &{:?}, variables: &{:?}, \
         plus: {}, dialect: {}, parts: {}, prefixes: &{:?}, respell: &[{}], vendors: &{:?}, \
         host: {:?}, runs_on: {}, lts: &[{lts}], pass_over: &[{}], files: &[{}], environment: &[{}], \
         adds: &[{}] }},",
        definition.name,
        definition.title,
        definition.names,
        definition.programs,
        definition.variables,
        definition.plus,
        dialect(definition.dialect),
        definition.parts,
        definition.prefixes,
        definition
            .respell
            .iter()
            .map(|[from, to]| format!("({from:?}, {to:?}),"))
            .collect::<String>(),
        definition.vendors,
        definition.host,
        runs_on(definition),
        common.pass_over.iter().map(pass_over).collect::<String>(),
        files.iter().map(|one| file(one, definition.dialect)).collect::<String>(),
        definition.environment.iter().map(needed).collect::<String>(),
        definition.adds.iter().map(adds).collect::<String>(),
    );
    text
}

fn runs_on(definition: &Definition) -> String {
    let Some(runs_on) = &definition.runs_on else { return "None".to_owned() };
    format!("Some(RunsOn {{ tool: {:?}, mark: {:?} }})", runs_on.tool, runs_on.mark)
}

fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Npm => "Dialect::Npm",
        Dialect::Pep440 => "Dialect::Pep440",
        Dialect::Poetry => "Dialect::Poetry",
        Dialect::Gem => "Dialect::Gem",
        Dialect::Elixir => "Dialect::Elixir",
        Dialect::Composer => "Dialect::Composer",
        Dialect::Minimum => "Dialect::Minimum",
        Dialect::Perl => "Dialect::Perl",
    }
}

fn pass_over(folder: &PassOver) -> String {
    format!("PassOver {{ folder: {:?}, beside: &{:?} }},", folder.folder, folder.beside)
}

fn file(file: &File, usual: Dialect) -> String {
    let usual = file.dialect.unwrap_or(usual);
    let fields: String = file.field.iter().map(|one| field(one, usual)).collect();
    let reader = match file.reader {
        Reader::Plain => "Reader::Plain".to_owned(),
        Reader::ToolVersions => "Reader::ToolVersions".to_owned(),
        Reader::Json => format!("Reader::Json(&[{fields}])"),
        Reader::Toml => format!("Reader::Toml(&[{fields}])"),
        Reader::Keys => format!("Reader::Keys(&[{fields}])"),
        Reader::Lines => format!("Reader::Lines(&[{fields}])"),
    };
    let alone = file.is_for_versions_alone();
    format!(
        "VersionFile {{ name: {:?}, reader: {reader}, alone: {alone}, generated: {} }},",
        file.name, file.generated
    )
}

fn field(field: &Field, usual: Dialect) -> String {
    let asks = match field.asks {
        Asks::Pin => "Asks::Pin",
        Asks::Constraint => "Asks::Constraint",
        Asks::Either => "Asks::Either",
    };
    format!(
        "Field {{ at: {:?}, named: {:?}, asks: {asks}, dialect: {}, parts: {}, exact: {}, \
         below: {:?}, extends: {} }},",
        field.at,
        field.named,
        dialect(field.dialect.unwrap_or(usual)),
        field.parts.unwrap_or(u8::MAX),
        field.exact,
        field.below.as_deref().unwrap_or_default(),
        field.extends
    )
}

fn needed(needed: &Environment) -> String {
    let when = match &needed.when {
        None => "None".to_owned(),
        Some(when) => format!(
            "Some(When {{ file: {:?}, field: {:?}, versions: {:?} }})",
            when.file, when.field, when.versions
        ),
    };
    format!(
        "Needed {{ variable: {:?}, value: {:?}, programs: &{:?}, when: {when}, unwritable: {} }},",
        needed.variable, needed.value, needed.programs, needed.unwritable
    )
}

fn adds(adds: &Adds) -> String {
    format!(
        "Adds {{ program: {:?}, after: &{:?}, verbs: &{:?} }},",
        adds.program, adds.after, adds.verbs
    )
}
