//! Turns the files of `registry/` into the static tables of the hot half.
//!
//! A definition that can't be accepted ends the build with its file and line.

#![expect(clippy::panic, reason = "a build script ends the build")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use usher_definition::{Adds, Definition, Dialect, Environment, Field, File, PassOver, Reader};

fn main() {
    let registry = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../registry");
    println!("cargo::rerun-if-changed={}", registry.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(&registry)
        .unwrap_or_else(|error| panic!("{}: {error}", registry.display()))
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let mut definitions: Vec<Definition> = paths.iter().map(|path| read(path)).collect();
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    let tools: String = definitions.iter().map(tool).collect();
    write("tools.rs", &tools);
    let texts: String = paths.iter().map(|path| text(path)).collect();
    write("definitions.rs", &texts);
}

/// Writes a list that the library includes.
fn write(name: &str, entries: &str) {
    let target = Path::new(&variable("OUT_DIR")).join(name);
    fs::write(&target, format!("&[{entries}]"))
        .unwrap_or_else(|error| panic!("{}: {error}", target.display()));
}

/// A definition's file name and text.
fn text(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path.to_string_lossy();
    format!("({name:?}, include_str!({path:?})),")
}

#[expect(clippy::disallowed_methods, reason = "how cargo speaks to a build script")]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(path: &Path) -> Definition {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Definition::parse(&text).unwrap_or_else(|refusal| {
        let line = refusal.line.map_or_else(String::new, |line| format!(":{line}"));
        panic!("{}{line}: {}", path.display(), refusal.reason)
    })
}

fn tool(definition: &Definition) -> String {
    let mut lts = String::new();
    for line in &definition.lts {
        let _ = write!(lts, "LtsLine {{ name: {:?}, versions: {:?} }},", line.name, line.versions);
    }
    let mut text = String::new();
    let _ = write!(
        text,
        "Tool {{ name: {:?}, title: {:?}, names: &{:?}, programs: &{:?}, variables: &{:?}, \
         plus: {}, dialect: {}, parts: {}, prefixes: &{:?}, lts: &[{lts}], pass_over: &[{}], \
         files: &[{}], environment: &[{}], adds: &[{}] }},",
        definition.name,
        definition.title,
        definition.names,
        definition.programs,
        definition.variables,
        definition.plus,
        dialect(definition.dialect),
        definition.parts,
        definition.prefixes,
        definition.pass_over.iter().map(pass_over).collect::<String>(),
        definition.file.iter().map(file).collect::<String>(),
        definition.environment.iter().map(needed).collect::<String>(),
        definition.adds.iter().map(adds).collect::<String>(),
    );
    text
}

fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Npm => "Dialect::Npm",
        Dialect::Pep440 => "Dialect::Pep440",
    }
}

fn pass_over(folder: &PassOver) -> String {
    format!("PassOver {{ folder: {:?}, beside: &{:?} }},", folder.folder, folder.beside)
}

fn file(file: &File) -> String {
    let fields: String = file.field.iter().map(field).collect();
    let reader = match file.reader {
        Reader::Plain => "Reader::Plain".to_owned(),
        Reader::ToolVersions => "Reader::ToolVersions".to_owned(),
        Reader::Json => format!("Reader::Json(&[{fields}])"),
        Reader::Toml => format!("Reader::Toml(&[{fields}])"),
    };
    format!("VersionFile {{ name: {:?}, reader: {reader} }},", file.name)
}

fn field(field: &Field) -> String {
    format!(
        "Field {{ at: {:?}, named: {:?}, constraint: {} }},",
        field.at, field.named, field.constraint
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
        "Needed {{ variable: {:?}, value: {:?}, programs: &{:?}, when: {when} }},",
        needed.variable, needed.value, needed.programs
    )
}

fn adds(adds: &Adds) -> String {
    format!(
        "Adds {{ program: {:?}, after: &{:?}, verbs: &{:?} }},",
        adds.program, adds.after, adds.verbs
    )
}
