//! Falling through to PATH: the program that would have run without usher, and the guard against
//! one that calls back.

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
    /// The re-entry guard.
    pub(super) variable: (&'static str, OsString),
}

/// Finds the next program on PATH for a call; an error if it calls back every time.
pub(super) fn next_program(
    world: &impl World,
    shim: &Shim,
    call: &Call,
    arguments: &[&OsStr],
) -> Result<Option<NextProgram>> {
    let name = call.program.as_str();
    let left = world.variable(REENTRY);
    let state = state(world, arguments);
    let mut guard = ReentryGuard::after(left.as_deref(), world.process(), name, state);
    let Some(path) = next(world, shim, call, &guard.folders) else { return Ok(None) };
    if guard.is_loop() {
        return Err(loop_error(call, &guard, &path));
    }
    if !is_script(world, &path) {
        guard.state.call = 0;
    }
    let variable = (REENTRY, guard.print(path.parent().unwrap_or(Path::new("/"))));
    Ok(Some(NextProgram { path, variable }))
}

/// The next program on PATH outside the folders that were run before; if there is none, the one in
/// the last of them, which then isn't a shim.
fn next(world: &impl World, shim: &Shim, call: &Call, passed: &[PathBuf]) -> Option<PathBuf> {
    let next =
        |passed: &[PathBuf]| call.names().find_map(|name| next_on_path(world, shim, name, passed));
    next(passed).or_else(|| next(passed.split_last()?.1))
}

/// Whether a program is a script: most foreign shims are, and no interpreter is.
fn is_script(world: &impl World, program: &Path) -> bool {
    world.read(program).is_ok_and(|content| content.bytes.starts_with(b"#!"))
}

/// The error for a program that calls back every time.
fn loop_error(call: &Call, guard: &ReentryGuard, next: &Path) -> Error {
    let (name, times) = (&call.program, guard.returns.max(guard.nested));
    let folders = guard.folders.iter().map(PathBuf::as_path).chain(next.parent());
    let folders: BTreeSet<_> = folders.map(Path::to_string_lossy).collect();
    let folders: Vec<_> = folders.iter().map(|folder| Escaped(folder).to_string()).collect();
    Error::new(
        ErrorKind::NotRunnable,
        format!("the next {name} on PATH called usher's shim back {times} times"),
    )
    .because(format!("it is in {}", folders.join(", ")))
    .hint(format!("use {}@latest", call.tool.name))
}
