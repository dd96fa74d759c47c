//! What starting a shell costs: bash with a start-up file that is empty, that has usher's line for
//! PATH, or that a peer asks for.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::hyperfine::{Call, Measured, measure};
use crate::peers::find;
use crate::programs::Programs;

/// The peers that hook into shells, and the line that they ask for.
const HOOKS: [(&str, &str); 2] = [("mise", "activate bash"), ("pyenv", "init - bash")];

/// The time of each start-up.
pub(crate) fn start_ups(programs: &Programs, folder: &Path) -> Result<Vec<Measured>> {
    let line = Command::new(&programs.cold)
        .args(["setup", "bash", "--print"])
        .env("USHER_HOME", folder.join("usual"))
        .stderr(Stdio::inherit())
        .output()?;
    let line = String::from_utf8(line.stdout)?;
    let mut files = vec![
        ("bash, an empty start-up file".to_owned(), String::new()),
        ("bash, with usher's line for PATH".to_owned(), line),
    ];
    for (peer, words) in HOOKS {
        if let Some(program) = find(peer) {
            let hook = format!("eval \"$('{}' {words})\"\n", program.display());
            files.push((format!("bash, with `{peer} {words}`"), hook));
        }
    }
    let calls = files.into_iter().enumerate().map(|(number, (name, text))| {
        let file = folder.join(format!("bashrc-{number}"));
        fs::write(&file, text)?;
        let bash = which::which("bash").map_err(|_| "bash isn't installed")?;
        let call = Call::new(name, bash).argument("--rcfile").argument(file);
        Ok(call.argument("-ic").argument(":").variable("HOME", folder))
    });
    measure(&calls.collect::<Result<Vec<_>>>()?, folder)
}
