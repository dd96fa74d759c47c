//! The shim: picks the program for the current directory, and becomes it.
//!
//! Entered through a C `main`, since the start-up of `std` changes signals and descriptors that the
//! program must inherit (`docs/exec.md`). All decisions are in the library.
#![no_main]

mod allocator;
#[cfg(all(unix, panic = "abort"))]
mod unwinder;

use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::OnceLock;

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::exec::{Executable, ProcessArgs, become_program};
use usher_shims::index::Index;
use usher_shims::locale;
use usher_shims::package_calls::package_call;
use usher_shims::process;
use usher_shims::resolve::{Outcome, Plan, Resolver};
use usher_shims::retired;
use usher_shims::trace;
use usher_shims::world::{Os, World as _};

#[used]
static BUILD: &str = process::BUILD;

/// The entry, called by the C library's start-up.
///
/// # Safety
///
/// Only the C library calls it, with what the system gave the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(
    _: c_int,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    // SAFETY: the C library passes on what the system gave.
    let given = unsafe { ProcessArgs::from_main(arguments, environment) };
    let error = run(&given);
    print(&error);
    error.kind().shim_exit_code().into()
}

/// Becomes the program, or returns the error.
fn run(given: &ProcessArgs) -> Error {
    match become_one(given) {
        Ok(error) | Err(error) => error,
    }
}

fn become_one(given: &ProcessArgs) -> Result<Error> {
    let arguments = given.os_arguments();
    let mut shim = process::running_shim()?;
    let name = process::program_name(&Os, arguments.first().copied(), &shim);
    let rest = arguments.get(1..).unwrap_or_default();
    let index = match process::read_index(&Os, &shim, Some(&name))? {
        Some(index) => Some(index),
        None => process::account_index(&Os, &mut shim, &name)?,
    };
    let Some(mut index) = index else { return Ok(hand_off(&shim, &name, given)) };
    if process::add_account_config(&Os, &mut index) {
        return Ok(hand_off(&shim, &name, given));
    }
    let unusable = OnceLock::new();
    let resolver =
        Resolver { world: &Os, index: &index, shim: &shim.known, unusable: Some(&unusable) };
    let outcome = resolver.resolve(&name, rest);
    if Os.variable(trace::DEBUG).is_some_and(|value| !value.is_empty()) {
        for step in trace::steps(&resolver, &name, rest, &outcome) {
            print(&step);
        }
    }
    match outcome.inspect_err(|_| warn(unusable.get()))? {
        Outcome::Run(plan) if package_call(&index, &plan, &name, rest).is_none() => {
            warn(unusable.get());
            warn_of_retired(&index, &plan);
            let argument_zero = given.arguments.first().copied();
            let own = arguments.first().and_then(|zero| Path::new(zero).file_name());
            let is_meant = plan.is_listed || own.is_some_and(|own| own == name.as_str());
            let program = Executable {
                path: &plan.program,
                argument_zero: argument_zero.filter(|_| !is_meant),
            };
            let arguments = given.arguments.get(plan.skip..).unwrap_or_default();
            Ok(become_program(program, arguments, &given.environment, &plan.set))
        }
        Outcome::Run(_) | Outcome::Missing(_) | Outcome::Stale => Ok(hand_off(&shim, &name, given)),
    }
}

/// Tells a person about what would have decided and can't be used; `use` does that itself.
fn warn(unusable: Option<&Error>) {
    if let Some(error) = unusable
        && std::io::stderr().is_terminal()
    {
        print(&format_args!("ignored: {}", error.line()));
    }
}

/// Tells a person that the machine's version is retired.
fn warn_of_retired(index: &Index, plan: &Plan) {
    let is_terminal = || std::io::stderr().is_terminal();
    let parent = std::os::unix::process::parent_id;
    if let Some(toolchain) = &plan.toolchain
        && let Some(notice) =
            retired::notice(&Os, index, (plan.tool, toolchain), is_terminal, parent)
    {
        print(&notice);
    }
}

/// Prints a message to standard error, in the characters of the locale.
fn print(message: &dyn Display) {
    let variable = |name: &str| Os.variable(name).map(|value| value.to_string_lossy().into_owned());
    let text = format!("usher: {message}\n");
    let text =
        if locale::is_ascii(&variable) { locale::spell(&text) } else { text.as_str().into() };
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Becomes `use`, which resolves the call again and does the slow part.
fn hand_off(shim: &process::RunningShim, name: &str, given: &ProcessArgs) -> Error {
    let Ok(name) = CString::new(name) else {
        return Error::new(ErrorKind::NotFound, "the program's name contains a null byte");
    };
    let mut arguments: Vec<&CStr> = vec![process::HANDOFF_ARG, &name];
    arguments.extend(given.arguments.iter().skip(1));
    let program = shim.folder.join("use");
    match damage(&program) {
        None => become_program(program.as_path().into(), &arguments, &given.environment, &[]),
        Some(damage) => {
            let is_home = process::data_of_shims(&Os, &shim.folder).is_some();
            let hint =
                if is_home { "./install.sh" } else { "export USHER_HOME=/the/folder/of/usher" };
            let what = format!("{} is {damage}", Shown(&program));
            Error::new(ErrorKind::NotRunnable, what).hint(hint)
        }
    }
}

/// Why a program of usher's can't run, as far as that is seen without running it.
fn damage(program: &Path) -> Option<&'static str> {
    match Os.metadata(program).ok()? {
        None => Some("missing"),
        Some(seen) if seen.size == 0 => Some("empty"),
        Some(seen) => (!seen.is_program).then_some("not executable"),
    }
}
