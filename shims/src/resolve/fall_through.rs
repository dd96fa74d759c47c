//! Falling through to PATH: the program that would have run without usher, and what is left for one
//! that calls back.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::error::{Error, ErrorKind, Escaped, Result};
use crate::path::{Shim, next_on_path};
use crate::reentry::{REENTRY, ReentryGuard, state};
use crate::world::World;

/// The program that would have run without usher, and the variable that it is given.
pub(super) struct NextProgram {
    /// The program.
    pub(super) path: PathBuf,
    /// What tells a shim that it is called back.
    pub(super) variable: (&'static str, OsString),
}

/// Finds the next program on PATH for a call; an error where it comes back every time.
pub(super) fn next_program(
    world: &impl World,
    shim: &Shim,
    call: &Call,
    arguments: &[&OsStr],
) -> Result<Option<NextProgram>> {
    let name = call.program.as_str();
    let left = world.variable(REENTRY);
    let state = state(world, arguments);
    let mut via = ReentryGuard::after(left.as_deref(), world.process(), name, state);
    let Some(path) = next(world, shim, call, &via.folders) else { return Ok(None) };
    if via.is_circle() {
        return Err(circle(call, &via, &path));
    }
    if !is_script(world, &path) {
        via.state.call = 0;
    }
    let variable = (REENTRY, via.print(path.parent().unwrap_or(Path::new("/"))));
    Ok(Some(NextProgram { path, variable }))
}

/// The next program on PATH outside of the passed folders; if none is, the one in the last of
/// them, which was no shim then.
fn next(world: &impl World, shim: &Shim, call: &Call, passed: &[PathBuf]) -> Option<PathBuf> {
    let next =
        |passed: &[PathBuf]| call.names().find_map(|name| next_on_path(world, shim, name, passed));
    next(passed).or_else(|| next(passed.split_last()?.1))
}

/// Whether a program is a script: most foreign shims are, and no interpreter is.
fn is_script(world: &impl World, program: &Path) -> bool {
    world.read(program).is_ok_and(|content| content.starts_with(b"#!"))
}

/// The message for a program that comes back however often it is passed on.
fn circle(call: &Call, via: &ReentryGuard, next: &Path) -> Error {
    let (name, times) = (&call.program, via.returns.max(via.nested));
    let folders = via.folders.iter().map(PathBuf::as_path).chain(next.parent());
    let folders: BTreeSet<_> = folders.map(Path::to_string_lossy).collect();
    let folders: Vec<_> = folders.iter().map(|folder| Escaped(folder).to_string()).collect();
    Error::new(
        ErrorKind::NotRunnable,
        format!("the next {name} on PATH called usher's shim back {times} times"),
    )
    .because(format!("it is in {}", folders.join(", ")))
    .hint(format!("use {}@latest", call.tool.name))
}
