//! Replaces this process with the program: `execve`, with the environment unchanged except for
//! the plan's variables.
//!
//! `std`'s own way resets signals and opens closed descriptors; this one touches nothing.

use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::error::{Error, ErrorKind, Shown};
use crate::world::{Os, World as _};

/// A process's arguments and environment, byte for byte.
#[derive(Debug, Clone)]
pub struct ProcessArgs {
    /// The arguments, argument 0 first.
    pub arguments: Vec<&'static CStr>,
    /// The environment, `NAME=VALUE` each.
    pub environment: Vec<&'static CStr>,
}

impl ProcessArgs {
    /// Takes the arguments of a C `main`.
    ///
    /// # Safety
    ///
    /// Both must come from the system: arrays of pointers to strings that live as long as the
    /// process, each array ended by a null pointer.
    pub unsafe fn from_main(
        arguments: *const *const c_char,
        environment: *const *const c_char,
    ) -> Self {
        // SAFETY: the caller promises the shape of both.
        unsafe { Self { arguments: strings(arguments), environment: strings(environment) } }
    }

    /// The arguments.
    pub fn os_arguments(&self) -> Vec<&'static OsStr> {
        self.arguments.iter().map(|argument| OsStr::from_bytes(argument.to_bytes())).collect()
    }
}

unsafe fn strings(array: *const *const c_char) -> Vec<&'static CStr> {
    let mut found = Vec::new();
    let mut next = array;
    // SAFETY: the array is ended by a null pointer, and each string by a null byte.
    unsafe {
        while !next.is_null() && !(*next).is_null() {
            found.push(CStr::from_ptr(*next));
            next = next.add(1);
        }
    }
    found
}

/// The program to become.
#[derive(Debug, Clone, Copy)]
pub struct Executable<'a> {
    /// Its path.
    pub path: &'a Path,
    /// Argument 0, if it isn't the path.
    pub argument_zero: Option<&'a CStr>,
}

impl<'a> From<&'a Path> for Executable<'a> {
    fn from(path: &'a Path) -> Self {
        Self { path, argument_zero: None }
    }
}

/// Replaces this process with a program; returns only on failure, with the error.
///
/// `arguments` are those from 1 on. `set` adds or replaces variables of the environment; those
/// without a value are removed.
pub fn become_program(
    program: Executable<'_>,
    arguments: &[&CStr],
    environment: &[&CStr],
    set: &[(&str, Option<OsString>)],
) -> Error {
    let Ok(path) = CString::new(program.path.as_os_str().as_bytes()) else {
        return Error::new(ErrorKind::NotRunnable, "the program's path contains a null byte");
    };
    let added: Vec<CString> =
        set.iter().filter_map(|(name, value)| assignment(name, value.as_deref()?)).collect();
    let combined = environment
        .iter()
        .copied()
        .filter(|entry| !set.iter().any(|(name, _)| assigns(entry, name)));
    let environment: Vec<*const c_char> = combined
        .chain(added.iter().map(CString::as_c_str))
        .map(CStr::as_ptr)
        .chain([std::ptr::null()])
        .collect();
    let arguments: Vec<*const c_char> = [program.argument_zero.unwrap_or(&path)]
        .into_iter()
        .chain(arguments.iter().copied())
        .map(CStr::as_ptr)
        .chain([std::ptr::null()])
        .collect();
    // SAFETY: both arrays are ended by null pointers, and all strings outlive the call.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    failure(program.path, &io::Error::last_os_error())
}

fn assignment(name: &str, value: &OsStr) -> Option<CString> {
    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
}

fn assigns(entry: &CStr, name: &str) -> bool {
    entry.to_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// The interpreter that a script with this beginning names in its first line.
pub fn interpreter(script: &[u8]) -> Option<&Path> {
    let line = script.strip_prefix(b"#!")?.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace)?;
    Some(Path::new(OsStr::from_bytes(&line[..end])))
}

fn failure(program: &Path, error: &io::Error) -> Error {
    let message = Error::new(ErrorKind::NotRunnable, format!("can't run {}", Shown(program)));
    match error.raw_os_error() {
        Some(libc::ENOENT) if !matches!(Os.metadata(program), Ok(Some(_))) => {
            // It existed when it was looked up: another process removes the version.
            Error::new(ErrorKind::NotFound, message.what).because("it does not exist")
        }
        Some(libc::ENOENT) => {
            let content = Os.read(program).ok();
            message.because(match content.as_ref().and_then(|file| interpreter(&file.bytes)) {
                Some(interpreter) => format!("its interpreter {} is missing", Shown(interpreter)),
                None => "its loader is missing (a glibc program on a musl system?)".to_owned(),
            })
        }
        Some(libc::ENOEXEC) => message.because("it is not a program for this machine"),
        Some(libc::EACCES) => {
            // The program's own mode and file system permit it: then its interpreter's don't.
            let is_permitted = rustix::fs::access(program, rustix::fs::Access::EXEC_OK).is_ok();
            let content = Os.read(program).ok().filter(|_| is_permitted);
            message.because(match content.as_ref().and_then(|file| interpreter(&file.bytes)) {
                Some(interpreter) => {
                    format!("no permission to execute its interpreter {}", Shown(interpreter))
                }
                None => {
                    "no permission to execute it (file mode, or a noexec file system)".to_owned()
                }
            })
        }
        Some(libc::E2BIG) => message.because("the arguments and the environment are too long"),
        Some(libc::ETXTBSY) => message.because("another process is writing to it"),
        _ => message.because(error.to_string()),
    }
}
