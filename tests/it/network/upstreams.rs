//! Every upstream of the registry as a faithful copy on loopback, made from what is known of it:
//! its index, its names, its files of hashes, the layout of its archives. Payloads are small.
//!
//! Here the real program installs and runs what this machine would get; what each index gives on
//! the other platforms is shown beside its reader, in `src/release/index/tests.rs`. Archives whose
//! names end in `.xz` or `.zip` are gzipped here: their first bytes show their format.

mod broken;
mod copies;
mod elixir;
mod flavours;

use usher_definition::Definition;
use usher_shims::tool::{DEFINITIONS, Tool};

use crate::support::{Archive, Catalogue, Outcome, Sandbox, Upstream};

/// A tool's definition.
fn definition(tool: &str) -> (Tool, Definition) {
    let (_, text) =
        DEFINITIONS.iter().find(|(file, _)| *file == format!("{tool}.toml")).expect("a tool");
    Definition::parse(text).expect("a definition")
}

/// An upstream with nothing on offer yet, and a sandbox whose only source of a tool it is: only its
/// address differs from any other installation.
fn copy_of(tool: &str) -> (Upstream, Sandbox) {
    let upstream = Upstream::serving(&Catalogue::default());
    let source = format!("{tool}={}", upstream.base());
    let sandbox = Sandbox::new().with_variable("USHER_SOURCE", source);
    let sandbox = sandbox.with_variable("PIP_INDEX_URL", upstream.pypi());
    sandbox.install();
    (upstream, sandbox)
}

/// A program that prints what the tool's own prints in its smoke test, whatever its arguments.
fn program(tool: &str, version: &str) -> String {
    let numbers = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    let numbers = numbers.split(['+', '-']).next().unwrap_or_default();
    let smoke = definition(tool).1.smoke.expect("a smoke test");
    format!("#!/bin/sh\necho '{}' >&2\n", smoke.answer(version, numbers.trim_end_matches('t')))
}

/// The tool's archive: its main program below these folders, and a file beside it.
fn archive(tool: &str, version: &str, folder: &str) -> Vec<u8> {
    let main = definition(tool).0.programs[0];
    Archive::new()
        .program(&format!("{folder}{main}"), &program(tool, version))
        .file(&format!("{folder}README"), "x\n")
        .tar_gz()
}

/// A version is listed, is installed, and runs: it answers its smoke test through the shim.
#[track_caller]
fn works(sandbox: &Sandbox, name: &str, version: &str) -> Outcome {
    let listed = sandbox.use_command(&["available", name, version]).run().succeeds();
    let is_listed =
        listed.stdout.lines().any(|line| line.split_whitespace().next() == Some(version));
    assert!(is_listed, "{version} is not listed\n{listed}");
    let installed =
        sandbox.use_command(&["install", &format!("{name}@{version}")]).run().succeeds();
    let (tool, definition) = definition(name);
    let smoke = definition.smoke.as_ref().expect("a smoke test");
    sandbox.file("project/.tool-versions", format!("{name} {version}\n"));
    let outcome = sandbox.command(tool.programs[0]).arguments(&smoke.arguments).run().succeeds();
    let numbers = program(name, version);
    let answer = numbers.split('\'').nth(1).unwrap_or_default();
    assert!(outcome.stderr.contains(answer), "{name} doesn't print {answer}\n{outcome}");
    installed
}
