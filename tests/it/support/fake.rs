//! The fake tool: prints its toolchain, its arguments and chosen variables.
//!
//! It is compiled separately and linked under any name into any toolchain. A script can't do its
//! job, because scripts don't see their argument 0. It prints one line each: its toolchain, from
//! the folder above `bin` (`node 12.22.12`); `argument N: …` for each argument from 0; `NAME=value`
//! or
//! `NAME is unset` for each variable that `FAKE_SHOWS` names. Then it runs the shell command in
//! `FAKE_RUNS` and exits with its exit code; without one, with `FAKE_EXITS`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, ExitCode};

fn main() -> io::Result<ExitCode> {
    io::stdout().write_all(&report()?)?;
    io::stdout().flush()?;
    if let Some(line) = env::var_os("FAKE_RUNS") {
        let status =
            Command::new("/bin/sh").arg("-c").arg(line).env_remove("FAKE_RUNS").status()?;
        return Ok(ExitCode::from(
            status.code().and_then(|code| code.try_into().ok()).unwrap_or(1),
        ));
    }
    let code = env::var("FAKE_EXITS").ok().and_then(|code| code.parse().ok());
    Ok(ExitCode::from(code.unwrap_or(0)))
}

fn report() -> io::Result<Vec<u8>> {
    let program = env::current_exe()?;
    let toolchain: Vec<&OsStr> = program.iter().rev().skip(2).take(2).collect();
    let mut lines = vec![joined(&[
        toolchain.get(1).copied().unwrap_or_default(),
        OsStr::new(" "),
        toolchain.first().copied().unwrap_or_default(),
    ])];
    for (position, argument) in env::args_os().enumerate() {
        lines.push(joined(&[OsStr::new(&format!("argument {position}: ")), &argument]));
    }
    for name in env::var("FAKE_SHOWS").unwrap_or_default().split_whitespace() {
        lines.push(match env::var_os(name) {
            Some(value) => joined(&[OsStr::new(name), OsStr::new("="), &value]),
            None => joined(&[OsStr::new(name), OsStr::new(" is unset")]),
        });
    }
    Ok(lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect())
}

fn joined(parts: &[&OsStr]) -> OsString {
    let mut line = OsString::new();
    parts.iter().for_each(|part| line.push(part));
    line
}
