//! Falling through to PATH: the program that would have run without usher, and the guard against
//! one that calls back.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::error::{Error, ErrorKind, Escaped, Result};
use crate::reentry::{REENTRY, ReentryGuard, state};
use crate::world::World;

/// The program that would have run without usher, and the variable that it is given.
pub(super) struct NextProgram {
    /// The program.
    pub(super) path: PathBuf,
    /// The re-entry guard.
    pub(super) variable: (&'static str, Option<OsString>),
}

/// Looks up a program outside folders.
pub(super) type Find<'a> = dyn Fn(&[PathBuf]) -> Result<Option<PathBuf>> + 'a;

/// The program that `find` finds for a call; an error if it calls back every time.
///
/// One that calls back is looked for outside the folders that were run before; if there is none, in
/// the last of them, which then isn't a shim.
pub(super) fn next_program(
    world: &impl World,
    call: &Call,
    arguments: &[&OsStr],
    find: &Find<'_>,
) -> Result<Option<NextProgram>> {
    let name = call.program.as_str();
    let left = world.variable(REENTRY);
    let state = state(world, arguments);
    let mut guard = ReentryGuard::after(left.as_deref(), world.process(), name, state);
    let path = match (find(&guard.folders)?, guard.folders.split_last()) {
        (None, Some((_, passed))) => find(passed)?,
        (path, _) => path,
    };
    let Some(path) = path else { return Ok(None) };
    if guard.is_loop() {
        return Err(loop_error(call, &guard, &path));
    }
    if !is_script(world, &path) {
        guard.state.call = 0;
    }
    let variable = (REENTRY, Some(guard.print(path.parent().unwrap_or(Path::new("/")))));
    Ok(Some(NextProgram { path, variable }))
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
