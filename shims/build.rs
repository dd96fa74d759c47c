//! Turns the files of `registry/` into the static tables of the hot half.
//!
//! A definition that can't be accepted ends the build with its file and line.
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]
#![expect(clippy::panic, reason = "a build script ends the build")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use databake::{Bake, CrateEnv};
use usher_definition::{Common, Definition, DefinitionError};
use usher_tool::Tool;

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
    write_text("ignored_folders.rs", Some(baked(&common.ignored_folders)));
    let mut all: Vec<(Tool, &PathBuf)> =
        paths.iter().map(|path| (tool(path, &common), path)).collect();
    all.sort_by_key(|(tool, _)| tool.name);
    let texts: String = all.iter().map(|(_, path)| text(path)).collect();
    let tools: Vec<Tool> = all.into_iter().map(|(tool, _)| tool).collect();
    write_text("tools.rs", Some(baked(&tools)));
    write_text("definitions.rs", Some(format!("&[{texts}]")));
}

fn tool(path: &Path, common: &Common) -> Tool {
    let (tool, _) = read(path, Definition::parse);
    common.complete(&tool)
}

/// A list as an expression.
fn baked<T: Bake>(all: &[T]) -> String {
    all.bake(&CrateEnv::default()).to_string()
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

fn read<T>(path: &Path, parse: fn(&str) -> Result<T, DefinitionError>) -> T {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text).unwrap_or_else(|refusal| {
        let line = refusal.line.map_or_else(String::new, |line| format!(":{line}"));
        panic!("{}{line}: {}", path.display(), refusal.reason)
    })
}
