//! What starting a shell costs, with what a manager puts into its start-up file, and what mise's hook
//! adds to each prompt.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Stdio;

use usher_bench::contestant;

use crate::Result;
use crate::hyperfine::{Call, Measured, measure};
use crate::peers;
use crate::programs::Programs;

/// The peers that hook into shells, and the line that they need. The others need a line for PATH,
/// as usher does.
const HOOKS: [(&str, &str); 3] =
    [("mise", "activate bash"), ("pyenv", "init - bash"), ("rbenv", "init - bash")];

/// What was measured here.
pub(crate) struct Shells {
    /// The empty start-up file first.
    pub(crate) starts: Vec<Measured>,
    /// Each prompt in a shell that mise has hooked into.
    pub(crate) prompt: Option<Measured>,
}

/// Times the start-ups, and the prompt.
pub(crate) fn measured(programs: &Programs, rounds: usize, folder: &Path) -> Result<Shells> {
    let line = contestant::command(&programs.usher, folder)
        .args(["setup", "bash", "--print"])
        .env("USHER_HOME", folder.join("usual"))
        .stderr(Stdio::inherit())
        .output()?;
    let mut calls = vec![
        bash(folder, "empty", "")?.named("an empty start-up file"),
        bash(folder, "usher", &String::from_utf8(line.stdout)?)?.named("usher's line for PATH"),
    ];
    for (peer, words) in HOOKS {
        if let Some(program) = contestant::find(peer) {
            let hook = format!("eval \"$('{}' {words})\"\n", program.display());
            calls.push(bash(folder, peer, &hook)?.named(format!("`{peer} {words}`")));
        }
    }
    let prompt = contestant::find("mise").map(|mise| prompt(&mise, folder)).transpose()?;
    calls.extend(prompt.iter().cloned());
    let mut starts = measure(&calls, rounds, folder)?;
    let prompt = prompt.and_then(|_| starts.pop());
    Ok(Shells { starts, prompt })
}

/// A bash that reads this start-up file and ends, in the home of the peer that it is for.
fn bash(folder: &Path, peer: &str, text: &str) -> Result<Call> {
    let home = peers::home(folder, peer);
    fs::create_dir_all(&home)?;
    let file = home.join("bashrc");
    fs::write(&file, text)?;
    let call = Call::new("/bin/bash", &home).argument("--rcfile").argument(file);
    Ok(call.argument("-ic").argument(":"))
}

/// What mise's hook runs before each prompt, with the variables that it has set in such a shell: the
/// usual prompt, at which nothing has changed.
fn prompt(mise: &Path, folder: &Path) -> Result<Call> {
    let home = peers::home(folder, "mise");
    let directory = home.join("project/a/b/c");
    let file = home.join("bashrc");
    let shell = contestant::command("/bin/bash", &home)
        .current_dir(&directory)
        .arg("--rcfile")
        .arg(file)
        .args(["-ic", "_mise_hook; env -0"])
        .output()?;
    let variables = shell.stdout.split(|byte| *byte == 0).filter_map(|line| {
        let equals = line.iter().position(|byte| *byte == b'=')?;
        let (name, value) = line.split_at(equals);
        let is_its = name == b"PATH" || name.starts_with(b"__MISE") || name.starts_with(b"MISE");
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_owned());
        is_its.then(|| (text(name), text(&value[1..])))
    });
    let call = Call::new(mise, &home).argument("hook-env").argument("-s").argument("bash");
    let call = variables.fold(call, |call, (name, value)| call.variable(name, value));
    Ok(call.directory(directory).named("mise's hook at each prompt: `mise hook-env`"))
}
